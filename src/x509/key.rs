//! Subject public keys (RFC 5280 section 4.1.2.7, RFC 3279, RFC 5480, RFC 8410, RFC 4055).

use super::der::{Der, Element, bit_length, bit_string, tag, unsigned};
use super::{KeyKind, PublicKey, oid};

const EC: &str = "1.2.840.10045.2.1";

impl KeyKind {
    /// Its name for people, without a size.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rsa => "RSA",
            Self::RsaPss => "RSA-PSS",
            Self::P256 => "EC P-256",
            Self::P384 => "EC P-384",
            Self::P521 => "EC P-521",
            Self::OtherEc => "EC",
            Self::Ed25519 => "Ed25519",
            Self::Ed448 => "Ed448",
            Self::Dsa => "DSA",
            Self::MlDsa => "ML-DSA",
            Self::Unknown => "unknown",
        }
    }

    /// Whether it is an elliptic-curve key for ECDSA or ECDH.
    pub fn is_ec(self) -> bool {
        matches!(self, Self::P256 | Self::P384 | Self::P521 | Self::OtherEc)
    }
}

impl PublicKey {
    /// Kind and size for people: `RSA 2048`, `EC P-256`, `EC secp256k1`, `Ed25519`, `ML-DSA-65`.
    pub fn describe(&self) -> String {
        let name = self.kind.name();
        match self.kind {
            KeyKind::Rsa | KeyKind::RsaPss | KeyKind::Dsa if self.bits > 0 => format!("{name} {}", self.bits),
            KeyKind::OtherEc => match &self.curve_oid {
                Some(curve) => format!("EC {}", oid::curve(curve).map_or(curve.as_str(), |(name, _)| name)),
                None => "EC with explicit parameters".to_owned(),
            },
            KeyKind::MlDsa | KeyKind::Unknown if !self.oid.is_empty() => {
                oid::key_name(&self.oid).map_or_else(|| format!("unknown ({})", self.oid), str::to_owned)
            }
            KeyKind::Unknown => "unreadable".to_owned(),
            _ => name.to_owned(),
        }
    }

    /// Reads a SubjectPublicKeyInfo as far as it can be read.
    pub fn from_spki(spki: &[u8]) -> Self {
        read(spki).0
    }
}

/// Reads a SubjectPublicKeyInfo; what is wrong with it comes second.
pub(super) fn read(spki: &[u8]) -> (PublicKey, Option<&'static str>) {
    let mut key = PublicKey { spki: spki.to_vec(), ..PublicKey::default() };
    const BROKEN: Option<&str> = Some("The public key cannot be read");
    let Some(outer) = Der::new(spki).next_if(tag::SEQUENCE) else { return (key, BROKEN) };
    let mut fields = outer.inside();
    let Some(algorithm) = fields.next_if(tag::SEQUENCE) else { return (key, BROKEN) };
    let mut algorithm = algorithm.inside();
    let Some(algorithm_oid) = algorithm.next_if(tag::OID) else { return (key, BROKEN) };
    key.oid = oid::dotted(algorithm_oid.content);
    let parameters = algorithm.next();
    let content = fields.next_if(tag::BIT_STRING).and_then(|element| bit_string(element.content));
    let Some((content, _)) = content else { return (key, BROKEN) };
    key.bits_content = content.to_vec();
    let known = classify(&mut key, parameters.as_ref());
    (key, known.err())
}

fn classify(key: &mut PublicKey, parameters: Option<&Element<'_>>) -> Result<(), &'static str> {
    let exact = |key: &PublicKey, len: usize| {
        if key.bits_content.len() == len { Ok(()) } else { Err("The public key has the wrong length") }
    };
    match key.oid.as_str() {
        "1.2.840.113549.1.1.1" | "1.2.840.113549.1.1.10" => {
            key.kind = if key.oid.ends_with("10") { KeyKind::RsaPss } else { KeyKind::Rsa };
            let (modulus, _) = rsa_numbers(&key.bits_content).ok_or("The RSA key cannot be read")?;
            key.bits = bit_length(modulus);
            Ok(())
        }
        EC => ec(key, parameters),
        "1.3.101.112" => {
            (key.kind, key.bits) = (KeyKind::Ed25519, 256);
            exact(key, 32)
        }
        "1.3.101.113" => {
            (key.kind, key.bits) = (KeyKind::Ed448, 456);
            exact(key, 57)
        }
        "1.2.840.10040.4.1" => {
            key.kind = KeyKind::Dsa;
            // Parameters may be inherited from the issuer; then the size is not known.
            key.bits = parameters
                .filter(|element| element.tag == tag::SEQUENCE)
                .and_then(|element| element.inside().next_if(tag::INTEGER))
                .and_then(|p| unsigned(p.content))
                .map_or(0, bit_length);
            Ok(())
        }
        "2.16.840.1.101.3.4.3.17" | "2.16.840.1.101.3.4.3.18" | "2.16.840.1.101.3.4.3.19" => {
            key.kind = KeyKind::MlDsa;
            key.bits = key.bits_content.len() * 8;
            Ok(())
        }
        _ => Ok(()),
    }
}

fn ec(key: &mut PublicKey, parameters: Option<&Element<'_>>) -> Result<(), &'static str> {
    key.kind = KeyKind::OtherEc;
    let Some(parameters) = parameters else { return Err("The EC key names no curve") };
    if parameters.tag == tag::OID {
        let curve = oid::dotted(parameters.content);
        key.kind = match curve.as_str() {
            "1.2.840.10045.3.1.7" => KeyKind::P256,
            "1.3.132.0.34" => KeyKind::P384,
            "1.3.132.0.35" => KeyKind::P521,
            _ => KeyKind::OtherEc,
        };
        key.bits = oid::curve(&curve).map_or(0, |(_, bits)| bits);
        key.curve_oid = Some(curve);
        return Ok(());
    }
    // Explicit parameters (forbidden by RFC 5480 section 2.1.1): version, FieldID { prime-field, p }, …
    let mut fields = parameters.inside();
    fields.next_if(tag::INTEGER);
    let prime = fields.next_if(tag::SEQUENCE).and_then(|field| {
        let mut field = field.inside();
        field.next_if(tag::OID)?;
        unsigned(field.next_if(tag::INTEGER)?.content)
    });
    key.bits = prime.map_or(0, bit_length);
    Err("The EC key describes its curve instead of naming it")
}

/// Modulus and exponent of an RSA key, without leading zeros.
pub(super) fn rsa_numbers(content: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut numbers = Der::new(content).next_if(tag::SEQUENCE)?.inside();
    let modulus = unsigned(numbers.next_if(tag::INTEGER)?.content)?;
    let exponent = unsigned(numbers.next_if(tag::INTEGER)?.content)?;
    Some((modulus, exponent))
}
