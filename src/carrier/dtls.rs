//! The record layer of DTLS (RFC 6347 section 4, RFC 9147 section 4): the records of a datagram, and
//! handshake messages joined from their fragments. No keys: what is protected is for others to open.

use std::collections::BTreeMap;

use crate::bytes::{Reader, Short};
use crate::seen::At;
use crate::tls::record::{ContentType, RecordHeader};

/// Bytes of a handshake message's header in DTLS.
pub const HANDSHAKE_HEADER_LEN: usize = 12;
/// Bytes of fragments that wait, of one direction; more only where a single message may be longer.
const HELD_LIMIT: usize = 512 * 1024;
/// Fragments of one message that wait.
const PIECES_LIMIT: usize = 2_048;
/// How far ahead of the expected message others are kept.
const AHEAD_LIMIT: u16 = 32;
/// A record of DTLS 1.2 that carries a connection id (RFC 9146 section 4).
const TLS12_CID: ContentType = ContentType(25);

/// A record of a datagram.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// Type, version and length. Under the unified header the type is application_data and the version
    /// that of DTLS 1.2, since neither stands there.
    pub header: RecordHeader,
    /// The epoch; under the unified header its two low bits only.
    pub epoch: u16,
    /// The record number; 0 under the unified header, where it is masked.
    pub sequence: u64,
    /// The connection id, where there is one.
    pub connection_id: &'a [u8],
    /// The whole header as it was on the wire.
    pub head: &'a [u8],
    /// The body, as much of it as was captured.
    pub fragment: &'a [u8],
    /// It has the unified header of DTLS 1.3 (RFC 9147 section 4).
    pub unified: bool,
}

impl Record<'_> {
    /// Whether the capture holds less of the body than was sent.
    pub fn is_cut(&self) -> bool {
        self.fragment.len() < usize::from(self.header.length)
    }
}

/// The records of a datagram. It ends at the first byte that begins no record.
#[derive(Debug, Clone)]
pub struct Records<'a> {
    reader: Reader<'a>,
    /// Bytes of a connection id in this direction.
    connection_id: usize,
    /// Bytes of the datagram that were not captured.
    missing: usize,
}

/// The records of a datagram of `wire_len` bytes, of which `datagram` was captured. `connection_id` is
/// the length of the connection ids that its receiver has asked for.
pub fn records(datagram: &[u8], wire_len: usize, connection_id: usize) -> Records<'_> {
    let missing = wire_len.saturating_sub(datagram.len());
    Records { reader: Reader::new(datagram), connection_id, missing }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let mut reader = self.reader;
        let record = match reader.peek().first()? {
            // 001 in the top bits (RFC 9147 section 4.1).
            first if first >> 5 == 1 => self.unified(&mut reader),
            20..=26 => self.classic(&mut reader),
            _ => return None,
        };
        self.reader = reader;
        record.ok().flatten()
    }
}

