//! QUIC as far as the handshake needs it (RFC 9000, RFC 9001, RFC 9369): the packets of a datagram,
//! header protection, frames, and CRYPTO data in order.

use std::collections::BTreeMap;

use crate::bytes::{Reader, Short};
use crate::decrypt::quic::{QuicKeys, QuicVersion};

/// The longest connection id (RFC 9000 section 17.2).
const ID_LIMIT: usize = 20;
/// CRYPTO data that waits for what stands before it, of one direction and level.
const HELD_LIMIT: usize = 128 * 1024;
/// Pieces of CRYPTO data that wait.
const PIECES_LIMIT: usize = 1_024;
/// Packets looked at in one datagram.
const PACKETS_LIMIT: usize = 32;

/// Encryption level of a packet that carries frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Initial: keys that anybody can compute.
    Initial,
    /// 0-RTT.
    Early,
    /// Handshake.
    Handshake,
    /// 1-RTT.
    Application,
}

/// A packet as it can be read without keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packet<'a> {
    /// The server does not speak the client's version (RFC 9000 section 17.2.1).
    VersionNegotiation {
        /// The versions that it speaks, four bytes each.
        versions: &'a [u8],
    },
    /// The server wants the client's address confirmed (RFC 9000 section 17.2.5).
    Retry {
        /// The version.
        version: QuicVersion,
        /// The connection id that the client has to use from now on.
        source: &'a [u8],
    },
    /// A packet with a long header and frames.
    Long {
        /// Its level.
        level: Level,
        /// The version.
        version: QuicVersion,
        /// Destination connection id.
        destination: &'a [u8],
        /// Source connection id.
        source: &'a [u8],
        /// The packet from its first byte to its last.
        bytes: &'a [u8],
        /// Where its packet number begins.
        number_at: usize,
    },
    /// A packet with a short header: 1-RTT. It goes to the end of the datagram.
    Short {
        /// The packet from its first byte on.
        bytes: &'a [u8],
    },
}

/// The packets of a datagram (RFC 9000 section 12.2), at most 32.
pub fn packets(datagram: &[u8]) -> Vec<Packet<'_>> {
    let mut reader = Reader::new(datagram);
    let mut all = Vec::new();
    while all.len() < PACKETS_LIMIT {
        match packet(&mut reader) {
            Ok(Some(packet)) => all.push(packet),
            Ok(None) | Err(_) => break,
        }
    }
    all
}

fn packet<'a>(reader: &mut Reader<'a>) -> Result<Option<Packet<'a>>, Short> {
    let whole = reader.peek();
    let Some(first) = whole.first().copied() else { return Ok(None) };
    if first & 0x80 == 0 {
        // The fixed bit (RFC 9000 section 17.3.1).
        let short = (first & 0x40 != 0).then_some(Packet::Short { bytes: reader.rest() });
        return Ok(short);
    }
    reader.u8()?;
    let version = reader.u32()?;
    let destination = reader.vec8()?.rest();
    let source = reader.vec8()?.rest();
    if version == 0 {
        return Ok(Some(Packet::VersionNegotiation { versions: reader.rest() }));
    }
    let Some(version) = QuicVersion::of(version) else { return Ok(None) };
    if destination.len() > ID_LIMIT || source.len() > ID_LIMIT || first & 0x40 == 0 {
        return Ok(None);
    }
    let Some(level) = level(version, first) else {
        // The rest is the token and an integrity tag.
        reader.rest();
        return Ok(Some(Packet::Retry { version, source }));
    };
    if level == Level::Initial {
        let token = varint(reader)?;
        reader.take(usize::try_from(token).unwrap_or(usize::MAX))?;
    }
    let length = usize::try_from(varint(reader)?).unwrap_or(usize::MAX);
    let number_at = whole.len().saturating_sub(reader.len());
    reader.take(length)?;
    let bytes = whole.get(..number_at.saturating_add(length)).unwrap_or_default();
    Ok(Some(Packet::Long { level, version, destination, source, bytes, number_at }))
}

