//! Sending without signatures, and the comparison of whole worlds.
//!
//! The machine does not verify signatures here: a signer in a transaction means that the key signed. So any key can
//! take the part of any other, and no check fails for a signature that the test could not make.

use crate::network::{Failure, PROGRAMS};
use litesvm::{LiteSVM, types::TransactionMetadata};
use solana_account::{AccountSharedData, ReadableAccount};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_transaction::Transaction;

/// Makes the machine take transactions without valid signatures.
pub fn trust_signatures(svm: &mut LiteSVM) {
    *svm = std::mem::take(svm).with_sigverify(false);
}

/// Sends instructions in one transaction; every account that is marked as a signer counts as one.
pub fn send(
    svm: &mut LiteSVM,
    fee_payer: &Address,
    instructions: &[Instruction],
) -> Result<TransactionMetadata, Failure> {
    let mut transaction = Transaction::new_with_payer(instructions, Some(fee_payer));
    transaction.message.recent_blockhash = svm.latest_blockhash();
    svm.send_transaction(transaction).map_err(|failed| Failure { error: failed.err, logs: failed.meta.logs })
}

/// The accounts that differ between two machines in any byte of their data, in owner or lamports; of `fee_payer` the
/// lamports don't count. The rent epoch does not either: no program can read or write it, the runtime does.
pub fn differences(before: &LiteSVM, after: &LiteSVM, fee_payer: &Address) -> Vec<Address> {
    let (before, after) = (&before.accounts_db().inner, &after.accounts_db().inner);
    let is_same = |address: &Address, old: &AccountSharedData, new: &AccountSharedData| {
        (old.lamports() == new.lamports() || address == fee_payer)
            && old.owner() == new.owner()
            && old.executable() == new.executable()
            // A clone shares its bytes until one of the two is written.
            && (std::ptr::eq(old.data(), new.data()) || old.data() == new.data())
    };
    // Of two clones to which no account came the order is the same: nothing has to be looked up.
    let mut in_order = before.iter().zip(after);
    let are_same = |((address, old), (other, new)): ((&Address, _), (&Address, _))| {
        address == other && is_same(address, old, new)
    };
    if before.len() == after.len() && in_order.all(are_same) {
        return Vec::new();
    }
    let differs = |address: &Address| match (before.get(address), after.get(address)) {
        (Some(old), Some(new)) => !is_same(address, old, new),
        _ => true,
    };
    let gone = before.keys().filter(|address| !after.contains_key(address));
    let mut found: Vec<Address> =
        after.keys().chain(gone).filter(|address| differs(address)).copied().collect();
    found.sort();
    found
}

/// Whether the runtime refused to sign for an address that has a private key, which one bump in two gives. It ends the
/// program like an abort does, and says so.
pub fn is_refused_bump(failure: &Failure) -> bool {
    let refusal = "Could not create program address with signer seeds";
    failure.logs.iter().any(|line| line.contains(refusal))
}

/// The program that failed, with which all that called it failed as well.
pub fn failed_in(failure: &Failure) -> Option<Address> {
    // The innermost fails first.
    let failed = |line: &String| {
        let (program, _) = line.strip_prefix("Program ")?.split_once(" failed: ")?;
        program.parse().ok()
    };
    failure.logs.iter().find_map(failed)
}

/// Whether it was a program that is none of ours, one that an instruction handed its accounts on to, and not for want of
/// compute units, which all share.
pub fn is_foreign(failure: &Failure) -> bool {
    let is_out_of_units = failure.logs.iter().any(|line| line.contains("exceeded CUs meter"));
    let is_ours = |found| PROGRAMS.iter().any(|(program, _)| *program == found);
    !is_out_of_units && failed_in(failure).is_some_and(|found| !is_ours(found))
}

/// A failure and its last log lines.
pub fn describe(failure: &Failure) -> String {
    let from = failure.logs.len().saturating_sub(4);
    format!("{} [{}]", failure.error, failure.logs[from..].join(" / "))
}
