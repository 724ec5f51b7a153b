//! Building, signing and encoding transactions of version 0 and 1.

use crate::fees::priority_lamports;
use solana_address::Address;
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_hash::Hash;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_message::{
    VersionedMessage,
    v0::Message as MessageV0,
    v1::{MAX_TRANSACTION_SIZE, Message as MessageV1, TransactionConfig},
};
use solana_signature::Signature;
use solana_signer::Signer;
use solana_transaction::versioned::VersionedTransaction;
use std::sync::Arc;

/// Bytes of a transaction of version 0 at most: what fits one packet.
const MAX_V0_BYTES: usize = 1_232;

/// Bytes of account data that a transaction of version 1 may load: it has to say, and this is what version 0 may by default.
const LOADED_DATA_BYTES: u32 = 64 * 1024 * 1024;

/// The version of the transactions that are sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TransactionVersion {
    /// Up to 1,232 bytes; every cluster takes it.
    #[default]
    V0,
    /// Up to 4,096 bytes; only for clusters that have activated it.
    V1,
}

/// What a transaction may use and what it offers for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Compute-unit limit.
    pub compute_units: u32,
    /// Priority fee, micro-lamports per compute unit.
    pub price: u64,
}

/// A transaction that can be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The bytes on the wire.
    pub bytes: Vec<u8>,
    /// What it is known by.
    pub signature: Signature,
}

/// Builds the message; the compute budget comes last, so that the numbers of failed instructions stay the caller's.
///
/// # Errors
/// A sentence, where the instructions do not make a message.
pub fn compile(
    version: TransactionVersion,
    payer: &Address,
    instructions: &[Instruction],
    budget: Budget,
    blockhash: Hash,
) -> Result<VersionedMessage, String> {
    let sentence = |error: &dyn std::fmt::Display| format!("the instructions make no transaction: {error}");
    match version {
        TransactionVersion::V0 => {
            let all = with_budget(instructions, budget);
            let message = MessageV0::try_compile(payer, &all, &[], blockhash).map_err(|e| sentence(&e))?;
            Ok(VersionedMessage::V0(message))
        }
        TransactionVersion::V1 => {
            let config = TransactionConfig::empty()
                .with_priority_fee(priority_lamports(budget.price, budget.compute_units))
                .with_compute_unit_limit(budget.compute_units)
                .with_loaded_accounts_data_size_limit(LOADED_DATA_BYTES);
            let message = MessageV1::try_compile_with_config(payer, instructions, blockhash, config);
            let message = message.map_err(|e| sentence(&e))?;
            message.validate().map_err(|e| sentence(&e))?;
            Ok(VersionedMessage::V1(message))
        }
    }
}

/// The instructions with their compute budget behind them; where the caller asks for a limit or a price of its own, ours takes
/// its place: no transaction may ask twice.
fn with_budget(instructions: &[Instruction], budget: Budget) -> Vec<Instruction> {
    let mut all = instructions.to_vec();
    for own in [
        ComputeBudgetInstruction::set_compute_unit_limit(budget.compute_units),
        ComputeBudgetInstruction::set_compute_unit_price(budget.price),
    ] {
        // The first byte says what such an instruction asks for.
        let asks_the_same = |other: &&mut Instruction| {
            other.program_id == own.program_id && other.data.first() == own.data.first()
        };
        match all.iter_mut().find(asks_the_same) {
            Some(other) => *other = own,
            None => all.push(own),
        }
    }
    all
}

/// Signs a message with exactly the keys that it names.
///
/// # Errors
/// A sentence, where a key is missing or one too many, or the transaction is too long.
pub fn sign(message: VersionedMessage, signers: &[Arc<Keypair>]) -> Result<Signed, String> {
    let needed = usize::from(message.header().num_required_signatures);
    let mut keys: Vec<&Keypair> = Vec::with_capacity(needed);
    for address in message.static_account_keys().iter().take(needed) {
        let key = signers.iter().find(|key| key.pubkey() == *address);
        keys.push(key.ok_or_else(|| format!("the key of {address} must sign and is not there"))?);
    }
    let transaction = VersionedTransaction::try_new(message, &keys).map_err(|error| error.to_string())?;
    let signature = transaction.signatures.first().copied().ok_or("no signer was given")?;
    Ok(Signed { bytes: encode(&transaction)?, signature })
}

/// The bytes of a message whose signatures are left blank: enough to simulate it, useless to send it.
///
/// # Errors
/// A sentence, where the transaction is too long.
pub fn unsigned(message: VersionedMessage) -> Result<Vec<u8>, String> {
    let signatures = vec![Signature::default(); usize::from(message.header().num_required_signatures)];
    encode(&VersionedTransaction { signatures, message })
}

