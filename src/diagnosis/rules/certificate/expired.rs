//! The certificate had expired at the time of the handshake.
#![doc = include_str!("expired.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::fault::Fault;
use crate::diagnosis::refused::Fit;
use crate::diagnosis::rule::{Assessment, Rule};
use crate::diagnosis::rules::certificate::{fits, unseen, visible, why_unread};
use crate::role::Role;

/// The client's.
pub const CLIENT: Rule = Rule {
    cause: Cause::ClientCertExpired,
    shadows: &[Cause::ClientCertRejected],
    examine: |case| examine(case, Role::Client),
};
/// The server's.
pub const SERVER: Rule = Rule {
    cause: Cause::ServerCertExpired,
    shadows: &[Cause::ServerCertRejected],
    examine: |case| examine(case, Role::Server),
};

fn examine(case: &Case<'_>, role: Role) -> Assessment {
    if let Some(flaw) = case.flaw(role, Fault::Expired) {
        return visible(case, role, Fault::Expired, true, flaw);
    }
    if !case.is_unread(role) {
        return Assessment::Silent;
    }
    match fits(case, role, Fault::Expired) {
        Some((refused, Fit::Names)) => Assessment::Supported(unseen(
            case,
            &refused,
            Confidence::Likely,
            format!("The {} refused the {role}'s certificate as expired.", role.peer()),
            format!("{} Some stacks say the same of a certificate that is not valid yet.", why_unread(case)),
        )),
        _ => Assessment::Silent,
    }
}
