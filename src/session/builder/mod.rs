//! From records to facts. One builder per session: it takes what a carrier brings, record by record,
//! and fills a [`Session`]. It judges nothing.

mod deferred;
mod dtls;
mod exchange;
mod finish;
mod messages;
mod protection;
mod quic;
mod records;
mod renegotiation;
mod replay;
mod transcript;
mod verify;

use std::borrow::Cow;
use std::sync::Arc;

use crate::app;
use crate::bytes::Parsed;
use crate::carrier::stream::Record;
use crate::decrypt::{KeyRing, Secret};
use crate::flow::facts::Gap;
use crate::problem::{MORE_PROBLEMS, Problem};
use crate::role::{ByRole, Role};
use crate::seen::{At, Seen};
use crate::session::timeline::{Entry, EntryKind};
use crate::session::{Bounds, Corrupted, Corruption, Endpoint, Plaintext, Session, Signal, Transport};
use crate::tls::handshake::joiner::Joiner;

pub(crate) use deferred::Deferred;
use protection::Direction;
use renegotiation::{Names, Renegotiation};
use replay::{Event, Replay};
use transcript::Transcript;

/// Name of the entry for bytes that are no TLS.
const PLAINTEXT: &str = "Plaintext";
/// What a timeline entry takes, about.
const ENTRY_WEIGHT: usize = 256;
/// What becomes of each byte of a handshake message: the transcript, the fact, its parts.
const MESSAGE_WEIGHT: usize = 6;
/// How many alerts a session keeps.
const ALERT_LIMIT: usize = 64;

/// Where the session stands between plaintext and TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// No TLS seen yet.
    Fresh,
    /// A ClientHello or a ServerHello was seen.
    Handshake,
    /// Both sides finished, as far as that can be seen.
    Established,
}

/// Fills a session from what its carrier brings.
#[derive(Debug, Clone)]
pub struct Builder {
    session: Box<Session>,
    keys: Arc<KeyRing>,
    joiner: ByRole<Joiner>,
    direction: ByRole<Direction>,
    transcript: Transcript,
    /// Master secret (TLS 1.2 and below) of the last handshake that was completed, once known.
    master: Option<Secret>,
    /// Body of the ClientKeyExchange, for RSA key transport.
    key_exchange: Option<Vec<u8>>,
    /// A handshake has been completed before on this connection, and another one is under way.
    renegotiation: Option<Box<Renegotiation>>,
    /// Every handshake that was renegotiated, for keys that come late.
    renegotiated: Vec<Names>,
    watcher: app::Watcher,
    phase: Phase,
    /// Records opened, records that stayed closed, by side.
    opened: ByRole<u64>,
    closed: ByRole<ClosedCount>,
    /// The keys were there and failed on the first record.
    misfit: ByRole<bool>,
    /// What each side last sent was application data: runs are folded into one timeline entry.
    run: ByRole<Option<usize>>,
    /// A hole was met in this direction.
    hole: ByRole<bool>,
    /// A HelloVerifyRequest was seen, and no ClientHello since.
    cookie_asked: bool,
    /// Where the datagrams of DTLS stand.
    dtls: Option<Box<dtls::State>>,
    /// Where the packets of QUIC stand.
    quic: Option<Box<quic::State>>,
    /// What came in, for keys that come late.
    replay: Replay,
    /// Records that are read later; `None` where they are read at once.
    deferred: Option<Deferred>,
    /// How much may be held.
    bounds: Bounds,
    /// Bytes of handshake messages read.
    message_bytes: usize,
    /// What comes now is told at the end of the conversation. Other conversations may have ended at the same time,
    /// in any order: it neither takes from them nor gives them anything.
    ends: bool,
}

/// Protected records that could not be opened.
#[derive(Debug, Clone, Copy, Default)]
struct ClosedCount {
    handshake: u64,
    application: u64,
}

impl ClosedCount {
    const fn any(self) -> bool {
        self.handshake > 0 || self.application > 0
    }
}

