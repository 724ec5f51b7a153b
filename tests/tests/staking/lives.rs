//! Random lives on the shipped binary, against a plain model in wide integers: four owners, two stakeable mints whose
//! roles, caps, epochs and destinations change hands, honest operations in any order, hostile ones among them,
//! donations, and a clock that jumps to deadlines, beyond, and back.
//!
//! The model says of every step whether it succeeds, with which error it fails, and what every stake and every token
//! account holds afterwards. At the end everybody leaves, and the vaults hold the donations.
//!
//! `GRID_SEED=…` runs one seed alone.

use crate::support::*;
use grid_client::{address, staking, token};
use grid_staking::{Role, Settings, SlashReason, Stake, StakingError};
use grid_tests::{World, keypair_for, world::DECIMALS};
use rand::{Rng, RngCore, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_keypair::Keypair;
use solana_signer::Signer;
use solana_transaction_error::TransactionError;
use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Instant,
};

/// Seeds that every run tries; a fresh one comes on top.
const SEEDS: u64 = 24;
/// Steps of each, before the way home.
const STEPS: usize = 1_600;
/// Steps printed when one fails.
const SHOWN: usize = 25;

/// Wallets that stake; the others hold roles, receive what was slashed, or attack.
const OWNERS: usize = 4;
const WALLETS: usize = 7;
/// Stakes that an owner may have of a mint.
const IDS: u64 = 4;
/// What each wallet has at the beginning, of each mint.
const PURSES: [[u64; 2]; WALLETS] = [
    [1_000_000_000, u64::MAX / 2],
    [1_000_000_000, u64::MAX / 8],
    [1_000, 1_000_000],
    [50_000_000_000, u64::MAX / 16],
    [10_000, 10_000],
    [10_000, 10_000],
    [10_000, 10_000],
];

const DAY: i64 = 86_400;
const YEAR: u128 = 365 * 86_400;
const LARGEST: u128 = (u64::MAX / 4) as u128;

/// Mint, owner and id of a stake.
type Key = (usize, usize, u64);
type Outcome = Result<(), InstructionError>;

/// What the model knows of a stake.
#[derive(Debug, Clone, PartialEq)]
struct Lock {
    slot: u64,
    decreases: u32,
    weight: u128,
    low: u128,
    total: u128,
    withdrawn: u128,
    duration: u32,
    since: Option<i64>,
    /// When the slashing epoch began and what it still allows.
    epoch: Option<(i64, u128)>,
}

impl Lock {
    fn left(&self) -> u128 {
        self.total - self.withdrawn
    }

    fn due(&self) -> u128 {
        self.total * (YEAR + 3 * u128::from(self.duration)) / YEAR
    }

    fn lower(&mut self, weight: u128) {
        (self.weight, self.low) = (weight, weight);
        self.decreases += 1;
    }
}

/// What the model knows of a mint.
#[derive(Debug, Clone, PartialEq)]
struct Book {
    cap_bps: u128,
    epoch: u32,
    /// Authority and slasher.
    holders: [usize; 2],
    offers: [Option<usize>; 2],
    destination: usize,
    stakes: BTreeMap<(usize, u64), Lock>,
    tokens: [u128; WALLETS],
    vault: u128,
    donated: u128,
    /// What each wallet's tokens and stakes sum up to.
    worth: [u128; WALLETS],
}

#[derive(Debug, Clone, PartialEq)]
struct Model {
    now: i64,
    slot: u64,
    books: [Book; 2],
}

/// An account that is another than it should be.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Twist {
    Settings,
    Mint,
    Vault,
    /// The token account of the other mint.
    Tokens,
    /// The token account of another wallet.
    Purse(usize),
    /// The vault as the token account.
    VaultTwice,
    /// Settings, mint, vault and token account of the other mint.
    Everything,
}

#[derive(Debug, Clone, Copy)]
enum Op {
    Stake { at: Key, amount: u64, duration: u32 },
    TopUp { by: usize, at: Key, amount: u64 },
    Extend { by: usize, at: Key, duration: u32 },
    Unstake { by: usize, at: Key },
    Restake { by: usize, at: Key },
    Withdraw { by: usize, at: Key },
    Close { by: usize, at: Key },
    Slash { by: usize, at: Key, amount: u64 },
    Update { by: usize, mint: usize, cap_bps: u16, epoch: u32, destination: usize },
    Offer { by: usize, mint: usize, role: usize, to: Option<usize> },
    Accept { by: usize, mint: usize, role: usize },
    Donate { by: usize, mint: usize, amount: u64 },
}

impl Op {
    fn by(&self) -> usize {
        use Op::*;
        match *self {
            Stake { at, .. } => at.1,
            TopUp { by, .. }
            | Extend { by, .. }
            | Unstake { by, .. }
            | Restake { by, .. }
            | Withdraw { by, .. }
            | Close { by, .. }
            | Slash { by, .. }
            | Update { by, .. }
            | Offer { by, .. }
            | Accept { by, .. }
            | Donate { by, .. } => by,
        }
    }

