//! Tokens in and out of a vault, by CPI to the SPL Token program.

use crate::{errors::GridError, state::VAULT_SEED};
use anchor_lang::prelude::*;
use anchor_spl::{
    associated_token::get_associated_token_address,
    token::{transfer_checked, Mint, TokenAccount, TransferChecked},
};

/// Moves tokens from an account of `authority`, a signer of the transaction, into the vault.
pub fn pay_in(
    token_program: &Program<Token>,
    mint: &Account<Mint>,
    source: &mut Account<TokenAccount>,
    vault: &mut Account<TokenAccount>,
    authority: &Signer,
    amount_atoms: u64,
) -> Result<()> {
    let accounts = TransferChecked {
        from: source.cpi_handle_mut(),
        mint: mint.cpi_handle(),
        to: vault.cpi_handle_mut(),
        authority: authority.cpi_handle(),
    };
    transfer_checked(
        CpiContext::new(token_program.address(), accounts),
        amount_atoms,
        mint.decimals(),
    )
}

/// Moves tokens out of the vault; only the vault's own address signs.
pub fn pay_out(
    token_program: &Program<Token>,
    mint: &Account<Mint>,
    vault: &mut Account<TokenAccount>,
    vault_bump: u8,
    destination: &mut Account<TokenAccount>,
    amount_atoms: u64,
) -> Result<()> {
    let authority = *vault.account();
    let accounts = TransferChecked {
        from: vault.cpi_handle_mut(),
        mint: mint.cpi_handle(),
        to: destination.cpi_handle_mut(),
        authority: CpiHandle::readonly(&authority),
    };
    let seeds: &[&[u8]] = &[VAULT_SEED, mint.address().as_ref(), &[vault_bump]];
    transfer_checked(
        CpiContext::new_with_signer(token_program.address(), accounts, &[seeds]),
        amount_atoms,
        mint.decimals(),
    )
}

/// Checks that `account` is the associated token account of `payee` for `mint`, and still the payee's.
///
/// Error: [`GridError::WrongPayeeAccount`].
pub fn require_payee_account(account: &Account<TokenAccount>, payee: &Address, mint: &Address) -> Result<()> {
    let is_associated =
        anchor_lang::address_eq(account.address(), &get_associated_token_address(payee, mint));
    require!(
        is_associated && anchor_lang::address_eq(account.owner(), payee),
        GridError::WrongPayeeAccount
    );
    Ok(())
}
