//! The node's data folder: its version mark, its lock and its signing keys.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
use jsonwebtoken::{Algorithm, EncodingKey};
use spacetimedb_core::auth::JwtKeys;
use spacetimedb_core::config::MetadataFile;
use spacetimedb_paths::FromPathUnchecked;
use spacetimedb_paths::server::{PidFile, PidFileError, ServerDataDir};

/// The edition in `metadata.toml`. Data of another edition is refused, so it must never change.
const EDITION: &str = "standalone";

/// An open data folder. Dropping it lets another process open it.
pub struct DataDir {
    /// The engine's view of the folder.
    pub paths: Arc<ServerDataDir>,
    root: PathBuf,
    _lock: PidFile,
}

/// Why a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// Another process has it open.
    #[error(
        "The data folder {path} is in use by another node{}; stop that one or choose another --data-dir.",
        .pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
    )]
    Locked {
        /// The folder.
        path: String,
        /// The other process, where it is known.
        pid: Option<u32>,
    },
    /// It was written by another version or edition.
    #[error("The data folder {path} cannot be opened by this version: {cause}")]
    Incompatible {
        /// The folder.
        path: String,
        /// What differs.
        cause: anyhow::Error,
    },
    /// The file system refused something.
    #[error("The data folder {path} cannot be used ({cause}); check that it is a writable folder with free space.")]
    Io {
        /// The folder.
        path: String,
        /// What the system said.
        cause: std::io::Error,
    },
}

impl DataDir {
    /// Opens or creates a data folder, readable by its owner only, and locks it.
    pub fn open(root: &Path) -> Result<Self, DataDirError> {
        let path = root.display().to_string();
        let io = |cause| DataDirError::Io { path: path.clone(), cause };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(root).map_err(io)?;
        // The controller joins relative paths against its own idea of the working folder.
        let root = root.canonicalize().map_err(io)?;
        let paths = Arc::new(ServerDataDir::from_path_unchecked(root.clone()));
        let lock = paths.pid_file().map_err(|e| match e {
            PidFileError::Exists { pid } => DataDirError::Locked { path: path.clone(), pid },
            PidFileError::Io(cause) => DataDirError::Io { path: path.clone(), cause },
        })?;
        mark_version(&paths).map_err(|cause| DataDirError::Incompatible { path, cause })?;
        Ok(Self { paths, root, _lock: lock })
    }

    /// Where the control database lives.
    pub fn control_file(&self) -> PathBuf {
        self.root.join("control.redb")
    }

    /// Where programs wait until their database has stored them itself.
    pub fn programs(&self) -> PathBuf {
        self.root.join("program-bytes")
    }

    /// The key pair that signs the node's tokens, made on first use unless files are named.
    pub fn signing_keys(&self, named: Option<&KeyFiles>) -> anyhow::Result<JwtKeys> {
        let in_data_dir =
            KeyFiles { private: self.root.join("keys/id_ecdsa"), public: self.root.join("keys/id_ecdsa.pub") };
        named.unwrap_or(&in_data_dir).load_or_create()
    }
}

fn mark_version(paths: &ServerDataDir) -> anyhow::Result<()> {
    let file = paths.metadata_toml();
    let current = MetadataFile::new(EDITION);
    let marked = match MetadataFile::read(&file)? {
        Some(previous) => previous.check_compatibility_and_update(current, file.as_ref())?,
        None => current,
    };
    marked.write(&file).context("cannot write metadata.toml")
}

/// PEM files of an ES256 key pair.
#[derive(Debug, Clone)]
pub struct KeyFiles {
    /// Private key, PKCS#8.
    pub private: PathBuf,
    /// Public key.
    pub public: PathBuf,
}

impl KeyFiles {
    fn load_or_create(&self) -> anyhow::Result<JwtKeys> {
        match (self.private.exists(), self.public.exists()) {
            (true, true) => self.load(),
            (false, false) => self.create(),
            // A new private key would turn every token in the world invalid; never guess.
            (false, true) => anyhow::bail!(
                "The signing key {} is missing while its public half exists; restore it from a backup.",
                self.private.display()
            ),
            // The private key is written first, so that a process that is killed at its first start leaves this.
            (true, false) => self.complete(),
        }
    }

    /// Writes the public key anew, which follows from the private one.
    fn complete(&self) -> anyhow::Result<JwtKeys> {
        let public = public_pem(&read_key(&self.private)?)
            .with_context(|| format!("{} is not an ES256 key in PEM", self.private.display()))?;
        write_private(&self.public, public.as_bytes())?;
        tracing::warn!("The public key {} was missing and is written anew.", self.public.display());
        self.load()
    }

    fn load(&self) -> anyhow::Result<JwtKeys> {
        JwtKeys::new(read_key(&self.public)?, read_key(&self.private)?).with_context(|| {
            format!("{} and {} are not an ES256 key pair in PEM", self.private.display(), self.public.display())
        })
    }

