//! Record protection before AEAD: a MAC, and CBC, RC4 or nothing (RFC 5246 section 6.2.3.1 and
//! 6.2.3.2, RFC 2246 section 6.2.3, RFC 7366).
//!
//! Padding and MAC are not compared in constant time: who reads a capture is no oracle.

use super::block::BlockKey;
use super::hash::Hash;
use super::rc4::Rc4;
use super::record::{OpenError, Scope};
use super::secret::Secret;
use super::suite::{Cipher, SuiteParameters};
use crate::tls::record::RecordHeader;

/// Keys and state of one direction.
#[derive(Clone)]
pub(super) struct MacProtection {
    cipher: State,
    hash: Hash,
    mac_key: Secret,
}

#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "one a direction, and never moved about")]
enum State {
    Cbc(Cbc),
    Rc4(Rc4),
    Null,
}

#[derive(Clone)]
struct Cbc {
    key: BlockKey,
    block_len: usize,
    /// The last block of the record before, or the IV of the key block: TLS 1.0 chains records.
    /// `None` from TLS 1.1 on, where each record brings its IV.
    chain: Option<Vec<u8>>,
    encrypt_then_mac: bool,
}

/// What the state is once a record was accepted.
#[expect(clippy::large_enum_variant, reason = "lives for the opening of one record")]
pub(super) enum After {
    Same,
    Chain(Vec<u8>),
    Stream(Rc4),
}

/// A record's plaintext, the bytes of padding behind it, and the state after it.
pub(super) struct MacOpened {
    pub(super) plaintext: Vec<u8>,
    pub(super) padding: usize,
    pub(super) after: After,
}

impl MacProtection {
    /// `None` when the suite is an AEAD, or a key has the wrong length. `chained` says that the
    /// version is TLS 1.0.
    pub(super) fn new(
        suite: &SuiteParameters,
        mac_key: &[u8],
        key: &[u8],
        iv: &[u8],
        chained: bool,
        encrypt_then_mac: bool,
    ) -> Option<Self> {
        let (cipher, hash) = match suite.cipher {
            Cipher::Aead(_) => return None,
            Cipher::Cbc(block, hash) => {
                let chain = chained.then(|| iv.to_vec());
                let key = BlockKey::new(block, key)?;
                (State::Cbc(Cbc { key, block_len: block.block_len(), chain, encrypt_then_mac }), hash)
            }
            Cipher::Rc4(hash) => (State::Rc4(Rc4::new(key)), hash),
            Cipher::Null(hash) => (State::Null, hash),
        };
        Some(Self { cipher, hash, mac_key: Secret::copy_of(mac_key) })
    }

    /// Opens a record without changing the state.
    pub(super) fn open(
        &self,
        scope: &Scope<'_>,
        header: RecordHeader,
        fragment: &[u8],
    ) -> Result<MacOpened, OpenError> {
        match &self.cipher {
            State::Cbc(cbc) if cbc.encrypt_then_mac => self.open_encrypt_then_mac(cbc, scope, header, fragment),
            State::Cbc(cbc) => self.open_mac_then_encrypt(cbc, scope, header, fragment),
            State::Rc4(stream) => {
                let mut stream = stream.clone();
                let mut bytes = fragment.to_vec();
                stream.apply(&mut bytes);
                let plaintext = self.check_trailing_mac(scope, header, bytes)?;
                Ok(MacOpened { plaintext, padding: 0, after: After::Stream(stream) })
            }
            State::Null => {
                let plaintext = self.check_trailing_mac(scope, header, fragment.to_vec())?;
                Ok(MacOpened { plaintext, padding: 0, after: After::Same })
            }
        }
    }

    /// Takes over the state that opening a record led to.
    pub(super) fn advance(&mut self, after: After) {
        match (&mut self.cipher, after) {
            (State::Cbc(Cbc { chain: Some(chain), .. }), After::Chain(last)) => *chain = last,
            (State::Rc4(stream), After::Stream(next)) => *stream = next,
            _ => {}
        }
    }

    /// Whether a record needs what came before it.
    pub(super) const fn is_chained(&self) -> bool {
        matches!(&self.cipher, State::Rc4(_) | State::Cbc(Cbc { chain: Some(_), .. }))
    }

    /// Moves the state past a record that is not opened.
    pub(super) fn skip(&mut self, fragment: &[u8]) {
        let mac_len = self.hash.len();
        match &mut self.cipher {
            State::Cbc(cbc) => {
                let after = cbc.after(cbc.ciphertext(fragment, mac_len).unwrap_or(fragment));
                self.advance(after);
            }
            State::Rc4(stream) => stream.advance(fragment.len()),
            State::Null => {}
        }
    }

