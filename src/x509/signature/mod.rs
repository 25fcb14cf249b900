//! Signatures: of certificates and lists (RFC 5280), and in TLS handshakes (RFC 5246 section 4.7,
//! RFC 8446 section 4.2.3).
//!
//! The question is always "does this signature fit this key", not "would a sound policy accept it":
//! MD5, SHA-1, RSA-512 and a curve that TLS 1.3 would not allow with the hash are all checked.

mod memo;
mod rsa;

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512, Sha512_224, Sha512_256};

use super::der::{Der, Element, small, tag};
use super::{Certificate, KeyKind, PublicKey, oid};

/// What came of checking a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verification {
    /// It fits.
    Valid,
    /// It does not fit: another key, other content, or a damaged signature.
    Invalid,
    /// The algorithm is none for a key of this type, for example ECDSA with an RSA key.
    WrongKeyType,
    /// It could not be checked; why, for a person.
    Unsupported(&'static str),
}

impl Verification {
    /// Whether the signature fits.
    pub fn is_valid(self) -> bool {
        self == Self::Valid
    }

    fn of(fits: bool) -> Self {
        if fits { Self::Valid } else { Self::Invalid }
    }
}

const DSA: Verification = Verification::Unsupported("DSA signatures are not checked");
const ED448: Verification = Verification::Unsupported("Ed448 signatures are not checked");
const ML_DSA: Verification = Verification::Unsupported("ML-DSA signatures are not checked");
const SM2: Verification = Verification::Unsupported("SM2 signatures are not checked");
const HASH: Verification = Verification::Unsupported("the signature's hash is not supported");
const CURVE: Verification = Verification::Unsupported("signatures on this curve are not checked");
const UNKNOWN: Verification = Verification::Unsupported("the signature algorithm is not known");

/// A hash function, as far as signatures use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hash {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Sha512_224,
    Sha512_256,
}

impl Hash {
    fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Md5 => Md5::digest(message).to_vec(),
            Self::Sha1 => Sha1::digest(message).to_vec(),
            Self::Sha224 => Sha224::digest(message).to_vec(),
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha384 => Sha384::digest(message).to_vec(),
            Self::Sha512 => Sha512::digest(message).to_vec(),
            Self::Sha512_224 => Sha512_224::digest(message).to_vec(),
            Self::Sha512_256 => Sha512_256::digest(message).to_vec(),
        }
    }

    fn len(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha224 | Self::Sha512_224 => 28,
            Self::Sha256 | Self::Sha512_256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// Content of its OID, as it stands in a DigestInfo.
    fn oid(self) -> &'static [u8] {
        match self {
            Self::Md5 => &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 5],
            Self::Sha1 => &[0x2b, 0x0e, 3, 2, 0x1a],
            Self::Sha256 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1],
            Self::Sha384 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2],
            Self::Sha512 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3],
            Self::Sha224 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 4],
            Self::Sha512_224 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 5],
            Self::Sha512_256 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 6],
        }
    }

    fn from_oid(content: &[u8]) -> Option<Self> {
        const ALL: [Hash; 8] = [
            Hash::Md5,
            Hash::Sha1,
            Hash::Sha224,
            Hash::Sha256,
            Hash::Sha384,
            Hash::Sha512,
            Hash::Sha512_224,
            Hash::Sha512_256,
        ];
        ALL.into_iter().find(|hash| hash.oid() == content)
    }

    /// The hash's number in TLS 1.2 (RFC 5246 section 7.4.1.4.1).
    fn from_tls(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Md5,
            2 => Self::Sha1,
            3 => Self::Sha224,
            4 => Self::Sha256,
            5 => Self::Sha384,
            6 => Self::Sha512,
            _ => return None,
        })
    }
}

