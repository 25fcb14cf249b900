//! No cipher suite in common.
#![doc = include_str!("cipher.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::rule::{Assessment, Rule};
use crate::diagnosis::rules::negotiation::{Offer, dismissed_hello, hello, hello_evidence, refused_hello, said};
use crate::iana::cipher_suites;

/// Its rule.
pub const RULE: Rule = Rule {
    cause: Cause::NoCommonCipher,
    shadows: &[Cause::ResetAfterClientHello, Cause::ClosedWithoutAlert, Cause::ProtocolViolation],
    examine,
};

/// handshake_failure.
const HANDSHAKE_FAILURE: u8 = 40;
/// insufficient_security, which Erlang/OTP sends for it.
const INSUFFICIENT_SECURITY: u8 = 71;

fn examine(case: &Case<'_>) -> Assessment {
    let Some(hello) = hello(case) else { return Assessment::Silent };
    let refusal =
        refused_hello(case).filter(|(_, number)| matches!(*number, HANDSHAKE_FAILURE | INSUFFICIENT_SECURITY));
    let evidence = match (refusal, dismissed_hello(case)) {
        (Some((seen, number)), _) => said(seen, number),
        (None, Some(evidence)) => evidence,
        (None, None) => return Assessment::Silent,
    };
    let offer = Offer::of(hello);
    let names: Vec<_> = offer.suites.iter().take(3).map(|suite| cipher_suites::display(*suite)).collect();
    let more = offer.suites.len().saturating_sub(3);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    // A narrow offer, and nothing else odd about it, fits best.
    let confidence =
        if offer.is_narrow_suites() && !offer.has_odd_groups() { Confidence::Likely } else { Confidence::Possible };
    let finding = Finding::with(confidence, "The server found no cipher suite that it could agree to in the client's offer.", evidence)
        .and_maybe(hello_evidence(case, format!("the client offered {}{more}", names.join(", "))))
        .explain("handshake_failure in answer to the ClientHello says only that nothing fits: the cipher suites, the groups, the signature algorithms, or the server has no certificate for what was offered.")
        .needs("the server's cipher suites, groups and kind of key, or its log of that moment");
    Assessment::Supported(finding)
}
