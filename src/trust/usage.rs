//! What a certificate may be used for, and how strong it is: the checks that need one certificate and its
//! place in the path only.

use super::{Flaw, UsageExtension};
use crate::role::Role;
use crate::x509::{Certificate, KeyKind, usage_name};

const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";
const ANY: &str = "2.5.29.37.0";
/// Server Gated Cryptography (Microsoft, Netscape): old CA certificates carry it for serverAuth.
const SGC: [&str; 2] = ["1.3.6.1.4.1.311.10.3.3", "2.16.840.1.113730.4.1"];

/// keyUsage bits (RFC 5280 section 4.2.1.3).
const DIGITAL_SIGNATURE: u16 = 1 << 0;
const KEY_ENCIPHERMENT: u16 = 1 << 2;
const KEY_AGREEMENT: u16 = 1 << 4;
const KEY_CERT_SIGN: u16 = 1 << 5;
const KEY_USAGE_NAMES: [&str; 9] = [
    "digitalSignature",
    "contentCommitment",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
];

/// RSA and DSA keys below this are too small for OpenSSL's level 2, rustls and mbedTLS.
const RSA_BITS: usize = 2048;
/// EC keys below this are below 112 bits of security.
const EC_BITS: usize = 224;

/// What forbids `leaf` to authenticate `role`.
pub fn of_leaf(leaf: &Certificate, role: Role) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    flaws.extend(extended(leaf, role).map(|(extension, why)| Flaw::WrongUsage { index: 0, extension, why }));
    if let Some(why) = leaf_key_usage(leaf, role) {
        flaws.push(Flaw::WrongUsage { index: 0, extension: UsageExtension::KeyUsage, why });
    }
    if leaf.basic_constraints.is_some_and(|constraints| constraints.ca) {
        flaws.push(Flaw::CaAsLeaf);
    }
    if leaf.readable && (1..3).contains(&leaf.version) {
        flaws.push(Flaw::OldVersion { index: 0, version: leaf.version });
    }
    flaws
}

/// What forbids `issuer` to issue a certificate for `role`. An extendedKeyUsage in an intermediate limits
/// what lies below it: RFC 5280 does not say so, every verifier does.
pub fn of_intermediate(issuer: &Certificate, index: usize, role: Role) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    if !may_issue(issuer) {
        flaws.push(Flaw::NotACa { index });
    }
    flaws.extend(extended(issuer, role).map(|(extension, why)| Flaw::WrongUsage { index, extension, why }));
    flaws
}

/// Whether it may sign certificates (RFC 5280 section 6.1.4 steps k to n).
pub fn may_issue(issuer: &Certificate) -> bool {
    let ca = issuer.basic_constraints.is_some_and(|constraints| constraints.ca);
    ca && issuer.key_usage.is_none_or(|bits| bits & KEY_CERT_SIGN != 0)
}

/// The same of a trust anchor: X.509 v1 roots have no way to say it, and are tolerated.
pub fn may_anchor(anchor: &Certificate) -> bool {
    anchor.version < 3 || may_issue(anchor)
}

/// What verifiers cannot read in it, or find too weak. The signature of a self-signed root counts for nobody.
pub fn of_any(certificate: &Certificate, index: usize, signature_counts: bool) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    if !certificate.readable || !certificate.defects.is_empty() {
        let what = if certificate.defects.is_empty() {
            "its fields cannot be read".to_owned()
        } else {
            certificate.defects.join("; ")
        };
        flaws.push(Flaw::Malformed { index, what, fatal: !certificate.readable });
    }
    let unknown = certificate.extensions.iter().filter(|extension| extension.critical && !extension.understood);
    flaws.extend(unknown.map(|extension| Flaw::UnknownCritical { index, oid: extension.oid.clone() }));
    flaws.extend(weak_key(certificate, index));
    if let Some(digest) = weak_digest(certificate).filter(|_| signature_counts) {
        flaws.push(Flaw::WeakDigest { index, digest });
    }
    flaws
}

/// The key is below what common policies ask for.
pub fn weak_key(certificate: &Certificate, index: usize) -> Option<Flaw> {
    let bits = certificate.key.bits;
    let limit = match certificate.key.kind {
        KeyKind::Rsa | KeyKind::RsaPss | KeyKind::Dsa => RSA_BITS,
        KeyKind::OtherEc => EC_BITS,
        _ => return None,
    };
    (bits > 0 && bits < limit).then_some(Flaw::WeakKey { index, bits })
}

