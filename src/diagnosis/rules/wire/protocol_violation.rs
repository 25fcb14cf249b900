//! One side broke the protocol.
#![doc = include_str!("protocol_violation.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::ending::{Ending, Stage};
use crate::diagnosis::finding::{Evidence, Finding};
use crate::diagnosis::rule::{Assessment, Rule};
use crate::iana::alerts;
use crate::role::Role;
use crate::session::Corruption;

/// Its rule.
pub const RULE: Rule = Rule {
    cause: Cause::ProtocolViolation,
    shadows: &[Cause::ClosedWithoutAlert, Cause::ResetMidHandshake, Cause::ResetAfterClientHello, Cause::Unknown],
    examine,
};

/// unexpected_message, record_overflow, decompression_failure, illegal_parameter, decode_error.
const VIOLATIONS: &[u8] = &[10, 22, 30, 47, 50];

fn examine(case: &Case<'_>) -> Assessment {
    let session = case.session;
    // What comes behind the end explains nothing.
    let end = case.ending.packet();
    let broken = session
        .corrupted
        .iter()
        .find(|seen| seen.value.what != Corruption::BadMac && end.is_none_or(|end| seen.packet <= end));
    let broken = broken.map(|seen| {
        let text = match seen.value.what {
            Corruption::NotARecord => format!("bytes of the {} are no TLS record", seen.value.from),
            Corruption::Malformed | Corruption::BadMac => {
                format!("a message of the {} breaks its grammar", seen.value.from)
            }
        };
        Evidence::of(seen, text)
    });
    if let Ending::Alert { seen, alert, stage } = case.ending
        && VIOLATIONS.contains(&alert.description)
    {
        let number = alert.description;
        let peer = seen.value.from.peer();
        let by_certificate = stage >= Stage::ServerFlight
            && matches!(number, 47 | 50)
            && case.refused(peer).is_some()
            && !case.flaws(peer).is_empty();
        let confidence = match (number, by_certificate) {
            (_, true) => Confidence::Possible,
            (10 | 22, _) => Confidence::Likely,
            _ if broken.is_some() => Confidence::Likely,
            _ => Confidence::Likely,
        };
        let what = match number {
            10 => "a message where it was not due",
            22 => "a record that is too long",
            30 => "a record that could not be decompressed",
            47 => "a field with a value that is not allowed there",
            _ => "a message that could not be decoded",
        };
        let text = format!("the {} refused with alert {} ({number})", seen.value.from, alerts::display(number));
        let finding = Finding::with(
            confidence,
            format!("The {peer} sent {what}, as the {} complained.", seen.value.from),
            Evidence::of(seen, text),
        )
        .and_maybe(broken)
        .needs(format!("the {}'s log of that moment", seen.value.from));
        return Assessment::Supported(finding);
    }
    if matches!(
        case.ending,
        Ending::Completed
            | Ending::HiddenAnswer { .. }
            | Ending::LeftAtOnce { .. }
            | Ending::Refusal { .. }
            | Ending::Open { .. }
    ) {
        return unfinished_hello(case);
    }
    match broken {
        Some(evidence) => Assessment::Supported(Finding::likely(
            "One side sent bytes that are no TLS in the middle of the handshake.",
            evidence,
        )),
        None => unfinished_hello(case),
    }
}

/// A ClientHello whose length promises more than ever came.
fn unfinished_hello(case: &Case<'_>) -> Assessment {
    let session = case.session;
    let odd = session.problems.iter().find(|problem| problem.code == "unfinished-handshake-message");
    let (Some(problem), false) = (odd, session.client_hello.is_seen()) else { return Assessment::Silent };
    let Some(packet) = problem.packet else { return Assessment::Silent };
    if session.tcp.bytes.client == 0 || case.has_holes() {
        return Assessment::Silent;
    }
    let at = crate::seen::At { packet, time: session.last.time };
    Assessment::Supported(Finding::likely(
        format!("The {} began a handshake message and never finished it.", Role::Client),
        Evidence::at(at, "the message is shorter than the length in its header"),
    ))
}
