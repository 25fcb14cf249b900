//! What was offered, chosen and asked, as published.

use std::borrow::Cow;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::iana::Name;
use crate::report::{ClientAuth, Decryption};

/// A code point of an IANA registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct CodePoint {
    /// The number.
    pub code: u16,
    /// Its name in the registry; `GREASE` for the values of RFC 8701; absent where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Cow<'static, str>>,
}

impl CodePoint {
    /// The name, else the number in hex.
    pub fn display(&self) -> String {
        named(self.name.as_deref(), self.code)
    }
}

/// An extension, or a key share, with its length.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Extension {
    /// The code point: of the extension's type, or of the share's group.
    pub code: u16,
    /// Its name in the registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Cow<'static, str>>,
    /// Length of the body, or of the share, in bytes.
    pub length: u64,
}

impl Extension {
    /// The name, else the number in hex.
    pub fn display(&self) -> String {
        named(self.name.as_deref(), self.code)
    }
}

fn named(name: Option<&str>, code: u16) -> String {
    name.map_or_else(|| format!("0x{code:04x}"), str::to_owned)
}

/// What was negotiated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Tls {
    /// The version that the server chose: `1.3`, `1.2`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Name>,
    /// The cipher suite that the server chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cipher_suite: Option<Name>,
    /// The group of the key exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Name>,
    /// Size of the prime of a finite-field exchange without a named group, in bits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dh_prime_bits: Option<u64>,
    /// The signature scheme that the server signed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature_algorithm: Option<Name>,
    /// The signature scheme that the client signed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_signature_algorithm: Option<Name>,
    /// The application protocol that the server chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alpn: Option<String>,
    /// The name that the client asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    /// Whether an earlier session was resumed; absent where no ServerHello was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed: Option<bool>,
    /// How: `psk`, `ticket` or `session-id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed_by: Option<Name>,
    /// Whether the server asked for another ClientHello; absent where nothing of the server was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hello_retry: Option<bool>,
    /// What is known of client authentication.
    pub client_auth: ClientAuth,
    /// How far decryption went.
    pub decryption: Decryption,
    /// JA3 fingerprint of the ClientHello.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ja3: Option<String>,
    /// JA3S fingerprint of the ServerHello.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ja3s: Option<String>,
    /// JA4 fingerprint of the ClientHello.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ja4: Option<String>,
    /// JA4S fingerprint of the ServerHello.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ja4s: Option<String>,
}

/// The client's offer (RFC 8446 section 4.1.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ClientHello {
    /// The packet that completed it.
    pub packet: u64,
    /// `legacy_version`.
    pub version: Name,
    /// `random`, hex.
    pub random: String,
    /// `legacy_session_id`, hex; absent where empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// Cipher suites, in order of preference.
    pub cipher_suites: Arc<[CodePoint]>,
    /// Compression methods.
    pub compression_methods: Vec<u8>,
    /// Every extension, in order.
    pub extensions: Arc<[Extension]>,
    /// The host name asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    /// Application protocols offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alpn: Option<Vec<String>>,
    /// Versions offered in supported_versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supported_versions: Option<Arc<[CodePoint]>>,
    /// Groups offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supported_groups: Option<Arc<[CodePoint]>>,
    /// Signature schemes that it accepts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature_algorithms: Option<Arc<[CodePoint]>>,
    /// Signature schemes that it accepts in certificates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature_algorithms_cert: Option<Arc<[CodePoint]>>,
    /// Authorities that it accepts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_authorities: Option<Vec<String>>,
    /// Key shares sent along, by group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_shares: Option<Arc<[Extension]>>,
    /// Pre-shared keys offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub psk: Option<PreSharedKeys>,
    /// Length of the session ticket offered (RFC 5077); 0 where only support is signalled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_ticket: Option<u64>,
    /// 0-RTT data follow.
    pub early_data: bool,
    /// It has an encrypted_client_hello extension.
    pub ech: bool,
    /// It has values of RFC 8701.
    pub grease: bool,
    /// It allows post-handshake authentication.
    pub post_handshake_auth: bool,
}

/// Pre-shared keys that a client offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct PreSharedKeys {
    /// How many identities.
    pub identities: u64,
    /// How many binders.
    pub binders: u64,
}

/// The server's choice (RFC 8446 section 4.1.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ServerHello {
    /// The packet that completed it.
    pub packet: u64,
    /// `legacy_version`, the chosen version before TLS 1.3.
    pub version: Name,
    /// The version chosen by supported_versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selected_version: Option<Name>,
    /// `random`, hex.
    pub random: String,
    /// The session id, hex; absent where empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// The chosen cipher suite.
    pub cipher_suite: CodePoint,
    /// The chosen compression method.
    pub compression_method: u8,
    /// Every extension, in order.
    pub extensions: Arc<[Extension]>,
    /// The chosen (or, in a HelloRetryRequest, wanted) group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_share: Option<CodePoint>,
    /// Index of the pre-shared key chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub psk: Option<u16>,
    /// The application protocol chosen (TLS 1.2 and below).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alpn: Option<String>,
}

/// The server's question for a client certificate (RFC 8446 section 4.3.2, RFC 5246 section 7.4.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct CertificateRequest {
    /// The packet that completed it.
    pub packet: u64,
    /// That it was sent follows from lengths and order only; then nothing of its content is known.
    pub inferred: bool,
    /// What it was inferred from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Certificate types (TLS 1.2 and below).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_types: Option<Arc<[CodePoint]>>,
    /// Signature schemes that the server accepts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature_algorithms: Option<Arc<[CodePoint]>>,
    /// Signature schemes that it accepts in certificates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature_algorithms_cert: Option<Arc<[CodePoint]>>,
    /// Names of the authorities that it accepts; empty where it names none, which means any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_authorities: Option<Vec<String>>,
    /// OIDs of certificate extensions that it filters by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oid_filters: Option<Vec<String>>,
}