    fn name(&self) -> String {
        let text = format!("{self:?}");
        text.split(' ').next().unwrap().to_owned()
    }
}

/// `Err` with an error of the program, unless `ok`.
fn need(ok: bool, error: StakingError) -> Outcome {
    ok.then_some(()).ok_or_else(|| ours(error))
}

impl Model {
    /// Does a step, if it succeeds.
    fn step(&mut self, op: &Op, twist: Option<Twist>) -> Outcome {
        let mut next = self.clone();
        next.run(op, twist)?;
        *self = next;
        Ok(())
    }

    /// The stake at a key, which must be the signer's.
    fn own(&mut self, by: usize, (mint, owner, id): Key) -> Result<&mut Lock, InstructionError> {
        let lock = self.books[mint].stakes.get_mut(&(owner, id)).ok_or(GONE)?;
        need(by == owner, StakingError::NotStakeOwner)?;
        Ok(lock)
    }

    fn run(&mut self, op: &Op, twist: Option<Twist>) -> Outcome {
        let (now, slot) = (self.now, self.slot);
        if twist == Some(Twist::VaultTwice) && !matches!(op, Op::Update { .. }) {
            return Err(TWICE);
        }
        match *op {
            Op::Stake { at: (mint, owner, id), amount, duration } => {
                if let Some(Twist::Settings | Twist::Vault) = twist {
                    need(false, StakingError::WrongVault)?
                }
                if self.books[mint].stakes.contains_key(&(owner, id)) {
                    return Err(InstructionError::Custom(0));
                }
                let days = 14 * 86_400..=365 * 86_400;
                need(days.contains(&duration), StakingError::DurationOutOfRange)?;
                need(amount > 0, StakingError::ZeroAmount)?;
                need(u128::from(amount) <= LARGEST, StakingError::StakeTooLarge)?;
                let mut lock = Lock {
                    slot,
                    decreases: 0,
                    weight: 0,
                    low: 0,
                    total: amount.into(),
                    withdrawn: 0,
                    duration,
                    since: None,
                    epoch: None,
                };
                lock.weight = lock.due();
                self.books[mint].stakes.insert((owner, id), lock);
                self.pay_in(mint, owner, amount.into(), twist)
            }
            Op::TopUp { by, at, amount } => {
                let lock = self.own(by, at)?;
                if let Some(Twist::Vault | Twist::Everything) = twist {
                    need(false, StakingError::WrongVault)?
                }
                need(amount > 0, StakingError::ZeroAmount)?;
                need(lock.since.is_none(), StakingError::Unstaking)?;
                need(lock.total + u128::from(amount) <= LARGEST, StakingError::StakeTooLarge)?;
                lock.total += u128::from(amount);
                lock.weight = lock.due();
                self.pay_in(at.0, by, amount.into(), twist)
            }
            Op::Extend { by, at, duration } => {
                let lock = self.own(by, at)?;
                need(lock.since.is_none(), StakingError::Unstaking)?;
                need(duration > lock.duration, StakingError::DurationNotLonger)?;
                need(duration <= 365 * 86_400, StakingError::DurationOutOfRange)?;
                lock.duration = duration;
                lock.weight = lock.due();
                Ok(())
            }
            Op::Unstake { by, at } => {
                let lock = self.own(by, at)?;
                need(lock.since.is_none(), StakingError::Unstaking)?;
                need(lock.left() > 0, StakingError::NothingLeft)?;
                lock.since = Some(now);
                lock.lower(0);
                Ok(())
            }
            Op::Restake { by, at } => {
                let lock = self.own(by, at)?;
                need(lock.since.is_some(), StakingError::NotUnstaking)?;
                need(lock.left() > 0, StakingError::NothingLeft)?;
                (lock.total, lock.withdrawn, lock.since) = (lock.left(), 0, None);
                lock.weight = lock.due();
                Ok(())
            }
            Op::Withdraw { by, at } => {
                let lock = self.own(by, at)?;
                if let Some(Twist::Vault | Twist::Everything) = twist {
                    need(false, StakingError::WrongVault)?
                }
                let Some(since) = lock.since else { return Err(ours(StakingError::NotUnstaking)) };
                let elapsed = (now - since).clamp(0, lock.duration.into()) as u128;
                let free = lock.total * elapsed / u128::from(lock.duration);
                need(free > lock.withdrawn, StakingError::NothingReleased)?;
                let amount = free - lock.withdrawn;
                lock.withdrawn = free;
                if matches!(twist, Some(Twist::Mint | Twist::Tokens)) {
                    return Err(OTHER_MINT);
                }
                let to = if let Some(Twist::Purse(to)) = twist { to } else { by };
                let book = &mut self.books[at.0];
                book.worth[by] -= amount;
                book.worth[to] += amount;
                book.vault -= amount;
                book.tokens[to] += amount;
                Ok(())
            }
            Op::Close { by, at } => {
                let lock = self.own(by, at)?;
                need(lock.left() == 0, StakingError::StakeNotEmpty)?;
                need(lock.slot != slot, StakingError::ClosedTooSoon)?;
                self.books[at.0].stakes.remove(&(at.1, at.2));
                Ok(())
            }
            Op::Slash { by, at: (mint, owner, id), amount } => {
                let named = match twist {
                    Some(Twist::Settings | Twist::Everything) => &self.books[1 - mint],
                    _ => &self.books[mint],
                };
                let slasher = named.holders[1];
                let book = &mut self.books[mint];
                let lock = book.stakes.get_mut(&(owner, id)).ok_or(GONE)?;
                need(by == slasher, StakingError::NotSlasher)?;
                match twist {
                    Some(Twist::Settings | Twist::Everything) => need(false, StakingError::WrongMint)?,
                    Some(Twist::Vault) => need(false, StakingError::WrongVault)?,
                    Some(Twist::Tokens) => need(false, StakingError::WrongSlashDestination)?,
                    Some(Twist::Purse(other)) => {
                        need(other == book.destination, StakingError::WrongSlashDestination)?
                    }
                    _ => {}
                }
                need(amount > 0, StakingError::ZeroAmount)?;
                need(lock.left() > 0, StakingError::NothingLeft)?;
                let (began, mut allowance) = match lock.epoch {
                    Some((began, allowance)) if now < began + i64::from(book.epoch) => (began, allowance),
                    _ => (now, (lock.left() * book.cap_bps).div_ceil(10_000)),
                };
                let taken = lock.left().min(amount.into());
                need(taken <= allowance, StakingError::SlashCapExceeded)?;
                allowance -= taken;
                lock.epoch = Some((began, allowance));
                lock.total -= taken;
                if lock.since.is_none() {
                    lock.lower(lock.due());
                }
                if twist == Some(Twist::Mint) {
                    return Err(OTHER_MINT);
                }
                book.worth[owner] -= taken;
                book.worth[book.destination] += taken;
                book.vault -= taken;
                book.tokens[book.destination] += taken;
                Ok(())
            }
            Op::Update { by, mint, cap_bps, epoch, destination } => {
                let book = &mut self.books[mint];
                need(by == book.holders[0], StakingError::NotAuthority)?;
                if let Some(Twist::Tokens | Twist::VaultTwice) = twist {
                    need(false, StakingError::WrongSlashDestination)?
                }
                need(cap_bps <= 10_000, StakingError::SlashCapOutOfRange)?;
                need((3_600..=2_592_000).contains(&epoch), StakingError::SlashEpochOutOfRange)?;
                (book.cap_bps, book.epoch, book.destination) = (cap_bps.into(), epoch, destination);
                Ok(())
            }
            Op::Offer { by, mint, role, to } => {
                let book = &mut self.books[mint];
                need(by == book.holders[0], StakingError::NotAuthority)?;
                book.offers[role] = to;
                Ok(())
            }
            Op::Accept { by, mint, role } => {
                let book = &mut self.books[mint];
                need(book.offers[role] == Some(by), StakingError::NotOffered)?;
                (book.holders[role], book.offers[role]) = (by, None);
                Ok(())
            }
            Op::Donate { by, mint, amount } => {
                let (book, amount) = (&mut self.books[mint], u128::from(amount));
                if book.tokens[by] < amount {
                    return Err(TOO_LITTLE);
                }
                book.tokens[by] -= amount;
                book.worth[by] -= amount;
                book.vault += amount;
                book.donated += amount;
                Ok(())
            }
        }
    }

