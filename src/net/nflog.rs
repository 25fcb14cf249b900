//! Packets logged by Linux netfilter (LINKTYPE_NFLOG): attributes, one of which is an IP packet.

use super::cut::Cut;
use super::walk::Walk;
use super::{Frame, ip};

/// NFULA_PAYLOAD of Linux.
const PAYLOAD: u16 = 9;

/// A frame from its address family on. Attributes are in the byte order of the host, which is not known.
pub(super) fn frame<'a>(walk: &mut Walk, part: Cut<'a>) -> Option<Frame<'a>> {
    let Some((&[_family, version, _, _], mut rest)) = part.head::<4>() else { return walk.short(part) };
    if version != 0 {
        return None;
    }
    while !rest.bytes.is_empty() {
        let Some((&[l0, l1, t0, t1], value)) = rest.head::<4>() else { return walk.short(rest) };
        let little = (u16::from_le_bytes([l0, l1]), u16::from_le_bytes([t0, t1]));
        let big = (u16::from_be_bytes([l0, l1]), u16::from_be_bytes([t0, t1]));
        // Types are small numbers, so that only one order makes sense. The top bits are flags.
        let (length, kind) = if little.1 & 0x3fff < 0x100 { little } else { big };
        let Some(body) = usize::from(length).checked_sub(4) else {
            walk.problem("malformed-packet", "An attribute of this logged packet is shorter than its own header.");
            return None;
        };
        if kind & 0x3fff == PAYLOAD {
            // Nothing but IP is of use; bridged frames come without their Ethernet header.
            return match value.nibble() {
                Some(4 | 6) => ip::packet(walk, value.at_most(body)),
                _ => None,
            };
        }
        rest = value.skip(body.next_multiple_of(4))?;
    }
    None
}
