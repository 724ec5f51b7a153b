//! The config and the vaults.

use super::{case, config, only, system_program, token_program};
use crate::matrix::{Case, Kind, Sample, Slot, Stage};
use grid_client::{instruction, token::Mint};
use solana_account::Account;
use solana_sdk_ids::bpf_loader_upgradeable;

pub(super) const CASES: &[Case] = &[
    only("initialize_config", initialize_config),
    only("update_config", update_config),
    only("set_stake_mint", set_stake_mint),
    case("pause_deposits", "begins", pause_deposits),
    case("pause_deposits", "ends", end_the_pause_of_deposits),
    only("propose_admin", propose_admin),
    only("accept_admin", accept_admin),
    case("open_vault", "of SPL Token", open_vault_of_spl_token),
    case("open_vault", "of Token-2022", open_vault_of_token_2022),
];

/// By the upgrade authority, in a world without a config.
fn initialize_config(stage: &Stage) -> Sample {
    let slots = [
        Slot::new("authority", Kind::Wallet),
        Slot::new("config", Kind::New).with_seeds(&[b"config"]),
        Slot::new("program_data", Kind::ProgramData)
            .with_seeds_of(bpf_loader_upgradeable::ID, &[grid_jobs::ID.as_ref()]),
        system_program(),
    ];
    let initialize = instruction::initialize_config(stage.cast.authority, stage.cast.stranger);
    let mut sample = Sample::new(stage, initialize, slots);
    let config = sample.address(1);
    sample.world.network.set(config, Account::default());
    sample
}

/// By the admin, who exchanges pauser and treasury.
fn update_config(stage: &Stage) -> Sample {
    let cast = &stage.cast;
    let update = instruction::update_config(cast.admin, cast.treasury, cast.pauser);
    Sample::new(stage, update, [Slot::new("admin", Kind::Wallet), config()])
}

fn set_stake_mint(stage: &Stage) -> Sample {
    let set = instruction::set_stake_mint(stage.cast.admin, stage.mint.address);
    Sample::new(stage, set, [Slot::new("admin", Kind::Wallet), config()])
}

fn pause_deposits(stage: &Stage) -> Sample {
    let pause = instruction::pause_deposits(stage.cast.pauser, 1_000);
    Sample::new(stage, pause, [Slot::new("pauser", Kind::Wallet), config()])
}

fn end_the_pause_of_deposits(stage: &Stage) -> Sample {
    let end = instruction::pause_deposits(stage.cast.pauser, 0);
    let slots = [Slot::new("pauser", Kind::Wallet), config()];
    Sample::new(stage, end, slots).after(instruction::pause_deposits(stage.cast.pauser, 1_000))
}

fn propose_admin(stage: &Stage) -> Sample {
    let propose = instruction::propose_admin(stage.cast.admin, stage.cast.stranger);
    Sample::new(stage, propose, [Slot::new("admin", Kind::Wallet), config()])
}

fn accept_admin(stage: &Stage) -> Sample {
    let accept = instruction::accept_admin(stage.cast.next_admin);
    Sample::new(stage, accept, [Slot::new("new_admin", Kind::Wallet), config()])
}

fn open_vault_of_spl_token(stage: &Stage) -> Sample {
    open_vault(stage, stage.mint_without_vault)
        .or_as_well(instruction::open_vault(stage.cast.stranger, stage.second_mint_without_vault))
        .or_as_well(instruction::open_vault(stage.cast.stranger, stage.mint_2022_without_vault))
}

fn open_vault_of_token_2022(stage: &Stage) -> Sample {
    open_vault(stage, stage.mint_2022_without_vault)
        .or_as_well(instruction::open_vault(stage.cast.stranger, stage.mint_without_vault))
}

/// Of a mint that has none, paid by a stranger.
fn open_vault(stage: &Stage, mint: Mint) -> Sample {
    let slots = [
        Slot::new("payer", Kind::Wallet).or(stage.all(Kind::Wallet)),
        Slot::new("mint", Kind::Mint),
        Slot::new("vault", Kind::New).with_seeds(&[b"vault", mint.address.as_ref()]),
        token_program(),
        system_program(),
    ];
    Sample::new(stage, instruction::open_vault(stage.cast.stranger, mint), slots)
}
