//! Renegotiation (TLS 1.2 and below): a handshake inside a connection that an earlier one has set up, under that
//! one's keys up to each side's ChangeCipherSpec.
//!
//! The facts of the first handshake stay the session's. Of a later one a [`Reauthentication`] keeps what it says of
//! client authentication; its hellos and its transcript live here, until both sides have sent Finished.
//!
//! Not done: the server's certificate in a renegotiation is not kept, nor judged.

use crate::decrypt::{Protection, Secret};
use crate::role::{ByRole, Role};
use crate::seen::{At, Hidden, Observed};
use crate::session::builder::exchange::Exchange;
use crate::session::builder::messages::LIST_LIMIT;
use crate::session::builder::transcript::{self, Transcript};
use crate::session::builder::{Builder, Phase, verify};
use crate::session::{FinishedSeen, Reauthentication, ReauthenticationKind, SignatureCheck, Transport};
use crate::tls::handshake::{CertificateRequest, ClientHello, HandshakeMessage, ServerHello};
use crate::tls::record::RecordHeader;

/// A handshake that is being renegotiated.
#[derive(Debug, Clone)]
pub(super) struct Renegotiation {
    client: ClientHello,
    server: Option<ServerHello>,
    key_exchange: Option<Vec<u8>>,
    transcript: Transcript,
    master: Option<Secret>,
    /// Its place among the session's reauthentications; `None` where there are too many.
    index: Option<usize>,
    /// Who has sent ChangeCipherSpec, and protects by the new keys.
    switched: ByRole<bool>,
    finished: ByRole<bool>,
}

/// By what a key log names a renegotiated handshake.
#[derive(Debug, Clone)]
pub(super) struct Names {
    pub(super) client_random: [u8; 32],
    /// The server's; empty before its ServerHello.
    pub(super) session_id: Vec<u8>,
}

impl Renegotiation {
    fn exchange(&self) -> Option<Exchange<'_>> {
        Some(Exchange {
            client: &self.client,
            server: self.server.as_ref()?,
            key_exchange: self.key_exchange.as_deref(),
            transcript: &self.transcript,
        })
    }

    /// What decoding a message needs to know: version and suite.
    pub(super) fn agreed(&self) -> Option<(u16, u16)> {
        self.server.as_ref().map(|server| (server.selected_version(), server.cipher_suite))
    }

    /// Bytes were lost: nothing can be verified any more.
    pub(super) fn lost(&mut self) {
        self.transcript.break_off("packets of the renegotiated handshake are missing from the capture");
    }

    /// The server takes up a session that the client has named (RFC 5246 section 7.3).
    fn resumes(&self) -> bool {
        let Some(server) = &self.server else { return false };
        self.key_exchange.is_none() && !server.session_id.is_empty() && server.session_id == self.client.session_id
    }

    /// The next protected record of `from` is its Finished.
    pub(super) fn awaits_finished(&self, from: Role) -> bool {
        *self.switched.of(from) && !*self.finished.of(from)
    }
}

impl Builder {
    /// A ClientHello after the handshake.
    pub(super) fn renegotiate(&mut self, hello: ClientHello, raw: &[u8], at: At, protected: bool) {
        if self.answers_cookie(&hello, raw) {
            return;
        }
        let list = &self.session.reauthentication;
        let asked = list.last().is_some_and(|seen| {
            let value = &seen.value;
            value.kind == ReauthenticationKind::RenegotiationByServer && !value.completed && !value.answer.is_seen()
        });
        let mut index = list.len().checked_sub(1);
        if !asked {
            index = self.reauthenticate(ReauthenticationKind::RenegotiationByClient, None, at, protected);
        }
        if !protected || self.session.is_tls13() {
            // No renegotiation, properly: one is spoken under the keys of the handshake before.
            return;
        }
        let mut transcript = Transcript::of(self.session.transport == Transport::Dtls);
        transcript.push(Role::Client, transcript::CLIENT_HELLO, raw);
        if self.renegotiated.len() < LIST_LIMIT {
            self.renegotiated.push(Names { client_random: hello.random, session_id: Vec::new() });
        }
        self.renegotiation = Some(Box::new(Renegotiation {
            client: hello,
            server: None,
            key_exchange: None,
            transcript,
            master: None,
            index,
            switched: ByRole::default(),
            finished: ByRole::default(),
        }));
    }

