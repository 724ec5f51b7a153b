//! Row 31: tokens sent to the vaults by strangers.

use crate::matrix::{
    Kind, Stage, chain,
    check::{Change, Checker},
};
use solana_account::Account;
use solana_address::Address;

/// Where a token account holds its amount.
const AMOUNT: std::ops::Range<usize> = 64..72;

/// Row 31: one atom more in each vault before the instruction is one atom more in each vault after it, and nothing
/// else; of a vault that is closed, the atom goes with all the rest.
pub fn one_atom_donated(checker: &mut Checker) {
    let vaults = checker.stage.all(Kind::Vault);
    let before = checker.world(&[]);
    let richer: Vec<(Address, Account)> = vaults
        .iter()
        .filter_map(|vault| Some((*vault, with_one_more(before.get_account(vault)?)?)))
        .collect();
    let instruction = checker.sample.instruction.clone();
    let what = "with one atom more in every vault";
    let change = Change::of_all(31, what).with(&richer);
    let Some(after) = checker.accepted(change, &[instruction]) else {
        return;
    };
    let mut expected = checker.valid().clone();
    let swept = checker.sample.sweeps_to.map(|slot| checker.sample.address(slot));
    for richer in vaults.into_iter().chain(swept) {
        if let Some(account) = expected.get_account(&richer).and_then(with_one_more) {
            expected.set_account(richer, account).expect("the account can be written");
        }
    }
    let changed = chain::differences(&expected, &after, &Stage::fee_payer());
    if !changed.is_empty() {
        let change = Change::of_all(31, what);
        checker.note(&change, format!("had another effect, on {changed:?}"));
    }
}

fn with_one_more(mut account: Account) -> Option<Account> {
    let amount: [u8; 8] = account.data.get(AMOUNT)?.try_into().ok()?;
    let more = u64::from_le_bytes(amount).checked_add(1)?;
    account.data[AMOUNT].copy_from_slice(&more.to_le_bytes());
    Some(account)
}
