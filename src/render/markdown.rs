//! The report as Markdown, for tickets and pull requests. What comes from packets is escaped, so that it can
//! neither format, nor link, nor mention anybody.

use std::fmt::Write as _;
use std::io::{self, Write};

use crate::render::escape;
use crate::render::text::{decryption, human, negotiated, plural, who_acts};
use crate::report::{Capture, Certificate, Entry, NO_CAUSE, Outcome, Report, Role, Session, Side, Validity};
use crate::time::{Elapsed, Rfc3339};

/// Rows of the table of sessions.
const ROWS: usize = 500;
/// Sessions that are told in full.
const IN_FULL: usize = 50;
/// Longer timelines are shortened in the middle.
const LONG: usize = 60;

/// Writes the report.
///
/// # Errors
/// Those of `out`.
pub fn render<W: Write>(out: &mut W, report: &Report) -> io::Result<()> {
    let mut page = String::from("# TLS handshakes\n\n");
    overview(&mut page, report);
    table(&mut page, report);
    let failures = || report.sessions.iter().filter(|session| is_failure(session));
    out.write_all(page.as_bytes())?;
    for session in failures().take(IN_FULL) {
        let mut page = String::new();
        whole(&mut page, report, session);
        out.write_all(page.as_bytes())?;
    }
    match failures().count().saturating_sub(IN_FULL) {
        0 => {}
        more => writeln!(out, "\nThe other {more} are in the table only.")?,
    }
    let generator = &report.generator;
    writeln!(out, "\n---\n{} {}", text(&generator.name), text(&generator.version))
}

fn is_failure(session: &Session) -> bool {
    session.outcome != Outcome::Established || session.diagnosis.cause != NO_CAUSE
}

/// `content` as prose of one line, with nothing left that Markdown, HTML or a forge would act upon.
fn text(content: &str) -> String {
    let mut out = String::with_capacity(content.len() + 8);
    for c in escape(content).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // Forges make mentions and issue links of these, escaped or not.
            '@' => out.push_str("&#64;"),
            '#' => out.push_str("&#35;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    // A bare address makes a link.
    out.replace("://", "&#58;//").replace("www.", "www&#46;")
}

/// As [`text`], at the start of a line, where more characters mean something: lists, headings, rules.
fn prose(content: &str) -> String {
    let out = text(content);
    match out.chars().next() {
        Some(first @ ('-' | '+' | '=' | '0'..='9')) => format!("&#{};{}", first as u32, out.get(1..).unwrap_or("")),
        _ => out,
    }
}

/// `content` as code. In a table even code is not safe from bars and backslashes, so only plain words are written
/// in Markdown's way.
fn code(content: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | ',' | '/' | '=');
    if content.chars().all(plain) && content.trim() == content && !content.is_empty() {
        format!("`{content}`")
    } else {
        format!("<code>{}</code>", text(content))
    }
}

fn longest_run(content: &str) -> usize {
    content.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// `content` as a block of code.
fn block(page: &mut String, indent: &str, content: &str) {
    let fence = "`".repeat(longest_run(content).max(2) + 1);
    let _ = writeln!(page, "{indent}{fence}sh");
    for line in content.lines() {
        let _ = writeln!(page, "{indent}{}", escape(line));
    }
    let _ = writeln!(page, "{indent}{fence}");
}

const fn glyph(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Established => "✅",
        Outcome::Refused | Outcome::Failed => "❌",
        Outcome::Incomplete => "❔",
    }
}

fn overview(page: &mut String, report: &Report) {
    let summary = &report.summary;
    let packets = report.captures.iter().map(|capture| capture.packets).sum();
    let _ = writeln!(
        page,
        "{} in {}, {}: {} established, {} refused, {} failed, {} incomplete.\n",
        plural(summary.sessions, "session"),
        plural(report.captures.len() as u64, "capture"),
        plural(packets, "packet"),
        summary.established,
        summary.refused,
        summary.failed,
        summary.incomplete
    );
    if !summary.causes.is_empty() {
        let mut causes: Vec<(&String, &u64)> = summary.causes.iter().collect();
        causes.sort_by_key(|(cause, n)| (std::cmp::Reverse(**n), (*cause).clone()));
        page.push_str("| cause | sessions |\n| --- | ---: |\n");
        for (cause, n) in causes {
            let _ = writeln!(page, "| {} | {n} |", code(cause));
        }
        page.push('\n');
    }
    let odd: Vec<&Capture> = report.captures.iter().filter(|capture| !capture.problems.is_empty()).collect();
    for capture in odd {
        for problem in &capture.problems {
            let place = problem.packet.map(|packet| format!(", packet {packet}")).unwrap_or_default();
            let _ = writeln!(page, "- {}{place}: {}", code(&capture.path), text(&problem.text));
        }
    }
}

