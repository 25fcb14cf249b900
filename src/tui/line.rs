//! A line of a screen: spans of text with a meaning each, already safe for a terminal, and what the line
//! leads to. Regions are built as lines first and drawn afterwards, so that `update` knows what the
//! cursor stands on without a terminal.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::render::escape;
/// `theme` says how it looks.
pub use crate::render::tone::Tone;

/// What a line leads to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Link {
    /// Nothing; the cursor may rest on it.
    #[default]
    None,
    /// Nothing; the cursor passes over it.
    Skip,
    /// An entry of the timeline, by index.
    Entry(usize),
    /// A packet.
    Packet(u64),
    /// Something to fold or unfold, by the name of the node.
    Fold(String),
    /// A command or value to copy.
    Copy(String),
    /// A filter to apply to the list of sessions.
    Filter(String),
}

/// A line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    spans: Vec<(Tone, String)>,
    /// What it leads to.
    pub link: Link,
}

impl Line {
    /// An empty line, passed over by the cursor.
    pub fn blank() -> Self {
        Self { spans: Vec::new(), link: Link::Skip }
    }

    /// A line of one span.
    pub fn of(tone: Tone, text: impl AsRef<str>) -> Self {
        Self::default().add(tone, text)
    }

    /// A heading, passed over by the cursor.
    pub fn heading(text: impl AsRef<str>) -> Self {
        Self::of(Tone::Heading, text).link(Link::Skip)
    }

    /// With one more span. What a terminal would obey or swallow is escaped here, and only here.
    #[must_use]
    pub fn add(mut self, tone: Tone, text: impl AsRef<str>) -> Self {
        self.push(tone, text);
        self
    }

    /// Adds a span.
    pub fn push(&mut self, tone: Tone, text: impl AsRef<str>) {
        if !text.as_ref().is_empty() {
            self.spans.push((tone, escape(text.as_ref()).into_owned()));
        }
    }

    /// With all of `more` behind it.
    #[must_use]
    pub fn append(mut self, more: Self) -> Self {
        self.spans.extend(more.spans);
        self
    }

    /// Leading to `link`.
    #[must_use]
    pub fn link(mut self, link: Link) -> Self {
        self.link = link;
        self
    }

    /// The spans.
    pub fn spans(&self) -> impl Iterator<Item = (Tone, &str)> {
        self.spans.iter().map(|(tone, text)| (*tone, text.as_str()))
    }

    /// Its text, without tones.
    pub fn text(&self) -> String {
        self.spans.iter().map(|(_, text)| text.as_str()).collect()
    }

    /// Columns that it takes.
    pub fn width(&self) -> usize {
        self.spans.iter().map(|(_, text)| text.width()).sum()
    }

    /// Filled with blanks up to column `column`.
    #[must_use]
    pub fn pad(self, column: usize) -> Self {
        self.fill(column, ' ', Tone::Plain)
    }

    /// Filled with `with` up to column `column`.
    #[must_use]
    pub fn fill(mut self, column: usize, with: char, tone: Tone) -> Self {
        let missing = column.saturating_sub(self.width());
        self.push(tone, with.to_string().repeat(missing));
        self
    }

    /// Cut to `width` columns, with an ellipsis where something was cut off.
    #[must_use]
    pub fn cut(self, width: usize) -> Self {
        if self.width() <= width {
            return self;
        }
        let mut out = Self { spans: Vec::new(), link: self.link };
        let mut room = width.saturating_sub(1);
        for (tone, text) in self.spans {
            let (kept, rest) = split_at_width(&text, room);
            room = room.saturating_sub(kept.width());
            out.push(tone, kept);
            if !rest.is_empty() {
                out.push(tone, if width == 0 { "" } else { "…" });
                break;
            }
        }
        out
    }

    /// Exactly `width` columns: cut or filled.
    #[must_use]
    pub fn fit(self, width: usize) -> Self {
        self.cut(width).pad(width)
    }
}

/// `text` cut to `width` columns, with an ellipsis where something was cut off.
pub fn cut(text: &str, width: usize) -> String {
    Line::of(Tone::Plain, text).cut(width).text()
}

/// The head of `text` that fits into `width` columns, and the rest.
fn split_at_width(text: &str, width: usize) -> (&str, &str) {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > width {
            return text.split_at_checked(at).unwrap_or((text, ""));
        }
    }
    (text, "")
}

/// `lead`, then `body` wrapped to `width` columns, its further lines below its beginning. Each line leads
/// where `lead` leads.
pub fn wrap(lead: Line, body: &Line, width: usize) -> Vec<Line> {
    wrap_under(lead, &Line::default(), body, width)
}

/// The same, with `rail` at the beginning of each further line.
pub fn wrap_under(lead: Line, rail: &Line, body: &Line, width: usize) -> Vec<Line> {
    // On a very narrow screen a hanging indent would leave no room to write in.
    let hang = if lead.width() + 12 > width { 1 } else { lead.width() };
    let link = lead.link.clone();
    let further = || rail.clone().fit(hang).link(link.clone());
    let mut lines = Vec::new();
    let mut line = lead;
    let mut used = line.width();
    let mut fresh = true;
    for (tone, text) in body.spans() {
        for (index, word) in text.split(' ').enumerate() {
            let mut word = word;
            let space = usize::from(index > 0 && !fresh);
            if !fresh && used + space + word.width() > width {
                lines.push(line);
                (line, used) = (further(), hang);
            } else if space > 0 {
                line.push(tone, " ");
                used += 1;
            }
            while used + word.width() > width {
                let (head, rest) = split_at_width(word, width.saturating_sub(used));
                if head.is_empty() && used <= hang {
                    break;
                }
                line.push(tone, head);
                lines.push(line);
                (line, used) = (further(), hang);
                word = rest;
            }
            line.push(tone, word);
            used += word.width();
            fresh = fresh && word.is_empty();
        }
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(cut("株式会社", 5), "株式…");
        assert_eq!(Line::of(Tone::Plain, "株").fit(4).text(), "株  ");
        assert_eq!(cut("abc", 0), "");
    }

    #[test]
    fn text_is_wrapped_below_its_beginning_and_none_is_lost() {
        let body = Line::of(Tone::Plain, "the server answered with").add(Tone::Bad, " a fatal alert");
        let lines = wrap(Line::of(Tone::Dim, "packet 9  "), &body, 30);
        let texts: Vec<String> = lines.iter().map(Line::text).collect();
        assert_eq!(texts, ["packet 9  the server answered", "          with a fatal alert"]);
    }

    #[test]
    fn long_words_are_broken_at_any_width() {
        for width in 0..40 {
            let lines = wrap(Line::of(Tone::Dim, "    "), &Line::of(Tone::Plain, "x".repeat(100)), width);
            let count: usize = lines.iter().map(|line| line.text().matches('x').count()).sum();
            assert_eq!(count, 100, "{width}");
            assert!(width < 2 || lines.iter().skip(1).all(|line| line.width() <= width), "{width}");
        }
    }

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        assert_eq!(Line::of(Tone::Plain, "a\x1b[2J\u{202e}\n").text(), "a\\x1b[2J\\u{202e}\\n");
    }
}
