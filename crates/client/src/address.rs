//! Program-derived addresses, each with its bump.

use grid_jobs::{Config, Device, ID, Job, Market, Project, VAULT_SEED};
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

/// A device: `["device", market, node, index]`.
pub fn device(market: &Address, node: &Address, index: u32) -> (Address, u8) {
    find(&[Device::SEED, market.as_ref(), node.as_ref(), &index.to_le_bytes()])
}

/// The program data account of the jobs program, which names its upgrade authority.
pub fn program_data() -> Address {
    Address::find_program_address(&[ID.as_ref()], &solana_sdk_ids::bpf_loader_upgradeable::ID).0
}

/// The associated token account of a wallet, for a mint of the SPL Token program.
pub fn token_account(wallet: &Address, mint: &Address) -> Address {
    let seeds: [&[u8]; 3] = [wallet.as_ref(), crate::token::PROGRAM_ID.as_ref(), mint.as_ref()];
    Address::find_program_address(&seeds, &crate::token::ASSOCIATED_PROGRAM_ID).0
}

fn find(seeds: &[&[u8]]) -> (Address, u8) {
    Address::find_program_address(seeds, &ID)
}
