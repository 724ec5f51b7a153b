//! A cluster: slots, heights, expiry, commitments and a status cache around a litesvm, by the virtual clock.

use crate::{
    clock::VirtualClock,
    world::{BEGINNING, World},
};
use grid_landing::endpoint::{Commitment, Lifetime, Outcome, Simulation, Status, Tip};
use litesvm::LiteSVM;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use solana_account::Account;
use solana_address::Address;
use solana_clock::Clock;
use solana_hash::Hash;
use solana_message::VersionedMessage;
use solana_signature::Signature;
use solana_transaction::versioned::VersionedTransaction;
use solana_transaction_error::TransactionError;
use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

/// Blocks for which a blockhash is good.
const BLOCKHASH_BLOCKS: u64 = 150;
/// Slots from a block to its confirmation.
const TO_CONFIRMED: u64 = 2;
/// Slots from a block to its finality.
pub const TO_FINALIZED: u64 = 32;
/// Slots for which statuses are known without a search in the history.
const STATUS_SLOTS: u64 = 300;
/// The slot that every seed begins with.
const FIRST_SLOT: u64 = 1_000;

const COMPUTE_BUDGET: Address = solana_sdk_ids::compute_budget::ID;

/// A transaction that is in a block.
#[derive(Debug, Clone)]
pub struct Included {
    pub slot: u64,
    pub error: Option<TransactionError>,
    pub compute_units: u64,
    pub fee: u64,
    pub logs: Vec<String>,
    /// What it is for: the text of its memo.
    pub purpose: String,
    bytes: Vec<u8>,
}

/// A transaction that was sent for a purpose.
#[derive(Debug, Clone, Copy)]
struct Sent {
    signature: Signature,
    last_valid_height: u64,
}

/// The cluster.
pub struct Chain {
    pub genesis: Hash,
    svm: LiteSVM,
    rng: ChaCha8Rng,
    clock: VirtualClock,
    /// When the next slot begins, since the beginning.
    next_slot_at: Duration,
    /// How long the cluster has stood still.
    stood_still: Duration,
    /// Height after each slot from the first.
    heights: Vec<u64>,
    /// The newest blockhash of each slot from the first.
    hashes: Vec<Hash>,
    born: HashMap<Hash, u64>,
    waiting: BTreeMap<u64, Vec<Vec<u8>>>,
    pub included: BTreeMap<Signature, Included>,
    versions: HashMap<Address, Vec<(u64, Option<Account>)>>,
    sent: HashMap<String, Vec<Sent>>,
    /// Lowest price that gets into a block, micro-lamports per compute unit.
    pub lowest_price: u64,
    /// What was done that must never be.
    pub violation: Option<String>,
}

impl Chain {
    pub fn new(world: &World, seed: u64, clock: VirtualClock) -> Self {
        let first = Hash::new_from_array([8; 32]);
        Self {
            genesis: Hash::new_from_array([7; 32]),
            svm: world.svm.clone(),
            rng: ChaCha8Rng::seed_from_u64(seed ^ 0x00C0_FFEE),
            clock,
            next_slot_at: Duration::ZERO,
            stood_still: Duration::ZERO,
            heights: vec![FIRST_SLOT - 100],
            hashes: vec![first],
            born: HashMap::from([(first, FIRST_SLOT - 100)]),
            waiting: BTreeMap::new(),
            included: BTreeMap::new(),
            versions: HashMap::new(),
            sent: HashMap::new(),
            lowest_price: 0,
            violation: None,
        }
    }

    /// The newest slot.
    pub fn slot(&self) -> u64 {
        FIRST_SLOT + self.heights.len() as u64 - 1
    }

    fn height_at(&self, slot: u64) -> u64 {
        let index = slot.saturating_sub(FIRST_SLOT).min(self.heights.len() as u64 - 1);
        self.heights[index as usize]
    }

    /// Lets the cluster come to the present.
    pub fn catch_up(&mut self) {
        let now = self.clock.now().saturating_sub(self.stood_still);
        while self.next_slot_at <= now {
            self.next_slot_at += Duration::from_millis(self.rng.random_range(300..=420));
            self.next_slot();
        }
    }

    /// No slots for a while: the clocks outside go on.
    pub fn stand_still(&mut self, time: Duration) {
        self.stood_still += time;
    }

    fn next_slot(&mut self) {
        let skipped = self.rng.random_bool(0.05);
        let height = self.height_at(self.slot()) + u64::from(!skipped);
        self.heights.push(height);
        let slot = self.slot();
        if skipped {
            self.hashes.push(*self.hashes.last().unwrap());
            return;
        }
        let mut bytes = [0; 32];
        self.rng.fill(&mut bytes);
        let hash = Hash::new_from_array(bytes);
        self.hashes.push(hash);
        self.born.insert(hash, height);
        let later = self.waiting.split_off(&(slot + 1));
        let due = std::mem::replace(&mut self.waiting, later);
        for bytes in due.into_values().flatten() {
            self.include(bytes);
        }
    }

