//! The end of a session: what was not seen becomes "not sent" or "not visible", and the timeline gets
//! its entries from below TLS.

use std::borrow::Cow;

use crate::flow::facts::TcpFacts;
use crate::role::{ByRole, Role};
use crate::seen::{At, Hidden, Observed, Seen};
use crate::session::builder::{Builder, Phase};
use crate::session::inference;
use crate::session::timeline::{Entry, EntryKind};
use crate::session::{
    AlertSeen, Decryption, FinishedSeen, Reauthentication, ReauthenticationKind, Resumption, Session, Transport,
};
use crate::time::Timestamp;
use crate::tls::record::ContentType;

impl Builder {
    /// The session as it stands, with every fact resolved. `now` is the newest time known, and
    /// `open` says that nobody has ended the connection yet.
    pub fn finish(mut self, tcp: TcpFacts, now: Timestamp, open: bool) -> Box<Session> {
        self.end();
        if let Some(mut state) = self.dtls.take() {
            state.finish(&mut self);
        }
        if let Some(state) = self.quic.take() {
            state.finish(&mut self);
        }
        let mut refusals = Vec::new();
        self.watcher.finish(&mut refusals);
        for mut refusal in refusals {
            refusal.basis = crate::seen::Basis::Decrypted;
            self.refusal(refusal);
        }
        self.session.tcp = tcp;
        self.session.now = now;
        self.session.open_at_end = open;
        self.session.decryption = self.decryption();
        self.find_resumption();
        self.check_signatures();
        let mut session = self.session;
        inference::infer(&mut session);
        for role in [Role::Client, Role::Server] {
            *session.stack.of_mut(role) = crate::session::stack::guess(&session, role);
        }
        Resolver { hole: self.hole, mid_stream: session.tcp.mid_stream, open }.resolve(&mut session);
        add_tcp_entries(&mut session);
        session.timeline.entries.sort_by_key(|entry| entry.packet);
        session
    }

    /// The session as it stands, without ending it.
    pub fn snapshot(&self, tcp: TcpFacts, now: Timestamp) -> Box<Session> {
        self.clone().finish(tcp, now, true)
    }

    fn decryption(&self) -> Decryption {
        let opened = self.opened.client + self.opened.server;
        let handshake = self.closed.client.handshake + self.closed.server.handshake;
        let application = self.closed.client.application + self.closed.server.application;
        match (opened, handshake, application) {
            (0, 0, 0) => Decryption::NoneNeeded,
            (0, _, _) if self.misfit.client || self.misfit.server => Decryption::KeysDoNotFit,
            (0, _, _) => Decryption::NoKeys,
            (_, 0, 0) => Decryption::Full,
            _ => Decryption::HandshakeOnly,
        }
    }

    /// Resumption before TLS 1.3: the server goes straight to its ChangeCipherSpec (RFC 5246 section
    /// 7.3), and echoes the session id that the client offered.
    fn find_resumption(&mut self) {
        let session = &self.session;
        if session.is_tls13() || session.resumed.is_some() {
            return;
        }
        let (Some(client), Some(server), Some(ccs)) =
            (session.client_hello.value(), session.server_hello.seen(), &session.change_cipher_spec.server)
        else {
            return;
        };
        let abbreviated = !session.certificate.server.is_seen()
            && !session.server_hello_done.is_seen()
            && !session.client_key_exchange.is_seen()
            && !self.hole.server
            && ccs.packet >= server.packet;
        let echoed = !server.value.session_id.is_empty() && server.value.session_id == client.session_id;
        if abbreviated && echoed {
            let by_ticket = client.extensions.session_ticket().is_some_and(|ticket| !ticket.is_empty());
            let how = if by_ticket { Resumption::Ticket } else { Resumption::SessionId };
            let seen = server.map(|_| how);
            self.session.resumed = Some(seen);
        }
    }

