//! How an attempt ended: the one event that ended it, and how far it had come by then. Every rule asks
//! this first, so it is worked out once.

use crate::role::Role;
use crate::seen::{At, Hidden, Observed, PacketNo, Seen};
use crate::session::inference::HiddenAnswer;
use crate::session::{
    AlertSeen, CertificateSent, Corruption, InferredClientAuth, ReauthenticationKind, Refusal, RefusalMeaning, Session,
    Signal, Transport,
};
use crate::tls::alert::Alert;

/// How far the handshake had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// No ClientHello was seen.
    Nothing,
    /// The ClientHello was sent, and no ServerHello.
    Hello,
    /// The server's first flight was under way, or done; the client had not gone on.
    ServerFlight,
    /// The client's second flight was under way, or done; the server had not accepted it.
    ClientFlight,
    /// Both sides had finished, as far as can be seen.
    Finished,
}

/// The event that ended an attempt.
#[derive(Debug, Clone, Copy)]
pub enum Ending<'a> {
    /// A fatal alert whose number could be read.
    Alert {
        /// The alert.
        seen: &'a Seen<AlertSeen>,
        /// Its number.
        alert: Alert,
        /// How far the handshake had come.
        stage: Stage,
    },
    /// An alert whose number is encrypted, at a place where it is no ordinary close_notify.
    HiddenAlert {
        /// The alert.
        seen: &'a Seen<AlertSeen>,
        /// How far the handshake had come.
        stage: Stage,
    },
    /// The application refused the client.
    Refusal {
        /// Its words.
        seen: &'a Seen<Refusal>,
    },
    /// The handshake was complete, and the application's one answer, which could not be read, looks like a
    /// refusal.
    HiddenAnswer {
        /// Where.
        at: At,
        /// What it looks like.
        what: HiddenAnswer,
    },
    /// A side closed in mid-handshake without a fatal alert.
    Closed {
        /// Who.
        by: Role,
        /// Where.
        at: At,
        /// How.
        how: Close,
        /// How far the handshake had come.
        stage: Stage,
    },
    /// The handshake was complete, and one side left at once, without a word of application data.
    LeftAtOnce {
        /// Who.
        by: Role,
        /// Where it closed.
        at: At,
        /// How.
        how: Close,
    },
    /// Nobody had closed when the capture ended.
    Open {
        /// How far the handshake had come.
        stage: Stage,
    },
    /// The handshake was complete, and nothing refused it.
    Completed,
}

/// How a connection was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// By a close_notify alert.
    CloseNotify,
    /// By a FIN.
    Fin,
    /// By a reset.
    Reset,
    /// By EAP-Failure or Access-Reject.
    EapFailure,
    /// By QUIC's CONNECTION_CLOSE, without a TLS alert.
    Quic,
    /// By going on in plaintext (LDAP clients unbind in this way).
    Plaintext,
}

impl Close {
    /// `closed with close_notify`, …
    pub const fn words(self) -> &'static str {
        match self {
            Self::CloseNotify => "closed the connection with close_notify",
            Self::Fin => "closed the connection",
            Self::Reset => "reset the connection",
            Self::EapFailure => "ended the authentication with EAP-Failure",
            Self::Quic => "closed the connection with CONNECTION_CLOSE",
            Self::Plaintext => "left TLS and went on in plaintext",
        }
    }
}

/// close_notify.
const CLOSE_NOTIFY: u8 = 0;
/// user_canceled.
const USER_CANCELED: u8 = 90;
/// no_renegotiation.
const NO_RENEGOTIATION: u8 = 100;
/// decode_error.
const DECODE_ERROR: u8 = 50;

