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
use crate::net::{Datagram, Encapsulation, Segment};
use crate::preamble::{self, TdsUnwrapper};
use crate::problem::Problem;
use crate::role::{ByRole, Role};
use crate::seen::{At, PacketNo};
use crate::session::builder::{Builder, Deferred, Phase};
use crate::session::{Address, Bounds, Endpoint, Plaintext, Session, Transport};
use crate::time::Timestamp;
use crate::tls::record::RecordHeader;

/// A closed connection lingers so long for late packets, in nanoseconds of packet time.
const LINGER: i64 = 3_000_000_000;
/// More is not held behind holes when memory is short, in bytes.
const MUCH_HELD: usize = 64 * 1024;
/// Plaintext looked at where nothing said so far belongs to a protocol that may go on to TLS; elsewhere see
/// [`Bounds::plaintext`].
const STRANGE_LIMIT: u64 = 8 * 1024;

/// One TCP connection.
#[derive(Debug, Clone)]
pub(super) struct TcpSession {
    connection: Connection,
    opening: Opening,
    /// Made when there is something to build from: a connection that was only opened holds little, since
    /// there may be very many of them.
    upper: Option<Box<Upper>>,
    /// Why it is let go.
    let_go: Option<Problem>,
    /// It is closed, and stands in the queue of those that wait for late packets.
    pub(super) lingers: bool,
    /// Bytes counted for it in the engine's budget.
    pub(super) counted: usize,
    last: At,
    /// For live sources: when it is to be looked at, and what was told of it.
    pub(super) watch: Watch,
}

/// How the connection began, and what its session is to be built with.
#[derive(Debug, Clone)]
struct Opening {
    opener: End,
    client: Endpoint,
    server: Endpoint,
    encapsulation: Encapsulation,
    first: At,
    keys: Arc<KeyRing>,
    replay: usize,
    /// Nobody asks how far it has come before it is over.
    at_leisure: bool,
    bounds: Bounds,
    /// The capture lost packets, perhaps of this connection.
    may_miss_packets: bool,
}

/// What stands above TCP. Apart from the connection, so that both can be borrowed at once.
#[derive(Debug, Clone)]
struct Upper {
    streams: ByRole<RecordStream>,
    above: Above,
    tracker: preamble::Tracker,
    in_tls: bool,
    /// TDS, which carries the handshake in packets of its own.
    tds: Option<Box<ByRole<TdsUnwrapper>>>,
    plaintext_bytes: u64,
    /// Plaintext is not looked at any more, except for the beginning of TLS.
    given_up: bool,
}

/// What stands above the records of both sides.
#[derive(Debug, Clone, Default)]
struct Above {
    /// Made when there is more to tell of than records, and when the connection is over: who judges makes most of them.
    builder: Option<Box<Builder>>,
    /// Records that wait for it.
    records: Deferred,
    /// The TLS client is the TCP server (active FTP, or a guess about who opened gone wrong).
    flipped: bool,
    /// What a side says in plaintext where TLS was due, as far as it is kept.
    plaintext: ByRole<Vec<u8>>,
}

