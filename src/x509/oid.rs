//! Object identifiers: their dotted form, and the names that people know them by.

use crate::bytes::hex;

/// Longest OID content that is written out; nothing real comes near.
const LONGEST: usize = 64;

/// The dotted form of an OID's content bytes. One that cannot be read that way (cut off, too long,
/// an arc of more than 128 bits) is given as `?` and its bytes in hex.
pub(super) fn dotted(content: &[u8]) -> String {
    arcs(content).unwrap_or_else(|| format!("?{}", hex(content.get(..LONGEST).unwrap_or(content))))
}

fn arcs(content: &[u8]) -> Option<String> {
    if content.is_empty() || content.len() > LONGEST {
        return None;
    }
    let mut text = String::new();
    let mut arc: u128 = 0;
    let mut open = false;
    for byte in content {
        arc = arc.checked_mul(128)? + u128::from(byte & 0x7f);
        open = byte & 0x80 != 0;
        if open {
            continue;
        }
        if text.is_empty() {
            let first = (arc / 40).min(2);
            text = format!("{first}.{}", arc - first * 40);
        } else {
            text.push_str(&format!(".{arc}"));
        }
        arc = 0;
    }
    (!open).then_some(text)
}

type Names = &'static [(&'static str, &'static str)];

fn find(table: Names, oid: &str) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == oid).map(|(_, name)| *name)
}

/// Signature algorithms, by the names that OpenSSL prints.
const SIGNATURES: Names = &[
    ("1.2.840.113549.1.1.2", "md2WithRSAEncryption"),
    ("1.2.840.113549.1.1.3", "md4WithRSAEncryption"),
    ("1.2.840.113549.1.1.4", "md5WithRSAEncryption"),
    ("1.2.840.113549.1.1.5", "sha1WithRSAEncryption"),
    ("1.3.14.3.2.29", "sha1WithRSA"),
    ("1.2.840.113549.1.1.10", "rsassaPss"),
    ("1.2.840.113549.1.1.11", "sha256WithRSAEncryption"),
    ("1.2.840.113549.1.1.12", "sha384WithRSAEncryption"),
    ("1.2.840.113549.1.1.13", "sha512WithRSAEncryption"),
    ("1.2.840.113549.1.1.14", "sha224WithRSAEncryption"),
    ("1.2.840.113549.1.1.15", "sha512-224WithRSAEncryption"),
    ("1.2.840.113549.1.1.16", "sha512-256WithRSAEncryption"),
    ("1.2.840.10040.4.3", "dsaWithSHA1"),
    ("2.16.840.1.101.3.4.3.1", "dsa_with_SHA224"),
    ("2.16.840.1.101.3.4.3.2", "dsa_with_SHA256"),
    ("2.16.840.1.101.3.4.3.3", "dsa_with_SHA384"),
    ("2.16.840.1.101.3.4.3.4", "dsa_with_SHA512"),
    ("1.2.840.10045.4.1", "ecdsa-with-SHA1"),
    ("1.2.840.10045.4.3.1", "ecdsa-with-SHA224"),
    ("1.2.840.10045.4.3.2", "ecdsa-with-SHA256"),
    ("1.2.840.10045.4.3.3", "ecdsa-with-SHA384"),
    ("1.2.840.10045.4.3.4", "ecdsa-with-SHA512"),
    ("2.16.840.1.101.3.4.3.9", "ecdsa_with_SHA3-224"),
    ("2.16.840.1.101.3.4.3.10", "ecdsa_with_SHA3-256"),
    ("2.16.840.1.101.3.4.3.11", "ecdsa_with_SHA3-384"),
    ("2.16.840.1.101.3.4.3.12", "ecdsa_with_SHA3-512"),
    ("2.16.840.1.101.3.4.3.13", "RSA-SHA3-224"),
    ("2.16.840.1.101.3.4.3.14", "RSA-SHA3-256"),
    ("2.16.840.1.101.3.4.3.15", "RSA-SHA3-384"),
    ("2.16.840.1.101.3.4.3.16", "RSA-SHA3-512"),
    ("1.2.156.10197.1.501", "SM2-with-SM3"),
    ("1.3.101.112", "ED25519"),
    ("1.3.101.113", "ED448"),
    ("2.16.840.1.101.3.4.3.17", "ML-DSA-44"),
    ("2.16.840.1.101.3.4.3.18", "ML-DSA-65"),
    ("2.16.840.1.101.3.4.3.19", "ML-DSA-87"),
];

/// Algorithms of public keys.
const KEYS: Names = &[
    ("1.2.840.113549.1.1.1", "RSA"),
    ("1.2.840.113549.1.1.10", "RSA-PSS"),
    ("1.2.840.10045.2.1", "EC"),
    ("1.2.840.10040.4.1", "DSA"),
    ("1.2.840.10046.2.1", "Diffie-Hellman"),
    ("1.3.101.110", "X25519"),
    ("1.3.101.111", "X448"),
    ("1.2.643.7.1.1.1.1", "GOST R 34.10-2012 (256 bits)"),
    ("1.2.643.7.1.1.1.2", "GOST R 34.10-2012 (512 bits)"),
];