/// Checks a signature of a TLS handshake: of CertificateVerify or ServerKeyExchange.
///
/// `scheme` is the SignatureScheme (in TLS 1.2: hash and signature bytes), or `None` in TLS 1.0 and
/// 1.1, where the key's type decides (RFC 4346 section 7.4.3, RFC 8422 section 5.4). `message` is all
/// that is signed, not yet hashed. A PSS salt may have any length; the curve is the key's, as in TLS 1.2.
pub fn verify_tls(key: &PublicKey, scheme: Option<u16>, message: &[u8], signature: &[u8]) -> Verification {
    let Some(scheme) = scheme else { return verify_old_tls(key, message, signature) };
    let pss = |kind: KeyKind, hash: Hash| match key.kind == kind {
        true => rsa::pss(key, hash, hash, None, &hash.digest(message), signature),
        false => Verification::WrongKeyType,
    };
    match scheme {
        0x0804 => pss(KeyKind::Rsa, Hash::Sha256),
        0x0805 => pss(KeyKind::Rsa, Hash::Sha384),
        0x0806 => pss(KeyKind::Rsa, Hash::Sha512),
        0x0809 => pss(KeyKind::RsaPss, Hash::Sha256),
        0x080a => pss(KeyKind::RsaPss, Hash::Sha384),
        0x080b => pss(KeyKind::RsaPss, Hash::Sha512),
        0x0807 => ed25519(key, message, signature),
        0x0808 => only_for(key, KeyKind::Ed448, ED448),
        0x0904..=0x0906 => only_for(key, KeyKind::MlDsa, ML_DSA),
        0x0708 => only_for(key, KeyKind::OtherEc, SM2),
        0x081a..=0x081c => only_for(key, KeyKind::OtherEc, CURVE),
        // rsa_pkcs1_sha256_legacy and its like: PKCS#1 in client certificates of TLS 1.3 (RFC 9963).
        0x0420 | 0x0520 | 0x0620 => legacy_pair(key, [scheme.to_be_bytes()[0], 1], message, signature),
        _ => legacy_pair(key, scheme.to_be_bytes(), message, signature),
    }
}

fn only_for(key: &PublicKey, kind: KeyKind, answer: Verification) -> Verification {
    if key.kind == kind { answer } else { Verification::WrongKeyType }
}

/// A pair of hash and signature algorithm (RFC 5246 section 7.4.1.4.1).
fn legacy_pair(key: &PublicKey, [hash, algorithm]: [u8; 2], message: &[u8], signature: &[u8]) -> Verification {
    let Some(hash) = Hash::from_tls(hash) else { return UNKNOWN };
    match algorithm {
        1 => pkcs1(key, hash, message, signature),
        2 => only_for(key, KeyKind::Dsa, DSA),
        3 => ecdsa(key, &hash.digest(message), signature),
        _ => UNKNOWN,
    }
}

fn verify_old_tls(key: &PublicKey, message: &[u8], signature: &[u8]) -> Verification {
    match key.kind {
        KeyKind::Rsa => {
            let both = [Hash::Md5.digest(message), Hash::Sha1.digest(message)].concat();
            rsa::pkcs1(key, &both, signature)
        }
        KeyKind::Dsa => DSA,
        kind if kind.is_ec() => ecdsa(key, &Hash::Sha1.digest(message), signature),
        _ => Verification::WrongKeyType,
    }
}

/// Checks whether `issuer` signed `subject`.
pub fn verify_certificate(subject: &Certificate, issuer: &PublicKey) -> Verification {
    if subject.tbs.is_empty() || subject.signature.is_empty() {
        return Verification::Unsupported("the certificate's signature could not be read");
    }
    memo::remembered(subject, issuer, || {
        verify_signed(&subject.signature_oid, &subject.signature_parameters, &subject.tbs, &subject.signature, issuer)
    })
}

/// Checks a signature whose algorithm is named by an AlgorithmIdentifier: dotted OID, parameters in DER.
pub(super) fn verify_signed(
    oid: &str,
    parameters: &[u8],
    message: &[u8],
    signature: &[u8],
    key: &PublicKey,
) -> Verification {
    let rsa = |hash| pkcs1(key, hash, message, signature);
    let ec = |hash: Hash| ecdsa(key, &hash.digest(message), signature);
    match oid {
        "1.2.840.113549.1.1.4" => rsa(Hash::Md5),
        "1.2.840.113549.1.1.5" | "1.3.14.3.2.29" => rsa(Hash::Sha1),
        "1.2.840.113549.1.1.14" => rsa(Hash::Sha224),
        "1.2.840.113549.1.1.11" => rsa(Hash::Sha256),
        "1.2.840.113549.1.1.12" => rsa(Hash::Sha384),
        "1.2.840.113549.1.1.13" => rsa(Hash::Sha512),
        "1.2.840.113549.1.1.15" => rsa(Hash::Sha512_224),
        "1.2.840.113549.1.1.16" => rsa(Hash::Sha512_256),
        "1.2.840.113549.1.1.10" => signed_with_pss(key, parameters, message, signature),
        "1.2.840.10045.4.1" => ec(Hash::Sha1),
        "1.2.840.10045.4.3.1" => ec(Hash::Sha224),
        "1.2.840.10045.4.3.2" => ec(Hash::Sha256),
        "1.2.840.10045.4.3.3" => ec(Hash::Sha384),
        "1.2.840.10045.4.3.4" => ec(Hash::Sha512),
        "1.3.101.112" => ed25519(key, message, signature),
        "1.3.101.113" => only_for(key, KeyKind::Ed448, ED448),
        "1.2.156.10197.1.501" => only_for(key, KeyKind::OtherEc, SM2),
        "2.16.840.1.101.3.4.3.17" | "2.16.840.1.101.3.4.3.18" | "2.16.840.1.101.3.4.3.19" => {
            only_for(key, KeyKind::MlDsa, ML_DSA)
        }
        "1.2.840.10040.4.3" => only_for(key, KeyKind::Dsa, DSA),
        _ if oid::signature_name(oid).starts_with("dsa_with") => only_for(key, KeyKind::Dsa, DSA),
        _ if oid::signature_name(oid) != oid => HASH,
        _ => UNKNOWN,
    }
}

