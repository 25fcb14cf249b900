//! The pre-shared key is unknown to the server, or its binder did not verify.
#![doc = include_str!("psk.md")]

use crate::cause::Cause;
use crate::diagnosis::case::Case;
use crate::diagnosis::ending::{Ending, Stage};
use crate::diagnosis::finding::Finding;
use crate::diagnosis::rule::{Assessment, Rule};
use crate::diagnosis::rules::negotiation::{alert, hello, hello_evidence, refused_hello, said};
use crate::role::Role;

/// Its rule.
pub const RULE: Rule = Rule {
    cause: Cause::PskRefused,
    shadows: &[Cause::NoCommonCipher, Cause::ServerCertMissing, Cause::CorruptedRecord, Cause::ProtocolViolation],
    examine,
};

/// unknown_psk_identity (RFC 4279 section 2).
const UNKNOWN_PSK_IDENTITY: u8 = 115;

fn examine(case: &Case<'_>) -> Assessment {
    if let Some(seen) = alert(case, UNKNOWN_PSK_IDENTITY) {
        return Assessment::Supported(Finding::certain(
            "The server does not know the identity of the client's pre-shared key.",
            said(seen, UNKNOWN_PSK_IDENTITY),
        ));
    }
    let offers =
        hello(case).is_some_and(|hello| hello.extensions.psk_identities().is_some_and(|list| !list.is_empty()));
    if offers && let Some((seen, number @ (47 | 51))) = refused_hello(case) {
        let summary = "The server refused the client's pre-shared key: its binder does not verify.";
        let finding = Finding::likely(summary, said(seen, number))
            .and_maybe(hello_evidence(case, "the client offered a pre-shared key"));
        return Assessment::Supported(finding);
    }
    // In TLS 1.2 a wrong key shows only in Finished.
    let psk = case
        .session
        .server_hello
        .value()
        .is_some_and(|hello| crate::iana::cipher_suites::display(hello.cipher_suite).contains("_PSK_"));
    match case.ending {
        Ending::Alert { seen, alert, stage: Stage::ClientFlight }
            if psk && seen.value.from == Role::Server && matches!(alert.description, 20 | 51) =>
        {
            let summary = "Client and server hold different pre-shared keys for that identity.";
            Assessment::Supported(Finding::likely(summary, said(seen, alert.description)))
        }
        _ => Assessment::Silent,
    }
}
