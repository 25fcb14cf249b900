//! RSA signatures (RFC 8017 section 8), from the modular exponentiation up: keys in captures may be
//! of any size, and a key that is no RSA key at all must neither panic nor take long.

use elliptic_curve::bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use elliptic_curve::bigint::{BoxedUint, Odd};

use super::{Hash, Verification};
use crate::x509::PublicKey;
use crate::x509::der::bit_length;
use crate::x509::key::rsa_numbers;

/// Sizes of a modulus that are calculated with, in bits; OpenSSL's upper limit is the same.
const MODULUS_BITS: std::ops::RangeInclusive<usize> = 256..=16_384;

/// Above this size of modulus, in bits, the exponent may have [`EXPONENT_BITS`] only, as in OpenSSL.
const SMALL_MODULUS_BITS: usize = 3_072;

/// Longest exponent to go with a large modulus, in bits.
const EXPONENT_BITS: usize = 64;

/// The signature's number to the power of the exponent, as big-endian bytes of the modulus's length;
/// with the modulus's size in bits.
fn recover(key: &PublicKey, signature: &[u8]) -> Result<(Vec<u8>, usize), Verification> {
    const MALFORMED: Verification = Verification::Unsupported("the RSA key is malformed");
    let (modulus, exponent) = rsa_numbers(&key.bits_content).ok_or(MALFORMED)?;
    let bits = bit_length(modulus);
    if !MODULUS_BITS.contains(&bits) {
        return Err(Verification::Unsupported("the RSA key has a size that is not calculated with"));
    }
    let longest = if bits > SMALL_MODULUS_BITS { EXPONENT_BITS } else { bits };
    if bit_length(exponent) > longest {
        return Err(Verification::Unsupported("the RSA key's exponent is too long to calculate with"));
    }
    if exponent.last().is_none_or(|last| last & 1 == 0) {
        return Err(MALFORMED);
    }
    if signature.len() != modulus.len() || signature >= modulus {
        return Err(Verification::Invalid);
    }
    let precision = u32::try_from(bits.next_multiple_of(64)).map_err(|_| MALFORMED)?;
    let number = |bytes: &[u8], precision| BoxedUint::from_be_slice(bytes, precision).map_err(|_| MALFORMED);
    let odd = Odd::new(number(modulus, precision)?).into_option().ok_or(MALFORMED)?;
    let parameters = BoxedMontyParams::new_vartime(odd);
    let exponent_bits = u32::try_from(bit_length(exponent)).map_err(|_| MALFORMED)?;
    let exponent = number(exponent, exponent_bits.next_multiple_of(64))?;
    let power = BoxedMontyForm::new(number(signature, precision)?, &parameters)
        .pow_bounded_exp(&exponent, exponent_bits)
        .retrieve();
    let bytes = power.to_be_bytes();
    let start = bytes.len().checked_sub(modulus.len()).ok_or(MALFORMED)?;
    Ok((bytes.get(start..).unwrap_or_default().to_vec(), bits))
}

/// DigestInfo (RFC 8017 section 9.2, note 1).
pub(super) fn digest_info(hash: Hash, digest: &[u8]) -> Vec<u8> {
    let oid = hash.oid();
    // All of these lengths are far below 128.
    let byte = |length: usize| u8::try_from(length).unwrap_or_default();
    let mut out = vec![0x30, byte(oid.len() + digest.len() + 8), 0x30, byte(oid.len() + 4), 0x06, byte(oid.len())];
    out.extend_from_slice(oid);
    out.extend_from_slice(&[0x05, 0x00, 0x04, byte(digest.len())]);
    out.extend_from_slice(digest);
    out
}

/// RSASSA-PKCS1-v1_5: `content` is a DigestInfo, or the two bare hashes of TLS 1.0.
pub(super) fn pkcs1(key: &PublicKey, content: &[u8], signature: &[u8]) -> Verification {
    let encoded = match recover(key, signature) {
        Ok((encoded, _)) => encoded,
        Err(answer) => return answer,
    };
    let Some(padding) = encoded.len().checked_sub(content.len() + 3).filter(|padding| *padding >= 8) else {
        return Verification::Unsupported("the RSA key is too short for this hash");
    };
    let mut expected = vec![0x00, 0x01];
    expected.resize(padding + 2, 0xff);
    expected.push(0);
    expected.extend_from_slice(content);
    Verification::of(encoded == expected)
}

/// RSASSA-PSS (RFC 8017 section 9.1.2), with MGF1. A `salt_len` of `None` allows any salt.
pub(super) fn pss(
    key: &PublicKey,
    hash: Hash,
    mask_hash: Hash,
    salt_len: Option<usize>,
    digest: &[u8],
    signature: &[u8],
) -> Verification {
    match recover(key, signature) {
        Ok((encoded, bits)) => {
            Verification::of(pss_fits(&encoded, bits, hash, mask_hash, salt_len, digest).is_some_and(|fits| fits))
        }
        Err(answer) => answer,
    }
}

fn pss_fits(
    encoded: &[u8],
    modulus_bits: usize,
    hash: Hash,
    mask_hash: Hash,
    salt_len: Option<usize>,
    digest: &[u8],
) -> Option<bool> {
    let bits = modulus_bits.checked_sub(1)?;
    let encoded = encoded.get(encoded.len().checked_sub(bits.div_ceil(8))?..).filter(|part| {
        // With 8n + 1 bits the encoding is a byte shorter than the modulus, and that byte must be zero.
        part.len() == encoded.len() || encoded.first() == Some(&0)
    })?;
    let (trailer, rest) = encoded.split_last()?;
    let (masked, h) = rest.split_at_checked(rest.len().checked_sub(hash.len())?)?;
    let unused = u32::try_from(encoded.len() * 8 - bits).ok()?;
    let top_mask = 0xff_u8.checked_shr(unused)?;
    let first = masked.first()?;
    if *trailer != 0xbc || first & !top_mask != 0 {
        return Some(false);
    }
    let mask = mgf1(mask_hash, h, masked.len());
    let mut block: Vec<u8> = masked.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect();
    *block.first_mut()? &= top_mask;
    let zeros = block.iter().take_while(|byte| **byte == 0).count();
    let (one, salt) = block.get(zeros..)?.split_first()?;
    if *one != 1 || salt_len.is_some_and(|wanted| wanted != salt.len()) {
        return Some(false);
    }
    let content = [&[0; 8], digest, salt].concat();
    Some(hash.digest(&content) == h)
}

/// The mask generation function MGF1 (RFC 8017 appendix B.2.1).
fn mgf1(hash: Hash, seed: &[u8], len: usize) -> Vec<u8> {
    let mut mask = Vec::with_capacity(len + hash.len());
    let mut counter: u32 = 0;
    while mask.len() < len {
        mask.extend(hash.digest(&[seed, &counter.to_be_bytes()].concat()));
        counter = counter.wrapping_add(1);
    }
    mask.truncate(len);
    mask
}
