//! `claim_to_rewards`: pays what is due to the beneficiary, a reward pool, by its program's `add`.
//!
//! Signs: nobody but the fee payer; anyone may call it.
//! Money: emission.balance shrinks; vault → the reward pool's vault, the same.
//! It shall fail when: nothing is due; the beneficiary is a token account, or another pool; the mint or the vault is not
//! the emission's; the reward pool's vault is not its own.

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
use grid_rewards::bring::Bring;

/// Accounts of `claim_to_rewards`.
#[derive(Accounts)]
pub struct ClaimToRewards {
    /// The emission.
    #[account(mut)]
    pub emission: Account<Emission>,
    /// The emission's mint.
    #[account(address = emission.mint @ PoolsError::WrongMint)]
    pub mint: InterfaceAccount<Mint>,
    /// The emission's vault.
    #[account(mut, address = emission.vault @ PoolsError::WrongVault)]
    pub vault: UncheckedAccount,
    /// The reward pool that is paid.
    #[account(mut, address = emission.beneficiary @ PoolsError::WrongBeneficiary)]
    pub beneficiary: UncheckedAccount,
    /// The reward pool's vault; the rewards program checks it.
    #[account(mut)]
    pub rewards_vault: UncheckedAccount,
    /// The clock sysvar.
    #[account(address = CLOCK)]
    pub clock: UncheckedAccount,
    /// The rewards program.
    #[account(address = grid_rewards::ID)]
    pub rewards_program: UncheckedAccount,
    /// The mint's token program: SPL Token or Token-2022.
    pub token_program: Interface<'static, TokenInterface>,
}

/// Handles `claim_to_rewards`.
pub fn handle_claim_to_rewards(ctx: &mut Context<ClaimToRewards>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    require!(accounts.emission.pays_rewards == 1, PoolsError::BeneficiaryIsTokenAccount);
    let amount_atoms = accounts.emission.claim(unix_timestamp(&accounts.clock)?)?;
    let (account, token_program) = (accounts.vault.account(), accounts.token_program.address());
    let vault = accounts.emission.vault(accounts.emission.address(), account, &accounts.mint, token_program);
    let bring = Bring {
        source: account,
        pool: accounts.beneficiary.account(),
        mint: accounts.mint.account(),
        vault: accounts.rewards_vault.account(),
        token_program: accounts.token_program.account(),
    };
    vault.sign(|signer| bring.invoke_signed(amount_atoms, signer))?;
    events::log!(EmissionClaimed {
        emission: *accounts.emission.address(),
        beneficiary: accounts.emission.beneficiary,
        amount_atoms: amount_atoms.into(),
        balance_after_atoms: accounts.emission.balance_atoms,
    });
    Ok(())
}
