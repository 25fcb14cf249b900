//! One session, as published.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::{
    CertificateRequest, Certificates, ClientHello, Confidence, EntryKind, Outcome, Problem, Role, ServerHello, Side,
    Tls, Transport,
};
use crate::time::Rfc3339;

/// One handshake attempt and its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Session {
    /// 1-based.
    pub id: u64,
    /// Index into the report's captures.
    pub capture: u64,
    /// What carried the handshake.
    pub transport: Transport,
    /// Links and tunnels around the innermost IP header, outermost first, e.g. `vlan 12`.
    pub encapsulation: Vec<String>,
    /// What was spoken ahead of TLS: `smtp`, `postgresql`, `http-connect`, `proxy-v2`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preamble: Option<String>,
    /// The end that sent the ClientHello, or opened the connection.
    pub client: Endpoint,
    /// Its peer.
    pub server: Endpoint,
    /// The client's address as a PROXY header announced it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announced_client: Option<Endpoint>,
    /// Time of the first packet, RFC 3339 in UTC.
    pub start: Rfc3339,
    /// Time of the last packet.
    pub end: Rfc3339,
    /// From `start` to `end`, in microseconds.
    pub duration_us: i64,
    /// Number of the first packet.
    pub first_packet: u64,
    /// Number of the last packet.
    pub last_packet: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// What was negotiated.
    pub tls: Tls,
    /// The first ClientHello.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_hello: Option<ClientHello>,
    /// A HelloRetryRequest, which has the form of a ServerHello.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hello_retry_request: Option<ServerHello>,
    /// The ServerHello.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_hello: Option<ServerHello>,
    /// The server's question for a client certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_request: Option<CertificateRequest>,
    /// What each side presented.
    pub certificates: Certificates,
    /// Every alert, in order.
    pub alerts: Vec<Alert>,
    /// Refusals in the application's own protocol.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refusals: Vec<Refusal>,
    /// All that happened, in order.
    pub timeline: Vec<Entry>,
    /// How many further entries the timeline would have had, had it not grown too long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeline_dropped: Option<u64>,
    /// Facts of the TCP connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp: Option<Tcp>,
    /// Which TLS stacks the packets betray: a guess, never a fact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<Stacks>,
    /// What was odd about its packets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
    /// The verdict.
    pub diagnosis: Diagnosis,
}

/// One end of a session.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Endpoint {
    /// IP address, link-layer address, or a RADIUS peer's name.
    pub address: String,
    /// Its port, where the transport has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) if self.address.contains(':') => write!(f, "[{}]:{port}", self.address),
            Some(port) => write!(f, "{}:{port}", self.address),
            None => f.write_str(&self.address),
        }
    }
}

/// An alert, readable or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Alert {
    /// The packet that carried it.
    pub packet: u64,
    /// That packet's time.
    pub time: Rfc3339,
    /// Who sent it.
    pub from: Role,
    /// `warning` or `fatal`; absent where it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// IANA's name of the description; absent where it could not be read or has no name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The description's code point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u8>,
    /// It travelled in a protected record.
    pub protected: bool,
    /// That it is an alert follows from length and order only.
    pub inferred: bool,
    /// It was sent after its sender's own Finished.
    pub after_finished: bool,
}

/// A refusal in the application's own protocol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Refusal {
    /// The packet that carried it.
    pub packet: u64,
    /// That packet's time.
    pub time: Rfc3339,
    /// `http/1.1`, `http/2`, `postgresql`, `mysql`, `ldap`, `mqtt`.
    pub protocol: String,
    /// The protocol's own number or code, e.g. `400`.
    pub code: String,
    /// Its words.
    pub text: String,
    /// It was sent outside of TLS.
    pub plaintext: bool,
}

