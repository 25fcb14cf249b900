//! The model: one handshake attempt and its end, with all facts that the judging needs. Nothing here
//! knows a rule; nothing here is printed as it stands (see `report`).

mod bounds;
pub mod builder;
pub mod describe;
pub mod fingerprint;
pub mod inference;
pub mod outcome;
pub mod stack;
pub mod timeline;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use crate::flow::facts::TcpFacts;
use crate::problem::Problem;
use crate::role::{ByRole, Role};
use crate::seen::{At, Hidden, Observed, PacketNo, Seen};
use crate::time::Timestamp;
use crate::tls::alert::Alert;
use crate::tls::extension::Extensions;
use crate::tls::handshake::{
    CertificateRequest, CertificateVerify, ClientHello, NewSessionTicket, ServerHello, ServerKeyExchange,
};
use crate::tls::record::ContentType;
use crate::x509::Certificate;

pub use crate::app::{Refusal, RefusalMeaning};
pub use crate::endpoint::{Address, Endpoint};
pub use crate::preamble::{Preamble, PreambleLine, PreambleOutcome};
pub use bounds::Bounds;

/// One handshake attempt and its end.
#[derive(Debug, Clone)]
pub struct Session {
    /// 1-based, in order of the first packet.
    pub id: u64,
    /// What carried the handshake.
    pub transport: Transport,
    /// Links and tunnels between the outermost frame and the innermost IP header, outermost first,
    /// e.g. `vlan 12`, `vxlan 5`.
    pub encapsulation: Vec<String>,
    /// What was spoken ahead of TLS.
    pub preamble: Option<Preamble>,
    /// The client's address.
    pub client: Endpoint,
    /// The server's address.
    pub server: Endpoint,
    /// First packet of the session.
    pub first: At,
    /// Last packet of the session.
    pub last: At,
    /// The newest time known when the session was judged: the last packet of the capture, or a tick
    /// of a live source. Silence is measured against it.
    pub now: Timestamp,
    /// The session was still open when the capture ended (nobody had closed it).
    pub open_at_end: bool,
    /// Packets were lost by the capture while this session went on; perhaps some of it.
    pub may_miss_packets: bool,

    /// The first ClientHello.
    pub client_hello: Observed<ClientHello>,
    /// A HelloRetryRequest.
    pub hello_retry: Option<Seen<ServerHello>>,
    /// The ClientHello that answered it.
    pub second_client_hello: Option<Seen<ClientHello>>,
    /// The ServerHello.
    pub server_hello: Observed<ServerHello>,
    /// EncryptedExtensions (TLS 1.3).
    pub encrypted_extensions: Observed<Extensions>,
    /// ServerKeyExchange (TLS 1.2 and below).
    pub server_key_exchange: Observed<ServerKeyExchange>,
    /// Whether its signature fits the server's leaf. Absent where the client went on as only one does that found
    /// it right: it is not checked again then.
    pub server_key_exchange_signature: Option<Seen<SignatureCheck>>,
    /// The server's question for a client certificate, in the main handshake.
    pub certificate_request: Observed<RequestSeen>,
    /// The Certificate message of each side, in the main handshake.
    pub certificate: ByRole<Observed<CertificateSent>>,
    /// The CertificateVerify of each side.
    pub certificate_verify: ByRole<Observed<CertificateVerify>>,
    /// Whether that signature fits the transcript and the leaf's key. Absent where the peer went on as only one
    /// does that found it right.
    pub certificate_verify_signature: ByRole<Option<Seen<SignatureCheck>>>,
    /// A stapled OCSP response (DER) of the server.
    pub stapled_ocsp: Option<Seen<Vec<u8>>>,
    /// ServerHelloDone (TLS 1.2 and below).
    pub server_hello_done: Observed<()>,
    /// ClientKeyExchange (TLS 1.2 and below).
    pub client_key_exchange: Observed<()>,
    /// ChangeCipherSpec of each side. In TLS 1.3 it means nothing.
    pub change_cipher_spec: ByRole<Option<Seen<()>>>,
    /// Finished of each side; inferred from order and length where it could not be decrypted.
    pub finished: ByRole<Observed<FinishedSeen>>,
    /// Session tickets from the server; inferred ones have the record's payload length in `ticket_len`.
    pub tickets: Vec<Seen<NewSessionTicket>>,
    /// Post-handshake authentication and renegotiation.
    pub reauthentication: Vec<Seen<Reauthentication>>,
    /// Every alert, readable or inferred, in order.
    pub alerts: Vec<Seen<AlertSeen>>,
    /// What each side sent as application data.
    pub application_data: ByRole<ApplicationData>,
    /// Refusals read in decrypted (or plaintext) application data.
    pub refusals: Vec<Seen<Refusal>>,
    /// Protected records that stayed closed or were opened, in order, bounded: the first
    /// [`PROTECTED_KEPT`].
    pub protected: Vec<ProtectedRecord>,
    /// The last [`PROTECTED_TAIL`] of those that came after `protected` was full.
    pub protected_tail: VecDeque<ProtectedRecord>,
    /// How many protected records each side sent.
    pub protected_total: ByRole<u64>,
    /// First bytes of a side that were not TLS.
    pub plaintext: ByRole<Option<Seen<Plaintext>>>,
    /// Records that failed to decrypt with keys that had fitted before, or whose bytes are no TLS.
    pub corrupted: Vec<Seen<Corrupted>>,

