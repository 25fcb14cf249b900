//! What the parts of the pipeline cost, each by itself, on real bytes: a fixture repeated, its packets, its
//! messages. `cargo bench` prints the time of each, and how many units (packets, records, sessions) a second
//! that makes.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a bench reads files and asserts"
)]

use std::fs;
use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
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

/// Measures `work`, which does so many units each time.
fn measure<T>(criterion: &mut Criterion, what: &str, units: u64, mut work: impl FnMut() -> T) {
    let mut group = criterion.benchmark_group("parts");
    group.throughput(Throughput::Elements(units)).sample_size(20);
    group.bench_function(what, |bencher| bencher.iter(&mut work));
    group.finish();
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

criterion_group!(parts, walk, frames_alone, established, records, messages, certificates, verdicts, sessions);
criterion_main!(parts);

fn walk(criterion: &mut Criterion) {
    let file = large_capture();
    measure(criterion, "capture: walk over 1,000-byte packets", 100_000, || {
        let mut reader = Reader::new(file.as_slice());
        let mut packets = 0;
        while let Ok(Some(Item::Packet(packet))) = reader.next() {
            packets += u64::from(!packet.data.is_empty());
        }
        packets
    });
}

fn frames_alone(criterion: &mut Criterion) {
    let frames = frames(&mtls());
    measure(criterion, "net: decode the frames of a session", frames.len() as u64, || {
        for (data, wire_len, link) in &frames {
            black_box(net::decode(*link, data, *wire_len as usize));
        }
    });
}

fn established(criterion: &mut Criterion) {
    let payload = vec![0x17; 1_400];
    measure(criterion, "engine: 200 established flows, 1,400-byte segments", 100 * 200, || {
        let mut feed = packets::Feed::new(Engine::new(Options::default()));
        for flow in 0..200 {
            feed.open(flow);
        }
        for n in 0..100 {
            for flow in 0..200 {
                feed.segment(flow, true, packets::ACK, 1 + n * 1_400, 1, &payload);
            }
        }
        feed.packets
    });
}

fn records(criterion: &mut Criterion) {
    let record = packets::record(23, &vec![0; 8_000]);
    let stream: Vec<u8> = record.repeat(200);
    measure(criterion, "records: passed over, 8,000 bytes each", 200, || {
        let (mut records, mut sink) = (RecordStream::default(), Count(0));
        for segment in stream.chunks(1_400) {
            records.feed(segment, At::default(), &mut sink);
        }
        sink.0
    });
}

fn messages(criterion: &mut Criterion) {
    let hello = frames(&mtls()).into_iter().find_map(|(data, _, _)| {
        let at = data.windows(6).position(|w| w[0] == 22 && w[1] == 3 && w[5] == 1)?;
        Some(data[at + 9..].to_vec())
    });
    let hello = hello.expect("a ClientHello");
    let context = DecodeContext::default();
    measure(criterion, "tls: decode a ClientHello", 1, || decode(1, &hello, context));
}

fn certificates(criterion: &mut Criterion) {
    let judged = judge(&mut Engine::new(Options::default()), &mtls());
    let leaf = judged.session.chain(tlswhy::role::Role::Server)[0].der.clone();
    measure(criterion, "x509: read a certificate", 1, || x509::parse(&leaf));
    measure(criterion, "x509: read a certificate again", 1, || x509::parse_again(&leaf));
}

fn verdicts(criterion: &mut Criterion) {
    let judged = judge(&mut Engine::new(Options::default()), &mtls());
    let beliefs = tlswhy::trust::Beliefs::default();
    measure(criterion, "diagnosis: of an mTLS session", 1, || diagnosis::diagnose(&judged.session, &beliefs));
    let report = report::session(*judged, 0, 6);
    measure(criterion, "report: of an mTLS session, as a line of JSON", 1, || {
        let mut line = Vec::new();
        tlswhy::render::jsonl::session(&mut line, &report).expect("written");
        line
    });
}

fn sessions(criterion: &mut Criterion) {
    let capture = mtls();
    measure(criterion, "whole: an mTLS session, from packets to verdict", 1, || {
        judge(&mut Engine::new(Options::default()), &capture)
    });
}

/// A session in which both sides presented a certificate.
fn mtls() -> Vec<u8> {
    fixture("none/openssl-openssl-tls12-mtls.pcapng")
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
