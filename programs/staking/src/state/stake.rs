//! A stake: tokens locked for a duration, and the weight that they give.

use crate::{
    constants::*,
    errors::StakingError,
    math::{released, slash_allowance, weight_of},
    state::Settings,
};
use anchor_lang::prelude::*;
use grid_onchain::vault::Vault;

/// A stake. Address: PDA `["stake", mint, owner, id]` (`id` as 8 little-endian bytes).
///
/// It is *staked*, weighs `amount × (1 + 3 × duration / 365 days)` and releases nothing; or it is *unstaking*, weighs
/// nothing and releases its tokens evenly over its duration.
#[account]
#[derive(Debug, PartialEq, Eq)]
pub struct Stake {
    /// Layout version.
    pub version: u8,
    /// Bump of the address.
    pub bump: u8,
    /// Bump of the vault's address.
    pub vault_bump: u8,
    /// The mint's decimals.
    pub decimals: u8,
    /// How often the weight has become less: by `unstake`, or by `slash` while staked.
    pub decreases: PodU32,
    /// Slot in which the account was opened: with `decreases` it tells a later stake at the same address apart.
    pub opened_slot: PodU64,
    /// What the stake counts for; zero while it is unstaking.
    pub weight: PodU64,
    /// The weight right after it became less for the last time.
    pub low_weight: PodU64,
    /// Owns the stake.
    pub owner: Address,
    /// Its mint.
    pub mint: Address,
    /// Token account that holds it, with all stakes of the mint: PDA `["vault", mint]`.
    pub vault: Address,
    /// Chosen by the owner; tells its stakes apart.
    pub id: PodU64,
    /// Tokens staked, less what was slashed, atoms.
    pub total_atoms: PodU64,
    /// Of the total, what was withdrawn since `unstake`, atoms.
    pub withdrawn_atoms: PodU64,
    /// Time over which the tokens are released after `unstake`, seconds.
    pub duration_seconds: PodU32,
    /// Padding, zero.
    pub padding2: [u8; 4],
    /// When the release began, Unix seconds; zero while staked.
    pub unstaked_at: PodI64,
    /// When the running slashing epoch began, Unix seconds; zero before the first slash.
    pub slash_epoch_started_at: PodI64,
    /// What may still be slashed within that epoch, atoms.
    pub slash_allowance_atoms: PodU64,
    /// Zero, for fields of later versions.
    pub reserved: [u8; 32],
}

const _: () = assert!(core::mem::size_of::<Stake>() == 216);

impl Stake {
    /// First seed of the address.
    pub const SEED: &'static [u8] = b"stake";
    /// Bytes of the account.
    pub const SPACE: usize = 8 + core::mem::size_of::<Self>();

