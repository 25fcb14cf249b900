//! The chain has more intermediates than the verifier's depth allows.
#![doc = include_str!("chain_too_long.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::fault::Fault;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::refused::Fit;
use crate::diagnosis::rule::{Assessment, Rule};
use crate::diagnosis::rules::certificate::{certificate_evidence, visible, with_needs};
use crate::role::Role;
use crate::trust::ChainEnd;

/// The client's.
pub const CLIENT: Rule = Rule {
    cause: Cause::ClientCertChainTooLong,
    shadows: &[Cause::ClientCertRejected],
    examine: |case| examine(case, Role::Client),
};
/// The server's.
pub const SERVER: Rule = Rule {
    cause: Cause::ServerCertChainTooLong,
    shadows: &[Cause::ServerCertRejected],
    examine: |case| examine(case, Role::Server),
};

fn examine(case: &Case<'_>, role: Role) -> Assessment {
    if let Some(flaw) = case.flaw(role, Fault::ChainTooLong) {
        return visible(case, role, Fault::ChainTooLong, false, flaw);
    }
    let (Some(refused), Some(report)) = (case.refused(role), case.chain.of(role)) else { return Assessment::Silent };
    let fit = refused.fit(case, Fault::ChainTooLong);
    let rooted = matches!(report.end, ChainEnd::SelfSignedRoot { .. }) && report.path.len() > 1;
    let intermediates = report.path.len().saturating_sub(1 + usize::from(rooted));
    if intermediates == 0 || fit < Fit::Allows || case.is_explained(role) {
        return Assessment::Silent;
    }
    let confidence = if report.end == ChainEnd::Anchored { Confidence::Likely } else { Confidence::Possible };
    let verifier = role.peer();
    let count =
        if intermediates == 1 { "an intermediate".to_owned() } else { format!("{intermediates} intermediates") };
    let summary =
        format!("The {verifier} refused the {role}'s chain of {count}: it is deeper than the {verifier} verifies.");
    let finding = Finding::with(confidence, summary, refused.evidence())
        .and_maybe(certificate_evidence(case, role, format!("the {role} sent its leaf under {count}")))
        .explain("Many servers verify to a small depth by default: nginx and Apache to 1, which is one intermediate at the most.")
        .needs(format!("the verification depth that the {verifier} is configured with"));
    Assessment::Supported(with_needs(case, role, confidence, finding))
}
