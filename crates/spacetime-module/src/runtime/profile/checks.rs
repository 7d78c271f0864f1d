//! Recomputes what is kept in step with other rows, for one player, and reports what differs.
//!
//! The truth is in the saves, the archives, the played stories and the ledgers; the dashboard, the
//! played worlds and the balances only repeat it. Nothing in the module lets them drift apart.
//! This is how an Operator knows, and how it mends what a restored backup or a bug has broken.

use std::collections::BTreeMap;
use std::fmt::Debug;

use crate::*;

const OPERATORS: Admits = Admits::Holders(&[Role::Operator]);

/// A value that does not follow from the rows that it repeats.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct ProfileProjectionDifference {
    /// Which value: table, row and column, such as `profile_dashboard_state.snapshots`.
    pub projection: String,
    /// The value on record.
    pub recorded: String,
    /// What it should be.
    pub recomputed: String,
}

/// Reports every value of a player that does not follow from the rows that it repeats, and
/// changes nothing. For Operator.
///
/// Errors: `unauthenticated`, `forbidden` (for Operator only).
#[procedure]
pub fn check_profile_projections_and_return(
    ctx: &mut ProcedureContext,
    player: Identity,
) -> Result<Vec<ProfileProjectionDifference>, DomainError> {
    ctx.try_with_tx(|tx| {
        guard(tx, OPERATORS, None)?;
        Ok(Projections::recompute(tx, player).differences)
    })
}

/// Puts right what [`check_profile_projections_and_return`] would report, and returns that report.
/// A ledger is never touched: a line that does not follow from those before it stays in the
/// report, and its balance as it is. For Operator.
///
/// Errors: `unauthenticated`, `forbidden` (for Operator only).
#[procedure]
pub fn repair_profile_projections_and_return(
    ctx: &mut ProcedureContext,
    player: Identity,
) -> Result<Vec<ProfileProjectionDifference>, DomainError> {
    ctx.try_with_tx(|tx| {
        guard(tx, OPERATORS, None)?;
        let projections = Projections::recompute(tx, player);
        projections.store(tx)?;
        Ok(projections.differences)
    })
}

/// What the rows of a player say its projections are.
struct Projections {
    differences: Vec<ProfileProjectionDifference>,
    /// Only if it differs.
    dashboard: Option<ProfileDashboardState>,
    /// Those that differ; number 0 for a row that is missing.
    worlds: Vec<ProfilePlayedWorld>,
    /// Worlds without a story.
    surplus_worlds: Vec<u64>,
    /// Those that differ; number 0 for a row that is missing.
    balances: Vec<ProfileWalletBalance>,
}

impl Projections {
    fn recompute(ctx: &ReducerContext, player: Identity) -> Projections {
        let mut projections = Projections {
            differences: Vec::new(),
            dashboard: None,
            worlds: Vec::new(),
            surplus_worlds: Vec::new(),
            balances: Vec::new(),
        };
        projections.compare_dashboard(ctx, player);
        projections.compare_worlds(ctx, player);
        for currency in WalletCurrency::ALL {
            projections.compare_balance(ctx, player, currency);
        }
        projections
    }

    fn store(&self, ctx: &ReducerContext) -> Result<(), DomainError> {
        if let Some(dashboard) = &self.dashboard {
            store_dashboard(ctx, dashboard.clone());
        }
        let worlds = ctx.db.profile_played_world();
        for id in &self.surplus_worlds {
            worlds.id().delete(id);
        }
        for world in &self.worlds {
            match world.id {
                0 => worlds.try_insert(world.clone()).map_err(|_| DomainError::no_fresh_id())?,
                _ => worlds.id().update(world.clone()),
            };
        }
        let balances = ctx.db.profile_wallet_balance();
        for balance in &self.balances {
            match balance.id {
                0 => balances.try_insert(balance.clone()).map_err(|_| DomainError::no_fresh_id())?,
                _ => balances.id().update(balance.clone()),
            };
        }
        Ok(())
    }

