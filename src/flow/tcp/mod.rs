//! A TCP connection: bytes in order in both directions, holes, closes and resets (RFC 9293), and what
//! the judging wants to know of it. First bytes win where retransmissions differ.

mod direction;
mod flight;
mod held;

use direction::{Direction, Out};

use crate::flow::facts::{Gap, Reset, TcpFacts};
use crate::net::Segment;
use crate::role::{ByRole, Role};
use crate::seen::At;

/// SYNs and resets kept in the facts.
const KEPT: usize = 16;
/// A SYN that comes so few packets after the data that it opened was captured out of order.
const LATE_SYN_PACKETS: u64 = 16;

/// Bounds on what a connection holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TcpLimits {
    /// Bytes held out of order, for each direction.
    pub out_of_order: usize,
}

impl Default for TcpLimits {
    fn default() -> Self {
        Self { out_of_order: 1 << 20 }
    }
}

/// Takes what a connection brings, in the order of each direction's stream.
pub trait Receive {
    /// The next bytes of `from`; `at` is the packet that carried them.
    fn data(&mut self, from: Role, bytes: &[u8], at: At);
    /// Here bytes of `from` are missing.
    fn gap(&mut self, from: Role, gap: Gap);
    /// `from` will send nothing more.
    fn fin(&mut self, from: Role, at: At);
    /// A reset.
    fn reset(&mut self, reset: Reset);
}

/// A TCP connection; [`Role::Client`] is who opened it.
#[derive(Debug, Clone)]
pub struct Connection {
    limits: TcpLimits,
    directions: ByRole<Direction>,
    facts: TcpFacts,
}

impl Connection {
    /// A connection of which nothing was seen yet.
    pub fn new(limits: &TcpLimits) -> Self {
        Self { limits: *limits, directions: ByRole::default(), facts: TcpFacts::default() }
    }

    /// Takes a segment that `role` sent with this IP time-to-live.
    #[inline]
    pub fn segment(&mut self, role: Role, segment: &Segment<'_>, ttl: u8, at: At, sink: &mut impl Receive) {
        if !self.goes_on(role, segment, ttl, at, sink) {
            self.any_segment(role, segment, ttl, at, sink);
        }
    }

    /// Takes a segment that goes on where its direction stands, while nothing is missing and nobody has closed: most
    /// segments of most connections. Whether it was one; [`Connection::any_segment`] would do the same with it.
    #[inline]
    fn goes_on(&mut self, role: Role, segment: &Segment<'_>, ttl: u8, at: At, sink: &mut impl Receive) -> bool {
        let flags = segment.flags;
        let (own, peer) = (self.directions.of(role), self.directions.of(role.peer()));
        let is_plain = flags.ack() && !flags.syn() && !flags.fin() && !flags.rst();
        let is_whole = segment.wire_len == segment.payload.len();
        let is_open = self.facts.fin.client.is_none() && self.facts.fin.server.is_none();
        if !(is_plain && is_whole && is_open && own.is_settled() && peer.is_settled() && own.stands_at(segment.seq)) {
            return false;
        }
        *self.facts.packets.of_mut(role) += 1;
        self.directions.of_mut(role).ttl = Some(ttl);
        self.take_ack(role, segment.ack, at);
        if !segment.payload.is_empty() {
            let largest = self.facts.largest_segment.of_mut(role);
            *largest = segment.payload.len().max(*largest);
            let own = self.directions.of_mut(role);
            own.go_on(segment.payload, at, &mut Out { sink, facts: &mut self.facts, from: role });
        }
        true
    }

    fn any_segment(&mut self, role: Role, segment: &Segment<'_>, ttl: u8, at: At, sink: &mut impl Receive) {
        let is_first = self.facts.packets == ByRole::default();
        *self.facts.packets.of_mut(role) += 1;
        if is_first && !segment.flags.syn() {
            self.facts.mid_stream = true;
        }
        if segment.flags.rst() {
            self.take_reset(role, segment, ttl, at, sink);
            return;
        }
        self.directions.of_mut(role).ttl = Some(ttl);
        if segment.flags.syn() {
            self.take_syn(role, segment, at);
        }
        if segment.flags.ack() {
            self.take_ack(role, segment.ack, at);
        }
        let has_data = self.take_data(role, segment, at, sink);
        for from in [Role::Client, Role::Server] {
            let own = from == role;
            let out = &mut Out { sink: &mut *sink, facts: &mut self.facts, from };
            let direction = self.directions.of_mut(from);
            direction.watch_hole(at.time, own && has_data, !own && has_data, out);
            direction.tell_fin(out);
        }
    }

