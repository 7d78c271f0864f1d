//! Who takes part in the evening.

use anyhow::ensure;
use worldloom_tests::{Outcome, Player, Studio, TestNode, Wire};

/// Everybody, each a client of its own.
pub struct Cast {
    pub node: TestNode,
    /// The game's database, and the Service that plays the facade's agent.
    pub studio: Studio,
    /// Makes the world.
    pub author: Player,
    /// Plays it; connected through `wire`.
    pub player: Player,
    /// Plays it too, and has things to give.
    pub trader: Player,
    /// Has nothing to do with any of it, and watches all that there is to watch.
    pub stranger: Player,
    /// The line between the player's first device and the node.
    pub wire: Wire,
}

impl Cast {
    pub async fn gather() -> anyhow::Result<Self> {
        let node = TestNode::start().await?;
        let studio = Studio::open(&node).await?;
        let wire = Wire::to(&node.url).await?;
        let mut far_end = studio.database.clone();
        far_end.url.clone_from(&wire.url);
        let player = Player::join(&far_end).await?;
        let (author, trader, stranger) = (studio.player().await?, studio.player().await?, studio.player().await?);
        Ok(Self { node, studio, author, player, trader, stranger, wire })
    }

    pub fn everybody(&self) -> [&Player; 5] {
        [&self.studio.service, &self.author, &self.player, &self.trader, &self.stranger]
    }

    /// Kills the node without warning and starts it again; everybody is disconnected and comes back.
    pub async fn lose_power(&mut self) -> Outcome {
        self.node.kill()?;
        for client in self.everybody() {
            client.loses_its_connection().await?;
        }
        self.node.restart().await?;
        let database = &self.studio.database;
        ensure!(database.url == self.node.url, "the node came back elsewhere");
        let clients =
            [&mut self.studio.service, &mut self.author, &mut self.player, &mut self.trader, &mut self.stranger];
        for client in clients {
            *client = Player::join_as(database, client.account.clone()).await?;
        }
        Ok(())
    }
}
