//! The certificate was refused, and the reason is hidden.
#![doc = include_str!("rejected.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::ending::{Close, Stage};
use crate::diagnosis::refused::How;
use crate::diagnosis::rule::{Assessment, Rule};
use crate::diagnosis::rules::certificate::unseen;
use crate::role::Role;
use crate::session::Stack;
use crate::session::inference::HiddenAnswer;

/// The client's.
pub const CLIENT: Rule = Rule {
    cause: Cause::ClientCertRejected,
    shadows: &[Cause::ClosedWithoutAlert, Cause::ResetMidHandshake, Cause::ProtocolViolation],
    examine: |case| examine(case, Role::Client),
};
/// The server's.
pub const SERVER: Rule = Rule {
    cause: Cause::ServerCertRejected,
    shadows: &[Cause::ClosedWithoutAlert, Cause::ResetMidHandshake, Cause::ClientAborted, Cause::ProtocolViolation],
    examine: |case| examine(case, Role::Server),
};

/// Alerts that speak of a certificate and nothing else (RFC 8446 section 6.2).
const ABOUT_CERTIFICATES: &[u8] = &[41, 42, 43, 44, 45, 46, 48, 111, 113, 114];

fn examine(case: &Case<'_>, role: Role) -> Assessment {
    let Some(refused) = case.refused(role) else { return Assessment::Silent };
    let confidence = match refused.how {
        How::Alert(_, alert) if ABOUT_CERTIFICATES.contains(&alert) => Confidence::Likely,
        How::Alert(_, 49) => Confidence::Likely,
        How::Alert(..) => Confidence::Possible,
        How::Hidden(_) => Confidence::Likely,
        How::Page(seen) if seen.value.meaning == crate::session::RefusalMeaning::CertificateInvalid => {
            Confidence::Likely
        }
        How::Page(_) => return Assessment::Silent,
        How::Answer(_, HiddenAnswer::NginxPage | HiddenAnswer::ForbiddenPage) => Confidence::Likely,
        How::Answer(..) => Confidence::Possible,
        How::Closed(..) if case.has_holes() => Confidence::Possible,
        How::Closed(..) if role == Role::Client && refused.stage == Stage::ClientFlight => {
            closes_silently(case, Role::Server)
        }
        How::Closed(..) if refused.stage == Stage::ServerFlight => closes_silently(case, Role::Client),
        How::Closed(..) if role == Role::Client => Confidence::Likely,
        How::Closed(_, Close::Plaintext) => Confidence::Likely,
        How::Closed(..) => leaves_silently(case),
    };
    if role == Role::Client
        && case.session.certificate_request.is_not_sent()
        && !case.reauthenticated_with_certificate()
    {
        return Assessment::Silent;
    }
    let verifier = role.peer();
    Assessment::Supported(unseen(
        case,
        &refused,
        confidence,
        match refused.how {
            How::Closed(..) if refused.stage == Stage::Finished => format!(
                "The {verifier} completed the handshake and left at once, as programs do that refuse the {role}'s certificate without an alert."
            ),
            How::Closed(..) => {
                format!(
                    "The {verifier} left after the {role}'s certificate without a word, and most likely refused it."
                )
            }
            _ => format!("The {verifier} refused the {role}'s certificate, and the reason is hidden."),
        },
        if refused.is_hidden() || case.is_unread(role) {
            "What could tell the reason is encrypted."
        } else {
            "Nothing in the certificate explains it: the reason lies in the verifier's own configuration."
        },
    ))
}

/// Stacks that refuse a certificate by closing, without an alert. (Programs over GnuTLS look at it when the handshake is
/// over: slapd, lighttpd, wget.)
const SILENT: &[Stack] = &[Stack::Node, Stack::S2n, Stack::WolfSsl, Stack::MbedTls, Stack::GnuTls];

fn closes_silently(case: &Case<'_>, verifier: Role) -> Confidence {
    let candidates = &case.session.stack.of(verifier).candidates;
    if candidates.first().is_some_and(|stack| SILENT.contains(stack)) {
        Confidence::Likely
    } else {
        Confidence::Possible
    }
}

/// A client that completes the handshake and leaves at once may have refused; it may also be a health
/// check. A certificate that can be read and shows no fault speaks for the latter.
fn leaves_silently(case: &Case<'_>) -> Confidence {
    match case.session.stack.client.candidates.first() {
        Some(Stack::Node) => Confidence::Likely,
        Some(Stack::OpenSsl | Stack::Go | Stack::Rustls) if has_nothing_to_say(case) => Confidence::Possible,
        _ if case.is_unread(Role::Server) => Confidence::Likely,
        _ => Confidence::Possible,
    }
}

/// Whether nothing says which protocol would have been spoken. So it is with those that only look whether a server is there
/// (HAProxy's check-ssl, s_client, probes in Go). Who refuses by OpenSSL and without an alert came for HTTP or for a
/// database; Go and rustls refuse with an alert.
fn has_nothing_to_say(case: &Case<'_>) -> bool {
    let offers = case.session.client_hello.value().is_some_and(|hello| !hello.extensions.alpn().is_empty());
    !offers && case.session.preamble.is_none()
}
