//! The timeline as a picture: two lifelines, an arrow for each packet's message between them. Time does not run
//! to scale; a pause is written where it was.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::render::html::text;
use crate::render::text::timeline::elapsed;
use crate::report::{Entry, EntryKind, Role, Session};
use crate::time::Elapsed;

const ROW: usize = 22;
const TOP: usize = 34;
const WIDTH: usize = 1_100;
const CLIENT: usize = 190;
const SERVER: usize = 560;
const WORDS: usize = 580;
const LEGEND: usize = 610;
/// Longer timelines are shortened in the middle.
const LONG: usize = 120;
/// A pause of this many microseconds is worth a line of its own.
const PAUSE: i64 = 1_000_000;
/// Characters of an entry's text; all of it is in the tooltip.
const TEXT: usize = 68;
const NAME: usize = 40;

enum Line<'a> {
    Entry { entry: &'a Entry, same_packet: bool },
    Pause(String),
}

/// Draws the timeline of a session.
pub(super) fn svg(page: &mut String, session: &Session) {
    let lines = lines(session);
    let height = TOP + lines.len() * ROW + 10;
    let cited: BTreeSet<u64> = session.diagnosis.evidence.iter().map(|evidence| evidence.packet).collect();
    let _ = writeln!(
        page,
        "<div class=\"scroll\"><svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"Timeline of session {}\">",
        session.id
    );
    let _ = writeln!(
        page,
        "<text x=\"{CLIENT}\" y=\"16\" text-anchor=\"middle\" class=\"t-head\">client</text>\
         <text x=\"{SERVER}\" y=\"16\" text-anchor=\"middle\" class=\"t-head\">server</text>\
         <text x=\"{LEGEND}\" y=\"16\" class=\"t-dim\">{}</text>",
        legend(session, &cited)
    );
    for (index, line) in lines.iter().enumerate() {
        let y = TOP + index * ROW;
        if let Line::Entry { entry, .. } = line
            && cited.contains(&entry.packet)
        {
            let _ =
                writeln!(page, "<rect class=\"cited\" x=\"0\" y=\"{}\" width=\"{WIDTH}\" height=\"{ROW}\"/>", y - 5);
        }
    }
    for x in [CLIENT, SERVER] {
        let _ = writeln!(page, "<line class=\"life\" x1=\"{x}\" y1=\"24\" x2=\"{x}\" y2=\"{}\"/>", height - 4);
    }
    for (index, line) in lines.iter().enumerate() {
        let y = TOP + index * ROW;
        match line {
            Line::Entry { entry, same_packet } => arrow(page, entry, y, *same_packet),
            Line::Pause(words) => {
                let middle = (CLIENT + SERVER) / 2;
                let _ = writeln!(
                    page,
                    "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\" class=\"t-dim\">⋮ {}</text>",
                    y + 10,
                    text(words)
                );
            }
        }
    }
    page.push_str("</svg></div>\n");
}

fn legend(session: &Session, cited: &BTreeSet<u64>) -> String {
    let mut parts = Vec::new();
    if session.timeline.iter().any(|entry| cited.contains(&entry.packet)) {
        parts.push("marked: evidence");
    }
    if session.timeline.iter().any(|entry| entry.protected) {
        parts.push("dashed: encrypted");
    }
    if session.timeline.iter().any(|entry| entry.inferred) {
        parts.push("~ inferred");
    }
    parts.join(", ")
}

fn lines(session: &Session) -> Vec<Line<'_>> {
    let len = session.timeline.len();
    let left_out = if len > LONG { LONG / 2..len - LONG / 2 } else { 0..0 };
    let mut lines = Vec::new();
    let mut before: Option<&Entry> = None;
    for (index, entry) in session.timeline.iter().enumerate() {
        if left_out.contains(&index) {
            if index == left_out.start {
                lines.push(Line::Pause(format!("{} more", left_out.len())));
            }
            before = None;
            continue;
        }
        if let Some(waited) = before.map(|before| entry.elapsed_us.saturating_sub(before.elapsed_us))
            && waited >= PAUSE
        {
            lines.push(Line::Pause(Elapsed(waited.saturating_mul(1_000)).to_string()));
        }
        lines.push(Line::Entry { entry, same_packet: before.is_some_and(|before| before.packet == entry.packet) });
        before = Some(entry);
    }
    if let Some(dropped) = session.timeline_dropped {
        lines.push(Line::Pause(format!("{dropped} more that were not kept")));
    }
    lines
}

fn arrow(page: &mut String, entry: &Entry, y: usize, same_packet: bool) {
    let line = y + 8;
    let (from, to, tip) = match entry.from {
        Role::Client => (CLIENT + 3, SERVER - 3, SERVER - 11),
        Role::Server => (SERVER - 3, CLIENT + 3, CLIENT + 11),
    };
    let class = match (entry.kind, entry.from) {
        (EntryKind::Alert, _) => "alert",
        (EntryKind::Tcp, _) if entry.name == "RST" => "alert",
        (_, Role::Client) => "client",
        (_, Role::Server) => "server",
    };
    let dash = if entry.protected { " dash" } else { "" };
    let _ = write!(page, "<g><title>{}</title>", text(&tooltip(entry)));
    if !same_packet {
        let _ = write!(
            page,
            "<text x=\"100\" y=\"{t}\" text-anchor=\"end\" class=\"t-dim\">{}</text>\
             <text x=\"178\" y=\"{t}\" text-anchor=\"end\" class=\"t-dim\">#{}</text>",
            text(&elapsed(entry.elapsed_us)),
            entry.packet,
            t = y + 12
        );
    }
    let middle = (CLIENT + SERVER) / 2;
    if entry.kind != EntryKind::Note {
        let _ = write!(
            page,
            "<line class=\"{class}{dash}\" x1=\"{from}\" y1=\"{line}\" x2=\"{to}\" y2=\"{line}\"/>\
             <polygon class=\"{class}\" points=\"{to},{line} {tip},{} {tip},{}\"/>",
            line - 4,
            line + 4
        );
    }
    let inferred = if entry.inferred { "~ " } else { "" };
    let tone = if class == "alert" { " class=\"t-bad\"" } else { "" };
    let _ = writeln!(
        page,
        "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\"{tone}>{inferred}{}</text>\
         <text x=\"{WORDS}\" y=\"{}\"{tone}>{}</text></g>",
        y + 4,
        text(&cut(&entry.name, NAME)),
        y + 12,
        text(&cut(&entry.text, TEXT))
    );
}

fn tooltip(entry: &Entry) -> String {
    let length = entry.length.map(|length| format!(", {length} bytes")).unwrap_or_default();
    let colon = if entry.text.is_empty() { "" } else { ": " };
    format!(
        "packet {}, {}, {} from the {}{length}{colon}{}",
        entry.packet, entry.time, entry.name, entry.from, entry.text
    )
}

fn cut(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.to_owned();
    }
    text.chars().take(columns - 1).chain(['…']).collect()
}
