//! `stake`: locks tokens for a duration.
//!
//! Signs: the owner, who pays the rent.
//! Money: source → vault; stake.total is the same.
//! It shall fail when: the amount is zero or too large; the duration is out of range; the settings are another mint's;
//! the vault is not the settings'; the source has too little; the stake's address is not the one of mint, owner, id and
//! bump; the stake exists already.

use crate::{
    constants::LAYOUT_VERSION,
    errors::StakingError,
    events::{self, Staked},
    state::{Settings, Stake},
};
use anchor_lang::{prelude::*, AccountInitialize};
use grid_onchain::{
    clock::{slot, CLOCK},
    mint::TokenInterface,
};

/// Accounts of `stake`.
#[derive(Accounts)]
pub struct OpenStake {
    /// Owns the stake and the source; pays the rent.
    #[account(mut)]
    pub owner: Signer,
    /// The mint's settings.
    pub settings: Account<Settings>,
    /// The stake: PDA `["stake", mint, owner, id]`, created here. The system program checks the address by the bump.
    #[account(mut)]
    pub stake: UncheckedAccount,
    /// The mint; the token program compares it with the vault's.
    pub mint: UncheckedAccount,
    /// Token account that pays; the token program checks it.
    #[account(mut)]
    pub source: UncheckedAccount,
    /// The settings' vault.
    #[account(mut, address = settings.vault @ StakingError::WrongVault)]
    pub vault: UncheckedAccount,
    /// The clock sysvar.
    #[account(address = CLOCK)]
    pub clock: UncheckedAccount,
    /// The mint's token program: SPL Token or Token-2022.
    pub token_program: Interface<'static, TokenInterface>,
    /// The system program.
    pub system_program: Program<System>,
}

/// Handles `stake`.
pub fn handle_stake(
    ctx: &mut Context<OpenStake>,
    id: u64,
    bump: u8,
    amount_atoms: u64,
    duration_seconds: u32,
) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let (owner, mint) = (*accounts.owner.address(), accounts.settings.mint);
    let mut stake = Account::<Stake>::create_and_initialize(
        accounts.owner.account(),
        accounts.stake.account(),
        Stake::SPACE,
        &crate::ID,
        &(),
        Some(&[Stake::SEED, mint.as_ref(), owner.as_ref(), &id.to_le_bytes(), &[bump]]),
        None,
    )?;
    stake.version = LAYOUT_VERSION;
    stake.bump = bump;
    stake.opened_slot = slot(&accounts.clock)?.into();
    stake.owner = owner;
    stake.mint = mint;
    stake.vault = accounts.settings.vault;
    stake.vault_bump = accounts.settings.vault_bump;
    stake.decimals = accounts.settings.decimals;
    stake.id = id.into();
    stake.set_duration(duration_seconds)?;
    stake.add(amount_atoms)?;

    let (vault, token_program) = (accounts.vault.account(), accounts.token_program.address());
    let vault = stake.vault(vault, accounts.mint.account(), token_program);
    vault.pay_in(accounts.source.account(), accounts.owner.account(), amount_atoms)?;
    events::log!(Staked {
        stake: *stake.address(),
        owner,
        amount_atoms: stake.total_atoms,
        weight: stake.weight,
        duration_seconds: stake.duration_seconds,
    });
    Ok(())
}
