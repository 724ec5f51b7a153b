//! Rows 2 and 3: the right address, with another owner or other bytes.

use crate::matrix::{
    Kind,
    check::{Change, Checker},
};
use solana_account::Account;
use solana_instruction::Instruction;

/// Row 2: the same bytes under another owner, at their address and in a copy elsewhere. Row 3: at the same address, the
/// bytes of every other kind, or none.
pub fn foreign_owner_and_type(checker: &mut Checker) {
    let owners = checker.stage.owners();
    for (place, slot) in checker.slots() {
        if !slot.kind.has_data() || slot.is_empty() {
            continue;
        }
        let address = checker.sample.address(place);
        let original = checker.sample.world.raw(&address);
        let instruction = checker.sample.instruction.clone();
        let elsewhere = checker.stage.forgery;
        for owner in owners.iter().copied().filter(|owner| *owner != original.owner) {
            let forged = Account { owner, ..original.clone() };
            for (at, what) in [(address, "owned by"), (elsewhere, "replaced by a copy owned by")] {
                let change = Change::of(2, place, format!("{what} {owner}"));
                let written = [(at, forged.clone())];
                let instruction = checker.with_address(place, at);
                let may_be_owner = slot.may_be_gone || slot.may_be_anything || slot.owners.contains(&owner);
                let is_allowed = may_be_owner && (at == address || checker.sample.allows(place, &at));
                expect(checker, is_allowed, change.with(&written), instruction);
            }
        }

        let empty = Account { data: vec![0; original.data.len()], ..original.clone() };
        let may_be_any = slot.may_be_anything || slot.may_have_any_bytes;
        let change = Change::of(3, place, "with zeroed bytes");
        expect(checker, may_be_any, change.with(&[(address, empty)]), instruction.clone());
        let mut seen: Vec<Kind> = Vec::new();
        for other in checker.stage.pool.clone() {
            let is_new = !seen.contains(&other.kind);
            if !is_new || !other.kind.has_data() || other.kind.reads_like(slot.kind) {
                continue;
            }
            seen.push(other.kind);
            let forged = Account { owner: original.owner, ..other.account };
            let change = Change::of(3, place, format!("with the bytes of a {:?}", other.kind));
            expect(checker, may_be_any, change.with(&[(address, forged)]), instruction.clone());
        }
    }
}

fn expect(checker: &mut Checker, is_allowed: bool, change: Change, instruction: Instruction) {
    match is_allowed {
        true => drop(checker.accepted(change, &[instruction])),
        false => checker.refused(change, &[instruction]),
    }
}
