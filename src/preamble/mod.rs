//! Protocols spoken ahead of TLS on the same connection: recognised by content, on any port.
//!
//! TLS itself is found by its own first record, whatever was said before it; what is said here
//! explains refusals, and gives the words.

mod binary;
mod lines;
mod recognise;

use crate::endpoint::Endpoint;
use crate::role::{ByRole, Role};
use crate::seen::{At, Seen};

pub use binary::TdsUnwrapper;
pub use recognise::{Recognised, first_line, recognise};

/// What was spoken ahead of TLS on the same connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preamble {
    /// The protocol's word in the report: `smtp`, `postgresql`, `http-connect`, `proxy-v2`, …
    pub protocol: &'static str,
    /// How it ended.
    pub outcome: PreambleOutcome,
    /// Lines worth showing, with their origin.
    pub lines: Vec<Seen<PreambleLine>>,
    /// The client address that a PROXY header announces.
    pub announced_client: Option<Endpoint>,
}

/// How a preamble ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PreambleOutcome {
    /// TLS was agreed on and followed (or should have).
    Upgraded(Seen<()>),
    /// The server or proxy said no; its words.
    Refused(Seen<String>),
    /// The server did not offer the upgrade, or the client never asked.
    NotOffered(Seen<String>),
    /// It was still going on.
    Unfinished,
}

/// One line (or message) of a preamble.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreambleLine {
    /// Who sent it.
    pub from: Role,
    /// What it says, for a person. Not escaped.
    pub text: String,
}

/// How much of each side's plaintext is kept.
const KEPT: usize = 8 * 1024;
/// How many lines of a preamble are kept.
const LINES: usize = 24;

/// A PROXY header of version 1 is no longer, and the fixed part of version 2 is shorter.
const LONGEST_LINE: usize = 108;

/// Whether TLS begins in these bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// It does, after so many bytes of plaintext.
    Tls {
        /// Bytes before it.
        skip: usize,
    },
    /// It does not.
    NotYet,
}

/// Collects what is said ahead of TLS.
#[derive(Debug, Clone, Default)]
pub struct Tracker {
    sides: ByRole<Side>,
    lines: Vec<Seen<PreambleLine>>,
    upgraded: Option<At>,
    /// Client's words that asked for TLS, and where.
    asked: Option<(At, &'static str)>,
    refused: Option<Seen<String>>,
    not_offered: Option<Seen<String>>,
    protocol: Option<&'static str>,
    announced: Option<Endpoint>,
}

#[derive(Debug, Clone, Default)]
struct Side {
    text: Vec<u8>,
    first: Option<At>,
    /// Bytes of an unfinished line or message.
    pending: Vec<u8>,
    gap: bool,
}

/// Whether TLS begins in `bytes`, the next ones of `from`.
pub fn find_tls(_from: Role, held: &[u8], bytes: &[u8], tracker: &Tracker) -> Start {
    // Of what is full the rest is not there.
    let in_header = held.len() < KEPT && lines::may_be_header(held);
    // Most of what is said without TLS begins in no way that matters here.
    if !in_header && !matches!(bytes, [21 | 22 | 0x80.., ..]) && !lines::may_be_header(bytes) {
        return Start::NotYet;
    }
    let at_boundary = |offset: usize| bytes.get(offset..).is_some_and(starts_tls);
    if at_boundary(0) && (held.is_empty() || tracker.is_protocol_with_upgrade()) {
        return Start::Tls { skip: 0 };
    }
    // Whatever was said before: nothing but TLS begins with a whole hello's headers.
    if starts_hello(bytes) {
        return Start::Tls { skip: 0 };
    }
    // A PROXY header or a CONNECT response may share its segment with the first record.
    let skip = if in_header && lines::is_partial_header(held) {
        let head = bytes.get(..LONGEST_LINE).unwrap_or(bytes);
        lines::header_len(&[held, head].concat()).and_then(|length| length.checked_sub(held.len()))
    } else {
        lines::header_len(bytes)
    };
    match skip {
        Some(skip) if at_boundary(skip) => Start::Tls { skip },
        _ => Start::NotYet,
    }
}

/// Whether these bytes begin a TLS record of a kind that opens a conversation: a handshake record with
/// a hello in it, an alert, or an SSLv2 ClientHello.
fn starts_tls(bytes: &[u8]) -> bool {
    match bytes {
        // Even the first byte alone decides: no text protocol begins with it.
        [22] | [22, 3] => true,
        [22, 3, 0..=4, _, _] | [22, 3, 0..=4, _] | [22, 3, 0..=4] => true,
        [22, 3, 0..=4, _, _, kind, ..] => matches!(kind, 0..=2 | 4 | 8 | 11..=16 | 20),
        [21, 3, 0..=4, 0, 2, 1 | 2, ..] => true,
        [high, _, 1, 0 | 3, 0..=4, 0, ..] if high & 0x80 != 0 && bytes.len() >= 11 => true,
        _ => false,
    }
}

/// Whether these bytes begin a handshake record with a ClientHello or ServerHello in it whose lengths
/// agree with each other (RFC 8446 sections 5.1 and 4).
fn starts_hello(bytes: &[u8]) -> bool {
    let [22, 3, 0..=4, high, low, kind @ (1 | 2), 0, middle, last, 3, 0..=3, ..] = bytes else { return false };
    let record = usize::from(u16::from_be_bytes([*high, *low]));
    let body = usize::from(u16::from_be_bytes([*middle, *last]));
    let smallest = if *kind == 1 { 41 } else { 38 };
    (smallest..=16_384).contains(&body) && record >= 4 && (record >= body + 4 || *kind == 1)
}

impl Tracker {
    /// Bytes of `from` that are held back as an unfinished start.
    pub fn held(&self, from: Role) -> &[u8] {
        &self.sides.of(from).text
    }

