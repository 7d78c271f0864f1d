//! The caller's token: where it comes from, who it is, and how it is kept.

use std::fmt;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use reqwest::header::HeaderValue;
use serde::Deserialize;
use spacetimedb_lib::Identity;
use tempfile::NamedTempFile;

use super::error::CliError;
use super::server::Server;

/// Far above any real token; a bigger file is something else.
const TOKEN_BYTES_MAX: u64 = 16 * 1024;

/// A bearer token. Its text is never shown.
#[derive(Clone)]
pub struct Token {
    text: String,
    identity: Identity,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("identity", &self.identity).finish_non_exhaustive()
    }
}

/// What names the holder in a token.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
}

impl Token {
    /// Reads a token's claims, without checking its signature: only the server can do that.
    ///
    /// `origin` says in messages where the token came from.
    ///
    /// Errors: [`CliError::InvalidToken`].
    pub fn parse(text: &str, origin: &str) -> Result<Self, CliError> {
        let invalid = |reason: String| CliError::InvalidToken { origin: origin.to_owned(), reason };
        let text = text.trim();
        if text.is_empty() {
            return Err(invalid("it is empty".to_owned()));
        }
        let claims: Claims = jsonwebtoken::dangerous::insecure_decode_claims(text)
            .map_err(|_| invalid("it is not a JSON web token".to_owned()))?;
        Ok(Self { text: text.to_owned(), identity: Identity::from_claims(&claims.iss, &claims.sub) })
    }

    /// Who holds it.
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// The value of an `Authorization` header, marked as sensitive.
    pub fn authorization(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::try_from(format!("Bearer {}", self.text)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// Reads the token in `path`.
pub fn read(path: &Path) -> Result<Token, CliError> {
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(TOKEN_BYTES_MAX).read_to_string(&mut text))
        .map_err(CliError::file("read", path))?;
    Token::parse(&text, &path.display().to_string())
}

/// Writes `token` to `path`, whole or not at all, readable by its owner alone.
pub fn write(path: &Path, token: &Token) -> Result<(), CliError> {
    written_beside(path, token)
        .and_then(|file| Ok(file.persist(path)?))
        .map(drop)
        .map_err(CliError::file("write", path))
}

/// The same unless there is such a file, which stays as it is. Says whether there was none.
fn write_new(path: &Path, token: &Token) -> Result<bool, CliError> {
    match written_beside(path, token).and_then(|file| Ok(file.persist_noclobber(path)?)) {
        Ok(_) => Ok(true),
        Err(cause) if cause.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(cause) => Err(CliError::file("write", path)(cause)),
    }
}

/// A file in the folder of `path` that holds the token.
fn written_beside(path: &Path, token: &Token) -> std::io::Result<NamedTempFile> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A temporary file is created with mode 0600, and renaming keeps it.
    let mut file = NamedTempFile::new_in(dir)?;
    file.write_all(token.text.as_bytes())?;
    Ok(file)
}

/// Tokens kept between commands, one per server, because each server knows only its own.
#[derive(Debug)]
pub struct TokenStore {
    dir: PathBuf,
}

impl TokenStore {
    /// The store below the configuration directory `config_dir`.
    pub fn in_config_dir(config_dir: &Path) -> Self {
        Self { dir: config_dir.join("tokens") }
    }

    /// The file for `server`.
    pub fn path_for(&self, server: &Server) -> PathBuf {
        self.dir.join(file_name(&server.to_string()))
    }

    /// The token kept for `server`.
    pub fn load(&self, server: &Server) -> Result<Option<Token>, CliError> {
        let path = self.path_for(server);
        if path.exists() { read(&path).map(Some) } else { Ok(None) }
    }

    /// Keeps `token` for `server`, and says where.
    pub fn save(&self, server: &Server, token: &Token) -> Result<PathBuf, CliError> {
        let path = self.place_for(server)?;
        write(&path, token)?;
        Ok(path)
    }

