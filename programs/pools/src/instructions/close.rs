//! `close`: ends an emission. What is not due goes to the authority at once; when nothing is due, the accounts are closed.
//!
//! Signs: the authority, who gets the rent.
//! Money: emission.balance less what is due: vault → destination, the same. With the accounts, also what strangers sent to
//! the vault. What is due stays for the beneficiary: claim it, and close again.
//! It shall fail when: the signer is not the authority; the emission is not closeable, unless it is over and has paid
//! everything; the mint or the vault is not the emission's; the destination is of another mint, or the vault itself.

use crate::{
    errors::PoolsError,
    events::{self, EmissionClosed, EmissionStopped},
    state::Emission,
};
use anchor_lang::{prelude::*, AccountClose};
use anchor_spl::token_interface::TokenAccount;
use grid_onchain::mint::{Mint, TokenInterface};

/// Accounts of `close`.
#[derive(Accounts)]
pub struct Close {
    /// The emission's authority; gets the rent.
    #[account(mut, address = emission.authority @ PoolsError::NotAuthority)]
    pub authority: Signer,
    /// The emission.
    #[account(mut)]
    pub emission: Account<Emission>,
    /// The emission's mint.
    #[account(address = emission.mint @ PoolsError::WrongMint)]
    pub mint: InterfaceAccount<Mint>,
    /// The emission's vault.
    #[account(mut, address = emission.vault @ PoolsError::WrongVault)]
    pub vault: UncheckedAccount,
    /// Token account that gets the rest, the authority's choice; the token program checks it.
    #[account(mut)]
    pub destination: UncheckedAccount,
    /// The mint's token program: SPL Token or Token-2022.
    pub token_program: Interface<'static, TokenInterface>,
}

/// Handles `close`.
pub fn handle_close(ctx: &mut Context<Close>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let rest = accounts.emission.stop(Clock::get()?.unix_timestamp)?;
    let due_atoms = accounts.emission.balance_atoms;
    let address = *accounts.emission.address();
    let (vault, token_program) = (accounts.vault.account(), accounts.token_program.address());
    let vault = accounts.emission.vault(&address, vault, &accounts.mint, token_program);
    if !due_atoms.is_zero() {
        if rest > 0 {
            vault.pay_out(accounts.destination.account(), rest)?;
        }
        events::log!(EmissionStopped {
            emission: address,
            destination: *accounts.destination.address(),
            returned_atoms: rest.into(),
            due_atoms,
        });
        return Ok(());
    }
    // The one place that looks at what a vault holds: an account with tokens can't be closed.
    let held = InterfaceAccount::<TokenAccount>::load(*vault.account)?.amount();
    if held > 0 {
        vault.pay_out(accounts.destination.account(), held)?;
    }
    vault.close(accounts.authority.account())?;
    accounts.emission.close(*accounts.authority.account())?;
    events::log!(EmissionClosed {
        emission: address,
        destination: *accounts.destination.address(),
        returned_atoms: held.into(),
    });
    Ok(())
}
