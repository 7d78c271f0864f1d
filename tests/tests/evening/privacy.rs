//! Who sees what: a statement about every table and view that a client can subscribe to, and about
//! every table behind them.

use std::collections::BTreeSet;

use anyhow::ensure;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use spacetimedb_sdk::Table;
use worldloom_client::{
    CustomWorldGalleryEntry, CustomWorldGalleryEntryTableAccess, CustomWorldPublication, GalleryWorldsTableAccess,
    RemoteTables,
};
use worldloom_tests::{Account, Database, Outcome, Player};

use crate::cast::Cast;
use crate::tables::{holdings, names_in_bindings};

/// Views of which a client has rows only if it names what it wants. Nobody does in an evening; who sees what of
/// them is tested with the module.
const WITH_ARGUMENTS: [&str; 3] = ["ai_queue_news", "ai_task_feed", "story_feed"];
/// The tables that show the gallery of worlds.
const GALLERY: [&str; 2] = ["custom_world_gallery_entry", "gallery_worlds"];

impl Cast {
    /// These publications are all that a stranger sees, and nobody sees what is another's.
    pub async fn stranger_sees_only(&self, published: &[&CustomWorldPublication]) -> Outcome {
        self.stranger.sees("the gallery as it is", |rows| shows_exactly(rows, published).then_some(())).await?;
        // A device that joins now is sent all that there is at this moment; the one that has been
        // here from the beginning has what it was sent on the way.
        let newcomer = Player::join_as(&self.studio.database, self.stranger.account.clone()).await?;
        ensure!(shows_exactly(newcomer.rows(), published), "a newcomer sees another gallery");
        for stranger in [&newcomer, &self.stranger] {
            for holding in holdings(stranger.rows(), stranger.identity) {
                let allowed = if GALLERY.contains(&holding.table) { published.len() } else { 0 };
                ensure!(
                    (holding.public, holding.own, holding.foreign) == (allowed, 0, 0),
                    "a stranger has {holding:?}"
                );
            }
        }
        newcomer.leave();
        for client in self.everybody() {
            for holding in holdings(client.rows(), client.identity) {
                ensure!(holding.foreign == 0, "{} has {holding:?}", client.identity);
            }
        }
        Ok(())
    }

    /// By SQL, too, a stranger gets no row of a view for owners, and of a private table not even an
    /// answer.
    pub async fn stranger_queries_in_vain(&self) -> Outcome {
        let (database, stranger) = (&self.studio.database, &self.stranger.account);
        for table in Schema::of(database).await?.private_tables {
            let (status, answer) = query(database, stranger, &table).await?;
            ensure!(status == StatusCode::BAD_REQUEST, "{table}: {status} {answer}");
            let (status, answer) = query(database, &database.owner, &table).await?;
            ensure!(status.is_success(), "not even the owner reads {table}: {status} {answer}");
        }
        for view in names_in_bindings().iter().filter(|name| name.starts_with("my_")) {
            let (status, answer) = query(database, stranger, view).await?;
            ensure!(status.is_success(), "{view}: {status} {answer}");
            ensure!(answer[0]["rows"] == json!([]), "{view}: {answer}");
        }
        Ok(())
    }

    /// No table or view can be forgotten in what is said about them here.
    pub async fn every_table_is_watched(&self) -> Outcome {
        let watched = holdings(self.stranger.rows(), self.stranger.identity);
        let watched: BTreeSet<String> = watched.iter().map(|holding| holding.table.to_owned()).collect();
        let bound = names_in_bindings().iter().map(|name| (*name).to_owned()).collect();
        ensure!(watched == bound, "not watched: {:?}", watched.symmetric_difference(&bound));
        let mut served = Schema::of(&self.studio.database).await?.subscribable;
        for view in WITH_ARGUMENTS {
            ensure!(served.remove(view), "there is no {view}");
        }
        ensure!(watched == served, "not watched: {:?}", watched.symmetric_difference(&served));
        Ok(())
    }
}

/// Whether both tables of the gallery show these publications, each as it was published.
fn shows_exactly(rows: &RemoteTables, published: &[&CustomWorldPublication]) -> bool {
    let expected: BTreeSet<_> = published.iter().map(|publication| publication.version.version_id).collect();
    let as_published = |entry: &CustomWorldGalleryEntry| {
        let publication = published.iter().find(|publication| publication.version.version_id == entry.version_id);
        publication.is_some_and(|CustomWorldPublication { version, gallery_entry, .. }| {
            let shown = gallery_entry.as_ref();
            (entry.world_id, entry.version, &entry.title) == (version.world_id, version.version, &version.title)
                && shown.is_some_and(|shown| {
                    (&entry.tagline, &entry.tags, entry.cover_asset_id)
                        == (&shown.tagline, &shown.tags, shown.cover_asset_id)
                })
        })
    };
    [rows.custom_world_gallery_entry().iter().collect::<Vec<_>>(), rows.gallery_worlds().iter().collect()]
        .iter()
        .all(|shown| shown.len() == expected.len() && shown.iter().all(as_published))
}

/// What the node says of the module's tables and views.
struct Schema {
    private_tables: Vec<String>,
    /// Public tables and views.
    subscribable: BTreeSet<String>,
}

impl Schema {
    async fn of(database: &Database) -> anyhow::Result<Self> {
        let request = database.request(Method::GET, "/schema?version=9", &database.owner);
        let schema: Value = request.send().await?.error_for_status()?.json().await?;
        let name = |definition: &Value| definition["name"].as_str().map(str::to_owned);
        let is_public = |table: &&Value| table["table_access"].get("Public").is_some();
        let all = |list: &str| schema[list].as_array().cloned().unwrap_or_default();
        let (tables, exports) = (all("tables"), all("misc_exports"));
        let views = exports.iter().filter_map(|export| export.get("View"));
        let schema = Self {
            private_tables: tables.iter().filter(|table| !is_public(table)).filter_map(name).collect(),
            subscribable: tables.iter().filter(is_public).chain(views).filter_map(name).collect(),
        };
        ensure!(schema.private_tables.len() > 50, "these private tables only: {:?}", schema.private_tables);
        Ok(schema)
    }
}

async fn query(database: &Database, account: &Account, table: &str) -> anyhow::Result<(StatusCode, Value)> {
    let statement = format!("SELECT * FROM {table}");
    let answer = database.request(Method::POST, "/sql", account).body(statement).send().await?;
    let status = answer.status();
    let text = answer.text().await?;
    Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
}
