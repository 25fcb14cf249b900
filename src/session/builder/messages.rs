//! Handshake messages: each one into the facts it brings.

use crate::bytes::Parsed;
use crate::iana::handshake_types;
use crate::problem::Problem;
use crate::role::Role;
use crate::seen::{At, Observed, Seen};
use crate::session::builder::renegotiation::Renegotiation;
use crate::session::builder::replay::Event;
use crate::session::builder::{Builder, PLAINTEXT, Phase};
use crate::session::timeline::{Entry, EntryKind};
use crate::session::{
    CertificateSent, FinishedSeen, Plaintext, ReauthenticationKind, Refusal, RequestSeen, Resumption, Transport,
};
use crate::tls::extension::ExtensionBody;
use crate::tls::handshake::{
    self, CertificateMessage, CertificateVerify, ClientHello, DecodeContext, HandshakeMessage, NewSessionTicket,
    ServerHello,
};
use crate::x509;

/// How many tickets and second authentications a session keeps.
pub(super) const LIST_LIMIT: usize = 32;

impl Builder {
    /// One complete handshake message, header included in `raw`.
    pub(super) fn message(&mut self, from: Role, kind: u8, raw: &[u8], at: At, protected: bool) {
        let dtls = self.session.transport == Transport::Dtls;
        // `raw` has the header of DTLS there, which has 12 bytes.
        let body = raw.get(if dtls { 12 } else { 4 }..).unwrap_or(&[]);
        let agreed = self.session.server_hello.value().map(|hello| (hello.selected_version(), hello.cipher_suite));
        let again = self.renegotiation.as_deref().and_then(Renegotiation::agreed);
        let (version, cipher_suite) = again.or(agreed).unwrap_or_default();
        let context = DecodeContext {
            version,
            tls13: self.session.is_tls13(),
            dtls,
            from_server: from == Role::Server,
            cipher_suite,
            decompressed: self.bounds.decompressed,
        };
        let parsed = handshake::decode(kind, body, context);
        self.decoded(from, kind, parsed, raw, at, protected);
    }

    /// A ClientHello in SSLv2 framing (RFC 5246 appendix E.2).
    pub fn sslv2_hello(&mut self, from: Role, bytes: &[u8], at: At) {
        self.touch(at);
        self.keep(bytes.len(), || Event::Sslv2Hello { from, bytes: bytes.to_vec(), at });
        let Parsed { value, problems } = handshake::decode_sslv2_hello(bytes);
        let Some(hello) = value else {
            self.problems(problems, at);
            return;
        };
        let parsed = Parsed { value: HandshakeMessage::ClientHello(hello), problems };
        self.decoded(from, handshake_types::CLIENT_HELLO, parsed, bytes, at, false);
    }

    /// A decoded message (DTLS and QUIC come in here with their own framing taken off).
    pub(super) fn decoded(
        &mut self,
        from: Role,
        kind: u8,
        parsed: Parsed<HandshakeMessage>,
        raw: &[u8],
        at: At,
        protected: bool,
    ) {
        let message = self.unwrap(parsed, at);
        self.message_bytes = self.message_bytes.saturating_add(raw.len());
        let finished_before = self.session.finished.of(from).is_seen();
        let entry = Entry {
            length: Some(raw.len()),
            protected,
            text: crate::session::describe::message(&message, self.session.is_tls13()),
            ..self.entry(from, EntryKind::Handshake, crate::session::describe::name(&message), at)
        };
        self.push(entry);
        let message = match message {
            HandshakeMessage::ClientHello(hello) if self.phase == Phase::Established => {
                if from == Role::Client {
                    self.renegotiate(hello, raw, at, protected);
                }
                return;
            }
            other => other,
        };
        if self.renegotiation.is_some() {
            self.renegotiated_message(from, message, (kind, raw), at, protected);
            return;
        }
        if !finished_before && kind != 0 {
            // HelloRequest is no part of the transcript (RFC 5246 section 7.4.1.1).
            self.transcript.push(from, kind, raw);
        }
        if finished_before {
            self.late_message(from, message, at, protected);
        } else {
            self.main_message(from, message, at, protected);
        }
    }

    pub(super) fn seen<T>(value: T, at: At, protected: bool) -> Seen<T> {
        if protected { Seen::decrypted(value, at) } else { Seen::read(value, at) }
    }