    /// What record lengths and order betray of client authentication, where it could not be read.
    pub inferred_client_auth: Option<Seen<InferredClientAuth>>,
    /// How far decryption went.
    pub decryption: Decryption,
    /// The session was resumed by PSK, ticket or session id.
    pub resumed: Option<Seen<Resumption>>,
    /// What the layer below TLS said about the end of the handshake (EAP, QUIC, DTLS), each once.
    pub signals: Vec<Seen<Signal>>,
    /// Facts of the connection below TLS.
    pub tcp: TcpFacts,
    /// What the packets betray about each side's TLS stack.
    pub stack: ByRole<StackGuess>,

    /// The ordered view of all that happened.
    pub timeline: timeline::Timeline,
    /// What was odd.
    pub problems: Vec<Problem>,
}

/// How many protected records a session keeps for inference.
pub const PROTECTED_KEPT: usize = 64;

/// How many of the last protected records a session keeps for inference.
pub const PROTECTED_TAIL: usize = 8;

/// What carried the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// DTLS over UDP.
    Dtls,
    /// EAP-TLS, EAP-TTLS or PEAP, over EAPOL or RADIUS.
    Eap,
    /// QUIC.
    Quic,
}

/// What the layer below TLS says about the end of a handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// EAP-Success or Access-Accept: the server lets the client in.
    EapSuccess,
    /// EAP-Failure or Access-Reject: the server does not let the client in.
    EapFailure,
    /// The client wants another EAP method than the server's, by its number (Nak, RFC 3748 section 5.3.1).
    EapNak(u8),
    /// The server has accepted the client's Finished: HANDSHAKE_DONE in QUIC (RFC 9001 section 4.1.2), an ACK
    /// in DTLS 1.3 (RFC 9147 section 7).
    HandshakeDone,
    /// QUIC's CONNECTION_CLOSE without a TLS alert in it (RFC 9000 section 19.19).
    QuicClose {
        /// Who closed.
        from: Role,
        /// The error code.
        code: u64,
        /// The code is the application's.
        application: bool,
        /// Its words; may be empty. Not escaped.
        reason: String,
    },
    /// The server speaks none of the client's versions of QUIC (RFC 9000 section 6).
    QuicVersions(Vec<u32>),
}

impl Signal {
    /// Who says so.
    pub const fn from(&self) -> Role {
        match self {
            Self::EapNak(_) => Role::Client,
            Self::QuicClose { from, .. } => *from,
            Self::EapSuccess | Self::EapFailure | Self::HandshakeDone | Self::QuicVersions(_) => Role::Server,
        }
    }

