//! The handshake messages of both sides as they were sent, for hashes over them.
//!
//! The order between the two directions is taken from the protocol and not from the capture: packets
//! of different directions may stand in a capture in either order, and a transcript in the wrong
//! order would make a good signature look forged.

use std::borrow::Cow;
use std::ops::Range;

use crate::role::{ByRole, Role};

/// How many bytes of handshake messages are kept; what is longer cannot be checked.
const LIMIT: usize = 512 * 1024;

/// Room for an ordinary handshake, in bytes, made when a message was answered.
const ORDINARY: usize = 6 * 1024;

/// One handshake message with its header, which stands among all bytes.
#[derive(Debug, Clone)]
struct Message {
    kind: u8,
    raw: Range<usize>,
}

/// The messages of one handshake, by side.
#[derive(Debug, Clone, Default)]
pub(super) struct Transcript {
    messages: ByRole<Vec<Message>>,
    /// Of both sides, one message after the other.
    bytes: Vec<u8>,
    broken: Option<&'static str>,
    /// Messages have the header of DTLS, of 12 bytes.
    dtls: bool,
    /// See [`Self::of_draft`].
    draft: bool,
}

/// ClientHello.
pub(super) const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const CERTIFICATE_VERIFY: u8 = 15;
const FINISHED: u8 = 20;

impl Transcript {
    /// One without messages; `dtls` says that they will have the header of DTLS.
    pub(super) fn of(dtls: bool) -> Self {
        Self { dtls, ..Self::default() }
    }

    /// It is a draft of DTLS 1.3 as NSS spoke it (43): hashes cover the header of DTLS, as in DTLS 1.2.
    pub(super) fn of_draft(&mut self) {
        self.draft = true;
    }

    /// Forgets all so far: HelloVerifyRequest and the ClientHello before it are no part of the handshake
    /// (RFC 6347 section 4.2.1).
    pub(super) fn forget_hellos(&mut self) {
        self.messages = ByRole::default();
        self.bytes.clear();
    }

    /// The messages as DTLS 1.3 hashes them: with the header of TLS (RFC 9147 section 5.2).
    fn with_tls_headers(&self) -> Self {
        let mut short = Self { broken: self.broken, draft: self.draft, ..Self::default() };
        for role in [Role::Client, Role::Server] {
            for message in self.messages.of(role) {
                let raw = self.raw(message);
                let (head, body) = (raw.get(..4).unwrap_or_default(), raw.get(12..).unwrap_or_default());
                short.push(role, message.kind, &[head, body].concat());
            }
        }
        short
    }

    /// Keeps a message, header included.
    pub(super) fn push(&mut self, from: Role, kind: u8, raw: &[u8]) {
        let start = self.bytes.len();
        if start.saturating_add(raw.len()) > LIMIT {
            self.broken = Some("the handshake is longer than what is kept for checking signatures");
            return;
        }
        if start > 0 && start < ORDINARY {
            self.bytes.reserve(ORDINARY - start);
        }
        self.bytes.extend_from_slice(raw);
        self.messages.of_mut(from).push(Message { kind, raw: start..self.bytes.len() });
    }

    fn raw(&self, message: &Message) -> &[u8] {
        self.bytes.get(message.raw.clone()).unwrap_or_default()
    }

    /// From here on nothing can be checked; why.
    pub(super) fn break_off(&mut self, why: &'static str) {
        self.broken.get_or_insert(why);
    }

