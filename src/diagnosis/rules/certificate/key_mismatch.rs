//! A signature was made with a key that does not belong to the certificate.
#![doc = include_str!("key_mismatch.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::ending::Ending;
use crate::diagnosis::fault::Fault;
use crate::diagnosis::finding::{Evidence, Finding};
use crate::diagnosis::refused::{Fit, How};
use crate::diagnosis::rule::{Assessment, Rule};
use crate::diagnosis::rules::certificate::{subject, unseen, with_needs};
use crate::role::Role;
use crate::seen::Seen;
use crate::session::SignatureCheck;

/// The client's.
pub const CLIENT: Rule = Rule {
    cause: Cause::ClientCertKeyMismatch,
    shadows: &[
        Cause::ClientCertRejected,
        Cause::ClientCertUntrustedCa,
        Cause::ClientCertChainIncomplete,
        Cause::CorruptedRecord,
        Cause::ProtocolViolation,
    ],
    examine: |case| examine(case, Role::Client),
};
/// The server's.
pub const SERVER: Rule = Rule {
    cause: Cause::ServerCertKeyMismatch,
    shadows: &[
        Cause::ServerCertRejected,
        Cause::ServerCertUntrustedCa,
        Cause::ServerCertChainIncomplete,
        Cause::CorruptedRecord,
        Cause::ProtocolViolation,
    ],
    examine: |case| examine(case, Role::Server),
};

/// A signature that does not fit, and an alert that is not one for certificates: Go says
/// unexpected_message.
fn refused_otherwise(case: &Case<'_>, role: Role, invalid: Option<&Seen<SignatureCheck>>) -> Assessment {
    match (invalid, case.ending) {
        (Some(signature), Ending::Alert { seen, alert, .. })
            if seen.value.from == role.peer() && seen.packet >= signature.packet =>
        {
            let summary = format!(
                "The {role} signed with a key that does not belong to its certificate{}, and the {} refused it.",
                subject(case, role),
                role.peer()
            );
            let number = alert.description;
            let text =
                format!("the {} refused with alert {} ({number})", role.peer(), crate::iana::alerts::display(number));
            let wrong =
                format!("the {role}'s signature over the handshake does not verify with the key in its certificate");
            let finding = Finding::certain(summary, Evidence::of(signature, wrong)).and(Evidence::of(seen, text));
            Assessment::Supported(finding)
        }
        _ => Assessment::Silent,
    }
}

fn examine(case: &Case<'_>, role: Role) -> Assessment {
    let checked = |as_what| case.signature_checks(role).find(|seen| seen.value == as_what);
    let invalid = checked(SignatureCheck::Invalid);
    let verifier = role.peer();
    let Some(refused) = case.refused(role) else { return refused_otherwise(case, role, invalid) };
    if let Some(seen) = invalid {
        let fit = refused.fit(case, Fault::KeyMismatch);
        let confidence = match fit {
            Fit::Names | Fit::Allows => Confidence::Certain,
            Fit::Silent | Fit::Unusual if !case.has_rival(role, Fault::KeyMismatch, Fit::Allows) => Confidence::Likely,
            Fit::Silent | Fit::Unusual | Fit::Excludes => Confidence::Possible,
        };
        let summary = format!(
            "The {role} signed with a key that does not belong to its certificate{}, and the {verifier} refused it.",
            subject(case, role)
        );
        let text = format!("the {role}'s signature over the handshake does not verify with the key in its certificate");
        let finding = Finding::with(confidence, summary, Evidence::of(seen, text)).and(refused.evidence()).explain(
            "The signature was checked here, against the messages of this capture and the key in the certificate.",
        );
        return Assessment::Supported(with_needs(case, role, confidence, finding));
    }
    let named = matches!(refused.how, How::Alert(_, 51));
    if let Some(valid) = checked(SignatureCheck::Valid) {
        return if named {
            Assessment::RuledOut(Evidence::of(
                valid,
                format!("the {role}'s signature verifies with the key in its certificate"),
            ))
        } else {
            Assessment::Silent
        };
    }
    if !named {
        return Assessment::Silent;
    }
    Assessment::Supported(unseen(
        case,
        &refused,
        Confidence::Likely,
        format!("The {verifier} could not verify a signature of the {role}."),
        "decrypt_error is said where a signature does not fit the certificate's key, and by some stacks where the signature of the issuer does not fit.",
    ))
}
