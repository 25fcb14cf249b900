//! A PROXY protocol header was sent to a listener that expects none, or was expected and absent.
#![doc = include_str!("proxy_header_unexpected.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::ending::{Ending, Stage};
use crate::diagnosis::finding::{Evidence, Finding};
use crate::diagnosis::rule::{Assessment, Rule};
use crate::role::Role;

/// Its rule.
pub const RULE: Rule = Rule {
    cause: Cause::ProxyHeaderUnexpected,
    shadows: &[
        Cause::NoCommonVersion,
        Cause::ClosedWithoutAlert,
        Cause::PlaintextClient,
        Cause::PlaintextServer,
        Cause::ProtocolViolation,
        Cause::ResetAfterClientHello,
        Cause::ResetMidHandshake,
        Cause::ClientAborted,
        Cause::CorruptedRecord,
        Cause::Unknown,
    ],
    examine,
};

fn examine(case: &Case<'_>) -> Assessment {
    let session = case.session;
    let header = session.preamble.as_ref().filter(|preamble| preamble.protocol.starts_with("proxy-"));
    let plain =
        session.plaintext.client.as_ref().filter(|seen| matches!(seen.value.protocol, Some("proxy-v1" | "proxy-v2")));
    let at = header
        .and_then(|preamble| preamble.lines.first())
        .map(crate::seen::Seen::at)
        .or_else(|| plain.map(crate::seen::Seen::at));
    let Some(at) = at else { return Assessment::Silent };
    if session.server_hello.is_seen() {
        return Assessment::Silent;
    }
    let sent = Evidence::at(at, "the client's side sent a PROXY protocol header ahead of TLS");
    let answer = session.plaintext.server.as_ref();
    let (evidence, confidence) = match case.ending {
        _ if answer.is_some() => {
            (answer.map(|seen| Evidence::of(seen, "the server answered in plaintext")), Confidence::Certain)
        }
        Ending::Alert { seen, alert, stage: Stage::Nothing | Stage::Hello } if seen.value.from == Role::Server => (
            Some(Evidence::of(
                seen,
                format!(
                    "the server refused with alert {} ({})",
                    crate::iana::alerts::display(alert.description),
                    alert.description
                ),
            )),
            Confidence::Likely,
        ),
        Ending::Closed { by: Role::Server, at, how, .. } => {
            (Some(Evidence::at(at, format!("the server {}", how.words()))), Confidence::Likely)
        }
        _ => return Assessment::Silent,
    };
    let finding = Finding::with(
        confidence,
        "The server did not expect the PROXY protocol header that was sent ahead of the ClientHello.",
        sent,
    )
    .and_maybe(evidence)
    .explain("A load balancer announces the true client in this header. The listener behind it has to be told to expect it; otherwise it takes the header for a broken ClientHello.");
    Assessment::Supported(finding)
}
