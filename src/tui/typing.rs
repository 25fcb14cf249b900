//! What typing does: filters, searches, and the choice of a format.

use crate::tui::action::Action;
use crate::tui::app::{App, Prompt, Purpose, Screen};
use crate::tui::export;
use crate::tui::filter::{Filter, Pattern};
use crate::tui::line::Link;
use crate::tui::moving::{here, move_by};
use crate::tui::scroll::Scroll;
use crate::tui::update::{Effect, apply_filter};

/// Longest text that can be typed, in characters.
pub(super) const TYPED: usize = 400;

pub(super) fn prompt(purpose: Purpose, text: String) -> Prompt {
    Prompt { purpose, cursor: text.chars().count(), before: text.clone(), text, error: None }
}

pub(super) fn begin_typing(app: &mut App) {
    app.prompt = Some(match app.screen.page() {
        None => prompt(Purpose::Filter, app.list.filter_text.clone()),
        Some(page) => Prompt { before: page.search, ..prompt(Purpose::Search, String::new()) },
    });
}

pub(super) fn type_character(app: &mut App, c: char) {
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
            // A last word that is not understood yet is left aside.
            let understood = match (&prompt.error, text.rsplit_once(' ')) {
                (None, _) => text.as_str(),
                (Some(_), Some((before, _))) => before,
                (Some(_), None) => "",
            };
            apply_filter(app, understood);
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
    let fits =
        |place: &usize| lines.get(*place).is_some_and(|line| line.link != Link::Skip && pattern.fits(&line.text()));
    let found = (from..lines.len()).chain(0..from).find(fits);
    if let (false, true, Some(place)) = (text.is_empty(), jump, found) {
        page.scroll.put(place, lines.len(), height);
    }
    let missing = !text.is_empty() && found.is_none();
    if let Some(prompt) = &mut app.prompt {
        prompt.error = missing.then(|| "not found".to_owned());
    }
}

pub(super) fn while_typing(app: &mut App, action: Action) -> Option<Effect> {
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
        Action::SaveJson | Action::SaveMarkdown | Action::SavePackets | Action::SaveKeys => {
            return save(app, action);
        }
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
        Action::SavePackets => Some(export::as_packets(session, false)),
        Action::SaveKeys => Some(export::as_packets(session, true)),
        _ => Some(export::as_markdown(session)),
    };
    export.map(Effect::Save)
}
