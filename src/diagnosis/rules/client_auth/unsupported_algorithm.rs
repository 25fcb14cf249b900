//! The client's key type or signature algorithm is none that the server allows.
#![doc = include_str!("unsupported_algorithm.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::ending::{Ending, Stage};
use crate::diagnosis::finding::{Evidence, Finding};
use crate::diagnosis::rule::{Assessment, Rule};
use crate::iana::signature_schemes;
use crate::role::Role;
use crate::tls::handshake::CertificateRequest;
use crate::x509::KeyKind;

/// Its rule.
pub const RULE: Rule = Rule {
    cause: Cause::ClientCertUnsupportedAlgorithm,
    shadows: &[
        Cause::ClientCertRejected,
        Cause::ClientCertUntrustedCa,
        Cause::ClientCertChainIncomplete,
        Cause::NoCommonSignatureAlgorithm,
        Cause::ProtocolViolation,
        Cause::ClientCertKeyMismatch,
    ],
    examine,
};

/// The schemes that a key of that kind can sign with, TLS 1.3 or 1.2.
fn schemes_of(kind: KeyKind, tls13: bool) -> &'static [u16] {
    match kind {
        KeyKind::Rsa if tls13 => &[0x0804, 0x0805, 0x0806],
        KeyKind::Rsa => &[0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0301, 0x0201, 0x0101],
        KeyKind::RsaPss => &[0x0809, 0x080a, 0x080b],
        KeyKind::P256 if tls13 => &[0x0403],
        KeyKind::P384 if tls13 => &[0x0503],
        KeyKind::P521 if tls13 => &[0x0603],
        KeyKind::P256 | KeyKind::P384 | KeyKind::P521 => &[0x0403, 0x0503, 0x0603, 0x0303, 0x0203],
        KeyKind::Ed25519 => &[0x0807],
        KeyKind::Ed448 => &[0x0808],
        KeyKind::Dsa => &[0x0402, 0x0302, 0x0202, 0x0502, 0x0602],
        KeyKind::MlDsa => &[0x0904, 0x0905, 0x0906],
        KeyKind::OtherEc | KeyKind::Unknown => &[],
    }
}

fn examine(case: &Case<'_>) -> Assessment {
    let session = case.session;
    let Some(request) = case.request() else {
        return if session.certificate_request.is_seen() { unread(case) } else { Assessment::Silent };
    };
    let Some(asked) = case.request_evidence(allowed(request)) else { return Assessment::Silent };
    let refused_by_server = case.refused(Role::Client).is_some()
        || matches!(case.ending, Ending::Alert { seen, .. } if seen.value.from == Role::Server);
    let client_gave_up = matches!(case.ending, Ending::Alert { seen, alert, .. }
        if seen.value.from == Role::Client && matches!(alert.description, 40 | 43 | 47 | 80))
        || matches!(case.ending, Ending::Closed { by: Role::Client, .. });
    let Some(leaf) = case.presented(Role::Client).first() else {
        return if case.answered_empty() || client_gave_up {
            nothing_to_show(case, request)
        } else {
            Assessment::Silent
        };
    };
    if !refused_by_server && !client_gave_up {
        return Assessment::Silent;
    }
    if leaf.key.kind == KeyKind::Unknown {
        return Assessment::Silent;
    }
    let tls13 = session.is_tls13();
    let usable = schemes_of(leaf.key.kind, tls13);
    let lists = !request.signature_algorithms.is_empty();
    let fits = !lists || usable.iter().any(|scheme| request.signature_algorithms.contains(scheme));
    let used = case.client_verify().and_then(|verify| verify.scheme);
    let used_unasked = used.is_some_and(|scheme| lists && !request.signature_algorithms.contains(&scheme));
    let type_fits =
        tls13 || request.certificate_types.is_empty() || type_allowed(leaf.key.kind, &request.certificate_types);
    let foreign_curve = leaf.key.kind == KeyKind::OtherEc;
    if fits && type_fits && !used_unasked && !foreign_curve {
        return Assessment::Silent;
    }
    let confidence = if case.is_explained(Role::Client) { Confidence::Possible } else { Confidence::Likely };
    let key = leaf.key.describe();
    let summary = if refused_by_server {
        format!(
            "The server refused the client's certificate: its key ({key}) is of a kind that the server does not allow."
        )
    } else {
        format!("The client gave up: its key ({key}) can make none of the signatures that the server allows.")
    };
    let first = match (case.refused(Role::Client), case.ending) {
        (Some(refused), _) => refused.evidence(),
        (None, Ending::Alert { seen, alert, .. }) => Evidence::of(
            seen,
            format!(
                "the {} sent alert {} ({})",
                seen.value.from,
                crate::iana::alerts::display(alert.description),
                alert.description
            ),
        ),
        (None, _) => asked.clone(),
    };
    let finding = Finding::with(confidence, summary, first)
        .and(asked)
        .and_maybe(case.presented_at(Role::Client).map(|at| Evidence::at(at, format!("the client's key is {key}"))));
    Assessment::Supported(finding)
}

