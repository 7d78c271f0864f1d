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
mod logins;
mod npc;
mod puzzle;
mod quest;
mod requests;
mod runtime;
mod story;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use expect_test::expect_file;
use spacetime_module::*;
use spacetimedb::Identity;
use tempfile::NamedTempFile;

use crate::world::{Actor, World};

/// Makes one call as one caller in a fresh world, and says how it went; nothing if the entry point
/// is another domain's. `named` is the player to act for.
type Outcome = fn(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> Option<String>;

/// The domains, and the names of their tables.
const DOMAINS: &[(&str, Outcome)] = &[
    ("access", access::outcome),
    ("logins", logins::outcome),
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
    ("npc", npc::outcome),
    ("quest", quest::outcome),
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

/// Names the domain that a child process walks, and where it writes the table.
const CHILD: &str = "ACCESS_MATRIX_CHILD";

#[test]
fn every_entry_point_admits_whom_the_table_says() {
    if let Ok(order) = std::env::var(CHILD) {
        return walk_one_domain(&order);
    }
    let mut names: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let committed = committed_domains();
    for entry_point in entry_points(&World::new()) {
        let known = committed.get(&entry_point).copied();
        names.entry(known.unwrap_or_else(|| domain_of(&entry_point))).or_default().push(entry_point);
    }
    for pair in DOMAINS.chunks(2) {
        // The engine keeps part of a dropped test database; a process of its own gives it back.
        let children = pair.iter().map(|(domain, _)| walk_in_child(domain, &names[domain])).collect::<Vec<_>>();
        for ((domain, _), (mut child, table)) in pair.iter().zip(children) {
            assert!(child.wait().unwrap().success(), "the walk through {domain} failed");
            expect_file![table_file(domain)].assert_eq(&std::fs::read_to_string(table.path()).unwrap());
        }
    }
}

fn table_file(domain: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/access_matrix").join(format!("{domain}.txt"))
}

/// The domain in whose table an entry point stands already.
fn committed_domains() -> BTreeMap<String, &'static str> {
    let rows = DOMAINS.iter().flat_map(|(domain, _)| {
        let table = std::fs::read_to_string(table_file(domain)).unwrap_or_default();
        let names: Vec<_> =
            table.lines().skip(1).filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect();
        names.into_iter().map(move |name| (name, *domain))
    });
    rows.collect()
}

/// The domain that can call a new entry point.
fn domain_of(entry_point: &str) -> &'static str {
    let (name, named) = split(entry_point);
    let knows = |outcome: &Outcome| outcome(&World::new(), name, Actor::Stranger, named).is_some();
    let domain = DOMAINS.iter().find(|(_, outcome)| knows(outcome));
    domain.unwrap_or_else(|| panic!("{name} is new: add a call to its domain's file in this folder")).0
}

fn walk_in_child(domain: &str, names: &[String]) -> (Child, NamedTempFile) {
    let table = NamedTempFile::new().unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["access_matrix::every_entry_point_admits_whom_the_table_says", "--exact", "--quiet"])
        .env(CHILD, format!("{domain} {} {}", table.path().display(), names.join(" ")))
        .stdout(Stdio::null())
        .spawn();
    (child.unwrap(), table)
}

/// The child's part: writes the table of one domain.
fn walk_one_domain(order: &str) {
    let mut words = order.split(' ');
    let (domain, file) = (words.next().unwrap(), words.next().unwrap());
    let (_, outcome) = DOMAINS.iter().find(|(name, _)| *name == domain).unwrap();
    let mut table = header();
    for entry_point in words {
        let (name, named) = split(entry_point);
        write!(table, "{entry_point:<61}").unwrap();
        for (_, caller) in CALLERS {
            let cell = outcome(&World::new(), name, caller, named);
            let cell = cell.unwrap_or_else(|| panic!("{entry_point} is not one of {domain}'s"));
            write!(table, "{cell:<19}").unwrap();
        }
        table.truncate(table.trim_end().len());
        table.push('\n');
    }
    std::fs::write(file, table).unwrap();
}

fn header() -> String {
    let mut line = format!("{:<61}", "entry_point");
    CALLERS.iter().for_each(|(column, _)| write!(line, "{column:<19}").unwrap());
    format!("{}\n", line.trim_end())
}

/// Name of the function, and the player that the call names.
fn split(entry_point: &str) -> (&str, Option<Identity>) {
    match entry_point.strip_suffix(FOR_OWNER) {
        Some(name) => (name, Some(Actor::Alice.identity())),
        None => (entry_point, None),
    }
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
