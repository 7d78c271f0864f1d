//! A guest's own worlds: in the library, published, moderated; and their pictures.

use anyhow::Context;
use spacetimedb_lib::{Identity, Uuid};
use worldloom_client::{
    AssetAccessPolicy, AssetEntityBinding, AssetEntityBindingOutcome, AssetEntityBindingRequest,
    AssetEntityUnbindRequest, AssetObject, AssetObjectConfirmation, AssetObjectRegistration, CustomWorldCardAddition,
    CustomWorldCardEdit, CustomWorldCardRemoval, CustomWorldCompileReport, CustomWorldCopying, CustomWorldCreation,
    CustomWorldDraftCard, CustomWorldModerationRequest, CustomWorldProfile, CustomWorldPublication,
    CustomWorldPublishing, CustomWorldRenaming, CustomWorldRequest, CustomWorldVersion, CustomWorldWork, WorldEntry,
    WorldEntryKind,
};

use super::guest::{Arguments, Guest, key, nothing, own, plain};
use super::step::{Step, asks, serves};
use crate::facade::sha256;
use crate::sample_world;

/// Worlds that are not shown to anybody.
pub const LIBRARY: &[Step] = &[
    asks::<CustomWorldProfile>("create_custom_world_and_return", |_| own(creation("kept"))),
    asks::<CustomWorldProfile>("rename_custom_world_and_return", |guest| {
        let CustomWorldProfile { world_id, revision, .. } = *guest.last()?;
        own(CustomWorldRenaming { world_id, revision, title: "The other mill".to_owned(), tagline: String::new() })
    }),
    asks::<CustomWorldProfile>("get_custom_world_and_return", |guest| {
        own(guest.last::<CustomWorldProfile>()?.world_id)
    }),
    asks::<CustomWorldProfile>("archive_custom_world_and_return", |guest| own(as_it_stands(guest)?)),
    asks::<CustomWorldProfile>("restore_custom_world_and_return", |guest| own(as_it_stands(guest)?)),
    asks::<CustomWorldProfile>("duplicate_custom_world_and_return", |guest| {
        let world_id = guest.last::<CustomWorldProfile>()?.world_id;
        own(CustomWorldCopying { idempotency_key: key("copy"), world_id, title: "A copy".to_owned() })
    }),
    asks::<CustomWorldProfile>("delete_custom_world_and_return", |guest| own(as_it_stands(guest)?)),
];

/// Pictures: one is bound to a world, one is deleted.
pub const PICTURES: &[Step] = &[
    asks::<CustomWorldProfile>("create_custom_world_and_return", |_| own(creation("shown"))).unmeasured(),
    asks::<AssetObject>("register_asset_object_and_return", |guest| own(registration(guest, "spare"))),
    asks::<AssetObject>("delete_asset_object_and_return", last_asset),
    serves::<Vec<AssetObject>>("list_expired_asset_objects_and_return", |_| plain(10_u32)),
    serves::<Vec<Uuid>>("forget_deleted_asset_objects_and_return", |guest| {
        plain(vec![guest.last::<AssetObject>()?.asset_id])
    }),
    asks::<AssetObject>("register_asset_object_and_return", |guest| own(registration(guest, "cover"))).unmeasured(),
    serves::<AssetObject>("confirm_asset_object_and_return", |guest| {
        let AssetObject { asset_id, byte_size, content_type, sha_256, .. } = guest.last::<AssetObject>()?.clone();
        guest.for_guest(AssetObjectConfirmation { asset_id, content_type, byte_size, sha_256 })
    }),
    asks::<AssetObject>("read_asset_object_and_return", last_asset),
    serves::<Vec<AssetObject>>("list_asset_objects_and_return", |guest| {
        let AssetObject { bucket, object_key, .. } = guest.last::<AssetObject>()?.clone();
        let until_key = format!("{object_key}~");
        plain((None::<Identity>, bucket, object_key, until_key, 10_u32))
    }),
    serves::<Vec<AssetObject>>("find_asset_objects_and_return", |guest| {
        let AssetObject { bucket, object_key, .. } = guest.last::<AssetObject>()?.clone();
        plain((bucket, vec![object_key]))
    }),
    asks::<AssetEntityBindingOutcome>("bind_asset_object_to_entity_and_return", |guest| own(cover(guest)?)),
    asks::<AssetEntityBinding>("unbind_asset_object_from_entity_and_return", |guest| {
        let AssetEntityBindingRequest { entity_kind, entity_id, slot, .. } = cover(guest)?;
        own(AssetEntityUnbindRequest { entity_kind, entity_id, slot, asset_id: None })
    }),
    asks::<AssetEntityBindingOutcome>("bind_asset_object_to_entity_and_return", |guest| own(cover(guest)?))
        .unmeasured(),
];

