//! Kinds of accounts, told from owner and bytes.

use anchor_lang::Discriminator;
use grid_client::token;
use grid_jobs::{Config, Device, Job, Market, Member, Project};
use solana_account::Account;
use solana_address::Address;
use solana_sdk_ids::{bpf_loader_upgradeable, system_program, sysvar};

/// What an account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A key pair's system account, with lamports.
    Wallet,
    /// The config.
    Config,
    /// A mint of SPL Token or Token-2022.
    Mint,
    /// A vault of the jobs program.
    Vault,
    /// A token account that is no vault.
    TokenAccount,
    /// A market.
    Market,
    /// A project.
    Project,
    /// A member of a project.
    Member,
    /// A job.
    Job,
    /// A device.
    Device,
    /// A program.
    Program,
    /// Program data of an upgradeable program.
    ProgramData,
    /// A sysvar.
    Sysvar,
    /// Nothing, yet: an address that the instruction creates.
    New,
}

impl Kind {
    /// The kind of an account; `None` for those that no case has to do with.
    pub fn of(address: &Address, account: &Account) -> Option<Self> {
        let begins_with = |discriminator: &[u8]| account.data.starts_with(discriminator);
        if account.executable {
            return Some(Self::Program);
        }
        match account.owner {
            grid_jobs::ID if begins_with(Config::DISCRIMINATOR) => Some(Self::Config),
            grid_jobs::ID if begins_with(Market::DISCRIMINATOR) => Some(Self::Market),
            grid_jobs::ID if begins_with(Project::DISCRIMINATOR) => Some(Self::Project),
            grid_jobs::ID if begins_with(Member::DISCRIMINATOR) => Some(Self::Member),
            grid_jobs::ID if begins_with(Job::DISCRIMINATOR) => Some(Self::Job),
            grid_jobs::ID if begins_with(Device::DISCRIMINATOR) => Some(Self::Device),
            token::PROGRAM_ID | token::PROGRAM_2022_ID => Some(Self::of_token(address, account)),
            system_program::ID if account.data.is_empty() => Some(Self::Wallet),
            bpf_loader_upgradeable::ID => Some(Self::ProgramData),
            sysvar::ID => Some(Self::Sysvar),
            _ => None,
        }
    }

    fn of_token(address: &Address, account: &Account) -> Self {
        match account.data.get(32..64) {
            _ if account.data.len() == token::MINT_SPACE as usize => Self::Mint,
            // A vault is its own token authority.
            Some(owner) if owner == address.as_ref() => Self::Vault,
            _ => Self::TokenAccount,
        }
    }

    /// Whether the bytes of such an account mean something to the program that reads it.
    pub fn has_data(self) -> bool {
        !matches!(self, Self::Wallet | Self::Program | Self::Sysvar | Self::New)
    }

    /// Whether a token program reads both kinds alike: a vault is a token account.
    pub fn reads_like(self, other: Self) -> bool {
        let plain = |kind| match kind {
            Self::Vault => Self::TokenAccount,
            kind => kind,
        };
        plain(self) == plain(other)
    }
}
