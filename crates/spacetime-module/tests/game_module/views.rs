//! Views: each shows its sender's own rows, and finds them by an index.

use std::collections::BTreeSet;

use spacetime_module::*;

use crate::sources::sources;
use crate::world::{Actor, World, cover_of};

#[test]
fn players_see_their_own_rows_in_every_status() {
    let world = World::new();
    let pending = world.pending(Actor::Alice, "a");
    let bound = world.confirmed(Actor::Alice, "b");
    let deleted = world.confirmed(Actor::Alice, "c");
    let deleted = world.delete(Actor::Alice, deleted.asset_id).unwrap();
    let bobs = world.public(Actor::Bob, "d");
    let binding = world.bind(Actor::Alice, cover_of("w", bound.asset_id)).unwrap().binding;

    let mut seen = world.see(Actor::Alice, my_assets);
    seen.sort_by(|one, other| one.object_key.cmp(&other.object_key));
    assert_eq!(seen, [pending, bound, deleted]);
    assert_eq!(world.see(Actor::Bob, my_assets), [bobs]);
    assert_eq!(world.see(Actor::Alice, my_asset_bindings), [binding]);
    for actor in [Actor::Bob, Actor::Admin, Actor::Stranger] {
        assert_eq!(world.see(actor, my_asset_bindings), [], "{actor:?}");
    }
    assert_eq!(world.see(Actor::Stranger, my_assets), []);
    assert_eq!(world.see(Actor::Stranger, my_roles), []);
}

/// The engine runs a view again for everybody who watches it whenever its table changes, unless it has read by whole
/// keys: then only for those who have read a key of a changed row. A query counts as a read of the whole table.
#[test]
fn each_view_reads_by_whole_keys() {
    let world = World::new();
    let module_def = world.test.datastore().module_def();
    let mut checked = BTreeSet::new();
    for (path, text) in sources() {
        for (view, body) in bodies_of_views(&text) {
            assert!(!body.contains("ctx.from"), "{view} in {} returns a query", path.display());
            for read in body.split("ctx.db.").skip(1) {
                let (table, rest) = read.split_once("().").unwrap();
                let (index, rest) = rest.split_once("().").unwrap_or_else(|| panic!("{view} scans {table}"));
                let table = module_def.tables().find(|def| &*def.accessor_name == table).unwrap();
                let index = table.indexes.values().find(|def| def.accessor_name.as_deref() == Some(index)).unwrap();
                assert_eq!(
                    columns_read(rest),
                    index.algorithm.columns().iter().count(),
                    "{view} reads a range of {index:?}"
                );
            }
            checked.insert(view);
        }
    }
    let views: BTreeSet<_> = module_def.views().map(|view| view.name.to_string()).collect();
    assert_eq!(checked, views, "this test must see every view");
}

/// Name and body (without whitespace) of each view in a source file.
fn bodies_of_views(text: &str) -> Vec<(String, String)> {
    let items = text.split("\n#[view").skip(1).map(|item| item.split_once("pub fn ").unwrap().1);
    items
        .map(|item| {
            let (name, rest) = item.split_once('(').unwrap();
            let (body, _) = rest.split_once("\n}").unwrap();
            (name.to_owned(), body.split_whitespace().collect())
        })
        .collect()
}

/// How many columns a read names: what follows an index is `find(…)`, `filter(…)`, or one of them with a tuple.
fn columns_read(rest: &str) -> usize {
    let (_, argument) = rest.split_once('(').unwrap();
    match argument.strip_prefix('(') {
        Some(tuple) => tuple.split_once("))").unwrap().0.split_terminator(',').count(),
        None => 1,
    }
}
