//! What a verifier would say of a chain at the time of the handshake: every flaw, not only the first.

use crate::time::Timestamp;
use crate::x509::{Certificate, Name};

/// What the user believes about trust; all of it optional.
#[derive(Debug, Clone, Default)]
pub struct Beliefs {
    /// What the server trusts (to judge clients by): `--client-ca`.
    pub client_ca: Option<Anchors>,
    /// What the client trusts (to judge servers by): `--server-ca`.
    pub server_ca: Option<Anchors>,
    /// Revocation lists: `--crl`, each in DER.
    pub crls: Vec<Vec<u8>>,
    /// The name the client meant, where SNI does not tell: `--server-name`.
    pub server_name: Option<String>,
}

/// A set of trust anchors.
#[derive(Debug, Clone, Default)]
pub struct Anchors {
    /// The certificates; self-signed roots and, as OpenSSL's partial chains allow, others.
    pub certificates: Vec<Certificate>,
}

/// Everything that a verifier could object to in a chain.
#[derive(Debug, Clone, Default)]
pub struct ChainReport {
    /// The path found from the leaf upwards: indexes into the presented chain.
    pub path: Vec<usize>,
    /// How the path ends.
    pub end: ChainEnd,
    /// The flaws, leaf first.
    pub flaws: Vec<Flaw>,
    /// Certificates sent that the path does not use: indexes.
    pub unused: Vec<usize>,
    /// The chain was not sent in order (RFC 5246 section 7.4.2 asked for it, RFC 8446 does not).
    pub out_of_order: bool,
}

/// How a path ends.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ChainEnd {
    /// No certificate at all.
    #[default]
    Empty,
    /// At a trust anchor that the user named.
    Anchored,
    /// At a self-signed root that was sent; whether it is trusted is not known (no anchors named), or
    /// it is not (anchors were named).
    SelfSignedRoot {
        /// Anchors were named, and this is none of them.
        untrusted: bool,
    },
    /// At a certificate whose issuer was not sent.
    IssuerNotSent {
        /// The missing issuer's name.
        issuer: Name,
        /// Anchors were named, and none of them is this issuer with this key.
        untrusted: bool,
    },
}

/// One objection. `index` counts in the presented chain; the leaf is 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// Expired at the moment of the handshake.
    Expired {
        /// Which certificate.
        index: usize,
        /// When it ended.
        not_after: Timestamp,
    },
    /// Not valid yet.
    NotYetValid {
        /// Which certificate.
        index: usize,
        /// When it begins.
        not_before: Timestamp,
    },
    /// The leaf is its own issuer (and was signed by its own key).
    SelfSignedLeaf,
    /// The leaf may not authenticate this role; why, for a person.
    WrongUsage {
        /// Which certificate.
        index: usize,
        /// E.g. `extendedKeyUsage allows serverAuth only`.
        why: String,
    },
    /// An issuer is no CA.
    NotACa {
        /// Which certificate.
        index: usize,
    },
    /// A signature in the path does not fit the issuer's key.
    BadSignature {
        /// The certificate whose signature is wrong.
        index: usize,
    },
    /// Subject and issuer agree by name, but the key identifiers (or the signature) show another key.
    SameNameOtherKey {
        /// The certificate whose issuer it is about.
        index: usize,
    },
    /// pathLenConstraint is exceeded.
    PathTooLong {
        /// The certificate with the constraint.
        index: usize,
    },
    /// A name violates the name constraints of an issuer.
    NameConstraint {
        /// The certificate with the name.
        index: usize,
        /// The name.
        name: String,
    },
    /// A critical extension that verifiers do not know.
    UnknownCritical {
        /// Which certificate.
        index: usize,
        /// The extension's OID.
        oid: String,
    },
    /// Key too small for common policies.
    WeakKey {
        /// Which certificate.
        index: usize,
        /// Its size in bits.
        bits: usize,
    },
    /// Digest too weak for common policies.
    WeakDigest {
        /// Which certificate.
        index: usize,
        /// `md5` or `sha1`.
        digest: &'static str,
    },
    /// X.509 v1 (or v2) where v3 is needed by some verifiers.
    OldVersion {
        /// Which certificate.
        index: usize,
        /// 1 or 2.
        version: u8,
    },
    /// Its encoding is broken.
    Malformed {
        /// Which certificate.
        index: usize,
        /// What is wrong.
        what: String,
    },
    /// Revoked by a list that the user named, or by a stapled response.
    Revoked {
        /// Which certificate.
        index: usize,
        /// Since when, where the list says it.
        since: Option<Timestamp>,
    },
    /// The revocation list that covers it had expired at the time of the handshake.
    CrlExpired {
        /// Which certificate.
        index: usize,
        /// The list's nextUpdate.
        next_update: Timestamp,
    },
}