    /// A HelloVerifyRequest may stand between two ClientHellos of DTLS: only the latter counts (RFC 6347 section 4.2.1).
    fn answers_cookie(&mut self, hello: &ClientHello, raw: &[u8]) -> bool {
        let Some(current) = self.renegotiation.as_deref_mut().filter(|current| current.server.is_none()) else {
            return false;
        };
        current.transcript.forget_hellos();
        current.transcript.push(Role::Client, transcript::CLIENT_HELLO, raw);
        current.client.clone_from(hello);
        if let Some(names) = self.renegotiated.last_mut() {
            names.client_random = hello.random;
        }
        true
    }

    /// A certificate is asked for again, or a whole handshake. Where it stands in the session's list.
    pub(super) fn reauthenticate(
        &mut self,
        kind: ReauthenticationKind,
        request: Option<CertificateRequest>,
        at: At,
        protected: bool,
    ) -> Option<usize> {
        let list = &mut self.session.reauthentication;
        if list.len() >= LIST_LIMIT {
            return None;
        }
        let mut value = Reauthentication::begun(kind, Hidden::AfterCapture);
        value.request = request.map(|request| Self::seen(request, at, protected));
        list.push(Self::seen(value, at, protected));
        list.len().checked_sub(1)
    }

    /// A message of the handshake that is being renegotiated.
    pub(super) fn renegotiated_message(
        &mut self,
        from: Role,
        message: HandshakeMessage,
        (kind, raw): (u8, &[u8]),
        at: At,
        protected: bool,
    ) {
        let Some(mut current) = self.renegotiation.take() else { return };
        if !matches!(message, HandshakeMessage::HelloRequest) {
            // HelloRequest is no part of any transcript (RFC 5246 section 7.4.1.1).
            current.transcript.push(from, kind, raw);
        }
        match message {
            HandshakeMessage::ServerHello(hello) if current.server.is_none() => {
                if let Some(names) = self.renegotiated.last_mut() {
                    names.session_id.clone_from(&hello.session_id);
                }
                current.server = Some(hello);
            }
            HandshakeMessage::ClientKeyExchange { body } => {
                current.key_exchange = Some(body);
                self.passes_over_certificate(&current);
            }
            HandshakeMessage::CertificateRequest(request) => {
                if let Some(value) = self.reauthentication_of(&current) {
                    value.request = Some(Self::seen(request, at, protected));
                }
            }
            HandshakeMessage::Certificate(message) if from == Role::Client => {
                let sent = self.chain_of(from, &message, at);
                if let Some(value) = self.reauthentication_of(&current) {
                    value.answer = Observed::Seen(Self::seen(sent, at, protected));
                }
            }
            HandshakeMessage::CertificateVerify(verify) if from == Role::Client => {
                if let Some(value) = self.reauthentication_of(&current) {
                    value.verify = Some(Self::seen(verify, at, protected));
                }
            }
            HandshakeMessage::NewSessionTicket(ticket) => self.ticket(ticket, at, protected),
            HandshakeMessage::Finished { verify_data } => {
                self.renegotiated_finished(&mut current, from, &verify_data, at, protected);
            }
            _ => {}
        }
        self.renegotiation = Some(current);
        self.end_renegotiation();
    }

    fn reauthentication_of(&mut self, renegotiation: &Renegotiation) -> Option<&mut Reauthentication> {
        self.session.reauthentication.get_mut(renegotiation.index?).map(|seen| &mut seen.value)
    }

    /// The client has gone on to what follows its Certificate.
    fn passes_over_certificate(&mut self, renegotiation: &Renegotiation) {
        if let Some(value) = self.reauthentication_of(renegotiation)
            && !value.answer.is_seen()
        {
            value.answer = Observed::NotSent;
        }
    }

    fn renegotiated_finished(
        &mut self,
        current: &mut Renegotiation,
        from: Role,
        verify_data: &[u8],
        at: At,
        protected: bool,
    ) {
        *current.finished.of_mut(from) = true;
        let expected = current.master.as_ref().zip(current.exchange());
        let expected = expected.and_then(|(master, exchange)| exchange.verify_data(master, from));
        let finished = FinishedSeen { verified: expected.map(|expected| expected == verify_data) };
        if from == Role::Client {
            self.passes_over_certificate(current);
        }
        if let Some(value) = self.reauthentication_of(current) {
            *value.finished.of_mut(from) = Some(Self::seen(finished, at, protected));
        }
    }

