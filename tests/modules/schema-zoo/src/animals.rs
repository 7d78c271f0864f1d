//! The ordinary tables: keys, unique columns, every kind of index, default columns.

use spacetimedb::{
    Identity, ProcedureContext, ReducerContext, SpacetimeType, Table, Timestamp, TxContext, procedure, reducer, table,
};

use crate::types::Diet;

/// One animal. `cage_number` and `born_at` are indexed together, `diet` by hash.
#[table(
    accessor = animal,
    public,
    index(accessor = by_species_and_birth, btree(columns = [species, born_at])),
    index(accessor = by_keeper, hash(columns = [keeper])),
)]
#[derive(Clone, Debug)]
pub struct Animal {
    #[primary_key]
    #[auto_inc]
    pub id: u64,
    #[unique]
    pub name: String,
    #[index(btree)]
    pub species: String,
    pub keeper: Identity,
    pub weight_grams: u32,
    #[index(hash)]
    pub diet: Diet,
    pub born_at: Timestamp,
    #[default(false)]
    pub tame: bool,
    #[default(None::<String>)]
    pub nickname: Option<String>,
}

/// A cage, found by its dense number through a direct index.
#[table(accessor = cage, public)]
pub struct Cage {
    #[unique]
    #[index(direct)]
    pub number: u32,
    pub label: String,
}

/// A note that no client but the database's owner sees.
#[table(accessor = secret_note, private)]
pub struct SecretNote {
    #[primary_key]
    #[auto_inc]
    pub id: u64,
    pub author: Identity,
    pub text: String,
}

/// What a caller says about a new animal.
#[derive(SpacetimeType, Clone, Debug)]
pub struct AnimalDescription {
    pub name: String,
    pub species: String,
    pub weight_grams: u32,
    pub diet: Diet,
}

/// Why an animal was not registered.
#[derive(SpacetimeType, Clone, Debug)]
pub enum RegistrationError {
    NameTaken(String),
    TooHeavy(WeightLimit),
    Unnamed,
}

/// The limit that a [`RegistrationError::TooHeavy`] reports.
#[derive(SpacetimeType, Clone, Debug)]
pub struct WeightLimit {
    pub limit_grams: u32,
    pub asked_grams: u32,
}

/// Totals over the whole table.
#[derive(SpacetimeType, Clone, Debug)]
pub struct AnimalSummary {
    pub count: u64,
    pub total_weight_grams: u64,
    pub heaviest: Option<Animal>,
}

const WEIGHT_LIMIT_GRAMS: u32 = 10_000_000;

/// Inserts one animal whose keeper is the caller; a taken name is an error.
#[reducer]
pub fn insert_row(ctx: &ReducerContext, name: String, species: String, weight_grams: u32) -> Result<(), String> {
    let description = AnimalDescription { name, species, weight_grams, diet: Diet::Omnivore };
    ctx.db
        .animal()
        .try_insert(new_animal(description, ctx.sender(), ctx.timestamp))
        .map(|_| ())
        .map_err(|error| error.to_string())
}

/// Changes an animal's weight and nickname by primary key.
#[reducer]
pub fn update_row(ctx: &ReducerContext, id: u64, weight_grams: u32, nickname: Option<String>) -> Result<(), String> {
    let animal = ctx.db.animal().id().find(id).ok_or_else(|| format!("There is no animal {id}."))?;
    ctx.db.animal().id().update(Animal { weight_grams, nickname, ..animal });
    Ok(())
}

/// Deletes an animal by primary key.
#[reducer]
pub fn delete_row(ctx: &ReducerContext, id: u64) -> Result<(), String> {
    match ctx.db.animal().id().delete(id) {
        true => Ok(()),
        false => Err(format!("There is no animal {id}.")),
    }
}

/// Deletes every animal.
#[reducer]
pub fn clear_rows(ctx: &ReducerContext) {
    for animal in ctx.db.animal().iter() {
        ctx.db.animal().id().delete(animal.id);
    }
}

/// Writes a row that only the database's owner can read.
#[reducer]
pub fn write_secret_note(ctx: &ReducerContext, text: String) {
    ctx.db.secret_note().insert(SecretNote { id: 0, author: ctx.sender(), text });
}

/// Registers an animal and returns its row, or says why not.
#[procedure]
pub fn register_animal(
    ctx: &mut ProcedureContext,
    description: AnimalDescription,
) -> Result<Animal, RegistrationError> {
    let keeper = ctx.sender();
    ctx.try_with_tx(|tx| register(tx, &description, keeper))
}

/// The animal with this name.
#[procedure]
pub fn find_animal(ctx: &mut ProcedureContext, name: String) -> Option<Animal> {
    ctx.with_tx(|tx| tx.db.animal().name().find(&name))
}

/// Totals over every animal.
#[procedure]
pub fn animal_summary(ctx: &mut ProcedureContext) -> AnimalSummary {
    ctx.with_tx(|tx| AnimalSummary {
        count: tx.db.animal().count(),
        total_weight_grams: tx.db.animal().iter().map(|animal| u64::from(animal.weight_grams)).sum(),
        heaviest: tx.db.animal().iter().max_by_key(|animal| animal.weight_grams),
    })
}

/// Exchanges the names of two animals in one transaction that rolls back unless both exist.
#[procedure]
pub fn swap_names(ctx: &mut ProcedureContext, first: u64, second: u64) -> Result<(), String> {
    ctx.try_with_tx(|tx| {
        let find = |id| tx.db.animal().id().find(id).ok_or_else(|| format!("There is no animal {id}."));
        let (one, two) = (find(first)?, find(second)?);
        // Names are unique, so the first has to step aside while the second takes its name.
        tx.db.animal().id().update(Animal { name: format!("{}, on its way", two.name), ..one.clone() });
        tx.db.animal().id().update(Animal { name: one.name.clone(), ..two.clone() });
        tx.db.animal().id().update(Animal { name: two.name, ..one });
        Ok(())
    })
}

fn register(tx: &TxContext, description: &AnimalDescription, keeper: Identity) -> Result<Animal, RegistrationError> {
    if description.name.is_empty() {
        return Err(RegistrationError::Unnamed);
    }
    if description.weight_grams > WEIGHT_LIMIT_GRAMS {
        let limit = WeightLimit { limit_grams: WEIGHT_LIMIT_GRAMS, asked_grams: description.weight_grams };
        return Err(RegistrationError::TooHeavy(limit));
    }
    if tx.db.animal().name().find(&description.name).is_some() {
        return Err(RegistrationError::NameTaken(description.name.clone()));
    }
    Ok(tx.db.animal().insert(new_animal(description.clone(), keeper, tx.timestamp)))
}

fn new_animal(description: AnimalDescription, keeper: Identity, born_at: Timestamp) -> Animal {
    Animal {
        id: 0,
        name: description.name,
        species: description.species,
        keeper,
        weight_grams: description.weight_grams,
        diet: description.diet,
        born_at,
        tame: false,
        nickname: None,
    }
}
