//! Draft cards: the draft of a world, one card for each of its entries.

use module_custom_world::{ChangeKind, Entry, Place};

use crate::*;

/// One entry of a world's draft. The cards of a world are its draft: what the agent proposes
/// becomes a card only when the author accepts it.
#[table(
    accessor = custom_world_draft_card,
    index(accessor = by_key, btree(columns = [world_id, kind, key]))
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldDraftCard {
    /// UUIDv7; a card that is removed and added again has another one.
    #[primary_key]
    pub card_id: Uuid,
    /// The author.
    #[index(btree)]
    pub owner: Identity,
    /// The world's profile.
    pub world_id: Uuid,
    /// Its kind.
    pub kind: WorldEntryKind,
    /// Its key; the three together are unique.
    pub key: String,
    /// What players are to meet.
    pub entry: WorldEntry,
    /// Counts the changes of its entry, from 1.
    pub revision: u64,
    /// The agent's operation that made its present entry; none if the author wrote it.
    pub operation_id: Option<Uuid>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When its entry last changed.
    pub updated_at: Timestamp,
}

/// A card to add.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldCardAddition {
    /// Chosen by the caller: the same request again has the same result.
    pub idempotency_key: String,
    /// The author's world.
    pub world_id: Uuid,
    /// Unique within the world and the entry's kind; `setting` for the setting.
    pub key: String,
    /// What players are to meet.
    pub entry: WorldEntry,
}

/// A card to give another entry.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldCardEdit {
    /// The card.
    pub card_id: Uuid,
    /// The revision that the author has seen.
    pub revision: u64,
    /// Of the same kind as the present one.
    pub entry: WorldEntry,
}

/// A card to remove.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldCardRemoval {
    /// The card.
    pub card_id: Uuid,
    /// The revision that the author has seen.
    pub revision: u64,
}

/// Adds a card to a draft of the sender.
///
/// Errors: as [`add_draft_card_and_return`].
#[reducer]
pub fn add_draft_card(ctx: &ReducerContext, request: CustomWorldCardAddition) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    add_card(ctx, &caller, &request).map(drop)
}

/// Gives a card of the sender another entry.
///
/// Errors: as [`edit_draft_card_and_return`].
#[reducer]
pub fn edit_draft_card(ctx: &ReducerContext, request: CustomWorldCardEdit) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    edit_card(ctx, &caller, &request).map(drop)
}

/// Removes a card of the sender.
///
/// Errors: as [`remove_draft_card_and_return`].
#[reducer]
pub fn remove_draft_card(ctx: &ReducerContext, request: CustomWorldCardRemoval) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    remove_card(ctx, &caller, &request).map(drop)
}

/// Adds a card to the draft of a world and returns it.
///
/// Errors: `unauthenticated`; `forbidden` for another author's published world, or if anyone but
/// the Service names another player; `account_closed`; `not_found` for no or another author's
/// world, and for a repeated request whose card was removed since; `invalid_argument`,
/// `limit_exceeded` for the entry, or if the world has as many of its kind as it may; `conflict`
/// if there is such a card, or if the idempotency key was used for another request.
#[procedure]
pub fn add_draft_card_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: CustomWorldCardAddition,
) -> Result<CustomWorldDraftCard, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        add_card(tx, &caller, &request)
    })
}

/// Gives a card another entry and returns it; the entry that it has changes nothing.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `not_found`; `invalid_argument`, `limit_exceeded` for the entry; `conflict`
/// if the entry is of another kind, or the card has changed since that revision.
#[procedure]
pub fn edit_draft_card_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: CustomWorldCardEdit,
) -> Result<CustomWorldDraftCard, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        edit_card(tx, &caller, &request)
    })
}

/// Removes a card and returns it as it was.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `not_found`, also once it is removed; `conflict` if the card has changed
/// since that revision.
#[procedure]
pub fn remove_draft_card_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: CustomWorldCardRemoval,
) -> Result<CustomWorldDraftCard, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        remove_card(tx, &caller, &request)
    })
}

/// Returns the cards of one kind of an author's world, by their keys.
///
/// Errors: `unauthenticated`; `forbidden` for another author's published world, or if anyone but
/// the Service names another player; `account_closed`; `not_found`.
#[procedure]
pub fn list_draft_cards_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    world_id: Uuid,
    kind: WorldEntryKind,
) -> Result<Vec<CustomWorldDraftCard>, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        owned_world_profile(tx, &caller, world_id)?;
        Ok(draft_entries_of(tx, world_id, kind).collect())
    })
}

/// The cards of the sender's own worlds.
#[view(accessor = my_draft_cards, public, primary_key = card_id)]
pub fn my_draft_cards(ctx: &ViewContext) -> Vec<CustomWorldDraftCard> {
    ctx.db.custom_world_draft_card().owner().filter(ctx.sender()).collect()
}

/// The draft of a world, ordered by kind and key: every card, all of them the author's own or
/// accepted by the author, each of them valid by itself. At most the sum of the kinds' limits.
pub(crate) fn draft_entries(ctx: &ReducerContext, world_id: Uuid) -> impl Iterator<Item = CustomWorldDraftCard> {
    ordered(ctx.db.custom_world_draft_card().by_key().filter(world_id)).into_iter()
}

/// As [`draft_entries`], of one kind only.
pub(crate) fn draft_entries_of(
    ctx: &ReducerContext,
    world_id: Uuid,
    kind: WorldEntryKind,
) -> impl Iterator<Item = CustomWorldDraftCard> {
    ordered(ctx.db.custom_world_draft_card().by_key().filter((world_id, kind))).into_iter()
}

