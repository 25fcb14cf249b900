//! The ClientHello was acknowledged, and nothing came back.
#![doc = include_str!("server_silent.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::ending::{Ending, Stage};
use crate::diagnosis::finding::{Evidence, Finding};
use crate::diagnosis::rule::{Assessment, Rule};
use crate::role::Role;
use crate::time::Timestamp;

/// Its rule.
pub const RULE: Rule = Rule {
    cause: Cause::ServerSilent,
    shadows: &[
        Cause::ClientAborted,
        Cause::ClosedWithoutAlert,
        Cause::ResetMidHandshake,
        Cause::CaptureIncomplete,
        Cause::Unknown,
    ],
    examine,
};

/// Waiting for so long is silence, in seconds.
const SILENCE: f64 = 1.0;

fn examine(case: &Case<'_>) -> Assessment {
    let session = case.session;
    let Some(hello) = session.client_hello.seen() else { return Assessment::Silent };
    if case.is_one_sided() || session.plaintext.server.is_some() {
        return Assessment::Silent;
    }
    let (until, ended): (Timestamp, Option<Evidence>) = match case.ending {
        Ending::Open { stage: Stage::Hello } => (session.now, None),
        Ending::Closed { by: Role::Client, at, how, stage: Stage::Hello } => {
            (at.time, Some(Evidence::at(at, format!("the client {}", how.words()))))
        }
        _ => return Assessment::Silent,
    };
    let waited = until.since(hello.time);
    let acknowledged = session.tcp.last_ack.server.is_some_and(|at| at.packet > hello.packet);
    let confidence = match waited.as_secs_f64() {
        seconds if seconds >= SILENCE && acknowledged && ended.is_some() => Confidence::Certain,
        seconds if seconds >= SILENCE && acknowledged => Confidence::Likely,
        seconds if seconds >= SILENCE => Confidence::Likely,
        _ => Confidence::Possible,
    };
    let mut finding = Finding::with(
        confidence,
        format!("The server never answered the ClientHello; the client waited for {waited}."),
        Evidence::of(hello, "the client sent its ClientHello"),
    );
    if let Some(at) = session.tcp.last_ack.server.filter(|at| at.packet > hello.packet) {
        finding = finding.and(Evidence::at(at, "the server's host acknowledged it, so it arrived"));
    }
    Assessment::Supported(finding.and_maybe(ended))
}
