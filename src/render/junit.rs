//! The report as JUnit XML, which build servers show: a suite for each capture, a case for each session.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

use crate::render::escape;
use crate::report::{NO_CAUSE, Outcome, Report, Session};

/// Writes the report.
///
/// # Errors
/// Those of `out`.
pub fn render<W: Write>(out: &mut W, report: &Report) -> io::Result<()> {
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    let all: Vec<&Session> = report.sessions.iter().collect();
    writeln!(out, "<testsuites name=\"tlswhy\" {}>", counts(&all))?;
    for (index, capture) in report.captures.iter().enumerate() {
        let sessions: Vec<&Session> =
            report.sessions.iter().filter(|session| session.capture == index as u64).collect();
        let stamp = capture.first.as_deref().and_then(|time| time.get(..19)).unwrap_or("1970-01-01T00:00:00");
        writeln!(
            out,
            "  <testsuite name=\"{}\" {} errors=\"0\" timestamp=\"{}\">",
            xml(&capture.path),
            counts(&sessions),
            xml(stamp)
        )?;
        for session in &sessions {
            case(out, &capture.path, session)?;
        }
        if !capture.problems.is_empty() {
            writeln!(out, "    <system-err>")?;
            for problem in &capture.problems {
                let place = problem.packet.map(|packet| format!("packet {packet}: ")).unwrap_or_default();
                writeln!(out, "{place}{}", xml(&problem.text))?;
            }
            writeln!(out, "    </system-err>")?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

fn counts(sessions: &[&Session]) -> String {
    let count = |test: fn(&Session) -> bool| sessions.iter().filter(|session| test(session)).count();
    let us: i64 = sessions.iter().map(|session| session.duration_us).fold(0, i64::saturating_add);
    format!(
        "tests=\"{}\" failures=\"{}\" skipped=\"{}\" time=\"{}\"",
        sessions.len(),
        count(is_failure),
        count(|session| session.outcome == Outcome::Incomplete),
        seconds(us)
    )
}

fn is_failure(session: &Session) -> bool {
    matches!(session.outcome, Outcome::Refused | Outcome::Failed)
}

fn seconds(us: i64) -> String {
    let us = us.max(0);
    format!("{}.{:06}", us / 1_000_000, us % 1_000_000)
}

fn case<W: Write>(out: &mut W, path: &str, session: &Session) -> io::Result<()> {
    let name = session.tls.server_name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    let title = format!("session {}: {} to {}{name}", session.id, session.client, session.server);
    write!(
        out,
        "    <testcase name=\"{}\" classname=\"{}\" time=\"{}\"",
        xml(&title),
        xml(path),
        seconds(session.duration_us)
    )?;
    let diagnosis = &session.diagnosis;
    match session.outcome {
        Outcome::Established => writeln!(out, "/>"),
        Outcome::Incomplete => {
            writeln!(out, ">\n      <skipped message=\"{}\"/>\n    </testcase>", xml(&diagnosis.summary))
        }
        Outcome::Refused | Outcome::Failed => {
            let (kind, message) = (xml(&diagnosis.cause), xml(&diagnosis.summary));
            writeln!(out, ">\n      <failure type=\"{kind}\" message=\"{message}\">")?;
            out.write_all(details(session).as_bytes())?;
            writeln!(out, "      </failure>\n    </testcase>")
        }
    }
}

fn details(session: &Session) -> String {
    let diagnosis = &session.diagnosis;
    let mut text = String::new();
    let line = |text: &mut String, line: &str| {
        let _ = writeln!(text, "{}", xml(line));
    };
    line(&mut text, &diagnosis.summary);
    if diagnosis.cause != NO_CAUSE {
        let verdict = format!("cause: {} ({}), side: {}", diagnosis.cause, diagnosis.confidence, diagnosis.side);
        line(&mut text, &verdict);
    }
    for evidence in &diagnosis.evidence {
        line(&mut text, &format!("packet {}: {}", evidence.packet, evidence.text));
    }
    if !diagnosis.explanation.is_empty() {
        line(&mut text, &diagnosis.explanation);
    }
    for remedy in &diagnosis.remedies {
        line(&mut text, &format!("to do ({}): {}", remedy.side, remedy.text));
        for command in remedy.command.iter().flat_map(|command| command.lines()) {
            line(&mut text, &format!("    {command}"));
        }
    }
    text
}

/// `text` for an attribute or between tags. What XML 1.0 cannot hold even as a reference is shown by `escape`,
/// but for two characters that no terminal minds.
fn xml(text: &str) -> Cow<'_, str> {
    let shown = escape(text);
    if !shown.contains(['&', '<', '>', '"', '\'', '\u{fffe}', '\u{ffff}']) {
        return shown;
    }
    let mut out = String::with_capacity(shown.len() + 16);
    for c in shown.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{fffe}' => out.push_str("\\u{fffe}"),
            '\u{ffff}' => out.push_str("\\u{ffff}"),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn written(sessions: Vec<Session>) -> String {
        crate::render::written(sessions, render)
    }

    #[test]
    fn a_failure_fails_and_a_success_passes() {
        insta::assert_snapshot!(written(vec![sample::expired(), sample::established()]));
    }

    #[test]
    fn what_cannot_be_known_is_skipped() {
        let mut session = sample::expired();
        session.outcome = Outcome::Incomplete;
        let text = written(vec![session]);
        assert!(text.contains("failures=\"0\" skipped=\"1\"") && text.contains("<skipped message="), "{text}");
    }

    #[test]
    fn no_string_can_leave_its_place() {
        assert_eq!(xml("a\"b'c<d>&\0\u{ffff}"), "a&quot;b&#39;c&lt;d&gt;&amp;\\x00\\u{ffff}");
        let text = written(vec![sample::hostile()]);
        assert!(!text.contains("<script"), "{text}");
        assert!(!text.chars().any(|c| c != '\n' && c.is_control()));
    }
}