/// How much plaintext is kept, to recognise who speaks and what it says.
const PLAINTEXT_KEPT: usize = 4_096;

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
        let opening = Opening {
            opener,
            client,
            server,
            encapsulation: datagram.encapsulation,
            first: at,
            keys,
            replay: limits.replay,
            at_leisure: false,
            bounds: limits.session,
            may_miss_packets: false,
        };
        Self {
            connection: Connection::new(&TcpLimits { out_of_order: limits.out_of_order }),
            opening,
            upper: None,
            let_go: None,
            lingers: false,
            counted: 0,
            last: at,
            watch: Watch::default(),
        }
    }

    /// Nobody asks how far it has come before it is over.
    pub(super) fn at_leisure(mut self) -> Self {
        self.opening.at_leisure = true;
        self
    }

    /// Its first packet: no two connections share one.
    pub(super) fn first(&self) -> PacketNo {
        self.opening.first.packet
    }

    pub(super) fn is_reused_by(&self, end: End, segment: &Segment<'_>) -> bool {
        self.connection.is_reused_by(segment, role_of(end, self.opening.opener))
    }

    /// Takes a segment. Whether it may hold another amount of memory now.
    #[inline]
    pub(super) fn segment(&mut self, end: End, segment: &Segment<'_>, ttl: u8, at: At) -> bool {
        self.last = at;
        let role = role_of(end, self.opening.opener);
        let held = self.connection.held();
        let mut receiver = Receiver::new(&mut self.upper, &self.opening);
        self.connection.segment(role, segment, ttl, at, &mut receiver);
        // A connection that was only opened holds something, too, and there may be very many of those.
        receiver.taken || held > 0 || self.connection.held() > 0 || self.counted == 0
    }

    /// Both sides have closed, or one has reset the connection.
    pub(super) fn is_closed(&self) -> bool {
        self.connection.is_closed()
    }

    /// It is closed, and nothing more is to be expected.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.is_closed() && now.since(self.last.time).0 > LINGER
    }

    /// What it shows of its progress and its end.
    pub(super) fn signs(&self) -> Signs {
        let builder = self.upper.as_ref().and_then(|upper| upper.above.builder.as_deref());
        let words = builder.map_or(0, |builder| live::words_of_an_end(builder.session()));
        Signs {
            of_an_end: words + self.connection.closes(),
            closed: self.is_closed(),
            established: builder.is_some_and(|builder| builder.phase() == Phase::Established),
            progress: self.connection.progress(),
        }
    }

    /// Lets go of the keys, for the engine to add to them; [`TcpSession::new_keys`] must follow.
    pub(super) fn give_back_keys(&mut self, none: &Arc<KeyRing>) {
        self.opening.keys = Arc::clone(none);
        if let Some(upper) = &mut self.upper {
            // One that is to be made is made before keys come, which are wanted for other records, too.
            upper.above.builder(&self.opening).give_back_keys(none);
        }
    }

    /// The capture lost packets, perhaps of this connection.
    pub(super) fn may_miss_packets(&mut self) {
        self.opening.may_miss_packets = true;
        if let Some(upper) = &mut self.upper {
            upper.above.builder(&self.opening).session_mut().may_miss_packets = true;
        }
    }

    /// More keys are known.
    pub(super) fn new_keys(&mut self, keys: &Arc<KeyRing>) {
        if let Some(upper) = &mut self.upper {
            upper.above.builder(&self.opening).set_keys(Arc::clone(keys));
        }
        self.opening.keys = Arc::clone(keys);
    }

    /// The engine holds too much: the session ends here, unfinished.
    pub(super) fn let_go(&mut self, problem: Problem) {
        self.let_go = Some(problem);
    }

    /// Memory that it holds, in bytes, about.
    pub(super) fn weight(&self) -> usize {
        let upper = self.upper.as_ref().map_or(0, |upper| upper.weight());
        size_of::<Self>() + self.connection.weight() + upper
    }

    /// Gives up the holes that it waits for, where much is held behind them. Whether it did.
    pub(super) fn give_up_holes(&mut self) -> bool {
        let much = self.connection.held() > MUCH_HELD;
        if much {
            let mut receiver = Receiver::new(&mut self.upper, &self.opening);
            self.connection.give_up_holes(&mut receiver);
        }
        much
    }

    /// The session, where the connection was a handshake attempt at all.
    pub(super) fn finish(mut self, now: Timestamp, at_end: bool) -> Option<Box<Session>> {
        if let Some(upper) = &mut self.upper {
            upper.above.builder(&self.opening).end();
        }
        self.connection.finish(&mut Receiver::new(&mut self.upper, &self.opening));
        let closed = self.connection.is_closed();
        let mut facts: TcpFacts = self.connection.take_facts();
        let unanswered = || is_unanswered(&facts).then(|| Box::new(self.opening.begin()));
        let mut upper = self.upper.or_else(unanswered)?;
        for role in [Role::Client, Role::Server] {
            let Upper { streams, above, .. } = &mut *upper;
            streams.of_mut(role).finish(&mut Sink { above, opening: &self.opening, from: role });
        }
        upper.settle_plaintext(&self.opening);
        if !upper.is_handshake_attempt(&facts) {
            return None;
        }
        if upper.above.flipped {
            facts.swap_roles();
        }
        let open = !closed && (at_end || self.let_go.is_some());
        let preamble = upper.tracker.finish();
        upper.above.builder(&self.opening);
        let mut builder = upper.above.builder?;
        let session = builder.session_mut();
        session.problems.extend(self.let_go);
        if facts.out_of_order_limit {
            session.problems.push(Problem::new(
                "too-much-out-of-order",
                "More bytes arrived ahead of a hole than the limit allows: the hole was taken for lost.",
            ));
        }
        if preamble.is_some() {
            session.preamble = preamble;
        }
        builder.touch(self.last);
        Some(builder.finish(facts, now, open))
    }
}

