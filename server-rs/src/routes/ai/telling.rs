//! What the reader of a task is told, and in which order.
//!
//! Nothing here waits or calls anybody. Whoever tells asks for what is next, and is sent for a page of text or for news
//! when that is needed first. Text that has not been listed is a place in the queue until it is its turn: a stream
//! holds a page at most, however slowly its client reads.

mod said;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use axum::response::sse::Event;
use worldloom_client::{
    AiNews, AiStageState, AiStageStatus, AiTask, AiTaskSnapshot, AiTaskStage, AiTextChunk, AiTextPiece,
};

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
    /// Whether the reader has seen something before, and so wants all that came after it.
    is_resumed: bool,
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
        let (seen, is_resumed) = (last.unwrap_or_default(), last.is_some());
        Self { seen, is_resumed, said: Said::default(), ahead: VecDeque::new(), is_over: false }
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
            AiNews::Stage(AiStageState { position, key, status: AiStageStatus::Running, attempt })
                if self.said.is_settled_before(*position, *attempt) =>
            {
                self.plan_stage(*position, key, AiStageStatus::Running, *attempt);
                true
            }
            // Its last text, or that of the attempt before it, may not have been among the news.
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
            // Another attempt has begun, so each of these has failed, and its reader has yet to hear of it.
            for failed in self.first_untold(position, attempt)..attempt {
                self.plan_attempt(position, &stage.key, failed);
                self.plan_stage(position, &stage.key, AiStageStatus::Failed, failed);
            }
            self.plan_attempt(position, &stage.key, attempt);
        }
        self.plan_stage(position, &stage.key, status, attempt);
    }

    /// The first attempt at a stage of which something may not have been told, if `present` is the last one.
    fn first_untold(&self, position: u32, present: u32) -> u32 {
        match self.said.of(position) {
            Some((status, attempt)) if WorkStatus::from(status).is_final() => attempt + 1,
            Some((_, attempt)) => attempt.max(1),
            None if !self.is_resumed => present,
            None if position == self.seen.position => self.seen.attempt.max(1),
            None => 1,
        }
    }

    /// Plans to tell that an attempt runs, unless that was said, and what there is of its text.
    fn plan_attempt(&mut self, position: u32, key: &str, attempt: u32) {
        if self.said.of(position).is_none_or(|(_, said)| said != attempt) {
            self.plan_stage(position, key, AiStageStatus::Running, attempt);
        }
        self.ahead.push_back(Step::List { position, attempt });
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
