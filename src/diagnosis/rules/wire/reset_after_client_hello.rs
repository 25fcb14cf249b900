//! The connection was reset or closed straight after the ClientHello.
#![doc = include_str!("reset_after_client_hello.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::ending::{Close, Ending, Stage};
use crate::diagnosis::finding::{Evidence, Finding};
use crate::diagnosis::rule::{Assessment, Rule};
use crate::diagnosis::rules::wire::client_hello;
use crate::role::Role;

/// Its rule.
pub const RULE: Rule = Rule {
    cause: Cause::ResetAfterClientHello,
    shadows: &[Cause::ClosedWithoutAlert, Cause::ResetMidHandshake, Cause::Unknown, Cause::CaptureIncomplete],
    examine,
};

fn examine(case: &Case<'_>) -> Assessment {
    let Ending::Closed { by: Role::Server, at, how, stage: Stage::Hello } = case.ending else {
        return Assessment::Silent;
    };
    if case.session.preamble.is_some() || case.session.plaintext.server.is_some() {
        return Assessment::Silent;
    }
    let reset = case.session.tcp.resets.iter().find(|reset| reset.at == at);
    let foreign = reset.is_some_and(|reset| match (reset.ttl, reset.usual_ttl) {
        (Some(ttl), Some(usual)) => ttl.abs_diff(usual) > 1,
        _ => false,
    });
    let mut text = format!("the server {} and had sent nothing", how.words());
    if foreign {
        text.push_str("; the reset's TTL is not that of the server's other packets, so something between them sent it");
    }
    // Who sent it, and why, does not show.
    let confidence = Confidence::Likely;
    let what = if how == Close::Reset { "reset" } else { "closed" };
    let finding = Finding::with(confidence, format!("The connection was {what} straight after the ClientHello, without a word."), Evidence::at(at, text))
        .and_maybe(client_hello(case))
        .explain("Something did not want this ClientHello: a filter that looks at SNI, a load balancer without a backend, or a listener that speaks no TLS.")
        .needs("the server's log: whether the ClientHello arrived there");
    Assessment::Supported(finding)
}