    fn pay_in(&mut self, mint: usize, by: usize, amount: u128, twist: Option<Twist>) -> Outcome {
        let source = if let Some(Twist::Purse(other)) = twist { other } else { by };
        let of = if twist == Some(Twist::Tokens) { 1 - mint } else { mint };
        if self.books[of].tokens[source] < amount {
            return Err(TOO_LITTLE);
        }
        if matches!(twist, Some(Twist::Mint | Twist::Tokens)) {
            return Err(OTHER_MINT);
        }
        if source != by {
            return Err(OTHER_OWNER);
        }
        let book = &mut self.books[mint];
        book.tokens[by] -= amount;
        book.vault += amount;
        Ok(())
    }

    /// What must hold whatever happened.
    fn check(&self) {
        for (mint, book) in self.books.iter().enumerate() {
            let owed: u128 = book.stakes.values().map(Lock::left).sum();
            assert_eq!(owed, book.vault - book.donated, "owed against the vault");
            let supply: u128 = PURSES.iter().map(|purse| u128::from(purse[mint])).sum();
            assert_eq!(book.tokens.iter().sum::<u128>() + book.vault, supply, "tokens came or went");
            for wallet in 0..WALLETS {
                let stakes = book.stakes.iter().filter(|((owner, _), _)| *owner == wallet);
                let locked: u128 = stakes.map(|(_, lock)| lock.left()).sum();
                assert_eq!(book.tokens[wallet] + locked, book.worth[wallet], "worth of wallet {wallet}");
            }
            for lock in book.stakes.values() {
                assert_eq!(lock.weight, if lock.since.is_some() { 0 } else { lock.due() });
                assert!(lock.weight <= 4 * lock.total && lock.low <= lock.weight.max(4 * lock.total));
            }
        }
    }
}

