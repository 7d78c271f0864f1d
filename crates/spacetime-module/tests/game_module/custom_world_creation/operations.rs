//! What the agent proposes, and what becomes of it.

use spacetime_module::*;
use spacetimedb::Uuid;

use super::{adding, addition, chapter_called, proposal, reply, sample_entry, words};
use crate::world::{Actor, World, above, conflict, illegal, invalid};
use CustomWorldOperationStatus::{Accepted, Proposed, Rejected, Superseded};

fn replacing(key: &str, entry: WorldEntry) -> CustomWorldChange {
    CustomWorldChange::Replace(CustomWorldKeyedEntry { key: key.to_owned(), entry })
}

fn removing(kind: WorldEntryKind, key: &str) -> CustomWorldChange {
    CustomWorldChange::Remove(CustomWorldPlace { kind, key: key.to_owned() })
}

fn reject(world: &World, operation_id: Uuid) -> Result<CustomWorldOperationOutcome, DomainError> {
    world.call(Actor::Alice, |ctx| reject_draft_operation_and_return(ctx, None, operation_id))
}

fn statuses(world: &World) -> Vec<(String, CustomWorldOperationStatus)> {
    let mut seen = world.see(Actor::Alice, my_agent_operations);
    seen.sort_by_key(|operation| operation.number);
    seen.into_iter().map(|operation| (operation.key, operation.status)).collect()
}

fn a_conversation(world: &World) -> CustomWorldAgentSession {
    let world_id = world.start_creation(Actor::Alice, "a").session.world_id;
    world.converse(world_id, "mill")
}

#[test]
fn accepted_operations_are_the_draft_and_others_are_not() {
    let world = World::new();
    let session = a_conversation(&world);
    let message = world
        .call(Actor::Service, |ctx| {
            let alice = Some(Actor::Alice.identity());
            append_agent_message_and_return(ctx, alice, reply(session.session_id, "How about these?"))
        })
        .unwrap();
    let request = CustomWorldProposal {
        message_id: Some(message.message_id),
        ..proposal(session.session_id, "a", vec![adding("arrival"), adding("miller"), adding("rat")])
    };
    let proposed = world.propose(request).unwrap();
    assert_eq!(proposed.iter().map(|operation| operation.number).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(proposed.iter().all(|operation| operation.message_id == Some(message.message_id)));
    assert!(proposed.iter().all(|operation| operation.proposal_id == proposed[0].proposal_id));
    assert_eq!(world.see(Actor::Alice, my_draft_cards), [], "a proposal is no draft");

    world.advance(4);
    let outcome = world.accept(proposed[0].operation_id).unwrap();
    let card = outcome.card.unwrap();
    assert_eq!((outcome.operation.status, outcome.operation.settled_at), (Accepted, Some(world.now())));
    assert_eq!((card.key.as_str(), card.operation_id), ("arrival", Some(proposed[0].operation_id)));
    let rejected = reject(&world, proposed[1].operation_id).unwrap();
    assert_eq!((rejected.operation.status, rejected.card), (Rejected, None));
    assert_eq!(world.see(Actor::Alice, my_draft_cards), [card]);
    let expected = [("arrival", Accepted), ("miller", Rejected), ("rat", Proposed)];
    assert_eq!(statuses(&world), expected.map(|(key, status)| (key.to_owned(), status)));
    assert_eq!(world.see(Actor::Bob, my_agent_operations), []);
}

#[test]
fn cards_are_replaced_and_removed() {
    let world = World::new();
    let session = a_conversation(&world);
    let card = world.add_card(session.world_id, "arrival");
    world.add_card(session.world_id, "rat");
    let changes = vec![replacing("arrival", chapter_called("Dawn")), removing(WorldEntryKind::Enemy, "rat")];
    let proposed = world.propose(proposal(session.session_id, "a", changes)).unwrap();
    let replaced = world.accept(proposed[0].operation_id).unwrap().card.unwrap();
    assert_eq!((replaced.card_id, replaced.revision), (card.card_id, 2));
    assert_eq!(replaced.entry, chapter_called("Dawn"));
    assert_eq!(world.accept(proposed[1].operation_id).unwrap().card, None);
    assert_eq!(world.see(Actor::Alice, my_draft_cards), std::slice::from_ref(&replaced));
    let request = CustomWorldCardEdit { card_id: card.card_id, revision: 2, entry: chapter_called("Noon") };
    let edited = world.call(Actor::Alice, |ctx| edit_draft_card_and_return(ctx, None, request)).unwrap();
    assert_eq!(edited.operation_id, None, "the author's own words now");
}

#[test]
fn decisions_are_final_and_can_be_repeated() {
    let world = World::new();
    let session = a_conversation(&world);
    let changes = vec![adding("arrival"), adding("rat")];
    let proposed = world.propose(proposal(session.session_id, "a", changes)).unwrap();
    let [one, two] = [proposed[0].operation_id, proposed[1].operation_id];
    world.reduce(Actor::Alice, |ctx| accept_draft_operation(ctx, one)).unwrap();
    world.reduce(Actor::Alice, |ctx| reject_draft_operation(ctx, two)).unwrap();
    let before = world.rows();
    world.advance(6);
    world.accept(one).unwrap();
    reject(&world, two).unwrap();
    assert_eq!(world.rows(), before);
    assert_eq!(world.refused(|world| reject(world, one)).code, illegal("accepted", "rejected"));
    assert_eq!(world.refused(|world| world.accept(two)).code, illegal("rejected", "accepted"));
    assert_eq!(world.refused(|world| world.accept(Uuid::NIL)).code, DomainErrorCode::NotFound);
}

#[test]
fn a_newer_change_supersedes_what_waits() {
    let world = World::new();
    let session = a_conversation(&world);
    let id = session.session_id;
    let first = world.propose(proposal(id, "a", vec![adding("arrival"), adding("rat"), adding("cat")])).unwrap();
    world.propose(proposal(id, "b", vec![adding("arrival")])).unwrap();
    world.add_card(session.world_id, "rat");
    let expected = [("arrival", Superseded), ("rat", Superseded), ("cat", Proposed), ("arrival", Proposed)];
    assert_eq!(statuses(&world), expected.map(|(key, status)| (key.to_owned(), status)));
    let refusal = world.refused(|world| world.accept(first[0].operation_id));
    assert_eq!(refusal.code, illegal("superseded", "accepted"));
}

#[test]
fn another_conversation_supersedes_too() {
    let world = World::new();
    let session = a_conversation(&world);
    let other = world.converse(session.world_id, "other");
    world.propose(proposal(session.session_id, "a", vec![adding("rat")])).unwrap();
    world.propose(proposal(other.session_id, "b", vec![adding("rat")])).unwrap();
    let waiting = world.see(Actor::Alice, my_agent_operations);
    let waiting: Vec<_> = waiting.iter().filter(|operation| operation.status == Proposed).collect();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].session_id, other.session_id);
}

