//! The ladder: client on the left, server on the right, time downwards; silences are drawn as long as
//! they were felt.

use std::collections::BTreeSet;

use crate::render::text::timeline::elapsed;
use crate::report::{Entry, EntryKind, Role, Session};
use crate::time::Elapsed;
use crate::tui::line::{Line, Link, Tone};

/// Silences from which on they are drawn, in microseconds, and in how many rows.
const SILENCES: [(i64, usize); 3] = [(10_000_000, 3), (1_000_000, 2), (250_000, 1)];
/// Below this many columns there is no room for lifelines.
const NARROW: usize = 60;
/// Columns of the elapsed time.
const ELAPSED: usize = 10;

/// A row of the ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Row {
    Entry(usize),
    /// A row of a silence; the one in the middle says how long it was.
    Silence(Option<i64>),
    /// So many entries were not kept.
    NotKept(u64),
}

fn rows(session: &Session) -> Vec<Row> {
    let mut rows = Vec::with_capacity(session.timeline.len());
    let mut before: Option<&Entry> = None;
    for (index, entry) in session.timeline.iter().enumerate() {
        let waited = before.map_or(0, |before| entry.elapsed_us.saturating_sub(before.elapsed_us));
        if let Some((_, height)) = SILENCES.iter().find(|(from, _)| waited >= *from) {
            rows.extend((0..*height).map(|row| Row::Silence((row == height / 2).then_some(waited))));
        }
        rows.push(Row::Entry(index));
        before = Some(entry);
    }
    rows.extend(session.timeline_dropped.map(Row::NotKept));
    rows
}

/// The row of the first entry that packet `packet` completed.
pub fn row_of_packet(session: &Session, packet: u64) -> Option<usize> {
    let of_packet = |row: &Row| match row {
        Row::Entry(index) => session.timeline.get(*index).is_some_and(|entry| entry.packet == packet),
        _ => false,
    };
    rows(session).iter().position(of_packet)
}

/// The entry in row `row`, or in the last row before it that has one.
pub fn entry_at(session: &Session, row: usize) -> Option<(usize, &Entry)> {
    let index = rows(session).into_iter().take(row + 1).rev().find_map(|row| match row {
        Row::Entry(index) => Some(index),
        _ => None,
    })?;
    session.timeline.get(index).map(|entry| (index, entry))
}

/// What stands above the ladder: whose side is which, and what the marks mean, of those that occur.
pub fn header(session: &Session, width: usize) -> Line {
    let cited = cited(session);
    let any = |test: &dyn Fn(&Entry) -> bool| session.timeline.iter().any(test);
    let mut legend = Line::default();
    for (occurs, tone, text) in [
        (any(&|entry| cited.contains(&entry.packet)), Tone::Evidence, "◆ evidence"),
        (any(&|entry| entry.protected), Tone::Plain, "■ encrypted"),
        (any(&|entry| entry.inferred), Tone::Warn, "~ inferred"),
    ] {
        if occurs {
            legend = if legend.width() > 0 { legend.add(Tone::Plain, "  ") } else { legend }.add(tone, text);
        }
    }
    if width < NARROW {
        return legend.cut(width);
    }
    let packet = packet_width(session);
    let lead = format!("{:>ELAPSED$}  {:>packet$}    ", "elapsed", "packet");
    let client = Line::of(Tone::Dim, lead).add(Tone::Heading, "client");
    let room = width.saturating_sub(client.width() + "server".len());
    let legend = legend.cut(room.saturating_sub(2));
    let left = room.saturating_sub(legend.width()) / 2;
    let column = client.width() + left;
    client.pad(column).append(legend).pad(width.saturating_sub("server".len())).add(Tone::Heading, "server").cut(width)
}

/// The ladder.
pub fn lines(session: &Session, width: usize) -> Vec<Line> {
    let cited = cited(session);
    let packet = packet_width(session);
    let mut before: Option<u64> = None;
    rows(session)
        .into_iter()
        .map(|row| match row {
            Row::Entry(index) => {
                let Some(entry) = session.timeline.get(index) else { return Line::blank() };
                let same_packet = before.replace(entry.packet) == Some(entry.packet);
                let ladder = Ladder { entry, same_packet, cited: cited.contains(&entry.packet), packet, width };
                ladder.line().link(Link::Entry(index))
            }
            Row::Silence(waited) => silence(waited, packet, width).link(Link::Skip),
            Row::NotKept(n) => Line::of(Tone::Warn, format!("{n} more entries were not kept")),
        })
        .collect()
}

fn cited(session: &Session) -> BTreeSet<u64> {
    session.diagnosis.evidence.iter().map(|evidence| evidence.packet).collect()
}

fn packet_width(session: &Session) -> usize {
    session.timeline.iter().map(|entry| entry.packet.to_string().len() + 1).max().unwrap_or(0).max("packet".len())
}

/// Broken lifelines, and how long nothing was sent.
fn silence(waited: Option<i64>, packet: usize, width: usize) -> Line {
    let text = waited.map(|us| format!(" {} of silence ", Elapsed(us.saturating_mul(1_000)))).unwrap_or_default();
    if width < NARROW {
        return Line::of(Tone::Dim, format!("{:>ELAPSED$} ", "⋮")).add(Tone::Warn, text).cut(width);
    }
    let lead = Line::of(Tone::Plain, " ".repeat(ELAPSED + 2 + packet + 3)).add(Tone::Dim, "┆");
    let left = lead.width() + (width.saturating_sub(lead.width() + 1 + text.chars().count())) / 2;
    lead.pad(left).add(Tone::Warn, text).pad(width.saturating_sub(1)).add(Tone::Dim, "┆")
}

