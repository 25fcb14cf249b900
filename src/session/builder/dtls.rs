//! DTLS: records out of datagrams, opened where keys are there, and their handshake fragments joined.

use std::collections::VecDeque;

use crate::carrier::dtls::{self, Assembler, Fragments, Record, Window};
use crate::decrypt::dtls13::Dtls13Protection;
use crate::decrypt::{OpenError, Opened, Protection};
use crate::flow::facts::Gap;
use crate::iana::extensions;
use crate::role::{ByRole, Role};
use crate::seen::{At, Seen};
use crate::session::builder::{Builder, Phase};
use crate::session::{Corrupted, Corruption, ProtectedRecord, Signal};
use crate::tls::extension::ExtensionBody;
use crate::tls::handshake::joiner;
use crate::tls::record::{ContentType, RecordHeader};

/// Protected records that wait for the messages which bring their keys.
const EARLY_LIMIT: usize = 16;
/// How often keys of a direction are looked for: an RSA decryption may be behind it.
const ATTEMPTS: u32 = 4;
/// How many unreadable records are remembered, to know the same one again.
const LOOKS: usize = 32;
/// Keys of so many epochs are kept: late records may belong to an earlier one.
const EPOCHS: usize = 4;
/// Content type of ACK (RFC 9147 section 7).
const ACK: ContentType = ContentType(26);
/// First epoch of application data in DTLS 1.3.
const APPLICATION_EPOCH: u64 = 3;

/// Where a DTLS conversation stands.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    sides: ByRole<Side>,
    /// Protected records that came before the ServerHello, or before the messages that give the keys.
    early: VecDeque<(Role, Vec<u8>, At)>,
    /// How many of them there were, for bounds.
    rereading: bool,
}

#[derive(Debug, Clone, Default)]
struct Side {
    assembler: Assembler,
    /// Epoch, and the numbers seen in it.
    windows: Vec<(u64, Window)>,
    /// Keys by epoch: each handshake of a connection has one.
    keys12: Vec<(u64, Protection)>,
    attempts: u32,
    keys13: Vec<(u64, Dtls13Protection)>,
    looks: VecDeque<Vec<u8>>,
    opened: bool,
}

impl Side {
    fn is_new(&mut self, epoch: u64, number: u64) -> bool {
        if let Some((_, window)) = self.windows.iter_mut().find(|(known, _)| *known == epoch) {
            return window.is_new(number);
        }
        if self.windows.len() >= EPOCHS {
            self.windows.remove(0);
        }
        let mut window = Window::default();
        window.is_new(number);
        self.windows.push((epoch, window));
        true
    }

    /// Whether an unreadable record was not seen lately.
    fn is_new_look(&mut self, record: &Record<'_>) -> bool {
        let head = record.fragment.get(..24).unwrap_or(record.fragment);
        if self.looks.iter().any(|look| look == head) {
            return false;
        }
        if self.looks.len() >= LOOKS {
            self.looks.pop_front();
        }
        self.looks.push_back(head.to_vec());
        true
    }
}

/// What came of a protected record.
enum Outcome {
    Opened(Opened),
    Closed(Option<OpenError>),
    Repeated,
    /// Keys may still come.
    Early,
}

impl State {
    /// Takes a datagram of `from`.
    pub(super) fn datagram(&mut self, builder: &mut Builder, from: Role, bytes: &[u8], wire_len: usize, at: At) {
        let id_len = connection_id_len(builder, from);
        for record in dtls::records(bytes, wire_len, id_len) {
            self.record(builder, from, &record, at);
        }
        self.reread(builder);
    }

