//! The report as text: what a person with a failing handshake reads from top to bottom. The verdict
//! first, then what it stands on, then what to do, then the packets.
//!
//! Meaning is in glyphs and words as well as in colour.

pub(crate) mod certificates;
#[cfg(feature = "cli")]
pub(crate) mod explain;
mod offer;
mod overview;
mod page;
pub(crate) mod session;
pub(crate) mod timeline;

use std::io::{self, Write};

use crate::report::{Generator, NO_CAUSE, Outcome, Report, SCHEMA_VERSION, Session, Summary};
use page::{Page, Tone};
pub(crate) use session::{decryption, negotiated, who_acts};

/// How to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Style {
    /// Use ANSI colours.
    pub colour: bool,
    /// Columns to wrap at. Commands are never wrapped.
    pub width: usize,
    /// Leave nothing out.
    pub verbose: bool,
}

/// Writes the report.
///
/// # Errors
/// Those of `out`.
pub fn render<W: Write>(out: &mut W, report: &Report, style: &Style) -> io::Result<()> {
    let page = &mut Page::new(out, style);
    match report.sessions.as_slice() {
        [] => overview::nothing(page, report),
        [only] => {
            overview::captures(page, report)?;
            page.blank()?;
            session::whole(page, report, only)?;
            overview::capture_problems(page, report)
        }
        _ => {
            overview::captures(page, report)?;
            overview::counts(page, report)?;
            overview::notes(page, report)?;
            overview::sessions(page, report)?;
            overview::capture_problems(page, report)
        }
    }
}

/// Writes a session as soon as it is over: a success on a line, a failure in full. What follows belongs to the
/// next one.
///
/// # Errors
/// Those of `out`.
pub fn one_by_one<W: Write>(out: &mut W, session: &Session, style: &Style) -> io::Result<()> {
    let page = &mut Page::new(out, style);
    if session.outcome == Outcome::Established && session.diagnosis.cause == NO_CAUSE && !style.verbose {
        return session::line(page, session);
    }
    page.blank()?;
    session::whole(page, &empty(), session)?;
    page.blank()
}

/// Writes what there is to say when a source that was told session by session has ended.
///
/// # Errors
/// Those of `out`.
pub fn at_the_end<W: Write>(out: &mut W, report: &Report, style: &Style) -> io::Result<()> {
    let page = &mut Page::new(out, style);
    if report.summary.sessions == 0 {
        return overview::nothing(page, report);
    }
    page.blank()?;
    overview::captures(page, report)?;
    overview::counts(page, report)?;
    overview::notes(page, report)?;
    overview::capture_problems(page, report)
}

fn empty() -> Report {
    Report {
        schema_version: SCHEMA_VERSION.to_owned(),
        generator: Generator::default(),
        captures: Vec::new(),
        summary: Summary::default(),
        sessions: Vec::new(),
    }
}

/// Glyph, word and tone of an outcome.
const fn mark(outcome: Outcome) -> (&'static str, &'static str, Tone) {
    match outcome {
        Outcome::Established => ("✓", "ESTABLISHED", Tone::Good),
        Outcome::Refused => ("✗", "REFUSED", Tone::Bad),
        Outcome::Failed => ("✗", "FAILED", Tone::Bad),
        Outcome::Incomplete => ("?", "INCOMPLETE", Tone::Warn),
    }
}

/// `2026-11-24T14:00:00.123Z` as a person writes it: `2026-11-24 14:00:00 UTC`.
pub(crate) fn human(time: &str) -> String {
    match (time.get(..10), time.get(10..11), time.get(11..19)) {
        (Some(date), Some("T"), Some(clock)) if time.ends_with('Z') => format!("{date} {clock} UTC"),
        _ => time.to_owned(),
    }
}

/// `1 packet`, `12,345 packets`.
pub(crate) fn plural(n: u64, noun: &str) -> String {
    let digits = n.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let ending = if n == 1 { "" } else { "s" };
    format!("{grouped} {noun}{ending}")
}

