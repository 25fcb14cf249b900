//! What an action does to the state. What it wants done outside is returned, and done by the loop.

use crate::tui::action::Action;
use crate::tui::app::{
    App, CompareScreen, HelpScreen, Notice, Page, Pane, Prompt, Purpose, Screen, SessionScreen, failed,
};
use crate::tui::event::Event;
use crate::tui::export::{self, Export};
use crate::tui::filter::{Filter, Pattern};
use crate::tui::keymap::Scope;
use crate::tui::line::{Line, Link};
use crate::tui::scroll::Scroll;
use crate::tui::view::{self, timeline};

/// Longest text that can be typed, in characters.
const TYPED: usize = 400;

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

/// Rows of the region that has the keys.
fn height(app: &App) -> usize {
    usize::from(view::layout(app, app.size).body.height)
}

fn here(app: &App) -> (Vec<Line>, usize) {
    let layout = view::layout(app, app.size);
    (view::page_lines(app, &layout), usize::from(layout.body.height))
}

/// Moves the cursor, over what it cannot rest on.
fn move_by(app: &mut App, by: isize) {
    if let Screen::Sessions = app.screen {
        let (len, height) = (app.list.len(), height(app));
        app.list.scroll.step(by, len, height);
        return;
    }
    let (lines, height) = here(app);
    let Some(page) = app.screen.page_mut() else { return };
    let wanted = page.scroll.cursor.min(lines.len().saturating_sub(1)).saturating_add_signed(by);
    let wanted = wanted.min(lines.len().saturating_sub(1));
    let rests = |index: &usize| lines.get(*index).is_some_and(|line| line.link != Link::Skip);
    let after = (wanted..lines.len()).find(rests);
    let before = (0..=wanted).rev().find(rests);
    // At an end there may be nothing further on: then back to the last that there is.
    let cursor = if by < 0 { before.or(after) } else { after.or(before) };
    page.scroll.put(cursor.unwrap_or(wanted), lines.len(), height);
    // A heading at the very top is seen when the cursor is as far up as it goes.
    if by < 0 && (0..page.scroll.cursor).all(|index| !rests(&index)) {
        page.scroll.top = 0;
    }
    if let Screen::Session(screen) = &mut app.screen
        && screen.pane == Pane::Timeline
    {
        screen.pages.insert(Pane::Message, Page::default());
    }
}

