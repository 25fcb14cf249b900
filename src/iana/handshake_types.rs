//! TLS HandshakeType values.

use super::{Name, find};

/// hello_request.
pub const HELLO_REQUEST: u8 = 0;
/// client_hello.
pub const CLIENT_HELLO: u8 = 1;
/// server_hello.
pub const SERVER_HELLO: u8 = 2;
/// hello_verify_request (DTLS).
pub const HELLO_VERIFY_REQUEST: u8 = 3;
/// new_session_ticket.
pub const NEW_SESSION_TICKET: u8 = 4;
/// end_of_early_data.
pub const END_OF_EARLY_DATA: u8 = 5;
/// encrypted_extensions.
pub const ENCRYPTED_EXTENSIONS: u8 = 8;
/// certificate.
pub const CERTIFICATE: u8 = 11;
/// server_key_exchange.
pub const SERVER_KEY_EXCHANGE: u8 = 12;
/// certificate_request.
pub const CERTIFICATE_REQUEST: u8 = 13;
/// server_hello_done.
pub const SERVER_HELLO_DONE: u8 = 14;
/// certificate_verify.
pub const CERTIFICATE_VERIFY: u8 = 15;
/// client_key_exchange.
pub const CLIENT_KEY_EXCHANGE: u8 = 16;
/// finished.
pub const FINISHED: u8 = 20;
/// certificate_status.
pub const CERTIFICATE_STATUS: u8 = 22;
/// key_update.
pub const KEY_UPDATE: u8 = 24;
/// compressed_certificate.
pub const COMPRESSED_CERTIFICATE: u8 = 25;
/// message_hash, which stands in a transcript and never on the wire.
pub const MESSAGE_HASH: u8 = 254;

const NAMES: &[(u8, &str)] = &[
    (0, "HelloRequest"),
    (1, "ClientHello"),
    (2, "ServerHello"),
    (3, "HelloVerifyRequest"),
    (4, "NewSessionTicket"),
    (5, "EndOfEarlyData"),
    (6, "HelloRetryRequest (draft)"),
    (8, "EncryptedExtensions"),
    (9, "RequestConnectionId"),
    (10, "NewConnectionId"),
    (11, "Certificate"),
    (12, "ServerKeyExchange"),
    (13, "CertificateRequest"),
    (14, "ServerHelloDone"),
    (15, "CertificateVerify"),
    (16, "ClientKeyExchange"),
    (17, "ClientCertificateRequest"),
    (20, "Finished"),
    (21, "CertificateURL"),
    (22, "CertificateStatus"),
    (23, "SupplementalData"),
    (24, "KeyUpdate"),
    (25, "CompressedCertificate"),
    (26, "EKTKey"),
    (67, "NextProtocol"),
    (203, "EncryptedExtensions (channel id)"),
    (254, "message_hash"),
];

/// The message's name in the RFCs, where it has one.
pub fn name(code: u8) -> Option<&'static str> {
    find(NAMES, code)
}

/// The name, or `handshake type N`.
pub fn display(code: u8) -> Name {
    name(code).map_or_else(|| format!("handshake type {code}").into(), Name::Borrowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_rfcs() {
        assert!(NAMES.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(display(CERTIFICATE_VERIFY), "CertificateVerify");
        assert_eq!(display(99), "handshake type 99");
    }
}