    fn create(&self) -> anyhow::Result<JwtKeys> {
        let keys = JwtKeys::generate()?;
        write_private(&self.private, &keys.private_pem)?;
        write_private(&self.public, &keys.public_pem)?;
        Ok(keys)
    }
}

fn read_key(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read key {}", path.display()))
}

/// What comes before the coordinates of a public key of the curve P-256: which curve it is, and that there are two.
const BEFORE_COORDINATES: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];

/// The public key that belongs to a private one, both in PEM.
fn public_pem(private_pem: &[u8]) -> anyhow::Result<String> {
    let private = EncodingKey::from_ec_pem(private_pem)?;
    // Not by way of the process's own provider of cryptography, which would be settled by that.
    let coordinates = DEFAULT_PROVIDER.key_utils.ec_pub_components_from_private_key;
    let (_, x, y) = coordinates(private.as_bytes(), Algorithm::ES256)?;
    let text = base64(&[&BEFORE_COORDINATES[..], &x, &y].concat());
    let (first_line, second_line) = text.split_at_checked(64).context("the key is too short")?;
    Ok(format!("-----BEGIN PUBLIC KEY-----\n{first_line}\n{second_line}\n-----END PUBLIC KEY-----\n"))
}

/// Bytes as text, as PEM files have them.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let four_digits = |three_bytes: &[u8]| {
        let padded = three_bytes.iter().copied().chain([0, 0]).take(3);
        let number = padded.fold(0, |number, byte| (number << 8) | usize::from(byte));
        let digits = [18, 12, 6, 0].map(|shift| char::from(DIGITS[(number >> shift) & 63]));
        let count = three_bytes.len() + 1;
        digits.into_iter().take(count).chain(std::iter::repeat_n('=', digits.len() - count))
    };
    bytes.chunks(3).flat_map(four_digits).collect()
}

/// Writes a file that only its owner may read, whole or not at all, and makes it durable.
fn write_private(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    use std::io::Write;
    let folder = path.parent().context("a key file needs a folder")?;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let partial = path.with_extension("partial");
    let mut file = fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&partial)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&partial, path)?;
    fs::File::open(folder)?.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn keys_are_made_once_and_only_the_owner_reads_them() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = DataDir::open(folder.path()).unwrap();
        let first = data_dir.signing_keys(None).unwrap();
        let second = data_dir.signing_keys(None).unwrap();
        assert_eq!(first.private_pem, second.private_pem);
        let mode = fs::metadata(folder.path().join("keys/id_ecdsa")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn half_a_key_pair_is_refused_rather_than_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = DataDir::open(folder.path()).unwrap();
        data_dir.signing_keys(None).unwrap();
        fs::remove_file(folder.path().join("keys/id_ecdsa")).unwrap();
        let refused = data_dir.signing_keys(None).err().unwrap();
        assert!(refused.to_string().contains("restore it"));
        assert!(!folder.path().join("keys/id_ecdsa").exists());
    }

    #[test]
    fn a_public_key_that_is_missing_is_written_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = DataDir::open(folder.path()).unwrap();
        let keys = data_dir.signing_keys(None).unwrap();
        let public = folder.path().join("keys/id_ecdsa.pub");
        fs::remove_file(&public).unwrap();
        let completed = data_dir.signing_keys(None).unwrap();
        assert_eq!((&completed.private_pem, &completed.public_pem), (&keys.private_pem, &keys.public_pem));
        assert_eq!(fs::read(&public).unwrap(), &*keys.public_pem);
    }

    #[test]
    fn no_public_key_is_made_out_of_what_is_no_private_one() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = DataDir::open(folder.path()).unwrap();
        data_dir.signing_keys(None).unwrap();
        let keys = folder.path().join("keys");
        fs::rename(keys.join("id_ecdsa.pub"), keys.join("id_ecdsa")).unwrap();
        let refused = data_dir.signing_keys(None).err().unwrap();
        assert!(refused.to_string().contains("id_ecdsa is not an ES256 key"), "{refused}");
        assert!(!keys.join("id_ecdsa.pub").exists());
    }

    #[test]
    fn text_of_bytes_is_the_published_one() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(base64(&[0xfb, 0xff, 0xbf]), "+/+/");
    }

    #[test]
    fn a_second_process_is_refused_until_the_first_lets_go() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataDir::open(folder.path()).unwrap();
        assert!(matches!(DataDir::open(folder.path()), Err(DataDirError::Locked { .. })));
        drop(first);
        DataDir::open(folder.path()).unwrap();
    }

    #[test]
    fn data_of_a_newer_version_is_refused_untouched() {
        let folder = tempfile::tempdir().unwrap();
        let newer = "version = \"99.0.0\"\nedition = \"standalone\"\n";
        fs::write(folder.path().join("metadata.toml"), newer).unwrap();
        assert!(matches!(DataDir::open(folder.path()), Err(DataDirError::Incompatible { .. })));
        assert_eq!(fs::read_to_string(folder.path().join("metadata.toml")).unwrap(), newer);
    }
}
