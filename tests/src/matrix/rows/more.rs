//! Row 17: more accounts than declared, fewer, or in another order.

use crate::matrix::{
    Kind,
    check::{Change, Checker},
};
use solana_instruction::{AccountMeta, Instruction};
use std::slice::from_ref;

/// Row 17: accounts behind the expected ones, whatever they are, are ignored and change nothing, or are refused if the
/// instruction takes a number of undeclared ones. Two slots swapped,
/// neither of which may hold what is in the other, and fewer accounts than expected, are refused.
pub fn remaining_and_reordered(checker: &mut Checker) {
    let instruction = checker.sample.instruction.clone();
    let declared = instruction.accounts.clone();

    for meta in &declared {
        let mut longer = instruction.clone();
        longer.accounts.push(meta.clone());
        let what = format!("{} follows once more", meta.pubkey);
        one_too_many(checker, Change::of_all(17, what), longer);
    }
    let mut seen: Vec<Kind> = Vec::new();
    for other in checker.stage.pool.clone() {
        if seen.contains(&other.kind) || declared.iter().any(|meta| meta.pubkey == other.address) {
            continue;
        }
        seen.push(other.kind);
        for is_writable in [false, true] {
            let mut longer = instruction.clone();
            longer.accounts.push(AccountMeta {
                pubkey: other.address,
                is_signer: other.kind == Kind::Wallet,
                is_writable,
            });
            let what = format!("{:?} {} follows, writable {is_writable}", other.kind, other.address);
            one_too_many(checker, Change::of_all(17, what), longer);
        }
    }

    for count in 0..declared.len() {
        let mut shorter = instruction.clone();
        shorter.accounts.truncate(count);
        let what = format!("only the first {count} accounts");
        checker.refused(Change::of_all(17, what), &[shorter]);
    }
    for first in 0..declared.len() {
        for second in first + 1..declared.len() {
            if declared[first].pubkey == declared[second].pubkey {
                continue;
            }
            let what = format!("swapped with {}", checker.sample.slots[second].name);
            let mut swapped = instruction.clone();
            swapped.accounts.swap(first, second);
            let [one, other] = [first, second].map(|slot| &declared[slot]);
            let fits = checker.sample.may_swap(first, second) && checker.sample.may_swap(second, first);
            let is_alike = one.is_signer == other.is_signer && one.is_writable == other.is_writable;
            expect(checker, fits && is_alike, Change::of(17, first, &what), from_ref(&swapped));
            // The same, each place with the flags it had.
            for (meta, flags) in swapped.accounts.iter_mut().zip(&declared) {
                (meta.is_signer, meta.is_writable) = (flags.is_signer, flags.is_writable);
            }
            let what = format!("{what}, flags left in place");
            expect(checker, fits, Change::of(17, first, what), &[swapped]);
        }
    }
}

fn expect(checker: &mut Checker, fits: bool, change: Change, swapped: &[Instruction]) {
    match fits {
        true => drop(checker.accepted(change, swapped)),
        false => checker.refused(change, swapped),
    }
}

fn one_too_many(checker: &mut Checker, change: Change, longer: Instruction) {
    match checker.sample.remaining {
        0 => checker.same(change, &[longer]),
        _ => checker.refused(change, &[longer]),
    }
}
