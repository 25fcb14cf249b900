//! One direction of a connection: its bytes in order, its holes, its flight.

use super::Receive;
use super::flight::Flight;
use super::held::{Held, slice};
use crate::flow::facts::{Gap, TcpFacts};
use crate::role::Role;
use crate::seen::At;
use crate::time::Timestamp;

/// Holes kept in the facts, for each direction; later ones are only told to the receiver.
const GAPS_KEPT: usize = 256;
/// A hole that the receiver acknowledged is real after so many further packets with data: captures
/// may be reordered by a few packets, and an ACK may stand before the data that it covers.
const PATIENCE_PACKETS: u32 = 4;
/// … or after so long, in nanoseconds of packet time.
const PATIENCE_TIME: i64 = 20_000_000;
/// A segment so far ahead that nobody acknowledged is a stray, not a part of the stream.
const STRAY: u64 = 1 << 26;

/// Where the stream begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Start {
    /// Nothing is known.
    #[default]
    Unknown,
    /// Guessed from an acknowledgement or from a segment without data; data may correct it.
    Provisional,
    /// From the SYN, or from the first data.
    Known,
}

/// Since when the receiver has acknowledged the hole that is waited for.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    since: Timestamp,
    packets: u32,
}

/// Where the bytes of a direction go.
pub(super) struct Out<'a, R> {
    pub(super) sink: &'a mut R,
    pub(super) facts: &'a mut TcpFacts,
    pub(super) from: Role,
}

/// What one side sent. Positions are sequence numbers that do not wrap.
#[derive(Debug, Clone, Default)]
pub(super) struct Direction {
    start: Start,
    /// Initial sequence number, where the SYN or its acknowledgement was seen.
    pub(super) isn: Option<u32>,
    /// First byte of the stream.
    pub(super) first: u64,
    /// Next byte to deliver.
    next: u64,
    /// End of the furthest data seen.
    pub(super) sent: u64,
    /// The peer acknowledged everything before this.
    pub(super) acked: u64,
    /// End of the stream.
    pub(super) fin: Option<u64>,
    fin_at: At,
    fin_told: bool,
    held: Held,
    /// The packet that the bytes handed on last are told of. Never moves back: what arrived ahead of its turn
    /// is told of the packet that made it its turn, as other analysers do. Otherwise a flight would seem to
    /// begin with its end.
    handed: At,
    waiting: Option<Waiting>,
    flight: Flight,
    /// TTL of its ordinary packets.
    pub(super) ttl: Option<u8>,
    /// It has sent acknowledgements.
    pub(super) acks: bool,
    /// New bytes that it sent after its peer's FIN.
    pub(super) after_close: u64,
}

fn later(one: At, other: At) -> At {
    if one.packet > other.packet { one } else { other }
}

impl Direction {
    /// The first data byte has sequence number `seq`; ignored when data was already delivered.
    pub(super) fn start_at(&mut self, seq: u32) {
        if self.start != Start::Known {
            let acked = self.acked;
            let position = if self.start == Start::Unknown { fresh(seq) } else { self.position(seq) };
            self.begin(position);
            self.acked = self.acked.max(acked);
            self.start = Start::Known;
        }
    }

    /// The peer expects `seq` next, and nothing of this direction was seen.
    pub(super) fn guess_start(&mut self, seq: u32) {
        if self.start == Start::Unknown {
            self.begin(fresh(seq));
            self.start = Start::Provisional;
        }
    }

    fn begin(&mut self, position: u64) {
        self.first = position;
        self.next = position;
        self.sent = position;
        self.acked = position;
    }

    pub(super) fn is_started(&self) -> bool {
        self.start != Start::Unknown
    }

    /// The position of a sequence number: the nearest to where the stream stands.
    fn position(&self, seq: u32) -> u64 {
        let distance = seq.wrapping_sub(self.next as u32).cast_signed();
        self.next.saturating_add_signed(i64::from(distance))
    }

    /// The position of a segment, which may be the first of its direction.
    pub(super) fn locate(&mut self, seq: u32, has_data: bool) -> u64 {
        match self.start {
            Start::Known => {}
            Start::Unknown => {
                self.begin(fresh(seq));
                self.start = if has_data { Start::Known } else { Start::Provisional };
            }
            Start::Provisional if has_data => {
                let position = self.position(seq);
                // One byte more: the guess came from a keep-alive.
                if position < self.next || position == self.next + 1 {
                    let acked = self.acked;
                    self.begin(position);
                    self.acked = self.acked.max(acked);
                }
                self.start = Start::Known;
            }
            Start::Provisional => {}
        }
        self.position(seq)
    }

    /// Whether a segment of at most one byte at `position` only asks whether the peer is there: a
    /// keep-alive or a probe of a closed window (RFC 9293 sections 3.8.4 and 3.8.6.1).
    pub(super) fn is_probe(&self, position: u64, peer_acks: bool) -> bool {
        self.start == Start::Known
            && position + 1 == self.sent
            && self.fin.is_none()
            && (self.acked >= self.sent || !peer_acks)
    }

