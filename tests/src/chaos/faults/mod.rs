//! What can go wrong, and how it is brought about and taken away again.

pub mod disk;
pub mod log_tail;
pub mod network;
pub mod power;
pub mod preload;
pub mod swap;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use httpdate::parse_http_date;
use rand::Rng;
use rand::rngs::StdRng;
use reqwest::{Method, RequestBuilder, header};
use tokio::time::sleep;

use super::plan::Trouble;
use super::world::World;
use crate::node::signal;
use crate::waiting::eventually;
use crate::wire::Traffic;
use disk::SmallDisk;
use power::Lost;
use preload::{Controls, DiskFault};

/// A full disk has less left than this, or nothing at all.
const LEFT_MAX: u64 = 16 * 1024;
/// A clock jumps forward by at most so much …
const CLOCK_FORWARD_MAX_S: i64 = 3 * 24 * 60 * 60;
/// … and back by so much. Leases go by the module's clock: they last longer by as much as it is set back.
const CLOCK_BACK_MAX_S: i64 = 10;
/// A program has jumped with its clock if it is no further off than this: it looks at it once a second.
const CLOCK_ACCURACY_S: i64 = 3;
/// What arrives late takes at most so much longer.
const LATE_MAX_MS: u64 = 400;

/// Why a trouble is another one than it should be, or none.
pub type Impossible = &'static str;

impl World {
    /// Brings trouble; it lasts until [`World::heal`]. Gives a word about what cannot be done on this machine.
    pub async fn trouble(&mut self, trouble: Trouble, chance: &mut StdRng) -> anyhow::Result<Option<Impossible>> {
        match trouble {
            Trouble::TruncatedLog | Trouble::FlippedLog => {}
            Trouble::FrozenNode => signal(self.node.pid(), "STOP")?,
            Trouble::FrozenFacade => signal(self.facade.pid(), "STOP")?,
            Trouble::FullNodeDisk => return fill(&self.node_disk, &self.node_controls, chance),
            Trouble::FullFacadeDisk => return fill(&self.facade_disk, &self.facade_controls, chance),
            Trouble::FailingWrites => self.node_controls.set_disk(DiskFault::Writes)?,
            Trouble::TornWrites => self.node_controls.set_disk(DiskFault::Tears)?,
            Trouble::FailingSync => self.node_controls.set_disk(DiskFault::Syncs)?,
            Trouble::FailingFacadeWrites => self.facade_controls.set_disk(DiskFault::Writes)?,
            Trouble::TornFacadeWrites => self.facade_controls.set_disk(DiskFault::Tears)?,
            Trouble::FailingFacadeSync => self.facade_controls.set_disk(DiskFault::Syncs)?,
            Trouble::PowerCut => {
                self.node_controls.set_disk(DiskFault::Volatile)?;
                self.facade_controls.set_disk(DiskFault::Volatile)?;
            }
            Trouble::SilentClients => {
                self.clients_to_node.set(Traffic::Held);
                self.clients_to_facade.set(Traffic::Held);
            }
            Trouble::UnpluggedNode => return self.unplug_node(),
            Trouble::CutClients => {
                self.clients_to_node.set(Traffic::Refused);
                self.clients_to_facade.set(Traffic::Refused);
            }
            Trouble::SilentFacade => self.facade_to_node.set(Traffic::Held),
            Trouble::CutFacade => self.facade_to_node.set(Traffic::Refused),
            Trouble::LostAnswers => {
                self.clients_to_node.set(Traffic::LosesAnswers);
                self.facade_to_node.set(Traffic::LosesAnswers);
            }
            Trouble::SlowNetwork => {
                let late = Duration::from_millis(chance.gen_range(20..LATE_MAX_MS));
                self.wires().iter().for_each(|wire| wire.set(Traffic::Late(late)));
            }
            Trouble::NodeClock => return jump(&mut self.node_controls, chance),
            Trouble::FacadeClock => return jump(&mut self.facade_controls, chance),
            Trouble::HotSwap => self.swap().await.context("a swap under load")?,
            Trouble::KilledPublish => self.begin_swap(),
        }
        Ok(None)
    }

    fn unplug_node(&self) -> anyhow::Result<Option<Impossible>> {
        if let Some(network) = &self.network {
            network.pull_cable()?;
            return Ok(None);
        }
        [&self.clients_to_node, &self.facade_to_node].iter().for_each(|wire| wire.set(Traffic::Held));
        Ok(Some("the node has no network of its own, so its lines fall silent instead"))
    }

    /// Takes from both disks what was not durable when the power was cut. Node and facade must be dead.
    pub fn lose_unsynced(&self) -> anyhow::Result<Lost> {
        let mut lost = self.node_controls.lose_unsynced()?;
        lost += self.facade_controls.lose_unsynced()?;
        Ok(lost)
    }

