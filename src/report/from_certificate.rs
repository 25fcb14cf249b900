//! Certificates: from the inner model to the published one.

use std::cell::RefCell;
use std::convert::Infallible;
use std::sync::Arc;

use crate::bytes::hex;
use crate::memo::{Of, Table, recall_of};
use crate::report::from_session::count;
use crate::report::{BasicConstraints, Certificate, Certificates, PublicKey, UnreadCertificate, Validity};
use crate::role::Role;
use crate::session::{CertificateSent, Session};
use crate::time::Timestamp;
use crate::x509::{self, GeneralName, KeyKind};

/// Chains remembered.
const ROWS: usize = 64;

thread_local! {
    /// Chains and their published form.
    static KNOWN: Table<Of<x509::Certificate, Vec<Certificate>>> = const { RefCell::new(Vec::new()) };
}

/// What each side presented.
pub(super) fn certificates(session: &Session) -> Certificates {
    let (client, client_unread) = side(session, Role::Client);
    let (server, server_unread) = side(session, Role::Server);
    Certificates { client, server, client_unread, server_unread }
}

fn side(session: &Session, role: Role) -> (Option<Vec<Certificate>>, Option<UnreadCertificate>) {
    let Some(seen) = session.certificate.of(role).seen() else { return (None, None) };
    match &seen.value {
        CertificateSent::Empty => (Some(Vec::new()), None),
        CertificateSent::Chain(chain) => {
            let at = session.judged_at(role);
            (Some(published(chain, seen.packet.0, at)), None)
        }
        CertificateSent::Unread { approx_len } => {
            let approximate_length = approx_len.map(count);
            let unread = UnreadCertificate { packet: seen.packet.0, inferred: seen.is_inferred(), approximate_length };
            (None, Some(unread))
        }
    }
}

/// A chain that a packet completed, at that moment. It is remembered but for these two, as sessions share chains.
fn published(chain: &Arc<[x509::Certificate]>, packet: u64, at: Timestamp) -> Vec<Certificate> {
    let read = || Ok::<_, Infallible>(chain.iter().enumerate().map(certificate).collect());
    let Ok(mut published): Result<Vec<_>, _> = recall_of(&KNOWN, ROWS, chain, read, |_| true);
    for (one, of) in published.iter_mut().zip(chain.iter()) {
        one.packet = packet;
        one.validity = validity(of, at);
        one.valid_since_s = of.not_before.map(|start| seconds(start, at));
        one.expires_in_s = of.not_after.map(|end| seconds(at, end));
    }
    published
}

/// All that is the same whenever it is sent.
fn certificate((position, certificate): (usize, &x509::Certificate)) -> Certificate {
    Certificate {
        packet: 0,
        position: count(position),
        subject: unless_empty(&certificate.subject.text),
        issuer: unless_empty(&certificate.issuer.text),
        serial: bytes(&certificate.serial),
        version: (certificate.version > 0).then_some(certificate.version),
        not_before: certificate.not_before.map(|time| time.rfc3339(0)),
        not_after: certificate.not_after.map(|time| time.rfc3339(0)),
        validity: None,
        valid_since_s: None,
        expires_in_s: None,
        subject_alternative_names: certificate
            .subject_alt_names
            .as_ref()
            .map(|names| names.iter().map(general_name).collect()),
        key: key(&certificate.key),
        signature_algorithm: unless_empty(&certificate.signature_algorithm)
            .or_else(|| unless_empty(&certificate.signature_oid)),
        basic_constraints: certificate
            .basic_constraints
            .map(|basic| BasicConstraints { ca: basic.ca, path_length: basic.path_len }),
        key_usage: certificate.key_usage.map(key_usage),
        extended_key_usage: certificate
            .extended_key_usage
            .as_ref()
            .map(|list| list.iter().map(|oid| purpose(oid).to_owned()).collect()),
        subject_key_id: certificate.subject_key_id.as_deref().and_then(bytes),
        authority_key_id: certificate.authority_key_id.as_deref().and_then(bytes),
        ca_issuers: certificate.ca_issuers.clone(),
        ocsp: certificate.ocsp_urls.clone(),
        crl: certificate.crl_urls.clone(),
        extensions: certificate.extensions.iter().map(extension).collect(),
        fingerprint_sha256: hex(&certificate.sha256),
        self_signed: is_self_signed(certificate),
        problems: certificate.defects.clone(),
    }
}

