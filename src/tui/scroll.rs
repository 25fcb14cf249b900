//! Window arithmetic: a cursor in a list, and the part of the list that is seen. Pure numbers, so that a
//! list of any length costs no more than the rows on the screen.

use std::ops::Range;

/// How many rows stay visible beyond the cursor, where there is room.
const MARGIN: usize = 2;

/// A cursor and the first row that is seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scroll {
    /// The row that the cursor is on.
    pub cursor: usize,
    /// The first row that is seen. A wish: [`Scroll::window`] corrects it to what the screen allows.
    pub top: usize,
}

impl Scroll {
    /// The rows that are seen of `len` when there is room for `height`. The cursor is among them.
    pub fn window(self, len: usize, height: usize) -> Range<usize> {
        if len == 0 || height == 0 {
            return 0..0;
        }
        let cursor = self.cursor.min(len - 1);
        let margin = MARGIN.min(height.saturating_sub(1) / 2);
        let lowest = (cursor + margin + 1).min(len).saturating_sub(height);
        let highest = cursor.saturating_sub(margin);
        let top = self.top.clamp(lowest, highest.max(lowest)).min(len.saturating_sub(height));
        top..(top + height).min(len)
    }

    /// Moves the cursor by `by` rows, as far as there are any, and the window with it.
    pub fn step(&mut self, by: isize, len: usize, height: usize) {
        self.put(self.cursor.min(len.saturating_sub(1)).saturating_add_signed(by), len, height);
    }

    /// Puts the cursor on row `cursor`, or on the last one.
    pub fn put(&mut self, cursor: usize, len: usize, height: usize) {
        self.cursor = cursor.min(len.saturating_sub(1));
        self.top = self.window(len, height).start;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_is_always_seen_and_nothing_else_is_asked_for() {
        for len in 0..12_usize {
            for height in 0..9_usize {
                for cursor in 0..14 {
                    for top in 0..14 {
                        let window = Scroll { cursor, top }.window(len, height);
                        assert_eq!(window.len(), len.min(height));
                        assert!(window.end <= len);
                        assert!(window.is_empty() || window.contains(&cursor.min(len - 1)));
                    }
                }
            }
        }
    }

    #[test]
    fn a_step_moves_the_window_no_further_than_it_must() {
        let mut scroll = Scroll::default();
        for _ in 0..5 {
            scroll.step(1, 100, 10);
        }
        assert_eq!((scroll.cursor, scroll.top), (5, 0));
        scroll.step(3, 100, 10);
        assert_eq!((scroll.cursor, scroll.top), (8, 1));
        scroll.step(-1, 100, 10);
        assert_eq!((scroll.cursor, scroll.top), (7, 1));
    }

    #[test]
    fn steps_end_at_the_ends() {
        let mut scroll = Scroll { cursor: 3, top: 0 };
        scroll.step(-10, 5, 3);
        assert_eq!(scroll, Scroll { cursor: 0, top: 0 });
        scroll.step(isize::MAX, 5, 3);
        assert_eq!(scroll, Scroll { cursor: 4, top: 2 });
        scroll.step(1, 0, 3);
        assert_eq!(scroll, Scroll { cursor: 0, top: 0 });
    }
}
