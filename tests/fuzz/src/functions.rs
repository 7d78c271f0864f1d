//! What the module under fuzzing offers: its functions with the shapes of their arguments, and words that it knows.

use std::sync::OnceLock;

use rand::Rng;
use rand::seq::SliceRandom;
use spacetimedb_client_api_messages::websocket::{v1, v2};
use spacetimedb_lib::de::DeserializeSeed;
use spacetimedb_lib::sats::{ProductType, WithTypespace};
use spacetimedb_lib::ser::serde::SerializeWrapper;
use spacetimedb_lib::{ProductValue, bsatn};

use crate::engine::engine;
use crate::shape::{Shape, Taste};

/// Queries that reach different parts of the engine.
const QUERIES: [&str; 8] = [
    "SELECT * FROM animal",
    "SELECT * FROM echo WHERE id = 1",
    "SELECT animal.* FROM animal JOIN cage ON animal.id = cage.id WHERE cage.id > 3",
    "SELECT * FROM my_animals",
    "SELECT COUNT(*) AS n FROM animal",
    "SELECT * FROM diary LIMIT 3",
    "SELECT * FROM type WHERE (id = 1 OR id = 2) AND (id <> 3)",
    "SELECT * FROM letter WHERE sender = :sender",
];

/// Functions of the module that wait, ask the network, work as long as they are told or have themselves called again
/// and again: what they cost is their purpose.
pub const SLOW_FUNCTIONS: [&str; 4] = ["wait_until", "fetch_text", "burn_rows", "schedule_"];

/// A reducer or procedure.
pub struct Function {
    /// Its name on the wire.
    pub name: String,
    /// Its arguments.
    pub shape: Shape,
    arguments: ProductType,
}

/// The shapes of clients' messages.
pub struct Shapes {
    /// v1, with arguments in JSON.
    pub v1_json: Shape,
    /// v1, with arguments in BSATN.
    pub v1_bsatn: Shape,
    /// v2 and v3.
    pub v2: Shape,
}

/// Everything about the module.
pub struct Functions {
    all: Vec<Function>,
    /// The shapes of clients' messages.
    pub shapes: Shapes,
    /// Names and queries.
    pub words: Vec<String>,
}

/// The functions of the module under fuzzing.
pub fn functions() -> &'static Functions {
    static FUNCTIONS: OnceLock<Functions> = OnceLock::new();
    FUNCTIONS.get_or_init(Functions::of_the_module)
}

/// Starts the node and reads its module.
pub fn prepare() {
    functions();
}

impl Functions {
    fn of_the_module() -> Self {
        let info = engine().module.info();
        let module = &info.module_def;
        let reducers = module.reducers().map(|reducer| (reducer.name.to_string(), reducer.params.clone()));
        let procedures = module.procedures().map(|procedure| (procedure.name.to_string(), procedure.params.clone()));
        let all: Vec<_> = reducers
            .chain(procedures)
            .map(|(name, arguments)| {
                let shape = Shape::of_arguments(module.typespace(), &arguments);
                Function { name, shape, arguments }
            })
            .collect();
        let tables = module.tables().map(|table| table.name.to_string());
        let names = all.iter().map(|function| function.name.clone());
        let words = names.chain(tables).chain(QUERIES.map(str::to_owned)).collect();
        let shapes = Shapes {
            v1_json: Shape::of::<v1::ClientMessage<Box<str>>>(),
            v1_bsatn: Shape::of::<v1::ClientMessage<Box<[u8]>>>(),
            v2: Shape::of::<v2::ClientMessage>(),
        };
        Self { all, shapes, words }
    }

    /// The function of this name, or sometimes any other; none when arguments are to stay as they are.
    pub fn chosen(&self, name: &str, taste: &mut Taste) -> Option<&Function> {
        match taste.random.gen_range(0..8) {
            0..3 => None,
            3 => self.all.choose(taste.random),
            _ => self.all.iter().find(|function| function.name == name).or_else(|| self.all.choose(taste.random)),
        }
    }
}

impl Function {
    /// Arguments out of nothing, as a JSON array.
    pub fn arguments_as_json(&self, taste: &mut Taste) -> String {
        let bytes = self.shape.generate(taste);
        let info = engine().module.info();
        let seed = WithTypespace::new(info.module_def.typespace(), &self.arguments);
        let value: Result<ProductValue, _> = seed.deserialize(bsatn::Deserializer::new(&mut &bytes[..]));
        let elements = value.map(|value| value.elements).unwrap_or_default();
        serde_json::to_string(&SerializeWrapper(&*elements)).unwrap_or_default()
    }
}
