//! A player's connection to the game, as a game client has it: its own rows, which stay current, and calls one by one.

use anyhow::{Context, bail, ensure};
use futures::SinkExt;
use spacetimedb_client_api_messages::websocket::common::{CallProcedureFlags, QuerySetId};
use spacetimedb_client_api_messages::websocket::v2;
use spacetimedb_lib::ser::Serialize;
use spacetimedb_lib::{Identity, bsatn};

use crate::node::{Database, Socket, frame, next_messages};

/// What a client watches from then on, as its rows come at the beginning: profile, inventory, quests, saves.
const VIEWS: [&str; 4] = ["my_dashboard", "my_inventory", "my_quests", "my_snapshots"];
/// The view whose row names the save.
const SAVES: &str = "my_snapshots";
/// The first byte of a procedure's answer that is no refusal.
const ACCEPTED: u8 = 0;

/// A connection that stands, and whose rows have come.
pub struct Player {
    socket: Socket,
    calls: u32,
    /// The save that the rows have named, kept current by whoever replaces it.
    pub save: Save,
}

/// What a row of saves says, as far as it is needed.
#[derive(Debug, PartialEq, Eq)]
pub struct Save {
    /// The world, as a number.
    pub world: u128,
    /// Name of the slot.
    pub slot: String,
    /// The story, as a number.
    pub session: u128,
    /// What whoever replaces the save must know.
    pub revision: u64,
}

impl Player {
    /// Connects, and waits for all rows.
    pub async fn join(database: &Database, token: &str) -> anyhow::Result<Self> {
        let mut socket = database.open(Some(token)).await?;
        socket.send(subscription()?).await?;
        let save = answer(&mut socket, |message| match message {
            v2::ServerMessage::SubscribeApplied(applied) => save_in(&applied),
            other => bail!("expected rows, got {other:?}"),
        })
        .await?;
        Ok(Self { socket, calls: 0, save })
    }

    /// Connects, asks for rows, and is gone without a word before they come.
    pub async fn vanish(database: &Database, token: &str) -> anyhow::Result<()> {
        let mut socket = database.open(Some(token)).await?;
        Ok(socket.send(subscription()?).await?)
    }

    /// Has the bytes of the save handed out.
    pub async fn load(&mut self) -> anyhow::Result<()> {
        let args = (None::<Identity>, self.save.world, self.save.slot.clone());
        self.ask("get_runtime_snapshot_and_return", &args).await.map(drop)
    }

    /// Calls a procedure: its answer without the byte that says that it is no refusal.
    pub async fn ask(&mut self, procedure: &str, args: &impl Serialize) -> anyhow::Result<Vec<u8>> {
        self.calls = self.calls.wrapping_add(1);
        let request_id = self.calls;
        let call = v2::ClientMessage::CallProcedure(v2::CallProcedure {
            request_id,
            flags: CallProcedureFlags::Default,
            procedure: procedure.into(),
            args: bsatn::to_vec(args)?.into(),
        });
        self.socket.send(frame(&call)?).await?;
        answer(&mut self.socket, |message| match message {
            v2::ServerMessage::ProcedureResult(result) if result.request_id == request_id => accepted(&result),
            other => bail!("expected the answer of {procedure}, got {other:?}"),
        })
        .await
    }

    /// Takes leave and goes.
    pub async fn leave(mut self) -> anyhow::Result<()> {
        Ok(self.socket.close(None).await?)
    }
}

impl Save {
    /// Reads a row, or an answer that begins with one.
    pub fn read(mut row: &[u8]) -> anyhow::Result<Self> {
        // The id and the owner before the world, the version before the story; between the story and the revision the
        // numbers of the last event and of the format, the hash of the bytes and how many they are.
        type Columns = (u128, Identity, u128, String, u128, u128, u32, u32, String, u64, u64);
        let columns: Columns = bsatn::from_reader(&mut row).context("a save that is none")?;
        let (_, _, world, slot, _, session, _, _, _, _, revision) = columns;
        Ok(Self { world, slot, session, revision })
    }
}

fn subscription() -> anyhow::Result<tokio_tungstenite::tungstenite::Message> {
    frame(&v2::ClientMessage::Subscribe(v2::Subscribe {
        request_id: 0,
        query_set_id: QuerySetId::new(1),
        query_strings: VIEWS.map(|view| format!("SELECT * FROM {view}").into()).into(),
    }))
}

/// What `wanted` makes of the next message that is not a change of rows.
async fn answer<T>(socket: &mut Socket, wanted: impl Fn(v2::ServerMessage) -> anyhow::Result<T>) -> anyhow::Result<T> {
    loop {
        for message in next_messages(socket).await? {
            if !matches!(message, v2::ServerMessage::TransactionUpdate(_)) {
                return wanted(message);
            }
        }
    }
}

fn accepted(result: &v2::ProcedureResult) -> anyhow::Result<Vec<u8>> {
    if let v2::ProcedureStatus::Returned(value) = &result.status
        && let Some((&ACCEPTED, value)) = value.split_first()
    {
        return Ok(value.to_vec());
    }
    bail!("a procedure was refused: {:?}", result.status)
}

/// The save among the rows; fails unless every view has a row.
fn save_in(applied: &v2::SubscribeApplied) -> anyhow::Result<Save> {
    let mut save = None;
    let tables = &applied.rows.tables;
    ensure!(tables.len() == VIEWS.len(), "rows of {} of {} views came", tables.len(), VIEWS.len());
    for table in tables {
        let row = table.rows.get(0).with_context(|| format!("{} has no row", table.table))?;
        if &*table.table == SAVES {
            save = Some(Save::read(&row)?);
        }
    }
    save.context("there is no save")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_save_is_read_from_a_row_whatever_follows() -> anyhow::Result<()> {
        let slot = "auto".to_owned();
        let columns =
            (1u128, Identity::ZERO, 2u128, slot.clone(), 3u128, 4u128, 5u32, 6u32, "ab".to_owned(), 7u64, 8u64);
        let mut row = bsatn::to_vec(&columns)?;
        row.extend([0; 16]);
        assert_eq!(Save::read(&row)?, Save { world: 2, slot, session: 4, revision: 8 });
        assert!(Save::read(&row[..40]).is_err());
        Ok(())
    }
}
