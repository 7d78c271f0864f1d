//! Rows in an order of their own. An index gives those first that the running transaction has
//! changed, so what a caller sees in order is sorted.

use spacetimedb::Timestamp;

/// The rows by rising places; those of one place stay as they are.
pub(crate) fn ascending<T, P: Into<u128>>(rows: impl IntoIterator<Item = T>, place: impl Fn(&T) -> P) -> Vec<T> {
    in_order(rows, |row| place(row).into())
}

/// The rows by falling places; those of one place stay as they are.
pub(crate) fn descending<T, P: Into<u128>>(rows: impl IntoIterator<Item = T>, place: impl Fn(&T) -> P) -> Vec<T> {
    in_order(rows, |row| !place(row).into())
}

/// A time as a place: earlier is lower.
pub(crate) fn time_place(time: Timestamp) -> u64 {
    time.to_micros_since_unix_epoch().max(0).unsigned_abs()
}

/// The standard library's sort is compiled anew for each type of rows, 4 KiB every time, and there
/// are many. So only the places are sorted, which have one type.
fn in_order<T>(rows: impl IntoIterator<Item = T>, place: impl Fn(&T) -> u128) -> Vec<T> {
    let (places, mut rows): (Vec<_>, Vec<_>) = rows.into_iter().map(|row| (place(&row), Some(row))).unzip();
    permutation(places).into_iter().filter_map(|at| rows.get_mut(at)?.take()).collect()
}

/// Where the rows of these places stand when they are in order.
fn permutation(places: Vec<u128>) -> Vec<usize> {
    let mut numbered: Vec<_> = places.into_iter().zip(0..).collect();
    numbered.sort_unstable();
    numbered.into_iter().map(|(_, at)| at).collect()
}
