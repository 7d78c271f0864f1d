//! What the store signs for clients, where no game module is needed: on a folder, at an S3 server, and for OSS; and what
//! becomes of an upload that such a server refuses half-way.

mod folder;
mod half_way;
mod oss;
mod s3;
