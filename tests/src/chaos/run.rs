//! A run: cycle after cycle of load and faults, then the proof.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, ensure};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::time::{Instant, timeout_at};

use super::checks::prefix::{self, Recovery, Whole};
use super::checks::{Violation, disturbed, ledger, refusals, saves, stories, streams, texts, uploads, wallets};
use super::faults::log_tail::{self, Damage};
use super::faults::{Impossible, pause};
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
/// The facade's bucket for new objects.
const BUCKET: &str = "worldloom";

/// What to do.
#[derive(Clone, Debug)]
pub struct Options {
    /// Draws the plan, and what the chance of each client begins with.
    pub seed: u64,
    /// How many cycles.
    pub cycles: u32,
    /// Cycles before everything is proved and a new world begins.
    pub cycles_per_world: u32,
    /// What goes wrong besides the kills; everything if it is empty.
    pub troubles: Vec<Trouble>,
    /// Whether clients take answers only once they are on disk. If not, what they are told can be lost, and the proofs
    /// have to find that.
    pub waits_for_disk: bool,
    /// How long the run may take.
    pub within: Duration,
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
    /// How often watchers were told of changes, by table.
    pub changes: BTreeMap<&'static str, usize>,
    /// Troubles that were others on this machine, or none, with the reason.
    pub impossible: BTreeMap<String, Impossible>,
    /// The options that repeat the world in which promises were broken.
    pub repeat: String,
    /// What its clients have written down.
    pub histories: PathBuf,
    /// Broken promises.
    pub violations: Vec<Violation>,
}

impl Summary {
    /// The troubles that were none, or others, in one line for each.
    pub fn not_possible(&self) -> String {
        let lines = self.impossible.iter().map(|(trouble, why)| format!("not possible here: {trouble} ({why})\n"));
        lines.collect()
    }
}

/// Goes through all worlds until one shows a violation; `say` is told what happens.
///
/// Errors: what keeps the run itself from going on. They may be faults of the product too, so they name the options
/// that repeat the world, and where its histories are.
pub async fn run(options: &Options, say: impl Fn(String)) -> anyhow::Result<Summary> {
    let mut summary = Summary::default();
    let mut seed = options.seed;
    let deadline = Instant::now() + options.within;
    while summary.cycles < options.cycles && summary.violations.is_empty() {
        let count = options.cycles_per_world.min(options.cycles - summary.cycles);
        let repeat = repetition(seed, count, options);
        say(format!("a new world; repeat it with {repeat}"));
        let shown = || format!("{repeat} shows it");
        let mut life = Life::begin(seed, count, options, &say).await.with_context(shown)?;
        let outcome = timeout_at(deadline, life.live(&mut summary)).await;
        let outcome = outcome.unwrap_or_else(|_| Err(anyhow!("it is not over after {:?}", options.within)));
        if outcome.is_err() || !summary.violations.is_empty() {
            let histories = life.keep_histories().context("histories cannot be kept")?;
            life.say(format!("what clients have written down is in {}", histories.display()));
            (summary.repeat, summary.histories) = (repeat.clone(), histories);
        }
        let kept = || format!("{repeat} shows it; {} is what clients have written down", summary.histories.display());
        outcome.with_context(kept)?;
        // The next world's seed follows from this one's, so that each can be repeated alone.
        seed = StdRng::seed_from_u64(seed).r#gen();
    }
    Ok(summary)
}

/// The options that repeat a world alone.
fn repetition(seed: u64, count: u32, options: &Options) -> String {
    let only: String = options.troubles.iter().map(|trouble| format!(" --trouble {}", trouble.name())).collect();
    let unconfirmed = if options.waits_for_disk { "" } else { " --unconfirmed" };
    format!("--seed {seed} --cycles {count} --cycles-per-world {count}{only}{unconfirmed}")
}

/// One world from its beginning to the proof.
struct Life<'a, S> {
    world: World,
    log: PathBuf,
    clock: Clock,
    ground: Arc<Ground>,
    fleet: Option<Fleet>,
    cycles: Vec<Cycle>,
    recoveries: Vec<Recovery>,
    impossible: BTreeMap<String, Impossible>,
    /// What everybody had written down by the end.
    histories: Arc<Histories>,
    /// The longest that it took after a fault until every kind of work got on.
    slowest: Micros,
    say: &'a S,
}

