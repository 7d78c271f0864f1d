//! A player's settings: typed values under the keys of a catalogue, or of a client's own namespace.

use module_runtime::SettingValue;

use crate::*;

/// The value of a setting.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub enum RuntimeSettingValue {
    /// On or off.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text.
    Text(String),
}

/// A setting that its player has stored.
#[table(accessor = runtime_setting, index(accessor = by_key, btree(columns = [owner, key])))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeSetting {
    /// Number of the setting.
    #[primary_key]
    #[auto_inc]
    pub id: u64,
    /// The player.
    #[index(btree)]
    pub owner: Identity,
    /// Which setting; the pair is unique.
    pub key: String,
    /// What it is.
    pub value: RuntimeSettingValue,
    /// When it was stored.
    pub updated_at: Timestamp,
}

/// A setting to store.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct RuntimeSettingRequest {
    /// A key of the catalogue, or one with a namespace and a dot such as `mygame.hud`.
    pub key: String,
    /// What it shall be. A catalogued setting takes one kind of value, within its bounds.
    pub value: RuntimeSettingValue,
}

/// What a setting is for its player.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct RuntimeSettingRecord {
    /// Which setting.
    pub key: String,
    /// What it is.
    pub value: RuntimeSettingValue,
    /// When the player stored it; nothing for the catalogue's default.
    pub updated_at: Option<Timestamp>,
}

/// Stores a setting of the sender.
///
/// Errors: as [`upsert_runtime_setting_and_return`].
#[reducer]
pub fn upsert_runtime_setting(ctx: &ReducerContext, request: RuntimeSettingRequest) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    upsert_setting(ctx, caller.player, &request).map(drop)
}

/// Stores a setting and returns it; storing the same again changes nothing.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `invalid_argument` for an unknown key or a value that it does not take;
/// `limit_exceeded` for long ones, or for too many settings.
#[procedure]
pub fn upsert_runtime_setting_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: RuntimeSettingRequest,
) -> Result<RuntimeSettingRecord, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        upsert_setting(tx, caller.player, &request)
    })
}

/// Puts a setting of the sender back to its default.
///
/// Errors: as [`reset_runtime_setting_and_return`].
#[reducer]
pub fn reset_runtime_setting(ctx: &ReducerContext, key: String) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    reset_setting(ctx, caller.player, &key).map(drop)
}

/// Puts a setting back to its default, which forgets one that is not in the catalogue, and returns
/// what had been stored, if anything.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `invalid_argument` for an unknown key; `limit_exceeded` for a long one.
#[procedure]
pub fn reset_runtime_setting_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    key: String,
) -> Result<Option<RuntimeSettingRecord>, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        reset_setting(tx, caller.player, &key)
    })
}

/// Returns a setting, or the catalogue's default for it.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `invalid_argument` for an unknown key; `limit_exceeded` for a long one;
/// `not_found` for one that is neither stored nor in the catalogue.
#[procedure]
pub fn get_runtime_setting_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    key: String,
) -> Result<RuntimeSettingRecord, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        module_runtime::check_setting_key(&key)?;
        let stored = find_setting(tx, caller.player, &key).map(RuntimeSettingRecord::from);
        let record = stored.or_else(|| module_runtime::catalogued(&key).map(RuntimeSettingRecord::from));
        Ok(record.ok_or(RuleError::Hidden { what: "setting" })?)
    })
}

/// Returns every setting: those of the catalogue, stored or not, then the client's own, by key.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`.
#[procedure]
pub fn list_runtime_settings_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
) -> Result<Vec<RuntimeSettingRecord>, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        Ok(list_settings(tx, caller.player))
    })
}

/// The sender's stored settings. What is not among them has the catalogue's default.
#[view(accessor = my_settings, public, primary_key = id)]
pub fn my_settings(ctx: &ViewContext) -> Vec<RuntimeSetting> {
    ctx.db.runtime_setting().owner().filter(ctx.sender()).collect()
}

fn upsert_setting(
    ctx: &ReducerContext,
    owner: Identity,
    request: &RuntimeSettingRequest,
) -> Result<RuntimeSettingRecord, DomainError> {
    let settings = ctx.db.runtime_setting();
    module_runtime::check_setting(&request.key, request.value.as_rule())?;
    let (value, updated_at) = (request.value.clone(), ctx.timestamp);
    let stored = match find_setting(ctx, owner, &request.key) {
        Some(present) if present.value == value => present,
        Some(present) => settings.id().update(RuntimeSetting { value, updated_at, ..present }),
        None => {
            module_runtime::check_setting_count(settings.owner().filter(owner).count() as u64)?;
            note_profile(ctx, owner);
            let setting = RuntimeSetting { id: 0, owner, key: request.key.clone(), value, updated_at };
            settings.try_insert(setting).map_err(|_| DomainError::no_fresh_id())?
        }
    };
    Ok(stored.into())
}

fn reset_setting(
    ctx: &ReducerContext,
    owner: Identity,
    key: &str,
) -> Result<Option<RuntimeSettingRecord>, DomainError> {
    module_runtime::check_setting_key(key)?;
    let stored = find_setting(ctx, owner, key);
    if let Some(setting) = &stored {
        ctx.db.runtime_setting().id().delete(setting.id);
    }
    Ok(stored.map(RuntimeSettingRecord::from))
}

fn find_setting(ctx: &ReducerContext, owner: Identity, key: &str) -> Option<RuntimeSetting> {
    ctx.db.runtime_setting().by_key().filter((owner, key)).next()
}

fn list_settings(ctx: &ReducerContext, owner: Identity) -> Vec<RuntimeSettingRecord> {
    let mut own = Vec::new();
    let mut catalogued = module_runtime::CATALOGUE.each_ref().map(RuntimeSettingRecord::from);
    for setting in ctx.db.runtime_setting().owner().filter(owner) {
        let record = RuntimeSettingRecord::from(setting);
        match catalogued.iter_mut().find(|known| known.key == record.key) {
            Some(known) => *known = record,
            None => own.push(record),
        }
    }
    own.sort_by(|one, other| one.key.cmp(&other.key));
    catalogued.into_iter().chain(own).collect()
}

impl RuntimeSettingValue {
    fn as_rule(&self) -> SettingValue<'_> {
        match self {
            RuntimeSettingValue::Bool(value) => SettingValue::Bool(*value),
            RuntimeSettingValue::Int(value) => SettingValue::Int(*value),
            RuntimeSettingValue::Text(value) => SettingValue::Text(value),
        }
    }
}

impl From<SettingValue<'_>> for RuntimeSettingValue {
    fn from(value: SettingValue<'_>) -> Self {
        match value {
            SettingValue::Bool(value) => RuntimeSettingValue::Bool(value),
            SettingValue::Int(value) => RuntimeSettingValue::Int(value),
            SettingValue::Text(value) => RuntimeSettingValue::Text(value.to_owned()),
        }
    }
}

impl From<RuntimeSetting> for RuntimeSettingRecord {
    fn from(setting: RuntimeSetting) -> Self {
        RuntimeSettingRecord { key: setting.key, value: setting.value, updated_at: Some(setting.updated_at) }
    }
}

impl From<&module_runtime::CataloguedSetting> for RuntimeSettingRecord {
    fn from(setting: &module_runtime::CataloguedSetting) -> Self {
        RuntimeSettingRecord { key: setting.key.to_owned(), value: setting.default.into(), updated_at: None }
    }
}
