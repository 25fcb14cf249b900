//! Which key asks for what, where. One table: the keys themselves, the help screen, the line at the foot
//! of each screen and the documentation are readers of it.

use std::fmt;
use std::str::FromStr;

use crate::tui::action::Action;

/// Where a key is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// On every screen.
    Everywhere,
    /// In the list of sessions.
    Sessions,
    /// In one session.
    Session,
    /// In a comparison.
    Compare,
    /// Where something is typed.
    Prompt,
    /// Where a format is chosen.
    Save,
}

impl Scope {
    /// Every scope, in the order of the documentation.
    pub const ALL: &'static [Self] =
        &[Self::Everywhere, Self::Sessions, Self::Session, Self::Compare, Self::Prompt, Self::Save];

    /// Its heading in the help.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Everywhere => "Everywhere",
            Self::Sessions => "The list of sessions",
            Self::Session => "One session",
            Self::Compare => "A comparison",
            Self::Prompt => "While typing",
            Self::Save => "Saving",
        }
    }

    /// Whether keys of every screen work here, too. They do not where letters are meant as letters.
    const fn is_open(self) -> bool {
        !matches!(self, Self::Prompt | Self::Save)
    }
}

/// What is on a key's cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Code {
    Char(char),
    Enter,
    Esc,
    Tab,
    BackTab,
    Backspace,
    Delete,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
    F(u8),
}

/// Names of the keys that have no character.
const NAMES: &[(&str, Code)] = &[
    ("enter", Code::Enter),
    ("esc", Code::Esc),
    ("tab", Code::Tab),
    ("shift-tab", Code::BackTab),
    ("backspace", Code::Backspace),
    ("delete", Code::Delete),
    ("up", Code::Up),
    ("down", Code::Down),
    ("left", Code::Left),
    ("right", Code::Right),
    ("home", Code::Home),
    ("end", Code::End),
    ("page-up", Code::PageUp),
    ("page-down", Code::PageDown),
    ("space", Code::Char(' ')),
    ("less", Code::Char('<')),
    ("greater", Code::Char('>')),
];

/// A key as it was pressed. Shift is in the character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// What is on its cap.
    pub code: Code,
    /// With the control key.
    pub ctrl: bool,
    /// With the alt key.
    pub alt: bool,
}

impl Key {
    /// A key alone.
    pub const fn plain(code: Code) -> Self {
        Self { code, ctrl: false, alt: false }
    }

    /// A key with control.
    pub const fn ctrl(c: char) -> Self {
        Self { code: Code::Char(c), ctrl: true, alt: false }
    }

    /// The character that it types.
    pub const fn typed(self) -> Option<char> {
        match self.code {
            Code::Char(c) if !self.ctrl && !self.alt => Some(c),
            _ => None,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ctrl = if self.ctrl { "ctrl-" } else { "" };
        let alt = if self.alt { "alt-" } else { "" };
        let named = NAMES.iter().find(|(name, code)| *code == self.code && !matches!(*name, "less" | "greater"));
        match (named, self.code) {
            (Some((name, _)), _) => write!(f, "{ctrl}{alt}{name}"),
            (None, Code::Char(c)) => write!(f, "{ctrl}{alt}{c}"),
            (None, Code::F(n)) => write!(f, "{ctrl}{alt}f{n}"),
            (None, _) => Ok(()),
        }
    }
}

/// There is no key of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no key: write a character, or ctrl-x, alt-x, enter, esc, tab, shift-tab, space, up, page-down, f1, …"
)]
pub struct NoSuchKey(String);

impl FromStr for Key {
    type Err = NoSuchKey;