/// What a stake that does not exist fails with.
const GONE: InstructionError = InstructionError::AccountDataTooSmall;

/// The machine, and the model beside it.
struct Arena {
    world: World,
    wallets: Vec<Keypair>,
    mints: [Address; 2],
    settings: [(Address, u8); 2],
    vaults: [(Address, u8); 2],
    tokens: Vec<[Address; 2]>,
    stakes: BTreeMap<Key, (Address, u8)>,
    model: Model,
    trace: Vec<String>,
    tally: BTreeMap<String, usize>,
}

impl Arena {
    fn new() -> Self {
        let mut world = World::bare();
        let mints = [world.mint, world.create_mint("other mint")];
        let wallets: Vec<_> = (0..WALLETS).map(|n| keypair_for(&format!("wallet {n}"))).collect();
        let keys: Vec<_> = wallets.iter().map(Signer::pubkey).collect();
        let mut tokens = Vec::new();
        for (wallet, purse) in keys.iter().zip(PURSES) {
            world.network.fund(wallet);
            for (mint, amount) in mints.iter().zip(purse) {
                world.give_tokens(mint, wallet, amount);
            }
            tokens.push(mints.map(|mint| address::token_account(wallet, mint)));
        }
        world.network.set_upgrade_authority_of(&grid_staking::ID, Some(&keys[4]));
        for (n, mint) in mints.into_iter().enumerate() {
            let open = staking::open_settings(keys[4], mint, tokens[4][n], 2_500, 86_400);
            world.run(&[open], &[&wallets[4]]);
        }
        let settings = mints.map(|mint| staking::settings_address(&mint));
        let vaults = mints.map(|mint| staking::vault_address(&mint));
        let mut stakes = BTreeMap::new();
        for (n, mint) in mints.iter().enumerate() {
            for (owner, key) in keys.iter().enumerate().take(WALLETS) {
                for id in 0..=IDS {
                    stakes.insert((n, owner, id), staking::stake_address(mint, key, id));
                }
            }
        }
        let book = |mint: usize| Book {
            cap_bps: 2_500,
            epoch: 86_400,
            holders: [4, 4],
            offers: [None, None],
            destination: 4,
            stakes: BTreeMap::new(),
            tokens: PURSES.map(|purse| purse[mint].into()),
            vault: 0,
            donated: 0,
            worth: PURSES.map(|purse| purse[mint].into()),
        };
        let model = Model { now: world.network.time(), slot: 0, books: [book(0), book(1)] };
        let mut arena = Self {
            world,
            wallets,
            mints,
            settings,
            vaults,
            tokens,
            stakes,
            model,
            trace: Vec::new(),
            tally: BTreeMap::new(),
        };
        arena.model.slot = arena.world.network.svm.get_sysvar::<solana_clock::Clock>().slot;
        arena
    }

    fn key(&self, wallet: usize) -> Address {
        self.wallets[wallet].pubkey()
    }

    fn vault(&self, mint: usize) -> Address {
        self.vaults[mint].0
    }

