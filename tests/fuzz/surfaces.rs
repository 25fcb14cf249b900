//! What an attacker's bytes reach, one function for each surface. The fuzz targets in this folder call them,
//! and `cargo test` calls them with the fixtures (`tests/it/fuzz.rs`).

use std::hint::black_box;

use tlswhy::capture::{Item, LinkType, PacketSource, Reader};
use tlswhy::carrier::stream::{Record, RecordSink, RecordStream};
use tlswhy::carrier::{dtls, eap, quic, radius};
use tlswhy::decrypt::{KeyLog, Protection, Secret};
use tlswhy::flow::facts::{Gap, Reset};
use tlswhy::flow::tcp::{Connection, Receive, TcpLimits};
use tlswhy::net::{Segment, TcpFlags};
use tlswhy::preamble::{Tracker, find_tls, first_line, recognise};
use tlswhy::role::Role;
use tlswhy::seen::At;
use tlswhy::tls::handshake::joiner::Joiner;
use tlswhy::tls::handshake::{DecodeContext, decode, decode_sslv2_hello};
use tlswhy::tls::record::{ContentType, RecordHeader};
use tlswhy::{Options, analyze, app, net, x509};

/// A surface by its name.
pub(crate) type Surface = (&'static str, fn(&[u8]));

/// All of them.
pub(crate) const ALL: &[Surface] = &[
    ("capture", capture),
    ("packet", packet),
    ("reassembly", reassembly),
    ("records", records),
    ("handshake", handshake),
    ("certificate", certificate),
    ("decryption", decryption),
    ("keylog", key_log),
    ("preamble", preamble),
    ("eap", eap),
    ("quic", quic),
    ("http", http),
    ("whole", whole),
];

/// A capture file of any format.
pub(crate) fn capture(bytes: &[u8]) {
    let mut reader = Reader::new(bytes);
    while let Ok(Some(item)) = reader.next() {
        if let Item::Packet(packet) = item {
            assert!(packet.data.len() <= packet.wire_len as usize);
        }
    }
}

/// A frame; the first byte chooses its link type.
pub(crate) fn packet(bytes: &[u8]) {
    const LINKS: [u32; 20] =
        [0, 1, 9, 12, 50, 51, 101, 104, 105, 113, 119, 127, 163, 192, 204, 219, 228, 229, 239, 276];
    let Some((first, frame)) = bytes.split_first() else { return };
    let link = LINKS[usize::from(*first) % LINKS.len()];
    black_box(net::decode(LinkType(link), frame, frame.len() + usize::from(*first >> 5)));
}

/// Segments: two bytes of position, one of flags, one of length, then payload.
pub(crate) fn reassembly(bytes: &[u8]) {
    let mut connection = Connection::new(&TcpLimits { out_of_order: 10_000 });
    let mut stream = Bytes::default();
    let mut rest = bytes;
    while let Some((&[high, low, flags, length], behind)) = rest.split_first_chunk::<4>() {
        let (payload, after) = behind.split_at(usize::from(length).min(behind.len()));
        rest = after;
        let seq = u32::from(u16::from_be_bytes([high, low])).wrapping_sub(0x100);
        let segment = Segment {
            source_port: 1,
            destination_port: 2,
            seq,
            ack: seq.rotate_left(u32::from(flags >> 6)),
            flags: TcpFlags(flags & 0x17),
            window: 1,
            mss: None,
            payload,
            wire_len: payload.len() + usize::from(flags >> 5 & 1),
        };
        let role = if flags & 0x08 == 0 { Role::Client } else { Role::Server };
        connection.segment(role, &segment, 64, At::default(), &mut stream);
        assert!(connection.held() <= 2 * 12_000, "{} bytes are held", connection.held());
    }
    connection.finish(&mut stream);
    let facts = connection.take_facts();
    assert_eq!(facts.bytes.client + facts.bytes.server, stream.0, "what was counted was handed on");
}

#[derive(Default)]
struct Bytes(u64);

impl Receive for Bytes {
    fn data(&mut self, _from: Role, bytes: &[u8], _at: At) {
        self.0 += bytes.len() as u64;
    }
    fn gap(&mut self, _from: Role, _gap: Gap) {}
    fn fin(&mut self, _from: Role, _at: At) {}
    fn reset(&mut self, _reset: Reset) {}
}

/// A byte stream in which TLS records should stand; cut in pieces by its own bytes.
pub(crate) fn records(bytes: &[u8]) {
    let mut stream = RecordStream::default();
    let mut sink = Records(0);
    let mut rest = bytes;
    while let Some(first) = rest.first() {
        let (piece, behind) = rest.split_at((usize::from(*first) + 1).min(rest.len()));
        stream.feed(piece, At::default(), &mut sink);
        if *first == 0xee {
            stream.gap((!rest.len().is_multiple_of(3)).then_some(7));
        }
        assert!(stream.held() <= 40_000, "{} bytes are held", stream.held());
        rest = behind;
    }
    stream.finish(&mut sink);
    assert!(sink.0 <= bytes.len(), "records hold no more than came");
}

struct Records(usize);

impl RecordSink for Records {
    fn wants(&mut self, header: RecordHeader) -> bool {
        header.length.is_multiple_of(2)
    }
    fn record(&mut self, record: Record<'_>) {
        self.0 += record.fragment.len();
    }
    fn not_tls(&mut self, _bytes: &[u8], _at: At) {}
    fn sslv2_hello(&mut self, bytes: &[u8], _at: At) {
        self.0 += bytes.len();
    }
}

/// Handshake messages, joined from pieces; the first byte says what was agreed on.
pub(crate) fn handshake(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else { return };
    let context = DecodeContext {
        version: 0x0301 + u16::from(first & 3),
        tls13: first & 3 == 3,
        dtls: first & 4 != 0,
        from_server: first & 8 != 0,
        cipher_suite: if first & 16 == 0 { 0xc02f } else { 0x1301 },
        ..DecodeContext::default()
    };
    let mut joiner = Joiner::default();
    for piece in rest.chunks(usize::from(*first) + 1) {
        joiner.feed(piece, At::default(), At::default(), |message| {
            black_box(decode(message.kind, message.raw.get(4..).unwrap_or_default(), context));
        });
    }
    black_box(decode(*first, rest, context));
    black_box(decode_sslv2_hello(rest));
}

/// A certificate, and what else comes in DER.
pub(crate) fn certificate(bytes: &[u8]) {
    let certificate = x509::parse(bytes);
    black_box(x509::signature::verify_certificate(&certificate, &certificate.key));
    black_box(x509::crl::Crl::parse(bytes));
    black_box(x509::ocsp::OcspResponse::parse(bytes));
    black_box(x509::name_from_der(bytes));
}

/// Records under keys that are known: the first byte chooses the suite.
pub(crate) fn decryption(bytes: &[u8]) {
    const SUITES: [u16; 10] = [0x1301, 0x1302, 0x1303, 0x1304, 0x002f, 0x003d, 0x009c, 0xc02f, 0x0005, 0xcca8];
    let Some((first, rest)) = bytes.split_first() else { return };
    let suite = SUITES[usize::from(*first) % SUITES.len()];
    let secret = Secret::copy_of(&[7; 48]);
    let versions = [0x0301, 0x0303];
    let pairs = versions.iter().filter_map(|version| {
        Protection::tls12_pair(suite, *version, &secret, &[1; 32], &[2; 32], first & 0x80 != 0).map(|pair| pair.client)
    });
    for mut protection in pairs.chain(Protection::tls13(suite, &secret)) {
        for fragment in rest.chunks(64 + usize::from(*first)) {
            let header = RecordHeader { content_type: ContentType(23), version: 0x0303, length: fragment.len() as u16 };
            black_box(protection.open_near(header, fragment, 3).is_ok());
        }
    }
}

/// A key log.
pub(crate) fn key_log(bytes: &[u8]) {
    black_box(KeyLog::new().add(&String::from_utf8_lossy(bytes)));
}

/// What is said ahead of TLS, by both in turns.
pub(crate) fn preamble(bytes: &[u8]) {
    let mut tracker = Tracker::default();
    for (index, piece) in bytes.split(|byte| *byte == b'|').enumerate() {
        let from = if index % 2 == 0 { Role::Client } else { Role::Server };
        let held = tracker.held(from).to_vec();
        black_box(find_tls(from, &held, piece, &tracker));
        tracker.feed(from, piece, At::default());
        black_box((recognise(piece), first_line(piece)));
        assert!(tracker.held_bytes() < 200_000, "{} bytes are held", tracker.held_bytes());
    }
    black_box(tracker.finish());
}

/// EAP packets over EAPOL and RADIUS, and the records of DTLS: what comes in datagrams.
pub(crate) fn eap(bytes: &[u8]) {
    let mut exchange = eap::Exchange::default();
    for piece in bytes.chunks(1 + usize::from(bytes.first().copied().unwrap_or_default())) {
        black_box(eap::sender(piece));
        exchange.take(piece);
        if let Ok(packet) = eap::eapol(piece) {
            exchange.take(packet);
        }
    }
    black_box(radius::parse(bytes));
    black_box(dtls::opening(bytes, bytes.len()));
    dtls::records(bytes, bytes.len(), 0).for_each(|record| {
        black_box(record);
    });
}

/// QUIC packets and frames.
pub(crate) fn quic(bytes: &[u8]) {
    black_box(quic::packets(bytes));
    black_box(quic::opening(bytes));
    quic::frames(bytes, |frame| {
        black_box(frame);
    });
}

/// What an application says inside of TLS, or instead of it.
pub(crate) fn http(bytes: &[u8]) {
    for alpn in [None, Some(&b"h2"[..]), Some(b"http/1.1"), Some(b"postgresql")] {
        let mut watcher = app::Watcher::default();
        watcher.set_alpn(alpn);
        let mut refusals = Vec::new();
        for (index, piece) in bytes.chunks(1_000).enumerate() {
            let from = if index % 2 == 0 { Role::Server } else { Role::Client };
            watcher.feed(from, piece, At::default(), &mut refusals);
        }
        watcher.finish(&mut refusals);
    }
    black_box(app::plaintext_refusals(Role::Server, bytes, At::default()));
}

/// A capture through everything, twice: the same must come of it.
pub(crate) fn whole(bytes: &[u8]) {
    let report = || analyze(Reader::new(bytes), &Options::default()).ok();
    let first = report();
    assert!(first == report(), "another time it says something else");
}
