//! Holds the store against the rows, either way: objects that no row names, rows whose bytes are gone, parts of
//! uploads that nobody goes on with.
//!
//! The sweeper follows rows and so finds what a crash leaves behind; this finds what no row leads to, such as an upload
//! by a signed URL after its asset was deleted. A dry run changes nothing and tells the same.

use std::time::{Duration, SystemTime};

use futures::TryStreamExt;
use serde::Serialize;
use spacetimedb_sdk::Identity;
use utoipa::ToSchema;
use worldloom_client::{AssetObject, AssetStatus};

use super::AssetRegistry;
use super::sweeper::{SweepError, remove_one};
use crate::metrics::Metrics;
use crate::node_client::NodeClient;
use crate::objects::direct::Cut;
use crate::objects::key::VARIANTS;
use crate::objects::{ObjectKey, ObjectStore, config::ObjectsConfig};

/// Folders that uploads go to: those of the facade, and those that clients name themselves.
const FOLDERS: [&str; 2] = ["uploads/", "players/"];
/// Rows or keys in one call.
const BATCH: usize = 200;
/// Behind every key that the module takes.
const LAST_KEY: &str = "~";
/// Keys that a report names of each kind; the count goes on.
const NAMED_MAX: usize = 100;
/// An object must be older than every upload that may be under way: an announcement lives for an hour, and a transfer
/// that began in time may end later.
const ORPHAN_AGE: Duration = Duration::from_secs(2 * 60 * 60);

/// Reconciles every `interval`, for ever. The first time is after one interval, so that a start is not slowed down.
pub async fn run(node: NodeClient, store: ObjectStore, config: ObjectsConfig, metrics: Metrics) {
    let interval = Duration::from_secs(config.reconcile_interval_s);
    loop {
        tokio::time::sleep(interval).await;
        match Reconciler::new(&node, &store, &config).run(false).await {
            Ok(report) => {
                let count_of = |found: &Findings| usize::try_from(found.count).unwrap_or(usize::MAX);
                metrics.swept("orphan", count_of(&report.orphans));
                metrics.swept("object", count_of(&report.deleted));
                for asset_id in &report.lost.first {
                    tracing::error!(asset_id, "The bytes of a confirmed asset are gone");
                }
                tracing::info!(
                    objects = report.objects,
                    rows = report.rows,
                    orphans = report.orphans.count,
                    lost = report.lost.count,
                    leftover_parts = report.leftover_parts.count,
                    deleted = report.deleted.count,
                    "Held the object store against the rows"
                );
            }
            Err(error) => tracing::warn!(%error, "The object store could not be held against the rows; later again"),
        }
    }
}

/// What was found, and what was done about it.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Report {
    /// Whether everything was left as it is.
    pub dry_run: bool,
    /// Objects looked at.
    #[schema(example = 1_204)]
    pub objects: u64,
    /// Rows looked at.
    #[schema(example = 1_203)]
    pub rows: u64,
    /// Objects that no row names, and that are older than two hours. They are removed.
    pub orphans: Findings,
    /// Confirmed assets whose bytes are gone or of another size. They are only reported: restore the bytes, or have the
    /// assets deleted.
    pub lost: Findings,
    /// Assets with parts of an upload that is over. The parts are removed.
    pub leftover_parts: Findings,
    /// Deleted assets whose bytes still lie in the bucket. The bytes are removed; where that fails, the asset is in the
    /// log and not here, and the next time tries again. In a local folder they are left to the sweeper, and not told.
    pub deleted: Findings,
}

/// Things of one kind.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Findings {
    /// How many there are.
    #[schema(example = 1)]
    pub count: u64,
    /// The first of them.
    #[schema(example = json!(["uploads/c2007b6e/5d41402a-castle.png"]))]
    pub first: Vec<String>,
}

impl Findings {
    fn add(&mut self, what: &str) {
        self.count += 1;
        if self.first.len() < NAMED_MAX {
            self.first.push(what.to_owned());
        }
    }
}