    fn record(&mut self, builder: &mut Builder, from: Role, record: &Record<'_>, at: At) {
        if record.is_cut() {
            let missing = usize::from(record.header.length).saturating_sub(record.fragment.len());
            let gap = Gap { len: Some(missing as u64), at, acknowledged: false, snaplen: true };
            builder.gap(from, gap);
            return;
        }
        if record.unified || record.epoch > 0 {
            self.protected(builder, from, record, at);
            return;
        }
        if !self.sides.of_mut(from).is_new(0, record.sequence) {
            return;
        }
        builder.run = ByRole::default();
        match record.header.content_type {
            ContentType::HANDSHAKE => self.fragments(builder, from, record.fragment, at, false),
            ContentType::ALERT => builder.alerts(from, record.fragment, at, false),
            ContentType::CHANGE_CIPHER_SPEC if builder.session.change_cipher_spec.of(from).is_none() => {
                builder.change_cipher_spec(from, record.header, at);
            }
            _ => {}
        }
    }

    fn fragments(&mut self, builder: &mut Builder, from: Role, body: &[u8], at: At, protected: bool) {
        let mut fragments = Fragments::new(body);
        for fragment in fragments.by_ref() {
            // Each handshake counts its messages from 0: this is another one.
            let renegotiates = protected && fragment.sequence == 0 && builder.may_begin_again(from);
            let side = self.sides.of_mut(from);
            if renegotiates && builder.phase == Phase::Established && side.assembler.due() != Some(0) {
                side.assembler.restart();
            }
            if !side.assembler.add(&fragment, builder.bounds.message, at) {
                let problem = joiner::too_long(fragment.length, builder.bounds.message);
                // Each of its fragments says how long it is.
                if builder.session.problems.iter().all(|said| said.code != problem.code) {
                    builder.problem(problem.at(at.packet));
                }
            }
        }
        if fragments.has_rest() && builder.session.corrupted.len() < 64 {
            let value = Corrupted { from, what: Corruption::Malformed };
            builder.session.corrupted.push(Seen::read(value, at));
        }
        self.deliver(builder, from, protected);
    }

    /// Hands on all messages that are whole and due.
    fn deliver(&mut self, builder: &mut Builder, from: Role, protected: bool) {
        let mut progress = false;
        while let Some(message) = self.sides.of_mut(from).assembler.pop() {
            if !progress {
                // The flights take turns. Who goes on has everything of its peer: what is still missing of
                // the peer's flight is missing from the capture only.
                progress = true;
                self.give_up_waiting(builder, from.peer(), message.last);
            }
            builder.message(from, message.kind, &message.raw, message.last, protected);
        }
    }

    /// Goes on behind messages that were not captured.
    fn give_up_waiting(&mut self, builder: &mut Builder, from: Role, at: At) {
        while self.sides.of(from).assembler.is_waiting() {
            let more = self.sides.of_mut(from).assembler.pass_over();
            builder.gap(from, Gap { len: None, at, acknowledged: true, snaplen: false });
            let protected = self.sides.of(from).opened;
            while let Some(message) = self.sides.of_mut(from).assembler.pop() {
                builder.message(from, message.kind, &message.raw, message.last, protected);
            }
            if !more {
                break;
            }
        }
    }

    fn protected(&mut self, builder: &mut Builder, from: Role, record: &Record<'_>, at: At) {
        let outcome = self.open(builder, from, record);
        let inner = match &outcome {
            Outcome::Repeated => return,
            Outcome::Early => {
                if self.early.len() < EARLY_LIMIT {
                    let bytes = [record.head, record.fragment].concat();
                    self.early.push_back((from, bytes, at));
                }
                return;
            }
            Outcome::Opened(opened) => Some(opened.content_type),
            Outcome::Closed(_) => None,
        };
        let length = record.fragment.len();
        let outer = record.header.content_type;
        builder.session.keep_protected(ProtectedRecord { from, outer, length, at, inner });
        match outcome {
            Outcome::Opened(opened) => self.opened(builder, from, record, &opened, at),
            Outcome::Closed(error) => self.closed(builder, from, record, error, at),
            Outcome::Repeated | Outcome::Early => {}
        }
    }

