//! TLS ClientCertificateType identifiers: what a CertificateRequest of TLS 1.2 and below asks for.

use super::{Name, find};

/// rsa_sign.
pub const RSA_SIGN: u8 = 1;
/// dss_sign.
pub const DSS_SIGN: u8 = 2;
/// ecdsa_sign.
pub const ECDSA_SIGN: u8 = 64;

const NAMES: &[(u8, &str)] = &[
    (1, "rsa_sign"),
    (2, "dss_sign"),
    (3, "rsa_fixed_dh"),
    (4, "dss_fixed_dh"),
    (5, "rsa_ephemeral_dh"),
    (6, "dss_ephemeral_dh"),
    (20, "fortezza_dms"),
    (21, "gost_sign01"),
    (22, "gost_sign256_legacy"),
    (64, "ecdsa_sign"),
    (65, "rsa_fixed_ecdh"),
    (66, "ecdsa_fixed_ecdh"),
    (67, "gost_sign256"),
    (68, "gost_sign512"),
    (80, "ibc_params"),
];

/// The name of a code point, where it has one.
pub fn name(code: u8) -> Option<&'static str> {
    find(NAMES, code)
}

/// The name, or `type N`.
pub fn display(code: u8) -> Name {
    name(code).map_or_else(|| format!("type {code}").into(), Name::Borrowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_names() {
        assert!(NAMES.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(display(ECDSA_SIGN), "ecdsa_sign");
        assert_eq!(display(7), "type 7");
    }
}