    fn instruction(&self, op: &Op, twist: Option<Twist>) -> Instruction {
        let signer = self.key(op.by());
        let role = |role| if role == 0 { Role::Authority } else { Role::Slasher };
        // Mint of the stake, and where settings (0: nowhere), mint, vault and token account stand.
        let (mut instruction, mint, places) = match *op {
            Op::Stake { at, amount, duration } => {
                let source = self.tokens[at.1][at.0];
                let open = staking::stake(signer, source, self.mints[at.0], at.2, amount, duration);
                (open, at.0, Some([1, 3, 5, 4]))
            }
            Op::TopUp { by, at, amount } => {
                let (source, stake) = (self.tokens[by][at.0], self.stakes[&at].0);
                let top_up = staking::top_up(signer, source, stake, self.mints[at.0], amount);
                (top_up, at.0, Some([0, 2, 4, 3]))
            }
            Op::Extend { at, duration, .. } => {
                (staking::extend(signer, self.stakes[&at].0, duration), at.0, None)
            }
            Op::Unstake { at, .. } => (staking::unstake(signer, self.stakes[&at].0), at.0, None),
            Op::Restake { at, .. } => (staking::restake(signer, self.stakes[&at].0), at.0, None),
            Op::Withdraw { by, at } => {
                let (destination, stake) = (self.tokens[by][at.0], self.stakes[&at].0);
                let withdraw = staking::withdraw(signer, stake, self.mints[at.0], destination);
                (withdraw, at.0, Some([0, 2, 3, 4]))
            }
            Op::Close { at, .. } => (staking::close(signer, self.stakes[&at].0), at.0, None),
            Op::Slash { at, amount, .. } => {
                let (mint, stake) = (self.mints[at.0], self.stakes[&at].0);
                let destination = self.tokens[self.model.books[at.0].destination][at.0];
                let reason = SlashReason::WrongResult;
                let slash = staking::slash(signer, stake, mint, destination, amount, reason, [1; 32]);
                (slash, at.0, Some([1, 3, 4, 5]))
            }
            Op::Update { mint, cap_bps, epoch, destination, .. } => {
                let destination = self.tokens[destination][mint];
                let update = staking::update_settings(signer, &self.mints[mint], destination, cap_bps, epoch);
                (update, mint, Some([1, 1, 1, 2]))
            }
            Op::Offer { mint, role: n, to, .. } => {
                let to = to.map_or(Address::default(), |to| self.key(to));
                (staking::propose_role(signer, &self.mints[mint], role(n), to), mint, None)
            }
            Op::Accept { mint, role: n, .. } => {
                (staking::accept_role(signer, &self.mints[mint], role(n)), mint, None)
            }
            Op::Donate { by, mint, amount } => {
                (token::transfer(self.tokens[by][mint], self.vault(mint), signer, amount), mint, None)
            }
        };
        let (Some(twist), Some([settings, mint_at, vault, tokens])) = (twist, places) else {
            return instruction;
        };
        let other = 1 - mint;
        let mut put = |place: usize, account: Address| instruction.accounts[place].pubkey = account;
        let tokens_of_other = match *op {
            Op::Slash { .. } => self.tokens[self.model.books[other].destination][other],
            _ => self.tokens[op.by()][other],
        };
        let other_settings = self.settings[other].0;
        match twist {
            Twist::Settings => put(settings, other_settings),
            Twist::Mint => put(mint_at, self.mints[other]),
            Twist::Vault => put(vault, self.vault(other)),
            Twist::Tokens => put(tokens, tokens_of_other),
            Twist::Purse(wallet) => put(tokens, self.tokens[wallet][mint]),
            Twist::VaultTwice => put(tokens, self.vault(mint)),
            Twist::Everything => {
                if settings > 0 {
                    put(settings, other_settings);
                }
                put(mint_at, self.mints[other]);
                put(vault, self.vault(other));
                put(tokens, tokens_of_other);
            }
        }
        instruction
    }

    /// Does a step in both, and compares everything.
    fn step(&mut self, op: &Op, twist: Option<Twist>) {
        let instruction = self.instruction(op, twist);
        let (now, slot) = (self.model.now, self.model.slot);
        self.trace.push(format!("{now} {slot} {op:?} {twist:?}"));
        let expected = self.model.step(op, twist);
        let signer = &self.wallets[op.by()];
        let sent = self.world.network.send(&[instruction], &[signer]);
        let found = match sent {
            Ok(_) => Ok(()),
            Err(failure) => match failure.error {
                TransactionError::InstructionError(0, error) => Err(error),
                other => panic!("{other}"),
            },
        };
        assert_eq!(found, expected, "{op:?} {twist:?}");
        let outcome = match &expected {
            Ok(()) => "ok".to_owned(),
            Err(InstructionError::Custom(code)) => code.to_string(),
            Err(other) => format!("{other:?}"),
        };
        *self.tally.entry(format!("{} {outcome}", op.name())).or_default() += 1;
        self.compare();
        self.model.check();
    }

