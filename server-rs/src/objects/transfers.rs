//! Uploads and downloads between clients and the store itself: signed, put together, looked at.
//!
//! Whether the store is a folder or a bucket is decided here and nowhere above: clients get the same requests.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::TryStreamExt;
use opendal::ErrorKind;
use sha2::{Digest, Sha256};
use tokio_util::io::ReaderStream;
use uuid::Uuid;

use super::content_type::{self, HEAD_BYTES};
use super::direct::{Announced, Observed, Part, SignedRequest};
use super::grant::{Grant, GrantError, GrantSigner};
use super::key::ObjectKey;
use super::parts::Parts;
use super::remote::RemoteBucket;
use super::staging::UploadError;
use super::store::{ObjectStore, Place, StoreError};
use crate::identity::secrets::hex;

/// Folder of the notes on uploads in parts that are under way in a bucket: which upload belongs to which asset. They
/// lie beside the objects, so that every facade, and the next one after a crash, knows them.
const NOTES: &str = ".multipart/";

impl ObjectStore {
    /// A request by which a client puts an object in one piece.
    pub async fn sign_put(
        &self,
        announced: &Announced,
        content_md5: Option<&str>,
        life: Duration,
    ) -> Result<SignedRequest, StoreError> {
        match &self.place {
            Place::Folder { .. } => {
                let headers = vec![
                    ("content-length".to_owned(), announced.byte_size.to_string()),
                    ("content-type".to_owned(), announced.content_type.clone()),
                ];
                self.sign_grant("PUT", Grant::Put(announced.clone()), headers, life)
            }
            Place::Bucket(remote) => remote.sign_put(announced, content_md5, life, now_s()).await,
        }
    }

    /// Requests by which a client puts these parts of an object. The first call begins the upload.
    pub async fn sign_parts(
        &self,
        asset_id: Uuid,
        announced: &Announced,
        numbers: &[(u32, u64)],
        life: Duration,
    ) -> Result<Vec<SignedRequest>, StoreError> {
        let mut signed = Vec::with_capacity(numbers.len());
        match &self.place {
            Place::Folder { .. } => {
                for &(number, byte_size) in numbers {
                    let headers = vec![("content-length".to_owned(), byte_size.to_string())];
                    let grant = Grant::Part { asset_id, number, byte_size };
                    signed.push(self.sign_grant("PUT", grant, headers, life)?);
                }
            }
            Place::Bucket(remote) => {
                let key = key_of(announced)?;
                let upload_id = self.upload_id(remote, asset_id, announced, &key).await?;
                for &part in numbers {
                    signed.push(remote.sign_part(&key, &upload_id, part, life, now_s()).await?);
                }
            }
        }
        Ok(signed)
    }

    /// The parts of an object that have arrived.
    pub async fn parts(&self, asset_id: Uuid, announced: &Announced) -> Result<Vec<Part>, StoreError> {
        match &self.place {
            Place::Folder { parts, .. } => parts.list(asset_id).await,
            Place::Bucket(remote) => match self.noted(asset_id).await? {
                Some((_, upload_id)) => Ok(remote.parts(&key_of(announced)?, &upload_id).await?.unwrap_or_default()),
                None => Ok(Vec::new()),
            },
        }
    }

    /// Puts the parts of an object together under its key.
    pub async fn complete(&self, asset_id: Uuid, announced: &Announced, present: &[Part]) -> Result<(), UploadError> {
        match &self.place {
            Place::Folder { parts, .. } => self.assemble(parts, asset_id, announced, present).await,
            Place::Bucket(remote) => {
                if let Some((key, upload_id)) = self.noted(asset_id).await? {
                    remote.complete(&key, &upload_id, present).await?;
                    // There is no such upload any more, and nothing of it to give up.
                    self.objects.delete(&note_of(asset_id)).await.map_err(StoreError::from)?;
                }
                Ok(())
            }
        }
    }

    async fn assemble(
        &self,
        parts: &Parts,
        asset_id: Uuid,
        announced: &Announced,
        present: &[Part],
    ) -> Result<(), UploadError> {
        let allowed = [announced.content_type.clone()];
        let mut whole = self.stage(announced.byte_size).await?;
        for part in present {
            let file = tokio::fs::File::open(parts.file(asset_id, part.number)).await.map_err(StoreError::from)?;
            let mut chunks = ReaderStream::with_capacity(file, super::store::CHUNK_BYTES);
            while let Some(chunk) = chunks.try_next().await.map_err(StoreError::from)? {
                whole.write(chunk, None, &allowed).await?;
            }
        }
        let whole = whole.finish(None, &allowed).await?;
        self.place(whole, &announced.bucket, &key_of(announced)?).await?;
        Ok(())
    }

    /// Removes what an upload in parts leaves beside the object. Nothing at all counts as removed.
    pub async fn forget_parts(&self, asset_id: Uuid) -> Result<(), StoreError> {
        match &self.place {
            Place::Folder { parts, .. } => parts.remove(asset_id).await,
            Place::Bucket(remote) => {
                if let Some((key, upload_id)) = self.noted(asset_id).await? {
                    remote.abort(&key, &upload_id).await?;
                    self.objects.delete(&note_of(asset_id)).await?;
                }
                Ok(())
            }
        }
    }

    /// Assets with uploads in parts that are under way, or were left behind.
    pub async fn parted(&self) -> Result<Vec<Uuid>, StoreError> {
        match &self.place {
            Place::Folder { parts, .. } => parts.assets().await,
            Place::Bucket(_) => {
                let mut entries = self.objects.lister_with(NOTES).recursive(true).await?;
                let mut assets = Vec::new();
                while let Some(entry) = entries.try_next().await? {
                    assets.extend(entry.name().parse::<Uuid>().ok());
                }
                Ok(assets)
            }
        }
    }

