//! Certificates, as published.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::Validity;
use crate::time::Rfc3339;

/// What each side presented. Absent: nothing of it was seen. An empty list: an empty Certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Certificates {
    /// The client's, leaf first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<Vec<Certificate>>,
    /// The server's, leaf first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<Vec<Certificate>>,
    /// The client sent a chain that could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_unread: Option<UnreadCertificate>,
    /// The server sent a chain that could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_unread: Option<UnreadCertificate>,
}

/// A Certificate message that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct UnreadCertificate {
    /// The packet that completed it.
    pub packet: u64,
    /// That it was sent follows from lengths and order only.
    pub inferred: bool,
    /// Its approximate length in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approximate_length: Option<u64>,
}

/// An X.509 certificate (RFC 5280).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Certificate {
    /// The packet that completed the Certificate message.
    pub packet: u64,
    /// Its place in the message; 0 is the leaf.
    pub position: u64,
    /// Subject, as in `C = DE, O = Example, CN = client`; absent where empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Serial number, hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// 1, 2 or 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u8>,
    /// Start of its validity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Rfc3339>,
    /// End of its validity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Rfc3339>,
    /// How its validity stands to the moment at which it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validity: Option<Validity>,
    /// Seconds from notBefore to that moment; negative: not valid for so long yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_since_s: Option<i64>,
    /// Seconds from that moment to notAfter; negative: expired so long before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_s: Option<i64>,
    /// subjectAltName, each with its kind: `DNS:api.example`, `IP:192.0.2.1`; absent without the extension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_alternative_names: Option<Vec<String>>,
    /// The public key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<PublicKey>,
    /// Algorithm of the issuer's signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature_algorithm: Option<String>,
    /// basicConstraints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basic_constraints: Option<BasicConstraints>,
    /// keyUsage by name: `digitalSignature`, `keyCertSign`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_usage: Option<Vec<String>>,
    /// extendedKeyUsage by name, or by OID where it has none: `clientAuth`, `serverAuth`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extended_key_usage: Option<Vec<String>>,
    /// subjectKeyIdentifier, hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_key_id: Option<String>,
    /// Key identifier of authorityKeyIdentifier, hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority_key_id: Option<String>,
    /// URLs where the issuer's certificate is to be had.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ca_issuers: Vec<String>,
    /// URLs of OCSP responders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ocsp: Vec<String>,
    /// URLs of revocation lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub crl: Vec<String>,
    /// Every extension by name, in order; a critical one ends in ` (critical)`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<String>,
    /// SHA-256 of the DER bytes, hex.
    pub fingerprint_sha256: String,
    /// Issuer and subject are the same name, and no key identifier says otherwise.
    pub self_signed: bool,
    /// What is wrong with its encoding.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

/// A subject public key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct PublicKey {
    /// `rsa`, `rsa-pss`, `ec`, `ed25519`, `ed448`, `dsa`, `ml-dsa`, or the OID.
    pub algorithm: String,
    /// Size in bits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The curve, by name or OID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub curve: Option<String>,
}

/// basicConstraints (RFC 5280 section 4.2.1.9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct BasicConstraints {
    /// cA.
    pub ca: bool,
    /// pathLenConstraint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_length: Option<u32>,
}
