//! The bare pipeline: every packet of a capture is read, decoded and found its flow, and TLS records are
//! recognised in what it carries, in the order of the capture. No more is decoded, nothing judged. It is what
//! the whole program is measured against (`benches/whole.sh`).
//!
//! `cargo run --release --example bare CAPTURE`

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "an example reads a file and prints")]

use tlswhy::capture::{Item, PacketSource, Reader};
use tlswhy::carrier::stream::{Record, RecordSink, RecordStream};
use tlswhy::flow::key::{End, FlowKey};
use tlswhy::flow::table::FlowTable;
use tlswhy::net::{self, Frame, Payload};
use tlswhy::seen::At;
use tlswhy::tls::record::RecordHeader;

#[derive(Default)]
struct Flow {
    up: RecordStream,
    down: RecordStream,
    /// What it carries is no TLS, and is looked at no more.
    other: bool,
}

#[derive(Default)]
struct Count {
    records: u64,
    other: u64,
}

impl RecordSink for Count {
    fn wants(&mut self, _header: RecordHeader) -> bool {
        false
    }

    fn record(&mut self, _record: Record<'_>) {
        self.records += 1;
    }

    fn not_tls(&mut self, _bytes: &[u8], _at: At) {
        self.other += 1;
    }

    fn sslv2_hello(&mut self, _bytes: &[u8], _at: At) {
        self.other += 1;
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: bare CAPTURE")?;
    let mut reader = Reader::new(std::fs::File::open(path)?);
    let mut flows: FlowTable<Flow> = FlowTable::new(100_000);
    let (mut packets, mut count) = (0_u64, Count::default());
    while let Some(item) = reader.next()? {
        let Item::Packet(packet) = item else { continue };
        packets += 1;
        let frame = net::decode(packet.link, packet.data, packet.wire_len as usize);
        let Some(Frame::Datagram(datagram)) = frame.value else { continue };
        let Payload::Tcp(segment) = datagram.payload else { continue };
        let (key, end) =
            FlowKey::new(datagram.source, segment.source_port, datagram.destination, segment.destination_port);
        if flows.get_mut(&key, packet.time).is_none() {
            flows.insert(key, Flow::default(), packet.time);
        }
        let Some(flow) = flows.get_mut(&key, packet.time) else { continue };
        if flow.other {
            continue;
        }
        let before = count.other;
        let stream = if end == End::A { &mut flow.up } else { &mut flow.down };
        stream.feed(segment.payload, packet.at(), &mut count);
        flow.other = count.other > before;
    }
    println!("{packets} packets, {} flows, {} records, {} times no TLS", flows.len(), count.records, count.other);
    Ok(())
}
