//! The client spoke plaintext to a TLS port.
#![doc = include_str!("plaintext_client.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::finding::{Evidence, Finding};
use crate::diagnosis::rule::{Assessment, Rule};
use crate::diagnosis::rules::wire::spoke_tls;
use crate::role::Role;
use crate::session::RefusalMeaning;

/// Its rule.
pub const RULE: Rule = Rule {
    cause: Cause::PlaintextClient,
    shadows: &[
        Cause::ProtocolViolation,
        Cause::ClosedWithoutAlert,
        Cause::ResetMidHandshake,
        Cause::NoCommonVersion,
        Cause::ResetAfterClientHello,
        Cause::PlaintextServer,
        Cause::ServerSilent,
        Cause::ClientAborted,
        Cause::Unknown,
        Cause::ClientCertNotRequested,
        Cause::ClientSilent,
    ],
    examine,
};

fn examine(case: &Case<'_>) -> Assessment {
    let session = case.session;
    let Some(plain) = session.plaintext.client.as_ref() else { return Assessment::Silent };
    if spoke_tls(case, Role::Client) || matches!(plain.value.protocol, Some("proxy-v1" | "proxy-v2")) {
        return Assessment::Silent;
    }
    // The middle of a conversation looks like anything.
    if session.tcp.mid_stream && plain.value.protocol.is_none() {
        return Assessment::Silent;
    }
    let protocol = plain.value.protocol.unwrap_or("bytes that are no TLS");
    let words = plain.value.text.as_deref().map(|text| format!(": \"{text}\"")).unwrap_or_default();
    let alert = session.alerts_of(Role::Server).next();
    let page = session.refusals.iter().find(|seen| seen.value.meaning == RefusalMeaning::PlainHttpToTls);
    let tls_server = session.server_hello.is_seen();
    let confidence =
        if alert.is_some() || page.is_some() || tls_server { Confidence::Certain } else { Confidence::Likely };
    let finding = Finding::with(
        confidence,
        format!("The client spoke plaintext ({protocol}) to a port where the server expects TLS."),
        Evidence::of(plain, format!("the client sent {protocol}{words}")),
    )
    .and_maybe(page.map(|seen| Evidence::of(seen, format!("the server answered \"{}\"", seen.value.text))))
    .and_maybe(alert.map(|seen| Evidence::of(seen, "the server answered with a TLS alert")));
    Assessment::Supported(finding)
}
