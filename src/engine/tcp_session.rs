//! One TCP connection from its first segment to its judged end: reassembly, the search for TLS, and
//! the builder that collects the facts.

use std::sync::Arc;

use crate::app;
use crate::carrier::stream::{Record, RecordSink, RecordStream};
use crate::decrypt::KeyRing;
use crate::engine::live::{self, Signs, Watch};
use crate::engine::{Limits, role_of};
use crate::flow::facts::{Gap, Reset, TcpFacts};
use crate::flow::key::End;
use crate::flow::tcp::{Connection, Receive, TcpLimits};
use crate::net::{Datagram, Segment};
use crate::preamble::{self, TdsUnwrapper};
use crate::problem::Problem;
use crate::role::{ByRole, Role};
use crate::seen::At;
use crate::session::builder::{Builder, Phase};
use crate::session::{Address, Endpoint, Plaintext, Session, Transport};
use crate::time::Timestamp;
use crate::tls::record::{ContentType, RecordHeader};

/// A closed connection lingers so long for late packets, in nanoseconds of packet time.
const LINGER: i64 = 3_000_000_000;
/// Plaintext looked at before a connection is given up as one without TLS.
const PLAINTEXT_LIMIT: u64 = 64 * 1024;

/// One TCP connection.
#[derive(Debug, Clone)]
pub(super) struct TcpSession {
    connection: Connection,
    opener: End,
    upper: Upper,
    let_go: bool,
    last: Timestamp,
    /// For live sources: when it is to be looked at, and what was told of it.
    pub(super) watch: Watch,
}

/// What stands above TCP. Apart from the connection, so that both can be borrowed at once.
#[derive(Debug, Clone)]
struct Upper {
    streams: ByRole<RecordStream>,
    builder: Builder,
    tracker: preamble::Tracker,
    /// The TLS client is the TCP server (active FTP, or a guess about who opened gone wrong).
    flipped: bool,
    in_tls: bool,
    /// TDS, which carries the handshake in packets of its own.
    tds: Option<Box<ByRole<TdsUnwrapper>>>,
    plaintext_bytes: u64,
}

impl TcpSession {
    /// Which end opened the connection.
    pub(super) fn opener(end: End, segment: &Segment<'_>) -> End {
        if segment.flags.syn() {
            return if segment.flags.ack() { end.other() } else { end };
        }
        // Mid-stream: the lower port is more likely the server's.
        if segment.source_port < segment.destination_port { end.other() } else { end }
    }

    pub(super) fn new(
        opener: End,
        datagram: &Datagram<'_>,
        segment: &Segment<'_>,
        end: End,
        at: At,
        limits: &Limits,
        keys: Arc<KeyRing>,
    ) -> Self {
        let source = Endpoint { address: Address::Ip(datagram.source), port: Some(segment.source_port) };
        let destination = Endpoint { address: Address::Ip(datagram.destination), port: Some(segment.destination_port) };
        let (client, server) = if end == opener { (source, destination) } else { (destination, source) };
        let mut builder = Builder::new(Transport::Tcp, client, server, at, keys).with_replay(limits.replay);
        builder.session_mut().encapsulation = datagram.encapsulation.labels();
        let limits = TcpLimits { out_of_order: limits.out_of_order };
        Self {
            connection: Connection::new(&limits),
            opener,
            upper: Upper {
                streams: ByRole::default(),
                builder,
                tracker: preamble::Tracker::default(),
                flipped: false,
                in_tls: false,
                tds: None,
                plaintext_bytes: 0,
            },
            let_go: false,
            last: at.time,
            watch: Watch::default(),
        }
    }

    pub(super) fn is_reused_by(&self, end: End, segment: &Segment<'_>) -> bool {
        self.connection.is_reused_by(segment, role_of(end, self.opener))
    }

    pub(super) fn segment(&mut self, end: End, segment: &Segment<'_>, ttl: u8, at: At) {
        self.last = at.time;
        self.upper.builder.touch(at);
        self.connection.segment(role_of(end, self.opener), segment, ttl, at, &mut self.upper);
    }

