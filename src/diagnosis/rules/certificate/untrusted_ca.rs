//! The chain ends at an issuer that the verifier does not trust.
#![doc = include_str!("untrusted_ca.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::fault::Fault;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::refused::{Fit, How, Refused};
use crate::diagnosis::rule::{Assessment, Rule};
use crate::diagnosis::rules::certificate::{certificate_evidence, subject, unseen, why_unread, with_needs};
use crate::role::Role;
use crate::trust::{ChainEnd, ChainReport, Flaw, MissingKind, missing_kind as kind_of_missing};

/// The client's.
pub const CLIENT: Rule = Rule {
    cause: Cause::ClientCertUntrustedCa,
    shadows: &[Cause::ClientCertChainIncomplete, Cause::ClientCertRejected, Cause::ClientCertChainTooLong],
    examine: |case| examine(case, Role::Client),
};
/// The server's.
pub const SERVER: Rule = Rule {
    cause: Cause::ServerCertUntrustedCa,
    shadows: &[Cause::ServerCertChainIncomplete, Cause::ServerCertRejected, Cause::ServerCertChainTooLong],
    examine: |case| examine(case, Role::Server),
};

fn examine(case: &Case<'_>, role: Role) -> Assessment {
    let Some(refused) = case.refused(role) else { return Assessment::Silent };
    let fit = refused.fit(case, Fault::UntrustedCa);
    let Some(report) = case.chain.of(role) else { return unread(case, role, &refused, fit) };
    if case.flaw(role, Fault::SelfSigned).is_some() || fit == Fit::Excludes {
        return Assessment::Silent;
    }
    if let Some(flaw @ Flaw::SameNameOtherKey { .. }) = case.flaw(role, Fault::UntrustedCa) {
        return other_key(case, role, &refused, flaw);
    }
    if report.end == ChainEnd::Anchored {
        let evidence =
            certificate_evidence(case, role, "the chain ends at one of the trusted certificates that were given");
        return evidence.map_or(Assessment::Silent, Assessment::RuledOut);
    }
    let Some(confidence) = confidence(case, role, &refused, fit, report) else { return Assessment::Silent };
    let evidence = certificate_evidence(case, role, what_was_sent(role, report));
    let finding = Finding::with(confidence, summary(case, role, report), refused.evidence())
        .and_maybe(evidence)
        .explain(explanation(role, report, fit));
    let finding = if case.anchors(role).is_none() && confidence < Confidence::Certain {
        let option = if role == Role::Client { "--client-ca" } else { "--server-ca" };
        finding.needs(format!("the CA file of the {}, given by {option}", role.peer()))
    } else {
        finding
    };
    Assessment::Supported(with_needs(case, role, confidence, finding))
}

fn confidence(
    case: &Case<'_>,
    role: Role,
    refused: &Refused<'_>,
    fit: Fit,
    report: &ChainReport,
) -> Option<Confidence> {
    let explained = case.is_explained(role) || case.signature_is_wrong(role);
    let intermediates = report.path.len().saturating_sub(2);
    Some(match (&report.end, fit) {
        (ChainEnd::SelfSignedRoot { untrusted: true }, Fit::Names) => Confidence::Certain,
        (ChainEnd::SelfSignedRoot { .. }, Fit::Names) if intermediates <= 1 => Confidence::Certain,
        (ChainEnd::IssuerNotSent { .. }, _) if is_incomplete(case, role, report) => Confidence::Possible,
        (_, Fit::Names) => Confidence::Likely,
        // The server says itself that it accepts this issuer.
        (_, Fit::Allows) if role == Role::Client && case.issuer_is_named() && fit != Fit::Names => Confidence::Possible,
        // The same alert would be said of a name that does not fit, and the name is not known.
        (_, Fit::Allows)
            if role == Role::Server
                && case.server_name().is_none()
                && case.anchors(role).is_none()
                && refused.fit(case, Fault::NameMismatch) >= Fit::Allows =>
        {
            Confidence::Possible
        }
        // By elimination: the refusal would fit many faults, and no other can be seen.
        (_, Fit::Allows) if !explained => Confidence::Likely,
        (_, Fit::Silent) if !explained && matches!(refused.how, How::Page(_)) => Confidence::Possible,
        _ => Confidence::Possible,
    })
}