#[test]
fn closing_the_conversation_supersedes_what_waits() {
    let world = World::new();
    let session = a_conversation(&world);
    let id = session.session_id;
    let proposed = world.propose(proposal(id, "a", vec![adding("arrival"), adding("rat")])).unwrap();
    world.accept(proposed[0].operation_id).unwrap();
    world.reduce(Actor::Alice, |ctx| close_agent_session(ctx, id)).unwrap();
    let expected = [("arrival", Accepted), ("rat", Superseded)];
    assert_eq!(statuses(&world), expected.map(|(key, status)| (key.to_owned(), status)));
    let refusal = world.refused(|world| world.propose(proposal(id, "b", vec![adding("cat")])));
    assert_eq!(refusal.code, illegal("closed", "continued"));
}

#[test]
fn proposing_again_returns_the_first() {
    let world = World::new();
    let session = a_conversation(&world);
    let request = proposal(session.session_id, "a", vec![adding("arrival"), adding("rat")]);
    let first = world.propose(request.clone()).unwrap();
    let before = world.rows();
    assert_eq!(world.propose(request.clone()), Ok(first));
    assert_eq!(world.rows(), before);
    let other = CustomWorldProposal { changes: vec![adding("cat")], ..request };
    let refusal = world.refused(|world| world.propose(other));
    assert!(matches!(refusal.code, DomainErrorCode::Conflict(_)), "{refusal}");
}

#[test]
fn a_proposal_fits_the_draft_as_a_whole_or_not_at_all() {
    let world = World::new();
    let session = a_conversation(&world);
    let id = session.session_id;
    world.add_card(session.world_id, "rat");
    let WorldEntry::Enemy(rat) = sample_entry("rat") else { unreachable!() };
    let nameless = WorldEntry::Enemy(WorldEnemy { name: String::new(), ..rat });
    let cases = [
        (vec![], invalid("changes")),
        (vec![adding("cat"); 51], above(50)),
        (vec![adding("cat"), adding("rat")], conflict("free", "taken by a card of this kind and key")),
        (vec![adding("cat"), replacing("arrival", chapter_called("x"))], DomainErrorCode::NotFound),
        (vec![adding("cat"), removing(WorldEntryKind::Item, "rat")], DomainErrorCode::NotFound),
        (vec![adding("cat"), replacing("rat", nameless)], invalid("name")),
        (vec![removing(WorldEntryKind::Enemy, "")], invalid("key")),
        (vec![removing(WorldEntryKind::Enemy, &"k".repeat(70))], above(64)),
    ];
    for (changes, code) in cases {
        assert_eq!(world.refused(|world| world.propose(proposal(id, "a", changes))).code, code);
    }
    let unknown = proposal(Uuid::NIL, "a", vec![adding("cat")]);
    assert_eq!(world.refused(|world| world.propose(unknown)).code, DomainErrorCode::NotFound);
}