    /// Both sides have closed, and nothing more is to be expected.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.connection.is_closed() && now.since(self.last).0 > LINGER
    }

    /// What it shows of its progress and its end.
    pub(super) fn signs(&self) -> Signs {
        Signs {
            of_an_end: live::words_of_an_end(self.upper.builder.session()) + self.connection.closes(),
            closed: self.connection.is_closed(),
            established: self.upper.builder.phase() == Phase::Established,
            progress: self.connection.progress(),
        }
    }

    /// Lets go of the keys, for the engine to add to them; [`TcpSession::new_keys`] must follow.
    pub(super) fn give_back_keys(&mut self, none: &Arc<KeyRing>) {
        self.upper.builder.give_back_keys(none);
    }

    /// The capture lost packets, perhaps of this connection.
    pub(super) fn may_miss_packets(&mut self) {
        self.upper.builder.session_mut().may_miss_packets = true;
    }

    /// More keys are known.
    pub(super) fn new_keys(&mut self, keys: &Arc<KeyRing>) {
        self.upper.builder.set_keys(Arc::clone(keys));
    }

    /// The table is full: the session ends here, unfinished.
    pub(super) fn let_go(&mut self, problem: Problem) {
        self.let_go = true;
        self.upper.builder.session_mut().problems.push(problem);
    }

    /// The session, where the connection was a handshake attempt at all.
    pub(super) fn finish(mut self, now: Timestamp, at_end: bool) -> Option<Session> {
        self.connection.finish(&mut self.upper);
        for role in [Role::Client, Role::Server] {
            let mut stream = std::mem::take(self.upper.streams.of_mut(role));
            stream.finish(&mut Sink { upper: &mut self.upper, from: role });
        }
        let mut facts: TcpFacts = self.connection.facts();
        let mut upper = self.upper;
        upper.settle_plaintext();
        if !upper.is_handshake_attempt(&facts) {
            return None;
        }
        if upper.flipped {
            facts.swap_roles();
        }
        let closed = self.connection.is_closed() || !facts.resets.is_empty();
        let open = !closed && (at_end || self.let_go);
        if let Some(preamble) = upper.tracker.finish() {
            upper.builder.session_mut().preamble = Some(preamble);
        }
        Some(upper.builder.finish(facts, now, open))
    }
}

impl Upper {
    fn role(&self, from: Role) -> Role {
        if self.flipped { from.peer() } else { from }
    }

    /// Data ahead of TLS: looked at for the start of TLS, else given to the preamble's tracker.
    fn before_tls(&mut self, from: Role, bytes: &[u8], at: At) {
        let held = self.tracker.held(from);
        match preamble::find_tls(from, held, bytes, &self.tracker) {
            preamble::Start::Tls { skip } => {
                let (before, tls) = bytes.split_at_checked(skip).unwrap_or((bytes, &[]));
                if !before.is_empty() {
                    self.tracker.feed(from, before, at);
                }
                self.start_tls(from, tls);
                self.tracker.upgraded(at);
                self.feed(from, tls, at);
            }
            preamble::Start::NotYet => {
                self.plaintext_bytes += bytes.len() as u64;
                if self.plaintext_bytes <= PLAINTEXT_LIMIT {
                    self.tracker.feed(from, bytes, at);
                }
            }
        }
    }

    /// TLS begins with these bytes of `from`: who speaks a ClientHello is the client.
    fn start_tls(&mut self, from: Role, bytes: &[u8]) {
        self.in_tls = true;
        let is_server_hello = bytes.first() == Some(&22) && bytes.get(5) == Some(&2);
        let is_client_hello = bytes.first() == Some(&22) && bytes.get(5) == Some(&1);
        if (from == Role::Server && is_client_hello) || (from == Role::Client && is_server_hello) {
            self.flipped = true;
            let session = self.builder.session_mut();
            std::mem::swap(&mut session.client, &mut session.server);
        }
    }

    fn data_of_stream(&mut self, from: Role, bytes: &[u8], at: At) {
        if self.in_tls {
            self.feed(from, bytes, at);
        } else {
            self.before_tls(from, bytes, at);
        }
    }

    fn feed(&mut self, from: Role, bytes: &[u8], at: At) {
        let mut stream = std::mem::take(self.streams.of_mut(from));
        stream.feed(bytes, at, &mut Sink { upper: self, from });
        *self.streams.of_mut(from) = stream;
    }

