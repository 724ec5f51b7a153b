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
    Vault::find(&crate::ID, account, mint.address(), mint.account(), mint.decimals(), token_program)
}

/// Checks that `account` has the address of the associated token account of `payee` for the vault's mint.
///
/// Error: [`GridError::WrongPayeeAccount`].
#[inline(never)]
pub fn require_associated(vault: &Vault, payee: &Address, account: &AccountView) -> Result<()> {
    let seeds = [payee.as_ref(), vault.token_program.as_ref(), vault.key.as_ref()];
    require_pda(&seeds, &AssociatedToken::id(), account.address())
        .map_err(|_| GridError::WrongPayeeAccount)?;
    Ok(())
}

/// Whether `account`, a payee's associated token account by its address, exists, is still the payee's and not frozen.
pub fn is_payable(vault: &Vault, payee: &Address, account: &AccountView) -> bool {
    if !account.owned_by(vault.token_program) {
        return false;
    }
    InterfaceAccount::<TokenAccount>::load(*account)
        .is_ok_and(|account| anchor_lang::address_eq(account.owner(), payee) && !account.is_frozen())
}

/// Checks that `account` is the associated token account of `payee` for the vault's mint, and still the payee's.
///
/// Error: [`GridError::WrongPayeeAccount`].
#[inline(never)]
pub fn require_payees_account(vault: &Vault, payee: &Address, account: &AccountView) -> Result<()> {
    require_associated(vault, payee, account)?;
    let owner = *InterfaceAccount::<TokenAccount>::load(*account)?.owner();
    require!(anchor_lang::address_eq(&owner, payee), GridError::WrongPayeeAccount);
    Ok(())
}
