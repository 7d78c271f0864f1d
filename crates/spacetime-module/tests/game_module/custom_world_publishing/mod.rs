//! Worlds in libraries, their publication and the gallery.

mod compiling;
mod covers;
mod gallery;
mod immutability;
mod library;
mod moderation;
mod pages;
mod players;
mod publishing;

use spacetime_module::*;
use spacetimedb::Uuid;

use crate::world::{Actor, World};

/// A world to make, told apart from others by `name`.
pub fn creation(name: &str) -> CustomWorldCreation {
    CustomWorldCreation {
        idempotency_key: format!("create-{name}"),
        title: format!("World {name}"),
        tagline: "Draft.".to_owned(),
    }
}

/// A request to copy a world, told apart from others by `name`.
pub fn copying_of(profile: &CustomWorldProfile, name: &str) -> CustomWorldCopying {
    CustomWorldCopying {
        idempotency_key: format!("copy-{name}"),
        world_id: profile.world_id,
        title: format!("Copy {name}"),
    }
}

/// A request for a world as it stands.
pub fn request_for(profile: &CustomWorldProfile) -> CustomWorldRequest {
    CustomWorldRequest { world_id: profile.world_id, revision: profile.revision }
}

/// A request to publish a world as it stands, whatever its content.
pub fn publishing_of(profile: &CustomWorldProfile, key: &str) -> CustomWorldPublishing {
    CustomWorldPublishing {
        idempotency_key: key.to_owned(),
        world_id: profile.world_id,
        revision: profile.revision,
        content_hash: None,
    }
}

/// A setting with this title and these tags.
pub fn setting(title: &str, tags: &[&str]) -> WorldEntry {
    WorldEntry::Setting(WorldSetting {
        title: title.to_owned(),
        tagline: format!("{title}!"),
        description: "A place.".to_owned(),
        tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
    })
}

/// The entries of the smallest world.
pub fn small_world(title: &str, tags: &[&str]) -> Vec<(&'static str, WorldEntry)> {
    let chapter = WorldChapter {
        order: 1,
        title: "Begin".to_owned(),
        summary: String::new(),
        opening: "It begins.".to_owned(),
        required_level: 1,
    };
    vec![("setting", setting(title, tags)), ("begin", WorldEntry::Chapter(chapter))]
}

impl World {
    /// A small world, published under these tags.
    pub fn published(&self, author: Actor, name: &str, tags: &[&str]) -> CustomWorldProfile {
        let profile = self.drafted(author, name, small_world(name, tags));
        self.publish(author, profile.world_id).unwrap().profile
    }

    /// Takes a world out of the gallery.
    pub fn unpublish(&self, author: Actor, world_id: Uuid) -> Result<CustomWorldProfile, DomainError> {
        let profile = self.get_world(author, world_id)?;
        self.call(author, |ctx| unpublish_world_and_return(ctx, None, request_for(&profile)))
    }

    /// A world as the gallery shows it.
    pub fn shown(&self, world_id: Uuid) -> Result<CustomWorldGalleryEntry, DomainError> {
        self.call(Actor::Stranger, |ctx| get_gallery_world_and_return(ctx, world_id))
    }

    /// Gives the card under a kind and key another entry, or adds it.
    pub fn put_card(&self, author: Actor, world_id: Uuid, key: &str, entry: WorldEntry) {
        let kind = entry.kind();
        let cards = self.call(author, |ctx| list_draft_cards_and_return(ctx, None, world_id, kind)).unwrap();
        match cards.into_iter().find(|card| card.key == key) {
            Some(card) => {
                let edit = CustomWorldCardEdit { card_id: card.card_id, revision: card.revision, entry };
                self.call(author, |ctx| edit_draft_card_and_return(ctx, None, edit)).unwrap();
            }
            None => {
                let asked = self.rows()["request_record"].len();
                let idempotency_key = format!("card-{asked}");
                let card = CustomWorldCardAddition { idempotency_key, world_id, key: key.to_owned(), entry };
                self.call(author, |ctx| add_draft_card_and_return(ctx, None, card)).unwrap();
            }
        }
    }

    /// An empty world in the library of `author`.
    pub fn create_world(&self, author: Actor, name: &str) -> CustomWorldProfile {
        self.call(author, |ctx| create_custom_world_and_return(ctx, None, creation(name))).unwrap()
    }

    /// A world as its author sees it.
    pub fn get_world(&self, author: Actor, world_id: Uuid) -> Result<CustomWorldProfile, DomainError> {
        self.call(author, |ctx| get_custom_world_and_return(ctx, None, world_id))
    }
}
