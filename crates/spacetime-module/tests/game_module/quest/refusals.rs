//! What every call on a quest refuses, and that nothing changes then.

use spacetime_module::*;
use spacetimedb::Uuid;

use super::Errand;
use crate::story::{end_as, ending};
use crate::world::{Actor, above, illegal, invalid};

type Call = fn(&Errand, Actor, QuestSelection) -> Result<QuestRecord, DomainError>;

const CALLS: [Call; 3] = [
    |errand, actor, request| errand.world.call(actor, |ctx| accept_quest_and_return(ctx, None, request)),
    |errand, actor, request| errand.world.call(actor, |ctx| abandon_quest_and_return(ctx, None, request)),
    |errand, actor, request| errand.world.call(actor, |ctx| turn_in_quest_and_return(ctx, None, request)),
];

#[test]
fn bad_arguments_and_unknown_ids() {
    let errand = Errand::new();
    let cases = [
        (errand.select(""), invalid("quest_key")),
        (errand.select("The chat"), invalid("quest_key")),
        (errand.select(&"q".repeat(65)), above(64)),
        (errand.select("miller"), DomainErrorCode::NotFound),
        (QuestSelection { session_id: Uuid::from_u128(1), ..errand.select("chat") }, DomainErrorCode::NotFound),
    ];
    for call in CALLS {
        for (request, code) in &cases {
            assert_eq!(&errand.refused(|errand| call(errand, Actor::Alice, request.clone())), code);
        }
    }
}

#[test]
fn another_players_quest_looks_like_none() {
    let errand = Errand::new();
    errand.accept("chat").unwrap();
    for call in CALLS {
        for actor in [Actor::Bob, Actor::Admin, Actor::Service] {
            let code = errand.refused(|errand| call(errand, actor, errand.select("chat")));
            assert_eq!(code, DomainErrorCode::NotFound);
        }
    }
}

#[test]
fn nothing_goes_on_in_an_ended_story() {
    let errand = Errand::new();
    errand.accept("chat").unwrap();
    end_as(&errand.world, Actor::Alice, ending(&errand.story)).unwrap();
    for call in CALLS {
        let code = errand.refused(|errand| call(errand, Actor::Alice, errand.select("chat")));
        assert_eq!(code, illegal("ended", "continued"));
    }
}

#[test]
fn a_closed_account_has_no_quests() {
    let errand = Errand::new();
    errand.world.reduce(Actor::Alice, close_account).unwrap();
    for call in CALLS {
        let code = errand.refused(|errand| call(errand, Actor::Alice, errand.select("chat")));
        assert_eq!(code, DomainErrorCode::AccountClosed);
    }
}
