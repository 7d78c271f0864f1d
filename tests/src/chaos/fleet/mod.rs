//! The clients: they play without pause, through every fault, and write down what they asked and what they were told.

mod caller;
mod farewell;
mod saves;
mod stories;
mod texts;
mod uploads;
mod wallets;
mod watchers;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use rand::SeedableRng;
use rand::rngs::StdRng;
use spacetimedb_lib::{Identity, Uuid};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::checks::ledger::WalletAsked;
use super::checks::prefix::Place;
use super::checks::saves::SlotAsked;
use super::checks::stories::TurnAsked;
use super::checks::streams::Stream;
use super::checks::texts::{Reading, WishAsked};
use super::checks::uploads::UploadAsked;
use super::faults::log_tail::end_of_log;
use super::history::{Asked, Clock, Told};
use super::rows::{MY_SAVES, TABLES};
use crate::Account;
use caller::Caller;
use farewell::Farewell;
pub use saves::checksum;
pub use uploads::read_again;
use watchers::Watcher;

/// Payers, devices of one player, storytellers, uploaders and readers of texts at a time.
const PAYERS: u32 = 3;
const DEVICES: u32 = 3;
const STORYTELLERS: u32 = 2;
const UPLOADERS: u32 = 2;
const READERS: u32 = 2;

/// What clients do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Payments and looks into wallets.
    Wallets,
    /// Saves that replace each other.
    Saves,
    /// Turns of stories.
    Stories,
    /// Uploads of pictures.
    Uploads,
    /// Texts of a language model.
    Texts,
}

impl Work {
    /// All of it.
    pub const ALL: [Work; 5] = [Work::Wallets, Work::Saves, Work::Stories, Work::Uploads, Work::Texts];
}

/// Where clients find the product.
#[derive(Clone, Debug)]
pub struct Places {
    /// The node's base URL at the clients' end of the line.
    pub node_url: String,
    /// The facade's.
    pub facade_url: String,
    /// The database's name.
    pub database: String,
    /// A published world to play in.
    pub world_id: Uuid,
    /// Somebody with the role Service, who brings money in.
    pub cashier: Account,
    /// Who may see every table.
    pub owner: Account,
    /// Where the database's commit log lies.
    pub log_folder: PathBuf,
}

/// What clients share.
pub struct Ground {
    /// The time of the run.
    pub clock: Clock,
    /// Where everything is.
    pub places: Places,
    /// Who owns each wallet.
    wallets: Mutex<Vec<Identity>>,
    /// Where the log ended when a request about money was acknowledged.
    log_places: Mutex<HashMap<String, Place>>,
    http: reqwest::Client,
    done: [AtomicU64; Work::ALL.len()],
    is_over: AtomicBool,
}

impl Ground {
    fn new(clock: Clock, places: Places) -> anyhow::Result<Self> {
        Ok(Self {
            clock,
            places,
            wallets: Mutex::default(),
            log_places: Mutex::default(),
            http: reqwest::Client::builder().no_proxy().timeout(caller::PATIENCE).build()?,
            done: Default::default(),
            is_over: AtomicBool::new(false),
        })
    }

    /// Who owns each wallet, by its number.
    pub fn wallets(&self) -> Vec<Identity> {
        locked(&self.wallets).clone()
    }

    /// How many changes of this work have been acknowledged so far, texts that were written to their end among them.
    pub fn done(&self, work: Work) -> u64 {
        self.done[work as usize].load(Ordering::Relaxed)
    }