/// Level by the type bits; `None` is Retry. Version 2 counts them differently (RFC 9369 section 3.2).
const fn level(version: QuicVersion, first: u8) -> Option<Level> {
    let kind = (first >> 4) & 3;
    let kind = match version {
        QuicVersion::V2 => kind.wrapping_sub(1) & 3,
        QuicVersion::V1 | QuicVersion::Draft29 => kind,
    };
    match kind {
        0 => Some(Level::Initial),
        1 => Some(Level::Early),
        2 => Some(Level::Handshake),
        _ => None,
    }
}

/// A variable-length integer (RFC 9000 section 16).
fn varint(reader: &mut Reader<'_>) -> Result<u64, Short> {
    let first = reader.u8()?;
    let more = reader.take((1_usize << (first >> 6)) - 1)?;
    Ok(more.iter().fold(u64::from(first & 0x3f), |all, byte| all << 8 | u64::from(*byte)))
}

/// A client's Initial packet at the head of a datagram that its own keys open: the beginning of a
/// connection, for certain. Returns the destination and the source connection id. Cheap for datagrams
/// that do not look like one.
pub fn opening(datagram: &[u8]) -> Option<(&[u8], &[u8])> {
    // Long header with the fixed bit, version 1, 2 or a draft; the datagram is padded (RFC 9000 section 14.1).
    let [first, version @ ..] = datagram.first_chunk::<5>()?;
    if first & 0xc0 != 0xc0 || datagram.len() < 1_200 {
        return None;
    }
    QuicVersion::of(u32::from_be_bytes(*version))?;
    let mut reader = Reader::new(datagram);
    let Ok(Some(Packet::Long { level: Level::Initial, version, destination, source, bytes, number_at })) =
        packet(&mut reader)
    else {
        return None;
    };
    let keys = QuicKeys::initial(version, destination)?;
    unprotect(&keys.client, bytes, number_at, None)?;
    Some((destination, source))
}

/// A packet whose protection was taken off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Its number in full.
    pub number: u64,
    /// Its frames.
    pub payload: Vec<u8>,
}

/// Takes header protection and packet protection off (RFC 9001 section 5). `largest` is the largest
/// packet number opened before in the same space and direction.
pub fn unprotect(keys: &QuicKeys, bytes: &[u8], number_at: usize, largest: Option<u64>) -> Option<Opened> {
    let header = unmask(keys, bytes, number_at, largest)?;
    let payload = keys.open(header.number, &header.bytes, bytes.get(header.bytes.len()..)?)?;
    Some(Opened { number: header.number, payload })
}

/// A header with the mask taken off.
#[derive(Debug, Clone)]
pub struct Header {
    /// Up to and with the packet number.
    pub bytes: Vec<u8>,
    /// The packet number in full.
    pub number: u64,
}

impl Header {
    /// The key phase bit of a short header.
    pub fn key_phase(&self) -> bool {
        self.bytes.first().is_some_and(|first| first & 0x04 != 0)
    }
}

/// Takes the mask off a header (RFC 9001 section 5.4).
pub fn unmask(keys: &QuicKeys, bytes: &[u8], number_at: usize, largest: Option<u64>) -> Option<Header> {
    let sample = bytes.get(number_at.checked_add(4)?..)?.first_chunk::<16>()?;
    let [mask0, mask @ ..] = keys.header_mask(sample);
    let first = *bytes.first()?;
    let first = first ^ (mask0 & if first & 0x80 != 0 { 0x0f } else { 0x1f });
    let length = usize::from(first & 3) + 1;
    let mut header = bytes.get(..number_at.checked_add(length)?)?.to_vec();
    *header.first_mut()? = first;
    let mut truncated = 0_u64;
    for (byte, mask) in header.iter_mut().skip(number_at).zip(mask) {
        *byte ^= mask;
        truncated = truncated << 8 | u64::from(*byte);
    }
    let number = full_number(truncated, length, largest);
    Some(Header { bytes: header, number })
}

