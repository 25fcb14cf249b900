//! TLS alerts: names, levels, and what each one usually means where both sides show certificates.

use super::Name;

/// close_notify.
pub const CLOSE_NOTIFY: u8 = 0;
/// unexpected_message.
pub const UNEXPECTED_MESSAGE: u8 = 10;
/// bad_record_mac.
pub const BAD_RECORD_MAC: u8 = 20;
/// handshake_failure.
pub const HANDSHAKE_FAILURE: u8 = 40;
/// no_certificate (SSL 3.0).
pub const NO_CERTIFICATE: u8 = 41;
/// bad_certificate.
pub const BAD_CERTIFICATE: u8 = 42;
/// unsupported_certificate.
pub const UNSUPPORTED_CERTIFICATE: u8 = 43;
/// certificate_revoked.
pub const CERTIFICATE_REVOKED: u8 = 44;
/// certificate_expired.
pub const CERTIFICATE_EXPIRED: u8 = 45;
/// certificate_unknown.
pub const CERTIFICATE_UNKNOWN: u8 = 46;
/// illegal_parameter.
pub const ILLEGAL_PARAMETER: u8 = 47;
/// unknown_ca.
pub const UNKNOWN_CA: u8 = 48;
/// access_denied.
pub const ACCESS_DENIED: u8 = 49;
/// decode_error.
pub const DECODE_ERROR: u8 = 50;
/// decrypt_error.
pub const DECRYPT_ERROR: u8 = 51;
/// protocol_version.
pub const PROTOCOL_VERSION: u8 = 70;
/// insufficient_security.
pub const INSUFFICIENT_SECURITY: u8 = 71;
/// internal_error.
pub const INTERNAL_ERROR: u8 = 80;
/// inappropriate_fallback.
pub const INAPPROPRIATE_FALLBACK: u8 = 86;
/// user_canceled.
pub const USER_CANCELED: u8 = 90;
/// no_renegotiation.
pub const NO_RENEGOTIATION: u8 = 100;
/// missing_extension.
pub const MISSING_EXTENSION: u8 = 109;
/// unsupported_extension.
pub const UNSUPPORTED_EXTENSION: u8 = 110;
/// unrecognized_name.
pub const UNRECOGNIZED_NAME: u8 = 112;
/// bad_certificate_status_response.
pub const BAD_CERTIFICATE_STATUS_RESPONSE: u8 = 113;
/// unknown_psk_identity.
pub const UNKNOWN_PSK_IDENTITY: u8 = 115;
/// certificate_required.
pub const CERTIFICATE_REQUIRED: u8 = 116;
/// no_application_protocol.
pub const NO_APPLICATION_PROTOCOL: u8 = 120;

/// Level 1.
pub const WARNING: u8 = 1;
/// Level 2.
pub const FATAL: u8 = 2;

