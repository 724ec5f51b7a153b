//! Rows 2 and 3: the right address, with another owner or other bytes.

use crate::matrix::{
    Kind,
    check::{Change, Checker},
};
use grid_client::token;
use solana_account::Account;
use solana_sdk_ids::system_program;
use std::slice::from_ref;

/// Row 2: the same bytes under another owner. Row 3: at the same address, the bytes of every other kind, or none.
pub fn foreign_owner_and_type(checker: &mut Checker) {
    let attacker = checker.stage.attacker_program;
    for (place, slot) in checker.slots() {
        if !slot.kind.has_data() {
            continue;
        }
        let address = checker.sample.address(place);
        let original = checker.sample.world.raw(&address);
        let instruction = checker.sample.instruction.clone();
        for owner in [attacker, system_program::ID, token::PROGRAM_ID, grid_jobs::ID] {
            if owner == original.owner {
                continue;
            }
            let forged = Account { owner, ..original.clone() };
            let change = Change::of(2, place, format!("owned by {owner}"));
            checker.refused(change.with(&[(address, forged)]), from_ref(&instruction));
        }

        let empty = Account { data: vec![0; original.data.len()], ..original.clone() };
        let change = Change::of(3, place, "with zeroed bytes");
        checker.refused(change.with(&[(address, empty)]), from_ref(&instruction));
        let mut seen: Vec<Kind> = Vec::new();
        for other in checker.stage.pool.clone() {
            let is_new = !seen.contains(&other.kind);
            if !is_new || !other.kind.has_data() || other.kind.reads_like(slot.kind) {
                continue;
            }
            seen.push(other.kind);
            let forged = Account { owner: original.owner, ..other.account };
            let change = Change::of(3, place, format!("with the bytes of a {:?}", other.kind));
            checker.refused(change.with(&[(address, forged)]), from_ref(&instruction));
        }
    }
}
