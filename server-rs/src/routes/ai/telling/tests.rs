//! What readers are told who come late, come again, or hear too little.

use spacetimedb_sdk::{Identity, Timestamp, Uuid};
use worldloom_client::{AiTaskState, AiTaskStatus};

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
    let expected = [words(&["0.1 Completed", "1.1 Running"]), ids("1.1", 301, 700), words(&["2.0 Pending"])].concat();
    assert_eq!(told(&mut telling, &[(0, 1, 5), (1, 1, 700)]), expected);
}

#[test]
fn the_rest_of_a_failed_attempt_comes_before_the_next_one() {
    let mut telling = Telling::after(Place::parse("0.1.2"));
    telling.catch_up(snapshot(AiTaskStatus::Running, &[(AiStageStatus::Running, 2)]));
    let expected = words(&["0.1 Running", "0.1.3", "0.1.4", "0.1 Failed", "0.2 Running", "0.2.1"]);
    assert_eq!(told(&mut telling, &[(0, 1, 4), (0, 2, 1)]), expected);
}

#[test]
fn attempts_that_failed_while_nobody_read_are_told_to_who_comes_again() {
    let texts = [(0, 1, 9), (0, 2, 1), (1, 1, 2), (1, 2, 1)];
    let mut telling = Telling::after(Place::parse("0.1.9"));
    let stages = [(AiStageStatus::Completed, 1), (AiStageStatus::Running, 2)];
    telling.catch_up(snapshot(AiTaskStatus::Running, &stages));
    let expected =
        ["0.1 Running", "0.1 Completed", "1.1 Running", "1.1.1", "1.1.2", "1.1 Failed", "1.2 Running", "1.2.1"];
    assert_eq!(told(&mut telling, &texts), words(&expected), "of a later stage");

    let mut telling = Telling::after(Place::parse("0.1.9"));
    telling.catch_up(snapshot(AiTaskStatus::Failed, &[(AiStageStatus::Failed, 3)]));
    let expected =
        ["0.1 Running", "0.1 Failed", "0.2 Running", "0.2.1", "0.2 Failed", "0.3 Running", "0.3 Failed", "Failed"];
    assert_eq!(told(&mut telling, &texts), words(&expected), "of the same stage, between its first and its last");
}

#[test]
fn attempts_that_failed_before_the_first_visit_are_not_told() {
    let mut telling = Telling::after(None);
    telling.catch_up(snapshot(AiTaskStatus::Running, &[(AiStageStatus::Running, 3)]));
    let texts = [(0, 1, 1), (0, 2, 1), (0, 3, 1), (0, 4, 1)];
    assert_eq!(told(&mut telling, &texts), words(&["0.3 Running", "0.3.1"]));
    telling.catch_up(snapshot(AiTaskStatus::Running, &[(AiStageStatus::Running, 4)]));
    assert_eq!(told(&mut telling, &texts), words(&["0.3 Failed", "0.4 Running", "0.4.1"]));
}

#[test]
fn a_reader_who_hears_too_little_misses_no_attempt() {
    let texts = [(0, 1, 2), (0, 2, 1), (0, 3, 1), (0, 4, 1)];
    let running = |attempt| snapshot(AiTaskStatus::Running, &[(AiStageStatus::Running, attempt)]);
    let mut telling = Telling::after(None);
    telling.catch_up(snapshot(AiTaskStatus::Pending, &[(AiStageStatus::Pending, 0)]));
    assert_eq!(told(&mut telling, &[]), words(&["0.0 Pending"]));
    assert!(telling.hear(&stage_news(0, AiStageStatus::Running, 1)));
    assert_eq!(told(&mut telling, &[]), words(&["0.1 Running"]));

    assert!(!telling.hear(&stage_news(0, AiStageStatus::Running, 2)), "how the first one ended was not heard");
    telling.catch_up(running(2));
    let expected = words(&["0.1.1", "0.1.2", "0.1 Failed", "0.2 Running", "0.2.1"]);
    assert_eq!(told(&mut telling, &texts), expected);
    telling.catch_up(running(2));
    assert_eq!(told(&mut telling, &texts), words(&[]), "nothing comes twice");

    telling.catch_up(snapshot(AiTaskStatus::Pending, &[(AiStageStatus::Failed, 2)]));
    assert_eq!(told(&mut telling, &texts), words(&["0.2 Failed"]));
    telling.catch_up(running(4));
    let expected = words(&["0.3 Running", "0.3.1", "0.3 Failed", "0.4 Running", "0.4.1"]);
    assert_eq!(told(&mut telling, &texts), expected);
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
    let stages = [(AiStageStatus::Completed, 2), (AiStageStatus::Failed, 1)];
    telling.catch_up(snapshot(AiTaskStatus::Pending, &stages));
    assert_eq!(told(&mut telling, &[]), words(&["1.1 Failed"]));
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
