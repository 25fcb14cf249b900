//! Captured frames, taken apart and put together differently. TCP over IP over Ethernet can be cut anew;
//! anything can be wrapped into a tunnel. Checksums are not recomputed: nothing here reads them.

use tlswhy::capture::{Item, PacketSource, Reader};

use crate::fixture::Dice;

/// One frame.
#[derive(Clone)]
pub(crate) struct Frame {
    /// Nanoseconds since 1970.
    pub(crate) time: i64,
    pub(crate) data: Vec<u8>,
    /// Bytes that were on the wire and are not in `data`.
    pub(crate) missing: u32,
}

/// The frames of a capture. All fixtures are of Ethernet.
pub(crate) fn read(capture: &[u8]) -> Vec<Frame> {
    let mut reader = Reader::new(capture);
    let mut frames = Vec::new();
    while let Some(item) = reader.next().expect("a capture") {
        if let Item::Packet(packet) = item {
            assert_eq!(packet.link.0, 1, "not Ethernet");
            let missing = packet.wire_len - u32::try_from(packet.data.len()).expect("a length");
            frames.push(Frame { time: packet.time.0, data: packet.data.to_vec(), missing });
        }
    }
    frames
}

/// Where the parts of a TCP frame begin.
#[derive(Clone, Copy)]
struct Layout {
    version: u8,
    ip: usize,
    tcp: usize,
    payload: usize,
    end: usize,
}

fn be16(data: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(u16::from_be_bytes([*data.get(at)?, *data.get(at + 1)?])))
}

/// `None` for what is no whole TCP segment right in an Ethernet frame.
fn layout(frame: &Frame) -> Option<Layout> {
    let data = &frame.data;
    let ip = 14;
    let (version, tcp, end) = match be16(data, 12)? {
        0x0800 if *data.get(ip + 9)? == 6 => (4, ip + usize::from(data.get(ip)? & 0x0f) * 4, ip + be16(data, ip + 2)?),
        0x86dd if *data.get(ip + 6)? == 6 => (6, ip + 40, ip + 40 + be16(data, ip + 4)?),
        _ => return None,
    };
    let payload = tcp + usize::from(data.get(tcp + 12)? >> 4) * 4;
    (frame.missing == 0 && payload <= end && end <= data.len()).then_some(Layout { version, ip, tcp, payload, end })
}

const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const PSH: u8 = 8;

impl Frame {
    /// Addresses and ports, as sent.
    fn flow(&self) -> Option<Vec<u8>> {
        let at = layout(self)?;
        let addresses = if at.version == 4 { at.ip + 12..at.ip + 20 } else { at.ip + 8..at.ip + 40 };
        Some([self.data.get(addresses)?, self.data.get(at.tcp..at.tcp + 4)?].concat())
    }

    fn sequence(&self) -> u32 {
        let at = layout(self).expect("TCP").tcp + 4;
        u32::from_be_bytes(self.data[at..at + 4].try_into().expect("four bytes"))
    }

    fn payload(&self) -> &[u8] {
        layout(self).map_or(&[], |at| &self.data[at.payload..at.end])
    }

    fn flags(&self) -> u8 {
        layout(self).map_or(0, |at| self.data[at.tcp + 13])
    }

    /// Has bytes to give, and does nothing else of note.
    fn is_data(&self) -> bool {
        !self.payload().is_empty() && self.flags() & (SYN | RST) == 0
    }

    /// The same segment with other bytes at another place.
    fn with(&self, sequence: u32, payload: &[u8], flags: u8) -> Self {
        let at = layout(self).expect("TCP");
        let mut data = [&self.data[..at.payload], payload].concat();
        data[at.tcp + 4..at.tcp + 8].copy_from_slice(&sequence.to_be_bytes());
        data[at.tcp + 13] = flags;
        let length = if at.version == 4 { data.len() - at.ip } else { data.len() - at.ip - 40 };
        let place = if at.version == 4 { at.ip + 2 } else { at.ip + 4 };
        data[place..place + 2].copy_from_slice(&u16::try_from(length).expect("a packet").to_be_bytes());
        Self { time: self.time, data, missing: 0 }
    }
}

