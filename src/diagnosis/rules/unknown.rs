//! It failed, and the evidence does not say why.
#![doc = include_str!("unknown.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::ending::{Ending, Stage};
use crate::diagnosis::finding::{Evidence, Finding};
use crate::diagnosis::rule::{Assessment, Rule};
use crate::iana::alerts;
use crate::session::Decryption;

/// Its rule.
pub const RULE: Rule = Rule { cause: Cause::Unknown, shadows: &[], examine };

fn examine(case: &Case<'_>) -> Assessment {
    let session = case.session;
    let evidence = match case.ending {
        Ending::Alert { seen, alert, .. } => Evidence::of(
            seen,
            format!(
                "the {} refused with alert {} ({})",
                seen.value.from,
                alerts::display(alert.description),
                alert.description
            ),
        ),
        Ending::HiddenAlert { seen, .. } => {
            Evidence::of(seen, format!("the {} ended it with an encrypted alert", seen.value.from))
        }
        Ending::Closed { by, at, how, .. } => Evidence::at(at, format!("the {by} {}", how.words())),
        Ending::Refusal { seen } => Evidence::of(seen, format!("the server answered \"{}\"", seen.value.text)),
        Ending::Open { stage: Stage::Nothing } => Evidence::at(session.last, "the last packet of the connection"),
        Ending::Open { .. } | Ending::LeftAtOnce { .. } | Ending::HiddenAnswer { .. } | Ending::Completed => {
            return Assessment::Silent;
        }
    };
    let finding =
        Finding::with(Confidence::Possible, "The handshake failed, and these packets do not say why.", evidence)
            .needs("the logs of both sides of that moment");
    // Keys that are there tell no more.
    Assessment::Supported(match session.decryption {
        Decryption::Full => finding,
        _ => finding.needs(crate::knowledge::keys::key_log(&session.stack)),
    })
}
