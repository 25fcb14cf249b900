//! What the parts of the pipeline cost, each by itself, on real bytes: a fixture repeated, its packets, its
//! messages. `cargo bench` prints nanoseconds for each unit, the best of several rounds: other load on the
//! machine can but add to a time.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench reads files, measures time and prints"
)]

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use tlswhy::capture::{Item, LinkType, Packet, PacketSource, Reader};
use tlswhy::carrier::stream::{Record, RecordSink, RecordStream};
use tlswhy::engine::{Input, SessionEvent};
use tlswhy::seen::{At, PacketNo};
use tlswhy::time::Timestamp;
use tlswhy::tls::handshake::{DecodeContext, decode};
use tlswhy::tls::record::{ContentType, RecordHeader};
use tlswhy::{Engine, Options, diagnosis, net, report, x509};

#[path = "../tests/it/packets.rs"]
#[allow(dead_code, reason = "it serves tests as well")]
mod packets;

const ROUNDS: usize = 7;

/// The best of several rounds of `work`, which says how many units it did.
fn measure(what: &str, unit: &str, mut work: impl FnMut() -> u64) {
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let units = black_box(work());
        best = best.min(begun.elapsed().as_secs_f64() * 1e9 / units as f64);
    }
    println!("{what:<44} {best:>10.1} ns a {unit}");
}

type Frame = (Vec<u8>, u32, LinkType);

fn fixture(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)).expect("a fixture")
}

fn frames(capture: &[u8]) -> Vec<Frame> {
    let mut reader = Reader::new(capture);
    let mut frames = Vec::new();
    while let Ok(Some(item)) = reader.next() {
        if let Item::Packet(packet) = item {
            frames.push((packet.data.to_vec(), packet.wire_len, packet.link));
        }
    }
    frames
}

/// A pcap file of full-size packets.
fn large_capture() -> Vec<u8> {
    let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0];
    for n in 0..100_000_u32 {
        for field in [1_795_528_800 + n / 1_000, n % 1_000_000, 1_000, 1_000] {
            file.extend(field.to_le_bytes());
        }
        file.resize(file.len() + 1_000, 0x45);
    }
    file
}

struct Count(u64);

impl RecordSink for Count {
    fn wants(&mut self, header: RecordHeader) -> bool {
        header.content_type != ContentType::APPLICATION_DATA
    }
    fn record(&mut self, _record: Record<'_>) {
        self.0 += 1;
    }
    fn not_tls(&mut self, _bytes: &[u8], _at: At) {}
    fn sslv2_hello(&mut self, _bytes: &[u8], _at: At) {}
}

fn main() {
    walk();
    packets_alone();
    let mtls = fixture("none/openssl-openssl-tls12-mtls.pcapng");
    messages(&mtls);
    sessions(&mtls);
}

fn walk() {
    let file = large_capture();
    measure("capture: walk over 1,000-byte packets", "packet", || {
        let mut reader = Reader::new(file.as_slice());
        let mut packets = 0;
        while let Ok(Some(Item::Packet(packet))) = reader.next() {
            packets += u64::from(!packet.data.is_empty());
        }
        packets
    });
}

fn packets_alone() {
    let mtls = fixture("none/openssl-openssl-tls12-mtls.pcapng");
    let frames = frames(&mtls);
    measure("net: decode a frame", "packet", || {
        for _ in 0..2_000 {
            for (data, wire_len, link) in &frames {
                black_box(net::decode(*link, data, *wire_len as usize));
            }
        }
        2_000 * frames.len() as u64
    });
    let payload = vec![0x17; 1_400];
    measure("engine: established flows, 1,400-byte segments", "packet", || {
        let mut feed = packets::Feed::new(Engine::new(Options::default()));
        for flow in 0..200 {
            feed.open(flow);
        }
        for n in 0..1_000 {
            for flow in 0..200 {
                feed.segment(flow, true, packets::ACK, 1 + n * 1_400, 1, &payload);
            }
        }
        feed.packets
    });
    let record = packets::record(23, &vec![0; 8_000]);
    let stream: Vec<u8> = record.repeat(200);
    measure("records: passed over, 8,000 bytes each", "record", || {
        let (mut records, mut sink) = (RecordStream::default(), Count(0));
        for segment in stream.chunks(1_400) {
            records.feed(segment, At::default(), &mut sink);
        }
        sink.0
    });
}

/// Handshake messages of a fixture, by kind.
fn messages(capture: &[u8]) {
    let report_of = |options: &Options| tlswhy::analyze(Reader::new(capture), options).expect("a capture");
    let session = &report_of(&Options::default()).sessions[0];
    assert!(session.client_hello.is_some(), "the fixture has a hello");
    let hello = frames(capture).into_iter().find_map(|(data, _, _)| {
        let at = data.windows(6).position(|w| w[0] == 22 && w[1] == 3 && w[5] == 1)?;
        Some(data[at + 9..].to_vec())
    });
    let hello = hello.expect("a ClientHello");
    let context = DecodeContext { version: 0, tls13: false, dtls: false, from_server: false, cipher_suite: 0 };
    measure("tls: decode a ClientHello", "message", || {
        (0..5_000).for_each(|_| drop(black_box(decode(1, &hello, context))));
        5_000
    });
    let mut engine = Engine::new(Options::default());
    let judged = judge(&mut engine, capture);
    let leaf = judged.session.chain(tlswhy::role::Role::Server)[0].der.clone();
    measure("x509: read a certificate", "certificate", || {
        (0..2_000).for_each(|_| drop(black_box(x509::parse(&leaf))));
        2_000
    });
    measure("x509: read a certificate again", "certificate", || {
        (0..2_000).for_each(|_| drop(black_box(x509::parse_again(&leaf))));
        2_000
    });
    let beliefs = tlswhy::trust::Beliefs::default();
    measure("diagnosis: of an mTLS session", "session", || {
        (0..2_000).for_each(|_| drop(black_box(diagnosis::diagnose(&judged.session, &beliefs))));
        2_000
    });
    measure("report: of an mTLS session, as a line of JSON", "session", || {
        for _ in 0..1_000 {
            let mut line = Vec::new();
            tlswhy::render::jsonl::session(&mut line, &report::session(&judged, 0, 6)).expect("written");
            black_box(line);
        }
        1_000
    });
}

fn judge(engine: &mut Engine, capture: &[u8]) -> Box<tlswhy::engine::Judged> {
    for (n, (data, wire_len, link)) in frames(capture).iter().enumerate() {
        let time = Timestamp(1_795_528_800_000_000_000 + n as i64 * 1_000);
        let packet = Packet { no: PacketNo(n as u64 + 1), time, link: *link, data, wire_len: *wire_len };
        engine.handle(Input::Packet(packet));
    }
    engine.finish();
    loop {
        match engine.poll() {
            Some(SessionEvent::Closed(judged)) => return judged,
            Some(SessionEvent::Updated(_)) => {}
            None => panic!("the fixture has a session"),
        }
    }
}

fn sessions(capture: &[u8]) {
    measure("whole: an mTLS session, from packets to verdict", "session", || {
        for _ in 0..300 {
            black_box(judge(&mut Engine::new(Options::default()), capture));
        }
        300
    });
}
