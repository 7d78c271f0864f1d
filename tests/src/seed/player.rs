//! One player's evening: a story, what is done in it, and what is left behind by it.

use rand::Rng;
use rand::rngs::StdRng;
use spacetimedb_lib::{Identity, Uuid};
use worldloom_client::{
    BigFishRun, BigFishRunRequest, InventoryTrade, PuzzleRun, PuzzleRunBeginning, StoryBeginning, StorySession,
    TradeProposal,
};

use super::{Plan, Playground, belongings, errand};
use crate::module_calls::ModuleCalls;

/// Which chance is drawn.
const PLAYER: u64 = 2;
/// Worlds that a player looks at.
const LOOKED_AT: usize = 3;
/// One player of this many begins a game of fish, and one proposes a trade.
const PLAYERS_PER_VISIT: u32 = 10;

/// Who plays, and under which keys.
pub struct Visitor<'a> {
    pub calls: &'a ModuleCalls,
    pub identity: Option<Identity>,
    pub number: u32,
    keys: String,
}

impl Visitor<'_> {
    pub fn key(&self, what: &str) -> String {
        format!("{}-{what}", self.keys)
    }
}

/// Lets the player of this number play in one of the worlds.
pub async fn play(calls: &ModuleCalls, plan: Plan, number: u32, playground: &Playground) -> anyhow::Result<()> {
    let mut chance = plan.chance(PLAYER, number);
    let identity = Some(plan.player(number));
    let player = &Visitor { calls, identity, number, keys: format!("seed-{}-player-{number}", plan.seed) };
    let Some(world_id) = favourite(&playground.worlds, &mut chance) else {
        return belongings::set_up(player, &mut chance).await;
    };
    let story = begin_story(player, world_id).await?;
    if belongings::has_saved(player, &story).await? {
        // Saving comes last, so this player is done.
        return Ok(());
    }
    belongings::set_up(player, &mut chance).await?;
    for _ in 0..LOOKED_AT {
        if let Some(world_id) = favourite(&playground.worlds, &mut chance) {
            belongings::look_at(player, world_id).await?;
        }
    }
    if chance.gen_bool(0.3) {
        let _: u64 = calls.accepted("like_world_and_return", &(identity, world_id)).await?;
    }
    errand::run(player, &story).await?;
    errand::ask_for_help(player).await?;
    if let Some(puzzle_id) = favourite(&playground.puzzles, &mut chance) {
        let beginning = PuzzleRunBeginning { idempotency_key: player.key("puzzle"), puzzle_id };
        let _: PuzzleRun = calls.accepted("begin_puzzle_run_and_return", &(identity, beginning)).await?;
    }
    match number % PLAYERS_PER_VISIT {
        0 => propose_trade(player, plan, world_id).await?,
        1 => visit_fish(player, favourite(&playground.fish_games, &mut chance)).await?,
        _ => {}
    }
    belongings::save(player, &story, &mut chance).await
}

/// A few are played by most.
fn favourite(all: &[Uuid], chance: &mut StdRng) -> Option<Uuid> {
    let skewed = chance.gen_range(0.0..1.0_f64).powi(3);
    all.get((skewed * all.len() as f64) as usize).copied()
}

async fn begin_story(player: &Visitor<'_>, world_id: Uuid) -> anyhow::Result<StorySession> {
    let beginning = StoryBeginning { idempotency_key: player.key("story"), world_id };
    player.calls.accepted("begin_story_and_return", &(player.identity, beginning)).await
}

/// A trade with somebody who has done nothing but begin a story in the same world.
async fn propose_trade(player: &Visitor<'_>, plan: Plan, world_id: Uuid) -> anyhow::Result<()> {
    let partner = plan.player(u32::MAX - player.number);
    let peddler = Visitor { identity: Some(partner), keys: player.key("peddler"), ..*player };
    begin_story(&peddler, world_id).await?;
    let proposal = TradeProposal { idempotency_key: player.key("trade"), world_id, partner, items: Vec::new() };
    let _: InventoryTrade = player.calls.accepted("offer_trade_and_return", &(player.identity, proposal)).await?;
    Ok(())
}

/// A look at a game of fish. It ends at once, so that the schedule has nothing to do.
async fn visit_fish(player: &Visitor<'_>, game_id: Option<Uuid>) -> anyhow::Result<()> {
    let Some(game_id) = game_id else { return Ok(()) };
    let request = BigFishRunRequest { idempotency_key: player.key("fish"), game_id };
    let run: BigFishRun = player.calls.accepted("start_big_fish_run_and_return", &(player.identity, request)).await?;
    let _: BigFishRun =
        player.calls.accepted("abandon_big_fish_run_and_return", &(player.identity, run.run_id)).await?;
    Ok(())
}
