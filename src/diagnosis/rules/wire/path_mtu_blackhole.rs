//! Full-size packets are lost on the way, while small ones pass.
#![doc = include_str!("path_mtu_blackhole.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::ending::Ending;
use crate::diagnosis::finding::{Evidence, Finding};
use crate::diagnosis::rule::{Assessment, Rule};
use crate::role::Role;

/// Its rule.
pub const RULE: Rule = Rule {
    cause: Cause::PathMtuBlackhole,
    shadows: &[
        Cause::ServerSilent,
        Cause::ClientSilent,
        Cause::ClientAborted,
        Cause::ResetMidHandshake,
        Cause::ClosedWithoutAlert,
        Cause::CaptureIncomplete,
        Cause::Unknown,
    ],
    examine,
};

/// Smaller segments are no test of the path.
const FULL_SIZE: usize = 900;

fn examine(case: &Case<'_>) -> Assessment {
    if matches!(
        case.ending,
        Ending::Completed | Ending::HiddenAnswer { .. } | Ending::Refusal { .. } | Ending::LeftAtOnce { .. }
    ) || case.is_one_sided()
    {
        return Assessment::Silent;
    }
    let tcp = &case.session.tcp;
    for role in [Role::Client, Role::Server] {
        let lost = tcp
            .unacknowledged
            .of(role)
            .iter()
            .filter(|lost| lost.len >= FULL_SIZE && lost.times >= 2)
            .max_by_key(|lost| lost.times);
        if let Some(lost) = lost {
            let passed = *tcp.largest_acknowledged.of(role);
            if passed >= lost.len {
                continue;
            }
            let confidence = if lost.times >= 3 { Confidence::Certain } else { Confidence::Likely };
            let finding = Finding::with(
                confidence,
                format!("The {role}'s full-size packets never arrived, while smaller ones did: the path drops what is larger than its MTU."),
                Evidence::at(lost.last, format!("the {role} sent these {} bytes again (transmission {}), and they were never acknowledged", lost.len, lost.times)),
            )
            .and(Evidence::at(lost.first, format!("the {role} sent these {} bytes for the first time", lost.len)))
            .explain(format!(
                "The largest segment of the {role} that was acknowledged had {passed} bytes. A router on the way drops packets that do not fit, and its ICMP message about it is not sent, or does not arrive."
            ));
            return Assessment::Supported(finding);
        }
        if let Some(finding) = seen_by_the_receiver(case, role) {
            return Assessment::Supported(finding);
        }
    }
    Assessment::Silent
}

/// Captured at the receiver, the full-size segments are not there at all: only what lies behind them,
/// and the receiver asks again and again for what is missing.
fn seen_by_the_receiver(case: &Case<'_>, role: Role) -> Option<Finding> {
    let tcp = &case.session.tcp;
    let gap = tcp
        .gaps
        .of(role)
        .iter()
        .find(|gap| !gap.acknowledged && !gap.snaplen && gap.len.is_some_and(|len| len >= 900))?;
    let finding = Finding::likely(
        format!("A large part of the {role}'s flight never arrived, and what lay behind it did."),
        Evidence::at(gap.at, format!("{} bytes are missing before this packet, and the receiver never acknowledged them", gap.len.unwrap_or_default())),
    )
    .explain("The receiver never got these bytes, so it is the path that loses them and not the capture. Where only full-size packets are lost, the path's MTU is smaller than the sender believes.")
    .needs("a capture at the sender, which shows whether the lost packets are the full-size ones");
    Some(finding)
}
