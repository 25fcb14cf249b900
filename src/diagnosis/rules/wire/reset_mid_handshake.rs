//! The connection was reset in mid-handshake, without an alert.
#![doc = include_str!("reset_mid_handshake.md")]

use crate::cause::Cause;
use crate::diagnosis::case::Case;
use crate::diagnosis::ending::{Close, Ending, Stage};
use crate::diagnosis::finding::{Evidence, Finding};
use crate::diagnosis::rule::{Assessment, Rule};
use crate::role::Side;

/// Its rule.
pub const RULE: Rule = Rule {
    cause: Cause::ResetMidHandshake,
    shadows: &[Cause::Unknown, Cause::CaptureIncomplete, Cause::ClosedWithoutAlert],
    examine,
};

fn examine(case: &Case<'_>) -> Assessment {
    let Ending::Closed { by, at, how: Close::Reset, stage } = case.ending else { return Assessment::Silent };
    if stage == Stage::Nothing {
        return Assessment::Silent;
    }
    let reset = case.session.tcp.resets.iter().find(|reset| reset.at == at);
    let foreign = reset.is_some_and(|reset| match (reset.ttl, reset.usual_ttl) {
        (Some(ttl), Some(usual)) => ttl.abs_diff(usual) > 1,
        _ => false,
    });
    let unread = reset.map_or(0, |reset| reset.unread);
    let mut text = format!("the {by} reset the connection");
    if unread > 0 {
        text.push_str(&format!(", with {unread} bytes of its peer unread"));
    }
    let finding = Finding::likely(format!("The {by} reset the connection in the middle of the handshake, without an alert."), Evidence::at(at, text))
        .explain(match (foreign, unread > 0) {
            (true, _) => "The reset's TTL differs from that of the sender's other packets: something between the two sent it in its name.",
            (_, true) => "A program that closes a connection with unread bytes in it makes its kernel send a reset: it crashed, or it refused and did not say why.",
            _ => "A program crashed or was stopped, a connection was cut by a middlebox, or a side refused and did not say why.",
        })
        .needs(format!("the {by}'s log of that moment"));
    let finding = if foreign { finding.side(Side::Network) } else { finding };
    Assessment::Supported(finding)
}