    /// Memory that is held, in bytes, about.
    pub fn held_bytes(&self) -> usize {
        let side = |side: &Side| side.text.capacity() + side.pending.capacity();
        side(&self.sides.client) + side(&self.sides.server) + self.lines.len() * 256
    }

    /// Takes plaintext of `from`.
    pub fn feed(&mut self, from: Role, bytes: &[u8], at: At) {
        let side = self.sides.of_mut(from);
        side.first.get_or_insert(at);
        let head = |room: usize| bytes.get(..room).unwrap_or(bytes);
        let room = KEPT.saturating_sub(side.text.len());
        if !side.text.is_empty() {
            // Who goes on often says a lot.
            side.text.reserve_exact(room);
        }
        side.text.extend_from_slice(head(room));
        if side.pending.len() >= KEPT {
            // No line is so long.
            side.pending.clear();
        }
        let mut pending = std::mem::take(&mut side.pending);
        let kept = head(KEPT - pending.len());
        if pending.is_empty() {
            let unread = self.read_messages(from, kept, at);
            pending.extend_from_slice(kept.get(kept.len() - unread..).unwrap_or_default());
        } else {
            pending.extend_from_slice(kept);
            let unread = self.read_messages(from, &pending, at);
            pending.drain(..pending.len() - unread);
        }
        self.sides.of_mut(from).pending = pending;
    }

    /// A hole in the plaintext of `from`.
    pub fn gap(&mut self, from: Role) {
        let side = self.sides.of_mut(from);
        side.gap = true;
        side.pending.clear();
    }

    /// TLS begins here.
    pub fn upgraded(&mut self, at: At) {
        if self.protocol.is_some() {
            self.upgraded.get_or_insert(at);
        }
    }

    /// The first bytes of `from`, where it spoke plaintext.
    pub fn first_bytes(&self, from: Role) -> Option<(&[u8], At)> {
        let side = self.sides.of(from);
        let head = side.text.get(..256).unwrap_or(&side.text);
        side.first.filter(|_| !head.is_empty()).map(|at| (head, at))
    }

    /// The plaintext of `from`, as much as was kept.
    pub fn text(&self, from: Role) -> &[u8] {
        &self.sides.of(from).text
    }

    /// Whether what was said may belong to a protocol that goes on to TLS.
    pub fn may_go_on_to_tls(&self) -> bool {
        let sides = [&self.sides.client.text, &self.sides.server.text];
        let may = |text: &Vec<u8>| {
            recognise(text).is_some_and(|known| !matches!(known.protocol, "http" | "ssh" | "redis" | "h2"))
        };
        self.protocol.is_some() || sides.into_iter().any(may)
    }

    /// Whether what was said belongs to a protocol that goes on to TLS.
    pub fn is_protocol_with_upgrade(&self) -> bool {
        self.protocol.is_some()
    }

    /// Whether a preamble explains the plaintext of `from`, so that it is no plaintext where TLS was due.
    pub fn explains(&self, _from: Role) -> bool {
        self.protocol.is_some() && (self.asked.is_some() || self.upgraded.is_some())
    }

    /// Whether the connection, although no TLS was seen, was meant for it.
    pub fn is_attempt(&self) -> bool {
        if self.asked.is_some() || self.refused.is_some() || self.not_offered.is_some() {
            return true;
        }
        let server = &self.sides.server.text;
        let client = &self.sides.client.text;
        if client.is_empty() {
            return false;
        }
        // A TLS alert in answer to plaintext; an HTTP page that says so; a request never answered.
        let alert = matches!(server.as_slice(), [21, 3, 0..=4, 0, 2, ..]);
        let page = server.starts_with(b"HTTP/1.")
            && crate::app::plaintext_refusals(Role::Server, server, At::default())
                .iter()
                .any(|seen| seen.value.meaning == crate::app::RefusalMeaning::PlainHttpToTls);
        let unanswered = server.is_empty() && recognise(client).is_some_and(|r| r.client_speaks_first);
        alert || page || unanswered
    }

    /// The preamble, where there was one.
    pub fn finish(&self) -> Option<Preamble> {
        let protocol = self.protocol?;
        let outcome = if let Some(at) = self.upgraded {
            PreambleOutcome::Upgraded(Seen::read((), at))
        } else if let Some(refused) = &self.refused {
            PreambleOutcome::Refused(refused.clone())
        } else if let Some(missing) = &self.not_offered {
            PreambleOutcome::NotOffered(missing.clone())
        } else {
            PreambleOutcome::Unfinished
        };
        Some(Preamble { protocol, outcome, lines: self.lines.clone(), announced_client: self.announced.clone() })
    }

    fn line(&mut self, from: Role, text: String, at: At) {
        if self.lines.len() < LINES {
            self.lines.push(Seen::read(PreambleLine { from, text }, at));
        }
    }
}
