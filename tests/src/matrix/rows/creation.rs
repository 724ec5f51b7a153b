//! Rows 8 and 10: addresses to be created at which something is already.

use crate::matrix::{
    Kind, Stage, chain,
    check::{Change, Checker},
};
use grid_client::token;
use solana_account::Account;
use solana_sdk_ids::system_program;
use std::slice::from_ref;

/// Row 8: created twice, over a foreign account, over an account that was closed.
pub fn created_before(checker: &mut Checker) {
    let (instruction, program) = (checker.sample.instruction.clone(), checker.sample.program());
    for (place, slot) in checker.slots() {
        if slot.kind != Kind::New {
            continue;
        }
        let twice = [instruction.clone(), instruction.clone()];
        let after = checker.valid().clone();
        if checker.sample.is_repeatable {
            checker.same(Change::of(8, place, "created twice, in one transaction"), &twice);
            let change = Change::of(8, place, "created twice, in two transactions");
            checker.same_in(&after, change, &twice[..1]);
        } else {
            checker.refused(Change::of(8, place, "created twice, in one transaction"), &twice);
            let change = Change::of(8, place, "created twice, in two transactions");
            checker.refused_in(&after, change, &twice[..1]);
        }

        let address = checker.sample.address(place);
        let created = after.get_account(&address).expect("the instruction created it");
        for owner in [checker.stage.attacker_program, system_program::ID, token::PROGRAM_ID, program] {
            for (what, data) in [
                ("the bytes it would have", created.data.clone()),
                ("as many zeros", vec![0; created.data.len()]),
                ("no bytes", Vec::new()),
            ] {
                if owner == system_program::ID && data.is_empty() {
                    continue; // This is row 10.
                }
                let is_created = owner == created.owner && data == created.data;
                let foreign = Account { owner, data, lamports: created.lamports, ..Account::default() };
                let change = Change::of(8, place, format!("exists, owned by {owner}, with {what}"));
                let foreign = [(address, foreign)];
                match is_created && (checker.sample.is_repeatable || slot.may_exist) {
                    true => drop(checker.accepted(change.with(&foreign), &twice[..1])),
                    false => checker.refused(change.with(&foreign), &twice[..1]),
                }
            }
        }
        created_again(checker, place);
    }
}

/// Row 8: what was created, closed and created again is as new.
fn created_again(checker: &mut Checker, place: usize) {
    let undo = checker.sample.undo.clone();
    if undo.is_empty() {
        return;
    }
    let instruction = checker.sample.instruction.clone();
    let change = Change::of(8, place, "created again after it was closed, in one transaction");
    let again = [from_ref(&instruction), &undo, from_ref(&instruction)].concat();
    checker.same(change, &again);

    let closed = checker.valid().clone();
    let change = Change::of(8, place, "closed");
    let Some(closed) = checker.accepted_in(&closed, change, &undo) else {
        return;
    };
    let change = Change::of(8, place, "created again after it was closed");
    checker.same_in(&closed, change, &[instruction]);
}

/// Row 10: one lamport, the rent and twice the rent, sent before to each address that is created.
pub fn lamports_sent_before(checker: &mut Checker) {
    let instruction = checker.sample.instruction.clone();
    for (place, slot) in checker.slots() {
        if slot.kind != Kind::New {
            continue;
        }
        let address = checker.sample.address(place);
        let created = checker.valid().get_account(&address).expect("it was created");
        // Some programs take a fee besides the rent, whatever is there already.
        let rent = checker.valid().minimum_balance_for_rent_exemption(created.data.len());
        let fee = created.lamports - rent;
        for lamports in [1, rent - 1, rent, 2 * rent] {
            let gift = Account { lamports, ..Account::default() };
            let what = format!("got {lamports} lamports before");
            let gifts = [(address, gift)];
            let change = Change::of(10, place, &what).with(&gifts);
            let Some(after) = checker.accepted(change, from_ref(&instruction)) else {
                continue;
            };
            let found = after.get_account(&address).unwrap_or_default();
            let is_as_without = found.data == created.data && found.owner == created.owner;
            if !is_as_without || found.lamports != rent.max(lamports) + fee {
                checker.note(&Change::of(10, place, &what), "is another account than without them");
            }
            // Nobody but the payer, in the first slot, notices.
            let mut changed = chain::differences(checker.valid(), &after, &Stage::fee_payer());
            let payer = checker.sample.address(0);
            changed.retain(|changed| *changed != address && *changed != payer);
            if !changed.is_empty() {
                checker.note(&Change::of(10, place, &what), format!("changes {changed:?}"));
            }
        }
    }
}
