//! What ciphertext lengths and order betray in TLS 1.3 (RFC 8446 section 5.2: a record is as long as
//! its content, one byte of inner type, padding and the tag).
//!
//! Everything found here is marked as inferred, with the reason, and never proves anything by itself.
//! Where a sender pads, no length fits, and nothing is said.

mod again;
mod answer;

use std::borrow::Cow;

pub use answer::{HiddenAnswer, hidden_answer};

use crate::role::Role;
use crate::seen::{At, Observed, Seen};
use crate::session::timeline::{Entry, EntryKind};
use crate::session::{
    AlertSeen, CLOSED_LENGTHS, CertificateSent, FinishedSeen, InferredClientAuth, ProtectedRecord, RequestSeen,
    Session, Stack, Transport,
};
use crate::tls::handshake::NewSessionTicket;
use crate::tls::record::ContentType;

use again::Again;

/// Body of a client Certificate with one certificate of no bytes: context, list length, entry header.
const CERTIFICATE_OVERHEAD: usize = 13;
/// No certificate is smaller than this.
const SMALLEST_CERTIFICATE: usize = 120;
/// Bytes that JSSE adds to every record.
const JSSE_PADDING: usize = 16;

/// Lengths of one cipher suite's records.
#[derive(Debug, Clone, Copy)]
struct Lengths {
    /// Inner type, padding and tag.
    overhead: usize,
    /// Length of the hash, and so of Finished's verify_data.
    hash: usize,
}

impl Lengths {
    fn of(suite: u16, padding: usize) -> Self {
        let tag = if suite == 0x1305 { 8 } else { 16 };
        let hash = if suite == 0x1302 { 48 } else { 32 };
        Self { overhead: 1 + tag + padding, hash }
    }

    fn alert(self) -> usize {
        2 + self.overhead
    }

    fn finished(self) -> usize {
        4 + self.hash + self.overhead
    }

    fn empty_certificate(self) -> usize {
        8 + self.overhead
    }

    fn end_of_early_data(self) -> usize {
        4 + self.overhead
    }

    /// Whether a record of that length can hold a CertificateVerify and nothing else.
    fn is_certificate_verify(self, length: usize) -> bool {
        // Two bytes of scheme, two of length, then the signature.
        let Some(signature) = length.checked_sub(self.overhead + 8) else { return false };
        matches!(signature, 128 | 256 | 384 | 512 | 64 | 114 | 2420 | 3309 | 4627 | 68..=72 | 100..=104 | 136..=139)
    }
}

/// Adds to the session what follows from its closed records.
pub fn infer(session: &mut Session) {
    if session.transport != Transport::Tcp || !session.is_tls13() {
        return;
    }
    let Some(suite) = session.server_hello.value().map(|hello| hello.cipher_suite) else { return };
    let closed = |record: &&ProtectedRecord| record.inner.is_none() && record.outer == ContentType::APPLICATION_DATA;
    let mut records: Vec<ProtectedRecord> = Vec::with_capacity(session.protected.len());
    records.extend(session.protected.iter().filter(closed).cloned());
    if records.is_empty() {
        return;
    }
    let tail: Vec<ProtectedRecord> = session.protected_tail.iter().filter(closed).cloned().collect();
    let handshake_read = session.finished.server.is_seen() || session.finished.client.is_seen();
    let gaps = !session.tcp.gaps.client.is_empty() || !session.tcp.gaps.server.is_empty();
    let reading = Reading::new(suite, records, tail, session);
    if handshake_read || gaps {
        // Lengths are read from the start of a flight; with part of it gone they mean nothing.
        reading.only_list(session, handshake_read);
        return;
    }
    reading.tell(session);
}

/// How the client's second flight looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flight {
    /// Nothing from the client after the server's flight.
    Nothing,
    /// Only an alert.
    Alert,
    /// Finished and nothing before it.
    FinishedOnly,
    /// An empty Certificate, then Finished.
    Empty,
    /// A Certificate, CertificateVerify and Finished.
    Presented {
        /// Length of the certificates in bytes, as far as the record lengths tell.
        certificates: Option<usize>,
    },
    /// A Certificate, and an alert in the place of its CertificateVerify.
    GaveUp {
        /// Length of the certificate in bytes.
        certificate: usize,
    },
    /// No length fits.
    Unreadable,
}

