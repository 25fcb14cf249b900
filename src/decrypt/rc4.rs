//! RC4 (RFC 7465 forbids it, old captures have it). Written here because the state has to be cloned:
//! a record that does not authenticate must leave the key stream where it was.

use zeroize::Zeroizing;

/// The state of the key stream.
#[derive(Clone)]
pub(super) struct Rc4 {
    state: Zeroizing<[u8; 256]>,
    i: u8,
    j: u8,
}

impl Rc4 {
    pub(super) fn new(key: &[u8]) -> Self {
        let mut state = Zeroizing::new([0; 256]);
        for (value, slot) in (0..=u8::MAX).zip(state.iter_mut()) {
            *slot = value;
        }
        let mut stream = Self { state, i: 0, j: 0 };
        let mut j = 0_u8;
        for (i, k) in (0..=u8::MAX).zip(key.iter().cycle()) {
            j = j.wrapping_add(stream.at(i)).wrapping_add(*k);
            stream.state.swap(usize::from(i), usize::from(j));
        }
        stream
    }

    /// `index` is a byte and the state has a place for each.
    fn at(&self, index: u8) -> u8 {
        self.state.get(usize::from(index)).copied().unwrap_or_default()
    }

    fn next(&mut self) -> u8 {
        self.i = self.i.wrapping_add(1);
        self.j = self.j.wrapping_add(self.at(self.i));
        self.state.swap(usize::from(self.i), usize::from(self.j));
        self.at(self.at(self.i).wrapping_add(self.at(self.j)))
    }

    /// Encrypts or decrypts, and advances.
    pub(super) fn apply(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte ^= self.next();
        }
    }

    /// Advances past `n` bytes.
    pub(super) fn advance(&mut self, n: usize) {
        for _ in 0..n {
            self.next();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::hex;
    use ::rc4::{KeyInit, StreamCipher};

    #[test]
    fn the_key_stream_is_that_of_rfc_6229() {
        let mut stream = [0; 16];
        Rc4::new(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]).apply(&mut stream);
        assert_eq!(hex(&stream), "9ac7cc9a609d1ef7b2932899cde41b97");
    }

    #[test]
    fn advancing_equals_applying_and_another_implementation_agrees() {
        let key = [7; 16];
        let (mut ours, mut theirs) = ([0; 500], [0; 500]);
        ::rc4::Rc4::new_from_slice(&key).expect("a good length").apply_keystream(&mut theirs);
        let mut stream = Rc4::new(&key);
        stream.advance(100);
        stream.apply(&mut ours[100..]);
        assert_eq!(ours[100..], theirs[100..]);
    }
}
