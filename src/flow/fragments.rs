//! Joins the fragments of IP packets (RFC 791 section 3.2, RFC 8200 section 4.5).

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::net::{self, Datagram, Encapsulation, Fragment, Frame, Payload};
use crate::problem::Problem;
use crate::seen::At;
use crate::time::{Elapsed, Timestamp};

/// Largest payload of an IP packet.
const LARGEST: usize = 65_535;
/// A packet whose fragments do not all come within this span is given up, as Linux does.
const PATIENCE: Elapsed = Elapsed(30_000_000_000);
/// Packets waited for at one time.
const PACKETS: usize = 1_024;
/// Bytes of fragments held at one time, unless another bound is set.
pub const FRAGMENTS_HELD: usize = 4 << 20;
/// What a piece costs besides its bytes.
const PIECE: usize = 64;

/// Fragments that wait for the rest of their packet. Bounded: the packet that has waited longest is
/// given up first.
#[derive(Debug)]
pub struct Fragments {
    waiting: BTreeMap<Key, Partial>,
    /// The keys in the order in which they came; no other order is ever visible.
    order: BTreeMap<u64, Key>,
    bytes: usize,
    /// No more bytes than this are held.
    most: usize,
    born: u64,
}

impl Default for Fragments {
    fn default() -> Self {
        Self::within(FRAGMENTS_HELD)
    }
}

/// What the fragments of one packet share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    source: IpAddr,
    destination: IpAddr,
    id: u32,
    protocol: u8,
    encapsulation: Encapsulation,
}

#[derive(Debug)]
struct Partial {
    born: u64,
    since: Timestamp,
    /// By offset. They never overlap.
    pieces: BTreeMap<usize, Piece>,
    /// Sum of the lengths of all pieces on the wire.
    covered: usize,
    /// Length of the whole, known from its last fragment.
    total: Option<usize>,
    bytes: usize,
    overlapped: bool,
}

#[derive(Debug)]
struct Piece {
    /// Offset of the byte behind it.
    end: usize,
    /// As captured; less than up to `end` where the capture cut the packet.
    data: Vec<u8>,
}

/// A packet joined from its fragments.
#[derive(Debug, Clone)]
pub struct Whole {
    encapsulation: Encapsulation,
    source: IpAddr,
    destination: IpAddr,
    ttl: u8,
    ip_id: u32,
    protocol: u8,
    /// The payload up to the first byte that was not captured.
    data: Vec<u8>,
    wire_len: usize,
}

impl Fragments {
    /// None yet; at most so many bytes are going to wait, with what each piece costs besides.
    pub fn within(most: usize) -> Self {
        Self { waiting: BTreeMap::new(), order: BTreeMap::new(), bytes: 0, most, born: 0 }
    }

    /// Takes a fragment. Returns the whole packet when this was the last fragment missing.
    pub fn add(&mut self, datagram: &Datagram<'_>, at: At, problems: &mut Vec<Problem>) -> Option<Whole> {
        self.give_up_late(at.time, problems);
        let Payload::Fragment(fragment) = datagram.payload else { return None };
        let whole = self.join(datagram, &fragment, at, problems)?;
        let parsed = whole.decode();
        problems.extend(parsed.problems);
        match parsed.value {
            // A tunnel in a fragmented packet, with a fragment inside. Ends, since each round lies a
            // layer deeper.
            Some(Frame::Datagram(inner)) if matches!(inner.payload, Payload::Fragment(_)) => {
                self.add(&inner, at, problems)
            }
            Some(Frame::Datagram(_)) => Some(whole),
            Some(Frame::Eapol { .. }) | None => None,
        }
    }

    fn join(
        &mut self,
        datagram: &Datagram<'_>,
        fragment: &Fragment<'_>,
        at: At,
        problems: &mut Vec<Problem>,
    ) -> Option<Whole> {
        let key = Key {
            source: datagram.source,
            destination: datagram.destination,
            id: fragment.id,
            protocol: fragment.protocol,
            encapsulation: datagram.encapsulation,
        };
        if fragment.offset.saturating_add(fragment.wire_len) > LARGEST {
            problems
                .push(Problem::new("malformed-fragment", "An IP fragment reaches beyond the largest packet there is."));
            return None;
        }
        let born = self.born;
        let order = &mut self.order;
        let partial = self.waiting.entry(key).or_insert_with(|| {
            order.insert(born, key);
            Partial::new(born, at.time)
        });
        if partial.born == born {
            self.born += 1;
        }
        let before = partial.bytes;
        partial.add(fragment, problems);
        self.bytes += partial.bytes - before;
        if partial.is_complete() {
            let partial = self.forget(&key)?;
            return Some(partial.whole(datagram, fragment.protocol));
        }
        while self.bytes > self.most || self.waiting.len() > PACKETS {
            self.give_up_oldest(problems);
        }
        None
    }

