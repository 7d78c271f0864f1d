//! Rules of what a player keeps between plays: settings, saves and their archives, browse
//! history, wallets, and the time played.
//!
//! Pure: no engine, no clock, no storage. Times are microseconds since the Unix epoch and come
//! from the caller. Every limit is a constant here and appears in the error it causes.

mod browsing;
mod holdings;
mod ledger;
mod page;
mod playtime;
mod revision;
mod save;
mod setting;
mod wallet;

pub use browsing::{HISTORY_LENGTH_MAX, HISTORY_TITLE_LENGTH_MAX, check_history_title};
pub use holdings::{ARCHIVES_MAX, Holdings, SAVED_BYTES_MAX, SNAPSHOTS_MAX};
pub use ledger::{LedgerFault, LedgerLine, replay};
pub use module_rules::RuleError;
pub use page::{PAGE_LENGTH_MAX, check_page_length, page_before};
pub use playtime::{PAUSE_MICROS_MAX, minutes, played_between};
pub use revision::{SaveStep, SlotState, check_revision, decide_save, next_revision};
pub use save::{
    ARCHIVE_NAME_LENGTH_MAX, PAYLOAD_BYTES_MAX, SLOT_LENGTH_MAX, SaveContent, check_archive_name, check_slot, digest_of,
};
pub use setting::{
    CATALOGUE, CataloguedSetting, SETTING_KEY_LENGTH_MAX, SETTING_TEXT_LENGTH_MAX, SETTINGS_MAX, SettingRange,
    SettingValue, catalogued, check_setting, check_setting_count, check_setting_key,
};
pub use wallet::{
    AMOUNT_MAX, BALANCE_MAX, EntryKind, REASON_LENGTH_MAX, TRANSFERS_PER_DAY_MAX, TransferQuota, check_amount,
    check_reason, check_refundable, check_transfer_parties, post, transfer,
};
