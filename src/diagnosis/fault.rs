//! What can be wrong with a certificate, whoever's it is: the mirrored causes by one name.

use crate::cause::Cause;
use crate::role::Role;

/// A fault of a certificate, or of what came with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The chain ends at an issuer that the verifier does not trust.
    UntrustedCa,
    /// An intermediate is missing.
    ChainIncomplete,
    /// The leaf is its own issuer.
    SelfSigned,
    /// notAfter has passed.
    Expired,
    /// notBefore has not come.
    NotYetValid,
    /// It may not be used for this.
    WrongUsage,
    /// A list or a responder says revoked.
    Revoked,
    /// Key or digest too weak.
    Weak,
    /// It was signed with another key.
    KeyMismatch,
    /// More intermediates than the verifier allows.
    ChainTooLong,
    /// It does not parse, or breaks a rule.
    Malformed,
    /// No SAN fits the name asked for (servers only).
    NameMismatch,
    /// The certificate verified, its identity was refused (clients only).
    NotAuthorized,
}

impl Fault {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::UntrustedCa,
        Self::ChainIncomplete,
        Self::SelfSigned,
        Self::Expired,
        Self::NotYetValid,
        Self::WrongUsage,
        Self::Revoked,
        Self::Weak,
        Self::KeyMismatch,
        Self::ChainTooLong,
        Self::Malformed,
        Self::NameMismatch,
        Self::NotAuthorized,
    ];

    /// The cause that says so of the certificate of `role`; `None` where there is none.
    pub const fn cause(self, role: Role) -> Option<Cause> {
        Some(match (self, role) {
            (Self::UntrustedCa, Role::Client) => Cause::ClientCertUntrustedCa,
            (Self::UntrustedCa, Role::Server) => Cause::ServerCertUntrustedCa,
            (Self::ChainIncomplete, Role::Client) => Cause::ClientCertChainIncomplete,
            (Self::ChainIncomplete, Role::Server) => Cause::ServerCertChainIncomplete,
            (Self::SelfSigned, Role::Client) => Cause::ClientCertSelfSigned,
            (Self::SelfSigned, Role::Server) => Cause::ServerCertSelfSigned,
            (Self::Expired, Role::Client) => Cause::ClientCertExpired,
            (Self::Expired, Role::Server) => Cause::ServerCertExpired,
            (Self::NotYetValid, Role::Client) => Cause::ClientCertNotYetValid,
            (Self::NotYetValid, Role::Server) => Cause::ServerCertNotYetValid,
            (Self::WrongUsage, Role::Client) => Cause::ClientCertWrongUsage,
            (Self::WrongUsage, Role::Server) => Cause::ServerCertWrongUsage,
            (Self::Revoked, Role::Client) => Cause::ClientCertRevoked,
            (Self::Revoked, Role::Server) => Cause::ServerCertRevoked,
            (Self::Weak, Role::Client) => Cause::ClientCertWeak,
            (Self::Weak, Role::Server) => Cause::ServerCertWeak,
            (Self::KeyMismatch, Role::Client) => Cause::ClientCertKeyMismatch,
            (Self::KeyMismatch, Role::Server) => Cause::ServerCertKeyMismatch,
            (Self::ChainTooLong, Role::Client) => Cause::ClientCertChainTooLong,
            (Self::ChainTooLong, Role::Server) => Cause::ServerCertChainTooLong,
            (Self::Malformed, Role::Client) => Cause::ClientCertMalformed,
            (Self::Malformed, Role::Server) => Cause::ServerCertMalformed,
            (Self::NameMismatch, Role::Server) => Cause::ServerCertNameMismatch,
            (Self::NotAuthorized, Role::Client) => Cause::ClientCertNotAuthorized,
            (Self::NameMismatch, Role::Client) | (Self::NotAuthorized, Role::Server) => return None,
        })
    }
}
