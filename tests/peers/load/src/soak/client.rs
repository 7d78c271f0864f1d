//! One client: a player whose game stands open, and who does whatever arrives when it is free.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use sha2::{Digest, Sha256};
use spacetimedb_lib::Identity;

use super::facade::{Facade, Kept};
use super::mix::{Chance, Kind};
use crate::node::Database;
use crate::player::{Player, Save};
use crate::tokens::identity_of;

/// Bytes of a save.
const SAVE_BYTES: usize = 1024;
/// The tag of a whole number among the values of a setting, and of coins among currencies.
const INT: u8 = 1;
const COINS: u8 = 0;
/// One session in this many hands a coin on. That is what grows: two lines of the ledger and a key, for 30 days.
const SESSIONS_PER_TRANSFER: u64 = 4;
/// The module lets a player make 100 transfers a day; the rest is for whoever runs this twice.
const TRANSFERS_PER_PLAYER: u64 = 80;

/// What all clients share.
pub struct Ground {
    pub database: Database,
    /// Address and port of the facade.
    pub facade: String,
    /// Tokens of all players.
    pub tokens: Vec<String>,
    /// What is in idempotency keys, so that no other run has the same.
    pub run: String,
    /// How many clients there are. Their players, and as many after them, ask for texts.
    pub clients: usize,
    pub sessions: AtomicU64,
    pub texts: AtomicU64,
}

/// A client.
pub struct Client {
    ground: Arc<Ground>,
    token: String,
    /// The game that stands open; it is opened anew after a failure.
    player: Option<Player>,
    kept: Option<Kept>,
    /// The task that it reads.
    task_id: String,
}

impl Ground {
    fn token(&self, player: u64) -> anyhow::Result<&str> {
        let count = (self.tokens.len() as u64).max(1);
        Ok(self.tokens.get((player % count) as usize).context("there are no players")?)
    }

    /// A player comes, sees its rows, and leaves.
    pub async fn visit(&self, player: u32) -> anyhow::Result<()> {
        Player::join(&self.database, self.token(player.into())?).await?.leave().await
    }

    /// A session of the next player.
    async fn session(&self, breaks_off: bool, chance: &mut Chance) -> anyhow::Result<()> {
        let number = self.sessions.fetch_add(1, Ordering::Relaxed);
        let token = self.token(number)?;
        if breaks_off && chance.below(2) == 0 {
            return Player::vanish(&self.database, token).await;
        }
        let mut player = Player::join(&self.database, token).await?;
        player.load().await?;
        if let Some(recipient) = recipient(number, self.tokens.len() as u64) {
            let (key, amount, reason) = (format!("{}-{number}", self.run), 1u64, "A soak".to_owned());
            let transfer = (None::<Identity>, key, identity_of(recipient), COINS, amount, reason);
            player.ask("transfer_profile_wallet_and_return", &transfer).await?;
        }
        if breaks_off { Ok(()) } else { player.leave().await }
    }

    /// A text for one of the players who come after those of the clients, in turn: the module keeps a player's newest
    /// 50, and those of the clients are not to be among the forgotten.
    async fn text(&self, breaks_off: bool) -> anyhow::Result<()> {
        let number = self.texts.fetch_add(1, Ordering::Relaxed);
        let clients = self.clients.max(1) as u64;
        let facade = Facade { address: &self.facade, token: self.token(clients + number % clients)? };
        let task_id = facade.ask_for_text(&format!("{}-{number}", self.run)).await?;
        facade.read_events(&task_id, breaks_off).await
    }
}

/// To whom the player of this session hands a coin, if it does: the next one, so that everybody gets what it gives.
fn recipient(session: u64, players: u64) -> Option<u32> {
    let (round, player) = (session.checked_div(players)?, session % players);
    let is_due = (round + player).is_multiple_of(SESSIONS_PER_TRANSFER);
    let is_allowed = round < SESSIONS_PER_TRANSFER * TRANSFERS_PER_PLAYER;
    u32::try_from((player + 1) % players).ok().filter(|_| is_due && is_allowed)
}

impl Client {
    /// The client of this number comes, and asks for the text that it will read about again and again.
    pub async fn arrive(ground: Arc<Ground>, number: usize) -> anyhow::Result<Self> {
        let token = ground.token(number as u64)?.to_owned();
        let player = Some(Player::join(&ground.database, &token).await?);
        let facade = Facade { address: &ground.facade, token: &token };
        let task_id = facade.ask_for_text(&format!("{}-of-client-{number}", ground.run)).await?;
        Ok(Self { ground, token, player, kept: None, task_id })
    }

    /// Does what arrives.
    pub async fn once(&mut self, kind: Kind, chance: &mut Chance) -> anyhow::Result<()> {
        match kind {
            Kind::Setting => self.set(chance.below(101)).await,
            Kind::Save => self.save(chance.below(u64::MAX)).await,
            Kind::Load => self.player().await?.load().await,
            Kind::Session => self.ground.session(false, chance).await,
            Kind::BrokenSession => self.ground.session(true, chance).await,
            Kind::KeptRequest => {
                let facade = Facade { address: &self.ground.facade, token: &self.token };
                facade.read_task_over(&mut self.kept, &self.task_id).await
            }
            Kind::NewRequest => {
                let facade = Facade { address: &self.ground.facade, token: &self.token };
                facade.read_task(&self.task_id).await
            }
            Kind::Stream => self.ground.text(false).await,
            Kind::BrokenStream => self.ground.text(true).await,
        }
    }

    /// Gives up all connections, which may be in the middle of something.
    pub fn forget_connections(&mut self) {
        (self.player, self.kept) = (None, None);
    }

    /// Goes home.
    pub async fn leave(self) -> anyhow::Result<()> {
        match self.player {
            Some(player) => player.leave().await,
            None => Ok(()),
        }
    }

    async fn player(&mut self) -> anyhow::Result<&mut Player> {
        let player = match self.player.take() {
            Some(player) => player,
            None => Player::join(&self.ground.database, &self.token).await?,
        };
        Ok(self.player.insert(player))
    }

    async fn set(&mut self, volume: u64) -> anyhow::Result<()> {
        let setting = (None::<Identity>, "music_volume".to_owned(), INT, i64::try_from(volume)?);
        self.player().await?.ask("upsert_runtime_setting_and_return", &setting).await.map(drop)
    }

    /// Replaces the save by another one; the same would change nothing.
    async fn save(&mut self, content: u64) -> anyhow::Result<()> {
        let payload = content.to_le_bytes().repeat(SAVE_BYTES / size_of::<u64>());
        let checksum: String = Sha256::digest(&payload).iter().map(|byte| format!("{byte:02x}")).collect();
        let player = self.player().await?;
        let Save { session, slot, revision, .. } = &player.save;
        let request = (None::<Identity>, *session, slot.clone(), 1u32, checksum, payload, *revision);
        let answer = player.ask("upsert_runtime_snapshot_and_return", &request).await?;
        player.save = Save::read(&answer)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn everybody_hands_coins_on_in_turn_and_not_more_often_than_is_allowed() {
        let players = 8;
        let mut given: HashMap<u64, u64> = HashMap::new();
        for session in 0..100 * players * SESSIONS_PER_TRANSFER {
            if let Some(recipient) = recipient(session, players) {
                assert_eq!(u64::from(recipient), (session % players + 1) % players);
                *given.entry(session % players).or_default() += 1;
            }
        }
        assert_eq!(given.len() as u64, players);
        assert!(given.values().all(|&transfers| transfers == TRANSFERS_PER_PLAYER));
        assert_eq!(recipient(0, 0), None);
    }
}
