//! Messages of author and agent, and ladders that the agent proposes.

use spacetime_module::*;
use spacetimedb::{Identity, Uuid};

use super::studio::{begun, ladder, laddered, session_now};
use crate::world::{Actor, World, above, conflict, invalid};

fn message(session_id: Uuid, key: &str) -> BigFishMessageRequest {
    BigFishMessageRequest { session_id, idempotency_key: key.to_owned(), text: format!("Message {key}") }
}

fn say(world: &World, actor: Actor, request: BigFishMessageRequest) -> Result<BigFishAgentMessage, DomainError> {
    world.call(actor, |ctx| submit_big_fish_message_and_return(ctx, None, request))
}

fn reply(session_id: Uuid, key: &str) -> BigFishAgentReply {
    BigFishAgentReply {
        session_id,
        idempotency_key: key.to_owned(),
        text: format!("Reply {key}"),
        is_interrupted: false,
        proposed_levels: None,
    }
}

fn answer(
    world: &World,
    caller: Actor,
    named: Option<Identity>,
    request: BigFishAgentReply,
) -> Result<BigFishAgentMessage, DomainError> {
    world.call(caller, |ctx| append_big_fish_agent_message_and_return(ctx, named, request))
}

fn alice() -> Option<Identity> {
    Some(Actor::Alice.identity())
}

#[test]
fn author_and_agent_take_turns_without_gaps() {
    let world = World::new();
    let session = begun(&world, Actor::Alice, "a");
    let asked = say(&world, Actor::Alice, message(session.session_id, "1")).unwrap();
    let answered = answer(&world, Actor::Service, alice(), reply(session.session_id, "2")).unwrap();
    let broken = BigFishAgentReply { is_interrupted: true, ..reply(session.session_id, "3") };
    let broken = answer(&world, Actor::Service, alice(), broken).unwrap();
    assert_eq!((asked.sequence, asked.sender), (1, BigFishMessageSender::Author));
    assert_eq!((answered.sequence, answered.sender), (2, BigFishMessageSender::Agent));
    assert_eq!((broken.sequence, broken.is_interrupted, broken.text.as_str()), (3, true, "Reply 3"));
    let mut seen = world.see(Actor::Alice, my_fish_messages);
    seen.sort_by_key(|message| message.sequence);
    assert_eq!(seen, [asked, answered, broken]);
    for actor in [Actor::Bob, Actor::Service, Actor::Admin] {
        assert_eq!(world.see(actor, my_fish_messages), [], "{actor:?}");
    }
    let session_after = session_now(&world, Actor::Alice, session.session_id);
    assert_eq!((session_after.message_count, session_after.revision), (3, session.revision));
}

#[test]
fn the_same_message_is_added_once() {
    let world = World::new();
    let session_id = begun(&world, Actor::Alice, "a").session_id;
    let asked = say(&world, Actor::Alice, message(session_id, "1")).unwrap();
    let answered = answer(&world, Actor::Service, alice(), reply(session_id, "1")).unwrap();
    let before = world.rows();
    assert_eq!(say(&world, Actor::Alice, message(session_id, "1")), Ok(asked));
    assert_eq!(answer(&world, Actor::Service, alice(), reply(session_id, "1")), Ok(answered));
    assert_eq!(world.rows(), before);
    let other = BigFishMessageRequest { text: "Other".to_owned(), ..message(session_id, "1") };
    let refusal = world.refused(|world| say(world, Actor::Alice, other));
    assert!(matches!(refusal.code, DomainErrorCode::Conflict(_)));
    let other = BigFishAgentReply { is_interrupted: true, ..reply(session_id, "1") };
    let refusal = world.refused(|world| answer(world, Actor::Service, alice(), other));
    assert!(matches!(refusal.code, DomainErrorCode::Conflict(_)));
}

#[test]
fn only_the_service_speaks_for_the_agent() {
    let world = World::new();
    let session_id = begun(&world, Actor::Alice, "a").session_id;
    for (caller, named) in [(Actor::Alice, None), (Actor::Admin, None), (Actor::Bob, alice())] {
        let refusal = world.refused(|world| answer(world, caller, named, reply(session_id, "1")));
        assert_eq!(refusal.code, DomainErrorCode::Forbidden, "{caller:?}");
    }
    for named in [None, Some(Actor::Bob.identity())] {
        let refusal = world.refused(|world| answer(world, Actor::Service, named, reply(session_id, "1")));
        assert_eq!(refusal.code, DomainErrorCode::NotFound, "the session is not theirs");
    }
    let refusal = world.refused(|world| say(world, Actor::Bob, message(session_id, "1")));
    assert_eq!(refusal.code, DomainErrorCode::NotFound);
    let refusal = world.refused(|world| say(world, Actor::Alice, message(Uuid::from_u128(1), "1")));
    assert_eq!(refusal.code, DomainErrorCode::NotFound);
}