/// Curves: OID, name, size in bits.
const CURVES: &[(&str, &str, usize)] = &[
    ("1.2.840.10045.3.1.7", "P-256", 256),
    ("1.3.132.0.34", "P-384", 384),
    ("1.3.132.0.35", "P-521", 521),
    ("1.2.840.10045.3.1.1", "P-192", 192),
    ("1.3.132.0.33", "P-224", 224),
    ("1.3.132.0.10", "secp256k1", 256),
    ("1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1", 256),
    ("1.3.36.3.3.2.8.1.1.8", "brainpoolP256t1", 256),
    ("1.3.36.3.3.2.8.1.1.11", "brainpoolP384r1", 384),
    ("1.3.36.3.3.2.8.1.1.12", "brainpoolP384t1", 384),
    ("1.3.36.3.3.2.8.1.1.13", "brainpoolP512r1", 512),
    ("1.3.36.3.3.2.8.1.1.14", "brainpoolP512t1", 512),
    ("1.2.156.10197.1.301", "SM2", 256),
    ("1.3.132.0.26", "sect233k1", 233),
    ("1.3.132.0.27", "sect233r1", 233),
    ("1.3.132.0.16", "sect283k1", 283),
    ("1.3.132.0.17", "sect283r1", 283),
    ("1.3.132.0.36", "sect409k1", 409),
    ("1.3.132.0.37", "sect409r1", 409),
    ("1.3.132.0.38", "sect571k1", 571),
    ("1.3.132.0.39", "sect571r1", 571),
];

/// Purposes in extendedKeyUsage.
const USAGES: Names = &[
    ("1.3.6.1.5.5.7.3.1", "serverAuth"),
    ("1.3.6.1.5.5.7.3.2", "clientAuth"),
    ("1.3.6.1.5.5.7.3.3", "codeSigning"),
    ("1.3.6.1.5.5.7.3.4", "emailProtection"),
    ("1.3.6.1.5.5.7.3.5", "ipsecEndSystem"),
    ("1.3.6.1.5.5.7.3.6", "ipsecTunnel"),
    ("1.3.6.1.5.5.7.3.7", "ipsecUser"),
    ("1.3.6.1.5.5.7.3.8", "timeStamping"),
    ("1.3.6.1.5.5.7.3.9", "OCSPSigning"),
    ("1.3.6.1.5.5.7.3.13", "eapOverPPP"),
    ("1.3.6.1.5.5.7.3.14", "eapOverLAN"),
    ("1.3.6.1.5.5.7.3.17", "ipsecIKE"),
    ("1.3.6.1.5.5.7.3.21", "secureShellClient"),
    ("1.3.6.1.5.5.7.3.22", "secureShellServer"),
    ("2.5.29.37.0", "anyExtendedKeyUsage"),
    ("1.3.6.1.4.1.311.20.2.2", "msSmartcardLogin"),
    ("1.3.6.1.4.1.311.10.3.4", "msEncryptingFileSystem"),
    ("1.3.6.1.4.1.311.10.3.12", "msDocumentSigning"),
    ("1.3.6.1.4.1.311.10.3.3", "msServerGatedCrypto"),
    ("1.3.6.1.4.1.311.2.1.21", "msIndividualCodeSigning"),
    ("1.3.6.1.4.1.311.2.1.22", "msCommercialCodeSigning"),
    ("1.3.6.1.4.1.311.54.1.2", "msRemoteDesktopAuthentication"),
    ("2.16.840.1.113730.4.1", "nsServerGatedCrypto"),
    ("1.3.6.1.5.2.3.4", "pkinitClientAuth"),
    ("1.3.6.1.5.2.3.5", "pkinitKDC"),
];