impl<'a> Records<'a> {
    fn classic(&self, reader: &mut Reader<'a>) -> Result<Option<Record<'a>>, Short> {
        let whole = reader.peek();
        let content_type = ContentType(reader.u8()?);
        let version = reader.u16()?;
        if !matches!(version, 0xfefd | 0xfeff | 0x0100) {
            return Ok(None);
        }
        let epoch = reader.u16()?;
        let [a, b, c, d, e, f] = reader.array::<6>()?;
        let sequence = u64::from_be_bytes([0, 0, a, b, c, d, e, f]);
        let connection_id = if content_type == TLS12_CID { reader.take(self.connection_id)? } else { &[] };
        let length = reader.u16()?;
        let head = whole.get(..whole.len().saturating_sub(reader.len())).unwrap_or_default();
        let Some(fragment) = self.body(reader, length) else { return Ok(None) };
        let header = RecordHeader { content_type, version, length };
        Ok(Some(Record { header, epoch, sequence, connection_id, head, fragment, unified: false }))
    }

    fn unified(&self, reader: &mut Reader<'a>) -> Result<Option<Record<'a>>, Short> {
        let whole = reader.peek();
        let first = reader.u8()?;
        let (has_id, long, has_length) = (first & 0x10 != 0, first & 0x08 != 0, first & 0x04 != 0);
        let connection_id = if has_id { reader.take(self.connection_id)? } else { &[] };
        reader.take(if long { 2 } else { 1 })?;
        let rest = |reader: &Reader<'_>| u16::try_from(reader.len().saturating_add(self.missing)).unwrap_or(u16::MAX);
        let length = if has_length { reader.u16()? } else { rest(reader) };
        let head = whole.get(..whole.len().saturating_sub(reader.len())).unwrap_or_default();
        let Some(fragment) = self.body(reader, length) else { return Ok(None) };
        let header = RecordHeader { content_type: ContentType::APPLICATION_DATA, version: 0xfefd, length };
        let epoch = u16::from(first & 3);
        Ok(Some(Record { header, epoch, sequence: 0, connection_id, head, fragment, unified: true }))
    }

    /// `None` where the length says more than the datagram held on the wire.
    fn body(&self, reader: &mut Reader<'a>, length: u16) -> Option<&'a [u8]> {
        let length = usize::from(length);
        if length > reader.len().saturating_add(self.missing) {
            return None;
        }
        reader.take(length.min(reader.len())).ok()
    }
}

/// What begins a DTLS conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// The server sends it: the capture began behind the ClientHello.
    pub from_server: bool,
    /// The random of a ClientHello, where it stands in this fragment.
    pub random: Option<[u8; 32]>,
}

/// Whether a datagram begins a DTLS conversation: its first record is a plaintext handshake record with
/// a (fragment of a) ClientHello, HelloVerifyRequest or ServerHello. Cheap for everything else.
pub fn opening(datagram: &[u8], wire_len: usize) -> Option<Opening> {
    let [22, 0xfe, 0xfd | 0xff, 0, 0, ..] = datagram else { return None };
    let record = records(datagram, wire_len, 0).next()?;
    let fragment = Fragments::new(record.fragment).next()?;
    let client = fragment.kind == 1 && fragment.sequence <= 2;
    let server = matches!(fragment.kind, 2 | 3) && fragment.sequence <= 2;
    // A ClientHello has 42 bytes at least, a ServerHello 38, a HelloVerifyRequest 3.
    let plausible = match fragment.kind {
        1 => fragment.length >= 42 && fragment.length < 65_536,
        2 => fragment.length >= 38 && fragment.length < 65_536,
        _ => (3..=258).contains(&fragment.length),
    };
    if !(client || server) || !plausible {
        return None;
    }
    if fragment.offset == 0 && !matches!(fragment.bytes, [0xfe, 0xfd | 0xff, ..]) {
        return None;
    }
    let random =
        fragment.bytes.get(2..34).filter(|_| client && fragment.offset == 0).and_then(|r| r.first_chunk::<32>());
    Some(Opening { from_server: server, random: random.copied() })
}

/// A fragment of a handshake message (RFC 6347 section 4.2.2).
#[derive(Debug, Clone, Copy)]
pub struct Fragment<'a> {
    /// The handshake type.
    pub kind: u8,
    /// Length of the whole message's body.
    pub length: usize,
    /// Number of the message within its handshake and direction.
    pub sequence: u16,
    /// Where in the body this fragment stands.
    pub offset: usize,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// The fragments in the body of a handshake record.
#[derive(Debug, Clone)]
pub struct Fragments<'a> {
    reader: Reader<'a>,
}

impl<'a> Fragments<'a> {
    /// Reads the body of a record.
    pub fn new(body: &'a [u8]) -> Self {
        Self { reader: Reader::new(body) }
    }

    /// Whether bytes are left that are no fragment.
    pub fn has_rest(&self) -> bool {
        !self.reader.is_empty()
    }

    fn read(reader: &mut Reader<'a>) -> Result<Fragment<'a>, Short> {
        let kind = reader.u8()?;
        let length = reader.u24()? as usize;
        let sequence = reader.u16()?;
        let offset = reader.u24()? as usize;
        let bytes = reader.vec24()?.rest();
        Ok(Fragment { kind, length, sequence, offset, bytes })
    }
}

impl<'a> Iterator for Fragments<'a> {
    type Item = Fragment<'a>;