/// What a row of an entry is made of.
struct Ladder<'a> {
    entry: &'a Entry,
    same_packet: bool,
    cited: bool,
    packet: usize,
    width: usize,
}

impl Ladder<'_> {
    fn line(&self) -> Line {
        let time = if self.same_packet { String::new() } else { elapsed(self.entry.elapsed_us) };
        let mark = if self.cited { "◆" } else { " " };
        if self.width < NARROW {
            let arrow = match (self.entry.kind, self.entry.from) {
                (EntryKind::Note, _) => "·",
                (_, Role::Client) => "→",
                (_, Role::Server) => "←",
            };
            let number = format!("#{}", self.entry.packet);
            return Line::of(Tone::Dim, format!("{time:>ELAPSED$} {number:<3}"))
                .add(Tone::Evidence, mark)
                .add(Tone::Strong, format!("{arrow} "))
                .append(self.label())
                .cut(self.width);
        }
        let number = format!("#{}", self.entry.packet);
        let packet = self.packet;
        let lead = Line::of(Tone::Dim, format!("{time:>ELAPSED$}  {number:>packet$} "))
            .add(Tone::Evidence, mark)
            .add(Tone::Plain, " ")
            .add(Tone::Dim, "│");
        let inner = self.width.saturating_sub(lead.width() + 1);
        // An arrow has to stay one, however much there is to say.
        let label = self.label().cut(inner.saturating_sub(4));
        let shaft = inner.saturating_sub(label.width() + 2);
        let (tone, label) = (self.shaft_tone(), label);
        let lead = match (self.entry.kind, self.entry.from) {
            (EntryKind::Note, _) => {
                let left = shaft / 2;
                lead.add(Tone::Dim, "·".repeat(left))
                    .add(Tone::Plain, " ")
                    .append(label)
                    .add(Tone::Plain, " ")
                    .add(Tone::Dim, "·".repeat(shaft - left))
            }
            (_, Role::Client) => lead.append(label).add(Tone::Plain, " ").add(tone, "─".repeat(shaft)).add(tone, "→"),
            (_, Role::Server) => lead.add(tone, "←").add(tone, "─".repeat(shaft)).add(Tone::Plain, " ").append(label),
        };
        lead.pad(self.width.saturating_sub(1)).add(Tone::Dim, "│")
    }

    /// Marks, name, size, and the line for a person.
    fn label(&self) -> Line {
        let entry = self.entry;
        let name = if self.cited { Tone::Evidence } else { Tone::of_name(entry) };
        let mut label = Line::of(Tone::Plain, if entry.protected { "■" } else { "" })
            .add(Tone::Warn, if entry.inferred { "~" } else { "" })
            .add(name, &entry.name);
        if let Some(length) = entry.length {
            label = label.add(Tone::Dim, format!(" {length} B"));
        }
        if !entry.text.is_empty() {
            label = label.add(text_tone(entry), format!("  {}", entry.text));
        }
        label
    }

    const fn shaft_tone(&self) -> Tone {
        match (self.cited, self.entry.kind) {
            (true, _) => Tone::Evidence,
            (false, EntryKind::Alert) => Tone::Bad,
            (false, _) => Tone::Dim,
        }
    }
}

const fn text_tone(entry: &Entry) -> Tone {
    match entry.kind {
        EntryKind::Alert => Tone::Bad,
        EntryKind::Note => Tone::Warn,
        _ => Tone::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn text(session: &Session, width: usize) -> String {
        lines(session, width).iter().map(|line| line.text() + "\n").collect()
    }

    #[test]
    fn a_ladder() {
        let session = sample::expired();
        insta::assert_snapshot!(format!("{}\n{}", header(&session, 100).text(), text(&session, 100)));
    }

    #[test]
    fn silences_are_as_long_as_they_were_felt() {
        let rows = rows(&sample::no_common_cipher());
        assert_eq!(rows.iter().filter(|row| matches!(row, Row::Silence(_))).count(), 3);
        assert_eq!(rows.iter().filter(|row| matches!(row, Row::Silence(Some(us)) if *us == 15_000_000)).count(), 1);
        insta::assert_snapshot!(text(&sample::no_common_cipher(), 90));
    }

    #[test]
    fn every_line_is_as_wide_as_the_ladder_whatever_a_peer_sends() {
        for width in 0..140 {
            for line in lines(&sample::hostile(), width) {
                assert!(line.width() <= width || width < 30, "{width}: {}", line.text());
                assert!(width < NARROW || line.width() == width, "{width}: {}", line.text());
            }
            assert!(header(&sample::hostile(), width).width() <= width);
        }
    }

    #[test]
    fn rows_and_entries_find_each_other() {
        let session = sample::expired();
        let row = row_of_packet(&session, 9).expect("in the timeline");
        let (index, entry) = entry_at(&session, row).expect("an entry");
        assert_eq!((index, entry.name.as_ref(), entry.packet), (8, "Certificate", 9));
        // A silence stands before it; that belongs to the entry above.
        assert_eq!(entry_at(&session, row - 1).map(|(index, _)| index), Some(7));
        assert_eq!(row_of_packet(&session, 77), None);
    }
}