/// Code point, name, meaning; sorted by code point.
const ALERTS: &[(u8, &str, &str)] = &[
    (0, "close_notify", "The sender will send no more; the orderly end of a connection, and not an error."),
    (
        1,
        "end_of_early_data",
        "Drafts of TLS 1.3 ended 0-RTT data with it; the final version has a handshake message for that.",
    ),
    (
        10,
        "unexpected_message",
        "A message came that has no place at this point: most often a peer that speaks no TLS, a broken \
         implementation, or a client certificate sent unasked or left out where one had been announced.",
    ),
    (
        20,
        "bad_record_mac",
        "A record could not be authenticated: its bytes were changed on the way, or both sides hold different keys.",
    ),
    (21, "decryption_failed", "A record could not be decrypted; TLS 1.1 and later say bad_record_mac instead."),
    (22, "record_overflow", "A record was longer than TLS allows, or than the record_size_limit agreed upon."),
    (30, "decompression_failure", "A compressed record could not be expanded; compression is hardly ever used today."),
    (
        40,
        "handshake_failure",
        "No common parameters, or a general refusal: no cipher suite, group or signature algorithm in common, or, \
         before TLS 1.3, a server that wants a client certificate and got none.",
    ),
    (41, "no_certificate", "SSL 3.0: the client has no certificate that it could show."),
    (
        42,
        "bad_certificate",
        "The certificate is damaged or did not pass verification; several stacks say it for any certificate that \
         they refuse, and Go says it when a client certificate is missing.",
    ),
    (
        43,
        "unsupported_certificate",
        "The certificate is of a kind that the receiver does not take: wrong usage (not for clients, or not for \
         servers), or a key or signature type that it does not support.",
    ),
    (44, "certificate_revoked", "The issuer has revoked the certificate, according to a CRL or an OCSP response."),
    (
        45,
        "certificate_expired",
        "The certificate, or one above it, is outside of its validity period: expired, not yet valid for some \
         stacks, or the receiver's clock is wrong.",
    ),
    (
        46,
        "certificate_unknown",
        "The certificate was refused for a reason without an alert of its own; Java says it for nearly everything, \
         browsers often for a name that does not match.",
    ),
    (
        47,
        "illegal_parameter",
        "A field had a value that is out of range or contradicts another one: an error in an implementation or in \
         something between both sides.",
    ),
    (
        48,
        "unknown_ca",
        "No chain leads from the certificate to an authority that the receiver trusts: the wrong issuer, a missing \
         intermediate certificate, or a trust store that lacks the root.",
    ),
    (49, "access_denied", "The certificate is valid, but its holder is not allowed in; access control has said no."),
    (
        50,
        "decode_error",
        "A message could not be read: wrong lengths, or a certificate whose encoding is broken; some stacks say it \
         for an empty list of certificates.",
    ),
    (
        51,
        "decrypt_error",
        "A signature or a Finished did not fit: the private key does not belong to the certificate that was shown, \
         or somebody changed the handshake on its way.",
    ),
    (60, "export_restriction", "TLS 1.0: the key length breaks export rules; nobody sends it any more."),
    (70, "protocol_version", "The versions that both sides allow do not overlap."),
    (
        71,
        "insufficient_security",
        "What was offered is too weak for the receiver: cipher suites, key lengths or groups below its minimum.",
    ),
    (
        80,
        "internal_error",
        "Something failed inside the sender that has nothing to do with the peer's messages: out of memory, an \
         unusable key or certificate of its own, or a callback that gave up.",
    ),
    (
        86,
        "inappropriate_fallback",
        "The client retried with a lower version although both sides could do better (RFC 7507).",
    ),
    (90, "user_canceled", "Somebody on the sender's side broke the handshake off; a close_notify should follow."),
    (
        100,
        "no_renegotiation",
        "The sender does not renegotiate; where a server asks for the client certificate in a second handshake, \
         that ends the attempt.",
    ),
    (
        109,
        "missing_extension",
        "TLS 1.3 requires an extension that the peer left out, such as signature_algorithms or a server name.",
    ),
    (110, "unsupported_extension", "The answer had an extension that nobody had offered."),
    (111, "certificate_unobtainable", "The certificate could not be fetched from the URL that the client gave."),
    (
        112,
        "unrecognized_name",
        "The server has nothing for the host name that the client asked for by SNI; as a warning the handshake goes on.",
    ),
    (
        113,
        "bad_certificate_status_response",
        "The stapled OCSP response is missing where it must be there, or is invalid, or is too old.",
    ),
    (114, "bad_certificate_hash_value", "A certificate fetched by URL does not have the hash that was announced."),
    (115, "unknown_psk_identity", "The server does not know the pre-shared key that the client named."),
    (116, "certificate_required", "The server wants a client certificate and the client has sent none (TLS 1.3)."),
    (117, "general_error", "The handshake cannot go on for a reason without an alert of its own."),
    (
        120,
        "no_application_protocol",
        "None of the application protocols that the client offered by ALPN is spoken by the server.",
    ),
    (
        121,
        "ech_required",
        "The client asked for Encrypted ClientHello and the server could not do it; the client has to retry with \
         the keys that the server gave.",
    ),
];

fn find(code: u8) -> Option<&'static (u8, &'static str, &'static str)> {
    ALERTS.get(ALERTS.binary_search_by_key(&code, |(known, ..)| *known).ok()?)
}

/// The name of an AlertDescription, where it has one.
pub fn name(code: u8) -> Option<&'static str> {
    find(code).map(|(_, name, _)| *name)
}

/// The name, or `alert N`.
pub fn display(code: u8) -> Name {
    name(code).map_or_else(|| format!("alert {code}").into(), Name::Borrowed)
}

/// `warning` or `fatal`.
pub fn level_name(level: u8) -> Option<&'static str> {
    match level {
        WARNING => Some("warning"),
        FATAL => Some("fatal"),
        _ => None,
    }
}

/// The code point of a name: `unknown_ca`, in any case, with `-` or spaces for `_`.
pub fn from_name(text: &str) -> Option<u8> {
    let wanted = text.trim().to_ascii_lowercase().replace(['-', ' '], "_");
    ALERTS.iter().find(|(_, name, _)| *name == wanted).map(|(code, ..)| *code)
}

/// What the alert says, and what it usually means where both sides show certificates; one sentence.
pub fn meaning(code: u8) -> Option<&'static str> {
    find(code).map(|(_, _, meaning)| *meaning)
}

/// Every alert that has a name, in order.
pub fn all() -> impl Iterator<Item = u8> {
    ALERTS.iter().map(|(code, ..)| *code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_there_and_back() {
        assert!(ALERTS.is_sorted_by(|a, b| a.0 < b.0));
        for code in all() {
            assert_eq!(from_name(&display(code)), Some(code));
        }
        assert_eq!(from_name("Unknown CA"), Some(48));
        assert_eq!(from_name("nonsense"), None);
        assert_eq!(display(99), "alert 99");
        assert_eq!(level_name(3), None);
    }

    #[test]
    fn meanings_are_sentences() {
        for code in all() {
            let meaning = meaning(code).expect("a meaning");
            assert!(meaning.ends_with('.') && !meaning.contains("  "), "{meaning}");
        }
    }
}
