//! What a release leaves behind on a chain: every kind of account, in every phase that money can be in.
//!
//! `tests/fixtures/release-<version>.json` keeps it for later releases, whose programs must read each account and pay each
//! open job.

mod idl;
pub mod stage;

pub use {idl::Idls, stage::Stage};

use crate::{Network, World};
use anyhow::{Context, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use solana_account::Account;
use solana_address::Address;
use solana_signer::Signer;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The version of the programs in this checkout.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// All accounts that the programs of one release wrote, and some that they need.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// Version of the programs.
    pub release: String,
    /// The chain's clock, Unix seconds.
    pub unix_timestamp: i64,
    /// The chain's slot.
    pub slot: u64,
    /// The accounts, by address.
    pub accounts: Vec<Kept>,
}

/// One account.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// Where it is, base58.
    pub address: String,
    /// The program that owns it, base58.
    pub owner: String,
    /// What it holds, lamports.
    pub lamports: u64,
    /// Its type, as `program.Type`, for those of our programs.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none", default)]
    pub type_: Option<String>,
    /// What its bytes say by the IDL of the release; 64 bits and more as strings.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fields: Option<Value>,
    /// Its bytes, base64.
    pub data: String,
}

impl Kept {
    /// Its bytes.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        STANDARD.decode(&self.data).with_context(|| format!("data of {}", self.address))
    }
}

impl Snapshot {
    /// Everything that the programs, or somebody on their account, may change in this world.
    pub fn of(world: &World, idls: &Idls) -> Self {
        let actors = [&world.authority, &world.client, &world.node, &world.stranger].map(|key| key.pubkey());
        // The machine has a wallet of its own, another one each time.
        let is_ours = |(address, account): &(Address, Account)| {
            account.owner != solana_sdk_ids::system_program::ID || actors.contains(address)
        };
        let keep = |(address, account): (Address, Account)| {
            let decoded = idls.decode(&account.owner, &account.data);
            let (type_, fields) =
                decoded.map(|(type_, fields)| (Some(type_), Some(fields))).unwrap_or_default();
            Kept {
                address: address.to_string(),
                owner: account.owner.to_string(),
                lamports: account.lamports,
                type_,
                fields,
                data: STANDARD.encode(&account.data),
            }
        };
        Self {
            release: VERSION.to_owned(),
            unix_timestamp: world.network.time(),
            slot: world.network.slot(),
            accounts: world.state().into_iter().filter(is_ours).map(keep).collect(),
        }
    }

    /// Where that of a release is kept.
    pub fn path(release: &str) -> PathBuf {
        folder().join(format!("release-{release}.json"))
    }

    /// Reads one.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is no snapshot", path.display()))
    }

    /// Those of all releases that are kept.
    pub fn all() -> Result<Vec<Self>> {
        let mut paths: Vec<PathBuf> =
            fs::read_dir(folder())?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
        paths.sort();
        paths.iter().map(|path| Self::read(path)).collect()
    }

    /// Writes it to its place.
    pub fn write(&self) -> Result<PathBuf> {
        let path = Self::path(&self.release);
        fs::create_dir_all(folder())?;
        fs::write(&path, format!("{}\n", serde_json::to_string_pretty(self)?))?;
        Ok(path)
    }

    /// A network with the programs of this checkout and the accounts of the snapshot, in a later slot.
    pub fn network(&self) -> Result<Network> {
        let mut network = Network::new();
        network.svm.warp_to_slot(self.slot + 1);
        network.set_time(self.unix_timestamp);
        for kept in &self.accounts {
            let account = Account {
                lamports: kept.lamports,
                data: kept.bytes()?,
                owner: kept.owner.parse()?,
                executable: false,
                rent_epoch: u64::MAX,
            };
            network.set(kept.address.parse()?, account);
        }
        Ok(network)
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}