/// The packet number nearest to the expected one (RFC 9000 appendix A.3).
fn full_number(truncated: u64, length: usize, largest: Option<u64>) -> u64 {
    let expected = largest.map_or(0, |largest| largest.saturating_add(1));
    let window = 1_u64 << (8 * length.min(4));
    let candidate = expected & !(window - 1) | truncated;
    if candidate.saturating_add(window / 2) <= expected && candidate < (1 << 62) - window {
        candidate + window
    } else if candidate > expected.saturating_add(window / 2) && candidate >= window {
        candidate - window
    } else {
        candidate
    }
}

/// A frame (RFC 9000 section 19), as far as the handshake needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame<'a> {
    /// Handshake data.
    Crypto {
        /// Where in the stream of its level it stands.
        offset: u64,
        /// The data.
        data: &'a [u8],
    },
    /// Application data: so many bytes of it.
    Stream {
        /// Bytes.
        length: usize,
    },
    /// The connection is over.
    Close {
        /// The error code.
        code: u64,
        /// The application gives the reason, not QUIC.
        application: bool,
        /// The reason in words; may be empty. Not escaped.
        reason: &'a [u8],
    },
    /// The server has completed the handshake (RFC 9000 section 19.20).
    HandshakeDone,
    /// Another name for the connection.
    NewConnectionId {
        /// The name.
        id: &'a [u8],
    },
    /// Something else.
    Other,
}

/// Calls `each` with every frame up to the first that cannot be read. `false` where there is one.
pub fn frames<'a>(payload: &'a [u8], mut each: impl FnMut(Frame<'a>)) -> bool {
    let mut reader = Reader::new(payload);
    while !reader.is_empty() {
        match frame(&mut reader) {
            Ok(Some(frame)) => each(frame),
            Ok(None) | Err(_) => return false,
        }
    }
    true
}

fn bytes<'a>(reader: &mut Reader<'a>, length: u64) -> Result<&'a [u8], Short> {
    reader.take(usize::try_from(length).unwrap_or(usize::MAX))
}

fn frame<'a>(reader: &mut Reader<'a>) -> Result<Option<Frame<'a>>, Short> {
    let kind = varint(reader)?;
    Ok(Some(match kind {
        // PADDING, PING.
        0x00 | 0x01 => Frame::Other,
        0x02 | 0x03 => {
            ack(reader, kind == 0x03)?;
            Frame::Other
        }
        // RESET_STREAM has three fields, STOP_SENDING two; MAX_STREAM_DATA and STREAM_DATA_BLOCKED two.
        0x04 => fields(reader, 3)?,
        0x05 | 0x11 | 0x15 => fields(reader, 2)?,
        0x10 | 0x12..=0x14 | 0x16 | 0x17 | 0x19 => fields(reader, 1)?,
        0x06 => {
            let offset = varint(reader)?;
            let length = varint(reader)?;
            Frame::Crypto { offset, data: bytes(reader, length)? }
        }
        0x07 => {
            let length = varint(reader)?;
            bytes(reader, length)?;
            Frame::Other
        }
        0x08..=0x0f => stream(reader, kind)?,
        0x18 => {
            varint(reader)?;
            varint(reader)?;
            let id = reader.vec8()?.rest();
            reader.take(16)?;
            Frame::NewConnectionId { id }
        }
        0x1a | 0x1b => {
            reader.take(8)?;
            Frame::Other
        }
        0x1c | 0x1d => {
            let code = varint(reader)?;
            if kind == 0x1c {
                varint(reader)?;
            }
            let length = varint(reader)?;
            Frame::Close { code, application: kind == 0x1d, reason: bytes(reader, length)? }
        }
        0x1e => Frame::HandshakeDone,
        // DATAGRAM (RFC 9221).
        0x30 => Frame::Stream { length: reader.rest().len() },
        0x31 => {
            let length = varint(reader)?;
            Frame::Stream { length: bytes(reader, length)?.len() }
        }
        _ => return Ok(None),
    }))
}

fn fields<'a>(reader: &mut Reader<'_>, count: usize) -> Result<Frame<'a>, Short> {
    for _ in 0..count {
        varint(reader)?;
    }
    Ok(Frame::Other)
}

