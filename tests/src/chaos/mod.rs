//! Faults against the whole product, under load, and proofs that nothing was lost: `cargo xtask chaos`.
//!
//! `plan` draws from one seed what happens when. `world` is a node and a facade with lines between them that can be
//! cut. `fleet` are the clients, who write down what they asked and what they were told (`history`). `run` brings the
//! faults and, at the end, has `checks` prove from the final state and the histories that every promise was kept.

pub mod checks;
pub mod faults;
pub mod final_state;
pub mod fleet;
pub mod history;
pub mod plan;
pub mod rows;
pub mod run;
pub mod world;
