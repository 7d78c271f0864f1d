//! What was said of a task's stages.

use std::cmp::Ordering;

use worldloom_client::AiStageStatus;

use crate::routes::ai::record::WorkStatus;

/// What was last said of each stage: its status and its attempt.
#[derive(Default)]
pub struct Said(Vec<(AiStageStatus, u32)>);

impl Said {
    /// What was last said of this stage.
    pub fn of(&self, position: u32) -> Option<(AiStageStatus, u32)> {
        self.0.get(position as usize).copied()
    }

    /// Whether the stage has come further, by these news, than what was said of it.
    pub fn is_behind(&self, position: u32, status: AiStageStatus, attempt: u32) -> bool {
        self.of(position).is_none_or(|said| is_later(said, (status, attempt)))
    }

    /// Whether everything before this attempt at the stage was said: that there was none, or how the last one ended.
    pub fn is_settled_before(&self, position: u32, attempt: u32) -> bool {
        let before = attempt.saturating_sub(1);
        let is_over = |status| before == 0 || WorkStatus::from(status).is_final();
        self.of(position).is_some_and(|(status, said)| said == before && is_over(status))
    }

    /// Keeps in mind what is said now. `false` if the same was said last.
    pub fn note(&mut self, position: u32, status: AiStageStatus, attempt: u32) -> bool {
        if self.of(position) == Some((status, attempt)) {
            return false;
        }
        let index = position as usize;
        if self.0.len() <= index {
            self.0.resize(index + 1, (AiStageStatus::Pending, 0));
        }
        self.0[index] = (status, attempt);
        true
    }
}

/// Whether news of a stage are later than what was said of it. News and snapshots come over different connections, so
/// news may be heard after a snapshot that knew more, and an attempt that has ended does not begin again.
fn is_later(said: (AiStageStatus, u32), news: (AiStageStatus, u32)) -> bool {
    match news.1.cmp(&said.1) {
        Ordering::Less => false,
        Ordering::Equal => news.0 != said.0 && !WorkStatus::from(said.0).is_final(),
        Ordering::Greater => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_of_a_stage_are_later_by_attempt_and_within_it_until_it_is_over() {
        use AiStageStatus::{Cancelled, Completed, Failed, Pending, Running};
        for (said, news) in [
            ((Pending, 0), (Running, 1)),
            ((Pending, 0), (Cancelled, 0)),
            ((Running, 1), (Completed, 1)),
            ((Running, 1), (Failed, 1)),
            ((Failed, 1), (Running, 2)),
        ] {
            assert!(is_later(said, news), "{said:?} {news:?}");
            assert!(!is_later(news, said), "{news:?} {said:?}");
            assert!(!is_later(said, said), "{said:?}");
        }
        for over in [Completed, Failed, Cancelled] {
            assert!(!is_later((over, 1), (Running, 1)), "{over:?}");
        }
    }
}
