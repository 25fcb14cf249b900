//! Certificates (RFC 5280 section 4.1). The walk goes on past whatever it cannot read; x509-parser,
//! which is strict, is asked for a second opinion on what the walk found sound.

use sha2::{Digest, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use super::der::{self, Der, Element, bit_string, tag};
use super::{Certificate, Name, extension, key, name, oid};
use crate::time::Timestamp;

/// Most defects that are told of one certificate.
const DEFECT_LIMIT: usize = 32;

/// Longest serial number that RFC 5280 section 4.1.2.2 allows, in bytes.
const LONGEST_SERIAL: usize = 20;

/// The defects of one certificate.
#[derive(Default)]
pub(super) struct Defects(Vec<String>);

impl Defects {
    /// Adds one.
    pub(super) fn add(&mut self, what: impl Into<String>) {
        if self.0.len() < DEFECT_LIMIT {
            self.0.push(what.into());
        }
    }
}

/// Reads a certificate as far as it can be read. Never fails.
///
/// Every entry of `defects` is something that at least one common TLS stack refuses; deviations that
/// all of them take (a default written out, GeneralizedTime before 2050, serial number zero) are
/// none. Times beyond the range of [`Timestamp`], such as the year 9999, become its last moment.
pub fn parse(der: &[u8]) -> Certificate {
    let mut certificate =
        Certificate { der: der.to_vec(), sha256: Sha256::digest(der).into(), ..Certificate::default() };
    let mut defects = Defects::default();
    walk(der, &mut certificate, &mut defects);
    certificate.readable = certificate.not_before.is_some()
        && certificate.not_after.is_some()
        && !certificate.subject.der.is_empty()
        && !certificate.issuer.der.is_empty()
        && !certificate.key.bits_content.is_empty();
    if defects.0.is_empty()
        && let Err(refusal) = X509Certificate::from_der(der)
    {
        let why = match refusal {
            x509_parser::nom::Err::Error(error) | x509_parser::nom::Err::Failure(error) => error.to_string(),
            x509_parser::nom::Err::Incomplete(_) => "it is not complete".to_owned(),
        };
        defects.add(format!("A strict reader refuses it: {why}"));
    }
    certificate.defects = defects.0;
    certificate
}

fn walk(der: &[u8], certificate: &mut Certificate, defects: &mut Defects) {
    let mut bytes = Der::new(der);
    let Some((outer, clipped)) = bytes.next_clipped() else {
        defects.add(if der.is_empty() { "No bytes at all" } else { "Not a certificate" });
        return;
    };
    if outer.tag != tag::SEQUENCE {
        defects.add("The certificate does not begin as one");
    } else if clipped {
        defects.add("The certificate's length exceeds its bytes");
    } else if !bytes.is_empty() {
        defects.add(format!("{} bytes follow the certificate", bytes.rest().len()));
    }
    let mut fields = outer.inside();
    if fields.next().is_none() && !bytes.is_empty() {
        // The outer length is too short for what is inside: that one is wrong, then.
        let header = outer.whole.len() - outer.content.len();
        fields = Der::new(der.get(header..).unwrap_or_default());
    } else {
        fields = outer.inside();
    }
    let Some((tbs, clipped)) = fields.next_clipped() else {
        defects.add("There is nothing in the certificate");
        return;
    };
    if clipped {
        defects.add("The certificate breaks off in the middle");
    }
    certificate.tbs = tbs.whole.to_vec();
    let inner_algorithm = to_be_signed(&tbs, certificate, defects);
    if clipped {
        return;
    }
    signature(&mut fields, inner_algorithm, certificate, defects);
}

/// signatureAlgorithm and signatureValue.
fn signature(fields: &mut Der<'_>, inner: Option<&[u8]>, certificate: &mut Certificate, defects: &mut Defects) {
    let Some(algorithm) = fields.next_if(tag::SEQUENCE) else {
        defects.add("The signature algorithm cannot be read");
        return;
    };
    set_algorithm(&algorithm, certificate, defects);
    if inner.is_some_and(|inner| inner != algorithm.whole) {
        defects.add("The two signature algorithms differ");
    }
    match fields.next_if(tag::BIT_STRING).and_then(|value| bit_string(value.content)) {
        Some((bytes, 0)) => certificate.signature = bytes.to_vec(),
        _ => defects.add("The signature cannot be read"),
    }
    if !fields.is_empty() {
        defects.add("Bytes follow the signature");
    }
}

fn set_algorithm(algorithm: &Element<'_>, certificate: &mut Certificate, defects: &mut Defects) {
    match super::signature::algorithm(algorithm) {
        Some((oid, parameters)) => {
            certificate.signature_algorithm = oid::signature_name(&oid).to_owned();
            certificate.signature_oid = oid;
            certificate.signature_parameters = parameters;
        }
        None => defects.add("The signature algorithm cannot be read"),
    }
}

/// The fields of a TBSCertificate, one after the other. A field of the wrong type is passed over; one
/// without a readable length ends the walk.
struct Fields<'a, 'd> {
    rest: Der<'a>,
    defects: &'d mut Defects,
    ended: bool,
}

impl<'a> Fields<'a, '_> {
    fn take(&mut self, tag: u8, what: &str) -> Option<Element<'a>> {
        if self.ended {
            return None;
        }
        let Some(element) = self.rest.next() else {
            self.defects.add(format!("It ends at or breaks off in: {what}"));
            self.ended = true;
            return None;
        };
        if element.tag != tag {
            self.defects.add(format!("Something else stands in the place of: {what}"));
            return None;
        }
        Some(element)
    }
}

