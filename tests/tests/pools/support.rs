//! A scene for the suites: an emission of the world's mint to the client's token account.

use grid_client::{
    pools::{self, vault_address},
    rewards, staking, token,
};
use grid_pools::{Emission, EmissionTerms};
use grid_tests::{Incentives, keypair_for, network::GENESIS};
use litesvm::types::TransactionMetadata;
use solana_account::Account;
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::{
    fmt::Debug,
    ops::{Deref, DerefMut},
};

/// When the scene's emission starts, Unix seconds.
pub const START: i64 = GENESIS + 1_000;
/// When it ends, Unix seconds.
pub const END: i64 = START + 1_000;
/// Its rate, atoms per second.
pub const RATE: u64 = 10;
/// What the scenes are funded with, atoms: five times what accrues.
pub const FUNDS: u64 = 50_000;
/// Bytes of an emission's account.
pub const SPACE: usize = 256;

/// Errors of the token program.
pub const INSUFFICIENT_FUNDS: InstructionError = InstructionError::Custom(1);
pub const MINT_MISMATCH: InstructionError = InstructionError::Custom(3);
pub const OWNER_MISMATCH: InstructionError = InstructionError::Custom(4);
pub const FROZEN: InstructionError = InstructionError::Custom(17);
/// Error for an emission that does not exist.
pub const MISSING: InstructionError = InstructionError::AccountDataTooSmall;
/// Errors of Anchor.
pub const CONSTRAINT_ADDRESS: InstructionError = InstructionError::Custom(2012);
pub const DUPLICATE_MUTABLE: InstructionError = InstructionError::Custom(2040);

/// Closeable, from [`START`] to [`END`]; the node may name another beneficiary.
pub fn terms() -> EmissionTerms {
    EmissionTerms {
        rate_per_second_atoms: RATE,
        starts_at: START,
        ends_at: END,
        is_closeable: true,
        beneficiary_authority: keypair_for("node").pubkey(),
    }
}

/// As [`terms`], but it goes on until it is empty.
pub fn endless() -> EmissionTerms {
    EmissionTerms { ends_at: 0, ..terms() }
}

/// As [`terms`], but it can't be closed before it has paid everything.
pub fn firm() -> EmissionTerms {
    EmissionTerms { is_closeable: false, ..terms() }
}

/// A world with an emission: the authority opened it, the client is paid.
#[derive(Clone)]
pub struct Scene {
    /// The world.
    pub incentives: Incentives,
    /// The emission.
    pub emission: Address,
    /// Its vault.
    pub vault: Address,
    /// The client's token account.
    pub beneficiary: Address,
}

impl Deref for Scene {
    type Target = Incentives;

    fn deref(&self) -> &Incentives {
        &self.incentives
    }
}

impl DerefMut for Scene {
    fn deref_mut(&mut self) -> &mut Incentives {
        &mut self.incentives
    }
}

impl Scene {
    /// An emission with these terms, empty.
    #[track_caller]
    pub fn empty(terms: EmissionTerms) -> Self {
        let incentives = Incentives::new();
        let beneficiary = incentives.tokens_of(&incentives.world.client.pubkey());
        Self::to(incentives, beneficiary, terms)
    }

    /// An emission with these terms and [`FUNDS`].
    #[track_caller]
    pub fn funded(terms: EmissionTerms) -> Self {
        let mut scene = Self::empty(terms);
        scene.fund(FUNDS);
        scene
    }

    /// An emission with these terms and [`FUNDS`] to the reward pool.
    #[track_caller]
    pub fn to_rewards(terms: EmissionTerms) -> Self {
        let incentives = Incentives::new();
        let pool = incentives.pool;
        let mut scene = Self::to(incentives, pool, terms);
        scene.fund(FUNDS);
        scene
    }

    #[track_caller]
    fn to(mut incentives: Incentives, beneficiary: Address, terms: EmissionTerms) -> Self {
        let emission = incentives.open_emission(0, beneficiary, terms);
        Self { incentives, emission, vault: vault_address(&emission).0, beneficiary }
    }

    pub fn authority(&self) -> Address {
        self.world.authority.pubkey()
    }

