//! Walks every entry point as every kind of caller, and holds the result against a table.

use std::collections::BTreeMap;
use std::fmt::Write;

use spacetime_module::*;
use spacetimedb::Uuid;

use crate::world::{Actor, World, confirmation_of, cover_of, own_registration, uncover};

const TABLE: &str = include_str!("../access_matrix.txt");

/// The columns of the table. The rows that the calls are about belong to Alice.
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

/// Alice's rows, one for each thing that can be done with one.
struct Scene {
    world: World,
    pending: AssetObject,
    private: AssetObject,
    deleted: Uuid,
}

impl Scene {
    fn new() -> Scene {
        let world = World::new();
        let bound = world.confirmed(Actor::Alice, "bound");
        world.bind(Actor::Alice, cover_of("bound", bound.asset_id)).unwrap();
        let deleted = world.pending(Actor::Alice, "deleted").asset_id;
        world.delete(Actor::Alice, deleted).unwrap();
        world.confirmed(Actor::Bob, "bobs");
        Scene {
            pending: world.pending(Actor::Alice, "pending"),
            private: world.confirmed(Actor::Alice, "private"),
            deleted,
            world,
        }
    }

    /// Calls one entry point, for oneself or for Alice, and says how it went.
    fn outcome(&self, entry_point: &str, caller: Actor) -> String {
        let world = &self.world;
        let (name, named) = match entry_point.strip_suffix(FOR_OWNER) {
            Some(name) => (name, Some(Actor::Alice.identity())),
            None => (entry_point, None),
        };
        let alice = Actor::Alice.identity();
        let own = own_registration(if named.is_some() { Actor::Alice } else { caller }, "new");
        let timer = AssetUploadExpiry {
            scheduled_id: 1,
            scheduled_at: spacetimedb::ScheduleAt::Time(world.now()),
            asset_id: self.pending.asset_id,
        };
        let cover = cover_of("free", self.private.asset_id);
        let confirmation = confirmation_of(&self.pending);
        match name {
            "init" => said(world.reduce(caller, init)),
            "grant_role" => said(world.reduce(caller, |ctx| grant_role(ctx, alice, AccessRole::Operator))),
            "revoke_role" => {
                said(world.reduce(caller, |ctx| revoke_role(ctx, Actor::Moderator.identity(), AccessRole::Moderator)))
            }
            "my_roles" => seen(world.see(caller, my_roles)),
            "register_asset_object" => said(world.reduce(caller, |ctx| register_asset_object(ctx, own))),
            "register_asset_object_and_return" => {
                said(world.call(caller, |ctx| register_asset_object_and_return(ctx, named, own)))
            }
            "confirm_asset_object" => said(world.reduce(caller, |ctx| confirm_asset_object(ctx, confirmation))),
            "confirm_asset_object_and_return" => {
                said(world.call(caller, |ctx| confirm_asset_object_and_return(ctx, named, confirmation)))
            }
            "read_asset_object_and_return" => {
                said(world.call(caller, |ctx| read_asset_object_and_return(ctx, named, self.private.asset_id)))
            }
            "delete_asset_object" => said(world.reduce(caller, |ctx| delete_asset_object(ctx, self.private.asset_id))),
            "delete_asset_object_and_return" => {
                said(world.call(caller, |ctx| delete_asset_object_and_return(ctx, named, self.private.asset_id)))
            }
            "list_expired_asset_objects_and_return" => {
                said(world.call(caller, |ctx| list_expired_asset_objects_and_return(ctx, 10)))
            }
            "forget_deleted_asset_objects_and_return" => {
                said(world.call(caller, |ctx| forget_deleted_asset_objects_and_return(ctx, vec![self.deleted])))
            }
            "expire_asset_upload" => said(world.reduce(caller, |ctx| expire_asset_upload(ctx, timer))),
            "my_assets" => seen(world.see(caller, my_assets)),
            "bind_asset_object_to_entity" => said(world.reduce(caller, |ctx| bind_asset_object_to_entity(ctx, cover))),
            "bind_asset_object_to_entity_and_return" => {
                said(world.call(caller, |ctx| bind_asset_object_to_entity_and_return(ctx, named, cover)))
            }
            "unbind_asset_object_from_entity" => {
                said(world.reduce(caller, |ctx| unbind_asset_object_from_entity(ctx, uncover("bound"))))
            }
            "unbind_asset_object_from_entity_and_return" => {
                said(world.call(caller, |ctx| unbind_asset_object_from_entity_and_return(ctx, named, uncover("bound"))))
            }
            "my_asset_bindings" => seen(world.see(caller, my_asset_bindings)),
            _ => panic!("{name} is new: add a call here, and its row to access_matrix.txt"),
        }
    }
}

fn said<T>(result: Result<T, DomainError>) -> String {
    match result {
        Ok(_) => "ok".to_owned(),
        Err(refusal) => refusal.code.name().to_owned(),
    }
}

fn seen<T>(rows: Vec<T>) -> String {
    if rows.is_empty() { "empty".to_owned() } else { "rows".to_owned() }
}

/// Marks a call that names Alice as the player to act for.
const FOR_OWNER: &str = "@owner";

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

type Matrix = BTreeMap<String, Vec<String>>;

fn committed() -> (Vec<String>, Matrix) {
    let mut lines = TABLE.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let columns = words(lines.next().expect("a line of columns"))[1..].to_vec();
    let mut matrix = Matrix::new();
    for line in lines {
        let mut cells = words(line);
        let name = cells.remove(0);
        let twice = matrix.insert(name.clone(), cells);
        assert!(twice.is_none(), "{name} stands in access_matrix.txt twice");
    }
    (columns, matrix)
}

fn walked() -> Matrix {
    let names = entry_points(&World::new());
    let outcomes = |name: &String| CALLERS.map(|(_, caller)| Scene::new().outcome(name, caller)).to_vec();
    names.iter().map(|name| (name.clone(), outcomes(name))).collect()
}

fn rendered(matrix: &Matrix) -> String {
    let mut text = format!("{:<51}", "entry_point");
    CALLERS.iter().for_each(|(column, _)| write!(text, "{column:<11}").unwrap());
    for (name, cells) in matrix {
        write!(text, "\n{name:<51}").unwrap();
        cells.iter().for_each(|cell| write!(text, "{cell:<11}").unwrap());
    }
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

#[test]
fn every_entry_point_admits_whom_the_table_says() {
    let (columns, committed) = committed();
    assert_eq!(columns, CALLERS.map(|(column, _)| column.to_owned()));
    let walked = walked();
    let differing: Vec<_> = walked
        .iter()
        .filter(|(name, cells)| committed.get(*name) != Some(*cells))
        .map(|(name, _)| name)
        .chain(committed.keys().filter(|name| !walked.contains_key(*name)))
        .collect();
    assert!(
        differing.is_empty(),
        "access_matrix.txt and the module differ in {differing:?}. The module does this:\n{}",
        rendered(&walked)
    );
}
