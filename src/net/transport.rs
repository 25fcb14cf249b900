//! TCP (RFC 9293) and UDP (RFC 768) headers.

use etherparse::{TcpOptionElement, TcpOptionsIterator};

use super::cut::Cut;
use super::walk::Walk;
use super::{Frame, Payload, Segment, TcpFlags, UdpDatagram, ip, tunnel};

/// A segment. Its options need not have been captured.
#[inline]
pub(super) fn tcp<'a>(walk: &mut Walk, ip: &ip::Header, part: Cut<'a>) -> Option<Frame<'a>> {
    let Some((header, _)) = part.head::<20>() else { return walk.short(part) };
    let [s0, s1, d0, d1, q0, q1, q2, q3, a0, a1, a2, a3, offset, flags, w0, w1, _, _, _, _] = *header;
    let header_length = usize::from(offset >> 4) * 4;
    let body = if header_length < 20 { None } else { part.beyond(header_length) };
    let Some(body) = body else {
        walk.problem("malformed-tcp-header", "The data offset of a TCP header points outside of its packet.");
        return None;
    };
    let flags = TcpFlags(flags);
    let segment = Segment {
        source_port: u16::from_be_bytes([s0, s1]),
        destination_port: u16::from_be_bytes([d0, d1]),
        seq: u32::from_be_bytes([q0, q1, q2, q3]),
        ack: u32::from_be_bytes([a0, a1, a2, a3]),
        flags,
        window: u16::from_be_bytes([w0, w1]),
        mss: if flags.syn() { maximum_segment_size(part.bytes, header_length) } else { None },
        payload: body.bytes,
        wire_len: body.wire,
    };
    Some(ip.datagram(walk, Payload::Tcp(segment)))
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
