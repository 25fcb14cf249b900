//! Where and how a fact was learnt. A fact knows its packet; then evidence falls out of it.

use std::borrow::Cow;
use std::fmt;

use crate::time::Timestamp;

/// 1-based number of a captured packet, as other analysers show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PacketNo(pub u64);

impl fmt::Display for PacketNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The packet that carried (the last byte of) something, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct At {
    /// The packet.
    pub packet: PacketNo,
    /// Its time.
    pub time: Timestamp,
}

/// How a fact was learnt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Basis {
    /// Its bytes were read in the clear.
    Read,
    /// Its bytes were read after decryption.
    Decrypted,
    /// It follows from lengths and order of what could not be read; says how.
    Inferred(Cow<'static, str>),
}

/// A fact with its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen<T> {
    /// The fact.
    pub value: T,
    /// The packet that completed it.
    pub packet: PacketNo,
    /// That packet's time.
    pub time: Timestamp,
    /// How it was learnt.
    pub basis: Basis,
}

impl<T> Seen<T> {
    /// A fact read in the clear.
    pub fn read(value: T, at: At) -> Self {
        Self { value, packet: at.packet, time: at.time, basis: Basis::Read }
    }

    /// A fact read after decryption.
    pub fn decrypted(value: T, at: At) -> Self {
        Self { value, packet: at.packet, time: at.time, basis: Basis::Decrypted }
    }

    /// A fact that follows from what could not be read.
    pub fn inferred(value: T, at: At, why: impl Into<Cow<'static, str>>) -> Self {
        Self { value, packet: at.packet, time: at.time, basis: Basis::Inferred(why.into()) }
    }

    /// Where it was seen.
    pub fn at(&self) -> At {
        At { packet: self.packet, time: self.time }
    }

    /// Whether it was inferred rather than read.
    pub fn is_inferred(&self) -> bool {
        matches!(self.basis, Basis::Inferred(_))
    }

    /// Another fact with the same origin.
    pub fn map<U>(&self, f: impl FnOnce(&T) -> U) -> Seen<U> {
        Seen { value: f(&self.value), packet: self.packet, time: self.time, basis: self.basis.clone() }
    }
}

/// Why something that may have been sent cannot be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hidden {
    /// It would be inside records that could not be decrypted.
    Encrypted,
    /// Bytes are missing from the capture where it would stand.
    Gap,
    /// It would have been sent before the capture began.
    BeforeCapture,
    /// The capture ends (or the session was let go) before it could have come.
    AfterCapture,
    /// The capture kept only the head of the packet.
    Snaplen,
}

/// Something that one side may send: seen, not sent, or not visible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observed<T> {
    /// It was seen.
    Seen(Seen<T>),
    /// It was certainly not sent.
    NotSent,
    /// Whether it was sent cannot be seen.
    Hidden(Hidden),
}

impl<T> Observed<T> {
    /// The fact where it was seen.
    pub fn seen(&self) -> Option<&Seen<T>> {
        match self {
            Self::Seen(seen) => Some(seen),
            Self::NotSent | Self::Hidden(_) => None,
        }
    }

    /// The value where it was seen.
    pub fn value(&self) -> Option<&T> {
        self.seen().map(|seen| &seen.value)
    }

    /// Whether it was seen.
    pub fn is_seen(&self) -> bool {
        matches!(self, Self::Seen(_))
    }

    /// Whether it was certainly not sent.
    pub fn is_not_sent(&self) -> bool {
        matches!(self, Self::NotSent)
    }

    /// Why it cannot be seen, where it cannot.
    pub fn hidden(&self) -> Option<Hidden> {
        match self {
            Self::Hidden(why) => Some(*why),
            Self::Seen(_) | Self::NotSent => None,
        }
    }
}
