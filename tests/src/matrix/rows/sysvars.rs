//! Row 7: forged sysvars.

use crate::matrix::{
    Kind,
    check::{Change, Checker},
};
use grid_client::token;
use solana_account::Account;
use solana_sdk_ids::{system_program, sysvar};

/// Row 7: a copy of each sysvar that the instruction takes, bytes and all, at another address, whoever owns it.
pub fn forged(checker: &mut Checker) {
    for (place, slot) in checker.slots() {
        if slot.kind != Kind::Sysvar {
            continue;
        }
        let original = checker.sample.world.raw(&checker.sample.address(place));
        let elsewhere = checker.stage.forgery;
        let (attacker, own) = (checker.stage.attacker_program, checker.sample.program());
        for owner in [sysvar::ID, attacker, own, system_program::ID, token::PROGRAM_ID] {
            let copy = Account { owner, ..original.clone() };
            let instruction = checker.with_address(place, elsewhere);
            let change = Change::of(7, place, format!("replaced by a copy that {owner} owns"));
            checker.refused(change.with(&[(elsewhere, copy)]), &[instruction]);
        }
    }
}
