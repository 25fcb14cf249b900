//! Where the cursor goes: by keys, by searching, by clicks.

use crate::tui::app::{App, Page, Pane, Screen};
use crate::tui::filter::Pattern;
use crate::tui::line::{Line, Link};
use crate::tui::list::failed;
use crate::tui::update::{Effect, fail, open, say, to_pane};
use crate::tui::view;

/// Rows of the region that has the keys.
pub(super) fn height(app: &App) -> usize {
    usize::from(view::layout(app, app.size).body.height)
}

pub(super) fn here(app: &App) -> (Vec<Line>, usize) {
    let layout = view::layout(app, app.size);
    (view::page_lines(app, &layout), usize::from(layout.body.height))
}

/// Moves the cursor, over what it cannot rest on.
pub(super) fn move_by(app: &mut App, by: isize) {
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
pub(super) fn line_here(app: &App) -> Option<Line> {
    let page = app.screen.page()?;
    let (lines, _) = here(app);
    let cursor = page.scroll.cursor.min(lines.len().checked_sub(1)?);
    lines.into_iter().nth(cursor)
}

/// To the next or previous match of the search; without one, to the next failure or evidence.
pub(super) fn find(app: &mut App, forward: bool) {
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

/// A click selects; a click on what is selected opens it.
pub(super) fn click(app: &mut App, column: u16, row: u16) -> Option<Effect> {
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
