//! No application protocol (ALPN) in common.
#![doc = include_str!("alpn.md")]

use crate::cause::Cause;
use crate::diagnosis::case::Case;
use crate::diagnosis::ending::{Ending, Stage};
use crate::diagnosis::finding::{Evidence, Finding};
use crate::diagnosis::rule::{Assessment, Rule};
use crate::diagnosis::rules::negotiation::{alert, hello, hello_evidence, said};
use crate::role::Role;

/// Its rule.
pub const RULE: Rule = Rule {
    cause: Cause::NoCommonAlpn,
    shadows: &[Cause::ServerCertMissing, Cause::NoCommonSignatureAlgorithm, Cause::NoCommonCipher],
    examine,
};

/// no_application_protocol (RFC 7301 section 3.2).
const NO_APPLICATION_PROTOCOL: u8 = 120;
/// Names that nearly every server of HTTP has.
const ORDINARY: &[&[u8]] = &[b"h2", b"http/1.1"];

fn examine(case: &Case<'_>) -> Assessment {
    let Some(hello) = hello(case) else { return Assessment::Silent };
    let offered = hello.extensions.alpn();
    let names = || offered.iter().map(|name| String::from_utf8_lossy(name)).collect::<Vec<_>>().join(", ");
    let evidence = || hello_evidence(case, format!("the client offered {}", names()));
    if let Some(seen) = alert(case, NO_APPLICATION_PROTOCOL) {
        let names = names();
        let summary = format!("The server speaks none of the application protocols that the client offered ({names}).");
        let finding = Finding::certain(summary, said(seen, NO_APPLICATION_PROTOCOL));
        return Assessment::Supported(finding.and_maybe(evidence()));
    }
    match case.ending {
        Ending::HiddenAlert { seen, stage: Stage::ServerFlight }
            if seen.value.from == Role::Server
                && !offered.is_empty()
                && !offered.iter().any(|name| ORDINARY.contains(&name.as_slice())) =>
        {
            let summary = format!(
                "The server gave up straight after its ServerHello, most likely for the application protocol ({}).",
                names()
            );
            let text = "the server sent nothing but an encrypted alert behind its ServerHello";
            let finding = Finding::likely(summary, Evidence::of(seen, text))
                .and_maybe(evidence())
                .needs(crate::knowledge::keys::key_log(&case.session.stack));
            Assessment::Supported(finding)
        }
        _ => Assessment::Silent,
    }
}
