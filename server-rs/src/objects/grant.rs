//! What a signed URL of the local store allows: the facade writes it into the URL and signs it (HMAC-SHA256), so
//! that clients upload and download as they would at S3.
//!
//! A grant is one opaque word. Nothing of it is taken from elsewhere in the request, so no part of a path or query
//! can mean one thing to the signature and another to the store.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::direct::Announced;
use crate::identity::secrets;

/// File of the signing key, below the root of the local store. It stays, so that URLs outlive a restart.
const KEY_FILE: &str = ".url-key";
/// Longest grant that is looked at, in bytes.
const GRANT_BYTES_MAX: usize = 4096;

/// One thing that the holder of a URL may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Grant {
    /// Put this object.
    Put(Announced),
    /// Put one part of an object.
    Part {
        /// The asset that it is a part of.
        asset_id: uuid::Uuid,
        /// Which part, from 1.
        number: u32,
        /// Its size.
        byte_size: u64,
    },
    /// Get this object.
    Get(Announced),
}

/// A grant and its end, in seconds since the Unix epoch.
#[derive(Serialize, Deserialize)]
struct Bounded {
    grant: Grant,
    expires_s: u64,
}

/// Why a URL is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// The facade has not signed it.
    #[error("this URL was not signed here, or was changed since")]
    Forged,
    /// Its time is over.
    #[error("the time of this URL is over")]
    Expired,
}

/// Signs grants and checks them. Clones share the key.
#[derive(Clone)]
pub struct GrantSigner(Arc<SecretString>);

impl std::fmt::Debug for GrantSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GrantSigner")
    }
}

impl GrantSigner {
    /// Reads the key below `root`, which is made when absent.
    pub fn open(root: &Path) -> io::Result<Self> {
        let path = root.join(KEY_FILE);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let key = match options.open(&path) {
            Ok(mut file) => {
                let key = secrets::fresh();
                file.write_all(key.expose_secret().as_bytes())?;
                file.sync_all()?;
                key
            }
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => std::fs::read_to_string(&path)?.into(),
            Err(cause) => return Err(cause),
        };
        if !secrets::is_strong(key.expose_secret()) {
            let problem = format!("{} holds no key: remove the file, and a new one is made", path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
        }
        Ok(Self(Arc::new(key)))
    }

    /// The grant as a word for a URL, good until `expires_s`.
    pub fn sign(&self, grant: Grant, expires_s: u64) -> Result<String, serde_json::Error> {
        let text = serde_json::to_vec(&Bounded { grant, expires_s })?;
        let signature = self.mac(&text).finalize().into_bytes();
        Ok(format!("{}.{}", URL_SAFE_NO_PAD.encode(text), URL_SAFE_NO_PAD.encode(signature)))
    }

    /// The grant of a word that this facade has signed.
    ///
    /// Errors: [`GrantError`] unless it is whole and its time is not over at `now_s`.
    pub fn check(&self, word: &str, now_s: u64) -> Result<Grant, GrantError> {
        let bounded = self.opened(word).ok_or(GrantError::Forged)?;
        if bounded.expires_s <= now_s {
            return Err(GrantError::Expired);
        }
        Ok(bounded.grant)
    }

    fn opened(&self, word: &str) -> Option<Bounded> {
        let (text, signature) = word.split_once('.').filter(|_| word.len() <= GRANT_BYTES_MAX)?;
        let (text, signature) = (URL_SAFE_NO_PAD.decode(text).ok()?, URL_SAFE_NO_PAD.decode(signature).ok()?);
        // In constant time, and before anything of the text is read.
        self.mac(&text).verify_slice(&signature).ok()?;
        serde_json::from_slice(&text).ok()
    }

    fn mac(&self, text: &[u8]) -> Hmac<Sha256> {
        secrets::keyed_hash(self.0.expose_secret().as_bytes(), text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer() -> (tempfile::TempDir, GrantSigner) {
        let folder = tempfile::tempdir().unwrap();
        let signer = GrantSigner::open(folder.path()).unwrap();
        (folder, signer)
    }

    fn part(number: u32) -> Grant {
        Grant::Part { asset_id: uuid::Uuid::nil(), number, byte_size: 7 }
    }

    #[test]
    fn a_grant_is_good_until_its_end_and_after_a_restart() {
        let (folder, signer) = signer();
        let word = signer.sign(part(1), 100).unwrap();
        assert_eq!(signer.check(&word, 99), Ok(part(1)));
        assert_eq!(signer.check(&word, 100), Err(GrantError::Expired));
        assert_eq!(GrantSigner::open(folder.path()).unwrap().check(&word, 99), Ok(part(1)));
    }

    #[test]
    fn what_was_changed_or_signed_elsewhere_is_refused() {
        let ((_folder, signer), (_other_folder, other)) = (signer(), signer());
        let word = signer.sign(part(1), 100).unwrap();
        let (text, signature) = word.split_once('.').unwrap();
        let (other_text, _) =
            signer.sign(part(2), 100).unwrap().split_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        let flipped = format!("{}{}", &word[..word.len() - 2], if word.ends_with("AA") { "BB" } else { "AA" });
        for forged in [
            format!("{other_text}.{signature}"),
            format!("{text}."),
            text.to_owned(),
            flipped,
            other.sign(part(1), 100).unwrap(),
            String::new(),
            "../../etc/passwd".to_owned(),
            format!("{word}{}", "A".repeat(GRANT_BYTES_MAX)),
        ] {
            assert_eq!(signer.check(&forged, 0), Err(GrantError::Forged), "{forged}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_the_key() {
        use std::os::unix::fs::PermissionsExt;

        let (folder, _signer) = signer();
        let mode = std::fs::metadata(folder.path().join(KEY_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
