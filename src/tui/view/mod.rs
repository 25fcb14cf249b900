//! Draws the state. Nothing here can change it: where a window has to move, `update` moves it, with the
//! same arithmetic.

pub mod capture;
pub mod certificates;
pub mod compare;
pub mod diagnosis;
pub mod filter;
pub mod help;
pub mod message;
pub mod sessions;
pub mod timeline;
pub mod too_small;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use crate::render::text::plural;
use crate::report::{Outcome, Problem, Session};
use crate::tui::action::Action;
use crate::tui::app::{App, Page, Pane, Screen, SessionScreen};
use crate::tui::keymap::Scope;
use crate::tui::line::{Line, Tone, wrap};
use crate::tui::scroll::Scroll;
use crate::tui::theme::Theme;

/// From this many columns on, the selected message stands beside the timeline.
const BESIDE: u16 = 116;

/// Glyph and tone of an outcome.
pub const fn outcome_mark(outcome: Outcome) -> (&'static str, Tone) {
    match outcome {
        Outcome::Established => ("✓", Tone::Good),
        Outcome::Refused | Outcome::Failed => ("✗", Tone::Bad),
        Outcome::Incomplete => ("?", Tone::Warn),
    }
}

/// A problem, wrapped.
pub fn problem(problem: &Problem, width: usize) -> Vec<Line> {
    let lead = match problem.packet {
        Some(packet) => {
            let link = crate::tui::line::Link::Packet(packet);
            Line::of(Tone::Warn, "! ").add(Tone::Dim, format!("packet {packet}: ")).link(link)
        }
        None => Line::of(Tone::Warn, "! "),
    };
    wrap(lead, &Line::of(Tone::Plain, &problem.text), width)
}

/// Where the regions of a screen are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Layout {
    /// The line at the top.
    pub title: Rect,
    /// The verdict of a session.
    pub head: Rect,
    /// The names of a session's regions.
    pub tabs: Rect,
    /// The line above a list or ladder.
    pub header: Rect,
    /// The list, or the region with the keys.
    pub body: Rect,
    /// The message beside the timeline.
    pub side: Rect,
    /// What is said of the session under the list's cursor.
    pub preview: Rect,
    /// The line at the foot.
    pub foot: Rect,
}

/// Lays a screen of `size` out.
pub fn layout(app: &App, size: (u16, u16)) -> Layout {
    let (width, height) = size;
    let mut y = 0;
    let mut take = |rows: u16| {
        let rows = rows.min(height.saturating_sub(1).saturating_sub(y));
        let area = Rect::new(0, y, width, rows);
        y += rows;
        area
    };
    let mut found = Layout { title: take(1), ..Layout::default() };
    match &app.screen {
        Screen::Sessions => {
            found.header = take(1);
            let preview = match height {
                0..12 => 0,
                12..20 => 1,
                _ => 2,
            };
            // A line of its own, so that the preview does not look like another row.
            let between = u16::from(preview > 0);
            found.body = take(height.saturating_sub(3 + preview + between));
            take(between);
            found.preview = take(preview);
        }
        Screen::Session(screen) => {
            let most = match height {
                0..8 => 0,
                8..14 => 2,
                14..20 => 3,
                20..24 => 5,
                24..36 => 6,
                _ => 8,
            };
            // No higher than there is to say.
            let session = app.session(screen.id);
            let head = session.map(|session| diagnosis::head(session, usize::from(width), most).len());
            found.head = take(head.and_then(|rows| u16::try_from(rows).ok()).unwrap_or(0));
            found.tabs = take(1);
            let beside = width >= BESIDE && matches!(screen.pane, Pane::Timeline | Pane::Message);
            let with_header = beside || screen.pane == Pane::Timeline;
            found.header = take(u16::from(with_header && height >= 8));
            found.body = take(height);
            if beside {
                divide(&mut found, screen.pane);
            }
        }
        Screen::Compare(_) | Screen::Capture(_) | Screen::Help(_) => found.body = take(height),
    }
    found.foot = Rect::new(0, height.saturating_sub(1), width, height.min(1));
    found
}

/// The timeline on the left, the message on the right; `body` is the one that has the keys.
fn divide(found: &mut Layout, pane: Pane) {
    let whole = found.body;
    let left = whole.width / 5 * 3;
    let timeline = Rect { width: left, ..whole };
    let from = left + 2;
    // The message has no header of its own, and takes that line, too.
    let y = found.header.y;
    let message =
        Rect { x: from, y, width: whole.width.saturating_sub(from), height: whole.height + found.header.height };
    found.header.width = left;
    (found.body, found.side) = match pane {
        Pane::Message => (message, timeline),
        _ => (timeline, message),
    };
}