/// Certificate extensions: OID, name, whether verifiers handle it (OpenSSL's list of supported
/// extensions): a critical one that they do not handle makes them refuse (RFC 5280 section 4.2).
const EXTENSIONS: &[(&str, &str, bool)] = &[
    ("2.5.29.14", "subjectKeyIdentifier", true),
    ("2.5.29.15", "keyUsage", true),
    ("2.5.29.16", "privateKeyUsagePeriod", false),
    ("2.5.29.17", "subjectAltName", true),
    ("2.5.29.18", "issuerAltName", true),
    ("2.5.29.19", "basicConstraints", true),
    ("2.5.29.30", "nameConstraints", true),
    ("2.5.29.31", "crlDistributionPoints", true),
    ("2.5.29.32", "certificatePolicies", true),
    ("2.5.29.33", "policyMappings", true),
    ("2.5.29.35", "authorityKeyIdentifier", true),
    ("2.5.29.36", "policyConstraints", true),
    ("2.5.29.37", "extendedKeyUsage", true),
    ("2.5.29.46", "freshestCRL", false),
    ("2.5.29.54", "inhibitAnyPolicy", true),
    ("2.5.29.9", "subjectDirectoryAttributes", false),
    ("1.3.6.1.5.5.7.1.1", "authorityInfoAccess", true),
    ("1.3.6.1.5.5.7.1.3", "qcStatements", false),
    ("1.3.6.1.5.5.7.1.7", "sbgp-ipAddrBlock", true),
    ("1.3.6.1.5.5.7.1.8", "sbgp-autonomousSysNum", true),
    ("1.3.6.1.5.5.7.1.11", "subjectInfoAccess", false),
    ("1.3.6.1.5.5.7.1.14", "proxyCertInfo", true),
    ("1.3.6.1.5.5.7.1.24", "tlsfeature", false),
    ("1.3.6.1.5.5.7.48.1.5", "noCheck", false),
    ("1.3.6.1.4.1.11129.2.4.2", "signedCertificateTimestampList", false),
    ("1.3.6.1.4.1.11129.2.4.3", "ctPoison", false),
    ("1.3.6.1.4.1.44363.44", "delegationUsage", false),
    ("1.3.6.1.4.1.311.20.2", "msCertificateTemplateName", false),
    ("1.3.6.1.4.1.311.21.1", "msCaVersion", false),
    ("1.3.6.1.4.1.311.21.7", "msCertificateTemplate", false),
    ("1.3.6.1.4.1.311.21.10", "msApplicationPolicies", false),
    ("1.3.6.1.4.1.311.25.2", "msNtdsSecurity", false),
    ("2.16.840.1.113730.1.1", "nsCertType", true),
    ("2.16.840.1.113730.1.13", "nsComment", false),
];

/// Attribute types of names, by OpenSSL's short names.
const ATTRIBUTES: Names = &[
    ("2.5.4.3", "CN"),
    ("2.5.4.4", "SN"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "street"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.12", "title"),
    ("2.5.4.13", "description"),
    ("2.5.4.15", "businessCategory"),
    ("2.5.4.16", "postalAddress"),
    ("2.5.4.17", "postalCode"),
    ("2.5.4.18", "postOfficeBox"),
    ("2.5.4.20", "telephoneNumber"),
    ("2.5.4.41", "name"),
    ("2.5.4.42", "GN"),
    ("2.5.4.43", "initials"),
    ("2.5.4.44", "generationQualifier"),
    ("2.5.4.45", "x500UniqueIdentifier"),
    ("2.5.4.46", "dnQualifier"),
    ("2.5.4.65", "pseudonym"),
    ("2.5.4.72", "role"),
    ("2.5.4.97", "organizationIdentifier"),
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("0.9.2342.19200300.100.1.3", "mail"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
    ("1.2.840.113549.1.9.2", "unstructuredName"),
    ("1.2.840.113549.1.9.8", "unstructuredAddress"),
    ("1.3.6.1.4.1.311.60.2.1.1", "jurisdictionL"),
    ("1.3.6.1.4.1.311.60.2.1.2", "jurisdictionST"),
    ("1.3.6.1.4.1.311.60.2.1.3", "jurisdictionC"),
];

/// The name of a purpose in extendedKeyUsage, e.g. `clientAuth`; the OID again where it has none.
pub fn usage_name(oid: &str) -> &str {
    find(USAGES, oid).unwrap_or(oid)
}

/// The name of a signature algorithm, e.g. `ecdsa-with-SHA384`; the OID again where it has none.
pub fn signature_name(oid: &str) -> &str {
    find(SIGNATURES, oid).unwrap_or(oid)
}

/// The name of a public key's algorithm, where it has one.
pub(super) fn key_name(oid: &str) -> Option<&'static str> {
    find(KEYS, oid).or_else(|| find(SIGNATURES, oid))
}

/// Name and size in bits of a curve.
pub(super) fn curve(oid: &str) -> Option<(&'static str, usize)> {
    CURVES.iter().find(|(known, ..)| *known == oid).map(|(_, name, bits)| (*name, *bits))
}

/// Name of an extension, and whether verifiers handle it.
pub(super) fn extension(oid: &str) -> Option<(&'static str, bool)> {
    EXTENSIONS.iter().find(|(known, ..)| *known == oid).map(|(_, name, handled)| (*name, *handled))
}

/// OpenSSL's short name of an attribute type.
pub(super) fn attribute(oid: &str) -> Option<&'static str> {
    find(ATTRIBUTES, oid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_form() {
        assert_eq!(dotted(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11]), "1.2.840.113549.1.1.11");
        assert_eq!(dotted(&[0x88, 0x37, 3]), "2.999.3");
        assert_eq!(dotted(&[0x2a, 0x86]), "?2a86", "cut off");
        assert_eq!(dotted(&[]), "?");
        assert_eq!(dotted(&[0xff; 40]), format!("?{}", "ff".repeat(40)));
    }

    #[test]
    fn unknown_oids_name_themselves() {
        assert_eq!(usage_name("1.3.6.1.5.5.7.3.2"), "clientAuth");
        assert_eq!(usage_name("1.2.3"), "1.2.3");
        assert_eq!(signature_name("1.2.3"), "1.2.3");
    }
}
