//! Telling a session before its connection is over, for sources that have not ended: which connection
//! is to be looked at again, when, and whether there is something new to tell then.
//!
//! A connection that nothing happens on has no packet to be judged by. So each stands on an agenda
//! with the moment of its next look; a tick of the clock comes to it, whether packets do or not.

use std::collections::BTreeMap;

use crate::cause::{Cause, Confidence};
use crate::flow::key::FlowKey;
use crate::session::Session;
use crate::session::builder::{Builder, Phase};
use crate::session::outcome::Outcome;
use crate::session::timeline::{Entry, EntryKind};
use crate::time::Timestamp;

/// After a sign that a session has ended (an alert, a refusal, a close) it is left so long, in
/// nanoseconds: the closes that follow, and the keys, which a process may write after its packets,
/// belong to the verdict. Under 200 ms, so that people see it happen.
const SETTLE: i64 = 150_000_000;
/// The same, where both sides have closed and little can follow.
const SETTLE_CLOSED: i64 = 60_000_000;
/// A handshake that does not go on is looked at after so long without progress, in milliseconds. The first is a
/// little more than what the rules call a silence.
const SILENCES: [i64; 4] = [3_050, 10_000, 30_000, 120_000];

/// The moments at which connections are to be looked at.
#[derive(Debug)]
pub(super) struct Agenda {
    due: BTreeMap<(Timestamp, u64), FlowKey>,
    entries: u64,
    limit: usize,
}

impl Agenda {
    /// An agenda for so many connections at one time.
    pub(super) fn new(flows: usize) -> Self {
        // Of each connection one entry counts, and a few may be stale.
        Self { due: BTreeMap::new(), entries: 0, limit: flows.saturating_mul(4) }
    }

    /// Adds a moment, unless the agenda is full: in a flood of connections, each is let go long before its
    /// moment comes.
    pub(super) fn add(&mut self, when: Timestamp, key: FlowKey, watch: &mut Watch) {
        if self.due.len() >= self.limit {
            watch.due = None;
            return;
        }
        self.entries = self.entries.wrapping_add(1);
        self.due.insert((when, self.entries), key);
    }

    /// Takes the first moment that has come.
    pub(super) fn take(&mut self, now: Timestamp) -> Option<(Timestamp, FlowKey)> {
        let entry = self.due.first_entry().filter(|entry| entry.key().0 <= now)?;
        let ((when, _), key) = entry.remove_entry();
        Some((when, key))
    }
}

/// What a connection shows of its progress and its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Signs {
    /// Alerts, refusals, broken records, resets and closes so far.
    pub(super) of_an_end: usize,
    /// Both sides have closed, or one has reset the connection.
    pub(super) closed: bool,
    /// The handshake is done, as far as can be seen.
    pub(super) established: bool,
    /// Bytes or records or SYNs so far; its growth is progress.
    pub(super) progress: u64,
}

/// How many words a session shows that may end it: alerts, refusals, broken records, what is no TLS, and what the
/// carrier says of its own.
pub(super) fn words_of_an_end(session: &Session) -> usize {
    let not_tls = [&session.plaintext.client, &session.plaintext.server].into_iter().flatten().count();
    session.alerts.len() + session.refusals.len() + session.corrupted.len() + session.signals.len() + not_tls
}

/// The signs of a conversation without a connection: its messages are its progress, and not what is sent again.
pub(super) fn signs_of_messages(builder: &Builder, closed: bool) -> Signs {
    let session = builder.session();
    let established = builder.phase() == Phase::Established;
    let is_message = |entry: &&Entry| matches!(entry.kind, EntryKind::Handshake | EntryKind::ChangeCipherSpec);
    let messages = if established { 0 } else { session.timeline.entries.iter().filter(is_message).count() };
    Signs { of_an_end: words_of_an_end(session), closed, established, progress: messages as u64 + 1 }
}

/// What was told of a session, as far as it decides whether there is something new.
pub(super) type Told = (Outcome, Cause, Confidence);

/// The state of one connection between its looks.
#[derive(Debug, Clone, Default)]
pub(super) struct Watch {
    /// Where it stands on the agenda. Invariant: an agenda entry with another moment is stale.
    pub(super) due: Option<Timestamp>,
    /// Its number, once it has been told.
    pub(super) id: Option<u64>,
    /// What was told last.
    pub(super) told: Option<Told>,
    signs: usize,
    /// When the signs that were not looked at yet are to be looked at.
    settled: Option<Timestamp>,
    progress: u64,
    progressed: Timestamp,
    silences: usize,
}

impl Watch {
    /// Takes note of a packet at `now`. Returns the moment to add to the agenda, if any.
    pub(super) fn packet(&mut self, signs: Signs, now: Timestamp) -> Option<Timestamp> {
        if signs.progress != self.progress {
            self.progress = signs.progress;
            self.progressed = now;
            self.silences = 0;
        }
        if signs.of_an_end > self.signs {
            self.signs = signs.of_an_end;
            let settle = if signs.closed { SETTLE_CLOSED } else { SETTLE };
            let when = Timestamp(now.0.saturating_add(settle));
            self.settled = Some(self.settled.map_or(when, |settled| settled.min(when)));
        }
        self.next(signs)
    }

