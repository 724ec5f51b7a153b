//! `update_settings`: sets what may be slashed within an epoch, and where it goes.
//!
//! Signs: the authority. A stake's running epoch keeps its allowance.
//! It shall fail when: the signer is not the authority; the destination is not a token account of the mint, or is the
//! vault; the cap or the epoch is out of range.

use crate::{
    errors::StakingError,
    events::{self, SettingsUpdated},
    state::Settings,
};
use anchor_lang::prelude::*;
use anchor_spl::token_interface::TokenAccount;

/// Accounts of `update_settings`.
#[derive(Accounts)]
pub struct UpdateSettings {
    /// The settings' authority.
    #[account(address = settings.authority @ StakingError::NotAuthority)]
    pub authority: Signer,
    /// The settings.
    #[account(mut)]
    pub settings: Account<Settings>,
    /// Token account that slashed tokens go to.
    #[account(
        constraint = anchor_lang::address_eq(slash_destination.mint(), &settings.mint)
            && !anchor_lang::address_eq(slash_destination.address(), &settings.vault)
            @ StakingError::WrongSlashDestination
    )]
    pub slash_destination: InterfaceAccount<TokenAccount>,
}

/// Handles `update_settings`.
pub fn handle_update_settings(
    ctx: &mut Context<UpdateSettings>,
    slash_cap_bps: u16,
    slash_epoch_seconds: u32,
) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let destination = *accounts.slash_destination.address();
    accounts.settings.set_slashing(slash_cap_bps, slash_epoch_seconds, destination)?;
    events::log!(SettingsUpdated {
        mint: accounts.settings.mint,
        slash_destination: destination,
        slash_epoch_seconds: accounts.settings.slash_epoch_seconds,
        slash_cap_bps: accounts.settings.slash_cap_bps,
    });
    Ok(())
}
