//! IPv6 (RFC 8200) and its extension headers.

use std::net::{IpAddr, Ipv6Addr};

use etherparse::{IpAuthHeaderSlice, Ipv6FragmentHeaderSlice, Ipv6RawExtHeaderSlice};

use super::cut::Cut;
use super::ip::protocol;
use super::walk::Walk;
use super::{Fragment, Frame, ip};

/// A packet whose version is known to be 6.
#[inline]
pub(super) fn packet<'a>(walk: &mut Walk, part: Cut<'a>) -> Option<Frame<'a>> {
    let Some((header, body)) = part.head::<40>() else { return walk.short(part) };
    let [_, _, _, _, l0, l1, next, ttl, addresses @ ..] = *header;
    let source = addresses.first_chunk::<16>().copied().unwrap_or_default();
    let destination = addresses.last_chunk::<16>().copied().unwrap_or_default();
    let body = match u16::from_be_bytes([l0, l1]) {
        // A jumbogram (RFC 2675), or a packet that the network card was to cut to size.
        0 => body,
        length => body.of_length(usize::from(length)),
    };
    let mut header = ip::Header {
        source: IpAddr::V6(Ipv6Addr::from(source)),
        destination: IpAddr::V6(Ipv6Addr::from(destination)),
        ttl,
        ip_id: 0,
    };
    ip::upper(walk, &mut header, next, body)
}

/// Whether these bytes can be an IPv6 packet, where nothing says so.
pub(super) fn is_plausible(part: Cut<'_>) -> bool {
    let Some((&[version, _, _, _, l0, l1, _, _], rest)) = part.head::<8>() else { return false };
    version >> 4 == 6 && usize::from(u16::from_be_bytes([l0, l1])) + 32 <= rest.wire
}

/// Passes extension headers, and the authentication header that IPv4 may have as well.
pub(super) fn extensions<'a>(
    walk: &mut Walk,
    header: &mut ip::Header,
    mut next: u8,
    mut part: Cut<'a>,
) -> Option<Frame<'a>> {
    // Each round consumes at least eight bytes, so the loop ends with the packet.
    loop {
        let (following, length) = match next {
            protocol::FRAGMENT => {
                let Ok(fragment) = Ipv6FragmentHeaderSlice::from_slice(part.bytes) else { return walk.short(part) };
                header.ip_id = fragment.identification();
                if fragment.is_fragmenting_payload() {
                    return fragmented(walk, header, &fragment, part);
                }
                (fragment.next_header().0, fragment.slice().len())
            }
            protocol::AUTHENTICATION => {
                let Ok(authentication) = IpAuthHeaderSlice::from_slice(part.bytes) else { return walk.short(part) };
                (authentication.next_header().0, authentication.slice().len())
            }
            protocol::HOP_BY_HOP
            | protocol::ROUTING
            | protocol::DESTINATION_OPTIONS
            | protocol::MOBILITY
            | protocol::HOST_IDENTITY
            | protocol::SHIM6 => {
                let Ok(extension) = Ipv6RawExtHeaderSlice::from_slice(part.bytes) else { return walk.short(part) };
                if next == protocol::ROUTING
                    && let Some(last) = final_destination(extension.payload())
                {
                    header.destination = IpAddr::V6(last);
                }
                (extension.next_header().0, extension.slice().len())
            }
            upper => return ip::upper(walk, header, upper, part),
        };
        next = following;
        part = part.skip(length)?;
    }
}

fn fragmented<'a>(
    walk: &Walk,
    header: &ip::Header,
    fragment: &Ipv6FragmentHeaderSlice<'a>,
    part: Cut<'a>,
) -> Option<Frame<'a>> {
    let body = part.skip(fragment.slice().len())?;
    let fragment = Fragment {
        id: fragment.identification(),
        offset: usize::from(fragment.fragment_offset().value()) * 8,
        more: fragment.more_fragments(),
        protocol: fragment.next_header().0,
        payload: body.bytes,
        wire_len: body.wire,
    };
    Some(header.fragment(walk, fragment))
}

/// Where a packet goes in the end, when its routing header has segments left: the peer answers from
/// there, not from the address in the fixed header. `payload` begins with the routing type.
fn final_destination(payload: &[u8]) -> Option<Ipv6Addr> {
    let (&[kind, left, _, _, _, _], addresses) = payload.split_first_chunk::<6>()?;
    if left == 0 {
        return None;
    }
    let (addresses, _) = addresses.as_chunks::<16>();
    let last = match kind {
        // Source route (RFC 2460 section 4.4, since withdrawn) and home address (RFC 6275 section 6.4).
        0 | 2 => addresses.last(),
        // Segment routing lists its segments backwards (RFC 8754 section 2).
        4 => addresses.first(),
        _ => None,
    };
    last.copied().map(Ipv6Addr::from)
}