    /// Takes every trouble away; what was killed stays away, and clocks stay where they have jumped to.
    pub fn heal(&mut self, trouble: Trouble) -> anyhow::Result<()> {
        match trouble {
            // It may have been killed meanwhile, and its number may be another process's.
            Trouble::FrozenNode if self.node.try_wait().is_none() => signal(self.node.pid(), "CONT")?,
            Trouble::FrozenFacade if self.facade.is_running() => signal(self.facade.pid(), "CONT")?,
            _ => {}
        }
        if let Some(network) = &self.network {
            network.plug_in()?;
        }
        self.wires().iter().for_each(|wire| wire.set(Traffic::Flows));
        for (disk, controls) in [(&self.node_disk, &self.node_controls), (&self.facade_disk, &self.facade_controls)] {
            disk.clear()?;
            controls.set_disk(DiskFault::None)?;
        }
        Ok(())
    }

    /// Publishes the form of the module that is not published, and waits for the end of it.
    pub async fn swap(&mut self) -> anyhow::Result<()> {
        self.database.publish(self.forms.other()).await?;
        self.forms.swapped();
        self.runs_what_was_published().await
    }

    /// Errors: the database runs another form of the module than was published last.
    pub async fn runs_what_was_published(&mut self) -> anyhow::Result<()> {
        let program = self.program().await?;
        self.forms.check_present(&program)
    }

    /// Waits until a trouble has shown itself, where that is not plain from what it is.
    pub async fn shows(&self, trouble: Trouble, bites_before: u64) -> anyhow::Result<()> {
        let bites = || async { (self.bites(trouble).ok()? > bites_before).then_some(()) };
        match trouble {
            Trouble::NodeClock => shows_clock(&self.node_controls, self.node.request(Method::GET, "/v1/ping")).await,
            Trouble::FacadeClock => {
                let request = self.facade.client.request(Method::GET, "/health/live", None);
                shows_clock(&self.facade_controls, request).await
            }
            _ if trouble.spoils_disk_of_node().is_some() => eventually("the disk to fail", bites).await,
            _ => Ok(()),
        }
    }

    /// How often the disk has failed the program that a trouble hits.
    pub fn bites(&self, trouble: Trouble) -> anyhow::Result<u64> {
        match trouble.spoils_disk_of_node() {
            Some(true) => self.node_controls.bites(),
            Some(false) => self.facade_controls.bites(),
            None => Ok(0),
        }
    }

    /// The same without waiting: the node is killed before it is done, or shortly after.
    fn begin_swap(&mut self) {
        let (database, form) = (self.database.clone(), self.forms.other());
        self.publishing = Some(tokio::spawn(async move { database.publish(form).await }));
    }

    /// Whether a publish that was begun like this has been acknowledged; otherwise it will not be any more. The node
    /// must be dead.
    pub async fn was_published(&mut self) -> bool {
        match self.publishing.take() {
            Some(publishing) if publishing.is_finished() => matches!(publishing.await, Ok(Ok(_))),
            Some(publishing) => {
                publishing.abort();
                false
            }
            None => false,
        }
    }
}

/// Leaves a few bytes of a disk, or none. Where there is no disk of its own to fill, writing says that it is full.
fn fill(disk: &SmallDisk, controls: &Controls, chance: &mut StdRng) -> anyhow::Result<Option<Impossible>> {
    if disk.fill(chance.gen_range(0..LEFT_MAX))? {
        return Ok(None);
    }
    controls.set_disk(DiskFault::Full)?;
    Ok(Some("no disk of its own can be mounted, so writing says that it is full instead"))
}

/// Lets a clock jump, forward or back.
fn jump(controls: &mut Controls, chance: &mut StdRng) -> anyhow::Result<Option<Impossible>> {
    let by_s = match chance.gen_bool(0.5) {
        true => chance.gen_range(1..=CLOCK_FORWARD_MAX_S),
        false => -chance.gen_range(1..=CLOCK_BACK_MAX_S),
    };
    let has_jumped = controls.set_clock_on(by_s)?;
    Ok((!has_jumped).then_some("libfaketime is not installed, so the clock does not jump"))
}

/// Waits until a program's answers bear the time that its clock has jumped to.
async fn shows_clock(controls: &Controls, request: RequestBuilder) -> anyhow::Result<()> {
    let Some(off_s) = controls.off_s() else { return Ok(()) };
    let shown = || async {
        let answer = request.try_clone()?.send().await.ok()?;
        let date = parse_http_date(answer.headers().get(header::DATE)?.to_str().ok()?).ok()?;
        let seconds = |time: SystemTime| time.duration_since(UNIX_EPOCH).ok()?.as_secs().try_into().ok();
        let (theirs, ours): (i64, i64) = (seconds(date)?, seconds(SystemTime::now())?);
        ((theirs - ours - off_s).abs() <= CLOCK_ACCURACY_S).then_some(())
    };
    eventually("the clock to show that it has jumped", shown).await
}

/// A pause of so many milliseconds.
pub async fn pause(ms: u64) {
    sleep(Duration::from_millis(ms)).await;
}