impl<'a> Ending<'a> {
    /// How `session` ended.
    pub fn of(session: &'a Session) -> Self {
        let alert = session.alerts.iter().find_map(|seen| fatal(session, seen).map(|alert| (seen, alert)));
        let hidden = session.alerts.iter().find(|seen| is_hidden_refusal(session, seen));
        let refusal = refusal(session);
        let first =
            [alert.map(|(seen, _)| seen.packet), hidden.map(|seen| seen.packet), refusal.map(|seen| seen.packet)]
                .into_iter()
                .flatten()
                .min();
        let Some(first) = first else { return Self::without_words(session) };
        if let Some((seen, alert)) = alert
            && seen.packet == first
        {
            return Self::Alert { seen, alert, stage: stage(session, first, seen.value.from) };
        }
        if let Some(seen) = hidden
            && seen.packet == first
        {
            return Self::HiddenAlert { seen, stage: stage(session, first, seen.value.from) };
        }
        match refusal {
            Some(seen) => Self::Refusal { seen },
            None => Self::without_words(session),
        }
    }

    /// Neither an alert nor a refusal: what the connection itself tells.
    fn without_words(session: &'a Session) -> Self {
        if let Some((by, at, how)) = left_renegotiation(session) {
            return Self::Closed { by, at, how, stage: Stage::ClientFlight };
        }
        if is_completed(session) {
            return left_at_once(session).map_or(Self::Completed, |(by, at, how)| Self::LeftAtOnce { by, at, how });
        }
        let packets = &session.tcp.packets;
        let one_sided = packets.client + packets.server > 0 && (packets.client == 0 || packets.server == 0);
        match first_close(session, PacketNo(0)).filter(|_| !one_sided) {
            Some((by, at, how)) => Self::Closed { by, at, how, stage: stage(session, at.packet, by) },
            None => Self::Open { stage: stage(session, PacketNo(u64::MAX), Role::Client) },
        }
    }

    /// How far the handshake had come.
    pub fn stage(&self) -> Stage {
        match self {
            Self::Alert { stage, .. }
            | Self::HiddenAlert { stage, .. }
            | Self::Closed { stage, .. }
            | Self::Open { stage } => *stage,
            Self::Refusal { .. } | Self::HiddenAnswer { .. } | Self::LeftAtOnce { .. } | Self::Completed => {
                Stage::Finished
            }
        }
    }

    /// The packet of the event, where there is one.
    pub fn packet(&self) -> Option<PacketNo> {
        match self {
            Self::Alert { seen, .. } | Self::HiddenAlert { seen, .. } => Some(seen.packet),
            Self::Refusal { seen } => Some(seen.packet),
            Self::Closed { at, .. } | Self::LeftAtOnce { at, .. } | Self::HiddenAnswer { at, .. } => Some(at.packet),
            Self::Open { .. } | Self::Completed => None,
        }
    }
}

/// The alert where it ends a handshake. RFC 8446 section 6.2: in TLS 1.3 every error alert is fatal,
/// whatever its level says.
fn fatal(session: &Session, seen: &Seen<AlertSeen>) -> Option<Alert> {
    let alert = seen.value.alert?;
    let closes = matches!(alert.description, CLOSE_NOTIFY | USER_CANCELED | NO_RENEGOTIATION);
    let ends = !closes && (alert.level == 2 || session.is_tls13()) && !is_reaction(session, seen, alert);
    ends.then_some(alert)
}

/// An encrypted alert at a place where it is no ordinary goodbye: before its sender, or its peer, has
/// sent anything that belongs behind the handshake.
fn is_hidden_refusal(session: &Session, seen: &Seen<AlertSeen>) -> bool {
    if seen.value.alert.is_some() {
        return false;
    }
    let from = seen.value.from;
    if from == Role::Server && refused_again(session, seen) {
        return true;
    }
    let spoke = session.application_data.of(from).first.is_some_and(|at| at.packet <= seen.packet);
    match from {
        Role::Server => {
            // Who answers a client that has left without a word, or tired of waiting for an answer, refuses nobody.
            let asked = session.application_data.client.last;
            let left = session.finished.client.is_seen()
                && first_close(session, PacketNo(0)).is_some_and(|(by, at, how)| {
                    let tired = match asked {
                        Some(asked) => at.time.since(asked.time).as_secs_f64() > PATIENCE,
                        None => !showed_nothing(session) || waited(session, at) > PATIENCE,
                    };
                    let goodbye = how != Close::Fin && tired || answers(session, at, seen) || asked_nothing(session);
                    by == Role::Client && at.packet < seen.packet && goodbye
                });
            !spoke && !accepted(session, seen.packet) && !left
        }
        // A client that has finished may say goodbye without having said anything else.
        Role::Client => !spoke && session.finished.client.seen().is_none_or(|f| f.packet > seen.packet),
    }
}

