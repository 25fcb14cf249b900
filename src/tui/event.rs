//! What comes in: keys and the mouse from the terminal, sessions and progress from whoever reads packets.

use ratatui::crossterm::event as crossterm;

use crate::report::{Capture, Problem, Session};
use crate::tui::keymap::{Code, Key};

/// What the reader of packets sends. A file, a finished capture and a live one differ in nothing but
/// whether [`Feed::Done`] comes.
#[derive(Debug, Clone)]
pub enum Feed {
    /// A session, or a newer state of the session with the same id.
    Session(Box<Session>),
    /// A capture, or a newer state of the capture with the same path.
    Capture(Capture),
    /// How far reading has come.
    Progress {
        /// Bytes read.
        bytes: u64,
        /// Bytes that there are, where known.
        total: Option<u64>,
    },
    /// Something odd about the input, that belongs to no session.
    Problem(Problem),
    /// There will be no more.
    Done,
}

/// What the terminal sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A key was pressed.
    Key(Key),
    /// The screen has another size: columns and rows.
    Resize(u16, u16),
    /// A row was clicked.
    Click {
        /// Its column.
        column: u16,
        /// The row, from the top.
        row: u16,
    },
    /// The wheel was turned by so many rows; down is positive.
    Wheel(isize),
}

/// The event in our words; none where it means nothing to us.
pub fn translate(event: &crossterm::Event) -> Option<Event> {
    match event {
        // Some terminals report the release of a key, too.
        crossterm::Event::Key(key) if key.kind != crossterm::KeyEventKind::Release => {
            translate_key(*key).map(Event::Key)
        }
        crossterm::Event::Resize(columns, rows) => Some(Event::Resize(*columns, *rows)),
        crossterm::Event::Mouse(mouse) => match mouse.kind {
            crossterm::MouseEventKind::Down(crossterm::MouseButton::Left) => {
                Some(Event::Click { column: mouse.column, row: mouse.row })
            }
            crossterm::MouseEventKind::ScrollDown => Some(Event::Wheel(3)),
            crossterm::MouseEventKind::ScrollUp => Some(Event::Wheel(-3)),
            _ => None,
        },
        _ => None,
    }
}

fn translate_key(key: crossterm::KeyEvent) -> Option<Key> {
    use crossterm::KeyCode as From;
    let ctrl = key.modifiers.contains(crossterm::KeyModifiers::CONTROL);
    let alt = key.modifiers.contains(crossterm::KeyModifiers::ALT);
    let shift = key.modifiers.contains(crossterm::KeyModifiers::SHIFT);
    let code = match key.code {
        From::Char(c) if ctrl => Code::Char(c.to_ascii_lowercase()),
        From::Char(c) => Code::Char(c),
        From::Enter => Code::Enter,
        From::Esc => Code::Esc,
        From::Tab if shift => Code::BackTab,
        From::Tab => Code::Tab,
        From::BackTab => Code::BackTab,
        From::Backspace => Code::Backspace,
        From::Delete => Code::Delete,
        From::Up => Code::Up,
        From::Down => Code::Down,
        From::Left => Code::Left,
        From::Right => Code::Right,
        From::Home => Code::Home,
        From::End => Code::End,
        From::PageUp => Code::PageUp,
        From::PageDown => Code::PageDown,
        From::F(n) => Code::F(n),
        _ => return None,
    };
    Some(Key { code, ctrl, alt })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::event::crossterm::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

    #[test]
    fn keys_are_taken_when_pressed_and_not_when_released() {
        let press = KeyEvent::new(KeyCode::Char('D'), KeyModifiers::CONTROL | KeyModifiers::SHIFT);
        assert_eq!(translate(&crossterm::Event::Key(press)), Some(Event::Key(Key::ctrl('d'))));
        let release = KeyEvent::new_with_kind(KeyCode::Char('d'), KeyModifiers::NONE, KeyEventKind::Release);
        assert_eq!(translate(&crossterm::Event::Key(release)), None);
        let back = KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT);
        assert_eq!(translate(&crossterm::Event::Key(back)), Some(Event::Key(Key::plain(Code::BackTab))));
        let letter = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(translate(&crossterm::Event::Key(letter)), Some(Event::Key(Key::plain(Code::Char('G')))));
    }
}