    /// Whatever plaintext the tracker collected becomes facts, where no preamble explains it.
    fn settle_plaintext(&mut self) {
        for role in [Role::Client, Role::Server] {
            if let Some((bytes, at)) = self.tracker.first_bytes(role) {
                let recognised = preamble::recognise(bytes);
                // What was said ahead of TLS is a preamble, known or not; only a server's greeting to a
                // client that meant to speak TLS at once is none.
                let session = self.builder.session();
                let spoke = match self.role(role) {
                    Role::Client => session.client_hello.is_seen(),
                    Role::Server => {
                        session.server_hello.is_seen() || recognised.is_none() && session.client_hello.is_seen()
                    }
                };
                if self.in_tls && (self.tracker.is_protocol_with_upgrade() || spoke) {
                    continue;
                }
                let plaintext = Plaintext {
                    protocol: recognised.map(|r| r.protocol),
                    bytes: bytes.to_vec(),
                    text: recognised.and_then(|_| preamble::first_line(bytes)),
                };
                let role = self.role(role);
                if !self.tracker.explains(role) {
                    self.builder.not_tls(role, plaintext, at);
                }
                for refusal in app::plaintext_refusals(role, self.tracker.text(role), at) {
                    self.builder.plaintext_refusal(refusal);
                }
            }
        }
    }

    /// Whether this connection was an attempt at a TLS handshake, so that it is a session.
    fn is_handshake_attempt(&self, facts: &TcpFacts) -> bool {
        if self.in_tls || self.builder.phase() != Phase::Fresh {
            return true;
        }
        if self.tracker.is_attempt() {
            return true;
        }
        let silent = facts.bytes.client == 0 && facts.bytes.server == 0;
        // Refused, unanswered, or opened and closed without a word.
        silent && !facts.mid_stream && !facts.syn.is_empty()
    }
}

impl Receive for Upper {
    fn data(&mut self, from: Role, bytes: &[u8], at: At) {
        if self.tds.is_none() && !self.in_tls && TdsUnwrapper::begins(bytes) {
            self.tds = Some(Box::default());
        }
        let Some(tds) = &mut self.tds else {
            self.data_of_stream(from, bytes, at);
            return;
        };
        for piece in tds.of_mut(from).feed(bytes) {
            self.data_of_stream(from, &piece, at);
        }
    }

    fn gap(&mut self, from: Role, gap: Gap) {
        let role = self.role(from);
        if self.in_tls {
            self.streams.of_mut(from).gap(gap.len);
            self.builder.gap(role, gap);
        } else {
            self.tracker.gap(from);
        }
    }

    fn fin(&mut self, _from: Role, at: At) {
        self.builder.touch(at);
    }

    fn reset(&mut self, mut reset: Reset) {
        reset.from = self.role(reset.from);
        self.builder.reset(reset);
    }
}

/// Gives one direction's records to the builder.
struct Sink<'a> {
    upper: &'a mut Upper,
    from: Role,
}

impl RecordSink for Sink<'_> {
    fn wants(&mut self, header: RecordHeader) -> bool {
        self.upper.builder.wants(self.upper.role(self.from), header)
    }

    fn record(&mut self, record: Record<'_>) {
        let from = self.upper.role(self.from);
        self.upper.builder.record(from, record.header, record.fragment, record.first, record.last, record.skipped);
    }

    fn not_tls(&mut self, bytes: &[u8], at: At) {
        let from = self.upper.role(self.from);
        let head = bytes.get(..256).unwrap_or(bytes);
        let recognised = preamble::recognise(head);
        let plaintext = Plaintext {
            protocol: recognised.map(|r| r.protocol),
            bytes: head.to_vec(),
            text: recognised.and_then(|_| preamble::first_line(head)),
        };
        self.upper.builder.not_tls(from, plaintext, at);
        for refusal in app::plaintext_refusals(from, bytes, at) {
            self.upper.builder.plaintext_refusal(refusal);
        }
    }

    fn sslv2_hello(&mut self, bytes: &[u8], at: At) {
        let from = self.upper.role(self.from);
        let header = RecordHeader { content_type: ContentType::HANDSHAKE, version: 0x0002, length: 0 };
        self.upper.builder.sslv2_hello(from, header, bytes, at);
    }
}
