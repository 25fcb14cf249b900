//! A cursor over bytes that can never read outside its parent, and the pair "value and problems".

use crate::problem::Problem;

/// What a decoder returns: as much of the value as could be read, and what was odd about the bytes.
///
/// Decoders never fail: broken bytes yield a poorer value and at least one [`Problem`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed<T> {
    /// What could be read.
    pub value: T,
    /// What was odd, in the order of the bytes.
    pub problems: Vec<Problem>,
}

impl<T> Parsed<T> {
    /// A value about which nothing was odd.
    pub fn clean(value: T) -> Self {
        Self { value, problems: Vec::new() }
    }

    /// The same problems with another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Parsed<U> {
        Parsed { value: f(self.value), problems: self.problems }
    }
}

/// The bytes ended before the field did. Carries where (offset from the start of the outermost
/// reader) and how many bytes were wanted and there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Short {
    /// Offset of the field's first byte from the start of the outermost reader.
    pub at: usize,
    /// Bytes the field wanted.
    pub wanted: usize,
    /// Bytes that were left.
    pub had: usize,
}

/// A cursor over a byte slice. Offsets are absolute: a sub-reader counts on from its parent.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, offset: 0 }
    }

    /// Absolute offset of the next byte.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// How many bytes are left.
    pub fn len(&self) -> usize {
        self.rest.len()
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// All that is left, without consuming it.
    pub fn peek(&self) -> &'a [u8] {
        self.rest
    }

    /// All that is left, consuming it.
    pub fn rest(&mut self) -> &'a [u8] {
        let rest = self.rest;
        self.offset += rest.len();
        self.rest = &[];
        rest
    }

    /// The next `n` bytes.
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], Short> {
        match self.rest.split_at_checked(n) {
            Some((head, tail)) => {
                self.rest = tail;
                self.offset += n;
                Ok(head)
            }
            None => Err(Short { at: self.offset, wanted: n, had: self.rest.len() }),
        }
    }

    /// The next `N` bytes as an array.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Short> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    /// One byte.
    pub fn u8(&mut self) -> Result<u8, Short> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    /// Two bytes, network order.
    pub fn u16(&mut self) -> Result<u16, Short> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    /// Three bytes, network order.
    pub fn u24(&mut self) -> Result<u32, Short> {
        let [a, b, c] = self.array()?;
        Ok(u32::from_be_bytes([0, a, b, c]))
    }

    /// Four bytes, network order.
    pub fn u32(&mut self) -> Result<u32, Short> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    /// Eight bytes, network order.
    pub fn u64(&mut self) -> Result<u64, Short> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    /// A sub-reader over the next `n` bytes.
    pub fn sub(&mut self, n: usize) -> Result<Self, Short> {
        let offset = self.offset;
        Ok(Reader { rest: self.take(n)?, offset })
    }

    /// A sub-reader over a vector with an 8-bit length (RFC 8446 section 3.4).
    pub fn vec8(&mut self) -> Result<Self, Short> {
        let n = self.u8()?;
        self.sub(usize::from(n))
    }

    /// A sub-reader over a vector with a 16-bit length.
    pub fn vec16(&mut self) -> Result<Self, Short> {
        let n = self.u16()?;
        self.sub(usize::from(n))
    }

    /// A sub-reader over a vector with a 24-bit length.
    pub fn vec24(&mut self) -> Result<Self, Short> {
        let n = self.u24()?;
        self.sub(n as usize)
    }
}

/// Lower-case hex, without separators.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = vec![b'0'; bytes.len() * 2];
    let (pairs, _) = text.as_chunks_mut::<2>();
    for (pair, byte) in pairs.iter_mut().zip(bytes) {
        *pair = [byte >> 4, byte & 15].map(hex_digit);
    }
    String::from_utf8(text).unwrap_or_default()
}

/// The two decimal digits of a number below a hundred.
pub fn two_digits(number: u8) -> [u8; 2] {
    #[expect(clippy::indexing_slicing, reason = "it is done when this is built")]
    const PAIRS: [[u8; 2]; 100] = {
        let mut pairs = [[b'0'; 2]; 100];
        let mut number = 0;
        while number < 100 {
            pairs[number] = [b'0' + number as u8 / 10, b'0' + number as u8 % 10];
            number += 1;
        }
        pairs
    };
    PAIRS.get(usize::from(number)).copied().unwrap_or(*b"??")
}

/// Appends two bytes in hex.
pub fn push_hex(text: &mut String, number: u16) {
    for shift in [12, 8, 4, 0] {
        text.push(char::from(hex_digit((number >> shift) as u8 & 15)));
    }
}

const fn hex_digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'a' + (nibble - 10) }
}

/// Reads hex without separators; `None` when it is none.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.bytes().map(|b| char::from(b).to_digit(16)).collect::<Option<Vec<_>>>()?;
    let (pairs, odd) = digits.as_chunks::<2>();
    if !odd.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| u8::try_from(high * 16 + low).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sub_reader_cannot_leave_its_parent() {
        let mut reader = Reader::new(&[0, 2, 1, 2, 3]);
        let mut inner = reader.vec16().expect("two bytes are there");
        assert_eq!(inner.offset(), 2);
        assert_eq!(inner.take(3), Err(Short { at: 2, wanted: 3, had: 2 }));
        assert_eq!(reader.rest(), [3]);
    }

    #[test]
    fn hex_there_and_back() {
        assert_eq!(hex(&[0, 0xab]), "00ab");
        for number in [0, 9, 10, 0xab, 0x1234, 10_000, u16::MAX] {
            let mut in_hex = String::new();
            push_hex(&mut in_hex, number);
            assert_eq!(in_hex, format!("{number:04x}"));
        }
        assert_eq!(unhex("00aB"), Some(vec![0, 0xab]));
        assert_eq!(unhex("0"), None);
        assert_eq!(unhex("0g"), None);
    }
}
