//! Packets made by hand: raw IPv4 with TCP, as many as a test wants, of any connection.

use tlswhy::Engine;
use tlswhy::capture::{LinkType, Packet};
use tlswhy::engine::Input;
use tlswhy::seen::PacketNo;
use tlswhy::time::Timestamp;

pub(crate) const FIN: u8 = 0x01;
pub(crate) const SYN: u8 = 0x02;
#[allow(dead_code, reason = "not everybody resets")]
pub(crate) const RST: u8 = 0x04;
pub(crate) const ACK: u8 = 0x10;

/// Feeds an engine with packets, one every few microseconds.
pub(crate) struct Feed {
    pub(crate) engine: Engine,
    pub(crate) packets: u64,
    /// Time that passed without packets, in nanoseconds.
    #[allow(dead_code, reason = "not everybody waits")]
    pub(crate) idle: i64,
    bytes: Vec<u8>,
}

impl Feed {
    pub(crate) fn new(engine: Engine) -> Self {
        Self { engine, packets: 0, idle: 0, bytes: Vec::new() }
    }

    /// A segment of connection number `flow`; `up` says that its client sends it.
    pub(crate) fn segment(&mut self, flow: u32, up: bool, flags: u8, seq: u32, ack: u32, payload: &[u8]) {
        let client = (0x0a00_0000 | (flow >> 14), 10_000 + (flow & 0x3fff) as u16);
        let server = (0xc0a8_0001_u32, 443_u16);
        let (from, to) = if up { (client, server) } else { (server, client) };
        self.packets += 1;
        let length = (40 + payload.len()) as u16;
        let bytes = &mut self.bytes;
        bytes.clear();
        bytes.extend([0x45, 0]);
        bytes.extend(length.to_be_bytes());
        bytes.extend((self.packets as u16).to_be_bytes());
        bytes.extend([0x40, 0, 64, 6, 0, 0]);
        bytes.extend(from.0.to_be_bytes());
        bytes.extend(to.0.to_be_bytes());
        bytes.extend(from.1.to_be_bytes());
        bytes.extend(to.1.to_be_bytes());
        bytes.extend(seq.to_be_bytes());
        bytes.extend(ack.to_be_bytes());
        bytes.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        bytes.extend(payload);
        let packet = Packet {
            no: PacketNo(self.packets),
            time: Timestamp(1_795_528_800_000_000_000 + self.packets as i64 * 4_000 + self.idle),
            link: LinkType(101),
            wire_len: u32::from(length),
            data: bytes,
        };
        self.engine.handle(Input::Packet(packet));
    }

    /// The three packets that open a connection; data begins at 1 on both sides.
    pub(crate) fn open(&mut self, flow: u32) {
        self.segment(flow, true, SYN, 0, 0, &[]);
        self.segment(flow, false, SYN | ACK, 0, 1, &[]);
        self.segment(flow, true, ACK, 1, 1, &[]);
    }
}

/// A TLS record.
pub(crate) fn record(content_type: u8, body: &[u8]) -> Vec<u8> {
    [&[content_type, 3, 3][..], &(body.len() as u16).to_be_bytes(), body].concat()
}

/// A handshake message.
pub(crate) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &(body.len() as u32).to_be_bytes()[1..], body].concat()
}

/// A record with a ClientHello of TLS 1.2.
pub(crate) fn client_hello() -> Vec<u8> {
    let body = [&[3, 3][..], &[7; 32], &[0, 0, 4, 0xc0, 0x2f, 0xc0, 0x30, 1, 0]].concat();
    record(22, &message(1, &body))
}

/// A record with a ServerHello of TLS 1.2.
pub(crate) fn server_hello() -> Vec<u8> {
    let body = [&[3, 3][..], &[9; 32], &[0, 0xc0, 0x2f, 0]].concat();
    record(22, &message(2, &body))
}
