//! One EAP conversation, over EAPOL or RADIUS: the TLS record stream inside it goes to the builder.

use std::sync::Arc;

use crate::carrier::eap::{self, Event, Exchange, Method};
use crate::carrier::radius;
use crate::carrier::stream::{Record, RecordSink, RecordStream};
use crate::decrypt::KeyRing;
use crate::engine::Limits;
use crate::engine::live::{self, Signs, Watch};
use crate::flow::facts::{Gap, TcpFacts};
use crate::preamble::{Preamble, PreambleOutcome};
use crate::problem::Problem;
use crate::role::{ByRole, Role};
use crate::seen::{At, Seen};
use crate::session::builder::{Builder, Phase};
use crate::session::{Address, Endpoint, Plaintext, Session, Signal, Transport};
use crate::time::Timestamp;
use crate::tls::record::RecordHeader;

/// A conversation that was ended lingers so long for late packets, in nanoseconds of packet time.
const LINGER: i64 = 3_000_000_000;

/// One EAP conversation.
#[derive(Debug, Clone)]
pub(super) struct EapSession {
    exchange: Exchange,
    streams: ByRole<RecordStream>,
    builder: Builder,
    method: Option<Method>,
    identity: Option<String>,
    /// The client's address as the access server tells it is known.
    named: bool,
    ended: bool,
    let_go: bool,
    /// Bytes counted for it in the engine's budget.
    pub(super) counted: usize,
    last: Timestamp,
    /// For live sources: when it is to be looked at, and what was told of it.
    pub(super) watch: Watch,
}

impl EapSession {
    /// A conversation between these ends.
    pub(super) fn new(
        (client, server): (Endpoint, Endpoint),
        encapsulation: Vec<String>,
        at: At,
        limits: &Limits,
        keys: Arc<KeyRing>,
    ) -> Self {
        let mut builder = Builder::new(Transport::Eap, client, server, at, keys)
            .with_replay(limits.replay)
            .with_bounds(limits.session);
        builder.session_mut().encapsulation = encapsulation;
        Self {
            exchange: Exchange::default(),
            streams: ByRole::default(),
            builder,
            method: None,
            identity: None,
            named: false,
            ended: false,
            let_go: false,
            counted: 0,
            last: at.time,
            watch: Watch::default(),
        }
    }

    /// A packet of `from` came from this hardware address: it names an end that was only addressed as a group.
    pub(super) fn sent_by(&mut self, from: Role, mac: [u8; 6]) {
        let session = self.builder.session_mut();
        let end = match from {
            Role::Client => &mut session.client,
            Role::Server => &mut session.server,
        };
        if matches!(end.address, Address::Mac(known) if known == [0; 6] || known[0] & 1 == 1) {
            end.address = Address::Mac(mac);
        }
    }

    /// Takes an EAP packet.
    pub(super) fn packet(&mut self, packet: &[u8], at: At) {
        self.last = at.time;
        self.builder.touch(at);
        match self.exchange.take(packet) {
            Event::Identity(identity) => {
                self.identity = Some(String::from_utf8_lossy(identity).into_owned());
            }
            Event::Start(method) => self.start(method, at),
            Event::Data { from, method, bytes, hole } => {
                if self.method.is_none() {
                    self.start(method, at);
                }
                self.data(from, bytes, hole, at);
            }
            Event::Nak(wanted) if self.method.is_some() => {
                self.builder.signal(Seen::read(Signal::EapNak(wanted), at));
            }
            Event::Success => self.end(Signal::EapSuccess, at),
            Event::Failure => self.end(Signal::EapFailure, at),
            Event::AsksIdentity | Event::Nak(_) | Event::Nothing => {}
        }
    }

    /// Takes a RADIUS packet: the EAP packet inside, and what it says of itself.
    pub(super) fn radius(&mut self, packet: &radius::Packet, at: At) {
        if packet.code == radius::Code::Request && !self.named {
            let name = packet.calling_station.as_ref().or(packet.user_name.as_ref());
            if let Some(name) = name {
                self.named = packet.calling_station.is_some();
                self.builder.session_mut().client = Endpoint { address: Address::Text(name.clone()), port: None };
            }
        }
        if !packet.eap.is_empty() {
            self.packet(&packet.eap, at);
        }
        self.last = at.time;
        self.builder.touch(at);
        match packet.code {
            radius::Code::Accept => self.end(Signal::EapSuccess, at),
            radius::Code::Reject => self.end(Signal::EapFailure, at),
            radius::Code::Request | radius::Code::Challenge => {}
        }
    }

