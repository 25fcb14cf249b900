//! The certificate does not parse, or breaks a rule that the verifier checks.
#![doc = include_str!("malformed.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::fault::Fault;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::refused::Fit;
use crate::diagnosis::rule::{Assessment, Rule};
use crate::diagnosis::rules::certificate::{certificate_evidence, visible, with_needs};
use crate::role::Role;
use crate::trust::Flaw;
use crate::x509::KeyKind;

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
    let Some(flaw) = broken.or_else(|| case.flaw(role, Fault::Malformed)) else { return unknown_key(case, role) };
    let Some(refused) = case.refused(role) else { return Assessment::Silent };
    let fit = refused.fit(case, Fault::Malformed);
    if matches!(flaw, Flaw::OldVersion { .. }) && fit < Fit::Allows {
        return Assessment::Silent;
    }
    visible(case, role, Fault::Malformed, broken.is_some(), flaw)
}

/// A key of an algorithm that nobody knows: the certificate was made, or altered, in error.
fn unknown_key(case: &Case<'_>, role: Role) -> Assessment {
    let Some(refused) = case.refused(role) else { return Assessment::Silent };
    let odd = case.presented(role).first().filter(|leaf| leaf.key.kind == KeyKind::Unknown && !leaf.key.oid.is_empty());
    let (Some(leaf), true) = (odd, refused.fit(case, Fault::Malformed) >= Fit::Unusual) else {
        return Assessment::Silent;
    };
    let summary = format!(
        "The {} refused the {role}'s certificate: its public key is of an unknown kind ({}).",
        role.peer(),
        leaf.key.oid
    );
    let evidence = certificate_evidence(case, role, format!("the public key's algorithm is {}", leaf.key.oid));
    let finding = Finding::likely(summary, refused.evidence()).and_maybe(evidence);
    Assessment::Supported(with_needs(case, role, Confidence::Likely, finding))
}