/// Segments cut at random bytes.
pub(crate) fn recut(frames: &[Frame], dice: &mut Dice) -> Vec<Frame> {
    let mut out = Vec::new();
    for frame in frames {
        let payload = frame.payload();
        if !frame.is_data() || payload.len() < 2 {
            out.push(frame.clone());
            continue;
        }
        let mut cuts: Vec<usize> = (0..1 + dice.roll(3)).map(|_| 1 + dice.roll(payload.len() - 1)).collect();
        cuts.extend([0, payload.len()]);
        cuts.sort_unstable();
        cuts.dedup();
        for pair in cuts.windows(2) {
            let last = pair[1] == payload.len();
            let flags = if last { frame.flags() } else { frame.flags() & !(FIN | PSH) };
            let sequence = frame.sequence().wrapping_add(u32::try_from(pair[0]).expect("an offset"));
            out.push(frame.with(sequence, &payload[pair[0]..pair[1]], flags));
        }
    }
    out
}

/// Some segments twice, at once or a little later.
pub(crate) fn duplicate(frames: &[Frame], dice: &mut Dice) -> Vec<Frame> {
    let mut out: Vec<Frame> = Vec::new();
    let mut later: Vec<Frame> = Vec::new();
    for frame in frames {
        for mut again in later.drain(..) {
            again.time = frame.time;
            out.push(again);
        }
        out.push(frame.clone());
        if frame.is_data() {
            match dice.roll(3) {
                0 => out.push(frame.clone()),
                1 => later.push(frame.clone()),
                _ => {}
            }
        }
    }
    out
}

/// Each run of segments of one side in another order. Cut anew before, so that there are runs.
pub(crate) fn reorder(frames: &[Frame], dice: &mut Dice) -> Vec<Frame> {
    let mut out = recut(frames, dice);
    let mut start = 0;
    while start < out.len() {
        let flow = out[start].flow();
        let plain = |frame: &Frame| frame.is_data() && frame.flags() & FIN == 0;
        let run = out[start..].iter().take_while(|frame| plain(frame) && frame.flow() == flow).count();
        let times: Vec<i64> = out[start..start + run].iter().map(|frame| frame.time).collect();
        dice.shuffle(&mut out[start..start + run]);
        for (frame, time) in out[start..].iter_mut().zip(times) {
            frame.time = time;
        }
        start += run.max(1);
    }
    out
}

/// Each segment begins with the last bytes of the one before it.
pub(crate) fn overlap(frames: &[Frame], dice: &mut Dice) -> Vec<Frame> {
    let mut before: Vec<(Vec<u8>, u32, Vec<u8>)> = Vec::new();
    let mut out = Vec::new();
    for frame in frames {
        let Some(flow) = frame.flow().filter(|_| frame.is_data()) else {
            out.push(frame.clone());
            continue;
        };
        let payload = frame.payload();
        let sequence = frame.sequence();
        let known = before.iter().find(|(other, next, _)| *other == flow && *next == sequence);
        match known {
            Some((_, _, bytes)) => {
                let tail = &bytes[bytes.len() - (1 + dice.roll(bytes.len())).min(bytes.len())..];
                let begins = sequence.wrapping_sub(u32::try_from(tail.len()).expect("an offset"));
                out.push(frame.with(begins, &[tail, payload].concat(), frame.flags()));
            }
            None => out.push(frame.clone()),
        }
        let next = sequence.wrapping_add(u32::try_from(payload.len()).expect("a length"));
        before.retain(|(other, ..)| *other != flow);
        before.push((flow, next, payload.to_vec()));
    }
    out
}

/// A tunnel around each frame.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Tunnel {
    Vlan,
    Vxlan,
    Gre,
}

