//! One published world, from its draft to the gallery, and the games beside it.

use rand::Rng;
use rand::rngs::StdRng;
use spacetimedb_lib::{Identity, Uuid};
use worldloom_client::{
    AssetAccessPolicy, AssetEntityBindingOutcome, AssetEntityBindingRequest, AssetObject, AssetObjectConfirmation,
    AssetObjectRegistration, CustomWorldAgentMessage, CustomWorldAgentSession, CustomWorldAgentSessionStart,
    CustomWorldAuthorMessage, CustomWorldCardAddition, CustomWorldCreation, CustomWorldDraftCard, CustomWorldProfile,
    CustomWorldPublication, CustomWorldPublishing, CustomWorldSessionDetail, CustomWorldSessionStart,
    CustomWorldSessionWorld,
};

use super::{Plan, games};
use crate::facade::sha256;
use crate::module_calls::ModuleCalls;
use crate::sample_world;

/// Which chance is drawn.
const WORLD: u64 = 1;
const PLACES: [&str; 8] = ["Mill", "Harbour", "Library", "Orchard", "Tower", "Quarry", "Ferry", "Garden"];
const MOODS: [&str; 8] = ["Silent", "Drowned", "Golden", "Last", "Borrowed", "Winter", "Hollow", "Kind"];

/// A world, and what its author has made of its cover.
pub struct Made {
    pub world_id: Uuid,
    pub puzzle_id: Uuid,
    pub fish_game_id: Uuid,
}

/// Who makes a world, and under which keys.
pub struct Author<'a> {
    pub calls: &'a ModuleCalls,
    pub identity: Option<Identity>,
    keys: String,
}

impl Author<'_> {
    pub fn key(&self, what: &str) -> String {
        format!("{}-{what}", self.keys)
    }
}

/// Makes the world of this number, or finds it.
pub async fn make(calls: &ModuleCalls, plan: Plan, number: u32) -> anyhow::Result<Made> {
    let mut chance = plan.chance(WORLD, number);
    let identity = Some(plan.player(plan.author_of(number)));
    let author = &Author { calls, identity, keys: format!("seed-{}-world-{number}", plan.seed) };
    let title = title(number, &mut chance);
    let entries = sample_world::varied_entries(&title, &mut chance);
    let creation = CustomWorldCreation {
        idempotency_key: author.key("creation"),
        title: title.clone(),
        tagline: "Made to fill a database.".to_owned(),
    };
    let created: CustomWorldProfile =
        calls.accepted("create_custom_world_and_return", &(author.identity, creation)).await?;
    let world_id = created.world_id;
    let cover = cover(author, &chance.r#gen::<[u8; 32]>()).await?;
    if created.current_version == 0 {
        for (entry_key, entry) in entries {
            let idempotency_key = author.key(&format!("{}-{entry_key}", sample_world::kind_name(&entry)));
            let addition = CustomWorldCardAddition { idempotency_key, world_id, key: entry_key, entry };
            let _: CustomWorldDraftCard =
                calls.accepted("add_draft_card_and_return", &(author.identity, addition)).await?;
        }
        discuss(author, world_id).await?;
        publish(author, world_id, cover).await?;
    }
    let puzzle_id = games::puzzle(author, &title, cover).await?;
    let fish_game_id = games::fish_game(author, &title, cover).await?;
    Ok(Made { world_id, puzzle_id, fish_game_id })
}

/// The row of a cover picture; its bytes are in no store.
async fn cover(author: &Author<'_>, bytes: &[u8]) -> anyhow::Result<Uuid> {
    let content_type = "image/png".to_owned();
    let registration = AssetObjectRegistration {
        idempotency_key: author.key("cover"),
        bucket: "seeded".to_owned(),
        object_key: format!("covers/{}.png", author.key("cover")),
        content_type: content_type.clone(),
        byte_size: bytes.len() as u64,
        sha_256: sha256(bytes),
        access_policy: AssetAccessPolicy::Public,
    };
    let sha_256 = registration.sha_256.clone();
    let registration = (author.identity, registration);
    let AssetObject { asset_id, .. } = author.calls.accepted("register_asset_object_and_return", &registration).await?;
    let confirmation = AssetObjectConfirmation { asset_id, content_type, byte_size: bytes.len() as u64, sha_256 };
    let _: AssetObject =
        author.calls.accepted("confirm_asset_object_and_return", &(author.identity, confirmation)).await?;
    Ok(asset_id)
}

/// A creation that has not got far, and the beginning of a talk about it.
async fn discuss(author: &Author<'_>, world_id: Uuid) -> anyhow::Result<()> {
    let creation = CustomWorldSessionStart {
        idempotency_key: author.key("session"),
        world: CustomWorldSessionWorld::Existing(world_id),
        brief: "A place to fill a database with.".to_owned(),
    };
    let _: CustomWorldSessionDetail =
        author.calls.accepted("start_creation_session_and_return", &(author.identity, creation)).await?;
    let talk = CustomWorldAgentSessionStart {
        idempotency_key: author.key("talk"),
        world_id,
        title: "What is missing".to_owned(),
    };
    let talk: CustomWorldAgentSession =
        author.calls.accepted("start_agent_session_and_return", &(author.identity, talk)).await?;
    let question = CustomWorldAuthorMessage {
        idempotency_key: author.key("question"),
        session_id: talk.session_id,
        text: "What does this place lack?".to_owned(),
    };
    let _: CustomWorldAgentMessage =
        author.calls.accepted("post_author_message_and_return", &(author.identity, question)).await?;
    Ok(())
}

async fn publish(author: &Author<'_>, world_id: Uuid, cover: Uuid) -> anyhow::Result<()> {
    let binding = AssetEntityBindingRequest {
        asset_id: cover,
        entity_kind: "world".to_owned(),
        entity_id: world_id.to_string(),
        slot: "cover".to_owned(),
    };
    let _: AssetEntityBindingOutcome =
        author.calls.accepted("bind_asset_object_to_entity_and_return", &(author.identity, binding)).await?;
    let profile: CustomWorldProfile =
        author.calls.accepted("get_custom_world_and_return", &(author.identity, world_id)).await?;
    let publishing = CustomWorldPublishing {
        idempotency_key: author.key("publishing"),
        world_id,
        revision: profile.revision,
        content_hash: None,
    };
    let _: CustomWorldPublication =
        author.calls.accepted("publish_world_and_return", &(author.identity, publishing)).await?;
    Ok(())
}

/// A title that only the number makes unique.
fn title(number: u32, chance: &mut StdRng) -> String {
    let (mood, place) = (MOODS[chance.gen_range(0..8)], PLACES[chance.gen_range(0..8)]);
    format!("The {mood} {place} {number}")
}