    fn give_up_late(&mut self, now: Timestamp, problems: &mut Vec<Problem>) {
        while let Some(partial) = self.order.values().next().and_then(|key| self.waiting.get(key)) {
            if now.since(partial.since) <= PATIENCE {
                return;
            }
            self.give_up_oldest(problems);
        }
    }

    fn give_up_oldest(&mut self, problems: &mut Vec<Problem>) {
        let Some(key) = self.order.values().next().copied() else { return };
        self.forget(&key);
        problems.push(Problem::new(
            "missing-fragment",
            "An IP packet was given up because not all of its fragments are in the capture, or too many wait at one time.",
        ));
    }

    fn forget(&mut self, key: &Key) -> Option<Partial> {
        let partial = self.waiting.remove(key)?;
        self.order.remove(&partial.born);
        self.bytes -= partial.bytes;
        Some(partial)
    }
}

impl Partial {
    fn new(born: u64, since: Timestamp) -> Self {
        Self { born, since, pieces: BTreeMap::new(), covered: 0, total: None, bytes: 0, overlapped: false }
    }

    /// Adds a fragment where nothing is yet. Of bytes that come twice, the first stay.
    fn add(&mut self, fragment: &Fragment<'_>, problems: &mut Vec<Problem>) {
        let end = fragment.offset + fragment.wire_len;
        let reaches = self.pieces.values().next_back().map_or(0, |piece| piece.end);
        let contradicts = match self.total {
            Some(total) => end > total || (!fragment.more && end != total),
            None => !fragment.more && reaches > end,
        };
        if contradicts {
            problems.push(Problem::new("malformed-fragment", "The fragments of an IP packet disagree on its length."));
            return;
        }
        if !fragment.more {
            self.total = Some(end);
        }
        let mut differs = false;
        let mut at = fragment.offset;
        while at < end {
            // The piece that holds the byte at `at`, or the gap up to the next piece.
            let holder = self.pieces.range(..=at).next_back().filter(|(_, piece)| piece.end > at);
            if let Some((start, piece)) = holder {
                differs |= piece.differs(*start, fragment);
                at = piece.end;
                continue;
            }
            let gap_end = self.pieces.range(at..).next().map_or(end, |(start, _)| (*start).min(end));
            self.insert(at, gap_end, fragment);
            at = gap_end;
        }
        if differs && !self.overlapped {
            self.overlapped = true;
            problems.push(Problem::new(
                "overlapping-fragments",
                "Fragments of an IP packet overlap with different bytes; those captured first were kept.",
            ));
        }
    }

    fn insert(&mut self, start: usize, end: usize, fragment: &Fragment<'_>) {
        let from = start - fragment.offset;
        let captured = fragment.payload.get(from..).unwrap_or(&[]);
        let data = captured.get(..end - start).unwrap_or(captured).to_vec();
        self.covered += end - start;
        self.bytes += data.len() + PIECE;
        self.pieces.insert(start, Piece { end, data });
    }

    fn is_complete(&self) -> bool {
        self.total == Some(self.covered)
    }

    fn whole(self, datagram: &Datagram<'_>, protocol: u8) -> Whole {
        let mut data = Vec::with_capacity(self.covered);
        for piece in self.pieces.values() {
            data.extend_from_slice(&piece.data);
            if data.len() < piece.end {
                break;
            }
        }
        Whole {
            encapsulation: datagram.encapsulation,
            source: datagram.source,
            destination: datagram.destination,
            ttl: datagram.ttl,
            ip_id: datagram.ip_id,
            protocol,
            data,
            wire_len: self.covered,
        }
    }
}

impl Piece {
    /// Whether a fragment has other bytes where both have any.
    fn differs(&self, start: usize, fragment: &Fragment<'_>) -> bool {
        let from = start.max(fragment.offset);
        let mine = self.data.get(from - start..).unwrap_or(&[]);
        let theirs = fragment.payload.get(from - fragment.offset..).unwrap_or(&[]);
        mine.iter().zip(theirs).any(|(a, b)| a != b)
    }
}