    fn compare(&self) {
        let world = &self.world;
        for (mint, book) in self.model.books.iter().enumerate() {
            assert_eq!(u128::from(world.tokens_in(&self.vault(mint))), book.vault, "vault");
            for (wallet, tokens) in book.tokens.iter().enumerate() {
                let found = world.tokens_in(&self.tokens[wallet][mint]);
                assert_eq!(u128::from(found), *tokens, "tokens of wallet {wallet}");
            }
            let address = self.settings[mint];
            let named = |wallet: Option<usize>| wallet.map_or(Address::default(), |n| self.key(n));
            let expected = Settings {
                version: 1,
                bump: address.1,
                vault_bump: self.vaults[mint].1,
                decimals: DECIMALS,
                slash_cap_bps: (book.cap_bps as u16).into(),
                padding2: [0; 6],
                slash_epoch_seconds: book.epoch.into(),
                mint: self.mints[mint],
                vault: self.vault(mint),
                authority: named(Some(book.holders[0])),
                pending_authority: named(book.offers[0]),
                slasher: named(Some(book.holders[1])),
                pending_slasher: named(book.offers[1]),
                slash_destination: self.tokens[book.destination][mint],
                reserved: [0; 32],
            };
            assert_eq!(&world.raw(&address.0).data[8..], bytemuck::bytes_of(&expected), "settings");
        }
        for ((mint, owner, id), (address, bump)) in &self.stakes {
            let lock = self.model.books[*mint].stakes.get(&(*owner, *id));
            let account = world.network.find(address);
            let Some(lock) = lock else {
                assert!(account.is_none(), "a stake that should not be: {mint}, {owner}, {id}");
                continue;
            };
            let atoms = |amount: u128| u64::try_from(amount).unwrap().into();
            let (began, allowance) = lock.epoch.unwrap_or_default();
            let expected = Stake {
                version: 1,
                bump: *bump,
                vault_bump: self.vaults[*mint].1,
                decimals: DECIMALS,
                decreases: lock.decreases.into(),
                opened_slot: lock.slot.into(),
                weight: atoms(lock.weight),
                low_weight: atoms(lock.low),
                owner: self.key(*owner),
                mint: self.mints[*mint],
                vault: self.vault(*mint),
                id: (*id).into(),
                total_atoms: atoms(lock.total),
                withdrawn_atoms: atoms(lock.withdrawn),
                duration_seconds: lock.duration.into(),
                padding2: [0; 4],
                unstaked_at: lock.since.unwrap_or_default().into(),
                slash_epoch_started_at: began.into(),
                slash_allowance_atoms: atoms(allowance),
                reserved: [0; 32],
            };
            let data = account.unwrap_or_else(|| panic!("no stake at {mint}, {owner}, {id}")).data;
            if data[8..] != *bytemuck::bytes_of(&expected) {
                let found: Stake = bytemuck::pod_read_unaligned(&data[8..]);
                assert_eq!(found, expected, "stake {mint}, {owner}, {id}");
            }
        }
    }

    fn go_to(&mut self, now: i64, slots: u64) {
        self.model.now = now;
        self.model.slot += slots;
        self.world.network.svm.warp_to_slot(self.model.slot);
        self.world.network.set_time(now);
    }

    /// Everybody leaves.
    fn go_home(&mut self) {
        let keys = |model: &Model| -> Vec<Key> {
            let of =
                |mint: usize| model.books[mint].stakes.keys().map(move |(owner, id)| (mint, *owner, *id));
            of(0).chain(of(1)).collect()
        };
        let lock = |model: &Model, at: Key| model.books[at.0].stakes[&(at.1, at.2)].clone();
        for at in keys(&self.model) {
            if lock(&self.model, at).left() > 0 && lock(&self.model, at).since.is_none() {
                self.step(&Op::Unstake { by: at.1, at }, None);
            }
        }
        self.go_to(self.model.now + 800 * DAY, 1);
        for at in keys(&self.model) {
            if lock(&self.model, at).left() > 0 {
                self.step(&Op::Withdraw { by: at.1, at }, None);
            }
            self.step(&Op::Close { by: at.1, at }, None);
        }
        assert!(keys(&self.model).is_empty(), "every exit succeeds");
        for (mint, book) in self.model.books.iter().enumerate() {
            assert_eq!(u128::from(self.world.tokens_in(&self.vault(mint))), book.donated);
            assert_eq!(book.tokens, book.worth);
        }
        let left = self.world.network.svm.get_program_accounts(&grid_staking::ID);
        assert_eq!(
            left.iter().filter(|(_, account)| account.lamports > 0).count(),
            2,
            "the settings are left"
        );
    }
}

/// One of these.
fn any<T: Copy>(random: &mut ChaCha8Rng, of: &[T]) -> T {
    *of.choose(random).expect("there is one")
}

/// An amount: of no meaning, or near one of those given.
fn amount(random: &mut ChaCha8Rng, near: &[u128]) -> u64 {
    let near: Vec<u64> = near.iter().map(|n| (*n).min(u64::MAX.into()) as u64).collect();
    match random.random_range(0..20) {
        0 => 0,
        1 => 1,
        2 => any(random, &[u64::MAX / 4, u64::MAX / 4 + 1, u64::MAX - 1, u64::MAX]),
        3..=9 => any(random, &near).saturating_add(any(random, &[0, 0, 1])),
        10..=12 => any(random, &near).saturating_sub(1),
        13..=15 => (any(random, &near) / 3).max(1),
        _ => random.random_range(1..2_000),
    }
}

