//! Strings from packets are not to be trusted with a terminal: control sequences would be obeyed, and
//! characters without a shape or with a direction of their own would make a line read as what it is not.

use std::borrow::Cow;
use std::fmt::Write as _;

/// `text` on one line, with everything shown that a terminal would obey or swallow: control
/// characters as `\x1b`, the others as `\u{202e}`.
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_unsafe(c) && (c as u32) < 0x100 => {
                let _ = write!(out, "\\x{:02x}", c as u32);
            }
            c if is_unsafe(c) => {
                let _ = write!(out, "\\u{{{:x}}}", c as u32);
            }
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Whether a terminal would obey, swallow or reorder by `c`.
pub(crate) fn is_unsafe(c: char) -> bool {
    if c.is_control() {
        return true;
    }
    matches!(u32::from(c),
        // soft hyphen, combining grapheme joiner, Arabic letter mark, Hangul and Mongolian fillers
        0xad | 0x34f | 0x61c | 0x115f | 0x1160 | 0x17b4 | 0x17b5 | 0x180b..=0x180f | 0x3164 | 0xffa0
        // zero width, marks, line and paragraph separator, embeddings, overrides, isolates
        | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f
        // byte order mark, interlinear annotations, variation selectors, tags
        | 0xfeff | 0xfff9..=0xfffb | 0xfe00..=0xfe0f | 0xe0000..=0xe0fff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_is_untouched() {
        for text in ["api.example", "CN = Žluťoučký kůň, O = 株式会社", "\\x1b is three letters", ""] {
            assert!(matches!(escape(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn control_sequences_are_shown_and_not_obeyed() {
        assert_eq!(escape("a\x1b[31mred\x07"), "a\\x1b[31mred\\x07");
        assert_eq!(escape("\u{9b}2J\u{7f}\0"), "\\x9b2J\\x7f\\x00");
        assert_eq!(escape("line\r\nverdict: none\t"), "line\\r\\nverdict: none\\t");
    }

    #[test]
    fn direction_and_invisible_characters_are_shown() {
        assert_eq!(escape("moc.elpmaxe\u{202e}"), "moc.elpmaxe\\u{202e}");
        assert_eq!(escape("a\u{200b}b\u{2066}c\u{200f}d\u{feff}"), "a\\u{200b}b\\u{2066}c\\u{200f}d\\u{feff}");
        assert_eq!(escape("a\u{ad}b\u{e0041}"), "a\\xadb\\u{e0041}");
    }

    #[test]
    fn nothing_unsafe_is_left_of_any_character() {
        for c in (0..=0x0010_ffff).filter_map(char::from_u32) {
            let shown = escape(c.encode_utf8(&mut [0; 4])).into_owned();
            assert!(!shown.chars().any(is_unsafe), "{:x}", c as u32);
        }
    }
}
