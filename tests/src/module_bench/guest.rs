//! A guest: a new player who goes through the script, and carries what earlier steps gave it.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;

use anyhow::Context;
use spacetimedb_lib::de::DeserializeOwned;
use spacetimedb_lib::ser::Serialize;
use spacetimedb_lib::{Identity, Uuid, bsatn};
use worldloom_client::CustomWorldGalleryEntry;

use crate::module_calls::{Answer, ModuleCalls};

/// Encoded arguments of a call.
pub type Arguments = anyhow::Result<Vec<u8>>;

/// A player of the benchmark.
pub struct Guest {
    /// The guest's own way to the module.
    pub calls: ModuleCalls,
    /// Somebody with the roles Service, Moderator and Operator.
    pub service: ModuleCalls,
    /// Who the guest is.
    pub identity: Identity,
    /// A player who plays in the same world, for whom only the Service calls.
    pub friend: Identity,
    /// The world that the guest plays in.
    pub world: CustomWorldGalleryEntry,
    /// The latest answer of each type.
    kept: HashMap<TypeId, Box<dyn Any + Send>>,
}

impl Guest {
    /// A guest who has done nothing yet.
    pub fn new(
        calls: ModuleCalls,
        service: ModuleCalls,
        identity: Identity,
        friend: Identity,
        world: CustomWorldGalleryEntry,
    ) -> Self {
        Guest { calls, service, identity, friend, world, kept: HashMap::new() }
    }

    /// The latest answer of this type.
    pub fn last<T: Any>(&self) -> anyhow::Result<&T> {
        let kept = self.kept.get(&TypeId::of::<T>()).and_then(|kept| kept.downcast_ref());
        kept.with_context(|| format!("no step has given a {}", type_name::<T>()))
    }

    /// Keeps an answer in place of the last one of its type.
    pub fn keep<T: Any + Send>(&mut self, answer: T) {
        self.kept.insert(TypeId::of::<T>(), Box::new(answer));
    }

    /// Keeps an encoded answer, which must not be a refusal.
    pub fn keep_encoded<T: Any + Send + DeserializeOwned>(&mut self, answer: &[u8]) -> anyhow::Result<()> {
        let answer: Answer<T> = bsatn::from_slice(answer)?;
        self.keep(answer.map_err(|refusal| anyhow::anyhow!("refused: {} ({:?})", refusal.message, refusal.code))?);
        Ok(())
    }

    /// The world that the guest plays in.
    pub fn world_id(&self) -> Uuid {
        self.world.world_id
    }

    /// Arguments of a call that the Service makes for the guest.
    pub fn for_guest(&self, request: impl Serialize) -> Arguments {
        Ok(bsatn::to_vec(&(Some(self.identity), request))?)
    }

    /// Arguments of a call that the Service makes for the guest's friend.
    pub fn for_friend(&self, request: impl Serialize) -> Arguments {
        Ok(bsatn::to_vec(&(Some(self.friend), request))?)
    }
}

/// Arguments of a call that the guest makes for itself.
pub fn own(request: impl Serialize) -> Arguments {
    Ok(bsatn::to_vec(&(None::<Identity>, request))?)
}

/// The same without a request.
pub fn nothing(_: &Guest) -> Arguments {
    Ok(bsatn::to_vec(&(None::<Identity>,))?)
}

/// Arguments of a call that names no player.
pub fn plain(request: impl Serialize) -> Arguments {
    Ok(bsatn::to_vec(&(request,))?)
}

/// An idempotency key, which is the player's own.
pub fn key(name: &str) -> String {
    format!("bench-{name}")
}