    /// What lies at a key; `None` if nothing does.
    ///
    /// The type is told from the first bytes. The SHA-256 is the store's where it vouches for one of all bytes, and is
    /// else taken here, of every byte. It is left empty when the size alone is not what was announced.
    pub async fn observe(&self, announced: &Announced) -> Result<Option<Observed>, StoreError> {
        let (bucket, key) = (announced.bucket.as_str(), key_of(announced)?);
        let (byte_size, vouched) = match &self.place {
            Place::Folder { .. } => match self.size(bucket, &key).await? {
                Some(size) => (size, None),
                None => return Ok(None),
            },
            Place::Bucket(remote) => match remote.head(&key).await? {
                Some(head) => (head.byte_size, head.sha256),
                None => return Ok(None),
            },
        };
        if byte_size != announced.byte_size {
            return Ok(Some(Observed { content_type: None, byte_size, sha256: String::new() }));
        }
        let head = self.read(bucket, &key, 0..byte_size.min(HEAD_BYTES as u64)).await?;
        let head: Vec<Bytes> = head.try_collect().await?;
        let content_type = content_type::recognise(&head.concat());
        let sha256 = match vouched {
            Some(sha256) => sha256,
            None => self.sha256(bucket, &key, byte_size).await?,
        };
        Ok(Some(Observed { content_type, byte_size, sha256 }))
    }

    async fn sha256(&self, bucket: &str, key: &ObjectKey, byte_size: u64) -> Result<String, StoreError> {
        let mut hash = Sha256::new();
        let mut chunks = self.read(bucket, key, 0..byte_size).await?;
        while let Some(chunk) = chunks.try_next().await? {
            hash.update(&chunk);
        }
        Ok(hex(&hash.finalize()))
    }

    /// A URL by which a client gets an object; `disposition` is how it is to be shown or named.
    pub async fn sign_get(
        &self,
        announced: &Announced,
        disposition: &str,
        life: Duration,
    ) -> Result<SignedRequest, StoreError> {
        match &self.place {
            Place::Folder { .. } => self.sign_grant("GET", Grant::Get(announced.clone()), Vec::new(), life),
            Place::Bucket(remote) => {
                let key = key_of(announced)?;
                // A row of another bucket has no object here, and a URL for it would lead nowhere.
                self.path_of(&announced.bucket, &key)?;
                remote.sign_get(&key, &announced.content_type, disposition, life, now_s()).await
            }
        }
    }

    /// The grant of a URL of the local store; a bucket has none.
    pub fn check_grant(&self, word: &str) -> Result<(Grant, &Parts), GrantError> {
        match &self.place {
            Place::Folder { grants, parts, .. } => Ok((grants.check(word, now_s())?, parts)),
            Place::Bucket(_) => Err(GrantError::Forged),
        }
    }

    fn sign_grant(
        &self,
        method: &'static str,
        grant: Grant,
        headers: Vec<(String, String)>,
        life: Duration,
    ) -> Result<SignedRequest, StoreError> {
        let Some((grants, public_url)) = self.folder_signer() else { return Err(StoreError::Missing) };
        let expires_s = now_s() + life.as_secs();
        let word = grants.sign(grant, expires_s).map_err(StoreError::other)?;
        Ok(SignedRequest { method, url: format!("{public_url}/objects/{word}"), headers, expires_s })
    }

    fn folder_signer(&self) -> Option<(&GrantSigner, &str)> {
        match &self.place {
            Place::Folder { grants, public_url, .. } => Some((grants, public_url)),
            Place::Bucket(_) => None,
        }
    }

    /// The id of an asset's upload in parts, which is begun if none is under way. Of several facades that begin one at
    /// once, the first to note it down wins.
    async fn upload_id(
        &self,
        remote: &RemoteBucket,
        asset_id: Uuid,
        announced: &Announced,
        key: &ObjectKey,
    ) -> Result<String, StoreError> {
        if let Some((_, upload_id)) = self.noted(asset_id).await? {
            return Ok(upload_id);
        }
        let begun = remote.begin(key, &announced.content_type).await?;
        let note = format!("{}\n{begun}", key.as_str());
        match self.objects.write_with(&note_of(asset_id), note).if_not_exists(true).await {
            Ok(_) => Ok(begun),
            Err(error) if matches!(error.kind(), ErrorKind::ConditionNotMatch | ErrorKind::AlreadyExists) => {
                remote.abort(key, &begun).await?;
                self.noted(asset_id).await?.map(|(_, upload_id)| upload_id).ok_or(StoreError::Missing)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Key and upload id of an asset's upload in parts.
    async fn noted(&self, asset_id: Uuid) -> Result<Option<(ObjectKey, String)>, StoreError> {
        let note = match self.objects.read(&note_of(asset_id)).await {
            Ok(note) => String::from_utf8(note.to_vec()).map_err(StoreError::other)?,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        Ok(note.split_once('\n').and_then(|(key, id)| Some((ObjectKey::parse(key)?, id.to_owned()))))
    }
}

fn note_of(asset_id: Uuid) -> String {
    format!("{NOTES}{asset_id}")
}

fn key_of(announced: &Announced) -> Result<ObjectKey, StoreError> {
    ObjectKey::parse(&announced.object_key).ok_or(StoreError::Missing)
}

/// Seconds since the Unix epoch.
fn now_s() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