    pub fn client(&self) -> Address {
        self.world.client.pubkey()
    }

    pub fn node(&self) -> Address {
        self.world.node.pubkey()
    }

    pub fn stranger(&self) -> Address {
        self.world.stranger.pubkey()
    }

    /// The stranger pays.
    pub fn top_up(&self, amount: u64) -> Instruction {
        let payer = self.stranger();
        pools::top_up(payer, self.tokens_of(&payer), self.emission, self.world.mint, amount)
    }

    pub fn claim(&self) -> Instruction {
        pools::claim(self.emission, self.world.mint, self.beneficiary)
    }

    pub fn claim_to_rewards(&self) -> Instruction {
        pools::claim_to_rewards(self.emission, self.world.mint, self.pool)
    }

    /// The authority closes, to its own token account.
    pub fn close(&self) -> Instruction {
        let authority = self.authority();
        pools::close(authority, self.emission, self.world.mint, self.tokens_of(&authority))
    }

    /// The node names another beneficiary and stays the one who may.
    pub fn set_beneficiary(&self, beneficiary: Address) -> Instruction {
        pools::set_beneficiary(self.node(), self.emission, beneficiary, self.node())
    }

    #[track_caller]
    pub fn fund(&mut self, amount: u64) {
        let top_up = self.top_up(amount);
        self.world.land(&[top_up]);
    }

    /// Sends tokens of the stranger straight to the vault.
    #[track_caller]
    pub fn donate(&mut self, amount: u64) {
        let stranger = self.stranger();
        let transfer = token::transfer(self.tokens_of(&stranger), self.vault, stranger, amount);
        self.world.land(&[transfer]);
    }

    /// Sets the clock.
    pub fn at(&mut self, time: i64) -> &mut Self {
        self.world.network.set_time(time);
        self
    }

    /// A copy of everything at another time.
    pub fn fork(&self, time: i64) -> Self {
        let mut scene = self.clone();
        scene.at(time);
        scene
    }

    /// The emission as the chain has it.
    #[track_caller]
    pub fn now(&self) -> Emission {
        self.emission(&self.emission)
    }

    /// Claims; what came to the beneficiary, which is what the emission booked and what left the vault.
    #[track_caller]
    pub fn claimed(&mut self) -> u64 {
        let (beneficiary, vault, before) = (self.tokens(), self.held(), self.now());
        let claim = self.claim();
        self.world.land(&[claim]);
        let amount = self.tokens() - beneficiary;
        assert_eq!(vault - self.held(), amount, "what left the vault");
        assert_eq!(
            self.now(),
            Emission {
                balance_atoms: (before.balance_atoms.get() - amount).into(),
                paid_atoms: (before.paid_atoms.get() + amount).into(),
                ..before
            }
        );
        amount
    }

    /// What the beneficiary's token account holds, atoms.
    #[track_caller]
    pub fn tokens(&self) -> u64 {
        self.world.tokens_in(&self.beneficiary)
    }

    /// What the emission's vault holds, atoms.
    #[track_caller]
    pub fn held(&self) -> u64 {
        self.world.tokens_in(&self.vault)
    }

    /// Asserts what the emission has and has paid, and that its vault holds the balance and what was donated.
    #[track_caller]
    pub fn assert_books(&self, balance: u64, paid: u64, donated: u64) {
        let emission = self.now();
        assert_eq!(
            (emission.balance_atoms.get(), emission.paid_atoms.get()),
            (balance, paid),
            "balance, paid"
        );
        assert_eq!(self.held(), balance + donated, "the vault");
    }

    /// Asserts that neither the emission nor its vault exists.
    #[track_caller]
    pub fn assert_gone(&self) {
        assert!(!self.world.exists(&self.emission), "the emission exists");
        assert!(!self.world.exists(&self.vault), "the vault exists");
    }

    #[track_caller]
    pub fn land(&mut self, instruction: Instruction) -> TransactionMetadata {
        self.world.land(&[instruction])
    }

    /// Instructions of which the last must fail with this error; nothing may change, here or in the reward pools.
    #[track_caller]
    pub fn refuse(&mut self, instructions: &[Instruction], error: impl Into<anchor_lang::Error> + Debug) {
        let before = self.programs();
        self.world.refuse(instructions, error);
        assert_eq!(self.programs(), before);
    }

