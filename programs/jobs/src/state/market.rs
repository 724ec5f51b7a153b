//! A market: its terms and its queue.

use crate::{
    constants::*,
    errors::GridError,
    math::add,
    state::{admission::AdmissionRule, queue::*},
};
use anchor_lang::{accounts::Slab, prelude::*};
use bytemuck::{Pod, Zeroable};

/// The account of a market: the header, a count of slots and the slots of its queue.
pub type MarketAccount = Slab<Market, QueueSlot>;

/// What a market's authority decides: prices, deadlines and what a device puts up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AnchorSerialize, AnchorDeserialize, IdlType)]
pub struct MarketTerms {
    /// Price, atoms per second.
    pub price_per_second_atoms: u64,
    /// Bond that a device needs to take jobs, atoms.
    pub bond_atoms: u64,
    /// Taken from the bond of a device that lets a deadline pass, for whoever takes the job back, atoms.
    pub expiry_reward_atoms: u64,
    /// Taken from the bond of a device that lets a run die, for the job's project, atoms.
    pub compensation_atoms: u64,
    /// Fee on what devices are paid, basis points; the client pays it on top.
    pub fee_bps: u16,
    /// Share of the fees that goes to stakers, basis points of the fees.
    pub stakers_bps: u16,
    /// Share of the fees that is burnt, basis points of the fees. What is left of them goes to the treasury.
    pub burn_bps: u16,
    /// Matches of a job that may be given up before it is stopped.
    pub max_attempts: u8,
    /// Strikes at which a device gets no more jobs.
    pub max_strikes: u16,
    /// Shortest timeout a job may ask for, seconds.
    pub min_timeout_seconds: u32,
    /// Longest timeout a job may ask for, seconds.
    pub max_timeout_seconds: u32,
    /// Time between match and start after which anyone may take the job back, seconds.
    pub start_window_seconds: u32,
    /// Time without a heartbeat after which anyone may take a running job back, seconds.
    pub heartbeat_limit_seconds: u32,
    /// Time after a job's timeout in which a run that shows life may not be taken back, seconds.
    pub finish_grace_seconds: u32,
    /// Time for which only the client may close a job that is over, seconds.
    pub retention_seconds: u32,
}

impl MarketTerms {
    /// Checks each term against its bounds; the error names the first that is out of range.
    pub fn validate(&self) -> Result<()> {
        let within = |value: u32, least: u32, most: u32| value >= least && value <= most;
        require!(self.price_per_second_atoms > 0, GridError::PriceOutOfRange);
        require!(self.price_per_second_atoms <= MAX_PRICE_PER_SECOND_ATOMS, GridError::PriceOutOfRange);
        let penalties = self.expiry_reward_atoms.checked_add(self.compensation_atoms);
        require!(penalties.is_some_and(|sum| sum <= self.bond_atoms), GridError::PenaltiesAboveBond);
        require!(self.fee_bps <= MAX_FEE_BPS, GridError::FeeOutOfRange);
        let shares = u64::from(self.stakers_bps) + u64::from(self.burn_bps);
        require!(shares <= BPS_DENOMINATOR, GridError::FeeSharesOutOfRange);
        require!(self.max_strikes > 0, GridError::StrikesOutOfRange);
        require!(within(self.max_attempts.into(), 1, MAX_ATTEMPTS.into()), GridError::AttemptsOutOfRange);
        require!(
            within(self.max_timeout_seconds, 1, MAX_TIMEOUT_SECONDS)
                && within(self.min_timeout_seconds, 1, self.max_timeout_seconds),
            GridError::TimeoutBoundsOutOfRange
        );
        require!(
            within(self.start_window_seconds, MIN_START_WINDOW_SECONDS, MAX_START_WINDOW_SECONDS),
            GridError::StartWindowOutOfRange
        );
        require!(
            within(self.heartbeat_limit_seconds, MIN_HEARTBEAT_LIMIT_SECONDS, MAX_HEARTBEAT_LIMIT_SECONDS),
            GridError::HeartbeatLimitOutOfRange
        );
        require!(
            within(self.finish_grace_seconds, MIN_FINISH_GRACE_SECONDS, MAX_FINISH_GRACE_SECONDS),
            GridError::FinishGraceOutOfRange
        );
        require!(self.retention_seconds <= MAX_RETENTION_SECONDS, GridError::RetentionOutOfRange);
        Ok(())
    }
}

