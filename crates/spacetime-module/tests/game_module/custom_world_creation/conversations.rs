//! What author and agent say to each other.

use std::collections::BTreeSet;

use spacetime_module::*;
use spacetimedb::Uuid;

use super::{adding, conversation_of, proposal, reply, words};
use crate::world::{Actor, World, above, illegal, invalid};

fn begin(world: &World, request: CustomWorldAgentSessionStart) -> Result<CustomWorldAgentSession, DomainError> {
    world.call(Actor::Alice, |ctx| start_agent_session_and_return(ctx, None, request))
}

fn say(world: &World, request: CustomWorldAuthorMessage) -> Result<CustomWorldAgentMessage, DomainError> {
    world.call(Actor::Alice, |ctx| post_author_message_and_return(ctx, None, request))
}

fn answer(world: &World, request: CustomWorldAgentReply) -> Result<CustomWorldAgentMessage, DomainError> {
    let alice = Some(Actor::Alice.identity());
    world.call(Actor::Service, |ctx| append_agent_message_and_return(ctx, alice, request))
}

fn list(world: &World, session_id: Uuid, after_number: u32, limit: u32) -> Result<Vec<u32>, DomainError> {
    let request = CustomWorldMessageListing { session_id, after_number, limit };
    let messages = world.call(Actor::Alice, |ctx| list_agent_messages_and_return(ctx, None, request))?;
    Ok(messages.into_iter().map(|message| message.number).collect())
}

fn a_conversation(world: &World) -> CustomWorldAgentSession {
    let world_id = world.start_creation(Actor::Alice, "a").session.world_id;
    world.converse(world_id, "mill")
}

#[test]
fn author_and_agent_take_turns() {
    let world = World::new();
    let session = a_conversation(&world);
    assert_eq!((session.status, session.message_count), (CustomWorldConversationStatus::Open, 0));
    let asked = say(&world, words(session.session_id, "A cat, please.")).unwrap();
    assert_eq!((asked.number, asked.role), (1, CustomWorldMessageRole::Author));
    world.advance(3);
    let cut_off =
        CustomWorldAgentReply { ending: CustomWorldMessageEnding::Interrupted, ..reply(session.session_id, "Her") };
    let answered = answer(&world, cut_off).unwrap();
    assert_eq!((answered.number, answered.role), (2, CustomWorldMessageRole::Agent));
    assert_eq!((answered.ending, answered.text.as_str()), (CustomWorldMessageEnding::Interrupted, "Her"));
    assert_eq!(answered.owner, Actor::Alice.identity(), "the author sees what the agent says");
    let [seen] = world.see(Actor::Alice, my_agent_sessions).try_into().unwrap();
    assert_eq!((seen.message_count, seen.updated_at), (2, world.now()));
    assert_eq!(world.see(Actor::Alice, my_agent_messages), [asked, answered]);
    for other in [Actor::Bob, Actor::Service] {
        assert_eq!(world.see(other, my_agent_sessions), [], "{other:?}");
        assert_eq!(world.see(other, my_agent_messages), [], "{other:?}");
    }
}

#[test]
fn repetitions_return_the_first() {
    let world = World::new();
    let session = a_conversation(&world);
    say(&world, words(session.session_id, "Hello.")).unwrap();
    answer(&world, reply(session.session_id, "Hello!")).unwrap();
    let before = world.rows();
    world.advance(9);
    world.converse(session.world_id, "mill");
    say(&world, words(session.session_id, "Hello.")).unwrap();
    answer(&world, reply(session.session_id, "Hello!")).unwrap();
    world.reduce(Actor::Alice, |ctx| post_author_message(ctx, words(session.session_id, "Hello."))).unwrap();
    world.reduce(Actor::Alice, |ctx| start_agent_session(ctx, conversation_of(session.world_id, "mill"))).unwrap();
    assert_eq!(world.rows(), before);
    let other = CustomWorldAuthorMessage { text: "Bye.".to_owned(), ..words(session.session_id, "Hello.") };
    let refusal = world.refused(|world| say(world, other));
    assert!(matches!(refusal.code, DomainErrorCode::Conflict(_)), "{refusal}");
}

#[test]
fn only_the_service_speaks_for_the_agent() {
    let world = World::new();
    let session = a_conversation(&world);
    for actor in [Actor::Alice, Actor::Admin, Actor::Moderator, Actor::Stranger] {
        let refusal = world.refused(|world| {
            world.call(actor, |ctx| append_agent_message_and_return(ctx, None, reply(session.session_id, "Hello!")))
        });
        assert_eq!(refusal.code, DomainErrorCode::Forbidden, "{actor:?}");
    }
    for named in [None, Some(Actor::Bob.identity())] {
        let refusal = world.refused(|world| {
            world
                .call(Actor::Service, |ctx| append_agent_message_and_return(ctx, named, reply(session.session_id, "x")))
        });
        assert_eq!(refusal.code, DomainErrorCode::NotFound, "only to the author");
    }
}

#[test]
fn nothing_is_said_to_a_closed_account() {
    let world = World::new();
    let session = a_conversation(&world);
    world.reduce(Actor::Alice, close_account).unwrap();
    let refusal = world.refused(|world| answer(world, reply(session.session_id, "Hello!")));
    assert_eq!(refusal.code, DomainErrorCode::AccountClosed);
    let refusal = world.refused(|world| say(world, words(session.session_id, "Hello.")));
    assert_eq!(refusal.code, DomainErrorCode::AccountClosed);
}

