//! Both state machines over every pair of states, leases, attempts and chunks.

#![allow(clippy::unwrap_used, clippy::panic)]

use module_ai::*;
use module_rules::RuleError;

fn illegal(what: &'static str, from: &'static str, to: &'static str) -> Result<Step, RuleError> {
    Err(RuleError::IllegalTransition { what, from, to, advice: "" })
}

#[test]
fn every_pair_of_task_states() {
    use TaskStatus::{Cancelled, Completed, Failed, Pending, Running};
    let moves = [
        (Pending, Running),
        (Pending, Cancelled),
        (Running, Pending),
        (Running, Completed),
        (Running, Failed),
        (Running, Cancelled),
    ];
    for from in TaskStatus::ALL {
        for to in TaskStatus::ALL {
            let expected = if from == to {
                Ok(Step::Already)
            } else if moves.contains(&(from, to)) {
                Ok(Step::Moved)
            } else {
                illegal("A task", from.name(), to.name())
            };
            assert_eq!(transition_task(from, to), expected, "{from:?} to {to:?}");
        }
        assert_eq!(from.is_finished(), TaskStatus::FINISHED.contains(&from));
        assert_eq!(from.is_finished(), check_forgettable(from).is_ok());
        assert_eq!(from.is_finished(), !TaskStatus::OPEN.contains(&from));
    }
}

#[test]
fn every_pair_of_stage_states() {
    use StageStatus::{Cancelled, Completed, Failed, Pending, Running};
    let moves = [
        (Pending, Running),
        (Pending, Cancelled),
        (Running, Completed),
        (Running, Failed),
        (Running, Cancelled),
        (Failed, Running),
    ];
    for from in StageStatus::ALL {
        for to in StageStatus::ALL {
            let expected = if from == to {
                Ok(Step::Already)
            } else if moves.contains(&(from, to)) {
                Ok(Step::Moved)
            } else {
                illegal("A stage", from.name(), to.name())
            };
            assert_eq!(transition_stage(from, to), expected, "{from:?} to {to:?}");
        }
    }
}

#[test]
fn stages_follow_their_task_by_legal_steps() {
    for stage in StageStatus::ALL {
        for task in TaskStatus::ALL {
            let after = stage.after_task(task);
            assert!(transition_stage(stage, after).is_ok(), "{stage:?} as the task is {task:?}");
            let stopped = matches!(task, TaskStatus::Pending | TaskStatus::Failed | TaskStatus::Cancelled);
            assert!(!stopped || after != StageStatus::Running, "{stage:?} as the task is {task:?}");
            assert!(task == TaskStatus::Completed || !task.is_finished() || after != StageStatus::Pending);
        }
    }
}

fn task(attempts_max: u32) -> TaskState<u8> {
    TaskState { status: TaskStatus::Pending, attempt: 0, attempts_max, lease: None }
}

fn begun(state: &TaskState<u8>, holder: u8, token: &str, now: i64) -> TaskState<u8> {
    let (step, state) = state.begin(holder, token, 10, now).unwrap();
    assert_eq!(step, Step::Moved);
    state
}

const SECOND: i64 = 1_000_000;

#[test]
fn a_lease_keeps_others_out_until_it_runs_out() {
    let running = begun(&task(3), 1, "a", 0);
    assert_eq!(running.attempt, 1);
    assert_eq!(running.begin(1, "a", 10, SECOND), Ok((Step::Already, running.clone())), "the answer got lost");
    for (holder, token) in [(1, "b"), (2, "a")] {
        assert!(matches!(running.begin(holder, token, 10, 10 * SECOND - 1), Err(RuleError::Differs { .. })));
        assert!(matches!(running.check_held(&holder, token, 0, "completed"), Err(RuleError::Differs { .. })));
    }
    assert_eq!(running.check_held(&1, "a", 10 * SECOND - 1, "completed"), Ok(()));
    assert!(running.check_held(&1, "a", 10 * SECOND, "completed").is_err(), "run out");
    assert!(running.renew(&1, "a", 10, 10 * SECOND).is_err(), "a lease that ran out is not renewed");

    let second = begun(&running, 2, "b", 10 * SECOND);
    assert_eq!(second.attempt, 2);
    assert!(second.check_held(&1, "a", 10 * SECOND, "completed").is_err());
}

