//! What the store signs for clients, where no game module is needed: on a folder, at an S3 server, and for OSS.

mod folder;
mod oss;
mod s3;