/// The draft of the world with the picture, and its publication.
pub const PUBLICATION: &[Step] = &[
    asks::<CustomWorldDraftCard>("add_draft_card_and_return", |guest| own(card(guest, "setting")?)),
    asks::<CustomWorldDraftCard>("add_draft_card_and_return", |guest| own(card(guest, "rat")?)).unmeasured(),
    asks::<CustomWorldDraftCard>("remove_draft_card_and_return", |guest| {
        let CustomWorldDraftCard { card_id, revision, .. } = *guest.last()?;
        own(CustomWorldCardRemoval { card_id, revision })
    }),
    asks::<CustomWorldDraftCard>("add_draft_card_and_return", |guest| own(card(guest, "arrival")?)).unmeasured(),
    asks::<CustomWorldDraftCard>("edit_draft_card_and_return", |guest| {
        let CustomWorldDraftCard { card_id, revision, .. } = *guest.last()?;
        let WorldEntry::Chapter(mut chapter) = entry("arrival")? else { anyhow::bail!("not a chapter") };
        chapter.title = "A late arrival".to_owned();
        own(CustomWorldCardEdit { card_id, revision, entry: WorldEntry::Chapter(chapter) })
    }),
    asks::<Vec<CustomWorldDraftCard>>("list_draft_cards_and_return", |guest| {
        let world_id = guest.last::<CustomWorldProfile>()?.world_id;
        Ok(spacetimedb_lib::bsatn::to_vec(&(None::<spacetimedb_lib::Identity>, world_id, WorldEntryKind::Chapter))?)
    }),
    asks::<CustomWorldProfile>("get_custom_world_and_return", |guest| {
        own(guest.last::<CustomWorldProfile>()?.world_id)
    })
    .unmeasured(),
    asks::<CustomWorldCompileReport>("compile_published_profile_and_return", world),
    asks::<CustomWorldPublication>("publish_world_and_return", |guest| {
        let CustomWorldProfile { world_id, revision, .. } = *guest.last()?;
        own(CustomWorldPublishing { idempotency_key: key("publish"), world_id, revision, content_hash: None })
    }),
    asks::<Vec<CustomWorldVersion>>("list_world_versions_and_return", world),
    asks::<Vec<CustomWorldWork>>("list_custom_world_works_and_return", nothing),
    asks::<CustomWorldProfile>("unpublish_world_and_return", |guest| {
        let CustomWorldProfile { world_id, revision, .. } = guest.last::<CustomWorldPublication>()?.profile;
        own(CustomWorldRequest { world_id, revision })
    }),
    serves::<CustomWorldProfile>("hold_world_and_return", |guest| own(decision(guest)?)),
    serves::<CustomWorldProfile>("release_world_and_return", |guest| own(decision(guest)?)),
];

/// A world to make.
pub fn creation(name: &str) -> CustomWorldCreation {
    CustomWorldCreation {
        idempotency_key: key(name),
        title: "The mill".to_owned(),
        tagline: "Made for a benchmark.".to_owned(),
    }
}

/// An entry of the sample world.
pub fn entry(name: &str) -> anyhow::Result<WorldEntry> {
    let mut entries = sample_world::entries("The mill").into_iter();
    let found = entries.find(|(key, _)| key == name).map(|(_, entry)| entry);
    found.with_context(|| format!("the sample world has no {name}"))
}

fn as_it_stands(guest: &Guest) -> anyhow::Result<CustomWorldRequest> {
    let CustomWorldProfile { world_id, revision, .. } = *guest.last()?;
    Ok(CustomWorldRequest { world_id, revision })
}

fn world(guest: &Guest) -> Arguments {
    own(guest.last::<CustomWorldProfile>()?.world_id)
}

fn decision(guest: &Guest) -> anyhow::Result<CustomWorldModerationRequest> {
    let world_id = guest.last::<CustomWorldProfile>()?.world_id;
    Ok(CustomWorldModerationRequest { world_id, reason: "A look at it.".to_owned() })
}

fn registration(guest: &Guest, name: &str) -> AssetObjectRegistration {
    AssetObjectRegistration {
        idempotency_key: key(name),
        bucket: "bench".to_owned(),
        object_key: format!("players/{}/{name}.png", guest.identity.to_hex()),
        content_type: "image/png".to_owned(),
        byte_size: name.len() as u64,
        sha_256: sha256(name.as_bytes()),
        access_policy: AssetAccessPolicy::Public,
    }
}

fn last_asset(guest: &Guest) -> Arguments {
    own(guest.last::<AssetObject>()?.asset_id)
}

fn cover(guest: &Guest) -> anyhow::Result<AssetEntityBindingRequest> {
    Ok(AssetEntityBindingRequest {
        asset_id: guest.last::<AssetObject>()?.asset_id,
        entity_kind: "world".to_owned(),
        entity_id: guest.last::<CustomWorldProfile>()?.world_id.to_string(),
        slot: "cover".to_owned(),
    })
}

fn card(guest: &Guest, name: &str) -> anyhow::Result<CustomWorldCardAddition> {
    let world_id = guest.last::<CustomWorldProfile>()?.world_id;
    Ok(CustomWorldCardAddition {
        idempotency_key: key(&format!("card-{name}")),
        world_id,
        key: name.to_owned(),
        entry: entry(name)?,
    })
}