/// Whether the client's flight shows that no certificate was asked for: then there is nothing in it to be refused.
fn asked_nothing(session: &Session) -> bool {
    session.inferred_client_auth.as_ref().is_some_and(|seen| seen.value == InferredClientAuth::NotRequested)
}

/// Whether the client was asked for a certificate and had none, and nothing shows that it was let in: a server that refuses
/// that does so at once, and its alert may cross with the goodbye of a client that has nothing to say.
fn showed_nothing(session: &Session) -> bool {
    matches!(session.certificate.client.value(), Some(CertificateSent::Empty)) && session.tickets.is_empty()
}

/// Whether an alert of the server answers the client's close: it had had time enough to refuse what the client said last,
/// and spoke when the client left. A program that only closes its connection says no goodbye that could be told from that.
fn answers(session: &Session, close: At, alert: &Seen<AlertSeen>) -> bool {
    /// The least time in which a server would have refused, in seconds.
    const ENOUGH: f64 = 0.2;
    let data = &session.application_data.client;
    let finished = session.finished.client.seen().map(Seen::at);
    let last = [finished, data.first, data.last].into_iter().flatten().filter(|at| at.packet < close.packet);
    let Some(last) = last.map(|at| at.time).max() else { return false };
    let (silent, reaction) = (close.time.since(last).as_secs_f64(), alert.time.since(close.time).as_secs_f64());
    // Behind a long way the alert may have been under way before the close: then it comes as late as any answer.
    silent >= ENOUGH && silent >= 4.0 * reaction
}

/// Whether an encrypted alert is all that the server said to a client that had answered a later CertificateRequest. A
/// server that takes the answer goes on, with tickets and with what was asked for.
fn refused_again(session: &Session, seen: &Seen<AlertSeen>) -> bool {
    let answered = session
        .reauthentication
        .iter()
        .rev()
        .filter(|again| again.value.kind == ReauthenticationKind::PostHandshake)
        .find_map(|again| again.value.answer.seen());
    let Some(answered) = answered else { return false };
    let went_on = session.application_data.server.last.is_some_and(|at| at.packet > answered.packet)
        || session.tickets.iter().any(|ticket| ticket.packet > answered.packet);
    seen.packet > answered.packet && !went_on
}

/// A refusal that has to do with who the client is.
fn refusal(session: &Session) -> Option<&Seen<Refusal>> {
    // A server that says "bad request" to a client that has left without one refuses nobody.
    // A page in plaintext says nothing about a certificate.
    let asked = |seen: &Seen<Refusal>| {
        !seen.value.protocol.starts_with("http")
            || session.application_data.client.first.is_some_and(|at| at.packet <= seen.packet)
    };
    session
        .refusals
        .iter()
        .find(|seen| seen.value.meaning != RefusalMeaning::PlainHttpToTls && !seen.value.plaintext && asked(seen))
}

/// Whether the server had accepted the client's flight before `packet`: a ticket, or data of its own
/// after the client's Finished, say so (RFC 8446 section 4.6.1); before TLS 1.3 its Finished does.
fn accepted(session: &Session, packet: PacketNo) -> bool {
    if session.signals.iter().any(|seen| says_accepted(seen) && seen.packet <= packet) {
        return true;
    }
    let Some(finished) = session.finished.client.seen() else { return false };
    if !session.is_tls13() {
        return session.finished.server.seen().is_some_and(|f| f.packet <= packet);
    }
    let ticket = session.tickets.iter().any(|ticket| ticket.packet >= finished.packet && ticket.packet <= packet);
    let data = &session.application_data.server;
    let spoke =
        [data.first, data.last].into_iter().flatten().any(|at| at.packet > finished.packet && at.packet <= packet);
    ticket || spoke
}