impl<'a, S: Fn(String)> Life<'a, S> {
    async fn begin(seed: u64, count: u32, options: &Options, say: &'a S) -> anyhow::Result<Self> {
        let log = log_file(seed)?;
        say(format!("node and facade write their logs to {}", log.display()));
        let mut world = World::start(Said::Into(log.clone())).await?;
        world.runs_what_was_published().await?;
        let clock = Clock::start();
        let fleet = Fleet::start(clock, world.places(options.waits_for_disk)?, seed).await?;
        Ok(Self {
            world,
            log,
            clock,
            ground: fleet.ground.clone(),
            fleet: Some(fleet),
            cycles: plan::cycles(seed, count, &options.troubles),
            recoveries: Vec::new(),
            impossible: BTreeMap::new(),
            histories: Arc::default(),
            slowest: 0,
            say,
        })
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
        self.fleet()?.plays_in_peace(RECOVERY).await.context("in peace")?;
        // The last kill is a power cut: what clients are told from now on must be durable by then.
        self.world.trouble(Trouble::PowerCut, &mut StdRng::seed_from_u64(0)).await?;
        let fleet = self.fleet.take().context("the clients have gone")?;
        let player = fleet.saving_player().clone();
        fleet.stop(RECOVERY).await?;
        let histories = Arc::new(self.ground.take_histories());
        self.histories = histories.clone();
        self.say("everything has come to rest, and the power is cut once more");
        let violations = self.prove(&player, &histories).await?;
        self.say(histories.summary());
        self.add_up(summary);
        summary.violations.extend(violations);
        Ok(())
    }

    /// Adds what there is to tell of this world.
    fn add_up(&self, summary: &mut Summary) {
        let (answered, unknown) = self.histories.counts();
        summary.answered += answered;
        summary.unknown += unknown;
        let recovered = self.recoveries.iter().filter(|recovery| recovery.outcome.is_ok()).count() as u32;
        summary.recovered.0 += recovered;
        summary.recovered.1 += self.recoveries.len() as u32 - recovered;
        summary.slowest = summary.slowest.max(self.slowest);
        summary.impossible.extend(self.impossible.clone());
        for stream in &self.histories.streams {
            for table in &stream.tables {
                *summary.changes.entry(*table).or_default() += stream.changes(table);
            }
        }
    }

    /// Writes what clients have asked and heard into a file beside the world's log.
    fn keep_histories(&self) -> anyhow::Result<PathBuf> {
        let file = self.log.with_extension("histories");
        // If the run ended too early, nobody has taken it from the clients, who may still write.
        std::fs::write(&file, format!("{}{}", self.histories, self.ground.written_down()))?;
        Ok(file)
    }

    /// Peace, trouble, a kill while it lasts or after it, and everything back again.
    async fn go_through(&mut self, cycle: &Cycle) -> anyhow::Result<()> {
        let mut chance = StdRng::seed_from_u64(cycle.seed);
        pause(cycle.quiet_ms).await;
        let bites = self.world.bites(cycle.trouble)?;
        if let Some(why) = self.world.trouble(cycle.trouble, &mut chance).await? {
            self.say(format!("    not possible here: {why}"));
            self.impossible.insert(cycle.trouble.name(), why);
        }
        pause(cycle.trouble_ms).await;
        self.world.shows(cycle.trouble, bites).await?;
        if !cycle.is_killed_in_trouble {
            let over = self.clock.now();
            self.world.heal(cycle.trouble)?;
            self.gets_on("without a restart", over).await?;
            pause(chance.gen_range(0..300)).await;
        }
        self.world.kill(cycle.killed)?;
        if cycle.trouble == Trouble::PowerCut {
            let lost = self.world.lose_unsynced()?;
            self.say(format!("    with the power go {lost}"));
        }
        let was_published = self.world.was_published().await;
        self.damage_a_copy(cycle.trouble, &mut chance).await?;
        pause(cycle.dead_ms).await;
        let over = self.clock.now();
        self.world.heal(cycle.trouble)?;
        if let Some(ms) = cycle.killed_again_ms {
            self.world.begin_restart(cycle.killed)?;
            pause(ms).await;
            self.world.kill(cycle.killed)?;
        }
        self.world.restart(cycle.killed).await.context("what was killed does not start again")?;
        self.look_at_program(cycle.trouble, was_published).await?;
        self.gets_on("after the restart", over).await
    }