/// One line of the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Entry {
    /// When, RFC 3339 in UTC.
    pub time: Rfc3339,
    /// Microseconds since the session's first packet.
    pub elapsed_us: i64,
    /// The packet that completed it.
    pub packet: u64,
    /// Who sent it.
    pub from: Role,
    /// What kind of thing it is.
    pub kind: EntryKind,
    /// The RFC's name: `ClientHello`, `Alert`, `SYN`, …
    pub name: Cow<'static, str>,
    /// Length in bytes of the message or record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
    /// It travelled in a protected record.
    pub protected: bool,
    /// It follows from length and order only; its name may be a guess.
    pub inferred: bool,
    /// One line for a person; absent where the name says all.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub text: Cow<'static, str>,
}

/// Something about each side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct PerSide {
    /// The client's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<u64>,
    /// The server's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<u64>,
}

/// Facts of the TCP connection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Tcp {
    /// From the last SYN to its SYN+ACK, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect_us: Option<i64>,
    /// How many SYNs the client sent.
    pub syns: u64,
    /// Resets, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resets: Vec<Reset>,
    /// Packet of each side's first FIN.
    pub fin: PerSide,
    /// Payload bytes of each side that arrived in order.
    pub bytes: PerSide,
    /// Packets of each side.
    pub packets: PerSide,
    /// Retransmitted segments of each side.
    pub retransmissions: PerSide,
    /// Maximum segment size that each side announced.
    pub mss: PerSide,
    /// Holes in the captured bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// The capture began in the middle of the connection.
    pub mid_stream: bool,
    /// Packets were cut by the capture's snap length.
    pub snaplen_cut: bool,
}

/// A TCP reset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Reset {
    /// The packet.
    pub packet: u64,
    /// Who sent it, or in whose name it was sent.
    pub from: Role,
    /// It answered a SYN.
    pub in_answer_to_syn: bool,
    /// Bytes of the peer that its sender had not taken.
    pub unread: u64,
    /// Its IP time-to-live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<u8>,
    /// Time-to-live of the sender's other packets: a difference betrays a middlebox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usual_ttl: Option<u8>,
}

/// A hole in the captured bytes of one side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Gap {
    /// The packet after the hole.
    pub packet: u64,
    /// Whose bytes are missing.
    pub from: Role,
    /// How many, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
    /// The peer acknowledged them: they arrived, and the capture lost them.
    pub acknowledged: bool,
}

/// The TLS stack of each side, where something is known of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Stacks {
    /// The client's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<Stack>,
    /// The server's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<Stack>,
}

/// What the packets betray about a side's TLS stack.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Stack {
    /// Implementations that fit, best first.
    pub guess: Vec<Cow<'static, str>>,
    /// Why, for a person.
    pub reasons: Vec<Cow<'static, str>>,
    /// The program, where it named itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
}

/// The verdict on one session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Diagnosis {
    /// A stable code, `none` where nothing failed.
    pub cause: String,
    /// Who has to change something.
    pub side: Side,
    /// How sure it is.
    pub confidence: Confidence,
    /// One sentence.
    pub summary: String,
    /// A paragraph; absent where the sentence says all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub explanation: String,
    /// The packets that the summary stands on.
    pub evidence: Vec<Evidence>,
    /// What to do, best first.
    pub remedies: Vec<Remedy>,
    /// Other causes that came into question, best first.
    pub alternatives: Vec<Alternative>,
    /// What would decide it.
    pub needs: Vec<String>,
}

/// A claim and the packet it stands on. The text reads after "packet N: ".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Evidence {
    /// The packet.
    pub packet: u64,
    /// The claim.
    pub text: String,
}

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Remedy {
    /// Who has to do it.
    #[serde(rename = "for")]
    pub side: Side,
    /// What, in the imperative.
    pub text: String,
    /// A command that does it, or shows that it is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

/// A cause that came into question and did not win.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Alternative {
    /// Its code.
    pub cause: String,
    /// How sure it would be.
    pub confidence: Confidence,
    /// Why it is less likely, or what rules it out.
    pub why_not: String,
}
