//! A world in which tokens are staked: the staking program's settings of the world's mint, and the reward pool in which its
//! stakes earn the same mint.

use crate::{TERMS, World, world::TOKENS};
use anchor_lang::{AccountDeserialize, Discriminator};
use grid_client::{address, pools, rewards, staking};
use grid_pools::{Emission, EmissionTerms};
use grid_rewards::{Pool, Position};
use grid_staking::{Settings, SlashReason, Stake};
use litesvm::types::TransactionMetadata;
use solana_address::Address;
use solana_signer::Signer;

/// A day, seconds.
pub const DAY: i64 = 86_400;
/// Duration of the stakes that [`Incentives::stake`] opens, seconds.
pub const DURATION: u32 = 14 * 86_400;
/// Share of a stake that the slasher may take within an epoch, basis points.
pub const SLASH_CAP_BPS: u16 = 2_500;
/// Length of a slashing epoch, seconds.
pub const SLASH_EPOCH: u32 = 86_400;

/// The world of [`World::bare`], with settings and a pool. `world.client` and `world.node` stake.
#[derive(Clone)]
pub struct Incentives {
    /// Machine and actors. The upgrade authority is authority and slasher.
    pub world: World,
    /// The settings of the mint.
    pub settings: Address,
    /// Token account that slashed tokens go to: the upgrade authority's.
    pub slash_destination: Address,
    /// The pool in which stakes of the mint earn the mint.
    pub pool: Address,
}

impl Default for Incentives {
    fn default() -> Self {
        Self::new()
    }
}

impl Incentives {
    /// Settings and pool, and the jobs program's config, vault and market; nobody has staked.
    pub fn new() -> Self {
        let mut incentives = Self::without_pool();
        let (payer, mint) = (incentives.world.stranger.pubkey(), incentives.world.mint);
        incentives.world.land(&[rewards::open_pool(payer, &mint, mint)]);
        incentives
    }

    /// Settings only.
    pub fn without_pool() -> Self {
        let mut world = World::bare();
        world.initialize_config();
        world.open_vault();
        world.open_market(0, TERMS);
        let (authority, mint) = (world.authority.pubkey(), world.mint);
        world.give_tokens(&mint, &authority, TOKENS);
        let slash_destination = address::token_account(&authority, mint);
        let open = staking::open_settings(authority, mint, slash_destination, SLASH_CAP_BPS, SLASH_EPOCH);
        world.land(&[open]);
        let settings = staking::settings_address(&mint).0;
        let pool = rewards::pool_address(&mint, &mint).0;
        Self { world, settings, slash_destination, pool }
    }

    /// The token account of a wallet for the mint.
    pub fn tokens_of(&self, wallet: &Address) -> Address {
        address::token_account(wallet, self.world.mint)
    }

    /// Stakes `amount` atoms for [`DURATION`]; the address of the stake.
    #[track_caller]
    pub fn stake(&mut self, owner: Address, id: u64, amount: u64) -> Address {
        self.stake_for(owner, id, amount, DURATION)
    }

    /// Stakes `amount` atoms for a duration in seconds; the address of the stake.
    #[track_caller]
    pub fn stake_for(&mut self, owner: Address, id: u64, amount: u64, duration: u32) -> Address {
        let (source, mint) = (self.tokens_of(&owner), self.world.mint);
        self.world.land(&[staking::stake(owner, source, mint, id, amount, duration)]);
        staking::stake_address(&mint, &owner, id).0
    }

    /// Stakes, enters the pool, and lets a day pass and the weight become active; the address of the stake.
    #[track_caller]
    pub fn stake_actively(&mut self, owner: Address, id: u64, amount: u64) -> Address {
        let stake = self.stake(owner, id, amount);
        self.world.land(&[rewards::enter(owner, stake, self.pool)]);
        self.world.network.advance(DAY);
        self.world.land(&[rewards::sync(stake, self.pool)]);
        stake
    }

    /// The slasher takes tokens.
    #[track_caller]
    pub fn slash(&mut self, stake: Address, amount: u64) -> TransactionMetadata {
        let (slasher, mint) = (self.world.authority.pubkey(), self.world.mint);
        let destination = self.slash_destination;
        let reason = SlashReason::WrongResult;
        self.world.land(&[staking::slash(slasher, stake, mint, destination, amount, reason, [7; 32])])
    }

    /// The stranger brings rewards.
    #[track_caller]
    pub fn add(&mut self, amount: u64) -> TransactionMetadata {
        let (payer, mint) = (self.world.stranger.pubkey(), self.world.mint);
        let source = self.tokens_of(&payer);
        self.world.land(&[rewards::add(payer, source, self.pool, mint, amount)])
    }

    /// A stake's owner claims into its own token account; what came.
    #[track_caller]
    pub fn claim(&mut self, stake: Address) -> u64 {
        let (owner, mint) = (self.stake_of(&stake).owner, self.world.mint);
        let destination = self.tokens_of(&owner);
        let before = self.world.tokens_in(&destination);
        self.world.land(&[rewards::claim(owner, stake, self.pool, mint, destination)]);
        self.world.tokens_in(&destination) - before
    }

    /// The authority opens an emission of the mint; its address.
    #[track_caller]
    pub fn open_emission(&mut self, id: u64, beneficiary: Address, terms: EmissionTerms) -> Address {
        let (authority, mint) = (self.world.authority.pubkey(), self.world.mint);
        self.world.land(&[pools::open(authority, mint, id, beneficiary, terms)]);
        pools::emission_address(&authority, id).0
    }

    /// The settings.
    #[track_caller]
    pub fn settings(&self) -> Settings {
        self.read(&self.settings)
    }

    /// A stake.
    #[track_caller]
    pub fn stake_of(&self, stake: &Address) -> Stake {
        self.read(stake)
    }

    /// The pool.
    #[track_caller]
    pub fn pool(&self) -> Pool {
        self.read(&self.pool)
    }

    /// The position of a stake in the pool.
    #[track_caller]
    pub fn position(&self, stake: &Address) -> Position {
        self.read(&rewards::position_address(&self.pool, stake).0)
    }

    /// An emission.
    #[track_caller]
    pub fn emission(&self, emission: &Address) -> Emission {
        self.read(emission)
    }

    /// What the vault of the stakes holds, atoms.
    #[track_caller]
    pub fn staking_vault(&self) -> u64 {
        self.world.tokens_in(&staking::vault_address(&self.world.mint).0)
    }

    /// What the vault of the pool holds, atoms.
    #[track_caller]
    pub fn rewards_vault(&self) -> u64 {
        self.world.tokens_in(&rewards::vault_address(&self.pool).0)
    }

    #[track_caller]
    fn read<T: AccountDeserialize + Discriminator>(&self, address: &Address) -> T {
        let data = self.world.network.account(address).data;
        T::try_deserialize(&mut &data[..]).unwrap_or_else(|_| panic!("{address} is of another type"))
    }
}
