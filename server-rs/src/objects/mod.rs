//! The object store: a local folder, S3 or Aliyun OSS. Bytes come through the facade, staged, hashed and recognised on
//! the way, or straight from clients by requests that are signed here; they are read back by range or by signed URLs.

pub mod config;
pub mod content_type;
pub mod direct;
mod durable_folders;
pub mod grant;
pub mod key;
pub mod parts;
pub mod remote;
pub mod staging;
pub mod store;
mod transfers;

pub use key::ObjectKey;
pub use staging::{StagedObject, StagingWriter, UploadError};
pub use store::{ObjectStore, StoreError};
