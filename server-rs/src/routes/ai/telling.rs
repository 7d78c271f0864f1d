//! What the reader of a task is told, and in which order.
//!
//! Nothing here waits or calls anybody. Whoever tells asks for what is next, and is sent for a page of text or for news
//! when that is needed first. Text that has not been listed is a place in the queue until it is its turn: a stream
//! holds a page at most, however slowly its client reads.

mod said;

use std::collections::VecDeque;

use axum::response::sse::Event;
use worldloom_client::{AiNews, AiStageStatus, AiTask, AiTaskSnapshot, AiTaskStage, AiTextChunk, AiTextPiece};

use super::record::{EndEvent, StageEvent, TextEvent, WorkStatus};
use said::Said;

/// Chunks that are listed at once.
pub const PAGE_CHUNKS: u32 = 256;

/// The place of a chunk in its task: stage, attempt, number. They come in this order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The stage.
    pub position: u32,
    /// Its attempt.
    pub attempt: u32,
    /// The chunk's number; 0 is before the first one.
    pub sequence: u32,
}

/// Something to tell.
#[derive(Debug, PartialEq)]
pub enum Told {
    /// A stage begins or ends.
    Stage {
        /// Its place in the task.
        position: u32,
        /// What it is.
        key: String,
        /// How far it has come.
        status: AiStageStatus,
        /// How often it has been begun.
        attempt: u32,
    },
    /// A chunk of text.
    Text {
        /// Where it belongs.
        place: Place,
        /// What it says.
        text: String,
    },
    /// The task is over, and so is the stream.
    End {
        /// How it ended.
        status: WorkStatus,
        /// What went wrong last.
        error: Option<String>,
        /// Tokens that models have read for it.
        input_tokens: u64,
        /// Tokens that models have written for it.
        output_tokens: u64,
    },
}

/// What a stream does next.
#[derive(Debug, PartialEq)]
pub enum Next {
    /// It tells this.
    Tell(Told),
    /// It lists the text behind this place and hands the page to [`Telling::take_page`].
    List(Place),
    /// It waits for news and hands them to [`Telling::hear`].
    Hear,
    /// It ends.
    End,
}

/// How far one reader's stream has come.
pub struct Telling {
    /// The last chunk that was told.
    seen: Place,
    said: Said,
    /// What comes next.
    ahead: VecDeque<Step>,
    is_over: bool,
}

enum Step {
    Tell(Told),
    /// What there is of this text behind the last chunk that was told.
    List {
        position: u32,
        attempt: u32,
    },
}

impl Place {
    /// Reads an event's id.
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split('.').map(|number| number.parse().ok());
        let place = Self { position: numbers.next()??, attempt: numbers.next()??, sequence: numbers.next()?? };
        numbers.next().is_none().then_some(place)
    }
}

impl Told {
    /// The event as it is sent.
    pub fn event(&self) -> Result<Event, axum::Error> {
        match self {
            Self::Stage { position, key, status, attempt } => {
                let stage = StageEvent { position: *position, key, status: (*status).into(), attempt: *attempt };
                Event::default().event("stage").json_data(stage)
            }
            Self::Text { place: Place { position, attempt, sequence }, text } => {
                let id = format!("{position}.{attempt}.{sequence}");
                let text = TextEvent { position: *position, attempt: *attempt, sequence: *sequence, text };
                Event::default().id(id).event("text").json_data(text)
            }
            Self::End { status, error, input_tokens, output_tokens } => {
                let (input_tokens, output_tokens) = (*input_tokens, *output_tokens);
                let end = EndEvent { status: *status, error: error.as_deref(), input_tokens, output_tokens };
                Event::default().event("end").json_data(end)
            }
        }
    }
}

impl Telling {
    /// Goes on behind this chunk; without one, begins with the present attempt at each stage.
    pub fn after(last: Option<Place>) -> Self {
        Self { seen: last.unwrap_or_default(), said: Said::default(), ahead: VecDeque::new(), is_over: false }
    }

    /// What comes next.
    pub fn go_on(&mut self) -> Next {
        while let Some(step) = self.ahead.pop_front() {
            match step {
                Step::List { position, attempt } => return Next::List(self.seen_of(position, attempt)),
                Step::Tell(told) if self.note(&told) => return Next::Tell(told),
                Step::Tell(_) => {}
            }
        }
        if self.is_over { Next::End } else { Next::Hear }
    }