/// Reads the TBSCertificate; the answer is the AlgorithmIdentifier inside it.
fn to_be_signed<'a>(tbs: &Element<'a>, certificate: &mut Certificate, defects: &mut Defects) -> Option<&'a [u8]> {
    let mut fields = Fields { rest: tbs.inside(), defects, ended: false };
    certificate.version = version(&mut fields);
    if let Some(serial) = fields.take(tag::INTEGER, "serial number") {
        certificate.serial = serial.content.to_vec();
        check_serial(serial.content, fields.defects);
    }
    let algorithm = fields.take(tag::SEQUENCE, "signature algorithm");
    if let Some(algorithm) = algorithm {
        // Replaced by the outer one, where that can be read.
        set_algorithm(&algorithm, certificate, fields.defects);
    }
    if let Some(issuer) = fields.take(tag::SEQUENCE, "issuer") {
        certificate.issuer = read_name(&issuer, "issuer", fields.defects);
    }
    if let Some(validity) = fields.take(tag::SEQUENCE, "validity") {
        let mut times = validity.inside();
        certificate.not_before = read_time(&mut times, "notBefore", fields.defects);
        certificate.not_after = read_time(&mut times, "notAfter", fields.defects);
    }
    if let Some(subject) = fields.take(tag::SEQUENCE, "subject") {
        certificate.subject = read_name(&subject, "subject", fields.defects);
    }
    if let Some(spki) = fields.take(tag::SEQUENCE, "public key") {
        let (key, wrong) = key::read(spki.whole);
        certificate.key = key;
        if let Some(wrong) = wrong {
            fields.defects.add(wrong);
        }
    }
    rest_of_tbs(&mut fields, certificate);
    algorithm.map(|algorithm| algorithm.whole)
}

/// The unique identifiers and the extensions.
fn rest_of_tbs(fields: &mut Fields<'_, '_>, certificate: &mut Certificate) {
    for unique_id in [1, 2] {
        fields.rest.next_if(tag::implicit(unique_id));
    }
    if fields.ended || fields.rest.is_empty() {
        return;
    }
    match fields.rest.next_clipped() {
        Some((extensions, clipped)) if extensions.tag == tag::explicit(3) => {
            if clipped {
                fields.defects.add("The extensions have a wrong length");
            }
            if certificate.version < 3 {
                fields.defects.add("It has extensions, but not version 3");
            }
            extension::read_all(extensions.content, certificate, fields.defects);
        }
        _ => fields.defects.add("Unknown fields follow the public key"),
    }
    if !fields.rest.is_empty() {
        fields.defects.add("Unknown fields follow the extensions");
    }
}

fn version(fields: &mut Fields<'_, '_>) -> u8 {
    let Some(wrapped) = fields.rest.next_if(tag::explicit(0)) else { return 1 };
    let number = wrapped.inside().next_if(tag::INTEGER).and_then(|number| der::small(number.content));
    let version = number.and_then(|number| u8::try_from(number).ok()).and_then(|number| number.checked_add(1));
    match version {
        Some(version @ 1..=3) => version,
        _ => {
            fields.defects.add("Its version is none that exists");
            version.unwrap_or(0)
        }
    }
}

fn check_serial(serial: &[u8], defects: &mut Defects) {
    if serial.is_empty() {
        defects.add("The serial number is empty");
    } else if serial.first().is_some_and(|first| first & 0x80 != 0) {
        defects.add("The serial number is negative");
    } else if der::unsigned(serial).is_some_and(|magnitude| magnitude.len() > LONGEST_SERIAL) {
        defects.add(format!("The serial number has more than {LONGEST_SERIAL} bytes"));
    }
}

fn read_name(element: &Element<'_>, what: &str, defects: &mut Defects) -> Name {
    let (name, complete) = name::read(element.whole);
    if !complete {
        defects.add(format!("The {what} cannot be read completely"));
    }
    name
}

