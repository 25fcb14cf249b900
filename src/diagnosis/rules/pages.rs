//! The pages: what each cause means, how it shows, what proves it, what it is mistaken for, how to fix it.
//! They lie beside the rules, which have them as their documentation; `tlswhy explain` prints them, and
//! `docs/causes.md` is made of them.

use crate::cause::Cause;

/// The headings of every page, in order.
pub const HEADINGS: [&str; 5] =
    ["What it means", "How it shows in a capture", "What proves it", "What it is mistaken for", "How to fix it"];

/// The page of a cause, in Markdown. A client's and a server's cause may share one.
pub const fn of(cause: Cause) -> &'static str {
    match cause {
        Cause::ClientCertMissing => include_str!("client_auth/missing.md"),
        Cause::ClientCertUntrustedCa | Cause::ServerCertUntrustedCa => include_str!("certificate/untrusted_ca.md"),
        Cause::ClientCertChainIncomplete | Cause::ServerCertChainIncomplete => {
            include_str!("certificate/chain_incomplete.md")
        }
        Cause::ClientCertSelfSigned | Cause::ServerCertSelfSigned => include_str!("certificate/self_signed.md"),
        Cause::ClientCertExpired | Cause::ServerCertExpired => include_str!("certificate/expired.md"),
        Cause::ClientCertNotYetValid | Cause::ServerCertNotYetValid => include_str!("certificate/not_yet_valid.md"),
        Cause::ClientCertWrongUsage | Cause::ServerCertWrongUsage => include_str!("certificate/wrong_usage.md"),
        Cause::ClientCertRevoked | Cause::ServerCertRevoked => include_str!("certificate/revoked.md"),
        Cause::ClientCertWeak | Cause::ServerCertWeak => include_str!("certificate/weak.md"),
        Cause::ClientCertKeyMismatch | Cause::ServerCertKeyMismatch => include_str!("certificate/key_mismatch.md"),
        Cause::ClientCertUnsupportedAlgorithm => include_str!("client_auth/unsupported_algorithm.md"),
        Cause::ClientCertChainTooLong | Cause::ServerCertChainTooLong => include_str!("certificate/chain_too_long.md"),
        Cause::ClientCertMalformed | Cause::ServerCertMalformed => include_str!("certificate/malformed.md"),
        Cause::ClientCertNotAuthorized => include_str!("client_auth/not_authorized.md"),
        Cause::ClientCertNotRequested => include_str!("client_auth/not_requested.md"),
        Cause::ClientCertRejected | Cause::ServerCertRejected => include_str!("certificate/rejected.md"),
        Cause::ServerCertNameMismatch => include_str!("certificate/name_mismatch.md"),
        Cause::ServerCertMissing => include_str!("negotiation/server_certificate_missing.md"),
        Cause::NoCommonVersion => include_str!("negotiation/version.md"),
        Cause::NoCommonCipher => include_str!("negotiation/cipher.md"),
        Cause::NoCommonGroup => include_str!("negotiation/group.md"),
        Cause::NoCommonSignatureAlgorithm => include_str!("negotiation/signature_algorithm.md"),
        Cause::NoCommonAlpn => include_str!("negotiation/alpn.md"),
        Cause::UnrecognizedName => include_str!("negotiation/unrecognized_name.md"),
        Cause::MisdirectedRequest => include_str!("negotiation/misdirected_request.md"),
        Cause::InappropriateFallback => include_str!("negotiation/fallback.md"),
        Cause::PskRefused => include_str!("negotiation/psk.md"),
        Cause::RenegotiationRefused => include_str!("negotiation/renegotiation.md"),
        Cause::EchRejected => include_str!("negotiation/ech.md"),
        Cause::MissingExtension => include_str!("negotiation/missing_extension.md"),
        Cause::PlaintextClient => include_str!("wire/plaintext_client.md"),
        Cause::PlaintextServer => include_str!("wire/plaintext_server.md"),
        Cause::ProxyRefused => include_str!("wire/proxy_refused.md"),
        Cause::UpgradeRefused => include_str!("wire/upgrade_refused.md"),
        Cause::ProxyHeaderUnexpected => include_str!("wire/proxy_header_unexpected.md"),
        Cause::TcpRefused => include_str!("wire/tcp_refused.md"),
        Cause::TcpNoAnswer => include_str!("wire/tcp_no_answer.md"),
        Cause::ResetAfterClientHello => include_str!("wire/reset_after_client_hello.md"),
        Cause::ServerSilent => include_str!("wire/server_silent.md"),
        Cause::ClientSilent => include_str!("wire/client_silent.md"),
        Cause::PathMtuBlackhole => include_str!("wire/path_mtu_blackhole.md"),
        Cause::ResetMidHandshake => include_str!("wire/reset_mid_handshake.md"),
        Cause::ClosedWithoutAlert => include_str!("wire/closed_without_alert.md"),
        Cause::ClientAborted => include_str!("wire/client_aborted.md"),
        Cause::CorruptedRecord => include_str!("wire/corrupted_record.md"),
        Cause::ProtocolViolation => include_str!("wire/protocol_violation.md"),
        Cause::CaptureIncomplete => include_str!("wire/capture_incomplete.md"),
        Cause::Unknown => include_str!("unknown.md"),
        Cause::None => include_str!("none.md"),
    }
}