    /// Puts a transaction into the block of the present slot, if it may.
    fn include(&mut self, bytes: Vec<u8>) {
        let transaction: VersionedTransaction = wincode::deserialize(&bytes).unwrap();
        let (slot, signature) = (self.slot(), transaction.signatures[0]);
        let hash = transaction.message.recent_blockhash();
        let young = self.born.get(hash).is_some_and(|born| self.height_at(slot) - born <= BLOCKHASH_BLOCKS);
        if self.included.contains_key(&signature) || !young || price(&transaction.message) < self.lowest_price
        {
            return;
        }
        let keys = transaction.message.static_account_keys().to_vec();
        let before: Vec<Option<Account>> = keys.iter().map(|key| self.svm.get_account(key)).collect();
        let mut clock = self.svm.get_sysvar::<Clock>();
        clock.slot = slot;
        clock.unix_timestamp = BEGINNING + self.next_slot_at.as_secs() as i64;
        self.svm.set_sysvar(&clock);
        let purpose = purpose(&transaction.message);
        let (meta, error) = match self.svm.send_transaction(transaction) {
            Ok(meta) => (meta, None),
            // Only an instruction that failed pays a fee and is in a block.
            Err(failed) if !matches!(failed.err, TransactionError::InstructionError(..)) => return,
            Err(failed) => (failed.meta, Some(failed.err)),
        };
        for (key, before) in keys.into_iter().zip(before) {
            let after = self.svm.get_account(&key);
            if before != after {
                let versions = self.versions.entry(key).or_insert_with(|| vec![(0, before)]);
                versions.push((slot, after));
            }
        }
        let (compute_units, fee, logs) = (meta.compute_units_consumed, meta.fee, meta.logs);
        self.included.insert(signature, Included { slot, error, compute_units, fee, logs, purpose, bytes });
    }

    /// Undoes the blocks of the last slots; their transactions come again or are lost.
    pub fn roll_back(&mut self, slots: u64) {
        let last = self.slot().saturating_sub(slots);
        let undone: Vec<Signature> =
            self.included.iter().filter(|(_, of)| of.slot > last).map(|(signature, _)| *signature).collect();
        for signature in undone {
            let included = self.included.remove(&signature).unwrap();
            if self.rng.random_bool(0.3) {
                let slot = self.slot() + self.rng.random_range(1..20);
                self.waiting.entry(slot).or_default().push(included.bytes);
            }
        }
        let mut touched: Vec<_> = self.versions.iter_mut().collect();
        touched.sort_by_key(|(address, _)| **address);
        for (address, versions) in touched {
            if versions.last().is_some_and(|(slot, _)| *slot > last) {
                versions.retain(|(slot, _)| *slot <= last);
                let (_, account) = versions.last().unwrap();
                self.svm.set_account(*address, account.clone().unwrap_or_default()).unwrap();
            }
        }
    }

    /// Takes or gives lamports, as a transfer from outside would.
    pub fn set_lamports(&mut self, address: Address, lamports: u64) {
        let before = self.svm.get_account(&address);
        let account = Account { lamports, ..Account::default() };
        self.svm.set_account(address, account.clone()).unwrap();
        let slot = self.slot();
        self.versions.entry(address).or_insert_with(|| vec![(0, before)]).push((slot, Some(account)));
    }

    /// Somebody sends a transaction: that must not be one of two which can both land.
    pub fn watch(&mut self, bytes: &[u8]) {
        let transaction: VersionedTransaction = wincode::deserialize(bytes).unwrap();
        let signature = transaction.signatures[0];
        let signed = transaction.message.serialize();
        let signer = transaction.message.static_account_keys()[0];
        assert!(signature.verify(signer.as_ref(), &signed), "the signature is valid");
        let purpose = purpose(&transaction.message);
        let born = self.born.get(transaction.message.recent_blockhash());
        let last_valid_height = born.map_or(0, |born| born + BLOCKHASH_BLOCKS);
        let finalized = self.slot().saturating_sub(TO_FINALIZED);
        let height = self.height_at(finalized);
        let sent = self.sent.entry(purpose.clone()).or_default();
        if sent.iter().any(|sent| sent.signature == signature) {
            return;
        }
        for other in sent.iter() {
            let why = match self.included.get(&other.signature) {
                None if height > other.last_valid_height => continue,
                None => "can still land",
                Some(Included { error: None, .. }) => "has landed",
                Some(Included { slot, .. }) if *slot <= finalized => continue,
                Some(_) => "has failed, and that can still be undone",
            };
            let what = format!("{purpose}: signed again while {} {why}", other.signature);
            self.violation.get_or_insert(what);
        }
        sent.push(Sent { signature, last_valid_height });
    }

