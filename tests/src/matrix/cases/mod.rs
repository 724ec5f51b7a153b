//! The cases: every instruction of every program, in each situation that takes another way through it.

mod admin;
mod collection;
mod device;
mod gate;
mod job;
mod listing;
mod market;
mod matched;
mod pools;
mod project;
mod registry;
mod rewards;
mod run;
mod staking;

use crate::matrix::{
    Case, Entry, Kind, Sample, Slot, Stage,
    stakes::{Stakes, other_token_program},
};
use grid_client::token::{self, Mint};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_sdk_ids::{address_lookup_table, native_loader, stake};

/// Every case.
pub fn all() -> Vec<Case> {
    let jobs = [
        admin::CASES,
        market::CASES,
        project::CASES,
        device::CASES,
        gate::CASES,
        listing::CASES,
        job::CASES,
        matched::CASES,
        run::CASES,
    ];
    let of = |program, cases: &[Case]| -> Vec<Case> {
        cases.iter().map(|case| Case { program, ..*case }).collect()
    };
    [
        jobs.concat(),
        of(grid_nodes::ID, &[registry::CASES, collection::CASES].concat()),
        of(grid_staking::ID, staking::CASES),
        of(grid_rewards::ID, rewards::CASES),
        of(grid_pools::ID, pools::CASES),
    ]
    .concat()
}

/// The cases of a program.
pub fn of(program: &Address) -> Vec<Case> {
    all().into_iter().filter(|case| case.program == *program).collect()
}

/// A case of an instruction that has no others.
const fn only(instruction: &'static str, build: fn(&Stage) -> Sample) -> Case {
    case(instruction, "", build)
}

const fn case(instruction: &'static str, situation: &'static str, build: fn(&Stage) -> Sample) -> Case {
    Case { program: grid_jobs::ID, instruction, situation, build }
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

fn config() -> Slot {
    Slot::new("config", Kind::Config)
}

/// A mint. SPL Token does not look at its owner, and no mint ever changes it: it is the address that is compared.
fn mint_slot(mint: &Mint) -> Slot {
    let slot = Slot::new("mint", Kind::Mint);
    if mint.program == token::PROGRAM_ID { slot.or_owned_by(token::PROGRAM_2022_ID) } else { slot }
}

fn vault(mint: &Mint) -> Slot {
    vault_of(&mint.address)
}

/// The vault of a mint, a pool or an emission.
fn vault_of(key: &Address) -> Slot {
    Slot::new("vault", Kind::Vault).with_seeds(&[b"vault", key.as_ref()])
}

/// A token account of a mint that is only looked at, or another of the same. Whichever token program owns it, its bytes
/// are a token account's: none has accounts of a mint of the other.
fn token_account(stage: &Stage, name: &'static str, mint: &Mint, others: Vec<Address>) -> Slot {
    let others = [others, vec![stage.forgery]].concat();
    Slot::new(name, Kind::TokenAccount).or(others).or_owned_by(other_token_program(mint))
}

/// The same instruction of all other owners and mints.
fn with_others(stage: &Stage, sample: Sample, instruction: impl Fn(Stakes) -> Instruction) -> Sample {
    stage.other_stakes.all().into_iter().fold(sample, |sample, set| sample.or_as_well(instruction(set)))
}

/// All projects of a mint but one.
fn other_projects(stage: &Stage, mint: &Mint, but: Address) -> Vec<Address> {
    let mut found = stage.projects(|project| project.mint == mint.address);
    found.retain(|project| *project != but);
    found
}

/// Says that an instruction does not look at a slot. If it only reads it, any account may stand there; if it may write it,
/// any but those that the runtime keeps read-only.
fn look_away(stage: &Stage, sample: Sample, place: usize) -> Sample {
    let program = sample.instruction.program_id;
    let is_reserved = |entry: &Entry| {
        entry.kind == Kind::Sysvar
            || entry.account.owner == native_loader::ID
            || [program, address_lookup_table::ID, stake::ID].contains(&entry.address)
    };
    let is_read_only = !sample.instruction.accounts[place].is_writable;
    let all = stage.pool.iter().filter(|entry| is_read_only || !is_reserved(entry));
    sample.looking_away(place, all.map(|entry| entry.address))
}
