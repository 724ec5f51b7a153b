//! `open_pool`: opens the pool in which the stakes of one mint earn rewards of another, or of the same.
//!
//! Signs: the payer of the rent, anyone: there is one pool for each two mints, and nobody decides over it.
//! It shall fail when: the pool exists already; the stake mint is not stakeable; the reward mint is refused.

use crate::{
    constants::LAYOUT_VERSION,
    errors::RewardsError,
    events::{self, PoolOpened},
    state::Pool,
};
use anchor_lang::prelude::*;
use grid_onchain::{
    mint::{objection_to, Mint, TokenInterface},
    vault::Vault,
};
use grid_staking::Settings;

/// Accounts of `open_pool`.
#[derive(Accounts)]
pub struct OpenPool {
    /// Pays the rent.
    #[account(mut)]
    pub payer: Signer,
    /// The settings of the stakes' mint.
    pub settings: Account<Settings>,
    /// The mint of the rewards.
    pub mint: InterfaceAccount<Mint>,
    /// The pool.
    #[account(
        init,
        payer = payer,
        space = Pool::SPACE,
        seeds = [b"pool", settings.mint.as_ref(), mint.address().as_ref()],
        bump
    )]
    pub pool: Account<Pool>,
    /// The vault, PDA `["vault", pool]`; created here, so that nothing but its address is to be checked, in the handler.
    #[account(mut)]
    pub vault: UncheckedAccount,
    /// The mint's token program: SPL Token or Token-2022.
    pub token_program: Interface<'static, TokenInterface>,
    /// The system program.
    pub system_program: Program<System>,
}

/// Handles `open_pool`.
pub fn handle_open_pool(ctx: &mut Context<OpenPool>) -> Result<()> {
    let bump = ctx.bumps.pool;
    let accounts = &mut ctx.accounts;
    require!(objection_to(accounts.mint.account())?.is_none(), RewardsError::MintRefused);
    let address = *accounts.pool.address();
    let (mint_account, decimals) = (accounts.mint.account(), accounts.mint.decimals());
    let token_program = accounts.token_program.address();
    let vault =
        Vault::find(&crate::ID, accounts.vault.account(), &address, mint_account, decimals, token_program)?;
    vault.open(accounts.payer.account())?;

    let pool = &mut accounts.pool;
    pool.version = LAYOUT_VERSION;
    pool.bump = bump;
    pool.vault_bump = vault.bump;
    pool.stake_mint = accounts.settings.mint;
    pool.reward_mint = *accounts.mint.address();
    pool.vault = *vault.account.address();
    events::log!(PoolOpened {
        pool: address,
        stake_mint: pool.stake_mint,
        reward_mint: pool.reward_mint,
        vault: pool.vault,
    });
    Ok(())
}
