//! Assets over HTTP: upload, look up, read, bind, delete.

pub mod bindings;
pub mod content;
pub mod delete;
pub mod read;
pub mod upload;