#[test]
fn only_a_message_of_the_agent_explains() {
    let world = World::new();
    let session = a_conversation(&world);
    let own = world
        .call(Actor::Alice, |ctx| post_author_message_and_return(ctx, None, words(session.session_id, "Do.")))
        .unwrap();
    for message_id in [own.message_id, Uuid::NIL] {
        let request = CustomWorldProposal {
            message_id: Some(message_id),
            ..proposal(session.session_id, "a", vec![adding("cat")])
        };
        assert_eq!(world.refused(|world| world.propose(request)).code, DomainErrorCode::NotFound);
    }
}

#[test]
fn only_the_service_proposes_and_only_the_author_decides() {
    let world = World::new();
    let session = a_conversation(&world);
    let request = || proposal(session.session_id, "a", vec![adding("cat")]);
    for actor in [Actor::Alice, Actor::Admin, Actor::Bob] {
        let refusal =
            world.refused(|world| world.call(actor, |ctx| propose_draft_operations_and_return(ctx, None, request())));
        assert_eq!(refusal.code, DomainErrorCode::Forbidden, "{actor:?}");
    }
    let id = world.propose(request()).unwrap()[0].operation_id;
    for actor in [Actor::Bob, Actor::Service, Actor::Admin] {
        let refusal = world.refused(|world| world.call(actor, |ctx| accept_draft_operation_and_return(ctx, None, id)));
        assert_eq!(refusal.code, DomainErrorCode::NotFound, "{actor:?}");
    }
    world.reduce(Actor::Alice, close_account).unwrap();
    let refusal = world.refused(|world| world.propose(proposal(session.session_id, "b", vec![adding("rat")])));
    assert_eq!(refusal.code, DomainErrorCode::AccountClosed);
}

#[test]
fn a_full_draft_refuses_and_the_operation_waits() {
    let world = World::new();
    let session = a_conversation(&world);
    let id = world.propose(proposal(session.session_id, "a", vec![adding("arrival")])).unwrap()[0].operation_id;
    let limit = module_custom_world::CHAPTERS_MAX;
    for number in 0..limit {
        let request = CustomWorldCardAddition {
            idempotency_key: number.to_string(),
            key: format!("chapter-{number}"),
            ..addition(session.world_id, "arrival")
        };
        world.call(Actor::Alice, |ctx| add_draft_card_and_return(ctx, None, request)).unwrap();
    }
    assert_eq!(world.refused(|world| world.accept(id)).code, above(limit));
    assert_eq!(statuses(&world), [("arrival".to_owned(), Proposed)]);
}

#[test]
fn operations_of_a_conversation_are_limited_and_listed() {
    let world = World::new();
    let session = a_conversation(&world);
    let id = session.session_id;
    let limit = module_custom_world::OPERATIONS_PER_CONVERSATION_MAX;
    for number in 0..limit / 50 {
        world.propose(proposal(id, &number.to_string(), vec![adding("cat"); 50])).unwrap();
    }
    let refusal = world.refused(|world| world.propose(proposal(id, "more", vec![adding("rat")])));
    assert_eq!(refusal.code, above(limit));
    let list = |after_number, limit| {
        let request = CustomWorldOperationListing { session_id: id, after_number, limit };
        world.call(Actor::Alice, |ctx| list_draft_operations_and_return(ctx, None, request))
    };
    let page: Vec<_> = list(10, 2).unwrap().into_iter().map(|operation| operation.number).collect();
    assert_eq!(page, [11, 12]);
    assert_eq!(list(0, 0).unwrap_err().code, invalid("limit"));
    assert_eq!(list(0, 101).unwrap_err().code, above(100));
}

#[test]
fn accepting_takes_the_approval_of_the_stage_away() {
    let world = World::new();
    let creation = world.start_creation(Actor::Alice, "a").session;
    let session = world.converse(creation.world_id, "mill");
    let creation = world.move_creation(&creation, CustomWorldStage::Setting).unwrap().session;
    let id = world.propose(proposal(session.session_id, "a", vec![adding("setting")])).unwrap()[0].operation_id;
    world.accept(id).unwrap();
    let creation = world.move_creation(&creation, CustomWorldStage::Chapters).unwrap().session;
    let gone = vec![removing(WorldEntryKind::Setting, "setting")];
    let id = world.propose(proposal(session.session_id, "b", gone)).unwrap()[0].operation_id;
    assert_eq!(world.creation(creation.session_id), creation, "a proposal changes nothing");
    world.accept(id).unwrap();
    assert_eq!(world.creation(creation.session_id).stage, CustomWorldStage::Setting);
}
