//! PPP (RFC 1661), in HDLC-like framing (RFC 1662), and in PPPoE sessions (RFC 2516); Cisco HDLC.

use super::cut::Cut;
use super::walk::Walk;
use super::{Frame, Layer, ethernet, ip, mpls};

/// LINKTYPE_PPP.
pub(super) fn frame<'a>(walk: &mut Walk, part: Cut<'a>) -> Option<Frame<'a>> {
    walk.push(Layer::Ppp)?;
    protocol(walk, part)
}

/// LINKTYPE_PPP_HDLC: PPP, or Cisco HDLC by its address byte.
pub(super) fn serial<'a>(walk: &mut Walk, part: Cut<'a>) -> Option<Frame<'a>> {
    match part.bytes {
        [0x0f | 0x8f, ..] => cisco_hdlc(walk, part),
        _ => frame(walk, part),
    }
}

/// LINKTYPE_PPP_WITH_DIR: a byte for the direction, then PPP.
pub(super) fn with_direction<'a>(walk: &mut Walk, part: Cut<'a>) -> Option<Frame<'a>> {
    let Some(rest) = part.skip(1) else { return walk.short(part) };
    frame(walk, rest)
}

/// LINKTYPE_C_HDLC: address, control, EtherType.
pub(super) fn cisco_hdlc<'a>(walk: &mut Walk, part: Cut<'a>) -> Option<Frame<'a>> {
    let Some((&[_, _, t0, t1], rest)) = part.head::<4>() else { return walk.short(part) };
    ethernet::payload(walk, u16::from_be_bytes([t0, t1]), rest)
}

/// A PPPoE session packet from its version on (RFC 2516 section 4). Discovery has a code other than 0.
pub(super) fn session<'a>(walk: &mut Walk, part: Cut<'a>) -> Option<Frame<'a>> {
    let Some((&[version, code, s0, s1, l0, l1], rest)) = part.head::<6>() else { return walk.short(part) };
    if (version, code) != (0x11, 0) {
        return None;
    }
    walk.push(Layer::Pppoe(u16::from_be_bytes([s0, s1])))?;
    protocol(walk, rest.at_most(usize::from(u16::from_be_bytes([l0, l1]))))
}

/// PPP from its protocol field on, or from the address and control bytes ahead of it. All three may
/// have been compressed (RFC 1661 section 6.5, RFC 1662 section 3.2).
pub(super) fn protocol<'a>(walk: &mut Walk, part: Cut<'a>) -> Option<Frame<'a>> {
    let part = match part.bytes {
        [0xff, 0x03, ..] => part.skip(2).unwrap_or(part),
        _ => part,
    };
    let (protocol, rest) = match part.bytes {
        [low, ..] if low & 1 == 1 => (u16::from(*low), part.skip(1)),
        [high, low, ..] => (u16::from_be_bytes([*high, *low]), part.skip(2)),
        _ => return walk.short(part),
    };
    let rest = rest?;
    match protocol {
        0x0021 | 0x0057 => ip::packet(walk, rest),
        0x0281 | 0x0283 => mpls::stack(walk, rest),
        _ => None,
    }
}
