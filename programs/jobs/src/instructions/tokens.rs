//! Tokens in and out of a vault, by CPI to the mint's token program, which checks the accounts' mint, owner and state.

use crate::{
    errors::GridError,
    instructions::{mint::Mint, pda::require_pda},
    state::VAULT_SEED,
};
use anchor_lang::{
    cpi::{CpiSeed, CpiSigner},
    prelude::*,
    programs::AssociatedToken,
};
use anchor_spl::token_interface::TokenAccount;
use pinocchio_token_2022::instructions::TransferChecked;

/// A mint, its vault and its token program.
pub struct Tokens<'a> {
    /// The mint.
    pub mint: &'a InterfaceAccount<Mint>,
    /// The account that is to be its vault.
    pub vault: &'a AccountView,
    /// The program that is to own both: SPL Token or Token-2022.
    pub program: &'a Address,
}

impl Tokens<'_> {
    /// Moves tokens from an account of `authority`, a signer of the transaction, into the vault.
    #[inline(never)]
    pub fn pay_in(&self, source: &AccountView, authority: &AccountView, amount_atoms: u64) -> Result<()> {
        vault_bump(self.vault, self.mint.address())?;
        self.transfer(source, self.vault, authority, amount_atoms).invoke()
    }

    /// Moves tokens out of the vault; only the vault's own address signs.
    #[inline(never)]
    pub fn pay_out(&self, destination: &AccountView, amount_atoms: u64) -> Result<()> {
        let bump = [vault_bump(self.vault, self.mint.address())?];
        let seeds =
            [CpiSeed::from(VAULT_SEED), CpiSeed::from(self.mint.address().as_array()), CpiSeed::from(&bump)];
        self.transfer(self.vault, destination, self.vault, amount_atoms)
            .invoke_signed(&[CpiSigner::from(&seeds)])
    }

    fn transfer<'b>(
        &'b self,
        from: &'b AccountView,
        to: &'b AccountView,
        authority: &'b AccountView,
        amount: u64,
    ) -> TransferChecked<'b, 'b> {
        let (mint, decimals) = (self.mint.account(), self.mint.decimals());
        TransferChecked { from, mint, to, authority, amount, decimals, token_program: self.program }
    }

    /// Pays out to `account`, which must be the associated token account of `payee`, and still the payee's.
    ///
    /// Error: [`GridError::WrongPayeeAccount`].
    #[inline(never)]
    pub fn pay_out_to(&self, payee: &Address, account: &AccountView, amount_atoms: u64) -> Result<()> {
        let seeds = [payee.as_ref(), self.program.as_ref(), self.mint.address().as_ref()];
        require_pda(&seeds, &AssociatedToken::id(), account.address())
            .map_err(|_| GridError::WrongPayeeAccount)?;
        let owner = *InterfaceAccount::<TokenAccount>::load(*account)?.owner();
        require!(anchor_lang::address_eq(&owner, payee), GridError::WrongPayeeAccount);
        self.pay_out(account, amount_atoms)
    }
}

/// Checks that `vault` is the vault of `mint`, and finds its bump. Error: `InvalidSeeds`.
pub fn vault_bump(vault: &AccountView, mint: &Address) -> Result<u8> {
    require_pda(&[VAULT_SEED, mint.as_ref()], &crate::ID, vault.address())
}
