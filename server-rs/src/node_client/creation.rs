//! The procedures by which creation agents read a draft and say what they propose. All in the author's name.

use spacetimedb_sdk::{Identity, Uuid};
use worldloom_client::{
    BigFishAgentMessage, BigFishAgentReply, CustomWorldAgentMessage, CustomWorldAgentOperation, CustomWorldAgentReply,
    CustomWorldDraftCard, CustomWorldMessageListing, CustomWorldOperationListing, CustomWorldProfile,
    CustomWorldProposal, CustomWorldSessionDetail, WorldEntryKind, append_agent_message_and_return,
    append_big_fish_agent_message_and_return, get_creation_session_and_return, get_custom_world_and_return,
    list_agent_messages_and_return, list_draft_cards_and_return, list_draft_operations_and_return,
    propose_draft_operations_and_return,
};

use super::procedures::call;
use super::{CallError, NodeClient};

impl NodeClient {
    /// A creation and its stages.
    pub async fn creation(&self, author: Identity, session_id: Uuid) -> Result<CustomWorldSessionDetail, CallError> {
        call!(self, get_creation_session_and_return, get_creation_session_and_return_then, Some(author), session_id)
    }

    /// A world of the author's library.
    pub async fn world(&self, author: Identity, world_id: Uuid) -> Result<CustomWorldProfile, CallError> {
        call!(self, get_custom_world_and_return, get_custom_world_and_return_then, Some(author), world_id)
    }

    /// The cards of one kind.
    pub async fn cards(
        &self,
        author: Identity,
        world_id: Uuid,
        kind: WorldEntryKind,
    ) -> Result<Vec<CustomWorldDraftCard>, CallError> {
        call!(self, list_draft_cards_and_return, list_draft_cards_and_return_then, Some(author), world_id, kind)
    }

    /// Messages of a conversation.
    pub async fn messages(
        &self,
        author: Identity,
        request: CustomWorldMessageListing,
    ) -> Result<Vec<CustomWorldAgentMessage>, CallError> {
        call!(self, list_agent_messages_and_return, list_agent_messages_and_return_then, Some(author), request)
    }

    /// Says something as the agent.
    pub async fn say_as_agent(
        &self,
        author: Identity,
        request: CustomWorldAgentReply,
    ) -> Result<CustomWorldAgentMessage, CallError> {
        call!(self, append_agent_message_and_return, append_agent_message_and_return_then, Some(author), request)
    }

    /// A page of what was proposed in a conversation.
    pub async fn operations(
        &self,
        author: Identity,
        request: CustomWorldOperationListing,
    ) -> Result<Vec<CustomWorldAgentOperation>, CallError> {
        call!(self, list_draft_operations_and_return, list_draft_operations_and_return_then, Some(author), request)
    }

    /// Proposes changes of a draft.
    pub async fn propose(
        &self,
        author: Identity,
        request: CustomWorldProposal,
    ) -> Result<Vec<CustomWorldAgentOperation>, CallError> {
        call!(
            self,
            propose_draft_operations_and_return,
            propose_draft_operations_and_return_then,
            Some(author),
            request
        )
    }

    /// Says something as the agent of a game of fish, and proposes a ladder.
    pub async fn say_as_fish_agent(
        &self,
        author: Identity,
        request: BigFishAgentReply,
    ) -> Result<BigFishAgentMessage, CallError> {
        call!(
            self,
            append_big_fish_agent_message_and_return,
            append_big_fish_agent_message_and_return_then,
            Some(author),
            request
        )
    }
}
