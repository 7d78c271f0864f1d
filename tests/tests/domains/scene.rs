//! The sample world on a node of its own, and its first players.

use worldloom_client::CustomWorldVersion;
use worldloom_tests::{Player, Studio, TestNode};

/// A published world that nobody has played yet.
pub struct Scene {
    pub studio: Studio,
    pub author: Player,
    pub alice: Player,
    /// The other player, or the stranger.
    pub bob: Player,
    pub world: CustomWorldVersion,
    // Last, so that it outlives its clients.
    _node: TestNode,
}

impl Scene {
    pub async fn open() -> anyhow::Result<Self> {
        let node = TestNode::start().await?;
        let studio = Studio::open(&node).await?;
        let (author, alice, bob) = (studio.player().await?, studio.player().await?, studio.player().await?);
        let world = studio.publish_sample(&author, "Lighthouse").await?.version;
        Ok(Self { studio, author, alice, bob, world, _node: node })
    }

    /// Another device of a player's.
    pub async fn device_of(&self, player: &Player) -> anyhow::Result<Player> {
        Player::join_as(&self.studio.database, player.account.clone()).await
    }
}
