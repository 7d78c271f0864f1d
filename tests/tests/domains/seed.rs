//! Seeding: the same plan makes the same rows, once.

use std::collections::BTreeMap;

use serde_json::Value;
use worldloom_tests::module_calls::{ModuleCalls, SocketCalls};
use worldloom_tests::seed::{Plan, Progress, fill};
use worldloom_tests::{Database, Outcome, TestNode};

/// A little of everything that players leave behind.
pub const PLAN: Plan = Plan { players: 12, worlds: 3, seed: 7 };

/// What one seed decides, whatever the database. Ids, times and the module's own chance are not in it.
const DECIDED: [(&str, &str); 13] = [
    ("custom_world_version", "author, version, title, first_chapter_key, content_hash"),
    ("custom_world_draft_card", "owner, kind, key, entry"),
    ("custom_world_gallery_entry", "author, title, tags, likes, players"),
    ("asset_object", "owner, object_key, sha_256, status"),
    ("picture_puzzle", "author, title, columns, rows, status"),
    ("big_fish_game", "owner, status, version_number, title, play_count"),
    ("runtime_setting", "owner, key, value"),
    ("profile_wallet_balance", "owner, currency, balance"),
    ("user_browse_history", "owner, kind, title, visits"),
    ("story_session", "owner, status, chapter_key"),
    ("quest_record", "owner, quest_key, status, attempts"),
    ("ai_task", "owner, kind, status, attempt"),
    ("runtime_snapshot", "owner, slot, checksum, revision"),
];

async fn seeded(node: &TestNode, name: &str) -> anyhow::Result<(Database, ModuleCalls)> {
    let database = node.publish(name, "spacetime_module").await?;
    let calls = filled(&database).await?;
    Ok((database, calls))
}

/// Carries the plan out on a database; gives what it was done with.
pub async fn filled(database: &Database) -> anyhow::Result<ModuleCalls> {
    let service = database.account().await?;
    database.grant(&service, "service").await?;
    let calls = ModuleCalls::Socket(SocketCalls::connect(&database.url, &database.name, &service.token).await?);
    fill(&calls, PLAN, &Progress::default()).await?;
    Ok(calls)
}

/// The rows of a query in an order of their own.
async fn rows(database: &Database, query: &str) -> anyhow::Result<Vec<String>> {
    let mut rows: Vec<_> = database.sql(query).await?.iter().map(Value::to_string).collect();
    rows.sort();
    Ok(rows)
}

/// Has another row each minute, whatever else happens.
const CLOCK: &str = "request_forgetting";

/// All rows of all tables but one. The engine lists views among them, which show the same rows, some only with arguments.
pub async fn everything(database: &Database) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    let views = rows(database, "SELECT view_name FROM st_view").await?;
    let mut tables = BTreeMap::new();
    for table in database.sql("SELECT table_name FROM st_table WHERE table_type = 'user'").await? {
        if views.contains(&table.to_string()) {
            continue;
        }
        let name = table[0].as_str().unwrap().to_owned();
        if name == CLOCK {
            continue;
        }
        let content = rows(database, &format!("SELECT * FROM {name}")).await?;
        tables.insert(name, content);
    }
    Ok(tables)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_carried_out_once() -> Outcome {
    let node = TestNode::start().await?;
    let (database, calls) = seeded(&node, "once").await?;
    let first = everything(&database).await?;
    assert_eq!(first["runtime_snapshot"].len(), 12, "everybody has saved");
    assert_eq!(first["custom_world_gallery_entry"].len(), 3);
    fill(&calls, PLAN, &Progress::default()).await?;
    for (table, content) in everything(&database).await? {
        assert_eq!(content, first[&table], "{table}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seed_decides_what_is_made() -> Outcome {
    let node = TestNode::start().await?;
    let (one, _calls) = seeded(&node, "one").await?;
    let (other, _calls) = seeded(&node, "other").await?;
    for (table, columns) in DECIDED {
        let query = format!("SELECT {columns} FROM {table}");
        let made = rows(&one, &query).await?;
        assert!(!made.is_empty(), "{table}");
        assert_eq!(made, rows(&other, &query).await?, "{table}");
    }
    Ok(())
}
