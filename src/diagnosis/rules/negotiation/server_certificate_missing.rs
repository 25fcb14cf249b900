//! The server has no certificate for this name or this cipher suite.
#![doc = include_str!("server_certificate_missing.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::ending::{Close, Ending, Stage};
use crate::diagnosis::finding::{Evidence, Finding};
use crate::diagnosis::rule::{Assessment, Rule};
use crate::diagnosis::rules::negotiation::{Offer, dismissed_hello, hello, hello_evidence, refused_hello, said};
use crate::role::Role;

/// Its rule.
pub const RULE: Rule = Rule {
    cause: Cause::ServerCertMissing,
    shadows: &[
        Cause::ResetAfterClientHello,
        Cause::ClosedWithoutAlert,
        Cause::ProtocolViolation,
        Cause::NoCommonCipher,
    ],
    examine,
};

/// In the place of an alert's number, where there is none.
const HUNG_UP: u8 = u8::MAX;

/// The server closed in good order in answer to the ClientHello. BoringSSL does so where it has no certificate at all; many
/// others do it for many other reasons.
fn hung_up(case: &Case<'_>) -> Option<Evidence> {
    if case.session.preamble.is_some() || case.session.plaintext.server.is_some() {
        return None;
    }
    match case.ending {
        Ending::Closed { by: Role::Server, at, how: Close::Fin, stage: Stage::Hello } if !case.has_holes() => {
            Some(Evidence::at(at, "the server closed the connection in answer to the ClientHello"))
        }
        _ => None,
    }
}

fn examine(case: &Case<'_>) -> Assessment {
    let Some(hello) = hello(case) else { return Assessment::Silent };
    let refusal = refused_hello(case).filter(|(_, number)| matches!(*number, 40 | 71 | 80));
    let hidden = match case.ending {
        Ending::HiddenAlert { seen, stage: Stage::ServerFlight } if seen.value.from == Role::Server => {
            Some(Evidence::of(seen, "the server gave up with an encrypted alert straight after its ServerHello"))
        }
        Ending::Alert { seen, alert, stage: Stage::ServerFlight }
            if seen.value.from == Role::Server
                && matches!(alert.description, 40 | 80)
                && !case.session.certificate.server.is_seen() =>
        {
            Some(said(seen, alert.description))
        }
        _ => None,
    };
    let (dismissed, hung_up) = (dismissed_hello(case).or(hidden), hung_up(case));
    if refusal.is_none() && dismissed.is_none() && hung_up.is_none() {
        return Assessment::Silent;
    }
    let offer = Offer::of(hello);
    let broad = !offer.is_narrow_suites() && !offer.has_odd_groups() && !offer.has_odd_signatures();
    let (evidence, number) = match (refusal, dismissed, hung_up) {
        (Some((seen, number)), _, _) => (said(seen, number), number),
        (None, Some(evidence), _) => (evidence, 0),
        (None, None, Some(evidence)) if broad => (evidence, HUNG_UP),
        (None, None, _) => return Assessment::Silent,
    };
    let confidence = match number {
        // An ordinary offer that an ordinary server refuses: the server itself lacks something.
        40 | 71 | 0 if broad => Confidence::Likely,
        80 => Confidence::Likely,
        _ => Confidence::Possible,
    };
    let name = case.server_name();
    let summary = match &name {
        Some(name) => {
            format!("The server has no certificate that it could use for {name} with what the client offers.")
        }
        None => {
            "The server has no certificate that it could use with what the client offers; the client named no host."
                .to_owned()
        }
    };
    let asked = match &name {
        Some(name) => format!("the client asked for {name}"),
        None => "the client sent no server_name".to_owned(),
    };
    let finding = Finding::with(confidence, summary, evidence)
        .and_maybe(hello_evidence(case, asked))
        .explain(if offer.wants_one_key() {
            "All cipher suites on offer want one kind of server key; a server with another kind of key has no certificate for them."
        } else {
            "The offer is an ordinary one, that nearly every server can agree to. A server without a certificate (for that name) refuses it all the same."
        })
        .needs("the server's certificates by name, or its log of that moment");
    Assessment::Supported(finding)
}
