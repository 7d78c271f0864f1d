//! Tags: which worlds have ever been published under one, in order.

use crate::*;

/// A tag under which worlds were published.
#[table(accessor = custom_world_tag)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldTag {
    /// The tag.
    #[primary_key]
    pub tag: String,
    /// How many worlds were ever published under it.
    pub worlds: u64,
}

/// A world that was published under a tag. Never deleted, so that a tag's numbers have no gaps;
/// whether the world has the tag now, its gallery entry says.
#[table(
    accessor = custom_world_tagging,
    index(accessor = by_number, btree(columns = [tag, number])),
    index(accessor = by_world, btree(columns = [world_id, tag]))
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldTagging {
    /// Number of the row.
    #[primary_key]
    #[auto_inc]
    pub id: u64,
    /// The tag.
    pub tag: String,
    /// The world's number under this tag, from 1.
    pub number: u64,
    /// The world.
    pub world_id: Uuid,
}

/// Numbers a world under each of its tags that are new to it.
///
/// Errors: `internal` if a number is taken.
pub(crate) fn note_tags(ctx: &ReducerContext, world_id: Uuid, tags: &[String]) -> Result<(), DomainError> {
    let taggings = ctx.db.custom_world_tagging();
    for tag in tags {
        if taggings.by_world().filter((world_id, tag)).next().is_some() {
            continue;
        }
        let number = module_rules::next_number("The number of worlds with a tag", tagged_worlds(ctx, tag))?;
        ctx.db.custom_world_tag().tag().insert_or_update(CustomWorldTag { tag: tag.clone(), worlds: number });
        let tagging = CustomWorldTagging { id: 0, tag: tag.clone(), number, world_id };
        taggings.try_insert(tagging).map_err(|_| DomainError::no_fresh_id())?;
    }
    Ok(())
}

/// How many worlds were ever published under a tag.
pub(crate) fn tagged_worlds(ctx: &ReducerContext, tag: &str) -> u64 {
    let tag = ctx.db.custom_world_tag().tag().find(tag.to_owned());
    tag.map_or(0, |tag| tag.worlds)
}
