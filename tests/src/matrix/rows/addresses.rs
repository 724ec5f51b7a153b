//! Rows 5 and 6: addresses of other seeds and of other bumps, in the slots whose address the instruction derives.

use crate::matrix::{
    Kind,
    case::Seeds,
    check::{Change, Checker},
};
use grid_jobs::{Admission, Config, Device, Job, Market, Member, Project, VAULT_SEED};
use grid_nodes::{Access, Attestation, Collection, Node};
use grid_pools::Emission;
use grid_rewards::{Pool, Position};
use grid_staking::{Settings, Stake};
use solana_account::Account;
use solana_address::Address;
use solana_instruction::Instruction;
use std::slice::from_ref;

/// Row 5: another authority, mint, id or index in the seeds; seeds in another order, of another kind, one missing.
pub fn other_seeds(checker: &mut Checker) {
    for (place, slot) in checker.slots() {
        let Some(seeds) = slot.seeds else { continue };
        for (what, parts) in variants(checker, &seeds) {
            let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            let program = seeds.program.unwrap_or(checker.sample.program());
            let (address, bump) = Address::find_program_address(&parts, &program);
            if address != checker.sample.address(place) {
                refuse_at(checker, 5, place, &what, address, Some(bump));
            }
        }
    }
}

/// Row 6: every other bump that gives an address.
pub fn other_bumps(checker: &mut Checker) {
    for (place, slot) in checker.slots() {
        let Some(seeds) = slot.seeds else { continue };
        for bump in 0..=u8::MAX {
            let bump_seed = [bump];
            let mut parts: Vec<&[u8]> = seeds.parts.iter().map(Vec::as_slice).collect();
            parts.push(&bump_seed);
            let program = seeds.program.unwrap_or(checker.sample.program());
            let Ok(address) = Address::create_program_address(&parts, &program) else {
                continue;
            };
            if address != checker.sample.address(place) {
                refuse_at(checker, 6, place, &format!("of bump {bump}"), address, None);
            }
        }
    }
}

/// Puts a copy of the right account, if it exists, at the wrong address, and that into the slot. If the instruction
/// takes a bump as an argument, it is given this one too.
fn refuse_at(checker: &mut Checker, row: u8, place: usize, what: &str, address: Address, bump: Option<u8>) {
    let copy: Vec<(Address, Account)> = checker
        .sample
        .world
        .network
        .find(&checker.sample.address(place))
        .map(|account| (address, account))
        .into_iter()
        .collect();
    let what = format!("replaced by the address {what}");
    let mut instruction: Instruction = checker.with_address(place, address);
    checker.refused(Change::of(row, place, &what).with(&copy), from_ref(&instruction));
    if let (Some(at), Some(bump)) = (checker.sample.slots[place].bump_at, bump) {
        instruction.data[at] = bump;
        let what = format!("{what}, with its bump");
        checker.refused(Change::of(row, place, what).with(&copy), &[instruction]);
    }
}

/// First seeds of the addresses of all programs, and none.
const TAGS: [&[u8]; 20] = [
    Config::SEED,
    Market::SEED,
    Project::SEED,
    Member::SEED,
    Job::SEED,
    Device::SEED,
    Settings::SEED,
    Stake::SEED,
    Pool::SEED,
    Position::SEED,
    Emission::SEED,
    Admission::SEED,
    Node::SEED,
    Collection::SEED,
    Collection::MINT_SEED,
    Attestation::SEED,
    Access::SEED,
    Access::MINT_SEED,
    VAULT_SEED,
    b"",
];

fn variants(checker: &Checker, seeds: &Seeds) -> Vec<(String, Vec<Vec<u8>>)> {
    let mut found = Vec::new();
    for (at, part) in seeds.parts.iter().enumerate() {
        let mut replace = |what: String, by: Vec<u8>| {
            let mut parts = seeds.parts.clone();
            parts[at] = by;
            found.push((what, parts));
        };
        match part.len() {
            32 => {
                for other in &checker.stage.pool {
                    if matches!(
                        other.kind,
                        Kind::Wallet
                            | Kind::Mint
                            | Kind::Market
                            | Kind::Project
                            | Kind::Stake
                            | Kind::Pool
                            | Kind::Emission
                            | Kind::Program
                    ) {
                        let what = format!("of {:?} {} as seed {at}", other.kind, other.address);
                        replace(what, other.address.to_bytes().to_vec());
                    }
                }
            }
            2 | 4 | 8 if at > 0 => {
                let reversed: Vec<u8> = part.iter().rev().copied().collect();
                replace(format!("with seed {at} big-endian"), reversed);
                let mut next = part.clone();
                next[0] = next[0].wrapping_add(1);
                replace(format!("with the next number as seed {at}"), next);
                let padded = [part.as_slice(), &[0]].concat();
                replace(format!("with a byte more in seed {at}"), padded);
            }
            _ => {
                for tag in TAGS {
                    replace(format!("with the tag {:?}", tag.escape_ascii().to_string()), tag.to_vec());
                }
            }
        }
    }
    for at in 1..seeds.parts.len() {
        let mut swapped = seeds.parts.clone();
        swapped.swap(at - 1, at);
        found.push((format!("with seeds {} and {at} swapped", at - 1), swapped));
        let mut shorter = seeds.parts.clone();
        shorter.remove(at);
        found.push((format!("without seed {at}"), shorter));
    }
    found
}