    /// Takes in the page that [`Next::List`] asked for. A full one is not the last.
    pub fn take_page(&mut self, after: Place, page: Vec<AiTextChunk>) {
        let Place { position, attempt, .. } = after;
        if page.len() >= PAGE_CHUNKS as usize {
            self.ahead.push_front(Step::List { position, attempt });
        }
        for AiTextChunk { sequence, text, .. } in page.into_iter().rev() {
            let place = Place { position, attempt, sequence };
            self.ahead.push_front(Step::Tell(Told::Text { place, text }));
        }
    }

    /// Takes in news. `false` if they do not say everything, and the task has to be asked for instead.
    #[must_use]
    pub fn hear(&mut self, news: &AiNews) -> bool {
        match news {
            AiNews::Text(piece) => self.hear_text(piece),
            AiNews::Stage(stage) if !self.said.is_behind(stage.position, stage.status, stage.attempt) => true,
            AiNews::Stage(stage) if stage.status == AiStageStatus::Running => {
                self.plan_stage(stage.position, &stage.key, stage.status, stage.attempt);
                true
            }
            // Its last text may not have been among the news.
            AiNews::Stage(_) => false,
            AiNews::Task(task) => !WorkStatus::from(task.status).is_final(),
        }
    }

    /// Plans to tell a chunk if it is the next one.
    fn hear_text(&mut self, piece: &AiTextPiece) -> bool {
        let AiTextPiece { position, attempt, sequence, text } = piece;
        let place = Place { position: *position, attempt: *attempt, sequence: *sequence };
        if place <= self.seen {
            return true;
        }
        let is_next = place.sequence == self.seen_of(place.position, place.attempt).sequence + 1;
        let is_announced = self.said.of(place.position) == Some((AiStageStatus::Running, place.attempt));
        if !is_next || !is_announced {
            return false;
        }
        self.ahead.push_back(Step::Tell(Told::Text { place, text: text.clone() }));
        true
    }

    /// Plans to tell everything that has not been told.
    pub fn catch_up(&mut self, snapshot: AiTaskSnapshot) {
        let AiTaskSnapshot { task, stages, .. } = snapshot;
        for stage in stages {
            self.catch_up_stage(&stage);
        }
        let AiTask { status, error, input_tokens, output_tokens, .. } = task;
        let status = WorkStatus::from(status);
        if status.is_final() {
            self.ahead.push_back(Step::Tell(Told::End { status, error, input_tokens, output_tokens }));
        }
    }

    fn catch_up_stage(&mut self, stage: &AiTaskStage) {
        let AiTaskStage { position, attempt, status, .. } = *stage;
        if position >= self.seen.position && attempt > 0 {
            let was_reading = position == self.seen.position && (1..attempt).contains(&self.seen.attempt);
            if was_reading {
                // The rest of an attempt that has failed since.
                self.ahead.push_back(Step::List { position, attempt: self.seen.attempt });
            }
            if self.said.of(position).is_none_or(|(_, said)| said != attempt) {
                self.plan_stage(position, &stage.key, AiStageStatus::Running, attempt);
            }
            self.ahead.push_back(Step::List { position, attempt });
        }
        self.plan_stage(position, &stage.key, status, attempt);
    }

    fn plan_stage(&mut self, position: u32, key: &str, status: AiStageStatus, attempt: u32) {
        self.ahead.push_back(Step::Tell(Told::Stage { position, key: key.to_owned(), status, attempt }));
    }

    /// The last chunk of this text that was told, or the place before its first.
    fn seen_of(&self, position: u32, attempt: u32) -> Place {
        let is_same_text = (position, attempt) == (self.seen.position, self.seen.attempt);
        Place { position, attempt, sequence: if is_same_text { self.seen.sequence } else { 0 } }
    }