    /// Whether the moment has come to judge; `None` when it is only a stale or early one.
    pub(super) fn look(&mut self, now: Timestamp) -> Option<Look> {
        self.due = None;
        if self.settled.is_some_and(|settled| settled <= now) {
            self.settled = None;
            return Some(Look::Ended);
        }
        if self.silent_until().is_some_and(|until| until <= now) {
            self.silences += 1;
            return Some(Look::Silent);
        }
        None
    }

    /// The moment to add to the agenda, if it is not there already.
    pub(super) fn next(&mut self, signs: Signs) -> Option<Timestamp> {
        let waits = !signs.established && !signs.closed && signs.of_an_end == 0;
        let silent = if waits { self.silent_until() } else { None };
        let when = [self.settled, silent].into_iter().flatten().min()?;
        if self.due.is_some_and(|due| due <= when) {
            return None;
        }
        self.due = Some(when);
        self.due
    }

    fn silent_until(&self) -> Option<Timestamp> {
        let silence = SILENCES.get(self.silences)?;
        Some(Timestamp(self.progressed.0.saturating_add(silence.saturating_mul(1_000_000))))
    }
}

/// Why a connection is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// There was a sign of an end.
    Ended,
    /// The handshake does not go on.
    Silent,
}

/// Whether `verdict` is worth telling now: it will stand, as far as can be known, and is not what was
/// told before.
pub(super) fn is_news(look: Look, closed: bool, verdict: Told, before: Option<Told>) -> bool {
    let (outcome, cause, confidence) = verdict;
    let stands = match look {
        Look::Ended => closed || matches!(outcome, Outcome::Failed | Outcome::Refused),
        // A guess about a silence is worth nothing: it may be over with the next packet.
        Look::Silent => {
            outcome == Outcome::Failed
                && confidence >= Confidence::Likely
                && !matches!(cause, Cause::Unknown | Cause::CaptureIncomplete)
        }
    };
    stands && before != Some(verdict)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRESH: Signs = Signs { of_an_end: 0, closed: false, established: false, progress: 1 };

    fn ms(ms: i64) -> Timestamp {
        Timestamp(ms * 1_000_000)
    }

    #[test]
    fn a_handshake_that_stands_still_is_looked_at_ever_more_rarely() {
        let mut watch = Watch::default();
        assert_eq!(watch.packet(FRESH, ms(1_000)), Some(ms(4_050)));
        assert_eq!(watch.packet(Signs { progress: 2, ..FRESH }, ms(2_000)), None, "it stands on the agenda already");
        assert_eq!(watch.look(ms(4_050)), None, "there was progress");
        assert_eq!(watch.next(FRESH), Some(ms(5_050)));
        assert_eq!(watch.look(ms(5_050)), Some(Look::Silent));
        assert_eq!(watch.next(FRESH), Some(ms(12_000)));
    }

    #[test]
    fn a_sign_of_the_end_is_looked_at_within_200_ms_whatever_follows() {
        let mut watch = Watch::default();
        watch.packet(FRESH, ms(0));
        assert_eq!(watch.packet(Signs { of_an_end: 1, ..FRESH }, ms(100)), Some(ms(250)));
        let closed = Signs { of_an_end: 3, closed: true, ..FRESH };
        assert_eq!(watch.packet(closed, ms(110)), Some(ms(170)));
        assert_eq!(watch.look(ms(170)), Some(Look::Ended));
        assert_eq!(watch.next(closed), None, "nothing is awaited any more");
    }

    #[test]
    fn an_established_session_is_not_watched_for_silence() {
        let mut watch = Watch::default();
        assert_eq!(watch.packet(Signs { established: true, ..FRESH }, ms(0)), None);
    }

    #[test]
    fn the_agenda_gives_moments_in_order_and_none_too_early() {
        let key = FlowKey::new([1, 1, 1, 1].into(), 1, [2, 2, 2, 2].into(), 2).0;
        let mut agenda = Agenda::new(1);
        let mut watch = Watch { due: Some(ms(9)), ..Watch::default() };
        agenda.add(ms(3), key, &mut watch);
        agenda.add(ms(1), key, &mut watch);
        agenda.add(ms(4), key, &mut watch);
        agenda.add(ms(5), key, &mut watch);
        assert!(watch.due.is_some());
        agenda.add(ms(2), key, &mut watch);
        assert_eq!(watch.due, None, "the agenda is full");
        assert_eq!(agenda.take(ms(2)).map(|(when, _)| when), Some(ms(1)));
        assert_eq!(agenda.take(ms(2)), None);
        assert_eq!(agenda.take(ms(3)).map(|(when, _)| when), Some(ms(3)));
    }

    #[test]
    fn only_what_stands_and_is_new_is_told() {
        let failed = (Outcome::Failed, Cause::ServerSilent, Confidence::Likely);
        assert!(is_news(Look::Silent, false, failed, None));
        assert!(!is_news(Look::Silent, false, failed, Some(failed)));
        assert!(!is_news(Look::Silent, false, (Outcome::Failed, Cause::ServerSilent, Confidence::Possible), None));
        let open = (Outcome::Established, Cause::None, Confidence::Likely);
        assert!(!is_news(Look::Ended, false, open, None), "half closed, it may yet be refused");
        assert!(is_news(Look::Ended, true, open, None));
    }
}
