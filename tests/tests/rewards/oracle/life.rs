//! A crowd and its operations; after each, the books and everybody's bounds.

use super::exact::{Exact, Holding, Place};
use crate::support::{YEAR, incentives};
use grid_client::{address, rewards, staking, token};
use grid_rewards::{Pool, Position, RewardsError};
use grid_staking::{SlashReason, StakingError};
use grid_tests::{Incentives, incentives::DAY, keypair_for};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use solana_account::Account;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::collections::BTreeMap;

/// Tokens that each staker begins with: all weights together fit 64 bits.
const PURSE: u64 = 1 << 51;
/// After so many steps everything is read anew.
const FULL_CHECK: u64 = 400;

/// What the chain says of a position.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Written {
    index: u128,
    active: u64,
    pending: u64,
    earned: u64,
}

struct Staker {
    key: Keypair,
    tokens: Address,
    stake: Address,
    position: Address,
    holding: Option<Holding>,
    place: Option<Place>,
    written: Written,
}

/// A crowd, its pool and the oracle.
pub struct Life {
    i: Incentives,
    random: ChaCha8Rng,
    reward_mint: Address,
    /// Token account of the reward mint that pays in and is paid.
    purse: Address,
    vault: Address,
    stakers: Vec<Staker>,
    exact: Exact,
    donated: u64,
    paid: u128,
    slot: u64,
    /// Operations that landed or were refused as they should be.
    pub operations: u64,
    /// What was done.
    pub trace: Vec<String>,
    /// How often what was seen.
    pub tally: BTreeMap<&'static str, u32>,
}

fn custom(error: impl Into<anchor_lang::Error>) -> Option<u32> {
    match error.into() {
        anchor_lang::Error::Custom(code) => Some(code),
        _ => None,
    }
}

/// Bytes of a token account.
fn token_account(mint: &Address, owner: &Address, amount: u64) -> Vec<u8> {
    let mut data = vec![0; 165];
    data[..32].copy_from_slice(mint.as_ref());
    data[32..64].copy_from_slice(owner.as_ref());
    data[64..72].copy_from_slice(&amount.to_le_bytes());
    data[108] = 1; // Initialized
    data
}

impl Life {
    /// A crowd of which everybody has staked and entered.
    pub fn new(seed: u64, crowd: usize) -> Self {
        let mut i = incentives();
        let (stake_mint, stranger) = (i.world.mint, i.world.stranger.pubkey());
        let reward_mint = i.world.create_mint("reward mint");
        i.world.give_tokens(&reward_mint, &stranger, u64::MAX);
        let authority = i.world.authority.pubkey();
        i.world.land(&[
            rewards::open_pool(stranger, &stake_mint, reward_mint),
            staking::update_settings(authority, &stake_mint, i.slash_destination, 10_000, 3_600),
        ]);
        i.pool = rewards::pool_address(&stake_mint, &reward_mint).0;
        let rent = i.world.rent(165);
        let stakers = (0..crowd).map(|n| {
            let key = keypair_for(&format!("staker {n}"));
            let owner = key.pubkey();
            let tokens = address::token_account(&owner, stake_mint);
            let stake = staking::stake_address(&stake_mint, &owner, 0).0;
            i.world.network.set(owner, Account { lamports: 1_000_000_000, ..Account::default() });
            let data = token_account(&stake_mint, &owner, PURSE);
            let account = Account { lamports: rent, data, owner: token::PROGRAM_ID, ..Account::default() };
            i.world.network.set(tokens, account);
            let position = rewards::position_address(&i.pool, &stake).0;
            let written = Written::default();
            Staker { key, tokens, stake, position, holding: None, place: None, written }
        });
        let stakers = stakers.collect();
        let mut life = Self {
            random: ChaCha8Rng::seed_from_u64(seed),
            purse: address::token_account(&stranger, reward_mint),
            vault: rewards::vault_address(&i.pool).0,
            i,
            reward_mint,
            stakers,
            exact: Exact::default(),
            donated: 0,
            paid: 0,
            slot: 2_000,
            operations: 0,
            trace: Vec::new(),
            tally: BTreeMap::new(),
        };
        for n in 0..crowd {
            life.stake(n);
            life.enter(n);
        }
        life.operations = 0;
        life
    }

    fn now(&self) -> i64 {
        self.i.world.network.time()
    }

    /// From 1 to `most`, small numbers as often as large ones.
    fn amount(&mut self, most: u64) -> u64 {
        match self.random.random_range(0..20) {
            0 => 1,
            1 => most,
            _ => {
                let bits = self.random.random_range(0..=most.ilog2());
                self.random.random_range(1..=most.min(u64::MAX >> (63 - bits)))
            }
        }
    }

