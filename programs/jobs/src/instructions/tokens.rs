//! The vault of a mint, and whom it may pay.

use crate::errors::GridError;
use anchor_lang::{prelude::*, programs::AssociatedToken};
use anchor_spl::token_interface::TokenAccount;
use grid_onchain::{mint::Mint, pda::require_pda, vault::Vault};

/// The vault of `mint`, which `account` must be. Error: `InvalidSeeds`.
pub fn vault_of<'a>(
    mint: &'a InterfaceAccount<Mint>,
    account: &'a AccountView,
    token_program: &'a Address,
) -> Result<Vault<'a>> {
    Vault::find(&crate::ID, account, mint.address(), mint, token_program)
}

/// Checks that `account` is the associated token account of `payee` for the vault's mint, and still the payee's.
///
/// Error: [`GridError::WrongPayeeAccount`].
#[inline(never)]
pub fn require_payees_account(vault: &Vault, payee: &Address, account: &AccountView) -> Result<()> {
    let seeds = [payee.as_ref(), vault.token_program.as_ref(), vault.key.as_ref()];
    require_pda(&seeds, &AssociatedToken::id(), account.address())
        .map_err(|_| GridError::WrongPayeeAccount)?;
    let owner = *InterfaceAccount::<TokenAccount>::load(*account)?.owner();
    require!(anchor_lang::address_eq(&owner, payee), GridError::WrongPayeeAccount);
    Ok(())
}