fn duration(random: &mut ChaCha8Rng, near: u32) -> u32 {
    let (shortest, longest) = (14 * 86_400, 365 * 86_400);
    match random.random_range(0..12) {
        0 => any(random, &[0, 1, shortest - 1, longest + 1, u32::MAX]),
        1..=3 => any(random, &[shortest, shortest + 1]),
        4 => any(random, &[longest - 1, longest]),
        5..=7 => near.saturating_add(any(random, &[0, 1, 86_400])),
        _ => random.random_range(shortest..60 * 86_400),
    }
}

/// Any step: mostly one that may succeed, often one that is hostile or foolish.
fn random_op(model: &Model, random: &mut ChaCha8Rng) -> (Op, Option<Twist>) {
    let mint = random.random_range(0..2);
    let book = &model.books[mint];
    let existing: Vec<(usize, u64)> = book.stakes.keys().copied().collect();
    let at = match existing.choose(random) {
        Some((owner, id)) if random.random_range(0..50) > 0 => (mint, *owner, *id),
        _ => (mint, random.random_range(0..OWNERS), random.random_range(0..IDS)),
    };
    let by = if random.random_range(0..15) == 0 { random.random_range(0..WALLETS) } else { at.1 };
    let lock = book.stakes.get(&(at.1, at.2));
    let holder = |role: usize, random: &mut ChaCha8Rng| {
        if random.random_range(0..8) == 0 { random.random_range(0..WALLETS) } else { book.holders[role] }
    };
    let room = LARGEST - lock.map_or(0, |lock| lock.total);
    let mut op = match random.random_range(0..100) {
        0..=17 => {
            let owner = random.random_range(0..OWNERS);
            let at = (mint, owner, random.random_range(0..IDS));
            let near = [book.tokens[owner], LARGEST.min(book.tokens[owner]), 100_000];
            Op::Stake { at, amount: amount(random, &near), duration: duration(random, 20 * 86_400) }
        }
        18..=27 => {
            let near = [book.tokens[by], room, 1_000];
            Op::TopUp { by, at, amount: amount(random, &near) }
        }
        28..=34 => {
            let near = lock.map_or(0, |lock| lock.duration);
            Op::Extend { by, at, duration: duration(random, near) }
        }
        35..=46 => Op::Unstake { by, at },
        47..=51 => Op::Restake { by, at },
        52..=70 => Op::Withdraw { by, at },
        71..=75 => Op::Close { by, at },
        76..=88 => {
            let near = match lock {
                Some(lock) => {
                    let fresh = (lock.left() * book.cap_bps).div_ceil(10_000);
                    [lock.left(), fresh, lock.epoch.map_or(fresh, |(_, allowance)| allowance)]
                }
                None => [1; 3],
            };
            Op::Slash { by: holder(1, random), at, amount: amount(random, &near) }
        }
        89..=91 => Op::Update {
            by: holder(0, random),
            mint,
            cap_bps: any(random, &[0, 1, 500, 2_500, 9_999, 10_000, 10_000, 10_001, u16::MAX]),
            epoch: any(random, &[0, 3_599, 3_600, 86_400, 86_400, 604_800, 2_592_000, 2_592_001, u32::MAX]),
            destination: random.random_range(0..WALLETS),
        },
        92..=94 => {
            let to = (random.random_range(0..5) > 0).then(|| random.random_range(0..WALLETS));
            Op::Offer { by: holder(0, random), mint, role: random.random_range(0..2), to }
        }
        95..=97 => {
            let role = random.random_range(0..2);
            let offered = book.offers[role].filter(|_| random.random_range(0..4) > 0);
            Op::Accept { by: offered.unwrap_or_else(|| random.random_range(0..WALLETS)), mint, role }
        }
        _ => Op::Donate { by: random.random_range(0..WALLETS), mint, amount: random.random_range(1..5) },
    };
    if random.random_range(0..12) > 0 {
        return (op, None);
    }
    // With a twist, the signer is the right one: each of the other checks is to be met.
    let mut twist = match random.random_range(0..7) {
        0 => Twist::Settings,
        1 => Twist::Mint,
        2 => Twist::Vault,
        3 => Twist::Tokens,
        4 => Twist::Purse(random.random_range(0..WALLETS)),
        5 => Twist::VaultTwice,
        _ => Twist::Everything,
    };
    match &mut op {
        Op::Stake { .. } if twist == Twist::Everything => twist = Twist::Settings,
        Op::TopUp { by, at, .. } | Op::Withdraw { by, at } => {
            *by = at.1;
            if twist == Twist::Settings {
                twist = Twist::Vault;
            }
        }
        Op::Slash { by, .. } => {
            let named = if matches!(twist, Twist::Settings | Twist::Everything) { 1 - mint } else { mint };
            *by = model.books[named].holders[1];
        }
        Op::Update { by, .. } => {
            *by = book.holders[0];
            twist = any(random, &[Twist::Tokens, Twist::VaultTwice]);
        }
        _ => {}
    }
    let twists = matches!(
        op,
        Op::Stake { .. } | Op::TopUp { .. } | Op::Withdraw { .. } | Op::Slash { .. } | Op::Update { .. }
    );
    (op, twists.then_some(twist))
}