    /// A random operation of a random staker, if it can be done.
    pub fn step(&mut self) {
        if self.random.random_range(0..12) == 0 {
            let seconds = match self.random.random_range(0..6) {
                0 => 1,
                1 => DAY - 1,
                2 => DAY,
                _ => self.amount(90 * DAY as u64) as i64,
            };
            self.trace.push(format!("{seconds} s pass"));
            self.i.world.network.advance(seconds);
        }
        // Half of what happens, happens to a few.
        let few = self.stakers.len().min(20);
        let range = if self.random.random() { few } else { self.stakers.len() };
        let n = self.random.random_range(0..range);
        match self.random.random_range(0..100) {
            0..22 => self.add(),
            22..24 => self.donate(),
            24..50 => self.sync(n),
            50..58 => self.claim(n),
            58..63 => self.exit(n),
            63..71 => self.enter(n),
            71..75 => self.top_up(n),
            75..77 => self.extend(n),
            77..83 => self.unstake(n),
            83..88 => self.restake(n),
            88..92 => self.slash(n),
            92..94 => self.stake(n),
            94..97 => self.withdraw(n),
            _ => self.close(n),
        }
    }

    /// Sends an instruction; the error number when it failed.
    #[track_caller]
    fn send(&mut self, instruction: Instruction, signer: Option<usize>) -> Result<(), Option<u32>> {
        self.operations += 1;
        self.slot += 1;
        self.i.world.network.svm.warp_to_slot(self.slot);
        let stranger = self.i.world.stranger.insecure_clone();
        let authority = self.i.world.authority.insecure_clone();
        let keys: Vec<&Keypair> = instruction
            .accounts
            .iter()
            .find(|meta| meta.is_signer)
            .map(|meta| match signer {
                Some(n) => &self.stakers[n].key,
                None if meta.pubkey == authority.pubkey() => &authority,
                None => &stranger,
            })
            .into_iter()
            .collect();
        let sent = self.i.world.network.send(&[instruction], &keys);
        sent.map(drop).map_err(|failure| failure.code())
    }

    #[track_caller]
    fn land(&mut self, instruction: Instruction, signer: Option<usize>) {
        assert_eq!(self.send(instruction, signer), Ok(()));
    }

    fn saw(&mut self, what: &'static str, detail: String) {
        *self.tally.entry(what).or_default() += 1;
        self.trace.push(format!("{what} {detail}"));
    }

    fn tokens_in(&self, account: &Address) -> u64 {
        let data = self.i.world.network.svm.get_account(account).expect("a token account").data;
        u64::from_le_bytes(data[64..72].try_into().expect("8 bytes"))
    }

    fn stake(&mut self, n: usize) {
        let (tokens, mint) = (self.stakers[n].tokens, self.i.world.mint);
        let balance = self.tokens_in(&tokens);
        if self.stakers[n].holding.is_some() || balance == 0 {
            return;
        }
        let total = self.amount(balance);
        let duration = match self.random.random_range(0..3) {
            0 => 14 * 86_400,
            1 => YEAR,
            _ => self.random.random_range(14 * 86_400..=YEAR),
        };
        self.saw("stake", format!("{n}: {total} for {duration} s"));
        let owner = self.stakers[n].key.pubkey();
        self.land(staking::stake(owner, tokens, mint, 0, total, duration), Some(n));
        let birth = self.slot;
        self.stakers[n].holding =
            Some(Holding { birth, total, withdrawn: 0, duration, released_since: None });
        self.check(None);
    }

    fn top_up(&mut self, n: usize) {
        let (tokens, mint) = (self.stakers[n].tokens, self.i.world.mint);
        let balance = self.tokens_in(&tokens);
        let is_staked = matches!(&self.stakers[n].holding, Some(stake) if stake.released_since.is_none());
        if !is_staked || balance == 0 {
            return;
        }
        let amount = self.amount(balance);
        self.saw("top up", format!("{n}: {amount}"));
        let staker = &mut self.stakers[n];
        staker.holding.as_mut().expect("staked").total += amount;
        let instruction = staking::top_up(staker.key.pubkey(), tokens, staker.stake, mint, amount);
        self.land(instruction, Some(n));
        self.check(None);
    }

    fn extend(&mut self, n: usize) {
        let Some(stake) = &mut self.stakers[n].holding else { return };
        if stake.released_since.is_some() || stake.duration == YEAR {
            return;
        }
        stake.duration = self.random.random_range(stake.duration + 1..=YEAR);
        let duration = stake.duration;
        self.saw("extend", format!("{n}: to {duration} s"));
        let staker = &self.stakers[n];
        self.land(staking::extend(staker.key.pubkey(), staker.stake, duration), Some(n));
        self.check(None);
    }