impl Flight {
    /// Whether it ends with Finished.
    const fn is_whole(self) -> bool {
        matches!(self, Self::FinishedOnly | Self::Empty | Self::Presented { .. })
    }
}

struct Reading {
    lengths: Lengths,
    records: Vec<ProtectedRecord>,
    tail: Vec<ProtectedRecord>,
    /// Index (in `records`) of the client's first record of its second flight.
    flight_start: Option<usize>,
    /// Index after the client's Finished.
    flight_end: usize,
    flight: Flight,
    /// The client's stack puts each message into a record of its own, as far as it is known.
    apart: bool,
}

/// Stacks that put each message of a flight into a record of its own.
const APART: &[Stack] = &[
    Stack::OpenSsl,
    Stack::LibreSsl,
    Stack::Node,
    Stack::Go,
    Stack::GnuTls,
    Stack::Jsse,
    Stack::Erlang,
    Stack::WolfSsl,
    Stack::S2n,
    Stack::MbedTls,
];

impl Reading {
    fn new(suite: u16, records: Vec<ProtectedRecord>, tail: Vec<ProtectedRecord>, session: &Session) -> Self {
        let plain = Lengths::of(suite, 0);
        let padded = Lengths::of(suite, JSSE_PADDING);
        let early = session.client_hello.value().is_some_and(|hello| hello.extensions.has(42));
        let client = crate::session::stack::guess(session, Role::Client).candidates;
        let apart = !client.is_empty() && client.iter().all(|stack| APART.contains(stack));
        let mut reading = Self {
            lengths: plain,
            records,
            tail,
            flight_start: None,
            flight_end: 0,
            flight: Flight::Unreadable,
            apart,
        };
        reading.flight_start = reading.client_flight_start(early, plain);
        // The client pads or it does not: take what fits. The server's padding is its own matter.
        let client: Vec<(usize, usize)> = reading.client_records().collect();
        for lengths in [plain, padded] {
            let (flight, end) = reading.read_flight(&client, lengths);
            if flight != Flight::Unreadable {
                reading.lengths = lengths;
                reading.flight = flight;
                reading.flight_end = end;
                return reading;
            }
        }
        reading.flight_end = reading.flight_start.unwrap_or(reading.records.len());
        reading
    }

    fn client_flight_start(&self, early: bool, lengths: Lengths) -> Option<usize> {
        let client = |record: &ProtectedRecord| record.from == Role::Client;
        if early {
            let end = self.records.iter().position(|r| client(r) && r.length == lengths.end_of_early_data());
            if let Some(end) = end {
                return (end + 1..self.records.len()).find(|index| self.records.get(*index).is_some_and(client));
            }
        }
        self.records.iter().position(client)
    }

    /// The client's records from the start of its flight: index and length.
    fn client_records(&self) -> impl Iterator<Item = (usize, usize)> {
        let start = self.flight_start.unwrap_or(self.records.len());
        let records = self.records.iter().enumerate().skip(start);
        records.filter(|(_, record)| record.from == Role::Client).map(|(index, record)| (index, record.length))
    }

    fn read_flight(&self, client: &[(usize, usize)], lengths: Lengths) -> (Flight, usize) {
        let Some((first_index, first)) = client.first().copied() else {
            return (Flight::Nothing, self.records.len());
        };
        let next = client.get(1).copied();
        if first == lengths.alert() && client.iter().all(|(_, length)| *length == lengths.alert()) {
            return (Flight::Alert, first_index);
        }
        if first == lengths.finished() {
            return (Flight::FinishedOnly, first_index + 1);
        }
        if first == lengths.empty_certificate()
            && let Some((index, length)) = next
            && length == lengths.finished()
        {
            return (Flight::Empty, index + 1);
        }
        if first == 8 + 4 + lengths.hash + lengths.overhead {
            return (Flight::Empty, first_index + 1);
        }
        self.read_presented(client, lengths)
    }

