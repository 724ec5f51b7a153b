//! `claim`: pays what is due to the beneficiary's token account.
//!
//! Signs: nobody but the fee payer; anyone may call it.
//! Money: emission.balance shrinks; vault → beneficiary, the same.
//! It shall fail when: nothing is due; the beneficiary is a reward pool, or another account; the mint or the vault is not
//! the emission's.

use crate::{
    errors::PoolsError,
    events::{self, EmissionClaimed},
    state::Emission,
};
use anchor_lang::prelude::*;
use grid_onchain::{
    clock::{unix_timestamp, CLOCK},
    mint::{Mint, TokenInterface},
};

/// Accounts of `claim`.
#[derive(Accounts)]
pub struct Claim {
    /// The emission.
    #[account(mut)]
    pub emission: Account<Emission>,
    /// The emission's mint.
    #[account(address = emission.mint @ PoolsError::WrongMint)]
    pub mint: InterfaceAccount<Mint>,
    /// The emission's vault.
    #[account(mut, address = emission.vault @ PoolsError::WrongVault)]
    pub vault: UncheckedAccount,
    /// The token account that is paid.
    #[account(mut, address = emission.beneficiary @ PoolsError::WrongBeneficiary)]
    pub beneficiary: UncheckedAccount,
    /// The clock sysvar.
    #[account(address = CLOCK)]
    pub clock: UncheckedAccount,
    /// The mint's token program: SPL Token or Token-2022.
    pub token_program: Interface<'static, TokenInterface>,
}

/// Handles `claim`.
pub fn handle_claim(ctx: &mut Context<Claim>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    require!(accounts.emission.pays_rewards == 0, PoolsError::BeneficiaryIsRewardPool);
    let amount_atoms = accounts.emission.claim(unix_timestamp(&accounts.clock)?)?;
    let (vault, token_program) = (accounts.vault.account(), accounts.token_program.address());
    let vault = accounts.emission.vault(accounts.emission.address(), vault, &accounts.mint, token_program);
    vault.pay_out(accounts.beneficiary.account(), amount_atoms)?;
    events::log!(EmissionClaimed {
        emission: *accounts.emission.address(),
        beneficiary: accounts.emission.beneficiary,
        amount_atoms: amount_atoms.into(),
        balance_after_atoms: accounts.emission.balance_atoms,
    });
    Ok(())
}
