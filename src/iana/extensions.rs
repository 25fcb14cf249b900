//! TLS ExtensionType values: IANA's registry, and those outside of it that browsers send.

use super::{Name, name_or_grease, name_or_hex};

/// server_name.
pub const SERVER_NAME: u16 = 0;
/// max_fragment_length.
pub const MAX_FRAGMENT_LENGTH: u16 = 1;
/// status_request.
pub const STATUS_REQUEST: u16 = 5;
/// supported_groups.
pub const SUPPORTED_GROUPS: u16 = 10;
/// ec_point_formats.
pub const EC_POINT_FORMATS: u16 = 11;
/// signature_algorithms.
pub const SIGNATURE_ALGORITHMS: u16 = 13;
/// application_layer_protocol_negotiation.
pub const ALPN: u16 = 16;
/// status_request_v2.
pub const STATUS_REQUEST_V2: u16 = 17;
/// client_certificate_type.
pub const CLIENT_CERTIFICATE_TYPE: u16 = 19;
/// server_certificate_type.
pub const SERVER_CERTIFICATE_TYPE: u16 = 20;
/// encrypt_then_mac.
pub const ENCRYPT_THEN_MAC: u16 = 22;
/// extended_master_secret.
pub const EXTENDED_MASTER_SECRET: u16 = 23;
/// compress_certificate.
pub const COMPRESS_CERTIFICATE: u16 = 27;
/// record_size_limit.
pub const RECORD_SIZE_LIMIT: u16 = 28;
/// session_ticket.
pub const SESSION_TICKET: u16 = 35;
/// pre_shared_key.
pub const PRE_SHARED_KEY: u16 = 41;
/// early_data.
pub const EARLY_DATA: u16 = 42;
/// supported_versions.
pub const SUPPORTED_VERSIONS: u16 = 43;
/// psk_key_exchange_modes.
pub const PSK_KEY_EXCHANGE_MODES: u16 = 45;
/// certificate_authorities.
pub const CERTIFICATE_AUTHORITIES: u16 = 47;
/// oid_filters.
pub const OID_FILTERS: u16 = 48;
/// post_handshake_auth.
pub const POST_HANDSHAKE_AUTH: u16 = 49;
/// signature_algorithms_cert.
pub const SIGNATURE_ALGORITHMS_CERT: u16 = 50;
/// key_share.
pub const KEY_SHARE: u16 = 51;
/// connection_id.
pub const CONNECTION_ID: u16 = 54;
/// encrypted_client_hello.
pub const ENCRYPTED_CLIENT_HELLO: u16 = 0xfe0d;
/// renegotiation_info.
pub const RENEGOTIATION_INFO: u16 = 65281;

const NAMES: &[(u16, &str)] = &[
    (0x0000, "server_name"),
    (0x0001, "max_fragment_length"),
    (0x0002, "client_certificate_url"),
    (0x0003, "trusted_ca_keys"),
    (0x0004, "truncated_hmac"),
    (0x0005, "status_request"),
    (0x0006, "user_mapping"),
    (0x0007, "client_authz"),
    (0x0008, "server_authz"),
    (0x0009, "cert_type"),
    (0x000a, "supported_groups"),
    (0x000b, "ec_point_formats"),
    (0x000c, "srp"),
    (0x000d, "signature_algorithms"),
    (0x000e, "use_srtp"),
    (0x000f, "heartbeat"),
    (0x0010, "application_layer_protocol_negotiation"),
    (0x0011, "status_request_v2"),
    (0x0012, "signed_certificate_timestamp"),
    (0x0013, "client_certificate_type"),
    (0x0014, "server_certificate_type"),
    (0x0015, "padding"),
    (0x0016, "encrypt_then_mac"),
    (0x0017, "extended_master_secret"),
    (0x0018, "token_binding"),
    (0x0019, "cached_info"),
    (0x001a, "tls_lts"),
    (0x001b, "compress_certificate"),
    (0x001c, "record_size_limit"),
    (0x001d, "pwd_protect"),
    (0x001e, "pwd_clear"),
    (0x001f, "password_salt"),
    (0x0020, "ticket_pinning"),
    (0x0021, "tls_cert_with_extern_psk"),
    (0x0022, "delegated_credential"),
    (0x0023, "session_ticket"),
    (0x0024, "TLMSP"),
    (0x0025, "TLMSP_proxying"),
    (0x0026, "TLMSP_delegate"),
    (0x0027, "supported_ekt_ciphers"),
    (0x0029, "pre_shared_key"),
    (0x002a, "early_data"),
    (0x002b, "supported_versions"),
    (0x002c, "cookie"),
    (0x002d, "psk_key_exchange_modes"),
    (0x002f, "certificate_authorities"),
    (0x0030, "oid_filters"),
    (0x0031, "post_handshake_auth"),
    (0x0032, "signature_algorithms_cert"),
    (0x0033, "key_share"),
    (0x0034, "transparency_info"),
    (0x0035, "connection_id_deprecated"),
    (0x0036, "connection_id"),
    (0x0037, "external_id_hash"),
    (0x0038, "external_session_id"),
    (0x0039, "quic_transport_parameters"),
    (0x003a, "ticket_request"),
    (0x003b, "dnssec_chain"),
    (0x003c, "sequence_number_encryption_algorithms"),
    (0x003d, "rrc"),
    (0x003e, "tls_flags"),
    (0x3374, "next_protocol_negotiation"),
    (0x4469, "application_settings"),
    (0x44cd, "application_settings_new"),
    (0x754f, "channel_id_old"),
    (0x7550, "channel_id"),
    (0xfd00, "ech_outer_extensions"),
    (0xfe0d, "encrypted_client_hello"),
    (0xff01, "renegotiation_info"),
    (0xffa5, "quic_transport_parameters_draft"),
    (0xffce, "encrypted_server_name"),
];

/// The name of a code point, where it has one.
pub fn name(code: u16) -> Option<&'static str> {
    name_or_grease(NAMES, code)
}

/// The name, or the number as `0x1234` where it has none.
pub fn display(code: u16) -> Name {
    name_or_hex(NAMES, code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_it_can_be_searched() {
        assert!(NAMES.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn every_constant_has_a_name() {
        assert_eq!(name(ALPN), Some("application_layer_protocol_negotiation"));
        assert_eq!(name(ENCRYPTED_CLIENT_HELLO), Some("encrypted_client_hello"));
        assert_eq!(display(63), "0x003f");
    }
}