    /// A protected handshake record of `from` that stays closed, behind its ChangeCipherSpec.
    pub(super) fn closed_renegotiated_finished(&mut self, from: Role) {
        if let Some(current) = &mut self.renegotiation {
            *current.finished.of_mut(from) = true;
        }
        self.end_renegotiation();
    }

    /// Once both have sent Finished, what comes is application data, or the next renegotiation.
    fn end_renegotiation(&mut self) {
        let Some(current) = self.renegotiation.take_if(|current| current.finished.client && current.finished.server)
        else {
            return;
        };
        if let Some(value) = self.reauthentication_of(&current) {
            value.completed = true;
        }
        // A later handshake may resume this one.
        if current.master.is_some() {
            self.master = current.master;
        }
    }

    /// `from` has sent ChangeCipherSpec again: its records are under the keys of the renegotiated handshake. Without
    /// these, or where that handshake was not seen, they stay closed.
    pub(super) fn protect_renegotiated(&mut self, from: Role) {
        let epochs = self.renegotiated_protection(from).into_iter().collect();
        self.direction.of_mut(from).install(epochs);
    }

    pub(super) fn renegotiated_protection(&mut self, from: Role) -> Option<Protection> {
        let current = self.renegotiation.as_deref_mut()?;
        *current.switched.of_mut(from) = true;
        if current.master.is_none() {
            let logged = current.exchange()?.master(&self.keys);
            // Whoever resumes on the same connection most likely resumes what went before there. Should it be
            // another session, the record itself says so: it does not open.
            current.master = logged.or_else(|| self.master.clone().filter(|_| current.resumes()));
        }
        let pair = current.exchange()?.protection(current.master.as_ref()?)?;
        Some(match from {
            Role::Client => pair.client,
            Role::Server => pair.server,
        })
    }

    /// Whether the next handshake message of `from` may be the first of another handshake. DTLS counts the messages
    /// of each from 0.
    pub(super) fn may_begin_again(&self, from: Role) -> bool {
        let hello_due = match (&self.renegotiation, from) {
            (None, _) => true,
            (Some(_), Role::Client) => false,
            (Some(current), Role::Server) => current.server.is_none(),
        };
        self.phase == Phase::Established && !self.session.is_tls13() && hello_due
    }

    /// The epoch of DTLS that the newest handshake leads to.
    fn newest_epoch(&self) -> u64 {
        self.renegotiated.len() as u64 + 1
    }

    /// Whether `from` has announced `epoch` of DTLS by a ChangeCipherSpec.
    pub(super) fn has_switched(&self, from: Role, epoch: u64) -> bool {
        let newest = self.newest_epoch();
        let again = self.renegotiation.as_deref().is_none_or(|current| *current.switched.of(from));
        self.session.change_cipher_spec.of(from).is_some() && (epoch < newest || epoch == newest && again)
    }

    /// The keys of `from` in an epoch of DTLS, where that is the first or the newest.
    pub(super) fn protection_of_epoch(&mut self, from: Role, epoch: u64) -> Option<Protection> {
        if epoch == 1 {
            self.tls12_protection(from)
        } else if epoch == self.newest_epoch() {
            self.renegotiated_protection(from)
        } else {
            None
        }
    }

    /// A ChangeCipherSpec of DTLS that was itself protected. It may be sent more than once.
    pub(super) fn change_cipher_spec_again(&mut self, from: Role, header: RecordHeader, at: At) {
        if self.renegotiation.as_deref().is_some_and(|current| !*current.switched.of(from)) {
            self.change_cipher_spec(from, header, at);
        }
    }

    /// Checks the client's signature in a renegotiation that the server has not completed: one that it has completed
    /// it found right.
    pub(super) fn check_renegotiated_signature(&mut self) {
        let Some(current) = self.renegotiation.take() else { return };
        if let Some(value) = self.reauthentication_of(&current) {
            let leaf = value.answer.value().and_then(|sent| sent.chain()?.first());
            value.signature = value.verify.as_ref().map(|seen| {
                seen.map(|sent| {
                    let before = current.transcript.before(Role::Client, transcript::VERIFY, false, |_| Vec::new());
                    match (leaf, before) {
                        (None, _) => SignatureCheck::Unchecked("the certificate was not seen"),
                        (_, None) => SignatureCheck::Unchecked(
                            current.transcript.broken().unwrap_or("the handshake before the signature is not complete"),
                        ),
                        (Some(leaf), Some(before)) => verify::check(leaf, sent, &before),
                    }
                })
            });
        }
        self.renegotiation = Some(current);
    }
}
