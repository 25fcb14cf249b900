//! What stands above and around the sessions: the captures, the counts, and many sessions at a time.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::render::text::page::{Page, Spans, Tone};
use crate::render::text::{human, mark, plural, session};
use crate::report::{Capture, NO_CAUSE, Outcome, Report, Session};

/// As many captures get a line each; more are counted.
const CAPTURES: usize = 12;
/// How many failures are told in full.
const IN_FULL: usize = 5;
/// How many further failures, and how many successes, get a line each.
const ONE_LINE: usize = 12;
/// How many session ids are listed.
const IDS: usize = 12;

/// A line for each capture.
pub(super) fn captures<W: Write>(page: &mut Page<'_, W>, report: &Report) -> io::Result<()> {
    let shown = if page.style.verbose { report.captures.len() } else { CAPTURES };
    if report.captures.len() > shown {
        let packets = report.captures.iter().map(|capture| capture.packets).sum();
        let count = format!("{}  ", plural(report.captures.len() as u64, "capture"));
        let total = format!("{} in all", plural(packets, "packet"));
        return page.flow(Spans::of(Tone::Strong, count), Spans::of(Tone::Dim, total));
    }
    for capture in &report.captures {
        let (mut lead, facts) = (Spans::of(Tone::Strong, &capture.path), facts(capture));
        if lead.width() + 2 + facts.len() > page.width() {
            // Beside a long path they would stand in a narrow column.
            page.line(&lead)?;
            lead = Spans::default();
        }
        page.flow(lead.add(Tone::Plain, "  "), Spans::of(Tone::Dim, facts))?;
    }
    Ok(())
}

fn facts(capture: &Capture) -> String {
    let mut facts = vec![capture.format.clone(), plural(capture.packets, "packet")];
    match (&capture.first, &capture.last) {
        (Some(first), Some(last)) if human(first) != human(last) => {
            facts.push(format!("{} to {}", human(first).trim_end_matches(" UTC"), human(last)));
        }
        (Some(first), _) => facts.push(human(first)),
        _ => {}
    }
    facts.retain(|fact| !fact.is_empty());
    facts.join(", ")
}

/// A capture in which no session was found.
pub(super) fn nothing<W: Write>(page: &mut Page<'_, W>, report: &Report) -> io::Result<()> {
    captures(page, report)?;
    page.blank()?;
    let lead = Spans::of(Tone::Warn, "? NOTHING FOUND").add(Tone::Plain, "  ");
    page.flow(lead, Spans::of(Tone::Plain, "No TLS handshake, and no attempt at one, is in this capture."))?;
    let links: Vec<&str> =
        report.captures.iter().flat_map(|capture| capture.link_types.iter().map(String::as_str)).collect();
    page.blank()?;
    let packets: u64 = report.captures.iter().map(|capture| capture.packets).sum();
    let hint = if packets == 0 {
        "It holds no packets: was the right interface captured, and was the capture filter too narrow?".to_owned()
    } else {
        format!(
            "It holds {}{}. Handshakes are found on any port, but only where the capture has their first packets: \
             start it before the client connects.",
            plural(packets, "packet"),
            if links.is_empty() { String::new() } else { format!(" ({})", links.join(", ")) },
        )
    };
    page.flow(Spans::of(Tone::Plain, "  "), Spans::of(Tone::Plain, hint))?;
    capture_problems(page, report)
}

/// What was odd about the captures.
pub(super) fn capture_problems<W: Write>(page: &mut Page<'_, W>, report: &Report) -> io::Result<()> {
    const SHOWN: usize = 8;
    let all: Vec<_> = report.captures.iter().flat_map(|capture| &capture.problems).collect();
    if all.is_empty() {
        return Ok(());
    }
    page.heading("Odd about the capture", "")?;
    let shown = if page.style.verbose { all.len() } else { SHOWN };
    for problem in all.iter().take(shown) {
        session::problem(page, problem)?;
    }
    more(page, all.len(), shown)
}

fn more<W: Write>(page: &mut Page<'_, W>, all: usize, shown: usize) -> io::Result<()> {
    match all.saturating_sub(shown) {
        0 => Ok(()),
        left => page.line(&Spans::of(Tone::Dim, format!("    and {left} more"))),
    }
}

/// The counts, and a table of causes.
pub(super) fn counts<W: Write>(page: &mut Page<'_, W>, report: &Report) -> io::Result<()> {
    let summary = &report.summary;
    page.blank()?;
    let mut body = Spans::of(Tone::Strong, plural(summary.sessions, "session"));
    let counted = [
        (Outcome::Failed, summary.failed),
        (Outcome::Refused, summary.refused),
        (Outcome::Incomplete, summary.incomplete),
        (Outcome::Established, summary.established),
    ];
    for (index, (outcome, n)) in counted.into_iter().filter(|(_, n)| *n > 0).enumerate() {
        let (glyph, _, tone) = mark(outcome);
        body = body.add(Tone::Plain, if index == 0 { ": " } else { ", " });
        body = body.add(tone, format!("{glyph} {n}")).add(Tone::Plain, format!(" {outcome}"));
    }
    page.flow(Spans::of(Tone::Plain, "  "), body)?;
    let mut causes: Vec<(&String, &u64)> = summary.causes.iter().collect();
    if causes.is_empty() {
        return Ok(());
    }
    causes.sort_by_key(|(cause, n)| (std::cmp::Reverse(**n), (*cause).clone()));
    page.blank()?;
    let widest = causes.iter().map(|(cause, _)| cause.len()).max().unwrap_or(0);
    for (cause, n) in causes {
        let side = report.sessions.iter().find(|session| session.diagnosis.cause == *cause).map(session::who_acts);
        let row = Spans::of(Tone::Strong, format!("{n:>7}"))
            .add(Tone::Plain, "  ")
            .add(Tone::Plain, cause)
            .pad(9 + widest + 2)
            .add(Tone::Dim, side.unwrap_or_default());
        let width = page.width();
        page.line(&row.cut(width))?;
    }
    Ok(())
}

