//! A fuzz target: whatever an instruction's data, account list and accounts' bytes are, the program answers with an
//! error or with a success that keeps the ledger.
//!
//! An input is a byte string. It picks a valid case of the [matrix](crate::matrix), changes up to three things about it
//! and sends it: see [`Mutation`]. What must hold, [`Fuzzer::run`] says.

pub mod choices;
pub mod mutation;
pub mod rights;

use crate::{
    Failure, World, assert_ledger,
    matrix::{Stage, cases, chain},
};
use choices::Choices;
use grid_client::{ProgramError, token};
use litesvm::LiteSVM;
use mutation::{Mutation, flip, write_number};
use solana_account::Account;
use solana_address::Address;
use solana_clock::Clock;
use solana_instruction::{Instruction, error::InstructionError};
use solana_transaction_error::TransactionError;

/// The outcome of a success.
const OK: &str = "ok";
/// Longest account that is written: longer than any of the stage.
const MOST_BYTES: usize = 12_000;
/// Most bytes that an extension of a mint really gets.
const MOST_EXTENSION_BYTES: usize = 300;
/// Most accounts of an instruction.
const MOST_ACCOUNTS: usize = 40;

/// The valid cases, and everything that can be put in their place.
pub struct Fuzzer {
    cases: Vec<Valid>,
    pool: Vec<(Address, Account)>,
    other_mints: [Address; 2],
}

/// A valid instruction and the world it is valid in.
struct Valid {
    name: String,
    instruction: &'static str,
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
    /// The instruction that the data names, or none.
    pub instruction: &'static str,
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
                let (instruction, name) = (case.instruction, case.name());
                Valid { name, instruction, world: sample.world, valid: sample.instruction }
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
    /// account and fails, or refuses a case to which nothing was done.
    ///
    /// # Panics
    /// When it succeeds on accounts that were its own, and the ledger does not add up, or somebody changed what is not
    /// theirs: see [`rights`].
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
                rights::assert_rights(&svm, &after, &instruction);
                if !attempt.mutations.iter().any(Mutation::forges) {
                    self.assert_ledgers(&case.world, after);
                }
                OK.to_owned()
            }
            Err(failure) => {
                let changed = chain::differences(&svm, &after, &Stage::fee_payer());
                if !changed.is_empty() {
                    return Err(format!("{} changed {changed:?}", failure.error));
                }
                let refusal = refusal(&failure).ok_or_else(|| chain::describe(&failure))?;
                if attempt.mutations.is_empty() {
                    return Err(chain::describe(&failure));
                }
                refusal
            }
        };
        Ok(Answer { instruction: self.named_by(&instruction), outcome })
    }

    fn assert_ledgers(&self, before: &World, after: LiteSVM) {
        let mut world = before.clone();
        world.network.svm = after;
        assert_ledger(&world, 0);
        for mint in self.other_mints {
            world.mint = mint;
            assert_eq!(world.ledger().total(), u128::from(world.vault_tokens()), "owed, against the vault");
        }
    }

    /// The instruction that the data begins with.
    fn named_by(&self, instruction: &Instruction) -> &'static str {
        let is_it = |case: &&Valid| instruction.data.starts_with(&case.valid.data[..8]);
        self.cases.iter().find(is_it).map_or("unknown", |case| case.instruction)
    }

    fn apply(&self, mutation: &Mutation, svm: &mut LiteSVM, instruction: &mut Instruction) {
        let case = |index: usize| &self.cases[index % self.cases.len()].valid;
        let pooled = |place: usize| &self.pool[place % self.pool.len()];
        let Instruction { data, accounts, .. } = instruction;
        let slot = |place: usize| place.checked_rem(accounts.len());
        match *mutation {
            Mutation::FlipData(bit) => flip(data, bit),
            Mutation::TruncateData(length) => data.truncate(length % (data.len() + 1)),
            Mutation::ExtendData(count, byte) => data.extend(std::iter::repeat_n(byte, count)),
            Mutation::NumberInData(at, width, number) => write_number(data, at, width, number),
            Mutation::DiscriminatorOf(other) => {
                let length = data.len().min(8);
                data[..length].copy_from_slice(&case(other).data[..length]);
            }
            Mutation::DataOf(other) => *data = case(other).data.clone(),
            Mutation::AccountsOf(other) => *accounts = case(other).accounts.clone(),
            Mutation::Swap(one, other) => {
                if let (Some(one), Some(other)) = (slot(one), slot(other)) {
                    accounts.swap(one, other);
                }
            }
            Mutation::Drop(place) => {
                if let Some(slot) = slot(place) {
                    accounts.remove(slot);
                }
            }
            Mutation::Repeat(place, to) => {
                if let Some(slot) = slot(place).filter(|_| accounts.len() < MOST_ACCOUNTS) {
                    accounts.insert(to % (accounts.len() + 1), accounts[slot].clone());
                }
            }
            Mutation::Replace(place, other) => {
                if let Some(slot) = slot(place) {
                    accounts[slot].pubkey = pooled(other).0;
                }
            }
            Mutation::Empty(place) => {
                if let Some(slot) = slot(place) {
                    accounts[slot].pubkey = grid_jobs::ID;
                }
            }
            Mutation::ToggleWritable(place) => {
                if let Some(slot) = slot(place) {
                    accounts[slot].is_writable ^= true;
                }
            }
            Mutation::ToggleSigner(place) => {
                if let Some(slot) = slot(place) {
                    accounts[slot].is_signer ^= true;
                }
            }
            Mutation::FlipAccount(place, bit) => forge(svm, instruction, place, |bytes| flip(bytes, bit)),
            Mutation::ResizeAccount(place, length) => {
                forge(svm, instruction, place, |bytes| bytes.resize(length % MOST_BYTES, 0));
            }
            Mutation::NumberInAccount(place, at, width, number) => {
                forge(svm, instruction, place, |bytes| write_number(bytes, at, width, number));
            }
            Mutation::Link(place, at, number) => {
                forge(svm, instruction, place, |bytes| write_number(bytes, at, 2, number.into()));
            }
            Mutation::BytesOf(place, other) => {
                let other = &pooled(other).1.data;
                if other.len() <= MOST_BYTES {
                    forge(svm, instruction, place, |bytes| bytes.clone_from(other));
                }
            }
            Mutation::Extension(kind, length) => extend_mint(svm, instruction, kind, length),
            Mutation::Clock(time) => {
                svm.set_sysvar(&Clock { unix_timestamp: time, ..svm.get_sysvar::<Clock>() });
            }
        }
    }
}