    /// Certificate (one or more records), CertificateVerify, Finished; or all three in one record.
    fn read_presented(&self, client: &[(usize, usize)], lengths: Lengths) -> (Flight, usize) {
        let finished = client.iter().take(12).position(|(_, length)| *length == lengths.finished());
        if let Some(position) = finished
            && position >= 2
            && let Some((index, _)) = client.get(position).copied()
        {
            let verify = client.get(position - 1).map_or(0, |(_, length)| *length);
            let before: usize =
                client.iter().take(position - 1).map(|(_, length)| length.saturating_sub(lengths.overhead)).sum();
            if lengths.is_certificate_verify(verify) && before >= CERTIFICATE_OVERHEAD + SMALLEST_CERTIFICATE {
                let certificates = before.checked_sub(CERTIFICATE_OVERHEAD);
                return (Flight::Presented { certificates }, index + 1);
            }
        }
        let Some((index, length)) = client.first().copied() else { return (Flight::Nothing, 0) };
        if self.apart
            && let [_, alerts @ ..] = client
            && !alerts.is_empty()
            && alerts.iter().all(|(_, length)| *length == lengths.alert())
            && let Some(certificate) = length.checked_sub(lengths.overhead + CERTIFICATE_OVERHEAD)
            && certificate >= SMALLEST_CERTIFICATE
        {
            return (Flight::GaveUp { certificate }, index + 1);
        }
        let smallest = CERTIFICATE_OVERHEAD + SMALLEST_CERTIFICATE + 8 + 64 + 4 + lengths.hash + lengths.overhead;
        if length >= smallest && finished.is_none() {
            return (Flight::Presented { certificates: None }, index + 1);
        }
        (Flight::Unreadable, index)
    }

    fn at(&self, index: usize) -> At {
        self.records.get(index).map(|record| record.at).unwrap_or_default()
    }

    /// Adds the facts.
    fn tell(&self, session: &mut Session) {
        let start = self.flight_start.unwrap_or(self.records.len());
        self.tell_server_flight(session, start);
        let why = self.tell_client_flight(session, start);
        self.tell_after(session);
        self.list(session, start, why);
    }

