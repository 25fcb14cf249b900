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
    let finding = Finding::likely(
        format!("The {by} closed the connection {when}, without an alert."),
        Evidence::at(at, format!("the {by} {}", how.words())),
    )
    .explain(format!("The {by} gave no reason. Programs that check certificates by themselves (Node.js, many GnuTLS applications) close in this way when they refuse one; so does a program that gives up waiting."))
    .needs(format!("the {by}'s log of that moment"));
    Assessment::Supported(finding)
}
