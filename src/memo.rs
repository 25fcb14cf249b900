//! Values of pure functions, remembered: captures say the same things very often. Nobody can see whether a value was
//! remembered, except by the time it took.
//!
//! A thread has tables of its own; they are bounded, and a newer value takes the place of an older one. What is
//! remembered is compared and not only hashed, as whoever sends packets could make hashes collide.

use std::cell::RefCell;
use std::hash::{Hash, Hasher};
use std::thread::LocalKey;

/// A table; for [`std::thread_local`].
pub(crate) type Table<T> = RefCell<Vec<Option<T>>>;

/// The value in `table` (with so many rows) that `is_it` takes for the one that is asked for, or else what `read`
/// gives, which is remembered. The place of a value follows from `key`.
pub(crate) fn recall<T: Clone>(
    table: &'static LocalKey<Table<T>>,
    rows: usize,
    key: impl Hash,
    is_it: impl FnOnce(&T) -> bool,
    read: impl FnOnce() -> T,
) -> T {
    let mut hasher = rustc_hash::FxHasher::default();
    key.hash(&mut hasher);
    let row = hasher.finish() as usize % rows;
    let known = table.with_borrow(|known| known.get(row)?.as_ref().filter(|known| is_it(known)).cloned());
    known.unwrap_or_else(|| {
        // Reading may remember something of its own: the table is not held meanwhile.
        let value = read();
        table.with_borrow_mut(|known| {
            if let Some(place) = place(known, rows, row) {
                *place = Some(value.clone());
            }
        });
        value
    })
}

/// A place in a table with so many rows, which it is given now if it had none. For who looks up much at a time.
pub(crate) fn place<T>(table: &mut Vec<Option<T>>, rows: usize, row: usize) -> Option<&mut Option<T>> {
    if table.is_empty() {
        table.resize_with(rows, || None);
    }
    table.get_mut(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    thread_local! {
        static SQUARES: Table<(u64, u64)> = const { RefCell::new(Vec::new()) };
    }

    #[test]
    fn a_value_is_read_where_it_is_not_known_or_was_displaced() {
        let mut read = 0;
        let mut square = |n: u64| {
            let value = || {
                read += 1;
                (n, n * n)
            };
            recall(&SQUARES, 4, n, |known| known.0 == n, value).1
        };
        assert_eq!((0..100).map(&mut square).collect::<Vec<_>>(), (0..100).map(|n| n * n).collect::<Vec<_>>());
        assert_eq!((square(7), square(7), square(99)), (49, 49, 9_801));
        assert!((100..=102).contains(&read), "{read}");
        SQUARES.with_borrow(|table| assert_eq!(table.len(), 4));
    }
}
