//! What the engine follows: one conversation, whatever carries it.

use std::sync::Arc;

use crate::decrypt::KeyRing;
use crate::engine::datagram_session::DatagramSession;
use crate::engine::eap_session::EapSession;
use crate::engine::tcp_session::TcpSession;
use crate::problem::Problem;
use crate::session::Session;
use crate::time::Timestamp;

/// A conversation.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "the flow table boxes every conversation")]
pub(super) enum Conversation {
    /// A TCP connection.
    Tcp(TcpSession),
    /// DTLS or QUIC over UDP.
    Datagrams(Box<DatagramSession>),
    /// EAP over EAPOL or RADIUS.
    Eap(Box<EapSession>),
}

impl Conversation {
    /// It has ended, and nothing more is to be expected.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        match self {
            Self::Tcp(session) => session.is_over(now),
            Self::Datagrams(session) => session.is_over(now),
            Self::Eap(session) => session.is_over(now),
        }
    }

    pub(super) fn new_keys(&mut self, keys: &Arc<KeyRing>) {
        match self {
            Self::Tcp(session) => session.new_keys(keys),
            Self::Datagrams(session) => session.new_keys(keys),
            Self::Eap(session) => session.new_keys(keys),
        }
    }

    /// Memory that it holds, in bytes, about.
    fn weight(&self) -> usize {
        match self {
            Self::Tcp(session) => session.weight(),
            Self::Datagrams(session) => session.weight(),
            Self::Eap(session) => session.weight(),
        }
    }

    /// Bytes counted for it in the engine's budget.
    fn counted_mut(&mut self) -> &mut usize {
        match self {
            Self::Tcp(session) => &mut session.counted,
            Self::Datagrams(session) => &mut session.counted,
            Self::Eap(session) => &mut session.counted,
        }
    }

    /// Counts anew what it holds in `all`, which is what all conversations hold.
    pub(super) fn count(&mut self, all: &mut usize) {
        let weight = self.weight();
        let before = std::mem::replace(self.counted_mut(), weight);
        *all = all.saturating_sub(before).saturating_add(weight);
    }

    /// It is gone: what it held does not count any more.
    pub(super) fn discount(&mut self, all: &mut usize) {
        let before = std::mem::take(self.counted_mut());
        *all = all.saturating_sub(before);
    }

    /// The engine holds too much: the session ends here, unfinished.
    pub(super) fn let_go(&mut self) {
        let problem = Problem::new(
            "session-evicted",
            "This connection was let go unfinished, because there were too many at one time.",
        );
        match self {
            Self::Tcp(session) => session.let_go(problem),
            Self::Datagrams(session) => session.let_go(problem),
            Self::Eap(session) => session.let_go(problem),
        }
    }

    /// The session, where it was a handshake attempt at all.
    pub(super) fn finish(self, now: Timestamp, at_end: bool) -> Option<Session> {
        match self {
            Self::Tcp(session) => session.finish(now, at_end),
            Self::Datagrams(session) => Some(session.finish(now, at_end)),
            Self::Eap(session) => session.finish(now, at_end),
        }
    }
}
