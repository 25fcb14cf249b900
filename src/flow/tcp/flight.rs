//! Segments on their way: sent and not yet acknowledged.

use std::collections::VecDeque;

use crate::flow::facts::Unacknowledged;
use crate::seen::At;

/// So many are watched; in a longer flight the first ones tell enough.
const LIMIT: usize = 32;

#[derive(Debug, Clone)]
struct Sent {
    start: u64,
    end: u64,
    times: u32,
    first: At,
    last: At,
}

/// The oldest unacknowledged segments of one direction, in the order of the stream.
#[derive(Debug, Clone, Default)]
pub(super) struct Flight {
    sent: VecDeque<Sent>,
}

impl Flight {
    /// A segment with new bytes.
    #[inline]
    pub(super) fn sent(&mut self, start: u64, end: u64, at: At) {
        if self.sent.len() >= LIMIT {
            return;
        }
        let sent = Sent { start, end, times: 1, first: at, last: at };
        if self.sent.back().is_none_or(|last| last.start <= start) {
            self.sent.push_back(sent);
        } else {
            self.put_between(sent);
        }
    }

    #[cold]
    fn put_between(&mut self, sent: Sent) {
        let place = self.sent.partition_point(|other| other.start <= sent.start);
        self.sent.insert(place, sent);
    }

    /// A segment whose bytes were sent before, perhaps cut in another way.
    pub(super) fn repeated(&mut self, start: u64, end: u64, at: At) {
        for sent in self.sent.iter_mut().filter(|sent| sent.start < end && start < sent.end) {
            sent.times = sent.times.saturating_add(1);
            sent.last = at;
        }
    }

    /// The peer acknowledged everything before `until`. Returns the largest segment among it.
    #[inline]
    pub(super) fn acknowledged(&mut self, until: u64) -> usize {
        let mut largest = 0;
        while let Some(sent) = self.sent.front().filter(|sent| sent.end <= until) {
            largest = largest.max(length(sent));
            self.sent.pop_front();
        }
        largest
    }

    /// Memory that it takes, in bytes.
    pub(super) fn cost(&self) -> usize {
        self.sent.capacity() * size_of::<Sent>()
    }

    /// Those that were sent more than once.
    pub(super) fn repeatedly(&self) -> Vec<Unacknowledged> {
        let repeated = self.sent.iter().filter(|sent| sent.times > 1);
        repeated
            .map(|sent| Unacknowledged { len: length(sent), times: sent.times, first: sent.first, last: sent.last })
            .collect()
    }
}

fn length(sent: &Sent) -> usize {
    usize::try_from(sent.end - sent.start).unwrap_or(usize::MAX)
}
