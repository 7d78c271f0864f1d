//! Operations: the changes of a draft that the agent proposes and the author settles.

use module_custom_world::{AgentStep, ChangeKind, Entry, OperationStatus};

use crate::*;

/// How far an operation has come.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum CustomWorldOperationStatus {
    /// The author has not decided.
    Proposed,
    /// The author took it, and the draft has changed.
    Accepted,
    /// The author did not want it.
    Rejected,
    /// The place that it is about has changed or has a newer proposal, or the conversation is over.
    Superseded,
}

/// A change of one place of a draft.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub enum CustomWorldChange {
    /// A card where there is none.
    Add(CustomWorldKeyedEntry),
    /// Another entry for a card.
    Replace(CustomWorldKeyedEntry),
    /// A card less.
    Remove(CustomWorldPlace),
}

/// An entry and its key.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldKeyedEntry {
    /// The key.
    pub key: String,
    /// The entry.
    pub entry: WorldEntry,
}

/// Where a card is.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldPlace {
    /// Its kind.
    pub kind: WorldEntryKind,
    /// Its key.
    pub key: String,
}

/// One change that the agent has proposed. At most one for a place awaits its decision.
#[table(
    accessor = custom_world_agent_operation,
    index(accessor = by_number, btree(columns = [session_id, number])),
    index(accessor = by_status, btree(columns = [session_id, status])),
    index(accessor = by_place, btree(columns = [world_id, kind, key, status]))
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldAgentOperation {
    /// UUIDv7.
    #[primary_key]
    pub operation_id: Uuid,
    /// The author.
    #[index(btree)]
    pub owner: Identity,
    /// The conversation.
    pub session_id: Uuid,
    /// Number within the conversation, from 1 without gaps.
    pub number: u32,
    /// The same for all operations that were proposed in one call.
    #[index(btree)]
    pub proposal_id: Uuid,
    /// The agent's message that explains it, if it has one.
    pub message_id: Option<Uuid>,
    /// The world.
    pub world_id: Uuid,
    /// Kind of the entry that it is about.
    pub kind: WorldEntryKind,
    /// Key of the entry that it is about.
    pub key: String,
    /// What is to be done there.
    pub change: CustomWorldChange,
    /// How far it has come.
    pub status: CustomWorldOperationStatus,
    /// When it was proposed.
    pub proposed_at: Timestamp,
    /// When it was accepted, rejected or superseded.
    pub settled_at: Option<Timestamp>,
}

/// Changes to propose together.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldProposal {
    /// Chosen by the caller: the same request again has the same result.
    pub idempotency_key: String,
    /// The author's conversation.
    pub session_id: Uuid,
    /// The agent's message in that conversation that explains them.
    pub message_id: Option<Uuid>,
    /// From 1 to 50; each is about the draft as it is, not as an earlier one would make it.
    pub changes: Vec<CustomWorldChange>,
}

/// A page of a conversation's operations.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldOperationListing {
    /// The author's conversation.
    pub session_id: Uuid,
    /// Number of the operation before the first one to list; 0 to begin.
    pub after_number: u32,
    /// From 1 to 100.
    pub limit: u32,
}

/// An operation, and what is at its place in the draft now.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldOperationOutcome {
    /// The operation as it stands.
    pub operation: CustomWorldAgentOperation,
    /// The card at its place, if there is one.
    pub card: Option<CustomWorldDraftCard>,
}

/// Accepts an operation that was proposed to the sender: the draft changes.
///
/// Errors: as [`accept_draft_operation_and_return`].
#[reducer]
pub fn accept_draft_operation(ctx: &ReducerContext, operation_id: Uuid) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    settle_operation(ctx, &caller, operation_id, OperationStatus::Accepted).map(drop)
}

/// Rejects an operation that was proposed to the sender.
///
/// Errors: as [`reject_draft_operation_and_return`].
#[reducer]
pub fn reject_draft_operation(ctx: &ReducerContext, operation_id: Uuid) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    settle_operation(ctx, &caller, operation_id, OperationStatus::Rejected).map(drop)
}

/// Proposes changes to an author, who is named, and returns them in their order. For the Service.
/// What awaited a decision about the same places is superseded.
///
/// Errors: `unauthenticated`; `forbidden` (for the Service only); `account_closed` if the author's
/// is; `not_found` for no or another author's conversation, for a message that is not the agent's
/// in it, and for a card to replace or remove; `illegal_transition` if the conversation is over;
/// `invalid_argument`, `limit_exceeded` for the number of changes or for an entry; `conflict` if
/// there is a card where one is to be added, or if the idempotency key was used for another
/// request.
#[procedure]
pub fn propose_draft_operations_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: CustomWorldProposal,
) -> Result<Vec<CustomWorldAgentOperation>, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, SERVICE, acting_player)?;
        propose_operations(tx, &caller, &request)
    })
}

