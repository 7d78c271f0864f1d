//! The object store: uploaded bytes are staged, hashed and recognised on the way in, placed once their row is
//! registered, and read back by range.

pub mod content_type;
mod durable_folder;
pub mod key;
pub mod staging;
pub mod store;

pub use key::ObjectKey;
pub use staging::{StagedObject, StagingWriter, UploadError};
pub use store::{ObjectStore, StoreError};
