//! Writes captures for tests, and lists what a reader makes of them.

use super::sniff::Order;
use super::{Item, PacketSource, Reader};

fn put32(order: Order, value: u32) -> [u8; 4] {
    match order {
        Order::Little => value.to_le_bytes(),
        Order::Big => value.to_be_bytes(),
    }
}

fn put16(order: Order, value: u16) -> [u8; 2] {
    match order {
        Order::Little => value.to_le_bytes(),
        Order::Big => value.to_be_bytes(),
    }
}

/// A pcap file in the making.
pub(super) struct Pcap {
    order: Order,
    modified: bool,
    pub(super) bytes: Vec<u8>,
}

impl Pcap {
    pub(super) fn new(order: Order, nanos: bool, modified: bool) -> Self {
        let magic = match (nanos, modified) {
            (true, _) => 0xa1b2_3c4d,
            (false, true) => 0xa1b2_cd34,
            (false, false) => 0xa1b2_c3d4,
        };
        let mut bytes = put32(order, magic).to_vec();
        bytes.extend(put16(order, 2));
        bytes.extend(put16(order, 4));
        for field in [0, 0, 65_535, 1] {
            bytes.extend(put32(order, field));
        }
        Self { order, modified, bytes }
    }

    pub(super) fn packet(&mut self, secs: u32, fraction: u32, data: &[u8], wire_len: u32) -> &mut Self {
        for field in [secs, fraction, data.len() as u32, wire_len] {
            self.bytes.extend(put32(self.order, field));
        }
        if self.modified {
            self.bytes.extend([0; 8]);
        }
        self.bytes.extend(data);
        self
    }
}

/// A pcapng file in the making.
pub(super) struct Pcapng {
    order: Order,
    pub(super) bytes: Vec<u8>,
}

impl Pcapng {
    pub(super) fn new(order: Order) -> Self {
        let mut file = Self { order, bytes: Vec::new() };
        file.section(order);
        file
    }

    pub(super) fn section(&mut self, order: Order) -> &mut Self {
        self.order = order;
        let mut body = put32(order, 0x1a2b_3c4d).to_vec();
        body.extend(put16(order, 1));
        body.extend(put16(order, 0));
        body.extend([0xff; 8]);
        self.block(0x0a0d_0d0a, &body)
    }

    pub(super) fn block(&mut self, kind: u32, body: &[u8]) -> &mut Self {
        let padding = body.len().next_multiple_of(4) - body.len();
        let length = put32(self.order, (body.len() + padding + 12) as u32);
        self.bytes.extend(put32(self.order, kind));
        self.bytes.extend(length);
        self.bytes.extend(body);
        self.bytes.extend(vec![0; padding]);
        self.bytes.extend(length);
        self
    }

    pub(super) fn interface(&mut self, link: u16, options: &[(u16, &[u8])]) -> &mut Self {
        self.interface_with_snaplen(link, 0, options)
    }

    pub(super) fn interface_with_snaplen(&mut self, link: u16, snaplen: u32, options: &[(u16, &[u8])]) -> &mut Self {
        let mut body = put16(self.order, link).to_vec();
        body.extend([0; 2]);
        body.extend(put32(self.order, snaplen));
        body.extend(self.options(options));
        self.block(1, &body)
    }

    pub(super) fn statistics(&mut self, interface: u32, options: &[(u16, &[u8])]) -> &mut Self {
        let mut body = put32(self.order, interface).to_vec();
        body.extend([0; 8]);
        body.extend(self.options(options));
        self.block(5, &body)
    }

    fn options(&self, options: &[(u16, &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (code, value) in options {
            bytes.extend(put16(self.order, *code));
            bytes.extend(put16(self.order, value.len() as u16));
            bytes.extend(*value);
            bytes.extend(vec![0; value.len().next_multiple_of(4) - value.len()]);
        }
        bytes
    }

    pub(super) fn packet(&mut self, interface: u32, ticks: u64, data: &[u8], wire_len: u32) -> &mut Self {
        let mut body = Vec::new();
        for field in [interface, (ticks >> 32) as u32, ticks as u32, data.len() as u32, wire_len] {
            body.extend(put32(self.order, field));
        }
        body.extend(data);
        self.block(6, &body)
    }

    pub(super) fn obsolete(&mut self, interface: u16, ticks: u64, data: &[u8]) -> &mut Self {
        let mut body = put16(self.order, interface).to_vec();
        body.extend([0, 0]);
        for field in [(ticks >> 32) as u32, ticks as u32, data.len() as u32, data.len() as u32] {
            body.extend(put32(self.order, field));
        }
        body.extend(data);
        self.block(2, &body)
    }

    pub(super) fn simple(&mut self, data: &[u8]) -> &mut Self {
        let mut body = put32(self.order, data.len() as u32).to_vec();
        body.extend(data);
        self.block(3, &body)
    }

    pub(super) fn secrets(&mut self, text: &[u8]) -> &mut Self {
        let mut body = put32(self.order, 0x544c_534b).to_vec();
        body.extend(put32(self.order, text.len() as u32));
        body.extend(text);
        self.block(10, &body)
    }
}

/// What a reader gives, a word or two for each.
pub(super) fn items(bytes: &[u8]) -> Vec<String> {
    let mut reader = Reader::new(bytes);
    let mut found = Vec::new();
    while let Some(item) = reader.next().expect("a capture") {
        found.push(match item {
            Item::Packet(packet) => format!("packet {}", packet.no),
            Item::Secrets(text) => format!("secrets {}", text.len()),
            Item::Problem(problem) => format!("problem {}", problem.code),
            Item::Clock(_) | Item::Dropped(_) => unreachable!("a file has ended"),
        });
    }
    found
}

/// Number, time, link type, bytes and length on the wire of each packet.
pub(super) fn packets(bytes: &[u8]) -> Vec<(u64, i64, u32, Vec<u8>, u32)> {
    let mut reader = Reader::new(bytes);
    let mut found = Vec::new();
    while let Some(item) = reader.next().expect("a capture") {
        if let Item::Packet(packet) = item {
            found.push((packet.no.0, packet.time.0, packet.link.0, packet.data.to_vec(), packet.wire_len));
        }
    }
    found
}

/// The codes of the problems.
pub(super) fn problems(bytes: &[u8]) -> Vec<&'static str> {
    let mut reader = Reader::new(bytes);
    let mut found = Vec::new();
    while let Some(item) = reader.next().expect("a capture") {
        if let Item::Problem(problem) = item {
            found.push(problem.code);
        }
    }
    found
}
