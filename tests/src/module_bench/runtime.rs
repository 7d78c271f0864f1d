//! What a player keeps: settings, history, saves and archives, the wallet, totals.

use worldloom_client::{
    BrowseKind, ProfileDashboardState, ProfileOverview, ProfilePlayedWorld, ProfilePlayedWorldPage,
    ProfileProjectionDifference, ProfileSaveArchive, ProfileSaveArchiveRecord, ProfileSaveArchiveRequest,
    ProfileSaveRestoration, ProfileWalletBalance, ProfileWalletLedger, RuntimeSettingRecord, RuntimeSettingRequest,
    RuntimeSettingValue, RuntimeSnapshot, RuntimeSnapshotDeletion, RuntimeSnapshotRecord, RuntimeSnapshotRequest,
    RuntimeSnapshotSlot, StorySession, UserBrowseHistory, UserBrowseHistoryRequest, WalletCurrency, WalletLedgerPage,
    WalletPostingRequest, WalletRefundRequest, WalletTransferRequest,
};

use super::guest::{Guest, key, nothing, own, plain};
use super::step::{Step, asks, serves};
use crate::facade::sha256;

const SLOT: &str = "auto";
const SAVE: [u8; 1024] = [7; 1024];

/// Settings and history.
pub const SETTINGS: &[Step] = &[
    asks::<RuntimeSettingRecord>("upsert_runtime_setting_and_return", |_| own(volume())),
    asks::<RuntimeSettingRecord>("get_runtime_setting_and_return", |_| own(volume().key)),
    asks::<Vec<RuntimeSettingRecord>>("list_runtime_settings_and_return", nothing),
    asks::<Option<RuntimeSettingRecord>>("reset_runtime_setting_and_return", |_| own(volume().key)),
    asks::<UserBrowseHistory>("upsert_user_browse_history_and_return", |guest| own(look(guest))),
    asks::<Vec<UserBrowseHistory>>("list_user_browse_history_and_return", nothing),
    asks::<u64>("clear_user_browse_history_and_return", nothing),
];

/// Saves and archives of a story.
pub const SAVES: &[Step] = &[
    asks::<RuntimeSnapshot>("upsert_runtime_snapshot_and_return", |guest| {
        own(RuntimeSnapshotRequest {
            session_id: guest.last::<StorySession>()?.session_id,
            slot: SLOT.to_owned(),
            format_version: 1,
            checksum: sha256(&SAVE),
            payload: SAVE.to_vec(),
            expected_revision: 0,
        })
    }),
    asks::<RuntimeSnapshotRecord>("get_runtime_snapshot_and_return", |guest| {
        own(RuntimeSnapshotSlot { world_id: guest.world_id(), slot: SLOT.to_owned() })
    }),
    asks::<Vec<RuntimeSnapshot>>("list_runtime_snapshots_and_return", nothing),
    asks::<ProfileSaveArchive>("create_profile_save_archive_and_return", |guest| {
        own(ProfileSaveArchiveRequest {
            idempotency_key: key("archive"),
            world_id: guest.world_id(),
            slot: SLOT.to_owned(),
            name: "Before the ball".to_owned(),
        })
    }),
    asks::<ProfileSaveArchiveRecord>("get_profile_save_archive_and_return", |guest| {
        own(guest.last::<ProfileSaveArchive>()?.archive_id)
    }),
    asks::<Vec<ProfileSaveArchive>>("list_profile_save_archives_and_return", nothing),
    asks::<RuntimeSnapshot>("restore_profile_save_archive_and_return", |guest| {
        let archive_id = guest.last::<ProfileSaveArchive>()?.archive_id;
        let expected_revision = guest.last::<RuntimeSnapshot>()?.revision;
        own(ProfileSaveRestoration { archive_id, slot: SLOT.to_owned(), expected_revision })
    }),
    asks::<ProfileSaveArchive>("delete_profile_save_archive_and_return", |guest| {
        own(guest.last::<ProfileSaveArchive>()?.archive_id)
    }),
    asks::<RuntimeSnapshot>("delete_runtime_snapshot_and_return", |guest| {
        let expected_revision = guest.last::<RuntimeSnapshot>()?.revision;
        own(RuntimeSnapshotDeletion { world_id: guest.world_id(), slot: SLOT.to_owned(), expected_revision })
    }),
];

/// The wallet, and what is added up about a player.
pub const PROFILE: &[Step] = &[
    serves::<ProfileWalletLedger>("credit_profile_wallet_and_return", |guest| guest.for_guest(coins("credit", 100))),
    serves::<ProfileWalletLedger>("debit_profile_wallet_and_return", |guest| guest.for_guest(coins("debit", 10))),
    serves::<ProfileWalletLedger>("refund_profile_wallet_and_return", |guest| {
        guest.for_guest(WalletRefundRequest {
            idempotency_key: key("refund"),
            debit_entry_id: guest.last::<ProfileWalletLedger>()?.entry_id,
            reason: "It broke".to_owned(),
        })
    }),
    asks::<ProfileWalletLedger>("transfer_profile_wallet_and_return", |guest| {
        own(WalletTransferRequest {
            idempotency_key: key("transfer"),
            recipient: guest.friend,
            currency: WalletCurrency::Coins,
            amount: 5,
            reason: "Thanks".to_owned(),
        })
    }),
    asks::<Vec<ProfileWalletBalance>>("get_profile_wallet_and_return", nothing),
    asks::<Vec<ProfileWalletLedger>>("list_profile_wallet_ledger_and_return", |_| {
        own(WalletLedgerPage { currency: WalletCurrency::Coins, before_sequence: None, limit: 20 })
    }),
    asks::<ProfileDashboardState>("get_profile_dashboard_and_return", nothing),
    asks::<ProfileOverview>("get_profile_overview_and_return", nothing),
    asks::<Vec<ProfilePlayedWorld>>("list_profile_played_worlds_and_return", |_| {
        own(ProfilePlayedWorldPage { after_id: None, limit: 20 })
    }),
    serves::<Vec<ProfileProjectionDifference>>("check_profile_projections_and_return", |guest| plain(guest.identity)),
    serves::<Vec<ProfileProjectionDifference>>("repair_profile_projections_and_return", |guest| plain(guest.identity)),
];

/// A setting to make.
pub fn volume() -> RuntimeSettingRequest {
    RuntimeSettingRequest { key: "music_volume".to_owned(), value: RuntimeSettingValue::Int(70) }
}

/// A look at the guest's world.
pub fn look(guest: &Guest) -> UserBrowseHistoryRequest {
    UserBrowseHistoryRequest { kind: BrowseKind::World, target_id: guest.world_id(), title: "A world".to_owned() }
}

fn coins(name: &str, amount: u64) -> WalletPostingRequest {
    let (currency, reason) = (WalletCurrency::Coins, "For a test".to_owned());
    WalletPostingRequest { idempotency_key: key(name), currency, amount, reason }
}
