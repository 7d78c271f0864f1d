//! Texts of language models: an acknowledged task exists, once, and is not given up before its last attempt; it comes
//! to an end, with the text that was asked for, and its readers heard what is stored, in order, without a gap, and
//! nothing twice.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};

use serde_json::json;
use worldloom_facade::ai::prompts::offline_answer;

use super::super::history::{Asked, Told};
use super::Violation;

/// A request for a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The idempotency key, which is also the prompt.
    pub key: String,
    /// How many words are wanted.
    pub words: u32,
}

impl Display for Wish {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(text, "text {} of {} words", self.key, self.words)
    }
}

/// A text that was asked for. It is told the task's id.
pub type WishAsked = Asked<Wish, String>;

/// A piece of text in an event: which stage, which attempt, which number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The stage's number.
    pub position: u32,
    /// The attempt at it.
    pub attempt: u32,
    /// The piece's number, from 1.
    pub sequence: u32,
    /// The text.
    pub text: String,
}

impl Display for Piece {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { position, attempt, sequence, text: said } = self;
        write!(text, "{position}.{attempt}.{sequence} {said:?}")
    }
}

/// What a reader heard of a task, over all its connections, each of which took up where the last one broke.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// The task's id.
    pub task: String,
    /// Pieces in the order of arrival.
    pub pieces: Vec<Piece>,
    /// How the task ended, if the reader was told.
    pub end: Option<String>,
}

/// What the database says of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Its id.
    pub task: String,
    /// The key of the wish that it is for.
    pub wish: String,
    /// `completed`, `failed`, `cancelled`, `pending` or `running`.
    pub status: String,
    /// How often somebody has begun to work on it.
    pub attempt: u32,
    /// How often somebody may.
    pub attempts_max: u32,
    /// The stored pieces.
    pub pieces: Vec<Piece>,
}

impl Display for Task {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { task, wish, status, attempt, attempts_max, .. } = self;
        write!(text, "task {task} for {wish}: {status}, attempt {attempt} of {attempts_max}")
    }
}

const LOST: &str = "no acknowledged task is lost";
const ONCE: &str = "one idempotency key is one task";
const LAST: &str = "a text fails after its last attempt only";
const ENDS: &str = "every task comes to an end";
const CANCELLED: &str = "nobody cancels a text but its player";
const WRITTEN: &str = "a completed text is what was asked for";
const ORDER: &str = "a text comes in order and without gaps";
const EQUAL: &str = "a reader hears what is stored";

/// Holds wishes, what readers heard, and what is stored against one another.
pub fn check(history: &[WishAsked], readings: &[Reading], tasks: &[Task]) -> Vec<Violation> {
    let mut by_wish: BTreeMap<&str, Vec<&Task>> = BTreeMap::new();
    for task in tasks {
        by_wish.entry(&task.wish).or_default().push(task);
    }
    let mut violations = Vec::new();
    for asked in history {
        let made = by_wish.get(asked.call.key.as_str()).map(Vec::as_slice).unwrap_or_default();
        violations.extend(check_made(asked, made));
        if let Told::Done(id) = &asked.told {
            violations.extend(check_told(asked, made.iter().find(|task| task.task == *id).copied()));
        }
    }
    let by_id: BTreeMap<&str, &Task> = tasks.iter().map(|task| (task.task.as_str(), task)).collect();
    for reading in readings {
        let task = by_id.get(reading.task.as_str());
        violations.extend(check_order(reading));
        if let Some(task) = task {
            violations.extend(check_equal(reading, task));
        }
    }
    violations
}

/// The tasks that a wish has made, whatever its player was told.
///
/// Attempts under one key are one request, so they make one task at most: the module remembers a key for 30 days, which
/// no clock of a run jumps over while a request is open. Each attempt at a task that a fault breaks, by a lost lease or
/// an error that may pass, leads to another one while any is left. The module also gives up what no attempt can help:
/// requests that cannot be read, a model that declines, and players who have used up their tokens. None of that can
/// happen to the fleet's short texts by the offline provider, so whatever failed must have had its last attempt.
fn check_made(asked: &WishAsked, made: &[&Task]) -> Vec<Violation> {
    let mut violations = Vec::new();
    if made.len() > 1 {
        violations.push(Violation::new(ONCE, "it has made several").shown_by([asked]).shown_by(made));
    }
    for task in made {
        violations.extend(check_written(&asked.call, task));
    }
    let given_up = made.iter().filter(|task| task.status == "failed" && task.attempt < task.attempts_max);
    violations.extend(given_up.map(|task| Violation::new(LAST, "it was given up before").shown_by([task])));
    violations
}