fn read_time(times: &mut Der<'_>, what: &str, defects: &mut Defects) -> Option<Timestamp> {
    let read = times.next().and_then(|element| der::time(&element));
    match read {
        Some((_, true)) => {}
        Some((_, false)) => defects.add(format!("{what} is not written in seconds and UTC")),
        None => defects.add(format!("{what} is no time")),
    }
    read.map(|(at, _)| at)
}

impl Certificate {
    /// Whether subject and issuer are the same, byte for byte. It says nothing about the signature.
    pub fn is_self_issued(&self) -> bool {
        !self.subject.der.is_empty() && self.subject.der == self.issuer.der
    }

    /// The subjectAltName entries for people: `DNS:a.example, IP:192.0.2.1`; empty where there are none.
    pub fn sans_text(&self) -> String {
        let names = self.subject_alt_names.as_deref().unwrap_or_default();
        names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::{GeneralName, KeyKind, signature::verify_certificate};

    const FULL: &[u8] = include_bytes!("../../fixtures/wire/x509/full.der");

    /// The certificate with every `from` replaced by `to`, of the same length.
    fn patched(from: &[u8], to: &[u8]) -> Vec<u8> {
        assert_eq!(from.len(), to.len());
        let mut der = FULL.to_vec();
        let places: Vec<usize> = (0..der.len() - from.len()).filter(|at| der[*at..].starts_with(from)).collect();
        assert!(!places.is_empty(), "nothing to patch");
        for at in places {
            der[at..at + to.len()].copy_from_slice(to);
        }
        der
    }

    #[test]
    fn every_field_of_a_sound_certificate() {
        let certificate = parse(FULL);
        assert_eq!(certificate.defects, [""; 0]);
        assert!(certificate.readable && certificate.is_self_issued());
        assert_eq!(certificate.version, 3);
        assert_eq!(certificate.serial, [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]);
        assert_eq!(
            certificate.subject.text,
            "C = DE, ST = Baden-Württemberg, O = \"Example, Inc\", CN = first + OU = second, 1.2.3.4.5 = third, \
             emailAddress = a@example.org"
        );
        assert_eq!(certificate.subject.common_names, ["first"]);
        assert_eq!(certificate.signature_algorithm, "ecdsa-with-SHA256");
        assert_eq!((certificate.key.kind, certificate.key.bits), (KeyKind::P256, 256));
        assert_eq!(certificate.key.describe(), "EC P-256");
        let validity = [certificate.not_before, certificate.not_after].map(|at| at.map(Timestamp::human));
        assert_eq!(validity, ["2026-11-25 23:26:46 UTC", "2036-11-22 23:26:46 UTC"].map(|at| Some(at.to_owned())));
    }

    #[test]
    fn every_extension_that_matters() {
        let certificate = parse(FULL);
        let constraints = certificate.basic_constraints.expect("basicConstraints");
        assert_eq!((constraints.ca, constraints.path_len), (true, Some(3)));
        assert_eq!(certificate.key_usage, Some(1 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 8));
        let usages = certificate.extended_key_usage.as_deref().unwrap_or_default();
        let usages: Vec<&str> = usages.iter().map(|usage| oid::usage_name(usage)).collect();
        assert_eq!(usages, ["clientAuth", "serverAuth", "msSmartcardLogin", "anyExtendedKeyUsage"]);
        assert_eq!(
            certificate.sans_text(),
            "DNS:example.org, DNS:*.example.org, IP:192.0.2.1, IP:2001:db8::1, email:a@example.org, \
             URI:spiffe://example.org/client, otherName UPN:user@example.org, registeredID 1.2.3.4, \
             DirName:O = Dir, CN = Name"
        );
        assert_eq!(certificate.ca_issuers, ["http://ca.example.org/ca.crt"]);
        assert_eq!(certificate.ocsp_urls, ["http://ocsp.example.org/"]);
        assert_eq!(certificate.crl_urls, ["http://crl.example.org/1.crl", "ldap://crl.example.org/2"]);
        let constraints = certificate.name_constraints.expect("nameConstraints");
        let text = |names: &[GeneralName]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(text(&constraints.permitted), ["DNS:example.org", "IP:10.0.0.0/255.0.0.0"]);
        assert_eq!(text(&constraints.excluded), ["email:.bad.example", "IP:2001:db8::/ffff:ffff::"]);
        let unknown: Vec<&str> = certificate
            .extensions
            .iter()
            .filter(|extension| extension.critical && !extension.understood)
            .map(|extension| extension.name.as_str())
            .collect();
        assert_eq!(unknown, ["1.2.3.4.9"]);
    }

    #[test]
    fn one_bad_extension_spoils_no_other() {
        // The BOOLEAN in basicConstraints becomes a NULL.
        let certificate = parse(&patched(&[0x30, 6, 1, 1, 0xff, 2, 1, 3], &[0x30, 6, 5, 1, 0xff, 2, 1, 3]));
        assert_eq!(certificate.basic_constraints, None);
        assert_eq!(certificate.defects, ["The extension basicConstraints is malformed"]);
        assert!(certificate.readable && certificate.key_usage.is_some());
        assert_eq!(certificate.subject_alt_names.map(|names| names.len()), Some(9));
    }

    #[test]
    fn odd_certificates_are_read_and_told_of() {
        let duplicate = parse(&patched(&[6, 3, 0x55, 0x1d, 0x0f], &[6, 3, 0x55, 0x1d, 0x13]));
        assert_eq!(duplicate.defects, ["The extension basicConstraints stands twice"]);
        assert!(duplicate.basic_constraints.is_some_and(|constraints| constraints.ca), "the first counts");

        let negative = parse(&patched(&[2, 8, 1, 0x23], &[2, 8, 0x81, 0x23]));
        assert_eq!(negative.defects, ["The serial number is negative"]);

        let month_13 = parse(&patched(b"261125232646Z", b"261325232646Z"));
        assert_eq!(month_13.defects, ["notBefore is no time"]);
        assert!(!month_13.readable && month_13.not_after.is_some() && month_13.basic_constraints.is_some());
        assert_eq!(month_13.subject.common_names, ["first"]);

        let v1 = parse(&patched(&[0xa0, 3, 2, 1, 2], &[0xa0, 3, 2, 1, 0]));
        assert_eq!((v1.version, v1.defects), (1, vec!["It has extensions, but not version 3".to_owned()]));

        let trailing = parse(&[FULL, b"xy"].concat());
        assert_eq!(trailing.defects, ["2 bytes follow the certificate"]);
        assert!(verify_certificate(&trailing, &trailing.key).is_valid());
    }

    #[test]
    fn a_broken_shell_does_not_hide_the_names() {
        let whole = parse(FULL);
        let mut long = FULL.to_vec();
        long[2] = 0x7f;
        let mut short = FULL.to_vec();
        short[2] = 0x01;
        for broken in [long, short, FULL[..FULL.len() - 40].to_vec(), FULL[..600].to_vec()] {
            let certificate = parse(&broken);
            assert!(!certificate.defects.is_empty());
            assert_eq!(certificate.subject, whole.subject);
            assert_eq!(certificate.not_after, whole.not_after);
            assert_eq!(certificate.key, whole.key);
        }
        let nothing = parse(&[]);
        assert!(!nothing.readable);
        assert_eq!(nothing.defects, ["No bytes at all"]);
        assert!(!parse(b"GET / HTTP/1.1").readable);
    }

    #[test]
    fn keys_of_every_kind() {
        let describe = |der: &[u8]| {
            let certificate = parse(der);
            (certificate.key.describe(), certificate.key.bits, certificate.defects.len())
        };
        let is = |text: &str, bits, defects| (text.to_owned(), bits, defects);
        assert_eq!(describe(include_bytes!("../../fixtures/wire/x509/rsa1025.der")), is("RSA 1025", 1025, 0));
        assert_eq!(describe(include_bytes!("../../fixtures/wire/x509/psskey.der")), is("RSA-PSS 2048", 2048, 0));
        assert_eq!(describe(include_bytes!("../../fixtures/wire/x509/ec521-sha1.der")), is("EC P-521", 521, 0));
        assert_eq!(describe(include_bytes!("../../fixtures/wire/x509/ed25519.der")), is("Ed25519", 256, 0));
        assert_eq!(describe(include_bytes!("../../fixtures/wire/x509/ed448.der")), is("Ed448", 456, 0));
        assert_eq!(describe(include_bytes!("../../fixtures/wire/x509/bp.der")), is("EC brainpoolP256r1", 256, 0));
        let explicit = describe(include_bytes!("../../fixtures/wire/x509/exp.der"));
        assert_eq!(explicit, is("EC with explicit parameters", 256, 1));
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(512))]

        #[test]
        fn mutated_certificates_never_panic(
            changes in proptest::collection::vec((0..FULL.len(), proptest::num::u8::ANY), 1..6),
            len in 0..=FULL.len(),
        ) {
            let mut der = FULL.to_vec();
            for (at, byte) in changes {
                der[at] = byte;
            }
            der.truncate(len.max(FULL.len() / 2));
            let certificate = parse(&der);
            proptest::prop_assert!(certificate.defects.len() <= DEFECT_LIMIT);
            proptest::prop_assert!(certificate.tbs.len() <= der.len());
            verify_certificate(&certificate, &certificate.key);
        }
    }
}
