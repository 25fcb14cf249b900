//! From a captured frame to the innermost datagram: links, tunnels, IP, transport headers. No memory
//! of earlier packets (fragments are joined in `flow`).

mod cooked;
mod cut;
mod ethernet;
mod gre;
mod ip;
mod ipv4;
mod ipv6;
mod loopback;
mod mpls;
mod nflog;
mod plain;
mod ppp;
mod transport;
mod tunnel;
mod walk;
mod wifi;

use std::fmt;
use std::net::IpAddr;

use crate::bytes::Parsed;
use crate::capture::LinkType;
use cut::Cut;
use walk::Walk;

/// What is followed of a captured frame.
#[derive(Debug, Clone, Copy)]
pub enum Frame<'a> {
    /// An IP packet, the innermost one where tunnels nest.
    Datagram(Datagram<'a>),
    /// EAP over LAN (IEEE 802.1X, EtherType 0x888e). It has no IP addresses.
    Eapol {
        /// Hardware address of the sender.
        source: [u8; 6],
        /// Hardware address it is sent to; zero where the link header has none (Linux cooked).
        destination: [u8; 6],
        /// The packet from its version byte on, with the padding of short Ethernet frames.
        payload: &'a [u8],
        /// Links and tunnels passed on the way in.
        encapsulation: Encapsulation,
    },
}

/// Links and tunnels that may nest in a packet.
pub const MOST_TUNNELS: usize = 8;

/// Decodes one captured frame of the given link type down to its innermost datagram, through up to
/// [`MOST_TUNNELS`] links and tunnels. `wire_len` is the length the frame had before the capture cut it.
///
/// `None` is what is not followed: ARP, management frames, encrypted wireless frames, and what is too
/// broken to say anything about; the latter has a Problem.
pub fn decode(link: LinkType, data: &[u8], wire_len: usize) -> Parsed<Option<Frame<'_>>> {
    decode_through(MOST_TUNNELS, link, data, wire_len)
}

/// The same through so many links and tunnels at most.
#[inline]
pub fn decode_through(tunnels: usize, link: LinkType, data: &[u8], wire_len: usize) -> Parsed<Option<Frame<'_>>> {
    if link == LinkType(1)
        && let Some(datagram) = plain::segment(data)
    {
        return Parsed { value: Some(Frame::Datagram(datagram)), problems: Vec::new() };
    }
    walk_through(tunnels, link, data, wire_len)
}

fn walk_through(tunnels: usize, link: LinkType, data: &[u8], wire_len: usize) -> Parsed<Option<Frame<'_>>> {
    let mut walk = Walk::new(Encapsulation::default(), tunnels);
    let part = Cut::new(data, wire_len);
    let value = match link.0 {
        1 => ethernet::frame(&mut walk, part),
        0 | 108 => loopback::frame(&mut walk, part),
        9 => ppp::frame(&mut walk, part),
        50 => ppp::serial(&mut walk, part),
        51 => ppp::session(&mut walk, part),
        104 => ppp::cisco_hdlc(&mut walk, part),
        204 => ppp::with_direction(&mut walk, part),
        12 | 14 | 101 | 228 | 229 => ip::packet(&mut walk, part),
        105 => wifi::frame(&mut walk, part),
        119 => wifi::prism(&mut walk, part),
        127 => wifi::radiotap(&mut walk, part),
        163 => wifi::avs(&mut walk, part),
        192 => wifi::ppi(&mut walk, part),
        113 => cooked::v1(&mut walk, part),
        276 => cooked::v2(&mut walk, part),
        219 => mpls::stack(&mut walk, part),
        239 => nflog::frame(&mut walk, part),
        _ => {
            walk.unknown_link(link);
            None
        }
    };
    Parsed { value, problems: walk.problems }
}

/// Decodes the payload of an IP packet that was joined from fragments. `outer` is a fragment of it,
/// `wire_len` the length of the whole payload, of which `data` is the part that was captured.
pub fn decode_joined<'a>(
    outer: &Datagram<'_>,
    protocol: u8,
    data: &'a [u8],
    wire_len: usize,
) -> Parsed<Option<Frame<'a>>> {
    let mut walk = Walk::new(outer.encapsulation, MOST_TUNNELS);
    let mut header =
        ip::Header { source: outer.source, destination: outer.destination, ttl: outer.ttl, ip_id: outer.ip_id };
    let value = ip::upper(&mut walk, &mut header, protocol, Cut::new(data, wire_len));
    Parsed { value, problems: walk.problems }
}

/// The innermost datagram of a frame.
#[derive(Debug, Clone, Copy)]
pub struct Datagram<'a> {
    /// Links and tunnels passed on the way in, outermost first.
    pub encapsulation: Encapsulation,
    /// Source address.
    pub source: IpAddr,
    /// Destination address.
    pub destination: IpAddr,
    /// IPv4 time-to-live or IPv6 hop limit.
    pub ttl: u8,
    /// IPv4 identification, or that of an IPv6 fragment, to know duplicates by; 0 where there is none.
    pub ip_id: u32,
    /// What it carries.
    pub payload: Payload<'a>,
}

