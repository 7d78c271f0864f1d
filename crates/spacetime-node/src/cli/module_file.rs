//! A compiled module on disk, looked at before anything is sent or compiled.

use std::path::{Path, PathBuf};

use reqwest::Body;
use tokio::fs::File;
use tokio::io::AsyncReadExt;
use tokio_util::io::ReaderStream;

use super::error::CliError;

/// What every core WebAssembly module begins with: the magic number and version 1.
const WASM_HEADER: [u8; 8] = *b"\0asm\x01\0\0\0";
/// Larger files are certainly no game module; the server has its own, smaller limit.
pub const MODULE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// A file that begins like a WebAssembly module and has a sensible size.
#[derive(Debug)]
pub struct ModuleFile {
    path: PathBuf,
    size_bytes: u64,
}

impl ModuleFile {
    /// Checks the file at `path`.
    ///
    /// Errors: [`CliError::File`], [`CliError::NotWasm`].
    pub async fn open(path: &Path) -> Result<Self, CliError> {
        let not_wasm = |reason: String| CliError::NotWasm { path: path.to_owned(), reason };
        let mut file = File::open(path).await.map_err(CliError::file("read", path))?;
        let metadata = file.metadata().await.map_err(CliError::file("read", path))?;
        if !metadata.is_file() {
            return Err(not_wasm("it is no ordinary file".to_owned()));
        }
        let size_bytes = metadata.len();
        if size_bytes > MODULE_BYTES_MAX {
            return Err(not_wasm(format!("it has {size_bytes} bytes, the limit is {MODULE_BYTES_MAX}")));
        }
        let mut header = [0; WASM_HEADER.len()];
        match file.read_exact(&mut header).await {
            Ok(_) if header == WASM_HEADER => Ok(Self { path: path.to_owned(), size_bytes }),
            Ok(_) if header.starts_with(b"\0asm") => Err(not_wasm("it is a component, not a core module".to_owned())),
            Ok(_) => Err(not_wasm("it does not begin with the WebAssembly magic number".to_owned())),
            Err(cause) if cause.kind() == std::io::ErrorKind::UnexpectedEof => {
                Err(not_wasm(format!("it has only {size_bytes} bytes")))
            }
            Err(cause) => Err(CliError::file("read", path)(cause)),
        }
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many bytes [`Self::stream`] yields.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// The content as a request body that is read while it is sent.
    pub async fn stream(&self) -> Result<Body, CliError> {
        let file = File::open(&self.path).await.map_err(CliError::file("read", &self.path))?;
        // A file that a build appends to meanwhile must not outgrow the announced length.
        Ok(Body::wrap_stream(ReaderStream::new(file.take(self.size_bytes))))
    }

    /// The whole content.
    pub async fn read(&self) -> Result<Vec<u8>, CliError> {
        tokio::fs::read(&self.path).await.map_err(CliError::file("read", &self.path))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    async fn refusal(content: &[u8]) -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        ModuleFile::open(file.path()).await.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn only_core_modules_pass() {
        assert!(refusal(b"").await.contains("only 0 bytes"));
        assert!(refusal(b"\0asm").await.contains("only 4 bytes"));
        assert!(refusal(b"export const x = 1;").await.contains("magic number"));
        assert!(refusal(b"\0asm\x0d\0\x01\0rest").await.contains("component"));

        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"\0asm\x01\0\0\0rest").unwrap();
        let module = ModuleFile::open(file.path()).await.unwrap();
        assert_eq!(module.size_bytes(), 12);
        assert_eq!(module.read().await.unwrap(), b"\0asm\x01\0\0\0rest");
    }

    #[tokio::test]
    async fn missing_files_folders_and_giants_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let missing = ModuleFile::open(&dir.path().join("none.wasm")).await.unwrap_err();
        assert!(matches!(missing, CliError::File { .. }));
        assert!(ModuleFile::open(dir.path()).await.is_err());

        let giant = dir.path().join("giant.wasm");
        std::fs::File::create(&giant).unwrap().set_len(MODULE_BYTES_MAX + 1).unwrap();
        assert!(ModuleFile::open(&giant).await.unwrap_err().to_string().contains("limit"));
    }
}
