//! Joins handshake messages, which may be cut over several records or stand together in one (RFC 8446
//! section 5.1).

use crate::problem::Problem;
use crate::seen::At;

/// Message type and 24-bit length.
const HEADER_LEN: usize = 4;
/// Longer messages are passed over, in bytes: a chain of certificates is far shorter.
pub const MESSAGE_LIMIT: usize = 256 * 1024;
/// A buffer larger than this is not kept between messages.
const BUFFER_KEPT: usize = 4_096;

/// A whole handshake message.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// Its type.
    pub kind: u8,
    /// The message: header and body.
    pub raw: &'a [u8],
    /// The packet with its first byte.
    pub first: At,
    /// The packet that completed it.
    pub last: At,
}

/// Joins the handshake messages of one direction.
#[derive(Debug, Clone)]
pub struct Joiner {
    /// Longer messages are passed over.
    limit: usize,
    buffer: Vec<u8>,
    first: At,
    /// Bytes left of a message that is too long to be kept, and those of it already passed over.
    skip: usize,
    skipped: usize,
}

impl Default for Joiner {
    fn default() -> Self {
        Self::within(MESSAGE_LIMIT)
    }
}

impl Joiner {
    /// A joiner that passes over messages of more than `limit` bytes.
    pub fn within(limit: usize) -> Self {
        Self { limit, buffer: Vec::new(), first: At::default(), skip: 0, skipped: 0 }
    }

    /// Takes the body of a record (or what was inside it) that the packets `first` to `last` carried,
    /// and hands on every message that it completes.
    pub fn feed(&mut self, bytes: &[u8], first: At, last: At, mut each: impl FnMut(Message<'_>)) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut rest = self.pass_over(bytes);
        while !rest.is_empty() {
            if self.buffer.is_empty() {
                self.first = first;
                // A message that lies within these bytes is not copied.
                let whole =
                    message_len(rest).filter(|len| *len <= self.limit).and_then(|len| rest.split_at_checked(len));
                if let Some((raw, behind)) = whole {
                    if let Some(&kind) = raw.first() {
                        each(Message { kind, raw, first, last });
                    }
                    rest = behind;
                    continue;
                }
            }
            rest = self.collect(rest, last, &mut each, &mut problems);
        }
        problems
    }

    /// Adds to the message in hand; returns what is left.
    fn collect<'a>(
        &mut self,
        rest: &'a [u8],
        last: At,
        each: &mut impl FnMut(Message<'_>),
        problems: &mut Vec<Problem>,
    ) -> &'a [u8] {
        let wanted = message_len(&self.buffer).unwrap_or(HEADER_LEN).saturating_sub(self.buffer.len());
        let (here, left) = rest.split_at_checked(wanted).unwrap_or((rest, &[]));
        if self.buffer.len() >= HEADER_LEN {
            // The rest of it follows, unless its length is a lie.
            self.buffer.reserve(wanted.min(BUFFER_KEPT));
        }
        self.buffer.extend_from_slice(here);
        let Some(len) = message_len(&self.buffer) else { return left };
        if len > self.limit {
            problems.push(too_long(len, self.limit).at(last.packet));
            self.skipped = self.buffer.len();
            self.skip = len - self.skipped;
            self.buffer.clear();
            return self.pass_over(left);
        }
        if self.buffer.len() == len {
            if let Some(&kind) = self.buffer.first() {
                each(Message { kind, raw: &self.buffer, first: self.first, last });
            }
            self.buffer.clear();
            self.buffer.shrink_to(BUFFER_KEPT);
        }
        left
    }

    fn pass_over<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let here = self.skip.min(bytes.len());
        self.skip -= here;
        self.skipped += here;
        bytes.get(here..).unwrap_or_default()
    }

    /// Bytes taken of a message that is not whole yet.
    pub fn pending(&self) -> usize {
        if self.skip > 0 { self.skipped } else { self.buffer.len() }
    }

    /// Forgets the message in hand, because bytes of it are missing.
    pub fn reset(&mut self) {
        *self = Self::within(self.limit);
    }
}

