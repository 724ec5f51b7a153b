//! `open_vault`: opens the vault of a mint; the vault's address is its own token authority.
//!
//! Signs: the payer of the rent, anyone.
//! It shall fail when: the vault exists already; the mint is neither one of SPL Token nor one of Token-2022 whose
//! extensions are all harmless.

use crate::{
    events::{self, VaultOpened},
    instructions::{mint::require_plain_mint, tokens::vault_of},
};
use anchor_lang::prelude::*;
use grid_onchain::mint::{Mint, TokenInterface};

/// Accounts of `open_vault`.
#[derive(Accounts)]
pub struct OpenVault {
    /// Pays the rent.
    #[account(mut)]
    pub payer: Signer,
    /// The mint.
    pub mint: InterfaceAccount<Mint>,
    /// The vault, PDA `["vault", mint]`; created here, so that nothing but its address is to be checked, in the handler.
    #[account(mut)]
    pub vault: UncheckedAccount,
    /// The mint's token program: SPL Token or Token-2022.
    pub token_program: Interface<'static, TokenInterface>,
    /// The system program.
    pub system_program: Program<System>,
}

/// Handles `open_vault`.
pub fn handle_open_vault(ctx: &mut Context<OpenVault>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    require_plain_mint(accounts.mint.account())?;
    let vault = vault_of(&accounts.mint, accounts.vault.account(), accounts.token_program.address())?;
    vault.open(accounts.payer.account())?;
    events::log!(VaultOpened { mint: *accounts.mint.address(), vault: *accounts.vault.address() });
    Ok(())
}
