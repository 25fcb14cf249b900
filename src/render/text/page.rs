//! Lines of text with meaning and width: wrapping, colour, and the one place where strings become
//! safe for a terminal. Everything printed goes through [`Spans::add`], which escapes.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use crate::render::escape;
use crate::render::text::Style;
pub(super) use crate::render::tone::Tone;

/// SGR parameters of a tone: the sixteen colours only, which every theme defines.
const fn sgr(tone: Tone) -> Option<&'static str> {
    match tone {
        Tone::Plain => None,
        Tone::Strong => Some("1"),
        Tone::Dim => Some("2"),
        Tone::Heading => Some("1;36"),
        Tone::Good => Some("1;32"),
        Tone::Bad => Some("1;31"),
        Tone::Warn => Some("33"),
        Tone::Evidence => Some("1;35"),
        Tone::Key => Some("36"),
    }
}

/// Text with tones, already safe for a terminal.
#[derive(Debug, Clone, Default)]
pub(super) struct Spans(Vec<(Tone, String)>);

impl Spans {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn of(tone: Tone, text: impl AsRef<str>) -> Self {
        Self::new().add(tone, text)
    }

    pub(super) fn add(mut self, tone: Tone, text: impl AsRef<str>) -> Self {
        self.push(tone, text);
        self
    }

    pub(super) fn push(&mut self, tone: Tone, text: impl AsRef<str>) {
        if !text.as_ref().is_empty() {
            self.0.push((tone, escape(text.as_ref()).into_owned()));
        }
    }

    pub(super) fn append(mut self, more: Self) -> Self {
        self.0.extend(more.0);
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| text.width()).sum()
    }

    /// Blanks up to column `column`.
    pub(super) fn pad(mut self, column: usize) -> Self {
        let missing = column.saturating_sub(self.width());
        self.push(Tone::Plain, " ".repeat(missing));
        self
    }

    /// Cut to `width` columns, with an ellipsis where something was cut off.
    pub(super) fn cut(self, width: usize) -> Self {
        if self.width() <= width {
            return self;
        }
        let mut room = width.saturating_sub(1);
        let mut out = Self::new();
        for (tone, text) in self.0 {
            let (kept, rest) = split_at_width(&text, room);
            room -= kept.width();
            out.push(tone, kept);
            if !rest.is_empty() {
                out.0.push((tone, "…".to_owned()));
                break;
            }
        }
        out
    }
}

/// The head of `text` that fits into `width` columns, and the rest.
fn split_at_width(text: &str, width: usize) -> (&str, &str) {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += c.encode_utf8(&mut [0; 4]).width();
        if used > width {
            return text.split_at_checked(at).unwrap_or((text, ""));
        }
    }
    (text, "")
}

/// Where lines go.
pub(super) struct Page<'a, W> {
    out: &'a mut W,
    pub(super) style: Style,
}

impl<'a, W: Write> Page<'a, W> {
    pub(super) fn new(out: &'a mut W, style: &Style) -> Self {
        // Below this nothing can be laid out.
        let width = style.width.max(60);
        Self { out, style: Style { width, ..style.clone() } }
    }

    pub(super) fn width(&self) -> usize {
        self.style.width
    }

    pub(super) fn blank(&mut self) -> io::Result<()> {
        self.out.write_all(b"\n")
    }

    /// One line as it is, however long.
    pub(super) fn line(&mut self, spans: &Spans) -> io::Result<()> {
        let end = spans.0.iter().rposition(|(_, text)| !text.trim_end().is_empty());
        for (index, (tone, text)) in spans.0.iter().enumerate() {
            let text = match end {
                Some(end) if index < end => text.as_str(),
                Some(end) if index == end => text.trim_end(),
                _ => break,
            };
            match sgr(*tone).filter(|_| self.style.colour) {
                Some(sgr) => write!(self.out, "\x1b[{sgr}m{text}\x1b[0m")?,
                None => self.out.write_all(text.as_bytes())?,
            }
        }
        self.blank()
    }

