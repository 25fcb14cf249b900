//! TLS records over a byte stream (RFC 8446 section 5.1). Bodies that nobody needs are passed over by
//! arithmetic; records that lie within one segment are handed on without copying.

use crate::seen::At;
use crate::tls::record::{ContentType, RecordHeader};

/// An SSLv2 ClientHello is not longer than this: the challenge and the cipher specs of everything
/// that was ever defined fit well.
const SSLV2_LIMIT: usize = 4_096;
/// A buffer larger than this is not kept between records.
const BUFFER_KEPT: usize = 2_048;

/// A record.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// Its header.
    pub header: RecordHeader,
    /// Its body; empty where `skipped`.
    pub fragment: &'a [u8],
    /// The packet with its first byte.
    pub first: At,
    /// The packet that completed it.
    pub last: At,
    /// Its body is not there: not wanted, or partly missing from the capture.
    pub skipped: bool,
}

/// Takes the records of one direction.
pub trait RecordSink {
    /// Whether the body of a record with this header is needed.
    fn wants(&mut self, header: RecordHeader) -> bool;
    /// A record.
    fn record(&mut self, record: Record<'_>);
    /// Bytes where a record should begin that are none. Told once, until records are found again.
    fn not_tls(&mut self, bytes: &[u8], at: At);
    /// More of the bytes that are no TLS.
    fn more_not_tls(&mut self, _bytes: &[u8], _at: At) {}
    /// An SSLv2 CLIENT-HELLO (RFC 5246 appendix E.2), from its message type on: without the two bytes
    /// of length in front.
    fn sslv2_hello(&mut self, bytes: &[u8], at: At);
    /// The head of a handshake record whose end is missing from the capture.
    fn partial(&mut self, _record: Record<'_>) {}
}

/// Where the stream stands.
#[derive(Debug, Clone, Copy, Default)]
enum State {
    /// At a record's beginning: `have` bytes of its header are in hand.
    #[default]
    Boundary,
    Header {
        bytes: [u8; RecordHeader::LEN],
        have: usize,
    },
    /// Collecting a body.
    Body(RecordHeader),
    /// Passing over the rest of a body. `tell` says whether the record is told of.
    Skip {
        header: RecordHeader,
        left: u64,
        tell: bool,
        /// Behind it the stream is lost.
        then_lost: bool,
    },
    /// Collecting an SSLv2 hello of so many bytes, the length included.
    Sslv2 {
        total: usize,
    },
    /// Looking for a record's beginning.
    Lost,
}

/// Finds the records in the bytes of one direction.
#[derive(Debug, Clone, Default)]
pub struct RecordStream {
    state: State,
    /// Some byte has been taken: SSLv2 framing is not expected any more.
    begun: bool,
    /// The stream is being looked through after a hole or after bytes that are no records.
    searching: bool,
    buffer: Vec<u8>,
    /// The packet with the first byte of what is in hand, and the newest packet of it.
    first: At,
    last: At,
    /// A cut handshake record that waits in `buffer` to be told.
    cut: Option<RecordHeader>,
}

impl RecordStream {
    /// Takes the next bytes, carried by the packet `at`.
    pub fn feed(&mut self, bytes: &[u8], at: At, sink: &mut impl RecordSink) {
        self.tell_cut(sink);
        let mut rest = self.begin_segment(bytes, at, sink);
        while !rest.is_empty() {
            rest = self.step(rest, at, sink);
        }
        if matches!(self.state, State::Boundary) && self.buffer.capacity() > BUFFER_KEPT {
            self.buffer = Vec::new();
        }
    }

    /// Takes the next bytes where they lie within a record that is passed over, as [`RecordStream::feed`] would.
    /// Whether they do; most bytes of most connections.
    pub fn pass(&mut self, bytes: &[u8], at: At) -> bool {
        let State::Skip { left, then_lost: false, .. } = &mut self.state else { return false };
        let here = bytes.len() as u64;
        if self.cut.is_some() || here >= *left {
            return false;
        }
        *left -= here;
        self.last = later(self.last, at);
        true
    }

    /// Memory that is held, in bytes.
    pub fn held(&self) -> usize {
        self.buffer.capacity()
    }

    /// So many bytes are missing here; `None` where that is not known.
    pub fn gap(&mut self, len: Option<u64>) {
        self.begun = true;
        self.state = match (self.state, len) {
            (State::Skip { header, left, tell, then_lost: false }, Some(len)) if len <= left => {
                State::Skip { header, left: left - len, tell, then_lost: false }
            }
            (State::Skip { header, tell, .. }, _) => State::Skip { header, left: 0, tell, then_lost: true },
            (State::Body(header), len) => self.cut_body(header, len),
            _ => State::Lost,
        };
        self.searching |= matches!(self.state, State::Lost);
    }

    /// Part of a body that was wanted is missing. Its head is told if it may hold a message, its
    /// existence if it is a protected record; what follows it can still be found.
    fn cut_body(&mut self, header: RecordHeader, len: Option<u64>) -> State {
        let left = u64::from(header.length).saturating_sub(self.buffer.len() as u64);
        if header.content_type == ContentType::HANDSHAKE {
            self.cut = Some(header);
        } else {
            self.buffer.clear();
        }
        let tell = header.content_type == ContentType::APPLICATION_DATA;
        match len {
            Some(len) if len <= left => State::Skip { header, left: left - len, tell, then_lost: false },
            _ => State::Skip { header, left: 0, tell, then_lost: true },
        }
    }

    /// The stream is over.
    pub fn finish(&mut self, sink: &mut impl RecordSink) {
        if let State::Body(header) = self.state
            && header.content_type == ContentType::HANDSHAKE
        {
            self.cut = Some(header);
        }
        self.tell_cut(sink);
        self.settle_skip(sink);
        self.state = State::Lost;
    }

    fn tell_cut(&mut self, sink: &mut impl RecordSink) {
        if let Some(header) = self.cut.take() {
            if !self.buffer.is_empty() {
                let (first, last) = (self.first, self.last);
                sink.partial(Record { header, fragment: &self.buffer, first, last, skipped: false });
            }
            self.buffer.clear();
        }
    }

    /// Tells of a skipped record whose end lay in a hole.
    fn settle_skip(&mut self, sink: &mut impl RecordSink) {
        let State::Skip { header, left: 0, tell, then_lost } = self.state else { return };
        if tell {
            sink.record(Record { header, fragment: &[], first: self.first, last: self.last, skipped: true });
        }
        self.searching |= then_lost;
        self.state = if then_lost { State::Lost } else { State::Boundary };
    }

    /// What only happens where a segment begins. Returns what is left to read.
    fn begin_segment<'a>(&mut self, bytes: &'a [u8], at: At, sink: &mut impl RecordSink) -> &'a [u8] {
        self.settle_skip(sink);
        if !matches!(self.state, State::Lost) {
            return bytes;
        }
        match find_records(bytes, true) {
            Some(offset) => {
                self.state = State::Boundary;
                bytes.get(offset..).unwrap_or_default()
            }
            // Too little to tell; the next bytes will show it.
            None if bytes.len() < RecordHeader::LEN && may_begin_header(bytes) => {
                self.enter_header(bytes, at);
                &[]
            }
            None => bytes,
        }
    }

