//! No subject alternative name of the server's certificate fits the name that the client asked for.
#![doc = include_str!("name_mismatch.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::ending::Ending;
use crate::diagnosis::fault::Fault;
use crate::diagnosis::finding::{Evidence, Finding};
use crate::diagnosis::refused::{Fit, How};
use crate::diagnosis::rule::{Assessment, Rule};
use crate::diagnosis::rules::certificate::{certificate_evidence, with_needs};
use crate::role::Role;
use crate::trust::ChainEnd;
use crate::trust::name_match::NameMatch;
use crate::x509::Certificate;

/// Its rule.
pub const SERVER: Rule = Rule {
    cause: Cause::ServerCertNameMismatch,
    shadows: &[
        Cause::ServerCertRejected,
        Cause::ServerCertUntrustedCa,
        Cause::ServerCertChainIncomplete,
        Cause::ServerCertMalformed,
        Cause::ClientAborted,
        Cause::ClosedWithoutAlert,
        Cause::ResetMidHandshake,
    ],
    examine,
};

/// What the names say, as a predicate of the certificate.
fn describe(matched: &NameMatch) -> String {
    match matched {
        NameMatch::San(name) => format!("has the name {name}"),
        NameMatch::Ip(address) => format!("has the address {address}"),
        NameMatch::CommonNameOnly(name) => {
            format!("has that name only as its common name ({name}), not as a subjectAltName")
        }
        NameMatch::PartialWildcard(name) => format!("has only {name}, whose wildcard is not allowed"),
        NameMatch::None { candidates, note } => {
            let mut text = match candidates.as_slice() {
                [] => "names no host at all".to_owned(),
                list => {
                    let shown: Vec<&str> = list.iter().take(4).map(String::as_str).collect();
                    let more = list.len().saturating_sub(4);
                    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                    format!("is for {}{more}", shown.join(", "))
                }
            };
            if let Some(note) = note {
                text.push_str(&format!(" ({note})"));
            }
            text
        }
    }
}

fn examine(case: &Case<'_>) -> Assessment {
    let role = Role::Server;
    let Some(matched) = case.name_match() else { return by_elimination(case) };
    let Some(name) = case.server_name() else { return Assessment::Silent };
    let Some(refused) = case.refused(role) else { return Assessment::Silent };
    if matched.fits() {
        return Assessment::Silent;
    }
    let fit = refused.fit(case, Fault::NameMismatch);
    let explained = case.is_explained(role) || case.signature_is_wrong(role);
    let left_at_once = matches!(case.ending, Ending::LeftAtOnce { by: Role::Client, .. });
    let confidence = match fit {
        Fit::Excludes => return Assessment::Silent,
        Fit::Names | Fit::Allows if !explained => Confidence::Likely,
        Fit::Silent if left_at_once && !explained => Confidence::Likely,
        Fit::Silent if !explained => Confidence::Possible,
        _ => Confidence::Possible,
    };
    let summary = format!(
        "The client refused the server's certificate: it asked for {name}, and the certificate {}.",
        describe(&matched)
    );
    let asked = case.session.client_hello.seen().map(|seen| Evidence::of(seen, format!("the client asked for {name}")));
    let finding = Finding::with(confidence, summary, refused.evidence())
        .and_maybe(asked)
        .and_maybe(certificate_evidence(case, role, format!("the server's certificate {}", describe(&matched))))
        .explain(if matches!(matched, NameMatch::CommonNameOnly(_)) {
            "The common name fits, and does not count: RFC 9525 knows only subject alternative names. Some clients (curl and other OpenSSL ones) still take it where there is no subjectAltName at all."
        } else {
            "The name is checked against the dNSName and iPAddress entries of subjectAltName only (RFC 9525)."
        });
    Assessment::Supported(with_needs(case, role, confidence, finding))
}

/// The client did not say which name it meant; but the chain ends at what it trusts, and nothing else is
/// wrong with it.
fn by_elimination(case: &Case<'_>) -> Assessment {
    let role = Role::Server;
    let Some(refused) = case.refused(role) else { return Assessment::Silent };
    let trusted =
        case.chain.server.as_ref().is_some_and(|report| report.end == ChainEnd::Anchored && report.is_sound());
    let named = matches!(refused.how, How::Alert(_, 43 | 44 | 45 | 48 | 51));
    if !trusted || named || case.signature_is_wrong(role) || refused.fit(case, Fault::NameMismatch) == Fit::Excludes {
        return Assessment::Silent;
    }
    let left = !matches!(refused.how, How::Closed(..)) || matches!(case.ending, Ending::LeftAtOnce { .. });
    let confidence = if left { Confidence::Likely } else { Confidence::Possible };
    let names = case.presented(role).first().map(Certificate::sans_text).unwrap_or_default();
    let summary = "The client refused the server's certificate although its chain is sound and trusted: most likely it meant another name.";
    let finding = Finding::with(confidence, summary, refused.evidence())
        .and_maybe(certificate_evidence(case, role, format!("the server's certificate is for {names}")))
        .needs("the name that the client connects to, given by --server-name");
    Assessment::Supported(with_needs(case, role, confidence, finding))
}
