//! Signing keys as files: one PEM file each, for their owner's eyes only, in a folder that several facades may share.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use jsonwebtoken::{DecodingKey, EncodingKey};
use p256::ecdsa::SigningKey;
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};

use crate::identity::secrets::hex;

const PREFIX: &str = "es256-";
const SUFFIX: &str = ".pem";
/// Held while a key is made, so that facades that start at once do not make one each.
const LOCK: &str = ".lock";
/// Digits of a key's id: enough to tell a handful of keys apart.
const ID_BYTES: usize = 8;

/// A key pair, ready for use.
pub struct Key {
    /// Its id, the `kid` of tokens: the beginning of a hash of the public key.
    pub id: String,
    /// When it was made, in seconds since 1970.
    pub made_s: u64,
    /// Signs.
    pub private: EncodingKey,
    /// Checks.
    pub public: DecodingKey,
    /// The public key's coordinates.
    pub point: [[u8; 32]; 2],
}

/// The folder of the keys.
#[derive(Debug, Clone)]
pub struct KeyFolder {
    path: PathBuf,
}

impl KeyFolder {
    /// Opens the folder and makes it if it is not there. Refuses one that others can look into.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        make_private_folder(path).with_context(|| format!("{} cannot be made", path.display()))?;
        refuse_readable_by_others(path)?;
        Ok(Self { path: path.to_owned() })
    }

    /// All keys, the oldest first.
    pub fn read(&self) -> anyhow::Result<Vec<Key>> {
        let entries = fs::read_dir(&self.path).with_context(|| format!("{} cannot be read", self.path.display()))?;
        let mut keys = Vec::new();
        for entry in entries {
            let entry = entry?;
            let Some((made_s, id)) = parts(&entry.file_name().to_string_lossy()) else { continue };
            let path = entry.path();
            match fs::read_to_string(&path) {
                Ok(pem) => {
                    refuse_readable_by_others(&path)?;
                    let key = key(&pem, made_s).with_context(|| format!("{} holds no signing key", path.display()))?;
                    ensure!(key.id == id, "{} holds another key than its name says", path.display());
                    keys.push(key);
                }
                // Another facade has just removed it.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error).with_context(|| format!("{} cannot be read", path.display())),
            }
        }
        keys.sort_by(|one, other| (one.made_s, &one.id).cmp(&(other.made_s, &other.id)));
        Ok(keys)
    }

    /// Makes a key, unless `is_due` says of the keys that are there by then that none is needed.
    pub fn make(&self, now_s: u64, is_due: impl FnOnce(&[Key]) -> bool) -> anyhow::Result<()> {
        let lock = File::create(self.path.join(LOCK))?;
        lock.lock().context("the key folder's lock cannot be had")?;
        if !is_due(&self.read()?) {
            return Ok(());
        }
        let private = SigningKey::random(&mut OsRng);
        let pem = private.to_pkcs8_pem(LineEnding::LF)?;
        let id = key(&pem, now_s)?.id;
        let mut draft = tempfile_in(&self.path, &id)?;
        draft.1.write_all(pem.as_bytes())?;
        draft.1.sync_all()?;
        // A reader sees the whole key or none.
        fs::rename(&draft.0, self.path.join(format!("{PREFIX}{now_s}-{id}{SUFFIX}")))?;
        tracing::info!(key = id, "Made a signing key");
        Ok(())
    }

    /// Removes a key.
    pub fn remove(&self, key: &Key) -> anyhow::Result<()> {
        match fs::remove_file(self.path.join(format!("{PREFIX}{}-{}{SUFFIX}", key.made_s, key.id))) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// When a key was made and its id, from the name of its file.
fn parts(file_name: &str) -> Option<(u64, String)> {
    let (made_s, id) = file_name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?.split_once('-')?;
    Some((made_s.parse().ok()?, id.to_owned()))
}

fn key(pem: &str, made_s: u64) -> anyhow::Result<Key> {
    let private = SigningKey::from_pkcs8_pem(pem)?;
    let point = private.verifying_key().to_encoded_point(false);
    let (Some(x), Some(y)) = (point.x(), point.y()) else { bail!("the key's public part is no point") };
    let public_pem = private.verifying_key().to_public_key_pem(LineEnding::LF)?;
    Ok(Key {
        id: hex(&Sha256::digest(point.as_bytes())[..ID_BYTES]),
        made_s,
        private: EncodingKey::from_ec_pem(pem.as_bytes())?,
        public: DecodingKey::from_ec_pem(public_pem.as_bytes())?,
        point: [(*x).into(), (*y).into()],
    })
}

fn tempfile_in(folder: &Path, id: &str) -> std::io::Result<(PathBuf, File)> {
    let path = folder.join(format!(".{id}.draft"));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path)?;
    Ok((path, file))
}

#[cfg(unix)]
fn make_private_folder(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn make_private_folder(path: &Path) -> std::io::Result<()> {
    fs::create_dir_all(path)
}

/// Whoever reads a key can be every player.
#[cfg(unix)]
fn refuse_readable_by_others(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path)?.permissions().mode();
    ensure!(mode & 0o077 == 0, "others have rights on {}: take them away (chmod go= on it)", path.display());
    Ok(())
}

/// Elsewhere a file's rights are not told by a mode.
#[cfg(not(unix))]
fn refuse_readable_by_others(_path: &Path) -> anyhow::Result<()> {
    Ok(())
}