    /// Takes at least one byte of `rest`, and returns what is left.
    fn step<'a>(&mut self, rest: &'a [u8], at: At, sink: &mut impl RecordSink) -> &'a [u8] {
        match self.state {
            State::Boundary => self.boundary(rest, at, sink),
            State::Header { bytes, have } => self.header(bytes, have, rest, at, sink),
            State::Body(header) => self.body(header, rest, at, sink),
            State::Skip { header, left, tell, then_lost } => {
                let here = left.min(rest.len() as u64);
                self.last = later(self.last, at);
                self.state = State::Skip { header, left: left - here, tell, then_lost };
                self.settle_skip(sink);
                rest.get(usize::try_from(here).unwrap_or(usize::MAX)..).unwrap_or_default()
            }
            State::Sslv2 { total } => self.sslv2(total, rest, at, sink),
            State::Lost => {
                sink.more_not_tls(rest, at);
                &[]
            }
        }
    }

    fn enter_header(&mut self, some: &[u8], at: At) {
        let mut bytes = [0; RecordHeader::LEN];
        for (to, from) in bytes.iter_mut().zip(some) {
            *to = *from;
        }
        self.first = at;
        self.last = at;
        self.state = State::Header { bytes, have: some.len().min(RecordHeader::LEN) };
    }

    fn boundary<'a>(&mut self, rest: &'a [u8], at: At, sink: &mut impl RecordSink) -> &'a [u8] {
        let Some((head, body)) = rest.split_first_chunk::<{ RecordHeader::LEN }>() else {
            self.enter_header(rest, at);
            if !may_begin_header(rest) && !self.may_begin_sslv2(rest) {
                self.no_record(rest, at, sink);
            }
            return &[];
        };
        self.first = at;
        self.last = at;
        match RecordHeader::decode(*head) {
            Some(header) => self.begin_record(header, body, at, sink),
            None if self.is_sslv2(*head) => {
                self.enter_sslv2(*head);
                rest
            }
            None => {
                let strange = self.no_record(rest, at, sink);
                rest.get(strange..).unwrap_or_default()
            }
        }
    }

    /// Goes on with a header that began in an earlier segment.
    fn header<'a>(
        &mut self,
        mut bytes: [u8; RecordHeader::LEN],
        have: usize,
        rest: &'a [u8],
        at: At,
        sink: &mut impl RecordSink,
    ) -> &'a [u8] {
        let mut taken = 0;
        for (to, from) in bytes.iter_mut().skip(have).zip(rest) {
            *to = *from;
            taken += 1;
        }
        let have = have + taken;
        let left = rest.get(taken..).unwrap_or_default();
        self.last = later(self.last, at);
        let known = bytes.get(..have).unwrap_or(&bytes);
        if have < RecordHeader::LEN {
            self.state = State::Header { bytes, have };
            if !may_begin_header(known) && !self.may_begin_sslv2(known) {
                self.no_record(known, at, sink);
            }
            return left;
        }
        if let Some(header) = RecordHeader::decode(bytes) {
            return self.begin_record(header, left, at, sink);
        }
        if self.is_sslv2(bytes) {
            self.enter_sslv2(bytes);
            self.buffer.extend_from_slice(&bytes);
            return left;
        }
        let joined = [known, left].concat();
        let strange = self.no_record(&joined, at, sink);
        match joined.get(strange..have) {
            // A record begins among the bytes that came earlier.
            Some(known) if !known.is_empty() => {
                self.enter_header(known, at);
                left
            }
            _ => left.get(strange.saturating_sub(have)..).unwrap_or_default(),
        }
    }

    fn begin_record<'a>(
        &mut self,
        header: RecordHeader,
        body: &'a [u8],
        at: At,
        sink: &mut impl RecordSink,
    ) -> &'a [u8] {
        self.begun = true;
        self.searching = false;
        self.buffer.clear();
        if !sink.wants(header) {
            self.state = State::Skip { header, left: u64::from(header.length), tell: true, then_lost: false };
            self.settle_skip(sink);
            return body;
        }
        if let Some((fragment, rest)) = body.split_at_checked(usize::from(header.length)) {
            self.state = State::Boundary;
            let (first, last) = (self.first, later(self.last, at));
            sink.record(Record { header, fragment, first, last, skipped: false });
            return rest;
        }
        self.state = State::Body(header);
        self.buffer.extend_from_slice(body);
        &[]
    }

    fn body<'a>(&mut self, header: RecordHeader, rest: &'a [u8], at: At, sink: &mut impl RecordSink) -> &'a [u8] {
        let wanted = usize::from(header.length).saturating_sub(self.buffer.len());
        let (here, left) = rest.split_at_checked(wanted).unwrap_or((rest, &[]));
        self.buffer.extend_from_slice(here);
        self.last = later(self.last, at);
        if here.len() == wanted {
            self.state = State::Boundary;
            let (first, last) = (self.first, self.last);
            sink.record(Record { header, fragment: &self.buffer, first, last, skipped: false });
            self.buffer.clear();
        }
        left
    }

    fn enter_sslv2(&mut self, head: [u8; RecordHeader::LEN]) {
        self.begun = true;
        self.buffer.clear();
        self.state = State::Sslv2 { total: sslv2_length(head) + 2 };
    }

    fn sslv2<'a>(&mut self, total: usize, rest: &'a [u8], at: At, sink: &mut impl RecordSink) -> &'a [u8] {
        let wanted = total.saturating_sub(self.buffer.len());
        let (here, left) = rest.split_at_checked(wanted).unwrap_or((rest, &[]));
        self.buffer.extend_from_slice(here);
        self.last = later(self.last, at);
        if here.len() == wanted {
            self.state = State::Boundary;
            sink.sslv2_hello(self.buffer.get(2..).unwrap_or_default(), self.last);
            self.buffer.clear();
        }
        left
    }

    fn may_begin_sslv2(&self, some: &[u8]) -> bool {
        !self.begun
            && some.first().is_some_and(|byte| byte & 0x80 != 0)
            && some.get(2).is_none_or(|kind| *kind == 1)
            && some.get(3).is_none_or(|major| matches!(major, 0 | 3))
    }

    fn is_sslv2(&self, head: [u8; RecordHeader::LEN]) -> bool {
        let [_, _, _, major, minor] = head;
        let version = (major == 0 && minor == 2) || (major == 3 && minor <= 4);
        self.may_begin_sslv2(&head) && version && (9..=SSLV2_LIMIT).contains(&sslv2_length(head))
    }

    /// These bytes begin no record: they are told once, and records are looked for behind them. Returns
    /// how many bytes stand ahead of the next record.
    fn no_record(&mut self, bytes: &[u8], at: At, sink: &mut impl RecordSink) -> usize {
        self.begun = true;
        let found = find_records(bytes.get(1..).unwrap_or_default(), false).map(|offset| offset + 1);
        let strange = found.unwrap_or(bytes.len());
        if !self.searching {
            sink.not_tls(bytes.get(..strange).unwrap_or(bytes), at);
        }
        self.searching = true;
        self.state = if found.is_some() { State::Boundary } else { State::Lost };
        strange
    }
}

