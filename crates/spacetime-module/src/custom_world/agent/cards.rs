//! Draft cards: the draft of a world, one card for each of its entries.

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
    /// Number of changes, from 1.
    pub revision: u64,
    /// The agent's operation that made its present content; none if the author wrote it.
    pub operation_id: Option<Uuid>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// The draft of a world, ordered by kind and key: every card, all of them the author's own or
/// accepted by the author, each of them valid by itself. At most the sum of the kinds' limits.
pub(crate) fn draft_entries(ctx: &ReducerContext, world_id: Uuid) -> impl Iterator<Item = CustomWorldDraftCard> {
    ctx.db.custom_world_draft_card().by_key().filter(world_id)
}
