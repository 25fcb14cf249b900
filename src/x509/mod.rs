//! Certificates as typed values (RFC 5280), damaged ones as far as they can be read.

mod certificate;
pub mod crl;
mod der;
mod extension;
mod key;
mod memo;
mod name;
pub mod ocsp;
mod oid;
pub mod signature;

pub use certificate::parse;
pub use memo::{chain_again, name_again, parse_again};
pub use name::name_from_der;
pub use oid::{signature_name, usage_name};

use crate::time::Timestamp;

/// An X.509 certificate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Certificate {
    /// The DER bytes as received.
    pub der: Vec<u8>,
    /// SHA-256 of the DER bytes.
    pub sha256: [u8; 32],
    /// X.509 version as people say it: 1, 2 or 3.
    pub version: u8,
    /// Serial number, big-endian content bytes of the DER INTEGER.
    pub serial: Vec<u8>,
    /// Issuer.
    pub issuer: Name,
    /// Subject.
    pub subject: Name,
    /// notBefore; absent when it could not be read.
    pub not_before: Option<Timestamp>,
    /// notAfter; absent when it could not be read.
    pub not_after: Option<Timestamp>,
    /// Signature algorithm (outer), dotted OID.
    pub signature_oid: String,
    /// Signature algorithm, name for people, e.g. `sha256WithRSAEncryption`, `ecdsa-with-SHA384`.
    pub signature_algorithm: String,
    /// DER of the signature algorithm's parameters (needed for RSASSA-PSS).
    pub signature_parameters: Vec<u8>,
    /// The signature's bytes.
    pub signature: Vec<u8>,
    /// The TBSCertificate's DER, which the signature covers.
    pub tbs: Vec<u8>,
    /// The public key.
    pub key: PublicKey,
    /// basicConstraints, where present.
    pub basic_constraints: Option<BasicConstraints>,
    /// keyUsage bits, where present: bit 0 (digitalSignature) is `1 << 0`, as in RFC 5280 section 4.2.1.3.
    pub key_usage: Option<u16>,
    /// extendedKeyUsage OIDs in dotted form, where present.
    pub extended_key_usage: Option<Vec<String>>,
    /// subjectAltName entries, where the extension is present.
    pub subject_alt_names: Option<Vec<GeneralName>>,
    /// subjectKeyIdentifier.
    pub subject_key_id: Option<Vec<u8>>,
    /// authorityKeyIdentifier's key identifier.
    pub authority_key_id: Option<Vec<u8>>,
    /// caIssuers URLs of authorityInfoAccess.
    pub ca_issuers: Vec<String>,
    /// OCSP URLs of authorityInfoAccess.
    pub ocsp_urls: Vec<String>,
    /// CRL distribution point URLs.
    pub crl_urls: Vec<String>,
    /// nameConstraints, where present.
    pub name_constraints: Option<NameConstraints>,
    /// Every extension, in order.
    pub extensions: Vec<ExtensionName>,
    /// What is wrong with its encoding; empty for a sound certificate. A fatal one (nothing but
    /// bytes could be read) makes `is_readable` false.
    pub defects: Vec<String>,
    /// Whether subject, issuer, validity and key could be read.
    pub readable: bool,
}

/// A distinguished name: its DER (for comparison with a CertificateRequest) and its text (RFC 4514
/// order as OpenSSL prints it: `C = DE, O = Example, CN = client`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash, PartialOrd, Ord)]
pub struct Name {
    /// DER of the RDNSequence.
    pub der: Vec<u8>,
    /// For people. Not escaped: faces escape.
    pub text: String,
    /// The common names, in order.
    pub common_names: Vec<String>,
}

/// A subject public key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PublicKey {
    /// Its kind.
    pub kind: KeyKind,
    /// Size in bits (RSA modulus, curve size); 0 where unknown.
    pub bits: usize,
    /// Algorithm OID, dotted.
    pub oid: String,
    /// Curve OID, dotted, for EC keys with a named curve.
    pub curve_oid: Option<String>,
    /// DER of the SubjectPublicKeyInfo.
    pub spki: Vec<u8>,
    /// Content of the subjectPublicKey BIT STRING.
    pub bits_content: Vec<u8>,
}

/// Kind of a public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, PartialOrd, Ord)]
pub enum KeyKind {
    /// rsaEncryption.
    Rsa,
    /// id-RSASSA-PSS.
    RsaPss,
    /// EC on P-256.
    P256,
    /// EC on P-384.
    P384,
    /// EC on P-521.
    P521,
    /// EC on another curve.
    OtherEc,
    /// Ed25519.
    Ed25519,
    /// Ed448.
    Ed448,
    /// DSA.
    Dsa,
    /// ML-DSA of any size.
    MlDsa,
    /// Something else, or unreadable.
    #[default]
    Unknown,
}

/// basicConstraints (RFC 5280 section 4.2.1.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BasicConstraints {
    /// cA.
    pub ca: bool,
    /// pathLenConstraint.
    pub path_len: Option<u32>,
}

/// A GeneralName (RFC 5280 section 4.2.1.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GeneralName {
    /// dNSName.
    Dns(String),
    /// iPAddress.
    Ip(std::net::IpAddr),
    /// iPAddress with a mask, in name constraints.
    IpRange(Vec<u8>),
    /// rfc822Name.
    Email(String),
    /// uniformResourceIdentifier.
    Uri(String),
    /// directoryName.
    Directory(Name),
    /// Any other, or one that could not be read.
    Other(String),
}

/// nameConstraints (RFC 5280 section 4.2.1.10).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NameConstraints {
    /// Permitted subtrees.
    pub permitted: Vec<GeneralName>,
    /// Excluded subtrees.
    pub excluded: Vec<GeneralName>,
}

/// The name of an extension and its marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtensionName {
    /// Dotted OID.
    pub oid: String,
    /// Short name, or the OID again.
    pub name: String,
    /// critical.
    pub critical: bool,
    /// Whether tlswhy understands it (a critical one that is not understood makes verifiers refuse).
    pub understood: bool,
}
