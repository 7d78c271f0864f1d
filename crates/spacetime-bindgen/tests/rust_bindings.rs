//! The committed Rust bindings compile against the official SDK, and so does code that uses every
//! part of their public shape. Queries and names on the wire need no server, so they are run.

#![allow(clippy::unwrap_used)]

#[path = "snapshots/rust/module_bindings/mod.rs"]
mod module_bindings;

#[path = "snapshots/rust/empty_bindings/mod.rs"]
mod empty_bindings;

use module_bindings::*;
use spacetimedb_sdk::__codegen::__query_builder::Query as _;
use spacetimedb_sdk::__codegen::{InModule, QueryBuilder, Reducer as _, SpacetimeModule};
use spacetimedb_sdk::{
    DbContext, Error, Event, EventTable, Identity, Status, SubscriptionHandle as _, Table, TableAccessor,
    TableWithPrimaryKey, Timestamp,
};

/// Stands for whatever an application does with a value, which only has to have the right type.
fn ignore<T>(_: T) {}

/// What a client does first: connect, subscribe by typed queries, and let a thread run.
pub fn connect(uri: &str, token: Option<String>) -> Result<DbConnection, Error> {
    let connection = DbConnection::builder()
        .with_uri(uri)
        .with_database_name("zoo")
        .with_token(token)
        .on_connect(|ctx: &DbConnection, identity: Identity, token: &str| {
            let _ = (ctx.identity() == identity, token.len());
        })
        .on_connect_error(|ctx: &ErrorContext, error: Error| ignore((ctx.event.is_some(), error)))
        .on_disconnect(|ctx: &ErrorContext, error: Option<Error>| ignore((ctx.is_active(), error)))
        .build()?;
    subscribe(&connection);
    connection.run_threaded();
    Ok(connection)
}