    fn from_str(text: &str) -> Result<Self, NoSuchKey> {
        let mut key = Self::plain(Code::Esc);
        let mut rest = text;
        loop {
            if let Some(more) = rest.strip_prefix("ctrl-").filter(|more| !more.is_empty()) {
                (key.ctrl, rest) = (true, more);
            } else if let Some(more) = rest.strip_prefix("alt-").filter(|more| !more.is_empty()) {
                (key.alt, rest) = (true, more);
            } else {
                break;
            }
        }
        let named = NAMES.iter().find(|(name, _)| *name == rest).map(|(_, code)| *code);
        let mut chars = rest.chars();
        key.code = match (named, chars.next(), chars.as_str()) {
            (Some(code), _, _) => code,
            (None, Some(c), "") if !c.is_control() => Code::Char(if key.ctrl { c.to_ascii_lowercase() } else { c }),
            (None, Some('f'), number) => match number.parse() {
                Ok(n @ 1..=24) => Code::F(n),
                _ => return Err(NoSuchKey(text.to_owned())),
            },
            _ => return Err(NoSuchKey(text.to_owned())),
        };
        Ok(key)
    }
}

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// Where.
    pub scope: Scope,
    /// By which keys; the first is the one that hints show.
    pub keys: Vec<Key>,
    /// What for.
    pub action: Action,
    /// What the help says, an imperative.
    pub help: &'static str,
    /// The word at the foot of the screen; empty where there is none.
    pub hint: &'static str,
}

/// The keys as they are unless a configuration file says otherwise: scope, keys, action, help, hint.
const DEFAULTS: &[(Scope, &str, Action, &str, &str)] = {
    use Action::*;
    &[
        (Scope::Everywhere, "up k", Up, "one line up", ""),
        (Scope::Everywhere, "down j", Down, "one line down", ""),
        (Scope::Everywhere, "left h", Left, "fold, or to the region on the left", ""),
        (Scope::Everywhere, "right l", Right, "unfold, or to the region on the right", ""),
        (Scope::Everywhere, "ctrl-u", HalfPageUp, "half a screen up", ""),
        (Scope::Everywhere, "ctrl-d", HalfPageDown, "half a screen down", ""),
        (Scope::Everywhere, "page-up ctrl-b", PageUp, "a screen up", ""),
        (Scope::Everywhere, "page-down ctrl-f", PageDown, "a screen down", ""),
        (Scope::Everywhere, "g home", Top, "to the first line", ""),
        (Scope::Everywhere, "G end", Bottom, "to the last line", ""),
        (Scope::Everywhere, "enter", Open, "open, unfold, or jump to the packet under the cursor", "open"),
        (Scope::Everywhere, "esc backspace", Back, "back; in the list: drop the filter", "back"),
        (Scope::Everywhere, "/", Filter, "filter the sessions; search on the other screens", "filter"),
        (Scope::Everywhere, "n", NextMatch, "next match; without a search: next failure, or next evidence", ""),
        (Scope::Everywhere, "N", PreviousMatch, "previous match, failure or evidence", ""),
        (Scope::Everywhere, "y", Copy, "copy the command or value under the cursor", "copy"),
        (Scope::Everywhere, "p", Pause, "hold back new sessions, and let them in again", ""),
        (Scope::Everywhere, "i", Capture, "what is known of the capture, and how often each cause occurs", ""),
        (Scope::Everywhere, "?", Help, "this help", "help"),
        (Scope::Everywhere, "ctrl-z", Suspend, "back to the shell for the moment", ""),
        (Scope::Everywhere, "q ctrl-c", Quit, "quit", "quit"),
        (Scope::Sessions, "f", FailuresOnly, "failures only: failed and refused", "failures"),
        (Scope::Sessions, "o", Sort, "sort by the next column", "sort"),
        (Scope::Sessions, "O", Reverse, "sort the other way round", ""),
        (Scope::Sessions, "space m", Mark, "mark for comparison; at most two are marked", "mark"),
        (Scope::Sessions, "d", Compare, "what differs between the two marked sessions", "compare"),
        (Scope::Sessions, "s", Save, "save the session under the cursor", ""),
        (Scope::Session, "tab", NextPane, "next region", "next"),
        (Scope::Session, "shift-tab", PreviousPane, "previous region", ""),
        (Scope::Session, "1", Timeline, "the timeline", ""),
        (Scope::Session, "2", Message, "the selected message, field by field", ""),
        (Scope::Session, "3", Certificates, "the certificates of both sides", ""),
        (Scope::Session, "4", Why, "why: evidence, other causes, what would decide it", ""),
        (Scope::Session, "5", Remedies, "what to do", ""),
        (Scope::Session, "b", Bytes, "show or hide the bytes of fields", ""),
        (Scope::Session, "+", UnfoldAll, "unfold everything", ""),
        (Scope::Session, "-", FoldAll, "fold everything", ""),
        (Scope::Session, "]", NextSession, "the next session of the list", ""),
        (Scope::Session, "[", PreviousSession, "the previous session of the list", ""),
        (Scope::Session, "space m", Mark, "mark for comparison", ""),
        (Scope::Session, "d", Compare, "what differs between the two marked sessions", ""),
        (Scope::Session, "s", Save, "save this session", "save"),
        (Scope::Compare, "a", ShowSame, "show what is the same, too", "same"),
        (Scope::Prompt, "enter", Accept, "take it", "take"),
        (Scope::Prompt, "esc ctrl-c", Cancel, "leave it as it was", "cancel"),
        (Scope::Prompt, "backspace ctrl-h", Erase, "erase a character", ""),
        (Scope::Prompt, "ctrl-w", EraseWord, "erase a word", ""),
        (Scope::Prompt, "ctrl-u", EraseAll, "erase all", ""),
        (Scope::Prompt, "left ctrl-b", CursorLeft, "to the left", ""),
        (Scope::Prompt, "right ctrl-f", CursorRight, "to the right", ""),
        (Scope::Prompt, "home ctrl-a", CursorStart, "to the beginning", ""),
        (Scope::Prompt, "end ctrl-e", CursorEnd, "to the end", ""),
        (Scope::Save, "j", SaveJson, "as JSON", "JSON"),
        (Scope::Save, "m", SaveMarkdown, "as Markdown, for a ticket", "Markdown"),
        (Scope::Save, "p", SavePackets, "its packets, as pcapng", "packets"),
        (Scope::Save, "P", SaveKeys, "its packets with the keys that open them: secrets", "packets and keys"),
        (Scope::Save, "esc q ctrl-c", Cancel, "do not save", "cancel"),
    ]
};

