//! What the list of sessions shows, and in which order.

use std::cmp::Ordering;

use crate::report::{Outcome, Session};
use crate::tui::filter::Filter;
use crate::tui::scroll::Scroll;

/// By what the list is sorted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Sort {
    #[default]
    Number,
    Outcome,
    Client,
    Server,
    Name,
    Version,
    Cause,
    Duration,
}

impl Sort {
    const ALL: [Self; 8] = [
        Self::Number,
        Self::Outcome,
        Self::Client,
        Self::Server,
        Self::Name,
        Self::Version,
        Self::Cause,
        Self::Duration,
    ];

    /// Its name on the screen.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Outcome => "outcome",
            Self::Client => "client",
            Self::Server => "server",
            Self::Name => "name",
            Self::Version => "version",
            Self::Cause => "cause",
            Self::Duration => "duration",
        }
    }

    /// The one after it.
    pub fn next(self) -> Self {
        Self::ALL.iter().copied().cycle().skip_while(|one| *one != self).nth(1).unwrap_or_default()
    }

    fn compare(self, a: &Session, b: &Session) -> Ordering {
        let trouble = |session: &Session| match session.outcome {
            Outcome::Failed => 0,
            Outcome::Refused => 1,
            Outcome::Incomplete => 2,
            Outcome::Established => 3,
        };
        let by_this = match self {
            Self::Number => Ordering::Equal,
            Self::Outcome => trouble(a).cmp(&trouble(b)),
            Self::Client => a.client.cmp(&b.client),
            Self::Server => a.server.cmp(&b.server),
            Self::Name => a.tls.server_name.cmp(&b.tls.server_name),
            Self::Version => a.tls.version.cmp(&b.tls.version),
            Self::Cause => a.diagnosis.cause.cmp(&b.diagnosis.cause),
            // The slowest first.
            Self::Duration => b.duration_us.cmp(&a.duration_us),
        };
        by_this.then(a.id.cmp(&b.id))
    }
}

/// The list of sessions.
#[derive(Debug, Clone, Default)]
pub struct List {
    /// Where in it.
    pub scroll: Scroll,
    /// By what it is sorted.
    pub sort: Sort,
    /// The other way round.
    pub reverse: bool,
    /// Only what failed or was refused.
    pub failures_only: bool,
    /// The filter as typed.
    pub filter_text: String,
    /// The filter as understood.
    pub filter: Filter,
    /// Sessions marked for comparison; at most two.
    pub marked: Vec<u64>,
    /// Indices of the sessions that are shown, in order.
    pub(super) shown: Vec<usize>,
}

impl List {
    /// How many sessions are shown.
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    pub(super) fn lets_pass(&self, session: &Session) -> bool {
        (!self.failures_only || failed(session)) && self.filter.matches(session)
    }

    pub(super) fn compare(&self, a: &Session, b: &Session) -> Ordering {
        let order = self.sort.compare(a, b);
        if self.reverse { order.reverse() } else { order }
    }
}

/// Whether a session is one that somebody has to do something about.
pub fn failed(session: &Session) -> bool {
    matches!(session.outcome, Outcome::Failed | Outcome::Refused)
}
