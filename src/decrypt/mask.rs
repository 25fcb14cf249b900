//! The mask that hides record and packet numbers (RFC 9147 section 4.2.3, RFC 9001 section 5.4).

use aes::{Aes128, Aes256};
use chacha20::ChaCha20;
use chacha20::cipher::{Array, BlockCipherEncrypt, KeyInit, KeyIvInit, StreamCipher, StreamCipherSeek};

use super::secret::Secret;
use super::suite::{AeadCipher, Cipher, SuiteParameters};

/// A key that makes masks from samples of ciphertext.
#[derive(Clone)]
pub(super) enum MaskKey {
    Aes128(Box<Aes128>),
    Aes256(Box<Aes256>),
    ChaCha20(Secret),
}

impl MaskKey {
    /// `None` when the suite is none of TLS 1.3, or the key has the wrong length.
    pub(super) fn new(suite: &SuiteParameters, key: Secret) -> Option<Self> {
        let Cipher::Aead(cipher) = suite.cipher else { return None };
        match cipher {
            AeadCipher::Aes128Gcm | AeadCipher::Aes128Ccm | AeadCipher::Aes128Ccm8 => {
                Aes128::new_from_slice(key.expose()).ok().map(|aes| Self::Aes128(Box::new(aes)))
            }
            AeadCipher::Aes256Gcm => Aes256::new_from_slice(key.expose()).ok().map(|aes| Self::Aes256(Box::new(aes))),
            AeadCipher::ChaCha20Poly1305 => (key.len() == 32).then_some(Self::ChaCha20(key)),
            _ => None,
        }
    }

    /// The first five bytes of the mask that a sample of 16 bytes yields.
    pub(super) fn mask(&self, sample: &[u8; 16]) -> [u8; 5] {
        let mut block = Array::from(*sample);
        match self {
            Self::Aes128(aes) => aes.encrypt_block(&mut block),
            Self::Aes256(aes) => aes.encrypt_block(&mut block),
            Self::ChaCha20(key) => return chacha20_mask(key, sample).unwrap_or_default(),
        }
        block.first_chunk().copied().unwrap_or_default()
    }
}

/// The sample is the block counter (little endian) and the nonce (RFC 9001 section 5.4.4).
fn chacha20_mask(key: &Secret, sample: &[u8; 16]) -> Option<[u8; 5]> {
    let (counter, nonce) = sample.split_first_chunk::<4>()?;
    let mut stream = ChaCha20::new_from_slices(key.expose(), nonce).ok()?;
    stream.try_seek(u64::from(u32::from_le_bytes(*counter)).checked_mul(64)?).ok()?;
    let mut mask = [0; 5];
    stream.try_apply_keystream(&mut mask).ok()?;
    Some(mask)
}