    fn compare_dashboard(&mut self, ctx: &ReducerContext, player: Identity) {
        let recorded = load_dashboard(ctx, player);
        let recomputed = recomputed_dashboard(ctx, &recorded);
        let known = self.differences.len();
        let mut compare = |column: &str, recorded: &dyn Debug, recomputed: &dyn Debug| {
            self.compare(format!("profile_dashboard_state.{column}"), recorded, recomputed);
        };
        compare("snapshots", &recorded.snapshots, &recomputed.snapshots);
        compare("archives", &recorded.archives, &recomputed.archives);
        compare("saved_bytes", &recorded.saved_bytes, &recomputed.saved_bytes);
        compare("last_revision", &recorded.last_revision, &recomputed.last_revision);
        compare("played_worlds", &recorded.played_worlds, &recomputed.played_worlds);
        compare("played_stories", &recorded.played_stories, &recomputed.played_stories);
        compare("played_micros", &recorded.played_micros, &recomputed.played_micros);
        compare("minutes_played", &recorded.minutes_played, &recomputed.minutes_played);
        compare("last_world_id", &recorded.last_world_id, &recomputed.last_world_id);
        compare("last_played_at", &recorded.last_played_at, &recomputed.last_played_at);
        if self.differences.len() > known {
            self.dashboard = Some(recomputed);
        }
    }

    fn compare_worlds(&mut self, ctx: &ReducerContext, player: Identity) {
        let mut sums = played_sums(ctx, player);
        for recorded in ctx.db.profile_played_world().owner().filter(player) {
            let row = format!("profile_played_world[{}]", recorded.world_id);
            let Some(sum) = sums.remove(&recorded.world_id) else {
                self.report(row, "a row", "none");
                self.surplus_worlds.push(recorded.id);
                continue;
            };
            let recomputed = sum.applied_to(ctx, recorded.clone());
            let known = self.differences.len();
            let mut compare = |column: &str, recorded: &dyn Debug, recomputed: &dyn Debug| {
                self.compare(format!("{row}.{column}"), recorded, recomputed);
            };
            compare("version_id", &recorded.version_id, &recomputed.version_id);
            compare("last_session_id", &recorded.last_session_id, &recomputed.last_session_id);
            compare("stories", &recorded.stories, &recomputed.stories);
            compare("played_micros", &recorded.played_micros, &recomputed.played_micros);
            compare("minutes_played", &recorded.minutes_played, &recomputed.minutes_played);
            compare("first_played_at", &recorded.first_played_at, &recomputed.first_played_at);
            compare("last_played_at", &recorded.last_played_at, &recomputed.last_played_at);
            if self.differences.len() > known {
                self.worlds.push(recomputed);
            }
        }
        for (world_id, sum) in sums {
            self.report(format!("profile_played_world[{world_id}]"), "none", "a row");
            self.worlds.extend(sum.as_missing_row(ctx, player, world_id));
        }
    }

    fn compare_balance(&mut self, ctx: &ReducerContext, player: Identity, currency: WalletCurrency) {
        let recorded = find_balance(ctx, player, currency);
        let lines = ctx.db.profile_wallet_ledger().by_sequence().filter((player, currency));
        let lines = ascending(lines.map(|entry| entry.as_line()), |line| line.sequence);
        let (balance, ledger_length) = match module_runtime::replay(lines) {
            Ok(replayed) => replayed,
            Err(fault) => {
                let line = format!("profile_wallet_ledger[{currency:?}, {}]", fault.sequence);
                self.report(line, "a line that does not follow", "one that follows from those before it");
                return;
            }
        };
        let on_record = recorded.as_ref().map_or((0, 0), |row| (row.balance, row.ledger_length));
        let row = format!("profile_wallet_balance[{currency:?}]");
        self.compare(format!("{row}.balance"), &on_record.0, &balance);
        self.compare(format!("{row}.ledger_length"), &on_record.1, &ledger_length);
        if on_record != (balance, ledger_length) {
            let empty = ProfileWalletBalance {
                id: 0,
                owner: player,
                currency,
                balance: 0,
                ledger_length: 0,
                transfer_day: 0,
                transfers_that_day: 0,
                updated_at: ctx.timestamp,
            };
            let present = recorded.unwrap_or(empty);
            self.balances.push(ProfileWalletBalance { balance, ledger_length, updated_at: ctx.timestamp, ..present });
        }
    }

    fn compare(&mut self, projection: String, recorded: &dyn Debug, recomputed: &dyn Debug) {
        let (recorded, recomputed) = (format!("{recorded:?}"), format!("{recomputed:?}"));
        if recorded != recomputed {
            self.report(projection, &recorded, &recomputed);
        }
    }

    fn report(&mut self, projection: String, recorded: &str, recomputed: &str) {
        let (recorded, recomputed) = (recorded.to_owned(), recomputed.to_owned());
        self.differences.push(ProfileProjectionDifference { projection, recorded, recomputed });
    }
}