/// What an innermost frame carries.
#[derive(Debug, Clone, Copy)]
pub enum Payload<'a> {
    /// A TCP segment.
    Tcp(Segment<'a>),
    /// A UDP datagram.
    Udp(UdpDatagram<'a>),
    /// A fragment of an IP packet that has to be joined first.
    Fragment(Fragment<'a>),
    /// Another IP protocol, not followed.
    Other {
        /// IP protocol number.
        protocol: u8,
    },
}

/// A TCP segment (RFC 9293).
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a> {
    /// Source port.
    pub source_port: u16,
    /// Destination port.
    pub destination_port: u16,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgement number; meaningful with the ACK flag.
    pub ack: u32,
    /// Flags.
    pub flags: TcpFlags,
    /// Window as in the header, not scaled.
    pub window: u16,
    /// Maximum segment size option.
    pub mss: Option<u16>,
    /// The payload as captured.
    pub payload: &'a [u8],
    /// Payload length on the wire; more than `payload` where the capture cut the packet.
    pub wire_len: usize,
}

/// TCP flags, as in byte 13 of the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    /// No more data from the sender.
    pub const fn fin(self) -> bool {
        self.0 & 0x01 != 0
    }
    /// Opens a connection.
    pub const fn syn(self) -> bool {
        self.0 & 0x02 != 0
    }
    /// Resets the connection.
    pub const fn rst(self) -> bool {
        self.0 & 0x04 != 0
    }
    /// The acknowledgement number is meaningful.
    pub const fn ack(self) -> bool {
        self.0 & 0x10 != 0
    }
}

/// A UDP datagram.
#[derive(Debug, Clone, Copy)]
pub struct UdpDatagram<'a> {
    /// Source port.
    pub source_port: u16,
    /// Destination port.
    pub destination_port: u16,
    /// The payload as captured.
    pub payload: &'a [u8],
    /// Payload length on the wire.
    pub wire_len: usize,
}

/// A fragment of an IP packet.
#[derive(Debug, Clone, Copy)]
pub struct Fragment<'a> {
    /// Identification.
    pub id: u32,
    /// Offset of its payload in bytes.
    pub offset: usize,
    /// Whether more follow.
    pub more: bool,
    /// IP protocol number of the whole.
    pub protocol: u8,
    /// The payload as captured.
    pub payload: &'a [u8],
    /// Payload length on the wire; more than `payload` where the capture cut the packet.
    pub wire_len: usize,
}

/// A link or tunnel header passed on the way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// 802.1Q or 802.1ad tag with its VLAN id.
    Vlan(u16),
    /// MPLS label.
    Mpls(u32),
    /// PPPoE session.
    Pppoe(u16),
    /// PPP.
    Ppp,
    /// 802.11.
    Wifi,
    /// GRE, with its key where there is one.
    Gre(Option<u32>),
    /// ERSPAN session.
    Erspan(u16),
    /// VXLAN network identifier.
    Vxlan(u32),
    /// Geneve network identifier.
    Geneve(u32),
    /// IP in IP: the version outside and the version inside.
    IpInIp {
        /// 4 or 6.
        outer: u8,
        /// 4 or 6.
        inner: u8,
    },
    /// GTP-U tunnel endpoint identifier.
    Gtp(u32),
}

/// The layers passed, outermost first; at most eight, deeper nesting is a Problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Encapsulation {
    /// The layers; `None` after the last.
    pub layers: [Option<Layer>; MOST_TUNNELS],
}

impl Encapsulation {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.layers.iter().flatten().count()
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        matches!(self.layers, [None, ..])
    }

    /// Adds a layer on the inside; `false` when there are eight already.
    pub fn push(&mut self, layer: Layer) -> bool {
        match self.layers.iter_mut().find(|slot| slot.is_none()) {
            Some(slot) => {
                *slot = Some(layer);
                true
            }
            None => false,
        }
    }

    /// The layers for a person, outermost first: `vlan 12`, `vxlan 5`, `6in4`.
    pub fn labels(&self) -> Vec<String> {
        self.layers.iter().flatten().map(ToString::to_string).collect()
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Vlan(id) => write!(f, "vlan {id}"),
            Self::Mpls(label) => write!(f, "mpls {label}"),
            Self::Pppoe(session) => write!(f, "pppoe {session}"),
            Self::Ppp => f.write_str("ppp"),
            Self::Wifi => f.write_str("802.11"),
            Self::Gre(None) => f.write_str("gre"),
            Self::Gre(Some(key)) => write!(f, "gre {key}"),
            Self::Erspan(session) => write!(f, "erspan {session}"),
            Self::Vxlan(network) => write!(f, "vxlan {network}"),
            Self::Geneve(network) => write!(f, "geneve {network}"),
            Self::IpInIp { outer: 4, inner: 4 } => f.write_str("ipip"),
            Self::IpInIp { outer, inner } => write!(f, "{inner}in{outer}"),
            Self::Gtp(tunnel) => write!(f, "gtp {tunnel}"),
        }
    }
}

#[cfg(test)]
mod tests;
