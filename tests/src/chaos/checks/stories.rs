//! Story turns: each acknowledged one is in its place, none is there twice, and nothing is there that nobody told.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};

use super::super::history::{Asked, Told};
use super::Violation;

/// A turn: the next event of a story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Whose story.
    pub story: String,
    /// The number that it is to get.
    pub number: u32,
    /// What happens, which no other turn says.
    pub text: String,
}

impl Display for Turn {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(text, "turn {} of story {}, {:?}", self.number, self.story, self.text)
    }
}

/// A turn that was asked for. It is told the number of the event.
pub type TurnAsked = Asked<Turn, u32>;

/// An event as it is at the end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Event {
    /// Whose story.
    pub story: String,
    /// Its number.
    pub number: u32,
    /// What happened.
    pub text: String,
}

const LOST: &str = "no acknowledged turn is lost";
const TWICE: &str = "no turn is told twice";
const GAPS: &str = "a story has no gaps";
const FOREIGN: &str = "a story says what its player told";
const REASON: &str = "nobody is refused without a reason";

/// Holds turns and events against one another; the first event of a story is its beginning, which is not a turn.
pub fn check(history: &[TurnAsked], events: &[Event]) -> Vec<Violation> {
    let mut violations = check_numbers(events);
    let stories = by_story(events);
    let mut told: BTreeSet<(&str, &str)> = BTreeSet::new();
    for asked in history {
        let Turn { story, number, text } = &asked.call;
        told.insert((story, text));
        let event = stories.get(story.as_str()).and_then(|events| events.get(number));
        let is_there = event.is_some_and(|event| event.text == *text);
        let shown = |rule, what: &str| {
            let event = event.map(|event| format!("event {number} says {:?}", event.text));
            Violation::new(rule, what).shown_by([Some(asked.to_string()), event].into_iter().flatten())
        };
        match &asked.told {
            Told::Done(_) if !is_there => violations.push(shown(LOST, "it was acknowledged and is not there")),
            Told::Done(answered) if answered != number => {
                violations.push(shown(LOST, "it was acknowledged under another number"));
            }
            Told::Refused(_) if is_there => violations.push(shown(FOREIGN, "it was refused and is there")),
            Told::Refused(reason) if !reason.starts_with("Conflict") || !came_first(history, asked) => {
                violations.push(shown(REASON, "it was refused, and no other turn explains it"));
            }
            _ => {}
        }
    }
    for (story, events) in &stories {
        let mut texts = BTreeSet::new();
        for event in events.values().filter(|event| event.number > 1) {
            let shown = format!("story {story}, event {}: {:?}", event.number, event.text);
            if !told.contains(&(story, event.text.as_str())) {
                violations.push(Violation::new(FOREIGN, "nobody told this").shown_by([shown]));
            } else if !texts.insert(&event.text) {
                violations.push(Violation::new(TWICE, "it is there twice").shown_by([shown]));
            }
        }
    }
    violations
}

/// Stories by their names, and events by their numbers.
fn by_story(events: &[Event]) -> BTreeMap<&str, BTreeMap<u32, &Event>> {
    let mut stories: BTreeMap<&str, BTreeMap<u32, &Event>> = BTreeMap::new();
    for event in events {
        stories.entry(&event.story).or_default().insert(event.number, event);
    }
    stories
}

/// Whether the events of each story are numbered from 1, each once and without gaps.
pub fn check_numbers(events: &[Event]) -> Vec<Violation> {
    let stories = by_story(events);
    let mut violations = Vec::new();
    if stories.values().map(BTreeMap::len).sum::<usize>() != events.len() {
        violations.push(Violation::new(TWICE, "a story has two events of one number"));
    }
    for (story, events) in stories {
        if !events.keys().copied().eq(1..=u32::try_from(events.len()).unwrap_or(u32::MAX)) {
            violations.push(Violation::new(GAPS, format!("story {story} has the events {:?}", events.keys())));
        }
    }
    violations
}

/// Whether another turn may have taken the number of one that was refused, also one that nobody was answered about.
fn came_first(history: &[TurnAsked], refused: &TurnAsked) -> bool {
    let Turn { story, number, text } = &refused.call;
    history.iter().any(|other| {
        let takes_it = other.call.story == *story && other.call.number == *number && other.call.text != *text;
        takes_it && !matches!(other.told, Told::Refused(_)) && other.begun <= refused.ended
    })
}
