//! QUIC: packets opened with keys that anybody can compute, or with those of a key log, and the handshake
//! in their CRYPTO frames.

use std::collections::VecDeque;

use crate::carrier::quic::{self, CryptoStream, Frame, Level, Packet};
use crate::decrypt::quic::{QuicKeys, QuicVersion};
use crate::role::{ByRole, Role};
use crate::seen::Observed;
use crate::seen::{At, Seen};
use crate::session::builder::{ALERT_LIMIT, Builder};
use crate::session::{AlertSeen, builder::Phase};
use crate::session::{FinishedSeen, ProtectedRecord, Signal};
use crate::tls::alert::Alert;
use crate::tls::record::ContentType;

/// Packets that wait for their keys.
const EARLY_LIMIT: usize = 16;
/// This many 1-RTT packets of each side are opened whatever their length.
const OPENED_PACKETS: u64 = 64;
/// Later ones up to this length: CONNECTION_CLOSE stands in short ones.
const SMALL_PACKET: usize = 300;
/// Names of a connection that are remembered.
const IDS_LIMIT: usize = 16;
/// Levels that have keys and a space of packet numbers of their own: Initial, Handshake, 1-RTT.
const SPACES: usize = 3;

/// Where a QUIC connection stands.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    /// The connection id that Initial keys come from, and the version.
    initial: Option<(QuicVersion, Vec<u8>)>,
    /// The destination of the first packet, which Retry replaces.
    retried: bool,
    version: Option<QuicVersion>,
    sides: ByRole<Side>,
    early: VecDeque<(Role, Vec<u8>, At)>,
    /// Names to find the connection by, each with who sends packets to it.
    ids: Vec<(Role, Vec<u8>)>,
    pace: Pace,
}

/// When what came, as far as it shows that both sides went on after the handshake.
#[derive(Debug, Clone, Default)]
struct Pace {
    first: Option<At>,
    /// The client's first 1-RTT packet, and the server's first one behind it.
    client: Option<At>,
    server: Option<At>,
    /// A 1-RTT packet of the client that is an answer to the server's.
    answer: Option<At>,
}

impl Pace {
    fn short(&mut self, from: Role, at: At) {
        match (from, self.first, self.client, self.server) {
            (Role::Client, _, None, _) => self.client = Some(at),
            (Role::Server, _, Some(_), None) => self.server = Some(at),
            (Role::Client, Some(first), Some(client), Some(server)) if self.answer.is_none() => {
                // What was on its way already comes within a round trip, and the hellos took at least one.
                let round_trip = client.time.since(first.time).0;
                if at.time.since(server.time).0 > round_trip {
                    self.answer = Some(at);
                }
            }
            _ => {}
        }
    }
}

#[derive(Debug, Clone, Default)]
struct Side {
    spaces: [Space; SPACES],
    /// Length of the connection id in short headers that this side sends.
    id_len: usize,
    /// Its own id is known, so that `id_len` of the peer is.
    handshake: Option<QuicKeys>,
    application: Option<QuicKeys>,
    /// Keys of the other key phase.
    next: Option<QuicKeys>,
    phase: bool,
    short_packets: u64,
}

#[derive(Debug, Clone, Default)]
struct Space {
    crypto: CryptoStream,
    largest: Option<u64>,
    window: crate::carrier::dtls::Window,
}

impl State {
    /// Takes a datagram of `from`.
    pub(super) fn datagram(&mut self, builder: &mut Builder, from: Role, bytes: &[u8], at: At) {
        for packet in quic::packets(bytes) {
            self.packet(builder, from, packet, at);
        }
    }

    fn packet(&mut self, builder: &mut Builder, from: Role, packet: Packet<'_>, at: At) {
        match packet {
            Packet::VersionNegotiation { versions } => {
                // It counts only while nothing else was heard of the server.
                if from == Role::Server && !builder.session.server_hello.is_seen() {
                    let (versions, _) = versions.as_chunks::<4>();
                    let list = versions.iter().take(16).map(|version| u32::from_be_bytes(*version)).collect();
                    builder.tell_signal(Seen::read(Signal::QuicVersions(list), at));
                }
            }
            Packet::Retry { version, source } => self.retry(builder, from, version, source, at),
            Packet::Long { level: Level::Early, .. } => {
                // 0-RTT: nothing of the handshake is in it.
            }
            Packet::Long { level, version, destination, source, bytes, number_at } => {
                self.long(builder, from, (level, version), (destination, source), bytes, number_at, at);
            }
            Packet::Short { bytes } => self.short(builder, from, bytes, at),
        }
    }

