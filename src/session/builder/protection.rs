//! Protected records: which keys open them, and what is done with those that stay closed.

use crate::decrypt::{OpenError, Protection, Secret};
use crate::role::Role;
use crate::seen::{At, Seen};
use crate::session::builder::exchange::Exchange;
use crate::session::builder::transcript::Transcript;
use crate::session::builder::{Builder, Phase};
use crate::session::{Corrupted, Corruption, ProtectedRecord};
use crate::tls::record::{ContentType, RecordHeader};

/// How many sequence numbers are tried after a hole.
const WINDOW: u64 = 64;

/// What is known about one direction's protection.
#[derive(Debug, Clone, Default)]
pub(super) struct Direction {
    /// Records are protected from here on.
    protected: bool,
    /// Keys to try, the current one first.
    epochs: Vec<Protection>,
    /// Which epoch the next keys belong to (TLS 1.3).
    pub(super) stage: Stage,
    /// A hole was met since the last record was opened.
    lost: bool,
    /// At least one record was opened with the current keys.
    proven: bool,
}

/// Epoch of a direction in TLS 1.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Stage {
    /// Plaintext.
    #[default]
    Plain,
    /// Handshake keys, or 0-RTT keys before them.
    Handshake,
    /// Application keys.
    Application,
}

impl Direction {
    pub(super) fn is_protected(&self) -> bool {
        self.protected
    }

    pub(super) fn is_open(&self) -> bool {
        !self.epochs.is_empty()
    }

    /// Whether the cipher's state runs through every record, so that none may be skipped.
    pub(super) fn needs_every_record(&self) -> bool {
        self.epochs.first().is_some_and(Protection::is_chained)
    }

    pub(super) fn lost(&mut self) {
        self.lost = true;
    }

    pub(super) fn skip(&mut self) {
        if let Some(current) = self.epochs.first_mut() {
            current.skip(&[]);
        }
    }

    pub(super) fn install(&mut self, epochs: Vec<Protection>) {
        self.protected = true;
        self.epochs = epochs;
        self.proven = false;
    }

    /// The next traffic keys of the same direction (RFC 8446 section 7.2).
    pub(super) fn update(&mut self) {
        if let Some(next) = self.epochs.first().and_then(Protection::next_generation) {
            self.epochs = vec![next];
            self.proven = false;
        }
    }

    /// Whether a record is plainly not what its sender wrote, by keys that have fitted.
    pub(super) fn refutes(&self, header: RecordHeader, fragment: &[u8]) -> bool {
        let opens = |protection: &Protection| protection.would_open(header, fragment);
        self.proven && !self.lost && !self.epochs.iter().any(opens)
    }