/// An index gives the rows that this transaction has written before the others, so its order
/// alone is not one to rely on.
fn ordered(cards: impl Iterator<Item = CustomWorldDraftCard>) -> Vec<CustomWorldDraftCard> {
    in_card_order(cards.collect())
}

/// By kind, then key. In one place: a sort is compiled anew for each closure that it is given.
fn in_card_order(mut cards: Vec<CustomWorldDraftCard>) -> Vec<CustomWorldDraftCard> {
    cards.sort_by(|one, other| (one.kind, &one.key).cmp(&(other.kind, &other.key)));
    cards
}

/// The card under a kind and key.
pub(crate) fn find_card(
    ctx: &ReducerContext,
    world_id: Uuid,
    kind: WorldEntryKind,
    key: &str,
) -> Option<CustomWorldDraftCard> {
    ctx.db.custom_world_draft_card().by_key().filter((world_id, kind, key)).next()
}

/// Makes a card where there is none.
///
/// Errors: as [`add_draft_card_and_return`], for the entry and its place.
pub(crate) fn insert_card(
    ctx: &ReducerContext,
    profile: &CustomWorldProfile,
    key: &str,
    entry: &WorldEntry,
    operation_id: Option<Uuid>,
) -> Result<CustomWorldDraftCard, DomainError> {
    let (world_id, kind) = (profile.world_id, entry.kind());
    Entry::from(entry).check(key)?;
    let place = place_of(find_card(ctx, world_id, kind, key).as_ref());
    module_custom_world::check_place(ChangeKind::Add, place)?;
    let present = ctx.db.custom_world_draft_card().by_key().filter((world_id, kind)).count();
    module_custom_world::check_entry_count(kind.into(), present as u64)?;
    note_change(ctx, world_id, kind, key)?;
    let cards = ctx.db.custom_world_draft_card();
    let card = CustomWorldDraftCard {
        card_id: fresh_id(ctx, |id| cards.card_id().find(id).is_some())?,
        owner: profile.owner,
        world_id,
        kind,
        key: key.to_owned(),
        entry: entry.clone(),
        revision: 1,
        operation_id,
        created_at: ctx.timestamp,
        updated_at: ctx.timestamp,
    };
    cards.try_insert(card).map_err(|_| DomainError::no_fresh_id())
}

/// Gives a card another entry.
///
/// Errors: as [`edit_draft_card_and_return`], for the entry.
pub(crate) fn replace_card(
    ctx: &ReducerContext,
    card: CustomWorldDraftCard,
    entry: &WorldEntry,
    operation_id: Option<Uuid>,
) -> Result<CustomWorldDraftCard, DomainError> {
    module_custom_world::check_same_kind(card.kind.into(), entry.kind().into())?;
    Entry::from(entry).check(&card.key)?;
    note_change(ctx, card.world_id, card.kind, &card.key)?;
    Ok(ctx.db.custom_world_draft_card().card_id().update(CustomWorldDraftCard {
        entry: entry.clone(),
        revision: next_revision(card.revision)?,
        operation_id,
        updated_at: ctx.timestamp,
        ..card
    }))
}

/// Takes a card away.
pub(crate) fn delete_card(ctx: &ReducerContext, card: &CustomWorldDraftCard) -> Result<(), DomainError> {
    note_change(ctx, card.world_id, card.kind, &card.key)?;
    ctx.db.custom_world_draft_card().card_id().delete(card.card_id);
    Ok(())
}

/// Whether there is a card.
pub(crate) fn place_of(card: Option<&CustomWorldDraftCard>) -> Place {
    if card.is_some() { Place::Taken } else { Place::Free }
}

/// The revision after this one.
pub(crate) fn next_revision(revision: u64) -> Result<u64, DomainError> {
    Ok(module_rules::next_number("A revision", revision)?)
}

fn add_card(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &CustomWorldCardAddition,
) -> Result<CustomWorldDraftCard, DomainError> {
    let replayable = Replayable::new(caller.player, "add_draft_card", &request.idempotency_key, request)?;
    if let Some(card_id) = replayable.first_result(ctx)? {
        return own_card(ctx, caller, card_id);
    }
    let profile = owned_world_profile(ctx, caller, request.world_id)?;
    let card = insert_card(ctx, &profile, &request.key, &request.entry, None)?;
    replayable.remember(ctx, card.card_id)?;
    Ok(card)
}

fn edit_card(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &CustomWorldCardEdit,
) -> Result<CustomWorldDraftCard, DomainError> {
    let card = own_card(ctx, caller, request.card_id)?;
    if card.entry == request.entry {
        return Ok(card);
    }
    module_custom_world::check_same_kind(card.kind.into(), request.entry.kind().into())?;
    module_custom_world::check_revision(card.revision, request.revision)?;
    replace_card(ctx, card, &request.entry, None)
}

fn remove_card(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &CustomWorldCardRemoval,
) -> Result<CustomWorldDraftCard, DomainError> {
    let card = own_card(ctx, caller, request.card_id)?;
    module_custom_world::check_revision(card.revision, request.revision)?;
    delete_card(ctx, &card)?;
    Ok(card)
}

fn own_card(ctx: &ReducerContext, caller: &Caller, card_id: Uuid) -> Result<CustomWorldDraftCard, DomainError> {
    let card = ctx.db.custom_world_draft_card().card_id().find(card_id);
    let own = card.filter(|card| card.owner == caller.player);
    Ok(own.ok_or(RuleError::Hidden { what: "draft card" })?)
}

/// What hangs on a place of the draft follows each change of it: what the agent has proposed for
/// it is out of date, and so is the approval of its stage.
fn note_change(ctx: &ReducerContext, world_id: Uuid, kind: WorldEntryKind, key: &str) -> Result<(), DomainError> {
    supersede_operations(ctx, world_id, kind, key);
    touch_creation(ctx, world_id, kind)
}
