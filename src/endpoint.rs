//! The ends of a conversation.

use std::net::IpAddr;

/// One end of a session.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint {
    /// Its address.
    pub address: Address,
    /// Its port; absent where the transport has none (EAPOL).
    pub port: Option<u16>,
}

/// An address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Address {
    /// IPv4 or IPv6.
    Ip(IpAddr),
    /// A link-layer address.
    Mac([u8; 6]),
    /// The RADIUS peer by its Calling-Station-Id or User-Name.
    Text(String),
}