    fn opened(&mut self, builder: &mut Builder, from: Role, record: &Record<'_>, opened: &Opened, at: At) {
        *builder.opened.of_mut(from) += 1;
        self.sides.of_mut(from).opened = true;
        match opened.content_type {
            ContentType::HANDSHAKE => {
                builder.run = ByRole::default();
                self.fragments(builder, from, &opened.plaintext, at, true);
            }
            ACK => {
                // The client's Finished is the last message that waits for an answer.
                if from == Role::Server && builder.session.finished.client.is_seen() {
                    builder.tell_signal(Seen::decrypted(Signal::HandshakeDone, at));
                }
            }
            ContentType::CHANGE_CIPHER_SPEC => builder.change_cipher_spec_again(from, record.header, at),
            content_type => builder.opened_record(from, content_type, &opened.plaintext, at, at),
        }
    }

    fn closed(&mut self, builder: &mut Builder, from: Role, record: &Record<'_>, error: Option<OpenError>, at: At) {
        let length = record.fragment.len();
        if error.is_some() {
            let side = self.sides.of(from);
            if !side.opened {
                *builder.misfit.of_mut(from) = true;
            } else if builder.session.corrupted.len() < 64 {
                let value = Corrupted { from, what: Corruption::BadMac };
                builder.session.corrupted.push(Seen::decrypted(value, at));
            }
        }
        if record.unified {
            // The low bits of the epoch: 2 is the handshake, 3 the first of application data.
            let closed = builder.closed.of_mut(from);
            if record.epoch == 2 { closed.handshake += 1 } else { closed.application += 1 }
        } else {
            let header = RecordHeader { version: 0xfefd, ..record.header };
            builder.stays_closed(from, header, length, at);
        }
    }

    fn open(&mut self, builder: &mut Builder, from: Role, record: &Record<'_>) -> Outcome {
        if !builder.session.server_hello.is_seen() && !self.rereading {
            return Outcome::Early;
        }
        if record.unified { self.open13(builder, from, record) } else { self.open12(builder, from, record) }
    }

    fn open12(&mut self, builder: &mut Builder, from: Role, record: &Record<'_>) -> Outcome {
        let epoch = u64::from(record.epoch);
        // Finished may overtake the messages before it.
        let finished = record.header.content_type == ContentType::HANDSHAKE;
        if finished && !builder.has_switched(from, epoch) && !self.rereading {
            return Outcome::Early;
        }
        let side = self.sides.of_mut(from);
        side.find_keys12(builder, from, epoch);
        let Some((_, keys)) = side.keys12.iter().find(|(of, _)| *of == epoch) else {
            return if side.is_new(epoch, record.sequence) { Outcome::Closed(None) } else { Outcome::Repeated };
        };
        let result = if record.header.content_type.0 == 25 {
            let id = record.connection_id;
            keys.open_dtls12_cid(record.epoch, record.sequence, id, record.header, record.fragment)
        } else {
            keys.open_dtls12(record.epoch, record.sequence, record.header, record.fragment)
        };
        if !side.is_new(epoch, record.sequence) {
            return Outcome::Repeated;
        }
        result.map_or_else(|error| Outcome::Closed(Some(error)), Outcome::Opened)
    }

    fn open13(&mut self, builder: &mut Builder, from: Role, record: &Record<'_>) -> Outcome {
        self.find_keys13(builder, from);
        let side = self.sides.of_mut(from);
        let had_keys = side.keys13.iter().any(|(epoch, _)| epoch & 3 == u64::from(record.epoch));
        let mut found = None;
        for (epoch, keys) in side.keys13.iter_mut().filter(|(epoch, _)| epoch & 3 == u64::from(record.epoch)) {
            if let Ok((opened, number)) = keys.open(record.head, record.fragment) {
                found = Some((*epoch, number, opened));
            }
        }
        if found.is_none() {
            found = side.next_epoch(record);
        }
        match found {
            Some((epoch, number, opened)) if side.is_new(epoch, number) => Outcome::Opened(opened),
            Some(_) => Outcome::Repeated,
            None if !side.is_new_look(record) => Outcome::Repeated,
            None => Outcome::Closed(had_keys.then_some(OpenError::BadMac)),
        }
    }

