//! GRE (RFC 2784, RFC 2890), its use by PPTP (RFC 2637) and NVGRE (RFC 7637), and ERSPAN.

use super::cut::Cut;
use super::ip;
use super::walk::Walk;
use super::{Frame, Layer, Payload, ethernet, ppp};

/// Protocol types beyond the EtherTypes of `ethernet`.
mod kind {
    pub(super) const TRANSPARENT_ETHERNET: u16 = 0x6558;
    pub(super) const PPP: u16 = 0x880b;
    pub(super) const WCCP: u16 = 0x883e;
    pub(super) const ERSPAN: u16 = 0x88be;
    pub(super) const ERSPAN3: u16 = 0x22eb;
}

/// A GRE packet. What is not understood of it is left as a datagram of its protocol.
pub(super) fn packet<'a>(walk: &mut Walk, header: &ip::Header, part: Cut<'a>) -> Option<Frame<'a>> {
    let Some((&[f0, f1, t0, t1], mut rest)) = part.head::<4>() else { return walk.short(part) };
    let flags = u16::from_be_bytes([f0, f1]);
    let kind = u16::from_be_bytes([t0, t1]);
    let (checksum, routing, with_key, sequence) =
        (flags & 0x8000 != 0, flags & 0x4000 != 0, flags & 0x2000 != 0, flags & 0x1000 != 0);
    let version = flags & 7;
    if version > 1 || routing {
        return Some(header.datagram(walk, Payload::Other { protocol: ip::protocol::GRE }));
    }
    let mut key = None;
    if checksum {
        rest = rest.skip(4).or_else(|| cut(walk, part))?;
    }
    if with_key {
        let Some((bytes, behind)) = rest.head::<4>() else { return walk.short(part) };
        key = Some(u32::from_be_bytes(*bytes));
        rest = behind;
    }
    if sequence {
        rest = rest.skip(4).or_else(|| cut(walk, part))?;
    }
    if version == 1 && flags & 0x0080 != 0 {
        // The acknowledgement number of PPTP.
        rest = rest.skip(4).or_else(|| cut(walk, part))?;
    }
    match kind {
        kind::ERSPAN => erspan(walk, rest, sequence),
        kind::ERSPAN3 => erspan3(walk, rest),
        kind::PPP => {
            walk.push(Layer::Gre(key))?;
            ppp::protocol(walk, rest)
        }
        kind::TRANSPARENT_ETHERNET => {
            walk.push(Layer::Gre(key))?;
            ethernet::frame(walk, rest)
        }
        kind::WCCP => {
            walk.push(Layer::Gre(key))?;
            // Version 2 of WCCP puts four bytes ahead of the packet.
            let inner = if rest.nibble() == Some(4) { rest } else { rest.skip(4)? };
            ip::packet(walk, inner)
        }
        0..0x0600 => Some(header.datagram(walk, Payload::Other { protocol: ip::protocol::GRE })),
        _ => {
            walk.push(Layer::Gre(key))?;
            ethernet::payload(walk, kind, rest)
        }
    }
}

fn cut<'a>(walk: &mut Walk, part: Cut<'_>) -> Option<Cut<'a>> {
    let _ = walk.short(part);
    None
}

/// ERSPAN type I has no header, and no sequence number in the GRE header; type II has eight bytes
/// (draft-foschiano-erspan section 4).
fn erspan<'a>(walk: &mut Walk, part: Cut<'a>, sequence: bool) -> Option<Frame<'a>> {
    if !sequence {
        walk.push(Layer::Erspan(0))?;
        return ethernet::frame(walk, part);
    }
    let Some((&[_, _, s0, s1, _, _, _, _], rest)) = part.head::<8>() else { return walk.short(part) };
    walk.push(Layer::Erspan(u16::from_be_bytes([s0, s1]) & 0x03ff))?;
    ethernet::frame(walk, rest)
}

/// ERSPAN type III has twelve bytes, and eight more where its last bit says so.
fn erspan3<'a>(walk: &mut Walk, part: Cut<'a>) -> Option<Frame<'a>> {
    let Some((header, mut rest)) = part.head::<12>() else { return walk.short(part) };
    let [_, _, s0, s1, _, _, _, _, _, _, frame, options] = *header;
    if options & 1 != 0 {
        let Some(behind) = rest.skip(8) else { return walk.short(rest) };
        rest = behind;
    }
    walk.push(Layer::Erspan(u16::from_be_bytes([s0, s1]) & 0x03ff))?;
    match frame >> 2 & 0x1f {
        0 => ethernet::frame(walk, rest),
        2 => ip::packet(walk, rest),
        _ => None,
    }
}
