//! Who owns the local database and who the facade is, kept from one run to the next.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::data_dir::DataDir;
use super::node_client::NodeClient;

/// File of the token that may publish.
pub const OWNER_TOKEN: &str = "owner.token";

/// File of the token that may act for every player.
pub const FACADE_TOKEN: &str = "facade.token";

const OWNER_IDENTITY: &str = "owner.identity";
const FACADE_IDENTITY: &str = "facade.identity";

/// The identities of a local run. Tokens stay in their files.
pub struct Identities {
    /// File that holds the database owner's token.
    pub owner_token: PathBuf,
    /// File that holds the facade's token.
    pub facade_token: PathBuf,
    /// The facade's identity, 64 hexadecimal digits.
    pub facade_identity: String,
}

impl Identities {
    /// Takes the identities of the last run, or has the node make new ones where it no longer
    /// accepts them, as after its data was deleted.
    pub fn ensure(data_dir: &DataDir, client: &NodeClient) -> Result<Self> {
        let folder = data_dir.credentials();
        create_private_folder(&folder)?;
        ensure_one(&folder, OWNER_IDENTITY, OWNER_TOKEN, client)?;
        let facade_identity = ensure_one(&folder, FACADE_IDENTITY, FACADE_TOKEN, client)?;
        Ok(Self { owner_token: folder.join(OWNER_TOKEN), facade_token: folder.join(FACADE_TOKEN), facade_identity })
    }
}

fn ensure_one(folder: &Path, identity_file: &str, token_file: &str, client: &NodeClient) -> Result<String> {
    let identity_path = folder.join(identity_file);
    let token_path = folder.join(token_file);
    if let (Some(identity), Some(token)) = (read(&identity_path)?, read(&token_path)?)
        && client.accepts(&identity, &token)?
    {
        return Ok(identity);
    }
    let new = client.create_identity()?;
    // The token comes last: without it the pair counts as absent after an interruption.
    write_private(&identity_path, &new.identity)?;
    write_private(&token_path, &new.token)?;
    Ok(new.identity)
}

fn read(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
}

/// Replaces the file at `path` in one step, readable by its owner only.
fn write_private(path: &Path, text: &str) -> Result<()> {
    let folder = path.parent().context("a credential needs a folder")?;
    // A temporary file is made for its owner only, and renaming keeps that.
    let mut draft = tempfile::NamedTempFile::new_in(folder)?;
    draft.write_all(text.as_bytes())?;
    draft.persist(path).with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(())
}

#[cfg(unix)]
fn create_private_folder(folder: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;

    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("{} cannot be made", folder.display()))
}

#[cfg(not(unix))]
fn create_private_folder(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use anyhow::Result;

    use super::{Identities, create_private_folder, read, write_private};
    use crate::dev::data_dir::DataDir;
    use crate::dev::node_client::prepared;
    use crate::workspace::Workspace;

    fn answer(identity: &str) -> (&'static str, String) {
        ("200 OK", format!(r#"{{"identity": "{identity}", "token": "token of {identity}"}}"#))
    }

    #[test]
    fn accepted_identities_are_kept_and_refused_ones_are_made_anew() -> Result<()> {
        let parent = tempfile::tempdir()?;
        let data_dir = DataDir::choose(&Workspace::locate(), Some(&parent.path().join("local")))?;
        let accepted = ("204 No Content", String::new());
        let refused = ("401 Unauthorized", String::new());

        let (client, _requests) = prepared::server(vec![answer("owner"), answer("facade")])?;
        assert_eq!(Identities::ensure(&data_dir, &client)?.facade_identity, "facade");

        let (client, _requests) = prepared::server(vec![accepted, refused, answer("new-facade")])?;
        let identities = Identities::ensure(&data_dir, &client)?;
        assert_eq!(identities.facade_identity, "new-facade");
        assert_eq!(fs::read_to_string(identities.owner_token)?, "token of owner");
        assert_eq!(fs::read_to_string(identities.facade_token)?, "token of new-facade");
        Ok(())
    }

    #[test]
    fn credentials_are_for_their_owner_only() -> Result<()> {
        let parent = tempfile::tempdir()?;
        let folder = parent.path().join("local-credentials");
        create_private_folder(&folder)?;
        let path = folder.join("owner.token");
        write_private(&path, "first")?;
        write_private(&path, "second")?;
        assert_eq!(read(&path)?.as_deref(), Some("second"));
        assert_eq!(read(&folder.join("absent"))?, None);
        assert_eq!(fs::metadata(&path)?.permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&folder)?.permissions().mode() & 0o777, 0o700);
        Ok(())
    }
}