/// A message of `len` bytes is longer than the limit.
pub fn too_long(len: usize, limit: usize) -> Problem {
    let text = format!("A handshake message of {len} bytes was passed over; at most {limit} are kept.");
    Problem::new("handshake-message-too-long", text)
}

/// Length of the message that begins here, its header included; `None` while the header is not whole.
fn message_len(bytes: &[u8]) -> Option<usize> {
    let [_, high, middle, low] = *bytes.first_chunk::<HEADER_LEN>()?;
    Some(HEADER_LEN + u32::from_be_bytes([0, high, middle, low]) as usize)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::seen::PacketNo;

    fn at(packet: u64) -> At {
        At { packet: PacketNo(packet), ..At::default() }
    }

    fn message(kind: u8, len: usize) -> Vec<u8> {
        let length = u32::try_from(len).unwrap().to_be_bytes();
        [&[kind], &length[1..], &vec![kind; len]].concat()
    }

    #[test]
    fn a_message_knows_its_first_and_its_last_packet() {
        let bytes = [message(1, 10), message(2, 0)].concat();
        let mut joiner = Joiner::default();
        let mut seen = Vec::new();
        joiner.feed(&bytes[..6], at(1), at(2), |_| panic!("not whole yet"));
        assert_eq!(joiner.pending(), 6);
        joiner.feed(&bytes[6..], at(3), at(4), |m| seen.push((m.kind, m.raw.len(), m.first, m.last)));
        assert_eq!(seen, [(1, 14, at(1), at(4)), (2, 4, at(3), at(4))]);
        assert_eq!(joiner.pending(), 0);
    }

    #[test]
    fn a_message_too_long_is_passed_over_and_the_next_is_read() {
        let bytes = [message(11, MESSAGE_LIMIT), message(14, 0)].concat();
        for cut in [1, 3, 4, 5, 5_000, 16_384, bytes.len()] {
            let mut joiner = Joiner::default();
            let mut kinds = Vec::new();
            let mut problems = Vec::new();
            for piece in bytes.chunks(cut) {
                problems.extend(joiner.feed(piece, at(1), at(1), |m| kinds.push(m.kind)));
                assert!(joiner.buffer.capacity() <= 2 * HEADER_LEN, "nothing of it is kept");
            }
            assert_eq!(kinds, [14]);
            assert_eq!(problems.len(), 1);
            assert_eq!(problems[0].code, "handshake-message-too-long");
            assert_eq!(problems[0].packet, Some(PacketNo(1)));
        }
    }

    #[test]
    fn after_a_reset_a_message_begins() {
        let mut joiner = Joiner::default();
        joiner.feed(&message(1, 10)[..9], at(1), at(1), |_| panic!("not whole"));
        joiner.reset();
        assert_eq!(joiner.pending(), 0);
        let mut kinds = Vec::new();
        joiner.feed(&message(2, 3), at(2), at(2), |m| kinds.push(m.kind));
        assert_eq!(kinds, [2]);
    }

    proptest! {
        #[test]
        fn however_records_cut_them_messages_are_the_same(
            lens in prop::collection::vec(0_usize..300, 1..8),
            cuts in prop::collection::vec(1_usize..200, 1..8),
        ) {
            let messages: Vec<Vec<u8>> = (1..).zip(&lens).map(|(kind, len)| message(kind, *len)).collect();
            let bytes = messages.concat();
            let mut joiner = Joiner::default();
            let mut seen = Vec::new();
            let mut rest = &bytes[..];
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (piece, behind) = rest.split_at((*cut).min(rest.len()));
                prop_assert!(joiner.feed(piece, at(1), at(1), |m| seen.push(m.raw.to_vec())).is_empty());
                rest = behind;
            }
            prop_assert_eq!(seen, messages);
            prop_assert_eq!(joiner.pending(), 0);
        }
    }
}