/// Refused, unanswered, or opened and closed without a word.
fn is_unanswered(facts: &TcpFacts) -> bool {
    let silent = facts.bytes.client == 0 && facts.bytes.server == 0;
    silent && !facts.mid_stream && !facts.syn.is_empty()
}

impl Opening {
    fn begin(&self) -> Upper {
        let records_may_wait = self.at_leisure && self.keys.is_empty() && self.replay == 0;
        let builder = (!records_may_wait).then(|| Box::new(self.builder(false)));
        Upper {
            streams: ByRole::default(),
            above: Above { builder, ..Above::default() },
            tracker: preamble::Tracker::default(),
            in_tls: false,
            tds: None,
            plaintext_bytes: 0,
            given_up: false,
        }
    }
}

impl Opening {
    /// A builder that has nothing yet. `flipped` as in [`Above`].
    fn builder(&self, flipped: bool) -> Builder {
        let (client, server) = if flipped { (&self.server, &self.client) } else { (&self.client, &self.server) };
        let mut builder =
            Builder::new(Transport::Tcp, client.clone(), server.clone(), self.first, Arc::clone(&self.keys))
                .with_replay(self.replay)
                .with_bounds(self.bounds);
        builder.session_mut().encapsulation = self.encapsulation.labels();
        builder.session_mut().may_miss_packets = self.may_miss_packets;
        builder
    }
}

/// Takes what the connection brings, and makes what stands above it when that is needed.
struct Receiver<'a> {
    upper: &'a mut Option<Box<Upper>>,
    opening: &'a Opening,
    /// Something was looked at, and may be held.
    taken: bool,
}

impl<'a> Receiver<'a> {
    fn new(upper: &'a mut Option<Box<Upper>>, opening: &'a Opening) -> Self {
        Self { upper, opening, taken: false }
    }

    fn upper(&mut self) -> &mut Upper {
        self.taken = true;
        self.upper.get_or_insert_with(|| Box::new(self.opening.begin()))
    }
}

impl Receive for Receiver<'_> {
    #[inline]
    fn data(&mut self, from: Role, bytes: &[u8], at: At) {
        if !self.upper.as_mut().is_some_and(|upper| upper.passes(from, bytes, at)) {
            let opening = self.opening;
            self.upper().data(from, bytes, at, opening);
        }
    }

    fn gap(&mut self, from: Role, gap: Gap) {
        let opening = self.opening;
        self.upper().gap(from, gap, opening);
    }

    fn fin(&mut self, _from: Role, _at: At) {}

    fn reset(&mut self, _reset: Reset) {}
}

impl Above {
    /// The builder, which is made where there is none, and has the records that waited.
    fn builder(&mut self, opening: &Opening) -> &mut Builder {
        let Self { builder, records, flipped, .. } = self;
        builder.get_or_insert_with(|| Box::new(opening.builder(*flipped).at_leisure(std::mem::take(records))))
    }

    fn role(&self, from: Role) -> Role {
        if self.flipped { from.peer() } else { from }
    }

    /// Memory that it holds, in bytes, about.
    fn weight(&self) -> usize {
        let builder = self.builder.as_ref().map_or(0, |builder| builder.weight());
        self.plaintext.client.len() + self.plaintext.server.len() + self.records.held() + builder
    }
}