/// The lines of the region that has the keys; none in the list, which is not made of lines.
pub fn page_lines(app: &App, layout: &Layout) -> Vec<Line> {
    let width = usize::from(layout.body.width);
    match &app.screen {
        Screen::Sessions => Vec::new(),
        Screen::Session(screen) => match app.session(screen.id) {
            Some(session) => pane_lines(app, session, screen, screen.pane, width),
            None => gone(),
        },
        Screen::Compare(screen) => match (app.session(screen.left), app.session(screen.right)) {
            (Some(left), Some(right)) => compare::lines(left, right, screen.same, width),
            _ => gone(),
        },
        Screen::Capture(_) => capture::lines(app, width),
        Screen::Help(screen) => help::lines(&app.keymap, screen.under.scope(), &screen.page.search, width),
    }
}

fn gone() -> Vec<Line> {
    vec![Line::of(Tone::Warn, "This session was let go to keep memory bounded.")]
}

fn pane_lines(app: &App, session: &Session, screen: &SessionScreen, pane: Pane, width: usize) -> Vec<Line> {
    match pane {
        Pane::Timeline => timeline::lines(session, width),
        Pane::Message => {
            let row = screen.page(Pane::Timeline).scroll.cursor;
            let look = message::Look { folds: &screen.folds, bytes: screen.bytes, width };
            match timeline::entry_at(session, row) {
                Some((_, entry)) => message::lines(session, entry, look),
                None => vec![Line::of(Tone::Dim, "Nothing was sent.")],
            }
        }
        Pane::Certificates => certificates::lines(session, &screen.folds, width),
        Pane::Why => diagnosis::why(session, width),
        Pane::Remedies => {
            let key = app.keymap.hint(Scope::Session, Action::Copy).map(|key| key.to_string());
            diagnosis::remedies(session, &key.unwrap_or_default(), width)
        }
    }
}

/// Draws everything.
pub fn draw(app: &App, frame: &mut Frame<'_>) {
    let area = frame.area();
    let size = (area.width, area.height);
    let theme = app.theme;
    if size.0 < too_small::LEAST.0 || size.1 < too_small::LEAST.1 {
        put_all(frame.buffer_mut(), area, &too_small::lines(size), theme);
        return;
    }
    let layout = layout(app, size);
    let buffer = frame.buffer_mut();
    put(buffer, layout.title, 0, &title(app, usize::from(area.width)), theme);
    match &app.screen {
        Screen::Sessions => draw_list(app, buffer, &layout),
        Screen::Session(screen) => draw_session(app, screen, buffer, &layout),
        Screen::Compare(_) | Screen::Capture(_) | Screen::Help(_) => {
            let page = app.screen.page().unwrap_or_default();
            draw_page(buffer, layout.body, &page_lines(app, &layout), page.scroll, theme, theme.selected());
        }
    }
    let (foot, cursor) = foot(app, usize::from(area.width));
    put(frame.buffer_mut(), layout.foot, 0, &foot, theme);
    if let Some(column) = cursor.and_then(|column| u16::try_from(column).ok()) {
        frame.set_cursor_position(Position::new(layout.foot.x + column, layout.foot.y));
    }
}

fn draw_list(app: &App, buffer: &mut Buffer, layout: &Layout) {
    let theme = app.theme;
    let width = usize::from(layout.body.width);
    let window = app.list.scroll.window(app.list.len(), usize::from(layout.body.height));
    let seen: Vec<&Session> = app.rows(window.clone()).collect();
    put(buffer, layout.header, 0, &sessions::header(app, &seen, width), theme);
    if seen.is_empty() {
        put_all(buffer, layout.body, &sessions::nothing(app, width), theme);
        return;
    }
    let cursor = app.list.scroll.cursor.min(app.list.len().saturating_sub(1)) - window.start;
    for (row, line) in (0..).zip(sessions::rows(app, &seen, width)) {
        put(buffer, layout.body, row, &line, theme);
        if usize::from(row) == cursor {
            highlight(buffer, layout.body, row, theme.selected());
        }
    }
    if let Some(session) = app.selected() {
        let lines = sessions::preview(session, width, usize::from(layout.preview.height));
        put_all(buffer, layout.preview, &lines, theme);
    }
}

