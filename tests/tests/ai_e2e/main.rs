//! Generation tasks as players meet them: the real facade before a real node with the real module.

mod agents;
mod creation;
mod endings;
mod following;
mod independent;
mod quotas;
mod stopping;
mod takeover;
mod world;
