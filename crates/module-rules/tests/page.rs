//! Pages of dense orders.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use module_rules::*;
use proptest::prelude::*;

#[test]
fn a_page_has_a_length() {
    assert!(matches!(check_page_length(0), Err(RuleError::Malformed { field: "length", .. })));
    assert_eq!(check_page_length(1), Ok(()));
    assert_eq!(check_page_length(100), Ok(()));
    assert!(matches!(check_page_length(u32::MAX), Err(RuleError::AboveLimit { limit: 100, .. })));
}

#[test]
fn ranges_cover_what_the_cursor_says() {
    let down = |cursor, last, length| ranges_down(cursor, last, length).collect::<Vec<_>>();
    assert_eq!(down(None, 25, 10), [(16, 25), (6, 15), (1, 5)]);
    assert_eq!(down(Some(6), 25, 10), [(1, 5)]);
    assert_eq!(down(Some(1), 25, 10), []);
    assert_eq!(down(Some(0), 25, 10), []);
    assert_eq!(down(None, 0, 10), []);
    assert_eq!(down(Some(u64::MAX), 3, 10), [(1, 3)]);
    assert_eq!(down(None, 1_000, 10).len(), PAGE_RANGES_MAX);
    let up = |cursor, last, length| ranges_up(cursor, last, length).collect::<Vec<_>>();
    assert_eq!(up(None, 25, 10), [(1, 10), (11, 20), (21, 25)]);
    assert_eq!(up(Some(20), 25, 10), [(21, 25)]);
    assert_eq!(up(Some(25), 25, 10), []);
    assert_eq!(up(Some(u64::MAX), 25, 10), []);
    assert_eq!(up(None, 0, 10), []);
    assert_eq!(up(None, u64::MAX, 10).len(), PAGE_RANGES_MAX);
}

#[test]
fn a_page_that_skips_goes_on_after_what_it_passed() {
    let mut page = PageBuilder::new(2);
    page.pass(9, Some('a'));
    page.pass(8, None);
    assert!(!page.is_full());
    page.pass(7, Some('b'));
    assert!(page.is_full());
    assert_eq!(page.finish(1), (vec!['a', 'b'], Some(7)));
    let mut last = PageBuilder::new(2);
    last.pass(1, Some('c'));
    assert_eq!(last.finish(1), (vec!['c'], None));
    assert_eq!(PageBuilder::<char>::new(2).finish(1), (vec![], None));
}

proptest! {
    #[test]
    fn ranges_never_overlap_nor_leave_gaps(last in 0..300_u64, length in 1..=100_u32, cursor in prop::option::of(0..320_u64)) {
        let down: Vec<_> = ranges_down(cursor, last, length).flat_map(|(from, to)| (from..=to).rev()).collect();
        let top = cursor.map_or(last, |cursor| cursor.saturating_sub(1).min(last));
        let expected: Vec<_> = (1..=top).rev().take(down.len()).collect();
        prop_assert_eq!(&down, &expected);
        prop_assert_eq!(down.len() as u64, top.min(u64::from(length) * PAGE_RANGES_MAX as u64));

        let up: Vec<_> = ranges_up(cursor, last, length).flat_map(|(from, to)| from..=to).collect();
        let expected: Vec<_> = (cursor.unwrap_or(0) + 1..=last).take(up.len()).collect();
        prop_assert_eq!(&up, &expected);
        let open = last.saturating_sub(cursor.unwrap_or(0));
        prop_assert_eq!(up.len() as u64, open.min(u64::from(length) * PAGE_RANGES_MAX as u64));
    }
}
