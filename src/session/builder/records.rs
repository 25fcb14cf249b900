//! Records by their content type: handshake messages, alerts, ChangeCipherSpec, and application data, which is
//! counted.

use crate::carrier::stream::Record;
use crate::problem::Problem;
use crate::role::{ByRole, Role};
use crate::seen::{At, Seen};
use crate::session::builder::replay::Event;
use crate::session::builder::{ALERT_LIMIT, Builder, Phase};
use crate::session::timeline::{Entry, EntryKind};
use crate::session::{AlertSeen, CLOSED_LENGTHS, Corrupted, Corruption, ProtectedRecord};
use crate::tls::alert::Alert;
use crate::tls::record::{ContentType, RecordHeader};

/// Records up to this length are opened even when nobody needs application data any more: an alert, a
/// KeyUpdate or a post-handshake CertificateRequest may be inside.
const SMALL_RECORD: u16 = 1_024;
/// This many application records of each side are opened to look for a refusal.
const APPLICATION_RECORDS: u64 = 48;

impl Builder {
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

    /// Takes a record of `from`.
    pub fn record(&mut self, from: Role, record: Record<'_>) {
        self.touch(record.last);
        if !self.deferred.as_mut().is_some_and(|deferred| deferred.take(from, record)) {
            self.read_record(from, record);
        }
    }

    pub(super) fn read_record(&mut self, from: Role, record: Record<'_>) {
        let Record { header, fragment, first, last, skipped } = record;
        self.keep(fragment.len(), || Event::Record { from, header, fragment: fragment.to_vec(), first, last, skipped });
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

    /// Whether a record is protected, by what was agreed on so far and by its own looks.
    pub(super) fn is_protected(&self, from: Role, header: RecordHeader, fragment: &[u8]) -> bool {
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

    /// Bytes of handshake messages, in the clear or decrypted.
    pub(super) fn handshake_bytes(&mut self, from: Role, bytes: &[u8], first: At, last: At, protected: bool) {
        let mut joiner = std::mem::take(self.joiner.of_mut(from));
        let problems = joiner.feed(bytes, first, last, |message| {
            self.message(from, message.kind, message.raw, message.last, protected);
        });
        *self.joiner.of_mut(from) = joiner;
        self.problems(problems, last);
    }

    /// One or more alerts of two bytes each.
    pub(super) fn alerts(&mut self, from: Role, bytes: &[u8], at: At, protected: bool) {
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

    pub(super) fn alert(&mut self, from: Role, alert: Alert, at: At, protected: bool) {
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
        )
        .into();
        self.push(entry);
        if self.session.alerts.len() < ALERT_LIMIT {
            self.session.alerts.push(seen);
        }
    }

    /// Counts application data and folds runs of it into one timeline entry.
    pub(super) fn count_application(&mut self, from: Role, bytes: usize, at: At, protected: bool) {
        self.count_record(from, bytes, at, protected, false);
    }

    pub(super) fn count_record(&mut self, from: Role, bytes: usize, at: At, protected: bool, closed: bool) {
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
    pub(super) fn skipped_record(&mut self, from: Role, header: RecordHeader, at: At) {
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
    pub(super) fn is_altered(&mut self, from: Role, header: RecordHeader, fragment: &[u8], at: At) -> bool {
        let protected = self.direction.of(from).is_protected() && !self.session.is_tls13();
        let altered = protected && self.direction.of(from).refutes(header, fragment);
        if altered && self.session.corrupted.len() < ALERT_LIMIT {
            let value = Corrupted { from, what: Corruption::BadMac };
            self.session.corrupted.push(Seen::decrypted(value, at));
        }
        altered
    }

    pub(super) fn change_cipher_spec(&mut self, from: Role, header: RecordHeader, at: At) {
        let mut entry = self.entry(from, EntryKind::ChangeCipherSpec, "ChangeCipherSpec", at);
        entry.length = Some(usize::from(header.length));
        // In a renegotiation it is under the keys that it ends.
        entry.protected = self.session.change_cipher_spec.of(from).is_some() && header.length > 1;
        // A HelloRetryRequest is TLS 1.3 already.
        let tls13 = self.session.is_tls13()
            || self.session.hello_retry.is_some()
            || (from == Role::Client && !self.session.server_hello.is_seen());
        if tls13 {
            entry.text = "for middleboxes; means nothing in TLS 1.3".into();
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
