//! A fuzz target of all programs: whatever an instruction's data, account list and accounts' bytes are, the program answers with an
//! error or with a success that keeps the ledger.
//!
//! An input is a byte string. It picks a valid case of the [matrix](crate::matrix), changes up to three things about it
//! and sends it: see [`Mutation`]. What must hold, [`Fuzzer::run`] says.

mod apply;
pub mod choices;
pub mod mutation;
pub mod rights;

use crate::{
    Failure, World, assert_ledger, assert_solvent,
    matrix::{Stage, cases, chain},
};
use choices::Choices;
use grid_client::ProgramError;
use litesvm::LiteSVM;
use mutation::Mutation;
use solana_account::Account;
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_transaction_error::TransactionError;

/// The outcome of a success.
const OK: &str = "ok";

/// The valid cases, and everything that can be put in their place.
pub struct Fuzzer {
    cases: Vec<Valid>,
    pool: Vec<(Address, Account)>,
    other_mints: [Address; 2],
}

/// A valid instruction and the world it is valid in.
struct Valid {
    name: String,
    title: String,
    world: World,
    valid: Instruction,
}

/// An input, decoded.
#[derive(Debug)]
pub struct Attempt {
    /// The case.
    pub case: String,
    /// What is done to it.
    pub mutations: Vec<Mutation>,
    index: usize,
}

/// How the program answered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Answer {
    /// Program and instruction that the data names, or none.
    pub instruction: String,
    /// `ok`, or the error.
    pub outcome: String,
}

impl Answer {
    /// Whether it is the success of this instruction.
    pub fn succeeded(&self, instruction: &str) -> bool {
        self.instruction == instruction && self.outcome == OK
    }
}

impl Default for Fuzzer {
    fn default() -> Self {
        Self::new()
    }
}

impl Fuzzer {
    /// Builds the stage and all cases.
    pub fn new() -> Self {
        let stage = Stage::new();
        let cases = cases::all()
            .into_iter()
            .map(|case| {
                let sample = (case.build)(&stage);
                let (title, name) = (case.title(), case.name());
                Valid { name, title, world: sample.world, valid: sample.instruction }
            })
            .collect();
        let pool = stage.pool.into_iter().map(|entry| (entry.address, entry.account)).collect();
        let other_mints = [stage.second_mint.address, stage.mint_2022.address];
        Self { cases, pool, other_mints }
    }

    /// Reads an input.
    pub fn decode(&self, bytes: &[u8]) -> Attempt {
        let mut choices = Choices::new(bytes);
        let index = choices.below(self.cases.len());
        let count = choices.byte() % 4;
        let mutations = (0..count).map(|_| Mutation::draw(&mut choices)).collect();
        Attempt { case: self.cases[index].name.clone(), mutations, index }
    }

    /// Sends an input.
    ///
    /// # Errors
    /// When the program aborts or exceeds its budget, answers with an error that is none of a program, changes an
    /// account and fails, refuses a case to which nothing was done, or lets a stranger change what is not theirs: see
    /// [`rights`].
    ///
    /// # Panics
    /// When it succeeds on accounts that were its own, and the ledger does not add up.
    pub fn run(&self, attempt: &Attempt) -> Result<Answer, String> {
        let case = &self.cases[attempt.index];
        let (mut svm, mut instruction) = (case.world.network.svm.clone(), case.valid.clone());
        for mutation in &attempt.mutations {
            self.apply(mutation, &mut svm, &mut instruction);
        }
        let mut after = svm.clone();
        let sent = chain::send(&mut after, &Stage::fee_payer(), std::slice::from_ref(&instruction));
        let outcome = match sent {
            Ok(_) => {
                if !attempt.mutations.iter().any(Mutation::forges) {
                    if let Some(account) = rights::changed_by_a_stranger(&svm, &after, &instruction) {
                        return Err(format!("a stranger changed {account}"));
                    }
                    self.assert_ledgers(&case.world, after, &instruction.program_id);
                }
                OK.to_owned()
            }
            Err(failure) => {
                let changed = chain::differences(&svm, &after, &Stage::fee_payer());
                if !changed.is_empty() {
                    return Err(format!("{} changed {changed:?}", failure.error));
                }
                let is_forged = attempt.mutations.iter().any(Mutation::forges);
                let refusal = refusal(&failure, &instruction.program_id, is_forged)
                    .ok_or_else(|| chain::describe(&failure))?;
                if attempt.mutations.is_empty() {
                    return Err(chain::describe(&failure));
                }
                refusal
            }
        };
        Ok(Answer { instruction: self.named_by(&instruction), outcome })
    }

    fn assert_ledgers(&self, before: &World, after: LiteSVM, program: &Address) {
        let mut world = before.clone();
        world.network.svm = after;
        assert_solvent(&world);
        if *program != grid_jobs::ID {
            // The others may pay into any vault, also into that of the jobs program.
            return;
        }
        assert_ledger(&world, 0);
        for mint in self.other_mints {
            world.mint = mint;
            assert_eq!(world.ledger().total(), u128::from(world.vault_tokens()), "owed, against the vault");
        }
    }

    /// The instruction that the data begins with.
    fn named_by(&self, instruction: &Instruction) -> String {
        let is_it = |case: &&Valid| {
            instruction.program_id == case.valid.program_id
                && instruction.data.starts_with(&case.valid.data[..8])
        };
        self.cases.iter().find(is_it).map_or("unknown".into(), |case| case.title.clone())
    }
}

/// The error of a refusal; `None` when it is none that a program should answer with.
#[expect(deprecated, reason = "`ProgramError::NotEnoughAccountKeys` still becomes it")]
fn refusal(failure: &Failure, program: &Address, is_forged: bool) -> Option<String> {
    let error = match &failure.error {
        TransactionError::InstructionError(0, error) => error,
        // A token account may be forged to be one of native SOL, whose lamports move with its tokens.
        TransactionError::InsufficientFundsForRent { .. } if is_forged => return Some("rent".into()),
        _ => return None,
    };
    match error {
        InstructionError::Custom(code) => Some(name_of(program, *code)),
        // The same, when it has fewer lamports than tokens: the token program relies on there being as many.
        InstructionError::UnbalancedInstruction if is_forged => Some(format!("{error:?}")),
        // A payer may be forged to belong to another program than the system program, which then can't take the rent.
        InstructionError::ExternalAccountLamportSpend if is_forged => Some(format!("{error:?}")),
        InstructionError::InvalidArgument
        | InstructionError::InvalidInstructionData
        | InstructionError::InvalidAccountData
        | InstructionError::AccountDataTooSmall
        | InstructionError::InsufficientFunds
        | InstructionError::IncorrectProgramId
        | InstructionError::MissingRequiredSignature
        | InstructionError::NotEnoughAccountKeys
        | InstructionError::MissingAccount
        | InstructionError::UninitializedAccount
        | InstructionError::InvalidSeeds
        // The token account that pays `add` is another account of the instruction, which the program has at hand.
        | InstructionError::AccountBorrowFailed
        // The system program creates nothing at an address for which the program can't sign, or that is read-only.
        | InstructionError::PrivilegeEscalation
        | InstructionError::IllegalOwner
        | InstructionError::InvalidAccountOwner => Some(format!("{error:?}")),
        _ if chain::is_refused_bump(failure) => Some("refused bump".into()),
        _ => None,
    }
}

fn name_of(program: &Address, code: u32) -> String {
    ProgramError::of(program, code).map_or_else(|| format!("Custom({code})"), |error| error.name.clone())
}