    fn tell_client_flight(&self, session: &mut Session, start: usize) -> Option<&'static str> {
        let at = self.at(start);
        let finished_at = self.at(self.flight_end.saturating_sub(1));
        let finished = |session: &mut Session, why: &'static str| {
            let value = FinishedSeen { verified: None };
            session.finished.client = Observed::Seen(Seen::inferred(value, finished_at, why));
        };
        let (auth, why) = match self.flight {
            Flight::FinishedOnly => {
                let why = "the client's first protected record is exactly as long as Finished: it sent no Certificate, so none was asked for";
                finished(session, why);
                (InferredClientAuth::NotRequested, why)
            }
            Flight::Empty => {
                let why = "the client's first protected record is exactly as long as an empty Certificate, and Finished follows";
                finished(session, why);
                session.certificate.client = Observed::Seen(Seen::inferred(CertificateSent::Empty, at, why));
                (InferredClientAuth::Empty, why)
            }
            Flight::Presented { certificates } => {
                let why = "before its Finished the client sent a record long enough for a certificate, and one as long as its signature";
                finished(session, why);
                let sent = CertificateSent::Unread { approx_len: certificates };
                session.certificate.client = Observed::Seen(Seen::inferred(sent, at, why));
                (InferredClientAuth::Presented, why)
            }
            Flight::GaveUp { certificate } => {
                let why = "the client sent a record long enough for a certificate, and then one exactly as long as an alert in the place of its signature";
                let sent = CertificateSent::Unread { approx_len: Some(certificate) };
                session.certificate.client = Observed::Seen(Seen::inferred(sent, at, why));
                let alert = self.client_records().nth(1).map(|(index, _)| self.at(index)).unwrap_or(at);
                self.add_alert(session, Role::Client, alert, why, false);
                (InferredClientAuth::Presented, why)
            }
            Flight::Alert => {
                let why = "the client's only protected record is exactly as long as an alert";
                self.add_alert(session, Role::Client, at, why, false);
                return Some(why);
            }
            Flight::Nothing | Flight::Unreadable => return None,
        };
        if auth != InferredClientAuth::NotRequested && !session.certificate_request.is_seen() {
            let request = RequestSeen { message: None };
            let why = "a client sends a Certificate only where it was asked for one";
            session.certificate_request = Observed::Seen(Seen::inferred(request, at, why));
        }
        session.inferred_client_auth = Some(Seen::inferred(auth, at, why));
        Some(why)
    }

    /// The server's first flight: where each message has a record of its own, the count tells whether
    /// a certificate was asked for.
    fn tell_server_flight(&self, session: &mut Session, start: usize) {
        let suite = session.server_hello.value().map_or(0, |hello| hello.cipher_suite);
        let server: Vec<&ProtectedRecord> =
            self.records.iter().take(start).filter(|record| record.from == Role::Server).collect();
        for padding in [0, JSSE_PADDING] {
            let lengths = Lengths::of(suite, padding);
            let is_finished = |record: &ProtectedRecord| record.length == lengths.finished();
            // A message before it may have that length, too.
            let position = match server.split_last() {
                Some((last, before)) if is_finished(last) => Some(before.len()),
                _ => server.iter().position(|record| is_finished(record)),
            };
            let Some(position) = position else { continue };
            let Some(finished) = server.get(position) else { continue };
            let why = "a record exactly as long as Finished ends the server's flight";
            let value = FinishedSeen { verified: None };
            session.finished.server = Observed::Seen(Seen::inferred(value, finished.at, why));
            let verify = position.checked_sub(1).and_then(|index| server.get(index));
            let separate = verify.is_some_and(|record| lengths.is_certificate_verify(record.length));
            let asked = separate && position == 4 && server.get(1).is_some_and(|r| r.length < 16_000);
            if asked && matches!(self.flight, Flight::Nothing | Flight::Alert) && session.resumed.is_none() {
                let Some(request) = server.get(1) else { continue };
                let why = "the server's flight has one record more than it needs without a CertificateRequest";
                let value = RequestSeen { message: None };
                session.certificate_request = Observed::Seen(Seen::inferred(value, request.at, why));
                session.inferred_client_auth = Some(Seen::inferred(InferredClientAuth::Requested, request.at, why));
            }
            return;
        }
        let alerts = [0, JSSE_PADDING].map(|padding| Lengths::of(suite, padding).alert());
        if self.flight == Flight::Nothing
            && let [only] = server.as_slice()
            && alerts.contains(&only.length)
        {
            let why = "the server's only protected record is exactly as long as an alert";
            self.add_alert(session, Role::Server, only.at, why, false);
            return;
        }
        let client_went_on = !matches!(self.flight, Flight::Nothing | Flight::Alert | Flight::Unreadable);
        if client_went_on && let Some(last) = server.last() {
            let why = "the client sent its Finished, which it does only after the server's";
            let value = FinishedSeen { verified: None };
            session.finished.server = Observed::Seen(Seen::inferred(value, last.at, why));
        }
    }

    /// The authentication that followed the handshake, where the client offered one.
    fn again(&self, session: &Session) -> Option<Again> {
        if !self.flight.is_whole() {
            return None;
        }
        let records = self.records.iter().chain(&self.tail);
        Again::find(records, self.flight_end, self.lengths, session.client_hello.value()?)
    }

    /// What follows the client's Finished: tickets, data, an alert at the end.
    fn tell_after(&self, session: &mut Session) {
        if !self.flight.is_whole() {
            return;
        }
        let again = self.again(session);
        if let Some(again) = &again {
            again.tell(session);
        }
        let chain = self.records.iter().chain(&self.tail).enumerate().skip(self.flight_end);
        let of_handshake = |index: usize| again.as_ref().is_some_and(|again| again.holds(index));
        let mut after: Vec<&ProtectedRecord> = Vec::with_capacity(self.records.len() + self.tail.len());
        after.extend(chain.filter(|(index, _)| !of_handshake(*index)).map(|(_, record)| record));
        let suite = session.server_hello.value().map_or(0, |hello| hello.cipher_suite);
        for role in [Role::Client, Role::Server] {
            let mut own: Vec<&ProtectedRecord> = Vec::with_capacity(after.len());
            own.extend(after.iter().copied().filter(|record| record.from == role));
            let padding = if role == Role::Client {
                self.lengths.overhead.saturating_sub(Lengths::of(suite, 0).overhead)
            } else {
                server_padding(session, suite, &self.records)
            };
            let alert = Lengths::of(suite, padding).alert();
            if role == Role::Server && own.is_empty() {
                // It may have refused what the client began to send, before the end of that.
                let flight =
                    self.records.iter().take(self.flight_end).skip(self.flight_start.unwrap_or(self.flight_end));
                own = flight.filter(|record| record.from == role && record.length == alert).collect();
            }
            let alerts = own.iter().rev().take(2).take_while(|record| record.length == alert).count();
            let (data, alerts) = own.split_at_checked(own.len().saturating_sub(alerts)).unwrap_or((&own, &[]));
            let tickets = if role == Role::Server { leading_tickets(data, &after) } else { 0 };
            for record in data.iter().take(tickets) {
                let ticket = NewSessionTicket { ticket_len: record.length, ..NewSessionTicket::default() };
                let why = "the server's first records after the client's Finished come before any request, or as an equal pair: session tickets";
                session.tickets.push(Seen::inferred(ticket, record.at, why));
            }
            let application = session.application_data.of_mut(role);
            for record in data.iter().skip(tickets) {
                application.records += 1;
                application.bytes += record.length as u64;
                application.first.get_or_insert(record.at);
                application.last = Some(record.at);
                if application.closed_lengths.len() < CLOSED_LENGTHS {
                    application.closed_lengths.push(record.length);
                }
            }
            // The middle of a long session is counted, not kept.
            let kept = self.records.iter().chain(&self.tail).filter(|record| record.from == role).count() as u64;
            application.records += session.protected_total.of(role).saturating_sub(kept);
            for record in alerts {
                let why = "the last protected record of this side is exactly as long as an alert";
                self.add_alert(session, role, record.at, why, true);
            }
        }
    }

    fn add_alert(&self, session: &mut Session, from: Role, at: At, why: &'static str, after_finished: bool) {
        let value = AlertSeen { from, alert: None, protected: true, after_finished };
        session.alerts.push(Seen::inferred(value, at, why));
        session.alerts.sort_by_key(|alert| alert.packet);
    }

    /// Timeline entries for closed records when only their number can be told.
    fn only_list(&self, session: &mut Session, handshake_read: bool) {
        for record in self.records.iter().chain(&self.tail) {
            let kind = if handshake_read { EntryKind::ApplicationData } else { EntryKind::Handshake };
            push_entry(session, record, kind, "Encrypted", "", true);
        }
        if handshake_read {
            for record in self.records.iter().chain(&self.tail) {
                let application = session.application_data.of_mut(record.from);
                application.records += 1;
                application.bytes += record.length as u64;
                application.first.get_or_insert(record.at);
                application.last = Some(record.at);
            }
        }
    }

    fn list(&self, session: &mut Session, start: usize, client_why: Option<&'static str>) {
        let alerts: Vec<(Role, At)> = session
            .alerts
            .iter()
            .filter(|alert| alert.is_inferred())
            .map(|alert| (alert.value.from, alert.at()))
            .collect();
        let tickets: Vec<(At, usize)> =
            session.tickets.iter().map(|ticket| (ticket.at(), ticket.value.ticket_len)).collect();
        let again = self.again(session);
        let entries = &mut session.timeline.entries;
        let begin = entries.len();
        for (index, record) in self.records.iter().chain(&self.tail).enumerate() {
            let is_alert = alerts.iter().any(|(role, at)| *role == record.from && *at == record.at)
                && record.length <= self.lengths.alert() + JSSE_PADDING;
            let (kind, name, text): (EntryKind, &str, Cow<'static, str>) = if is_alert {
                (EntryKind::Alert, "Alert", "encrypted".into())
            } else if record.from == Role::Server && index < start {
                let finished = session.finished.server.seen().is_some_and(|f| f.at() == record.at);
                let last = !self.records.iter().take(start).skip(index + 1).any(|later| later.from == Role::Server);
                let name = if finished && last && record.length <= 85 { "Finished" } else { "Handshake" };
                (EntryKind::Handshake, name, "encrypted".into())
            } else if record.from == Role::Client && index < self.flight_end {
                (EntryKind::Handshake, self.client_name(index), self.client_text(index, client_why))
            } else if let Some(name) = again.as_ref().and_then(|again| again.name(index, record)) {
                (EntryKind::Handshake, name, "encrypted, after the handshake".into())
            } else if record.from == Role::Server && tickets.contains(&(record.at, record.length)) {
                (EntryKind::Handshake, "NewSessionTicket", "encrypted".into())
            } else {
                (EntryKind::ApplicationData, "ApplicationData", "".into())
            };
            if let Some(last) = entries.get_mut(begin..).and_then(<[Entry]>::last_mut)
                && last.kind == kind
                && last.from == record.from
                && kind == EntryKind::ApplicationData
            {
                last.length = last.length.map(|length| length + record.length);
                continue;
            }
            entries.push(new_entry(record, kind, name, text));
        }
    }

    /// Why the client's flight is read as it is, said once, at its start.
    fn client_text(&self, index: usize, why: Option<&'static str>) -> Cow<'static, str> {
        match (self.flight, why) {
            (Flight::Presented { certificates: Some(length) }, _) if self.flight_start == Some(index) => {
                format!("encrypted, about {length} bytes of certificates").into()
            }
            (Flight::Empty, _) if self.flight_start == Some(index) => "encrypted, as long as an empty one".into(),
            (Flight::FinishedOnly, _) => "encrypted, as long as Finished".into(),
            _ => "encrypted".into(),
        }
    }

    fn client_name(&self, index: usize) -> &'static str {
        let length = self.records.get(index).map_or(0, |record| record.length);
        let first = self.flight_start == Some(index);
        match self.flight {
            _ if length == self.lengths.finished() => "Finished",
            Flight::Empty | Flight::Presented { .. } | Flight::GaveUp { .. } if first => "Certificate",
            Flight::Presented { .. } if self.lengths.is_certificate_verify(length) => "CertificateVerify",
            _ => "Handshake",
        }
    }
}