    fn next(&mut self) -> Option<Fragment<'a>> {
        let mut reader = self.reader;
        let fragment = Self::read(&mut reader).ok()?;
        if fragment.offset.saturating_add(fragment.bytes.len()) > fragment.length {
            return None;
        }
        self.reader = reader;
        Some(fragment)
    }
}

/// A whole handshake message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its type.
    pub kind: u8,
    /// With the header of DTLS as if it had been sent in one fragment, which is what hashes cover
    /// (RFC 6347 section 4.2.6).
    pub raw: Vec<u8>,
    /// The packet that completed it.
    pub last: At,
}

/// Joins the handshake messages of one direction, in the order of their numbers. What was sent again
/// is dropped.
#[derive(Debug, Clone, Default)]
pub struct Assembler {
    /// The number of the message that is due; `None` before the first.
    next: Option<u16>,
    waiting: BTreeMap<u16, Partial>,
    held: usize,
}

#[derive(Debug, Clone, Default)]
struct Partial {
    kind: u8,
    length: usize,
    /// By offset.
    pieces: BTreeMap<usize, Vec<u8>>,
    bytes: usize,
    last: At,
}

impl Assembler {
    /// Takes a fragment of a message that has `longest` bytes at most; a longer one is passed over, and `false`.
    /// Messages that are whole are then to be taken by [`Self::pop`].
    pub fn add(&mut self, fragment: &Fragment<'_>, longest: usize, at: At) -> bool {
        let fits = fragment.length <= longest;
        if fits {
            self.join(fragment, longest, at);
        }
        fits
    }

    fn join(&mut self, fragment: &Fragment<'_>, longest: usize, at: At) {
        // A conversation begins with message 0; a capture may begin later.
        let next = *self.next.get_or_insert(if fragment.sequence < 8 { 0 } else { fragment.sequence });
        let ahead = fragment.sequence.wrapping_sub(next);
        let size = fragment.bytes.len();
        let empty = size == 0 && fragment.length > 0;
        if empty || ahead >= AHEAD_LIMIT || self.held.saturating_add(size) > HELD_LIMIT.max(longest.saturating_mul(2)) {
            return;
        }
        let partial = self.waiting.entry(fragment.sequence).or_insert_with(|| Partial {
            kind: fragment.kind,
            length: fragment.length,
            ..Partial::default()
        });
        let agrees = partial.kind == fragment.kind && partial.length == fragment.length;
        let known = partial.pieces.get(&fragment.offset).is_some_and(|piece| piece.len() >= size);
        if !agrees || known || partial.is_whole() || partial.pieces.len() >= PIECES_LIMIT {
            return;
        }
        let replaced = partial.pieces.insert(fragment.offset, fragment.bytes.to_vec()).map_or(0, |old| old.len());
        partial.bytes = partial.bytes.saturating_add(size).saturating_sub(replaced);
        partial.last = at;
        self.held = self.held.saturating_add(size).saturating_sub(replaced);
    }

    /// The next message in order, where it is whole.
    pub fn pop(&mut self) -> Option<Message> {
        let next = self.next?;
        let message = self.waiting.get(&next).filter(|partial| partial.is_whole())?.join(next);
        self.forget(next);
        self.next = Some(next.wrapping_add(1));
        Some(message)
    }

    /// Whether something waits for a message that has not come.
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The message that is due will not come any more: goes on with the next one that is whole. `false`
    /// where there is none; then all that waits is forgotten.
    pub fn pass_over(&mut self) -> bool {
        let next = self.next.unwrap_or(0);
        let after = |sequence: &u16| sequence.wrapping_sub(next);
        let whole = self.waiting.iter().filter(|(_, partial)| partial.is_whole()).map(|(sequence, _)| *sequence);
        let Some(first) = whole.min_by_key(after) else {
            let newest = self.waiting.keys().copied().max_by_key(after);
            self.next = newest.map_or(self.next, |newest| Some(newest.wrapping_add(1)));
            self.waiting.clear();
            self.held = 0;
            return false;
        };
        let skipped: Vec<u16> = self.waiting.keys().copied().filter(|seq| after(seq) < after(&first)).collect();
        for sequence in skipped {
            self.forget(sequence);
        }
        self.next = Some(first);
        true
    }

    /// A new handshake begins: its messages count from 0 again.
    pub fn restart(&mut self) {
        *self = Self { next: Some(0), ..Self::default() };
    }