/// The dashboard as the rows of its player say it is.
fn recomputed_dashboard(ctx: &ReducerContext, recorded: &ProfileDashboardState) -> ProfileDashboardState {
    let player = recorded.player;
    let mut holdings = module_runtime::Holdings::default();
    // Saves that are gone have had revisions too, so this may only be too low.
    let mut last_revision = recorded.last_revision;
    for snapshot in ctx.db.runtime_snapshot().owner().filter(player) {
        holdings.snapshots = holdings.snapshots.saturating_add(1);
        holdings.bytes = holdings.bytes.saturating_add(snapshot.byte_size);
        last_revision = last_revision.max(snapshot.revision);
    }
    for archive in ctx.db.profile_save_archive().owner().filter(player) {
        holdings.archives = holdings.archives.saturating_add(1);
        holdings.bytes = holdings.bytes.saturating_add(archive.byte_size);
        last_revision = last_revision.max(archive.revision);
    }
    let sums = played_sums(ctx, player);
    let mut recomputed = ProfileDashboardState {
        last_revision,
        played_worlds: u32::try_from(sums.len()).unwrap_or(u32::MAX),
        played_stories: 0,
        played_micros: 0,
        last_world_id: None,
        last_played_at: None,
        ..recorded.clone().with_holdings(holdings)
    };
    for (world_id, sum) in sums {
        recomputed.played_stories = recomputed.played_stories.saturating_add(sum.stories);
        recomputed.played_micros = recomputed.played_micros.saturating_add(sum.micros);
        let played_at = Some(sum.last_played_at);
        // Of two worlds that were played last at the same moment, the one on record is as good.
        let is_on_record = recorded.last_world_id == Some(world_id) && recomputed.last_played_at == played_at;
        if recomputed.last_played_at < played_at || is_on_record {
            recomputed.last_played_at = played_at;
            recomputed.last_world_id = Some(world_id);
        }
    }
    recomputed.minutes_played = module_runtime::minutes(recomputed.played_micros);
    recomputed
}

/// What the stories of a player say about one world.
struct PlayedSum {
    stories: u32,
    micros: u64,
    first_played_at: Timestamp,
    last_played_at: Timestamp,
    last_session_id: Uuid,
}

fn played_sums(ctx: &ReducerContext, player: Identity) -> BTreeMap<Uuid, PlayedSum> {
    let mut sums: BTreeMap<Uuid, PlayedSum> = BTreeMap::new();
    for story in ctx.db.profile_played_story().owner().filter(player) {
        let sum = sums.entry(story.world_id).or_insert(PlayedSum {
            stories: 0,
            micros: 0,
            first_played_at: story.first_played_at,
            last_played_at: story.last_played_at,
            last_session_id: story.session_id,
        });
        sum.stories = sum.stories.saturating_add(1);
        sum.micros = sum.micros.saturating_add(story.played_micros);
        sum.first_played_at = sum.first_played_at.min(story.first_played_at);
        if sum.last_played_at < story.last_played_at {
            sum.last_played_at = story.last_played_at;
            sum.last_session_id = story.session_id;
        }
    }
    sums
}

impl PlayedSum {
    fn applied_to(&self, ctx: &ReducerContext, row: ProfilePlayedWorld) -> ProfilePlayedWorld {
        let last_session_id = self.last_session_of(ctx, &row);
        let story = ctx.db.story_session().session_id().find(last_session_id);
        ProfilePlayedWorld {
            version_id: story.map_or(row.version_id, |story| story.version_id),
            last_session_id,
            stories: self.stories,
            played_micros: self.micros,
            minutes_played: module_runtime::minutes(self.micros),
            first_played_at: self.first_played_at,
            last_played_at: self.last_played_at,
            ..row
        }
    }

    /// The story that was played last. Of two that were so at the same moment, the one on record is as good.
    fn last_session_of(&self, ctx: &ReducerContext, row: &ProfilePlayedWorld) -> Uuid {
        let on_record = ctx.db.profile_played_story().session_id().find(row.last_session_id);
        let is_last = on_record.is_some_and(|story| {
            (story.owner, story.world_id, story.last_played_at) == (row.owner, row.world_id, self.last_played_at)
        });
        if is_last { row.last_session_id } else { self.last_session_id }
    }

    /// The row of a world that has none. Its version is that of the last story.
    fn as_missing_row(&self, ctx: &ReducerContext, owner: Identity, world_id: Uuid) -> Option<ProfilePlayedWorld> {
        let story = ctx.db.story_session().session_id().find(self.last_session_id)?;
        let row = ProfilePlayedWorld {
            id: 0,
            owner,
            world_id,
            version_id: story.version_id,
            last_session_id: self.last_session_id,
            stories: 0,
            played_micros: 0,
            minutes_played: 0,
            first_played_at: self.first_played_at,
            last_played_at: self.last_played_at,
        };
        Some(self.applied_to(ctx, row))
    }
}
