//! The cases: every instruction of the jobs program, in each situation that takes another way through it.

mod admin;
mod device;
mod job;
mod listing;
mod market;
mod matched;
mod project;
mod run;

use crate::matrix::{Case, Kind, Sample, Slot, Stage};
use grid_client::token::{self, Mint};
use solana_address::Address;

/// Every case.
pub fn all() -> Vec<Case> {
    let parts = [
        admin::CASES,
        market::CASES,
        project::CASES,
        device::CASES,
        listing::CASES,
        job::CASES,
        matched::CASES,
        run::CASES,
    ];
    parts.concat()
}

/// A case of an instruction that has no others.
const fn only(instruction: &'static str, build: fn(&Stage) -> Sample) -> Case {
    case(instruction, "", build)
}

const fn case(instruction: &'static str, situation: &'static str, build: fn(&Stage) -> Sample) -> Case {
    Case { instruction, situation, build }
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
    Slot::new("vault", Kind::Vault).with_seeds(&[b"vault", mint.address.as_ref()])
}

/// All projects of a mint but one.
fn other_projects(stage: &Stage, mint: &Mint, but: Address) -> Vec<Address> {
    let mut found = stage.projects(|project| project.mint == mint.address);
    found.retain(|project| *project != but);
    found
}