    fn take_syn(&mut self, role: Role, segment: &Segment<'_>, at: At) {
        let first = segment.seq.wrapping_add(1);
        let direction = self.directions.of_mut(role);
        if direction.isn == Some(segment.seq) && *self.facts.packets.of(role) > 1 {
            *self.facts.retransmissions.of_mut(role) += 1;
        }
        if self.facts.mid_stream && (!direction.is_started() || direction.first as u32 == first) {
            self.facts.mid_stream = false;
        }
        direction.isn.get_or_insert(segment.seq);
        direction.start_at(first);
        let mss = self.facts.mss.of_mut(role);
        *mss = mss.or(segment.mss);
        if !segment.flags.ack() {
            if role == Role::Client && self.facts.syn.len() < KEPT {
                self.facts.syn.push(at);
            }
            return;
        }
        if role == Role::Server {
            self.facts.syn_ack.get_or_insert(at);
        }
        let peer = self.directions.of_mut(role.peer());
        if !peer.is_started() {
            peer.isn = Some(segment.ack.wrapping_sub(1));
            peer.guess_start(segment.ack);
        }
    }

    /// `role` acknowledges what its peer sent before `ack`.
    #[inline]
    fn take_ack(&mut self, role: Role, ack: u32, at: At) {
        self.directions.of_mut(role).acks = true;
        let peer = self.directions.of_mut(role.peer());
        if !peer.is_started() {
            // In mid-stream the first segment itself says best where its direction begins.
            if !self.facts.mid_stream {
                peer.guess_start(ack);
            }
            return;
        }
        if peer.acknowledge(ack, &mut self.facts, role.peer()) {
            *self.facts.last_ack.of_mut(role) = Some(at);
        }
    }

    /// Takes payload and FIN. Whether there was payload.
    fn take_data(&mut self, role: Role, segment: &Segment<'_>, at: At, sink: &mut impl Receive) -> bool {
        let flags = segment.flags;
        let wire_len = segment.wire_len.max(segment.payload.len());
        let peer_acks = self.directions.of(role.peer()).acks;
        let direction = self.directions.of_mut(role);
        let seq = if flags.syn() { segment.seq.wrapping_add(1) } else { segment.seq };
        let start = direction.locate(seq, wire_len > 0 || flags.fin());
        if wire_len <= 1 && !flags.syn() && !flags.fin() && direction.is_probe(start, peer_acks) {
            self.facts.keep_alives += 1;
            return false;
        }
        let end = start + wire_len as u64;
        if wire_len > 0 {
            let largest = self.facts.largest_segment.of_mut(role);
            *largest = wire_len.max(*largest);
            self.facts.snaplen_cut |= segment.payload.len() < wire_len;
            let out = &mut Out { sink, facts: &mut self.facts, from: role };
            direction.data(start, end, segment.payload, at, self.limits.out_of_order, out);
        }
        if flags.fin() {
            let repeated = direction.take_fin(end, at);
            if repeated && wire_len == 0 {
                *self.facts.retransmissions.of_mut(role) += 1;
            }
            self.facts.fin.of_mut(role).get_or_insert(at);
        }
        wire_len > 0
    }

    /// The text that a reset may carry (RFC 9293 section 3.5.3) is no data and is passed over.
    fn take_reset(&mut self, role: Role, segment: &Segment<'_>, ttl: u8, at: At, sink: &mut impl Receive) {
        let sender = self.directions.of(role);
        let peer = self.directions.of(role.peer());
        let in_answer_to_syn = role == Role::Server
            && !self.facts.syn.is_empty()
            && self.facts.syn_ack.is_none()
            && !peer.acks
            && !segment.flags.syn();
        let unread = peer.sent.saturating_sub(peer.acked).max(peer.after_close);
        let reset = Reset { from: role, at, in_answer_to_syn, unread, ttl: Some(ttl), usual_ttl: sender.ttl };
        if self.facts.resets.len() < KEPT {
            self.facts.resets.push(reset);
        }
        sink.reset(reset);
    }

