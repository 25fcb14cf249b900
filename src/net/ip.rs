//! What IPv4 and IPv6 share: the dispatch by version and by protocol number.

use std::net::IpAddr;

use super::cut::Cut;
use super::walk::Walk;
use super::{Datagram, Fragment, Frame, Layer, Payload, gre, ipv4, ipv6, mpls, transport};

/// Numbers of the IANA protocol registry.
pub(super) mod protocol {
    pub(in crate::net) const HOP_BY_HOP: u8 = 0;
    pub(in crate::net) const IPV4: u8 = 4;
    pub(in crate::net) const TCP: u8 = 6;
    pub(in crate::net) const UDP: u8 = 17;
    pub(in crate::net) const IPV6: u8 = 41;
    pub(in crate::net) const ROUTING: u8 = 43;
    pub(in crate::net) const FRAGMENT: u8 = 44;
    pub(in crate::net) const GRE: u8 = 47;
    pub(in crate::net) const AUTHENTICATION: u8 = 51;
    pub(in crate::net) const DESTINATION_OPTIONS: u8 = 60;
    pub(in crate::net) const MOBILITY: u8 = 135;
    pub(in crate::net) const MPLS: u8 = 137;
    pub(in crate::net) const HOST_IDENTITY: u8 = 139;
    pub(in crate::net) const SHIM6: u8 = 140;
}

/// What a datagram keeps of its IP header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) ttl: u8,
    pub(super) ip_id: u32,
}

impl Header {
    /// The datagram of this header with the layers passed so far.
    #[inline]
    pub(super) fn datagram<'a>(&self, walk: &Walk, payload: Payload<'a>) -> Frame<'a> {
        Frame::Datagram(Datagram {
            encapsulation: walk.encapsulation,
            source: self.source,
            destination: self.destination,
            ttl: self.ttl,
            ip_id: self.ip_id,
            payload,
        })
    }

    pub(super) fn fragment<'a>(&self, walk: &Walk, fragment: Fragment<'a>) -> Frame<'a> {
        self.datagram(walk, Payload::Fragment(fragment))
    }

    fn version(&self) -> u8 {
        if self.source.is_ipv4() { 4 } else { 6 }
    }
}

/// A packet of the version that its first four bits name.
#[inline]
pub(super) fn packet<'a>(walk: &mut Walk, part: Cut<'a>) -> Option<Frame<'a>> {
    match part.nibble() {
        Some(4) => ipv4::packet(walk, part),
        Some(6) => ipv6::packet(walk, part),
        Some(_) => {
            walk.problem("malformed-ip-header", "An IP header names a version that is neither 4 nor 6.");
            None
        }
        None => walk.short(part),
    }
}

/// What an IP header of either version announces as the next one.
#[inline]
pub(super) fn upper<'a>(walk: &mut Walk, header: &mut Header, next: u8, part: Cut<'a>) -> Option<Frame<'a>> {
    match next {
        protocol::TCP => transport::tcp(walk, header, part),
        protocol::UDP => transport::udp(walk, header, part),
        _ => rarer(walk, header, next, part),
    }
}

fn rarer<'a>(walk: &mut Walk, header: &mut Header, next: u8, part: Cut<'a>) -> Option<Frame<'a>> {
    let outer = header.version();
    match next {
        protocol::IPV4 | protocol::IPV6 => {
            walk.push(Layer::IpInIp { outer, inner: if next == protocol::IPV4 { 4 } else { 6 } })?;
            packet(walk, part)
        }
        protocol::GRE => gre::packet(walk, header, part),
        protocol::MPLS => mpls::stack(walk, part),
        protocol::AUTHENTICATION => ipv6::extensions(walk, header, next, part),
        protocol::HOP_BY_HOP
        | protocol::ROUTING
        | protocol::FRAGMENT
        | protocol::DESTINATION_OPTIONS
        | protocol::MOBILITY
        | protocol::HOST_IDENTITY
        | protocol::SHIM6
            if outer == 6 =>
        {
            ipv6::extensions(walk, header, next, part)
        }
        other => Some(header.datagram(walk, Payload::Other { protocol: other })),
    }
}
