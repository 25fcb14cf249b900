//! The certificate may not be used for what it was used for.
#![doc = include_str!("wrong_usage.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::fault::Fault;
use crate::diagnosis::refused::Fit;
use crate::diagnosis::rule::{Assessment, Rule};
use crate::diagnosis::rules::certificate::{fits, unseen, visible, why_unread};
use crate::role::Role;

/// The client's.
pub const CLIENT: Rule = Rule {
    cause: Cause::ClientCertWrongUsage,
    shadows: &[Cause::ClientCertRejected, Cause::ClientCertUntrustedCa, Cause::ClientCertChainIncomplete],
    examine: |case| examine(case, Role::Client),
};
/// The server's.
pub const SERVER: Rule = Rule {
    cause: Cause::ServerCertWrongUsage,
    shadows: &[Cause::ServerCertRejected, Cause::ServerCertUntrustedCa, Cause::ServerCertChainIncomplete],
    examine: |case| examine(case, Role::Server),
};

fn examine(case: &Case<'_>, role: Role) -> Assessment {
    if let Some(flaw) = case.flaw(role, Fault::WrongUsage) {
        return visible(case, role, Fault::WrongUsage, false, flaw);
    }
    if !case.is_unread(role) {
        return Assessment::Silent;
    }
    match fits(case, role, Fault::WrongUsage) {
        Some((refused, Fit::Names)) => Assessment::Supported(unseen(
            case,
            &refused,
            Confidence::Likely,
            format!("The {} refused the {role}'s certificate as one of an unsupported kind.", role.peer()),
            format!(
                "unsupported_certificate is most often said of a certificate whose usage does not allow what it is used for. {}",
                why_unread(case)
            ),
        )),
        _ => Assessment::Silent,
    }
}