fn pkcs1(key: &PublicKey, hash: Hash, message: &[u8], signature: &[u8]) -> Verification {
    if key.kind != KeyKind::Rsa {
        return Verification::WrongKeyType;
    }
    rsa::pkcs1(key, &rsa::digest_info(hash, &hash.digest(message)), signature)
}

fn signed_with_pss(key: &PublicKey, parameters: &[u8], message: &[u8], signature: &[u8]) -> Verification {
    if !matches!(key.kind, KeyKind::Rsa | KeyKind::RsaPss) {
        return Verification::WrongKeyType;
    }
    match PssParameters::read(parameters) {
        Some(PssParameters { hash: Some(hash), mask_hash: Some(mask_hash), salt_len }) => {
            rsa::pss(key, hash, mask_hash, Some(salt_len), &hash.digest(message), signature)
        }
        Some(_) => HASH,
        None => Verification::Unsupported("the RSASSA-PSS parameters cannot be read"),
    }
}

/// RSASSA-PSS-params (RFC 4055 section 3.1); `None` for a hash that is not known.
#[derive(Debug, PartialEq, Eq)]
struct PssParameters {
    hash: Option<Hash>,
    mask_hash: Option<Hash>,
    salt_len: usize,
}

impl PssParameters {
    fn read(parameters: &[u8]) -> Option<Self> {
        let mut fields = Der::new(parameters).next_if(tag::SEQUENCE)?.inside();
        let hash = match fields.next_if(tag::explicit(0)) {
            Some(hash) => Hash::from_oid(hash.inside().next_if(tag::SEQUENCE)?.inside().next_if(tag::OID)?.content),
            None => Some(Hash::Sha1),
        };
        let mask_hash = match fields.next_if(tag::explicit(1)) {
            Some(mask) => {
                let mut mask = mask.inside().next_if(tag::SEQUENCE)?.inside();
                mask.next_if(tag::OID)?;
                Hash::from_oid(mask.next_if(tag::SEQUENCE)?.inside().next_if(tag::OID)?.content)
            }
            None => Some(Hash::Sha1),
        };
        let salt_len = match fields.next_if(tag::explicit(2)) {
            Some(length) => usize::try_from(small(length.inside().next_if(tag::INTEGER)?.content)?).ok()?,
            None => 20,
        };
        Some(Self { hash, mask_hash, salt_len })
    }
}

/// Dotted OID and the parameters' DER (empty where absent) of an AlgorithmIdentifier.
pub(super) fn algorithm(identifier: &Element<'_>) -> Option<(String, Vec<u8>)> {
    let mut fields = identifier.inside();
    let oid = fields.next_if(tag::OID)?;
    Some((oid::dotted(oid.content), fields.rest().to_vec()))
}

/// Checks an ECDSA signature in DER over a hash of any length.
macro_rules! ecdsa_on {
    ($curve:ident, $field_len:literal, $key:expr, $hash:expr, $signature:expr) => {{
        use $curve::ecdsa::signature::hazmat::PrehashVerifier;
        use $curve::ecdsa::{Signature, VerifyingKey};
        let Ok(key) = VerifyingKey::from_sec1_bytes(&$key.bits_content) else {
            return Verification::Unsupported("the EC key is no point of its curve");
        };
        // A hash shorter than half the field is refused by the crate, though it is legal; as a number
        // it stays the same with zeros in front.
        let mut hash = vec![0; $field_len - $field_len.min($hash.len())];
        hash.extend_from_slice($hash);
        Verification::of(
            Signature::from_der($signature).is_ok_and(|signature| key.verify_prehash(&hash, &signature).is_ok()),
        )
    }};
}

