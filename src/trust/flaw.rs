//! Flaws in words, and who refuses for them.

use super::{Flaw, UsageExtension};
use crate::time::Timestamp;
use crate::x509::{Certificate, KeyKind};

impl Flaw {
    /// Every verifier that checks certificates refuses for it. The others are matters of policy, of which
    /// stacks differ.
    pub const fn is_universal(&self) -> bool {
        match self {
            Self::WrongUsage { extension, .. } => matches!(extension, UsageExtension::ExtendedKeyUsage),
            Self::Malformed { fatal, .. } => *fatal,
            Self::CaAsLeaf
            | Self::WeakKey { .. }
            | Self::WeakDigest { .. }
            | Self::OldVersion { .. }
            | Self::CrlExpired { .. }
            | Self::AnchorExpired { .. }
            | Self::AnchorNotYetValid { .. } => false,
            // A verifier that has the right issuer by another way does not mind.
            Self::SameNameOtherKey { .. } => false,
            Self::Expired { .. }
            | Self::NotYetValid { .. }
            | Self::SelfSignedLeaf
            | Self::NotACa { .. }
            | Self::BadSignature { .. }
            | Self::PathTooLong { .. }
            | Self::NameConstraint { .. }
            | Self::UnknownCritical { .. }
            | Self::Revoked { .. } => true,
        }
    }

    /// Where it sorts: the index of the certificate; `None` for an anchor.
    pub(super) const fn place(&self) -> Option<usize> {
        match self {
            Self::SelfSignedLeaf | Self::CaAsLeaf => Some(0),
            Self::AnchorExpired { .. } | Self::AnchorNotYetValid { .. } => None,
            Self::Expired { index, .. }
            | Self::NotYetValid { index, .. }
            | Self::WrongUsage { index, .. }
            | Self::NotACa { index }
            | Self::BadSignature { index }
            | Self::SameNameOtherKey { index }
            | Self::PathTooLong { index }
            | Self::NameConstraint { index, .. }
            | Self::UnknownCritical { index, .. }
            | Self::WeakKey { index, .. }
            | Self::WeakDigest { index, .. }
            | Self::OldVersion { index, .. }
            | Self::Malformed { index, .. }
            | Self::Revoked { index, .. }
            | Self::CrlExpired { index, .. } => Some(*index),
        }
    }

    /// What is wrong, as a predicate of the certificate: `expired on 2026-01-01 00:00:00 UTC, 12 days before
    /// the handshake`. `at` is the time of the handshake.
    pub fn describe(&self, chain: &[Certificate], at: Timestamp) -> String {
        match self {
            Self::Expired { not_after, .. } => expired(*not_after, at),
            Self::NotYetValid { not_before, .. } => not_yet(*not_before, at),
            Self::AnchorExpired { not_after } => format!("ends at a trust anchor that {}", expired(*not_after, at)),
            Self::AnchorNotYetValid { not_before } => {
                format!("ends at a trust anchor that {}", not_yet(*not_before, at))
            }
            Self::SelfSignedLeaf => "is its own issuer, and is signed with its own key".to_owned(),
            Self::WrongUsage { why, .. } => why.clone(),
            Self::CaAsLeaf => "is a CA certificate (basicConstraints has CA:TRUE) in the place of a leaf".to_owned(),
            Self::NotACa { index } => format!("is used as an issuer and is none: {}", no_ca(chain.get(*index))),
            Self::BadSignature { .. } => "carries a signature that does not fit its issuer's key".to_owned(),
            Self::SameNameOtherKey { index } => {
                let issuer = chain.get(*index).map_or("?", |certificate| certificate.issuer.text.as_str());
                format!(
                    "names the issuer \"{issuer}\", and was signed with another key than the known CA of that name has"
                )
            }
            Self::PathTooLong { index } => path_too_long(chain.get(*index)),
            Self::NameConstraint { name, .. } => {
                format!("bears the name {name}, which the name constraints of an issuer do not allow")
            }
            Self::UnknownCritical { oid, .. } => {
                format!("has a critical extension ({oid}) that verifiers do not know")
            }
            Self::WeakKey { index, bits } => match chain.get(*index).map(|certificate| certificate.key.kind) {
                Some(KeyKind::Rsa | KeyKind::RsaPss) => format!("has an RSA key of {bits} bits"),
                Some(KeyKind::Dsa) => format!("has a DSA key of {bits} bits"),
                _ => format!("has a key of {bits} bits"),
            },
            Self::WeakDigest { digest, .. } => format!("is signed with {}", digest_name(digest)),
            Self::OldVersion { version, .. } => format!("is an X.509 v{version} certificate"),
            Self::Malformed { what, .. } => format!("is malformed ({what})"),
            Self::Revoked { since: Some(since), .. } => {
                format!("was revoked on {}, {} before the handshake", since.human(), at.since(*since))
            }
            Self::Revoked { since: None, .. } => "was revoked".to_owned(),
            Self::CrlExpired { next_update, .. } => {
                format!("is covered by a revocation list only that {}", expired(*next_update, at))
            }
        }
    }
}

fn expired(end: Timestamp, at: Timestamp) -> String {
    format!("expired on {}, {} before the handshake", end.human(), at.since(end))
}

fn not_yet(begin: Timestamp, at: Timestamp) -> String {
    format!("becomes valid on {}, {} after the handshake", begin.human(), begin.since(at))
}

fn digest_name(digest: &str) -> &str {
    match digest {
        "md5" => "MD5",
        "sha1" => "SHA-1",
        other => other,
    }
}

fn no_ca(certificate: Option<&Certificate>) -> String {
    let Some(certificate) = certificate else {
        return "the trust anchor lacks CA:TRUE or keyCertSign".to_owned();
    };
    match certificate.basic_constraints {
        _ if certificate.version < 3 => {
            format!("an X.509 v{} certificate cannot say that it is a CA", certificate.version)
        }
        None => "it has no basicConstraints".to_owned(),
        Some(constraints) if !constraints.ca => "its basicConstraints says CA:FALSE".to_owned(),
        Some(_) => "its keyUsage lacks keyCertSign".to_owned(),
    }
}

fn path_too_long(certificate: Option<&Certificate>) -> String {
    let limit = certificate.and_then(|certificate| certificate.basic_constraints?.path_len);
    match limit {
        Some(limit) => format!("allows {limit} CA certificates below it (pathLenConstraint), and more follow"),
        None => "ends at an anchor whose pathLenConstraint allows fewer CA certificates below it".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_secs(1_781_524_800);

    #[test]
    fn descriptions_give_the_date_and_the_distance() {
        let flaw = Flaw::Expired { index: 0, not_after: Timestamp::from_secs(1_781_524_800 - 12 * 86_400) };
        assert_eq!(flaw.describe(&[], AT), "expired on 2026-06-03 12:00:00 UTC, 12 days before the handshake");
        let flaw = Flaw::NotYetValid { index: 0, not_before: Timestamp::from_secs(1_781_524_800 + 3_600) };
        assert_eq!(flaw.describe(&[], AT), "becomes valid on 2026-06-15 13:00:00 UTC, 1 h 0 min after the handshake");
    }

    #[test]
    fn an_index_past_the_chain_is_the_anchor() {
        let text = Flaw::NotACa { index: 0 }.describe(&[], AT);
        assert_eq!(text, "is used as an issuer and is none: the trust anchor lacks CA:TRUE or keyCertSign");
    }
}