    fn start(&mut self, method: Method, at: At) {
        self.method = Some(method);
        let who = self.identity.as_deref().map_or_else(String::new, |name| format!(" \"{name}\""));
        let text = match method {
            Method::Tls => format!("{}: client{who} and server authenticate each other", method.name()),
            _ => format!(
                "{}: the server authenticates itself to the client{who}, which as a rule does so inside",
                method.name()
            ),
        };
        self.builder.note(Role::Server, "EAP-Start", text, at);
        let outcome = PreambleOutcome::Upgraded(Seen::read((), at));
        self.builder.session_mut().preamble =
            Some(Preamble { protocol: method.name(), outcome, lines: Vec::new(), announced_client: None });
    }

    fn data(&mut self, from: Role, bytes: &[u8], hole: bool, at: At) {
        let mut stream = std::mem::take(self.streams.of_mut(from));
        if hole {
            stream.gap(None);
            self.builder.gap(from, Gap { len: None, at, acknowledged: true, snaplen: false });
        }
        stream.feed(bytes, at, &mut Sink { builder: &mut self.builder, from });
        *self.streams.of_mut(from) = stream;
    }

    fn end(&mut self, signal: Signal, at: At) {
        if !self.ended {
            self.ended = true;
            self.builder.signal(Seen::read(signal, at));
        }
    }

    /// Whether this packet begins another conversation between the same ends: the server asks again who is
    /// there, or starts a method again.
    pub(super) fn is_reused_by(&self, packet: &[u8]) -> bool {
        let spoke = self.builder.phase() != Phase::Fresh;
        let begins = matches!(packet, [1, _, _, _, 1, ..])
            || matches!(packet, [1, _, _, _, 13 | 21 | 25 | 43 | 55, flags, ..] if flags & 0x20 != 0);
        (spoke && begins)
            || (self.ended && eap::sender(packet) == Some(Role::Server) && matches!(packet.first(), Some(1)))
    }

    /// It has ended, and nothing more is to be expected.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.ended && now.since(self.last).0 > LINGER
    }

    /// Memory that it holds, in bytes, about.
    pub(super) fn weight(&self) -> usize {
        /// Of what its carrier joins.
        const JOINED: usize = 2_048;
        size_of::<Self>() + JOINED + self.streams.client.held() + self.streams.server.held() + self.builder.weight()
    }

    /// What it shows of its progress and its end.
    pub(super) fn signs(&self) -> Signs {
        live::signs_of_messages(&self.builder, self.ended)
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

    /// The session, where a method with TLS came as far as its first record.
    pub(super) fn finish(mut self, now: Timestamp, at_end: bool) -> Option<Box<Session>> {
        self.builder.end();
        for role in [Role::Client, Role::Server] {
            let mut stream = std::mem::take(self.streams.of_mut(role));
            stream.finish(&mut Sink { builder: &mut self.builder, from: role });
        }
        if self.builder.phase() == Phase::Fresh && self.builder.session().alerts.is_empty() {
            return None;
        }
        let open = !self.ended && (at_end || self.let_go);
        Some(self.builder.finish(TcpFacts::default(), now, open))
    }
}

/// Gives one direction's records to the builder.
struct Sink<'a> {
    builder: &'a mut Builder,
    from: Role,
}

impl RecordSink for Sink<'_> {
    fn wants(&mut self, header: RecordHeader) -> bool {
        self.builder.wants(self.from, header)
    }

    fn record(&mut self, record: Record<'_>) {
        self.builder.record(self.from, record);
    }

    fn not_tls(&mut self, bytes: &[u8], at: At) {
        let head = bytes.get(..256).unwrap_or(bytes).to_vec();
        self.builder.not_tls(self.from, Plaintext { protocol: None, bytes: head, text: None }, at);
    }

    fn sslv2_hello(&mut self, bytes: &[u8], at: At) {
        self.builder.sslv2_hello(self.from, bytes, at);
    }
}
