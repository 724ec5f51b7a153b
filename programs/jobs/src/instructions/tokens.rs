//! Tokens in and out of a vault, by CPI to the SPL Token program, which checks the accounts' mint, owner and state.

use crate::{errors::GridError, instructions::pda::require_pda, state::VAULT_SEED};
use anchor_lang::{
    cpi::{CpiSeed, CpiSigner},
    prelude::*,
    programs::AssociatedToken,
};
use anchor_spl::token::{Mint, TokenAccount};
use pinocchio_token::instructions::TransferChecked;

/// Moves tokens from an account of `authority`, a signer of the transaction, into the vault.
#[inline(never)]
pub fn pay_in(
    mint: &Account<Mint>,
    source: &AccountView,
    vault: &AccountView,
    authority: &AccountView,
    amount_atoms: u64,
) -> Result<()> {
    vault_bump(vault, mint.address())?;
    TransferChecked::new(source, mint.account(), vault, authority, amount_atoms, mint.decimals()).invoke()
}

/// Moves tokens out of the vault; only the vault's own address signs.
#[inline(never)]
pub fn pay_out(
    mint: &Account<Mint>,
    vault: &AccountView,
    destination: &AccountView,
    amount_atoms: u64,
) -> Result<()> {
    let bump = [vault_bump(vault, mint.address())?];
    let seeds = [CpiSeed::from(VAULT_SEED), CpiSeed::from(mint.address().as_array()), CpiSeed::from(&bump)];
    TransferChecked::new(vault, mint.account(), destination, vault, amount_atoms, mint.decimals())
        .invoke_signed(&[CpiSigner::from(&seeds)])
}

/// Checks that `vault` is the vault of `mint`, and finds its bump. Error: `InvalidSeeds`.
pub fn vault_bump(vault: &AccountView, mint: &Address) -> Result<u8> {
    require_pda(&[VAULT_SEED, mint.as_ref()], &crate::ID, vault.address())
}

/// Checks that `account` is the associated token account of `payee` for `mint`, and still the payee's.
///
/// Error: [`GridError::WrongPayeeAccount`].
#[inline(never)]
pub fn require_payee_account(account: &AccountView, payee: &Address, mint: &Address) -> Result<()> {
    let token_program = Token::id();
    let seeds = [payee.as_ref(), token_program.as_ref(), mint.as_ref()];
    require_pda(&seeds, &AssociatedToken::id(), account.address())
        .map_err(|_| GridError::WrongPayeeAccount)?;
    let account = Account::<TokenAccount>::load(*account)?;
    require!(anchor_lang::address_eq(account.owner(), payee), GridError::WrongPayeeAccount);
    Ok(())
}
