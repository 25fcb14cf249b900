//! What a verifier would say of a chain at the time of the handshake: every flaw, not only the first.

#[cfg(test)]
#[macro_use]
mod pki;

pub mod chain;
mod constraints;
mod der;
mod flaw;
mod memo;
pub mod missing;
pub mod name_match;
pub mod revocation;
pub mod usage;

use crate::time::Timestamp;
use crate::x509::crl::Crl;
use crate::x509::{self, Certificate, Name};

pub use chain::examine;
pub use memo::examine_again;
pub use missing::{KnownIssuers, MissingKind, Reason, missing_kind};

/// What the user believes about trust; all of it optional.
#[derive(Debug, Clone, Default)]
pub struct Beliefs {
    /// What the server trusts (to judge clients by): `--client-ca`.
    pub client_ca: Option<Anchors>,
    /// What the client trusts (to judge servers by): `--server-ca`.
    pub server_ca: Option<Anchors>,
    /// Revocation lists: `--crl`, each in DER.
    pub crls: Vec<Vec<u8>>,
    /// The lists of `crls` that could be read.
    pub revocation_lists: Vec<Crl>,
    /// The name the client meant, where SNI does not tell: `--server-name`.
    pub server_name: Option<String>,
}

impl Beliefs {
    /// From DER: the certificates that each side trusts (none given is not the same as an empty list)
    /// and revocation lists.
    pub fn from_der(
        client_ca: Option<&[Vec<u8>]>,
        server_ca: Option<&[Vec<u8>]>,
        crls: Vec<Vec<u8>>,
        server_name: Option<String>,
    ) -> Self {
        Self {
            client_ca: client_ca.map(Anchors::from_der),
            server_ca: server_ca.map(Anchors::from_der),
            revocation_lists: crls.iter().filter_map(|der| Crl::parse(der)).collect(),
            crls,
            server_name,
        }
    }

    /// What the peer of `role` trusts, to judge the certificate of `role` by.
    pub const fn anchors_for(&self, role: crate::role::Role) -> Option<&Anchors> {
        match role {
            crate::role::Role::Client => self.client_ca.as_ref(),
            crate::role::Role::Server => self.server_ca.as_ref(),
        }
    }
}

/// A set of trust anchors.
#[derive(Debug, Clone, Default)]
pub struct Anchors {
    /// The certificates; self-signed roots and, as OpenSSL's partial chains allow, others.
    pub certificates: Vec<Certificate>,
}

impl Anchors {
    /// From DER certificates. Those that cannot be read are left out: no verifier could use them.
    pub fn from_der(certificates: &[Vec<u8>]) -> Self {
        let parsed = certificates.iter().map(|der| x509::parse(der));
        Self { certificates: parsed.filter(|certificate| certificate.readable).collect() }
    }
}

/// Everything that a verifier could object to in a chain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChainReport {
    /// The path found from the leaf upwards: indexes into the presented chain.
    pub path: Vec<usize>,
    /// How the path ends.
    pub end: ChainEnd,
    /// The search ended at its limit: there may be a better path.
    pub cut: bool,
    /// The flaws, leaf first.
    pub flaws: Vec<Flaw>,
    /// Certificates sent that the path does not use: indexes.
    pub unused: Vec<usize>,
    /// Certificates sent that equal an earlier one: indexes; they are in `unused`, too.
    pub duplicates: Vec<usize>,
    /// The self-signed root, where it was sent: its peer has to have it anyhow, or does not trust it.
    pub superfluous_root: Option<usize>,
    /// The chain was not sent in order (RFC 5246 section 7.4.2 asked for it, RFC 8446 does not).
    pub out_of_order: bool,
    /// How many certificates lie between the leaf and the root or anchor; what verifiers call depth.
    pub intermediates: usize,
    /// The anchor, where the path ends at one.
    pub anchor: Option<Anchor>,
    /// Certificates in the path whose signature could not be checked (an algorithm that is not
    /// known here): indexes. They were taken for good.
    pub unchecked: Vec<usize>,
}

impl ChainReport {
    /// The issuer that the path lacks, where it ends for the lack of one.
    pub const fn missing_issuer(&self) -> Option<&Name> {
        match &self.end {
            ChainEnd::IssuerNotSent { issuer, .. } => Some(issuer),
            _ => None,
        }
    }

    /// Whether the path ends at a trust anchor; absent when no anchors were named.
    pub const fn trusted(&self) -> Option<bool> {
        match self.end {
            ChainEnd::Anchored => Some(true),
            ChainEnd::SelfSignedRoot { untrusted: true } | ChainEnd::IssuerNotSent { untrusted: true, .. } => {
                Some(false)
            }
            _ => None,
        }
    }

    /// No flaw for which every verifier refuses.
    pub fn is_sound(&self) -> bool {
        !self.flaws.iter().any(Flaw::is_universal)
    }
}

/// The trust anchor at which a path ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// Its subject.
    pub subject: Name,
    /// What kind of certificate the anchor is.
    pub place: AnchorPlace,
    /// Its index, where it was sent as well.
    pub sent: Option<usize>,
}

/// What kind of certificate serves as the anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnchorPlace {
    /// A self-signed root: everybody accepts that.
    Root,
    /// An intermediate whose issuer is not trusted: Go, rustls and GnuTLS accept that, OpenSSL only
    /// with X509_V_FLAG_PARTIAL_CHAIN.
    Intermediate,
    /// The leaf itself; accepted as an intermediate is (a self-signed one by OpenSSL in any case).
    Leaf,
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

/// Which extension forbids a use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsageExtension {
    /// extendedKeyUsage names neither the role nor anyExtendedKeyUsage. Every verifier refuses.
    ExtendedKeyUsage,
    /// extendedKeyUsage names anyExtendedKeyUsage, and not the role. OpenSSL and rustls refuse, Go accepts.
    AnyExtendedKeyUsage,
    /// keyUsage lacks a needed bit. OpenSSL, JSSE and NSS refuse; Go and rustls do not look.
    KeyUsage,
}

/// One objection. `index` counts in the presented chain; the leaf is 0. An index one past its end is the
/// trust anchor, where that was not sent.
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
        /// What forbids it.
        extension: UsageExtension,
        /// E.g. `extendedKeyUsage allows serverAuth only`.
        why: String,
    },
    /// The leaf is a CA (basicConstraints has CA:TRUE). Only rustls is known to refuse for that.
    CaAsLeaf,
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
        /// Not even subject, issuer, validity and key can be read: no verifier takes it.
        fatal: bool,
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
    /// The trust anchor had expired. OpenSSL and Go refuse for that; rustls and JSSE do not look.
    AnchorExpired {
        /// When it ended.
        not_after: Timestamp,
    },
    /// The trust anchor was not valid yet; looked at as its end is.
    AnchorNotYetValid {
        /// When it begins.
        not_before: Timestamp,
    },
}
