//! What an action does to the state. What it wants done outside is returned, and done by the loop.

use crate::tui::action::Action;
use crate::tui::app::{App, CompareScreen, HelpScreen, Notice, Page, Pane, Purpose, Screen, SessionScreen};
use crate::tui::event::Event;
use crate::tui::export::Export;
use crate::tui::filter::Filter;
use crate::tui::keymap::Scope;
use crate::tui::line::Link;
use crate::tui::moving::{click, find, height, here, line_here, move_by};
use crate::tui::typing::{begin_typing, prompt, type_character, while_typing};
use crate::tui::view::timeline;

/// Something to be done outside of the state.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Leave.
    Quit,
    /// Stop for the moment, back to the shell.
    Suspend,
    /// Put this on the clipboard.
    Copy(String),
    /// Write this file.
    Save(Export),
}

/// What an event of the terminal does.
pub fn event(app: &mut App, event: Event) -> Option<Effect> {
    match event {
        Event::Resize(columns, rows) => {
            app.size = (columns, rows);
            None
        }
        Event::Key(key) => {
            app.notice = None;
            match (app.keymap.action(app.scope(), key), key.typed()) {
                (Some(action), _) => update(app, action),
                (None, Some(c)) if app.scope() == Scope::Prompt => {
                    type_character(app, c);
                    None
                }
                // Any other key than those offered means: not now.
                (None, _) if app.scope() == Scope::Save => update(app, Action::Cancel),
                (None, _) => None,
            }
        }
        Event::Wheel(by) => {
            if app.prompt.is_none() {
                move_by(app, by);
            }
            None
        }
        Event::Click { column, row } => click(app, column, row),
    }
}

/// What an action does.
pub fn update(app: &mut App, action: Action) -> Option<Effect> {
    let height = isize::try_from(height(app)).unwrap_or(isize::MAX).max(1);
    match action {
        Action::Up => move_by(app, -1),
        Action::Down => move_by(app, 1),
        Action::HalfPageUp => move_by(app, -(height / 2).max(1)),
        Action::HalfPageDown => move_by(app, (height / 2).max(1)),
        Action::PageUp => move_by(app, -height),
        Action::PageDown => move_by(app, height),
        Action::Top => move_by(app, isize::MIN),
        Action::Bottom => move_by(app, isize::MAX),
        Action::Left => sideways(app, false),
        Action::Right => sideways(app, true),
        Action::Open => return open(app),
        Action::Back => back(app),
        Action::Quit => match &app.screen {
            Screen::Help(_) | Screen::Compare(_) | Screen::Capture(_) => back(app),
            Screen::Sessions | Screen::Session(_) => return Some(Effect::Quit),
        },
        Action::Suspend => return Some(Effect::Suspend),
        Action::Help => help(app),
        Action::Filter => begin_typing(app),
        Action::NextMatch => find(app, true),
        Action::PreviousMatch => find(app, false),
        Action::Copy => return copy(app),
        Action::Pause => app.pause(),
        Action::Capture => app.screen = Screen::Capture(Page::default()),
        _ => return of_a_screen(app, action),
    }
    None
}

/// Actions that only some screens have.
fn of_a_screen(app: &mut App, action: Action) -> Option<Effect> {
    match action {
        Action::FailuresOnly => {
            app.list.failures_only = !app.list.failures_only;
            relist(app);
        }
        Action::Sort => {
            app.list.sort = app.list.sort.next();
            relist(app);
            say(app, format!("sorted by {}", app.list.sort.title()));
        }
        Action::Reverse => {
            app.list.reverse = !app.list.reverse;
            relist(app);
        }
        Action::Mark => mark(app),
        Action::Compare => compare(app),
        Action::Save => {
            if let Some(id) = session_here(app) {
                app.prompt = Some(prompt(Purpose::Save(id), String::new()));
            }
        }
        Action::NextPane => turn_pane(app, 1),
        Action::PreviousPane => turn_pane(app, Pane::ALL.len() - 1),
        Action::Timeline => to_pane(app, Pane::Timeline),
        Action::Message => to_pane(app, Pane::Message),
        Action::Certificates => to_pane(app, Pane::Certificates),
        Action::Why => to_pane(app, Pane::Why),
        Action::Remedies => to_pane(app, Pane::Remedies),
        Action::Bytes => {
            if let Screen::Session(screen) = &mut app.screen {
                screen.bytes = !screen.bytes;
            }
            move_by(app, 0);
        }
        Action::UnfoldAll => fold_all(app, true),
        Action::FoldAll => fold_all(app, false),
        Action::NextSession => neighbour(app, 1),
        Action::PreviousSession => neighbour(app, -1),
        Action::ShowSame => {
            if let Screen::Compare(screen) = &mut app.screen {
                screen.same = !screen.same;
            }
            move_by(app, 0);
        }
        _ => return while_typing(app, action),
    }
    None
}