/// The line under the cursor.
fn line_here(app: &App) -> Option<Line> {
    let page = app.screen.page()?;
    let (lines, _) = here(app);
    let cursor = page.scroll.cursor.min(lines.len().checked_sub(1)?);
    lines.into_iter().nth(cursor)
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

fn open(app: &mut App) -> Option<Effect> {
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

/// Opens a session, at the first packet that proves its verdict.
fn enter(app: &mut App, id: u64) {
    app.screen = Screen::Session(SessionScreen::new(id));
    let first = app.session(id).and_then(|session| session.diagnosis.evidence.first()).map(|one| one.packet);
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

fn to_pane(app: &mut App, pane: Pane) {
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

fn say(app: &mut App, text: String) {
    app.notice = Some(Notice { text, failed: false });
}

fn fail(app: &mut App, text: String) {
    app.notice = Some(Notice { text, failed: true });
}

fn relist(app: &mut App) {
    app.relist();
    let (len, height) = (app.list.len(), height(app));
    app.list.scroll.step(0, len, height);
}

fn apply_filter(app: &mut App, text: &str) {
    if let Ok(filter) = Filter::parse(text) {
        app.list.filter = filter;
        text.clone_into(&mut app.list.filter_text);
        relist(app);
    }
}

/// To the next or previous match of the search; without one, to the next failure or evidence.
fn find(app: &mut App, forward: bool) {
    let next = |len: usize, from: usize, fits: &dyn Fn(usize) -> bool| -> Option<usize> {
        let places = (1..=len).map(|by| if forward { (from + by) % len } else { (from + len - by % len) % len });
        places.into_iter().find(|place| fits(*place))
    };
    if let Screen::Sessions = app.screen {
        let len = app.list.len();
        let fits = |place: usize| app.rows(place..place + 1).any(failed);
        match next(len, app.list.scroll.cursor, &fits) {
            Some(place) => {
                let height = height(app);
                app.list.scroll.put(place, len, height);
            }
            None => say(app, "no failure in the list".to_owned()),
        }
        return;
    }
    let (lines, height) = here(app);
    let Some(page) = app.screen.page() else { return };
    let pattern = Pattern::new(&page.search);
    let fits = |place: usize| {
        lines.get(place).is_some_and(|line| {
            let text = line.text();
            line.link != Link::Skip && if page.search.is_empty() { text.contains('◆') } else { pattern.fits(&text) }
        })
    };
    match (next(lines.len(), page.scroll.cursor, &fits), app.screen.page_mut()) {
        (Some(place), Some(page)) => {
            page.scroll.put(place, lines.len(), height);
            if let Screen::Session(screen) = &mut app.screen
                && screen.pane == Pane::Timeline
            {
                screen.pages.insert(Pane::Message, Page::default());
            }
        }
        _ => fail(app, "nothing more of that here".to_owned()),
    }
}

fn prompt(purpose: Purpose, text: String) -> Prompt {
    Prompt { purpose, cursor: text.chars().count(), before: text.clone(), text, error: None }
}

fn begin_typing(app: &mut App) {
    app.prompt = Some(match app.screen.page() {
        None => prompt(Purpose::Filter, app.list.filter_text.clone()),
        Some(page) => Prompt { before: page.search, ..prompt(Purpose::Search, String::new()) },
    });
}

fn type_character(app: &mut App, c: char) {
    edit(app, |text, cursor| {
        if text.len() < TYPED {
            text.insert(cursor.min(text.len()), c);
            cursor + 1
        } else {
            cursor
        }
    });
}

/// Changes what was typed, and shows at once what that means.
fn edit(app: &mut App, change: impl FnOnce(&mut Vec<char>, usize) -> usize) {
    let Some(prompt) = &mut app.prompt else { return };
    let mut text: Vec<char> = prompt.text.chars().collect();
    let cursor = prompt.cursor.min(text.len());
    prompt.cursor = change(&mut text, cursor).min(text.len());
    prompt.text = text.into_iter().collect();
    let (purpose, text) = (prompt.purpose, prompt.text.clone());
    match purpose {
        Purpose::Filter => {
            prompt.error = Filter::parse(&text).err().map(|error| error.to_string());
            // What is not understood yet leaves the list as it was.
            apply_filter(app, &text);
        }
        Purpose::Search => search(app, &text, true),
        Purpose::Save(_) => {}
    }
}

/// Sets what is searched for, and goes to its first match from here on.
fn search(app: &mut App, text: &str, jump: bool) {
    let Some(page) = app.screen.page_mut() else { return };
    text.clone_into(&mut page.search);
    if matches!(app.screen, Screen::Help(_)) {
        // The help shows matches only.
        if let Some(page) = app.screen.page_mut() {
            page.scroll = Scroll::default();
        }
        move_by(app, 0);
        return;
    }
    let (lines, height) = here(app);
    let pattern = Pattern::new(text);
    let Some(page) = app.screen.page_mut() else { return };
    let from = page.scroll.cursor;
    let fits = |place: &usize| {
        lines.get(*place).is_some_and(|line| line.link != Link::Skip && pattern.fits(&line.text()))
    };
    let found = (from..lines.len()).chain(0..from).find(fits);
    if let (false, true, Some(place)) = (text.is_empty(), jump, found) {
        page.scroll.put(place, lines.len(), height);
    }
    let missing = !text.is_empty() && found.is_none();
    if let Some(prompt) = &mut app.prompt {
        prompt.error = missing.then(|| "not found".to_owned());
    }
}

fn while_typing(app: &mut App, action: Action) -> Option<Effect> {
    match action {
        Action::Accept => accept(app),
        Action::Cancel => cancel(app),
        Action::Erase => edit(app, |text, cursor| {
            if cursor > 0 && cursor <= text.len() {
                text.remove(cursor - 1);
            }
            cursor.saturating_sub(1)
        }),
        Action::EraseWord => edit(app, |text, cursor| {
            let head = text.get(..cursor).unwrap_or_default();
            let blanks = head.iter().rev().take_while(|c| **c == ' ').count();
            let word = head.iter().rev().skip(blanks).take_while(|c| **c != ' ').count();
            let start = cursor.saturating_sub(blanks + word);
            text.drain(start..cursor.min(text.len()));
            start
        }),
        Action::EraseAll => edit(app, |text, _| {
            text.clear();
            0
        }),
        Action::CursorLeft => place_cursor(app, |cursor, _| cursor.saturating_sub(1)),
        Action::CursorRight => place_cursor(app, |cursor, len| (cursor + 1).min(len)),
        Action::CursorStart => place_cursor(app, |_, _| 0),
        Action::CursorEnd => place_cursor(app, |_, len| len),
        Action::SaveJson | Action::SaveMarkdown | Action::SavePackets => return save(app, action),
        _ => {}
    }
    None
}

fn place_cursor(app: &mut App, to: impl FnOnce(usize, usize) -> usize) {
    if let Some(prompt) = &mut app.prompt {
        prompt.cursor = to(prompt.cursor, prompt.text.chars().count());
    }
}

fn accept(app: &mut App) {
    let Some(prompt) = app.prompt.take() else { return };
    if let (Purpose::Filter, Some(error)) = (prompt.purpose, &prompt.error) {
        // Not to be taken: it stays to be corrected.
        let error = error.clone();
        app.prompt = Some(Prompt { error: Some(error), ..prompt });
    }
}

fn cancel(app: &mut App) {
    let Some(prompt) = app.prompt.take() else { return };
    match prompt.purpose {
        Purpose::Filter => apply_filter(app, &prompt.before),
        Purpose::Search => search(app, &prompt.before, false),
        Purpose::Save(_) => {}
    }
}

fn save(app: &mut App, action: Action) -> Option<Effect> {
    let Some(Prompt { purpose: Purpose::Save(id), .. }) = app.prompt.take() else { return None };
    let session = app.session(id)?;
    let export = match action {
        Action::SaveJson => export::as_json(session),
        Action::SavePackets => Some(export::as_packets(session)),
        _ => Some(export::as_markdown(session)),
    };
    export.map(Effect::Save)
}

/// A click selects; a click on what is selected opens it.
fn click(app: &mut App, column: u16, row: u16) -> Option<Effect> {
    if app.prompt.is_some() {
        return None;
    }
    let layout = view::layout(app, app.size);
    let at = ratatui::layout::Position::new(column, row);
    if layout.side.contains(at) {
        let pane = match &app.screen {
            Screen::Session(screen) if screen.pane == Pane::Message => Pane::Timeline,
            _ => Pane::Message,
        };
        to_pane(app, pane);
        return None;
    }
    if !layout.body.contains(at) {
        return None;
    }
    let row = usize::from(row - layout.body.y);
    let height = usize::from(layout.body.height);
    let (scroll, len) = match app.screen.page() {
        None => (app.list.scroll, app.list.len()),
        Some(page) => (page.scroll, here(app).0.len()),
    };
    let clicked = scroll.window(len, height).start + row;
    if clicked >= len {
        return None;
    }
    if clicked == scroll.cursor {
        return open(app);
    }
    let by = isize::try_from(clicked).ok()?.checked_sub_unsigned(scroll.cursor)?;
    move_by(app, by);
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use crate::tui::event::Feed;
    use crate::tui::export::Content;
    use crate::tui::keymap::{Code, Key, Keymap};
    use crate::tui::theme::Theme;

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
        // The last text that meant something was `failed colour`.
        assert_eq!(app.list.filter_text, "failed colour");
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
        press(&mut app, "j<enter>");
        assert!(row(&app).contains("#11"), "{}", row(&app));
        press(&mut app, "<enter>");
        assert!(matches!(&app.screen, Screen::Session(screen) if screen.pane == Pane::Message));
        press(&mut app, "<esc>");
        assert!(matches!(&app.screen, Screen::Session(screen) if screen.pane == Pane::Timeline));
        press(&mut app, "<esc>");
        assert!(matches!(app.screen, Screen::Sessions));
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
        assert!(matches!(&effects[2], Effect::Save(Export { content: Content::Packets(session), .. }) if session.id == 1));
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