    fn open_mac_then_encrypt(
        &self,
        cbc: &Cbc,
        scope: &Scope<'_>,
        header: RecordHeader,
        fragment: &[u8],
    ) -> Result<MacOpened, OpenError> {
        let (mut bytes, after) = cbc.decrypt(fragment)?;
        if bytes.len() <= self.hash.len() {
            return Err(OpenError::TooShort);
        }
        let padding = cbc_padding(&bytes).ok_or(OpenError::BadMac)?;
        bytes.truncate(bytes.len().saturating_sub(padding));
        // Less than a MAC is left when the padding, hence the key, is wrong.
        let plaintext = self.check_trailing_mac(scope, header, bytes).map_err(|_| OpenError::BadMac)?;
        Ok(MacOpened { plaintext, padding, after })
    }

    fn open_encrypt_then_mac(
        &self,
        cbc: &Cbc,
        scope: &Scope<'_>,
        header: RecordHeader,
        fragment: &[u8],
    ) -> Result<MacOpened, OpenError> {
        let ciphertext = cbc.ciphertext(fragment, self.hash.len()).ok_or(OpenError::TooShort)?;
        let mac = fragment.get(ciphertext.len()..).unwrap_or_default();
        if self.mac(scope, header, ciphertext) != mac {
            return Err(OpenError::BadMac);
        }
        let (mut plaintext, after) = cbc.decrypt(ciphertext)?;
        let padding = cbc_padding(&plaintext).ok_or(OpenError::BadMac)?;
        plaintext.truncate(plaintext.len().saturating_sub(padding));
        Ok(MacOpened { plaintext, padding, after })
    }

    /// Splits the MAC off the end and compares it.
    fn check_trailing_mac(
        &self,
        scope: &Scope<'_>,
        header: RecordHeader,
        mut bytes: Vec<u8>,
    ) -> Result<Vec<u8>, OpenError> {
        let content_len = bytes.len().checked_sub(self.hash.len()).ok_or(OpenError::TooShort)?;
        let mac = bytes.split_off(content_len);
        if self.mac(scope, header, &bytes) == mac { Ok(bytes) } else { Err(OpenError::BadMac) }
    }

    fn mac(&self, scope: &Scope<'_>, header: RecordHeader, content: &[u8]) -> Vec<u8> {
        let additional = scope.additional_data(header, content.len());
        self.hash.hmac(self.mac_key.expose(), &[&additional, content])
    }
}

impl Cbc {
    /// The fragment without the MAC that follows the ciphertext in the encrypt-then-MAC order.
    fn ciphertext<'a>(&self, fragment: &'a [u8], mac_len: usize) -> Option<&'a [u8]> {
        if !self.encrypt_then_mac {
            return Some(fragment);
        }
        fragment.get(..fragment.len().checked_sub(mac_len)?)
    }

    fn decrypt(&self, fragment: &[u8]) -> Result<(Vec<u8>, After), OpenError> {
        let (iv, ciphertext) = match &self.chain {
            Some(chain) => (chain.as_slice(), fragment),
            None => fragment.split_at_checked(self.block_len).ok_or(OpenError::TooShort)?,
        };
        if ciphertext.is_empty() {
            return Err(OpenError::TooShort);
        }
        let mut bytes = ciphertext.to_vec();
        if !self.key.decrypt(iv, &mut bytes) {
            return Err(OpenError::NotWholeBlocks);
        }
        Ok((bytes, self.after(ciphertext)))
    }

    fn after(&self, ciphertext: &[u8]) -> After {
        let last = ciphertext.len().checked_sub(self.block_len).and_then(|at| ciphertext.get(at..));
        match (&self.chain, last) {
            (Some(_), Some(last)) => After::Chain(last.to_vec()),
            _ => After::Same,
        }
    }
}

/// How many bytes of padding are at the end, with the length byte. `None` when they are not
/// all alike, as they must be from TLS 1.0 on.
fn cbc_padding(bytes: &[u8]) -> Option<usize> {
    let last = *bytes.last()?;
    let padding = usize::from(last).checked_add(1)?;
    let start = bytes.len().checked_sub(padding)?;
    bytes.get(start..)?.iter().all(|b| *b == last).then_some(padding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_counts_its_length_byte_and_must_be_uniform() {
        assert_eq!(cbc_padding(&[9, 0]), Some(1));
        assert_eq!(cbc_padding(&[9, 2, 2, 2]), Some(3));
        assert_eq!(cbc_padding(&[9, 1, 2, 2]), None);
        assert_eq!(cbc_padding(&[2, 2]), None);
        assert_eq!(cbc_padding(&[]), None);
    }
}
