//! The shipped binary and the model side by side, compared after every step.

mod addresses;
mod compare;
mod send;

pub use {
    addresses::{AUTHORITIES, Addresses, MEMBERS},
    send::instruction,
};

use crate::{
    World,
    matrix::{Stage, chain},
    model::{Model, Op, Party, Refusal},
    network::Failure,
};
use compare::free_slots;
use grid_client::token;
use grid_jobs::{Market, NO_SLOT, QueueSlot};
use litesvm::LiteSVM;
use solana_account::{AccountSharedData, ReadableAccount};
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_transaction_error::TransactionError;
use std::collections::BTreeMap;

/// The machine, the model, and what happened. A clone is an independent copy of everything.
#[derive(Clone)]
pub struct Arena {
    /// The machine.
    pub world: World,
    /// The model.
    pub model: Model,
    /// Who is who.
    pub at: Addresses,
    /// The steps so far.
    pub trace: Vec<String>,
    /// What those began with who pay rents, lamports.
    lamports: BTreeMap<Party, u64>,
}

impl Arena {
    /// A machine for a model in which nothing is open yet: config, vault, and everybody with lamports and tokens.
    pub fn new(model: Model) -> Self {
        let mut world = World::bare();
        world.initialize_config();
        world.open_vault();
        world.network.set_time(model.now);
        let at = Addresses::new(&model, world.mint);
        for party in at.parties() {
            let key = at.key(party);
            world.network.fund(&key);
            // The world has given tokens to its own stranger.
            if party != Party::Stranger {
                let tokens = u64::try_from(model.tokens_of(party)).expect("tokens fit a u64");
                world.give_tokens(&world.mint.clone(), &key, tokens);
            }
        }
        chain::trust_signatures(&mut world.network.svm);
        let pays = |party: &Party| matches!(party, Party::Client(_) | Party::Node(_) | Party::Member(_));
        let payers: Vec<Party> = at.parties().filter(pays).collect();
        let mut arena = Self { world, model, at, trace: Vec::new(), lamports: BTreeMap::new() };
        for party in payers {
            let lamports = arena.lamports_of(&arena.at.key(party));
            arena.lamports.insert(party, lamports);
        }
        let strangers = arena.world.tokens(&arena.at.key(Party::Stranger));
        arena.model.tokens.insert(Party::Stranger, strangers.into());
        arena.compare();
        arena
    }

    fn lamports_of(&self, address: &Address) -> u64 {
        let found = self.world.network.svm.accounts_db().inner.get(address);
        found.map_or(0, ReadableAccount::lamports)
    }

    /// Does an operation, in the machine and in the model, and compares; returns what came of it.
    ///
    /// # Errors
    /// What the operation is refused with, by both.
    ///
    /// # Panics
    /// When they differ.
    pub fn step(&mut self, op: &Op) -> Result<(), Refusal> {
        self.trace.push(format!("{op:?}"));
        let Some(instruction) = instruction(op, &self.model, &self.at) else {
            op.apply(&mut self.model)?;
            self.world.network.set_time(self.model.now);
            return Ok(());
        };
        let expected = op.apply(&mut self.model);
        match (&expected, self.send(instruction)) {
            (Ok(()), Ok(())) => self.adjust_room(op),
            (Err(Refusal::Grid(error)), Err(failure)) => {
                let code = *error as u32 + 6_000;
                assert_eq!(failure.code(), Some(code), "{error:?} was expected: {failure:?}");
            }
            (Err(Refusal::Other), Err(failure)) => {
                assert_refused(&failure);
                assert!(failure.code() < Some(6_000), "no error of the program's own: {failure:?}");
            }
            (_, result) => panic!("the model says {expected:?}, the program {result:?}"),
        }
        self.compare();
        expected
    }

    /// Sends what must fail.
    ///
    /// # Panics
    /// When it does not, or not as a refusal.
    pub fn must_fail(&mut self, what: &str, instruction: Instruction) {
        self.trace.push(format!("hostile: {what}"));
        match self.send(instruction) {
            Ok(()) => panic!("was accepted"),
            Err(failure) => assert_refused(&failure),
        }
    }

