//! A litesvm with the programs, their program data accounts and a fee payer of its own.

use crate::{binary, keys::keypair_for};
use grid_client::address;
use litesvm::{LiteSVM, types::TransactionMetadata};
use solana_account::Account;
use solana_address::Address;
use solana_clock::Clock;
use solana_instruction::{Instruction, error::InstructionError};
use solana_keypair::Keypair;
use solana_signer::Signer;
use solana_transaction::Transaction;
use solana_transaction_error::TransactionError;

/// Time at which every network begins, Unix seconds.
pub const GENESIS: i64 = 1_800_000_000;

/// The programs and the names of their binaries.
pub const PROGRAMS: [(Address, &str); 5] = [
    (grid_jobs::ID, "grid_jobs"),
    (grid_nodes::ID, "grid_nodes"),
    (grid_staking::ID, "grid_staking"),
    (grid_rewards::ID, "grid_rewards"),
    (grid_pools::ID, "grid_pools"),
];

/// A transaction that failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// Why.
    pub error: TransactionError,
    /// Its log lines.
    pub logs: Vec<String>,
}

impl Failure {
    /// The error number that an instruction returned, if it returned one.
    pub fn code(&self) -> Option<u32> {
        match self.error {
            TransactionError::InstructionError(_, InstructionError::Custom(code)) => Some(code),
            _ => None,
        }
    }
}

/// A litesvm with the programs. A clone is an independent copy of everything.
#[derive(Clone)]
pub struct Network {
    /// The machine.
    pub svm: LiteSVM,
}

impl Default for Network {
    fn default() -> Self {
        Self::new()
    }
}

impl Network {
    /// Loads the programs with `keypair_for("upgrade authority")` as its upgrade authority.
    pub fn new() -> Self {
        let mut svm = LiteSVM::new();
        for (program, name) in PROGRAMS {
            svm.add_program(program, &binary::read(name)).expect("the binary loads");
        }
        let metadata = grid_token_metadata::elf().expect("the Token Metadata program");
        svm.add_program(grid_token_metadata::ID, &metadata).expect("the binary loads");
        let mut network = Self { svm };
        let authority = keypair_for("upgrade authority").pubkey();
        for (program, _) in PROGRAMS {
            network.set_upgrade_authority_of(&program, Some(&authority));
        }
        network.fund(&keypair_for("fee payer").pubkey());
        network.set_time(GENESIS);
        network
    }

    /// Writes who may upgrade the jobs program.
    pub fn set_upgrade_authority(&mut self, authority: Option<&Address>) {
        self.set_upgrade_authority_of(&grid_jobs::ID, authority);
    }

    /// Writes who may upgrade a program: bytes 12 to 45 of its program data account.
    pub fn set_upgrade_authority_of(&mut self, program: &Address, authority: Option<&Address>) {
        let address = address::program_data_of(program);
        let mut account = self.account(&address);
        account.data[12] = authority.is_some().into();
        if let Some(authority) = authority {
            account.data[13..45].copy_from_slice(authority.as_ref());
        }
        self.set(address, account);
    }

    /// Gives an address 1,000 SOL.
    pub fn fund(&mut self, address: &Address) {
        self.svm.airdrop(address, 1_000_000_000_000).expect("airdrop");
    }

    /// Sends instructions in one transaction, paid by the fee payer, who is none of the actors.
    pub fn send(
        &mut self,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<TransactionMetadata, Failure> {
        let payer = keypair_for("fee payer");
        let mut all = vec![&payer];
        all.extend(signers);
        self.send_paid_by(&payer.pubkey(), instructions, &all)
    }

    /// Sends instructions in one transaction, paid by `payer`.
    pub fn send_paid_by(
        &mut self,
        payer: &Address,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<TransactionMetadata, Failure> {
        let mut transaction = Transaction::new_with_payer(instructions, Some(payer));
        let blockhash = self.svm.latest_blockhash();
        if let Err(error) = transaction.try_sign(signers, blockhash) {
            panic!("the transaction can't be signed: {error}");
        }
        let sent = self.svm.send_transaction(transaction);
        self.svm.expire_blockhash();
        sent.map_err(|failed| Failure { error: failed.err, logs: failed.meta.logs })
    }

    /// An account that must exist.
    #[track_caller]
    pub fn account(&self, address: &Address) -> Account {
        self.find(address).unwrap_or_else(|| panic!("account {address} does not exist"))
    }

    /// An account, if it exists.
    pub fn find(&self, address: &Address) -> Option<Account> {
        self.svm.get_account(address).filter(|account| account.lamports > 0)
    }

    /// Writes an account.
    pub fn set(&mut self, address: Address, account: Account) {
        self.svm.set_account(address, account).expect("the account can be written");
    }

    /// Sets the clock, Unix seconds.
    pub fn set_time(&mut self, unix_timestamp: i64) {
        let mut clock = self.svm.get_sysvar::<Clock>();
        clock.unix_timestamp = unix_timestamp;
        self.svm.set_sysvar(&clock);
    }

    /// What the clock says, Unix seconds.
    pub fn time(&self) -> i64 {
        self.svm.get_sysvar::<Clock>().unix_timestamp
    }

    /// The slot.
    pub fn slot(&self) -> u64 {
        self.svm.get_sysvar::<Clock>().slot
    }

    /// Moves the clock forward, seconds.
    pub fn advance(&mut self, seconds: i64) {
        self.set_time(self.time() + seconds);
    }
}