/// Whether the layer below TLS says that the server has accepted the client.
fn says_accepted(seen: &Seen<Signal>) -> bool {
    matches!(seen.value, Signal::EapSuccess | Signal::HandshakeDone)
}

/// Whether both sides completed the handshake, as far as can be seen.
fn is_completed(session: &Session) -> bool {
    // Only a server that has accepted the client says so, and EAP-Failure takes back what TLS gave.
    if session.signals.iter().any(says_accepted) {
        return true;
    }
    if session.signals.iter().any(|seen| seen.value == Signal::EapFailure) {
        return false;
    }
    let finished = |role: Role| session.finished.of(role).is_seen();
    // A client that closed before the server's Finished did not wait for it.
    let closed = session.tcp.fin.client.map(|at| at.packet);
    if let (Some(closed), Some(server)) = (closed, session.finished.server.seen())
        && closed < server.packet
    {
        return false;
    }
    if session.resumed.is_some() && finished(Role::Client) && finished(Role::Server) {
        return true;
    }
    let both = finished(Role::Client) && finished(Role::Server);
    if !session.is_tls13() {
        return both || data_both_ways(session);
    }
    if both && accepted(session, PacketNo(u64::MAX)) {
        return true;
    }
    // The client closed first, in good order; a server that had refused it would have said so.
    let goodbye = |role: Role| {
        session.alerts_of(role).any(|seen| seen.value.alert.is_some_and(|alert| alert.description == CLOSE_NOTIFY))
    };
    (both && (goodbye(Role::Server) || closed_by_client_first(session))) || data_both_ways(session)
}

fn data_both_ways(session: &Session) -> bool {
    session.application_data.client.records > 0
        && session.application_data.server.records > 0
        && (session.tcp.mid_stream || hidden_by_gap(session))
}

fn hidden_by_gap(session: &Session) -> bool {
    [Role::Client, Role::Server]
        .iter()
        .any(|role| matches!(session.finished.of(*role), Observed::Hidden(Hidden::Gap | Hidden::BeforeCapture)))
}

fn closed_by_client_first(session: &Session) -> bool {
    matches!(first_close(session, PacketNo(0)), Some((Role::Client, _, _)))
}

/// The first close after `after`: close_notify, FIN or reset.
pub(super) fn first_close(session: &Session, after: PacketNo) -> Option<(Role, At, Close)> {
    let mut all: Vec<(Role, At, Close)> = Vec::new();
    for role in [Role::Client, Role::Server] {
        let goodbye = session.alerts_of(role).find(|seen| {
            seen.value.alert.is_none_or(|alert| matches!(alert.description, CLOSE_NOTIFY | USER_CANCELED))
        });
        all.extend(goodbye.map(|seen| (role, seen.at(), Close::CloseNotify)));
        all.extend(session.tcp.fin.of(role).map(|at| (role, at, Close::Fin)));
    }
    all.extend(session.signals.iter().filter_map(|seen| match &seen.value {
        Signal::EapFailure => Some((Role::Server, seen.at(), Close::EapFailure)),
        Signal::EapNak(_) => Some((Role::Client, seen.at(), Close::EapFailure)),
        Signal::QuicClose { from, .. } => Some((*from, seen.at(), Close::Quic)),
        _ => None,
    }));
    // Bytes that are no TLS behind a side's own Finished: it has left.
    let left = session.corrupted.iter().filter(|seen| seen.value.what == Corruption::NotARecord).filter(|seen| {
        session.finished.of(seen.value.from).seen().is_some_and(|finished| finished.packet < seen.packet)
    });
    all.extend(left.map(|seen| (seen.value.from, seen.at(), Close::Plaintext)));
    all.extend(session.tcp.resets.iter().map(|reset| (reset.from, reset.at, Close::Reset)));
    all.into_iter().filter(|(_, at, _)| at.packet > after).min_by_key(|(_, at, _)| at.packet)
}