    fn retry(&mut self, builder: &mut Builder, from: Role, version: QuicVersion, source: &[u8], at: At) {
        if from != Role::Server || self.retried || builder.session.server_hello.is_seen() {
            return;
        }
        self.retried = true;
        self.initial = Some((version, source.to_vec()));
        self.remember(Role::Client, source);
        // The client begins anew; it should repeat its ClientHello, and some make a new one.
        if let Some(space) = self.sides.client.spaces.first_mut() {
            space.crypto = CryptoStream::default();
        }
        builder.joiner.client.reset();
        builder.cookie_asked();
        builder.add_note(Role::Server, "Retry", "the server asks the client to prove its address".to_owned(), at);
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of a long header")]
    fn long(
        &mut self,
        builder: &mut Builder,
        from: Role,
        (level, version): (Level, QuicVersion),
        (destination, source): (&[u8], &[u8]),
        bytes: &[u8],
        number_at: usize,
        at: At,
    ) {
        if from == Role::Client && self.initial.is_none() {
            self.initial = Some((version, destination.to_vec()));
            self.remember(Role::Client, destination);
        }
        self.version = Some(version);
        self.pace.first.get_or_insert(at);
        // Who names itself says how its peer has to call it.
        self.sides.of_mut(from.peer()).id_len = source.len();
        self.remember(from.peer(), source);
        let keys = if level == Level::Initial {
            let id = self.initial.as_ref().map(|(_, id)| id.as_slice());
            id.and_then(|id| QuicKeys::initial(version, id)).map(|keys| keys.of(from).clone())
        } else {
            self.find_keys(builder);
            self.sides.of(from).handshake.clone()
        };
        let Some(keys) = keys else {
            self.without_keys(builder, from, level, bytes, at);
            return;
        };
        let space = usize::from(level == Level::Handshake);
        let largest = self.sides.of(from).spaces.get(space).and_then(|space| space.largest);
        match quic::unprotect(&keys, bytes, number_at, largest) {
            Some(opened) => self.opened(builder, from, level, &opened, bytes.len(), at),
            None if level == Level::Handshake => {
                *builder.misfit.of_mut(from) |= builder.opened.of(from) == &0;
                self.stays_closed(builder, from, level, bytes.len(), at);
            }
            None => {}
        }
    }

    fn without_keys(&mut self, builder: &mut Builder, from: Role, level: Level, bytes: &[u8], at: At) {
        if level == Level::Initial {
            return;
        }
        if !builder.session.server_hello.is_seen() {
            if self.early.len() < EARLY_LIMIT {
                self.early.push_back((from, bytes.to_vec(), at));
            }
            return;
        }
        self.stays_closed(builder, from, level, bytes.len(), at);
    }

    fn stays_closed(&mut self, builder: &mut Builder, from: Role, level: Level, length: usize, at: At) {
        let outer = ContentType::APPLICATION_DATA;
        builder.session.keep_protected(ProtectedRecord { from, outer, length, at, inner: None });
        let closed = builder.closed.of_mut(from);
        if level == Level::Application { closed.application += 1 } else { closed.handshake += 1 }
    }

    fn short(&mut self, builder: &mut Builder, from: Role, bytes: &[u8], at: At) {
        self.find_keys(builder);
        self.sides.of_mut(from).short_packets += 1;
        self.pace.short(from, at);
        if self.sides.of(from).application.is_none() {
            self.without_keys(builder, from, Level::Application, bytes, at);
            return;
        }
        if self.sides.of(from).short_packets > OPENED_PACKETS && bytes.len() > SMALL_PACKET {
            builder.count_application(from, bytes.len(), at, true);
            return;
        }
        match self.open_short(from, bytes) {
            Some(opened) => self.opened(builder, from, Level::Application, &opened, bytes.len(), at),
            // A stateless reset, or a packet of another connection.
            None => self.stays_closed(builder, from, Level::Application, bytes.len(), at),
        }
    }

    fn open_short(&mut self, from: Role, bytes: &[u8]) -> Option<quic::Opened> {
        let side = self.sides.of_mut(from);
        let keys = side.application.as_ref()?;
        let number_at = 1 + side.id_len;
        let largest = side.spaces.get(2).and_then(|space| space.largest);
        let header = quic::unmask(keys, bytes, number_at, largest)?;
        let payload = bytes.get(header.bytes.len()..)?;
        let same = header.key_phase() == side.phase;
        if same && let Some(payload) = keys.open(header.number, &header.bytes, payload) {
            return Some(quic::Opened { number: header.number, payload });
        }
        // The other phase: the next keys (RFC 9001 section 6).
        let next = side.next.clone().or_else(|| keys.next_generation())?;
        let opened = next.open(header.number, &header.bytes, payload);
        if opened.is_some() {
            side.next = next.next_generation();
            side.application = Some(next);
            side.phase = header.key_phase();
        }
        Some(quic::Opened { number: header.number, payload: opened? })
    }

    /// Keys of Handshake and 1-RTT packets, as soon as the ServerHello is known.
    fn find_keys(&mut self, builder: &Builder) {
        if self.sides.client.handshake.is_some() || self.sides.client.application.is_some() {
            return;
        }
        let (Some(client), Some(server), Some(version)) =
            (builder.session.client_hello.value(), builder.session.server_hello.value(), self.version)
        else {
            return;
        };
        if builder.keys.secrets(&client.random).is_none() {
            return;
        }
        for role in [Role::Client, Role::Server] {
            let keys = |secret| QuicKeys::from_secret(version, server.cipher_suite, secret);
            let side = self.sides.of_mut(role);
            side.handshake = builder.keys.handshake13(&client.random, role).and_then(keys);
            side.application = builder.keys.application13(&client.random, role).and_then(keys);
        }
    }

    fn opened(
        &mut self,
        builder: &mut Builder,
        from: Role,
        level: Level,
        opened: &quic::Opened,
        length: usize,
        at: At,
    ) {
        let index = match level {
            Level::Initial => 0,
            Level::Handshake => 1,
            Level::Early | Level::Application => 2,
        };
        let Some(space) = self.sides.of_mut(from).spaces.get_mut(index) else { return };
        if !space.window.is_new(opened.number) {
            return;
        }
        space.largest = Some(space.largest.unwrap_or(0).max(opened.number));
        let protected = level != Level::Initial;
        if protected {
            *builder.opened.of_mut(from) += 1;
            let inner =
                if level == Level::Application { ContentType::APPLICATION_DATA } else { ContentType::HANDSHAKE };
            let outer = ContentType::APPLICATION_DATA;
            builder.session.keep_protected(ProtectedRecord { from, outer, length, at, inner: Some(inner) });
        }
        let mut crypto = Vec::new();
        let mut closes = Vec::new();
        let mut application = 0_usize;
        let mut ids = Vec::new();
        let mut done = false;
        quic::frames(&opened.payload, |frame| match frame {
            Frame::Crypto { offset, data } => crypto.extend(space.crypto.add(offset, data)),
            Frame::Close { code, application, reason } => closes.push((code, application, reason.to_vec())),
            Frame::Stream { length } => application = application.saturating_add(length),
            Frame::NewConnectionId { id } => ids.push(id.to_vec()),
            Frame::HandshakeDone => done = true,
            Frame::Other => {}
        });
        if !crypto.is_empty() {
            builder.handshake_bytes(from, &crypto, at, at, protected);
        }
        ids.iter().for_each(|id| self.remember(from.peer(), id));
        if done && protected && from == Role::Server {
            builder.tell_signal(Seen::decrypted(Signal::HandshakeDone, at));
        }
        if application > 0 {
            builder.count_application(from, application, at, true);
        }
        for (code, application, reason) in closes.into_iter().take(4) {
            close(builder, from, (code, application, &reason), protected, at);
        }
        self.reread(builder);
    }

    /// Packets that came before the ServerHello.
    fn reread(&mut self, builder: &mut Builder) {
        if !builder.session.server_hello.is_seen() || self.early.is_empty() {
            return;
        }
        for (from, bytes, at) in std::mem::take(&mut self.early) {
            for packet in quic::packets(&bytes) {
                self.packet(builder, from, packet, at);
            }
        }
    }

    fn remember(&mut self, sender: Role, id: &[u8]) {
        if self.ids.len() < IDS_LIMIT && !id.is_empty() && !self.ids.iter().any(|(_, known)| known == id) {
            self.ids.push((sender, id.to_vec()));
        }
    }

    /// Names of the connection, each with who sends packets to it.
    pub(super) fn ids(&self) -> &[(Role, Vec<u8>)] {
        &self.ids
    }

    /// The connection is over. Who cannot read it can still see that both went on: a client that was refused
    /// falls silent at once, since CONNECTION_CLOSE puts it into the draining state (RFC 9000 section 10.2.2).
    pub(super) fn finish(&self, builder: &mut Builder) {
        for (from, _, _) in &self.early {
            builder.closed.of_mut(*from).handshake += 1;
        }
        let Some(at) = self.pace.answer else { return };
        if builder.session.finished.client.is_seen() || !builder.session.server_hello.is_seen() {
            return;
        }
        let why = "the client answered 1-RTT packets of the server; one that was refused falls silent";
        for role in [Role::Client, Role::Server] {
            let finished = builder.session.finished.of_mut(role);
            if !finished.is_seen() {
                *finished = Observed::Seen(Seen::inferred(FinishedSeen { verified: None }, at, why));
            }
        }
        builder.phase = Phase::Established;
        builder.tell_signal(Seen::inferred(Signal::HandshakeDone, at, why));
    }
}

/// CONNECTION_CLOSE: a TLS alert is a code of 0x100 and up (RFC 9001 section 4.8).
fn close(builder: &mut Builder, from: Role, (code, application, reason): (u64, bool, &[u8]), protected: bool, at: At) {
    let alert = code.checked_sub(0x100).and_then(|code| u8::try_from(code).ok()).filter(|_| !application);
    let reason = String::from_utf8_lossy(reason.get(..256).unwrap_or(reason)).into_owned();
    match alert {
        Some(description) => {
            let alert = Alert { level: 2, description };
            let known = |seen: &Seen<AlertSeen>| seen.value.from == from && seen.value.alert == Some(alert);
            if builder.session.alerts.len() < ALERT_LIMIT && !builder.session.alerts.iter().any(known) {
                builder.alert(from, alert, at, protected);
                if !reason.is_empty() {
                    builder.add_note(from, "CONNECTION_CLOSE", reason, at);
                }
            }
        }
        None => {
            let signal = Signal::QuicClose { from, code, application, reason };
            builder.tell_signal(if protected { Seen::decrypted(signal, at) } else { Seen::read(signal, at) });
        }
    }
}