/// The client was asked for a certificate, and stopped with an alert in the place of its answer or of its signature; none
/// of it can be read.
fn unread(case: &Case<'_>) -> Assessment {
    let Ending::HiddenAlert { seen, stage } = case.ending else { return Assessment::Silent };
    if seen.value.from != Role::Client {
        return Assessment::Silent;
    }
    let key_log = crate::knowledge::keys::key_log(&case.session.stack);
    let asked = case.session.certificate_request.seen();
    let asked = asked.map(|seen| Evidence::of(seen, "the server asked for a certificate"));
    let sent = case.session.certificate.client.seen();
    let finding = match (stage, sent) {
        (Stage::ServerFlight, None) => Finding::possible(
            "The client stopped when it was asked for a certificate: its key may be of a kind that the server does not allow.",
            Evidence::of(seen, "the client sent an encrypted alert in the place of its Certificate"),
        )
        .and_maybe(asked),
        (Stage::ClientFlight, Some(sent)) => Finding::likely(
            "The client sent its certificate and could not sign for it: its key can make none of the signatures that the server allows.",
            Evidence::of(seen, "the client sent an encrypted alert in the place of its CertificateVerify"),
        )
        .and(Evidence::of(sent, "the client sent a record long enough for a certificate"))
        .explain("With its Certificate the client has accepted the server's. What follows is its own signature; a key that cannot be used (on a token, say) stops it in the same way."),
        _ => return Assessment::Silent,
    };
    Assessment::Supported(finding.needs(key_log))
}

/// Certificate types of TLS 1.2 (RFC 5246 section 7.4.4, RFC 8422 section 5.5).
fn type_allowed(kind: KeyKind, types: &[u8]) -> bool {
    let wanted = match kind {
        KeyKind::Rsa | KeyKind::RsaPss => 1,
        KeyKind::Dsa => 2,
        KeyKind::Unknown | KeyKind::MlDsa => return true,
        _ => 64,
    };
    types.contains(&wanted)
}

fn allowed(request: &CertificateRequest) -> String {
    let names: Vec<_> =
        request.signature_algorithms.iter().take(4).map(|scheme| signature_schemes::display(*scheme)).collect();
    let more = request.signature_algorithms.len().saturating_sub(4);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("the server allows signatures by {}{more}", names.join(", "))
}

/// An empty answer to a request that leaves out whole families of keys.
fn nothing_to_show(case: &Case<'_>, request: &CertificateRequest) -> Assessment {
    if request.signature_algorithms.is_empty() {
        return Assessment::Silent;
    }
    let tls13 = case.session.is_tls13();
    let allows =
        |kind: KeyKind| schemes_of(kind, tls13).iter().any(|scheme| request.signature_algorithms.contains(scheme));
    let missing: Vec<&str> = [(KeyKind::Rsa, "RSA"), (KeyKind::P256, "ECDSA"), (KeyKind::Ed25519, "Ed25519")]
        .into_iter()
        .filter(|(kind, _)| !allows(*kind))
        .map(|(_, name)| name)
        .collect();
    // Many servers leave Ed25519 out; that alone says little.
    let narrow = missing.iter().any(|name| *name != "Ed25519");
    if !narrow {
        return Assessment::Silent;
    }
    let Some(asked) = case.request_evidence(allowed(request)) else { return Assessment::Silent };
    let finding = Finding::possible(
        format!(
            "The server allows no {} keys; the client may have a certificate that it could not use.",
            missing.join(" and no ")
        ),
        asked,
    )
    .needs("whether the client has a certificate configured, and of which key type");
    Assessment::Supported(finding)
}