/// Why a set of keys cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Clash {
    /// A key would have to do two things.
    #[error("the key `{key}` would ask for both `{first}` and `{second}` ({place})", place = .scope.title())]
    TwoActions {
        /// The key.
        key: Key,
        /// Where.
        scope: Scope,
        /// What it would ask for.
        first: &'static str,
        /// And what else.
        second: &'static str,
    },
    /// An action would have no key.
    #[error("`{0}` would have no key left")]
    NoKey(&'static str),
}

/// The keys in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    bindings: Vec<Binding>,
}

impl Default for Keymap {
    fn default() -> Self {
        let bindings = DEFAULTS.iter().map(|(scope, keys, action, help, hint)| Binding {
            scope: *scope,
            keys: keys.split(' ').filter_map(|key| key.parse().ok()).collect(),
            action: *action,
            help,
            hint,
        });
        Self { bindings: bindings.collect() }
    }
}

impl Keymap {
    /// The table.
    pub fn bindings(&self) -> &[Binding] {
        &self.bindings
    }

    /// What `key` asks for in `scope`.
    pub fn action(&self, scope: Scope, key: Key) -> Option<Action> {
        // Whatever a configuration file says, there is a way out.
        let way_out = (key == Key::ctrl('c')).then_some(if scope.is_open() { Action::Quit } else { Action::Cancel });
        let found = |scope: Scope| {
            self.bindings.iter().find(|row| row.scope == scope && row.keys.contains(&key)).map(|row| row.action)
        };
        way_out.or_else(|| found(scope)).or_else(|| if scope.is_open() { found(Scope::Everywhere) } else { None })
    }

    /// The first key of `action` in `scope`, as a hint shows it.
    pub fn hint(&self, scope: Scope, action: Action) -> Option<Key> {
        let row = |scope: Scope| self.bindings.iter().find(|row| row.scope == scope && row.action == action);
        row(scope).or_else(|| row(Scope::Everywhere))?.keys.first().copied()
    }