    /// Keys for 0-RTT data that may come before the ServerHello. The suite is not known yet: any of
    /// those offered may be the one of the earlier session.
    pub(super) fn early_data(&mut self) {
        let Some(hello) = self.session.client_hello.value() else { return };
        let keys = std::sync::Arc::clone(&self.keys);
        let Some(secret) = keys.early13(&hello.random) else { return };
        let epochs = hello
            .cipher_suites
            .iter()
            .filter(|suite| (0x1301..=0x1305).contains(*suite))
            .filter_map(|suite| crate::decrypt::Protection::tls13(*suite, secret))
            .collect();
        self.direction.client.install(epochs);
    }

    /// A protected record of TLS 1.2 or below that stays closed. Its content type is readable.
    pub(super) fn closed_record12(&mut self, from: Role, content_type: ContentType, length: usize, at: At) {
        match content_type {
            ContentType::ALERT => {
                let after_finished = self.session.finished.of(from).is_seen();
                let value = AlertSeen { from, alert: None, protected: true, after_finished };
                let seen = Seen::inferred(value, at, "its content type is readable, its content is not");
                let mut entry = Entry::at(from, EntryKind::Alert, "Alert", &seen);
                entry.length = Some(length);
                entry.protected = true;
                entry.text = "encrypted".into();
                self.push(entry);
                if self.session.alerts.len() < 64 {
                    self.session.alerts.push(seen);
                }
            }
            ContentType::HANDSHAKE => self.closed_handshake12(from, length, at),
            ContentType::APPLICATION_DATA => self.count_record(from, length, at, true, true),
            _ => {}
        }
    }

    fn closed_handshake12(&mut self, from: Role, length: usize, at: At) {
        let first = !self.session.finished.of(from).is_seen();
        let (name, text) = if first {
            let why = "the first protected handshake record after ChangeCipherSpec is Finished";
            let seen = Seen::inferred(FinishedSeen { verified: None }, at, why);
            *self.session.finished.of_mut(from) = Observed::Seen(seen);
            ("Finished", "encrypted")
        } else if self.renegotiation.as_deref().is_some_and(|renegotiation| renegotiation.awaits_finished(from)) {
            self.closed_renegotiated_finished(from);
            ("Finished", "encrypted: the end of a renegotiation")
        } else if self.session.transport == Transport::Dtls {
            // Most likely the same flight again.
            return;
        } else {
            self.renegotiation_hint(from, at);
            ("Handshake", "encrypted: a renegotiation")
        };
        let mut entry = self.entry(from, EntryKind::Handshake, name, at);
        entry.length = Some(length);
        entry.protected = true;
        entry.inferred = true;
        entry.text = text.into();
        self.push(entry);
        self.both_finished();
    }

    fn renegotiation_hint(&mut self, from: Role, at: At) {
        if self.phase != Phase::Established || !self.session.reauthentication.is_empty() {
            return;
        }
        let kind = match from {
            Role::Client => ReauthenticationKind::RenegotiationByClient,
            Role::Server => ReauthenticationKind::RenegotiationByServer,
        };
        let value = Reauthentication::begun(kind, Hidden::Encrypted);
        let why = "handshake records after both Finished are a renegotiation";
        self.session.reauthentication.push(Seen::inferred(value, at, why));
    }
}

/// Turns what was not seen into "not sent" or "not visible".
struct Resolver {
    hole: ByRole<bool>,
    mid_stream: bool,
    open: bool,
}

impl Resolver {
    /// `passed`: a later message of the same sender was seen, so it was left out. `closed`: it would be
    /// inside records that could not be opened.
    fn settle<T>(&self, field: &mut Observed<T>, from: Role, passed: bool, closed: bool) {
        if field.is_seen() {
            return;
        }
        *field = if *self.hole.of(from) {
            Observed::Hidden(Hidden::Gap)
        } else if passed {
            Observed::NotSent
        } else if closed {
            Observed::Hidden(Hidden::Encrypted)
        } else if self.mid_stream {
            Observed::Hidden(Hidden::BeforeCapture)
        } else if self.open {
            Observed::Hidden(Hidden::AfterCapture)
        } else {
            Observed::NotSent
        };
    }

