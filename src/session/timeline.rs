//! The ordered view of a session: what a person reads from top to bottom.

use std::borrow::Cow;

use crate::role::Role;
use crate::seen::{PacketNo, Seen};
use crate::time::Timestamp;

/// All entries of a session, in the order of the capture.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    /// The entries.
    pub entries: Vec<Entry>,
    /// How many were left out because the timeline had grown too long.
    pub dropped: u64,
}

/// One line of the timeline.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Who sent it.
    pub from: Role,
    /// Packet that completed it.
    pub packet: PacketNo,
    /// That packet's time.
    pub time: Timestamp,
    /// What kind of thing it is.
    pub kind: EntryKind,
    /// The RFC's name: `ClientHello`, `Alert`, `SYN`, …
    pub name: Cow<'static, str>,
    /// Length in bytes of the message or record.
    pub length: Option<usize>,
    /// It travelled in a protected record.
    pub protected: bool,
    /// It was inferred; the name may be a guess.
    pub inferred: bool,
    /// One line for a person. Not escaped.
    pub text: Cow<'static, str>,
}

/// Kind of a timeline entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// SYN, FIN, RST, retransmission, gap.
    Tcp,
    /// Spoken ahead of TLS.
    Preamble,
    /// A handshake message.
    Handshake,
    /// An alert.
    Alert,
    /// ChangeCipherSpec.
    ChangeCipherSpec,
    /// Application data (runs of records are folded into one entry).
    ApplicationData,
    /// A remark of tlswhy's own.
    Note,
}

impl EntryKind {
    /// The word in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Preamble => "preamble",
            Self::Handshake => "handshake",
            Self::Alert => "alert",
            Self::ChangeCipherSpec => "change_cipher_spec",
            Self::ApplicationData => "application_data",
            Self::Note => "note",
        }
    }
}

/// Makes an entry's origin from a fact's.
impl Entry {
    /// An entry at the place of `seen`, with no text yet.
    pub fn at<T>(from: Role, kind: EntryKind, name: impl Into<Cow<'static, str>>, seen: &Seen<T>) -> Self {
        Self {
            from,
            packet: seen.packet,
            time: seen.time,
            kind,
            name: name.into(),
            length: None,
            protected: false,
            inferred: seen.is_inferred(),
            text: Cow::default(),
        }
    }
}
