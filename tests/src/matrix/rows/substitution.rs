//! Rows 3, 4, 7, 9, 14, 16 and 21: other accounts of the world in each slot.

use crate::matrix::{
    Kind,
    check::{Change, Checker},
};

/// Row 3: accounts of every other kind in each slot. Row 4: every other account of the same kind; of those, row 9: who
/// signs as upgrade authority, row 7: sysvars, and row 21: programs. Row 16: an optional slot emptied, and each account in an
/// empty one. Which of them the slot may hold, the case says: those must be accepted, all others refused.
pub fn other_accounts(checker: &mut Checker) {
    let needs_upgrade_authority = checker.sample.slots.iter().any(|slot| slot.kind == Kind::ProgramData);
    for (place, slot) in checker.slots() {
        for other in checker.substitutes(place) {
            let row = match slot.kind {
                _ if slot.is_empty() || checker.sample.is_emptied_by(place, &other.address) => 16,
                kind if kind != other.kind => 3,
                Kind::Program => 21,
                Kind::Sysvar => 7,
                Kind::Wallet if needs_upgrade_authority => 9,
                _ => 4,
            };
            let what = format!("replaced by {:?} {}", other.kind, other.address);
            let change = Change::of(row, place, what);
            let instruction = checker.with_address(place, other.address);
            match checker.sample.allows(place, &other.address) {
                true => drop(checker.accepted(change, &[instruction])),
                false => checker.refused(change, &[instruction]),
            }
        }
    }
}

/// Row 14: the key of one writable slot in another, both ways.
pub fn one_key_in_two_slots(checker: &mut Checker) {
    let metas = checker.sample.instruction.accounts.clone();
    for (place, slot) in checker.slots() {
        for (other, meta) in metas.iter().enumerate() {
            let both_are_writable =
                (metas[place].is_writable || slot.is_filled_writable()) && meta.is_writable;
            if other == place || !both_are_writable || meta.pubkey == metas[place].pubkey {
                continue;
            }
            let what = format!("holds the key of {}", checker.sample.slots[other].name);
            let instruction = checker.with_address(place, meta.pubkey);
            checker.refused(Change::of(14, place, what), &[instruction]);
        }
    }
}