    fn find_keys13(&mut self, builder: &Builder, from: Role) {
        let side = self.sides.of_mut(from);
        if !side.keys13.is_empty() || side.attempts >= ATTEMPTS {
            return;
        }
        side.attempts += 1;
        let Some(random) = builder.session.client_hello.value().map(|hello| hello.random) else { return };
        let Some(suite) = builder.session.server_hello.value().map(|hello| hello.cipher_suite) else { return };
        let secrets = [
            (2, builder.keys.handshake13(&random, from)),
            (APPLICATION_EPOCH, builder.keys.application13(&random, from)),
        ];
        for (epoch, secret) in secrets {
            let keys = secret.and_then(|secret| Dtls13Protection::new(suite, secret));
            let draft = builder.session.version().is_some_and(|version| (0x7f00..=0x7f2b).contains(&version));
            let in_nonce = if draft { u16::try_from(epoch).unwrap_or(0) } else { 0 };
            side.keys13.extend(keys.map(|keys| (epoch, keys.of_draft(in_nonce))));
        }
    }

    /// Records that came before their keys.
    fn reread(&mut self, builder: &mut Builder) {
        if self.early.is_empty() || !builder.session.server_hello.is_seen() {
            return;
        }
        for _ in 0..self.early.len() {
            let Some((from, bytes, at)) = self.early.pop_front() else { break };
            let id_len = connection_id_len(builder, from);
            if let Some(record) = dtls::records(&bytes, bytes.len(), id_len).next() {
                self.record(builder, from, &record, at);
            }
        }
    }

    /// The conversation is over: what still waits is taken as it is.
    pub(super) fn finish(&mut self, builder: &mut Builder) {
        let last = builder.session.last;
        for role in [Role::Client, Role::Server] {
            self.give_up_waiting(builder, role, last);
        }
        self.rereading = true;
        self.reread(builder);
        builder.session.last = last;
    }
}

impl Side {
    fn find_keys12(&mut self, builder: &mut Builder, from: Role, epoch: u64) {
        let newest = self.keys12.last().map_or(0, |(epoch, _)| *epoch);
        if epoch <= newest || self.attempts >= ATTEMPTS {
            return;
        }
        self.attempts += 1;
        let Some(keys) = builder.protection_of_epoch(from, epoch) else { return };
        self.attempts = 0;
        self.keys12.push((epoch, keys));
        if self.keys12.len() > EPOCHS {
            self.keys12.remove(0);
        }
    }

    /// Tries the keys after a KeyUpdate (RFC 9147 section 6.1).
    fn next_epoch(&mut self, record: &Record<'_>) -> Option<(u64, u64, Opened)> {
        let (epoch, newest) = self.keys13.last()?;
        let next = epoch.saturating_add(1);
        if *epoch < APPLICATION_EPOCH || next & 3 != u64::from(record.epoch) {
            return None;
        }
        let mut keys = newest.next_generation()?;
        let (opened, number) = keys.open(record.head, record.fragment).ok()?;
        self.keys13.push((next, keys));
        if self.keys13.len() > EPOCHS {
            self.keys13.remove(0);
        }
        Some((next, number, opened))
    }
}

/// Length of the connection id in records of `from`: the one that its peer has asked for (RFC 9146
/// section 3).
fn connection_id_len(builder: &Builder, from: Role) -> usize {
    let session = &builder.session;
    let (Some(client), Some(server)) = (session.client_hello.value(), session.server_hello.value()) else { return 0 };
    let id = |extensions: &crate::tls::extension::Extensions| match &extensions.get(extensions::CONNECTION_ID)?.body {
        ExtensionBody::ConnectionId(id) => Some(id.len()),
        _ => None,
    };
    let encrypted = session.encrypted_extensions.value().and_then(id);
    let Some(of_server) = id(&server.extensions).or(encrypted) else { return 0 };
    match from {
        Role::Client => of_server,
        Role::Server => id(&client.extensions).unwrap_or(0),
    }
}
