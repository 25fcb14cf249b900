//! No protocol version in common.
#![doc = include_str!("version.md")]

use crate::cause::Cause;
use crate::diagnosis::case::Case;
use crate::diagnosis::ending::{Ending, Stage};
use crate::diagnosis::finding::{Evidence, Finding};
use crate::diagnosis::rule::{Assessment, Rule};
use crate::diagnosis::rules::negotiation::{Offer, hello, hello_evidence, refused_hello, said};
use crate::iana::versions;
use crate::role::Role;

/// Its rule.
pub const RULE: Rule = Rule {
    cause: Cause::NoCommonVersion,
    shadows: &[
        Cause::ServerCertMissing,
        Cause::NoCommonCipher,
        Cause::ProtocolViolation,
        Cause::ResetAfterClientHello,
        Cause::PlaintextServer,
        Cause::ClosedWithoutAlert,
    ],
    examine,
};

/// protocol_version (RFC 8446 section 6.2).
const PROTOCOL_VERSION: u8 = 70;
/// handshake_failure.
const HANDSHAKE_FAILURE: u8 = 40;

fn offered(case: &Case<'_>) -> Vec<u16> {
    case.session.client_hello.value().map(crate::tls::handshake::ClientHello::offered_versions).unwrap_or_default()
}

fn list(versions: &[u16]) -> String {
    let names: Vec<_> = versions.iter().map(|version| versions::display(*version)).collect();
    match names.as_slice() {
        [one] => format!("TLS {one} at most"),
        _ => format!("TLS {}", names.join(", ")),
    }
}

fn examine(case: &Case<'_>) -> Assessment {
    let offered = offered(case);
    let offer = || hello_evidence(case, format!("the client offered {}", list(&offered)));
    if let Ending::Alert { seen, alert, stage } = case.ending
        && alert.description == PROTOCOL_VERSION
    {
        let answers_plaintext = seen.value.from == Role::Client && !case.session.server_hello.is_seen();
        if answers_plaintext && case.session.hello_retry.is_none() {
            return Assessment::Silent;
        }
        let summary = match seen.value.from {
            Role::Server => format!("The server refused the client's version: the client offered {}.", list(&offered)),
            Role::Client => "The client refused the version that the server chose.".to_owned(),
        };
        let chosen = case.session.server_hello.seen().map(|hello| {
            Evidence::of(hello, format!("the server chose TLS {}", versions::display(hello.value.selected_version())))
        });
        let finding = Finding::certain(summary, said(seen, PROTOCOL_VERSION)).and_maybe(offer()).and_maybe(chosen);
        // A hello that was never seen, or other bytes in its place: the alert answers those.
        return Assessment::Supported(if stage == Stage::Nothing && !case.session.client_hello.is_seen() {
            Finding::possible(
                "The server refused what was sent to it as a version that it does not speak.",
                said(seen, PROTOCOL_VERSION),
            )
        } else {
            finding
        });
    }
    let newest = offered.iter().copied().filter(|version| *version <= 0x0304).max().unwrap_or(0);
    let old = newest != 0 && newest <= 0x0302;
    match (refused_hello(case), case.ending) {
        // OpenSSL refuses TLS 1.0 and 1.1 by its security level, as an internal error; others as a
        // failure of the handshake.
        (Some((seen, number @ (40 | 71 | 80))), _) if old => {
            let summary = format!(
                "The server refused a client that speaks no newer version than TLS {}.",
                versions::display(newest)
            );
            let finding = Finding::likely(summary, said(seen, number))
                .and_maybe(offer())
                .explain("Most servers speak TLS 1.2 and 1.3 only. OpenSSL at its default security level answers older versions with internal_error.");
            Assessment::Supported(finding)
        }
        (Some((seen, HANDSHAKE_FAILURE)), _) if offered.as_slice() == [0x0304] && is_ordinary13(case) => {
            let summary = "The server does not speak TLS 1.3, and the client offered nothing else.";
            let finding = Finding::likely(summary, said(seen, HANDSHAKE_FAILURE))
                .and_maybe(offer())
                .explain("The offer has what every TLS 1.3 server has to be able to use (RFC 8446 section 9.1). A server that speaks TLS 1.2 at most does not know supported_versions, reads the hello as one of TLS 1.2 (RFC 8446 section 4.2.1), and finds no cipher suite in it that it knows: so it says handshake_failure, and not protocol_version.")
                .needs("the server's versions, and whether it has a certificate for this name");
            Assessment::Supported(finding)
        }
        (Some((seen, number @ (40 | 47 | 71 | 80))), _) if offered.as_slice() == [0x0304] && no_suite13(case) => {
            Assessment::Supported(
                Finding::possible("The server may not speak TLS 1.3.", said(seen, number)).and_maybe(offer()),
            )
        }
        (_, Ending::Alert { seen, alert, stage: Stage::ServerFlight })
            if seen.value.from == Role::Client
                && matches!(alert.description, 47 | 40 | 10)
                && not_offered(case, &offered) =>
        {
            let summary = "The client refused the version that the server chose: it had not offered it.";
            Assessment::Supported(Finding::likely(summary, said(seen, alert.description)).and_maybe(offer()))
        }
        (_, Ending::Closed { by: Role::Server, at, how, stage: Stage::Hello })
            if old || offered.as_slice() == [0x0304] =>
        {
            let summary = format!("The server may not speak {}.", list(&offered));
            let evidence = Evidence::at(at, format!("the server {} in answer to the ClientHello", how.words()));
            Assessment::Supported(Finding::possible(summary, evidence).and_maybe(offer()))
        }
        _ => Assessment::Silent,
    }
}

/// Whether the offer has the suite that every TLS 1.3 server has to know beside others (a server may have any single one
/// switched off), none of an earlier version, and groups and signature algorithms for any server.
fn is_ordinary13(case: &Case<'_>) -> bool {
    const AES_128_GCM_SHA256: u16 = 0x1301;
    hello(case).map(Offer::of).is_some_and(|offer| {
        offer.suites.contains(&AES_128_GCM_SHA256)
            && offer.suites12() == 0
            && !offer.is_narrow_suites()
            && !offer.has_odd_groups()
            && !offer.has_odd_signatures()
    })
}

fn no_suite13(case: &Case<'_>) -> bool {
    case.session.server_hello.value().is_none()
}

fn not_offered(case: &Case<'_>, offered: &[u16]) -> bool {
    let Some(chosen) = case.session.version() else { return false };
    match offered {
        // By the legacy field everything up to the version is on offer.
        [one] if case.session.client_hello.value().is_some_and(|hello| !hello.extensions.has(43)) => chosen > *one,
        list => !list.contains(&chosen),
    }
}
