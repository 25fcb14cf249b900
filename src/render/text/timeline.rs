//! The ladder: what was sent, by whom, when, in which packet.

use std::collections::BTreeSet;
use std::io::{self, Write};

use crate::render::text::page::{Page, Spans, Tone};
use crate::report::{Entry, EntryKind, Role, Session};
use crate::time::Elapsed;

/// A pause of this many microseconds is worth a line of its own.
const PAUSE: i64 = 1_000_000;
/// Longer timelines are shortened in the middle.
const LONG: usize = 32;
/// How many entries are kept at the start and at the end of a shortened one.
const HEAD: usize = 18;
const TAIL: usize = 6;

/// Width of the column of names at most: no message of the RFCs has a longer one.
const NAME: usize = 20;

/// Where the columns are.
struct Columns {
    packet: usize,
    name: usize,
}

/// The ladder of a session.
pub(super) fn timeline<W: Write>(page: &mut Page<'_, W>, session: &Session) -> io::Result<()> {
    if session.timeline.is_empty() {
        return Ok(());
    }
    let cited: BTreeSet<u64> = session.diagnosis.evidence.iter().map(|evidence| evidence.packet).collect();
    page.heading("Timeline", &legend(session, &cited))?;
    let columns = Columns {
        packet: session.timeline.iter().map(|entry| entry.packet.to_string().len() + 1).max().unwrap_or(2),
        name: session.timeline.iter().map(|entry| entry.name.chars().count()).max().unwrap_or(0).min(NAME),
    };
    let mut before: Option<&Entry> = None;
    let mut left_out = 0_u64;
    for (index, entry) in session.timeline.iter().enumerate() {
        if !page.style.verbose && !is_kept(session, index, entry, &cited) {
            left_out += 1;
            continue;
        }
        if left_out > 0 {
            pause(page, &format!("{left_out} more"))?;
            left_out = 0;
            before = None;
        }
        if let Some(waited) = before.map(|before| entry.elapsed_us.saturating_sub(before.elapsed_us))
            && waited >= PAUSE
        {
            pause(page, &Elapsed(waited.saturating_mul(1_000)).to_string())?;
        }
        // A packet's number and time stand once, before the first of what it carries.
        let same_packet = before.is_some_and(|before| before.packet == entry.packet);
        row(page, &columns, entry, same_packet, cited.contains(&entry.packet))?;
        before = Some(entry);
    }
    if let Some(dropped) = session.timeline_dropped {
        pause(page, &format!("{dropped} more that were not kept"))?;
    }
    Ok(())
}

/// What the marks mean, of those that occur.
fn legend(session: &Session, cited: &BTreeSet<u64>) -> String {
    let any = |test: fn(&Entry) -> bool| session.timeline.iter().any(test);
    let mut parts = vec!["→ client to server", "← server to client"];
    if session.timeline.iter().any(|entry| cited.contains(&entry.packet)) {
        parts.push("◀ evidence");
    }
    if any(|entry| entry.protected) {
        parts.push("■ encrypted");
    }
    if any(|entry| entry.inferred) {
        parts.push("~ inferred");
    }
    parts.join(", ")
}

fn is_kept(session: &Session, index: usize, entry: &Entry, cited: &BTreeSet<u64>) -> bool {
    let len = session.timeline.len();
    len <= LONG
        || index < HEAD
        || index + TAIL >= len
        || entry.kind == EntryKind::Alert
        || cited.contains(&entry.packet)
}

fn pause<W: Write>(page: &mut Page<'_, W>, text: &str) -> io::Result<()> {
    page.line(&Spans::of(Tone::Dim, format!("{:>11}  {text}", "⋮")))
}

fn row<W: Write>(
    page: &mut Page<'_, W>,
    columns: &Columns,
    entry: &Entry,
    same_packet: bool,
    cited: bool,
) -> io::Result<()> {
    let elapsed = elapsed(entry.elapsed_us);
    let number = format!("#{}", entry.packet);
    let width = columns.packet;
    let arrow = match (entry.kind, entry.from) {
        (EntryKind::Note, _) => "·",
        (_, Role::Client) => "→",
        (_, Role::Server) => "←",
    };
    let lead = if same_packet {
        Spans::of(Tone::Plain, " ".repeat(11 + 2 + width))
    } else {
        Spans::of(Tone::Dim, format!("{elapsed:>11}  {number:>width$}"))
    };
    let lead = lead
        .add(Tone::Evidence, if cited && !same_packet { " ◀" } else { "  " })
        .add(Tone::Strong, format!(" {arrow} "))
        .add(Tone::Dim, if entry.protected { "■" } else { " " })
        .add(Tone::Warn, if entry.inferred { "~" } else { " " })
        .append(Spans::of(Tone::of_name(entry), &entry.name).cut(NAME));
    let column = 11 + 2 + width + 2 + 3 + 2 + columns.name + 2;
    let lead = if entry.text.is_empty() { lead } else { lead.add(Tone::Plain, "  ").pad(column) };
    if page.style.verbose {
        return page.flow(lead, Spans::of(Tone::Plain, &entry.text));
    }
    let width = page.width();
    page.line(&lead.add(Tone::Plain, &entry.text).cut(width))
}

/// Milliseconds to a tenth, so that neighbours can be told apart, as long as that is readable.
pub(crate) fn elapsed(us: i64) -> String {
    const READABLE: i64 = 100_000_000;
    if (0..READABLE).contains(&us) {
        format!("{}.{} ms", us / 1_000, us % 1_000 / 100)
    } else {
        Elapsed(us.saturating_mul(1_000)).to_string()
    }
}