fn table(page: &mut String, report: &Report) {
    if report.sessions.is_empty() {
        page.push_str("No TLS handshake, and no attempt at one, was found.\n");
        return;
    }
    let many = report.captures.len() > 1;
    page.push_str("\n## Sessions\n\n| # | | client → server | TLS | cause | has to act |");
    page.push_str(if many { " capture |\n" } else { "\n" });
    page.push_str("| ---: | --- | --- | --- | --- | --- |");
    page.push_str(if many { " --- |\n" } else { "\n" });
    for session in report.sessions.iter().take(ROWS) {
        let diagnosis = &session.diagnosis;
        let none = diagnosis.cause == NO_CAUSE;
        let _ = write!(
            page,
            "| {} | {} {} | {} → {} | {} | {} | {} |",
            session.id,
            glyph(session.outcome),
            session.outcome,
            text(&session.client.to_string()),
            text(&session.server.to_string()),
            text(&negotiated(session).into_iter().take(2).collect::<Vec<_>>().join(", ")),
            if none { String::new() } else { format!("{} ({})", code(&diagnosis.cause), diagnosis.confidence) },
            if none { "" } else { who_acts(session) },
        );
        if many {
            let _ = write!(page, " {} |", text(capture_of(report, session)));
        }
        page.push('\n');
    }
    if let more @ 1.. = report.sessions.len().saturating_sub(ROWS) {
        let _ = writeln!(page, "\nand {more} more.");
    }
}

fn capture_of<'a>(report: &'a Report, session: &Session) -> &'a str {
    let index = usize::try_from(session.capture).ok();
    index.and_then(|index| report.captures.get(index)).map_or("", |capture| capture.path.as_str())
}

fn whole(page: &mut String, report: &Report, session: &Session) {
    let diagnosis = &session.diagnosis;
    let _ = writeln!(
        page,
        "\n## {} Session {}: {} → {}\n",
        glyph(session.outcome),
        session.id,
        text(&session.client.to_string()),
        text(&session.server.to_string())
    );
    let _ = writeln!(page, "**{}**\n", text(&diagnosis.summary));
    let mut rows: Vec<(&str, String)> = vec![
        ("cause", format!("{} ({})", code(&diagnosis.cause), diagnosis.confidence)),
        ("has to act", who_acts(session).to_owned()),
        ("outcome", session.outcome.to_string()),
        ("negotiated", text(&negotiated(session).join(", "))),
        ("when", format!("{}, {}", text(&human(&session.start)), Elapsed(session.duration_us.saturating_mul(1_000)))),
        (
            "packets",
            format!("{} to {} of {}", session.first_packet, session.last_packet, code(capture_of(report, session))),
        ),
        ("decryption", decryption(session.tls.decryption).unwrap_or_default().to_owned()),
    ];
    rows.retain(|(_, value)| !value.is_empty());
    page.push_str("| | |\n| --- | --- |\n");
    for (name, value) in rows {
        let _ = writeln!(page, "| {name} | {value} |");
    }
    if !diagnosis.evidence.is_empty() {
        page.push_str("\n### Why\n\n");
        for evidence in &diagnosis.evidence {
            let _ = writeln!(page, "- packet {}: {}", evidence.packet, text(&evidence.text));
        }
    }
    if !diagnosis.explanation.is_empty() {
        let _ = writeln!(page, "\n{}", prose(&diagnosis.explanation));
    }
    remedies(page, session);
    certificates(page, session);
    doubts(page, session);
    timeline(page, session);
}

fn remedies(page: &mut String, session: &Session) {
    if session.diagnosis.remedies.is_empty() {
        return;
    }
    page.push_str("\n### What to do\n\n");
    for (index, remedy) in session.diagnosis.remedies.iter().enumerate() {
        let whom = match remedy.side {
            Side::Client => "Client: ",
            Side::Server => "Server: ",
            Side::Network => "Network: ",
            Side::Capture => "Capture: ",
            Side::Either | Side::None | Side::Unknown => "",
        };
        let _ = writeln!(page, "{}. {whom}{}", index + 1, text(&remedy.text));
        if let Some(command) = &remedy.command {
            page.push('\n');
            block(page, "   ", command);
        }
    }
}

fn certificates(page: &mut String, session: &Session) {
    let chains = [(Role::Client, &session.certificates.client), (Role::Server, &session.certificates.server)];
    if chains.iter().all(|(_, chain)| chain.is_none()) {
        return;
    }
    page.push_str("\n### Certificates\n\n| from | subject | issuer | valid | key |\n| --- | --- | --- | --- | --- |\n");
    for (role, chain) in chains {
        match chain.as_deref() {
            None => {}
            Some([]) => {
                let _ = writeln!(page, "| {role} | none: an empty Certificate | | | |");
            }
            Some(chain) => chain.iter().for_each(|certificate| row(page, role, certificate)),
        }
    }
}