/// Whole seconds from `from` to `to`, rounded down: a certificate that expired half a second ago is
/// expired.
fn seconds(from: Timestamp, to: Timestamp) -> i64 {
    to.since(from).0.div_euclid(1_000_000_000)
}

fn validity(certificate: &x509::Certificate, at: Timestamp) -> Option<Validity> {
    // notAfter is the last second of the validity (RFC 5280 section 4.1.2.5), all of it.
    if certificate.not_after.is_some_and(|end| at.secs() > end.secs()) {
        Some(Validity::Expired)
    } else if certificate.not_before.is_some_and(|start| at < start) {
        Some(Validity::NotYetValid)
    } else {
        (certificate.not_before.is_some() && certificate.not_after.is_some()).then_some(Validity::Valid)
    }
}

fn is_self_signed(certificate: &x509::Certificate) -> bool {
    let same_name = !certificate.subject.der.is_empty() && certificate.subject.der == certificate.issuer.der;
    let other_key = match (&certificate.subject_key_id, &certificate.authority_key_id) {
        (Some(own), Some(authority)) => own != authority,
        _ => false,
    };
    same_name && !other_key
}

fn unless_empty(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn bytes(bytes: &[u8]) -> Option<String> {
    (!bytes.is_empty()).then(|| hex(bytes))
}

fn extension(extension: &x509::ExtensionName) -> String {
    if extension.critical { format!("{} (critical)", extension.name) } else { extension.name.clone() }
}

fn general_name(name: &GeneralName) -> String {
    match name {
        GeneralName::Dns(name) => format!("DNS:{name}"),
        GeneralName::Ip(ip) => format!("IP:{ip}"),
        GeneralName::IpRange(range) => format!("IP:{}", hex(range)),
        GeneralName::Email(address) => format!("email:{address}"),
        GeneralName::Uri(uri) => format!("URI:{uri}"),
        GeneralName::Directory(name) => format!("dirName:{}", name.text),
        GeneralName::Other(text) => format!("other:{text}"),
    }
}

fn key(key: &x509::PublicKey) -> Option<PublicKey> {
    let (algorithm, curve) = match key.kind {
        KeyKind::Rsa => ("rsa", None),
        KeyKind::RsaPss => ("rsa-pss", None),
        KeyKind::P256 => ("ec", Some("secp256r1")),
        KeyKind::P384 => ("ec", Some("secp384r1")),
        KeyKind::P521 => ("ec", Some("secp521r1")),
        KeyKind::OtherEc => ("ec", key.curve_oid.as_deref()),
        KeyKind::Ed25519 => ("ed25519", None),
        KeyKind::Ed448 => ("ed448", None),
        KeyKind::Dsa => ("dsa", None),
        KeyKind::MlDsa => ("ml-dsa", None),
        KeyKind::Unknown if key.oid.is_empty() => return None,
        KeyKind::Unknown => (key.oid.as_str(), None),
    };
    Some(PublicKey {
        algorithm: algorithm.to_owned(),
        size: (key.bits > 0).then(|| count(key.bits)),
        curve: curve.map(str::to_owned),
    })
}

/// keyUsage (RFC 5280 section 4.2.1.3), bit 0 first.
const KEY_USAGE: [&str; 9] = [
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
];

fn key_usage(bits: u16) -> Vec<String> {
    KEY_USAGE.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1).map(|(_, name)| (*name).to_owned()).collect()
}