    /// The number of the message that is due.
    pub fn due(&self) -> Option<u16> {
        self.next
    }

    fn forget(&mut self, sequence: u16) {
        if let Some(partial) = self.waiting.remove(&sequence) {
            self.held = self.held.saturating_sub(partial.bytes);
        }
    }
}

impl Partial {
    fn is_whole(&self) -> bool {
        if self.bytes < self.length {
            return false;
        }
        let mut have = 0_usize;
        for (offset, piece) in &self.pieces {
            if *offset > have {
                return false;
            }
            have = have.max(offset.saturating_add(piece.len()));
        }
        have >= self.length && !self.pieces.is_empty()
    }

    fn join(&self, sequence: u16) -> Message {
        let mut raw = Vec::with_capacity(HANDSHAKE_HEADER_LEN.saturating_add(self.length));
        let [_, high, middle, low] = u32::try_from(self.length).unwrap_or(0).to_be_bytes();
        let [upper, lower] = sequence.to_be_bytes();
        raw.extend([self.kind, high, middle, low, upper, lower, 0, 0, 0, high, middle, low]);
        let mut have = 0_usize;
        for (offset, piece) in &self.pieces {
            let fresh = have.saturating_sub(*offset);
            let piece = piece.get(fresh..).unwrap_or_default();
            raw.extend_from_slice(piece);
            have = have.saturating_add(piece.len());
        }
        Message { kind: self.kind, raw, last: self.last }
    }
}

/// Record numbers seen, to know repeated records by (RFC 6347 section 4.1.2.6).
#[derive(Debug, Clone, Default)]
pub struct Window {
    newest: Option<u64>,
    /// Bit n: the number `newest - n` was seen.
    bits: u64,
}

impl Window {
    /// Whether the record is a new one. What is too old to be known counts as repeated.
    pub fn is_new(&mut self, number: u64) -> bool {
        let Some(newest) = self.newest else {
            (self.newest, self.bits) = (Some(number), 1);
            return true;
        };
        if number > newest {
            let ahead = u32::try_from(number - newest).unwrap_or(u32::MAX);
            self.bits = self.bits.checked_shl(ahead).unwrap_or(0) | 1;
            self.newest = Some(number);
            return true;
        }
        let Some(bit) = u32::try_from(newest - number).ok().and_then(|behind| 1_u64.checked_shl(behind)) else {
            return false;
        };
        let new = self.bits & bit == 0;
        self.bits |= bit;
        new
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tls::handshake::MESSAGE_LIMIT;

    fn fragment(sequence: u16, length: usize, offset: usize, bytes: &[u8]) -> Fragment<'_> {
        Fragment { kind: 11, length, sequence, offset, bytes }
    }

    fn at(no: u64) -> At {
        At { packet: crate::seen::PacketNo(no), ..At::default() }
    }

    #[test]
    fn a_message_is_joined_up_to_the_length_allowed() {
        let body = vec![7; 300_000];
        for (longest, whole) in [(1 << 18, false), (1 << 19, true)] {
            let mut assembler = Assembler::default();
            for (n, part) in body.chunks(1_200).enumerate() {
                assert_eq!(assembler.add(&fragment(0, body.len(), n * 1_200, part), longest, at(1)), whole);
            }
            assert_eq!(assembler.pop().is_some(), whole, "{longest}");
        }
    }

    #[test]
    fn fragments_join_in_any_order_and_repeats_are_dropped() {
        let mut assembler = Assembler::default();
        assembler.add(&fragment(1, 2, 0, b"yz"), MESSAGE_LIMIT, at(1));
        assembler.add(&fragment(0, 6, 4, b"ef"), MESSAGE_LIMIT, at(2));
        assert_eq!(assembler.pop(), None);
        assembler.add(&fragment(0, 6, 0, b"abc"), MESSAGE_LIMIT, at(3));
        assembler.add(&fragment(0, 6, 2, b"cde"), MESSAGE_LIMIT, at(4));
        let first = assembler.pop().expect("whole");
        assert_eq!((&first.raw[12..], first.last.packet.0), (&b"abcdef"[..], 4));
        assert_eq!(first.raw[..12], [11, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 6]);
        assert_eq!(assembler.pop().map(|m| m.raw[12..].to_vec()), Some(b"yz".to_vec()));
        assembler.add(&fragment(0, 6, 0, b"abcdef"), MESSAGE_LIMIT, at(5));
        assert!(!assembler.is_waiting() && assembler.pop().is_none());
    }