#[test]
fn nothing_is_said_to_a_closed_account() {
    let world = World::new();
    let session_id = begun(&world, Actor::Alice, "a").session_id;
    world.reduce(Actor::Alice, close_account).unwrap();
    let refusal = world.refused(|world| answer(world, Actor::Service, alice(), reply(session_id, "1")));
    assert_eq!(refusal.code, DomainErrorCode::AccountClosed);
    let refusal = world.refused(|world| say(world, Actor::Alice, message(session_id, "1")));
    assert_eq!(refusal.code, DomainErrorCode::AccountClosed);
}

#[test]
fn bad_messages_name_the_field_or_the_limit() {
    let world = World::new();
    let session_id = begun(&world, Actor::Alice, "a").session_id;
    for (text, code) in [("", invalid("text")), (" \n", invalid("text")), (&*"x".repeat(2_001), above(2_000))] {
        let request = BigFishMessageRequest { text: text.to_owned(), ..message(session_id, "1") };
        assert_eq!(world.refused(|world| say(world, Actor::Alice, request)).code, code);
    }
    let too_long = BigFishAgentReply { text: "x".repeat(8_001), ..reply(session_id, "1") };
    assert_eq!(world.refused(|world| answer(world, Actor::Service, alice(), too_long)).code, above(8_000));
    let too_short = BigFishAgentReply { proposed_levels: Some(vec![]), ..reply(session_id, "1") };
    assert_eq!(world.refused(|world| answer(world, Actor::Service, alice(), too_short)).code, invalid("levels"));
}

#[test]
fn a_session_has_a_limited_number_of_messages() {
    let world = World::new();
    let session_id = begun(&world, Actor::Alice, "a").session_id;
    let limit = module_big_fish::MESSAGES_PER_SESSION_MAX;
    for number in 0..limit {
        say(&world, Actor::Alice, message(session_id, &number.to_string())).unwrap();
    }
    let refusal = world.refused(|world| say(world, Actor::Alice, message(session_id, "more")));
    assert_eq!(refusal.code, above(limit));
    let refusal = world.refused(|world| answer(world, Actor::Service, alice(), reply(session_id, "more")));
    assert_eq!(refusal.code, above(limit));
}

#[test]
fn an_author_accepts_a_proposed_ladder() {
    let world = World::new();
    let session = begun(&world, Actor::Alice, "a");
    let plain = say(&world, Actor::Alice, message(session.session_id, "1")).unwrap();
    let proposal = BigFishAgentReply { proposed_levels: Some(ladder()), ..reply(session.session_id, "2") };
    let proposal = answer(&world, Actor::Service, alice(), proposal).unwrap();
    assert_eq!(session_now(&world, Actor::Alice, session.session_id).levels, [], "nothing is taken over by itself");
    let accept = |world: &World, actor, session: &BigFishCreationSession, message_id| {
        let BigFishCreationSession { session_id, revision, .. } = *session;
        let request = BigFishLadderAcceptance { session_id, revision, message_id };
        world.call(actor, |ctx| accept_big_fish_ladder_and_return(ctx, None, request))
    };
    let other = begun(&world, Actor::Alice, "b");
    for (actor, session, message_id) in [
        (Actor::Bob, &session, proposal.message_id),
        (Actor::Alice, &other, proposal.message_id),
        (Actor::Alice, &session, plain.message_id),
        (Actor::Alice, &session, Uuid::from_u128(1)),
    ] {
        let refusal = world.refused(|world| accept(world, actor, session, message_id));
        assert_eq!(refusal.code, DomainErrorCode::NotFound);
    }
    let after = accept(&world, Actor::Alice, &session, proposal.message_id).unwrap();
    assert_eq!((after.stage, after.levels, after.revision), (BigFishStage::Ladder, ladder(), 2));
    let refusal = world.refused(|world| accept(world, Actor::Alice, &session, proposal.message_id));
    assert_eq!(refusal.code, conflict("2", "1"));
}

#[test]
fn a_ladder_is_not_accepted_once_it_is_settled() {
    let world = World::new();
    let session = laddered(&world, Actor::Alice, "a");
    let proposal = BigFishAgentReply { proposed_levels: Some(ladder()), ..reply(session.session_id, "1") };
    let message_id = answer(&world, Actor::Service, alice(), proposal).unwrap().message_id;
    let BigFishCreationSession { session_id, revision, .. } = session;
    let request = BigFishLadderAcceptance { session_id, revision, message_id };
    let refusal = world.refused(|world| world.reduce(Actor::Alice, |ctx| accept_big_fish_ladder(ctx, request)));
    assert_eq!(refusal.code, conflict("briefing or ladder", "assets"));
}