impl Builder {
    /// A builder for a session between these ends.
    pub fn new(transport: Transport, client: Endpoint, server: Endpoint, first: At, keys: Arc<KeyRing>) -> Self {
        Self {
            session: Box::new(Session::begun(transport, client, server, first)),
            keys,
            joiner: ByRole::default(),
            direction: ByRole::default(),
            transcript: Transcript::of(transport == Transport::Dtls),
            master: None,
            key_exchange: None,
            renegotiation: None,
            renegotiated: Vec::new(),
            watcher: app::Watcher::default(),
            phase: Phase::Fresh,
            opened: ByRole::default(),
            closed: ByRole::default(),
            misfit: ByRole::default(),
            run: ByRole::default(),
            hole: ByRole::default(),
            cookie_asked: false,
            dtls: (transport == Transport::Dtls).then(Box::default),
            quic: (transport == Transport::Quic).then(Box::default),
            replay: Replay::default(),
            deferred: None,
            bounds: Bounds::default(),
            message_bytes: 0,
            ends: false,
        }
    }

    /// Holds no more than this.
    #[must_use]
    pub fn with_bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        let joiner = || Joiner::within(bounds.message);
        self.joiner = ByRole { client: joiner(), server: joiner() };
        self
    }

    /// Memory that is held, in bytes, about.
    pub fn weight(&self) -> usize {
        let joined = self.joiner.client.pending() + self.joiner.server.pending();
        let entries = self.session.timeline.entries.len() * ENTRY_WEIGHT;
        let deferred = self.deferred.as_ref().map_or(0, Deferred::held);
        let own = size_of::<Self>() + size_of::<Session>();
        own + self.message_bytes * MESSAGE_WEIGHT + entries + joined + self.replay.bytes() + deferred
    }

    /// Keeps up to `limit` bytes of what comes in, to read it again when keys arrive late.
    #[must_use]
    pub fn with_replay(mut self, limit: usize) -> Self {
        self.replay = Replay::new(limit);
        self
    }

    /// What it is held to.
    pub const fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// What is known so far.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// What is known so far, to add facts of the layers below (endpoints, encapsulation, preamble, TCP).
    pub fn session_mut(&mut self) -> &mut Session {
        &mut self.session
    }

    /// Whether anything of TLS was seen.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Lets go of the keys, so that more can be added without a copy; [`Builder::set_keys`] must follow
    /// before anything else.
    pub fn give_back_keys(&mut self, none: &Arc<KeyRing>) {
        self.keys = Arc::clone(none);
    }

    /// The conversation is over: what was held back comes now.
    pub fn end(&mut self) {
        self.catch_up();
        self.deferred = None;
        self.ends = true;
    }

    /// Newer keys. Where they open what has stayed closed, the session is read again from the start.
    pub fn set_keys(&mut self, keys: Arc<KeyRing>) {
        self.catch_up();
        self.deferred = None;
        self.keys = keys;
        let stayed_closed = self.closed.client.any() || self.closed.server.any();
        // Reading again with the keys of the last time would give what that gave.
        if stayed_closed && self.known_keys() > self.replay.known_keys && self.replay.is_on() {
            self.read_again();
            // Reading may have brought a renegotiated handshake to light, and its keys.
            self.replay.known_keys = self.known_keys();
        }
    }

    /// How many keys of this session are known.
    fn known_keys(&self) -> usize {
        let known = |random: &[u8; 32], session_id: &[u8]| {
            let logged = self.keys.secrets(random).map_or(0, |secrets| secrets.labels().count());
            logged + usize::from(self.keys.master(random, session_id).is_some())
        };
        let Some(hello) = self.session.client_hello.value() else { return 0 };
        let session_id = self.session.server_hello.value().map(|hello| hello.session_id.as_slice()).unwrap_or_default();
        let later = self.renegotiated.iter().map(|names| known(&names.client_random, &names.session_id));
        known(&hello.random, session_id) + later.sum::<usize>()
    }

    fn read_again(&mut self) {
        let session = &self.session;
        let at = session.first;
        let mut fresh =
            Self::new(session.transport, session.client.clone(), session.server.clone(), at, Arc::clone(&self.keys));
        fresh.session.encapsulation.clone_from(&session.encapsulation);
        fresh.session.preamble.clone_from(&session.preamble);
        fresh = fresh.with_bounds(self.bounds);
        fresh.ends = self.ends;
        let replay = std::mem::take(&mut self.replay);
        for event in &replay.events {
            match event.clone() {
                Event::Record { from, header, fragment, first, last, skipped } => {
                    fresh.record(from, Record { header, fragment: &fragment, first, last, skipped });
                }
                Event::Sslv2Hello { from, bytes, at } => fresh.sslv2_hello(from, &bytes, at),
                Event::Gap { from, gap } => fresh.gap(from, gap),
                Event::NotTls { from, plaintext, at } => fresh.not_tls(from, plaintext, at),
                Event::PlaintextGoesOn { from, plaintext, refusals } => {
                    fresh.plaintext_goes_on(from, plaintext, refusals);
                }
                Event::Refusal(refusal) => fresh.plaintext_refusal(refusal),
                Event::Datagram { from, bytes, wire_len, at } => fresh.datagram(from, &bytes, wire_len, at),
                Event::Signal(signal) => fresh.signal(signal),
                Event::Note { from, name, text, at } => fresh.note(from, name, text, at),
            }
        }
        if replay.incomplete {
            fresh.direction.client.lost();
            fresh.direction.server.lost();
        }
        fresh.session.last = self.session.last;
        fresh.session.may_miss_packets = self.session.may_miss_packets;
        fresh.replay = replay;
        *self = fresh;
    }

    /// Notes that a packet of this session passed.
    pub fn touch(&mut self, at: At) {
        if at.packet >= self.session.last.packet {
            self.session.last = at;
        }
    }

    /// Takes a datagram of `from` (DTLS, QUIC), of which `wire_len` bytes were on the wire.
    pub fn datagram(&mut self, from: Role, bytes: &[u8], wire_len: usize, at: At) {
        self.touch(at);
        self.keep(bytes.len(), || Event::Datagram { from, bytes: bytes.to_vec(), wire_len, at });
        if let Some(mut state) = self.dtls.take() {
            state.datagram(self, from, bytes, wire_len, at);
            self.dtls = Some(state);
        } else if let Some(mut state) = self.quic.take() {
            state.datagram(self, from, bytes, at);
            self.quic = Some(state);
        }
    }

    /// Names of a QUIC connection, each with who sends packets to it.
    pub fn connection_ids(&self) -> &[(Role, Vec<u8>)] {
        self.quic.as_deref().map(quic::State::ids).unwrap_or_default()
    }

    /// Something that the layer below TLS says about the end of the handshake.
    pub fn signal(&mut self, signal: Seen<Signal>) {
        self.touch(signal.at());
        self.keep(0, || Event::Signal(signal.clone()));
        self.tell_signal(signal);
    }

    fn tell_signal(&mut self, signal: Seen<Signal>) {
        let known = self.session.signals.iter().any(|known| known.value == signal.value);
        if known || self.session.signals.len() >= ALERT_LIMIT {
            return;
        }
        let mut entry = self.entry(signal.value.from(), EntryKind::Note, signal.value.name(), signal.at());
        entry.protected = matches!(signal.basis, crate::seen::Basis::Decrypted);
        entry.inferred = signal.is_inferred();
        entry.text = signal.value.words().into();
        self.push(entry);
        self.session.signals.push(signal);
    }

    /// A remark for the timeline on what goes on below TLS.
    pub fn note(&mut self, from: Role, name: &'static str, text: String, at: At) {
        self.keep(text.len(), || Event::Note { from, name, text: text.clone(), at });
        self.add_note(from, name, text, at);
    }

    fn add_note(&mut self, from: Role, name: &'static str, text: String, at: At) {
        let mut entry = self.entry(from, EntryKind::Note, name, at);
        entry.text = text.into();
        self.push(entry);
    }

    /// A hole in what was captured of `from`.
    pub fn gap(&mut self, from: Role, gap: Gap) {
        self.keep(0, || Event::Gap { from, gap });
        let stood_in_message = self.joiner.of(from).pending() > 0;
        self.joiner.of_mut(from).reset();
        self.run = ByRole::default();
        *self.hole.of_mut(from) = true;
        self.direction.of_mut(from).lost();
        if self.phase != Phase::Established {
            self.transcript.break_off("packets of the handshake are missing from the capture");
        }
        if let Some(renegotiation) = &mut self.renegotiation {
            renegotiation.lost();
        }
        let missing = gap.len.map_or_else(|| "an unknown number of".to_owned(), |len| len.to_string());
        let mut entry = self.entry(from, EntryKind::Note, "Gap", gap.at);
        entry.text = format!(
            "{missing} bytes from the {from} are not in the capture{}{}",
            if gap.snaplen { " (cut by the snap length)" } else { "" },
            if stood_in_message { ", in the middle of a handshake message" } else { "" },
        )
        .into();
        self.push(entry);
    }

    /// First bytes of a side that are not TLS, or bytes in the middle of the stream that are none.
    pub fn not_tls(&mut self, from: Role, plaintext: Plaintext, at: At) {
        self.touch(at);
        self.keep(plaintext.bytes.len(), || Event::NotTls { from, plaintext: plaintext.clone(), at });
        if self.phase != Phase::Fresh && self.session.change_cipher_spec.of(from).is_some() || self.seen_hello(from) {
            if self.session.corrupted.len() < ALERT_LIMIT {
                let what = Corruption::NotARecord;
                self.session.corrupted.push(Seen::read(Corrupted { from, what }, at));
            }
            return;
        }
        if self.session.plaintext.of(from).is_none() {
            let mut entry = self.entry(from, EntryKind::Preamble, PLAINTEXT, at);
            entry.text = crate::session::describe::plaintext(&plaintext).into();
            entry.length = Some(plaintext.bytes.len());
            self.push(entry);
            *self.session.plaintext.of_mut(from) = Some(Seen::read(plaintext, at));
        } else if let Some(seen) = self.session.plaintext.of_mut(from) {
            let room = 256_usize.saturating_sub(seen.value.bytes.len());
            seen.value.bytes.extend(plaintext.bytes.iter().take(room));
        }
    }

    /// A refusal that was spoken in plaintext.
    pub fn plaintext_refusal(&mut self, refusal: Seen<app::Refusal>) {
        self.touch(refusal.at());
        self.keep(refusal.value.text.len(), || Event::Refusal(refusal.clone()));
        self.refusal(refusal);
    }

    fn seen_hello(&self, from: Role) -> bool {
        match from {
            Role::Client => self.session.client_hello.is_seen(),
            Role::Server => self.session.server_hello.is_seen(),
        }
    }

    /// An entry read at `at`.
    fn entry(&self, from: Role, kind: EntryKind, name: &'static str, at: At) -> Entry {
        Entry {
            from,
            packet: at.packet,
            time: at.time,
            kind,
            name: name.into(),
            length: None,
            protected: false,
            inferred: false,
            text: Cow::default(),
        }
    }

    fn push(&mut self, entry: Entry) {
        let timeline = &mut self.session.timeline;
        if timeline.entries.len() < self.bounds.timeline {
            timeline.entries.push(entry);
        } else {
            timeline.dropped += 1;
            if timeline.dropped == 1 {
                let text =
                    "This session has more messages than its timeline may list: the later ones are counted only.";
                let packet = crate::seen::PacketNo(entry.packet.0);
                self.problem(Problem::new("timeline-full", text).at(packet));
            }
        }
    }

    fn problem(&mut self, problem: Problem) {
        let problems = &mut self.session.problems;
        if problems.len() < self.bounds.problems {
            problems.push(problem);
        } else if problems.iter().all(|said| said.code != MORE_PROBLEMS) {
            problems.push(Problem::more("session"));
        }
    }

    fn problems(&mut self, problems: Vec<Problem>, at: At) {
        for problem in problems {
            self.problem(if problem.packet.is_none() { problem.at(at.packet) } else { problem });
        }
    }

    fn unwrap<T>(&mut self, parsed: Parsed<T>, at: At) -> T {
        self.problems(parsed.problems, at);
        parsed.value
    }
}
