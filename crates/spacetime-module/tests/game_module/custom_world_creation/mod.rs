//! Creating a world: the stages, the conversation with the agent, the draft.

mod cards;
mod conversations;
mod operations;
mod stages;

use spacetime_module::*;
use spacetimedb::Uuid;

use crate::sample_world::sample_entries;
use crate::world::{Actor, World, cover_of};

/// An entry of the sample world.
pub fn sample_entry(key: &str) -> WorldEntry {
    let (_, entry) = sample_entries().into_iter().find(|(name, _)| *name == key).unwrap();
    entry
}

/// A chapter with another title.
pub fn chapter_called(title: &str) -> WorldEntry {
    let WorldEntry::Chapter(chapter) = sample_entry("arrival") else { unreachable!() };
    WorldEntry::Chapter(WorldChapter { title: title.to_owned(), ..chapter })
}

/// A creation of a new world, told apart from others by `name`.
pub fn start_of(name: &str) -> CustomWorldSessionStart {
    CustomWorldSessionStart {
        idempotency_key: format!("start-{name}"),
        world: CustomWorldSessionWorld::New(format!("World {name}")),
        brief: "A mill by a river.".to_owned(),
    }
}

/// A card of the sample world to add.
pub fn addition(world_id: Uuid, key: &str) -> CustomWorldCardAddition {
    let entry = sample_entry(key);
    CustomWorldCardAddition { idempotency_key: format!("add-{key}"), world_id, key: key.to_owned(), entry }
}

/// A conversation to begin, told apart from others by `name`.
pub fn conversation_of(world_id: Uuid, name: &str) -> CustomWorldAgentSessionStart {
    CustomWorldAgentSessionStart { idempotency_key: format!("talk-{name}"), world_id, title: name.to_owned() }
}

/// Words of the author.
pub fn words(session_id: Uuid, text: &str) -> CustomWorldAuthorMessage {
    CustomWorldAuthorMessage {
        idempotency_key: format!("say-{}", text.replace(' ', "-")),
        session_id,
        text: text.to_owned(),
    }
}

/// Words of the agent.
pub fn reply(session_id: Uuid, text: &str) -> CustomWorldAgentReply {
    let ending = CustomWorldMessageEnding::Complete;
    CustomWorldAgentReply {
        idempotency_key: format!("reply-{}", text.replace(' ', "-")),
        session_id,
        text: text.to_owned(),
        ending,
    }
}

/// A proposal of these changes, told apart from others by `name`.
pub fn proposal(session_id: Uuid, name: &str, changes: Vec<CustomWorldChange>) -> CustomWorldProposal {
    CustomWorldProposal { idempotency_key: format!("propose-{name}"), session_id, message_id: None, changes }
}

/// A change that adds an entry of the sample world.
pub fn adding(key: &str) -> CustomWorldChange {
    CustomWorldChange::Add(CustomWorldKeyedEntry { key: key.to_owned(), entry: sample_entry(key) })
}

impl World {
    /// A creation of a new world by `author`.
    pub fn start_creation(&self, author: Actor, name: &str) -> CustomWorldSessionDetail {
        self.call(author, |ctx| start_creation_session_and_return(ctx, None, start_of(name))).unwrap()
    }

    /// Moves a creation of Alice's.
    pub fn move_creation(
        &self,
        session: &CustomWorldSession,
        to: CustomWorldStage,
    ) -> Result<CustomWorldSessionDetail, DomainError> {
        let CustomWorldSession { session_id, revision, .. } = *session;
        let request = CustomWorldSessionMove { session_id, revision, to };
        self.call(Actor::Alice, |ctx| move_creation_session_and_return(ctx, None, request))
    }

    /// A creation of Alice's as it stands.
    pub fn creation(&self, session_id: Uuid) -> CustomWorldSession {
        self.call(Actor::Alice, |ctx| get_creation_session_and_return(ctx, None, session_id)).unwrap().session
    }

    /// Adds a card of the sample world to a draft of Alice's.
    pub fn add_card(&self, world_id: Uuid, key: &str) -> CustomWorldDraftCard {
        self.call(Actor::Alice, |ctx| add_draft_card_and_return(ctx, None, addition(world_id, key))).unwrap()
    }

    /// A conversation about a world of Alice's.
    pub fn converse(&self, world_id: Uuid, name: &str) -> CustomWorldAgentSession {
        self.call(Actor::Alice, |ctx| start_agent_session_and_return(ctx, None, conversation_of(world_id, name)))
            .unwrap()
    }

    /// Has the agent propose changes to Alice.
    pub fn propose(&self, request: CustomWorldProposal) -> Result<Vec<CustomWorldAgentOperation>, DomainError> {
        let alice = Some(Actor::Alice.identity());
        self.call(Actor::Service, |ctx| propose_draft_operations_and_return(ctx, alice, request))
    }

    /// Accepts as Alice.
    pub fn accept(&self, operation_id: Uuid) -> Result<CustomWorldOperationOutcome, DomainError> {
        self.call(Actor::Alice, |ctx| accept_draft_operation_and_return(ctx, None, operation_id))
    }

    /// Binds an asset of Alice's as the cover of a world.
    pub fn cover(&self, world_id: Uuid) {
        let asset = self.public(Actor::Alice, "cover");
        self.bind(Actor::Alice, cover_of(&world_id.to_string(), asset.asset_id)).unwrap();
    }
}
