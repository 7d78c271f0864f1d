//! Types of every shape that a schema can hold.

use spacetimedb::sats::{i256, u256};
use spacetimedb::{ConnectionId, Identity, ScheduleAt, SpacetimeType, TimeDuration, Timestamp, Uuid};

/// A plain enum.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Diet {
    Herbivore,
    Carnivore,
    Omnivore,
}

/// Every scalar width.
#[derive(SpacetimeType, Clone, Debug)]
pub struct Scalars {
    pub flag: bool,
    pub unsigned_8: u8,
    pub unsigned_16: u16,
    pub unsigned_32: u32,
    pub unsigned_64: u64,
    pub unsigned_128: u128,
    pub unsigned_256: u256,
    pub signed_8: i8,
    pub signed_16: i16,
    pub signed_32: i32,
    pub signed_64: i64,
    pub signed_128: i128,
    pub signed_256: i256,
    pub float_32: f32,
    pub float_64: f64,
    pub text: String,
}

/// Every type with a meaning of its own.
#[derive(SpacetimeType, Clone, Debug)]
pub struct Specials {
    pub identity: Identity,
    pub connection: ConnectionId,
    pub timestamp: Timestamp,
    pub duration: TimeDuration,
    pub schedule: ScheduleAt,
    pub uuid: Uuid,
    pub nothing: (),
    pub empty: Empty,
}

/// A named product without fields, which is not the same as the unit type.
#[derive(SpacetimeType, Clone, Debug)]
pub struct Empty {}

/// Arrays, options and results, nested in one another.
#[derive(SpacetimeType, Clone, Debug)]
pub struct Collections {
    pub bytes: Vec<u8>,
    pub numbers: Vec<i32>,
    pub words: Vec<String>,
    pub grid: Vec<Vec<u16>>,
    pub maybe: Option<u64>,
    pub maybe_maybe: Option<Option<String>>,
    pub maybe_bytes: Option<Vec<u8>>,
    pub sparse: Vec<Option<Diet>>,
    pub outcome: Result<u32, String>,
    pub outcomes: Vec<Result<Empty, Diet>>,
}

/// A sum with a payload of every kind, one of them another sum.
#[derive(SpacetimeType, Clone, Debug)]
pub enum Choice {
    Nothing,
    Number(i64),
    Text(String),
    Shape(Shape),
    Scalars(Scalars),
    Diets(Vec<Diet>),
    Maybe(Option<Shape>),
}

/// A sum inside a sum.
#[derive(SpacetimeType, Clone, Debug)]
pub enum Shape {
    Point,
    Circle(Circle),
    Polygon(Vec<Corner>),
}

/// Payload of a variant that has named fields.
#[derive(SpacetimeType, Clone, Debug)]
pub struct Circle {
    pub centre: Corner,
    pub radius: f32,
}

/// A small product used in several places.
#[derive(SpacetimeType, Clone, Copy, Debug)]
pub struct Corner {
    pub x: i32,
    pub y: i32,
}

/// A product that contains itself.
#[derive(SpacetimeType, Clone, Debug)]
pub struct FamilyTree {
    pub name: String,
    pub children: Vec<FamilyTree>,
}

/// A sum and a product that contain each other.
#[derive(SpacetimeType, Clone, Debug)]
pub enum Formula {
    Constant(i64),
    Sum(Vec<Formula>),
    Product(FormulaPair),
}

/// The other half of the cycle through [`Formula`].
#[derive(SpacetimeType, Clone, Debug)]
pub struct FormulaPair {
    pub factors: Vec<Formula>,
    pub label: Option<String>,
}
