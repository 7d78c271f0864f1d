//! How much a player may have saved altogether.

use module_rules::{RuleError, check_limit};

/// Most saves of a player, over all worlds and slots.
pub const SNAPSHOTS_MAX: u32 = 100;
/// Most archives of a player.
pub const ARCHIVES_MAX: u32 = 50;
/// Most bytes that a player's saves and archives hold together: 32 MiB.
pub const SAVED_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// What a player has saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Number of saves.
    pub snapshots: u32,
    /// Number of archives.
    pub archives: u32,
    /// Bytes of both together.
    pub bytes: u64,
}

impl Holdings {
    /// After a save of `bytes`, which takes the place of one of `replaced` bytes or of none.
    ///
    /// Errors: `AboveLimit` if there would be too many saves or bytes.
    pub fn with_snapshot(self, replaced: Option<u64>, bytes: u64) -> Result<Holdings, RuleError> {
        let snapshots = self.snapshots.saturating_add(u32::from(replaced.is_none()));
        check_limit("The number of a player's saves", SNAPSHOTS_MAX.into(), snapshots.into())?;
        let bytes = self.bytes.saturating_sub(replaced.unwrap_or(0)).saturating_add(bytes);
        Holdings { snapshots, bytes, ..self }.check_bytes()
    }

    /// After an archive of `bytes`.
    ///
    /// Errors: `AboveLimit` if there would be too many archives or bytes.
    pub fn with_archive(self, bytes: u64) -> Result<Holdings, RuleError> {
        let archives = self.archives.saturating_add(1);
        check_limit("The number of a player's archives", ARCHIVES_MAX.into(), archives.into())?;
        Holdings { archives, bytes: self.bytes.saturating_add(bytes), ..self }.check_bytes()
    }

    /// Without a save of `bytes`.
    ///
    /// Saturates: a count that is out of step must not keep a player from deleting.
    #[must_use]
    pub const fn without_snapshot(self, bytes: u64) -> Holdings {
        let snapshots = self.snapshots.saturating_sub(1);
        Holdings { snapshots, bytes: self.bytes.saturating_sub(bytes), ..self }
    }

    /// Without an archive of `bytes`. Saturates too.
    #[must_use]
    pub const fn without_archive(self, bytes: u64) -> Holdings {
        let archives = self.archives.saturating_sub(1);
        Holdings { archives, bytes: self.bytes.saturating_sub(bytes), ..self }
    }

    fn check_bytes(self) -> Result<Holdings, RuleError> {
        check_limit("The bytes of a player's saves and archives together", SAVED_BYTES_MAX, self.bytes)?;
        Ok(self)
    }
}
