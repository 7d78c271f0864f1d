//! Figures that were taken while others had the machine, which tell of those others.

use anyhow::Result;

use super::clients::Calls;
use crate::machine_time::STOLEN_MAX;
use crate::progress;

/// Takes a figure, and once more if others had more than [`STOLEN_MAX`] of the processors meanwhile; the calmer of both
/// counts, whatever it says. Not more often: on a machine that is never calm, a run would not end.
pub fn calmer(what: &str, mut take: impl FnMut() -> Result<Calls>) -> Result<Calls> {
    let first = take()?;
    let Some(stolen) = first.stolen.filter(|&stolen| stolen > STOLEN_MAX) else { return Ok(first) };
    progress::warn(&format!("{what}: others had {:.1} % of the processors, so once more", 100.0 * stolen));
    let second = take()?;
    Ok(if second.stolen < first.stolen { second } else { first })
}

#[cfg(test)]
mod tests {
    use super::super::clients::tests::calls;
    use super::*;

    /// What becomes of figures during which so much was stolen, in turn, and how many of them were taken.
    fn taken(stolen: &[f64]) -> (Option<f64>, usize) {
        let mut looks = 0;
        let figure = calmer("this product", || {
            let mut calls = calls(1.0, 1.0);
            calls.stolen = Some(stolen[looks]);
            looks += 1;
            Ok(calls)
        });
        (figure.unwrap().stolen, looks)
    }

    #[test]
    fn a_disturbed_figure_is_taken_once_more_and_the_calmer_one_counts() {
        assert_eq!(taken(&[0.04]), (Some(0.04), 1));
        assert_eq!(taken(&[0.3, 0.01]), (Some(0.01), 2));
        assert_eq!(taken(&[0.3, 0.4]), (Some(0.3), 2));
    }

    #[test]
    fn where_the_system_tells_nothing_every_figure_counts() {
        assert_eq!(calmer("this product", || Ok(calls(1.0, 1.0))).unwrap().stolen, None);
    }
}
