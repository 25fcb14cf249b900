//! What came in, kept so that it can be read again when keys arrive late.
//!
//! A live key log is written a few milliseconds after the packets, and a pipe cannot be read twice. So a
//! bounded part of each session's input is kept while keys may still come, and the session is built
//! anew from it when they do. Patching the facts of a half-read session was tried on paper: every fact
//! that was inferred would have to be taken back.

use crate::flow::facts::Gap;
use crate::role::Role;
use crate::seen::{At, Seen};
use crate::session::{Plaintext, Refusal, Signal};
use crate::tls::record::RecordHeader;

/// Something that came in.
#[derive(Debug, Clone)]
pub(super) enum Event {
    /// A record.
    Record { from: Role, header: RecordHeader, fragment: Vec<u8>, first: At, last: At, skipped: bool },
    /// A ClientHello in SSLv2 framing.
    Sslv2Hello { from: Role, bytes: Vec<u8>, at: At },
    /// A hole.
    Gap { from: Role, gap: Gap },
    /// Bytes that are no TLS.
    NotTls { from: Role, plaintext: Plaintext, at: At },
    /// More of the same, with all that went before; and how it refuses.
    PlaintextGoesOn { from: Role, plaintext: Plaintext, refusals: Vec<Seen<Refusal>> },
    /// A refusal in plaintext.
    Refusal(Seen<Refusal>),
    /// A datagram.
    Datagram { from: Role, bytes: Vec<u8>, wire_len: usize, at: At },
    /// What the layer below says of the end.
    Signal(Seen<Signal>),
    /// A remark.
    Note { from: Role, name: &'static str, text: String, at: At },
}

/// The input so far, bounded.
#[derive(Debug, Clone, Default)]
pub(super) struct Replay {
    pub(super) events: Vec<Event>,
    bytes: usize,
    /// How many bytes may be kept; 0 keeps nothing.
    limit: usize,
    /// Something was not kept.
    pub(super) incomplete: bool,
    /// How many keys of this session were known when it was last read again.
    pub(super) known_keys: usize,
}

/// What an event takes beside its bytes.
const OVERHEAD: usize = 96;

impl Replay {
    /// One that keeps up to `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    /// Bytes kept.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether anything is kept at all.
    pub(super) const fn is_on(&self) -> bool {
        self.limit > 0
    }

    /// Whether an event of so many bytes would be kept.
    pub(super) const fn has_room(&self, bytes: usize) -> bool {
        !self.incomplete && self.bytes.saturating_add(bytes).saturating_add(OVERHEAD) <= self.limit
    }

    /// Keeps an event, where there is room; `make` is called only then.
    pub(super) fn keep(&mut self, bytes: usize, make: impl FnOnce() -> Event) {
        if self.limit == 0 || self.incomplete {
            return;
        }
        let size = bytes.saturating_add(OVERHEAD);
        if self.bytes.saturating_add(size) > self.limit {
            self.incomplete = true;
            return;
        }
        self.bytes += size;
        self.events.push(make());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::endpoint::{Address, Endpoint};
    use crate::session::Transport;
    use crate::session::builder::Builder;

    #[test]
    fn a_hello_in_sslv2_framing_is_there_when_all_is_read_again() {
        let end = Endpoint { address: Address::Text("one".to_owned()), port: None };
        let builder = Builder::new(Transport::Tcp, end.clone(), end, At::default(), Arc::default());
        let mut builder = builder.with_replay(1 << 16);
        let hello = [1, 3, 1, 0, 6, 0, 0, 0, 4, 0, 0, 0x2f, 7, 0, 0xc0, 1, 2, 3, 4];
        builder.sslv2_hello(Role::Client, &hello, At::default());
        let read = builder.session().client_hello.clone();
        assert_eq!(read.value().map(|hello| hello.cipher_suites.clone()), Some(vec![0x002f]));
        builder.read_again();
        assert_eq!(builder.session().client_hello, read);
        assert_eq!(builder.session().timeline.entries.len(), 1);
    }
}
