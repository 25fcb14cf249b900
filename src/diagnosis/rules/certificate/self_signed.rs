//! The certificate is its own issuer.
#![doc = include_str!("self_signed.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::fault::Fault;
use crate::diagnosis::finding::{Evidence, Finding};
use crate::diagnosis::refused::Fit;
use crate::diagnosis::rule::{Assessment, Rule};
use crate::diagnosis::rules::certificate::{certificate_evidence, subject, with_needs};
use crate::role::Role;
use crate::trust::ChainEnd;

/// The client's.
pub const CLIENT: Rule = Rule {
    cause: Cause::ClientCertSelfSigned,
    shadows: &[
        Cause::ClientCertUntrustedCa,
        Cause::ClientCertChainIncomplete,
        Cause::ClientCertRejected,
        Cause::ClientCertMalformed,
        Cause::ClientCertWrongUsage,
    ],
    examine: |case| examine(case, Role::Client),
};
/// The server's.
pub const SERVER: Rule = Rule {
    cause: Cause::ServerCertSelfSigned,
    shadows: &[
        Cause::ServerCertUntrustedCa,
        Cause::ServerCertChainIncomplete,
        Cause::ServerCertRejected,
        Cause::ServerCertMalformed,
        Cause::ServerCertWrongUsage,
    ],
    examine: |case| examine(case, Role::Server),
};

fn examine(case: &Case<'_>, role: Role) -> Assessment {
    if case.flaw(role, Fault::SelfSigned).is_none() {
        return Assessment::Silent;
    }
    let anchored = case.chain.of(role).as_ref().is_some_and(|report| report.end == ChainEnd::Anchored);
    if anchored {
        let evidence = certificate_evidence(case, role, "the certificate is self-signed, and among the trusted ones");
        return evidence.map_or(Assessment::Silent, Assessment::RuledOut);
    }
    let Some(refused) = case.refused(role) else { return Assessment::Silent };
    let fit = refused.fit(case, Fault::SelfSigned);
    let rival = case.is_explained_beside(role, Fault::SelfSigned, fit);
    let confidence = match fit {
        Fit::Excludes => return Assessment::Silent,
        Fit::Names => Confidence::Certain,
        Fit::Allows if !rival && !refused.is_silent() && case.anchors(role).is_some() => Confidence::Certain,
        Fit::Allows | Fit::Silent if !rival => Confidence::Likely,
        _ => Confidence::Possible,
    };
    let summary = format!(
        "The {} refused the {role}'s certificate{}: it is self-signed, and nothing that the {} trusts vouches for it.",
        role.peer(),
        subject(case, role),
        role.peer(),
    );
    let evidence: Option<Evidence> = certificate_evidence(
        case,
        role,
        format!("the {role}'s certificate is its own issuer, signed with its own key"),
    );
    let finding = Finding::with(confidence, summary, refused.evidence()).and_maybe(evidence);
    Assessment::Supported(with_needs(case, role, confidence, finding))
}
