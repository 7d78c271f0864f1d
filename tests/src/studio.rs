//! A database of the game module with its Service, and what tests ask of it before they begin.

use worldloom_client::{
    AssetAccessPolicy, AssetEntityBindingRequest, AssetObject, AssetObjectConfirmation, AssetObjectRegistration,
    CustomWorldCardAddition, CustomWorldCreation, CustomWorldProfile, CustomWorldPublication, CustomWorldPublishing,
    WorldEntry, add_draft_card_and_return, bind_asset_object_to_entity_and_return, confirm_asset_object_and_return,
    create_custom_world_and_return, get_custom_world_and_return, publish_world_and_return,
    register_asset_object_and_return,
};

use crate::facade::sha256;
use crate::{Database, Player, TestNode, ask, sample_world};

/// The game module on a node, with a client that holds the role Service as the facade does.
pub struct Studio {
    /// The game's database.
    pub database: Database,
    /// Stands in for the facade.
    pub service: Player,
}

impl Studio {
    /// Publishes the game module under the name `worldloom`.
    pub async fn open(node: &TestNode) -> anyhow::Result<Self> {
        let database = node.publish("worldloom", "spacetime_module").await?;
        let service = database.account().await?;
        database.grant(&service, "service").await?;
        let service = Player::join_as(&database, service).await?;
        Ok(Self { database, service })
    }

    /// A new player.
    pub async fn player(&self) -> anyhow::Result<Player> {
        Player::join(&self.database).await
    }

    /// A confirmed picture of the player's that everybody may see; `name` tells it from others.
    pub async fn picture(&self, owner: &Player, name: &str) -> anyhow::Result<AssetObject> {
        let content_type = "image/png".to_owned();
        let (byte_size, sha_256) = (name.len() as u64, sha256(name.as_bytes()));
        let registration = AssetObjectRegistration {
            idempotency_key: format!("picture-{name}"),
            bucket: "pictures".to_owned(),
            object_key: format!("players/{}/{name}.png", owner.account.identity),
            content_type: content_type.clone(),
            byte_size,
            sha_256: sha_256.clone(),
            access_policy: AssetAccessPolicy::Public,
        };
        let asset_id = ask!(owner, register_asset_object_and_return_then(None, registration))?.asset_id;
        let confirmation = AssetObjectConfirmation { asset_id, content_type, byte_size, sha_256 };
        Ok(ask!(self.service, confirm_asset_object_and_return_then(Some(owner.identity), confirmation))?)
    }

    /// A world with these entries in its draft, and a cover.
    pub async fn draft_world(
        &self,
        author: &Player,
        title: &str,
        entries: Vec<(String, WorldEntry)>,
    ) -> anyhow::Result<CustomWorldProfile> {
        let creation = CustomWorldCreation {
            idempotency_key: format!("world-{}", title.replace(' ', "-")),
            title: title.to_owned(),
            tagline: "Made for a test.".to_owned(),
        };
        let world_id = ask!(author, create_custom_world_and_return_then(None, creation))?.world_id;
        for (number, (key, entry)) in entries.into_iter().enumerate() {
            let idempotency_key = format!("{world_id}-{number}");
            let addition = CustomWorldCardAddition { idempotency_key, world_id, key, entry };
            ask!(author, add_draft_card_and_return_then(None, addition))?;
        }
        let cover = self.picture(author, &format!("cover-{world_id}")).await?;
        let binding = AssetEntityBindingRequest {
            asset_id: cover.asset_id,
            entity_kind: "world".to_owned(),
            entity_id: world_id.to_string(),
            slot: "cover".to_owned(),
        };
        ask!(author, bind_asset_object_to_entity_and_return_then(None, binding))?;
        Ok(ask!(author, get_custom_world_and_return_then(None, world_id))?)
    }

    /// Publishes a draft as it stands.
    pub async fn publish(&self, author: &Player, draft: &CustomWorldProfile) -> anyhow::Result<CustomWorldPublication> {
        let publishing = CustomWorldPublishing {
            idempotency_key: format!("publishing-{}-{}", draft.world_id, draft.revision),
            world_id: draft.world_id,
            revision: draft.revision,
            content_hash: None,
        };
        Ok(ask!(author, publish_world_and_return_then(None, publishing))?)
    }

    /// The sample world, drafted and published.
    pub async fn publish_sample(&self, author: &Player, title: &str) -> anyhow::Result<CustomWorldPublication> {
        let draft = self.draft_world(author, title, sample_world::entries(title)).await?;
        self.publish(author, &draft).await
    }
}