/// A page's sections: heading and text.
pub fn sections(page: &str) -> impl Iterator<Item = (&str, &str)> {
    page.split("\n## ").filter_map(|section| {
        let (heading, text) = section.split_once('\n')?;
        Some((heading.trim_start_matches("## ").trim(), text.trim()))
    })
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    /// `docs/causes.md`.
    fn document() -> String {
        let mut text = "# Causes\n\nOne stable code for each answer to \"why did this handshake fail?\". A code names the \
                        cause and not the symptom; it is never renamed. `tlswhy explain CODE` prints the same \
                        pages. This file is made from those beside the rules (`src/diagnosis/rules/`): a test \
                        rewrites it when it is run with `UPDATE_DOCS=1`.\n\n| code | who has to act | it means |\n| --- \
                        | --- | --- |\n"
            .to_owned();
        for cause in Cause::ALL {
            let code = cause.code();
            let _ =
                writeln!(text, "| [`{code}`](#{}) | {} | {} |", anchor(*cause), cause.side().name(), cause.meaning());
        }
        for (index, cause) in Cause::ALL.iter().enumerate() {
            let before = Cause::ALL.iter().take(index);
            if before.clone().any(|other| of(*other) == of(*cause)) {
                continue;
            }
            let sharing: Vec<Cause> = Cause::ALL.iter().copied().filter(|other| of(*other) == of(*cause)).collect();
            let codes: Vec<String> = sharing.iter().map(|cause| format!("`{}`", cause.code())).collect();
            let _ = write!(text, "\n## {}\n", codes.join(" and "));
            for (heading, section) in sections(of(*cause)) {
                let _ = write!(text, "\n### {heading}\n\n{section}\n");
            }
        }
        text
    }

    /// The anchor that Markdown renderers give to the heading of the page.
    fn anchor(cause: Cause) -> String {
        let sharing: Vec<&str> =
            Cause::ALL.iter().filter(|other| of(**other) == of(cause)).map(|cause| cause.code()).collect();
        sharing.join("-and-")
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test of a document, which it rewrites on request")]
    fn the_document_is_made_of_the_pages() {
        let published = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/causes.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&published, document()).expect("written");
        }
        let text = std::fs::read_to_string(&published).unwrap_or_default();
        assert!(text == document(), "docs/causes.md is not up to date: run the tests with UPDATE_DOCS=1");
    }

    #[test]
    fn every_page_has_the_five_headings_and_something_below_each() {
        for cause in Cause::ALL {
            let sections: Vec<(&str, &str)> = sections(of(*cause)).collect();
            let headings: Vec<&str> = sections.iter().map(|(heading, _)| *heading).collect();
            assert_eq!(headings, HEADINGS, "{cause}");
            for (heading, text) in sections {
                assert!(text.ends_with(['.', ')']) && text.len() > 10, "{cause}: {heading}: {text}");
            }
        }
    }
}