    fn open(&mut self, header: RecordHeader, fragment: &[u8]) -> Result<(ContentType, Vec<u8>), OpenError> {
        let window = if self.lost { WINDOW } else { 0 };
        let mut failure = OpenError::BadMac;
        for index in 0..self.epochs.len() {
            let Some(protection) = self.epochs.get_mut(index) else { break };
            match protection.open_near(header, fragment, window) {
                Ok((opened, _)) => {
                    // Earlier epochs are over: 0-RTT keys are never used again.
                    self.epochs.drain(..index);
                    self.lost = false;
                    self.proven = true;
                    return Ok((opened.content_type, opened.plaintext));
                }
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }
}

impl Builder {
    /// A record that is protected: open it where keys are there, keep its looks where not.
    pub(super) fn protected_record(&mut self, from: Role, header: RecordHeader, fragment: &[u8], first: At, last: At) {
        let was_proven = self.direction.of(from).proven;
        let was_lost = self.direction.of(from).lost;
        let result = if self.direction.of(from).is_open() {
            Some(self.direction.of_mut(from).open(header, fragment))
        } else {
            None
        };
        let inner = match &result {
            Some(Ok((content_type, _))) => Some(*content_type),
            _ => None,
        };
        let outer = header.content_type;
        self.session.keep_protected(ProtectedRecord { from, outer, length: fragment.len(), at: last, inner });
        match result {
            Some(Ok((content_type, plaintext))) => {
                *self.opened.of_mut(from) += 1;
                self.opened_record(from, content_type, &plaintext, first, last);
            }
            Some(Err(_)) if was_proven && !was_lost => {
                self.stays_closed(from, header, fragment.len(), last);
                if self.session.corrupted.len() < 64 {
                    let value = Corrupted { from, what: Corruption::BadMac };
                    self.session.corrupted.push(Seen::decrypted(value, last));
                }
            }
            Some(Err(_)) => {
                // Client records that fail may be 0-RTT data that nobody gave keys for.
                let early = from == Role::Client && !was_proven && self.offers_early_data();
                if !was_proven && !early && !was_lost {
                    *self.misfit.of_mut(from) = true;
                }
                self.stays_closed(from, header, fragment.len(), last);
            }
            None => self.stays_closed(from, header, fragment.len(), last),
        }
    }

    fn offers_early_data(&self) -> bool {
        self.session.client_hello.value().is_some_and(|hello| hello.extensions.has(42))
    }

    pub(super) fn stays_closed(&mut self, from: Role, header: RecordHeader, length: usize, at: At) {
        let tls13 = self.session.is_tls13() || !self.session.server_hello.is_seen();
        let application = match header.content_type {
            ContentType::APPLICATION_DATA if tls13 => self.direction.of(from).stage == Stage::Application,
            ContentType::APPLICATION_DATA => true,
            _ => false,
        };
        let closed = self.closed.of_mut(from);
        if application {
            closed.application += 1;
        } else {
            closed.handshake += 1;
        }
        if !tls13 {
            self.closed_record12(from, header.content_type, length, at);
        }
    }

    pub(super) fn opened_record(
        &mut self,
        from: Role,
        content_type: ContentType,
        plaintext: &[u8],
        first: At,
        last: At,
    ) {
        match content_type {
            ContentType::HANDSHAKE => {
                self.run = crate::role::ByRole::default();
                self.handshake_bytes(from, plaintext, first, last, true);
            }
            ContentType::ALERT => {
                self.run = crate::role::ByRole::default();
                self.alerts(from, plaintext, last, true);
            }
            ContentType::APPLICATION_DATA => {
                self.count_application(from, plaintext.len(), last, true);
                let mut refusals = Vec::new();
                self.watcher.feed(from, plaintext, last, &mut refusals);
                for mut refusal in refusals {
                    refusal.basis = crate::seen::Basis::Decrypted;
                    self.refusal(refusal);
                }
            }
            _ => {}
        }
    }

    /// Prepares both directions' keys of TLS 1.3 after the ServerHello.
    pub(super) fn protect13_handshake(&mut self) {
        let Some(hello) = self.session.client_hello.value() else { return };
        let random = hello.random;
        let Some(suite) = self.session.server_hello.value().map(|hello| hello.cipher_suite) else { return };
        let keys = std::sync::Arc::clone(&self.keys);
        for role in [Role::Client, Role::Server] {
            let mut epochs = Vec::new();
            let direction = self.direction.of_mut(role);
            if role == Role::Client {
                // 0-RTT data may go on behind the ServerHello, under keys that have been in use.
                epochs = std::mem::take(&mut direction.epochs);
                epochs.truncate(if direction.proven { 1 } else { 8 });
            }
            epochs.extend(keys.handshake13(&random, role).and_then(|secret| Protection::tls13(suite, secret)));
            direction.install(epochs);
            direction.stage = Stage::Handshake;
        }
    }

    /// `role` has sent its Finished: its application keys are next.
    pub(super) fn protect13_application(&mut self, role: Role) {
        let Some(hello) = self.session.client_hello.value() else { return };
        let random = hello.random;
        let Some(suite) = self.session.server_hello.value().map(|hello| hello.cipher_suite) else { return };
        let keys = std::sync::Arc::clone(&self.keys);
        let epochs =
            keys.application13(&random, role).and_then(|secret| Protection::tls13(suite, secret)).into_iter().collect();
        let direction = self.direction.of_mut(role);
        direction.install(epochs);
        direction.stage = Stage::Application;
        self.both_finished();
    }

    /// `from` has sent ChangeCipherSpec in TLS 1.2 or below.
    pub(super) fn protect12(&mut self, from: Role) {
        let epochs = self.tls12_protection(from).into_iter().collect();
        let direction = self.direction.of_mut(from);
        direction.install(epochs);
        direction.stage = Stage::Handshake;
    }

    /// The first handshake of the connection.
    pub(super) fn exchange(&self) -> Option<Exchange<'_>> {
        Some(Exchange {
            client: self.session.client_hello.value()?,
            server: self.session.server_hello.value()?,
            key_exchange: self.key_exchange.as_deref(),
            transcript: &self.transcript,
        })
    }

    pub(super) fn tls12_protection(&mut self, from: Role) -> Option<Protection> {
        if self.master.is_none() {
            self.master = self.exchange()?.master(&self.keys).or_else(|| self.resumed_master());
        }
        if from == Role::Server {
            self.remember_master();
        }
        let pair = self.exchange()?.protection(self.master.as_ref()?)?;
        Some(match from {
            Role::Client => pair.client,
            Role::Server => pair.server,
        })
    }

    /// The master secret of the session that this connection resumes, where that was seen to be set up: an
    /// abbreviated handshake has no ClientKeyExchange (RFC 5246 section 7.3).
    fn resumed_master(&self) -> Option<Secret> {
        if self.key_exchange.is_some() || self.ends {
            return None;
        }
        let client = self.session.client_hello.value()?;
        let server = self.session.server_hello.value()?;
        let by_ticket = client.extensions.session_ticket().and_then(|ticket| self.keys.resumed_master(ticket));
        let echoed = server.session_id == client.session_id;
        by_ticket.or_else(|| self.keys.resumed_master(&server.session_id).filter(|_| echoed))
    }

    /// The server goes over to protected records: what it gave the client to come back with is known by now.
    fn remember_master(&self) {
        let (Some(master), Some(server)) = (&self.master, self.session.server_hello.value()) else { return };
        if self.ends {
            return;
        }
        self.keys.remember(&server.session_id, master);
        for ticket in &self.session.tickets {
            self.keys.remember(&ticket.value.ticket, master);
        }
    }

    /// Whether both have sent Finished, as far as can be seen: from here on application data flows.
    pub(super) fn both_finished(&mut self) {
        let finished = &self.session.finished;
        if finished.client.is_seen() && finished.server.is_seen() {
            self.phase = Phase::Established;
            if !self.session.is_tls13() {
                // Nothing is checked any more that would need it.
                self.transcript = Transcript::default();
            }
        }
    }
}