/// What sessions say together.
pub(super) fn notes<W: Write>(page: &mut Page<'_, W>, report: &Report) -> io::Result<()> {
    const SHOWN: usize = 6;
    let notes = &report.summary.notes;
    if notes.is_empty() {
        return Ok(());
    }
    page.heading("Across sessions", "")?;
    let shown = if page.style.verbose { notes.len() } else { SHOWN };
    for note in notes.iter().take(shown) {
        page.flow(Spans::of(Tone::Plain, "    • "), Spans::of(Tone::Plain, &note.text))?;
    }
    more(page, notes.len(), shown)
}

/// Sessions that failed alike: same outcome, cause, client and server.
struct Group<'a> {
    first: &'a Session,
    ids: Vec<u64>,
}

fn groups(report: &Report) -> Vec<Group<'_>> {
    let mut groups: BTreeMap<_, Group<'_>> = BTreeMap::new();
    for session in report.sessions.iter().filter(|session| is_failure(session)) {
        let key = (
            session.capture,
            session.outcome,
            session.diagnosis.cause.as_str(),
            session.client.address.as_str(),
            &session.server,
        );
        groups.entry(key).or_insert_with(|| Group { first: session, ids: Vec::new() }).ids.push(session.id);
    }
    let mut groups: Vec<Group<'_>> = groups.into_values().collect();
    // What failed stands before what cannot be known, and what failed often before what failed once.
    groups.sort_by_key(|group| {
        let unknown = group.first.outcome == Outcome::Incomplete;
        (unknown, std::cmp::Reverse(group.ids.len()), group.first.capture, group.first.id)
    });
    groups
}

fn is_failure(session: &Session) -> bool {
    session.outcome != Outcome::Established || session.diagnosis.cause != NO_CAUSE
}

/// Failures first, the most frequent in full; then the successes, a line each.
pub(super) fn sessions<W: Write>(page: &mut Page<'_, W>, report: &Report) -> io::Result<()> {
    let groups = groups(report);
    let full = if page.style.verbose { groups.len() } else { IN_FULL };
    for group in groups.iter().take(full) {
        page.blank()?;
        page.line(&Spans::of(Tone::Dim, "─".repeat(page.width().min(100))))?;
        session::whole(page, report, group.first)?;
        if group.ids.len() > 1 {
            let rest = group.ids.get(1..).unwrap_or(&[]);
            let lead = Spans::of(Tone::Plain, "  ").add(Tone::Strong, format!("And {} more like it", rest.len()));
            page.blank()?;
            page.flow(lead, Spans::of(Tone::Dim, format!(": {}", ids(rest))))?;
        }
    }
    further(page, groups.get(full..).unwrap_or(&[]))?;
    successes(page, report)
}

fn further<W: Write>(page: &mut Page<'_, W>, groups: &[Group<'_>]) -> io::Result<()> {
    if groups.is_empty() {
        return Ok(());
    }
    page.heading("Further failures", "")?;
    for group in groups.iter().take(ONE_LINE) {
        let session = group.first;
        let (glyph, _, tone) = mark(session.outcome);
        let lead = Spans::of(Tone::Plain, "  ").add(tone, glyph).add(Tone::Plain, " ");
        let body = Spans::of(Tone::Strong, &session.diagnosis.cause)
            .add(Tone::Plain, format!(" · {} → {}", session.client.address, session.server))
            .add(Tone::Dim, format!(" · {}", ids(&group.ids)));
        page.flow(lead, body)?;
    }
    more(page, groups.len(), ONE_LINE)
}

fn ids(ids: &[u64]) -> String {
    let word = if ids.len() == 1 { "session" } else { "sessions" };
    let shown: Vec<String> = ids.iter().take(IDS).map(u64::to_string).collect();
    let more = if ids.len() > IDS { ", …" } else { "" };
    format!("{word} {}{more}", shown.join(", "))
}

fn successes<W: Write>(page: &mut Page<'_, W>, report: &Report) -> io::Result<()> {
    let all: Vec<&Session> = report.sessions.iter().filter(|session| !is_failure(session)).collect();
    if all.is_empty() {
        return Ok(());
    }
    page.heading("Established", "")?;
    let shown = if page.style.verbose { all.len() } else { ONE_LINE };
    let number = all.iter().take(shown).map(|session| session.id.to_string().len()).max().unwrap_or(1);
    for session in all.iter().take(shown) {
        let (glyph, _, tone) = mark(session.outcome);
        let row = Spans::of(Tone::Plain, "  ")
            .add(tone, glyph)
            .add(Tone::Dim, format!(" {:>number$}", session.id))
            .add(Tone::Plain, format!("  {} → {}", session.client, session.server))
            .add(Tone::Dim, format!("  {}", session::negotiated(session).join(" · ")));
        let width = page.width();
        page.line(&row.cut(width))?;
    }
    more(page, all.len(), shown)
}