fn draw_session(app: &App, screen: &SessionScreen, buffer: &mut Buffer, layout: &Layout) {
    let theme = app.theme;
    let Some(session) = app.session(screen.id) else {
        put_all(buffer, layout.body, &gone(), theme);
        return;
    };
    let width = usize::from(layout.head.width);
    put_all(buffer, layout.head, &diagnosis::head(session, width, usize::from(layout.head.height)), theme);
    let lines = page_lines(app, layout);
    let page = screen.page(screen.pane);
    put(buffer, layout.tabs, 0, &tabs(screen, &page, lines.len(), usize::from(layout.tabs.width)), theme);
    put(buffer, layout.header, 0, &timeline::header(session, usize::from(layout.header.width)), theme);
    draw_page(buffer, layout.body, &lines, page.scroll, theme, theme.selected());
    if layout.side.width == 0 {
        return;
    }
    let (pane, cursor) = match screen.pane {
        Pane::Message => (Pane::Timeline, theme.marked()),
        _ => (Pane::Message, Style::new()),
    };
    let lines = pane_lines(app, session, screen, pane, usize::from(layout.side.width));
    draw_page(buffer, layout.side, &lines, screen.page(pane).scroll, theme, cursor);
    let right = layout.side.x.max(layout.body.x);
    let top = layout.side.y.min(layout.body.y);
    for y in top..layout.foot.y {
        if let Some(cell) = buffer.cell_mut(Position::new(right.saturating_sub(1), y)) {
            cell.set_symbol(" ");
        }
    }
}

/// The names of the regions, and how far down the one with the keys is.
fn tabs(screen: &SessionScreen, page: &Page, len: usize, width: usize) -> Line {
    let short = width < 66;
    let mut line = Line::default();
    for pane in Pane::ALL {
        let here = pane == screen.pane;
        let (open, close) = if here { ("[", "]") } else { (" ", " ") };
        let number = pane.index() + 1;
        let tone = if here { Tone::Heading } else { Tone::Dim };
        let name = if short && !here { String::new() } else { format!(" {}", pane.title()) };
        line = line.add(tone, format!("{open}{number}{name}{close}"));
    }
    let place = format!("{}/{len}", (page.scroll.cursor + 1).min(len));
    let column = width.saturating_sub(place.len());
    if line.width() < column { line.fill(column, ' ', Tone::Plain).add(Tone::Dim, place) } else { line.cut(width) }
}

/// What is being looked at on the left, how it stands on the right.
fn title(app: &App, width: usize) -> Line {
    let mut left = Line::of(Tone::Heading, "tlswhy").add(Tone::Plain, "  ").add(Tone::Strong, &app.title);
    let right = match &app.screen {
        Screen::Sessions => list_status(app),
        Screen::Session(screen) => {
            let place = app.rows(0..app.list.len()).position(|session| session.id == screen.id);
            let place = place.map(|place| format!(", {} of {}", place + 1, app.list.len())).unwrap_or_default();
            Line::of(Tone::Dim, format!("session {}{place}", screen.id))
        }
        Screen::Compare(_) => Line::of(Tone::Dim, "what differs"),
        Screen::Capture(_) => Line::of(Tone::Dim, "the capture"),
        Screen::Help(screen) if screen.page.search.is_empty() => Line::of(Tone::Dim, "help"),
        Screen::Help(screen) => Line::of(Tone::Dim, format!("help: {}", screen.page.search)),
    };
    let right = reading(app).append(right).cut(width);
    left = left.cut(width.saturating_sub(right.width() + 2));
    left.pad(width.saturating_sub(right.width())).append(right)
}

fn list_status(app: &App) -> Line {
    let all = app.sessions().len();
    let shown = app.list.len();
    let mut line = Line::default();
    if app.list.failures_only {
        line = line.add(Tone::Warn, "failures only  ");
    }
    if !app.list.filter.is_empty() {
        line = line.add(Tone::Warn, format!("/{}  ", app.list.filter_text));
    }
    let problems = app.problems.len() + app.captures.iter().map(|capture| capture.problems.len()).sum::<usize>();
    if problems > 0 {
        line = line.add(Tone::Warn, format!("! {}  ", plural(problems as u64, "problem")));
    }
    let count = plural(all as u64, "session");
    line.add(Tone::Plain, if shown == all { count } else { format!("{shown} of {count}") })
}