/// The first `shown` of `items`, and how many more there are.
fn some_of<T: AsRef<str>>(items: &[T], shown: usize) -> String {
    let head: Vec<&str> = items.iter().take(shown).map(AsRef::as_ref).collect();
    match items.len().saturating_sub(shown) {
        0 => head.join(", "),
        more => format!("{}, and {more} more", head.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Session, sample};

    fn text(sessions: Vec<Session>, width: usize, colour: bool, verbose: bool) -> String {
        let mut out = Vec::new();
        render(&mut out, &sample::report(sessions), &Style { colour, width, verbose }).expect("written");
        String::from_utf8(out).expect("UTF-8")
    }

    /// Escape sequences as letters, so that a snapshot can be read.
    fn visible(text: &str) -> String {
        text.replace('\x1b', "␛")
    }

    #[test]
    fn a_failure_at_80_columns() {
        insta::assert_snapshot!(text(vec![sample::expired()], 80, false, false));
    }

    #[test]
    fn a_failure_at_110_columns() {
        insta::assert_snapshot!(text(vec![sample::expired()], 110, false, false));
    }

    #[test]
    fn a_failure_in_colour() {
        insta::assert_snapshot!(visible(&text(vec![sample::expired()], 110, true, false)));
    }

    #[test]
    fn a_failure_with_everything() {
        insta::assert_snapshot!(text(vec![sample::expired()], 110, false, true));
    }

    #[test]
    fn a_failure_that_could_not_be_read() {
        insta::assert_snapshot!(text(vec![sample::encrypted()], 100, false, false));
    }

    #[test]
    fn a_failed_negotiation_and_a_silence() {
        insta::assert_snapshot!(text(vec![sample::no_common_cipher()], 100, false, false));
    }

    #[test]
    fn a_success_is_short() {
        let short = text(vec![sample::established()], 100, false, false);
        assert!(short.lines().count() < 14, "{short}");
        insta::assert_snapshot!(short);
    }

    #[test]
    fn many_sessions() {
        insta::assert_snapshot!(text(sample::many(), 100, false, false));
    }

    #[test]
    fn a_capture_without_tls() {
        insta::assert_snapshot!(text(vec![], 80, false, false));
    }

    #[test]
    fn nothing_but_commands_is_wider_than_the_page() {
        use unicode_width::UnicodeWidthStr;
        let mut sessions = sample::many();
        sessions.push(sample::hostile());
        for width in [60, 80, 110] {
            for verbose in [false, true] {
                for line in text(sessions.clone(), width, false, verbose).lines() {
                    assert!(line.width() <= width || line.contains("openssl"), "{width}: {line}");
                }
            }
        }
    }

    #[test]
    fn a_hostile_peer_cannot_reach_the_terminal() {
        let sessions = [vec![sample::hostile()], vec![sample::hostile(), sample::hostile(), sample::established()]];
        for sessions in sessions {
            for verbose in [false, true] {
                let text = text(sessions.clone(), 90, false, verbose);
                let bad = |c: &char| *c != '\n' && crate::render::escape::is_unsafe(*c);
                assert_eq!(text.chars().find(bad), None);
                assert!(!text.contains("\nforged"), "{text}");
            }
        }
    }

    #[test]
    fn the_same_report_gives_the_same_text() {
        assert_eq!(text(sample::many(), 100, true, true), text(sample::many(), 100, true, true));
    }

    #[test]
    fn numbers_and_times_read_well() {
        assert_eq!(plural(1, "packet"), "1 packet");
        assert_eq!(plural(1_234_567, "packet"), "1,234,567 packets");
        assert_eq!(plural(123, "packet"), "123 packets");
        assert_eq!(human("2026-11-24T14:00:00.123Z"), "2026-11-24 14:00:00 UTC");
        assert_eq!(human("@99999999999999"), "@99999999999999");
        assert_eq!(some_of(&["a", "b", "c"], 2), "a, b, and 1 more");
    }
}