impl Whole {
    /// The datagram that was fragmented, or the innermost one where it is a tunnel.
    pub fn datagram(&self) -> Datagram<'_> {
        match self.decode().value {
            Some(Frame::Datagram(datagram)) => datagram,
            Some(Frame::Eapol { .. }) | None => self.outer(),
        }
    }

    fn outer(&self) -> Datagram<'_> {
        Datagram {
            encapsulation: self.encapsulation,
            source: self.source,
            destination: self.destination,
            ttl: self.ttl,
            ip_id: self.ip_id,
            payload: Payload::Other { protocol: self.protocol },
        }
    }

    fn decode(&self) -> crate::bytes::Parsed<Option<Frame<'_>>> {
        net::decode_joined(&self.outer(), self.protocol, &self.data, self.wire_len)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    /// A TCP segment with a payload of its own bytes 0, 1, 2, ...
    fn segment(payload: usize) -> Vec<u8> {
        let mut bytes = vec![0x9c, 0x40, 0x01, 0xbb, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x18, 1, 0, 0, 0, 0, 0];
        bytes.extend((0..payload).map(|n| n as u8));
        bytes
    }

    fn fragment(id: u32, offset: usize, payload: &[u8], more: bool) -> Datagram<'_> {
        Datagram {
            encapsulation: Encapsulation::default(),
            source: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
            destination: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)),
            ttl: 64,
            ip_id: id,
            payload: Payload::Fragment(Fragment { id, offset, more, protocol: 6, payload, wire_len: payload.len() }),
        }
    }

    fn at(secs: i64) -> At {
        At { packet: crate::seen::PacketNo(1), time: Timestamp::from_secs(secs) }
    }

    fn payload(whole: &Whole) -> (Vec<u8>, usize) {
        match whole.datagram().payload {
            Payload::Tcp(segment) => (segment.payload.to_vec(), segment.wire_len),
            other => panic!("not a segment: {other:?}"),
        }
    }

    #[test]
    fn any_order_of_fragments_yields_the_segment() {
        let bytes = segment(100);
        let parts = [(0, 40, true), (40, 80, true), (80, 120, false)];
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mut fragments = Fragments::default();
            let mut problems = Vec::new();
            let mut wholes = Vec::new();
            for n in order {
                let (from, to, more) = parts[n];
                wholes.extend(fragments.add(&fragment(7, from, &bytes[from..to], more), at(0), &mut problems));
            }
            assert_eq!(wholes.len(), 1);
            assert_eq!(payload(&wholes[0]), (bytes[20..].to_vec(), 100));
            assert!(problems.is_empty());
            assert!(fragments.waiting.is_empty() && fragments.order.is_empty() && fragments.bytes == 0);
        }
    }

    #[test]
    fn of_overlapping_bytes_the_first_stay() {
        let bytes = segment(60);
        let forged = vec![0xff; 48];
        let mut fragments = Fragments::default();
        let mut problems = Vec::new();
        assert!(fragments.add(&fragment(7, 40, &bytes[40..], false), at(0), &mut problems).is_none());
        assert!(fragments.add(&fragment(7, 40, &bytes[40..], false), at(0), &mut problems).is_none());
        assert!(problems.is_empty(), "a copy is not odd");
        assert!(fragments.add(&fragment(7, 32, &forged, false), at(0), &mut problems).is_none());
        let whole = fragments.add(&fragment(7, 0, &bytes[..32], true), at(0), &mut problems).expect("all are there");
        let mut expected = bytes[20..].to_vec();
        expected[12..20].fill(0xff);
        assert_eq!(payload(&whole), (expected, 60));
        assert_eq!(problems.iter().map(|p| p.code).collect::<Vec<_>>(), ["overlapping-fragments"]);
    }

    #[test]
    fn what_the_capture_cut_off_shows_as_missing_and_not_as_zeros() {
        let bytes = segment(100);
        let mut fragments = Fragments::default();
        let mut problems = Vec::new();
        let mut first = fragment(7, 0, &bytes[..30], true);
        if let Payload::Fragment(fragment) = &mut first.payload {
            fragment.wire_len = 80;
        }
        assert!(fragments.add(&first, at(0), &mut problems).is_none());
        let whole = fragments.add(&fragment(7, 80, &bytes[80..], false), at(0), &mut problems).expect("all came by");
        assert_eq!(payload(&whole), (bytes[20..30].to_vec(), 100));
    }

    #[test]
    fn lengths_that_contradict_each_other_are_refused() {
        let bytes = segment(100);
        let mut problems = Vec::new();
        let mut fragments = Fragments::default();
        fragments.add(&fragment(7, 40, &bytes[40..80], false), at(0), &mut problems);
        fragments.add(&fragment(7, 80, &bytes[80..120], true), at(0), &mut problems);
        fragments.add(&fragment(8, 65_528, &bytes[..8], false), at(0), &mut problems);
        assert_eq!(problems.iter().map(|p| p.code).collect::<Vec<_>>(), ["malformed-fragment"; 2]);
    }

    #[test]
    fn late_and_too_many_fragments_are_given_up() {
        let bytes = segment(1_400);
        let mut fragments = Fragments::default();
        let mut problems = Vec::new();
        for id in 0..10_000 {
            fragments.add(&fragment(id, 0, &bytes[..1_400], true), at(0), &mut problems);
            assert!(fragments.bytes <= FRAGMENTS_HELD && fragments.waiting.len() <= PACKETS);
        }
        assert_eq!(problems.len(), 10_000 - fragments.waiting.len());
        fragments.add(&fragment(1, 0, &bytes[..8], true), at(31), &mut problems);
        assert_eq!((fragments.waiting.len(), problems.len()), (1, 10_000));
        assert!(fragments.add(&fragment(9_999, 1_400, &bytes[1_400..], false), at(31), &mut problems).is_none());
    }
}