    /// Its name in the timeline.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::EapSuccess => "EAP-Success",
            Self::EapFailure => "EAP-Failure",
            Self::EapNak(_) => "EAP-Nak",
            Self::HandshakeDone => "HandshakeDone",
            Self::QuicClose { .. } => "CONNECTION_CLOSE",
            Self::QuicVersions(_) => "VersionNegotiation",
        }
    }

    /// A line for a person.
    pub fn words(&self) -> String {
        match self {
            Self::EapSuccess => "the server lets the client in".to_owned(),
            Self::EapFailure => "the server does not let the client in".to_owned(),
            Self::EapNak(method) => format!("the client asks for another EAP method, number {method}"),
            Self::HandshakeDone => "the server has accepted the client's Finished".to_owned(),
            Self::QuicClose { code, application, reason, .. } => {
                let whose = if *application { "application" } else { "QUIC" };
                let colon = if reason.is_empty() { "" } else { ": " };
                format!("{whose} error {code:#x}{colon}{reason}")
            }
            Self::QuicVersions(versions) => {
                let list: Vec<String> = versions.iter().map(|version| format!("{version:#010x}")).collect();
                format!("the server speaks only {}", list.join(", "))
            }
        }
    }
}

/// That a certificate was asked for, and in which words, where they can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestSeen {
    /// The message; `None` when the request was inferred.
    pub message: Option<CertificateRequest>,
}

/// What stood in a side's Certificate message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateSent {
    /// An empty list: "I have no certificate to show".
    Empty,
    /// A chain that could be read. The first is the leaf.
    Chain(Arc<[Certificate]>),
    /// A chain that could not be read: encrypted. Its approximate length in bytes.
    Unread {
        /// Length of the Certificate message's body, as far as the record lengths tell.
        approx_len: Option<usize>,
    },
}

impl CertificateSent {
    /// The chain, where it could be read and is not empty.
    pub const fn chain(&self) -> Option<&Arc<[Certificate]>> {
        match self {
            Self::Chain(chain) => Some(chain),
            Self::Empty | Self::Unread { .. } => None,
        }
    }
}

/// Result of checking a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignatureCheck {
    /// It fits.
    Valid,
    /// It does not fit.
    Invalid,
    /// It could not be checked; why.
    Unchecked(&'static str),
}

/// A Finished message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FinishedSeen {
    /// Whether its verify_data fits the transcript; `None` where it could not be checked.
    pub verified: Option<bool>,
}

/// A certificate asked for again after the handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reauthentication {
    /// How.
    pub kind: ReauthenticationKind,
    /// What was asked, where readable.
    pub request: Option<Seen<CertificateRequest>>,
    /// What the client answered.
    pub answer: Observed<CertificateSent>,
    /// The CertificateVerify that went with it, where readable.
    pub verify: Option<Seen<CertificateVerify>>,
    /// Whether that signature fits the transcript and the leaf's key. Absent where the server completed the
    /// renegotiation, as only one does that found it right, and in post-handshake authentication, where it is not
    /// checked.
    pub signature: Option<Seen<SignatureCheck>>,
    /// Finished of each side of a renegotiation, where readable.
    pub finished: ByRole<Option<Seen<FinishedSeen>>>,
    /// A whole new handshake was seen to follow (renegotiation), whatever stood in it.
    pub completed: bool,
}

impl Reauthentication {
    /// One of which nothing but its beginning is known; `hidden` says why the answer is not.
    pub fn begun(kind: ReauthenticationKind, hidden: Hidden) -> Self {
        Self {
            kind,
            request: None,
            answer: Observed::Hidden(hidden),
            verify: None,
            signature: None,
            finished: ByRole::default(),
            completed: false,
        }
    }
}

/// How a second authentication is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReauthenticationKind {
    /// Post-handshake authentication (RFC 8446 section 4.6.2).
    PostHandshake,
    /// A renegotiation that the client began (TLS 1.2 and below).
    RenegotiationByClient,
    /// A renegotiation that the server asked for by HelloRequest.
    RenegotiationByServer,
}

/// An alert, readable or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlertSeen {
    /// Who sent it.
    pub from: Role,
    /// Level and description; `None` when it is encrypted and only its length betrays it.
    pub alert: Option<Alert>,
    /// It travelled in a protected record.
    pub protected: bool,
    /// It was sent after this side's own Finished.
    pub after_finished: bool,
}