/// The newer of two packets.
fn later(one: At, other: At) -> At {
    if other.packet >= one.packet { other } else { one }
}

fn sslv2_length(head: [u8; RecordHeader::LEN]) -> usize {
    let [high, low, ..] = head;
    usize::from(high & 0x7f) << 8 | usize::from(low)
}

/// Whether these bytes, as few as there are, may begin a record header.
fn may_begin_header(some: &[u8]) -> bool {
    let plausible = |index: usize, test: fn(u8) -> bool| some.get(index).is_none_or(|byte| test(*byte));
    plausible(0, |kind| (20..=24).contains(&kind))
        && plausible(1, |major| major == 3)
        && plausible(2, |minor| minor <= 4)
}

/// Where records begin in `bytes`: at the first header behind whose record another header, or the end
/// of the bytes, stands. At the start of a segment a record that goes on beyond it will do as well.
fn find_records(bytes: &[u8], at_segment_start: bool) -> Option<usize> {
    bytes.windows(RecordHeader::LEN).enumerate().find_map(|(offset, window)| {
        let header = RecordHeader::decode(window.try_into().ok()?)?;
        let end = offset + RecordHeader::LEN + usize::from(header.length);
        let fits = match bytes.get(end..) {
            Some([]) => true,
            Some(behind) => may_begin_header(behind) && (offset == 0 || behind.len() > 2),
            None => at_segment_start && offset == 0,
        };
        fits.then_some(offset)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::seen::PacketNo;

    /// What a stream told, in short.
    #[derive(Debug, Default, PartialEq, Eq)]
    struct Log {
        /// Records: content type, body, packets of the first and the last byte, skipped.
        records: Vec<(u8, Vec<u8>, u64, u64, bool)>,
        strange: Vec<Vec<u8>>,
        sslv2: Vec<Vec<u8>>,
        partial: Vec<(u16, Vec<u8>)>,
        /// Application data is not wanted.
        choosy: bool,
    }

    impl RecordSink for Log {
        fn wants(&mut self, header: RecordHeader) -> bool {
            !self.choosy || header.content_type != ContentType::APPLICATION_DATA
        }
        fn record(&mut self, r: Record<'_>) {
            assert!(r.skipped || r.fragment.len() == usize::from(r.header.length));
            self.records.push((
                r.header.content_type.0,
                r.fragment.to_vec(),
                r.first.packet.0,
                r.last.packet.0,
                r.skipped,
            ));
        }
        fn not_tls(&mut self, bytes: &[u8], _at: At) {
            self.strange.push(bytes.to_vec());
        }
        fn sslv2_hello(&mut self, bytes: &[u8], _at: At) {
            self.sslv2.push(bytes.to_vec());
        }
        fn partial(&mut self, record: Record<'_>) {
            self.partial.push((record.header.length, record.fragment.to_vec()));
        }
    }

    fn at(packet: u64) -> At {
        At { packet: PacketNo(packet), ..At::default() }
    }

    fn record(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [&[kind, 3, 3], &length[..], body].concat()
    }

    /// Feeds segments, one packet each, counted from 1. `None` is a hole of unknown size.
    fn run(segments: &[Result<&[u8], Option<u64>>], choosy: bool) -> Log {
        let mut log = Log { choosy, ..Log::default() };
        let mut stream = RecordStream::default();
        for (no, segment) in (1..).zip(segments) {
            match segment {
                Ok(bytes) => stream.feed(bytes, at(no), &mut log),
                Err(len) => stream.gap(*len),
            }
        }
        stream.finish(&mut log);
        log
    }

    fn kinds(log: &Log) -> Vec<(u8, usize, bool)> {
        log.records.iter().map(|r| (r.0, r.1.len(), r.4)).collect()
    }

    #[test]
    fn a_record_knows_its_packets() {
        let bytes = [record(22, b"hello"), record(20, &[1])].concat();
        let log = run(&[Ok(&bytes[..2]), Ok(&bytes[2..7]), Ok(&bytes[7..])], false);
        assert_eq!(log.records, [(22, b"hello".to_vec(), 1, 3, false), (20, vec![1], 3, 3, false)]);
    }

    #[test]
    fn a_skipped_record_is_told_at_its_end_and_survives_a_hole_of_known_size() {
        let bytes = [record(23, &[0; 100]), record(21, &[2, 40])].concat();
        let log = run(&[Ok(&bytes[..20]), Err(Some(60)), Ok(&bytes[80..])], true);
        assert_eq!(log.records, [(23, vec![], 1, 3, true), (21, vec![2, 40], 3, 3, false)]);
        assert!(log.strange.is_empty());
        // The hole ends where the record ends.
        let log = run(&[Ok(&bytes[..20]), Err(Some(85)), Ok(&bytes[105..])], true);
        assert_eq!(kinds(&log), [(23, 0, true), (21, 2, false)]);
    }

    #[test]
    fn a_cut_handshake_record_is_told_in_part_and_what_follows_is_found() {
        let bytes = [record(22, &[7; 50]), record(22, &[8; 9])].concat();
        let log = run(&[Ok(&bytes[..15]), Err(Some(20)), Ok(&bytes[35..])], false);
        assert_eq!(log.partial, [(50, vec![7; 10])]);
        assert_eq!(kinds(&log), [(22, 9, false)]);
        // At the end of the stream as well.
        let log = run(&[Ok(&bytes[..15])], false);
        assert_eq!(log.partial, [(50, vec![7; 10])]);
        assert!(log.records.is_empty());
    }

    #[test]
    fn a_cut_protected_record_is_told_by_its_header() {
        let bytes = [record(23, &[7; 50]), record(23, &[8; 9])].concat();
        let log = run(&[Ok(&bytes[..15]), Err(Some(40)), Ok(&bytes[55..])], false);
        assert_eq!(kinds(&log), [(23, 0, true), (23, 9, false)]);
    }

    #[test]
    fn behind_a_hole_of_unknown_size_a_chain_of_headers_is_found() {
        let tail = [vec![0xaa, 22, 3, 3, 0, 0xbb, 0xcc, 0xdd], record(22, &[1; 30]), record(22, &[2; 4])].concat();
        let log = run(&[Ok(&record(22, &[7; 50])[..20]), Err(None), Ok(&tail)], false);
        assert_eq!(kinds(&log), [(22, 30, false), (22, 4, false)]);
        assert!(log.strange.is_empty(), "a hole is not a sign of another protocol");
        // A record that goes on beyond its segment is believed at the segment's start only.
        let long = record(23, &[3; 600]);
        let log = run(&[Err(None), Ok(&[0xaa; 40]), Ok(&long[..300]), Ok(&long[300..])], false);
        assert_eq!(kinds(&log), [(23, 600, false)]);
    }

    #[test]
    fn what_is_no_tls_is_told_once_and_records_are_found_again() {
        let log = run(&[Ok(b"HTTP/1.1 400 Bad Request\r\n"), Ok(b"more\r\n"), Ok(&record(21, &[2, 40]))], false);
        assert_eq!(log.strange, [b"HTTP/1.1 400 Bad Request\r\n".to_vec()]);
        assert_eq!(kinds(&log), [(21, 2, false)]);
        let mixed = [b"220 go ahead\r\n".to_vec(), record(22, &[1; 8]), record(22, &[1; 8])].concat();
        let log = run(&[Ok(&mixed)], false);
        assert_eq!(log.strange, [b"220 go ahead\r\n".to_vec()]);
        assert_eq!(log.records.len(), 2);
    }

    #[test]
    fn what_is_no_tls_is_seen_in_single_bytes_too() {
        let single: Vec<Result<&[u8], Option<u64>>> = b"\x16\x03GET /".chunks(1).map(Ok).collect();
        let log = run(&single, false);
        assert_eq!(log.strange, [b"\x16\x03G".to_vec()]);
    }

    #[test]
    fn an_sslv2_hello_is_found_at_the_very_start_only() {
        let body = [&[1, 3, 1, 0, 3, 0, 0, 0, 16], &[0, 0, 5][..], &[9; 16]].concat();
        let hello = [&[0x80, u8::try_from(body.len()).unwrap()], &body[..]].concat();
        let both = [hello.clone(), record(21, &[2, 40])].concat();
        for cut in 1..both.len() {
            let pieces: Vec<Result<&[u8], Option<u64>>> = both.chunks(cut).map(Ok).collect();
            let log = run(&pieces, false);
            assert_eq!(log.sslv2, std::slice::from_ref(&body), "cut every {cut} bytes");
            assert_eq!(kinds(&log), [(21, 2, false)]);
        }
        let log = run(&[Ok(&record(21, &[2, 40])), Ok(&hello)], false);
        assert!(log.sslv2.is_empty());
        assert_eq!(log.strange.len(), 1);
    }

    #[test]
    fn memory_stays_within_one_record() {
        let mut log = Log::default();
        let mut stream = RecordStream::default();
        let bytes = record(22, &[0; 16_384]);
        for _ in 0..3 {
            stream.feed(&bytes[..9_000], at(1), &mut log);
            assert!(stream.buffer.capacity() <= 40_000);
            stream.feed(&bytes[9_000..], at(2), &mut log);
            assert!(stream.buffer.capacity() <= BUFFER_KEPT);
        }
        assert_eq!(log.records.len(), 3);
    }

    proptest! {
        #[test]
        fn however_segments_cut_them_records_are_the_same(
            bodies in prop::collection::vec((20_u8..=24, prop::collection::vec(any::<u8>(), 0..200)), 1..10),
            cuts in prop::collection::vec(1_usize..150, 1..10),
            choosy in any::<bool>(),
        ) {
            let bytes = bodies.iter().map(|(kind, body)| record(*kind, body)).collect::<Vec<_>>().concat();
            let mut segments: Vec<Result<&[u8], Option<u64>>> = Vec::new();
            let mut rest = &bytes[..];
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (piece, behind) = rest.split_at((*cut).min(rest.len()));
                segments.push(Ok(piece));
                rest = behind;
            }
            let plain = |log: Log| log.records.into_iter().map(|r| (r.0, r.1, r.4)).collect::<Vec<_>>();
            prop_assert_eq!(plain(run(&segments, choosy)), plain(run(&[Ok(&bytes)], choosy)));
        }

        #[test]
        fn nothing_panics(
            segments in prop::collection::vec((prop::collection::vec(prop_oneof![Just(22_u8), Just(3), Just(0), Just(0x80), Just(1), any::<u8>()], 0..40), prop::option::of(0_u64..50), any::<bool>()), 0..20),
        ) {
            let steps: Vec<Result<&[u8], Option<u64>>> =
                segments.iter().flat_map(|(bytes, len, hole)| [Ok(&bytes[..]), if *hole { Err(*len) } else { Ok(&[][..]) }]).collect();
            let log = run(&steps, true);
            prop_assert!(log.sslv2.len() <= 1);
        }
    }
}