/// What protection adds to a record of application data; `None` where it depends on the length.
fn overhead12_or_13(session: &Session) -> Option<usize> {
    let suite = session.server_hello.value()?.cipher_suite;
    if session.is_tls13() {
        let padding = server_padding(session, suite, &session.protected);
        return Some(Lengths::of(suite, padding).overhead);
    }
    let name = crate::iana::cipher_suites::name(suite)?;
    match () {
        () if name.contains("_CCM_8") => Some(16),
        () if name.contains("_GCM_") || name.contains("_CCM") => Some(24),
        () if name.contains("CHACHA20") => Some(16),
        () => None,
    }
}

/// Whether the server adds JSSE's padding, seen from its Finished.
fn server_padding(session: &Session, suite: u16, records: &[ProtectedRecord]) -> usize {
    let Some(finished) = session.finished.server.seen() else { return 0 };
    let is_there = |padding: usize| {
        let length = Lengths::of(suite, padding).finished();
        records.iter().any(|r| r.from == Role::Server && r.at == finished.at() && r.length == length)
    };
    // A CertificateRequest in the same packet may be as long as a padded Finished.
    if is_there(JSSE_PADDING) && !is_there(0) { JSSE_PADDING } else { 0 }
}

/// The block of the cipher that OpenSSL seals tickets with.
const TICKET_BLOCK: usize = 16;
/// A ticket that holds the session itself is no shorter, protection included.
const SMALLEST_SEALED: usize = 200;

