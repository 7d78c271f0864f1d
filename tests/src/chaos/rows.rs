//! Rows of the game's tables as the checks of streams know them.

use anyhow::{Context, bail};
use spacetimedb_lib::{Identity, bsatn};
use worldloom_client::{ProfileWalletBalance, ProfileWalletLedger, RuntimeSnapshot, StoryEvent};

use super::checks::streams::{Growth, Row};

/// The ledger of all wallets.
pub const LEDGER: &str = "profile_wallet_ledger";
/// The balances of all wallets.
pub const BALANCES: &str = "profile_wallet_balance";
/// The saves of all players.
pub const SAVES: &str = "runtime_snapshot";
/// A player's own saves.
pub const MY_SAVES: &str = "my_snapshots";
/// What the owner of the database watches.
pub const TABLES: [&str; 4] = [LEDGER, BALANCES, "story_event", SAVES];

/// How the rows of a table follow each other.
pub fn growth(table: &str) -> Growth {
    match table {
        LEDGER | "story_event" => Growth::Appended,
        _ => Growth::Replaced,
    }
}

/// A row from its encoding.
pub fn decode(table: &str, encoded: &[u8]) -> anyhow::Result<Row> {
    let (table, series, version, mark) = match table {
        LEDGER => {
            let row: ProfileWalletLedger = bsatn::from_slice(encoded)?;
            (LEDGER, row.owner.to_hex().to_string(), row.sequence, Some(row.reason))
        }
        BALANCES => {
            let row: ProfileWalletBalance = bsatn::from_slice(encoded)?;
            (BALANCES, row.owner.to_hex().to_string(), row.ledger_length, None)
        }
        "story_event" => {
            let row: StoryEvent = bsatn::from_slice(encoded)?;
            match is_filler(&row) {
                // Each stands for itself.
                true => ("story_event", format!("filler {}", row.id), 1, None),
                false => ("story_event", row.session_id.to_string(), row.number.into(), Some(row.text)),
            }
        }
        SAVES | MY_SAVES => {
            let row: RuntimeSnapshot = bsatn::from_slice(encoded)?;
            let table = if table == SAVES { SAVES } else { MY_SAVES };
            (table, slot_name(&row), row.revision, None)
        }
        other => bail!("rows of {other} came without being asked for"),
    };
    Ok(Row { table, series, version, encoded: encoded.to_vec(), mark })
}

/// The same for several.
pub fn decode_all<'a>(table: &str, encoded: impl IntoIterator<Item = &'a [u8]>) -> anyhow::Result<Vec<Row>> {
    encoded.into_iter().map(|row| decode(table, row).with_context(|| format!("a row of {table}"))).collect()
}

/// Whether a row of the events is none of any story: it only keeps pages full.
pub fn is_filler(row: &StoryEvent) -> bool {
    row.owner == Identity::ZERO
}

/// What histories call the slot of a save.
pub fn slot_name(row: &RuntimeSnapshot) -> String {
    slot_of(&row.owner, &row.slot)
}

/// The same from its parts.
pub fn slot_of(owner: &Identity, slot: &str) -> String {
    format!("{:.8}/{slot}", owner.to_hex().to_string().trim_start_matches("c200"))
}
