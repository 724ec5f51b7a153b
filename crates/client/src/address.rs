//! Program-derived addresses, each with its bump.

use crate::token::{ASSOCIATED_PROGRAM_ID, Mint};
use grid_jobs::{Admission, Config, Device, ID, Job, Market, Member, Project, VAULT_SEED};
use solana_address::Address;

/// The config: `["config"]`.
pub fn config() -> (Address, u8) {
    find(&[Config::SEED])
}

/// The vault of a mint: `["vault", mint]`.
pub fn vault(mint: &Address) -> (Address, u8) {
    find(&[VAULT_SEED, mint.as_ref()])
}

/// A market: `["market", authority, id]`.
pub fn market(authority: &Address, id: u64) -> (Address, u8) {
    find(&[Market::SEED, authority.as_ref(), &id.to_le_bytes()])
}

/// A project: `["project", mint, owner]`.
pub fn project(mint: &Address, owner: &Address) -> (Address, u8) {
    find(&[Project::SEED, mint.as_ref(), owner.as_ref()])
}

/// A job: `["job", project, id]`.
pub fn job(project: &Address, id: u64) -> (Address, u8) {
    find(&[Job::SEED, project.as_ref(), &id.to_le_bytes()])
}

/// A member of a project: `["member", project, key]`.
pub fn member(project: &Address, key: &Address) -> (Address, u8) {
    find(&[Member::SEED, project.as_ref(), key.as_ref()])
}

/// A device: `["device", market, node, index]`.
pub fn device(market: &Address, node: &Address, index: u32) -> (Address, u8) {
    find(&[Device::SEED, market.as_ref(), node.as_ref(), &index.to_le_bytes()])
}

/// The record of an access NFT in a market: `["admission", market, mint]`.
pub fn admission(market: &Address, mint: &Address) -> (Address, u8) {
    find(&[Admission::SEED, market.as_ref(), mint.as_ref()])
}

/// The program data account of the jobs program, which names its upgrade authority.
pub fn program_data() -> Address {
    program_data_of(&ID)
}

/// The program data account of a program.
pub fn program_data_of(program: &Address) -> Address {
    Address::find_program_address(&[program.as_ref()], &solana_sdk_ids::bpf_loader_upgradeable::ID).0
}

/// The associated token account of a wallet.
pub fn token_account(wallet: &Address, mint: impl Into<Mint>) -> Address {
    let mint = mint.into();
    let seeds = [wallet.as_ref(), mint.program.as_ref(), mint.address.as_ref()];
    Address::find_program_address(&seeds, &ASSOCIATED_PROGRAM_ID).0
}

fn find(seeds: &[&[u8]]) -> (Address, u8) {
    Address::find_program_address(seeds, &ID)
}
