//! The gallery of worlds.

use worldloom_client::{
    CustomWorldEntryQuery, CustomWorldGalleryEntry, CustomWorldGalleryPage, CustomWorldPageRequest,
    CustomWorldPlayableEntry, CustomWorldTagPageRequest, WorldEntryKind,
};

use super::guest::{own, plain};
use super::step::{Step, asks};
use crate::sample_world;

/// Worlds on a page.
const LENGTH: u32 = 20;

/// Pages, a world, a like.
pub const STEPS: &[Step] = &[
    asks::<CustomWorldGalleryPage>("list_newest_worlds_and_return", |_| {
        plain(CustomWorldPageRequest { cursor: None, length: LENGTH })
    }),
    asks::<CustomWorldGalleryPage>("list_most_played_worlds_and_return", |_| {
        plain(CustomWorldPageRequest { cursor: None, length: LENGTH })
    }),
    asks::<CustomWorldGalleryPage>("list_worlds_by_tag_and_return", |_| {
        plain(CustomWorldTagPageRequest { tag: sample_world::TAGS[0].to_owned(), cursor: None, length: LENGTH })
    }),
    asks::<CustomWorldGalleryEntry>("get_gallery_world_and_return", |guest| plain(guest.world_id())),
    asks::<Vec<CustomWorldPlayableEntry>>("list_world_entries_and_return", |guest| {
        plain(CustomWorldEntryQuery { version_id: guest.world.version_id, kind: WorldEntryKind::Chapter })
    }),
    asks::<u64>("like_world_and_return", |guest| own(guest.world_id())),
    asks::<u64>("unlike_world_and_return", |guest| own(guest.world_id())),
];
