//! Rows 11 and 12: an account that was closed comes back to life, or pays itself.

use crate::matrix::check::{Change, Checker};
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction};
use solana_sdk_ids::system_program;
use solana_signer::Signer;
use std::slice::from_ref;

/// Row 11: closed, paid its rent again, and used, in one transaction and in the next. Row 12: the account that is
/// closed is named as the one that gets its lamports.
pub fn used_after_close(checker: &mut Checker) {
    let Some((source, destination)) = checker.sample.closes else {
        return;
    };
    let instruction = checker.sample.instruction.clone();
    let address = checker.sample.address(source);
    let lamports = checker.sample.world.raw(&address).lamports;
    let payer = checker.sample.world.stranger.pubkey();
    let refund = transfer(payer, address, lamports);

    let gone = checker.valid().get_account(&address);
    let change = Change::of(11, source, "closed");
    checker.report.count(11);
    if gone.is_some_and(|account| account.lamports > 0 || !account.data.is_empty()) {
        checker.note(&change, "still exists");
    }
    let change = Change::of(11, source, "closed twice, in one transaction");
    checker.refused(change, &[instruction.clone(), instruction.clone()]);
    let change = Change::of(11, source, "closed, refunded and closed, in one transaction");
    checker.refused(change, &[instruction.clone(), refund.clone(), instruction.clone()]);

    let closed = checker.valid().clone();
    let change = Change::of(11, source, "closed twice");
    checker.refused_in(&closed, change, from_ref(&instruction));
    let change = Change::of(11, source, "closed and refunded in one transaction");
    if let Some(refunded) = checker.accepted(change, &[instruction.clone(), refund]) {
        let account = refunded.get_account(&address).expect("it was refunded");
        let change = Change::of(11, source, "closed and refunded in one transaction");
        if !account.data.is_empty() || account.owner != system_program::ID {
            checker.note(&change, "keeps bytes or owner");
        }
        let change = Change::of(11, source, "closed, refunded and closed");
        checker.refused_in(&refunded, change, &[instruction]);
    }

    let aliased = checker.with_address(destination, address);
    checker.refused(Change::of(12, destination, "is the account that is closed"), &[aliased]);
    let own = checker.sample.address(destination);
    let aliased = checker.with_address(source, own);
    checker.refused(Change::of(12, source, "is the account that gets the lamports"), &[aliased]);
}

fn transfer(from: Address, to: Address, lamports: u64) -> Instruction {
    // System program: Transfer is variant 2 (u32), then lamports.
    let data = [&2_u32.to_le_bytes()[..], &lamports.to_le_bytes()].concat();
    let metas = vec![AccountMeta::new(from, true), AccountMeta::new(to, false)];
    Instruction::new_with_bytes(system_program::ID, &data, metas)
}