/// Accepts an operation and returns it with the card that it made; accepting again changes nothing.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `not_found`; `illegal_transition` if it is settled otherwise;
/// `limit_exceeded` if the world has as many entries of this kind as it may.
#[procedure]
pub fn accept_draft_operation_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    operation_id: Uuid,
) -> Result<CustomWorldOperationOutcome, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        settle_operation(tx, &caller, operation_id, OperationStatus::Accepted)
    })
}

/// Rejects an operation and returns it; rejecting again changes nothing.
///
/// Errors: as [`accept_draft_operation_and_return`], without `limit_exceeded`.
#[procedure]
pub fn reject_draft_operation_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    operation_id: Uuid,
) -> Result<CustomWorldOperationOutcome, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        settle_operation(tx, &caller, operation_id, OperationStatus::Rejected)
    })
}

/// Returns operations of a conversation in their order, in every status.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `not_found`; `invalid_argument`, `limit_exceeded` for the length.
#[procedure]
pub fn list_draft_operations_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: CustomWorldOperationListing,
) -> Result<Vec<CustomWorldAgentOperation>, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        let CustomWorldOperationListing { session_id, after_number, limit } = request;
        module_custom_world::check_conversation_listing(limit.into())?;
        let session = own_conversation(tx, &caller, session_id)?;
        // Numbers have no gaps, so the page is a range of them.
        let page = after_number.saturating_add(1)..=after_number.saturating_add(limit);
        let operations = tx.db.custom_world_agent_operation().by_number().filter((session.session_id, page));
        Ok(ascending(operations, |operation| operation.number))
    })
}

/// The operations that were proposed to the sender.
#[view(accessor = my_agent_operations, public, primary_key = operation_id)]
pub fn my_agent_operations(ctx: &ViewContext) -> Vec<CustomWorldAgentOperation> {
    ctx.db.custom_world_agent_operation().owner().filter(ctx.sender()).collect()
}

/// Supersedes what awaits a decision about a place of a draft.
pub(crate) fn supersede_operations(ctx: &ReducerContext, world_id: Uuid, kind: WorldEntryKind, key: &str) {
    let place = (world_id, kind, key, CustomWorldOperationStatus::Proposed);
    let outdated: Vec<_> = ctx.db.custom_world_agent_operation().by_place().filter(place).collect();
    for operation in outdated {
        store_settled(ctx, operation, CustomWorldOperationStatus::Superseded);
    }
}

/// Supersedes what awaits a decision in a conversation.
pub(crate) fn supersede_conversation(ctx: &ReducerContext, session_id: Uuid) {
    let waiting = (session_id, CustomWorldOperationStatus::Proposed);
    let outdated: Vec<_> = ctx.db.custom_world_agent_operation().by_status().filter(waiting).collect();
    for operation in outdated {
        store_settled(ctx, operation, CustomWorldOperationStatus::Superseded);
    }
}

fn propose_operations(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &CustomWorldProposal,
) -> Result<Vec<CustomWorldAgentOperation>, DomainError> {
    check_account_open(ctx, caller.player)?;
    let replayable = Replayable::new(caller.player, "propose_draft_operations", &request.idempotency_key, request)?;
    if let Some(proposal_id) = replayable.first_result(ctx)? {
        let operations = operations_of(ctx, proposal_id);
        if operations.is_empty() {
            // Their conversation has made way for a newer one.
            return Err(RuleError::Hidden { what: "proposal" }.into());
        }
        return Ok(operations);
    }
    let session = own_conversation(ctx, caller, request.session_id)?;
    module_custom_world::check_conversation_open(session.status.into())?;
    let proposed = request.changes.len() as u64;
    module_custom_world::check_proposal_length(session.operation_count.into(), proposed)?;
    if let Some(message_id) = request.message_id {
        check_agent_message(ctx, &session, message_id)?;
    }
    let by_proposal = ctx.db.custom_world_agent_operation().proposal_id();
    let proposal_id = fresh_id(ctx, |id| by_proposal.filter(id).next().is_some())?;
    let mut session = session;
    for change in &request.changes {
        session = insert_operation(ctx, session, proposal_id, request.message_id, change)?;
    }
    store_conversation(ctx, session);
    replayable.remember(ctx, proposal_id)?;
    Ok(operations_of(ctx, proposal_id))
}

/// Stores one operation and counts it in the conversation, whose row is the caller's to store.
fn insert_operation(
    ctx: &ReducerContext,
    session: CustomWorldAgentSession,
    proposal_id: Uuid,
    message_id: Option<Uuid>,
    change: &CustomWorldChange,
) -> Result<CustomWorldAgentSession, DomainError> {
    let CustomWorldPlace { kind, key } = change.place();
    change.check(&key)?;
    let card = find_card(ctx, session.world_id, kind, &key);
    module_custom_world::check_place(change.kind(), place_of(card.as_ref()))?;
    supersede_operations(ctx, session.world_id, kind, &key);
    let operations = ctx.db.custom_world_agent_operation();
    let number = session.operation_count.saturating_add(1);
    let operation = CustomWorldAgentOperation {
        operation_id: fresh_id(ctx, |id| operations.operation_id().find(id).is_some())?,
        owner: session.owner,
        session_id: session.session_id,
        number,
        proposal_id,
        message_id,
        world_id: session.world_id,
        kind,
        key,
        change: change.clone(),
        status: CustomWorldOperationStatus::Proposed,
        proposed_at: ctx.timestamp,
        settled_at: None,
    };
    operations.try_insert(operation).map_err(|_| DomainError::no_fresh_id())?;
    Ok(CustomWorldAgentSession { operation_count: number, ..session })
}

