//! Walks every entry point as every kind of caller, and holds the result against tables.
//!
//! Each domain has a table beside its calls, `tests/access_matrix/<domain>.txt`, and the rows that
//! its calls are about belong to one player, Alice, the owner. `UPDATE_EXPECT=1` writes the tables
//! anew; read what changed in them before you commit it.
//!
//! | column | who |
//! | --- | --- |
//! | stranger | has no rows and no roles |
//! | other | a player with rows of its own |
//! | owner | the player whom the rows belong to |
//! | service, moderator, operator, admin | hold that role |
//! | publisher | the database's owner, made Admin by `init` |
//! | engine | the scheduler |
//!
//! `name@owner` is a call that names the owner as the player to act for. A cell is `ok` or the
//! error's code; for a view, whether it shows rows.

mod access;
mod ai;
mod assets;
mod big_fish;
mod combat;
mod custom_world_creation;
mod custom_world_publishing;
mod inventory;
mod puzzle;
mod requests;
mod runtime;
mod story;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use expect_test::expect_file;
use spacetime_module::*;
use spacetimedb::Identity;

use crate::world::{Actor, World};

/// Makes one call as one caller in a fresh world, and says how it went; nothing if the entry point
/// is another domain's. `named` is the player to act for.
type Outcome = fn(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> Option<String>;

/// The domains, and the names of their tables.
const DOMAINS: &[(&str, Outcome)] = &[
    ("access", access::outcome),
    ("ai", ai::outcome),
    ("assets", assets::outcome),
    ("puzzle", puzzle::outcome),
    ("inventory", inventory::outcome),
    ("custom_world_creation", custom_world_creation::outcome),
    ("big_fish", big_fish::outcome),
    ("custom_world_publishing", custom_world_publishing::outcome),
    ("combat", combat::outcome),
    ("requests", requests::outcome),
    ("runtime", runtime::outcome),
    ("story", story::outcome),
];

const CALLERS: [(&str, Actor); 9] = [
    ("stranger", Actor::Stranger),
    ("other", Actor::Bob),
    ("owner", Actor::Alice),
    ("service", Actor::Service),
    ("moderator", Actor::Moderator),
    ("operator", Actor::Operator),
    ("admin", Actor::Admin),
    ("publisher", Actor::Owner),
    ("engine", Actor::Engine),
];

/// Marks a call that names Alice as the player to act for.
const FOR_OWNER: &str = "@owner";

#[test]
fn every_entry_point_admits_whom_the_table_says() {
    let mut tables: BTreeMap<&str, String> = BTreeMap::new();
    for entry_point in entry_points(&World::new()) {
        let (domain, cells) = walk(&entry_point);
        let table = tables.entry(domain).or_insert_with(header);
        write!(table, "{entry_point:<61}").unwrap();
        cells.iter().for_each(|cell| write!(table, "{cell:<19}").unwrap());
        table.truncate(table.trim_end().len());
        table.push('\n');
    }
    for (domain, _) in DOMAINS {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/access_matrix").join(format!("{domain}.txt"));
        expect_file![file].assert_eq(&tables[domain]);
    }
}

fn header() -> String {
    let mut line = format!("{:<61}", "entry_point");
    CALLERS.iter().for_each(|(column, _)| write!(line, "{column:<19}").unwrap());
    format!("{}\n", line.trim_end())
}

/// The domain of an entry point, and what each caller gets from it.
fn walk(entry_point: &str) -> (&'static str, Vec<String>) {
    let (name, named) = match entry_point.strip_suffix(FOR_OWNER) {
        Some(name) => (name, Some(Actor::Alice.identity())),
        None => (entry_point, None),
    };
    for (domain, outcome) in DOMAINS {
        let cells: Vec<_> =
            CALLERS.into_iter().map_while(|(_, caller)| outcome(&World::new(), name, caller, named)).collect();
        if !cells.is_empty() {
            return (domain, cells);
        }
    }
    panic!("{name} is new: add a call to its domain's file in this folder");
}

/// Every entry point of the module; twice, if it takes a player to act for.
fn entry_points(world: &World) -> Vec<String> {
    let module_def = world.test.datastore().module_def();
    let mut names: Vec<_> = module_def.reducers().map(|def| def.name.to_string()).collect();
    names.extend(module_def.views().map(|def| def.name.to_string()));
    for procedure in module_def.procedures() {
        names.push(procedure.name.to_string());
        let params = procedure.params.elements.iter();
        if params.filter_map(|param| param.name()).any(|name| &**name == "acting_player") {
            names.push(format!("{}{FOR_OWNER}", procedure.name));
        }
    }
    names.sort();
    names
}

/// What came of a call.
pub fn said<T>(result: Result<T, DomainError>) -> String {
    match result {
        Ok(_) => "ok".to_owned(),
        Err(refusal) => refusal.code.name().to_owned(),
    }
}

/// What a view shows.
pub fn seen<T>(rows: Vec<T>) -> String {
    if rows.is_empty() { "empty".to_owned() } else { "rows".to_owned() }
}