/// Reconciles the store with the rows for an Operator, or for the facade itself.
pub struct Reconciler<'a> {
    /// The game module.
    pub node: &'a NodeClient,
    /// The store.
    pub store: &'a ObjectStore,
    /// What bucket it is, and how uploads are cut.
    pub config: &'a ObjectsConfig,
    /// The Operator, whose role the module checks.
    pub operator: Option<Identity>,
    /// Age from which an object without a row is an orphan.
    pub orphan_age: Duration,
}

impl<'a> Reconciler<'a> {
    /// With the usual age of orphans.
    pub fn new(node: &'a NodeClient, store: &'a ObjectStore, config: &'a ObjectsConfig) -> Self {
        Self { node, store, config, operator: None, orphan_age: ORPHAN_AGE }
    }

    /// Looks at everything, and removes what is left over unless this is a dry run.
    pub async fn run(&self, dry_run: bool) -> Result<Report, SweepError> {
        let mut report = Report { dry_run, ..Report::default() };
        // First of all, because the module checks the Operator's role there.
        self.rows(&mut report).await?;
        for folder in FOLDERS {
            self.objects(folder, &mut report).await?;
        }
        self.variants(&mut report).await?;
        self.parts(&mut report).await?;
        Ok(report)
    }

    async fn rows(&self, report: &mut Report) -> Result<(), SweepError> {
        let mut after = String::new();
        for until in stops() {
            self.rows_until(after, &until, report).await?;
            after = until;
        }
        Ok(())
    }

    async fn rows_until(&self, mut after: String, until: &str, report: &mut Report) -> Result<(), SweepError> {
        loop {
            let rows = self.node.list_assets(self.operator, &self.config.bucket, &after, until, BATCH as u32).await?;
            report.rows += rows.len() as u64;
            for row in rows.iter().filter(|row| row.status == AssetStatus::Confirmed) {
                if !self.is_whole(row).await? {
                    report.lost.add(&row.asset_id.to_string());
                }
            }
            if self.store.is_shared() {
                self.remove_deleted(&rows, report).await;
            }
            match rows.last() {
                Some(last) if rows.len() == BATCH => after.clone_from(&last.object_key),
                _ => return Ok(()),
            }
        }
    }

    /// The sweeper asks for deleted rows whatever their bucket. Where many are of another one, those of this bucket may
    /// never be among the rows that it gets. One that cannot be removed keeps nobody from anything, as there.
    async fn remove_deleted(&self, rows: &[AssetObject], report: &mut Report) {
        for row in rows.iter().filter(|row| row.status == AssetStatus::Deleted) {
            let removed = match report.dry_run {
                true => Ok(()),
                false => remove_one(self.node, self.store, row.clone()).await.map(drop),
            };
            match removed {
                Ok(()) => report.deleted.add(&row.asset_id.to_string()),
                Err(error) => {
                    tracing::warn!(asset_id = %row.asset_id, %error, "The bytes of a deleted asset stay; later again");
                }
            }
        }
    }

    async fn is_whole(&self, row: &AssetObject) -> Result<bool, SweepError> {
        let Some(key) = ObjectKey::parse(&row.object_key) else { return Ok(false) };
        Ok(self.store.size(&row.bucket, &key).await? == Some(row.byte_size))
    }

    async fn objects(&self, folder: &str, report: &mut Report) -> Result<(), SweepError> {
        let mut listed = self.store.list(&self.config.bucket, folder).await?.try_chunks(BATCH);
        while let Some(batch) = listed.try_next().await.map_err(|error| error.1)? {
            report.objects += batch.len() as u64;
            let old = batch.into_iter().filter(|(_, written)| self.is_old(*written)).map(|(key, _)| key);
            for key in self.unnamed(old.collect()).await? {
                report.orphans.add(key.as_str());
                if !report.dry_run {
                    self.remove(&key).await?;
                }
            }
        }
        Ok(())
    }

