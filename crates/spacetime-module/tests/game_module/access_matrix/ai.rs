//! Generation tasks.

use spacetime_module::*;
use spacetimedb::Identity;

use super::{said, seen};
use crate::ai::*;
use crate::world::{Actor, World};

pub fn outcome(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> Option<String> {
    if name.contains("_ai_token_") {
        return accounts(world, name, caller, named);
    }
    if ["ai_queue_news", "held_ai_leases"].contains(&name) {
        return queues(world, name, caller);
    }
    if !name.contains("_ai_") && name != "ai_task_feed" {
        return None;
    }
    let for_players = ["create_", "cancel_", "forget_", "read_", "list_", "my_", "ai_task_feed"];
    if for_players.into_iter().any(|verb| name.starts_with(verb)) {
        players(world, name, caller, named)
    } else {
        workers(world, name, caller)
    }
}

/// The account of Alice, whose task has cost something.
fn accounts(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> Option<String> {
    let id = running_task(world, Actor::Alice, "alices").task_id;
    let report = AiUsageReport {
        task_id: id,
        owner: Actor::Alice.identity(),
        lease_token: "lease".to_owned(),
        usage: usage(5, 7),
    };
    world.call(Actor::Service, |ctx| book_ai_token_usage_and_return(ctx, report.clone())).unwrap();
    let alice = Actor::Alice.identity();
    Some(match name {
        "book_ai_token_usage_and_return" => said(world.call(caller, |ctx| book_ai_token_usage_and_return(ctx, report))),
        "read_ai_token_account_and_return" => {
            said(world.call(caller, |ctx| read_ai_token_account_and_return(ctx, named)))
        }
        "set_ai_token_quota_and_return" => {
            said(world.call(caller, |ctx| set_ai_token_quota_and_return(ctx, alice, Some(1))))
        }
        "my_ai_token_account" => seen(world.see(caller, my_ai_token_account)),
        _ => return None,
    })
}

/// What workers are told: the Service has a lease, and waits for another task.
fn queues(world: &World, name: &str, caller: Actor) -> Option<String> {
    running_task(world, Actor::Alice, "running");
    assert_eq!(lease_next(world, &["anything"], "another"), Ok(None));
    Some(match name {
        "ai_queue_news" => seen(world.see(caller, |ctx| ai_queue_news(ctx, "anything".to_owned()))),
        _ => seen(world.see(caller, held_ai_leases)),
    })
}

/// What players do with tasks of Alice.
fn players(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> Option<String> {
    let id = running_task(world, Actor::Alice, "alices").task_id;
    start_stage(world, id, "lease", 0).unwrap();
    append(world, chunk(id, "lease", 1, 1)).unwrap();
    let attach = attachment(id, "lease", "a");
    world.call(Actor::Service, |ctx| attach_ai_result_reference_and_return(ctx, attach)).unwrap();
    pending_task(world, Actor::Bob, "bobs");
    let finish = || fail(world, id, "lease", AiFailureOutlook::Final).unwrap();
    let listing = AiTextChunkListing { task_id: id, position: 0, attempt: 1, after_sequence: 0, limit: 1 };
    let new = task_request("new");
    Some(match name {
        "create_ai_task" => said(world.reduce(caller, |ctx| create_ai_task(ctx, new))),
        "create_ai_task_and_return" => said(world.call(caller, |ctx| create_ai_task_and_return(ctx, named, new))),
        "cancel_ai_task" => said(world.reduce(caller, |ctx| cancel_ai_task(ctx, id))),
        "cancel_ai_task_and_return" => said(world.call(caller, |ctx| cancel_ai_task_and_return(ctx, named, id))),
        "forget_ai_task" => {
            finish();
            said(world.reduce(caller, |ctx| forget_ai_task(ctx, id)))
        }
        "forget_ai_task_and_return" => {
            finish();
            said(world.call(caller, |ctx| forget_ai_task_and_return(ctx, named, id)))
        }
        "read_ai_task_and_return" => said(world.call(caller, |ctx| read_ai_task_and_return(ctx, named, id))),
        "list_ai_task_chunks_and_return" => {
            said(world.call(caller, |ctx| list_ai_task_chunks_and_return(ctx, named, listing)))
        }
        "my_ai_tasks" => seen(world.see(caller, my_ai_tasks)),
        "my_ai_task_stages" => seen(world.see(caller, my_ai_task_stages)),
        "my_ai_text_chunks" => seen(world.see(caller, my_ai_text_chunks)),
        "ai_task_feed" => seen(world.see(caller, |ctx| ai_task_feed(ctx, id))),
        "my_ai_result_references" => seen(world.see(caller, my_ai_result_references)),
        _ => return None,
    })
}

/// What workers do with them; a worker that holds no lease is told `conflict`.
fn workers(world: &World, name: &str, caller: Actor) -> Option<String> {
    let pending = pending_task(world, Actor::Alice, "pending").task_id;
    let id = running_task(world, Actor::Alice, "running").task_id;
    let timer = lease_timer(world);
    Some(match name {
        "start_ai_task" => said(world.reduce(caller, |ctx| start_ai_task(ctx, lease_of(pending, "new")))),
        "start_ai_task_and_return" => {
            said(world.call(caller, |ctx| start_ai_task_and_return(ctx, lease_of(pending, "new"))))
        }
        "lease_next_ai_task_and_return" => {
            let kinds = vec!["world-outline".to_owned()];
            let request = AiTaskLeaseRequest { kinds, lease_token: "new".to_owned(), lease_seconds: 60 };
            said(world.call(caller, |ctx| lease_next_ai_task_and_return(ctx, request)))
        }
        "renew_ai_task_lease_and_return" => {
            said(world.call(caller, |ctx| renew_ai_task_lease_and_return(ctx, lease_of(id, "lease"))))
        }
        "start_ai_task_stage" => {
            said(world.reduce(caller, |ctx| start_ai_task_stage(ctx, stage_start(id, "lease", 0))))
        }
        "start_ai_task_stage_and_return" => {
            said(world.call(caller, |ctx| start_ai_task_stage_and_return(ctx, stage_start(id, "lease", 0))))
        }
        "append_ai_text_chunk_and_return" => {
            start_stage(world, id, "lease", 0).unwrap();
            said(world.call(caller, |ctx| append_ai_text_chunk_and_return(ctx, chunk(id, "lease", 1, 1))))
        }
        "append_ai_text_chunks_and_return" => {
            start_stage(world, id, "lease", 0).unwrap();
            let batch = AiTextChunkBatch { appends: vec![chunk(id, "lease", 1, 1)] };
            said(world.call(caller, |ctx| append_ai_text_chunks_and_return(ctx, batch)))
        }
        "complete_ai_stage_and_return" => {
            start_stage(world, id, "lease", 0).unwrap();
            said(world.call(caller, |ctx| complete_ai_stage_and_return(ctx, stage_completion(id, "lease", 0))))
        }
        "attach_ai_result_reference_and_return" => {
            said(world.call(caller, |ctx| attach_ai_result_reference_and_return(ctx, attachment(id, "lease", "a"))))
        }
        "complete_ai_task_and_return" => {
            for position in 0..2 {
                start_stage(world, id, "lease", position).unwrap();
                complete_stage(world, id, "lease", position).unwrap();
            }
            said(world.call(caller, |ctx| complete_ai_task_and_return(ctx, completion(id, "lease"))))
        }
        "fail_ai_task_and_return" => {
            let failure = failure(id, "lease", AiFailureOutlook::Final);
            said(world.call(caller, |ctx| fail_ai_task_and_return(ctx, failure)))
        }
        "expire_ai_task_lease" => said(world.reduce(caller, |ctx| expire_ai_task_lease(ctx, timer))),
        _ => return None,
    })
}
