//! From records to facts. One builder per session: it takes what a carrier brings, record by record,
//! and fills a [`Session`]. It judges nothing.

mod deferred;
mod dtls;
mod exchange;
mod finish;
mod messages;
mod protection;
mod quic;
mod renegotiation;
mod replay;
mod transcript;
mod verify;

use std::sync::Arc;

use crate::app;
use crate::bytes::Parsed;
use crate::decrypt::{KeyRing, Secret};
use crate::flow::facts::Gap;
use crate::problem::{MORE_PROBLEMS, Problem};
use crate::role::{ByRole, Role};
use crate::seen::{At, Seen};
use crate::session::timeline::{Entry, EntryKind};
use crate::session::{
    AlertSeen, Bounds, CLOSED_LENGTHS, Corrupted, Corruption, Endpoint, Plaintext, ProtectedRecord, Session, Signal,
    Transport,
};
use crate::tls::alert::Alert;
use crate::tls::handshake::joiner::Joiner;
use crate::tls::record::{ContentType, RecordHeader};

use deferred::Deferred;
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
/// Records up to this length are opened even when nobody needs application data any more: an alert, a
/// KeyUpdate or a post-handshake CertificateRequest may be inside.
const SMALL_RECORD: u16 = 1_024;
/// This many application records of each side are opened to look for a refusal.
const APPLICATION_RECORDS: u64 = 48;

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
        // With keys, what is wanted of a record follows from those before.
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
                    fresh.record(from, header, &fragment, first, last, skipped);
                }
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

    /// Whether the body of a record with that header is needed. Called before the body is collected.
    pub fn wants(&self, from: Role, header: RecordHeader) -> bool {
        if header.content_type != ContentType::APPLICATION_DATA {
            return true;
        }
        let (direction, established) = (self.direction.of(from), self.phase == Phase::Established);
        if direction.needs_every_record() {
            return true;
        }
        if !direction.is_open() {
            // Its length is all that can be learnt, unless its keys come later; then it is to be read as if they
            // had been there.
            return self.replay.has_room(usize::from(header.length))
                && (!established || self.session.application_data.of(from).records < APPLICATION_RECORDS);
        }
        !established
            || header.length <= SMALL_RECORD
            || (!self.watcher.is_satisfied() && self.session.application_data.of(from).records < APPLICATION_RECORDS)
    }

    /// Takes a record of `from`. `fragment` is empty where the body was not wanted.
    pub fn record(&mut self, from: Role, header: RecordHeader, fragment: &[u8], first: At, last: At, skipped: bool) {
        self.touch(last);
        if let Some(deferred) = &mut self.deferred {
            if deferred.take(from, header, fragment, first, last, skipped) {
                return;
            }
            self.catch_up();
        }
        self.read_record(from, header, fragment, first, last, skipped);
    }

    fn read_record(&mut self, from: Role, header: RecordHeader, fragment: &[u8], first: At, last: At, skipped: bool) {
        self.replay.keep(fragment.len(), || Event::Record {
            from,
            header,
            fragment: fragment.to_vec(),
            first,
            last,
            skipped,
        });
        if skipped {
            self.skipped_record(from, header, last);
            return;
        }
        if self.is_protected(from, header, fragment) {
            self.protected_record(from, header, fragment, first, last);
            return;
        }
        self.run = ByRole::default();
        match header.content_type {
            ContentType::HANDSHAKE => self.handshake_bytes(from, fragment, first, last, false),
            ContentType::ALERT => self.alerts(from, fragment, last, false),
            ContentType::CHANGE_CIPHER_SPEC if self.is_altered(from, header, fragment, last) => {}
            ContentType::CHANGE_CIPHER_SPEC => self.change_cipher_spec(from, header, last),
            ContentType::APPLICATION_DATA => self.count_application(from, fragment.len(), last, false),
            _ => {}
        }
    }

    /// Takes a datagram of `from` (DTLS, QUIC), of which `wire_len` bytes were on the wire.
    pub fn datagram(&mut self, from: Role, bytes: &[u8], wire_len: usize, at: At) {
        self.catch_up();
        self.touch(at);
        self.replay.keep(bytes.len(), || Event::Datagram { from, bytes: bytes.to_vec(), wire_len, at });
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
        self.catch_up();
        self.touch(signal.at());
        self.replay.keep(0, || Event::Signal(signal.clone()));
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
        entry.text = signal.value.words();
        self.push(entry);
        self.session.signals.push(signal);
    }

    /// A remark for the timeline on what goes on below TLS.
    pub fn note(&mut self, from: Role, name: &'static str, text: String, at: At) {
        self.catch_up();
        self.replay.keep(text.len(), || Event::Note { from, name, text: text.clone(), at });
        self.add_note(from, name, text, at);
    }

    fn add_note(&mut self, from: Role, name: &'static str, text: String, at: At) {
        let mut entry = self.entry(from, EntryKind::Note, name, at);
        entry.text = text;
        self.push(entry);
    }

    /// Whether a record is protected, by what was agreed on so far and by its own looks.
    fn is_protected(&self, from: Role, header: RecordHeader, fragment: &[u8]) -> bool {
        let direction = self.direction.of(from);
        match header.content_type {
            ContentType::CHANGE_CIPHER_SPEC => false,
            // An alert of two bytes is plaintext in every version: encryption adds to it. (NULL
            // suites add a MAC.)
            ContentType::ALERT => {
                if self.session.is_tls13() || !direction.is_protected() {
                    fragment.len() > 4
                } else {
                    fragment.len() != 2
                }
            }
            // TLS 1.3 wraps everything in application data.
            ContentType::APPLICATION_DATA => true,
            _ => direction.is_protected() && !self.session.is_tls13(),
        }
    }

    /// A hole in what was captured of `from`.
    pub fn gap(&mut self, from: Role, gap: Gap) {
        self.catch_up();
        self.replay.keep(0, || Event::Gap { from, gap });
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
        );
        self.push(entry);
    }

    /// First bytes of a side that are not TLS, or bytes in the middle of the stream that are none.
    pub fn not_tls(&mut self, from: Role, plaintext: Plaintext, at: At) {
        self.catch_up();
        self.touch(at);
        self.replay.keep(plaintext.bytes.len(), || Event::NotTls { from, plaintext: plaintext.clone(), at });
        if self.phase != Phase::Fresh && self.session.change_cipher_spec.of(from).is_some() || self.seen_hello(from) {
            if self.session.corrupted.len() < ALERT_LIMIT {
                let what = Corruption::NotARecord;
                self.session.corrupted.push(Seen::read(Corrupted { from, what }, at));
            }
            return;
        }
        if self.session.plaintext.of(from).is_none() {
            let mut entry = self.entry(from, EntryKind::Preamble, PLAINTEXT, at);
            entry.text = crate::session::describe::plaintext(&plaintext);
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
        self.catch_up();
        self.touch(refusal.at());
        self.replay.keep(refusal.value.text.len(), || Event::Refusal(refusal.clone()));
        self.refusal(refusal);
    }

    fn seen_hello(&self, from: Role) -> bool {
        match from {
            Role::Client => self.session.client_hello.is_seen(),
            Role::Server => self.session.server_hello.is_seen(),
        }
    }

    /// Bytes of handshake messages, in the clear or decrypted.
    fn handshake_bytes(&mut self, from: Role, bytes: &[u8], first: At, last: At, protected: bool) {
        let mut joiner = std::mem::take(self.joiner.of_mut(from));
        let mut joined = Vec::new();
        let problems = joiner.feed(bytes, first, last, |message| {
            joined.push((message.kind, message.raw.to_vec(), message.last));
        });
        *self.joiner.of_mut(from) = joiner;
        self.problems(problems, last);
        for (kind, raw, at) in joined {
            self.message(from, kind, &raw, at, protected);
        }
    }

    /// One or more alerts of two bytes each.
    fn alerts(&mut self, from: Role, bytes: &[u8], at: At, protected: bool) {
        let (pairs, odd) = bytes.as_chunks::<2>();
        if !odd.is_empty() || pairs.is_empty() {
            self.problem(
                Problem::new("malformed-alert", "An alert record does not hold two bytes for each alert.")
                    .at(at.packet),
            );
        }
        for pair in pairs.iter().take(8) {
            self.alert(from, Alert::decode(*pair), at, protected);
        }
    }

    fn alert(&mut self, from: Role, alert: Alert, at: At, protected: bool) {
        let after_finished = self.session.finished.of(from).is_seen();
        let value = AlertSeen { from, alert: Some(alert), protected, after_finished };
        let seen = if protected { Seen::decrypted(value, at) } else { Seen::read(value, at) };
        let mut entry = Entry::at(from, EntryKind::Alert, "Alert", &seen);
        entry.length = Some(2);
        entry.protected = protected;
        entry.text = format!(
            "{} {}",
            crate::iana::alerts::level_name(alert.level).unwrap_or("level unknown"),
            crate::iana::alerts::display(alert.description),
        );
        self.push(entry);
        if self.session.alerts.len() < ALERT_LIMIT {
            self.session.alerts.push(seen);
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
            text: String::new(),
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

    /// Counts application data and folds runs of it into one timeline entry.
    fn count_application(&mut self, from: Role, bytes: usize, at: At, protected: bool) {
        self.count_record(from, bytes, at, protected, false);
    }

    fn count_record(&mut self, from: Role, bytes: usize, at: At, protected: bool, closed: bool) {
        let data = self.session.application_data.of_mut(from);
        data.records += 1;
        data.bytes = data.bytes.saturating_add(bytes as u64);
        data.first.get_or_insert(at);
        data.last = Some(at);
        if closed && data.closed_lengths.len() < CLOSED_LENGTHS {
            data.closed_lengths.push(bytes);
        }
        let run = *self.run.of(from);
        if let Some(entry) = run.and_then(|index| self.session.timeline.entries.get_mut(index)) {
            entry.length = entry.length.map(|length| length.saturating_add(bytes));
            return;
        }
        let mut entry = self.entry(from, EntryKind::ApplicationData, "ApplicationData", at);
        entry.length = Some(bytes);
        entry.protected = protected;
        let index = self.session.timeline.entries.len();
        self.push(entry);
        self.run = ByRole::default();
        *self.run.of_mut(from) = Some(index);
    }

    /// A record whose body nobody wanted.
    fn skipped_record(&mut self, from: Role, header: RecordHeader, at: At) {
        let length = usize::from(header.length);
        let direction = self.direction.of_mut(from);
        direction.skip();
        if direction.is_open() {
            self.count_record(from, length, at, true, false);
            return;
        }
        let outer = header.content_type;
        self.session.keep_protected(ProtectedRecord { from, outer, length, at, inner: None });
        self.stays_closed(from, header, length, at);
    }

    /// Whether a ChangeCipherSpec is not what its sender wrote: in a renegotiation it is itself protected, by the keys
    /// that it ends. That is noted.
    fn is_altered(&mut self, from: Role, header: RecordHeader, fragment: &[u8], at: At) -> bool {
        let protected = self.direction.of(from).is_protected() && !self.session.is_tls13();
        let altered = protected && self.direction.of(from).refutes(header, fragment);
        if altered && self.session.corrupted.len() < ALERT_LIMIT {
            let value = Corrupted { from, what: Corruption::BadMac };
            self.session.corrupted.push(Seen::decrypted(value, at));
        }
        altered
    }

    fn change_cipher_spec(&mut self, from: Role, header: RecordHeader, at: At) {
        let mut entry = self.entry(from, EntryKind::ChangeCipherSpec, "ChangeCipherSpec", at);
        entry.length = Some(usize::from(header.length));
        // In a renegotiation it is under the keys that it ends.
        entry.protected = self.session.change_cipher_spec.of(from).is_some() && header.length > 1;
        // A HelloRetryRequest is TLS 1.3 already.
        let tls13 = self.session.is_tls13()
            || self.session.hello_retry.is_some()
            || (from == Role::Client && !self.session.server_hello.is_seen());
        if tls13 {
            entry.text = "for middleboxes; means nothing in TLS 1.3".to_owned();
        }
        self.push(entry);
        if from == Role::Server
            && self.session.change_cipher_spec.server.is_some()
            && let Some(last) = self.session.reauthentication.last_mut()
        {
            last.value.completed = true;
        }
        let again = self.session.change_cipher_spec.of(from).is_some();
        if !again {
            *self.session.change_cipher_spec.of_mut(from) = Some(Seen::read((), at));
        }
        if tls13 {
            return;
        }
        if again {
            self.protect_renegotiated(from);
        } else {
            self.protect12(from);
        }
    }
}