    fn is_old(&self, written: Option<SystemTime>) -> bool {
        written.and_then(|written| written.elapsed().ok()).is_some_and(|age| age >= self.orphan_age)
    }

    /// Those keys that no row names.
    async fn unnamed(&self, keys: Vec<ObjectKey>) -> Result<Vec<ObjectKey>, SweepError> {
        if keys.is_empty() {
            return Ok(keys);
        }
        let texts = keys.iter().map(|key| key.as_str().to_owned()).collect();
        let rows = self.node.find(&self.config.bucket, texts).await?;
        let is_named = |key: &ObjectKey| rows.iter().any(|row| row.object_key == key.as_str());
        Ok(keys.into_iter().filter(|key| !is_named(key)).collect())
    }

    async fn remove(&self, key: &ObjectKey) -> Result<(), SweepError> {
        let _held = self.store.lock(&self.config.bucket, key).await;
        // Somebody may have registered the place since it was looked at.
        if !self.unnamed(vec![key.clone()]).await?.is_empty() {
            self.store.remove(&self.config.bucket, key).await?;
        }
        Ok(())
    }

    /// Variants that were made while their asset was being deleted.
    async fn variants(&self, report: &mut Report) -> Result<(), SweepError> {
        let mut listed = self.store.list(&self.config.bucket, &format!("{VARIANTS}/")).await?;
        while let Some((key, written)) = listed.try_next().await? {
            report.objects += 1;
            let asset_id = key.as_str().split('/').nth(1).and_then(|id| id.parse().ok());
            let is_kept = match asset_id {
                Some(asset_id) => self.exists(asset_id).await?,
                None => false,
            };
            if !is_kept && self.is_old(written) {
                report.orphans.add(key.as_str());
                if !report.dry_run {
                    self.store.remove(&self.config.bucket, &key).await?;
                }
            }
        }
        Ok(())
    }

    async fn exists(&self, asset_id: uuid::Uuid) -> Result<bool, SweepError> {
        match self.node.read_asset_as_service(asset_id).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn parts(&self, report: &mut Report) -> Result<(), SweepError> {
        for asset_id in self.store.parted().await? {
            let is_over = match self.node.read_asset_as_service(asset_id).await {
                Ok(row) => row.status != AssetStatus::Pending || Cut::of(row.byte_size, self.config).is_none(),
                Err(error) if error.is_not_found() => true,
                Err(error) => return Err(error.into()),
            };
            if is_over {
                report.leftover_parts.add(&asset_id.to_string());
                if !report.dry_run {
                    self.store.forget_parts(asset_id).await?;
                }
            }
        }
        Ok(())
    }
}

/// Keys in their order, from one to the next of which rows are listed. The module reads all that lies between two keys
/// for each page of it, so they divide what is below the folders: owners are hashes behind two fixed bytes.
fn stops() -> Vec<String> {
    let mut folders = FOLDERS;
    folders.sort_unstable();
    let owners = |folder: &'static str| (0..=u8::MAX).map(move |byte| format!("{folder}c200{byte:02x}"));
    folders.into_iter().flat_map(owners).chain([LAST_KEY.to_owned()]).collect()
}

#[cfg(test)]
mod tests {
    //! The order of the stops.

    use super::*;

    #[test]
    fn rows_are_listed_from_stop_to_stop() {
        let stops = stops();
        assert!(stops.is_sorted(), "each listing goes up");
        assert_eq!(stops.len(), 2 * 256 + 1);
        assert!(
            ["players/c200ab", "uploads/c200ab", LAST_KEY].into_iter().all(|key| stops.iter().any(|stop| stop == key))
        );
        assert!(
            ObjectKey::parse("zzz/z").is_some_and(|key| key.as_str() < LAST_KEY),
            "nothing lies behind the last one"
        );
    }
}
