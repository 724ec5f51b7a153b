//! The configuration file: its fields, how it is read, and the one that `grid init` writes.

use anyhow::{Context, Result};
use grid_node::config::NodeConfig;
use serde::{Deserialize, Deserializer, de::Error as _};
use solana_address::Address;
use std::path::{Path, PathBuf};

/// What a configuration file may say. A field that is not here is an error.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConfigFile {
    /// RPC endpoints: addresses, or `localhost`, `devnet`, `testnet`, `mainnet-beta`.
    pub urls: Vec<String>,
    /// The key that signs and pays.
    pub keypair: Option<PathBuf>,
    /// The mint of amounts, where a command does not know it otherwise.
    #[serde(deserialize_with = "address")]
    pub mint: Option<Address>,
    /// The market, where a command does not name one.
    #[serde(deserialize_with = "address")]
    pub market: Option<Address>,
    /// The folder that holds definitions, inputs and results.
    pub store: Option<PathBuf>,
    /// What the node of this machine offers.
    pub node: Option<NodeConfig>,
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Address>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse()
        .map(Some)
        .map_err(|_| D::Error::custom(format!("`{text}` is no address: 32 bytes in base58")))
}

impl ConfigFile {
    /// Reads a file's text.
    ///
    /// # Errors
    /// What is wrong, with its line.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// Reads a file; `None` where there is none.
    pub fn find(path: &Path) -> Result<Option<Self>> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("the configuration {}", path.display())),
        };
        let parsed = Self::parse(&text).with_context(|| format!("the configuration {}", path.display()))?;
        if let Some(node) = &parsed.node {
            node.check().with_context(|| format!("the configuration {}", path.display()))?;
        }
        Ok(Some(parsed))
    }
}

/// The file that `grid init` writes.
pub const TEMPLATE: &str = include_str!("../assets/config.toml");

/// [`TEMPLATE`] with the endpoints and the key that were chosen.
pub fn render(urls: &[String], keypair: &Path) -> String {
    // Both are quoted as TOML quotes them, whatever they hold.
    let urls = toml::Value::from(urls.to_vec()).to_string();
    let keypair = toml::Value::from(keypair.display().to_string()).to_string();
    TEMPLATE.replace("@URLS@", &urls).replace("@KEYPAIR@", &keypair)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_init_is_read_back_with_what_was_chosen() {
        let urls = vec!["devnet".to_owned(), "http://127.0.0.1:8899".to_owned()];
        let keypair = Path::new("/home/a \"b\"/id.json");
        let read = ConfigFile::parse(&render(&urls, keypair)).unwrap();
        assert_eq!((read.urls, read.keypair.as_deref()), (urls, Some(keypair)));
        assert!(read.mint.is_none() && read.market.is_none() && read.store.is_none() && read.node.is_none());
    }

    #[test]
    fn the_template_shows_each_field() {
        let fields = ["urls", "keypair", "mint", "market", "store", "[node]"];
        for field in fields {
            let begins = |line: &str| line.trim_start_matches("# ").starts_with(field);
            assert!(TEMPLATE.lines().any(begins), "{field}");
        }
        let error = ConfigFile::parse("none = 1").unwrap_err().to_string();
        for field in fields {
            assert!(error.contains(field.trim_matches(['[', ']'])), "{field} is not in: {error}");
        }
    }

    #[test]
    fn an_unknown_field_is_refused_with_its_line() {
        let error = ConfigFile::parse("urls = []\n\nkeypiar = \"x\"\n").unwrap_err().to_string();
        assert!(error.contains("line 3") && error.contains("keypiar"), "{error}");
    }

    #[test]
    fn a_wrong_address_is_refused_with_its_line() {
        let error = ConfigFile::parse("mint = \"abc\"").unwrap_err().to_string();
        assert!(error.contains("line 1") && error.contains("`abc` is no address"), "{error}");
    }

    #[test]
    fn an_empty_file_says_nothing() {
        let read = ConfigFile::parse("").unwrap();
        assert!(read.urls.is_empty() && read.keypair.is_none() && read.node.is_none());
    }
}