    /// The peer acknowledged everything before `seq`. Whether that covers new bytes.
    #[inline]
    pub(super) fn acknowledge(&mut self, seq: u32, facts: &mut TcpFacts, from: Role) -> bool {
        let until = self.position(seq);
        let limit = self.fin.map_or(u64::MAX, |fin| fin.max(self.sent));
        let until = until.min(limit);
        if until <= self.acked {
            return false;
        }
        self.acked = until;
        let largest = facts.largest_acknowledged.of_mut(from);
        *largest = self.flight.acknowledged(until).max(*largest);
        true
    }

    /// Its beginning is known, and nothing is missing of what was seen.
    #[inline]
    pub(super) fn is_settled(&self) -> bool {
        self.start == Start::Known && self.held.is_empty()
    }

    /// Whether all before `seq` was handed on, and nothing of it or behind it was seen.
    #[inline]
    pub(super) fn stands_at(&self, seq: u32) -> bool {
        self.next as u32 == seq && self.sent == self.next
    }

    /// Takes the next bytes of a direction that is settled and stands there, as [`Direction::data`] would.
    #[inline]
    pub(super) fn go_on<R: Receive>(&mut self, payload: &[u8], at: At, out: &mut Out<'_, R>) {
        let start = self.next;
        let end = start + payload.len() as u64;
        self.note_new(start, end, at, out);
        self.sent = end;
        self.hand_on(payload, at, out);
    }

    /// Hands on the next bytes.
    #[inline]
    fn hand_on<R: Receive>(&mut self, bytes: &[u8], at: At, out: &mut Out<'_, R>) {
        self.next += bytes.len() as u64;
        *out.facts.bytes.of_mut(out.from) += bytes.len() as u64;
        self.handed = later(self.handed, at);
        out.sink.data(out.from, bytes, self.handed);
    }

    /// Takes the data of a segment that stands at `start..end`; `payload` may be shorter.
    pub(super) fn data<R: Receive>(
        &mut self,
        start: u64,
        end: u64,
        payload: &[u8],
        at: At,
        limit: usize,
        out: &mut Out<'_, R>,
    ) {
        self.note_flight(start, end, at, out);
        if end > self.sent {
            if out.facts.fin.of(out.from.peer()).is_some() {
                self.after_close += end - self.sent.max(start);
            }
            self.sent = end;
        }
        if end <= self.next {
            return;
        }
        if start <= self.next && self.held.first().is_none_or(|(held, _)| end <= held) {
            self.deliver(start, end, payload, at, out);
        } else {
            self.held.insert(start.max(self.next), end, slice(payload, self.next.saturating_sub(start), u64::MAX), at);
        }
        if self.held.is_empty() {
            return;
        }
        self.drain(out);
        while self.held.cost() > limit {
            out.facts.out_of_order_limit = true;
            self.give_up(out);
        }
    }

    /// Counts a retransmission, or a new segment on its way.
    fn note_flight<R>(&mut self, start: u64, end: u64, at: At, out: &mut Out<'_, R>) {
        let from = out.from;
        if start < self.next || self.held.overlaps(start, end) {
            *out.facts.retransmissions.of_mut(from) += 1;
            self.flight.repeated(start, end, at);
            if end <= self.sent {
                return;
            }
        }
        let start = if end > self.sent { start.max(self.sent) } else { start };
        self.note_new(start, end, at, out);
    }

    /// Bytes that were not seen before are on their way, or have arrived already.
    #[inline]
    fn note_new<R>(&mut self, start: u64, end: u64, at: At, out: &mut Out<'_, R>) {
        if end > self.acked {
            self.flight.sent(start, end, at);
        } else {
            let largest = out.facts.largest_acknowledged.of_mut(out.from);
            *largest = usize::try_from(end - start).unwrap_or(usize::MAX).max(*largest);
        }
    }

    /// Hands on what of `start..end` was not yet handed on; `start` is not beyond `next`.
    fn deliver<R: Receive>(&mut self, start: u64, end: u64, payload: &[u8], at: At, out: &mut Out<'_, R>) {
        let bytes = slice(payload, self.next.saturating_sub(start), end.saturating_sub(start));
        if !bytes.is_empty() {
            self.hand_on(bytes, at, out);
        }
        if end > self.next {
            // The rest is not in the capture, because it kept only the head of the packet.
            let acknowledged = self.acked >= end;
            self.gap(Gap { len: Some(end - self.next), at, acknowledged, snaplen: true }, end, out);
        }
    }

    fn gap<R: Receive>(&mut self, gap: Gap, until: u64, out: &mut Out<'_, R>) {
        self.next = until;
        let kept = out.facts.gaps.of_mut(out.from);
        if kept.len() < GAPS_KEPT {
            kept.push(gap);
        }
        out.sink.gap(out.from, gap);
    }