    /// Which form of the module runs after a kill; a publish that was killed is repeated.
    async fn look_at_program(&mut self, trouble: Trouble, was_published: bool) -> anyhow::Result<()> {
        if trouble != Trouble::KilledPublish {
            return self.world.runs_what_was_published().await;
        }
        let program = self.world.program().await?;
        let was_done = self.world.forms.find_out(&program)?;
        ensure!(was_done || !was_published, "a publish was acknowledged, and the one before it runs");
        self.say(format!("    the publish was {}", if was_done { "done before the kill" } else { "not done" }));
        self.world.swap().await.context("a publish after the one that was killed")
    }

    /// Waits until every kind of work gets on and watchers hear of it; says how long that took since then.
    async fn gets_on(&mut self, when: &'static str, since: Micros) -> anyhow::Result<()> {
        let last = self.fleet()?.gets_on(RECOVERY).await.context(when)?;
        let took = self.clock.now() - since;
        self.slowest = self.slowest.max(took);
        if let Some(last) = last {
            self.say(format!("    {when}, {last} came last, after {:.1} s", took as f64 / 1e6));
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
        let (data, database) = (self.world.node_data(), &self.world.database);
        let log = self.log.with_extension("copy.log");
        let cashier = &self.world.cashier;
        let recovery =
            log_tail::recover(&data, damage, chance, database, cashier, || self.ground.wallets(), &log).await?;
        let outcome = match &recovery.outcome {
            Ok(recovered) => format!("recovered {} lines of the ledger", recovered.books.lines.len()),
            Err(reason) => format!("refused: {reason}"),
        };
        self.say(format!("{}: {outcome}", recovery.what));
        self.recoveries.push(recovery);
        Ok(())
    }

    /// Holds the histories against what the database and the object store say after one more kill of both. So it is the
    /// disks that are asked, not what programs remember.
    async fn prove(&mut self, player: &Account, histories: &Histories) -> anyhow::Result<Vec<Violation>> {
        self.world.kill(Victim::Both)?;
        let lost = self.world.lose_unsynced()?;
        self.world.heal(Trouble::PowerCut)?;
        self.say(format!("    with the power go {lost}"));
        self.world.node.restart().await.context("the node does not start again after the last kill")?;
        let mut auditor = Auditor::open(&self.world.database).await?;
        let books = auditor.books(&self.ground.wallets()).await?;
        let events = auditor.events().await?;
        let mut violations = ledger::check(&histories.wallets, &books);
        violations.extend(disturbed(&histories.disturbances));
        violations.extend(wallets::check(&histories.wallets, &books.lines));
        violations.extend(refusals::check(&histories.wallets, &books.lines));
        violations.extend(saves::check(&histories.saves, &auditor.slots().await?));
        violations.extend(stories::check(&histories.turns, &events));
        violations.extend(texts::check(&histories.wishes, &histories.readings, &auditor.tasks().await?));
        let rows = auditor.watched(player).await?;
        for stream in &histories.streams {
            violations.extend(streams::check(stream, rows::growth, &rows));
            violations.extend(streams::check_against(stream, &histories.wallets, rows::LEDGER));
            violations.extend(streams::check_moments(stream, rows::LEDGER, rows::BALANCES));
        }
        let places = self.ground.log_places();
        let whole = Whole {
            wallets: &histories.wallets,
            places: &places,
            lines: &books.lines,
            turns: &histories.turns,
            events: &events,
            saves: &histories.saves,
            uploads: &histories.uploads,
            wishes: &histories.wishes,
        };
        violations.extend(self.recoveries.iter().flat_map(|recovery| prefix::check(recovery, &whole)));
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