    /// The vault, in `account`, whose address has been checked.
    pub fn vault<'a>(
        &'a self,
        account: &'a AccountView,
        mint: &'a AccountView,
        token_program: &'a Address,
    ) -> Vault<'a> {
        let (key, bump, decimals) = (&self.mint, self.vault_bump, self.decimals);
        Vault { account, key, bump, mint, decimals, token_program }
    }

    /// Tokens that the stake still holds, atoms.
    pub fn left(&self) -> u64 {
        self.total_atoms.get().saturating_sub(self.withdrawn_atoms.get())
    }

    /// Whether the stake is unstaking.
    pub fn is_unstaking(&self) -> bool {
        !self.unstaked_at.is_zero()
    }

    /// Adds tokens. Errors: [`StakingError::ZeroAmount`], [`StakingError::Unstaking`], [`StakingError::StakeTooLarge`].
    pub fn add(&mut self, amount_atoms: u64) -> Result<()> {
        require!(amount_atoms > 0, StakingError::ZeroAmount);
        require!(!self.is_unstaking(), StakingError::Unstaking);
        let total = self.total_atoms.get().checked_add(amount_atoms).ok_or(StakingError::StakeTooLarge)?;
        self.total_atoms = total.into();
        self.weigh()
    }

    /// Sets a longer duration.
    ///
    /// Errors: [`StakingError::Unstaking`], [`StakingError::DurationNotLonger`], [`StakingError::DurationOutOfRange`].
    pub fn extend(&mut self, duration_seconds: u32) -> Result<()> {
        require!(!self.is_unstaking(), StakingError::Unstaking);
        require!(duration_seconds > self.duration_seconds.get(), StakingError::DurationNotLonger);
        self.set_duration(duration_seconds)?;
        self.weigh()
    }

    /// Sets the duration. Error: [`StakingError::DurationOutOfRange`].
    pub fn set_duration(&mut self, duration_seconds: u32) -> Result<()> {
        let durations = MIN_DURATION_SECONDS..=MAX_DURATION_SECONDS;
        require!(durations.contains(&duration_seconds), StakingError::DurationOutOfRange);
        self.duration_seconds = duration_seconds.into();
        Ok(())
    }

    /// Begins the release at `now` (Unix seconds).
    ///
    /// Errors: [`StakingError::Unstaking`], [`StakingError::NothingLeft`].
    pub fn unstake(&mut self, now: i64) -> Result<()> {
        require!(!self.is_unstaking(), StakingError::Unstaking);
        require!(self.left() > 0, StakingError::NothingLeft);
        self.unstaked_at = now.into();
        self.lower(0)
    }

    /// Ends the release: what is left is staked again, for the same duration.
    ///
    /// Errors: [`StakingError::NotUnstaking`], [`StakingError::NothingLeft`].
    pub fn restake(&mut self) -> Result<()> {
        require!(self.is_unstaking(), StakingError::NotUnstaking);
        let left = self.left();
        require!(left > 0, StakingError::NothingLeft);
        self.total_atoms = left.into();
        self.withdrawn_atoms = 0.into();
        self.unstaked_at = 0.into();
        self.weigh()
    }

    /// Takes out what has been released until `now` (Unix seconds), atoms.
    ///
    /// Errors: [`StakingError::NotUnstaking`], [`StakingError::NothingReleased`].
    pub fn withdraw(&mut self, now: i64) -> Result<u64> {
        require!(self.is_unstaking(), StakingError::NotUnstaking);
        let elapsed = now.saturating_sub(self.unstaked_at.get());
        let released = released(self.total_atoms.get(), elapsed, self.duration_seconds.get());
        // A slash lowers the total: what was withdrawn before may be more than has been released of the rest.
        let amount = released.saturating_sub(self.withdrawn_atoms.get());
        require!(amount > 0, StakingError::NothingReleased);
        self.withdrawn_atoms = released.into();
        Ok(amount)
    }

    /// Takes `asked_atoms` from the stake at `now` (Unix seconds), or what is left of it; returns how much.
    ///
    /// Errors: [`StakingError::ZeroAmount`], [`StakingError::NothingLeft`], [`StakingError::SlashCapExceeded`].
    pub fn slash(&mut self, asked_atoms: u64, now: i64, settings: &Settings) -> Result<u64> {
        require!(asked_atoms > 0, StakingError::ZeroAmount);
        let left = self.left();
        require!(left > 0, StakingError::NothingLeft);
        self.begin_slash_epoch(now, settings);
        let taken = asked_atoms.min(left);
        let allowance = self.slash_allowance_atoms.get().checked_sub(taken);
        self.slash_allowance_atoms = allowance.ok_or(StakingError::SlashCapExceeded)?.into();
        self.total_atoms = self.total_atoms.get().saturating_sub(taken).into();
        if !self.is_unstaking() {
            let weight = self.due_weight()?;
            self.lower(weight)?;
        }
        Ok(taken)
    }

    /// Sets the allowance anew, unless an epoch is running. An epoch that began after `now` (the clock went backwards)
    /// is running.
    fn begin_slash_epoch(&mut self, now: i64, settings: &Settings) {
        let started_at = self.slash_epoch_started_at.get();
        let ends_at = started_at.saturating_add(i64::from(settings.slash_epoch_seconds.get()));
        if started_at == 0 || now >= ends_at {
            self.slash_epoch_started_at = now.into();
            self.slash_allowance_atoms = slash_allowance(self.left(), settings.slash_cap_bps.get()).into();
        }
    }

    fn weigh(&mut self) -> Result<()> {
        self.weight = self.due_weight()?.into();
        Ok(())
    }

    fn lower(&mut self, weight: u64) -> Result<()> {
        self.weight = weight.into();
        self.low_weight = weight.into();
        // Wrapping: nobody looks away for four thousand million changes, and the count must never block an exit.
        self.decreases = self.decreases.get().wrapping_add(1).into();
        Ok(())
    }

    fn due_weight(&self) -> Result<u64> {
        let weight = weight_of(self.total_atoms.get(), self.duration_seconds.get());
        Ok(weight.ok_or(StakingError::StakeTooLarge)?)
    }
}