/// Changes the bytes of one of the instruction's accounts that the jobs program or a token program owns.
fn forge(svm: &mut LiteSVM, instruction: &Instruction, place: usize, change: impl FnOnce(&mut Vec<u8>)) {
    let owners = [grid_jobs::ID, token::PROGRAM_ID, token::PROGRAM_2022_ID];
    let owned: Vec<(Address, Account)> = instruction
        .accounts
        .iter()
        .filter_map(|meta| Some((meta.pubkey, svm.get_account(&meta.pubkey)?)))
        .filter(|(_, account)| owners.contains(&account.owner) && !account.executable)
        .collect();
    if let Some(chosen) = place.checked_rem(owned.len()) {
        let (address, mut account) = owned[chosen].clone();
        change(&mut account.data);
        write(svm, address, account);
    }
}

/// Appends an extension to every mint of Token-2022 that the instruction is given.
fn extend_mint(svm: &mut LiteSVM, instruction: &Instruction, kind: u16, length: u16) {
    for meta in &instruction.accounts {
        let Some(mut account) = svm.get_account(&meta.pubkey) else {
            continue;
        };
        let space = account.data.len();
        let is_mint = space == token::MINT_SPACE as usize || space > token::ACCOUNT_SPACE as usize;
        if account.owner != token::PROGRAM_2022_ID || account.executable || !is_mint {
            continue;
        }
        // Padded to the length of a token account, then the type of the account, 1 for a mint, then the extensions:
        // type, length, value.
        account.data.resize(space.max(token::ACCOUNT_SPACE as usize), 0);
        if space == token::MINT_SPACE as usize {
            account.data.push(1);
        }
        account.data.extend([kind.to_le_bytes(), length.to_le_bytes()].concat());
        account.data.extend(std::iter::repeat_n(0, usize::from(length).min(MOST_EXTENSION_BYTES)));
        write(svm, meta.pubkey, account);
    }
}

/// Writes an account, which stays exempt from rent.
fn write(svm: &mut LiteSVM, address: Address, mut account: Account) {
    account.lamports = account.lamports.max(svm.minimum_balance_for_rent_exemption(account.data.len()));
    svm.set_account(address, account).expect("the account can be written");
}

/// The error of a refusal; `None` when it is none that a program should answer with.
#[expect(deprecated, reason = "`ProgramError::NotEnoughAccountKeys` still becomes it")]
fn refusal(failure: &Failure) -> Option<String> {
    let TransactionError::InstructionError(0, error) = &failure.error else {
        return None;
    };
    match error {
        InstructionError::Custom(code) => Some(name_of(*code)),
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
        // The system program creates nothing at an address for which the program can't sign, or that is read-only.
        | InstructionError::PrivilegeEscalation
        | InstructionError::IllegalOwner
        | InstructionError::InvalidAccountOwner => Some(format!("{error:?}")),
        _ if chain::is_refused_bump(failure) => Some("refused bump".into()),
        _ => None,
    }
}

fn name_of(code: u32) -> String {
    ProgramError::from_code(code).map_or_else(|| format!("Custom({code})"), |error| error.name.clone())
}
