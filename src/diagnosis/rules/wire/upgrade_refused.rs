//! The server declined, or did not offer, the upgrade to TLS.
#![doc = include_str!("upgrade_refused.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::finding::{Evidence, Finding};
use crate::diagnosis::rule::{Assessment, Rule};
use crate::session::PreambleOutcome;

/// Its rule.
pub const RULE: Rule = Rule {
    cause: Cause::UpgradeRefused,
    shadows: &[
        Cause::ClosedWithoutAlert,
        Cause::PlaintextClient,
        Cause::PlaintextServer,
        Cause::ClientAborted,
        Cause::ClientSilent,
        Cause::ResetAfterClientHello,
        Cause::ResetMidHandshake,
        Cause::ProtocolViolation,
        Cause::Unknown,
    ],
    examine,
};

fn examine(case: &Case<'_>) -> Assessment {
    let Some(preamble) = case.session.preamble.as_ref() else { return Assessment::Silent };
    if matches!(preamble.protocol, "http-connect" | "socks4" | "socks5" | "proxy-v1" | "proxy-v2") {
        return Assessment::Silent;
    }
    if case.session.server_hello.is_seen() {
        return Assessment::Silent;
    }
    let (seen, confidence, summary) = match &preamble.outcome {
        PreambleOutcome::Refused(seen) => (
            seen,
            Confidence::Certain,
            format!("The server declined the upgrade from {} to TLS: {}.", preamble.protocol, seen.value),
        ),
        PreambleOutcome::NotOffered(seen) => (
            seen,
            Confidence::Likely,
            format!("The server did not offer the upgrade from {} to TLS: {}.", preamble.protocol, seen.value),
        ),
        PreambleOutcome::Upgraded(_) | PreambleOutcome::Unfinished => return Assessment::Silent,
    };
    Assessment::Supported(Finding::with(
        confidence,
        summary,
        Evidence::of(seen, format!("the server's answer: {}", seen.value)),
    ))
}