/// The operations of one call, in their order.
fn operations_of(ctx: &ReducerContext, proposal_id: Uuid) -> Vec<CustomWorldAgentOperation> {
    let operations = ctx.db.custom_world_agent_operation().proposal_id().filter(proposal_id);
    ascending(operations, |operation| operation.number)
}

fn settle_operation(
    ctx: &ReducerContext,
    caller: &Caller,
    operation_id: Uuid,
    to: OperationStatus,
) -> Result<CustomWorldOperationOutcome, DomainError> {
    let operation = ctx.db.custom_world_agent_operation().operation_id().find(operation_id);
    let own = operation.filter(|operation| operation.owner == caller.player);
    let mut operation = own.ok_or(RuleError::Hidden { what: "operation" })?;
    if module_custom_world::operation_transition(operation.status.into(), to)? == AgentStep::Moved {
        // Settled before it is applied: applying supersedes whatever still waits at its place.
        operation = store_settled(ctx, operation, to.into());
        if to == OperationStatus::Accepted {
            apply_operation(ctx, caller, &operation)?;
        }
    }
    let card = find_card(ctx, operation.world_id, operation.kind, &operation.key);
    Ok(CustomWorldOperationOutcome { operation, card })
}

fn apply_operation(
    ctx: &ReducerContext,
    caller: &Caller,
    operation: &CustomWorldAgentOperation,
) -> Result<(), DomainError> {
    let profile = owned_world_profile(ctx, caller, operation.world_id)?;
    let present = find_card(ctx, operation.world_id, operation.kind, &operation.key);
    let made_by = Some(operation.operation_id);
    let gone = RuleError::Hidden { what: "draft card" };
    match &operation.change {
        CustomWorldChange::Add(CustomWorldKeyedEntry { key, entry }) => {
            insert_card(ctx, &profile, key, entry, made_by).map(drop)
        }
        CustomWorldChange::Replace(CustomWorldKeyedEntry { entry, .. }) => {
            replace_card(ctx, present.ok_or(gone)?, entry, made_by).map(drop)
        }
        CustomWorldChange::Remove(_) => delete_card(ctx, &present.ok_or(gone)?),
    }
}

fn store_settled(
    ctx: &ReducerContext,
    operation: CustomWorldAgentOperation,
    status: CustomWorldOperationStatus,
) -> CustomWorldAgentOperation {
    let settled = CustomWorldAgentOperation { status, settled_at: Some(ctx.timestamp), ..operation };
    ctx.db.custom_world_agent_operation().operation_id().update(settled)
}

impl CustomWorldChange {
    fn kind(&self) -> ChangeKind {
        match self {
            CustomWorldChange::Add(_) => ChangeKind::Add,
            CustomWorldChange::Replace(_) => ChangeKind::Replace,
            CustomWorldChange::Remove(_) => ChangeKind::Remove,
        }
    }

    fn place(&self) -> CustomWorldPlace {
        match self {
            CustomWorldChange::Add(keyed) | CustomWorldChange::Replace(keyed) => {
                CustomWorldPlace { kind: keyed.entry.kind(), key: keyed.key.clone() }
            }
            CustomWorldChange::Remove(place) => place.clone(),
        }
    }

    fn check(&self, key: &str) -> Result<(), RuleError> {
        match self {
            CustomWorldChange::Add(keyed) | CustomWorldChange::Replace(keyed) => Entry::from(&keyed.entry).check(key),
            CustomWorldChange::Remove(_) => module_custom_world::check_entry_key(key),
        }
    }
}

impl From<CustomWorldOperationStatus> for OperationStatus {
    fn from(status: CustomWorldOperationStatus) -> Self {
        match status {
            CustomWorldOperationStatus::Proposed => OperationStatus::Proposed,
            CustomWorldOperationStatus::Accepted => OperationStatus::Accepted,
            CustomWorldOperationStatus::Rejected => OperationStatus::Rejected,
            CustomWorldOperationStatus::Superseded => OperationStatus::Superseded,
        }
    }
}

impl From<OperationStatus> for CustomWorldOperationStatus {
    fn from(status: OperationStatus) -> Self {
        match status {
            OperationStatus::Proposed => CustomWorldOperationStatus::Proposed,
            OperationStatus::Accepted => CustomWorldOperationStatus::Accepted,
            OperationStatus::Rejected => CustomWorldOperationStatus::Rejected,
            OperationStatus::Superseded => CustomWorldOperationStatus::Superseded,
        }
    }
}
