//! Fights: a lost one and two that are won.

use anyhow::ensure;
use spacetimedb_sdk::Table;
use worldloom_client::{
    BattleAction, BattleState, BattleStatus, MyBattleVictoriesTableAccess, MyBattlesTableAccess, QuestStatus,
    StoryEventKind, StorySession, resolve_combat_action_and_return,
};
use worldloom_tests::playing::round_of;
use worldloom_tests::{Outcome, Player, ask};

use crate::cast::Cast;
use crate::play::{earned, errand_is, progression, told};

pub async fn the_player_loses_to_the_dragon(cast: &Cast, story: &StorySession) -> Outcome {
    let battle = fight(&cast.player, story, "dragon").await?;
    ensure!(battle.status == BattleStatus::Defeat && battle.player.health == 0, "{battle:?}");
    cast.player.sees("the defeat", |rows| told(rows, StoryEventKind::BattleLost)).await?;
    ensure!(progression(&cast.player)?.experience == 0, "a defeat teaches something");
    ensure!(cast.player.rows().my_battle_victories().count() == 0, "a defeat is a victory");
    Ok(())
}

pub async fn the_player_wins_against_rat_and_warden(cast: &Cast, story: &StorySession) -> Outcome {
    for (enemy, experience) in [("rat", 25), ("warden", 50)] {
        let battle = fight(&cast.player, story, enemy).await?;
        ensure!(battle.status == BattleStatus::Victory && battle.enemy.health == 0, "{battle:?}");
        earned(&cast.player, experience).await?;
        cast.player
            .sees("the victory", |rows| rows.my_battle_victories().iter().find(|row| row.enemy_key == enemy))
            .await?;
    }
    errand_is(&cast.player, QuestStatus::Completed).await.map(drop)
}

/// A battle that has just begun.
pub async fn meet(player: &Player, story: &StorySession, enemy_key: &str) -> anyhow::Result<BattleState> {
    let battle = player.start_battle(story, enemy_key).await?;
    ensure!(battle.status == BattleStatus::Active && battle.next_round == 1, "{battle:?}");
    shows(player, battle).await
}

/// Plays one round, and sees what came of it.
pub async fn strike(player: &Player, battle: &BattleState) -> anyhow::Result<BattleState> {
    let blow = round_of(battle, BattleAction::Attack);
    let battle = ask!(player, resolve_combat_action_and_return_then(None, blow.clone()))?;
    let again = ask!(player, resolve_combat_action_and_return_then(None, blow))?;
    ensure!(again == battle, "one round was played twice: {battle:?} and {again:?}");
    shows(player, battle).await
}

/// Strikes until it is over.
pub async fn fight_on(player: &Player, mut battle: BattleState) -> anyhow::Result<BattleState> {
    while battle.status == BattleStatus::Active {
        battle = strike(player, &battle).await?;
    }
    Ok(battle)
}

async fn fight(player: &Player, story: &StorySession, enemy_key: &str) -> anyhow::Result<BattleState> {
    let battle = meet(player, story, enemy_key).await?;
    fight_on(player, battle).await
}

async fn shows(player: &Player, battle: BattleState) -> anyhow::Result<BattleState> {
    player.sees("the battle as it stands", |rows| rows.my_battles().iter().find(|row| *row == battle)).await
}
