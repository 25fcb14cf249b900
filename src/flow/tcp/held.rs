//! Bytes that arrived ahead of a hole, kept until the hole is filled or given up. First bytes win.

use std::collections::BTreeMap;

use crate::seen::At;

/// What one chunk costs besides its bytes, so that many tiny segments are bounded as well.
const OVERHEAD: usize = 96;

/// A run of bytes that one packet carried.
#[derive(Debug, Clone)]
pub(super) struct Chunk {
    /// The bytes as captured.
    pub(super) bytes: Vec<u8>,
    /// Where the run ends in the stream; more than its bytes where the capture cut the packet.
    pub(super) end: u64,
    /// The packet.
    pub(super) at: At,
}

/// Chunks by their place in the stream; they never overlap.
#[derive(Debug, Clone, Default)]
pub(super) struct Held {
    chunks: BTreeMap<u64, Chunk>,
    cost: usize,
}

impl Held {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.chunks.len()
    }

    /// Memory used, in bytes.
    pub(super) fn cost(&self) -> usize {
        self.cost
    }

    /// Where the first chunk begins, and the packet that carried it.
    pub(super) fn first(&self) -> Option<(u64, At)> {
        self.chunks.first_key_value().map(|(start, chunk)| (*start, chunk.at))
    }

    /// Where the last chunk ends.
    pub(super) fn end(&self) -> Option<u64> {
        self.chunks.last_key_value().map(|(_, chunk)| chunk.end)
    }

    /// Whether something within `start..end` is held.
    pub(super) fn overlaps(&self, start: u64, end: u64) -> bool {
        self.chunks.range(..end).next_back().is_some_and(|(_, chunk)| chunk.end > start)
    }

    /// Keeps what is new within `start..end`.
    pub(super) fn insert(&mut self, start: u64, end: u64, payload: &[u8], at: At) {
        let before = self.chunks.range(..=start).next_back().map(|(_, chunk)| chunk.end);
        let mut from = before.map_or(start, |held| held.max(start));
        while from < end {
            let next = self.chunks.range(from..end).next().map(|(start, chunk)| (*start, chunk.end));
            let until = next.map_or(end, |(start, _)| start);
            if from < until {
                let bytes = slice(payload, from - start, until - start).to_vec();
                self.cost += bytes.len() + OVERHEAD;
                self.chunks.insert(from, Chunk { bytes, end: until, at });
            }
            let Some((_, held_until)) = next else { break };
            from = held_until;
        }
    }

    /// Takes the first chunk if it begins at or before `next`.
    pub(super) fn take_at(&mut self, next: u64) -> Option<(u64, Chunk)> {
        let entry = self.chunks.first_entry().filter(|entry| *entry.key() <= next)?;
        let (start, chunk) = entry.remove_entry();
        self.cost = self.cost.saturating_sub(chunk.bytes.len() + OVERHEAD);
        Some((start, chunk))
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// `bytes[from..to]`, as far as there are so many.
pub(super) fn slice(bytes: &[u8], from: u64, to: u64) -> &[u8] {
    let clamp = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
    bytes.get(clamp(from)..clamp(to)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_win_and_only_new_pieces_are_kept() {
        let mut held = Held::default();
        held.insert(10, 12, b"ab", At::default());
        held.insert(14, 16, b"ef", At::default());
        held.insert(8, 18, b"0123456789", At::default());
        let mut all = Vec::new();
        let mut next = 8;
        while let Some((start, chunk)) = held.take_at(next) {
            assert_eq!(start, next);
            next = chunk.end;
            all.extend(chunk.bytes);
        }
        assert_eq!(all, b"01ab45ef89");
        assert_eq!((held.cost(), held.len()), (0, 0));
    }
}
