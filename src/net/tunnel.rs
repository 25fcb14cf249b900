//! Tunnels over UDP: VXLAN, Geneve, GTP-U and MPLS. A port alone proves nothing, since a client may
//! happen to use it: what does not look like a tunnel header with a packet behind it stays a datagram.

use super::cut::Cut;
use super::walk::Walk;
use super::{Frame, Layer, ethernet, ip, mpls};

/// A tunnel recognised by its destination port and its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tunnel {
    /// RFC 7348; Linux used port 8472 before there was an assigned one.
    Vxlan,
    /// RFC 8926.
    Geneve,
    /// 3GPP TS 29.281.
    Gtp,
    /// RFC 7510.
    Mpls,
}

impl Tunnel {
    /// The tunnel that a datagram to this port carries.
    #[inline]
    pub(super) fn recognise(destination_port: u16, part: Cut<'_>) -> Option<Self> {
        let (tunnel, is_plausible) = match destination_port {
            4789 | 8472 => (Self::Vxlan, vxlan(part).is_some()),
            6081 => (Self::Geneve, geneve(part).is_some()),
            2152 => (Self::Gtp, gtp(part).is_some()),
            6635 => (Self::Mpls, mpls::is_plausible(part)),
            _ => return None,
        };
        is_plausible.then_some(tunnel)
    }

    /// Decodes what is inside.
    pub(super) fn enter<'a>(self, walk: &mut Walk, part: Cut<'a>) -> Option<Frame<'a>> {
        match self {
            Self::Vxlan => {
                let (network, inner) = vxlan(part)?;
                walk.push(Layer::Vxlan(network))?;
                ethernet::frame(walk, inner)
            }
            Self::Geneve => {
                let (network, kind, inner) = geneve(part)?;
                walk.push(Layer::Geneve(network))?;
                if kind == ETHERNET { ethernet::frame(walk, inner) } else { ip::packet(walk, inner) }
            }
            Self::Gtp => {
                let (endpoint, inner) = gtp(part)?;
                walk.push(Layer::Gtp(endpoint))?;
                ip::packet(walk, inner)
            }
            Self::Mpls => mpls::stack(walk, part),
        }
    }
}

/// EtherType of transparent Ethernet bridging.
const ETHERNET: u16 = 0x6558;

/// Network identifier and inner frame. Of the flags only I has to be set; those of the group policy
/// extension (draft-smith-vxlan-group-policy) are let pass.
fn vxlan(part: Cut<'_>) -> Option<(u32, Cut<'_>)> {
    let (&[flags, policy, _, _, n0, n1, n2, reserved], inner) = part.head::<8>()?;
    let is_header = flags & !0x80 == 0x08 && policy & !0x48 == 0 && reserved == 0;
    (is_header && ethernet::is_plausible(inner)).then_some((u32::from_be_bytes([0, n0, n1, n2]), inner))
}

/// Network identifier, EtherType and inner frame.
fn geneve(part: Cut<'_>) -> Option<(u32, u16, Cut<'_>)> {
    let (&[options, flags, t0, t1, n0, n1, n2, reserved], rest) = part.head::<8>()?;
    let is_header = options >> 6 == 0 && flags & 0x3f == 0 && reserved == 0;
    let inner = rest.skip(usize::from(options & 0x3f) * 4)?;
    let kind = u16::from_be_bytes([t0, t1]);
    let has_packet = match kind {
        ETHERNET => ethernet::is_plausible(inner),
        0x0800 => inner.nibble() == Some(4),
        0x86dd => inner.nibble() == Some(6),
        _ => false,
    };
    (is_header && has_packet).then_some((u32::from_be_bytes([0, n0, n1, n2]), kind, inner))
}

/// Tunnel endpoint identifier and inner packet of a G-PDU (section 5.1), behind its extension headers.
fn gtp(part: Cut<'_>) -> Option<(u32, Cut<'_>)> {
    let (&[flags, message, l0, l1, e0, e1, e2, e3], rest) = part.head::<8>()?;
    let length = usize::from(u16::from_be_bytes([l0, l1]));
    // Version 1, protocol type GTP, spare bit 0; 255 is a G-PDU.
    if flags & 0xf8 != 0x30 || message != 255 || length > rest.wire {
        return None;
    }
    let mut inner = rest.at_most(length);
    if flags & 0x07 != 0 {
        let (&[_, _, _, mut next], rest) = inner.head::<4>()?;
        inner = rest;
        while flags & 0x04 != 0 && next != 0 {
            let words = usize::from(*inner.bytes.first()?).max(1);
            next = *inner.bytes.get(words * 4 - 1)?;
            inner = inner.skip(words * 4)?;
        }
    }
    matches!(inner.nibble(), Some(4 | 6)).then_some((u32::from_be_bytes([e0, e1, e2, e3]), inner))
}