/// What one side sent as application data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ApplicationData {
    /// Records.
    pub records: u64,
    /// Payload bytes: plaintext where decrypted, else record lengths.
    pub bytes: u64,
    /// The first of them.
    pub first: Option<At>,
    /// The last of them.
    pub last: Option<At>,
    /// Lengths of the first few records as they stood on the wire, where they could not be opened.
    pub closed_lengths: Vec<usize>,
}

/// How many lengths of closed records are kept.
pub const CLOSED_LENGTHS: usize = 4;

/// A protected record, for inference from lengths and order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtectedRecord {
    /// Who sent it.
    pub from: Role,
    /// Content type on the outside.
    pub outer: ContentType,
    /// Length of the fragment in bytes, header not counted.
    pub length: usize,
    /// Where it ended.
    pub at: At,
    /// Content type inside, where it could be decrypted.
    pub inner: Option<ContentType>,
}

/// Bytes that are no TLS where TLS was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plaintext {
    /// The protocol: `http`, `ssh`, `smtp`, `proxy-v1`, `mqtt`, …; `None` when not recognised.
    pub protocol: Option<&'static str>,
    /// The first bytes, at most 256.
    pub bytes: Vec<u8>,
    /// A line for a person, where the protocol has one. Not escaped.
    pub text: Option<String>,
}

/// A record that is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corrupted {
    /// Who sent it.
    pub from: Role,
    /// What is wrong with it.
    pub what: Corruption,
}

/// What is wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Corruption {
    /// Its authentication tag or MAC does not fit although the keys do.
    BadMac,
    /// Its header is no record header, in the middle of a stream that was TLS.
    NotARecord,
    /// A handshake message in it breaks its grammar.
    Malformed,
}

/// Client authentication as lengths and order of encrypted records betray it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InferredClientAuth {
    /// The server did not ask.
    NotRequested,
    /// It asked, and the answer is not known.
    Requested,
    /// It asked, and the client answered that it has no certificate.
    Empty,
    /// It asked, and the client sent a certificate.
    Presented,
}

/// How far decryption went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decryption {
    /// Nothing was protected.
    NoneNeeded,
    /// All protected records of both sides could be read.
    Full,
    /// Handshake records could be read, application records not.
    HandshakeOnly,
    /// No keys for this session.
    NoKeys,
    /// There are keys for this session, and they do not open its records.
    KeysDoNotFit,
}

/// How a session was resumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resumption {
    /// TLS 1.3 pre-shared key.
    Psk,
    /// Session ticket (RFC 5077).
    Ticket,
    /// Session id.
    SessionId,
}

/// What the packets betray about a side's TLS stack.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StackGuess {
    /// Candidates, best first; empty where nothing is known.
    pub candidates: Cow<'static, [Stack]>,
    /// Why, in words for a person.
    pub reasons: Vec<Cow<'static, str>>,
    /// The program, where it named itself (HTTP Server header, banner).
    pub program: Option<String>,
}

/// A TLS implementation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stack {
    /// OpenSSL and what is built on it (nginx, Apache, HAProxy, curl, Python, PostgreSQL, mosquitto).
    OpenSsl,
    /// Node.js: OpenSSL that checks certificates by itself after the handshake.
    Node,
    /// LibreSSL.
    LibreSsl,
    /// BoringSSL and AWS-LC (Envoy, Istio, Chromium).
    BoringSsl,
    /// s2n-tls.
    S2n,
    /// Go crypto/tls.
    Go,
    /// Java JSSE.
    Jsse,
    /// GnuTLS.
    GnuTls,
    /// NSS.
    Nss,
    /// rustls.
    Rustls,
    /// Mbed TLS.
    MbedTls,
    /// wolfSSL.
    WolfSsl,
    /// Erlang/OTP ssl.
    Erlang,
    /// Windows Schannel.
    Schannel,
    /// Apple Secure Transport and Network.framework.
    Apple,
}

impl Session {
    /// The leaf that `role` presented, where it could be read.
    pub fn leaf(&self, role: Role) -> Option<&Certificate> {
        self.certificate.of(role).value()?.chain()?.first()
    }

