//! The clients: they play without pause, through every fault, and write down what they asked and what they were told.

mod caller;
mod farewell;
mod histories;
mod peace;
pub mod progress;
mod saves;
mod stories;
mod texts;
mod uploads;
mod wallets;
mod watchers;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use rand::SeedableRng;
use rand::rngs::StdRng;
use spacetimedb_lib::{Identity, Uuid};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::checks::prefix::Place;
use super::checks::streams::Stream;
use super::faults::log_tail::end_of_log;
use super::history::Clock;
use super::rows::{MY_SAVES, TABLES};
use crate::Account;
use caller::Caller;
use farewell::Farewell;
pub use histories::Histories;
use peace::Peace;
use progress::{Gate, Progress};
pub use saves::{checksum, content_of, save_mark};
pub use stories::turn_mark;
pub use uploads::read_again;
use watchers::Watcher;

/// Payers, devices of one player, storytellers, uploaders and readers of texts at a time.
const PAYERS: u32 = 3;
const DEVICES: u32 = 3;
const STORYTELLERS: u32 = 2;
const UPLOADERS: u32 = 2;
const READERS: u32 = 2;

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
    /// Whether clients take answers only once they are on disk.
    pub waits_for_disk: bool,
}

/// What clients share.
pub struct Ground {
    /// The time of the run.
    pub clock: Clock,
    /// Where everything is.
    pub places: Places,
    /// Who owns each wallet.
    wallets: Mutex<Vec<Identity>>,
    /// Where the log ended when a change was acknowledged.
    log_places: Mutex<HashMap<String, Place>>,
    http: reqwest::Client,
    progress: Progress,
    histories: Mutex<Histories>,
    peace: Peace,
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
            progress: Progress::default(),
            histories: Mutex::default(),
            peace: Peace::default(),
            is_over: AtomicBool::new(false),
        })
    }

    /// Who owns each wallet, by its number.
    pub fn wallets(&self) -> Vec<Identity> {
        locked(&self.wallets).clone()
    }

    /// Takes all that has been written down. No client may be running any more.
    pub fn take_histories(&self) -> Histories {
        std::mem::take(&mut *locked(&self.histories))
    }

    /// All that has been written down so far, and not been taken, as text.
    pub fn written_down(&self) -> String {
        locked(&self.histories).to_string()
    }

    fn write_down(&self, write: impl FnOnce(&mut Histories)) {
        write(&mut locked(&self.histories));
    }

    /// The number of a new stream among those that are written down.
    fn open_stream(&self, stream: Stream) -> usize {
        let mut histories = locked(&self.histories);
        histories.streams.push(stream);
        histories.streams.len() - 1
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

    /// Where the log ended, or later, when each change was acknowledged, by its mark.
    pub fn log_places(&self) -> HashMap<String, Place> {
        locked(&self.log_places).clone()
    }

    fn note_log_place(&self, mark: impl Into<String>) {
        // Without a place, nothing is asked of damaged logs about this request.
        if let Ok(place) = end_of_log(&self.places.log_folder) {
            locked(&self.log_places).insert(mark.into(), place);
        }
    }

    /// A number for a new wallet.
    fn register_wallet(&self, owner: Identity) -> anyhow::Result<u32> {
        let mut wallets = locked(&self.wallets);
        wallets.push(owner);
        Ok(u32::try_from(wallets.len() - 1)?)
    }
}

type Clients = JoinSet<anyhow::Result<()>>;

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
            tables.iter().for_each(|table| ground.progress.listens((name, *table)));
            let (token, tables, farewell) = (token.clone(), tables.to_vec(), last.clone());
            let watcher = Watcher { name, token, tables, is_restless, farewell };
            watchers.spawn(watchers::watch(ground.clone(), watcher, next().1));
        }
        Ok(Self { ground, player, players, watchers, farewell })
    }

    /// Who saves, and whom somebody watches.
    pub fn saving_player(&self) -> &Account {
        &self.player.account
    }

    /// Waits until changes of every kind that are begun from now on have been acknowledged, and every watcher has been
    /// told of changes in each of its tables: the product is back. Tells who came last.
    ///
    /// Errors: somebody does not get on within the time, or a client was told something impossible.
    pub async fn gets_on(&mut self, within: Duration) -> anyhow::Result<Option<String>> {
        let ground = self.ground.clone();
        let mut gate = Gate::open(ground.clock.now());
        let deadline = Instant::now() + within;
        let mut last = None;
        loop {
            ground.goes_on()?;
            if let Some(ended) = self.players.try_join_next().or_else(|| self.watchers.try_join_next()) {
                ended??;
                anyhow::bail!("a client has ended before the run was over");
            }
            let waiting = gate.waiting(&ground.progress, ground.clock.now());
            anyhow::ensure!(
                waiting.is_empty() || Instant::now() < deadline,
                "{waiting:?} do not get on for {within:?} although nothing is wrong any more"
            );
            match waiting.into_iter().next_back() {
                Some(one) => last = Some(one),
                None => return Ok(last),
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Lets every client settle what it has begun, then watchers hear the last of it. What all have written down is
    /// then complete.
    pub async fn stop(mut self, within: Duration) -> anyhow::Result<()> {
        self.ground.is_over.store(true, Ordering::Relaxed);
        let settled = tokio::time::timeout(within, join(&mut self.players)).await;
        settled.context("clients cannot settle what they have begun")??;
        let last = farewell::say(&self.ground, &self.player).await?;
        self.farewell.send_replace(Some(last));
        let heard = tokio::time::timeout(within, join(&mut self.watchers)).await;
        heard.context("watchers do not hear of the last change")??;
        self.ground.goes_on()
    }
}

async fn join(clients: &mut Clients) -> anyhow::Result<()> {
    while let Some(ended) = clients.join_next().await {
        ended??;
    }
    Ok(())
}

fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