    fn main_message(&mut self, from: Role, message: HandshakeMessage, at: At, protected: bool) {
        match message {
            HandshakeMessage::ClientHello(hello) => self.client_hello(hello, at, protected),
            HandshakeMessage::ServerHello(hello) => self.server_hello(hello, at, protected),
            HandshakeMessage::HelloRetryRequest(hello) => {
                self.session.hello_retry.get_or_insert(Self::seen(hello, at, protected));
            }
            HandshakeMessage::EncryptedExtensions(extensions) => {
                self.session.encrypted_extensions = Observed::Seen(Self::seen(extensions, at, protected));
                let alpn =
                    self.session.encrypted_extensions.value().and_then(|e| e.selected_alpn().map(<[u8]>::to_vec));
                self.watcher.set_alpn(alpn.as_deref());
            }
            HandshakeMessage::Certificate(certificate) => self.certificate(from, &certificate, at, protected),
            HandshakeMessage::CompressedCertificate { certificate, uncompressed_len, .. } => match certificate {
                Some(certificate) => self.certificate(from, &certificate, at, protected),
                None => {
                    let unread = CertificateSent::Unread { approx_len: Some(uncompressed_len) };
                    *self.session.certificate.of_mut(from) = Observed::Seen(Self::seen(unread, at, protected));
                }
            },
            HandshakeMessage::CertificateStatus { ocsp } => {
                self.session.stapled_ocsp = Some(Self::seen(ocsp, at, protected));
            }
            HandshakeMessage::ServerKeyExchange(exchange) => {
                self.session.server_key_exchange = Observed::Seen(Self::seen(exchange, at, protected));
            }
            HandshakeMessage::CertificateRequest(request) => {
                let value = RequestSeen { message: Some(request) };
                self.session.certificate_request = Observed::Seen(Self::seen(value, at, protected));
            }
            HandshakeMessage::ServerHelloDone => {
                self.session.server_hello_done = Observed::Seen(Self::seen((), at, protected));
            }
            HandshakeMessage::CertificateVerify(verify) => self.certificate_verify(from, verify, at, protected),
            HandshakeMessage::ClientKeyExchange { body } => {
                self.session.client_key_exchange = Observed::Seen(Self::seen((), at, protected));
                self.key_exchange = Some(body);
            }
            HandshakeMessage::Finished { verify_data } => self.finished(from, &verify_data, at, protected),
            HandshakeMessage::NewSessionTicket(ticket) => self.ticket(ticket, at, protected),
            HandshakeMessage::HelloVerifyRequest { .. } => self.cookie_asked(),
            HandshakeMessage::EndOfEarlyData
            | HandshakeMessage::KeyUpdate { .. }
            | HandshakeMessage::HelloRequest
            | HandshakeMessage::Other { .. } => {}
        }
    }

    /// HelloVerifyRequest: the ClientHello so far counts for nothing, the next one has the cookie and is the
    /// one that is answered (RFC 6347 section 4.2.1).
    pub(super) fn cookie_asked(&mut self) {
        if !self.session.server_hello.is_seen() {
            self.transcript.forget_hellos();
            self.cookie_asked = true;
        }
    }

    fn client_hello(&mut self, hello: ClientHello, at: At, protected: bool) {
        let repeated = std::mem::take(&mut self.cookie_asked);
        if self.session.client_hello.is_seen() && !repeated {
            if self.session.second_client_hello.is_none() {
                self.session.second_client_hello = Some(Self::seen(hello, at, protected));
            }
            return;
        }
        if hello.sslv2 {
            self.transcript.break_off("the ClientHello came in SSLv2 framing");
        }
        self.phase = Phase::Handshake;
        self.session.client_hello = Observed::Seen(Self::seen(hello, at, protected));
        if self.session.client_hello.value().is_some_and(|hello| hello.extensions.has(42)) {
            // 0-RTT data may follow before the ServerHello.
            self.early_data();
        }
    }

    fn server_hello(&mut self, hello: ServerHello, at: At, protected: bool) {
        if self.session.server_hello.is_seen() {
            return;
        }
        self.phase = Phase::Handshake;
        let alpn = hello.extensions.selected_alpn().map(<[u8]>::to_vec);
        if alpn.is_some() {
            self.watcher.set_alpn(alpn.as_deref());
        }
        self.session.server_hello = Observed::Seen(Self::seen(hello, at, protected));
        if self.session.version().is_some_and(|version| version >> 8 == 0x7f) {
            self.transcript.of_draft();
        }
        if self.session.is_tls13() {
            self.protect13_handshake();
            let psk = self.session.server_hello.value().and_then(|hello| hello.extensions.selected_psk());
            if psk.is_some() {
                self.session.resumed = Some(Self::seen(Resumption::Psk, at, protected));
            }
        }
    }

    fn certificate(&mut self, from: Role, message: &CertificateMessage, at: At, protected: bool) {
        let sent = self.chain_of(from, message, at);
        if from == Role::Server && self.session.stapled_ocsp.is_none() {
            let stapled = message.entries.first().and_then(|entry| match &entry.extensions.get(5)?.body {
                ExtensionBody::StatusRequest(response) => Some(response.clone()),
                _ => None,
            });
            // CertificateStatus in an extension: one byte of type, three of length, then the response.
            let ocsp = stapled.and_then(|bytes| bytes.get(4..).map(<[u8]>::to_vec));
            self.session.stapled_ocsp = ocsp.map(|ocsp| Self::seen(ocsp, at, protected));
        }
        *self.session.certificate.of_mut(from) = Observed::Seen(Self::seen(sent, at, protected));
    }