    fn count(&self, work: Work) {
        self.done[work as usize].fetch_add(1, Ordering::Relaxed);
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// A new player, however long it takes until the node answers; none once the run is over.
    async fn account(&self) -> Option<Account> {
        while !self.is_over() {
            let asked = self.http.post(format!("{}/v1/identity", self.places.node_url)).send().await;
            match asked.and_then(reqwest::Response::error_for_status) {
                Ok(answer) => {
                    if let Ok(account) = answer.json().await {
                        return Some(account);
                    }
                }
                Err(_) => sleep(caller::PAUSE).await,
            }
        }
        None
    }

    /// Where the log ended, or later, when each request about money was acknowledged.
    pub fn log_places(&self) -> HashMap<String, Place> {
        locked(&self.log_places).clone()
    }

    fn note_log_place(&self, mark: &str) {
        // Without a place, nothing is asked of damaged logs about this request.
        if let Ok(place) = end_of_log(&self.places.log_folder) {
            locked(&self.log_places).insert(mark.to_owned(), place);
        }
    }

    /// A number for a new wallet.
    fn register_wallet(&self, owner: Identity) -> anyhow::Result<u32> {
        let mut wallets = locked(&self.wallets);
        wallets.push(owner);
        Ok(u32::try_from(wallets.len() - 1)?)
    }
}

/// Everything that the clients have written down.
#[derive(Default)]
pub struct Histories {
    /// About money.
    pub wallets: Vec<WalletAsked>,
    /// About save slots.
    pub saves: Vec<SlotAsked>,
    /// About stories.
    pub turns: Vec<TurnAsked>,
    /// About files.
    pub uploads: Vec<UploadAsked>,
    /// Whose they are, by the client's number.
    pub uploaders: HashMap<u32, Account>,
    /// About texts.
    pub wishes: Vec<WishAsked>,
    /// What readers of texts heard.
    pub readings: Vec<Reading>,
    /// What subscribers heard.
    pub streams: Vec<Stream>,
}

impl Histories {
    /// How many requests were answered, and how many were not.
    pub fn counts(&self) -> (u64, u64) {
        fn count<C, T: PartialEq>(history: &[Asked<C, T>]) -> (u64, u64) {
            let unknown = history.iter().filter(|asked| asked.told == Told::Nothing).count();
            ((history.len() - unknown) as u64, unknown as u64)
        }
        let all =
            [count(&self.wallets), count(&self.saves), count(&self.turns), count(&self.uploads), count(&self.wishes)];
        all.into_iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }

    /// What was written down, in one line.
    pub fn summary(&self) -> String {
        let news: usize = self.streams.iter().map(|stream| stream.news.len()).sum();
        format!(
            "{} requests about money, {} about saves, {} turns, {} uploads, {} texts, {news} pieces of news",
            self.wallets.len(),
            self.saves.len(),
            self.turns.len(),
            self.uploads.len(),
            self.wishes.len(),
        )
    }