    fn unstake(&mut self, n: usize) {
        let now = self.now();
        let staker = &mut self.stakers[n];
        let Some(stake) = &mut staker.holding else { return };
        if stake.released_since.is_some() || stake.left() == 0 {
            return;
        }
        stake.released_since = Some(now);
        if let Some(place) = &mut staker.place {
            place.decreases.push(0);
        }
        let instruction = staking::unstake(staker.key.pubkey(), staker.stake);
        self.saw("unstake", format!("{n}"));
        self.land(instruction, Some(n));
        self.check(None);
    }

    fn restake(&mut self, n: usize) {
        let staker = &mut self.stakers[n];
        let Some(stake) = &mut staker.holding else { return };
        if stake.released_since.is_none() || stake.left() == 0 {
            return;
        }
        stake.total = stake.left();
        stake.withdrawn = 0;
        stake.released_since = None;
        let instruction = staking::restake(staker.key.pubkey(), staker.stake);
        self.saw("restake", format!("{n}"));
        self.land(instruction, Some(n));
        self.check(None);
    }

    fn slash(&mut self, n: usize) {
        let Some(left) = self.stakers[n].holding.as_ref().map(Holding::left).filter(|left| *left > 0) else {
            return;
        };
        let amount = self.amount(left);
        let (slasher, mint) = (self.i.world.authority.pubkey(), self.i.world.mint);
        let (stake, destination) = (self.stakers[n].stake, self.i.slash_destination);
        let instruction =
            staking::slash(slasher, stake, mint, destination, amount, SlashReason::Other, [0; 32]);
        self.saw("slash", format!("{n}: {amount}"));
        let sent = self.send(instruction, None);
        if sent == Err(custom(StakingError::SlashCapExceeded)) {
            return;
        }
        assert_eq!(sent, Ok(()));
        let staker = &mut self.stakers[n];
        let holding = staker.holding.as_mut().expect("staked");
        holding.total -= amount;
        if let (None, Some(place)) = (holding.released_since, &mut staker.place) {
            place.decreases.push(holding.weight());
        }
        self.check(None);
    }

    fn withdraw(&mut self, n: usize) {
        let now = self.now();
        let (tokens, mint) = (self.stakers[n].tokens, self.i.world.mint);
        let staker = &mut self.stakers[n];
        let Some(stake) = &mut staker.holding else { return };
        let released = stake.released(now);
        if stake.released_since.is_none() || released <= stake.withdrawn {
            return;
        }
        let amount = released - stake.withdrawn;
        stake.withdrawn = released;
        let instruction = staking::withdraw(staker.key.pubkey(), staker.stake, mint, tokens);
        let before = self.tokens_in(&tokens);
        self.saw("withdraw", format!("{n}: {amount}"));
        self.land(instruction, Some(n));
        assert_eq!(self.tokens_in(&tokens), before + amount);
        self.check(None);
    }

    fn close(&mut self, n: usize) {
        if self.stakers[n].holding.as_ref().is_none_or(|stake| stake.left() > 0) {
            return;
        }
        self.stakers[n].holding = None;
        let instruction = staking::close(self.stakers[n].key.pubkey(), self.stakers[n].stake);
        self.saw("close", format!("{n}"));
        self.land(instruction, Some(n));
        self.check(None);
    }

    fn add(&mut self) {
        let purse = self.tokens_in(&self.purse);
        if purse == 0 {
            return;
        }
        let amount = self.amount(purse);
        let what = if self.exact.weight == 0 { "add at no weight" } else { "add" };
        self.saw(what, format!("{amount}"));
        let stranger = self.i.world.stranger.pubkey();
        self.land(rewards::add(stranger, self.purse, self.i.pool, self.reward_mint, amount), None);
        self.exact.add(amount);
        self.check(None);
    }

    fn donate(&mut self) {
        // Donated tokens never come back: only small amounts.
        let amount = self.amount(1_000_000);
        if self.tokens_in(&self.purse) < amount {
            return;
        }
        self.saw("donate", format!("{amount}"));
        let stranger = self.i.world.stranger.pubkey();
        self.land(token::transfer(self.purse, self.vault, stranger, amount), None);
        self.donated += amount;
        self.check(None);
    }

