//! The plan of a cluster: what is to be on it. A TOML file for the cluster, and one with the markets, which clusters share.

mod check;
mod market;

pub use market::{Access, MarketPlan};

use crate::cluster::Network;
use anyhow::{Context as _, Result, bail};
use grid_client::token;
use market::MarketFile;
use serde::{Deserialize, Deserializer, de::Error as _};
use solana_address::Address;
use std::path::{Path, PathBuf};

/// What is to be on a cluster.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The network it is for; on another one nothing is done.
    pub network: Network,
    /// Who deploys; where it is missing, the key that signs.
    #[serde(default, deserialize_with = "some_address")]
    pub deployer: Option<Address>,
    /// The file with the markets, beside this one.
    #[serde(default)]
    pub markets_file: Option<PathBuf>,
    /// The programs.
    pub programs: ProgramsPlan,
    /// The jobs program's config.
    pub config: ConfigPlan,
    /// The mints that the rest speaks of.
    #[serde(default)]
    pub mints: Vec<MintPlan>,
    /// The mints whose tokens can be staked.
    #[serde(default)]
    pub stake_settings: Vec<StakePlan>,
    /// Pools in which stakes earn rewards.
    #[serde(default)]
    pub reward_pools: Vec<RewardPoolPlan>,
    /// Collections of access NFTs and attestations.
    #[serde(default)]
    pub collections: Vec<CollectionPlan>,
    /// Emissions.
    #[serde(default)]
    pub emissions: Vec<EmissionPlan>,
    /// The markets, from [`Self::markets_file`].
    #[serde(skip)]
    pub markets: Vec<MarketPlan>,
}

/// The programs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramsPlan {
    /// Who may upgrade them.
    pub upgrade_authority: Who,
}

/// The jobs program's config.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigPlan {
    /// Administers the program.
    pub admin: Who,
    /// May pause entries.
    pub pauser: Who,
    /// Owner of the token accounts that fees are paid to.
    pub treasury: Who,
    /// Name of the mint whose stakes earn shares of the fees; without one none do.
    #[serde(default)]
    pub stake_mint: Option<String>,
}

/// A mint.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MintPlan {
    /// What the plan calls it.
    pub name: String,
    /// Where it is; without an address it is created, at one that follows from deployer and name.
    #[serde(default, deserialize_with = "some_address")]
    pub address: Option<Address>,
    /// Its decimals.
    pub decimals: u8,
    /// Whether the jobs program shall hold tokens of it.
    #[serde(default = "yes")]
    pub has_vault: bool,
}

/// Stakes of a mint.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StakePlan {
    /// Name of the mint.
    pub mint: String,
    /// Most that may be slashed of a stake in an epoch, basis points.
    pub slash_cap_bps: u16,
    /// Length of an epoch, seconds.
    pub slash_epoch_seconds: u32,
    /// Owner of the associated token account that slashed tokens go to.
    pub slash_destination_owner: Who,
    /// Decides the three before.
    pub authority: Who,
    /// May slash.
    pub slasher: Who,
}

/// A pool in which the stakes of one mint earn rewards of another, or of the same.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RewardPoolPlan {
    /// Name of the stakes' mint.
    pub stake_mint: String,
    /// Name of the rewards' mint.
    pub reward_mint: String,
}

/// A collection that the nodes program makes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CollectionPlan {
    /// Number among the deployer's.
    pub id: u64,
    /// Name, 1 to 32 bytes.
    pub name: String,
    /// Symbol, at most 10 bytes.
    pub symbol: String,
    /// Address of its description, at most 200 bytes.
    pub uri: String,
    /// Issues access NFTs.
    pub authority: Who,
    /// Attests benchmarks.
    pub attestor: Who,
}

/// An emission. Its terms are for good: they are set when it is opened.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmissionPlan {
    /// Number among the deployer's.
    pub id: u64,
    /// Name of the mint.
    pub mint: String,
    /// Atoms per second.
    pub rate_per_second_atoms: u64,
    /// When it starts, Unix seconds.
    pub starts_at_unix_seconds: i64,
    /// When it ends, Unix seconds; without it, when it is empty.
    #[serde(default)]
    pub ends_at_unix_seconds: Option<i64>,
    /// Whether the deployer may end it before.
    #[serde(default)]
    pub is_closeable: bool,
    /// Whom it pays.
    pub pays: Beneficiary,
    /// Who may name another one; without it nobody.
    #[serde(default)]
    pub beneficiary_authority: Option<Who>,
}

/// Whom an emission pays.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Beneficiary {
    /// The reward pool of this stake mint, by name, in the emission's mint.
    RewardPoolOfStakeMint(String),
    /// The associated token account of this owner.
    TokenAccountOf(Who),
}

/// Somebody: an address, or `deployer`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Who deploys.
    Deployer,
    /// This key.
    Key(Address),
}

impl Who {
    /// The address.
    pub fn address(self, deployer: Address) -> Address {
        match self {
            Self::Deployer => deployer,
            Self::Key(address) => address,
        }
    }
}

impl<'de> Deserialize<'de> for Who {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "deployer" => Ok(Self::Deployer),
            _ => parse_address(&text).map(Self::Key).map_err(D::Error::custom),
        }
    }
}

