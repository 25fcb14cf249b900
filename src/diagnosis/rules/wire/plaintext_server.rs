//! The server answered a ClientHello in plaintext.
#![doc = include_str!("plaintext_server.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::finding::{Evidence, Finding};
use crate::diagnosis::rule::{Assessment, Rule};
use crate::role::Role;

/// Its rule.
pub const RULE: Rule = Rule {
    cause: Cause::PlaintextServer,
    shadows: &[
        Cause::ProtocolViolation,
        Cause::CorruptedRecord,
        Cause::ClosedWithoutAlert,
        Cause::ResetMidHandshake,
        Cause::ResetAfterClientHello,
        Cause::ServerSilent,
        Cause::ClientAborted,
        Cause::ClientCertNotRequested,
        Cause::Unknown,
    ],
    examine,
};

fn examine(case: &Case<'_>) -> Assessment {
    let session = case.session;
    let Some(plain) = session.plaintext.server.as_ref() else { return Assessment::Silent };
    let hello = session.client_hello.seen();
    if hello.is_none() || session.server_hello.is_seen() || session.preamble.is_some() {
        return Assessment::Silent;
    }
    let protocol = plain.value.protocol.unwrap_or("bytes that are no TLS");
    let words = plain.value.text.as_deref().map(|text| format!(": \"{text}\"")).unwrap_or_default();
    let confidence = if plain.value.protocol.is_some() { Confidence::Certain } else { Confidence::Likely };
    let finding = Finding::with(
        confidence,
        format!("The server answered in plaintext ({protocol}): this port does not speak TLS, or not at once."),
        Evidence::of(plain, format!("the server sent {protocol}{words}")),
    )
    .and_maybe(hello.map(|seen| Evidence::of(seen, format!("the {} sent its ClientHello", Role::Client))));
    Assessment::Supported(finding)
}
