//! An emission: tokens that are paid out at a rate.

use crate::{constants::LAYOUT_VERSION, errors::PoolsError};
use anchor_lang::prelude::*;
use anchor_spl::token_interface::TokenAccount;
use grid_onchain::{mint::Mint, vault::Vault};
use grid_rewards::Pool;

/// What an authority decides about an emission, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AnchorSerialize, AnchorDeserialize, IdlType)]
pub struct EmissionTerms {
    /// Rate, atoms per second.
    pub rate_per_second_atoms: u64,
    /// When it starts, Unix seconds.
    pub starts_at: i64,
    /// When it ends, Unix seconds; zero when it goes on until it is empty.
    pub ends_at: i64,
    /// Whether the authority may end it before.
    pub is_closeable: bool,
    /// May name another beneficiary; zero when nobody may.
    pub beneficiary_authority: Address,
}

/// An emission. Address: PDA `["emission", authority, id]` (`id` as 8 little-endian bytes).
#[account]
#[derive(Debug, PartialEq, Eq)]
pub struct Emission {
    /// Layout version.
    pub version: u8,
    /// Bump of the address.
    pub bump: u8,
    /// Bump of the vault's address.
    pub vault_bump: u8,
    /// 1 when the authority may end it before, else 0.
    pub is_closeable: u8,
    /// 1 when the beneficiary is a reward pool, 0 when it is a token account.
    pub pays_rewards: u8,
    /// Padding, zero.
    pub padding: [u8; 3],
    /// Chosen by the authority; tells its emissions apart.
    pub id: PodU64,
    /// Opened it, and may close it.
    pub authority: Address,
    /// Mint of all amounts.
    pub mint: Address,
    /// Token account that holds what is not paid: PDA `["vault", emission]`.
    pub vault: Address,
    /// Token account or reward pool that is paid.
    pub beneficiary: Address,
    /// May name another beneficiary; zero when nobody may.
    pub beneficiary_authority: Address,
    /// Rate, atoms per second.
    pub rate_per_second_atoms: PodU64,
    /// When it starts, Unix seconds.
    pub starts_at: PodI64,
    /// When it ends, Unix seconds; zero when it goes on until it is empty.
    pub ends_at: PodI64,
    /// Paid in and not paid out, atoms.
    pub balance_atoms: PodU64,
    /// Paid to beneficiaries, atoms.
    pub paid_atoms: PodU64,
    /// Zero, for fields of later versions.
    pub reserved: [u8; 32],
}

const _: () = assert!(core::mem::size_of::<Emission>() == 248);

impl Emission {
    /// First seed of the address.
    pub const SEED: &'static [u8] = b"emission";
    /// Bytes of the account.
    pub const SPACE: usize = 8 + core::mem::size_of::<Self>();

    /// Writes the terms over zeroed bytes. Errors: [`PoolsError::ZeroRate`], [`PoolsError::TimesOutOfRange`].
    pub fn open(&mut self, bump: u8, id: u64, authority: Address, terms: &EmissionTerms) -> Result<()> {
        require!(terms.rate_per_second_atoms > 0, PoolsError::ZeroRate);
        let is_endless = terms.ends_at == 0;
        require!(
            terms.starts_at > 0 && (is_endless || terms.ends_at > terms.starts_at),
            PoolsError::TimesOutOfRange
        );
        self.version = LAYOUT_VERSION;
        self.bump = bump;
        self.id = id.into();
        self.authority = authority;
        self.is_closeable = terms.is_closeable.into();
        self.beneficiary_authority = terms.beneficiary_authority;
        self.rate_per_second_atoms = terms.rate_per_second_atoms.into();
        self.starts_at = terms.starts_at.into();
        self.ends_at = terms.ends_at.into();
        Ok(())
    }

    /// Names who is paid: a token account of the mint, but not the vault, or a reward pool of the mint.
    ///
    /// Error: [`PoolsError::WrongBeneficiary`].
    #[inline(never)]
    pub fn set_beneficiary(&mut self, beneficiary: &AccountView) -> Result<()> {
        let pays_rewards = beneficiary.owned_by(&grid_rewards::ID);
        let mint = if pays_rewards {
            Account::<Pool>::load(*beneficiary).map(|pool| pool.reward_mint)
        } else {
            InterfaceAccount::<TokenAccount>::load(*beneficiary).map(|account| *account.mint())
        };
        let is_of_mint = mint.is_ok_and(|mint| anchor_lang::address_eq(&mint, &self.mint));
        let is_vault = anchor_lang::address_eq(beneficiary.address(), &self.vault);
        require!(is_of_mint && !is_vault, PoolsError::WrongBeneficiary);
        self.beneficiary = *beneficiary.address();
        self.pays_rewards = pays_rewards.into();
        Ok(())
    }

