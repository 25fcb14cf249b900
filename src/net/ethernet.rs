//! Ethernet II, IEEE 802.3 with LLC and SNAP, VLAN tags, and the dispatch by EtherType.

use super::cut::Cut;
use super::walk::Walk;
use super::{Frame, Layer, ip, mpls, ppp};

/// EtherTypes of the IEEE registry.
mod ether_type {
    pub(super) const IPV4: u16 = 0x0800;
    pub(super) const ARP: u16 = 0x0806;
    pub(super) const TRANSPARENT_ETHERNET: u16 = 0x6558;
    pub(super) const VLAN: u16 = 0x8100;
    pub(super) const IPV6: u16 = 0x86dd;
    pub(super) const MPLS: u16 = 0x8847;
    pub(super) const MPLS_UPSTREAM: u16 = 0x8848;
    pub(super) const PPPOE_DISCOVERY: u16 = 0x8863;
    pub(super) const PPPOE_SESSION: u16 = 0x8864;
    pub(super) const EAPOL: u16 = 0x888e;
    pub(super) const PROVIDER_VLAN: u16 = 0x88a8;
    pub(super) const LLDP: u16 = 0x88cc;
    pub(super) const OLD_QINQ: u16 = 0x9100;
    /// Below this the field is the length of an 802.3 frame.
    pub(super) const FIRST: u16 = 0x0600;
}

/// A frame from its destination address on.
#[inline]
pub(super) fn frame<'a>(walk: &mut Walk, part: Cut<'a>) -> Option<Frame<'a>> {
    let Some((header, rest)) = part.head::<14>() else { return walk.short(part) };
    let [d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, t0, t1] = *header;
    walk.destination = [d0, d1, d2, d3, d4, d5];
    walk.source = [s0, s1, s2, s3, s4, s5];
    payload(walk, u16::from_be_bytes([t0, t1]), rest)
}

/// What follows a type field: that of Ethernet, a VLAN tag, SNAP, GRE or Linux cooked.
#[inline]
pub(super) fn payload<'a>(walk: &mut Walk, mut kind: u16, mut part: Cut<'a>) -> Option<Frame<'a>> {
    loop {
        match kind {
            ether_type::IPV4 | ether_type::IPV6 => return ip::packet(walk, part),
            ether_type::VLAN | ether_type::PROVIDER_VLAN | ether_type::OLD_QINQ => {
                let Some((&[c0, c1, t0, t1], rest)) = part.head::<4>() else { return walk.short(part) };
                walk.push(Layer::Vlan(u16::from_be_bytes([c0, c1]) & 0x0fff))?;
                kind = u16::from_be_bytes([t0, t1]);
                part = rest;
            }
            _ => return rarer(walk, kind, part),
        }
    }
}

fn rarer<'a>(walk: &mut Walk, kind: u16, part: Cut<'a>) -> Option<Frame<'a>> {
    match kind {
        ether_type::MPLS | ether_type::MPLS_UPSTREAM => mpls::stack(walk, part),
        ether_type::PPPOE_SESSION => ppp::session(walk, part),
        ether_type::EAPOL => Some(Frame::Eapol {
            source: walk.source,
            destination: walk.destination,
            payload: part.bytes,
            encapsulation: walk.encapsulation,
        }),
        length if length < ether_type::FIRST => llc(walk, part.at_most(usize::from(length))),
        _ => None,
    }
}

/// IEEE 802.2 logical link control: SNAP (RFC 1042) or IP itself (RFC 948).
pub(super) fn llc<'a>(walk: &mut Walk, part: Cut<'a>) -> Option<Frame<'a>> {
    let (&[destination, source, control], rest) = part.head::<3>()?;
    match (destination, source, control) {
        (0xaa, 0xaa, 0x03) => {
            let Some((&[o0, o1, o2, t0, t1], rest)) = rest.head::<5>() else { return walk.short(rest) };
            let kind = u16::from_be_bytes([t0, t1]);
            // 00-00-f8 is the bridge tunnel encapsulation of IEEE 802.1H.
            let is_ether_type = matches!([o0, o1, o2], [0, 0, 0] | [0, 0, 0xf8]) && kind >= ether_type::FIRST;
            if is_ether_type { payload(walk, kind, rest) } else { None }
        }
        (0x06, 0x06, 0x03) => ip::packet(walk, rest),
        _ => None,
    }
}

/// Whether these bytes look like an Ethernet frame: for tunnels known by no more than a port, and for
/// MPLS, which does not say what it carries.
pub(super) fn is_plausible(part: Cut<'_>) -> bool {
    let Some((header, rest)) = part.head::<14>() else { return false };
    let [.., t0, t1] = *header;
    match u16::from_be_bytes([t0, t1]) {
        ether_type::IPV4 => rest.nibble().is_none_or(|version| version == 4),
        ether_type::IPV6 => rest.nibble().is_none_or(|version| version == 6),
        ether_type::VLAN
        | ether_type::PROVIDER_VLAN
        | ether_type::OLD_QINQ
        | ether_type::ARP
        | ether_type::MPLS
        | ether_type::MPLS_UPSTREAM
        | ether_type::PPPOE_DISCOVERY
        | ether_type::PPPOE_SESSION
        | ether_type::EAPOL
        | ether_type::LLDP
        | ether_type::TRANSPARENT_ETHERNET => true,
        length => {
            let is_llc = matches!(rest.bytes, [0xaa, 0xaa, 0x03, ..] | [0x42, 0x42, 0x03, ..] | [0xfe, 0xfe, 0x03, ..]);
            length < ether_type::FIRST && usize::from(length) <= rest.wire && is_llc
        }
    }
}
