//! One published world, from its draft to the gallery.

use rand::Rng;
use rand::rngs::StdRng;
use sha2::{Digest, Sha256};
use spacetimedb_lib::{Identity, Uuid};
use worldloom_client::{
    AssetAccessPolicy, AssetEntityBindingOutcome, AssetEntityBindingRequest, AssetObject, AssetObjectConfirmation,
    AssetObjectRegistration, CustomWorldCardAddition, CustomWorldCreation, CustomWorldDraftCard, CustomWorldProfile,
    CustomWorldPublication, CustomWorldPublishing,
};

use super::Plan;
use crate::module_calls::ModuleCalls;
use crate::sample_world;

/// Which chance is drawn.
const WORLD: u64 = 1;
const PLACES: [&str; 8] = ["Mill", "Harbour", "Library", "Orchard", "Tower", "Quarry", "Ferry", "Garden"];
const MOODS: [&str; 8] = ["Silent", "Drowned", "Golden", "Last", "Borrowed", "Winter", "Hollow", "Kind"];

/// Makes the world of this number, and gives its id.
pub async fn publish(calls: &ModuleCalls, plan: Plan, number: u32) -> anyhow::Result<Uuid> {
    let mut chance = plan.chance(WORLD, number);
    let author = Some(plan.player(plan.author_of(number)));
    let key = |what: &str| format!("seed-{}-world-{number}-{what}", plan.seed);
    let title = title(number, &mut chance);
    let creation = CustomWorldCreation {
        idempotency_key: key("creation"),
        title: title.clone(),
        tagline: "Made to fill a database.".to_owned(),
    };
    let created: CustomWorldProfile = calls.accepted("create_custom_world_and_return", &(author, creation)).await?;
    let world_id = created.world_id;
    if created.current_version != 0 {
        return Ok(world_id);
    }
    for (entry_key, entry) in sample_world::varied_entries(&title, &mut chance) {
        let idempotency_key = key(&format!("{:?}-{entry_key}", sample_world::kind_name(&entry)));
        let addition = CustomWorldCardAddition { idempotency_key, world_id, key: entry_key, entry };
        let _: CustomWorldDraftCard = calls.accepted("add_draft_card_and_return", &(author, addition)).await?;
    }
    let bytes: [u8; 32] = chance.r#gen();
    bind_cover(calls, author, world_id, &key("cover"), &bytes).await?;
    let profile: CustomWorldProfile = calls.accepted("get_custom_world_and_return", &(author, world_id)).await?;
    let publishing = CustomWorldPublishing {
        idempotency_key: key("publishing"),
        world_id,
        revision: profile.revision,
        content_hash: None,
    };
    let _: CustomWorldPublication = calls.accepted("publish_world_and_return", &(author, publishing)).await?;
    Ok(world_id)
}

/// The row of a cover picture; its bytes are in no store.
async fn bind_cover(
    calls: &ModuleCalls,
    author: Option<Identity>,
    world_id: Uuid,
    key: &str,
    bytes: &[u8],
) -> anyhow::Result<()> {
    let content_type = "image/png".to_owned();
    let sha_256 = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let registration = AssetObjectRegistration {
        idempotency_key: key.to_owned(),
        bucket: "seeded".to_owned(),
        object_key: format!("covers/{key}.png"),
        content_type: content_type.clone(),
        byte_size: bytes.len() as u64,
        sha_256: sha_256.clone(),
        access_policy: AssetAccessPolicy::Public,
    };
    let cover: AssetObject = calls.accepted("register_asset_object_and_return", &(author, registration)).await?;
    let confirmation =
        AssetObjectConfirmation { asset_id: cover.asset_id, content_type, byte_size: bytes.len() as u64, sha_256 };
    let cover: AssetObject = calls.accepted("confirm_asset_object_and_return", &(author, confirmation)).await?;
    let binding = AssetEntityBindingRequest {
        asset_id: cover.asset_id,
        entity_kind: "world".to_owned(),
        entity_id: world_id.to_string(),
        slot: "cover".to_owned(),
    };
    let _: AssetEntityBindingOutcome =
        calls.accepted("bind_asset_object_to_entity_and_return", &(author, binding)).await?;
    Ok(())
}

/// A title that only the number makes unique.
fn title(number: u32, chance: &mut StdRng) -> String {
    let (mood, place) = (MOODS[chance.gen_range(0..8)], PLACES[chance.gen_range(0..8)]);
    format!("The {mood} {place} {number}")
}
