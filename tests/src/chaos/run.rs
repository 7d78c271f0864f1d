//! A run: cycle after cycle of load and faults, then the proof.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use clap::ValueEnum;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::checks::prefix::{self, Recovery};
use super::checks::{Violation, ledger, refusals, saves, stories, streams, texts, uploads, wallets};
use super::faults::log_tail::{self, Damage};
use super::faults::pause;
use super::final_state::Auditor;
use super::fleet::{Fleet, Ground, Histories, read_again};
use super::history::{Clock, Micros};
use super::plan::{self, Cycle, Trouble, Victim};
use super::rows;
use super::world::World;
use crate::Account;
use crate::facade::stored_below;
use crate::said::Said;

/// How long anything may take to get on again after a fault.
const RECOVERY: Duration = Duration::from_secs(60);
/// Requests of each work that must be acknowledged before a fault counts as over.
const GETS_ON_BY: u64 = 1;
/// The facade's bucket for new objects.
const BUCKET: &str = "worldloom";

/// What to do.
#[derive(Clone, Debug)]
pub struct Options {
    /// Draws everything.
    pub seed: u64,
    /// How many cycles.
    pub cycles: u32,
    /// Cycles before everything is proved and a new world begins.
    pub cycles_per_world: u32,
    /// What goes wrong besides the kills; everything if it is empty.
    pub troubles: Vec<Trouble>,
}

/// What a run came to.
#[derive(Debug, Default)]
pub struct Summary {
    /// Cycles that were gone through.
    pub cycles: u32,
    /// Requests that were acknowledged or refused.
    pub answered: u64,
    /// Requests without an answer.
    pub unknown: u64,
    /// Damaged logs that were recovered, and that were refused.
    pub recovered: (u32, u32),
    /// The longest that it took after a fault until every kind of work got on, restarts included.
    pub slowest: Micros,
    /// The options that repeat the world in which promises were broken.
    pub repeat: String,
    /// Broken promises.
    pub violations: Vec<Violation>,
}

/// Goes through all worlds until one shows a violation; `say` is told what happens.
///
/// Errors: what keeps the run itself from going on. They may be faults of the product too.
pub async fn run(options: &Options, say: impl Fn(String)) -> anyhow::Result<Summary> {
    let mut summary = Summary::default();
    let mut seed = options.seed;
    while summary.cycles < options.cycles && summary.violations.is_empty() {
        let count = options.cycles_per_world.min(options.cycles - summary.cycles);
        let repeat = repetition(seed, count, &options.troubles);
        say(format!("a new world; repeat it with {repeat}"));
        let mut life = Life::begin(seed, count, &options.troubles, &say).await?;
        let outcome = life.live(&mut summary).await;
        outcome.with_context(|| format!("{repeat} shows it"))?;
        if !summary.violations.is_empty() {
            summary.repeat = repeat;
        }
        // The next world's seed follows from this one's, so that each can be repeated alone.
        seed = StdRng::seed_from_u64(seed).r#gen();
    }
    Ok(summary)
}

/// The options that repeat a world alone.
fn repetition(seed: u64, count: u32, troubles: &[Trouble]) -> String {
    let only = troubles.iter().filter_map(Trouble::to_possible_value);
    let only: String = only.map(|trouble| format!(" --trouble {}", trouble.get_name())).collect();
    format!("--seed {seed} --cycles {count} --cycles-per-world {count}{only}")
}

/// One world from its beginning to the proof.
struct Life<'a, S> {
    world: World,
    log: PathBuf,
    clock: Clock,
    fleet: Option<Fleet>,
    cycles: Vec<Cycle>,
    recoveries: Vec<Recovery>,
    /// The longest that it took after a fault until every kind of work got on.
    slowest: Micros,
    say: &'a S,
}

impl<'a, S: Fn(String)> Life<'a, S> {
    async fn begin(seed: u64, count: u32, troubles: &[Trouble], say: &'a S) -> anyhow::Result<Self> {
        let log = log_file(seed)?;
        say(format!("node and facade write their logs to {}", log.display()));
        let world = World::start(Said::Into(log.clone())).await?;
        let clock = Clock::start();
        let fleet = Fleet::start(clock, world.places()?, seed).await?;
        let cycles = plan::cycles(seed, count, troubles);
        Ok(Self { world, log, clock, fleet: Some(fleet), cycles, recoveries: Vec::new(), slowest: 0, say })
    }

    fn say(&self, what: impl std::fmt::Display) {
        (self.say)(format!("{:>7.1} s  {what}", self.clock.now() as f64 / 1e6));
    }

    fn fleet(&mut self) -> anyhow::Result<&mut Fleet> {
        self.fleet.as_mut().context("the clients have gone")
    }

    async fn live(&mut self, summary: &mut Summary) -> anyhow::Result<()> {
        self.gets_on("before any fault", self.clock.now()).await?;
        for cycle in std::mem::take(&mut self.cycles) {
            self.say(&cycle);
            self.go_through(&cycle).await.with_context(|| cycle.to_string())?;
            summary.cycles += 1;
        }
        let fleet = self.fleet.take().context("the clients have gone")?;
        let (ground, player) = (fleet.ground.clone(), fleet.saving_player().clone());
        let histories = fleet.stop(RECOVERY).await?;
        self.say("everything has come to rest, and is killed once more");
        let violations = self.prove(&ground, &player, &histories).await?;
        self.say(histories.summary());
        let (answered, unknown) = histories.counts();
        summary.answered += answered;
        summary.unknown += unknown;
        let recovered = self.recoveries.iter().filter(|recovery| recovery.books.is_some()).count() as u32;
        summary.recovered.0 += recovered;
        summary.recovered.1 += self.recoveries.len() as u32 - recovered;
        summary.slowest = summary.slowest.max(self.slowest);
        summary.violations.extend(violations);
        Ok(())
    }

