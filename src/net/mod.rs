//! From a captured frame to the innermost datagram: links, tunnels, IP, transport headers. No memory
//! of earlier packets (fragments are joined in `flow`).

use std::net::IpAddr;

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
    /// IPv4 identification, to know duplicates by; 0 where there is none.
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
}

/// A link or tunnel header passed on the way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
    /// IP in IP (4 or 6 on the outside).
    IpInIp(u8),
    /// GTP-U tunnel endpoint identifier.
    Gtp(u32),
}

/// The layers passed, outermost first; at most eight, deeper nesting is a Problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Encapsulation {
    /// The layers; `None` after the last.
    pub layers: [Option<Layer>; 8],
}
