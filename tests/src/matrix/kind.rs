//! Kinds of accounts, told from owner and bytes.

use anchor_lang::Discriminator;
use grid_client::token;
use grid_jobs::{Admission, Config, Device, Job, Market, Member, Project};
use grid_nodes::{Access, Attestation, Collection, Node};
use grid_pools::Emission;
use grid_rewards::{Pool, Position};
use grid_staking::{Settings, Stake};
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
    /// A vault: a token account that is its own authority.
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
    /// The record of an access NFT in a market.
    Admission,
    /// The settings of a mint's stakes.
    Settings,
    /// A stake.
    Stake,
    /// A reward pool.
    Pool,
    /// A stake's position in a pool.
    Position,
    /// An emission.
    Emission,
    /// A node's record.
    Node,
    /// The record of a collection.
    Collection,
    /// An attestation.
    Attestation,
    /// The record of an access NFT.
    Access,
    /// The metadata of a mint, of Token Metadata.
    Metadata,
    /// A master edition of Token Metadata.
    Edition,
    /// A program.
    Program,
    /// Program data of an upgradeable program.
    ProgramData,
    /// A sysvar.
    Sysvar,
    /// Nothing, yet: an address that the instruction creates.
    New,
    /// Nothing, any more: the address of an account that was closed.
    Gone,
}

/// The types of our programs.
const TYPES: [(Address, &[u8], Kind); 16] = [
    (grid_jobs::ID, Config::DISCRIMINATOR, Kind::Config),
    (grid_jobs::ID, Market::DISCRIMINATOR, Kind::Market),
    (grid_jobs::ID, Project::DISCRIMINATOR, Kind::Project),
    (grid_jobs::ID, Member::DISCRIMINATOR, Kind::Member),
    (grid_jobs::ID, Job::DISCRIMINATOR, Kind::Job),
    (grid_jobs::ID, Device::DISCRIMINATOR, Kind::Device),
    (grid_jobs::ID, Admission::DISCRIMINATOR, Kind::Admission),
    (grid_staking::ID, Settings::DISCRIMINATOR, Kind::Settings),
    (grid_staking::ID, Stake::DISCRIMINATOR, Kind::Stake),
    (grid_rewards::ID, Pool::DISCRIMINATOR, Kind::Pool),
    (grid_rewards::ID, Position::DISCRIMINATOR, Kind::Position),
    (grid_pools::ID, Emission::DISCRIMINATOR, Kind::Emission),
    (grid_nodes::ID, Node::DISCRIMINATOR, Kind::Node),
    (grid_nodes::ID, Collection::DISCRIMINATOR, Kind::Collection),
    (grid_nodes::ID, Attestation::DISCRIMINATOR, Kind::Attestation),
    (grid_nodes::ID, Access::DISCRIMINATOR, Kind::Access),
];

impl Kind {
    /// The kind of an account; `None` for those that no case has to do with.
    pub fn of(address: &Address, account: &Account) -> Option<Self> {
        if account.executable {
            return Some(Self::Program);
        }
        let is_it = |(owner, discriminator, _): &&(Address, &[u8], Self)| {
            account.owner == *owner && account.data.starts_with(discriminator)
        };
        if let Some((.., kind)) = TYPES.iter().find(is_it) {
            return Some(*kind);
        }
        match account.owner {
            token::PROGRAM_ID | token::PROGRAM_2022_ID => Some(Self::of_token(address, account)),
            system_program::ID if account.data.is_empty() => Some(Self::Wallet),
            bpf_loader_upgradeable::ID => Some(Self::ProgramData),
            sysvar::ID => Some(Self::Sysvar),
            grid_token_metadata::ID => Self::of_token_metadata(account),
            _ => None,
        }
    }

    /// `Key` is the first byte of every account of Token Metadata: 4 for metadata, 6 for a master edition.
    fn of_token_metadata(account: &Account) -> Option<Self> {
        match account.data.first() {
            Some(4) => Some(Self::Metadata),
            Some(6) => Some(Self::Edition),
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
        !matches!(self, Self::Wallet | Self::Program | Self::Sysvar | Self::New | Self::Gone)
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