fn row(page: &mut String, role: Role, certificate: &Certificate) {
    let or_none = |name: &Option<String>| name.as_deref().map_or_else(|| "(empty)".to_owned(), code);
    let date = |time: &Option<Rfc3339>| time.as_deref().and_then(|time| time.get(..10)).unwrap_or("?").to_owned();
    let mark = match certificate.validity {
        Some(Validity::Expired) => " **expired**",
        Some(Validity::NotYetValid) => " **not yet valid**",
        Some(Validity::Valid) | None => "",
    };
    let key = certificate.key.as_ref().map_or_else(String::new, |key| {
        let size = key.size.map(|size| format!(" {size}")).unwrap_or_default();
        format!("{}{size}", key.algorithm)
    });
    let _ = writeln!(
        page,
        "| {role} | {} | {} | {} to {}{mark} | {} |",
        or_none(&certificate.subject),
        or_none(&certificate.issuer),
        text(&date(&certificate.not_before)),
        text(&date(&certificate.not_after)),
        text(&key)
    );
}

fn doubts(page: &mut String, session: &Session) {
    let diagnosis = &session.diagnosis;
    if !diagnosis.needs.is_empty() {
        page.push_str("\n### What would tell more\n\n");
        for need in &diagnosis.needs {
            let _ = writeln!(page, "- {}", prose(need));
        }
    }
    if !diagnosis.alternatives.is_empty() {
        page.push_str("\n### Also considered\n\n");
        for other in &diagnosis.alternatives {
            let _ = writeln!(page, "- {} ({}) {}", code(&other.cause), other.confidence, text(&other.why_not));
        }
    }
}

fn timeline(page: &mut String, session: &Session) {
    if session.timeline.is_empty() {
        return;
    }
    let _ = writeln!(
        page,
        "\n<details><summary>Timeline</summary>\n\n| time | packet | | | |\n| ---: | ---: | --- | --- | --- |"
    );
    let len = session.timeline.len();
    for (index, entry) in session.timeline.iter().enumerate() {
        if len > LONG && (LONG / 2..len - LONG / 2).contains(&index) {
            if index == LONG / 2 {
                let _ = writeln!(page, "| | | | {} more | |", len - LONG / 2 * 2);
            }
            continue;
        }
        line(page, entry);
    }
    page.push_str("\n</details>\n");
}

fn line(page: &mut String, entry: &Entry) {
    let arrow = match entry.from {
        Role::Client => "→",
        Role::Server => "←",
    };
    let marks = match (entry.protected, entry.inferred) {
        (true, true) => " *(encrypted, inferred)*",
        (true, false) => " *(encrypted)*",
        (false, true) => " *(inferred)*",
        (false, false) => "",
    };
    let ms = format!("{}.{:03} ms", entry.elapsed_us / 1_000, (entry.elapsed_us % 1_000).abs());
    let _ =
        writeln!(page, "| {ms} | {} | {arrow} | {}{marks} | {} |", entry.packet, text(&entry.name), text(&entry.text));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn written(sessions: Vec<Session>) -> String {
        crate::render::written(sessions, render)
    }

    #[test]
    fn a_failure_and_a_success() {
        insta::assert_snapshot!(written(vec![sample::expired(), sample::established()]));
    }

    #[test]
    fn a_hostile_peer_can_neither_format_nor_link_nor_mention() {
        assert_eq!(text("<b>@all #1</b>"), "&lt;b&gt;&#64;all &#35;1&lt;/b&gt;");
        assert_eq!(text("[a](http://x) *b* | c"), "\\[a\\](http&#58;//x) \\*b\\* \\| c");
        assert_eq!(prose("- item\nnext"), "&#45; item\\\\nnext");
        assert_eq!(prose("1. one"), "&#49;. one");
        assert_eq!(code("a\\|<b>"), "<code>a\\\\\\|&lt;b&gt;</code>");
        assert_eq!(code("CN = a"), "`CN = a`");
        let page = written(vec![sample::hostile()]);
        assert!(!page.contains("<script") && !page.contains("\nforged"), "{page}");
        assert!(!page.chars().any(|c| c != '\n' && crate::render::escape::is_unsafe(c)));
    }

    #[test]
    fn a_command_cannot_leave_its_block() {
        let mut page = String::new();
        block(&mut page, "", "echo ```` rm\n```");
        assert!(page.starts_with("`````sh\n") && page.ends_with("\n`````\n"), "{page}");
    }
}