fn sideways(app: &mut App, right: bool) {
    match &mut app.screen {
        Screen::Sessions if right => {
            open(app);
        }
        Screen::Session(_) => {
            let (lines, _) = here(app);
            let cursor = app.screen.page().map_or(0, |page| page.scroll.cursor);
            let folded = lines.get(cursor).and_then(|line| match &line.link {
                Link::Fold(node) => Some((node.clone(), line.text().contains('▸'))),
                _ => None,
            });
            match folded {
                Some((node, is_folded)) if is_folded == right => toggle(app, &node),
                _ => turn_pane(app, if right { 1 } else { Pane::ALL.len() - 1 }),
            }
        }
        _ => {}
    }
}

fn toggle(app: &mut App, node: &str) {
    if let Screen::Session(screen) = &mut app.screen {
        screen.folds.toggle(node);
    }
    move_by(app, 0);
}

fn fold_all(app: &mut App, open: bool) {
    if let Screen::Session(screen) = &mut app.screen {
        screen.folds.all = Some(open);
        screen.folds.toggled.clear();
    }
    move_by(app, 0);
}

pub(super) fn open(app: &mut App) -> Option<Effect> {
    if let Screen::Sessions = app.screen {
        let id = app.selected()?.id;
        enter(app, id);
        return None;
    }
    match line_here(app)?.link {
        Link::None | Link::Skip => {}
        Link::Entry(_) => to_pane(app, Pane::Message),
        Link::Packet(packet) => to_packet(app, packet),
        Link::Fold(node) => toggle(app, &node),
        Link::Copy(text) => return copied(app, text),
        Link::Filter(text) => {
            app.screen = Screen::Sessions;
            apply_filter(app, &text);
        }
    }
    None
}

/// Opens a session, at the first packet in its timeline that proves its verdict.
fn enter(app: &mut App, id: u64) {
    app.screen = Screen::Session(SessionScreen::new(id));
    let first = app.session(id).and_then(|session| {
        let mut packets = session.diagnosis.evidence.iter().map(|one| one.packet);
        packets.find(|packet| timeline::row_of_packet(session, *packet).is_some())
    });
    match first {
        Some(packet) => to_packet(app, packet),
        None => move_by(app, 0),
    }
}

fn to_packet(app: &mut App, packet: u64) {
    let Screen::Session(screen) = &mut app.screen else { return };
    let (id, pane) = (screen.id, screen.pane);
    screen.pane = Pane::Timeline;
    let row = app.session(id).and_then(|session| timeline::row_of_packet(session, packet));
    match row {
        Some(row) => {
            let (lines, height) = here(app);
            if let Some(page) = app.screen.page_mut() {
                page.scroll.put(row, lines.len(), height);
            }
            move_by(app, 0);
        }
        None => {
            if let Screen::Session(screen) = &mut app.screen {
                screen.pane = pane;
            }
            fail(app, format!("packet {packet} is not in the timeline"));
        }
    }
}

fn back(app: &mut App) {
    let screen = std::mem::replace(&mut app.screen, Screen::Sessions);
    match screen {
        Screen::Sessions if !app.list.filter.is_empty() => apply_filter(app, ""),
        Screen::Sessions => {
            if app.list.failures_only {
                app.list.failures_only = false;
                relist(app);
            }
        }
        // From a message back to where it stands in the timeline, and from there to the list.
        Screen::Session(mut screen) if screen.pane == Pane::Message => {
            screen.pane = Pane::Timeline;
            app.screen = Screen::Session(screen);
        }
        Screen::Session(_) | Screen::Capture(_) => {}
        Screen::Compare(CompareScreen { under, .. }) | Screen::Help(HelpScreen { under, .. }) => app.screen = *under,
    }
}

fn help(app: &mut App) {
    if matches!(app.screen, Screen::Help(_)) {
        return back(app);
    }
    let under = Box::new(std::mem::replace(&mut app.screen, Screen::Sessions));
    app.screen = Screen::Help(HelpScreen { page: Page::default(), under });
    move_by(app, 0);
}

fn turn_pane(app: &mut App, by: usize) {
    if let Screen::Session(screen) = &app.screen {
        let next = (screen.pane.index() + by) % Pane::ALL.len();
        if let Some(pane) = Pane::ALL.get(next) {
            to_pane(app, *pane);
        }
    }
}