/// What a device that lets a deadline pass loses from its bond.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Pod, Zeroable, IdlType)]
pub struct Penalties {
    /// See [`MarketTerms::expiry_reward_atoms`].
    pub expiry_reward_atoms: PodU64,
    /// See [`MarketTerms::compensation_atoms`].
    pub compensation_atoms: PodU64,
}

/// Header of a market's account. Address: PDA `["market", authority, id]` (`id` as 8 little-endian bytes).
///
/// Behind the header stand the number of slots (`u32`) and the slots, 36 bytes each: address (32), previous (`u16`),
/// next (`u16`).
#[account]
#[derive(Debug, PartialEq, Eq)]
pub struct Market {
    /// Layout version.
    pub version: u8,
    /// Bump of the address.
    pub bump: u8,
    /// See [`MarketTerms::max_attempts`].
    pub max_attempts: u8,
    /// Padding, zero.
    pub padding: u8,
    /// See [`MarketTerms::fee_bps`].
    pub fee_bps: PodU16,
    /// Ends and size of the queue.
    pub queue: QueueLinks,
    /// Chosen by the authority; tells its markets apart.
    pub id: PodU64,
    /// Sets the terms; holds no power over listed jobs and over tokens.
    pub authority: Address,
    /// Whom the authority offered the market to; zero when nobody.
    pub pending_authority: Address,
    /// Mint of all amounts.
    pub mint: Address,
    /// See [`MarketTerms::price_per_second_atoms`].
    pub price_per_second_atoms: PodU64,
    /// See [`MarketTerms::bond_atoms`].
    pub bond_atoms: PodU64,
    /// Fees earned and not yet collected, atoms.
    pub fees_owed_atoms: PodU64,
    /// Jobs that are queued, matched or running.
    pub active_jobs: PodU32,
    /// See [`MarketTerms::max_strikes`].
    pub max_strikes: PodU16,
    /// Padding, zero.
    pub padding2: [u8; 2],
    /// See [`MarketTerms::min_timeout_seconds`].
    pub min_timeout_seconds: PodU32,
    /// See [`MarketTerms::max_timeout_seconds`].
    pub max_timeout_seconds: PodU32,
    /// See [`MarketTerms::start_window_seconds`].
    pub start_window_seconds: PodU32,
    /// See [`MarketTerms::heartbeat_limit_seconds`].
    pub heartbeat_limit_seconds: PodU32,
    /// See [`MarketTerms::finish_grace_seconds`].
    pub finish_grace_seconds: PodU32,
    /// See [`MarketTerms::retention_seconds`].
    pub retention_seconds: PodU32,
    /// When the last pause of entries ends or ended, Unix seconds; zero when there was none.
    pub entries_paused_until: PodI64,
    /// See [`MarketTerms::expiry_reward_atoms`] and [`MarketTerms::compensation_atoms`].
    pub penalties: Penalties,
    /// See [`MarketTerms::stakers_bps`].
    pub stakers_bps: PodU16,
    /// See [`MarketTerms::burn_bps`].
    pub burn_bps: PodU16,
    /// Padding, zero.
    pub padding3: [u8; 4],
    /// The treasury's share of fees that were collected, as far as its token account could not be paid, atoms.
    pub treasury_owed_atoms: PodU64,
    /// Whom the market admits.
    pub admission: AdmissionRule,
    /// Zero, for fields of later versions.
    pub reserved: [u8; 72],
}

const _: () = assert!(core::mem::size_of::<Market>() == 376);
const _: () = assert!(core::mem::size_of::<QueueSlot>() == 36);

impl Market {
    /// First seed of the address.
    pub const SEED: &'static [u8] = b"market";
    /// Byte offset of the number of slots in the account.
    pub const SLOT_COUNT_OFFSET: usize = 8 + core::mem::size_of::<Self>();
    /// Byte offset of the first slot in the account.
    pub const SLOTS_OFFSET: usize = Self::SLOT_COUNT_OFFSET + 4;