fn some_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Address>, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_address(&text).map(Some).map_err(D::Error::custom)
}

fn parse_address(text: &str) -> Result<Address, String> {
    text.parse().map_err(|_| {
        format!("`{text}` is no address: write `deployer` where that is meant, or 32 bytes in base58")
    })
}

fn yes() -> bool {
    true
}

impl Plan {
    /// Reads a plan and its markets, and checks them.
    ///
    /// # Errors
    /// The first that can't be read, with its line; or everything that is wrong in what can.
    pub fn load(path: &Path) -> Result<Self> {
        let mut plan: Self = read(path)?;
        if let Some(file) = &plan.markets_file {
            let file = path.parent().unwrap_or(Path::new("")).join(file);
            let markets: MarketFile = read(&file)?;
            plan.markets = markets.into_plans();
        }
        let objections = plan.objections();
        if !objections.is_empty() {
            bail!("the plan {}:\n  {}", path.display(), objections.join("\n  "));
        }
        Ok(plan)
    }

    /// Who deploys, where this key signs; without a key the plan has to say.
    ///
    /// # Errors
    /// The plan names another one, or nobody is named.
    pub fn deployer(&self, key: Option<Address>) -> Result<Address> {
        match (self.deployer, key) {
            (Some(planned), Some(key)) if planned != key => {
                bail!(
                    "the plan's deployer is {planned}, this is {key}: sign with the deployer's key, or correct the plan"
                )
            }
            (Some(deployer), _) | (None, Some(deployer)) => Ok(deployer),
            (None, None) => {
                bail!(
                    "who deployed? Write `deployer = \"ADDRESS\"` into the plan, or give --deployer ADDRESS"
                )
            }
        }
    }

    /// The mint of this name; the check has seen that it is there.
    pub fn mint(&self, name: &str) -> Result<&MintPlan> {
        let found = self.mints.iter().find(|mint| mint.name == name);
        found.with_context(|| format!("the plan has no mint `{name}`"))
    }
}

impl MintPlan {
    /// Where it is, or will be.
    pub fn address(&self, deployer: Address) -> Address {
        // The check bounds the seed's length; an owner that looks like a derived address does not exist here.
        let created =
            || Address::create_with_seed(&deployer, &self.seed(), &token::PROGRAM_ID).unwrap_or_default();
        self.address.unwrap_or_else(created)
    }

    /// What its address follows from, where it is created.
    pub fn seed(&self) -> String {
        format!("grid-mint-{}", self.name)
    }
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T> {
    let text = std::fs::read_to_string(path).with_context(|| format!("the plan {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("the plan {}", path.display()))
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A plan with a bit of everything, for the tests of the steps.
    pub fn plan(text: &str) -> Plan {
        let head = "network = \"localnet\"\n[programs]\nupgrade_authority = \"deployer\"\n[config]\n\
                    admin = \"deployer\"\npauser = \"deployer\"\ntreasury = \"deployer\"\n";
        toml::from_str(&format!("{head}{text}")).unwrap()
    }

    #[test]
    fn a_field_that_is_not_known_is_refused_with_its_name() {
        let error = toml::from_str::<Plan>("network = \"localnet\"\nfee = 3").unwrap_err().to_string();
        assert!(error.contains("unknown field `fee`"), "{error}");
    }

    #[test]
    fn somebody_is_the_deployer_or_an_address() {
        let (me, other) = (Address::new_from_array([1; 32]), Address::new_from_array([2; 32]));
        assert_eq!((Who::Deployer.address(me), Who::Key(other).address(me)), (me, other));
        #[derive(Debug, Deserialize)]
        struct Holder {
            who: Who,
        }
        let read = |text: &str| toml::from_str::<Holder>(&format!("who = \"{text}\""));
        assert_eq!(read("deployer").unwrap().who, Who::Deployer);
        assert_eq!(read(&other.to_string()).unwrap().who, Who::Key(other));
        assert!(read("TO BE NAMED: the multisig").unwrap_err().to_string().contains("is no address"));
    }

    #[test]
    fn a_deployer_that_is_planned_is_the_one_that_signs() {
        let (me, other) = (Address::new_from_array([1; 32]), Address::new_from_array([2; 32]));
        let mut plan = plan("");
        assert_eq!(plan.deployer(Some(me)).unwrap(), me);
        assert!(plan.deployer(None).unwrap_err().to_string().contains("--deployer"));
        plan.deployer = Some(other);
        assert_eq!(plan.deployer(None).unwrap(), other);
        assert!(plan.deployer(Some(me)).unwrap_err().to_string().contains(&other.to_string()));
    }

    #[test]
    fn a_mint_that_is_created_is_where_it_was_the_last_time() {
        let me = Address::new_from_array([1; 32]);
        let planned = plan("[[mints]]\nname = \"grid\"\ndecimals = 6");
        let (first, again) = (planned.mints[0].address(me), planned.mints[0].address(me));
        assert_eq!(first, again);
        assert_ne!(first, planned.mints[0].address(Address::new_from_array([2; 32])));
        let named = plan(&format!("[[mints]]\nname = \"grid\"\ndecimals = 6\naddress = \"{me}\""));
        assert_eq!(named.mints[0].address(me), me);
    }
}
