//! A list, or a responder, says that the certificate is revoked.
#![doc = include_str!("revoked.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::fault::Fault;
use crate::diagnosis::refused::{Fit, How};
use crate::diagnosis::rule::{Assessment, Rule};
use crate::diagnosis::rules::certificate::{fits, unseen, visible};
use crate::role::Role;

/// The client's.
pub const CLIENT: Rule = Rule {
    cause: Cause::ClientCertRevoked,
    shadows: &[Cause::ClientCertRejected, Cause::ClientCertUntrustedCa, Cause::ClientCertChainIncomplete],
    examine: |case| examine(case, Role::Client),
};
/// The server's.
pub const SERVER: Rule = Rule {
    cause: Cause::ServerCertRevoked,
    shadows: &[Cause::ServerCertRejected, Cause::ServerCertUntrustedCa, Cause::ServerCertChainIncomplete],
    examine: |case| examine(case, Role::Server),
};

fn examine(case: &Case<'_>, role: Role) -> Assessment {
    if let Some(flaw) = case.flaw(role, Fault::Revoked) {
        return visible(case, role, Fault::Revoked, true, flaw);
    }
    match fits(case, role, Fault::Revoked) {
        Some((refused, Fit::Names)) => {
            // certificate_revoked has one meaning; bad_certificate_status_response has two.
            let said = matches!(refused.how, How::Alert(_, 44) | How::Page(_));
            let confidence = if said { Confidence::Certain } else { Confidence::Likely };
            Assessment::Supported(unseen(
                case,
                &refused,
                confidence,
                format!("The {} refused the {role}'s certificate as revoked.", role.peer()),
                "The verifier found the certificate in a revocation list, or an OCSP responder called it revoked.",
            ))
        }
        _ => Assessment::Silent,
    }
}
