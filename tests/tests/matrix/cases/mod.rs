//! The cases: every instruction of the jobs program, in each situation that takes another way through it.

mod admin;
mod device;
mod job;
mod market;
mod project;

use grid_tests::matrix::{Case, Kind, Slot, Stage};
use solana_address::Address;
use solana_signer::Signer;

/// Every case.
pub fn all() -> Vec<Box<dyn Case>> {
    vec![
        Box::new(admin::InitializeConfig),
        Box::new(admin::OpenVault),
        Box::new(market::OpenMarket),
        Box::new(market::GrowMarket),
        Box::new(project::OpenProject),
        Box::new(project::CloseProject),
        Box::new(project::Deposit),
        Box::new(project::Withdraw),
        Box::new(device::OpenDevice),
        Box::new(device::CloseDevice),
        Box::new(device::FundBond),
        Box::new(device::WithdrawBond),
        Box::new(device::WithdrawEarnings),
        Box::new(device::Work::TakesAJob),
        Box::new(device::Work::Queues),
        Box::new(device::Leave),
        Box::new(job::List::Queues),
        Box::new(job::List::MeetsADevice),
        Box::new(job::Delist),
        Box::new(job::Start::DeviceTookIt),
        Box::new(job::Start::JobMetDevice),
        Box::new(job::Decline::Requeued),
        Box::new(job::Decline::MeetsTheNext),
        Box::new(job::Finish),
        Box::new(job::CloseJob::ByTheOwner),
        Box::new(job::CloseJob::ByAnyoneAfterRetention),
    ]
}

/// The actors' addresses.
struct Keys {
    authority: Address,
    client: Address,
    node: Address,
    stranger: Address,
}

fn keys(stage: &Stage) -> Keys {
    Keys {
        authority: stage.world.authority.pubkey(),
        client: stage.world.client.pubkey(),
        node: stage.world.node.pubkey(),
        stranger: stage.world.stranger.pubkey(),
    }
}

fn system_program() -> Slot {
    Slot::new("system_program", Kind::Program)
}

fn token_program() -> Slot {
    Slot::new("token_program", Kind::Program)
}

fn clock() -> Slot {
    Slot::new("clock", Kind::Sysvar)
}

fn vault(mint: &Address) -> Slot {
    Slot::new("vault", Kind::Vault).with_seeds(&[b"vault", mint.as_ref()])
}