impl Upper {
    /// Data ahead of TLS: looked at for the start of TLS, else given to the preamble's tracker.
    fn before_tls(&mut self, from: Role, bytes: &[u8], at: At, opening: &Opening) {
        let held = self.tracker.held(from);
        match preamble::find_tls(from, held, bytes, &self.tracker) {
            preamble::Start::Tls { skip } => {
                let (before, tls) = bytes.split_at_checked(skip).unwrap_or((bytes, &[]));
                if !before.is_empty() {
                    self.tracker.feed(from, before, at);
                }
                self.start_tls(from, tls);
                self.tracker.upgraded(at);
                self.feed(from, tls, at, opening);
            }
            preamble::Start::NotYet if !self.given_up => {
                self.plaintext_bytes += bytes.len() as u64;
                let is_little = self.plaintext_bytes <= STRANGE_LIMIT.max(bytes.len() as u64);
                let may_go_on = is_little || self.tracker.may_go_on_to_tls();
                self.given_up = !is_little && (!may_go_on || self.plaintext_bytes > opening.bounds.plaintext as u64);
                if !self.given_up {
                    self.tracker.feed(from, bytes, at);
                } else if may_go_on {
                    let text = "More was said ahead of TLS than the limit allows: what followed was not looked at.";
                    let problem = Problem::new("too-much-plaintext", text).at(at.packet);
                    self.above.builder(opening).session_mut().problems.push(problem);
                }
            }
            preamble::Start::NotYet => {}
        }
    }

    /// TLS begins with these bytes of `from`: who speaks a ClientHello is the client.
    fn start_tls(&mut self, from: Role, bytes: &[u8]) {
        self.in_tls = true;
        let is_server_hello = bytes.first() == Some(&22) && bytes.get(5) == Some(&2);
        let is_client_hello = bytes.first() == Some(&22) && bytes.get(5) == Some(&1);
        if (from == Role::Server && is_client_hello) || (from == Role::Client && is_server_hello) {
            self.above.flipped = true;
            if let Some(builder) = &mut self.above.builder {
                let session = builder.session_mut();
                std::mem::swap(&mut session.client, &mut session.server);
            }
        }
    }

    fn data_of_stream(&mut self, from: Role, bytes: &[u8], at: At, opening: &Opening) {
        if self.in_tls {
            self.feed(from, bytes, at, opening);
        } else {
            self.before_tls(from, bytes, at, opening);
        }
    }

    /// Whether these bytes lie within a record that nobody needs. They are counted then, and that is all.
    fn passes(&mut self, from: Role, bytes: &[u8], at: At) -> bool {
        self.in_tls && self.tds.is_none() && self.streams.of_mut(from).pass(bytes, at)
    }

    fn feed(&mut self, from: Role, bytes: &[u8], at: At, opening: &Opening) {
        self.streams.of_mut(from).feed(bytes, at, &mut Sink { above: &mut self.above, opening, from });
    }

    /// Whatever plaintext the tracker collected becomes facts, where no preamble explains it.
    fn settle_plaintext(&mut self, opening: &Opening) {
        let session = self.above.builder(opening).session();
        let (client_spoke, server_spoke) = (session.client_hello.is_seen(), session.server_hello.is_seen());
        for role in [Role::Client, Role::Server] {
            if let Some((bytes, at)) = self.tracker.first_bytes(role) {
                let recognised = preamble::recognise(bytes);
                // What was said ahead of TLS is a preamble, known or not; only a server's greeting to a
                // client that meant to speak TLS at once is none.
                let spoke = match self.above.role(role) {
                    Role::Client => client_spoke,
                    Role::Server => server_spoke || recognised.is_none() && client_spoke,
                };
                if self.in_tls && (self.tracker.is_protocol_with_upgrade() || spoke) {
                    continue;
                }
                let plaintext = Plaintext {
                    protocol: recognised.map(|r| r.protocol),
                    bytes: bytes.to_vec(),
                    text: recognised.and_then(|_| preamble::first_line(bytes)),
                };
                let role = self.above.role(role);
                if !self.tracker.explains(role) {
                    self.above.builder(opening).not_tls(role, plaintext, at);
                }
                for refusal in app::plaintext_refusals(role, self.tracker.text(role), at) {
                    self.above.builder(opening).plaintext_refusal(refusal);
                }
            }
        }
    }