#[test]
fn a_lease_is_renewed_but_never_shortened() {
    let running = begun(&task(1), 1, "a", 0);
    let renewed = running.renew(&1, "a", 10, 4 * SECOND).unwrap();
    assert_eq!(renewed.lease.as_ref().unwrap().expires_at, 14 * SECOND);
    assert_eq!(renewed.renew(&1, "a", 5, 5 * SECOND).unwrap(), renewed);
    assert_eq!(renewed.after_expiry(14 * SECOND - 1), None);
    assert_eq!(renewed.after_expiry(14 * SECOND).unwrap().status, TaskStatus::Failed);
}

#[test]
fn a_token_serves_one_lease() {
    let running = begun(&task(3), 1, "a", 0);
    let given_back = running.after_expiry(20 * SECOND).unwrap();
    assert_eq!(given_back.status, TaskStatus::Pending);
    let refusal = given_back.begin(1, "a", 10, 20 * SECOND).unwrap_err();
    assert_eq!(refusal.to_string(), "The lease token must be a new one, not that of the last lease.");
    assert_eq!(running.begin(1, "a", 10, 20 * SECOND), Err(refusal), "even if the schedule has not come round");
    begun(&given_back, 1, "a2", 20 * SECOND);
}

#[test]
fn attempts_are_used_up() {
    let mut state = task(2);
    for (attempt, after) in [(1, TaskStatus::Pending), (2, TaskStatus::Failed)] {
        state = begun(&state, 1, &format!("t{attempt}"), 0);
        assert_eq!(state.attempt, attempt);
        let (step, failed) = state.fail(&1, &format!("t{attempt}"), Outlook::Passing, 1).unwrap();
        assert_eq!((step, failed.status), (Step::Moved, after));
        assert_eq!(failed.fail(&1, &format!("t{attempt}"), Outlook::Passing, 2), Ok((Step::Already, failed.clone())));
        state = failed;
    }
    assert!(state.begin(2, "b", 10, 2).is_err());
    let running = begun(&task(5), 1, "a", 0);
    assert_eq!(running.fail(&1, "a", Outlook::Final, 1).unwrap().1.status, TaskStatus::Failed);
}

#[test]
fn the_holder_may_repeat_an_ending_and_nobody_else() {
    let running = begun(&task(1), 1, "a", 0);
    let (_, completed) = running.complete(&1, "a", 5).unwrap();
    assert_eq!(completed.lease.as_ref().unwrap().expires_at, 5, "the lease ended with the work");
    assert_eq!(completed.complete(&1, "a", 90 * SECOND), Ok((Step::Already, completed.clone())));
    assert!(completed.complete(&1, "b", 6).is_err());
    assert!(completed.complete(&2, "a", 6).is_err());
    let refusal = completed.fail(&1, "a", Outlook::Final, 6).unwrap_err();
    assert!(matches!(refusal, RuleError::IllegalTransition { from: "completed", to: "failed", .. }));
}

#[test]
fn cancelling_takes_the_task_from_its_worker() {
    let running = begun(&task(1), 1, "a", 0);
    let (step, cancelled) = running.cancel(3).unwrap();
    assert_eq!((step, cancelled.status), (Step::Moved, TaskStatus::Cancelled));
    assert_eq!(cancelled.cancel(4), Ok((Step::Already, cancelled.clone())));
    let refusal = cancelled.check_held(&1, "a", 4, "continued").unwrap_err();
    assert!(matches!(refusal, RuleError::IllegalTransition { from: "cancelled", to: "continued", .. }));
    assert_eq!(task(1).cancel(0).unwrap().1.status, TaskStatus::Cancelled);
}

