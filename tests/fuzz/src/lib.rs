//! Fuzzing of everything that strangers can send; `docs/fuzzing.md` says how to run it.
//!
//! [`targets`] lists what is fuzzed. A target takes an input, does with it what the product would do, and panics when
//! the product must not do that. [`engine`] is the node that most of them speak to. [`shape`], [`json`] and [`wasm`]
//! make inputs that are nearly right.

pub mod engine;
pub mod functions;
pub mod http_case;
pub mod json;
pub mod shape;
pub mod socket;
pub mod targets;
pub mod wasm;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use shape::Taste;
use targets::websocket::Protocol;
use targets::{call, facade, frames, publish, websocket};

/// Something that is fuzzed.
pub struct Target {
    /// Its name, which is that of its folder in the corpus too.
    pub name: &'static str,
    prepare: fn(),
    run: fn(&[u8]),
    mutate: fn(&[u8], &mut Taste) -> Vec<u8>,
    seeds: fn() -> Vec<Vec<u8>>,
    /// Whether the engine may panic, as long as the node carries on.
    is_panic_tolerated: bool,
}

/// A target of the node, from which the others differ in what they name.
const NODE: Target = Target {
    name: "",
    prepare: functions::prepare,
    run: |_| {},
    mutate: |input, _| input.to_vec(),
    seeds: Vec::new,
    is_panic_tolerated: false,
};

static TARGETS: [Target; 9] = [
    Target {
        name: "websocket_v1_json",
        run: |input| websocket::run(Protocol::V1Json, input),
        mutate: |input, taste| websocket::mutate(Protocol::V1Json, input, taste),
        ..NODE
    },
    Target {
        name: "websocket_v1_bsatn",
        run: |input| websocket::run(Protocol::V1Bsatn, input),
        mutate: |input, taste| websocket::mutate(Protocol::V1Bsatn, input, taste),
        ..NODE
    },
    Target {
        name: "websocket_v2",
        run: |input| websocket::run(Protocol::V2, input),
        mutate: |input, taste| websocket::mutate(Protocol::V2, input, taste),
        ..NODE
    },
    Target {
        name: "websocket_v3",
        run: |input| websocket::run(Protocol::V3, input),
        mutate: |input, taste| websocket::mutate(Protocol::V3, input, taste),
        ..NODE
    },
    Target { name: "websocket_frames", run: frames::run, mutate: frames::mutate, ..NODE },
    Target { name: "http_call", run: call::run, mutate: call::mutate, ..NODE },
    Target {
        name: "facade_bodies",
        prepare: facade::prepare,
        run: facade::run,
        mutate: facade::mutate,
        seeds: facade::seeds,
        ..NODE
    },
    Target {
        name: "publish_schema",
        run: publish::run_schema,
        mutate: publish::mutate_schema,
        seeds: publish::schema_seeds,
        is_panic_tolerated: true,
        ..NODE
    },
    Target {
        name: "publish_module",
        run: publish::run_module,
        mutate: publish::mutate_module,
        seeds: publish::module_seeds,
        is_panic_tolerated: true,
        ..NODE
    },
];

/// Everything that is fuzzed.
pub fn targets() -> &'static [Target] {
    &TARGETS
}

/// The target of this name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

impl Target {
    /// Starts what the target needs, and makes every panic end the process.
    pub fn prepare(&self) {
        (self.prepare)();
        let is_tolerated = self.is_panic_tolerated;
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            // The target's own panics are findings in any case; they come from this package.
            let is_own = panic.location().is_some_and(|place| place.file().contains("tests/fuzz/"));
            if is_own || !is_tolerated {
                report(panic);
                std::process::abort();
            }
        }));
    }

    /// Runs one input; panics if the product does what it must not.
    pub fn run(&self, input: &[u8]) {
        (self.run)(input);
    }

    /// Inputs to begin with, for targets that have some.
    pub fn seeds(&self) -> Vec<Vec<u8>> {
        (self.seeds)()
    }

    /// Another input, made from this one by this chance; the first of all from one that is in order.
    pub fn mutate(&self, input: &[u8], chance: u64) -> Vec<u8> {
        let mut random = StdRng::seed_from_u64(chance);
        let seeds = if input.len() <= 1 { self.seeds() } else { Vec::new() };
        let input = seeds.choose(&mut random).map_or(input, Vec::as_slice);
        (self.mutate)(input, &mut Taste { random: &mut random, words: &[] })
    }
}
