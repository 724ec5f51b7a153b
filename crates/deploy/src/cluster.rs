//! Clusters: their names, endpoints and plans, and how one is told from another.

use serde::Deserialize;
use std::{path::PathBuf, str::FromStr};

/// Hash of devnet's first block.
const DEVNET_GENESIS: &str = "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG";
/// Hash of mainnet's first block.
const MAINNET_GENESIS: &str = "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d";

/// The network that a plan is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Network {
    /// A network of one's own.
    Localnet,
    /// Solana's devnet.
    Devnet,
    /// Solana's mainnet-beta.
    Mainnet,
}

impl Network {
    /// Which network has this first block.
    pub fn of_genesis(genesis: &str) -> Self {
        match genesis {
            DEVNET_GENESIS => Self::Devnet,
            MAINNET_GENESIS => Self::Mainnet,
            _ => Self::Localnet,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Localnet => "localnet",
            Self::Devnet => "devnet",
            Self::Mainnet => "mainnet",
        }
    }
}

/// A cluster of the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Where its JSON-RPC answers.
    pub url: String,
    name: Option<&'static str>,
}

impl Cluster {
    /// The plan that goes with its name; one that was given by address has none.
    pub fn plan(&self) -> Option<PathBuf> {
        self.name.map(|name| PathBuf::from(format!("migrations/{name}.toml")))
    }
}

impl FromStr for Cluster {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, url) = match text {
            "localnet" | "localhost" => (Some("localnet"), "http://127.0.0.1:8899"),
            "devnet" => (Some("devnet"), "https://api.devnet.solana.com"),
            "mainnet" | "mainnet-beta" => (Some("mainnet"), "https://api.mainnet-beta.solana.com"),
            url if url.starts_with("http://") || url.starts_with("https://") => (None, url),
            _ => return Err("give localnet, devnet, mainnet, or an address with http:// or https://".into()),
        };
        Ok(Self { url: url.to_owned(), name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn a_name_has_an_endpoint_and_a_plan_and_an_address_has_no_plan() {
        let named: Cluster = "mainnet-beta".parse().unwrap();
        assert_eq!(named.url, "https://api.mainnet-beta.solana.com");
        assert_eq!(named.plan().as_deref(), Some(Path::new("migrations/mainnet.toml")));
        let given: Cluster = "http://127.0.0.1:1".parse().unwrap();
        assert_eq!((given.url.as_str(), given.plan()), ("http://127.0.0.1:1", None));
        assert!("main".parse::<Cluster>().unwrap_err().contains("devnet"));
    }

    #[test]
    fn a_first_block_tells_the_network() {
        assert_eq!(Network::of_genesis(MAINNET_GENESIS), Network::Mainnet);
        assert_eq!(Network::of_genesis(DEVNET_GENESIS), Network::Devnet);
        assert_eq!(Network::of_genesis("11111111111111111111111111111111"), Network::Localnet);
    }
}
