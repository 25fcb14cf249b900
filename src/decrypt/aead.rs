//! AEAD ciphers behind one type, to open with.

use std::sync::Arc;

use aes::{Aes128, Aes256};
use aes_gcm::AesGcm;
use aes_gcm::aead::{AeadCore, AeadInOut, KeyInit, Nonce};
use aria::{Aria128, Aria256};
use camellia::{Camellia128, Camellia256};
use ccm::Ccm;
use ccm::consts::{U8, U12, U16};
use chacha20poly1305::ChaCha20Poly1305;

use super::suite::AeadCipher;

/// An AEAD key, set up. Cheap to clone.
#[derive(Clone)]
pub(super) struct AeadKey(Arc<dyn Open>);

/// What the ciphers have in common: a nonce of 12 bytes, a tag behind the ciphertext.
trait Open: Send + Sync {
    fn open(&self, nonce: &[u8; 12], additional: &[u8], buffer: &mut Vec<u8>) -> bool;
}

impl<T: AeadInOut + AeadCore<NonceSize = U12> + Send + Sync> Open for T {
    fn open(&self, nonce: &[u8; 12], additional: &[u8], buffer: &mut Vec<u8>) -> bool {
        self.decrypt_in_place(&Nonce::<T>::from(*nonce), additional, buffer).is_ok()
    }
}

impl AeadKey {
    /// `None` when the key has the wrong length.
    pub(super) fn new(cipher: AeadCipher, key: &[u8]) -> Option<Self> {
        Some(Self(match cipher {
            AeadCipher::Aes128Gcm => set_up::<AesGcm<Aes128, U12>>(key)?,
            AeadCipher::Aes256Gcm => set_up::<AesGcm<Aes256, U12>>(key)?,
            AeadCipher::Aes128Ccm => set_up::<Ccm<Aes128, U16, U12>>(key)?,
            AeadCipher::Aes256Ccm => set_up::<Ccm<Aes256, U16, U12>>(key)?,
            AeadCipher::Aes128Ccm8 => set_up::<Ccm<Aes128, U8, U12>>(key)?,
            AeadCipher::Aes256Ccm8 => set_up::<Ccm<Aes256, U8, U12>>(key)?,
            AeadCipher::ChaCha20Poly1305 => set_up::<ChaCha20Poly1305>(key)?,
            AeadCipher::Camellia128Gcm => set_up::<AesGcm<Camellia128, U12>>(key)?,
            AeadCipher::Camellia256Gcm => set_up::<AesGcm<Camellia256, U12>>(key)?,
            AeadCipher::Aria128Gcm => set_up::<AesGcm<Aria128, U12>>(key)?,
            AeadCipher::Aria256Gcm => set_up::<AesGcm<Aria256, U12>>(key)?,
        }))
    }

    /// Decrypts and authenticates `ciphertext`, whose last bytes are the tag. `None` when it is not authentic.
    pub(super) fn open(&self, nonce: &[u8; 12], additional: &[u8], ciphertext: &[u8]) -> Option<Vec<u8>> {
        let mut buffer = ciphertext.to_vec();
        self.0.open(nonce, additional, &mut buffer).then_some(buffer)
    }
}

fn set_up<C: Open + KeyInit + 'static>(key: &[u8]) -> Option<Arc<dyn Open>> {
    C::new_from_slice(key).ok().map(|cipher| Arc::new(cipher) as Arc<dyn Open>)
}

/// The nonce of a record: its number, in network order, over the end of the IV (RFC 8446 section 5.3,
/// RFC 7905 section 2, RFC 9001 section 5.3).
pub(super) fn nonce(iv: &[u8; 12], number: [u8; 8]) -> [u8; 12] {
    let mut nonce = *iv;
    for (byte, n) in nonce.iter_mut().skip(4).zip(number) {
        *byte ^= n;
    }
    nonce
}
