//! Row 4, with several slots at once: accounts that fit each other, and not the rest.

use crate::matrix::{
    case::Twin,
    check::{Change, Checker},
};
use solana_instruction::Instruction;
use std::slice::from_ref;

/// Row 4: every mixture of the instruction and one that is just as valid for another market, project, job, device, mint
/// or signer. A guard may compare two accounts with each other and miss the third: one slot at a time does not tell.
pub fn mixed_with_twins(checker: &mut Checker) {
    let own = checker.sample.instruction.clone();
    for twin in checker.sample.twins.clone() {
        let what = format!("the twin {}", describe(&own, &twin.instruction));
        if twin.instruction.accounts.len() != own.accounts.len() {
            checker.note(&Change::of_all(4, what), "has another number of accounts");
            continue;
        }
        checker.accepted(Change::of_all(4, what), from_ref(&twin.instruction));
        let differing = differing(&own, &twin.instruction);
        // Neither nothing of the twin nor all of it.
        for picked in 1..(1_u32 << differing.len()) - 1 {
            let chosen = differing.iter().enumerate().filter(|(at, _)| is_chosen(picked, *at));
            let choice = chosen.fold(0, |choice, (_, slot)| choice | 1 << slot);
            let mixed = mix(&own, &twin.instruction, choice);
            let what = format!("mixed with a twin: {}", describe(&own, &mixed));
            let change = Change::of_all(4, what);
            match goes_together(&own, &twin, choice) {
                true => drop(checker.accepted(change, from_ref(&mixed))),
                false => checker.refused(change, from_ref(&mixed)),
            }
        }
    }
}

/// The slots in which the two differ; the number of slots stands for the data.
fn differing(own: &Instruction, twin: &Instruction) -> Vec<usize> {
    let slots = own.accounts.iter().zip(&twin.accounts).enumerate();
    let mut found: Vec<usize> = slots.filter(|(_, (own, twin))| own != twin).map(|(slot, _)| slot).collect();
    if own.data != twin.data {
        found.push(own.accounts.len());
    }
    found
}

fn is_chosen(choice: u32, slot: usize) -> bool {
    choice >> slot & 1 == 1
}

/// The chosen slots of the twin, the other ones of the original; the number of slots stands for the data.
fn mix(own: &Instruction, twin: &Instruction, choice: u32) -> Instruction {
    let mut mixed = own.clone();
    for (slot, meta) in twin.accounts.iter().enumerate() {
        if is_chosen(choice, slot) {
            mixed.accounts[slot] = meta.clone();
        }
    }
    if is_chosen(choice, own.accounts.len()) {
        mixed.data.clone_from(&twin.data);
    }
    mixed
}

/// Whether each group comes whole from one side; slots that are the same on both sides don't count.
fn goes_together(own: &Instruction, twin: &Twin, choice: u32) -> bool {
    let (data, differing) = (own.accounts.len(), differing(own, &twin.instruction));
    let differs = |slot: &usize| differing.contains(slot);
    let grouped = |slot: &usize| twin.groups.iter().any(|group| group.contains(slot));
    let rest: Vec<usize> = (0..=data).filter(|slot| !grouped(slot)).collect();
    twin.groups.iter().chain([&rest]).all(|group| {
        let mut sides = group.iter().filter(|slot| differs(slot)).map(|slot| is_chosen(choice, *slot));
        let first = sides.next();
        sides.all(|side| Some(side) == first)
    })
}

/// The slots in which an instruction differs from the original.
fn describe(own: &Instruction, other: &Instruction) -> String {
    let slots = own.accounts.iter().zip(&other.accounts).enumerate();
    let mut found: Vec<String> = slots
        .filter(|(_, (own, other))| own != other)
        .map(|(slot, (_, other))| format!("slot {slot} is {}", other.pubkey))
        .collect();
    if own.data != other.data {
        found.push("other data".into());
    }
    found.join(", ")
}