pub(super) fn to_pane(app: &mut App, pane: Pane) {
    if let Screen::Session(screen) = &mut app.screen {
        screen.pane = pane;
    }
    // So that the cursor is not left on a heading.
    let keep = pane == Pane::Timeline;
    if !keep {
        move_by(app, 0);
    }
}

fn neighbour(app: &mut App, by: isize) {
    let Screen::Session(screen) = &app.screen else { return };
    let (id, pane) = (screen.id, screen.pane);
    let len = app.list.len();
    let Some(place) = app.rows(0..len).position(|session| session.id == id) else { return };
    let Some(next) = place.checked_add_signed(by).filter(|next| *next < len) else { return };
    let height = usize::from(app.size.1.saturating_sub(3));
    app.list.scroll.put(next, len, height);
    if let Some(id) = app.selected().map(|session| session.id) {
        enter(app, id);
        to_pane(app, pane);
    }
}

fn session_here(app: &App) -> Option<u64> {
    match &app.screen {
        Screen::Session(screen) => Some(screen.id),
        Screen::Sessions => app.selected().map(|session| session.id),
        _ => None,
    }
}

fn mark(app: &mut App) {
    let Some(id) = session_here(app) else { return };
    let marked = &mut app.list.marked;
    match marked.iter().position(|other| *other == id) {
        Some(place) => {
            marked.remove(place);
        }
        None => {
            // Of three, the oldest mark goes.
            if marked.len() >= 2 {
                marked.remove(0);
            }
            marked.push(id);
        }
    }
    let text = match marked.as_slice() {
        [] => "no session is marked".to_owned(),
        [one] => format!("session {one} is marked; mark another one to compare"),
        [one, other, ..] => format!("sessions {one} and {other} are marked"),
    };
    if matches!(app.screen, Screen::Sessions) {
        move_by(app, 1);
    }
    say(app, text);
}

/// Compares the two that are marked; with one mark, that one with the one under the cursor.
fn compare(app: &mut App) {
    let here = session_here(app);
    let pair = match (app.list.marked.as_slice(), here) {
        ([left, right, ..], _) => Some((*left, *right)),
        ([left], Some(right)) if *left != right => Some((*left, right)),
        _ => None,
    };
    let Some((left, right)) = pair else {
        return fail(app, "mark two sessions to see what differs".to_owned());
    };
    let under = Box::new(std::mem::replace(&mut app.screen, Screen::Sessions));
    app.screen = Screen::Compare(CompareScreen { left, right, same: false, page: Page::default(), under });
}

fn copy(app: &mut App) -> Option<Effect> {
    let text = match &app.screen {
        Screen::Sessions => app.selected().map(|session| session.diagnosis.summary.clone())?,
        _ => {
            let line = line_here(app)?;
            match line.link {
                Link::Copy(text) => text,
                _ => line.text().trim().to_owned(),
            }
        }
    };
    copied(app, text)
}

fn copied(app: &mut App, text: String) -> Option<Effect> {
    say(app, format!("copied: {text}"));
    Some(Effect::Copy(text))
}

pub(super) fn say(app: &mut App, text: String) {
    app.notice = Some(Notice { text, failed: false });
}

pub(super) fn fail(app: &mut App, text: String) {
    app.notice = Some(Notice { text, failed: true });
}

fn relist(app: &mut App) {
    app.relist();
    let (len, height) = (app.list.len(), height(app));
    app.list.scroll.step(0, len, height);
}