    /// Sends, and checks what holds of every transaction: a failing one changes nothing, none makes or loses lamports
    /// or tokens. It can only have changed the accounts that it names.
    fn send(&mut self, instruction: Instruction) -> Result<(), Failure> {
        let payer = Stage::fee_payer();
        let svm = &mut self.world.network.svm;
        let before = named(svm, &instruction, &payer);
        let result = chain::send(svm, &payer, std::slice::from_ref(&instruction)).map(drop);
        let after = named(svm, &instruction, &payer);
        if result.is_err() {
            assert!(before == after, "a failure changed something");
        }
        assert_eq!(sum(&before, lamports), sum(&after, lamports), "lamports but for the fee");
        assert_eq!(
            sum(&before, tokens) + sum(&after, supply),
            sum(&after, tokens) + sum(&before, supply),
            "tokens"
        );
        result
    }

    /// A new market is as short as the model's; of one that grew the model learns how far.
    fn adjust_room(&mut self, op: &Op) {
        match *op {
            Op::OpenMarket(market, _, capacity) => {
                shorten_queue(&mut self.world, &self.at.markets[market], capacity);
            }
            Op::GrowMarket(market) => {
                let capacity = self.world.market_at(&self.at.markets[market]).slots.len();
                self.model.correct_capacity(market, capacity);
            }
            _ => {}
        }
    }
}

/// The accounts that an instruction names, but for the fee payer.
fn named(
    svm: &LiteSVM,
    instruction: &Instruction,
    payer: &Address,
) -> BTreeMap<Address, Option<AccountSharedData>> {
    let addresses = instruction.accounts.iter().map(|meta| meta.pubkey).filter(|address| address != payer);
    addresses.map(|address| (address, svm.accounts_db().inner.get(&address).cloned())).collect()
}

fn sum(
    accounts: &BTreeMap<Address, Option<AccountSharedData>>,
    amount: fn(&AccountSharedData) -> u64,
) -> u128 {
    accounts.values().flatten().map(|account| u128::from(amount(account))).sum()
}

fn lamports(account: &AccountSharedData) -> u64 {
    account.lamports()
}

fn tokens(account: &AccountSharedData) -> u64 {
    let is_tokens = *account.owner() == token::PROGRAM_ID;
    is_tokens.then(|| token::amount(account.data())).flatten().unwrap_or(0)
}

/// What was minted and not burnt, when the account is a mint: bytes 36 to 44.
fn supply(account: &AccountSharedData) -> u64 {
    let is_mint = *account.owner() == token::PROGRAM_ID && account.data().len() == token::MINT_SPACE as usize;
    let bytes = is_mint.then(|| account.data()[36..44].try_into().expect("8 bytes"));
    bytes.map_or(0, u64::from_le_bytes)
}

/// A refusal by the instruction itself, and no abort.
fn assert_refused(failure: &Failure) {
    let is_refusal = matches!(
        &failure.error,
        TransactionError::InstructionError(0, error)
            if *error != InstructionError::ProgramFailedToComplete || chain::is_refused_bump(failure)
    );
    assert!(is_refusal, "{failure:?}");
}

/// Rewrites a new market's account as if it had been created with this few slots, so that its queue is full now and
/// then. The program makes no market smaller than 273 slots.
fn shorten_queue(world: &mut World, market: &Address, capacity: usize) {
    let mut account = world.raw(market);
    let length = Market::SLOTS_OFFSET + capacity * size_of::<QueueSlot>();
    account.data.truncate(length);
    account.data[Market::SLOT_COUNT_OFFSET..Market::SLOTS_OFFSET]
        .copy_from_slice(&(capacity as u32).to_le_bytes());
    // The last slot's `next` is its last two bytes.
    account.data[length - 2..].copy_from_slice(&NO_SLOT.to_le_bytes());
    world.network.set(*market, account);
    let view = world.market_at(market);
    assert_eq!((view.slots.len(), free_slots(&view)), (capacity, capacity));
}
