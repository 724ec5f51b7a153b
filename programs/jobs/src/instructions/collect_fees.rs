//! `collect_fees`: pays out all fees of a market: the stakers' share to the reward pool in which the configured stakes earn
//! the market's mint, by the rewards program's `add`; a share is burnt; the rest goes to the treasury's associated token
//! account.
//!
//! Signs: nobody but the fee payer; anyone may call it.
//! Money: market.fees_owed and market.treasury_owed → 0; vault → the pool's vault, nobody and the treasury, the same.
//! Where there is no reward pool, its share goes to the treasury. A treasury whose account can't be paid holds up nobody:
//! its share stays in market.treasury_owed for the next time.
//! It shall fail when: there are no fees, or nothing but the treasury's that still can't be paid; the mint is not the
//! market's; the vault is not the mint's; the reward pool is not at the pool's address; the destination is not at the
//! treasury's.

use crate::{
    errors::GridError,
    events::{self, FeesCollected},
    instructions::tokens::{is_payable, require_associated},
    math::{add, share_fees},
    state::{Config, MarketAccount},
};
use anchor_lang::prelude::*;
use grid_onchain::{
    mint::{Mint, TokenInterface},
    pda::require_pda,
    vault::Vault,
};
use grid_rewards::{bring::Bring, Pool};

/// Accounts of `collect_fees`.
#[derive(Accounts)]
pub struct CollectFees {
    /// The market.
    #[account(mut)]
    pub market: MarketAccount,
    /// The config, which names the treasury and the mint of the stakes.
    pub config: Account<Config>,
    /// The market's mint; read in the handler, because burning writes it.
    #[account(mut, address = market.mint @ GridError::WrongMint)]
    pub mint: UncheckedAccount,
    /// The mint's vault, PDA `["vault", mint]`; its address is checked in the handler, its bytes by the token program.
    #[account(mut)]
    pub vault: UncheckedAccount,
    /// The reward pool, or the address at which it would be: PDA `["pool", config.stake_mint, mint]` of the rewards
    /// program; checked in the handler.
    #[account(mut)]
    pub reward_pool: UncheckedAccount,
    /// The reward pool's vault; the rewards program checks it.
    #[account(mut)]
    pub reward_vault: UncheckedAccount,
    /// The treasury's associated token account; checked in the handler.
    #[account(mut)]
    pub destination: UncheckedAccount,
    /// The rewards program.
    #[account(address = grid_rewards::ID)]
    pub rewards_program: UncheckedAccount,
    /// The mint's token program: SPL Token or Token-2022.
    pub token_program: Interface<'static, TokenInterface>,
}

/// Handles `collect_fees`.
pub fn handle_collect_fees(ctx: &mut Context<CollectFees>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let (config, market, mint) = (&accounts.config, &mut accounts.market, *accounts.mint.address());
    require!(!market.fees_owed_atoms.is_zero() || !market.treasury_owed_atoms.is_zero(), GridError::NoFees);
    let decimals = InterfaceAccount::<Mint>::load(*accounts.mint.account())?.decimals();
    let (account, token_program) = (accounts.vault.account(), accounts.token_program.address());
    let vault = Vault::find(&crate::ID, account, &mint, accounts.mint.account(), decimals, token_program)?;
    let (pool, destination) = (accounts.reward_pool.account(), accounts.destination.account());
    require_pda(&[Pool::SEED, config.stake_mint.as_ref(), mint.as_ref()], &grid_rewards::ID, pool.address())
        .map_err(|_| GridError::WrongRewardPool)?;
    require_associated(&vault, &config.treasury, destination)?;

    let stakers_bps = if pool.owned_by(&grid_rewards::ID) { market.stakers_bps.get() } else { 0 };
    let shares = share_fees(market.fees_owed_atoms.get(), stakers_bps, market.burn_bps.get());
    let shares = shares.ok_or(GridError::Overflow)?;
    let owed = add(market.treasury_owed_atoms, shares.treasury_atoms)?;
    let to_treasury = if is_payable(&vault, &config.treasury, destination) { owed.get() } else { 0 };
    require!(!market.fees_owed_atoms.is_zero() || to_treasury > 0, GridError::TreasuryNotPayable);
    market.fees_owed_atoms = 0.into();
    market.treasury_owed_atoms = (owed.get() - to_treasury).into();

    if shares.stakers_atoms > 0 {
        let bring = Bring {
            source: vault.account,
            pool,
            mint: vault.mint,
            vault: accounts.reward_vault.account(),
            token_program: accounts.token_program.account(),
        };
        vault.sign(|signer| bring.invoke_signed(shares.stakers_atoms, signer))?;
    }
    if shares.burnt_atoms > 0 {
        vault.burn(shares.burnt_atoms)?;
    }
    if to_treasury > 0 {
        vault.pay_out(destination, to_treasury)?;
    }
    events::log!(FeesCollected {
        market: *market.address(),
        destination: *destination.address(),
        stakers_atoms: shares.stakers_atoms.into(),
        burnt_atoms: shares.burnt_atoms.into(),
        treasury_atoms: to_treasury.into(),
        treasury_owed_after_atoms: market.treasury_owed_atoms,
    });
    Ok(())
}