/// `md5` or `sha1`, where the certificate's own signature is made over one of them.
pub fn weak_digest(certificate: &Certificate) -> Option<&'static str> {
    match certificate.signature_oid.as_str() {
        // md2 and md5WithRSAEncryption; the older digest is no better.
        "1.2.840.113549.1.1.2" | "1.2.840.113549.1.1.4" => Some("md5"),
        // sha1WithRSAEncryption (and its OIW twins), dsa-with-sha1, ecdsa-with-SHA1
        "1.2.840.113549.1.1.5" | "1.3.14.3.2.29" | "1.3.14.3.2.27" | "1.2.840.10040.4.3" | "1.2.840.10045.4.1" => {
            Some("sha1")
        }
        // RSASSA-PSS: SHA-1 is what absent parameters mean (RFC 4055 section 3.1); the digest's OID stands in
        // the parameters otherwise, as `[0]`.
        "1.2.840.113549.1.1.10" if !contains(&certificate.signature_parameters, &[0xa0]) => Some("sha1"),
        _ => None,
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

fn extended(certificate: &Certificate, role: Role) -> Option<(UsageExtension, String)> {
    let allowed = certificate.extended_key_usage.as_ref()?;
    let (oid, wanted) = match role {
        Role::Client => (CLIENT_AUTH, "clientAuth"),
        Role::Server => (SERVER_AUTH, "serverAuth"),
    };
    let has = |oid: &str| allowed.iter().any(|one| one == oid);
    if has(oid) || (role == Role::Server && SGC.into_iter().any(has)) {
        return None;
    }
    if has(ANY) {
        let why = format!("extendedKeyUsage lists anyExtendedKeyUsage, which some verifiers do not take for {wanted}");
        return Some((UsageExtension::AnyExtendedKeyUsage, why));
    }
    let names = allowed.iter().map(|oid| usage_name(oid)).collect::<Vec<_>>().join(", ");
    let names = if names.is_empty() { "nothing".to_owned() } else { format!("{names} only") };
    Some((UsageExtension::ExtendedKeyUsage, format!("extendedKeyUsage allows {names}, not {wanted}")))
}

fn leaf_key_usage(leaf: &Certificate, role: Role) -> Option<String> {
    let bits = leaf.key_usage?;
    if bits & DIGITAL_SIGNATURE != 0 {
        return None;
    }
    let names: Vec<&str> = (0_u32..)
        .zip(KEY_USAGE_NAMES)
        .filter(|(bit, _)| bits.checked_shr(*bit).unwrap_or(0) & 1 != 0)
        .map(|(_, name)| name)
        .collect();
    let has = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    let note = match role {
        Role::Server if bits & KEY_ENCIPHERMENT != 0 => "; that fits RSA key exchange, not (EC)DHE and not TLS 1.3",
        _ if bits & KEY_AGREEMENT != 0 => "; OpenSSL takes keyAgreement instead, others do not",
        _ => "",
    };
    Some(format!("keyUsage lacks digitalSignature (it has {has}){note}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::{BasicConstraints, ExtensionName, PublicKey};

    fn leaf() -> Certificate {
        Certificate { readable: true, version: 3, ..Certificate::default() }
    }

    fn usages(oids: &[&str]) -> Certificate {
        Certificate { extended_key_usage: Some(oids.iter().map(|oid| (*oid).to_owned()).collect()), ..leaf() }
    }

    #[test]
    fn a_server_only_certificate_does_not_serve_a_client() {
        let server = usages(&[SERVER_AUTH]);
        assert!(of_leaf(&server, Role::Server).is_empty());
        let flaws = of_leaf(&server, Role::Client);
        assert!(flaws[0].is_universal());
        assert_eq!(
            flaws[0].describe(&[], crate::time::Timestamp(0)),
            "extendedKeyUsage allows serverAuth only, not clientAuth"
        );
        assert!(of_leaf(&leaf(), Role::Client).is_empty(), "no extendedKeyUsage allows everything");
    }

    #[test]
    fn any_extended_key_usage_is_a_matter_of_the_stack() {
        let flaws = of_leaf(&usages(&[ANY]), Role::Client);
        assert_eq!(flaws.len(), 1);
        assert!(!flaws[0].is_universal());
        assert!(of_leaf(&usages(&[ANY, CLIENT_AUTH]), Role::Client).is_empty());
    }

    #[test]
    fn a_ca_certificate_as_leaf_is_told_twice_for_its_two_faults() {
        let ca = Certificate {
            key_usage: Some(KEY_CERT_SIGN | 1 << 6),
            basic_constraints: Some(BasicConstraints { ca: true, path_len: None }),
            ..leaf()
        };
        let flaws = of_leaf(&ca, Role::Client);
        assert!(matches!(&flaws[0], Flaw::WrongUsage { extension: UsageExtension::KeyUsage, why, .. }
            if why == "keyUsage lacks digitalSignature (it has keyCertSign, cRLSign)"));
        assert_eq!(flaws[1], Flaw::CaAsLeaf);
    }

    #[test]
    fn an_intermediate_needs_ca_and_key_cert_sign() {
        let mut issuer = leaf();
        assert!(!may_issue(&issuer));
        issuer.basic_constraints = Some(BasicConstraints { ca: true, path_len: None });
        assert!(may_issue(&issuer));
        issuer.key_usage = Some(DIGITAL_SIGNATURE);
        assert!(!may_issue(&issuer));
        let old = Certificate { version: 1, ..leaf() };
        assert!(may_anchor(&old) && !may_issue(&old));
    }

    #[test]
    fn weak_keys_digests_and_unknown_critical_extensions_are_all_told() {
        let weak = Certificate {
            signature_oid: "1.2.840.113549.1.1.5".to_owned(),
            key: PublicKey { kind: KeyKind::Rsa, bits: 1024, ..PublicKey::default() },
            extensions: vec![ExtensionName {
                oid: "1.2.3".to_owned(),
                name: "1.2.3".to_owned(),
                critical: true,
                understood: false,
            }],
            ..leaf()
        };
        let flaws = of_any(&weak, 2, true);
        assert_eq!(
            flaws,
            [
                Flaw::UnknownCritical { index: 2, oid: "1.2.3".to_owned() },
                Flaw::WeakKey { index: 2, bits: 1024 },
                Flaw::WeakDigest { index: 2, digest: "sha1" },
            ]
        );
        assert_eq!(of_any(&weak, 2, false).len(), 2, "a root's own signature does not count");
    }
}