    /// Both sides closed, or one side reset the connection.
    pub fn is_closed(&self) -> bool {
        !self.facts.resets.is_empty() || (self.facts.fin.client.is_some() && self.facts.fin.server.is_some())
    }

    /// How many resets and closes there were.
    pub fn closes(&self) -> usize {
        let fins = [self.facts.fin.client, self.facts.fin.server].into_iter().flatten().count();
        self.facts.resets.len() + fins
    }

    /// Grows when the connection gets on: with a SYN+ACK, and with each new byte of either side.
    pub fn progress(&self) -> u64 {
        let opened = u64::from(self.facts.syn_ack.is_some());
        self.facts.bytes.client.saturating_add(self.facts.bytes.server).saturating_add(opened).saturating_add(1)
    }

    /// Whether this segment of `role` opens another connection between the same ports. The same SYN
    /// sent again does not, nor one that was captured a little late.
    pub fn is_reused_by(&self, segment: &Segment<'_>, role: Role) -> bool {
        if !segment.flags.syn() || segment.flags.rst() || self.facts.packets == ByRole::default() {
            return false;
        }
        let own = self.directions.of(role);
        if own.isn == Some(segment.seq) {
            return false;
        }
        if segment.flags.ack() {
            // Its SYN was not captured, else the new connection would have begun with that.
            let fits = self.directions.of(role.peer()).isn == Some(segment.ack.wrapping_sub(1));
            return own.is_started() && !fits && (self.is_closed() || own.isn.is_some());
        }
        if own.isn.is_none() && !self.is_closed() {
            // Captured after what it opened, or opened from both sides at once.
            let packets = self.facts.packets.client + self.facts.packets.server;
            let fits = !own.is_started() || own.first as u32 == segment.seq.wrapping_add(1);
            return !(fits && packets <= LATE_SYN_PACKETS);
        }
        true
    }

    /// Memory that is held of bytes that arrived ahead of a hole.
    pub fn held(&self) -> usize {
        self.directions.client.held_cost() + self.directions.server.held_cost()
    }

    /// Memory that it takes beside itself, in bytes, about.
    pub fn weight(&self) -> usize {
        let flights = self.directions.client.flight_cost() + self.directions.server.flight_cost();
        self.held() + flights + self.facts.syn.capacity() * size_of::<At>()
    }

    /// Hands on what is held, and tells the holes ahead of it, though they may still be filled.
    pub fn give_up_holes(&mut self, sink: &mut impl Receive) {
        for from in [Role::Client, Role::Server] {
            let direction = self.directions.of_mut(from);
            while direction.holds().is_some() {
                direction.flush(&mut Out { sink: &mut *sink, facts: &mut self.facts, from });
            }
        }
    }

    /// Nothing more comes: hands on what is held, and tells the holes ahead of it.
    pub fn finish(&mut self, sink: &mut impl Receive) {
        loop {
            let client = self.directions.client.holds();
            let server = self.directions.server.holds();
            let from = match (client, server) {
                (None, None) => break,
                (Some(client), Some(server)) if server.packet < client.packet => Role::Server,
                (Some(_), _) => Role::Client,
                (None, Some(_)) => Role::Server,
            };
            self.directions.of_mut(from).flush(&mut Out { sink: &mut *sink, facts: &mut self.facts, from });
        }
        for from in [Role::Client, Role::Server] {
            self.directions.of_mut(from).end(&mut Out { sink: &mut *sink, facts: &mut self.facts, from });
        }
    }

    /// What the connection did; complete after [`Connection::finish`], and gone from here.
    pub fn take_facts(&mut self) -> TcpFacts {
        let mut facts = std::mem::take(&mut self.facts);
        for from in [Role::Client, Role::Server] {
            let peer_acks = self.directions.of(from.peer()).acks;
            self.directions.of(from).add_to(&mut facts, from, peer_acks);
        }
        facts
    }
}

#[cfg(test)]
mod tests;
