//! A file on its way in: counted, hashed and recognised while it is written, removed unless it is kept.

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::content_type::{self, HEAD_BYTES};
use super::store::{ObjectStore, StoreError};

/// Why an upload is refused while its bytes arrive.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// More bytes than allowed.
    #[error("the file is larger than the limit of {limit_bytes} bytes")]
    TooLarge {
        /// The limit.
        limit_bytes: u64,
    },
    /// No byte at all.
    #[error("the file is empty")]
    Empty,
    /// The content is of a type that may not be uploaded, or of none that is known.
    #[error("{}", type_not_allowed(*found, allowed))]
    TypeNotAllowed {
        /// What the content is, if that is known.
        found: Option<&'static str>,
        /// The allowed types, separated by commas.
        allowed: String,
    },
    /// The content is not what the client declared.
    #[error("the content is {found}, not {declared} as declared")]
    TypeMismatch {
        /// The client's declaration.
        declared: String,
        /// What the content is.
        found: &'static str,
    },
    /// The store could not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn type_not_allowed(found: Option<&'static str>, allowed: &str) -> String {
    match found {
        Some(found) => format!("the content is {found}, which is not allowed; allowed are {allowed}"),
        None => format!("the content is of no allowed type; allowed are {allowed}"),
    }
}

/// Writes one staged file.
pub struct StagingWriter {
    writer: opendal::Writer,
    file: StagedFile,
    limit_bytes: u64,
    byte_size: u64,
    sha256: Sha256,
    head: Vec<u8>,
    recognised: Option<&'static str>,
}

/// A staged file in full: on disk, with what is known of it. Dropping it removes the file.
#[derive(Debug)]
pub struct StagedObject {
    file: StagedFile,
    /// Size in bytes.
    pub byte_size: u64,
    /// SHA-256 in 64 lower-case hex digits.
    pub sha256: String,
    /// The type that the content was recognised as.
    pub content_type: &'static str,
}

impl StagingWriter {
    pub(super) fn new(store: ObjectStore, path: String, writer: opendal::Writer, limit_bytes: u64) -> Self {
        let file = StagedFile { store, path: Some(path) };
        let head = Vec::with_capacity(HEAD_BYTES);
        Self { writer, file, limit_bytes, byte_size: 0, sha256: Sha256::new(), head, recognised: None }
    }

    /// Takes the next bytes. As soon as the content can be recognised, a wrong type ends the upload.
    pub async fn write(&mut self, bytes: Bytes, declared: Option<&str>, allowed: &[String]) -> Result<(), UploadError> {
        self.byte_size += bytes.len() as u64;
        if self.byte_size > self.limit_bytes {
            return Err(UploadError::TooLarge { limit_bytes: self.limit_bytes });
        }
        let wanted = HEAD_BYTES - self.head.len();
        self.head.extend_from_slice(&bytes[..wanted.min(bytes.len())]);
        if self.recognised.is_none() && self.head.len() == HEAD_BYTES {
            self.recognised = Some(content_type::check(&self.head, declared, allowed)?);
        }
        self.sha256.update(&bytes);
        self.writer.write(bytes).await.map_err(StoreError::from)?;
        Ok(())
    }

    /// Ends the file and writes it through to the disk.
    pub async fn finish(mut self, declared: Option<&str>, allowed: &[String]) -> Result<StagedObject, UploadError> {
        if self.byte_size == 0 {
            return Err(UploadError::Empty);
        }
        let content_type = match self.recognised {
            Some(content_type) => content_type,
            None => content_type::check(&self.head, declared, allowed)?,
        };
        // Closing writes the data through; see the writer of opendal's fs service.
        self.writer.close().await.map_err(StoreError::from)?;
        let sha256 = self.sha256.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(StagedObject { file: self.file, byte_size: self.byte_size, sha256, content_type })
    }
}

impl StagedObject {
    pub(super) fn path(&self) -> &str {
        self.file.path.as_deref().unwrap_or_default()
    }

    /// Lets go of the file, which has been moved to its key.
    pub(super) fn keep(mut self) {
        self.file.path = None;
    }
}

/// Owner of a file in the staging folder. A request can end at any await, by a refusal, a time-out or a client
/// that hangs up, so the file goes with the value that owns it.
#[derive(Debug)]
struct StagedFile {
    store: ObjectStore,
    path: Option<String>,
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        let Some(path) = self.path.take() else { return };
        // Outside a runtime the process is ending; the sweeper of the next start removes the file.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let store = self.store.clone();
        runtime.spawn(async move {
            if let Err(error) = store.discard(&path).await {
                tracing::warn!(%error, path, "A staged file stays until the sweeper removes it");
            }
        });
    }
}