pub(super) fn apply_filter(app: &mut App, text: &str) {
    if let Ok(filter) = Filter::parse(text) {
        app.list.filter = filter;
        text.clone_into(&mut app.list.filter_text);
        relist(app);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use crate::tui::event::Feed;
    use crate::tui::export::Content;
    use crate::tui::keymap::{Code, Key, Keymap};
    use crate::tui::theme::Theme;
    use crate::tui::typing::TYPED;

    fn app() -> App {
        let mut app = App::new("test", Keymap::default(), Theme::Dark, false);
        for session in sample::many() {
            app.feed(Feed::Session(Box::new(session)));
        }
        app.feed(Feed::Done);
        app
    }

    /// Presses keys; what is longer than a character stands in angle brackets.
    fn press(app: &mut App, keys: &str) -> Vec<Effect> {
        crate::tui::script::keys(keys).into_iter().filter_map(|key| event(app, Event::Key(key))).collect()
    }

    fn selected(app: &App) -> Option<u64> {
        app.selected().map(|session| session.id)
    }

    #[test]
    fn hands_find_what_they_know() {
        let mut app = app();
        press(&mut app, "jjk<down>");
        assert_eq!(selected(&app), Some(3));
        press(&mut app, "G");
        assert_eq!(selected(&app), Some(41));
        press(&mut app, "g<ctrl-d>");
        assert_eq!(selected(&app), Some(10));
        press(&mut app, "<ctrl-u><page-down>");
        assert_eq!(selected(&app), Some(19));
    }

    #[test]
    fn a_filter_works_while_it_is_typed_and_esc_takes_it_back() {
        let mut app = app();
        press(&mut app, "/cause:no-");
        assert_eq!(app.list.len(), 3);
        press(&mut app, "<esc>");
        assert_eq!((app.list.len(), app.prompt.is_none()), (41, true));
        press(&mut app, "/refused<enter>");
        assert_eq!((app.list.len(), app.list.filter_text.as_str()), (1, "refused"));
        press(&mut app, "<esc>");
        assert_eq!(app.list.len(), 41);
    }

    #[test]
    fn a_filter_that_means_nothing_says_so_and_is_not_taken() {
        let mut app = app();
        press(&mut app, "/failed colour:r<enter>");
        let prompt = app.prompt.as_ref().expect("still typing");
        assert!(prompt.error.as_deref().is_some_and(|error| error.contains("`colour:`")));
        // The word that is not understood is left aside.
        assert_eq!(app.list.filter_text, "failed");
        press(&mut app, "<ctrl-w><enter>");
        assert!(app.prompt.is_none());
        assert_eq!(app.list.filter_text, "failed ");
    }

    #[test]
    fn failures_only_and_next_failure() {
        let mut app = app();
        press(&mut app, "f");
        assert_eq!(app.list.len(), 16);
        press(&mut app, "fGn");
        assert_eq!(selected(&app), Some(1));
        press(&mut app, "N");
        assert_eq!(selected(&app), Some(16));
    }

    #[test]
    fn a_session_opens_at_its_first_evidence_which_leads_on() {
        let mut app = app();
        press(&mut app, "<enter>");
        let row = |app: &App| line_here(app).map(|line| line.text()).unwrap_or_default();
        assert!(row(&app).contains("#9") && row(&app).contains("◆"), "{}", row(&app));
        press(&mut app, "n");
        assert!(row(&app).contains("ClientKeyExchange"), "{}", row(&app));
        press(&mut app, "4jg");
        assert!(row(&app).contains("◆ packet 9"), "{}", row(&app));
        press(&mut app, "n<enter>");
        assert!(row(&app).contains("#11"), "{}", row(&app));
        press(&mut app, "<enter>");
        assert!(matches!(&app.screen, Screen::Session(screen) if screen.pane == Pane::Message));
        press(&mut app, "<esc>");
        assert!(matches!(&app.screen, Screen::Session(screen) if screen.pane == Pane::Timeline));
        press(&mut app, "<esc>");
        assert!(matches!(app.screen, Screen::Sessions));
    }

    #[test]
    fn evidence_outside_of_the_timeline_is_no_mistake_of_the_user() {
        let mut session = sample::expired();
        session.diagnosis.evidence.iter_mut().for_each(|evidence| evidence.packet = 4_000);
        let mut app = App::new("test", Keymap::default(), Theme::Dark, false);
        app.feed(Feed::Session(Box::new(session)));
        press(&mut app, "<enter>");
        assert!(matches!(app.screen, Screen::Session(_)));
        assert!(app.notice.is_none());
    }

    #[test]
    fn a_command_is_copied_whole() {
        let mut app = app();
        let effects = press(&mut app, "<enter>5jy");
        let command = sample::expired().diagnosis.remedies[0].command.clone().expect("a command");
        assert_eq!(effects, [Effect::Copy(command)]);
        assert!(app.notice.is_some());
    }

    #[test]
    fn nodes_unfold_and_fold() {
        let mut app = app();
        press(&mut app, "<enter>3");
        let count = |app: &App| here(app).0.len();
        let before = count(&app);
        press(&mut app, "+");
        let open = count(&app);
        press(&mut app, "-");
        assert!(count(&app) < before && before < open);
        press(&mut app, "gj<enter>");
        assert!(count(&app) > 4, "one of them is open again");
        press(&mut app, "h");
        assert!(matches!(&app.screen, Screen::Session(screen) if screen.pane == Pane::Certificates));
    }

    #[test]
    fn two_marked_sessions_are_compared() {
        let mut app = app();
        press(&mut app, "d");
        assert!(app.notice.as_ref().is_some_and(|notice| notice.failed));
        press(&mut app, "<space>G<space>d");
        assert!(matches!(&app.screen, Screen::Compare(screen) if (screen.left, screen.right) == (1, 41)));
        press(&mut app, "q");
        assert!(matches!(app.screen, Screen::Sessions));
        press(&mut app, "gjj<space>");
        assert_eq!(app.list.marked, [41, 3]);
    }

    #[test]
    fn a_session_is_saved_in_the_form_asked_for() {
        let mut app = app();
        let effects = press(&mut app, "sjsmspsx");
        let names: Vec<&str> = effects
            .iter()
            .map(|effect| match effect {
                Effect::Save(export) => export.name.as_str(),
                _ => "",
            })
            .collect();
        let stem = "session-1-client-cert-expired";
        assert_eq!(names, [format!("{stem}.json"), format!("{stem}.md"), format!("{stem}.pcapng")]);
        assert!(
            matches!(&effects[2], Effect::Save(Export { content: Content::Packets { session, keys: false }, .. }) if session.id == 1)
        );
        assert!(app.prompt.is_none(), "another key means: not now");
    }

    #[test]
    fn help_is_searched_as_it_is_typed_and_closed_by_q() {
        let mut app = app();
        press(&mut app, "?/copy");
        assert_eq!(here(&app).0.len(), 2);
        assert_eq!(press(&mut app, "<enter>q"), []);
        assert!(matches!(app.screen, Screen::Sessions));
        assert_eq!(press(&mut app, "q"), [Effect::Quit]);
    }

    #[test]
    fn a_search_jumps_and_goes_on() {
        let mut app = app();
        press(&mut app, "<enter>g/certificate<enter>");
        let row = |app: &App| line_here(app).map(|line| line.text()).unwrap_or_default();
        assert!(row(&app).contains("Certificate 120 B"), "{}", row(&app));
        press(&mut app, "n");
        assert!(row(&app).contains("CertificateRequest"), "{}", row(&app));
        press(&mut app, "/zzz");
        assert_eq!(app.prompt.as_ref().and_then(|prompt| prompt.error.as_deref()), Some("not found"));
        press(&mut app, "<esc>N");
        assert!(row(&app).contains("Certificate 120 B"), "{}", row(&app));
    }

    #[test]
    fn causes_lead_to_their_sessions() {
        let mut app = app();
        press(&mut app, "i/no-common<enter><enter>");
        assert_eq!((app.list.len(), app.list.filter_text.as_str()), (3, "cause:no-common-cipher"));
    }

    #[test]
    fn what_is_typed_has_an_end_and_letters_are_letters() {
        let mut app = app();
        press(&mut app, &format!("/{}", "q".repeat(TYPED + 50)));
        assert_eq!(app.prompt.as_ref().map(|prompt| prompt.text.len()), Some(TYPED));
        press(&mut app, "<ctrl-u>ab<left>x<home>y<end>z<backspace>");
        assert_eq!(app.prompt.as_ref().map(|prompt| prompt.text.as_str()), Some("yaxb"));
        assert_eq!(press(&mut app, "<ctrl-c>"), []);
    }

    #[test]
    fn a_click_selects_and_another_opens() {
        let mut app = app();
        assert_eq!(event(&mut app, Event::Click { column: 5, row: 6 }), None);
        assert_eq!(selected(&app), Some(5));
        event(&mut app, Event::Click { column: 5, row: 6 });
        assert!(matches!(&app.screen, Screen::Session(screen) if screen.id == 5));
        event(&mut app, Event::Wheel(3));
        event(&mut app, Event::Click { column: 79, row: 23 });
        assert!(matches!(&app.screen, Screen::Session(screen) if screen.id == 5));
    }

    #[test]
    fn the_next_session_keeps_the_region() {
        let mut app = app();
        press(&mut app, "<enter>4]]");
        assert!(matches!(&app.screen, Screen::Session(screen) if screen.id == 3 && screen.pane == Pane::Why));
        press(&mut app, "[[[[");
        assert!(matches!(&app.screen, Screen::Session(screen) if screen.id == 1));
    }

    #[test]
    fn nothing_panics_on_nothing() {
        let empty = || App::new("test", Keymap::default(), Theme::Dark, true);
        for scope in Scope::ALL {
            let mut app = empty();
            for action in Action::ALL {
                app.size = (0, 0);
                if *scope == Scope::Prompt {
                    begin_typing(&mut app);
                }
                update(&mut app, *action);
            }
        }
        assert_eq!(event(&mut empty(), Event::Key(Key::plain(Code::Enter))), None);
    }
}
