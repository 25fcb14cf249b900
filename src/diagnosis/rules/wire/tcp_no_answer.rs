//! Nothing answered the SYN.
#![doc = include_str!("tcp_no_answer.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::finding::{Evidence, Finding};
use crate::diagnosis::rule::{Assessment, Rule};

/// Its rule.
pub const RULE: Rule = Rule {
    cause: Cause::TcpNoAnswer,
    shadows: &[Cause::ClientAborted, Cause::ClosedWithoutAlert, Cause::CaptureIncomplete, Cause::Unknown],
    examine,
};

fn examine(case: &Case<'_>) -> Assessment {
    let tcp = &case.session.tcp;
    let Some(first) = tcp.syn.first() else { return Assessment::Silent };
    if tcp.syn_ack.is_some()
        || !tcp.resets.is_empty()
        || tcp.bytes.client + tcp.bytes.server > 0
        || tcp.packets.server > 0
    {
        return Assessment::Silent;
    }
    let last = tcp.syn.last().copied().unwrap_or(*first);
    let waited = case.session.now.since(first.time);
    let again = tcp.syn.len() > 1;
    // A SYN at the very end of a capture is simply not answered yet.
    let confidence = match () {
        () if again => Confidence::Certain,
        () if waited.as_secs_f64() > 3.0 => Confidence::Likely,
        () => Confidence::Possible,
    };
    let count = tcp.syn.len();
    let times = if count == 1 { "once".to_owned() } else { format!("{count} times") };
    let finding = Finding::with(
        confidence,
        format!("Nothing answered the client's SYN, which was sent {times}."),
        Evidence::at(*first, "the client asked for a connection"),
    );
    let finding =
        if again { finding.and(Evidence::at(last, "it asked again; there was still no answer")) } else { finding };
    Assessment::Supported(finding)
}
