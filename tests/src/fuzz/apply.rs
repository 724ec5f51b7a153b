//! Mutations, carried out.

use crate::{
    fuzz::{
        Fuzzer,
        mutation::{Mutation, flip, write_number},
    },
    network::PROGRAMS,
};
use grid_client::token;
use litesvm::LiteSVM;
use solana_account::Account;
use solana_address::Address;
use solana_clock::Clock;
use solana_instruction::Instruction;

/// Longest account that is written: longer than any of the stage.
const MOST_BYTES: usize = 12_000;
/// Most bytes that an extension of a mint really gets.
const MOST_EXTENSION_BYTES: usize = 300;
/// Most accounts of an instruction.
const MOST_ACCOUNTS: usize = 40;

impl Fuzzer {
    /// Changes a machine or an instruction.
    pub(super) fn apply(&self, mutation: &Mutation, svm: &mut LiteSVM, instruction: &mut Instruction) {
        let of_the_program = self.cases.iter().filter(|case| case.valid.program_id == instruction.program_id);
        let others: Vec<&Instruction> = of_the_program.map(|case| &case.valid).collect();
        let case = |index: usize| others[index % others.len()];
        let pooled = |place: usize| &self.pool[place % self.pool.len()];
        let Instruction { program_id, data, accounts } = instruction;
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
                    accounts[slot].pubkey = *program_id;
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

/// Changes the bytes of one of the instruction's accounts that one of our programs, a token program or Token
/// Metadata owns.
fn forge(svm: &mut LiteSVM, instruction: &Instruction, place: usize, change: impl FnOnce(&mut Vec<u8>)) {
    let ours = PROGRAMS.iter().map(|(program, _)| *program);
    let others = [token::PROGRAM_ID, token::PROGRAM_2022_ID, grid_token_metadata::ID];
    let owners: Vec<Address> = ours.chain(others).collect();
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