    /// An instruction that must fail with this error, which is none of the program's own; nothing may change.
    #[track_caller]
    pub fn refuse_with(&mut self, instruction: Instruction, error: InstructionError) {
        let before = self.programs();
        self.world.refuse_with(&[instruction], error);
        assert_eq!(self.programs(), before);
    }

    fn programs(&self) -> Vec<(Address, Account)> {
        let programs = [grid_pools::ID, grid_rewards::ID, grid_staking::ID];
        let accounts = programs.iter().flat_map(|id| self.world.network.svm.get_program_accounts(id));
        let mut found: Vec<_> = accounts.filter(|(_, account)| account.lamports > 0).collect();
        found.sort_by_key(|(address, _)| *address);
        found
    }

    /// Freezes a token account, or thaws it, as no instruction of this mint could.
    pub fn set_frozen(&mut self, account: Address, is_frozen: bool) {
        let mut data = self.world.raw(&account);
        data.data[108] = if is_frozen { 2 } else { 1 };
        self.world.network.set(account, data);
    }

    /// The client's tokens go to the node, and its token account is closed.
    #[track_caller]
    pub fn close_beneficiary(&mut self) {
        let (client, from, to) = (self.client(), self.beneficiary, self.tokens_of(&self.node()));
        let amount = self.tokens();
        self.world.land(&[token::transfer(from, to, client, amount), close_account(from, client, client)]);
    }

    /// Opens the pool in which the stakes of the world's mint earn tokens of another mint; the pool and that mint.
    #[track_caller]
    pub fn pool_of_another_mint(&mut self) -> (Address, Address) {
        let (stranger, mint) = (self.stranger(), self.world.mint);
        let other = self.world.open_mint("other mint");
        self.world.land(&[rewards::open_pool(stranger, &mint, other)]);
        (rewards::pool_address(&mint, &other).0, other)
    }

    /// Another emission of the authority, funded, to the client; its vault.
    #[track_caller]
    pub fn another_emission(&mut self) -> (Address, Address) {
        let (beneficiary, stranger, mint) = (self.beneficiary, self.stranger(), self.world.mint);
        let emission = self.open_emission(9, beneficiary, terms());
        let source = self.tokens_of(&stranger);
        self.world.land(&[pools::top_up(stranger, source, emission, mint, FUNDS)]);
        (emission, vault_address(&emission).0)
    }

    /// A stake of the client; its address.
    #[track_caller]
    pub fn staked(&mut self) -> Address {
        let client = self.client();
        self.stake(client, 0, 1_000);
        staking::stake_address(&self.world.mint, &client, 0).0
    }
}

/// CloseAccount of the token program: the tokens' owner gets the rent.
pub fn close_account(account: Address, destination: Address, owner: Address) -> Instruction {
    use solana_instruction::AccountMeta;
    let accounts = vec![
        AccountMeta::new(account, false),
        AccountMeta::new(destination, false),
        AccountMeta::new_readonly(owner, true),
    ];
    Instruction::new_with_bytes(token::PROGRAM_ID, &[9], accounts)
}

/// SetAuthority of the token program: a token account gets another owner.
pub fn set_owner(account: Address, owner: Address, new_owner: Address) -> Instruction {
    use solana_instruction::AccountMeta;
    let accounts = vec![AccountMeta::new(account, false), AccountMeta::new_readonly(owner, true)];
    let data = [&[6, 2, 1][..], new_owner.as_ref()].concat();
    Instruction::new_with_bytes(token::PROGRAM_ID, &data, accounts)
}

/// The instruction with another account in one slot.
pub fn with_account(mut instruction: Instruction, slot: usize, address: Address) -> Instruction {
    assert_ne!(instruction.accounts[slot].pubkey, address, "slot {slot}");
    instruction.accounts[slot].pubkey = address;
    instruction
}

/// The instruction without the signature of its first account.
pub fn unsigned(mut instruction: Instruction) -> Instruction {
    assert!(instruction.accounts[0].is_signer);
    instruction.accounts[0].is_signer = false;
    instruction
}
