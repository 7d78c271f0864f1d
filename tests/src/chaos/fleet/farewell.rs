//! The last changes of all: whoever has heard of them has heard of everything before.

use std::sync::Arc;

use spacetimedb_lib::Identity;

use super::super::rows::LEDGER;
use super::saves::{self, Player};
use super::{Ground, wallets};

/// The last versions of what is watched.
#[derive(Clone, Debug)]
pub struct Farewell {
    /// The wallet that was opened last of all, and has one line.
    pub wallet: String,
    /// The last revision of the player's saves.
    pub revision: u64,
}

impl Farewell {
    /// Whether this row is one of them.
    pub fn is_said_by(&self, table: &str, series: &str, version: u64) -> bool {
        if table == LEDGER { series == self.wallet } else { table == super::MY_SAVES && version >= self.revision }
    }
}

/// Makes one save and then one wallet more, which are part of the histories as all others are.
pub async fn say(ground: &Arc<Ground>, player: &Player) -> anyhow::Result<Farewell> {
    let revision = saves::save_once(ground, player).await?;
    let owner = Identity::from_claims("chaos", "farewell");
    wallets::welcome(ground, owner).await?;
    Ok(Farewell { wallet: owner.to_hex().to_string(), revision })
}