    /// Peace, trouble, a kill while it lasts or after it, and everything back again.
    async fn go_through(&mut self, cycle: &Cycle) -> anyhow::Result<()> {
        let mut chance = StdRng::seed_from_u64(cycle.seed);
        pause(cycle.quiet_ms).await;
        if let Some(word) = self.world.trouble(cycle.trouble, &mut chance).await? {
            self.say(word);
        }
        pause(cycle.trouble_ms).await;
        if !cycle.is_killed_in_trouble {
            let over = self.clock.now();
            self.world.heal(cycle.trouble)?;
            self.gets_on("without a restart", over).await?;
            pause(chance.gen_range(0..300)).await;
        }
        self.world.kill(cycle.killed)?;
        self.damage_a_copy(cycle.trouble, &mut chance).await?;
        pause(cycle.dead_ms).await;
        let over = self.clock.now();
        self.world.heal(cycle.trouble)?;
        self.world.restart(cycle.killed).await.context("what was killed does not start again")?;
        if cycle.trouble == Trouble::KilledPublish {
            self.world.swap().await.context("the publish that was killed, once more")?;
        }
        self.gets_on("after the restart", over).await
    }

    /// Waits until every kind of work gets on; says how long that took since then.
    async fn gets_on(&mut self, when: &'static str, since: Micros) -> anyhow::Result<()> {
        let last = self.fleet()?.gets_on(GETS_ON_BY, RECOVERY).await.context(when)?;
        let took = self.clock.now() - since;
        self.slowest = self.slowest.max(took);
        if let Some(work) = last {
            self.say(format!("    {when}, {work:?} get on last, after {:.1} s", took as f64 / 1e6));
        }
        Ok(())
    }

    /// While the node is away, damages a copy of its log, if that is the trouble, and looks what becomes of it.
    async fn damage_a_copy(&mut self, trouble: Trouble, chance: &mut StdRng) -> anyhow::Result<()> {
        let damage = match trouble {
            Trouble::TruncatedLog => Damage::Truncated,
            Trouble::FlippedLog => Damage::Flipped,
            _ => return Ok(()),
        };
        let ground = self.fleet()?.ground.clone();
        let (data, database) = (self.world.node_data(), self.world.database.clone());
        let said = Said::Into(self.log.clone());
        let recovery = log_tail::recover(&data, damage, chance, &database, || ground.wallets(), said).await?;
        let outcome = match &recovery.books {
            Some(books) => format!("recovered {} lines of the ledger", books.lines.len()),
            None => format!("refused: {}", recovery.refusal),
        };
        self.say(format!("{}: {outcome}", recovery.what));
        self.recoveries.push(recovery);
        Ok(())
    }

    /// Holds the histories against what the database and the object store say after one more kill of both. So it is the
    /// disks that are asked, not what programs remember.
    async fn prove(
        &mut self,
        ground: &Ground,
        player: &Account,
        histories: &Histories,
    ) -> anyhow::Result<Vec<Violation>> {
        self.world.kill(Victim::Both)?;
        self.world.node.restart().await.context("the node does not start again after the last kill")?;
        let mut auditor = Auditor::open(&self.world.database).await?;
        let books = auditor.books(&ground.wallets()).await?;
        let mut violations = ledger::check(&histories.wallets, &books);
        violations.extend(wallets::check(&histories.wallets, &books.lines));
        violations.extend(refusals::check(&histories.wallets, &books.lines));
        violations.extend(saves::check(&histories.saves, &auditor.slots(&histories.saves).await?));
        violations.extend(stories::check(&histories.turns, &auditor.events().await?));
        violations.extend(texts::check(&histories.wishes, &histories.readings, &auditor.tasks().await?));
        let rows = auditor.watched(player).await?;
        for stream in &histories.streams {
            violations.extend(streams::check(stream, rows::growth, &rows));
            violations.extend(streams::check_against(stream, &histories.wallets, rows::LEDGER));
        }
        let places = ground.log_places();
        for recovery in &self.recoveries {
            violations.extend(prefix::check(recovery, &histories.wallets, &places, &books.lines));
        }
        violations.extend(self.prove_uploads(&mut auditor, histories).await?);
        Ok(violations)
    }

    /// The same about files. The facade is back only after rows and objects have been looked at, because it sweeps when
    /// it starts; then it has to give each file to its owner.
    async fn prove_uploads(&mut self, auditor: &mut Auditor, histories: &Histories) -> anyhow::Result<Vec<Violation>> {
        let (rows, stored) = (auditor.objects(BUCKET).await?, stored_below(&self.world.objects())?);
        self.world.restart(Victim::Facade).await.context("the facade does not start again after the last kill")?;
        let contents = read_again(&self.world.facade.client, histories).await;
        Ok(uploads::check(&histories.uploads, &rows, &stored, &contents))
    }
}

/// A new file for the logs of a world.
fn log_file(seed: u64) -> anyhow::Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/chaos");
    std::fs::create_dir_all(&folder)?;
    let file = folder.canonicalize()?.join(format!("{seed}.log"));
    std::fs::write(&file, "")?;
    Ok(file)
}
