//! A part of a captured packet together with the length it had on the wire.

/// Bytes as captured, and how many there were on the wire. Never reads outside of the bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut<'a> {
    /// What was captured.
    pub(super) bytes: &'a [u8],
    /// Length on the wire; never less than `bytes`.
    pub(super) wire: usize,
}

impl<'a> Cut<'a> {
    pub(super) fn new(bytes: &'a [u8], wire: usize) -> Self {
        Self { bytes, wire: wire.max(bytes.len()) }
    }

    /// The first `N` bytes and what follows them.
    #[inline]
    pub(super) fn head<const N: usize>(self) -> Option<(&'a [u8; N], Self)> {
        let (head, bytes) = self.bytes.split_first_chunk::<N>()?;
        Some((head, Self { bytes, wire: self.wire - N }))
    }

    /// What follows the first `n` bytes, where these were captured.
    #[inline]
    pub(super) fn skip(self, n: usize) -> Option<Self> {
        Some(Self { bytes: self.bytes.get(n..)?, wire: self.wire - n })
    }

    /// What follows the first `n` bytes, which were on the wire but need not have been captured.
    #[inline]
    pub(super) fn beyond(self, n: usize) -> Option<Self> {
        let wire = self.wire.checked_sub(n)?;
        Some(Self { bytes: self.bytes.get(n..).unwrap_or(&[]), wire })
    }

    /// The same bytes with the length that their header gives: what comes later is a trailer, what
    /// is missing was not captured.
    #[inline]
    pub(super) fn of_length(self, n: usize) -> Self {
        Self { bytes: self.bytes.get(..n).unwrap_or(self.bytes), wire: n }
    }

    /// The same bytes without what lies behind the first `n`.
    #[inline]
    pub(super) fn at_most(self, n: usize) -> Self {
        if n < self.wire { self.of_length(n) } else { self }
    }

    /// The upper half of the first byte, which is the version where this is an IP packet.
    pub(super) fn nibble(self) -> Option<u8> {
        self.bytes.first().map(|byte| byte >> 4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_length_takes_away_trailers_and_adds_what_was_cut() {
        let part = Cut::new(&[1, 2, 3, 4], 10);
        let shorter = part.of_length(3);
        assert_eq!((shorter.bytes, shorter.wire), (&[1, 2, 3][..], 3));
        let longer = part.of_length(20);
        assert_eq!((longer.bytes, longer.wire), (&[1, 2, 3, 4][..], 20));
        assert_eq!(part.at_most(20).wire, 10);
    }

    #[test]
    fn bytes_that_were_not_captured_can_only_be_passed_over() {
        let part = Cut::new(&[1, 2, 3, 4], 10);
        assert!(part.skip(5).is_none());
        let rest = part.beyond(5).expect("ten were on the wire");
        assert_eq!((rest.bytes, rest.wire), (&[][..], 5));
        assert!(part.beyond(11).is_none());
    }
}