/// How far reading has come; nothing once it is over.
fn reading(app: &App) -> Line {
    if let Some(held) = app.held() {
        return Line::of(Tone::Warn, format!("paused, {held} held back  "));
    }
    if app.reading.done {
        return Line::default();
    }
    if app.live {
        return Line::of(Tone::Good, "● live  ");
    }
    let (bytes, total) = (app.reading.bytes, app.reading.total);
    match total.filter(|total| *total > 0) {
        Some(total) => {
            const BAR: u64 = 10;
            let done = (u128::from(bytes.min(total)) * u128::from(BAR) / u128::from(total)) as usize;
            let percent = u128::from(bytes.min(total)) * 100 / u128::from(total);
            let bar = format!("{}{}", "▪".repeat(done), "·".repeat(BAR as usize - done));
            Line::of(Tone::Warn, format!("reading {bar} {percent} %  "))
        }
        None => Line::of(Tone::Warn, format!("reading, {}  ", plural(bytes, "byte"))),
    }
}

fn foot(app: &App, width: usize) -> (Line, Option<usize>) {
    if let Some(prompt) = &app.prompt {
        return filter::line(prompt, &app.keymap, width);
    }
    if let Some(notice) = &app.notice {
        let (mark, tone) = if notice.failed { ("✗ ", Tone::Bad) } else { ("✓ ", Tone::Good) };
        return (Line::of(tone, mark).add(Tone::Plain, &notice.text).cut(width), None);
    }
    (help::hints(&app.keymap, app.scope(), width), None)
}

/// The window of a text, with the line of the cursor marked.
fn draw_page(buffer: &mut Buffer, area: Rect, lines: &[Line], scroll: Scroll, theme: Theme, cursor: Style) {
    let window = scroll.window(lines.len(), usize::from(area.height));
    let at = scroll.cursor.min(lines.len().saturating_sub(1));
    let start = window.start;
    for (row, (index, line)) in (0..).zip((start..).zip(lines.get(window).unwrap_or_default())) {
        put(buffer, area, row, line, theme);
        if index == at {
            highlight(buffer, area, row, cursor);
        }
    }
}

fn put_all(buffer: &mut Buffer, area: Rect, lines: &[Line], theme: Theme) {
    for (row, line) in (0..area.height).zip(lines) {
        put(buffer, area, row, line, theme);
    }
}

/// A line, cut off where the area or the buffer ends.
fn put(buffer: &mut Buffer, area: Rect, row: u16, line: &Line, theme: Theme) {
    let area = area.intersection(buffer.area);
    if row >= area.height {
        return;
    }
    let (mut x, y) = (area.x, area.y + row);
    for (tone, text) in line.spans() {
        let room = area.right().saturating_sub(x);
        if room == 0 {
            break;
        }
        (x, _) = buffer.set_stringn(x, y, text, usize::from(room), theme.style(tone));
    }
}

fn highlight(buffer: &mut Buffer, area: Rect, row: u16, style: Style) {
    if row < area.height {
        let line = Rect::new(area.x, area.y + row, area.width, 1);
        buffer.set_style(line.intersection(buffer.area), style);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::keymap::Keymap;

    #[test]
    fn regions_never_lie_outside_of_the_screen_or_upon_each_other() {
        let mut app = App::new("x", Keymap::default(), Theme::Dark, false);
        let session = |pane| Screen::Session(SessionScreen { pane, ..SessionScreen::new(1) });
        let screens = [Screen::Sessions, session(Pane::Timeline), session(Pane::Message), session(Pane::Why)];
        for screen in screens {
            app.screen = screen;
            for size in [(0, 0), (1, 1), (2, 1), (10, 3), (39, 9), (80, 24), (120, 40), (400, 2), (65_535, 60)] {
                let found = layout(&app, size);
                let regions = [
                    found.title,
                    found.head,
                    found.tabs,
                    found.header,
                    found.body,
                    found.side,
                    found.preview,
                    found.foot,
                ];
                let all = Rect::new(0, 0, size.0, size.1);
                for (index, one) in regions.iter().enumerate() {
                    assert_eq!(one.intersection(all), *one, "{size:?}");
                    let others = regions.iter().skip(index + 1);
                    assert!(others.into_iter().all(|other| !one.intersects(*other)), "{size:?} {found:?}");
                }
            }
        }
    }
}
