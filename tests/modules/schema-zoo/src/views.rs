//! Views of every kind: per sender, shared, kept by a query, keyed, with a parameter.

use spacetimedb::{AnonymousViewContext, Query, SpacetimeType, ViewContext, view};

use crate::animals::{Animal, animal__query, animal__view};

/// The one row of [`animal_totals`].
#[derive(SpacetimeType)]
pub struct AnimalTotals {
    pub count: u64,
}

/// A part of an animal's row, keyed by its id.
#[derive(SpacetimeType)]
pub struct KeyedAnimal {
    pub animal_id: u64,
    pub label: String,
}

/// The animals that the caller keeps.
#[view(accessor = my_animals, public)]
fn my_animals(ctx: &ViewContext) -> Vec<Animal> {
    ctx.db.animal().by_keeper().filter(ctx.sender()).collect()
}

/// How many animals there are, the same for everybody.
#[view(accessor = animal_totals, public)]
fn animal_totals(ctx: &AnonymousViewContext) -> Option<AnimalTotals> {
    Some(AnimalTotals { count: ctx.db.animal().count() })
}

/// Animals of a tonne or more, maintained as rows change.
#[view(accessor = heavy_animals, public)]
fn heavy_animals(ctx: &AnonymousViewContext) -> impl Query<Animal> {
    ctx.from.animal().r#where(|animal| animal.weight_grams.gte(1_000_000u32))
}

/// Lions under their own key, so that clients see updates rather than pairs of delete and insert.
#[view(accessor = keyed_animals, public, primary_key = animal_id)]
fn keyed_animals(ctx: &AnonymousViewContext) -> Vec<KeyedAnimal> {
    let label = |animal: Animal| format!("{} ({} g)", animal.name, animal.weight_grams);
    ctx.db
        .animal()
        .species()
        .filter("lion")
        .map(|animal| KeyedAnimal { animal_id: animal.id, label: label(animal) })
        .collect()
}

/// The animals of one species: `SELECT * FROM animals_of_species('lion')`.
#[view(accessor = animals_of_species, public)]
fn animals_of_species(ctx: &AnonymousViewContext, species: String) -> Vec<Animal> {
    ctx.db.animal().species().filter(&species).collect()
}
