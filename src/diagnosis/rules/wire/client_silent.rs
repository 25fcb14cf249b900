//! The server's flight was acknowledged, and the client never went on; or a client connected and never
//! spoke.
#![doc = include_str!("client_silent.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::ending::{Ending, Stage};
use crate::diagnosis::finding::{Evidence, Finding};
use crate::diagnosis::rule::{Assessment, Rule};
use crate::role::Role;

/// Its rule.
pub const RULE: Rule = Rule {
    cause: Cause::ClientSilent,
    shadows: &[Cause::ClosedWithoutAlert, Cause::ResetMidHandshake, Cause::CaptureIncomplete, Cause::Unknown],
    examine,
};

/// Waiting for so long is silence, in seconds.
const SILENCE: f64 = 1.0;

fn examine(case: &Case<'_>) -> Assessment {
    let session = case.session;
    if case.is_one_sided() {
        return Assessment::Silent;
    }
    if let Some(finding) = never_spoke(case) {
        return Assessment::Supported(finding);
    }
    let Some(last) = last_of_server(case) else { return Assessment::Silent };
    let (until, ended) = match case.ending {
        Ending::Open { stage: Stage::ServerFlight } => (session.now, None),
        Ending::Closed { by: Role::Server, at, how, stage: Stage::ServerFlight } => {
            (at.time, Some(Evidence::at(at, format!("the server {}", how.words()))))
        }
        _ => return Assessment::Silent,
    };
    let waited = until.since(last.time);
    let confidence = if waited.as_secs_f64() < SILENCE { Confidence::Possible } else { Confidence::Likely };
    let finding = Finding::with(
        confidence,
        format!("The client never answered the server's flight; the server waited for {waited}."),
        Evidence::at(last, "the server's flight ended here"),
    )
    .and_maybe(session.tcp.last_ack.client.filter(|at| at.packet >= last.packet).map(|at| Evidence::at(at, "the client's host acknowledged it")))
    .and_maybe(ended)
    .explain("The client waits for something of its own: a smart card, a prompt for a certificate or a PIN, a slow look-up; or it hangs.");
    Assessment::Supported(finding)
}

fn last_of_server(case: &Case<'_>) -> Option<crate::seen::At> {
    let session = case.session;
    let done = session.server_hello_done.seen().map(crate::seen::Seen::at);
    let finished = session.finished.server.seen().map(crate::seen::Seen::at);
    let protected = session.protected.iter().rev().find(|record| record.from == Role::Server).map(|record| record.at);
    done.or(finished).or(protected).or_else(|| session.server_hello.seen().map(crate::seen::Seen::at))
}

/// A connection without a byte: a health check, a port scan, or a client that hangs.
fn never_spoke(case: &Case<'_>) -> Option<Finding> {
    let session = case.session;
    let tcp = &session.tcp;
    let opened = tcp.syn_ack?;
    // A server may answer the close with an alert.
    let only_alerts = session.alerts_of(Role::Server).next().is_some() && session.plaintext.server.is_none();
    let silent = tcp.bytes.client == 0 && (tcp.bytes.server == 0 || only_alerts);
    if !silent || session.preamble.is_some() {
        return None;
    }
    let end = match case.ending {
        Ending::Closed { by, at, how, stage: Stage::Nothing } => {
            Some(Evidence::at(at, format!("the {by} {}", how.words())))
        }
        Ending::Open { stage: Stage::Nothing } => None,
        _ => return None,
    };
    let confidence = if end.is_some() { Confidence::Likely } else { Confidence::Possible };
    Some(
        Finding::with(confidence, "The client opened a connection and never sent a byte: a health check or a port scan, most likely.", Evidence::at(opened, "the connection was opened"))
            .and_maybe(end)
            .explain("Load balancers and monitoring check a port by opening a connection and closing it again; that is no failed handshake."),
    )
}