/// How many of the server's records after the client's Finished are tickets.
fn leading_tickets(data: &[&ProtectedRecord], after: &[&ProtectedRecord]) -> usize {
    let plausible = |record: &&ProtectedRecord| (60..=4_096).contains(&record.length);
    match data {
        [first, second, ..] if first.length == second.length && plausible(first) => 2,
        // OpenSSL encrypts the session in blocks: a byte more in one of two tickets can make a block more.
        [first, second, ..]
            if first.length.abs_diff(second.length) == TICKET_BLOCK && first.length >= SMALLEST_SEALED =>
        {
            2
        }
        [first, ..] if plausible(first) => {
            let asked_before =
                after.iter().take_while(|record| record.at != first.at).any(|record| record.from == Role::Client);
            usize::from(!asked_before)
        }
        _ => 0,
    }
}

fn new_entry(record: &ProtectedRecord, kind: EntryKind, name: &'static str, text: Cow<'static, str>) -> Entry {
    Entry {
        from: record.from,
        packet: record.at.packet,
        time: record.at.time,
        kind,
        name: name.into(),
        length: Some(record.length),
        protected: true,
        inferred: true,
        text,
    }
}

fn push_entry(
    session: &mut Session,
    record: &ProtectedRecord,
    kind: EntryKind,
    name: &'static str,
    text: &'static str,
    fold: bool,
) {
    if fold
        && let Some(last) = session.timeline.entries.last_mut()
        && last.kind == kind
        && last.from == record.from
        && last.name == name
    {
        last.length = last.length.map(|length| length + record.length);
        return;
    }
    session.timeline.entries.push(new_entry(record, kind, name, text.into()));
}