    /// A transaction reaches a leader after some slots.
    pub fn deliver(&mut self, bytes: Vec<u8>, after_slots: u64) {
        let slot = self.slot() + 1 + after_slots;
        self.waiting.entry(slot).or_default().push(bytes);
    }

    /// Purposes that something was sent for, and transactions that were signed for them.
    pub fn purposes_and_signatures(&self) -> (usize, usize) {
        (self.sent.len(), self.sent.values().map(Vec::len).sum())
    }

    /// Transactions that succeeded for a purpose.
    pub fn successes(&self, purpose: &str) -> usize {
        self.included.values().filter(|of| of.purpose == purpose && of.error.is_none()).count()
    }

    /// The state of an account in the newest block.
    pub fn account(&self, address: &Address) -> Option<Account> {
        self.svm.get_account(address).filter(|account| account.lamports > 0)
    }

    pub fn program_accounts(&self, program: &Address) -> Vec<(Address, Account)> {
        self.svm.get_program_accounts(program)
    }

    pub fn minimum_balance(&self, space: usize) -> u64 {
        self.svm.minimum_balance_for_rent_exemption(space)
    }

    // What an endpoint tells that is some slots behind.

    pub fn slot_at(&self, commitment: Commitment, behind: u64) -> u64 {
        let back = match commitment {
            Commitment::Processed => 0,
            Commitment::Confirmed => TO_CONFIRMED,
            Commitment::Finalized => TO_FINALIZED,
        };
        self.slot().saturating_sub(back + behind).max(FIRST_SLOT)
    }

    pub fn tip(&self, commitment: Commitment, behind: u64) -> Tip {
        let slot = self.slot_at(commitment, behind);
        Tip { slot, height: self.height_at(slot) }
    }

    pub fn lifetime(&self, behind: u64) -> Lifetime {
        let slot = self.slot_at(Commitment::Confirmed, behind);
        let blockhash = self.hashes[(slot - FIRST_SLOT) as usize];
        Lifetime { blockhash, last_valid_height: self.born[&blockhash] + BLOCKHASH_BLOCKS, slot }
    }

    pub fn status(&self, signature: &Signature, history: bool, behind: u64) -> Option<Status> {
        let included = self.included.get(signature)?;
        let newest = self.slot_at(Commitment::Processed, behind);
        if included.slot > newest || (!history && included.slot + STATUS_SLOTS < newest) {
            return None;
        }
        let reached = |commitment: &Commitment| included.slot <= self.slot_at(*commitment, behind);
        let commitments = [Commitment::Finalized, Commitment::Confirmed];
        let commitment = commitments.into_iter().find(reached).unwrap_or(Commitment::Processed);
        Some(Status { slot: included.slot, commitment, error: included.error.clone() })
    }

    pub fn read(&self, address: &Address, slot: u64) -> Option<Account> {
        let found = match self.versions.get(address) {
            None => self.svm.get_account(address),
            Some(versions) => {
                versions.iter().rev().find(|(of, _)| *of <= slot).and_then(|(_, account)| account.clone())
            }
        };
        found.filter(|account| account.lamports > 0)
    }

    pub fn simulate(&self, bytes: &[u8]) -> Simulation {
        let transaction: VersionedTransaction = wincode::deserialize(bytes).unwrap();
        match self.svm.simulate_transaction(transaction) {
            Ok(done) => Simulation {
                compute_units: Some(done.meta.compute_units_consumed),
                error: None,
                logs: done.meta.logs,
            },
            Err(failed) => {
                Simulation { compute_units: None, error: Some(failed.err), logs: failed.meta.logs }
            }
        }
    }

    pub fn outcome(&self, signature: &Signature, behind: u64) -> Option<Outcome> {
        let included = self.included.get(signature)?;
        (included.slot <= self.slot_at(Commitment::Confirmed, behind)).then(|| Outcome {
            slot: included.slot,
            compute_units: included.compute_units,
            fee_lamports: included.fee,
            logs: included.logs.clone(),
        })
    }
}

/// The memo of a transaction: what it is for.
fn purpose(message: &VersionedMessage) -> String {
    let keys = message.static_account_keys();
    let memo = message
        .instructions()
        .iter()
        .find(|instruction| keys[usize::from(instruction.program_id_index)] == crate::script::MEMO);
    memo.map(|memo| String::from_utf8(memo.data.clone()).unwrap()).expect("every transaction has a memo")
}

/// The price that a transaction offers, micro-lamports per compute unit.
fn price(message: &VersionedMessage) -> u64 {
    let keys = message.static_account_keys();
    let of_budget = message
        .instructions()
        .iter()
        .filter(|instruction| keys[usize::from(instruction.program_id_index)] == COMPUTE_BUDGET);
    let prices = of_budget.filter(|instruction| instruction.data[0] == 3);
    let word = |data: &[u8]| u64::from_le_bytes(data[1..9].try_into().unwrap());
    prices.map(|instruction| word(&instruction.data)).next().unwrap_or(0)
}
