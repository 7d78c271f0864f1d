//! The facade as its users meet it: the real program before a real node with the real module.

mod access;
mod assets;
mod bindings;
mod content;
mod crashes;
mod live_rows;
mod operations;
mod readiness;
mod tour;
mod upload_stream;
mod uploads;
mod world;
