//! The node's configuration of a local run: it takes the tokens that the facade issues.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use toml::{Table, Value};

use super::data_dir::DataDir;

/// The audience of the facade's tokens, which is its default.
const AUDIENCE: &str = "worldloom";

/// Writes the configuration and returns its file: the developer's own, from the data folder, with the facade added
/// to the trusted issuers.
pub fn node_config(data_dir: &DataDir, facade_url: &str) -> Result<PathBuf> {
    let own = data_dir.path().join("config.toml");
    let text = match fs::read_to_string(&own) {
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        text => text.with_context(|| format!("{} cannot be read", own.display()))?,
    };
    let text = with_issuer(&text, facade_url).with_context(|| format!("{} cannot be used", own.display()))?;
    let file = data_dir.node_config();
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&file, text).with_context(|| format!("{} cannot be written", file.display()))?;
    Ok(file)
}

fn with_issuer(config: &str, issuer: &str) -> Result<String> {
    let mut config: Table = config.parse()?;
    let auth = config.entry("auth").or_insert_with(|| Value::Table(Table::new()));
    let Some(auth) = auth.as_table_mut() else { bail!("`auth` is no table") };
    let trusted = auth.entry("trusted-issuers").or_insert_with(|| Value::Array(Vec::new()));
    let Some(trusted) = trusted.as_array_mut() else { bail!("`auth.trusted-issuers` is no list") };
    let is_listed = trusted.iter().any(|entry| entry.get("issuer").and_then(Value::as_str) == Some(issuer));
    if !is_listed {
        let mut entry = Table::new();
        entry.insert("issuer".to_owned(), issuer.into());
        entry.insert("audiences".to_owned(), Value::Array(vec![AUDIENCE.into()]));
        trusted.push(Value::Table(entry));
    }
    Ok(toml::to_string(&config)?)
}

#[cfg(test)]
mod tests {
    use anyhow::Result;

    use super::with_issuer;

    #[test]
    fn the_facade_is_added_to_what_the_developer_has_set() -> Result<()> {
        let config = with_issuer("[logs]\nlevel = \"debug\"\n", "http://127.0.0.1:8080")?;
        assert!(config.contains("level = \"debug\""), "{config}");
        assert!(config.contains("issuer = \"http://127.0.0.1:8080\""), "{config}");
        assert_eq!(with_issuer(&config, "http://127.0.0.1:8080")?, config, "once is enough");
        let two = with_issuer(&config, "http://127.0.0.1:9090")?;
        assert!(two.contains("8080") && two.contains("9090"), "{two}");
        Ok(())
    }

    #[test]
    fn a_configuration_that_is_no_configuration_is_refused() {
        for config in ["auth = 1", "[auth]\ntrusted-issuers = 1", "nonsense"] {
            assert!(with_issuer(config, "http://127.0.0.1:8080").is_err(), "{config}");
        }
    }
}
