//! Looking for the first rows of an order that has gaps, without looking at all that follow.
//!
//! The engine reads a whole range before the first row of it arrives. Where nobody knows how close
//! rows are to each other, a range that is not to be read to its end begins narrow.

/// Width of the first span; of times in microseconds, a millisecond.
const FIRST_WIDTH: i64 = 1_000;
/// How much wider each span is than the one before.
const WIDENING: i64 = 4;

/// Spans, both ends included, that cover everything from `from` to `to` without a gap, each wider than the last one.
/// Whoever knows that nothing is before `from`, and goes through the spans until it has what it needs, has looked at
/// little more than that, be the next row a day away or a thousand of them within a second.
///
/// Without any span if `from` is after `to`.
pub fn widening_spans(from: i64, to: i64) -> impl Iterator<Item = (i64, i64)> {
    let mut next = Some((from, FIRST_WIDTH));
    std::iter::from_fn(move || {
        let (begin, width) = next.filter(|(begin, _)| *begin <= to)?;
        let end = begin.saturating_add(width).min(to);
        next = (end < to).then(|| (end + 1, width.saturating_mul(WIDENING)));
        Some((begin, end))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::widening_spans;

    #[test]
    fn a_day_takes_few_spans() {
        assert_eq!(widening_spans(0, 86_400_000_000).count(), 14);
        assert_eq!(widening_spans(5, 5).collect::<Vec<_>>(), [(5, 5)]);
        assert_eq!(widening_spans(6, 5).count(), 0);
    }

    proptest! {
        #[test]
        fn spans_cover_everything_once(from in any::<i64>(), to in any::<i64>()) {
            let spans: Vec<_> = widening_spans(from, to).collect();
            prop_assert_eq!(spans.is_empty(), from > to);
            prop_assert!(spans.iter().all(|(begin, end)| begin <= end));
            prop_assert!(spans.windows(2).all(|pair| pair[1].0 == pair[0].1 + 1));
            if let (Some(first), Some(last)) = (spans.first(), spans.last()) {
                prop_assert_eq!((first.0, last.1), (from, to));
            }
        }
    }
}
