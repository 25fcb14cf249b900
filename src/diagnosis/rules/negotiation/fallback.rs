//! A downgraded retry was refused (RFC 7507).
#![doc = include_str!("fallback.md")]

use crate::cause::Cause;
use crate::diagnosis::case::Case;
use crate::diagnosis::finding::{Evidence, Finding};
use crate::diagnosis::rule::{Assessment, Rule};
use crate::diagnosis::rules::negotiation::{alert, hello, hello_evidence, refused_hello, said};

/// Its rule.
pub const RULE: Rule = Rule {
    cause: Cause::InappropriateFallback,
    shadows: &[Cause::NoCommonVersion, Cause::NoCommonCipher, Cause::ServerCertMissing, Cause::ProtocolViolation],
    examine,
};

/// inappropriate_fallback.
const INAPPROPRIATE_FALLBACK: u8 = 86;
/// TLS_FALLBACK_SCSV.
const FALLBACK_SCSV: u16 = 0x5600;

fn examine(case: &Case<'_>) -> Assessment {
    let signalled = hello(case).is_some_and(|hello| hello.cipher_suites.contains(&FALLBACK_SCSV));
    let offer: Option<Evidence> = if signalled {
        hello_evidence(
            case,
            "the client's offer holds TLS_FALLBACK_SCSV: it says that it retries with a lower version than it could",
        )
    } else {
        None
    };
    let summary =
        "The client retried with a lower version than it speaks, and the server, which speaks a higher one, refused.";
    if let Some(seen) = alert(case, INAPPROPRIATE_FALLBACK) {
        return Assessment::Supported(Finding::certain(summary, said(seen, INAPPROPRIATE_FALLBACK)).and_maybe(offer));
    }
    match refused_hello(case) {
        Some((seen, number @ (40 | 47 | 70))) if signalled => {
            Assessment::Supported(Finding::likely(summary, said(seen, number)).and_maybe(offer))
        }
        _ => Assessment::Silent,
    }
}