/// All frames in a tunnel.
pub(crate) fn wrap(frames: &[Frame], tunnel: Tunnel) -> Vec<Frame> {
    let outer = |protocol: u8, rest: &[u8]| {
        let length = u16::try_from(20 + rest.len()).expect("a packet").to_be_bytes();
        let mut data = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, length[0], length[1], 0, 0, 0, 0, 64];
        data.extend([protocol, 0, 0, 198, 51, 100, 1, 198, 51, 100, 2]);
        data.extend(rest);
        data
    };
    let wrapped = |frame: &Frame| match tunnel {
        Tunnel::Vlan => [&frame.data[..12], &[0x81, 0, 0, 12], &frame.data[12..]].concat(),
        Tunnel::Gre => outer(47, &[&[0, 0], &frame.data[12..]].concat()),
        Tunnel::Vxlan => {
            let length = u16::try_from(16 + frame.data.len()).expect("a packet").to_be_bytes();
            let head = [0xc0, 0, 0x12, 0xb5, length[0], length[1], 0, 0, 8, 0, 0, 0, 0, 0, 5, 0];
            outer(17, &[&head, frame.data.as_slice()].concat())
        }
    };
    frames.iter().map(|frame| Frame { data: wrapped(frame), ..frame.clone() }).collect()
}

/// `frames` with those of another capture between them, whose ports are made to differ. The other's times are
/// those of their neighbours.
pub(crate) fn interleave(frames: &[Frame], other: &[Frame]) -> Vec<Frame> {
    let mut out = Vec::new();
    let mut others = other.iter();
    for frame in frames {
        out.push(frame.clone());
        if let Some(between) = others.next() {
            let mut data = between.data.clone();
            let at = layout(between).expect("TCP");
            // The last byte of both addresses: they are in another network then, with the same two ends.
            let ends = if at.version == 4 { [at.ip + 14, at.ip + 18] } else { [at.ip + 20, at.ip + 36] };
            for place in ends {
                data[place] ^= 0x55;
            }
            out.push(Frame { time: frame.time, data, missing: 0 });
        }
    }
    out
}

/// Frames as a classic pcap file with nanoseconds.
pub(crate) fn pcap(frames: &[Frame]) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(0xa1b2_3c4d_u32.to_le_bytes());
    out.extend([2, 0, 4, 0]);
    for field in [0_u32, 0, 262_144, 1] {
        out.extend(field.to_le_bytes());
    }
    for frame in frames {
        let length = u32::try_from(frame.data.len()).expect("a length");
        let (seconds, rest) = (frame.time.div_euclid(1_000_000_000), frame.time.rem_euclid(1_000_000_000));
        let fields = [seconds as u32, rest as u32, length, length + frame.missing];
        for field in fields {
            out.extend(field.to_le_bytes());
        }
        out.extend(&frame.data);
    }
    out
}

/// Frames as a pcapng file, big-endian, with nanoseconds.
pub(crate) fn pcapng(frames: &[Frame]) -> Vec<u8> {
    fn block(kind: u32, body: &[u8]) -> Vec<u8> {
        let padding = vec![0; body.len().next_multiple_of(4) - body.len()];
        let length = u32::try_from(12 + body.len() + padding.len()).expect("a length").to_be_bytes();
        [&kind.to_be_bytes()[..], &length, body, &padding, &length].concat()
    }
    let section = [&0x1a2b_3c4d_u32.to_be_bytes()[..], &[0, 1, 0, 0], &[0xff; 8]].concat();
    let mut out = block(0x0a0d_0d0a, &section);
    out.extend(block(1, &[0, 1, 0, 0, 0, 4, 0, 0, 0, 9, 0, 1, 9, 0, 0, 0, 0, 0, 0, 0]));
    for frame in frames {
        let length = u32::try_from(frame.data.len()).expect("a length");
        let time = u64::try_from(frame.time).expect("after 1970");
        let mut body = vec![0; 4];
        for field in [(time >> 32) as u32, time as u32, length, length + frame.missing] {
            body.extend(field.to_be_bytes());
        }
        body.extend(&frame.data);
        out.extend(block(6, &body));
    }
    out
}