fn encode(transaction: &VersionedTransaction) -> Result<Vec<u8>, String> {
    let bytes = wincode::serialize(transaction).map_err(|error| error.to_string())?;
    let most = match transaction.message {
        VersionedMessage::V1(_) => MAX_TRANSACTION_SIZE,
        _ => MAX_V0_BYTES,
    };
    if bytes.len() > most {
        return Err(format!(
            "the transaction has {} bytes, {most} are allowed: split its instructions",
            bytes.len()
        ));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_the_callers_is_replaced_where_it_stands() {
        let other = Instruction::new_with_bytes(Address::new_unique(), &[2], vec![]);
        let theirs = ComputeBudgetInstruction::set_compute_unit_limit(7);
        let budget = Budget { compute_units: 1_000, price: 5 };
        let limit = ComputeBudgetInstruction::set_compute_unit_limit(1_000);
        let price = ComputeBudgetInstruction::set_compute_unit_price(5);
        assert_eq!(
            with_budget(&[theirs, other.clone()], budget),
            [limit.clone(), other.clone(), price.clone()]
        );
        assert_eq!(with_budget(std::slice::from_ref(&other), budget), [other, limit, price]);
    }
    use solana_instruction::AccountMeta;

    fn instruction(signer: &Address, bytes: usize) -> Instruction {
        let other = AccountMeta::new(Address::new_from_array([7; 32]), false);
        let program = Address::new_from_array([9; 32]);
        Instruction::new_with_bytes(program, &vec![3; bytes], vec![AccountMeta::new(*signer, true), other])
    }

    fn message(version: TransactionVersion, keys: &[Arc<Keypair>], bytes: usize) -> VersionedMessage {
        let instructions: Vec<_> = keys.iter().map(|key| instruction(&key.pubkey(), bytes)).collect();
        let budget = Budget { compute_units: 17_000, price: 1_500 };
        compile(version, &keys[0].pubkey(), &instructions, budget, Hash::new_from_array([5; 32])).unwrap()
    }

    #[test]
    fn both_versions_decode_back_with_valid_signatures() {
        let keys: Vec<_> = (0..2).map(|_| Arc::new(Keypair::new())).collect();
        for version in [TransactionVersion::V0, TransactionVersion::V1] {
            let message = message(version, &keys, 10);
            let reversed: Vec<_> = keys.iter().rev().cloned().collect();
            let signed = sign(message.clone(), &reversed).unwrap();
            let decoded: VersionedTransaction = wincode::deserialize(&signed.bytes).unwrap();
            assert_eq!(decoded.message, message);
            assert_eq!(decoded.signatures[0], signed.signature);
            for (key, signature) in keys.iter().zip(&decoded.signatures) {
                assert!(signature.verify(key.pubkey().as_ref(), &message.serialize()));
            }
        }
    }

    #[test]
    fn the_budget_is_in_both_versions_and_moves_no_instruction() {
        let keys = [Arc::new(Keypair::new())];
        let VersionedMessage::V0(v0) = message(TransactionVersion::V0, &keys, 10) else { panic!() };
        assert_eq!(v0.instructions.len(), 3);
        assert_eq!(v0.instructions[0].data, [3; 10], "the caller's instruction stays number 0");
        let [_, limit, price] = &v0.instructions[..] else { panic!() };
        assert_eq!(limit.data, [&[2][..], &17_000_u32.to_le_bytes()].concat());
        assert_eq!(price.data, [&[3][..], &1_500_u64.to_le_bytes()].concat());
        let VersionedMessage::V1(v1) = message(TransactionVersion::V1, &keys, 10) else { panic!() };
        assert_eq!(v1.instructions.len(), 1);
        assert_eq!(v1.config.compute_unit_limit, Some(17_000));
        assert_eq!(v1.config.priority_fee, Some(26), "25.5 lamports, rounded up");
    }

    #[test]
    fn a_blank_transaction_can_be_simulated_and_not_sent() {
        let keys = [Arc::new(Keypair::new())];
        let message = message(TransactionVersion::V0, &keys, 10);
        let decoded: VersionedTransaction = wincode::deserialize(&unsigned(message).unwrap()).unwrap();
        assert_eq!(decoded.signatures, [Signature::default()]);
    }

    #[test]
    fn what_is_too_long_is_refused_and_version_1_takes_more() {
        let keys = [Arc::new(Keypair::new())];
        let long = |version, bytes| sign(message(version, &keys, bytes), &keys);
        let refused = long(TransactionVersion::V0, 1_200).unwrap_err();
        assert!(refused.contains("1232 are allowed: split"), "{refused}");
        assert!(long(TransactionVersion::V1, 1_200).is_ok());
        assert!(long(TransactionVersion::V1, 4_000).unwrap_err().contains("4096 are allowed"));
    }

    #[test]
    fn a_missing_key_is_named() {
        let keys: Vec<_> = (0..2).map(|_| Arc::new(Keypair::new())).collect();
        let refused = sign(message(TransactionVersion::V0, &keys, 10), &keys[..1]).unwrap_err();
        assert!(refused.contains(&keys[1].pubkey().to_string()), "{refused}");
    }
}