    fn enter(&mut self, n: usize) {
        let staker = &self.stakers[n];
        let Some(stake) = &staker.holding else { return };
        if staker.place.is_some() {
            return;
        }
        let instruction = rewards::enter(staker.key.pubkey(), staker.stake, self.i.pool);
        if stake.weight() == 0 {
            assert_eq!(self.send(instruction, Some(n)), Err(custom(RewardsError::NoWeight)));
            return;
        }
        let place = self.exact.enter(stake, self.now());
        self.saw("enter", format!("{n}"));
        self.land(instruction, Some(n));
        self.stakers[n].place = Some(place);
        self.check(Some(n));
    }

    /// Looks at a stake, in the oracle.
    fn look(&mut self, n: usize) {
        let now = self.now();
        let staker = &mut self.stakers[n];
        let place = staker.place.as_mut().expect("a place");
        let (active, forfeits) = (place.active, self.exact.forfeits);
        self.exact.look(place, staker.holding.as_ref(), now);
        let seen = match (place.active, &staker.holding) {
            (after, _) if after > active => Some("sync that activates"),
            (_, None) if self.exact.forfeits > forfeits => Some("forfeit of a closed stake"),
            (0, _) if self.exact.forfeits > forfeits => Some("forfeit everything"),
            _ if self.exact.forfeits > forfeits => Some("forfeit of a part"),
            _ => None,
        };
        if let Some(seen) = seen {
            *self.tally.entry(seen).or_default() += 1;
        }
    }

    fn sync(&mut self, n: usize) {
        if self.stakers[n].place.is_none() {
            return;
        }
        self.saw("sync", format!("{n}"));
        self.land(rewards::sync(self.stakers[n].stake, self.i.pool), None);
        self.look(n);
        self.check(Some(n));
    }

    fn claim(&mut self, n: usize) {
        if self.stakers[n].place.is_none() {
            return;
        }
        let (owner, stake) = (self.stakers[n].key.pubkey(), self.stakers[n].stake);
        let instruction = rewards::claim(owner, stake, self.i.pool, self.reward_mint, self.purse);
        let before = self.tokens_in(&self.purse);
        match self.send(instruction, Some(n)) {
            Ok(()) => {
                let amount = self.tokens_in(&self.purse) - before;
                self.saw("claim", format!("{n}: {amount}"));
                self.look(n);
                self.stakers[n].place.as_mut().expect("a place").paid += u128::from(amount);
                self.paid += u128::from(amount);
                self.check(Some(n));
                assert_eq!(self.stakers[n].written.earned, 0);
            }
            error => {
                assert_eq!(error, Err(custom(RewardsError::NothingEarned)));
                self.saw("claim of nothing", format!("{n}"));
                let staker = &self.stakers[n];
                assert_eq!(staker.written.earned, 0);
                let place = staker.place.as_ref().expect("a place");
                let outlook = self.exact.outlook(place, staker.holding.as_ref());
                outlook.assert_credited(place.paid);
                self.check(Some(n));
            }
        }
    }

    fn exit(&mut self, n: usize) {
        if self.stakers[n].place.is_none() {
            return;
        }
        let instruction = rewards::exit(self.stakers[n].key.pubkey(), self.stakers[n].stake, self.i.pool);
        match self.send(instruction, Some(n)) {
            Ok(()) => {
                assert_eq!(self.stakers[n].written.earned, 0);
                let is_weight = self.exact.weight > 0;
                self.look(n);
                let place = self.stakers[n].place.take().expect("a place");
                place.assert_credited(place.paid);
                self.exact.exit(&place);
                let was_last = is_weight && self.exact.weight == 0;
                self.saw(if was_last { "exit of the last weight" } else { "exit" }, format!("{n}"));
            }
            error => {
                assert_eq!(error, Err(custom(RewardsError::EarningsLeft)));
                self.saw("exit refused", format!("{n}"));
                let staker = &self.stakers[n];
                let place = staker.place.as_ref().expect("a place");
                let outlook = self.exact.outlook(place, staker.holding.as_ref());
                let least = super::exact::atoms(1) + (num_bigint::BigUint::from(place.paid) << 192_usize);
                assert!(outlook.due.fair + outlook.due.spare >= least, "nothing is left");
            }
        }
        self.check(Some(n));
    }

    fn read<T: bytemuck::AnyBitPattern>(&self, address: &Address) -> Option<T> {
        let account = self.i.world.network.svm.get_account(address).filter(|account| account.lamports > 0)?;
        Some(bytemuck::pod_read_unaligned(&account.data[8..8 + size_of::<T>()]))
    }

