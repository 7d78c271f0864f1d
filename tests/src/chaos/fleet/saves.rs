//! Several devices of one player, who save over each other: each looks, and replaces what it has seen.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use spacetimedb_lib::{Identity, Uuid};
use tokio::time::sleep;
use worldloom_client::{RuntimeSnapshot, RuntimeSnapshotRecord, RuntimeSnapshotRequest, RuntimeSnapshotSlot};

use super::super::checks::saves::{Slot, SlotAsked, SlotCall};
use super::super::history::{Asked, Told};
use super::super::rows::slot_of;
use super::Ground;
use super::caller::{Attempts, Caller, PAUSE, Settled};
use super::progress::Work;
use crate::Account;
use crate::facade::sha256;

const SLOTS: [&str; 2] = ["left", "right"];
/// Longest pause between two requests of a device.
const PAUSE_MAX_MS: u64 = 80;
/// The device that makes the last save of all.
const LAST_DEVICE: u32 = u32::MAX;

/// Whose saves they are.
#[derive(Clone)]
pub struct Player {
    /// Who plays.
    pub account: Account,
    /// The world.
    pub world_id: Uuid,
    /// The story that is saved.
    pub session_id: Uuid,
}

/// A device.
struct Device {
    ground: Arc<Ground>,
    number: u32,
    player: Player,
    owner: Identity,
    caller: Caller,
    /// The revision in each slot, as far as this device knows.
    known: HashMap<&'static str, u64>,
    /// How many requests it has written down.
    asked: u64,
}

/// Reads and saves until the run is over.
pub async fn save(ground: Arc<Ground>, number: u32, mut chance: StdRng, player: Player) -> anyhow::Result<()> {
    let mut device = Device::new(&ground, number, player)?;
    while !ground.is_over() {
        let slot = *SLOTS.choose(&mut chance).unwrap_or(&SLOTS[0]);
        let attempts = if chance.gen_bool(0.5) { Attempts::One } else { Attempts::UntilAnswered };
        if chance.gen_bool(0.5) {
            device.read(slot).await;
        } else {
            device.save(slot, attempts).await;
        }
        sleep(Duration::from_millis(chance.gen_range(0..=PAUSE_MAX_MS))).await;
    }
    Ok(())
}

/// One save that succeeds, however often it takes, and its revision.
pub async fn save_once(ground: &Arc<Ground>, player: &Player) -> anyhow::Result<u64> {
    let mut device = Device::new(ground, LAST_DEVICE, player.clone())?;
    for _ in 0..100 {
        device.read(SLOTS[0]).await;
        if let Told::Done(saved) = device.save(SLOTS[0], Attempts::UntilAnswered).await {
            return Ok(saved.revision);
        }
        sleep(PAUSE).await;
    }
    anyhow::bail!("nothing can be saved any more")
}

impl Device {
    fn new(ground: &Arc<Ground>, number: u32, player: Player) -> anyhow::Result<Self> {
        let caller = Caller::new(ground, &player.account.token);
        let owner = Identity::from_hex(&player.account.identity)?;
        Ok(Self { ground: ground.clone(), number, player, owner, caller, known: HashMap::new(), asked: 0 })
    }

    async fn read(&mut self, slot: &'static str) {
        let request = RuntimeSnapshotSlot { world_id: self.player.world_id, slot: slot.to_owned() };
        let args = (None::<Identity>, request);
        let settled = self.caller.settle("get_runtime_snapshot_and_return", &args, Attempts::One).await;
        let told = match settled.told.map(|record: RuntimeSnapshotRecord| found(&record)) {
            // An empty slot has nothing to show.
            Told::Refused(reason) if reason.starts_with("NotFound") => Told::Done(Slot::default()),
            told => told,
        };
        let call = SlotCall::Read { slot: slot_of(&self.owner, slot) };
        self.note(slot, Asked { client: self.number, call, begun: settled.begun, ended: settled.ended, told });
    }

    /// Saves over what the device knows of; if somebody else has saved meanwhile, it is refused.
    async fn save(&mut self, slot: &'static str, attempts: Attempts) -> Told<Slot> {
        let content = (u64::from(self.number) << 32) + self.asked + 1;
        let expected = self.known.get(slot).copied().unwrap_or(0);
        let args = (None::<Identity>, self.request(slot, expected, content));
        let Settled { begun, ended, told } =
            self.caller.settle("upsert_runtime_snapshot_and_return", &args, attempts).await;
        let told = told.map(|snapshot: RuntimeSnapshot| stored(&snapshot, expected, content));
        let call = SlotCall::Save { slot: slot_of(&self.owner, slot), expected, content };
        self.note(slot, Asked { client: self.number, call, begun, ended, told: told.clone() });
        told
    }

    fn note(&mut self, slot: &'static str, asked: SlotAsked) {
        if let Told::Done(told) = &asked.told {
            self.known.insert(slot, told.revision);
            // A read says nothing about whether saves are taken again.
            if let SlotCall::Save { content, .. } = &asked.call {
                self.ground.note_log_place(save_mark(*content));
                self.ground.progress.acknowledged(Work::Saves, asked.begun);
            }
        }
        self.asked += 1;
        self.ground.write_down(|histories| histories.saves.push(asked));
    }

    fn request(&self, slot: &str, expected_revision: u64, content: u64) -> RuntimeSnapshotRequest {
        let payload = content.to_le_bytes().to_vec();
        RuntimeSnapshotRequest {
            session_id: self.player.session_id,
            slot: slot.to_owned(),
            format_version: 1,
            checksum: checksum(content),
            payload,
            expected_revision,
        }
    }
}

/// What a save with this content is called among the places of the log.
pub fn save_mark(content: u64) -> String {
    format!("save-{content}")
}

/// The hash of a save with this content.
pub fn checksum(content: u64) -> String {
    sha256(&content.to_le_bytes())
}

/// The content of a save with these bytes; one that nobody has saved if they are none of a save.
pub fn content_of(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(u64::MAX, u64::from_le_bytes)
}

/// What a device finds in a slot.
fn found(record: &RuntimeSnapshotRecord) -> Slot {
    Slot { revision: record.snapshot.revision, content: content_of(&record.payload) }
}

/// What a save was told: the content itself is not in the answer, but its hash is. One that says that it has replaced
/// another revision than was expected, as it would if it had been made twice, is none that was asked for.
fn stored(snapshot: &RuntimeSnapshot, expected: u64, content: u64) -> Slot {
    let is_asked_for = snapshot.checksum == checksum(content) && snapshot.replaced_revision == expected;
    Slot { revision: snapshot.revision, content: if is_asked_for { content } else { u64::MAX } }
}
