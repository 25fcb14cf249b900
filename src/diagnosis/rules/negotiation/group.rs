//! No key-exchange group in common.
#![doc = include_str!("group.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::ending::{Ending, Stage};
use crate::diagnosis::finding::Finding;
use crate::diagnosis::rule::{Assessment, Rule};
use crate::diagnosis::rules::negotiation::{Offer, dismissed_hello, hello, hello_evidence, refused_hello, said};
use crate::iana::groups;
use crate::role::Role;

/// Its rule.
pub const RULE: Rule = Rule {
    cause: Cause::NoCommonGroup,
    shadows: &[
        Cause::NoCommonCipher,
        Cause::NoCommonSignatureAlgorithm,
        Cause::ServerCertMissing,
        Cause::ResetAfterClientHello,
        Cause::ClosedWithoutAlert,
        Cause::ProtocolViolation,
    ],
    examine,
};

fn examine(case: &Case<'_>) -> Assessment {
    let Some(hello) = hello(case) else { return Assessment::Silent };
    let offered = |offer: &Offer| {
        let names: Vec<_> = offer.groups.iter().map(|group| groups::display(*group)).collect();
        hello_evidence(case, format!("the client offered the groups {}", names.join(", ")))
    };
    let retry = case.session.hello_retry.as_ref().and_then(|seen| seen.value.extensions.selected_group());
    if let (Some(group), Ending::Alert { seen, alert, stage: Stage::Hello }) = (retry, case.ending)
        && seen.value.from == Role::Client
    {
        let summary = format!("The client refused the group that the server asked for ({}).", groups::display(group));
        let offered = offered(&Offer::of(hello));
        return Assessment::Supported(Finding::likely(summary, said(seen, alert.description)).and_maybe(offered));
    }
    let refusal = refused_hello(case).filter(|(_, number)| matches!(*number, 40 | 47 | 71));
    let evidence = match (refusal, dismissed_hello(case)) {
        (Some((seen, number)), _) => said(seen, number),
        (None, Some(evidence)) => evidence,
        (None, None) => return Assessment::Silent,
    };
    let offer = Offer::of(hello);
    if offer.groups.is_empty() {
        return Assessment::Silent;
    }
    let confidence = if offer.has_odd_groups() { Confidence::Likely } else { Confidence::Possible };
    if confidence == Confidence::Possible && offer.groups.len() > 2 {
        return Assessment::Silent;
    }
    let finding =
        Finding::with(confidence, "The server has none of the key-exchange groups that the client offered.", evidence)
            .and_maybe(offered(&offer))
            .explain(
                "Nearly every server has X25519 and P-256 (secp256r1); this client offers neither, or little else.",
            )
            .needs("the server's groups (curves), or its log of that moment");
    Assessment::Supported(finding)
}
