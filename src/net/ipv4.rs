//! IPv4 (RFC 791).

use std::net::{IpAddr, Ipv4Addr};

use super::cut::Cut;
use super::walk::Walk;
use super::{Fragment, Frame, ip};

/// A packet whose version is known to be 4.
#[inline]
pub(super) fn packet<'a>(walk: &mut Walk, part: Cut<'a>) -> Option<Frame<'a>> {
    let Some((header, _)) = part.head::<20>() else { return walk.short(part) };
    let [version, _, l0, l1, i0, i1, f0, f1, ttl, protocol, _, _, s0, s1, s2, s3, d0, d1, d2, d3] = *header;
    let header_length = usize::from(version & 0x0f) * 4;
    let length = usize::from(u16::from_be_bytes([l0, l1]));
    let part = match length {
        // The network card was to cut a larger packet to size: captured before it could fill this in.
        0 => part,
        _ => part.of_length(length),
    };
    if header_length < 20 || header_length > part.wire {
        return malformed(walk);
    }
    let Some(body) = part.skip(header_length) else { return walk.short(part) };
    let id = u16::from_be_bytes([i0, i1]);
    let mut header = ip::Header {
        source: IpAddr::V4(Ipv4Addr::new(s0, s1, s2, s3)),
        destination: IpAddr::V4(Ipv4Addr::new(d0, d1, d2, d3)),
        ttl,
        ip_id: u32::from(id),
    };
    let fragment = u16::from_be_bytes([f0, f1]);
    if fragment & 0x3fff == 0 {
        return ip::upper(walk, &mut header, protocol, body);
    }
    let fragment = Fragment {
        id: u32::from(id),
        offset: usize::from(fragment & 0x1fff) * 8,
        more: fragment & 0x2000 != 0,
        protocol,
        payload: body.bytes,
        wire_len: body.wire,
    };
    Some(header.fragment(walk, fragment))
}

#[cold]
fn malformed<'a>(walk: &mut Walk) -> Option<Frame<'a>> {
    walk.problem("malformed-ip-header", "The lengths in an IPv4 header contradict each other.");
    None
}

/// Whether these bytes can be an IPv4 packet, where nothing says so.
pub(super) fn is_plausible(part: Cut<'_>) -> bool {
    let Some((&[version, _, l0, l1], _)) = part.head::<4>() else { return false };
    let header_length = u16::from(version & 0x0f) * 4;
    let length = u16::from_be_bytes([l0, l1]);
    version >> 4 == 4
        && header_length >= 20
        && (length == 0 || length >= header_length)
        && usize::from(length) <= part.wire
}