    fn resolve(&self, session: &mut Session) {
        let tls13 = session.is_tls13();
        let closed = |role: Role| session.protected.iter().any(|r| r.from == role && r.inner.is_none());
        // Before TLS 1.3 everything up to ChangeCipherSpec is in the clear.
        let hidden = ByRole { client: tls13 && closed(Role::Client), server: tls13 && closed(Role::Server) };
        let finished = ByRole { client: session.finished.client.is_seen(), server: session.finished.server.is_seen() };
        let read = |role: Role, s: &Session| s.finished.of(role).seen().is_some_and(|f| !f.is_inferred() || !tls13);
        let server_read = read(Role::Server, session);
        let client_read = read(Role::Client, session);
        let server_done = session.server_hello_done.is_seen() || session.resumed.is_some() || server_read;
        let inferred_request = session.inferred_client_auth.is_some();
        let answered = session.server_hello.is_seen();
        self.settle(&mut session.client_hello, Role::Client, false, false);
        self.settle(&mut session.server_hello, Role::Server, false, false);
        self.settle(&mut session.encrypted_extensions, Role::Server, !tls13 && answered || server_read, hidden.server);
        self.settle(&mut session.server_key_exchange, Role::Server, server_done || tls13, false);
        let asked_not = server_done || (inferred_request && hidden.server);
        self.settle(&mut session.certificate_request, Role::Server, asked_not, hidden.server);
        self.settle(&mut session.server_hello_done, Role::Server, tls13 || finished.server, false);
        self.settle(&mut session.client_key_exchange, Role::Client, tls13 || finished.client, false);
        for role in [Role::Client, Role::Server] {
            let passed = match role {
                Role::Client => {
                    client_read
                        || session.client_key_exchange.is_seen()
                        || session.certificate_request.is_not_sent()
                        || (inferred_request && hidden.client)
                }
                Role::Server => server_done || session.server_key_exchange.is_seen(),
            };
            let fin = if tls13 { *finished.of(role) && !hidden.of(role) } else { *finished.of(role) };
            self.settle(session.certificate.of_mut(role), role, passed, *hidden.of(role));
            let no_certificate = session.certificate.of(role).is_not_sent();
            self.settle(session.certificate_verify.of_mut(role), role, fin || no_certificate, *hidden.of(role));
            self.settle(session.finished.of_mut(role), role, false, *hidden.of(role));
        }
        if session.transport == Transport::Eap && self.open {
            session.open_at_end = true;
        }
    }
}

fn add_tcp_entries(session: &mut Session) {
    let (tcp, entries) = (&session.tcp, &mut session.timeline.entries);
    let mut add = |from: Role, name: &'static str, at: At, text: Cow<'static, str>| {
        entries.push(Entry {
            from,
            packet: at.packet,
            time: at.time,
            kind: EntryKind::Tcp,
            name: name.into(),
            length: None,
            protected: false,
            inferred: false,
            text,
        });
    };
    for (index, at) in tcp.syn.iter().take(16).enumerate() {
        let text = if index == 0 { "" } else { "sent again" };
        add(Role::Client, "SYN", *at, text.into());
    }
    if let Some(at) = tcp.syn_ack {
        add(Role::Server, "SYN+ACK", at, Cow::default());
    }
    for role in [Role::Client, Role::Server] {
        if let Some(at) = tcp.fin.of(role) {
            add(role, "FIN", *at, Cow::default());
        }
        for lost in tcp.unacknowledged.of(role).iter().filter(|lost| lost.times > 1) {
            add(
                role,
                "Retransmission",
                lost.last,
                format!("{} bytes sent {} times and never acknowledged", lost.len, lost.times).into(),
            );
        }
    }
    for reset in tcp.resets.iter().take(8) {
        let text = if reset.in_answer_to_syn {
            "the connection was refused".into()
        } else if reset.unread > 0 {
            format!("with {} bytes of its peer unread", reset.unread).into()
        } else {
            Cow::default()
        };
        add(reset.from, "RST", reset.at, text);
    }
}
