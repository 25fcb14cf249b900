//! Keys as a script, for tests: `/expired<enter>jj<tab>`.

use crate::tui::keymap::{Code, Key};

/// The keys of a script; what is longer than a character stands in angle brackets.
pub(crate) fn keys(script: &str) -> Vec<Key> {
    let mut keys = Vec::new();
    let mut rest = script;
    while let Some(c) = rest.chars().next() {
        if let Some((name, after)) = rest.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
            keys.push(name.parse().expect("a key"));
            rest = after;
        } else {
            keys.push(Key::plain(Code::Char(c)));
            rest = &rest[c.len_utf8()..];
        }
    }
    keys
}