    /// Keeps `token` for `server` and says where, unless another command has kept one meanwhile: nobody would have the
    /// token of that command any more, nor the databases that it has published.
    pub fn save_first(&self, server: &Server, token: &Token) -> Result<Option<PathBuf>, CliError> {
        let path = self.place_for(server)?;
        Ok(write_new(&path, token)?.then_some(path))
    }

    fn place_for(&self, server: &Server) -> Result<PathBuf, CliError> {
        create_private_dir(&self.dir).map_err(CliError::file("create", &self.dir))?;
        Ok(self.path_for(server))
    }
}

/// A file name that no other server's URL maps to: whatever is not a letter, digit, dot or hyphen
/// is written as `_` and its hex code.
fn file_name(url: &str) -> String {
    url.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' => char::from(byte).to_string(),
            other => format!("_{other:02x}"),
        })
        .collect()
}

fn create_private_dir(dir: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A token with the claims `{"iss":"localhost","sub":"tester","iat":1}` and a made-up signature.
    pub const SAMPLE: &str =
        "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJsb2NhbGhvc3QiLCJzdWIiOiJ0ZXN0ZXIiLCJpYXQiOjF9.c2lnbmF0dXJl";

    #[test]
    fn a_token_names_its_holder_and_hides_its_text() {
        let token = Token::parse(&format!("{SAMPLE}\n"), "here").unwrap();
        assert_eq!(token.identity(), Identity::from_claims("localhost", "tester"));
        assert!(!format!("{token:?}").contains("eyJ"));
        let header = token.authorization().unwrap();
        assert!(header.is_sensitive());
        assert_eq!(header.to_str().unwrap(), format!("Bearer {SAMPLE}"));
    }

    #[test]
    fn what_is_no_token_is_refused_without_being_shown() {
        for text in ["", "  \n", "sesame", "a.b.c", "eyJ0eXAiOiJKV1QifQ.e30.x"] {
            let error = Token::parse(text, "the file").unwrap_err().to_string();
            assert!(error.starts_with("The token from the file is no token"), "{error}");
            assert!(!error.contains("sesame"));
        }
    }

    #[test]
    fn each_server_has_its_own_private_file() {
        let dir = tempfile::tempdir().unwrap();
        let store = TokenStore::in_config_dir(&dir.path().join("new"));
        let here = Server::resolve("http://127.0.0.1:3000", None).unwrap();
        let there = Server::resolve("http://127.0.0.1:3001", None).unwrap();
        assert!(store.load(&here).unwrap().is_none());

        let token = Token::parse(SAMPLE, "here").unwrap();
        let path = store.save(&here, &token).unwrap();
        assert_eq!(path.file_name().unwrap(), "http_3a_2f_2f127.0.0.1_3a3000");
        assert_eq!(store.load(&here).unwrap().unwrap().text, SAMPLE);
        assert!(store.load(&there).unwrap().is_none());

        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&path), 0o600);
            assert_eq!(mode(path.parent().unwrap()), 0o700);
        }
    }

    #[test]
    fn the_first_of_two_new_tokens_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let store = TokenStore::in_config_dir(dir.path());
        let server = Server::resolve("http://127.0.0.1:3000", None).unwrap();
        let [first, second] =
            [SAMPLE.to_owned(), format!("{SAMPLE}Y")].map(|text| Token::parse(&text, "here").unwrap());
        let kept = |store: &TokenStore| store.load(&server).unwrap().unwrap().text;
        assert_eq!(store.save_first(&server, &first).unwrap(), Some(store.path_for(&server)));
        assert_eq!(store.save_first(&server, &second).unwrap(), None);
        assert_eq!(kept(&store), first.text);
        store.save(&server, &second).unwrap();
        assert_eq!(kept(&store), second.text);
    }

    #[test]
    fn a_huge_file_is_not_read_to_its_end() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(TOKEN_BYTES_MAX * 1024).unwrap();
        assert!(matches!(read(file.path()), Err(CliError::InvalidToken { .. })));
    }
}
