//! What a cause or an alert means, as `tlswhy explain` prints it.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::cause::Cause;
use crate::diagnosis::rules::pages;
use crate::iana::alerts;
use crate::knowledge::remedies::{self, Row};
use crate::knowledge::{dialects, stacks};
use crate::render::text::Style;
use crate::render::text::page::{Page, Spans, Tone};
use crate::role::{Role, Side};

/// Every cause with the sentence that says what it means.
///
/// # Errors
/// Those of `out`.
pub(crate) fn list<W: Write>(out: &mut W, style: &Style) -> io::Result<()> {
    let page = &mut Page::new(out, style);
    let width = Cause::ALL.iter().map(|cause| cause.code().len()).max().unwrap_or(0);
    for cause in Cause::ALL {
        let lead = Spans::of(Tone::Strong, cause.code()).pad(width + 2);
        page.flow(lead, Spans::of(Tone::Plain, cause.meaning()))?;
    }
    Ok(())
}

/// The page of a cause, what to do about it, and which alerts are sent for it.
///
/// # Errors
/// Those of `out`.
pub(crate) fn cause<W: Write>(out: &mut W, cause: Cause, style: &Style) -> io::Result<()> {
    let page = &mut Page::new(out, style);
    page.line(&Spans::of(Tone::Strong, cause.code()))?;
    page.row(2, "it means", 10, Spans::of(Tone::Plain, cause.meaning()))?;
    page.row(2, "side", 10, Spans::of(Tone::Plain, side(cause.side())))?;
    for (heading, text) in pages::sections(pages::of(cause)) {
        page.heading(heading, "")?;
        for paragraph in text.split("\n\n") {
            let body = prose(&paragraph.replace('\n', " "), style.colour);
            page.flow(Spans::of(Tone::Plain, "    "), body)?;
        }
    }
    commands(page, cause)?;
    said_for(page, cause)
}

fn side(side: Side) -> String {
    match side {
        Side::Client | Side::Server => format!("{} (has to change something)", side.name()),
        Side::Network => "network (something between client and server has to change)".to_owned(),
        Side::Either => "either (a change on the client or on the server suffices)".to_owned(),
        Side::Capture => "capture (it has to be made again)".to_owned(),
        Side::None => "none (nothing failed)".to_owned(),
        Side::Unknown => "unknown".to_owned(),
    }
}

/// Text with `code` in it. Where there is colour, that takes the place of the marks.
fn prose(text: &str, colour: bool) -> Spans {
    let mut spans = Spans::new();
    for (index, part) in text.split('`').enumerate() {
        match (index % 2 == 1, colour) {
            (false, _) => spans.push(Tone::Plain, part.replace("**", "").replace('*', "")),
            (true, true) => spans.push(Tone::Evidence, part),
            (true, false) => spans.push(Tone::Plain, format!("`{part}`")),
        }
    }
    spans
}

/// The rows of the table of remedies, those for everybody first, then by program.
fn commands<W: Write>(page: &mut Page<'_, W>, cause: Cause) -> io::Result<()> {
    let (general, own): (Vec<&Row>, Vec<&Row>) =
        remedies::all().filter(|row| row.cause == cause).partition(|row| row.whom.label().is_none());
    if general.is_empty() && own.is_empty() {
        return Ok(());
    }
    page.heading("What to do", "")?;
    for row in general.into_iter().chain(own) {
        let lead = Spans::of(Tone::Plain, "    • ");
        let who = match (row.whom.label(), row.side) {
            (Some(label), Side::Client) => format!("Client, {label}: "),
            (Some(label), _) => format!("{label}: "),
            (None, Side::Client) => "Client: ".to_owned(),
            (None, Side::Server) => "Server: ".to_owned(),
            (None, Side::Network) => "Network: ".to_owned(),
            (None, _) => String::new(),
        };
        page.flow(lead, Spans::of(Tone::Dim, who).add(Tone::Plain, row.text))?;
        for line in row.command.iter().flat_map(|command| command.lines()) {
            page.line(&Spans::of(Tone::Plain, "        ").add(Tone::Heading, line))?;
        }
    }
    Ok(())
}

/// Which stack sends which alert for a cause.
fn said_for<W: Write>(page: &mut Page<'_, W>, cause: Cause) -> io::Result<()> {
    let rows: Vec<_> = dialects::ROWS.iter().filter(|row| row.cause == cause).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let verifier = cause.about_certificate_of().map_or(Role::Server, Role::peer);
    page.heading(&format!("What the {verifier} sends for it, by its TLS stack"), "")?;
    let width = rows.iter().map(|row| stacks::name(row.stack).len()).max().unwrap_or(0);
    for row in rows {
        let mut said: Vec<String> =
            row.alerts.iter().map(|alert| format!("{} ({alert})", alerts::display(*alert))).collect();
        if row.closes {
            said.push("no alert: it closes the connection".to_owned());
        }
        page.row(4, stacks::name(row.stack), width + 2, Spans::of(Tone::Plain, said.join(", or ")))?;
    }
    Ok(())
}

/// What an alert says, and for which causes it is known. `false` where it has no name.
///
/// # Errors
/// Those of `out`.
pub(crate) fn alert<W: Write>(out: &mut W, code: u8, style: &Style) -> io::Result<bool> {
    let Some(name) = alerts::name(code) else { return Ok(false) };
    let page = &mut Page::new(out, style);
    page.line(&Spans::of(Tone::Strong, format!("alert {code}: {name}")))?;
    if let Some(meaning) = alerts::meaning(code) {
        page.flow(Spans::of(Tone::Plain, "  "), Spans::of(Tone::Plain, meaning))?;
    }
    known_for(page, code)?;
    let quoted = format!("`{name}`");
    let speaks = |cause: &&Cause| pages::of(**cause).contains(&quoted);
    let causes: Vec<&str> = Cause::ALL.iter().filter(speaks).map(|cause| cause.code()).collect();
    if !causes.is_empty() {
        page.heading("Causes whose page speaks of it", "")?;
        page.flow(Spans::of(Tone::Plain, "    "), Spans::of(Tone::Plain, causes.join(", ")))?;
        page.blank()?;
        let hint = "`tlswhy explain CAUSE` prints a page, with what to do.";
        page.flow(Spans::of(Tone::Plain, "  "), prose(hint, style.colour))?;
    }
    Ok(true)
}

/// The causes that an alert is known for, by the stack that sends it.
fn known_for<W: Write>(page: &mut Page<'_, W>, code: u8) -> io::Result<()> {
    let mut known: BTreeMap<&str, [Vec<&str>; 2]> = BTreeMap::new();
    for row in dialects::ROWS.iter().filter(|row| row.alerts.contains(&code)) {
        let [server, client] = known.entry(stacks::name(row.stack)).or_default();
        match row.cause.about_certificate_of() {
            Some(Role::Server) => client.push(row.cause.code()),
            _ => server.push(row.cause.code()),
        }
    }
    let width = known.keys().map(|name| name.len()).max().unwrap_or(0);
    for (index, verifier) in ["server", "client"].into_iter().enumerate() {
        let said: Vec<(&str, String)> = known
            .iter()
            .filter_map(|(name, lists)| {
                let list = lists.get(index).filter(|list| !list.is_empty())?;
                Some((*name, list.join(", ")))
            })
            .collect();
        if said.is_empty() {
            continue;
        }
        page.heading(&format!("What a {verifier} is known to send it for, by its TLS stack"), "")?;
        for (name, list) in said {
            page.row(4, name, width + 2, Spans::of(Tone::Plain, list))?;
        }
    }
    Ok(())
}