    /// The chain of a Certificate message, as far as the bounds allow it to be read.
    pub(super) fn chain_of(&mut self, from: Role, message: &CertificateMessage, at: At) -> CertificateSent {
        if message.entries.is_empty() {
            return CertificateSent::Empty;
        }
        let (lengths, most) = (message.entries.iter().map(|entry| entry.der.len()), self.bounds.certificate);
        if let Some(longest) = lengths.clone().max().filter(|longest| *longest > most) {
            let text = format!("A certificate has {longest} bytes; its chain was not read, as at most {most} are.");
            self.problem(Problem::new("certificate-too-large", text).at(at.packet));
            return CertificateSent::Unread { approx_len: Some(lengths.sum()) };
        }
        let (sent, read) = (message.entries.len(), self.bounds.chain);
        if sent > read {
            let text = format!("The {from} sent {sent} certificates, of which only the first {read} were read.");
            self.problem(Problem::new("too-many-certificates", text).at(at.packet));
        }
        let read: Vec<&[u8]> = message.entries.iter().take(read).map(|entry| entry.der.as_slice()).collect();
        CertificateSent::Chain(x509::chain_again(&read))
    }

    fn certificate_verify(&mut self, from: Role, verify: CertificateVerify, at: At, protected: bool) {
        *self.session.certificate_verify.of_mut(from) = Observed::Seen(Self::seen(verify, at, protected));
    }

    fn finished(&mut self, from: Role, verify_data: &[u8], at: At, protected: bool) {
        let verified = self.check_finished(from, verify_data);
        let value = FinishedSeen { verified };
        *self.session.finished.of_mut(from) = Observed::Seen(Self::seen(value, at, protected));
        if self.session.is_tls13() {
            self.protect13_application(from);
        } else {
            self.both_finished();
        }
    }

    pub(super) fn ticket(&mut self, ticket: NewSessionTicket, at: At, protected: bool) {
        if self.session.tickets.len() < LIST_LIMIT {
            self.session.tickets.push(Self::seen(ticket, at, protected));
        }
    }

    /// Messages after this side's Finished: tickets, key updates, second authentications.
    fn late_message(&mut self, from: Role, message: HandshakeMessage, at: At, protected: bool) {
        match message {
            HandshakeMessage::NewSessionTicket(ticket) => self.ticket(ticket, at, protected),
            HandshakeMessage::KeyUpdate { .. } => self.direction.of_mut(from).update(),
            HandshakeMessage::HelloRequest => {
                // It may be said more than once before the client complies (RFC 5246 section 7.4.1.1).
                let said = self.session.reauthentication.last().is_some_and(|seen| {
                    seen.value.kind == ReauthenticationKind::RenegotiationByServer && !seen.value.completed
                });
                if !said {
                    self.reauthenticate(ReauthenticationKind::RenegotiationByServer, None, at, protected);
                }
            }
            HandshakeMessage::CertificateRequest(request) if self.session.is_tls13() => {
                self.reauthenticate(ReauthenticationKind::PostHandshake, Some(request), at, protected);
            }
            HandshakeMessage::Certificate(message) if from == Role::Client => {
                let sent = self.chain_of(from, &message, at);
                if let Some(last) = self.session.reauthentication.last_mut() {
                    last.value.answer = Observed::Seen(Self::seen(sent, at, protected));
                }
            }
            HandshakeMessage::CertificateVerify(verify) if from == Role::Client => {
                if let Some(last) = self.session.reauthentication.last_mut() {
                    last.value.verify = Some(Self::seen(verify, at, protected));
                }
            }
            _ => {}
        }
    }

    /// More plaintext of a side, with all that went before: a segment may end within the word that tells the protocol.
    pub fn plaintext_goes_on(&mut self, from: Role, plaintext: Plaintext, refusals: Vec<Seen<Refusal>>) {
        let (copy, told) = (plaintext.clone(), refusals.clone());
        self.keep(copy.bytes.len(), || Event::PlaintextGoesOn { from, plaintext: copy, refusals: told });
        let Some(seen) = self.session.plaintext.of_mut(from) else { return };
        let is_its = |entry: &&mut Entry| entry.from == from && entry.name == PLAINTEXT;
        if let Some(entry) = self.session.timeline.entries.iter_mut().find(is_its) {
            entry.text = crate::session::describe::plaintext(&plaintext).into();
            entry.length = Some(plaintext.bytes.len());
        }
        seen.value = plaintext;
        for refusal in refusals {
            match self.session.refusals.iter_mut().find(|known| known.value.plaintext) {
                Some(known) => known.value = refusal.value,
                None => self.refusal(refusal),
            }
        }
    }

    /// A refusal that the application spoke.
    pub(super) fn refusal(&mut self, refusal: Seen<Refusal>) {
        let mut entry = Entry::at(Role::Server, EntryKind::ApplicationData, refusal.value.protocol, &refusal);
        entry.protected = !refusal.value.plaintext;
        entry.text = refusal.value.text.clone().into();
        self.push(entry);
        if let Some(program) = &refusal.value.server {
            self.session.stack.server.program.get_or_insert_with(|| program.clone());
        }
        if self.session.refusals.len() < LIST_LIMIT {
            self.session.refusals.push(refusal);
        }
    }
}