#[test]
fn a_closed_conversation_is_over() {
    let world = World::new();
    let session = a_conversation(&world);
    let id = session.session_id;
    let closed = world.call(Actor::Alice, |ctx| close_agent_session_and_return(ctx, None, id)).unwrap();
    assert_eq!((closed.status, closed.closed_at), (CustomWorldConversationStatus::Closed, Some(world.now())));
    let before = world.rows();
    world.advance(5);
    world.reduce(Actor::Alice, |ctx| close_agent_session(ctx, id)).unwrap();
    assert_eq!(world.rows(), before);
    assert_eq!(world.refused(|world| say(world, words(id, "Hello."))).code, illegal("closed", "continued"));
    assert_eq!(world.refused(|world| answer(world, reply(id, "Hello!"))).code, illegal("closed", "continued"));
}

#[test]
fn bad_words_and_beginnings() {
    let world = World::new();
    let session = a_conversation(&world);
    let id = session.session_id;
    for (text, code) in [
        (String::new(), invalid("text")),
        (" \n".to_owned(), invalid("text")),
        ("\u{0}".to_owned(), invalid("text")),
        ("t".repeat(16_385), above(16_384)),
    ] {
        let message = CustomWorldAuthorMessage { text: text.clone(), ..words(id, "a") };
        assert_eq!(world.refused(|world| say(world, message)).code, code);
        let message = CustomWorldAgentReply { text, ..reply(id, "a") };
        assert_eq!(world.refused(|world| answer(world, message)).code, code);
    }
    assert_eq!(world.refused(|world| say(world, words(Uuid::NIL, "a"))).code, DomainErrorCode::NotFound);
    let titled = |title: String| CustomWorldAgentSessionStart { title, ..conversation_of(session.world_id, "b") };
    assert_eq!(world.refused(|world| begin(world, titled("\0".to_owned()))).code, invalid("title"));
    assert_eq!(world.refused(|world| begin(world, titled("t".repeat(121)))).code, above(120));
    assert_eq!(world.refused(|world| begin(world, conversation_of(Uuid::MAX, "b"))).code, DomainErrorCode::NotFound);
}

#[test]
fn conversations_and_messages_are_limited() {
    let world = World::new();
    let session = a_conversation(&world);
    for number in 1..module_custom_world::CONVERSATIONS_PER_WORLD_MAX {
        world.converse(session.world_id, &number.to_string());
    }
    let one_more = conversation_of(session.world_id, "more");
    assert_eq!(
        world.refused(|world| begin(world, one_more)).code,
        above(module_custom_world::CONVERSATIONS_PER_WORLD_MAX)
    );
    let limit = module_custom_world::MESSAGES_PER_CONVERSATION_MAX;
    for number in 0..limit {
        say(&world, words(session.session_id, &number.to_string())).unwrap();
    }
    assert_eq!(world.refused(|world| say(world, words(session.session_id, "more"))).code, above(limit));
}

#[test]
fn the_conversation_that_was_closed_first_makes_way() {
    let world = World::new();
    let first = a_conversation(&world);
    let others = (1..module_custom_world::CONVERSATIONS_PER_WORLD_MAX)
        .map(|number| world.converse(first.world_id, &number.to_string()).session_id);
    let others: Vec<_> = others.collect();
    let closed = [others[4], first.session_id, others[2]];
    let proposed = proposal(closed[0], "chapter", vec![adding("arrival")]);
    world.propose(proposed.clone()).unwrap();
    for session_id in closed {
        say(&world, words(session_id, &format!("Good-bye, {session_id}."))).unwrap();
        world.advance(1);
        world.call(Actor::Alice, |ctx| close_agent_session_and_return(ctx, None, session_id)).unwrap();
    }
    let more = begin(&world, conversation_of(first.world_id, "more")).unwrap().session_id;
    let mut expected: Vec<_> = others.into_iter().filter(|id| *id != closed[0]).collect();
    expected.extend([first.session_id, more]);
    expected.sort();
    let mut kept: Vec<_> = world.see(Actor::Alice, my_agent_sessions).into_iter().map(|row| row.session_id).collect();
    kept.sort();
    assert_eq!(kept, expected);
    assert_eq!(world.see(Actor::Alice, my_agent_operations), []);
    assert_eq!(world.refused(|world| world.propose(proposed)).code, DomainErrorCode::NotFound, "a repetition");
    let messages = world.see(Actor::Alice, my_agent_messages);
    let spoken: BTreeSet<_> = messages.into_iter().map(|message| message.session_id).collect();
    assert_eq!(spoken, closed[1..].iter().copied().collect());
}

#[test]
fn messages_are_listed_page_by_page() {
    let world = World::new();
    let id = a_conversation(&world).session_id;
    for text in ["a", "b", "c", "d"] {
        say(&world, words(id, text)).unwrap();
    }
    assert_eq!(list(&world, id, 0, 100), Ok(vec![1, 2, 3, 4]));
    assert_eq!(list(&world, id, 1, 2), Ok(vec![2, 3]));
    assert_eq!(list(&world, id, 4, 2), Ok(vec![]));
    assert_eq!(list(&world, id, u32::MAX, 2), Ok(vec![]));
    assert_eq!(world.refused(|world| list(world, id, 0, 0)).code, invalid("limit"));
    assert_eq!(world.refused(|world| list(world, id, 0, 101)).code, above(100));
    assert_eq!(world.refused(|world| list(world, Uuid::NIL, 0, 1)).code, DomainErrorCode::NotFound);
}
