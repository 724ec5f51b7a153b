//! `collect_fees`: pays all fees that a market is owed to the treasury's associated token account.
//!
//! Signs: nobody but the fee payer; anyone may call it.
//! Money: market.fees_owed → 0; vault → destination, the same.
//! It shall fail when: there are no fees; the mint is not the market's; the vault is not the mint's; the destination is
//! not the treasury's.

use crate::{
    errors::GridError,
    events::{self, FeesCollected},
    instructions::tokens::{require_payees_account, vault_of},
    state::{Config, MarketAccount},
};
use anchor_lang::prelude::*;
use grid_onchain::mint::{Mint, TokenInterface};

/// Accounts of `collect_fees`.
#[derive(Accounts)]
pub struct CollectFees {
    /// The market.
    #[account(mut)]
    pub market: MarketAccount,
    /// The config, which names the treasury.
    pub config: Account<Config>,
    /// The market's mint.
    #[account(address = market.mint @ GridError::WrongMint)]
    pub mint: InterfaceAccount<Mint>,
    /// The mint's vault, PDA `["vault", mint]`; its address is checked in the handler, its bytes by the token program.
    #[account(mut)]
    pub vault: UncheckedAccount,
    /// The treasury's associated token account; checked in the handler.
    #[account(mut)]
    pub destination: UncheckedAccount,
    /// The mint's token program: SPL Token or Token-2022.
    pub token_program: Interface<'static, TokenInterface>,
}

/// Handles `collect_fees`.
pub fn handle_collect_fees(ctx: &mut Context<CollectFees>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let amount_atoms = accounts.market.fees_owed_atoms.get();
    require!(amount_atoms > 0, GridError::NoFees);
    accounts.market.fees_owed_atoms = 0.into();
    let token_program = accounts.token_program.address();
    let vault = vault_of(&accounts.mint, accounts.vault.account(), token_program)?;
    require_payees_account(&vault, &accounts.config.treasury, accounts.destination.account())?;
    vault.pay_out(accounts.destination.account(), amount_atoms)?;
    events::log!(FeesCollected {
        market: *accounts.market.address(),
        destination: *accounts.destination.address(),
        amount_atoms: amount_atoms.into(),
    });
    Ok(())
}