fn stream<'a>(reader: &mut Reader<'a>, kind: u64) -> Result<Frame<'a>, Short> {
    varint(reader)?;
    if kind & 0x04 != 0 {
        varint(reader)?;
    }
    let data = if kind & 0x02 != 0 {
        let length = varint(reader)?;
        bytes(reader, length)?
    } else {
        reader.rest()
    };
    Ok(Frame::Stream { length: data.len() })
}

fn ack(reader: &mut Reader<'_>, with_ecn: bool) -> Result<(), Short> {
    varint(reader)?;
    varint(reader)?;
    let ranges = varint(reader)?;
    varint(reader)?;
    for _ in 0..ranges {
        // Ends with the payload at the latest.
        varint(reader)?;
        varint(reader)?;
    }
    if with_ecn {
        fields(reader, 3)?;
    }
    Ok(())
}

/// CRYPTO data of one direction and level, brought in order.
#[derive(Debug, Clone, Default)]
pub struct CryptoStream {
    next: u64,
    waiting: BTreeMap<u64, Vec<u8>>,
    held: usize,
}

impl CryptoStream {
    /// Takes data and returns what has become readable, in order.
    pub fn add(&mut self, offset: u64, data: &[u8]) -> Vec<u8> {
        let Some(fresh) = self.fresh(offset, data) else { return Vec::new() };
        if offset > self.next {
            let room = self.held.saturating_add(data.len()) <= HELD_LIMIT && self.waiting.len() < PIECES_LIMIT;
            let longer = self.waiting.get(&offset).is_none_or(|held| held.len() < data.len());
            if room && longer {
                self.held = self.held.saturating_add(data.len());
                if let Some(old) = self.waiting.insert(offset, data.to_vec()) {
                    self.held = self.held.saturating_sub(old.len());
                }
            }
            return Vec::new();
        }
        let mut out = fresh.to_vec();
        self.next = self.next.saturating_add(out.len() as u64);
        while let Some(entry) = self.waiting.first_entry().filter(|entry| *entry.key() <= self.next) {
            let (offset, data) = entry.remove_entry();
            self.held = self.held.saturating_sub(data.len());
            if let Some(fresh) = self.fresh(offset, &data) {
                out.extend_from_slice(fresh);
                self.next = self.next.saturating_add(fresh.len() as u64);
            }
        }
        out
    }

