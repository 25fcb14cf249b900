//! An extension was required and absent, or present and not allowed.
#![doc = include_str!("missing_extension.md")]

use crate::cause::Cause;
use crate::diagnosis::case::Case;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::rule::{Assessment, Rule};
use crate::diagnosis::rules::negotiation::{alert, hello, hello_evidence, refused_hello, said};

/// Its rule.
pub const RULE: Rule = Rule {
    cause: Cause::MissingExtension,
    shadows: &[Cause::NoCommonCipher, Cause::NoCommonGroup, Cause::ServerCertMissing, Cause::ProtocolViolation],
    examine,
};

/// missing_extension and unsupported_extension (RFC 8446 section 6.2).
const MISSING: u8 = 109;
const UNSUPPORTED: u8 = 110;

fn examine(case: &Case<'_>) -> Assessment {
    if let Some(seen) = alert(case, MISSING) {
        let finding = Finding::certain(
            format!("The {} refused the handshake for an extension that was missing.", seen.value.from),
            said(seen, MISSING),
        );
        return Assessment::Supported(
            finding.and_maybe(
                absent(case).and_then(|name| hello_evidence(case, format!("the ClientHello has no {name}"))),
            ),
        );
    }
    if let Some(seen) = alert(case, UNSUPPORTED) {
        let summary =
            format!("The {} met an extension that it had not offered, or that is not allowed there.", seen.value.from);
        return Assessment::Supported(Finding::certain(summary, said(seen, UNSUPPORTED)));
    }
    if let Some((seen, number @ (40 | 47 | 50 | 80))) = refused_hello(case)
        && let Some(name) = absent(case)
    {
        let finding = Finding::likely(
            format!("The client's TLS 1.3 hello lacks {name}, and the server refused it."),
            said(seen, number),
        )
        .and_maybe(hello_evidence(case, format!("the ClientHello has no {name}")));
        return Assessment::Supported(finding);
    }
    Assessment::Silent
}

/// What RFC 8446 section 9.2 demands of a ClientHello that offers nothing but certificates.
fn absent(case: &Case<'_>) -> Option<&'static str> {
    let hello = hello(case)?;
    let has = |kind: u16| hello.extensions.has(kind);
    if !hello.offered_versions().contains(&0x0304) || has(41) {
        return None;
    }
    match () {
        () if !has(13) => Some("signature_algorithms"),
        () if has(51) && !has(10) => Some("supported_groups"),
        () if has(10) && !has(51) && hello.offered_versions() == [0x0304] => Some("key_share"),
        () => None,
    }
}
