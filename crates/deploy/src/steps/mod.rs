//! The numbered steps. Each looks at the chain first, and says of each thing that it is about how it stands: nothing is ever
//! done because it was not done before, but because the chain does not show it.

mod collections;
mod config;
mod emissions;
mod markets;
mod mints;
mod programs;
mod reward_pools;
mod roles;
mod staking;
mod vaults;

use crate::{finding::Finding, plan::Plan};
use anyhow::Result;
use grid_client::{Chain, chain, token};
use solana_account::Account;
use solana_address::Address;

/// The steps, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The programs are there, and their upgrade authority is the planned one.
    Programs,
    /// The mints are there.
    Mints,
    /// The jobs program is initialised; pauser, treasury and stake mint are named.
    Config,
    /// The jobs program can hold tokens of the mints.
    Vaults,
    /// The mints can be staked.
    Staking,
    /// Stakes can earn rewards.
    RewardPools,
    /// The collections of access NFTs are there.
    Collections,
    /// The markets are open, with their terms, their admission and room in their queues.
    Markets,
    /// The emissions are open.
    Emissions,
    /// The roles are with whom they are planned for.
    Roles,
}

impl Step {
    /// All of them, in order.
    pub const ALL: [Self; 10] = [
        Self::Programs,
        Self::Mints,
        Self::Config,
        Self::Vaults,
        Self::Staking,
        Self::RewardPools,
        Self::Collections,
        Self::Markets,
        Self::Emissions,
        Self::Roles,
    ];

    /// Number and name: `03 config`.
    pub fn title(self) -> String {
        let name = match self {
            Self::Programs => "programs",
            Self::Mints => "mints",
            Self::Config => "config",
            Self::Vaults => "vaults",
            Self::Staking => "staking",
            Self::RewardPools => "reward pools",
            Self::Collections => "collections",
            Self::Markets => "markets",
            Self::Emissions => "emissions",
            Self::Roles => "roles",
        };
        format!("{:02} {name}", self as usize + 1)
    }

    /// Looks at the chain.
    pub async fn look(self, scene: &Scene<'_>) -> Result<Vec<Finding>> {
        match self {
            Self::Programs => programs::look(scene).await,
            Self::Mints => mints::look(scene).await,
            Self::Config => config::look(scene).await,
            Self::Vaults => vaults::look(scene).await,
            Self::Staking => staking::look(scene).await,
            Self::RewardPools => reward_pools::look(scene).await,
            Self::Collections => collections::look(scene).await,
            Self::Markets => markets::look(scene).await,
            Self::Emissions => emissions::look(scene).await,
            Self::Roles => roles::look(scene).await,
        }
    }
}

/// What a step works with.
pub struct Scene<'a> {
    /// The chain.
    pub chain: &'a dyn Chain,
    /// What is to be on it.
    pub plan: &'a Plan,
    /// Who deploys, and signs what is sent.
    pub deployer: Address,
}

impl Scene<'_> {
    /// Reads an account; `None` when it does not exist.
    pub async fn account(&self, address: &Address) -> Result<Option<Account>> {
        Ok(chain::account(self.chain, address).await?)
    }

    /// A mint of the plan, with the token program that owns it on the chain; SPL Token where it is not there yet.
    pub async fn mint(&self, name: &str) -> Result<token::Mint> {
        let address = self.plan.mint(name)?.address(self.deployer);
        let owner = self.account(&address).await?.map(|account| account.owner);
        let program = owner.filter(|owner| *owner == token::PROGRAM_2022_ID).unwrap_or(token::PROGRAM_ID);
        Ok(token::Mint { address, program })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_are_numbered_in_their_order() {
        let titles = Step::ALL.map(Step::title);
        assert_eq!((titles[0].as_str(), titles[9].as_str()), ("01 programs", "10 roles"));
        assert!(titles.is_sorted());
    }
}
