//! Kinds of accounts, told from owner and bytes.

use anchor_lang::Discriminator;
use grid_client::token;
use grid_jobs::{Config, Device, Job, Market, Project};
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
    /// A mint of the SPL Token program.
    Mint,
    /// A vault of the jobs program.
    Vault,
    /// A token account that is no vault.
    TokenAccount,
    /// A market.
    Market,
    /// A project.
    Project,
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
            grid_jobs::ID if begins_with(Job::DISCRIMINATOR) => Some(Self::Job),
            grid_jobs::ID if begins_with(Device::DISCRIMINATOR) => Some(Self::Device),
            token::PROGRAM_ID if account.data.len() == token::MINT_SPACE as usize => Some(Self::Mint),
            // A vault is its own token authority: bytes 32 to 64.
            token::PROGRAM_ID if account.data.get(32..64) == Some(address.as_ref()) => Some(Self::Vault),
            token::PROGRAM_ID => Some(Self::TokenAccount),
            system_program::ID if account.data.is_empty() => Some(Self::Wallet),
            bpf_loader_upgradeable::ID => Some(Self::ProgramData),
            sysvar::ID => Some(Self::Sysvar),
            _ => None,
        }
    }

    /// Whether the bytes of such an account mean something to the program that reads it.
    pub fn has_data(self) -> bool {
        !matches!(self, Self::Wallet | Self::Program | Self::Sysvar | Self::New)
    }

    /// Whether the SPL Token program reads both kinds alike: a vault is a token account.
    pub fn reads_like(self, other: Self) -> bool {
        let plain = |kind| match kind {
            Self::Vault => Self::TokenAccount,
            kind => kind,
        };
        plain(self) == plain(other)
    }
}
