//! The connection was closed in mid-handshake, without an alert.
#![doc = include_str!("closed_without_alert.md")]

use crate::cause::Cause;
use crate::diagnosis::case::Case;
use crate::diagnosis::ending::{Close, Ending, Stage};
use crate::diagnosis::finding::{Evidence, Finding};
use crate::diagnosis::rule::{Assessment, Rule};

/// Its rule.
pub const RULE: Rule =
    Rule { cause: Cause::ClosedWithoutAlert, shadows: &[Cause::Unknown, Cause::CaptureIncomplete], examine };

fn examine(case: &Case<'_>) -> Assessment {
    let Ending::Closed { by, at, how, stage } = case.ending else { return Assessment::Silent };
    if how == Close::Reset || stage == Stage::Nothing {
        return Assessment::Silent;
    }
    let when = match stage {
        Stage::Nothing | Stage::Hello => "after the ClientHello",
        Stage::ServerFlight => "after the server's first flight",
        Stage::ClientFlight | Stage::Finished => "after the client's flight",
    };
    let eap = how == Close::EapFailure;
    let did = if eap { "ended the authentication" } else { "closed the connection" };
    let tunnel = eap && case.session.application_data.client.records > 0;
    let when = if tunnel { "after the handshake" } else { when };
    let why = if tunnel {
        "The handshake was completed, and something inside the tunnel was refused: as a rule a user name or a password."
    } else if eap {
        "EAP-Failure gives no reason. The server refused the client's certificate without an alert, or its policy does not let this client in."
    } else {
        "Programs that check certificates by themselves (Node.js, many GnuTLS applications) close in this way when they refuse one; so does a program that gives up waiting."
    };
    let finding = Finding::likely(
        format!("The {by} {did} {when}, without an alert."),
        Evidence::at(at, format!("the {by} {}", how.words())),
    )
    .explain(format!("The {by} gave no reason. {why}"))
    .needs(format!("the {by}'s log of that moment"));
    Assessment::Supported(finding)
}