    /// Keeps in mind what is told now. `false` if it was said before.
    fn note(&mut self, told: &Told) -> bool {
        match told {
            Told::Stage { position, status, attempt, .. } => return self.said.note(*position, *status, *attempt),
            Told::Text { place, .. } => self.seen = *place,
            Told::End { .. } => self.is_over = true,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use spacetimedb_sdk::{Identity, Timestamp, Uuid};
    use worldloom_client::{AiStageState, AiTaskState, AiTaskStatus};

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn snapshot(status: AiTaskStatus, stages: &[(AiStageStatus, u32)]) -> AiTaskSnapshot {
        let (task_id, owner) = (Uuid::from_u128(1), Identity::default());
        let stage = |(position, (status, attempt)): (u32, &(AiStageStatus, u32))| AiTaskStage {
            id: 0,
            task_id,
            owner,
            position,
            key: format!("stage-{position}"),
            title: String::new(),
            status: *status,
            attempt: *attempt,
            next_sequence: 1,
            text_bytes: 0,
            started_at: None,
            finished_at: None,
        };
        let task = AiTask {
            task_id,
            owner,
            kind: "text".into(),
            request: "Write.".into(),
            status,
            attempt: 1,
            attempts_max: 2,
            lease_owner: None,
            lease_token: None,
            lease_expires_at: None,
            input_tokens: 3,
            output_tokens: 5,
            error: None,
            created_at: NOW,
            available_at: NOW,
            updated_at: NOW,
            finished_at: None,
        };
        AiTaskSnapshot { task, stages: (0..).zip(stages).map(stage).collect(), results: Vec::new() }
    }

    fn stage_news(position: u32, status: AiStageStatus, attempt: u32) -> AiNews {
        AiNews::Stage(AiStageState { position, key: format!("stage-{position}"), status, attempt })
    }

    fn text_news(place: &str) -> AiNews {
        let Place { position, attempt, sequence } = Place::parse(place).unwrap();
        AiNews::Text(AiTextPiece { position, attempt, sequence, text: "word ".into() })
    }

    fn page(after: Place, chunks: u32) -> Vec<AiTextChunk> {
        let Place { position, attempt, sequence } = after;
        let chunk = |sequence| AiTextChunk {
            id: 0,
            task_id: Uuid::from_u128(1),
            owner: Identity::default(),
            position,
            attempt,
            sequence,
            text: "word ".into(),
            appended_at: NOW,
        };
        (sequence + 1..=chunks).take(PAGE_CHUNKS as usize).map(chunk).collect()
    }

    /// What is told until there is nothing left, if the module has so many chunks of each stage and attempt.
    fn told(telling: &mut Telling, texts: &[(u32, u32, u32)]) -> Vec<String> {
        let mut told = Vec::new();
        loop {
            assert!(telling.ahead.len() <= PAGE_CHUNKS as usize + 8, "{} are kept", telling.ahead.len());
            let word = match telling.go_on() {
                Next::Tell(Told::Stage { position, status, attempt, .. }) => format!("{position}.{attempt} {status:?}"),
                Next::Tell(Told::Text { place: Place { position, attempt, sequence }, .. }) => {
                    format!("{position}.{attempt}.{sequence}")
                }
                Next::Tell(Told::End { status, .. }) => format!("{status:?}"),
                Next::List(after) => {
                    let same = |text: &&(u32, u32, u32)| (text.0, text.1) == (after.position, after.attempt);
                    telling.take_page(after, page(after, texts.iter().find(same).map_or(0, |text| text.2)));
                    continue;
                }
                Next::Hear | Next::End => return told,
            };
            told.push(word);
        }
    }

    /// The ids of a text from one chunk to another.
    fn ids(text: &str, from: u32, to: u32) -> Vec<String> {
        (from..=to).map(|sequence| format!("{text}.{sequence}")).collect()
    }

    fn words(all: &[&str]) -> Vec<String> {
        all.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn an_event_id_is_three_numbers() {
        assert_eq!(Place::parse("1.2.3"), Some(Place { position: 1, attempt: 2, sequence: 3 }));
        for text in ["", "1", "1.2", "1.2.3.4", "1.2.-3", "1.2.x", "1..3", "99999999999.1.1"] {
            assert_eq!(Place::parse(text), None, "{text}");
        }
    }

    #[test]
    fn places_come_in_the_order_of_stage_attempt_and_number() {
        let place = |text| Place::parse(text).unwrap();
        assert!(place("0.1.9") < place("0.2.1") && place("0.2.1") < place("1.1.1"));
    }

    #[test]
    fn a_long_text_is_told_page_by_page() {
        let mut telling = Telling::after(None);
        let stages = [(AiStageStatus::Completed, 1), (AiStageStatus::Completed, 2)];
        telling.catch_up(snapshot(AiTaskStatus::Completed, &stages));
        let expected = [
            words(&["0.1 Running"]),
            ids("0.1", 1, 4096),
            words(&["0.1 Completed", "1.2 Running"]),
            ids("1.2", 1, 300),
            words(&["1.2 Completed", "Completed"]),
        ];
        assert_eq!(told(&mut telling, &[(0, 1, 4096), (1, 1, 7), (1, 2, 300)]), expected.concat());
        assert_eq!(telling.go_on(), Next::End);
    }

    #[test]
    fn text_is_listed_only_when_everything_before_it_was_told() {
        let mut telling = Telling::after(None);
        telling.catch_up(snapshot(AiTaskStatus::Running, &[(AiStageStatus::Running, 1)]));
        assert!(matches!(telling.go_on(), Next::Tell(Told::Stage { .. })));
        let first = Place { position: 0, attempt: 1, sequence: 0 };
        assert_eq!(telling.go_on(), Next::List(first));
        telling.take_page(first, page(first, 1000));
        for sequence in 1..=PAGE_CHUNKS {
            let place = Place { sequence, ..first };
            assert_eq!(telling.go_on(), Next::Tell(Told::Text { place, text: "word ".into() }));
        }
        assert_eq!(telling.go_on(), Next::List(Place { sequence: PAGE_CHUNKS, ..first }));
        telling.take_page(first, Vec::new());
        assert_eq!(telling.go_on(), Next::Hear);
    }

    #[test]
    fn a_stream_goes_on_behind_the_chunk_that_was_seen() {
        let mut telling = Telling::after(Place::parse("1.1.300"));
        let stages = [(AiStageStatus::Completed, 1), (AiStageStatus::Running, 1), (AiStageStatus::Pending, 0)];
        telling.catch_up(snapshot(AiTaskStatus::Running, &stages));
        let expected =
            [words(&["0.1 Completed", "1.1 Running"]), ids("1.1", 301, 700), words(&["2.0 Pending"])].concat();
        assert_eq!(told(&mut telling, &[(0, 1, 5), (1, 1, 700)]), expected);
    }

    #[test]
    fn the_rest_of_a_failed_attempt_comes_before_the_next_one() {
        let mut telling = Telling::after(Place::parse("0.1.2"));
        telling.catch_up(snapshot(AiTaskStatus::Running, &[(AiStageStatus::Running, 2)]));
        let expected = words(&["0.1.3", "0.1.4", "0.2 Running", "0.2.1"]);
        assert_eq!(told(&mut telling, &[(0, 1, 4), (0, 2, 1)]), expected);
    }

    #[test]
    fn text_that_follows_is_told_and_text_behind_a_gap_is_listed() {
        let mut telling = Telling::after(None);
        telling.catch_up(snapshot(AiTaskStatus::Running, &[(AiStageStatus::Running, 1)]));
        assert_eq!(told(&mut telling, &[(0, 1, 2)]), words(&["0.1 Running", "0.1.1", "0.1.2"]));
        for (place, is_enough, expected) in [
            ("0.1.2", true, words(&[])),
            ("0.1.3", true, words(&["0.1.3"])),
            ("0.1.5", false, words(&[])),
            ("0.2.1", false, words(&[])),
        ] {
            assert_eq!(telling.hear(&text_news(place)), is_enough, "{place}");
            assert_eq!(told(&mut telling, &[]), expected, "{place}");
        }
    }

    #[test]
    fn a_stage_that_was_said_to_be_over_is_not_said_again() {
        let mut telling = Telling::after(None);
        let stages = [(AiStageStatus::Completed, 2), (AiStageStatus::Running, 1)];
        telling.catch_up(snapshot(AiTaskStatus::Running, &stages));
        assert_eq!(told(&mut telling, &[]), words(&["0.2 Running", "0.2 Completed", "1.1 Running"]));
        for (status, attempt) in [
            (AiStageStatus::Pending, 0),
            (AiStageStatus::Running, 1),
            (AiStageStatus::Failed, 1),
            (AiStageStatus::Running, 2),
            (AiStageStatus::Completed, 2),
        ] {
            assert!(telling.hear(&stage_news(0, status, attempt)), "{status:?} {attempt}");
            assert_eq!(told(&mut telling, &[]), words(&[]), "{status:?} {attempt}");
        }
        assert!(!telling.hear(&stage_news(1, AiStageStatus::Failed, 1)), "its last text is listed");
        assert!(telling.hear(&stage_news(1, AiStageStatus::Running, 2)));
        assert_eq!(told(&mut telling, &[]), words(&["1.2 Running"]));
    }

    #[test]
    fn the_end_of_the_task_is_asked_for() {
        let mut telling = Telling::after(None);
        for (status, is_enough) in [(AiTaskStatus::Running, true), (AiTaskStatus::Cancelled, false)] {
            let news = AiNews::Task(AiTaskState { status, attempt: 1, error: None });
            assert_eq!(telling.hear(&news), is_enough, "{status:?}");
        }
        assert_eq!(telling.go_on(), Next::Hear);
    }
}
