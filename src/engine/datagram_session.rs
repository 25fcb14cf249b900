//! One conversation over UDP, DTLS or QUIC, from its first datagram to its judged end. The builder reads
//! the datagrams; what is left is whose they are, and when it is over.

use std::sync::Arc;

use crate::carrier::dtls;
use crate::decrypt::KeyRing;
use crate::engine::Limits;
use crate::engine::live::{self, Signs, Watch};
use crate::flow::facts::TcpFacts;
use crate::flow::key::End;
use crate::net::{Datagram, UdpDatagram};
use crate::problem::Problem;
use crate::role::Role;
use crate::seen::At;
use crate::session::builder::Builder;
use crate::session::{Address, Endpoint, Session, Signal, Transport};
use crate::time::Timestamp;

/// A conversation that was ended lingers so long for late packets, in nanoseconds of packet time.
const LINGER: i64 = 3_000_000_000;

/// One conversation over UDP.
#[derive(Debug, Clone)]
pub(super) struct DatagramSession {
    builder: Builder,
    client: End,
    /// Random of the ClientHello that began it (DTLS), to tell a repeated one from a new conversation.
    random: Option<[u8; 32]>,
    let_go: bool,
    /// Bytes counted for it in the engine's budget.
    pub(super) counted: usize,
    last: Timestamp,
    /// For live sources: when it is to be looked at, and what was told of it.
    pub(super) watch: Watch,
}

impl DatagramSession {
    /// Begins with a datagram that `from` sent from the end `end`.
    pub(super) fn new(
        transport: Transport,
        (from, end): (Role, End),
        datagram: &Datagram<'_>,
        udp: &UdpDatagram<'_>,
        at: At,
        limits: &Limits,
        keys: Arc<KeyRing>,
    ) -> Self {
        let source = Endpoint { address: Address::Ip(datagram.source), port: Some(udp.source_port) };
        let destination = Endpoint { address: Address::Ip(datagram.destination), port: Some(udp.destination_port) };
        let (client, server) = match from {
            Role::Client => (source, destination),
            Role::Server => (destination, source),
        };
        let mut builder =
            Builder::new(transport, client, server, at, keys).with_replay(limits.replay).with_bounds(limits.session);
        builder.session_mut().encapsulation = datagram.encapsulation.labels();
        let client = if from == Role::Client { end } else { end.other() };
        Self { builder, client, random: None, let_go: false, counted: 0, last: at.time, watch: Watch::default() }
    }

    /// Takes a datagram that came from `end`.
    pub(super) fn datagram(&mut self, end: End, udp: &UdpDatagram<'_>, at: At) {
        let from = if end == self.client { Role::Client } else { Role::Server };
        self.datagram_of(from, udp, at);
    }

    /// Takes a datagram of `from`.
    pub(super) fn datagram_of(&mut self, from: Role, udp: &UdpDatagram<'_>, at: At) {
        self.last = at.time;
        self.builder.datagram(from, udp.payload, udp.wire_len, at);
    }

    /// Whether this datagram begins another conversation between the same ends.
    pub(super) fn is_reused_by(&mut self, opening: &dtls::Opening) -> bool {
        let Some(random) = opening.random else { return false };
        let known = *self.random.get_or_insert(random);
        known != random
    }

    /// Names of a QUIC connection, each with who sends packets to it.
    pub(super) fn connection_ids(&self) -> &[(Role, Vec<u8>)] {
        self.builder.connection_ids()
    }

    /// One side has ended it: by a fatal alert, close_notify or CONNECTION_CLOSE.
    fn is_closed(&self) -> bool {
        let session = self.builder.session();
        // An alert that cannot be read ends it as well.
        let ends = |alert: &crate::session::AlertSeen| {
            alert.alert.is_none_or(|alert| alert.description == 0 || alert.level == 2 || session.is_tls13())
        };
        session.alerts.iter().any(|seen| ends(&seen.value))
            || session.signals.iter().any(|seen| matches!(seen.value, Signal::QuicClose { .. }))
    }

    /// It has ended, and nothing more is to be expected.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        now.since(self.last).0 > LINGER && self.is_closed()
    }

    /// Memory that it holds, in bytes, about.
    pub(super) fn weight(&self) -> usize {
        /// Of what its carrier joins.
        const JOINED: usize = 2_048;
        size_of::<Self>() + JOINED + self.builder.weight()
    }

    /// What it shows of its progress and its end.
    pub(super) fn signs(&self) -> Signs {
        live::signs_of_messages(&self.builder, self.is_closed())
    }

    /// Lets go of the keys, for the engine to add to them; `new_keys` must follow.
    pub(super) fn give_back_keys(&mut self, none: &Arc<KeyRing>) {
        self.builder.give_back_keys(none);
    }

    /// The capture lost packets, perhaps of this conversation.
    pub(super) fn may_miss_packets(&mut self) {
        self.builder.session_mut().may_miss_packets = true;
    }

    /// More keys are known.
    pub(super) fn new_keys(&mut self, keys: &Arc<KeyRing>) {
        self.builder.set_keys(Arc::clone(keys));
    }

    /// The table is full: the session ends here, unfinished.
    pub(super) fn let_go(&mut self, problem: Problem) {
        self.let_go = true;
        self.builder.session_mut().problems.push(problem);
    }

    /// The session.
    pub(super) fn finish(self, now: Timestamp, at_end: bool) -> Box<Session> {
        let open = !self.is_closed() && (at_end || self.let_go);
        self.builder.finish(TcpFacts::default(), now, open)
    }
}
