//! The certificate does not parse, or breaks a rule that the verifier checks.
#![doc = include_str!("malformed.md")]

use crate::cause::Cause;
use crate::diagnosis::case::Case;
use crate::diagnosis::fault::Fault;
use crate::diagnosis::refused::Fit;
use crate::diagnosis::rule::{Assessment, Rule};
use crate::diagnosis::rules::certificate::visible;
use crate::role::Role;
use crate::trust::Flaw;

/// The client's.
pub const CLIENT: Rule = Rule {
    cause: Cause::ClientCertMalformed,
    shadows: &[Cause::ClientCertRejected, Cause::ClientCertUntrustedCa, Cause::ClientCertChainIncomplete],
    examine: |case| examine(case, Role::Client),
};
/// The server's.
pub const SERVER: Rule = Rule {
    cause: Cause::ServerCertMalformed,
    shadows: &[Cause::ServerCertRejected, Cause::ServerCertUntrustedCa, Cause::ServerCertChainIncomplete],
    examine: |case| examine(case, Role::Server),
};

fn examine(case: &Case<'_>, role: Role) -> Assessment {
    // A broken encoding goes before a rule that only some verifiers know (X.509 v1).
    let broken = case.flaws(role).iter().find(|flaw| matches!(flaw, Flaw::Malformed { .. }));
    let flaw = match broken.or_else(|| case.flaw(role, Fault::Malformed)) {
        Some(flaw) => flaw,
        None => return Assessment::Silent,
    };
    let Some(refused) = case.refused(role) else { return Assessment::Silent };
    let fit = refused.fit(case, Fault::Malformed);
    if matches!(flaw, Flaw::OldVersion { .. }) && fit < Fit::Allows {
        return Assessment::Silent;
    }
    visible(case, role, Fault::Malformed, broken.is_some(), flaw)
}
