//! The identity domain where no game module is needed: its settings, its keys, and what is refused at the door.

mod door;
mod keys;
mod settings;