    /// The vault, in `account`, whose address has been checked; `key` is the emission's address.
    pub fn vault<'a>(
        &self,
        key: &'a Address,
        account: &'a AccountView,
        mint: &'a InterfaceAccount<Mint>,
        token_program: &'a Address,
    ) -> Vault<'a> {
        let (bump, decimals) = (self.vault_bump, mint.decimals());
        Vault { account, key, bump, mint: mint.account(), decimals, token_program }
    }

    /// Whether no more is emitted at `now` (Unix seconds).
    pub fn is_over(&self, now: i64) -> bool {
        !self.ends_at.is_zero() && now >= self.ends_at.get()
    }

    /// What may be claimed at `now` (Unix seconds), atoms: what has accrued and was not paid, as far as there is balance;
    /// after the end everything.
    pub fn due(&self, now: i64) -> u64 {
        let balance = self.balance_atoms.get();
        if self.is_over(now) {
            return balance;
        }
        let elapsed = now.saturating_sub(self.starts_at.get());
        let Ok(elapsed) = u64::try_from(elapsed) else {
            return 0;
        };
        let accrued = self.rate_per_second_atoms.get().saturating_mul(elapsed);
        accrued.saturating_sub(self.paid_atoms.get()).min(balance)
    }

    /// Adds to the balance at `now` (Unix seconds). Errors: [`PoolsError::EmissionOver`], [`PoolsError::Overflow`].
    pub fn fund(&mut self, amount_atoms: u64, now: i64) -> Result<()> {
        require!(!self.is_over(now), PoolsError::EmissionOver);
        let balance = self.balance_atoms.checked_add(amount_atoms).ok_or(PoolsError::Overflow)?;
        // What comes in must be payable: all that is ever paid fits as well.
        balance.checked_add(self.paid_atoms).ok_or(PoolsError::Overflow)?;
        self.balance_atoms = balance;
        Ok(())
    }

    /// Takes what is due at `now` (Unix seconds) out of the balance, atoms.
    ///
    /// Errors: [`PoolsError::NothingDue`], [`PoolsError::Overflow`].
    pub fn claim(&mut self, now: i64) -> Result<u64> {
        let due = self.due(now);
        require!(due > 0, PoolsError::NothingDue);
        self.balance_atoms = self.balance_atoms.checked_sub(due).ok_or(PoolsError::Overflow)?;
        self.paid_atoms = self.paid_atoms.checked_add(due).ok_or(PoolsError::Overflow)?;
        Ok(due)
    }

    /// Ends the emission at `now` (Unix seconds): what is due stays, the rest is returned, atoms.
    ///
    /// Error: [`PoolsError::NotCloseable`], unless it has paid everything anyway.
    pub fn stop(&mut self, now: i64) -> Result<u64> {
        let has_paid_everything = self.is_over(now) && self.balance_atoms.is_zero();
        require!(self.is_closeable != 0 || has_paid_everything, PoolsError::NotCloseable);
        let due = self.due(now);
        let rest = self.balance_atoms.get().saturating_sub(due);
        self.balance_atoms = due.into();
        if !self.is_over(now) {
            self.ends_at = now.into();
        }
        Ok(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;

    fn emission(rate: u64, starts_at: i64, ends_at: i64, balance: u64) -> Emission {
        let mut emission = Emission::zeroed();
        let terms = EmissionTerms {
            rate_per_second_atoms: rate,
            starts_at,
            ends_at,
            is_closeable: true,
            beneficiary_authority: Address::default(),
        };
        emission.open(255, 0, Address::default(), &terms).unwrap();
        emission.balance_atoms = balance.into();
        emission
    }

    #[test]
    fn accrues_by_the_second_from_the_start() {
        let e = emission(10, 1_000, 2_000, 50_000);
        assert_eq!([i64::MIN, 0, 999, 1_000, 1_001, 1_999].map(|now| e.due(now)), [0, 0, 0, 0, 10, 9_990]);
    }

    #[test]
    fn everything_is_due_at_the_end() {
        let e = emission(10, 1_000, 2_000, 50_000);
        assert_eq!([2_000, 2_001, i64::MAX].map(|now| e.due(now)), [50_000; 3]);
    }

    #[test]
    fn what_was_paid_is_not_due_again_and_what_is_missing_is_due_when_it_comes() {
        let mut e = emission(10, 1_000, 0, 25);
        assert_eq!(e.claim(1_010).unwrap(), 25);
        assert_eq!(e.claim(1_010), Err(PoolsError::NothingDue.into()));
        e.fund(1_000, 1_010).unwrap();
        assert_eq!(e.due(1_010), 75);
    }

    #[test]
    fn the_highest_rate_does_not_wrap() {
        let e = emission(u64::MAX, 1, 0, u64::MAX);
        assert_eq!([1, 2, i64::MAX].map(|now| e.due(now)), [0, u64::MAX, u64::MAX]);
    }

    #[test]
    fn a_stop_returns_what_is_not_due() {
        let mut e = emission(10, 1_000, 0, 500);
        assert_eq!(e.stop(1_020).unwrap(), 300);
        assert_eq!((e.due(1_020), e.balance_atoms.get(), e.ends_at.get()), (200, 200, 1_020));
        assert_eq!(e.stop(1_030).unwrap(), 0);
        assert_eq!((e.claim(1_030).unwrap(), e.due(1_030)), (200, 0));
    }

    #[test]
    fn one_that_is_not_closeable_ends_when_everything_is_paid() {
        let mut e = emission(10, 1_000, 1_010, 500);
        e.is_closeable = 0;
        assert_eq!(e.stop(1_010), Err(PoolsError::NotCloseable.into()));
        e.claim(1_010).unwrap();
        assert_eq!(e.stop(1_009), Err(PoolsError::NotCloseable.into()));
        assert_eq!(e.stop(1_010).unwrap(), 0);
    }

    #[test]
    fn times_and_rates_out_of_range_are_refused() {
        let mut e = Emission::zeroed();
        for (rate, starts_at, ends_at, error) in [
            (0, 1, 0, PoolsError::ZeroRate),
            (1, 0, 0, PoolsError::TimesOutOfRange),
            (1, -1, 0, PoolsError::TimesOutOfRange),
            (1, 5, 5, PoolsError::TimesOutOfRange),
            (1, 5, -1, PoolsError::TimesOutOfRange),
        ] {
            let terms = EmissionTerms {
                rate_per_second_atoms: rate,
                starts_at,
                ends_at,
                is_closeable: false,
                beneficiary_authority: Address::default(),
            };
            assert_eq!(e.open(255, 0, Address::default(), &terms), Err(error.into()));
        }
    }
}