/// The name of an extended key usage (RFC 5280 section 4.2.1.12 and the vendors'), else its OID again.
fn purpose(oid: &str) -> &str {
    match oid {
        "2.5.29.37.0" => "anyExtendedKeyUsage",
        "1.3.6.1.5.5.7.3.1" => "serverAuth",
        "1.3.6.1.5.5.7.3.2" => "clientAuth",
        "1.3.6.1.5.5.7.3.3" => "codeSigning",
        "1.3.6.1.5.5.7.3.4" => "emailProtection",
        "1.3.6.1.5.5.7.3.8" => "timeStamping",
        "1.3.6.1.5.5.7.3.9" => "OCSPSigning",
        "1.3.6.1.5.5.7.3.13" => "eapOverPPP",
        "1.3.6.1.5.5.7.3.14" => "eapOverLAN",
        "1.3.6.1.5.5.7.3.17" => "ipsecIKE",
        "1.3.6.1.4.1.311.10.3.3" => "msSGC",
        "1.3.6.1.4.1.311.20.2.2" => "msSmartcardLogin",
        "2.16.840.1.113730.4.1" => "nsSGC",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    fn dated() -> x509::Certificate {
        x509::Certificate {
            not_before: Some(Timestamp::from_secs(10 * DAY)),
            not_after: Some(Timestamp::from_secs(20 * DAY)),
            ..x509::Certificate::default()
        }
    }

    fn sent(one: x509::Certificate, packet: u64, at: Timestamp) -> Certificate {
        published(&Arc::from([one]), packet, at).remove(0)
    }

    #[test]
    fn a_chain_that_is_sent_again_is_told_of_its_own_packet_and_moment() {
        let chain: Arc<[_]> = Arc::from([dated(), x509::Certificate::default()]);
        for (packet, day, validity) in
            [(1, 9, Validity::NotYetValid), (2, 15, Validity::Valid), (3, 21, Validity::Expired)]
        {
            let both = [Arc::clone(&chain), Arc::from(chain.to_vec())];
            for chain in both {
                let told = published(&chain, packet, Timestamp::from_secs(day * DAY));
                assert_eq!(
                    told.iter().map(|one| (one.packet, one.position)).collect::<Vec<_>>(),
                    [(packet, 0), (packet, 1)]
                );
                assert_eq!((told[0].validity, told[0].expires_in_s), (Some(validity), Some((20 - day) * DAY)));
                assert_eq!((told[1].validity, told[1].valid_since_s), (None, None));
            }
        }
    }

    #[test]
    fn validity_is_that_of_the_moment_of_the_handshake() {
        let at = |secs| sent(dated(), 1, Timestamp::from_secs(secs));
        assert_eq!(at(23 * DAY).validity, Some(Validity::Expired));
        assert_eq!(at(23 * DAY).expires_in_s, Some(-3 * DAY));
        assert_eq!(at(9 * DAY).validity, Some(Validity::NotYetValid));
        assert_eq!(at(9 * DAY).valid_since_s, Some(-DAY));
        assert_eq!(at(20 * DAY).validity, Some(Validity::Valid), "notAfter itself is still valid");
        assert_eq!(sent(x509::Certificate::default(), 1, Timestamp(0)).validity, None);
    }

    #[test]
    fn usages_have_their_names() {
        assert_eq!(key_usage(0b10_0001), ["digitalSignature", "keyCertSign"]);
        assert_eq!(purpose("1.3.6.1.5.5.7.3.2"), "clientAuth");
        assert_eq!(purpose("1.2.3"), "1.2.3");
    }

    #[test]
    fn a_new_key_under_the_same_name_is_not_self_signed() {
        let name = x509::Name { der: vec![0x30, 0], ..x509::Name::default() };
        let mut root = x509::Certificate { subject: name.clone(), issuer: name, ..x509::Certificate::default() };
        assert!(is_self_signed(&root));
        root.subject_key_id = Some(vec![1]);
        root.authority_key_id = Some(vec![2]);
        assert!(!is_self_signed(&root));
    }

    #[test]
    fn what_could_not_be_read_is_absent() {
        let json = serde_json::to_value(sent(x509::Certificate::default(), 4, Timestamp(0))).expect("json");
        let names: Vec<&String> = json.as_object().expect("object").keys().collect();
        assert_eq!(names, ["packet", "position", "fingerprint_sha256", "self_signed"]);
    }
}