    /// Hands on what is held and has become due.
    fn drain<R: Receive>(&mut self, out: &mut Out<'_, R>) {
        while let Some((start, chunk)) = self.held.take_at(self.next) {
            self.deliver(start, chunk.end, &chunk.bytes, chunk.at, out);
            self.waiting = None;
        }
    }

    /// Takes the hole ahead of what is held for lost, and goes on behind it.
    fn give_up<R: Receive>(&mut self, out: &mut Out<'_, R>) {
        let Some((start, at)) = self.held.first() else { return };
        if start > self.next {
            let gap = Gap { len: Some(start - self.next), at, acknowledged: self.acked >= start, snaplen: false };
            self.gap(gap, start, out);
        }
        self.waiting = None;
        self.drain(out);
    }

    /// Gives up a hole that the receiver acknowledged, once patience is over. `own` says that the packet
    /// was one of this direction with data, `answered` that it was one of the peer with data.
    #[inline]
    pub(super) fn watch_hole<R: Receive>(&mut self, now: Timestamp, own: bool, answered: bool, out: &mut Out<'_, R>) {
        if !self.held.is_empty() {
            self.be_patient(now, own, answered, out);
        }
    }

    fn be_patient<R: Receive>(&mut self, now: Timestamp, own: bool, answered: bool, out: &mut Out<'_, R>) {
        let (Some((start, _)), Some(end)) = (self.held.first(), self.held.end()) else { return };
        if self.acked < start {
            self.waiting = None;
            return;
        }
        // The peer speaks, having received everything: what it says belongs behind what is held.
        let spoken = answered && self.acked >= end && self.held.len() > 1;
        let packets = self.waiting.map_or(0, |waiting| waiting.packets + u32::from(own));
        let since = self.waiting.map_or(now, |waiting| waiting.since);
        self.waiting = Some(Waiting { since, packets });
        if spoken || packets >= PATIENCE_PACKETS || now.since(since).0 >= PATIENCE_TIME {
            self.give_up(out);
        }
    }

    /// The stream ends at `position`. Whether this repeats an earlier FIN.
    pub(super) fn take_fin(&mut self, position: u64, at: At) -> bool {
        if self.fin.is_some() {
            return true;
        }
        if position >= self.next {
            self.fin = Some(position);
            self.fin_at = at;
        }
        false
    }

    /// Tells the end of the stream once everything ahead of it was handed on.
    #[inline]
    pub(super) fn tell_fin<R: Receive>(&mut self, out: &mut Out<'_, R>) {
        if !self.fin_told && self.fin.is_some_and(|fin| self.next >= fin) {
            self.fin_told = true;
            out.sink.fin(out.from, later(self.handed, self.fin_at));
        }
    }

    /// Memory of what is held.
    pub(super) fn held_cost(&self) -> usize {
        self.held.cost()
    }

    /// Memory that its segments on their way take, in bytes.
    pub(super) fn flight_cost(&self) -> usize {
        self.flight.cost()
    }

    /// The packet that carried the first bytes held.
    pub(super) fn holds(&self) -> Option<At> {
        self.held.first().map(|(_, at)| at)
    }

    /// Hands on the first run of what is held, whatever is missing ahead of it.
    pub(super) fn flush<R: Receive>(&mut self, out: &mut Out<'_, R>) {
        match self.held.first() {
            Some((start, _)) if start.saturating_sub(self.next) > STRAY && self.acked < start => self.held.clear(),
            _ => self.give_up(out),
        }
    }

    /// Nothing more comes: what the peer acknowledged behind the last byte seen is missing.
    pub(super) fn end<R: Receive>(&mut self, out: &mut Out<'_, R>) {
        let until = self.fin.map_or(self.acked, |fin| self.acked.min(fin));
        let missing = until.saturating_sub(self.next);
        // A single one is the FIN, which takes a sequence number and was not captured.
        let is_fin = missing == 1 && self.fin.is_none();
        if missing > 0
            && !is_fin
            && let Some(at) = *out.facts.last_ack.of(out.from.peer())
        {
            self.gap(Gap { len: Some(missing), at, acknowledged: true, snaplen: false }, until, out);
        }
        if !self.fin_told && self.fin.is_some() {
            self.fin_told = true;
            out.sink.fin(out.from, later(self.handed, self.fin_at));
        }
    }

    /// Fills in the facts about what this direction sent.
    pub(super) fn add_to(&self, facts: &mut TcpFacts, from: Role, peer_acks: bool) {
        if peer_acks {
            *facts.unacknowledged.of_mut(from) = self.flight.repeatedly();
            *facts.acknowledged_all.of_mut(from.peer()) = self.acked >= self.sent;
        }
    }
}

/// A position for a first sequence number, with room below it.
fn fresh(seq: u32) -> u64 {
    (1 << 32) + u64::from(seq)
}