/// Subscriptions by typed query, by SQL and to everything.
pub fn subscribe(ctx: &impl RemoteDbContext) {
    let handle: SubscriptionHandle = ctx
        .subscription_builder()
        .on_applied(|ctx: &SubscriptionEventContext| ignore(ctx.db.animal().count()))
        .on_error(|_: &ErrorContext, error: Error| ignore(error.to_string()))
        .add_query(|query| query.from.animal().r#where(|animal| animal.weight_grams.gte(1_000u32)))
        .add_query(|query| query.from.sighting())
        .add_query(|query| query.from.my_animals().filter(|animal| animal.tame))
        .add_query(|query| query.from.animals_of_species("lion".to_owned()))
        .add_query(|query| {
            query.from.letter().right_semijoin(query.from.diary(), |one, two| one.recipient.eq(two.author))
        })
        .subscribe();
    handle.unsubscribe_then(Box::new(|ctx| ignore(ctx.db.animal().iter().count()))).unwrap();
    ctx.subscription_builder().subscribe(["SELECT * FROM cage"]).unsubscribe().unwrap();
    ctx.subscription_builder().subscribe_to_all_tables();
}

/// Rows: look-ups by every kind of unique column, iteration, callbacks and their removal.
pub fn rows(ctx: &DbConnection) {
    let lion: Option<Animal> = ctx.db.animal().name().find(&"Leo".to_owned());
    let same = lion.and_then(|animal| ctx.db.animal().id().find(&animal.id));
    let _: Option<Diet> = same.map(|animal| animal.diet);
    let _: Option<Cage> = ctx.db.cage().number().find(&1);
    let _: Option<Badge> = ctx.db.badge().owner_name().find(&"Ada".to_owned());
    let _: Option<Keyword> = ctx.db.r#type().r#fn().find(&1);
    let insert = ctx.db.animal().on_insert(|ctx: &EventContext, animal: &Animal| match &ctx.event {
        Event::Reducer(event) => match (&event.reducer, &event.status) {
            (Reducer::InsertRow { name, .. }, Status::Committed) => assert_eq!(*name, animal.name),
            _ => ignore(ctx.db.animal().count()),
        },
        _ => ignore(ctx.identity()),
    });
    let delete = ctx.db.animal().on_delete(|_, animal| ignore(animal.clone()));
    let update = ctx.db.animal().on_update(|_, old, new| assert_eq!(old.id, new.id));
    ctx.db.animal().remove_on_insert(insert);
    ctx.db.animal().remove_on_delete(delete);
    ctx.db.animal().remove_on_update(update);
    ctx.db.keyed_animals().on_update(|_, old: &KeyedAnimal, new| assert_eq!(old.animal_id, new.animal_id));
    let sighting = ctx.db.sighting().on_insert(|_, sighting: &Sighting| ignore(sighting.place.x));
    ctx.db.sighting().remove_on_insert(sighting);
    let _: Vec<Letter> = ctx.db.letter().iter().chain(ctx.db.archived_letter().iter()).collect();
    let _: AnimalTableHandle<'_> = AnimalTableAccessor::get(&ctx.db);
}

/// Reducers with and without a callback, under every awkward name.
pub fn reducers(ctx: &DbConnection, everything: Everything) -> Result<(), Error> {
    ctx.reducers.insert_row("Leo".to_owned(), "lion".to_owned(), 190_000)?;
    ctx.reducers.fail_with_then("no".to_owned(), |ctx: &ReducerEventContext, outcome| {
        let _: &Reducer = &ctx.event.reducer;
        match outcome {
            Ok(Ok(())) => ctx.reducers.trap().unwrap(),
            Ok(Err(message)) => assert_eq!(message, "no"),
            Err(fault) => ignore(fault.to_string()),
        }
    })?;
    ctx.reducers.pin_badge(7, "Ada".to_owned(), BadgeKind::Async)?;
    ctx.reducers.r#match(1, "class".to_owned(), None)?;
    ctx.reducers.delete_then(1, |_, _| {})?;
    ctx.reducers.echo_all_types(everything)
}

/// Procedures, whose callbacks get typed results.
pub fn procedures(ctx: &DbConnection, everything: Everything) {
    let description = AnimalDescription {
        name: "Leo".to_owned(),
        species: "lion".to_owned(),
        weight_grams: 1,
        diet: Diet::Carnivore,
    };
    ctx.procedures.register_animal_then(description, |ctx: &ProcedureEventContext, result| match result.unwrap() {
        Ok(animal) => ignore(ctx.db.animal().id().find(&animal.id)),
        Err(RegistrationError::TooHeavy(WeightLimit { limit_grams, .. })) => ignore(limit_grams),
        Err(RegistrationError::NameTaken(_) | RegistrationError::Unnamed) => {}
    });
    ctx.procedures.lookup_badge_then(7, |_, card| ignore::<Option<BadgeCard>>(card.unwrap()));
    ctx.procedures.echo_back_then(everything, |_, back| ignore::<Everything>(back.unwrap()));
    ctx.procedures.wait_until_then(Timestamp::UNIX_EPOCH, |_, woken| ignore::<Timestamp>(woken.unwrap()));
    ctx.procedures.note_twice("rain".to_owned());
}

#[test]
fn queries_use_names_on_the_wire() {
    let from = QueryBuilder::default().from;
    let badge = from.badge().r#where(|badge| badge.owner_name.eq("O'Neil".to_owned())).into_sql();
    assert_eq!(badge, r#"SELECT * FROM "WireBadge" WHERE ("WireBadge"."owner_name" = 'O''Neil')"#);
    let keyword = from.r#type().r#where(|row| row.r#fn.gt(2u32)).into_sql();
    assert_eq!(keyword, r#"SELECT * FROM "type" WHERE ("type"."fn" > 2)"#);
    let species = from.animals_of_species("lion".to_owned()).into_sql();
    assert_eq!(species, r#"SELECT * FROM "animals_of_species"('lion')"#);
}

#[test]
fn reducers_go_by_names_on_the_wire() {
    let pin = Reducer::PinBadge { badge_number: 7, owner_name: "Ada".to_owned(), r#type: BadgeKind::Default };
    assert_eq!(pin.reducer_name(), "PinBadge");
    assert_eq!(pin.args_bsatn().unwrap(), [7, 0, 0, 0, 3, 0, 0, 0, b'A', b'd', b'a', 0]);
}

#[test]
fn all_tables_are_those_that_can_be_selected_from() {
    let names = <RemoteModule as SpacetimeModule>::ALL_TABLE_NAMES;
    assert!(names.contains(&"WireBadge") && names.contains(&"my_animals") && names.contains(&"sighting"));
    assert!(!names.contains(&"secret_note"), "a private table");
    assert!(!names.contains(&"animals_of_species"), "a view with a parameter");
}

#[test]
fn an_empty_module_has_a_connection_too() {
    type Empty = <empty_bindings::DbConnection as InModule>::Module;
    assert!(<Empty as SpacetimeModule>::ALL_TABLE_NAMES.is_empty());
}
