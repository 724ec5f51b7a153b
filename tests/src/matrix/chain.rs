//! Sending without signatures, and the comparison of whole worlds.
//!
//! The machine does not verify signatures here: a signer in a transaction means that the key signed. So any key can
//! take the part of any other, and no check fails for a signature that the test could not make.

use crate::network::Failure;
use litesvm::{LiteSVM, types::TransactionMetadata};
use solana_account::ReadableAccount;
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
    let is_same = |address: &Address| match (before.get(address), after.get(address)) {
        (Some(old), Some(new)) => {
            (old.lamports() == new.lamports() || address == fee_payer)
                && old.owner() == new.owner()
                && old.executable() == new.executable()
                && old.data() == new.data()
        }
        (old, new) => old.is_none() && new.is_none(),
    };
    let gone = before.keys().filter(|address| !after.contains_key(address));
    let mut found: Vec<Address> =
        after.keys().chain(gone).filter(|address| !is_same(address)).copied().collect();
    found.sort();
    found
}
