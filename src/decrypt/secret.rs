//! A secret: bytes that no output may contain.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Key material. It is overwritten when dropped, prints as `Secret(..)` and cannot be serialised.
#[derive(Clone)]
pub struct Secret(Zeroizing<Box<[u8]>>);

impl Secret {
    /// Takes the bytes over.
    pub fn new(bytes: Vec<u8>) -> Self {
        // A vector with spare capacity would be moved by `into_boxed_slice`, leaving a copy behind.
        let bytes = Zeroizing::new(bytes);
        Self::copy_of(&bytes)
    }

    /// Copies the bytes.
    pub fn copy_of(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(Box::from(bytes)))
    }

    /// Reads hex, upper or lower case; `None` when it is none.
    pub fn from_hex(text: &str) -> Option<Self> {
        let (pairs, odd) = text.as_bytes().as_chunks::<2>();
        if !odd.is_empty() {
            return None;
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(pairs.len()));
        for pair in pairs {
            bytes.push(byte_of(*pair)?);
        }
        Some(Self::copy_of(&bytes))
    }

    /// The bytes. Named so that each use stands out in review.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// How many bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The byte that two hex digits mean.
pub(super) fn byte_of([high, low]: [u8; 2]) -> Option<u8> {
    let digit = |c: u8| char::from(c).to_digit(16).and_then(|d| u8::try_from(d).ok());
    Some(digit(high)? << 4 | digit(low)?)
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose().ct_eq(other.expose()).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print_itself() {
        let secret = Secret::new(vec![0xde, 0xad]);
        assert_eq!(format!("{secret:?} {:#?}", Some(&secret)), "Secret(..) Some(\n    Secret(..),\n)");
    }

    #[test]
    fn hex_is_read_in_either_case() {
        assert_eq!(Secret::from_hex("dEad").expect("hex").expose(), [0xde, 0xad]);
        assert_eq!(Secret::from_hex("dea"), None);
        assert_eq!(Secret::from_hex("é"), None);
    }
}