/// Time passes: to a deadline or near it, a little, long, or back.
fn pass(arena: &mut Arena, random: &mut ChaCha8Rng) {
    let now = arena.model.now;
    let deadlines: Vec<i64> = arena
        .model
        .books
        .iter()
        .flat_map(|book| {
            book.stakes.values().flat_map(|lock| {
                let release = lock.since.map(|since| since + i64::from(lock.duration));
                let epoch = lock.epoch.map(|(began, _)| began + i64::from(book.epoch));
                release.into_iter().chain(epoch)
            })
        })
        .filter(|deadline| (now..now + 40 * DAY).contains(deadline))
        .collect();
    let then = match random.random_range(0..40) {
        0..=11 => now + random.random_range(1..60),
        12..=22 => now + random.random_range(60..DAY),
        23..=27 => now + random.random_range(DAY..10 * DAY),
        28 => now + random.random_range(10 * DAY..120 * DAY),
        29 => now - random.random_range(1..3 * DAY),
        30 => now,
        _ => match deadlines.choose(random) {
            Some(deadline) => deadline + any(random, &[-1, 0, 1]),
            None => now + 1,
        },
    };
    arena.go_to(then, random.random_range(0..3));
}

/// A life and its end.
fn live(seed: u64) -> (usize, BTreeMap<String, usize>) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut arena = Arena::new();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        for _ in 0..STEPS {
            if random.random_range(0..3) == 0 {
                pass(&mut arena, &mut random);
            }
            let (op, twist) = random_op(&arena.model, &mut random);
            arena.step(&op, twist);
        }
        arena.go_home();
    }));
    if let Err(panic) = outcome {
        let from = arena.trace.len().saturating_sub(SHOWN);
        eprintln!(
            "GRID_SEED={seed}, step {}; the last steps:\n{}",
            arena.trace.len(),
            arena.trace[from..].join("\n")
        );
        resume_unwind(panic);
    }
    (arena.trace.len(), arena.tally)
}

/// What the seeds of every run must have seen, or they would test less than they claim.
const SEEN: &str = "\
Stake ok
Stake 0
Stake 1
Stake 6012
Stake 6013
Stake 6015
TopUp ok
TopUp 6011
TopUp 6012
TopUp 6016
Extend ok
Extend 6013
Extend 6014
Extend 6016
Unstake ok
Unstake 6011
Unstake 6016
Restake ok
Restake 6017
Withdraw ok
Withdraw 3
Withdraw 6010
Withdraw 6017
Withdraw 6018
Close ok
Close 6020
Slash ok
Slash 2040
Slash 6005
Slash 6008
Slash 6009
Slash 6010
Slash 6012
Slash 6022
Update ok
Update 6003
Update 6006
Update 6007
Update 6008
Offer ok
Offer 6003
Accept ok
Accept 6004
Donate ok";

#[test]
fn every_life_is_as_the_model_says() {
    let begin = Instant::now();
    let seeds: Vec<u64> = match std::env::var("GRID_SEED") {
        Ok(seed) => vec![seed.parse().expect("GRID_SEED is a number")],
        Err(_) => (0..SEEDS).chain([rand::rng().next_u64()]).collect(),
    };
    println!("fresh seed: GRID_SEED={}", seeds[seeds.len() - 1]);
    let next = AtomicUsize::new(0);
    let lives: Vec<_> = thread::scope(|scope| {
        let work = || {
            let mut lives = Vec::new();
            while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
                lives.push(live(*seed));
            }
            lives
        };
        let workers = thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let done =
            workers.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)));
        done.flatten().collect()
    });
    let seconds = begin.elapsed().as_secs_f64();
    let steps: usize = lives.iter().map(|(steps, _)| steps).sum();
    let mut tally = BTreeMap::new();
    for (what, count) in lives.into_iter().flat_map(|(_, tally)| tally) {
        *tally.entry(what).or_insert(0) += count;
    }
    for (what, count) in &tally {
        println!("{count:>6} {what}");
    }
    println!("{steps} steps in {seconds:.1} s, {:.0} a second", steps as f64 / seconds);
    if seeds.len() > 1 {
        let missing: Vec<_> = SEEN.lines().filter(|what| !tally.contains_key(*what)).collect();
        assert!(missing.is_empty(), "no step saw {missing:?}");
    }
}
