//! Worlds in libraries, their publication and the gallery.

mod library;

use spacetime_module::*;

use crate::world::{Actor, World};

/// A world to make, told apart from others by `name`.
pub fn creation(name: &str) -> CustomWorldCreation {
    CustomWorldCreation {
        idempotency_key: format!("create-{name}"),
        title: format!("World {name}"),
        tagline: "Draft.".to_owned(),
    }
}

/// A request for a world as it stands.
pub fn request_for(profile: &CustomWorldProfile) -> CustomWorldRequest {
    CustomWorldRequest { world_id: profile.world_id, revision: profile.revision }
}

impl World {
    /// An empty world in the library of `author`.
    pub fn create_world(&self, author: Actor, name: &str) -> CustomWorldProfile {
        self.call(author, |ctx| create_custom_world_and_return(ctx, None, creation(name))).unwrap()
    }

    /// A world as its author sees it.
    pub fn get_world(&self, author: Actor, world_id: spacetimedb::Uuid) -> Result<CustomWorldProfile, DomainError> {
        self.call(author, |ctx| get_custom_world_and_return(ctx, None, world_id))
    }
}
