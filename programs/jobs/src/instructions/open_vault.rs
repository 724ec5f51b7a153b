//! `open_vault`: opens the vault of a mint; the vault's address is its own token authority.
//!
//! Signs: the payer of the rent, anyone.
//! It shall fail when: the vault exists already; the mint is neither one of SPL Token nor one of Token-2022 whose
//! extensions are all harmless.

use crate::{
    events::{self, VaultOpened},
    instructions::{
        mint::{require_plain_mint, Mint, TokenInterface},
        tokens::vault_bump,
    },
    state::VAULT_SEED,
};
use anchor_lang::prelude::*;
use anchor_spl::token::TokenAccount;
use pinocchio_token_2022::instructions::InitializeAccount3;

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
    let mint = *accounts.mint.address();
    let vault = *accounts.vault.account();
    let bump = vault_bump(&vault, &mint)?;
    create_account_signed(
        accounts.payer.account(),
        &vault,
        TokenAccount::LEN,
        accounts.token_program.address(),
        &[VAULT_SEED, mint.as_ref(), &[bump]],
    )?;
    InitializeAccount3 {
        account: &vault,
        mint: accounts.mint.account(),
        owner: vault.address(),
        token_program: accounts.token_program.address(),
    }
    .invoke()?;
    events::log!(VaultOpened { mint, vault: *vault.address() });
    Ok(())
}
