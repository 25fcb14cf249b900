//! The certificate's key is too small, or its digest too weak, for the verifier's policy.
#![doc = include_str!("weak.md")]

use crate::cause::Cause;
use crate::diagnosis::case::Case;
use crate::diagnosis::fault::Fault;
use crate::diagnosis::refused::Fit;
use crate::diagnosis::rule::{Assessment, Rule};
use crate::diagnosis::rules::certificate::visible;
use crate::role::Role;

/// The client's.
pub const CLIENT: Rule = Rule {
    cause: Cause::ClientCertWeak,
    shadows: &[
        Cause::ClientCertRejected,
        Cause::ClientCertUntrustedCa,
        Cause::ClientCertChainIncomplete,
        Cause::ClientCertKeyMismatch,
    ],
    examine: |case| examine(case, Role::Client),
};
/// The server's.
pub const SERVER: Rule = Rule {
    cause: Cause::ServerCertWeak,
    shadows: &[
        Cause::ServerCertRejected,
        Cause::ServerCertUntrustedCa,
        Cause::ServerCertChainIncomplete,
        Cause::ServerCertKeyMismatch,
    ],
    examine: |case| examine(case, Role::Server),
};

fn examine(case: &Case<'_>, role: Role) -> Assessment {
    let Some(flaw) = case.flaw(role, Fault::Weak) else { return Assessment::Silent };
    let Some(refused) = case.refused(role) else { return Assessment::Silent };
    // Many verifiers take small keys and old digests: where the refusal does not speak for it, another
    // fault that can be seen goes first.
    if refused.fit(case, Fault::Weak) <= Fit::Silent && case.is_explained(role) {
        return Assessment::Silent;
    }
    visible(case, role, Fault::Weak, false, flaw)
}