    fn written(&self, n: usize) -> Written {
        let Some(position) = self.read::<Position>(&self.stakers[n].position) else {
            return Written::default();
        };
        Written {
            index: position.index.get(),
            active: position.active_weight.get(),
            pending: position.pending_weight.get(),
            earned: position.earned_atoms.get(),
        }
    }

    /// Compares everything with the oracle; `changed` is whose position the operation was allowed to write.
    #[track_caller]
    fn check(&mut self, changed: Option<usize>) {
        if let Some(n) = changed {
            self.stakers[n].written = self.written(n);
            self.check_place(n);
        }
        let pool: Pool = self.read(&self.i.pool).expect("the pool");
        let [waiting, shared, earned] =
            [pool.waiting_atoms, pool.shared_atoms, pool.earned_atoms].map(|part| u128::from(part.get()));
        assert_eq!(u128::from(pool.total_weight.get()), self.exact.weight, "total weight");
        assert_eq!(waiting + shared + earned + self.paid, self.exact.received, "received");
        let vault = u128::from(self.tokens_in(&self.vault));
        assert_eq!(waiting + shared + earned + u128::from(self.donated), vault, "the vault");
        if self.exact.weight == 0 {
            assert_eq!(shared, 0, "shared at no weight");
            self.exact.assert_waiting(pool.waiting_atoms.get());
        } else {
            assert_eq!(waiting, 0, "waiting at some weight");
        }

        let (mut sum_earned, mut sum_active, mut due) = (0_u128, 0_u128, 0_u128);
        for staker in &self.stakers {
            let written = &staker.written;
            sum_earned += u128::from(written.earned);
            sum_active += u128::from(written.active);
            due += due_of(written, pool.index.get());
        }
        assert_eq!(sum_earned, earned, "sum of the positions' earnings");
        assert_eq!(sum_active, self.exact.weight, "sum of the positions' weights");
        assert!(due <= shared, "{due} due of {shared} shared out");

        if self.operations.is_multiple_of(FULL_CHECK) {
            for n in 0..self.stakers.len() {
                assert_eq!(self.written(n), self.stakers[n].written, "staker {n} changed");
                self.check_place(n);
            }
        }
    }

    #[track_caller]
    fn check_place(&self, n: usize) {
        let written = &self.stakers[n].written;
        let Some(place) = &self.stakers[n].place else {
            assert_eq!(*written, Written::default());
            return;
        };
        assert_eq!((written.active, written.pending), (place.active, place.pending), "weights of {n}");
        place.assert_credited(place.paid + u128::from(written.earned));
        let operations = super::exact::atoms(self.operations + self.stakers.len() as u64);
        assert!(place.due.spare <= operations, "more than an atom per operation is spare");
        assert!(place.due.lack <= operations, "more than an atom per operation is lacking");
    }

    /// Everybody claims and exits; the next staker gets what waits, and nothing is left but what was donated.
    pub fn go_home(&mut self) {
        for n in 0..self.stakers.len() {
            // A first look may share out anew what the stake forfeits, its own part of it among that.
            for _ in 0..2 {
                self.claim(n);
                self.exit(n);
            }
            assert!(self.stakers[n].place.is_none(), "{n} is still there");
        }
        let (waiting, donated) = (self.i.pool().waiting_atoms.get(), self.donated);
        assert_eq!(crate::support::books(&self.i), (waiting, 0, 0));
        assert_eq!(self.tokens_in(&self.vault), waiting + donated);
        let (client, mint) = (self.i.world.client.pubkey(), self.i.world.mint);
        let tokens = self.i.tokens_of(&client);
        let stake = staking::stake_address(&mint, &client, 0).0;
        self.i.world.land(&[
            staking::stake(client, tokens, mint, 0, 256, YEAR),
            rewards::enter(client, stake, self.i.pool),
        ]);
        self.i.world.network.advance(DAY);
        self.i.world.land(&[rewards::sync(stake, self.i.pool)]);
        if waiting > 0 {
            let claim = rewards::claim(client, stake, self.i.pool, self.reward_mint, self.purse);
            self.i.world.land(&[claim]);
        }
        self.i.world.land(&[rewards::exit(client, stake, self.i.pool)]);
        assert_eq!(self.tokens_in(&self.vault), donated, "only donations are left");
    }
}

/// What a position has not been credited yet, atoms: 64 by 128 bits, in two halves.
fn due_of(written: &Written, index: u128) -> u128 {
    let growth = index.wrapping_sub(written.index);
    let weight = u128::from(written.active);
    if weight == 0 {
        return 0;
    }
    let whole = weight.checked_mul(growth >> 64).expect("what is due fits");
    whole + ((weight * (growth & u128::from(u64::MAX))) >> 64)
}