    /// The same, with other keys for some actions, wherever they can be asked for.
    ///
    /// # Errors
    /// Where a key would ask for two things in one place, or an action would have none.
    pub fn with(mut self, changes: &[(Action, Vec<Key>)]) -> Result<Self, Clash> {
        for (action, keys) in changes {
            if keys.is_empty() {
                return Err(Clash::NoKey(action.name()));
            }
            for row in self.bindings.iter_mut().filter(|row| row.action == *action) {
                row.keys.clone_from(keys);
            }
        }
        match self.clash() {
            Some(clash) => Err(clash),
            None => Ok(self),
        }
    }

    fn clash(&self) -> Option<Clash> {
        for (index, row) in self.bindings.iter().enumerate() {
            for other in self.bindings.iter().skip(index + 1) {
                let met = row.scope == other.scope
                    || row.scope == Scope::Everywhere && other.scope.is_open()
                    || other.scope == Scope::Everywhere && row.scope.is_open();
                if let Some(key) = row.keys.iter().find(|key| met && other.keys.contains(key)) {
                    return Some(Clash::TwoActions {
                        key: *key,
                        scope: row.scope.max(other.scope),
                        first: row.action.name(),
                        second: other.action.name(),
                    });
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_asks_for_two_things_in_one_place() {
        assert_eq!(Keymap::default().clash(), None);
    }

    #[test]
    fn every_action_has_a_key_and_every_key_of_the_table_is_one() {
        let keymap = Keymap::default();
        for action in Action::ALL {
            assert!(keymap.bindings.iter().any(|row| row.action == *action), "{action:?} is not reachable");
        }
        for (row, (.., keys, _, _, _)) in keymap.bindings.iter().zip(DEFAULTS) {
            assert_eq!(row.keys.len(), keys.split(' ').count(), "{keys}");
            for key in &row.keys {
                assert_eq!(keymap.action(row.scope, *key), Some(row.action), "{key}");
            }
        }
    }

    #[test]
    fn keys_are_written_as_they_are_read() {
        for name in ["a", "G", "ctrl-d", "alt-x", "enter", "shift-tab", "space", "f12", "-", "ctrl-alt-a", "é", "<"] {
            let key: Key = name.parse().expect("a key");
            assert_eq!(key.to_string(), name);
        }
        assert_eq!("ctrl-D".parse(), Ok(Key::ctrl('d')));
        for name in ["", "f99", "ctrl-", "hyper-x", "ab", "\x1b"] {
            assert!(name.parse::<Key>().is_err(), "{name}");
        }
    }

    #[test]
    fn other_keys_are_taken_everywhere_and_clashes_are_named() {
        let keymap = Keymap::default().with(&[(Action::Mark, vec![Key::plain(Code::Char('x'))])]).expect("no clash");
        let x = Key::plain(Code::Char('x'));
        assert_eq!(keymap.action(Scope::Sessions, x), Some(Action::Mark));
        assert_eq!(keymap.action(Scope::Session, x), Some(Action::Mark));
        assert_eq!(keymap.action(Scope::Sessions, Key::plain(Code::Char('m'))), None);
        let clash = Keymap::default().with(&[(Action::Sort, vec![Key::plain(Code::Char('y'))])]).expect_err("a clash");
        assert_eq!(clash.to_string(), "the key `y` would ask for both `copy` and `sort` (The list of sessions)");
        assert_eq!(Keymap::default().with(&[(Action::Quit, vec![])]), Err(Clash::NoKey("quit")));
    }

    #[test]
    fn there_is_always_a_way_out() {
        let keymap = Keymap::default().with(&[(Action::Quit, vec![Key::plain(Code::F(10))])]).expect("no clash");
        assert_eq!(keymap.action(Scope::Session, Key::ctrl('c')), Some(Action::Quit));
        assert_eq!(keymap.action(Scope::Prompt, Key::ctrl('c')), Some(Action::Cancel));
    }
}
