//! Vaults: token accounts that are their own authority. Tokens move by CPI to the mint's token program, which checks the
//! accounts' mint, owner and state.

use crate::pda::require_pda;
use anchor_lang::{
    cpi::{CpiSeed, CpiSigner},
    prelude::*,
};
use anchor_spl::token::TokenAccount;
use pinocchio_token_2022::instructions::{BurnChecked, CloseAccount, InitializeAccount3, TransferChecked};

/// First seed of a vault. The second is an address: of the mint, or of the account whose tokens it holds.
pub const VAULT_SEED: &[u8] = b"vault";

/// A vault, PDA `["vault", key]` of the running program, whose address has been checked.
pub struct Vault<'a> {
    /// The token account.
    pub account: &'a AccountView,
    /// Second seed of its address.
    pub key: &'a Address,
    /// Bump of its address.
    pub bump: u8,
    /// Its mint; the token program checks it.
    pub mint: &'a AccountView,
    /// The mint's decimals.
    pub decimals: u8,
    /// The program that owns both: SPL Token or Token-2022.
    pub token_program: &'a Address,
}

impl<'a> Vault<'a> {
    /// Checks that `account` is the vault of `key` under `program`, and finds its bump. Error: `InvalidSeeds`.
    #[inline(never)]
    pub fn find(
        program: &Address,
        account: &'a AccountView,
        key: &'a Address,
        mint: &'a AccountView,
        decimals: u8,
        token_program: &'a Address,
    ) -> Result<Self> {
        let bump = require_pda(&[VAULT_SEED, key.as_ref()], program, account.address())?;
        Ok(Self { account, key, bump, mint, decimals, token_program })
    }

    /// Creates the token account; `payer` pays the rent.
    #[inline(never)]
    pub fn open(&self, payer: &AccountView) -> Result<()> {
        let seeds = [VAULT_SEED, self.key.as_ref(), &[self.bump]];
        create_account_signed(payer, self.account, TokenAccount::LEN, self.token_program, &seeds)?;
        InitializeAccount3 {
            account: self.account,
            mint: self.mint,
            owner: self.account.address(),
            token_program: self.token_program,
        }
        .invoke()
    }

    /// Moves tokens from an account of `authority`, a signer of the transaction, into the vault.
    #[inline(never)]
    pub fn pay_in(&self, source: &AccountView, authority: &AccountView, amount_atoms: u64) -> Result<()> {
        self.transfer(source, self.account, authority, amount_atoms).invoke()
    }

    /// Moves tokens out of the vault; only the vault's own address signs.
    #[inline(never)]
    pub fn pay_out(&self, destination: &AccountView, amount_atoms: u64) -> Result<()> {
        self.sign(|signer| {
            self.transfer(self.account, destination, self.account, amount_atoms).invoke_signed(signer)
        })
    }

    /// Burns tokens of the vault; the mint must be writable, and not read by the caller.
    #[inline(never)]
    pub fn burn(&self, amount_atoms: u64) -> Result<()> {
        let burn = BurnChecked {
            account: self.account,
            mint: self.mint,
            authority: self.account,
            amount: amount_atoms,
            decimals: self.decimals,
            token_program: self.token_program,
        };
        self.sign(|signer| burn.invoke_signed(signer))
    }

    /// Closes the token account, which must be empty; `destination` gets the rent.
    #[inline(never)]
    pub fn close(&self, destination: &AccountView) -> Result<()> {
        let close = CloseAccount {
            account: self.account,
            destination,
            authority: self.account,
            token_program: self.token_program,
        };
        self.sign(|signer| close.invoke_signed(signer))
    }

    /// Runs a CPI that the vault's address signs.
    pub fn sign(&self, invoke: impl FnOnce(&[CpiSigner]) -> ProgramResult) -> Result<()> {
        let bump = [self.bump];
        let seeds = [CpiSeed::from(VAULT_SEED), CpiSeed::from(self.key.as_array()), CpiSeed::from(&bump)];
        invoke(&[CpiSigner::from(&seeds)])
    }

    fn transfer<'b>(
        &'b self,
        from: &'b AccountView,
        to: &'b AccountView,
        authority: &'b AccountView,
        amount: u64,
    ) -> TransferChecked<'b, 'b> {
        let (mint, decimals, token_program) = (self.mint, self.decimals, self.token_program);
        TransferChecked { from, mint, to, authority, amount, decimals, token_program }
    }
}