    fn extend(&mut self, more: Histories) {
        self.wallets.extend(more.wallets);
        self.saves.extend(more.saves);
        self.turns.extend(more.turns);
        self.uploads.extend(more.uploads);
        self.uploaders.extend(more.uploaders);
        self.wishes.extend(more.wishes);
        self.readings.extend(more.readings);
        self.streams.extend(more.streams);
    }
}

type Clients = JoinSet<anyhow::Result<Histories>>;

/// The running clients.
pub struct Fleet {
    /// What they share.
    pub ground: Arc<Ground>,
    player: saves::Player,
    players: Clients,
    watchers: Clients,
    farewell: watch::Sender<Option<Farewell>>,
}

impl Fleet {
    /// Begins to play; the seed draws what each client does.
    pub async fn start(clock: Clock, places: Places, seed: u64) -> anyhow::Result<Self> {
        let ground = Arc::new(Ground::new(clock, places)?);
        let world_id = ground.places.world_id;
        let mut numbers = 0_u32..;
        let mut next = || {
            let number = numbers.next().unwrap_or_default();
            (number, StdRng::seed_from_u64(seed ^ (u64::from(number) << 32)))
        };
        let account = async || ground.account().await.context("the run has not begun");
        let mut players = Clients::new();
        for (number, chance) in (0..PAYERS).map(|_| next()).collect::<Vec<_>>() {
            players.spawn(wallets::pay(ground.clone(), number, chance));
        }
        let player = account().await?;
        let session = stories::begin(&mut Caller::new(&ground, &player.token), world_id, 1).await?;
        let player = saves::Player { account: player, world_id, session_id: session.session_id };
        for (number, chance) in (0..DEVICES).map(|_| next()).collect::<Vec<_>>() {
            players.spawn(saves::save(ground.clone(), number, chance, player.clone()));
        }
        for (number, chance) in (0..STORYTELLERS).map(|_| next()).collect::<Vec<_>>() {
            players.spawn(stories::tell(ground.clone(), number, chance, account().await?));
        }
        for (number, chance) in (0..UPLOADERS).map(|_| next()).collect::<Vec<_>>() {
            players.spawn(uploads::upload(ground.clone(), number, chance, account().await?));
        }
        for (number, chance) in (0..READERS).map(|_| next()).collect::<Vec<_>>() {
            players.spawn(texts::ask(ground.clone(), number, chance));
        }
        let (farewell, last) = watch::channel(None);
        let owner = &ground.places.owner.token;
        let mut watchers = Clients::new();
        for (name, token, tables, is_restless) in [
            ("the steady watcher", owner, TABLES.as_slice(), false),
            ("the restless watcher", owner, TABLES.as_slice(), true),
            ("the player's watcher", &player.account.token, [MY_SAVES].as_slice(), false),
        ] {
            let (name, token, farewell) = (name.to_owned(), token.clone(), last.clone());
            let watcher = Watcher { name, token, tables: tables.to_vec(), is_restless, farewell };
            watchers.spawn(watchers::watch(ground.clone(), watcher, next().1));
        }
        Ok(Self { ground, player, players, watchers, farewell })
    }

    /// Who saves, and whom somebody watches.
    pub fn saving_player(&self) -> &Account {
        &self.player.account
    }

    /// Waits until so many more changes of each work have been acknowledged: the product is back. Tells which work came
    /// last. Reads do not count, and neither do texts that failed: a product that only refuses would give both.
    ///
    /// Errors: a work that does not get on within the time, or a client that was told something impossible.
    pub async fn gets_on(&mut self, more: u64, within: Duration) -> anyhow::Result<Option<Work>> {
        let goals = Work::ALL.map(|work| (work, self.ground.done(work) + more));
        let deadline = Instant::now() + within;
        let mut last = None;
        loop {
            if let Some(ended) = self.players.try_join_next().or_else(|| self.watchers.try_join_next()) {
                ended??;
                anyhow::bail!("a client has ended before the run was over");
            }
            let waiting = goals.iter().filter(|(work, goal)| self.ground.done(*work) < *goal).map(|(work, _)| *work);
            let waiting: Vec<Work> = waiting.collect();
            if waiting.is_empty() {
                return Ok(last);
            }
            last = waiting.last().copied();
            anyhow::ensure!(
                Instant::now() < deadline,
                "{waiting:?} do not get on for {within:?} although nothing is wrong any more"
            );
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Lets every client settle what it has begun, then watchers hear the last of it; takes what all have written.
    pub async fn stop(mut self, within: Duration) -> anyhow::Result<Histories> {
        self.ground.is_over.store(true, Ordering::Relaxed);
        let mut histories = Histories::default();
        let settled = tokio::time::timeout(within, join(&mut self.players, &mut histories)).await;
        settled.context("clients cannot settle what they have begun")??;
        let last = farewell::say(&self.ground, &self.player, &mut histories).await?;
        self.farewell.send_replace(Some(last));
        let heard = tokio::time::timeout(within, join(&mut self.watchers, &mut histories)).await;
        heard.context("watchers do not hear of the last change")??;
        Ok(histories)
    }
}

async fn join(clients: &mut Clients, histories: &mut Histories) -> anyhow::Result<()> {
    while let Some(ended) = clients.join_next().await {
        histories.extend(ended??);
    }
    Ok(())
}

fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
