//! Uploads and downloads between clients and the object store, with the real facade before a real node: on the local
//! folder, and at an S3 server of others' making.

mod downloads;
mod parts;
mod single;
mod sweeping;
mod variants;
mod world;
