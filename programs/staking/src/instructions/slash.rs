//! `slash`: takes tokens from a stake, whether it is staked or unstaking.
//!
//! Signs: the slasher. The reason and the hash of the evidence stand in the event.
//! Money: vault → the settings' slash destination; stake.total shrinks by the same.
//! It shall fail when: the signer is not the slasher; the amount is zero; the stake has nothing left; more would be taken
//! than the cap of the epoch allows; the settings, the mint, the vault or the destination are others.

use crate::{
    errors::StakingError,
    events::{self, Slashed},
    state::{Settings, SlashReason, Stake},
};
use anchor_lang::prelude::*;
use grid_onchain::{
    clock::{unix_timestamp, CLOCK},
    mint::TokenInterface,
};

/// Accounts of `slash`.
#[derive(Accounts)]
pub struct Slash {
    /// The settings' slasher.
    #[account(address = settings.slasher @ StakingError::NotSlasher)]
    pub slasher: Signer,
    /// The mint's settings.
    #[account(constraint = anchor_lang::address_eq(&settings.mint, &stake.mint) @ StakingError::WrongMint)]
    pub settings: Account<Settings>,
    /// The stake.
    #[account(mut)]
    pub stake: Account<Stake>,
    /// The mint; the token program compares it with the vault's.
    pub mint: UncheckedAccount,
    /// The vault that holds the stake.
    #[account(mut, address = stake.vault @ StakingError::WrongVault)]
    pub vault: UncheckedAccount,
    /// The settings' slash destination.
    #[account(mut, address = settings.slash_destination @ StakingError::WrongSlashDestination)]
    pub destination: UncheckedAccount,
    /// The clock sysvar.
    #[account(address = CLOCK)]
    pub clock: UncheckedAccount,
    /// The mint's token program: SPL Token or Token-2022.
    pub token_program: Interface<'static, TokenInterface>,
}

/// Handles `slash`.
pub fn handle_slash(
    ctx: &mut Context<Slash>,
    amount_atoms: u64,
    reason: SlashReason,
    evidence: &[u8; 32],
) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let now = unix_timestamp(&accounts.clock)?;
    let taken = accounts.stake.slash(amount_atoms, now, &accounts.settings)?;
    let (vault, token_program) = (accounts.vault.account(), accounts.token_program.address());
    let vault = accounts.stake.vault(vault, accounts.mint.account(), token_program);
    vault.pay_out(accounts.destination.account(), taken)?;
    events::log!(Slashed {
        stake: *accounts.stake.address(),
        evidence: *evidence,
        amount_atoms: taken.into(),
        total_after_atoms: accounts.stake.total_atoms,
        weight_after: accounts.stake.weight,
        reason: reason as u8,
    });
    Ok(())
}
