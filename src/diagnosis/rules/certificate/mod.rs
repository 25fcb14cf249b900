//! What can be wrong with a certificate. Each file serves the client's and the server's cause by
//! [`Role`].

pub mod chain_incomplete;
pub mod chain_too_long;
pub mod expired;
pub mod key_mismatch;
pub mod malformed;
pub mod name_mismatch;
pub mod not_yet_valid;
pub mod rejected;
pub mod revoked;
pub mod self_signed;
pub mod untrusted_ca;
pub mod weak;
pub mod wrong_usage;

use crate::cause::Confidence;
use crate::diagnosis::case::Case;
use crate::diagnosis::fault::Fault;
use crate::diagnosis::finding::{Evidence, Finding};
use crate::diagnosis::refused::{Fit, How, Refused, confidence_of_visible};
use crate::diagnosis::rule::Assessment;
use crate::role::Role;
use crate::session::Decryption;
use crate::trust::Flaw;

/// The subject of `role`'s leaf, for a sentence: ` (CN = client)`, or nothing where it is not known.
fn subject(case: &Case<'_>, role: Role) -> String {
    match case.presented(role).first() {
        Some(leaf) if !leaf.subject.text.is_empty() => format!(" ({})", leaf.subject.text),
        _ => String::new(),
    }
}

/// As the beginning of a sentence.
fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// That `role` sent its certificate, with what can be seen of it.
fn certificate_evidence(case: &Case<'_>, role: Role, text: impl Into<String>) -> Option<Evidence> {
    case.presented_at(role).map(|at| Evidence::at(at, text))
}

/// A fault that can be seen in the certificate, and that its peer refused it.
///
/// `universal`: every verifier refuses for it. `text` ends the sentence "The server refused the
/// client's certificate: it …".
fn visible(case: &Case<'_>, role: Role, fault: Fault, universal: bool, flaw: &Flaw) -> Assessment {
    let Some(refused) = case.refused(role) else { return Assessment::Silent };
    let chain = case.presented(role);
    let said = flaw.describe(chain, case.session.judged_at(role));
    let whose = if said.starts_with("extendedKeyUsage") || said.starts_with("keyUsage") { "its" } else { "it" };
    let shown = if whose == "its" { format!("certificate: its {said}") } else { format!("certificate {said}") };
    let evidence = certificate_evidence(case, role, format!("the {role}'s {shown}"));
    let fit = refused.fit(case, fault);
    let rivals = case.has_rival(role, fault, fit);
    let Some(confidence) = confidence_of_visible(fit, universal, rivals, &refused) else {
        return match refused.how {
            How::Alert(seen, alert) => Assessment::RuledOut(Evidence::of(
                seen,
                format!(
                    "it is so ({said}), but alert {} ({alert}) is not sent for it",
                    crate::iana::alerts::display(alert)
                ),
            )),
            _ => Assessment::Silent,
        };
    };
    let summary =
        format!("The {} refused the {role}'s certificate{}: {whose} {said}.", role.peer(), subject(case, role));
    let mut finding = Finding::with(confidence, summary, refused.evidence()).and_maybe(evidence);
    if rivals {
        finding = finding.explain("The certificate has more than one fault; all of them have to be mended.");
    }
    Assessment::Supported(with_needs(case, role, confidence, finding))
}

/// A fault that cannot be seen, and that the refusal names or allows.
fn unseen(
    case: &Case<'_>,
    refused: &Refused<'_>,
    confidence: Confidence,
    summary: String,
    explanation: impl Into<String>,
) -> Finding {
    let finding = Finding::with(confidence, summary, refused.evidence()).explain(explanation);
    let finding = finding.and_maybe(certificate_evidence(
        case,
        refused.of,
        format!("the {} sent its certificate{}", refused.of, subject(case, refused.of)),
    ));
    with_needs(case, refused.of, confidence, finding)
}

/// Why a certificate that is there was not read.
fn why_unread(case: &Case<'_>) -> &'static str {
    // Where the keys are there, packets are not.
    match case.session.decryption {
        Decryption::Full => "The certificate itself is not in the capture.",
        _ => "The certificate itself is encrypted.",
    }
}

/// What would decide it.
fn with_needs(case: &Case<'_>, role: Role, confidence: Confidence, mut finding: Finding) -> Finding {
    if confidence == Confidence::Certain {
        return finding;
    }
    if case.is_unread(role) || case.refused(role).is_some_and(|refused| refused.is_hidden()) {
        finding = finding.needs(if case.session.decryption == Decryption::Full {
            "a capture that has the packets with the certificate".to_owned()
        } else {
            crate::knowledge::keys::key_log(&case.session.stack)
        });
    }
    let log = match role {
        Role::Client => "the server's log of that moment, which names the reason of the verification",
        Role::Server => "the client's error message of that moment, which names the reason of the verification",
    };
    finding.needs(log)
}

/// The fit of a fault whose alert names or allows it, and that nothing contradicts.
fn fits<'a>(case: &Case<'a>, role: Role, fault: Fault) -> Option<(Refused<'a>, Fit)> {
    let refused = case.refused(role)?;
    let fit = refused.fit(case, fault);
    (fit > Fit::Excludes).then_some((refused, fit))
}
