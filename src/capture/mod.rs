//! Capture files: pcap and pcapng as a stream of items, from any `Read`.

use crate::problem::Problem;
use crate::seen::{At, PacketNo};
use crate::time::Timestamp;

/// Link-layer header type (the `LINKTYPE_` registry of tcpdump.org).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkType(pub u32);

/// A captured packet.
#[derive(Debug, Clone, Copy)]
pub struct Packet<'a> {
    /// Its number.
    pub no: PacketNo,
    /// Its time; the previous packet's where the file gives none (Simple Packet Block).
    pub time: Timestamp,
    /// Link type of its interface.
    pub link: LinkType,
    /// The captured bytes.
    pub data: &'a [u8],
    /// How long it was on the wire; more than `data` where the capture cut it.
    pub wire_len: u32,
}

impl Packet<'_> {
    /// Number and time.
    pub fn at(&self) -> At {
        At { packet: self.no, time: self.time }
    }
}

/// What a capture yields.
#[derive(Debug)]
pub enum Item<'a> {
    /// A packet.
    Packet(Packet<'a>),
    /// A TLS key log embedded in the capture (Decryption Secrets Block).
    Secrets(&'a str),
    /// Something odd about the file.
    Problem(Problem),
}

/// A source of items: a file, a pipe, a device.
pub trait PacketSource {
    /// Why the source itself stopped working (not: why its bytes are odd).
    type Error;

    /// The next item; `None` at the end.
    fn next(&mut self) -> Result<Option<Item<'_>>, Self::Error>;
}
