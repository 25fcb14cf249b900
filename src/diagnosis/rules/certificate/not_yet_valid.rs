//! The certificate was not valid yet at the time of the handshake.
#![doc = include_str!("not_yet_valid.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::fault::Fault;
use crate::diagnosis::refused::{Fit, How};
use crate::diagnosis::rule::{Assessment, Rule};
use crate::diagnosis::rules::certificate::{fits, unseen, visible};
use crate::role::Role;

/// The client's.
pub const CLIENT: Rule = Rule {
    cause: Cause::ClientCertNotYetValid,
    shadows: &[Cause::ClientCertRejected],
    examine: |case| examine(case, Role::Client),
};
/// The server's.
pub const SERVER: Rule = Rule {
    cause: Cause::ServerCertNotYetValid,
    shadows: &[Cause::ServerCertRejected],
    examine: |case| examine(case, Role::Server),
};

/// certificate_expired.
const CERTIFICATE_EXPIRED: u8 = 45;

fn examine(case: &Case<'_>, role: Role) -> Assessment {
    if let Some(flaw) = case.flaw(role, Fault::NotYetValid) {
        return visible(case, role, Fault::NotYetValid, true, flaw);
    }
    if !case.is_unread(role) {
        return Assessment::Silent;
    }
    match fits(case, role, Fault::NotYetValid) {
        Some((refused, Fit::Allows)) if matches!(refused.how, How::Alert(_, CERTIFICATE_EXPIRED)) => {
            Assessment::Supported(unseen(
                case,
                &refused,
                Confidence::Possible,
                format!("The {} refused the {role}'s certificate for its validity period.", role.peer()),
                "This stack says certificate_expired of a certificate that is not valid yet, too.",
            ))
        }
        _ => Assessment::Silent,
    }
}