/// Whether an alert only answers the close of its peer: OpenSSL calls a FIN a decode_error, others an
/// unexpected message or an internal error.
fn is_reaction(session: &Session, seen: &Seen<AlertSeen>, alert: Alert) -> bool {
    let closed = session.tcp.fin.of(seen.value.from.peer()).is_some_and(|at| at.packet <= seen.packet);
    closed && matches!(alert.description, DECODE_ERROR | 10 | 80)
}

/// The first close behind a client's answer in a renegotiation that was never completed: the handshake that it
/// ended is the later one.
fn left_renegotiation(session: &Session) -> Option<(Role, At, Close)> {
    let last = session.reauthentication.last()?;
    let renegotiates = last.value.kind != ReauthenticationKind::PostHandshake && !last.value.completed;
    let answer = last.value.answer.seen().filter(|_| renegotiates)?;
    first_close(session, answer.packet)
}

/// A side's own close right behind a complete handshake, with not a byte of application data of its own.
/// (A server may have greeted the client, or sent HTTP/2 settings, before it saw it leave.)
fn left_at_once(session: &Session) -> Option<(Role, At, Close)> {
    if session.transport != Transport::Tcp || !session.reauthentication.is_empty() {
        return None;
    }
    let (by, at, how) = first_close(session, PacketNo(0))?;
    let said_nothing = session.application_data.of(by).records == 0;
    // A server that closes before it was asked anything may have timed out.
    let due = by == Role::Client || waited(session, at) < PATIENCE;
    (said_nothing && due).then_some((by, at, how))
}

/// Whether the client had sent application data before `close`, and not before it was told that the server had accepted
/// it: what it sends along with its Finished may arrive at a server that has just decided to leave.
pub(super) fn spoke_once_accepted(session: &Session, close: At) -> bool {
    let told = if session.is_tls13() {
        session.tickets.iter().map(|ticket| ticket.packet).min()
    } else {
        session.finished.server.seen().map(|seen| seen.packet)
    };
    let data = &session.application_data.client;
    let spoke = [data.first, data.last].into_iter().flatten();
    told.is_some_and(|told| spoke.into_iter().any(|at| at.packet > told && at.packet < close.packet))
}

/// A server that refuses a client does so sooner, in seconds: who ends an idle connection later has tired of waiting.
const PATIENCE: f64 = 1.0;

/// Seconds from the later Finished to `at`.
fn waited(session: &Session, at: At) -> f64 {
    let finished = [Role::Client, Role::Server].into_iter().filter_map(|role| session.finished.of(role).seen());
    let last = finished.map(|seen| seen.time).max().unwrap_or(at.time);
    at.time.since(last).as_secs_f64()
}

/// How far the handshake had come just before `packet`, for something that `from` sent there.
fn stage(session: &Session, packet: PacketNo, from: Role) -> Stage {
    let before = |seen: Option<PacketNo>| seen.is_some_and(|seen| seen <= packet);
    let client_finished = before(session.finished.client.seen().map(|seen| seen.packet));
    if client_finished {
        let server_finished = before(session.finished.server.seen().map(|seen| seen.packet));
        let done = match from {
            // Who has sent Finished in TLS 1.3, and goes on, has accepted the server's.
            Role::Client => server_finished,
            Role::Server => server_finished && accepted(session, packet),
        };
        return if done { Stage::Finished } else { Stage::ClientFlight };
    }
    let client_flight = [
        session.certificate.client.seen().map(|seen| seen.packet),
        session.client_key_exchange.seen().map(|seen| seen.packet),
        session.change_cipher_spec.client.as_ref().filter(|_| !session.is_tls13()).map(|seen| seen.packet),
    ];
    if client_flight.into_iter().any(before) {
        return Stage::ClientFlight;
    }
    if before(session.server_hello.seen().map(|seen| seen.packet)) {
        return Stage::ServerFlight;
    }
    if before(session.client_hello.seen().map(|seen| seen.packet)) { Stage::Hello } else { Stage::Nothing }
}