fn ecdsa(key: &PublicKey, hash: &[u8], signature: &[u8]) -> Verification {
    match key.kind {
        KeyKind::P256 => ecdsa_on!(p256, 32_usize, key, hash, signature),
        KeyKind::P384 => ecdsa_on!(p384, 48_usize, key, hash, signature),
        KeyKind::P521 => ecdsa_on!(p521, 66_usize, key, hash, signature),
        KeyKind::OtherEc => CURVE,
        _ => Verification::WrongKeyType,
    }
}

fn ed25519(key: &PublicKey, message: &[u8], signature: &[u8]) -> Verification {
    use ed25519_dalek::{Signature, Verifier, VerifyingKey};
    if key.kind != KeyKind::Ed25519 {
        return Verification::WrongKeyType;
    }
    let point = <[u8; 32]>::try_from(key.bits_content.as_slice()).ok().and_then(|b| VerifyingKey::from_bytes(&b).ok());
    let Some(point) = point else { return Verification::Unsupported("the Ed25519 key is malformed") };
    Verification::of(Signature::from_slice(signature).is_ok_and(|signature| point.verify(message, &signature).is_ok()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::parse;

    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!("../../../fixtures/wire/x509/", $name)).as_slice()
        };
    }

    const RSA: &[u8] = fixture!("rsa2048-sha256.der");
    const ED25519: &[u8] = fixture!("ed25519.der");
    const MESSAGE: &[u8] = b"what is signed";

    #[test]
    fn certificates_of_every_algorithm() {
        let cases = [
            RSA,
            fixture!("rsa1024-md5.der"),
            fixture!("rsa512.der"),
            fixture!("rsa1025.der"),
            fixture!("pss1025-sha256-20.der"),
            fixture!("pss2048-sha1-0.der"),
            fixture!("pss2048-sha384--2.der"),
            fixture!("pssmgf.der"),
            fixture!("psskey.der"),
            fixture!("ec256-sha1.der"),
            fixture!("ec256-sha512.der"),
            fixture!("ec384-sha256.der"),
            fixture!("ec521-sha1.der"),
            fixture!("ec521-sha512.der"),
            fixture!("comp.der"),
            ED25519,
        ];
        for der in cases {
            let certificate = parse(der);
            let about = &certificate.subject.text;
            assert_eq!(verify_certificate(&certificate, &certificate.key), Verification::Valid, "{about}");
            let mut forged = certificate.clone();
            *forged.tbs.last_mut().expect("not empty") ^= 1;
            assert_eq!(verify_certificate(&forged, &certificate.key), Verification::Invalid, "{about}");
            let mut forged = certificate.clone();
            *forged.signature.last_mut().expect("not empty") ^= 1;
            assert_eq!(verify_certificate(&forged, &certificate.key), Verification::Invalid, "{about}");
        }
    }

    #[test]
    fn what_cannot_be_checked_says_so() {
        let rsa = parse(RSA).key;
        let ed448 = parse(fixture!("ed448.der"));
        assert_eq!(verify_certificate(&ed448, &ed448.key), ED448);
        assert_eq!(verify_certificate(&ed448, &rsa), Verification::WrongKeyType);
        let brainpool = parse(fixture!("bp.der"));
        assert_eq!(verify_certificate(&brainpool, &brainpool.key), CURVE);
        assert_eq!(verify_certificate(&brainpool, &rsa), Verification::WrongKeyType);
        let unread = verify_certificate(&Certificate::default(), &rsa);
        assert!(matches!(unread, Verification::Unsupported(_)), "{unread:?}");
    }

    #[test]
    fn handshake_signatures_of_every_version() {
        let key = |der: &[u8]| parse(der).key;
        let cases: [(&[u8], Option<u16>, &[u8]); 7] = [
            (RSA, None, fixture!("sig-rsa-md5sha1.bin")),
            (RSA, Some(0x0401), fixture!("sig-rsa-sha256.bin")),
            (RSA, Some(0x0420), fixture!("sig-rsa-sha256.bin")),
            (RSA, Some(0x0804), fixture!("sig-pss-sha256.bin")),
            (fixture!("ec521-sha512.der"), None, fixture!("sig-ec521-sha1.bin")),
            (fixture!("ec256-sha512.der"), Some(0x0503), fixture!("sig-ec256-sha384.bin")),
            (ED25519, Some(0x0807), fixture!("sig-ed25519.bin")),
        ];
        for (certificate, scheme, signature) in cases {
            let key = key(certificate);
            assert_eq!(verify_tls(&key, scheme, MESSAGE, signature), Verification::Valid, "{scheme:x?}");
            assert_eq!(verify_tls(&key, scheme, b"other", signature), Verification::Invalid, "{scheme:x?}");
            assert_eq!(verify_tls(&key, scheme, MESSAGE, b""), Verification::Invalid, "{scheme:x?}");
        }
    }

    #[test]
    fn a_scheme_must_fit_the_type_of_key() {
        let (rsa, ec, ed) = (parse(RSA).key, parse(fixture!("comp.der")).key, parse(ED25519).key);
        for (key, scheme) in
            [(&rsa, 0x0403), (&rsa, 0x0809), (&rsa, 0x0807), (&ec, 0x0401), (&ec, 0x0804), (&ed, 0x0403), (&ed, 0x0202)]
        {
            assert_eq!(verify_tls(key, Some(scheme), MESSAGE, &[1]), Verification::WrongKeyType, "{scheme:#x}");
        }
        assert_eq!(verify_tls(&rsa, Some(0x0a0a), MESSAGE, &[1]), UNKNOWN);
    }

    /// An RSA key of these numbers, without a certificate around it.
    fn rsa_key(modulus: &[u8], exponent: &[u8]) -> PublicKey {
        let element = |tag: u8, content: &[u8]| {
            let length = u16::try_from(content.len()).expect("short").to_be_bytes();
            [&[tag, 0x82, length[0], length[1]], content].concat()
        };
        let number = |bytes: &[u8]| element(tag::INTEGER, &[&[0], bytes].concat());
        let bits_content = element(tag::SEQUENCE, &[number(modulus), number(exponent)].concat());
        PublicKey { kind: KeyKind::Rsa, bits_content, ..PublicKey::default() }
    }

    #[test]
    fn absurd_rsa_keys_neither_panic_nor_hang() {
        let f4: &[u8] = &[1, 0, 1];
        let check = |modulus: &[u8], exponent: &[u8]| {
            let signature = vec![0x11; modulus.len()];
            verify_tls(&rsa_key(modulus, exponent), Some(0x0401), MESSAGE, &signature)
        };
        for (modulus, exponent) in [
            (vec![], f4),
            (vec![1], f4),
            (vec![0xff; 3], f4),
            (vec![0xff; 2049], f4),
            (vec![0xfe; 256], f4),
            (vec![0xff; 256], &[][..]),
            (vec![0xff; 256], &[2]),
            (vec![0xff; 512], &[0xff; 9]),
            (vec![0xff; 256], &[0xff; 257]),
        ] {
            let answer = check(&modulus, exponent);
            assert!(matches!(answer, Verification::Unsupported(_)), "{} {answer:?}", modulus.len());
        }
        assert_eq!(check(&[0xff; 2048], f4), Verification::Invalid);
        assert_eq!(check(&[0xff; 2048], &[0xff; 8]), Verification::Invalid);
        assert_eq!(check(&[0xff; 256], &[0xff; 256]), Verification::Invalid);
        assert_eq!(check(&[0xff; 256], &[1]), Verification::Invalid);
        assert!(matches!(check(&[0xff; 32], f4), Verification::Unsupported(_)), "too short for SHA-256");
    }

    #[test]
    fn pss_parameters_default_to_sha1() {
        let sha1 = PssParameters { hash: Some(Hash::Sha1), mask_hash: Some(Hash::Sha1), salt_len: 20 };
        assert_eq!(PssParameters::read(&[0x30, 0]), Some(sha1));
        assert_eq!(PssParameters::read(&[]), None);
        assert_eq!(PssParameters::read(&[0x05, 0]), None);
    }

    proptest::proptest! {
        #[test]
        fn any_key_and_signature_get_an_answer(
            scheme in proptest::option::of(proptest::num::u16::ANY),
            which in 0..3_usize,
            at in proptest::num::usize::ANY,
            byte in proptest::num::u8::ANY,
            signature in proptest::collection::vec(proptest::num::u8::ANY, 0..300),
        ) {
            let mut key = parse([RSA, fixture!("ec384-sha256.der"), ED25519][which]).key;
            let at = at % key.bits_content.len();
            key.bits_content[at] = byte;
            proptest::prop_assert!(!verify_tls(&key, scheme, MESSAGE, &signature).is_valid());
        }
    }
}
