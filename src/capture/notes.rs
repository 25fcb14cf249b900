//! Problems of a capture file, held back so that ten thousand of a kind are not ten thousand lines.

use std::collections::VecDeque;

use crate::problem::Problem;

/// So many of a kind are told one by one.
const TOLD: u64 = 5;

#[derive(Debug, Default)]
pub(super) struct Notes {
    waiting: VecDeque<Problem>,
    /// In the order first met. There are about twenty kinds.
    counts: Vec<(&'static str, u64)>,
}

impl Notes {
    pub(super) fn add(&mut self, problem: Problem) {
        let count = match self.counts.iter_mut().find(|(code, _)| *code == problem.code) {
            Some((_, count)) => {
                *count = count.saturating_add(1);
                *count
            }
            None => {
                self.counts.push((problem.code, 1));
                1
            }
        };
        if count <= TOLD {
            self.waiting.push_back(problem);
        }
    }

    #[inline]
    pub(super) fn next(&mut self) -> Option<Problem> {
        if self.waiting.is_empty() { None } else { self.waiting.pop_front() }
    }

    /// The file is over: says how many were held back.
    pub(super) fn close(&mut self) {
        for (code, count) in std::mem::take(&mut self.counts) {
            let more = count.saturating_sub(TOLD);
            if more > 0 {
                self.waiting.push_back(Problem::new(code, format!("The same was met {more} times more.")));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_of_a_kind_are_counted_and_not_repeated() {
        let mut notes = Notes::default();
        for _ in 0..1_000 {
            notes.add(Problem::new("a", "A."));
        }
        notes.add(Problem::new("b", "B."));
        notes.close();
        let told: Vec<Problem> = std::iter::from_fn(|| notes.next()).collect();
        assert_eq!(told.iter().filter(|problem| problem.code == "a").count(), 6);
        assert_eq!(told.last().map(|problem| problem.text.as_ref()), Some("The same was met 995 times more."));
    }
}
