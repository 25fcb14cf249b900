//! A sliding view of a byte stream: reads in large pieces, hands out slices without copying.

use std::io::{self, ErrorKind, Read};
use std::ops::Range;

/// How much is read at a time. Large reads into a small buffer keep the walk inside the cache; a
/// memory map was measured at half the speed, and does not work on a pipe.
const READ: usize = 1 << 17;

/// The bytes read and not yet consumed.
///
/// Invariant: `start <= end <= buffer.len()`.
#[derive(Debug)]
pub(super) struct Window<R> {
    source: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    ended: bool,
    /// Offset in the stream of `buffer[0]`.
    base: u64,
}

impl<R: Read> Window<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source, buffer: Vec::new(), start: 0, end: 0, ended: false, base: 0 }
    }

    pub(super) fn source(&mut self) -> &mut R {
        &mut self.source
    }

    /// Offset in the stream of the first byte not consumed.
    pub(super) fn position(&self) -> u64 {
        self.base.saturating_add(self.start as u64)
    }

    /// The bytes read and not consumed.
    #[inline]
    pub(super) fn data(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// The bytes of a place that `place` gave. They stay valid until the next `want`.
    #[inline]
    pub(super) fn bytes(&self, place: Range<usize>) -> &[u8] {
        self.buffer.get(place).unwrap_or_default()
    }

    /// Where `range`, counted from the first byte not consumed, stands in the buffer.
    #[inline]
    pub(super) fn place(&self, range: Range<usize>) -> Range<usize> {
        self.start.saturating_add(range.start)..self.start.saturating_add(range.end)
    }

    /// Reads until there are `count` bytes; whether there are.
    #[inline]
    pub(super) fn want(&mut self, count: usize) -> io::Result<bool> {
        if self.end.saturating_sub(self.start) >= count { Ok(true) } else { self.refill(count) }
    }

    /// Whether the stream is over and everything of it is consumed.
    pub(super) fn is_over(&mut self) -> io::Result<bool> {
        Ok(!self.want(1)?)
    }

    #[inline]
    pub(super) fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.end);
    }

    /// Passes over `count` bytes without holding them all; whether there were so many.
    pub(super) fn skip(&mut self, mut count: u64) -> io::Result<bool> {
        while count > 0 {
            if !self.want(1)? {
                return Ok(false);
            }
            let here = usize::try_from(count).unwrap_or(usize::MAX).min(self.data().len());
            self.consume(here);
            count = count.saturating_sub(here as u64);
        }
        Ok(true)
    }

    #[cold]
    fn refill(&mut self, count: usize) -> io::Result<bool> {
        while self.end.saturating_sub(self.start) < count {
            if self.ended {
                return Ok(false);
            }
            self.make_room(count);
            let Some(room) = self.buffer.get_mut(self.end..) else { return Ok(false) };
            match self.source.read(room) {
                Ok(0) => self.ended = true,
                Ok(read) => self.end = self.end.saturating_add(read).min(self.buffer.len()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Moves what is left to the front, and grows only when the buffer is full of it: a length that
    /// lies costs no more memory than the file has bytes.
    fn make_room(&mut self, count: usize) {
        let left = self.end.saturating_sub(self.start);
        // Not enough behind `start` for what is wanted, or the tail is too small to be worth a read.
        if self.start > 0 && (self.start.saturating_add(count) > self.buffer.len() || left == 0) {
            self.buffer.copy_within(self.start..self.end, 0);
            self.base = self.base.saturating_add(self.start as u64);
            self.start = 0;
            self.end = left;
        }
        if self.end == self.buffer.len() {
            // Twice what is wanted at most, so that the moves above stay rare.
            let size = self.buffer.len().saturating_mul(2).max(READ);
            self.buffer.resize(size, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time, as the worst of pipes.
    struct Drip(Vec<u8>);

    impl Read for Drip {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                return Ok(0);
            }
            room[0] = self.0.remove(0);
            Ok(1)
        }
    }

    #[test]
    fn a_window_gives_the_stream_whatever_the_sizes_of_reads() {
        let mut window = Window::new(Drip((0..100).collect()));
        assert!(window.want(10).expect("no error"));
        window.consume(7);
        assert_eq!(window.position(), 7);
        assert!(window.want(3).expect("no error"));
        assert_eq!(window.data(), [7, 8, 9]);
        assert!(window.skip(90).expect("no error"));
        assert!(!window.want(4).expect("no error"));
        assert_eq!(window.data(), [97, 98, 99]);
        assert!(!window.skip(4).expect("no error"));
        assert!(window.is_over().expect("no error"));
    }

    #[test]
    fn a_wish_beyond_the_end_does_not_allocate_it() {
        let mut window = Window::new(&[1_u8, 2][..]);
        assert!(!window.want(1 << 40).expect("no error"));
        assert!(window.buffer.len() <= 2 * READ);
        assert_eq!(window.data(), [1, 2]);
    }

    #[test]
    fn slices_larger_than_the_first_buffer_are_whole() {
        let bytes: Vec<u8> = (0..5_000_000_u32).map(|n| (n % 251) as u8).collect();
        let mut window = Window::new(&bytes[..]);
        window.want(1).expect("no error");
        window.consume(3);
        assert!(window.want(4_000_000).expect("no error"));
        let place = window.place(0..4_000_000);
        assert_eq!(window.bytes(place), &bytes[3..4_000_003]);
    }
}
