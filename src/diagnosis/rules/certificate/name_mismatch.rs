//! No subject alternative name of the server's certificate fits the name that the client asked for.
#![doc = include_str!("name_mismatch.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::ending::Ending;
use crate::diagnosis::fault::Fault;
use crate::diagnosis::finding::{Evidence, Finding};
use crate::diagnosis::refused::{Fit, How, Refused};
use crate::diagnosis::rule::{Assessment, Rule};
use crate::diagnosis::rules::certificate::{certificate_evidence, with_needs};
use crate::endpoint::Address;
use crate::knowledge::stacks::{self, Unnamed};
use crate::role::Role;
use crate::trust::ChainEnd;
use crate::trust::name_match::{self, NameMatch};
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
    let Some(refused) = case.refused(role) else { return Assessment::Silent };
    let Some(matched) = case.name_match() else { return without_a_name(case) };
    let Some(name) = case.server_name() else { return Assessment::Silent };
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

/// The client did not say which name it meant.
fn without_a_name(case: &Case<'_>) -> Assessment {
    match by_elimination(case) {
        Assessment::Silent => unnamed(case),
        other => other,
    }
}

/// The client sent no server_name. So its stack tells what it can have asked for, and the certificate has nothing that
/// would fit that.
fn unnamed(case: &Case<'_>) -> Assessment {
    let role = Role::Server;
    let session = case.session;
    let Some(refused) = case.refused(role) else { return Assessment::Silent };
    let (Some(hello), Some(leaf)) = (session.client_hello.seen(), session.leaf(role)) else {
        return Assessment::Silent;
    };
    let Address::Ip(address) = session.server.address else { return Assessment::Silent };
    let trusts_another = case.anchors(role).is_some()
        && case.chain.server.as_ref().is_some_and(|report| report.end != ChainEnd::Anchored);
    let fit = refused.fit(case, Fault::NameMismatch);
    let asked = stacks::unnamed(&session.stack.client.candidates);
    let dotless = name_match::has_dotless_name(leaf) && asked != Some(Unnamed::Address);
    if trusts_another || fit <= Fit::Unusual || dotless || name_match::addresses(leaf).any(|one| one == address) {
        return Assessment::Silent;
    }
    let explained = case.is_explained(role) || case.has_rival(role, Fault::NameMismatch, fit);
    // Behind a translated address the client asks for another one than the packets show.
    let elsewhere = name_match::addresses(leaf).next().is_some();
    let by_habit = matches!(asked, Some(Unnamed::Address | Unnamed::AddressOrDotless));
    let confidence = match refused.how {
        How::Alert(..) if fit >= Fit::Allows && by_habit && !explained && !elsewhere => Confidence::Likely,
        How::Alert(..) if is_nothing_else(case, &refused) && !explained => Confidence::Likely,
        _ => Confidence::Possible,
    };
    let wanted = match asked {
        Some(Unnamed::Address) => "an address",
        Some(Unnamed::AddressOrDotless) => "an address, or a name without a dot",
        Some(Unnamed::Anything) | None => "an address, or a name that it did not send",
    };
    let matched = name_match::matches(leaf, &address.to_string());
    let summary = format!(
        "The client refused the server's certificate: it asked for {wanted}, and the certificate {}.",
        describe(&matched)
    );
    let lacks = match asked {
        Some(Unnamed::AddressOrDotless) => format!("it has neither {address} nor a name without a dot"),
        _ => format!("it does not have {address}"),
    };
    let finding = Finding::with(confidence, summary, refused.evidence())
        .and(Evidence::of(hello, format!("the client sent no server_name: it asked for {wanted}")))
        .and_maybe(certificate_evidence(case, role, format!("the server's certificate {}; {lacks}", describe(&matched))))
        .explain(
            "A client that connects to an IP address sends no server_name (RFC 6066 section 3), and Java sends none for a name without a dot. An address fits only an iPAddress entry of subjectAltName (RFC 9525).",
        )
        .needs("the name or address that the client connects to, given by --server-name");
    Assessment::Supported(with_needs(case, role, confidence, finding))
}

/// Whether the client's stack sends this alert for a name that does not fit, and else only for what would show in the
/// certificate.
fn is_nothing_else(case: &Case<'_>, refused: &Refused<'_>) -> bool {
    const UNSEEN: &[Fault] =
        &[Fault::UntrustedCa, Fault::ChainIncomplete, Fault::ChainTooLong, Fault::Revoked, Fault::Malformed];
    let candidates = &case.session.stack.client.candidates;
    !candidates.is_empty()
        && refused.fit(case, Fault::NameMismatch) >= Fit::Allows
        && UNSEEN.iter().all(|fault| refused.fit(case, *fault) < Fit::Allows)
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
