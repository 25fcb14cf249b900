//! What the engine follows: one conversation, whatever carries it.

use std::sync::Arc;

use crate::decrypt::KeyRing;
use crate::diagnosis;
use crate::diagnosis::diagnosis::Diagnosis;
use crate::engine::datagram_session::DatagramSession;
use crate::engine::eap_session::EapSession;
use crate::engine::live::{self, Look, Signs, Watch};
use crate::engine::tcp_session::TcpSession;
use crate::flow::table::FlowTable;
use crate::problem::Problem;
use crate::session::Session;
use crate::time::Timestamp;
use crate::trust::Beliefs;

/// A conversation.
#[derive(Debug, Clone)]
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

    /// When it is to be looked at, and what was told of it (live sources only).
    pub(super) fn watch(&self) -> &Watch {
        match self {
            Self::Tcp(session) => &session.watch,
            Self::Datagrams(session) => &session.watch,
            Self::Eap(session) => &session.watch,
        }
    }

    /// The same, to be changed.
    pub(super) fn watch_mut(&mut self) -> &mut Watch {
        match self {
            Self::Tcp(session) => &mut session.watch,
            Self::Datagrams(session) => &mut session.watch,
            Self::Eap(session) => &mut session.watch,
        }
    }

    /// What it shows of its progress and its end.
    pub(super) fn signs(&self) -> Signs {
        match self {
            Self::Tcp(session) => session.signs(),
            Self::Datagrams(session) => session.signs(),
            Self::Eap(session) => session.signs(),
        }
    }

    /// The session as it stands and the verdict on it, where that is worth telling now.
    pub(super) fn news(
        &mut self,
        look: Look,
        now: Timestamp,
        beliefs: &Beliefs,
        steps: usize,
    ) -> Option<(Box<Session>, Diagnosis)> {
        let closed = self.signs().closed;
        let mut session = self.clone().finish(now, true)?;
        let diagnosis = diagnosis::judge(&mut session, beliefs, steps);
        let verdict = (diagnosis.outcome, diagnosis.cause, diagnosis.confidence);
        if !live::is_news(look, closed, verdict, self.watch().told) {
            return None;
        }
        self.watch_mut().told = Some(verdict);
        Some((session, diagnosis))
    }

    /// Lets go of the keys, for the engine to add to them; [`Conversation::new_keys`] must follow.
    pub(super) fn give_back_keys(&mut self, none: &Arc<KeyRing>) {
        match self {
            Self::Tcp(session) => session.give_back_keys(none),
            Self::Datagrams(session) => session.give_back_keys(none),
            Self::Eap(session) => session.give_back_keys(none),
        }
    }

    /// The capture lost packets, perhaps of this conversation.
    pub(super) fn may_miss_packets(&mut self) {
        match self {
            Self::Tcp(session) => session.may_miss_packets(),
            Self::Datagrams(session) => session.may_miss_packets(),
            Self::Eap(session) => session.may_miss_packets(),
        }
    }

    /// More keys are known.
    pub(super) fn new_keys(&mut self, keys: &Arc<KeyRing>) {
        match self {
            Self::Tcp(session) => session.new_keys(keys),
            Self::Datagrams(session) => session.new_keys(keys),
            Self::Eap(session) => session.new_keys(keys),
        }
    }

    /// Memory that it holds, in bytes, about. An allocator has blocks of certain sizes, and gives an eighth more than was
    /// asked for at most.
    fn weight(&self) -> usize {
        let own = match self {
            Self::Tcp(session) => session.weight(),
            Self::Datagrams(session) => session.weight(),
            Self::Eap(session) => session.weight(),
        };
        own + own / 8 + FlowTable::<Self>::COST
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
    pub(super) fn finish(self, now: Timestamp, at_end: bool) -> Option<Box<Session>> {
        match self {
            Self::Tcp(session) => session.finish(now, at_end),
            Self::Datagrams(session) => Some(session.finish(now, at_end)),
            Self::Eap(session) => session.finish(now, at_end),
        }
    }
}