    /// The chain that `role` presented, where it could be read; empty otherwise.
    pub fn chain(&self, role: Role) -> &[Certificate] {
        self.certificate.of(role).value().and_then(CertificateSent::chain).map_or(&[], |chain| &chain[..])
    }

    /// The version chosen by the server.
    pub fn version(&self) -> Option<u16> {
        self.server_hello.value().map(ServerHello::selected_version)
    }

    /// Whether TLS 1.3 (or DTLS 1.3) was chosen, or a draft of either: NSS before 3.90 spoke draft 43 of DTLS 1.3.
    pub fn is_tls13(&self) -> bool {
        matches!(self.version(), Some(0x0304 | 0xfefc | 0x7f00..=0x7fff))
    }

    /// Readable alerts of `role`, in order.
    pub fn alerts_of(&self, role: Role) -> impl Iterator<Item = &Seen<AlertSeen>> {
        self.alerts.iter().filter(move |alert| alert.value.from == role)
    }

    /// The first fatal alert that could be read.
    pub fn first_fatal(&self) -> Option<&Seen<AlertSeen>> {
        self.alerts.iter().find(|seen| seen.value.alert.is_some_and(|alert| alert.level == 2 && alert.description != 0))
    }

    /// The moment that certificates are judged at: when the Certificate of `role` was sent, else the
    /// session's first packet.
    pub fn judged_at(&self, role: Role) -> Timestamp {
        self.certificate.of(role).seen().map_or(self.first.time, |seen| seen.time)
    }

    /// A session of which nothing is known yet but its ends and its first packet.
    pub fn begun(transport: Transport, client: Endpoint, server: Endpoint, first: At) -> Self {
        let unknown = || Hidden::AfterCapture;
        Self {
            id: 0,
            transport,
            encapsulation: Vec::new(),
            preamble: None,
            client,
            server,
            first,
            last: first,
            now: first.time,
            open_at_end: false,
            may_miss_packets: false,
            client_hello: Observed::Hidden(unknown()),
            hello_retry: None,
            second_client_hello: None,
            server_hello: Observed::Hidden(unknown()),
            encrypted_extensions: Observed::Hidden(unknown()),
            server_key_exchange: Observed::Hidden(unknown()),
            server_key_exchange_signature: None,
            certificate_request: Observed::Hidden(unknown()),
            certificate: ByRole { client: Observed::Hidden(unknown()), server: Observed::Hidden(unknown()) },
            certificate_verify: ByRole { client: Observed::Hidden(unknown()), server: Observed::Hidden(unknown()) },
            certificate_verify_signature: ByRole::default(),
            stapled_ocsp: None,
            server_hello_done: Observed::Hidden(unknown()),
            client_key_exchange: Observed::Hidden(unknown()),
            change_cipher_spec: ByRole::default(),
            finished: ByRole { client: Observed::Hidden(unknown()), server: Observed::Hidden(unknown()) },
            tickets: Vec::new(),
            reauthentication: Vec::new(),
            alerts: Vec::new(),
            application_data: ByRole::default(),
            refusals: Vec::new(),
            protected: Vec::new(),
            protected_tail: VecDeque::new(),
            protected_total: ByRole::default(),
            plaintext: ByRole::default(),
            corrupted: Vec::new(),
            inferred_client_auth: None,
            decryption: Decryption::NoneNeeded,
            resumed: None,
            signals: Vec::new(),
            tcp: TcpFacts::default(),
            stack: ByRole::default(),
            timeline: timeline::Timeline::default(),
            problems: Vec::new(),
        }
    }

    /// Keeps what inference needs of a protected record.
    pub fn keep_protected(&mut self, record: ProtectedRecord) {
        *self.protected_total.of_mut(record.from) += 1;
        if self.protected.len() < PROTECTED_KEPT {
            if self.protected.is_empty() {
                // A handshake has about so many.
                self.protected.reserve(16);
            }
            self.protected.push(record);
        } else {
            if self.protected_tail.len() >= PROTECTED_TAIL {
                self.protected_tail.pop_front();
            }
            self.protected_tail.push_back(record);
        }
    }

    /// The last packet's number.
    pub fn last_packet(&self) -> PacketNo {
        self.last.packet
    }
}