/// No player of the fleet cancels anything. And what is completed must be there word by word: the offline provider writes
/// the same for the same request, so that what is lost on its way into the database is noticed.
fn check_written(wish: &Wish, task: &Task) -> Option<Violation> {
    match task.status.as_str() {
        "cancelled" => Some(Violation::new(CANCELLED, "nobody asked for that").shown_by([task])),
        "completed" => {
            let (wanted, written) = (offline_text(wish), text_of_last_attempt(&task.pieces));
            let fails = || {
                let shown = [task.to_string(), format!("wanted: {wanted:?}"), format!("written: {written:?}")];
                Violation::new(WRITTEN, "another text is stored").shown_by(shown)
            };
            (wanted != written).then(fails)
        }
        _ => None,
    }
}

/// What the facade's offline provider writes for a wish, whose task has one stage with the title `text`.
pub fn offline_text(wish: &Wish) -> String {
    let variables = json!({ "stage_title": "text", "request": wish.key, "length": wish.words });
    // A reason why there is no text equals none that is stored, and shows itself as what was wanted.
    offline_answer("text/write.v1", &variables).unwrap_or_else(|cause| cause.to_string())
}

/// The text of a task with one stage: that of the last attempt at it, piece by piece.
fn text_of_last_attempt(pieces: &[Piece]) -> String {
    let last = pieces.iter().map(|piece| piece.attempt).max();
    let mut pieces: Vec<&Piece> = pieces.iter().filter(|piece| Some(piece.attempt) == last).collect();
    pieces.sort_by_key(|piece| (piece.position, piece.sequence));
    pieces.into_iter().map(|piece| piece.text.as_str()).collect()
}

/// The task that a player was told of, if the wish has made it.
fn check_told(asked: &WishAsked, task: Option<&Task>) -> Option<Violation> {
    match task.map(|task| task.status.as_str()) {
        None => Some(Violation::new(LOST, "it was acknowledged and is not there").shown_by([asked])),
        // A cancelled one is a violation of its own.
        Some("completed" | "failed" | "cancelled") => None,
        Some(status) => Some(Violation::new(ENDS, format!("it is {status} at the end")).shown_by([asked])),
    }
}

fn check_order(reading: &Reading) -> Option<Violation> {
    let mut last: Option<&Piece> = None;
    for piece in &reading.pieces {
        let place = (piece.position, piece.attempt);
        let follows = match last {
            Some(last) if (last.position, last.attempt) == place => piece.sequence == last.sequence + 1,
            Some(last) => (last.position, last.attempt) < place && piece.sequence == 1,
            // A reader that comes late begins with the attempt that is under way.
            None => piece.sequence == 1,
        };
        if !follows {
            let shown = last.into_iter().chain([piece]);
            return Some(Violation::new(ORDER, format!("task {}", reading.task)).shown_by(shown));
        }
        last = Some(piece);
    }
    None
}

fn check_equal(reading: &Reading, task: &Task) -> Option<Violation> {
    let fails = |what: String, piece: Option<&Piece>| {
        Some(Violation::new(EQUAL, format!("task {}: {what}", task.task)).shown_by(piece))
    };
    if let Some(end) = &reading.end
        && *end != task.status
    {
        return fails(format!("the reader was told {end}, and it is {}", task.status), None);
    }
    let stored: BTreeMap<(u32, u32, u32), &str> = task
        .pieces
        .iter()
        .map(|piece| ((piece.position, piece.attempt, piece.sequence), piece.text.as_str()))
        .collect();
    for piece in &reading.pieces {
        let place = (piece.position, piece.attempt, piece.sequence);
        if stored.get(&place) != Some(&piece.text.as_str()) {
            return fails("a piece was heard that is not stored".to_owned(), Some(piece));
        }
    }
    if reading.end.as_deref() != Some("completed") {
        return None;
    }
    let heard: BTreeSet<(u32, u32)> = reading.pieces.iter().map(|piece| (piece.position, piece.attempt)).collect();
    let latest: BTreeMap<u32, u32> =
        task.pieces.iter().fold(BTreeMap::new(), |mut latest, Piece { position, attempt, .. }| {
            latest.entry(*position).and_modify(|known: &mut u32| *known = (*attempt).max(*known)).or_insert(*attempt);
            latest
        });
    // Only attempts that failed before the reader came may be unheard.
    let is_due = |piece: &&Piece| {
        heard.contains(&(piece.position, piece.attempt)) || latest.get(&piece.position) == Some(&piece.attempt)
    };
    let (heard, due) = (reading.pieces.len(), task.pieces.iter().filter(is_due).count());
    if heard != due {
        return fails(format!("{heard} of {due} pieces were heard"), None);
    }
    None
}
