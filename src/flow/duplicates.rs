//! Knows the same packet captured twice: going in and out on `any`, on both sides of a router, inside
//! and outside of a tunnel, or on both ports of a mirror. A retransmission is another packet.

use std::net::IpAddr;

use super::key::fold;
use crate::net::{Datagram, Encapsulation, Layer, Payload};
use crate::time::Timestamp;

/// How far apart copies may be that tell themselves from a retransmission by their IP identification,
/// in nanoseconds. A sender that retransmits at all waits for longer, or counts on.
const SAME_ID: u64 = 20_000_000;
/// The same for copies taken at different places (another hop count, another encapsulation): between
/// them the packet may have waited in a queue.
const OTHER_PLACE: u64 = 100_000_000;
/// The same for copies that differ in nothing and have no identification (IPv6, or 0). Anything longer
/// could be a retransmission on a short path.
const NO_ID: u64 = 1_000_000;

/// Remembered packets: a power of two, with two in each row.
const ROWS: usize = 512;

/// Remembers the packets seen last. Bounded; what it has forgotten counts as new.
#[derive(Debug, Default)]
pub struct Duplicates {
    rows: Vec<Row>,
}

/// The newer packet first. Each row is in a cache line of its own, as most packets look at a row and no more.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(64))]
struct Row([Packet; 2]);

/// A packet remembered.
#[derive(Debug, Clone, Copy, Default)]
struct Packet {
    /// Over everything that a copy shares with its original.
    identity: u64,
    /// Over the layers outside.
    place: u64,
    time: Timestamp,
    ttl: u8,
    /// There is one. In place of an `Option`, which would make the row too long.
    known: bool,
}

impl Duplicates {
    /// Whether this packet is a copy of one seen before. Remembers it where it is not.
    #[inline]
    pub fn is_repeat(&mut self, datagram: &Datagram<'_>, time: Timestamp) -> bool {
        let Some(identity) = identity(datagram) else { return false };
        let packet = Packet { identity, place: place(datagram), time, ttl: datagram.ttl, known: true };
        if self.rows.is_empty() {
            self.rows.resize(ROWS, Row::default());
        }
        let Some(Row(row)) = self.rows.get_mut(identity as usize % ROWS) else { return false };
        let is_copy = |seen: &Packet| packet.is_copy_of(seen, datagram.ip_id != 0);
        if row.iter().any(is_copy) {
            return true;
        }
        let [newer, older] = row;
        *older = std::mem::replace(newer, packet);
        false
    }
}

impl Packet {
    fn is_copy_of(&self, seen: &Self, has_id: bool) -> bool {
        if self.identity != seen.identity || !seen.known {
            return false;
        }
        let window = if self.place != seen.place || self.ttl != seen.ttl {
            OTHER_PLACE
        } else if has_id {
            SAME_ID
        } else {
            NO_ID
        };
        // Either may be written first: interfaces are read in turns.
        self.time.since(seen.time).0.unsigned_abs() <= window
    }
}

/// Mixes the words in. Not seeded, since what is forgotten depends on it, and the same capture is to
/// yield the same report; a flow of forged collisions can but cost its sender's own packets.
fn mix(state: u64, word: u64) -> u64 {
    fold(state ^ word, 0x9e37_79b9_7f4a_7c15)
}

#[inline]
fn identity(datagram: &Datagram<'_>) -> Option<u64> {
    let (ports, numbers, rest, payload) = match datagram.payload {
        Payload::Tcp(segment) => (
            (segment.source_port, segment.destination_port),
            u64::from(segment.seq) << 32 | u64::from(segment.ack),
            u64::from(segment.flags.0) << 48 | u64::from(segment.window) << 32 | segment.wire_len as u64 & 0xffff_ffff,
            segment.payload,
        ),
        Payload::Udp(udp) => ((udp.source_port, udp.destination_port), 0, udp.wire_len as u64, udp.payload),
        Payload::Fragment(_) | Payload::Other { .. } => return None,
    };
    let ends = u64::from(datagram.ip_id) << 32 | u64::from(ports.0) << 16 | u64::from(ports.1);
    let addresses = match (datagram.source, datagram.destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            u64::from(source.to_bits()) << 32 | u64::from(destination.to_bits())
        }
        (source, destination) => [source, destination].into_iter().fold(0, |state, address| match address {
            IpAddr::V4(v4) => mix(state, u64::from(v4.to_bits())),
            IpAddr::V6(v6) => mix(mix(state, (v6.to_bits() >> 64) as u64), v6.to_bits() as u64),
        }),
    };
    // The head of the payload is enough where all of the above agrees, and is cheap.
    let &[h0, h1, h2, h3, h4, h5, h6, h7, t0, t1, t2, t3, t4, t5, t6, t7] =
        payload.first_chunk::<16>().unwrap_or(&[0; 16]);
    let head = u64::from_le_bytes([h0, h1, h2, h3, h4, h5, h6, h7]);
    let tail = u64::from_le_bytes([t0, t1, t2, t3, t4, t5, t6, t7]);
    // Three products, which a processor makes side by side.
    let one = fold(ends ^ 0x243f_6a88_85a3_08d3, addresses ^ 0x1319_8a2e_0370_7344);
    let two = fold(numbers ^ 0xa409_3822_299f_31d0, rest ^ 0x082e_fa98_ec4e_6c89);
    let three = fold(head ^ 0x4528_21e6_38d0_1377, tail ^ 0xbe54_66cf_34e9_0c6c);
    Some(mix(one ^ two.rotate_left(23), three))
}