    /// A section's heading.
    pub(super) fn heading(&mut self, text: &str, more: &str) -> io::Result<()> {
        self.blank()?;
        let line = Spans::of(Tone::Plain, "  ").add(Tone::Heading, text);
        if more.is_empty() {
            self.line(&line)
        } else {
            self.flow(line.add(Tone::Plain, "  "), Spans::of(Tone::Dim, more))
        }
    }

    /// `lead`, then `body` wrapped to the width, with its further lines indented to where it began.
    #[expect(clippy::needless_pass_by_value, reason = "callers make it in place")]
    pub(super) fn flow(&mut self, lead: Spans, body: Spans) -> io::Result<()> {
        let hang = lead.width();
        let room = self.width().saturating_sub(hang).max(8);
        let mut line = lead;
        let mut used = 0;
        for (tone, word, spaced) in words(&body) {
            let mut word = word;
            let space = usize::from(spaced && used > 0);
            if used > 0 && used + space + word.width() > room {
                self.line(&line)?;
                line = Spans::of(Tone::Plain, " ".repeat(hang));
                used = 0;
            } else if space > 0 {
                line.0.push((tone, " ".to_owned()));
                used += 1;
            }
            while word.width() > room - used {
                let (head, rest) = split_at_width(word, room - used);
                if head.is_empty() {
                    break;
                }
                line.0.push((tone, head.to_owned()));
                self.line(&line)?;
                line = Spans::of(Tone::Plain, " ".repeat(hang));
                used = 0;
                word = rest;
            }
            line.0.push((tone, word.to_owned()));
            used += word.width();
        }
        self.line(&line)
    }

    /// A labelled row: the label in a column of its own, the value wrapped.
    pub(super) fn row(&mut self, indent: usize, label: &str, column: usize, value: Spans) -> io::Result<()> {
        let lead = Spans::of(Tone::Plain, " ".repeat(indent)).add(Tone::Dim, label).pad(indent + column);
        self.flow(lead, value)
    }
}

/// Words with their tone, and whether a blank stands before them.
fn words(spans: &Spans) -> Vec<(Tone, &str, bool)> {
    let mut out = Vec::new();
    let mut blank_before = false;
    for (tone, text) in &spans.0 {
        for (index, word) in text.split(' ').enumerate() {
            let spaced = index > 0 || blank_before;
            blank_before = false;
            if word.is_empty() {
                blank_before = spaced || index == 0;
            } else {
                out.push((*tone, word, spaced));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(width: usize, colour: bool, draw: impl FnOnce(&mut Page<'_, Vec<u8>>)) -> String {
        let mut out = Vec::new();
        draw(&mut Page::new(&mut out, &Style { colour, width, verbose: false }));
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn text_is_wrapped_below_its_beginning() {
        let body = Spans::of(Tone::Plain, "the server answered with a fatal alert that").add(Tone::Bad, " ends it");
        let text = page(60, false, |page| page.flow(Spans::of(Tone::Dim, "  packet 12  "), body).expect("written"));
        assert_eq!(text, "  packet 12  the server answered with a fatal alert that\n             ends it\n");
    }

    #[test]
    fn words_longer_than_the_line_are_broken_and_none_is_lost() {
        let long = "x".repeat(100);
        let text = page(60, false, |page| {
            page.flow(Spans::of(Tone::Dim, "  "), Spans::of(Tone::Plain, &long)).expect("written");
        });
        assert!(text.lines().all(|line| line.width() <= 60), "{text}");
        assert_eq!(text.matches('x').count(), 100);
    }

    #[test]
    fn wide_characters_count_twice() {
        let spans = Spans::of(Tone::Plain, "株式会社").cut(5);
        assert_eq!(spans.width(), 5);
        assert_eq!(spans.0[0].1, "株式");
    }

    #[test]
    fn colour_is_ours_and_never_the_packets() {
        let text = page(80, true, |page| page.line(&Spans::of(Tone::Bad, "a\x1b[0mb")).expect("written"));
        assert_eq!(text, "\x1b[1;31ma\\x1b[0mb\x1b[0m\n");
    }

    #[test]
    fn no_line_ends_in_blanks() {
        let text = page(80, false, |page| page.line(&Spans::of(Tone::Bad, "a  ").pad(20)).expect("written"));
        assert_eq!(text, "a\n");
    }
}