    /// Why nothing can be checked, where that is so.
    pub(super) fn broken(&self) -> Option<&'static str> {
        self.broken
    }

    /// All bytes that come before the `kind` message of `from`, in the order of the protocol.
    ///
    /// `tls13` decides the order of the flights and whether a HelloRetryRequest replaces the first
    /// ClientHello by its hash, which `hash` computes (RFC 8446 section 4.4.1).
    pub(super) fn before(&self, from: Role, kind: u8, tls13: bool, hash: impl Fn(&[u8]) -> Vec<u8>) -> Option<Vec<u8>> {
        if self.broken.is_some() || !self.begins_with_the_hellos() {
            return None;
        }
        if tls13 && self.dtls && !self.draft {
            return self.with_tls_headers().before(from, kind, tls13, hash);
        }
        let order = if tls13 { self.order13(&hash) } else { self.order12() };
        let mut out = Vec::with_capacity(self.bytes.len());
        for (role, message_kind, raw) in order {
            if role == from && message_kind == kind {
                return Some(out);
            }
            out.extend_from_slice(&raw);
        }
        None
    }

    /// Whether nothing is missing at the beginning: a capture may start in the middle of a handshake.
    fn begins_with_the_hellos(&self) -> bool {
        let first = |role: Role| self.messages.of(role).first().map(|message| message.kind);
        first(Role::Client) == Some(CLIENT_HELLO) && first(Role::Server).is_none_or(|kind| kind == SERVER_HELLO)
    }

    /// All bytes up to and including the first `kind` message of `from`.
    pub(super) fn through(
        &self,
        from: Role,
        kind: u8,
        tls13: bool,
        hash: impl Fn(&[u8]) -> Vec<u8>,
    ) -> Option<Vec<u8>> {
        let mut out = self.before(from, kind, tls13, hash)?;
        let message = self.messages.of(from).iter().find(|message| message.kind == kind)?;
        out.extend_from_slice(self.raw(message));
        Some(out)
    }

    /// CH [HRR CH] SH … Finished(server) … Finished(client).
    fn order13(&self, hash: &impl Fn(&[u8]) -> Vec<u8>) -> Vec<(Role, u8, Cow<'_, [u8]>)> {
        let hellos = self.messages.client.iter().filter(|m| m.kind == CLIENT_HELLO).count();
        let mut client = self.messages.client.iter();
        let mut server = self.messages.server.iter();
        let mut out = Vec::new();
        if let Some(first) = client.next() {
            if hellos > 1 {
                let digest = hash(self.raw(first));
                let mut synthetic = vec![254, 0, 0, u8::try_from(digest.len()).unwrap_or(0)];
                synthetic.extend_from_slice(&digest);
                out.push((Role::Client, 254, synthetic.into()));
                if let Some(retry) = server.next() {
                    out.push((Role::Server, 6, self.raw(retry).into()));
                }
                if let Some(second) = client.next() {
                    out.push((Role::Client, CLIENT_HELLO, self.raw(second).into()));
                }
            } else {
                out.push((Role::Client, CLIENT_HELLO, self.raw(first).into()));
            }
        }
        out.extend(server.map(|m| (Role::Server, m.kind, self.raw(m).into())));
        out.extend(client.map(|m| (Role::Client, m.kind, self.raw(m).into())));
        out
    }

    /// Full handshake: CH, SH … ServerHelloDone, client's flight, (NewSessionTicket) Finished(server).
    /// Abbreviated: CH, SH (NewSessionTicket) Finished(server), Finished(client).
    fn order12(&self) -> Vec<(Role, u8, Cow<'_, [u8]>)> {
        const SERVER_HELLO_DONE: u8 = 14;
        let full = self.messages.server.iter().any(|m| m.kind == SERVER_HELLO_DONE);
        let split = if full {
            self.messages.server.iter().position(|m| m.kind == SERVER_HELLO_DONE).map_or(0, |at| at + 1)
        } else if self.messages.server.iter().any(|m| m.kind == FINISHED) {
            self.messages.server.len()
        } else {
            // The server's flight is not over yet: what there is of it comes before anything else.
            self.messages.server.iter().filter(|m| m.kind >= SERVER_HELLO).count()
        };
        let (first_flight, rest) = self.messages.server.split_at_checked(split).unwrap_or((&[], &[]));
        let (hello, client) = self.messages.client.split_at_checked(1).unwrap_or((&[], &[]));
        let tagged = |role: Role, list: &[Message]| -> Vec<(Role, u8, Cow<'_, [u8]>)> {
            list.iter().map(|m| (role, m.kind, self.raw(m).into())).collect()
        };
        let mut out = tagged(Role::Client, hello);
        out.extend(tagged(Role::Server, first_flight));
        out.extend(tagged(Role::Client, client));
        out.extend(tagged(Role::Server, rest));
        out
    }
}

/// Kinds that the builder asks for by name.
pub(super) const VERIFY: u8 = CERTIFICATE_VERIFY;
/// Finished.
pub(super) const FIN: u8 = FINISHED;

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> String {
        String::from_utf8(bytes.to_vec()).expect("the test writes letters")
    }

    #[test]
    fn the_order_is_the_protocols_and_not_the_captures() {
        let mut t = Transcript::default();
        t.push(Role::Client, 1, b"C");
        t.push(Role::Server, 2, b"S");
        // The capture shows the client's flight before the end of the server's.
        t.push(Role::Client, 11, b"c");
        t.push(Role::Server, 11, b"s");
        t.push(Role::Server, 14, b"d");
        t.push(Role::Client, 16, b"k");
        t.push(Role::Client, 15, b"v");
        t.push(Role::Server, 4, b"t");
        assert_eq!(text(&t.before(Role::Client, VERIFY, false, |_| vec![]).expect("it is there")), "CSsdck");
        assert_eq!(text(&t.through(Role::Client, 16, false, |_| vec![]).expect("it is there")), "CSsdck");
        assert_eq!(t.before(Role::Server, FIN, false, |_| vec![]), None);
    }

    #[test]
    fn a_retried_hello_is_replaced_by_its_hash() {
        let mut t = Transcript::default();
        t.push(Role::Client, 1, b"C");
        t.push(Role::Server, 2, b"R");
        t.push(Role::Client, 1, b"D");
        t.push(Role::Server, 2, b"S");
        t.push(Role::Server, 20, b"f");
        let bytes = t.before(Role::Server, FIN, true, |_| b"hh".to_vec()).expect("it is there");
        assert_eq!(bytes, [&[254, 0, 0, 2][..], b"hhRDS"].concat());
    }

    #[test]
    fn dtls13_hashes_the_header_of_tls_and_dtls12_its_own() {
        let raw = |kind: u8| vec![kind, 0, 0, 1, 0, 9, 0, 0, 0, 0, 0, 1, b'x'];
        let mut t = Transcript::of(true);
        t.push(Role::Client, 1, &raw(1));
        t.push(Role::Server, 2, &raw(2));
        t.push(Role::Server, 20, &raw(20));
        assert_eq!(t.before(Role::Server, FIN, true, |_| vec![]), Some([1, 0, 0, 1, b'x', 2, 0, 0, 1, b'x'].to_vec()));
        assert_eq!(t.before(Role::Server, FIN, false, |_| vec![]), Some([raw(1), raw(2)].concat()));
        t.forget_hellos();
        assert_eq!(t.before(Role::Server, FIN, false, |_| vec![]), None);
    }

    #[test]
    fn what_is_too_long_is_not_checked() {
        let mut t = Transcript::default();
        t.push(Role::Client, 1, &vec![0; LIMIT + 1]);
        t.push(Role::Server, 2, b"S");
        assert!(t.broken().is_some());
        assert_eq!(t.through(Role::Server, 2, true, |_| vec![]), None);
    }
}