#[test]
fn pauses_double_up_to_a_minute() {
    let pauses: Vec<_> = (1..=8).map(|attempt| retry_pause(attempt) / SECOND).collect();
    assert_eq!(pauses, [2, 4, 8, 16, 32, 60, 60, 60]);
    assert_eq!(retry_pause(0), RETRY_PAUSE_MICROS);
    assert_eq!(retry_pause(u32::MAX), RETRY_PAUSE_MAX_MICROS);
}

#[test]
fn chunks_come_in_sequence() {
    let (_, stage) = StageState::NEW.start().unwrap();
    assert_eq!((stage.attempt, stage.next_sequence), (1, 1));
    let Append::Stored(stage) = stage.append(1, 1, 5).unwrap() else { panic!() };
    assert_eq!((stage.next_sequence, stage.text_bytes), (2, 5));
    assert_eq!(stage.append(1, 1, 9), Ok(Append::Seen));
    assert_eq!(
        stage.append(1, 3, 1).unwrap_err().to_string(),
        "The sequence number of the next chunk must be 2, not 3."
    );
    assert!(matches!(stage.append(2, 2, 1), Err(RuleError::Differs { what: "The attempt at the stage", .. })));
    assert!(matches!(stage.append(1, 0, 1), Err(RuleError::Malformed { field: "sequence", .. })));
    let (_, done) = stage.complete().unwrap();
    assert_eq!(done.append(1, 1, 5), Ok(Append::Seen), "a repetition after the end");
    assert!(matches!(done.append(1, 2, 5), Err(RuleError::IllegalTransition { from: "completed", .. })));
}

#[test]
fn chunks_and_text_have_limits() {
    let (_, stage) = StageState::NEW.start().unwrap();
    let full = StageState { next_sequence: 4_097, ..stage };
    let above = RuleError::AboveLimit { what: "The number of chunks of a stage", limit: 4_096, actual: 4_097 };
    assert_eq!(full.append(1, 4_097, 1), Err(above));
    let long = StageState { text_bytes: STAGE_TEXT_LENGTH_MAX - 1, ..stage };
    assert!(matches!(long.append(1, 1, 1), Ok(Append::Stored(_))));
    assert!(matches!(long.append(1, 1, 2), Err(RuleError::AboveLimit { limit: STAGE_TEXT_LENGTH_MAX, .. })));
    assert!(matches!(stage.append(1, u32::MAX, u64::MAX), Err(RuleError::Differs { .. })));
}

#[test]
fn a_stage_that_is_begun_again_begins_its_text_again() {
    let (_, stage) = StageState::NEW.start().unwrap();
    let Append::Stored(stage) = stage.append(1, 1, 5).unwrap() else { panic!() };
    assert_eq!(stage.start(), Ok((Step::Already, stage)), "a repeated start keeps the text");
    let failed = StageState { status: stage.status.after_task(TaskStatus::Pending), ..stage };
    let (step, again) = failed.start().unwrap();
    assert_eq!(step, Step::Moved);
    assert_eq!((again.attempt, again.next_sequence, again.text_bytes), (2, 1, 0));
}

#[test]
fn stages_are_worked_on_in_order() {
    use StageStatus::{Completed, Failed, Pending, Running};
    assert_eq!(check_earlier_completed([]), Ok(()));
    assert_eq!(check_earlier_completed([Completed, Completed]), Ok(()));
    for other in [Pending, Running, Failed] {
        assert!(check_earlier_completed([Completed, other]).is_err());
        assert!(check_all_completed([Completed, other]).is_err());
    }
    assert_eq!(
        check_earlier_completed([Running]).unwrap_err().to_string(),
        "Each stage before this one must be completed, not running."
    );
}
