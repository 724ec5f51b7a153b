//! What went wrong, in sentences.

use crate::account::DecodeError;
use serde::Deserialize;
use solana_address::Address;
use solana_transaction_error::TransactionError;
use std::sync::LazyLock;

/// The programs and their IDLs: the one place where their errors' sentences are read from.
const IDLS: [(Address, &str); 5] = [
    (grid_jobs::ID, include_str!("../../../idl/grid_jobs.json")),
    (grid_nodes::ID, include_str!("../../../idl/grid_nodes.json")),
    (grid_staking::ID, include_str!("../../../idl/grid_staking.json")),
    (grid_rewards::ID, include_str!("../../../idl/grid_rewards.json")),
    (grid_pools::ID, include_str!("../../../idl/grid_pools.json")),
];

/// An error of one of the programs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, thiserror::Error)]
#[error("{name} ({code}): {msg}")]
pub struct ProgramError {
    /// Its number.
    pub code: u32,
    /// Its name.
    pub name: String,
    /// Its sentence.
    pub msg: String,
}

#[derive(Deserialize)]
struct Idl {
    errors: Vec<ProgramError>,
}

static ERRORS: LazyLock<Vec<(Address, Vec<ProgramError>)>> = LazyLock::new(|| {
    let errors = |idl| serde_json::from_str::<Idl>(idl).map(|idl| idl.errors).unwrap_or_default();
    IDLS.map(|(program, idl)| (program, errors(idl))).into()
});

impl ProgramError {
    /// The error of the jobs program with this number.
    pub fn from_code(code: u32) -> Option<&'static Self> {
        Self::of(&grid_jobs::ID, code)
    }

    /// The error of a program with this number.
    pub fn of(program: &Address, code: u32) -> Option<&'static Self> {
        let (_, errors) = ERRORS.iter().find(|(found, _)| found == program)?;
        errors.iter().find(|error| error.code == code)
    }
}

/// Why a chain did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// An instruction of one of the programs failed with an error of its own.
    #[error("instruction {instruction}: {error}")]
    Program {
        /// Which instruction of the transaction, from zero.
        instruction: u8,
        /// The program's error.
        error: &'static ProgramError,
        /// The transaction's log lines.
        logs: Vec<String>,
    },
    /// The transaction failed otherwise.
    #[error("the transaction failed: {error}")]
    Transaction {
        /// Why.
        error: TransactionError,
        /// The transaction's log lines.
        logs: Vec<String>,
    },
    /// The transaction did not land before its blockhash expired.
    #[error(
        "transaction {signature} did not land before its blockhash expired; nothing was changed, send it again"
    )]
    Expired {
        /// The transaction's signature.
        signature: String,
    },
    /// An account does not exist.
    #[error("{what} {address} does not exist")]
    Missing {
        /// What was looked for.
        what: &'static str,
        /// Where.
        address: Address,
    },
    /// An account's bytes are not what they should be.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The endpoint did not answer, or not as it should.
    #[error("RPC {endpoint}: {reason}")]
    Rpc {
        /// Which endpoint.
        endpoint: String,
        /// What it said.
        reason: String,
    },
    /// A transaction could not be signed.
    #[error("signing: {0}")]
    Signing(String),
    /// The chain does not ask for an intent any more, and its transaction can't land any more.
    #[error(
        "{kind} of {subject}: the chain does not ask for it any more; nothing was sent that can still land"
    )]
    Unwanted {
        /// The account that it was about.
        subject: Address,
        /// What it would have done there.
        kind: String,
    },
    /// Nobody can pay the transaction's fee.
    #[error("out of fee money: {payer} can't pay the fee of a transaction; send SOL to it")]
    NoFeeMoney {
        /// The fee payer.
        payer: Address,
    },
    /// The journal of intents can't be written, so no new one is taken.
    #[error("the journal can't be written, so nothing new is sent: {0}")]
    Journal(String),
}

impl ChainError {
    /// The error of a failed transaction whose `instructions` were run by these programs, in order.
    pub fn from_transaction(error: TransactionError, programs: &[Address], logs: Vec<String>) -> Self {
        use solana_instruction::error::InstructionError;
        if let TransactionError::InstructionError(instruction, InstructionError::Custom(code)) = error {
            let program = programs.get(usize::from(instruction));
            if let Some(error) = program.and_then(|program| ProgramError::of(program, code)) {
                return Self::Program { instruction, error, logs };
            }
        }
        Self::Transaction { error, logs }
    }

    /// The number of a program's own error, if that is what this is.
    pub fn program_code(&self) -> Option<u32> {
        match self {
            Self::Program { error, .. } => Some(error.code),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use grid_jobs::GridError;

    #[test]
    fn every_error_of_the_program_has_its_sentence() {
        let last = GridError::AccessInUse as u32 + 6000;
        for code in 6000..=last {
            let error = ProgramError::from_code(code).unwrap_or_else(|| panic!("{code} is not in the IDL"));
            assert!(!error.msg.is_empty());
        }
        assert_eq!(ProgramError::from_code(last + 1), None);
        assert_eq!(
            ProgramError::from_code(6016).unwrap().to_string(),
            "QueueFull (6016): The market's queue is full: grow the market, or try again later"
        );
    }
}
