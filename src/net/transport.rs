//! TCP (RFC 9293) and UDP (RFC 768) headers.

use etherparse::{TcpOptionElement, TcpOptionsIterator};

use super::cut::Cut;
use super::walk::Walk;
use super::{Frame, Payload, Segment, TcpFlags, UdpDatagram, ip, tunnel};

/// A segment. Its options need not have been captured.
#[inline]
pub(super) fn tcp<'a>(walk: &mut Walk, ip: &ip::Header, part: Cut<'a>) -> Option<Frame<'a>> {
    let Some((header, _)) = part.head::<20>() else { return walk.short(part) };
    let header_length = header_length(header);
    let body = if header_length < 20 { None } else { part.beyond(header_length) };
    let Some(body) = body else {
        walk.problem("malformed-tcp-header", "The data offset of a TCP header points outside of its packet.");
        return None;
    };
    let mut segment = segment(header, body.bytes, body.wire);
    if segment.flags.syn() {
        segment.mss = maximum_segment_size(part.bytes, header_length);
    }
    Some(ip.datagram(walk, Payload::Tcp(segment)))
}

/// The length that a TCP header gives for itself and its options, in bytes; at least 20 where it is sound.
#[inline]
pub(super) fn header_length(header: &[u8; 20]) -> usize {
    let [.., offset, _, _, _, _, _, _, _] = *header;
    usize::from(offset >> 4) * 4
}

/// The segment of a TCP header without its options, with what it carries.
#[inline]
pub(super) fn segment<'a>(header: &[u8; 20], payload: &'a [u8], wire_len: usize) -> Segment<'a> {
    let [s0, s1, d0, d1, q0, q1, q2, q3, a0, a1, a2, a3, _, flags, w0, w1, _, _, _, _] = *header;
    Segment {
        source_port: u16::from_be_bytes([s0, s1]),
        destination_port: u16::from_be_bytes([d0, d1]),
        seq: u32::from_be_bytes([q0, q1, q2, q3]),
        ack: u32::from_be_bytes([a0, a1, a2, a3]),
        flags: TcpFlags(flags),
        window: u16::from_be_bytes([w0, w1]),
        mss: None,
        payload,
        wire_len,
    }
}

fn maximum_segment_size(header: &[u8], length: usize) -> Option<u16> {
    let options = header.get(20..length.min(header.len()))?;
    TcpOptionsIterator::from_slice(options).map_while(Result::ok).find_map(|option| match option {
        TcpOptionElement::MaximumSegmentSize(size) => Some(size),
        _ => None,
    })
}

/// A datagram, or what is tunnelled in it.
pub(super) fn udp<'a>(walk: &mut Walk, ip: &ip::Header, part: Cut<'a>) -> Option<Frame<'a>> {
    let Some((&[s0, s1, d0, d1, l0, l1, _, _], body)) = part.head::<8>() else { return walk.short(part) };
    let body = match usize::from(u16::from_be_bytes([l0, l1])).checked_sub(8) {
        // Zero stands for a length beyond 16 bits (RFC 2675), or one that was left to the network card.
        None if (l0, l1) == (0, 0) => body,
        None => {
            walk.problem("malformed-udp-header", "The length in a UDP header is less than the header's own.");
            return None;
        }
        Some(length) => body.at_most(length),
    };
    let destination_port = u16::from_be_bytes([d0, d1]);
    if let Some(tunnel) = tunnel::Tunnel::recognise(destination_port, body) {
        return tunnel.enter(walk, body);
    }
    let datagram = UdpDatagram {
        source_port: u16::from_be_bytes([s0, s1]),
        destination_port,
        payload: body.bytes,
        wire_len: body.wire,
    };
    Some(ip.datagram(walk, Payload::Udp(datagram)))
}
