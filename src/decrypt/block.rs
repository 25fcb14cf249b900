//! Block ciphers in CBC mode behind one type, to decrypt with.

use std::sync::Arc;

use cbc::Decryptor;
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{Array, BlockCipherDecrypt, BlockModeDecrypt, InnerIvInit, KeyInit};

use super::suite::BlockCipher;

/// A block cipher key, set up. Cheap to clone.
#[derive(Clone)]
pub(super) struct BlockKey(Arc<dyn Decrypt>);

trait Decrypt: Send + Sync {
    fn decrypt(&self, iv: &[u8], buffer: &mut [u8]) -> bool;
}

impl<C: BlockCipherDecrypt + Clone + Send + Sync> Decrypt for C {
    fn decrypt(&self, iv: &[u8], buffer: &mut [u8]) -> bool {
        let Ok(iv) = Array::try_from(iv) else { return false };
        Decryptor::<C>::inner_iv_init(self.clone(), &iv).decrypt_padded::<NoPadding>(buffer).is_ok()
    }
}

impl BlockKey {
    /// `None` when the key has the wrong length.
    pub(super) fn new(cipher: BlockCipher, key: &[u8]) -> Option<Self> {
        Some(Self(match cipher {
            BlockCipher::Aes128 => set_up::<aes::Aes128>(key)?,
            BlockCipher::Aes256 => set_up::<aes::Aes256>(key)?,
            BlockCipher::TripleDes => set_up::<des::TdesEde3>(key)?,
            BlockCipher::Des => set_up::<des::Des>(key)?,
            BlockCipher::Camellia128 => set_up::<camellia::Camellia128>(key)?,
            BlockCipher::Camellia256 => set_up::<camellia::Camellia256>(key)?,
            BlockCipher::Aria128 => set_up::<aria::Aria128>(key)?,
            BlockCipher::Aria256 => set_up::<aria::Aria256>(key)?,
        }))
    }

    /// Decrypts in place. `false` when the IV or the buffer are not of whole blocks.
    pub(super) fn decrypt(&self, iv: &[u8], buffer: &mut [u8]) -> bool {
        self.0.decrypt(iv, buffer)
    }
}

fn set_up<C: Decrypt + KeyInit + 'static>(key: &[u8]) -> Option<Arc<dyn Decrypt>> {
    C::new_from_slice(key).ok().map(|cipher| Arc::new(cipher) as Arc<dyn Decrypt>)
}