/// Whether the missing issuer is an intermediate: proved, or it says so in so many words. Other hints
/// (its organisation, an "issuing CA") do not suffice: "the issuer is not trusted" is true in either case.
pub(super) fn is_incomplete(case: &Case<'_>, role: Role, report: &ChainReport) -> bool {
    let named = issuer(report).is_some_and(|name| name.to_lowercase().contains("intermediate"));
    matches!(missing_kind(case, role, report), MissingKind::Intermediate(reason) if reason.proved || named)
}

/// What the missing issuer is.
pub(super) fn missing_kind(case: &Case<'_>, role: Role, report: &ChainReport) -> MissingKind {
    kind_of_missing(report, case.presented(role), &case.known_issuers(role))
}

fn unread(case: &Case<'_>, role: Role, refused: &Refused<'_>, fit: Fit) -> Assessment {
    if fit != Fit::Names || !case.is_unread(role) {
        return Assessment::Silent;
    }
    Assessment::Supported(unseen(
        case,
        refused,
        Confidence::Likely,
        format!("The {} refused the {role}'s certificate: it does not know the issuer.", role.peer()),
        format!(
            "unknown_ca is said of an issuer that is not trusted, of a chain with an intermediate missing and of a self-signed certificate alike. {}",
            why_unread(case)
        ),
    ))
}

fn other_key(case: &Case<'_>, role: Role, refused: &Refused<'_>, flaw: &Flaw) -> Assessment {
    let said = flaw.describe(case.presented(role), case.session.judged_at(role));
    let confidence = if case.anchors(role).is_some() { Confidence::Certain } else { Confidence::Likely };
    let summary = format!(
        "The {} refused the {role}'s certificate{}: its issuer has the name of a trusted one, but another key.",
        role.peer(),
        subject(case, role)
    );
    let finding = Finding::with(confidence, summary, refused.evidence())
        .and_maybe(certificate_evidence(case, role, format!("the {role}'s certificate: {said}")))
        .explain("A CA was made anew under its old name. Certificates of the old one do not verify against the new one, and the other way round.");
    Assessment::Supported(with_needs(case, role, confidence, finding))
}

fn issuer(report: &ChainReport) -> Option<&str> {
    match &report.end {
        ChainEnd::IssuerNotSent { issuer, .. } => Some(issuer.text.as_str()),
        _ => None,
    }
}

fn summary(case: &Case<'_>, role: Role, report: &ChainReport) -> String {
    let verifier = role.peer();
    let subject = subject(case, role);
    match issuer(report) {
        Some(issuer) => format!(
            "The {verifier} refused the {role}'s certificate{subject}: it does not trust the issuer ({issuer})."
        ),
        None => format!(
            "The {verifier} refused the {role}'s certificate{subject}: it does not trust the CA that the chain ends at."
        ),
    }
}

fn what_was_sent(role: Role, report: &ChainReport) -> String {
    let sent = report.path.len();
    match issuer(report) {
        Some(issuer) if sent <= 1 => format!("the {role} sent its leaf alone; its issuer ({issuer}) was not sent"),
        Some(issuer) => {
            format!("the {role} sent {sent} certificates; the issuer of the last one ({issuer}) was not sent")
        }
        None => format!("the {role} sent {sent} certificates, up to a self-signed root"),
    }
}

fn explanation(role: Role, report: &ChainReport, fit: Fit) -> String {
    let verifier = role.peer();
    let mut text = String::new();
    if fit != Fit::Names {
        text.push_str("The refusal itself does not say why; no other fault can be seen in the certificate. ");
    }
    match issuer(report) {
        Some(issuer) => text.push_str(&format!(
            "Either {issuer} is missing from the CAs that the {verifier} trusts, or it is an intermediate that the {role} has to send along."
        )),
        None => text.push_str(&format!("A root that is sent along proves nothing: the {verifier} has to have it itself.")),
    }
    text
}