#[inline]
fn place(datagram: &Datagram<'_>) -> u64 {
    if datagram.encapsulation.is_empty() { 0 } else { place_within(&datagram.encapsulation) }
}

fn place_within(encapsulation: &Encapsulation) -> u64 {
    let layers = encapsulation.layers.iter().map_while(Option::as_ref);
    layers.fold(0, |state, layer| {
        let (kind, value) = match *layer {
            Layer::Vlan(id) => (1, u64::from(id)),
            Layer::Mpls(label) => (2, u64::from(label)),
            Layer::Pppoe(session) => (3, u64::from(session)),
            Layer::Ppp => (4, 0),
            Layer::Wifi => (5, 0),
            Layer::Gre(key) => (6, key.map_or(0, |key| u64::from(key) + 1)),
            Layer::Erspan(session) => (7, u64::from(session)),
            Layer::Vxlan(network) => (8, u64::from(network)),
            Layer::Geneve(network) => (9, u64::from(network)),
            Layer::IpInIp { outer, inner } => (10, u64::from(outer) << 8 | u64::from(inner)),
            Layer::Gtp(endpoint) => (11, u64::from(endpoint)),
        };
        mix(mix(state, kind), value)
    })
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::net::{Segment, TcpFlags};

    const MS: i64 = 1_000_000;

    fn packet(ip_id: u32) -> Datagram<'static> {
        Datagram {
            encapsulation: Encapsulation::default(),
            source: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
            destination: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)),
            ttl: 64,
            ip_id,
            payload: Payload::Tcp(Segment {
                source_port: 40_000,
                destination_port: 443,
                seq: 1_000,
                ack: 2_000,
                flags: TcpFlags(0x18),
                window: 500,
                mss: None,
                payload: b"sixteen bytes ..and more",
                wire_len: 24,
            }),
        }
    }

    fn seen(packets: &[(Datagram<'_>, i64)]) -> Vec<bool> {
        let mut duplicates = Duplicates::default();
        packets.iter().map(|(packet, time)| duplicates.is_repeat(packet, Timestamp(*time))).collect()
    }

    #[test]
    fn a_copy_is_known_and_a_retransmission_is_not_taken_for_one() {
        assert_eq!(seen(&[(packet(7), 0), (packet(7), MS / 10), (packet(7), MS)]), [false, true, true]);
        assert_eq!(seen(&[(packet(7), 0), (packet(8), MS / 10)]), [false, false], "another identification");
        assert_eq!(seen(&[(packet(7), 0), (packet(7), 300 * MS)]), [false, false], "too late to be a copy");
        assert_eq!(seen(&[(packet(7), MS), (packet(7), 0)]), [false, true], "interfaces are read in turns");
    }

    #[test]
    fn without_an_identification_only_the_moment_or_the_place_proves_a_copy() {
        assert_eq!(seen(&[(packet(0), 0), (packet(0), MS / 2)]), [false, true]);
        assert_eq!(seen(&[(packet(0), 0), (packet(0), 5 * MS)]), [false, false]);
        let mut routed = packet(0);
        routed.ttl = 63;
        assert_eq!(seen(&[(packet(0), 0), (routed, 5 * MS)]), [false, true]);
        let mut tunnelled = packet(0);
        assert!(tunnelled.encapsulation.push(Layer::Vxlan(5)));
        assert_eq!(seen(&[(tunnelled, 0), (packet(0), 5 * MS)]), [false, true]);
    }

    #[test]
    fn other_bytes_or_flags_are_another_packet() {
        let change = |f: fn(&mut Segment<'static>)| {
            let mut packet = packet(7);
            if let Payload::Tcp(segment) = &mut packet.payload {
                f(segment);
            }
            packet
        };
        for other in [
            change(|s| s.payload = b"Sixteen bytes ..and more"),
            change(|s| s.seq += 1),
            change(|s| s.ack += 1),
            change(|s| s.flags = TcpFlags(0x19)),
            change(|s| s.wire_len += 1),
            change(|s| s.window += 1),
        ] {
            assert_eq!(seen(&[(packet(7), 0), (other, 0)]), [false, false]);
        }
    }

    #[test]
    fn memory_is_bounded() {
        let mut duplicates = Duplicates::default();
        for id in 1..100_000 {
            assert!(!duplicates.is_repeat(&packet(id), Timestamp(0)));
        }
        assert_eq!(duplicates.rows.len(), ROWS);
        assert!(duplicates.is_repeat(&packet(99_999), Timestamp(0)));
    }
}