    /// The part of `data` that has not been read yet; `None` where there is none.
    fn fresh<'a>(&self, offset: u64, data: &'a [u8]) -> Option<&'a [u8]> {
        let known = usize::try_from(self.next.saturating_sub(offset)).unwrap_or(usize::MAX);
        data.get(known..).filter(|fresh| !fresh.is_empty())
    }

    /// Whether data waits for what stands before it.
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bytes::unhex;

    /// RFC 9001 appendix A.3: the server's Initial in answer to destination 8394c8f03e515708.
    const SERVER_INITIAL: &str = "cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b6394100f37a1c69797554780bb38cc5a99f5ede4cf73c3ec2493a1839b3dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc42158407dd074ee";

    #[test]
    fn the_server_initial_of_the_rfc_opens_and_holds_ack_and_crypto() {
        let bytes = unhex(SERVER_INITIAL).expect("hex");
        let all = packets(&bytes);
        let [Packet::Long { level: Level::Initial, version, destination, source, bytes, number_at }] = all[..] else {
            panic!("{all:?}");
        };
        assert_eq!((destination.len(), source.len()), (0, 8));
        let keys = QuicKeys::initial(version, &unhex("8394c8f03e515708").expect("hex")).expect("keys");
        let opened = unprotect(&keys.server, bytes, number_at, None).expect("authentic");
        assert_eq!(opened.number, 1);
        let mut kinds = Vec::new();
        assert!(frames(&opened.payload, |frame| kinds.push(frame)));
        assert!(matches!(kinds[..], [Frame::Other, Frame::Crypto { offset: 0, data }] if data[0] == 2), "{kinds:?}");
        assert_eq!(unprotect(&keys.client, bytes, number_at, None), None);
    }

    #[test]
    fn coalesced_packets_version_negotiation_and_retry_are_told_apart() {
        let mut bytes = unhex(SERVER_INITIAL).expect("hex");
        let first = bytes.len();
        bytes.extend(&bytes.clone()[..first]);
        bytes.extend([0x41, 9, 9]);
        assert!(matches!(
            packets(&bytes)[..],
            [Packet::Long { .. }, Packet::Long { .. }, Packet::Short { bytes: [0x41, 9, 9] }]
        ));
        assert_eq!(
            packets(&[0xff, 0, 0, 0, 0, 0, 1, 7, 0, 0, 0, 1]),
            [Packet::VersionNegotiation { versions: &[0, 0, 0, 1] }]
        );
        assert_eq!(
            packets(&[0xf0, 0, 0, 0, 1, 0, 1, 7, 5, 5]),
            [Packet::Retry { version: QuicVersion::V1, source: &[7] }]
        );
        assert_eq!(
            packets(&[0xc0, 0x6b, 0x33, 0x43, 0xcf, 0, 1, 7, 5, 5]),
            [Packet::Retry { version: QuicVersion::V2, source: &[7] }]
        );
        assert_eq!(packets(b"GET / HTTP/1.1"), [Packet::Short { bytes: b"GET / HTTP/1.1" }]);
    }

    #[test]
    fn packet_numbers_are_completed_as_in_the_rfc() {
        assert_eq!(full_number(0x9b32, 2, Some(0xa82f_30ea)), 0xa82f_9b32);
        assert_eq!(full_number(2, 1, None), 2);
        assert_eq!(full_number(1, 1, Some(255)), 257);
    }

    #[test]
    fn a_close_with_an_alert_is_read() {
        let mut seen = None;
        assert!(frames(&[0x1c, 0x41, 0x2a, 0x06, 2, b'n', b'o'], |frame| seen = Some(frame)));
        assert_eq!(seen, Some(Frame::Close { code: 0x12a, application: false, reason: b"no" }));
        assert!(!frames(&[0x1c, 0x41], |_| ()), "cut short");
    }

    #[test]
    fn crypto_data_comes_out_in_order() {
        let mut stream = CryptoStream::default();
        assert!(stream.add(4, b"ef").is_empty() && stream.add(2, b"cde").is_empty());
        assert_eq!(stream.add(0, b"abc"), b"abcdef");
        assert!(stream.add(0, b"abcdef").is_empty() && !stream.is_waiting());
        assert_eq!(stream.add(3, b"defg"), b"g");
    }

    proptest! {
        #[test]
        fn random_datagrams_never_panic(
            head in prop::sample::select(vec![vec![0xc0, 0, 0, 0, 1], vec![0xd0, 0x6b, 0x33, 0x43, 0xcf], vec![0xe3, 0, 0, 0, 1], vec![0x40], vec![]]),
            tail in prop::collection::vec(any::<u8>(), 0..1_400),
        ) {
            let datagram = [head, tail].concat();
            let keys = QuicKeys::initial(QuicVersion::V1, b"12345678").expect("keys");
            let _ = opening(&datagram);
            for packet in packets(&datagram) {
                if let Packet::Long { bytes, number_at, .. } = packet {
                    let _ = unmask(&keys.client, bytes, number_at, Some(7));
                    let _ = unprotect(&keys.client, bytes, number_at, None);
                }
            }
            frames(&datagram, |_| ());
        }

        #[test]
        fn however_crypto_data_is_cut_it_is_the_same(body in prop::collection::vec(any::<u8>(), 1..300), cuts in prop::collection::vec((0_usize..300, 1_usize..80), 0..12)) {
            let mut stream = CryptoStream::default();
            let mut out = Vec::new();
            for (from, len) in cuts {
                let from = from.min(body.len());
                out.extend(stream.add(from as u64, &body[from..(from + len).min(body.len())]));
            }
            out.extend(stream.add(0, &body));
            prop_assert_eq!(out, body);
            prop_assert_eq!(stream.held, 0);
        }
    }
}
