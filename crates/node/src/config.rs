//! The node's part of the configuration file.
//!
//! ```toml
//! [node]
//! executor = "container"
//!
//! [[node.device]]
//! hardware = "GPU-5f4f9d3e-6d6c-4f0c-9e2b-0e1f2a3b4c5d"
//! market = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"
//! ```
//!
//! Unknown fields are errors. [`NodeConfig::check`] finds what a single field can't show.

use crate::{alerts::AlertConfig, api::ApiConfig, health::Thresholds, manager::Place};
use serde::{Deserialize, Deserializer, de::Error as _};
use solana_address::Address;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::Duration,
};

/// A node: one machine.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NodeConfig {
    /// Folder of journal, results and running jobs.
    pub folder: Option<PathBuf>,
    /// What runs jobs.
    pub executor: ExecutorChoice,
    /// The container engine's socket, for example `/run/podman/podman.sock`; else `DOCKER_HOST`, else Docker's.
    pub engine: Option<PathBuf>,
    /// Where the node listens for clients and for its operator.
    pub api: ApiConfig,
    /// Who keeps containers off this machine and its network.
    pub host_guard: GuardChoice,
    /// Where definitions and inputs are looked for besides the node's own store: addresses of content servers.
    pub content: Vec<String>,
    /// Folders of connectors besides the built-in ones.
    pub connectors: Vec<PathBuf>,
    /// Settings of connectors, by connector, then by setting.
    pub connector: BTreeMap<String, BTreeMap<String, String>>,
    /// Where alerts are posted.
    pub alerts: Option<AlertConfig>,
    /// What counts as a problem.
    pub thresholds: Thresholds,
    /// The devices that the node offers.
    pub device: Vec<DeviceConfig>,
    /// No new job is taken while the key holds less, lamports.
    pub min_balance_lamports: u64,
    /// No new job is taken while the folder's disk has less room, bytes.
    pub min_free_bytes: u64,
    /// Seconds between two looks at the chain while there is nothing to do.
    pub poll_seconds: u64,
    /// Seconds that running jobs have to finish after the first signal to stop; then they go on without the worker.
    pub stop_seconds: u64,
}

/// What runs jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExecutorChoice {
    /// A container engine: the one for clients that nobody knows.
    Container,
    /// Processes of this user, for clients that are trusted.
    Process,
}

/// Who keeps containers off this machine and its network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GuardChoice {
    /// The worker lays down rules for nftables, which takes root or the capability `CAP_NET_ADMIN`.
    Install,
    /// The operator has done so, or has other means.
    External,
}

/// A device that the node offers in a market.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceConfig {
    /// A GPU's uuid, or `cpu:NUMBER` for development.
    pub hardware: String,
    /// The market.
    #[serde(deserialize_with = "address")]
    pub market: Address,
    /// Tells the devices of the node in the market apart.
    #[serde(default)]
    pub index: u32,
    /// Lowest acceptable price, atoms per second.
    #[serde(default)]
    pub min_price_per_second_atoms: u64,
    /// Number of the stake that is shown to a market that asks for one.
    #[serde(default)]
    pub stake_id: u64,
}

impl Default for NodeConfig {
    fn default() -> Self {
        Self {
            folder: None,
            executor: ExecutorChoice::Container,
            engine: None,
            api: ApiConfig::default(),
            host_guard: GuardChoice::Install,
            content: Vec::new(),
            connectors: Vec::new(),
            connector: BTreeMap::new(),
            alerts: None,
            thresholds: Thresholds::default(),
            device: Vec::new(),
            min_balance_lamports: 10_000_000,
            min_free_bytes: 10 << 30,
            poll_seconds: 2,
            stop_seconds: 3_600,
        }
    }
}

/// Why a configuration can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Two entries for one device.
    #[error("node.device: {0} is listed twice; a device works in one market at a time")]
    HardwareTwice(String),
    /// Two entries for one place in a market.
    #[error("node.device: market {market} has two devices with index {index}; give one another `index`")]
    PlaceTwice {
        /// The market.
        market: Address,
        /// The index.
        index: u32,
    },
    /// A device's name is none.
    #[error(
        "node.device: hardware = \"{0}\" names no device; use a GPU's uuid (`grid node devices` lists them) or \"cpu:NUMBER\""
    )]
    Hardware(String),
    /// A time of zero.
    #[error("node.poll_seconds must be at least 1")]
    Poll,
}

impl NodeConfig {
    /// Checks the rules that span fields.
    pub fn check(&self) -> Result<(), ConfigError> {
        let (mut hardware, mut places) = (BTreeSet::new(), BTreeSet::new());
        for device in &self.device {
            if !is_hardware_name(&device.hardware) {
                return Err(ConfigError::Hardware(device.hardware.clone()));
            }
            if !hardware.insert(&device.hardware) {
                return Err(ConfigError::HardwareTwice(device.hardware.clone()));
            }
            if !places.insert(device.place()) {
                return Err(ConfigError::PlaceTwice { market: device.market, index: device.index });
            }
        }
        if self.poll_seconds == 0 {
            return Err(ConfigError::Poll);
        }
        Ok(())
    }

    /// Time between two looks at the chain while there is nothing to do.
    pub fn poll_interval(&self) -> Duration {
        Duration::from_secs(self.poll_seconds)
    }
}

impl DeviceConfig {
    /// A device at any price, with the node's first stake.
    pub fn new(hardware: impl Into<String>, market: Address, index: u32) -> Self {
        Self { hardware: hardware.into(), market, index, min_price_per_second_atoms: 0, stake_id: 0 }
    }

    /// Its place in its market.
    pub fn place(&self) -> Place {
        Place { market: self.market, index: self.index }
    }
}

fn is_hardware_name(name: &str) -> bool {
    let cpu = name.strip_prefix("cpu:").is_some_and(|number| number.parse::<u32>().is_ok());
    cpu || name.strip_prefix("GPU-").is_some_and(|uuid| !uuid.is_empty())
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Address, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| D::Error::custom(format!("\"{text}\" is no address (base 58, 32 bytes)")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARKET: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";

    fn read(text: &str) -> Result<NodeConfig, String> {
        let config: NodeConfig = toml::from_str(text).map_err(|error| error.to_string())?;
        config.check().map_err(|error| error.to_string())?;
        Ok(config)
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let empty = read("").unwrap();
        assert!(empty.device.is_empty() && empty.executor == ExecutorChoice::Container);
        let config = read(&format!("[[device]]\nhardware = \"cpu:0\"\nmarket = \"{MARKET}\"")).unwrap();
        assert_eq!(config.device, [DeviceConfig::new("cpu:0", MARKET.parse().unwrap(), 0)]);
    }

    #[test]
    fn mistakes_are_named() {
        let device = |hardware: &str, more: &str| {
            format!("[[device]]\nhardware = \"{hardware}\"\nmarket = \"{MARKET}\"\n{more}\n")
        };
        for (text, expected) in [
            ("executer = \"process\"".to_owned(), "unknown field `executer`"),
            ("executor = \"vm\"".to_owned(), "unknown variant `vm`"),
            (device("cpu:0", "markt = 1"), "unknown field `markt`"),
            (device("cpu", ""), "names no device"),
            (device("cpu:0", "").replace(MARKET, "abc"), "\"abc\" is no address"),
            (device("cpu:0", "") + &device("cpu:0", "index = 1"), "cpu:0 is listed twice"),
            (device("cpu:0", "") + &device("cpu:1", ""), "two devices with index 0"),
            ("poll_seconds = 0".to_owned(), "at least 1"),
        ] {
            let error = read(&text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
