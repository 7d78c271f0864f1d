//! An S3 server of others' making (`s3s-fs`) on a free port. It checks signatures and checksums as S3 does.
//!
//! The facade's own tests include this file too, because they cannot depend on this crate.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Context;
use tempfile::TempDir;

/// Id of the only access key.
pub const ACCESS_KEY: &str = "test-access-key";
/// Its secret.
pub const SECRET: &str = "test-secret-of-the-access-key";
/// The only bucket.
pub const BUCKET: &str = "worldloom";

/// A running server. Dropping it kills the process and removes its objects.
pub struct S3Server {
    folder: TempDir,
    process: Child,
    /// Base URL.
    pub url: String,
}

impl S3Server {
    /// Starts a server with one empty bucket.
    pub fn start() -> anyhow::Result<Self> {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/bin/s3s-fs");
        let folder = tempfile::tempdir()?;
        std::fs::create_dir_all(folder.path().join("data").join(BUCKET))?;
        std::fs::write(folder.path().join("secret"), SECRET)?;
        let mut command = Command::new(&program);
        command.args(["--host", "127.0.0.1", "--port", "0", "--access-key", ACCESS_KEY, "--secret-key", SECRET]);
        command.arg(folder.path().join("data")).env("RUST_LOG", "s3s_fs=info").env("NO_COLOR", "1");
        let mut process = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}: `cargo xtask test` installs it", program.display()))?;
        let log = process.stdout.take().context("its log is piped")?;
        let mut lines = BufReader::new(log).lines();
        let url = loop {
            let line = lines.next().context("the S3 server ended before it listened")??;
            if let Some((_, address)) = line.split_once("running at http://") {
                break format!("http://{}", address.trim());
            }
        };
        // Its log is read to the end, so that it never blocks.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Ok(Self { folder, process, url })
    }

    /// The facade's settings to use it.
    pub fn as_settings<'a>(&self) -> Vec<(&'a str, String)> {
        vec![
            ("OBJECTS__S3__ENDPOINT", self.url.clone()),
            ("OBJECTS__S3__REGION", "eu-central-1".to_owned()),
            ("OBJECTS__S3__ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
            ("OBJECTS__S3__ACCESS_KEY_SECRET_FILE", self.secret_file().display().to_string()),
            ("OBJECTS__S3__PATH_STYLE", "true".to_owned()),
        ]
    }

    /// File with the secret of the access key.
    pub fn secret_file(&self) -> PathBuf {
        self.folder.path().join("secret")
    }

    /// Keys of the objects in the bucket, in order; the server's own files left out.
    pub fn keys(&self) -> Vec<String> {
        let bucket = self.folder.path().join("data").join(BUCKET);
        let mut keys = Vec::new();
        collect(&bucket, &bucket, &mut keys);
        keys.sort();
        keys
    }

    /// The file in which the server keeps an object.
    pub fn file_of(&self, key: &str) -> PathBuf {
        self.folder.path().join("data").join(BUCKET).join(key)
    }

    /// Makes an object look as if it had been written then.
    pub fn set_written(&self, key: &str, written: std::time::SystemTime) -> anyhow::Result<()> {
        Ok(std::fs::File::options().write(true).open(self.file_of(key))?.set_modified(written)?)
    }

    /// Number of uploads in parts that have been begun and neither completed nor given up.
    pub fn open_uploads(&self) -> usize {
        let entries = std::fs::read_dir(self.folder.path().join("data")).into_iter().flatten().flatten();
        entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(".upload-")).count()
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        // It may have ended by itself, which is fine here.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn collect(bucket: &Path, folder: &Path, keys: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(bucket, &path, keys);
        } else if let Ok(key) = path.strip_prefix(bucket) {
            keys.push(key.to_string_lossy().into_owned());
        }
    }
}
