//! MPLS label stacks (RFC 3032) and the pseudowires they carry (RFC 4448).

use super::cut::Cut;
use super::walk::Walk;
use super::{Frame, Layer, ethernet, ip, ipv4, ipv6};

/// A stack from its outermost label on. MPLS does not say what lies below the last label.
pub(super) fn stack<'a>(walk: &mut Walk, mut part: Cut<'a>) -> Option<Frame<'a>> {
    loop {
        let Some((entry, rest)) = part.head::<4>() else { return walk.short(part) };
        let entry = u32::from_be_bytes(*entry);
        walk.push(Layer::Mpls(entry >> 12))?;
        part = rest;
        if entry & 0x100 != 0 {
            break;
        }
    }
    match part.nibble() {
        // A pseudowire without a control word may carry a hardware address that begins with a 4 or a 6.
        Some(4) if ipv4::is_plausible(part) || !ethernet::is_plausible(part) => ip::packet(walk, part),
        Some(6) if ipv6::is_plausible(part) || !ethernet::is_plausible(part) => ip::packet(walk, part),
        // The control word of a pseudowire (RFC 4385 section 3).
        Some(0) => {
            let Some(inner) = part.skip(4) else { return walk.short(part) };
            if ethernet::is_plausible(inner) || !ethernet::is_plausible(part) {
                ethernet::frame(walk, inner)
            } else {
                ethernet::frame(walk, part)
            }
        }
        _ if ethernet::is_plausible(part) => ethernet::frame(walk, part),
        _ => None,
    }
}

/// Whether a stack ends at an IP packet: for MPLS known by no more than a port (RFC 7510).
pub(super) fn is_plausible(mut part: Cut<'_>) -> bool {
    for _ in 0..8 {
        let Some((entry, rest)) = part.head::<4>() else { return false };
        part = rest;
        if u32::from_be_bytes(*entry) & 0x100 != 0 {
            return matches!(part.nibble(), Some(4 | 6)) || ethernet::is_plausible(part);
        }
    }
    false
}
