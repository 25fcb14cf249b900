//! A record was altered on the way, or protected with other keys.
#![doc = include_str!("corrupted_record.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::ending::{Ending, Stage};
use crate::diagnosis::finding::{Evidence, Finding};
use crate::diagnosis::rule::{Assessment, Rule};
use crate::iana::alerts;
use crate::role::Role;
use crate::session::Corruption;

/// Its rule.
pub const RULE: Rule = Rule {
    cause: Cause::CorruptedRecord,
    shadows: &[Cause::ProtocolViolation, Cause::ClosedWithoutAlert, Cause::ResetMidHandshake],
    examine,
};

/// bad_record_mac.
const BAD_RECORD_MAC: u8 = 20;
/// decryption_failed_RESERVED.
const DECRYPTION_FAILED: u8 = 21;
/// decrypt_error.
const DECRYPT_ERROR: u8 = 51;

fn examine(case: &Case<'_>) -> Assessment {
    let session = case.session;
    let broken = session.corrupted.iter().find(|seen| seen.value.what == Corruption::BadMac);
    let Ending::Alert { seen, alert, stage } = case.ending else { return Assessment::Silent };
    let number = alert.description;
    let says = Evidence::of(
        seen,
        format!("the {} refused with alert {} ({number})", seen.value.from, alerts::display(number)),
    );
    let summary = format!(
        "The {} received a record that does not fit the keys: altered on the way, or protected with others.",
        seen.value.from
    );
    match number {
        BAD_RECORD_MAC | DECRYPTION_FAILED => {
            let confidence = if broken.is_some() { Confidence::Certain } else { Confidence::Likely };
            let finding = Finding::with(confidence, summary, says)
                .and_maybe(broken.map(|seen| Evidence::of(seen, format!("a record of the {} does not open with the keys of its connection", seen.value.from))))
                .explain("Both sides derive their keys from what each has seen of the handshake: a bit that was altered in any message makes the keys differ.")
                .needs("a capture at the other side, to compare the bytes");
            Assessment::Supported(finding)
        }
        DECRYPT_ERROR if stage >= Stage::ServerFlight && wrong_finished(case, seen.value.from.peer()) => {
            Assessment::Supported(
                Finding::likely(summary, says)
                    .explain("Finished does not fit: the two sides have seen different handshakes."),
            )
        }
        DECRYPT_ERROR
            if !case.signature_is_wrong(seen.value.from.peer()) && session.chain(seen.value.from.peer()).is_empty() =>
        {
            Assessment::Supported(Finding::possible(summary, says))
        }
        _ => altered_certificate(case),
    }
}

fn wrong_finished(case: &Case<'_>, of: Role) -> bool {
    let later = case.session.reauthentication.iter().filter_map(|seen| seen.value.finished.of(of).as_ref());
    let all = case.session.finished.of(of).seen().into_iter().chain(later);
    all.into_iter().any(|seen| seen.value.verified == Some(false))
}

/// A certificate whose own signature fits no longer, although everything else about it is in order.
fn altered_certificate(case: &Case<'_>) -> Assessment {
    use crate::trust::Flaw;
    for role in [Role::Client, Role::Server] {
        let Some(refused) = case.refused(role) else { continue };
        let bad = case.flaws(role).iter().find(|flaw| matches!(flaw, Flaw::BadSignature { .. }));
        if let (Some(_), Some(at)) = (bad, case.presented_at(role)) {
            let finding = Finding::possible(
                format!("A certificate of the {role} may have been altered on the way: its issuer's signature does not fit it."),
                refused.evidence(),
            )
            .and(Evidence::at(at, "the issuer's key does not verify the signature of this certificate"));
            return Assessment::Supported(finding);
        }
    }
    Assessment::Silent
}
