//! No signature algorithm fits the server's key.
#![doc = include_str!("signature_algorithm.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::ending::{Ending, Stage};
use crate::diagnosis::finding::{Evidence, Finding};
use crate::diagnosis::rule::{Assessment, Rule};
use crate::diagnosis::rules::negotiation::{Offer, dismissed_hello, hello, hello_evidence, refused_hello, said};
use crate::iana::signature_schemes;
use crate::role::Role;

/// Its rule.
pub const RULE: Rule = Rule {
    cause: Cause::NoCommonSignatureAlgorithm,
    shadows: &[
        Cause::NoCommonCipher,
        Cause::ServerCertMissing,
        Cause::ResetAfterClientHello,
        Cause::ClosedWithoutAlert,
    ],
    examine,
};

fn examine(case: &Case<'_>) -> Assessment {
    let Some(hello) = hello(case) else { return Assessment::Silent };
    let refusal = refused_hello(case).filter(|(_, number)| matches!(*number, 40 | 71));
    let after_hello = match case.ending {
        // Java answers in TLS 1.3 only behind its ServerHello.
        Ending::Alert { seen, alert, stage: Stage::ServerFlight }
            if seen.value.from == Role::Server && matches!(alert.description, 40 | 71) =>
        {
            Some((said(seen, alert.description), true))
        }
        Ending::HiddenAlert { seen, stage: Stage::ServerFlight } if seen.value.from == Role::Server => Some((
            Evidence::of(seen, "the server gave up with an encrypted alert straight after its ServerHello"),
            false,
        )),
        _ => None,
    };
    let evidence = match (refusal, dismissed_hello(case), after_hello) {
        (Some((seen, number)), _, _) => said(seen, number),
        (None, Some(evidence), _) | (None, None, Some((evidence, _))) => evidence,
        (None, None, None) => return Assessment::Silent,
    };
    let offer = Offer::of(hello);
    if !offer.has_odd_signatures() {
        return Assessment::Silent;
    }
    let names: Vec<_> = offer.signatures.iter().take(5).map(|scheme| signature_schemes::display(*scheme)).collect();
    let finding = Finding::with(
        Confidence::Likely,
        "The server's key fits none of the signature algorithms that the client accepts.",
        evidence,
    )
    .and_maybe(hello_evidence(case, format!("the client accepts signatures by {} only", names.join(", "))))
    .needs("the server's kind of key, or its log of that moment");
    Assessment::Supported(finding)
}