    /// Writes a new market over zeroed bytes; the queue has no slots yet.
    ///
    /// Errors: those of [`MarketTerms::validate`].
    pub fn open(
        &mut self,
        bump: u8,
        id: u64,
        authority: Address,
        mint: Address,
        terms: &MarketTerms,
    ) -> Result<()> {
        self.version = LAYOUT_VERSION;
        self.bump = bump;
        self.id = id.into();
        self.authority = authority;
        self.mint = mint;
        self.queue = QueueLinks::empty();
        self.set_terms(terms)
    }

    /// Writes the terms, for jobs listed and devices offered from now on.
    ///
    /// Errors: those of [`MarketTerms::validate`].
    pub fn set_terms(&mut self, terms: &MarketTerms) -> Result<()> {
        terms.validate()?;
        self.price_per_second_atoms = terms.price_per_second_atoms.into();
        self.bond_atoms = terms.bond_atoms.into();
        self.penalties.expiry_reward_atoms = terms.expiry_reward_atoms.into();
        self.penalties.compensation_atoms = terms.compensation_atoms.into();
        self.max_strikes = terms.max_strikes.into();
        self.fee_bps = terms.fee_bps.into();
        self.stakers_bps = terms.stakers_bps.into();
        self.burn_bps = terms.burn_bps.into();
        self.max_attempts = terms.max_attempts;
        self.min_timeout_seconds = terms.min_timeout_seconds.into();
        self.max_timeout_seconds = terms.max_timeout_seconds.into();
        self.start_window_seconds = terms.start_window_seconds.into();
        self.heartbeat_limit_seconds = terms.heartbeat_limit_seconds.into();
        self.finish_grace_seconds = terms.finish_grace_seconds.into();
        self.retention_seconds = terms.retention_seconds.into();
        Ok(())
    }

    /// Whether closing the market would strand nothing: nobody waits, no job is matched or running, no fee is owed.
    pub fn is_settled(&self) -> bool {
        self.queue.waiting.is_zero()
            && self.active_jobs.is_zero()
            && self.fees_owed_atoms.is_zero()
            && self.treasury_owed_atoms.is_zero()
    }

    /// Adds to the fees owed. Error: [`GridError::Overflow`].
    pub fn credit_fee(&mut self, amount_atoms: u64) -> Result<()> {
        self.fees_owed_atoms = add(self.fees_owed_atoms, amount_atoms)?;
        Ok(())
    }

    /// Counts a job that was listed. Error: [`GridError::Overflow`].
    pub fn add_job(&mut self) -> Result<()> {
        self.active_jobs = self.active_jobs.get().checked_add(1).ok_or(GridError::Overflow)?.into();
        Ok(())
    }

    /// Counts a job that is over. Error: [`GridError::Overflow`].
    pub fn remove_job(&mut self) -> Result<()> {
        self.active_jobs = self.active_jobs.get().checked_sub(1).ok_or(GridError::Overflow)?.into();
        Ok(())
    }
}

/// Runs `change` on the queue of a market account.
///
/// Inlined: as a call it costs `work` 50 CU more.
#[inline(always)]
pub fn with_queue<T>(market: &mut MarketAccount, change: impl FnOnce(&mut Queue) -> Result<T>) -> Result<T> {
    let mut links = market.queue;
    let result = change(&mut Queue::new(&mut links, market.as_mut_slice()))?;
    market.queue = links;
    Ok(result)
}

/// Adds the slots for which the account's bytes have room to the queue, up to [`MAX_QUEUE_CAPACITY`].
pub fn format_new_slots(market: &mut MarketAccount) -> Result<()> {
    let formatted = market.len();
    for _ in formatted..market.capacity().min(MAX_QUEUE_CAPACITY) {
        market.try_push(bytemuck::Zeroable::zeroed())?;
    }
    with_queue(market, |queue| {
        queue.add_free_slots(formatted);
        Ok(())
    })
}
