//! Values of pure functions, remembered: captures say the same things very often. Nobody can see whether a value was
//! remembered, except by the time it took.
//!
//! A thread has tables of its own; they are bounded, and a newer value takes the place of an older one. What is
//! remembered is compared and not only hashed, as whoever sends packets could make hashes collide.

use std::cell::RefCell;
use std::convert::Infallible;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::thread::LocalKey;

/// A table; for [`std::thread_local`].
pub(crate) type Table<T> = RefCell<Vec<Option<T>>>;

/// The value in `table` (with so many rows, an even number) that `is_it` takes for the one that is asked for, or else
/// what `read` gives, which is remembered. Two places of a value follow from `key`: else two values that a capture has
/// in turns could displace each other every time.
pub(crate) fn recall<T: Clone>(
    table: &'static LocalKey<Table<T>>,
    rows: usize,
    key: impl Hash,
    is_it: impl Fn(&T) -> bool,
    read: impl FnOnce() -> T,
) -> T {
    let Ok(value) = try_recall::<T, Infallible>(table, rows, key, is_it, || Ok(read()), |_| true);
    value
}

/// The same where reading can fail, and where only what is `worth` it is remembered.
///
/// # Errors
/// Those of `read`.
pub(crate) fn try_recall<T: Clone, E>(
    table: &'static LocalKey<Table<T>>,
    rows: usize,
    key: impl Hash,
    is_it: impl Fn(&T) -> bool,
    read: impl FnOnce() -> Result<T, E>,
    worth: impl FnOnce(&T) -> bool,
) -> Result<T, E> {
    let mut hasher = rustc_hash::FxHasher::default();
    key.hash(&mut hasher);
    let row = hasher.finish() as usize % rows;
    let known = table.with_borrow(|known| {
        let mut both = [row, row ^ 1].into_iter().filter_map(|row| known.get(row)?.as_ref());
        both.find(|known| is_it(known)).cloned()
    });
    if let Some(known) = known {
        return Ok(known);
    }
    // Reading may remember something of its own: the table is not held meanwhile.
    let value = read()?;
    if worth(&value) {
        table.with_borrow_mut(|known| {
            let older = place(known, rows, row).and_then(|place| place.replace(value.clone()));
            if let Some(place) = place(known, rows, row ^ 1)
                && older.is_some()
            {
                *place = older;
            }
        });
    }
    Ok(value)
}

/// A list that its holders share, and what is remembered of it; see [`recall_of`].
pub(crate) type Of<A, V> = (Arc<[A]>, V);

/// What `read` gives for a list that its holders share: remembered for the very same list, and not for an equal one. One
/// that nobody else holds will not come again. What is remembered holds its list, so that no other can stand there.
///
/// # Errors
/// Those of `read`.
pub(crate) fn recall_of<A, V: Clone, E>(
    table: &'static LocalKey<Table<Of<A, V>>>,
    rows: usize,
    list: &Arc<[A]>,
    read: impl FnOnce() -> Result<V, E>,
    worth: impl FnOnce(&V) -> bool,
) -> Result<V, E> {
    let is_shared = Arc::strong_count(list) > 1;
    let is_it = |(known, _): &Of<A, V>| Arc::ptr_eq(known, list);
    let read = || Ok((Arc::clone(list), read()?));
    let worth = |(_, value): &Of<A, V>| is_shared && worth(value);
    try_recall(table, rows, Arc::as_ptr(list).addr(), is_it, read, worth).map(|(_, value)| value)
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
