//! `withdraw`: pays out what has been released of a stake.
//!
//! Signs: the owner.
//! Money: vault → destination; stake.withdrawn grows by the same.
//! It shall fail when: the signer is not the owner; the stake is not unstaking; nothing more has been released; the mint
//! or the vault are others than the stake's; the destination is of another mint, or the vault itself.

use crate::{
    errors::StakingError,
    events::{self, StakeWithdrawn},
    state::Stake,
};
use anchor_lang::prelude::*;
use grid_onchain::{
    clock::{unix_timestamp, CLOCK},
    mint::TokenInterface,
};

/// Accounts of `withdraw`.
#[derive(Accounts)]
pub struct Withdraw {
    /// Owns the stake.
    #[account(address = stake.owner @ StakingError::NotStakeOwner)]
    pub owner: Signer,
    /// The stake.
    #[account(mut)]
    pub stake: Account<Stake>,
    /// The mint; the token program compares it with the vault's.
    pub mint: UncheckedAccount,
    /// The vault that holds the stake.
    #[account(mut, address = stake.vault @ StakingError::WrongVault)]
    pub vault: UncheckedAccount,
    /// Token account that is paid, the owner's choice; the token program checks it.
    #[account(mut)]
    pub destination: UncheckedAccount,
    /// The clock sysvar.
    #[account(address = CLOCK)]
    pub clock: UncheckedAccount,
    /// The mint's token program: SPL Token or Token-2022.
    pub token_program: Interface<'static, TokenInterface>,
}

/// Handles `withdraw`.
pub fn handle_withdraw(ctx: &mut Context<Withdraw>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let amount_atoms = accounts.stake.withdraw(unix_timestamp(&accounts.clock)?)?;
    let (vault, token_program) = (accounts.vault.account(), accounts.token_program.address());
    let vault = accounts.stake.vault(vault, accounts.mint.account(), token_program);
    vault.pay_out(accounts.destination.account(), amount_atoms)?;
    events::log!(StakeWithdrawn {
        stake: *accounts.stake.address(),
        destination: *accounts.destination.address(),
        amount_atoms: amount_atoms.into(),
        withdrawn_after_atoms: accounts.stake.withdrawn_atoms,
    });
    Ok(())
}
