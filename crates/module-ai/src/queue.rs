//! Looking for the task that has waited longest without looking at all that wait.

/// Width of the first span, in microseconds.
const FIRST_WIDTH: i64 = 1_000;
/// How much wider each span is than the one before.
const WIDENING: i64 = 4;

/// Spans of time, both ends included, that cover everything from `from` to `now` without a gap, each wider than the
/// last one. Whoever knows that nothing waits since before `from`, and takes the first span with anything in it, has
/// looked at little more than what has waited longest, be the queue empty for days or full within a second.
///
/// Times are in microseconds. Without any span if `from` is after `now`.
pub fn waiting_spans(from: i64, now: i64) -> impl Iterator<Item = (i64, i64)> {
    let mut next = Some((from, FIRST_WIDTH));
    std::iter::from_fn(move || {
        let (begin, width) = next.filter(|(begin, _)| *begin <= now)?;
        let end = begin.saturating_add(width).min(now);
        next = (end < now).then(|| (end + 1, width.saturating_mul(WIDENING)));
        Some((begin, end))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::waiting_spans;

    #[test]
    fn a_day_takes_few_spans() {
        assert_eq!(waiting_spans(0, 86_400_000_000).count(), 14);
        assert_eq!(waiting_spans(5, 5).collect::<Vec<_>>(), [(5, 5)]);
        assert_eq!(waiting_spans(6, 5).count(), 0);
    }

    proptest! {
        #[test]
        fn spans_cover_everything_once(from in any::<i64>(), now in any::<i64>()) {
            let spans: Vec<_> = waiting_spans(from, now).collect();
            prop_assert_eq!(spans.is_empty(), from > now);
            prop_assert!(spans.iter().all(|(begin, end)| begin <= end));
            prop_assert!(spans.windows(2).all(|pair| pair[1].0 == pair[0].1 + 1));
            if let (Some(first), Some(last)) = (spans.first(), spans.last()) {
                prop_assert_eq!((first.0, last.1), (from, now));
            }
        }
    }
}
