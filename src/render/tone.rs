//! What a piece of text means. The faces for a terminal say how that looks.

use crate::report::{Entry, EntryKind};

/// What a piece of text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Nothing special.
    Plain,
    /// What to read first.
    Strong,
    /// What to read last.
    Dim,
    /// A heading.
    Heading,
    /// As it should be.
    Good,
    /// Wrong.
    Bad,
    /// Uncertain or odd.
    Warn,
    /// Proves the verdict.
    Evidence,
    /// A key, or something to copy.
    Key,
}

impl Tone {
    /// That of an entry's name in a timeline.
    pub fn of_name(entry: &Entry) -> Self {
        match entry.kind {
            EntryKind::Alert => Self::Bad,
            EntryKind::Tcp if entry.name == "RST" => Self::Bad,
            EntryKind::Note => Self::Warn,
            EntryKind::Tcp | EntryKind::ChangeCipherSpec | EntryKind::ApplicationData => Self::Dim,
            EntryKind::Handshake | EntryKind::Preamble => Self::Strong,
        }
    }
}
