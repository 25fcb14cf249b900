//! The leaf's issuer is an intermediate that was not sent.
#![doc = include_str!("chain_incomplete.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::fault::Fault;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::refused::Fit;
use crate::diagnosis::rule::{Assessment, Rule};
use crate::diagnosis::rules::certificate::untrusted_ca::{is_incomplete, missing_kind};
use crate::diagnosis::rules::certificate::{capitalised, certificate_evidence, subject, with_needs};
use crate::role::Role;
use crate::trust::{ChainEnd, MissingKind};

/// The client's.
pub const CLIENT: Rule = Rule {
    cause: Cause::ClientCertChainIncomplete,
    shadows: &[Cause::ClientCertRejected, Cause::ClientCertChainTooLong],
    examine: |case| examine(case, Role::Client),
};
/// The server's.
pub const SERVER: Rule = Rule {
    cause: Cause::ServerCertChainIncomplete,
    shadows: &[Cause::ServerCertRejected, Cause::ServerCertChainTooLong],
    examine: |case| examine(case, Role::Server),
};

fn examine(case: &Case<'_>, role: Role) -> Assessment {
    let (Some(refused), Some(report)) = (case.refused(role), case.chain.of(role)) else { return Assessment::Silent };
    let ChainEnd::IssuerNotSent { issuer, .. } = &report.end else { return Assessment::Silent };
    let fit = refused.fit(case, Fault::ChainIncomplete);
    let explained = case.is_explained(role) || case.signature_is_wrong(role);
    let (known, reason) = match missing_kind(case, role, report) {
        MissingKind::Intermediate(reason) => (is_incomplete(case, role, report), reason.why),
        MissingKind::Root(_) => return Assessment::Silent,
        MissingKind::Unknown => (false, String::new()),
    };
    let confidence = match fit {
        Fit::Excludes => return Assessment::Silent,
        Fit::Names if known => Confidence::Likely,
        Fit::Allows if role == Role::Client && case.issuer_is_named() => Confidence::Possible,
        Fit::Allows if known && !explained => Confidence::Likely,
        _ => Confidence::Possible,
    };
    let verifier = role.peer();
    let summary = format!(
        "The {verifier} refused the {role}'s certificate{}: the {role} did not send the intermediate that issued it ({}).",
        subject(case, role),
        issuer.text
    );
    let evidence = format!("the chain stops at a certificate issued by {}, which was not sent", issuer.text);
    let finding = Finding::with(confidence, summary, refused.evidence())
        .and_maybe(certificate_evidence(case, role, evidence))
        .explain(if reason.is_empty() {
            format!("A {verifier} that trusts only the root cannot build the chain without {}.", issuer.text)
        } else {
            format!(
                "{}. A {verifier} that trusts only the root cannot build the chain without it.",
                capitalised(&reason)
            )
        })
        .needs(format!("whether the {verifier} trusts {} itself, or only the root above it", issuer.text));
    Assessment::Supported(with_needs(case, role, confidence, finding))
}
