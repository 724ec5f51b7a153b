//! Rows 1 and 18: a signature missing, a writable account handed over read-only. Row 15: the signer pays the fee.

use crate::matrix::{
    Kind, Slot, Stage, chain,
    check::{Change, Checker},
};
use std::slice::from_ref;

/// Row 1: each signer, not signing. Row 15: each signer, paying the fee as well.
pub fn signer_missing(checker: &mut Checker) {
    for (slot, Slot { kind, .. }) in checker.slots() {
        let meta = checker.sample.instruction.accounts[slot].clone();
        if !meta.is_signer {
            continue;
        }
        let mut unsigned = checker.sample.instruction.clone();
        unsigned.accounts[slot].is_signer = false;
        checker.refused(Change::of(1, slot, "did not sign"), &[unsigned]);

        if kind != Kind::Wallet {
            continue; // Only system accounts pay fees.
        }
        let mut svm = checker.world(&[]);
        let change = Change::of(15, slot, "pays the fee");
        checker.report.count(15);
        match chain::send(&mut svm, &meta.pubkey, from_ref(&checker.sample.instruction)) {
            Err(failure) => checker.note(&change, format!("was refused: {}", failure.error)),
            Ok(_) => {
                // Two fee payers paid, and nothing else may differ.
                let mut changed = chain::differences(checker.valid(), &svm, &meta.pubkey);
                changed.retain(|address| *address != Stage::fee_payer());
                if !changed.is_empty() {
                    checker.note(&change, format!("had another effect, on {changed:?}"));
                }
            }
        }
    }
}

/// Row 18: each writable slot, read-only.
pub fn read_only(checker: &mut Checker) {
    for (slot, _) in checker.slots() {
        let meta = checker.sample.instruction.accounts[slot].clone();
        if !meta.is_writable {
            continue;
        }
        let mut demoted = checker.sample.instruction.clone();
        // One key in several slots is writable in all of them when it is in one.
        let same = demoted.accounts.iter_mut().filter(|other| other.pubkey == meta.pubkey);
        same.for_each(|other| other.is_writable = false);
        checker.refused(Change::of(18, slot, "was read-only"), &[demoted]);
    }
}