    #[test]
    fn a_message_that_never_comes_can_be_passed_over() {
        let mut assembler = Assembler::default();
        assembler.add(&fragment(0, 4, 0, b"a"), MESSAGE_LIMIT, at(1));
        assembler.add(&fragment(2, 1, 0, b"c"), MESSAGE_LIMIT, at(2));
        assert!(assembler.pop().is_none() && assembler.pass_over());
        assert_eq!(assembler.pop().map(|m| m.raw[12..].to_vec()), Some(b"c".to_vec()));
        assembler.add(&fragment(3, 4, 0, b"d"), MESSAGE_LIMIT, at(3));
        assert!(!assembler.pass_over() && !assembler.is_waiting());
        assert_eq!(assembler.due(), Some(4));
    }

    #[test]
    fn empty_messages_are_whole_with_their_only_fragment() {
        let mut assembler = Assembler::default();
        assembler.add(&fragment(0, 0, 0, b""), MESSAGE_LIMIT, at(1));
        assert_eq!(assembler.pop().map(|m| m.raw.len()), Some(12));
    }

    #[test]
    fn records_of_both_forms_are_found_and_a_cut_one_is_known() {
        let mut bytes = vec![22, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 9, 0, 2, 7, 7];
        bytes.extend([0b0010_1110, 1, 2, 0, 3, 9, 9, 9]);
        bytes.extend([0b0010_0011, 5, 8, 8]);
        let all: Vec<_> = records(&bytes, bytes.len(), 0).collect();
        let looks: Vec<_> =
            all.iter().map(|r| (r.unified, r.epoch, r.sequence, r.fragment.len(), r.head.len())).collect();
        assert_eq!(looks, [(false, 1, 9, 2, 13), (true, 2, 0, 3, 5), (true, 3, 0, 2, 2)]);
        let cut: Vec<_> = records(&bytes[..14], bytes.len(), 0).map(|r| r.is_cut()).collect();
        assert_eq!(cut, [true]);
        assert_eq!(records(&bytes[..14], 14, 0).count(), 0, "the length says more than was sent");
    }

    #[test]
    fn repeated_record_numbers_are_known() {
        let mut window = Window::default();
        let new: Vec<_> = [5, 5, 3, 3, 200, 199, 5].map(|number| window.is_new(number)).to_vec();
        assert_eq!(new, [true, false, true, false, true, true, false]);
    }

    proptest! {
        #[test]
        fn random_datagrams_never_panic_and_hold_little(
            datagrams in prop::collection::vec(prop::collection::vec(prop_oneof![Just(22_u8), Just(0xfe), Just(0xfd), Just(0), Just(1), Just(0x2e), any::<u8>()], 0..80), 0..20),
            id in 0_usize..9,
        ) {
            let mut assembler = Assembler::default();
            for datagram in &datagrams {
                let _ = opening(datagram, datagram.len());
                for record in records(datagram, datagram.len() + id, id) {
                    for fragment in Fragments::new(record.fragment) {
                        assembler.add(&fragment, MESSAGE_LIMIT, at(1));
                    }
                }
                while assembler.pop().is_some() {}
                prop_assert!(assembler.held <= datagrams.iter().map(Vec::len).sum());
            }
            assembler.pass_over();
        }

        #[test]
        fn however_a_message_is_cut_it_is_the_same(body in prop::collection::vec(any::<u8>(), 1..400), cuts in prop::collection::vec((0_usize..400, 1_usize..100), 0..12)) {
            let mut assembler = Assembler::default();
            for (from, len) in cuts {
                let from = from.min(body.len());
                let bytes = &body[from..(from + len).min(body.len())];
                assembler.add(&fragment(0, body.len(), from, bytes), MESSAGE_LIMIT, at(1));
            }
            assembler.add(&fragment(0, body.len(), 0, &body), MESSAGE_LIMIT, at(1));
            prop_assert_eq!(assembler.pop().map(|m| m.raw[12..].to_vec()), Some(body));
        }
    }
}
