//! A renegotiation or a post-handshake authentication was refused.
#![doc = include_str!("renegotiation.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::ending::Ending;
use crate::diagnosis::finding::{Evidence, Finding};
use crate::diagnosis::rule::{Assessment, Rule};
use crate::diagnosis::rules::negotiation::{hello_evidence, said};
use crate::role::Role;
use crate::session::{ReauthenticationKind, RefusalMeaning};

/// Its rule.
pub const RULE: Rule = Rule {
    cause: Cause::RenegotiationRefused,
    shadows: &[
        Cause::ClientCertNotAuthorized,
        Cause::ClientCertNotRequested,
        Cause::ClientAborted,
        Cause::ProtocolViolation,
    ],
    examine,
};

/// no_renegotiation (RFC 5246 section 7.2.2).
const NO_RENEGOTIATION: u8 = 100;
/// post_handshake_auth (RFC 8446 section 4.2.6).
const POST_HANDSHAKE_AUTH: u16 = 49;

fn examine(case: &Case<'_>) -> Assessment {
    let session = case.session;
    let refused =
        session.alerts.iter().find(|seen| seen.value.alert.is_some_and(|alert| alert.description == NO_RENEGOTIATION));
    let asked = session.reauthentication.first();
    if let Some(seen) = refused {
        let finding =
            Finding::certain(format!("The {} refused to renegotiate.", seen.value.from), said(seen, NO_RENEGOTIATION));
        let finding = finding.and_maybe(asked.map(|seen| Evidence::of(seen, "the other side asked for it here")));
        return Assessment::Supported(finding);
    }
    let by_client = asked.filter(|seen| seen.value.kind == ReauthenticationKind::RenegotiationByClient);
    if let Some(asked) = by_client {
        let completed = session.reauthentication.iter().any(|seen| seen.value.answer.is_seen() || seen.value.completed);
        let (evidence, confidence) = match case.ending {
            Ending::Alert { seen, alert, .. } if seen.value.from == Role::Server && seen.packet > asked.packet => {
                (said(seen, alert.description), Confidence::Likely)
            }
            Ending::Completed if !completed && closes_after(case, asked.packet) => (
                Evidence::of(asked, "the client asked for a renegotiation, and no new handshake followed"),
                Confidence::Likely,
            ),
            _ => return Assessment::Silent,
        };
        let finding = Finding::with(confidence, "The server refused the client's renegotiation.", evidence)
            .and(Evidence::of(asked, "the client began a new handshake on the connection"));
        return Assessment::Supported(finding);
    }
    post_handshake(case)
}

/// Nothing but a close came from the server after the client's wish.
fn closes_after(case: &Case<'_>, packet: crate::seen::PacketNo) -> bool {
    let tcp = &case.session.tcp;
    let closed = tcp.fin.server.is_some_and(|at| at.packet > packet)
        || tcp.resets.iter().any(|r| r.from == Role::Server && r.at.packet > packet);
    let alert = case.session.alerts_of(Role::Server).any(|seen| seen.packet > packet);
    let data = case.session.application_data.server.last.is_some_and(|at| at.packet > packet);
    (closed || alert) && !data
}

/// A server that needs post-handshake authentication, and a client that never offered it.
fn post_handshake(case: &Case<'_>) -> Assessment {
    let session = case.session;
    let Some(hello) = session.client_hello.value() else { return Assessment::Silent };
    if !session.is_tls13() || hello.extensions.has(POST_HANDSHAKE_AUTH) || !session.certificate_request.is_not_sent() {
        return Assessment::Silent;
    }
    let Ending::Refusal { seen } = case.ending else { return Assessment::Silent };
    if !matches!(seen.value.meaning, RefusalMeaning::NotAuthorized | RefusalMeaning::Unclear) {
        return Assessment::Silent;
    }
    let apache = session.stack.server.program.as_deref().is_some_and(|program| program.starts_with("Apache"));
    let confidence = if apache { Confidence::Likely } else { Confidence::Possible };
    let finding = Finding::with(
        confidence,
        "The server wanted to ask for a certificate after the handshake, which the client had not offered to answer.",
        Evidence::of(seen, format!("the server answered \"{}\"", seen.value.text)),
    )
    .and_maybe(hello_evidence(case, "the ClientHello has no post_handshake_auth"));
    Assessment::Supported(finding)
}
