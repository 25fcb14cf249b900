//! Encrypted Client Hello was rejected.
#![doc = include_str!("ech.md")]

use crate::cause::Cause;
use crate::diagnosis::case::Case;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::rule::{Assessment, Rule};
use crate::diagnosis::rules::negotiation::{alert, said};

/// Its rule.
pub const RULE: Rule = Rule { cause: Cause::EchRejected, shadows: &[Cause::ClientAborted], examine };

/// ech_required.
const ECH_REQUIRED: u8 = 121;

fn examine(case: &Case<'_>) -> Assessment {
    match alert(case, ECH_REQUIRED) {
        Some(seen) => Assessment::Supported(Finding::certain(
            "The server did not take the Encrypted Client Hello, and the client insists on it.",
            said(seen, ECH_REQUIRED),
        )),
        None => Assessment::Silent,
    }
}
