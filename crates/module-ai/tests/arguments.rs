//! Each argument by itself: syntax, limits, and who may do what.

#![allow(clippy::unwrap_used, clippy::panic)]

use module_access::{Role, RoleSet};
use module_ai::*;
use module_rules::RuleError;

fn request<'a>(kind: &'a str, request: &'a str, stages: &[(&'a str, &'a str)], attempts_max: u32) -> TaskRequest<'a> {
    let stages = stages.iter().map(|(key, title)| StagePlan { key, title }).collect();
    TaskRequest { kind, request, stages, attempts_max }
}

#[track_caller]
fn malformed(result: Result<(), RuleError>, expected: &str) {
    match result {
        Err(RuleError::Malformed { field, .. }) => assert_eq!(field, expected),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn above(result: Result<(), RuleError>, expected: u64) {
    match result {
        Err(RuleError::AboveLimit { limit, .. }) => assert_eq!(limit, expected),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_request_is_checked_in_each_part() {
    let one = [("outline", "Outline")];
    assert_eq!(request("world-outline", "{\"a\":\r\n1}", &one, 5).check(), Ok(()));
    malformed(request("", "x", &one, 1).check(), "kind");
    malformed(request("A b", "x", &one, 1).check(), "kind");
    above(request(&"k".repeat(65), "x", &one, 1).check(), 64);
    malformed(request("k", "", &one, 1).check(), "request");
    malformed(request("k", " \n", &one, 1).check(), "request");
    malformed(request("k", "a\0", &one, 1).check(), "request");
    above(request("k", &"x".repeat(REQUEST_LENGTH_MAX + 1), &one, 1).check(), 32_768);
    malformed(request("k", "x", &one, 0).check(), "attempts_max");
    above(request("k", "x", &one, 6).check(), 5);
    above(request("k", "x", &one, u32::MAX).check(), 5);
    malformed(request("k", "x", &[], 1).check(), "stages");
    above(request("k", "x", &[("a", "A"); 17], 1).check(), 16);
    malformed(request("k", "x", &[("a", "A"), ("b", "B"), ("a", "C")], 1).check(), "stages.key");
    malformed(request("k", "x", &[("", "A")], 1).check(), "stages.key");
    malformed(request("k", "x", &[("a", "")], 1).check(), "stages.title");
    above(request("k", "x", &[("a", &"t".repeat(129))], 1).check(), 128);
}

#[test]
fn leases_last_from_five_seconds_to_fifteen_minutes() {
    for seconds in [5, 60, 900] {
        assert_eq!(check_lease_seconds(seconds), Ok(()));
    }
    malformed(check_lease_seconds(0), "lease_seconds");
    malformed(check_lease_seconds(4), "lease_seconds");
    above(check_lease_seconds(901), 900);
    above(check_lease_seconds(u32::MAX), 900);
    assert_eq!(lease_expiry(7, 5), 5_000_007);
    assert_eq!(lease_expiry(i64::MAX, 900), i64::MAX);
    assert_eq!(check_lease_token("worker-1:7"), Ok(()));
    malformed(check_lease_token(""), "lease_token");
    malformed(check_lease_token("a b"), "lease_token");
    above(check_lease_token(&"t".repeat(65)), 64);
}

#[test]
fn worker_arguments_have_limits() {
    assert_eq!(check_kinds(&["a", "b"]), Ok(()));
    malformed(check_kinds::<&str>(&[]), "kinds");
    malformed(check_kinds(&["a", "B"]), "kind");
    above(check_kinds(&["a"; 17]), 16);
    assert_eq!(check_chunk_text("\r\n\u{1b}"), Ok(()));
    malformed(check_chunk_text(""), "text");
    above(check_chunk_text(&"x".repeat(16 * 1024 + 1)), 16 * 1024);
    assert_eq!(check_error("The model was busy."), Ok(()));
    malformed(check_error(" "), "error");
    above(check_error(&"x".repeat(2_049)), 2_048);
    malformed(check_chunk_listing(0), "limit");
    assert_eq!(check_chunk_listing(256), Ok(()));
    above(check_chunk_listing(257), 256);
    assert_eq!(check_open_tasks(7), Ok(()));
    above(check_open_tasks(8), 8);
}

#[test]
fn results_name_what_was_made() {
    assert_eq!(check_result("custom_world_draft", "0190-ab:7"), Ok(()));
    malformed(check_result("", "a"), "result_kind");
    malformed(check_result("a", ""), "result_id");
    malformed(check_result("a", "a b"), "result_id");
    above(check_result(&"a".repeat(65), "a"), 64);
    above(check_result("a", &"a".repeat(129)), 128);
    assert_eq!(check_result_count(63), Ok(()));
    above(check_result_count(64), 64);
}

#[test]
fn usage_adds_up_and_never_wraps() {
    let of = |input_tokens, output_tokens| TokenUsage { input_tokens, output_tokens };
    assert_eq!(of(1, 2).plus(of(3, 4)), Ok(of(4, 6)));
    above(of(0, 0).plus(of(TOKENS_PER_REPORT_MAX + 1, 0)).map(drop), TOKENS_PER_REPORT_MAX);
    above(of(0, 0).plus(of(0, u64::MAX)).map(drop), TOKENS_PER_REPORT_MAX);
    above(of(u64::MAX - 1, 0).plus(of(2, 0)).map(drop), 1);
}

#[test]
fn owners_and_keepers_change_and_moderators_look() {
    let of = |player: u8, roles: &[Role]| {
        let roles: RoleSet = roles.iter().copied().collect();
        task_standing(&1, &player, roles)
    };
    assert_eq!(of(1, &[]), TaskStanding::Owner);
    assert_eq!(of(2, &[Role::Service]), TaskStanding::Keeper);
    assert_eq!(of(2, &[Role::Admin]), TaskStanding::Keeper);
    assert_eq!(of(2, &[Role::Moderator]), TaskStanding::Moderator);
    assert_eq!(of(2, &[Role::Operator]), TaskStanding::Stranger);
    let hidden = Err(RuleError::Hidden { what: "task" });
    for standing in [TaskStanding::Owner, TaskStanding::Keeper] {
        assert_eq!((check_read(standing), check_cancel(standing)), (Ok(()), Ok(())));
    }
    assert_eq!(check_read(TaskStanding::Moderator), Ok(()));
    assert_eq!(check_cancel(TaskStanding::Moderator), Err(RuleError::NotOwner { what: "task" }));
    assert_eq!((check_read(TaskStanding::Stranger), check_cancel(TaskStanding::Stranger)), (hidden.clone(), hidden));
}
