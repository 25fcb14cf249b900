//! A reset answered the SYN.
#![doc = include_str!("tcp_refused.md")]

use crate::cause::Cause;
use crate::diagnosis::case::Case;
use crate::diagnosis::finding::{Evidence, Finding};
use crate::diagnosis::rule::{Assessment, Rule};

/// Its rule.
pub const RULE: Rule = Rule {
    cause: Cause::TcpRefused,
    shadows: &[Cause::ResetMidHandshake, Cause::ResetAfterClientHello, Cause::TcpNoAnswer, Cause::ClosedWithoutAlert],
    examine,
};

fn examine(case: &Case<'_>) -> Assessment {
    let tcp = &case.session.tcp;
    let (Some(syn), Some(reset)) = (tcp.syn.first(), tcp.resets.iter().find(|reset| reset.in_answer_to_syn)) else {
        return Assessment::Silent;
    };
    if tcp.syn_ack.is_some() {
        return Assessment::Silent;
    }
    let finding = Finding::certain(
        "The server's host refused the connection: nothing listens on that port, or a filter answers in its name.",
        Evidence::at(reset.at, "a reset answered the SYN"),
    )
    .and(Evidence::at(*syn, "the client asked for a connection"));
    Assessment::Supported(finding)
}