    /// Whether this connection was an attempt at a TLS handshake, so that it is a session.
    fn is_handshake_attempt(&self, facts: &TcpFacts) -> bool {
        if self.in_tls || self.above.builder.as_ref().is_some_and(|builder| builder.phase() != Phase::Fresh) {
            return true;
        }
        if self.tracker.is_attempt() {
            return true;
        }
        is_unanswered(facts)
    }

    /// Memory that it holds, in bytes, about.
    fn weight(&self) -> usize {
        let streams = self.streams.client.held() + self.streams.server.held();
        size_of::<Self>() + streams + self.tracker.held_bytes() + self.above.weight()
    }

    fn data(&mut self, from: Role, bytes: &[u8], at: At, opening: &Opening) {
        if self.tds.is_none() && !self.in_tls && TdsUnwrapper::begins(bytes) {
            self.tds = Some(Box::default());
        }
        let Some(tds) = &mut self.tds else {
            self.data_of_stream(from, bytes, at, opening);
            return;
        };
        for piece in tds.of_mut(from).feed(bytes) {
            self.data_of_stream(from, &piece, at, opening);
        }
    }

    fn gap(&mut self, from: Role, gap: Gap, opening: &Opening) {
        if self.in_tls {
            self.streams.of_mut(from).gap(gap.len);
            let role = self.above.role(from);
            self.above.builder(opening).gap(role, gap);
        } else {
            self.tracker.gap(from);
        }
    }
}

/// The first bytes of a side, and whose they look like.
fn plaintext_of(bytes: &[u8]) -> Plaintext {
    let head = bytes.get(..256).unwrap_or(bytes);
    let recognised = preamble::recognise(head);
    Plaintext {
        protocol: recognised.map(|r| r.protocol),
        bytes: head.to_vec(),
        text: recognised.and_then(|_| preamble::first_line(head)),
    }
}

/// Gives one direction's records to the builder.
struct Sink<'a> {
    above: &'a mut Above,
    opening: &'a Opening,
    from: Role,
}

impl Sink<'_> {
    fn builder(&mut self) -> &mut Builder {
        self.above.builder(self.opening)
    }
}

impl RecordSink for Sink<'_> {
    fn wants(&mut self, header: RecordHeader) -> bool {
        match &self.above.builder {
            None => Deferred::wants(header),
            Some(builder) => builder.wants(self.above.role(self.from), header),
        }
    }

    fn record(&mut self, record: Record<'_>) {
        let from = self.above.role(self.from);
        if self.above.builder.is_some() || !self.above.records.take(from, record) {
            self.builder().record(from, record);
        }
    }

    fn not_tls(&mut self, bytes: &[u8], at: At) {
        let from = self.above.role(self.from);
        let begins = self.builder().session().plaintext.of(from).is_none();
        self.builder().not_tls(from, plaintext_of(bytes), at);
        if begins && self.builder().session().plaintext.of(from).is_some() {
            *self.above.plaintext.of_mut(from) = bytes.get(..PLAINTEXT_KEPT).unwrap_or(bytes).to_vec();
        }
        for refusal in app::plaintext_refusals(from, bytes, at) {
            self.builder().plaintext_refusal(refusal);
        }
    }

    fn more_not_tls(&mut self, bytes: &[u8], at: At) {
        let from = self.above.role(self.from);
        let plaintext = self.above.plaintext.of_mut(from);
        let room = PLAINTEXT_KEPT.saturating_sub(plaintext.len());
        if plaintext.is_empty() || room == 0 {
            return;
        }
        plaintext.extend(bytes.iter().take(room));
        let refusals = app::plaintext_refusals(from, plaintext, at);
        let plaintext = plaintext_of(plaintext);
        self.builder().plaintext_goes_on(from, plaintext, refusals);
    }

    fn sslv2_hello(&mut self, bytes: &[u8], at: At) {
        let from = self.above.role(self.from);
        self.builder().sslv2_hello(from, bytes, at);
    }
}
