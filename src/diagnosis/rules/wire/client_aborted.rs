//! The client ended the handshake by its own decision.
#![doc = include_str!("client_aborted.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::ending::{Close, Ending, Stage};
use crate::diagnosis::finding::{Evidence, Finding};
use crate::diagnosis::rule::{Assessment, Rule};
use crate::role::Role;

/// Its rule.
pub const RULE: Rule = Rule {
    cause: Cause::ClientAborted,
    shadows: &[Cause::ClosedWithoutAlert, Cause::ResetMidHandshake, Cause::Unknown],
    examine,
};

/// user_canceled (RFC 8446 section 6.1).
const USER_CANCELED: u8 = 90;
/// A wait that ends at a time-out, in seconds.
const TIME_OUT: f64 = 0.9;

fn examine(case: &Case<'_>) -> Assessment {
    let Ending::Closed { by: Role::Client, at, how, stage } = case.ending else { return Assessment::Silent };
    let session = case.session;
    let canceled = session
        .alerts_of(Role::Client)
        .find(|seen| seen.value.alert.is_some_and(|alert| alert.description == USER_CANCELED));
    if let Some(seen) = canceled {
        return Assessment::Supported(Finding::certain(
            "The client cancelled the handshake.",
            Evidence::of(seen, "the client sent user_canceled (90)"),
        ));
    }
    if stage == Stage::Nothing {
        return Assessment::Silent;
    }
    let goodbye = how == Close::CloseNotify;
    // How long the client had been waiting for the server when it closed.
    let waiting = last_before(case, at.packet).map_or(0.0, |before| at.time.since(before.time).as_secs_f64());
    let waited_for_server = matches!(stage, Stage::Hello | Stage::ClientFlight) && waiting >= TIME_OUT
        || stage == Stage::ServerFlight && waiting >= TIME_OUT && !server_flight_is_complete(case);
    let confidence = if goodbye || waited_for_server { Confidence::Likely } else { Confidence::Possible };
    let summary = if waited_for_server {
        format!("The client gave up: it closed after {waiting:.1} seconds without a word from the server.")
    } else {
        "The client closed the connection by its own decision, without an alert.".to_owned()
    };
    let finding = Finding::with(confidence, summary, Evidence::at(at, format!("the client {}", how.words())))
        .explain(if waited_for_server {
            "Such a silence before a close is a time-out of the client's own. What took the server so long is the question."
        } else {
            "It may have refused the server's certificate without saying so, or somebody stopped it."
        })
        .needs("the client's error message of that moment");
    Assessment::Supported(finding)
}

fn server_flight_is_complete(case: &Case<'_>) -> bool {
    case.session.server_hello_done.is_seen() || case.session.finished.server.is_seen()
}

/// The last thing of the handshake before `packet`.
fn last_before(case: &Case<'_>, packet: crate::seen::PacketNo) -> Option<crate::seen::At> {
    use crate::session::timeline::EntryKind;
    case.session
        .timeline
        .entries
        .iter()
        .filter(|entry| entry.packet < packet && !matches!(entry.kind, EntryKind::Tcp | EntryKind::Note))
        .max_by_key(|entry| entry.packet)
        .map(|entry| crate::seen::At { packet: entry.packet, time: entry.time })
}
