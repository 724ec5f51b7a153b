//! `open_settings`: the program's upgrade authority makes a mint stakeable: its settings, and the vault of its stakes.
//!
//! Signs: the upgrade authority, who pays the rent. Authority and slasher are that key until it hands the roles over.
//! It shall fail when: the settings exist already; the signer is not the upgrade authority, or the program has none any
//! more; the program data account is not the one of this program; the mint is refused; the destination is not a token
//! account of the mint, or is the vault; the cap or the epoch is out of range.

use crate::{
    constants::LAYOUT_VERSION,
    errors::StakingError,
    events::{self, SettingsOpened},
    state::Settings,
};
use anchor_lang::prelude::*;
use anchor_spl::token_interface::TokenAccount;
use grid_onchain::{
    mint::{objection_to, Mint, TokenInterface},
    upgrade::{is_upgrade_authority, LOADER},
    vault::Vault,
};

/// Accounts of `open_settings`.
#[derive(Accounts)]
pub struct OpenSettings {
    /// The program's upgrade authority; pays the rent.
    #[account(mut)]
    pub authority: Signer,
    /// The mint.
    pub mint: InterfaceAccount<Mint>,
    /// The settings.
    #[account(
        init,
        payer = authority,
        space = Settings::SPACE,
        seeds = [b"settings", mint.address().as_ref()],
        bump
    )]
    pub settings: Account<Settings>,
    /// The vault, PDA `["vault", mint]`; created here, so that nothing but its address is to be checked, in the handler.
    #[account(mut)]
    pub vault: UncheckedAccount,
    /// Token account that slashed tokens go to.
    #[account(constraint = anchor_lang::address_eq(slash_destination.mint(), mint.address()) @ StakingError::WrongSlashDestination)]
    pub slash_destination: InterfaceAccount<TokenAccount>,
    /// The program data account of this program; checked in the handler.
    #[account(owner = LOADER @ StakingError::WrongProgramData)]
    pub program_data: UncheckedAccount,
    /// The mint's token program: SPL Token or Token-2022.
    pub token_program: Interface<'static, TokenInterface>,
    /// The system program.
    pub system_program: Program<System>,
}

/// Handles `open_settings`.
pub fn handle_open_settings(
    ctx: &mut Context<OpenSettings>,
    slash_cap_bps: u16,
    slash_epoch_seconds: u32,
) -> Result<()> {
    let bump = ctx.bumps.settings;
    let accounts = &mut ctx.accounts;
    let authority = *accounts.authority.address();
    let is_authority = is_upgrade_authority(&crate::ID, accounts.program_data.account(), &authority);
    require!(is_authority.ok_or(StakingError::WrongProgramData)?, StakingError::NotUpgradeAuthority);
    require!(objection_to(accounts.mint.account())?.is_none(), StakingError::MintRefused);

    let mint = *accounts.mint.address();
    let (mint_account, decimals) = (accounts.mint.account(), accounts.mint.decimals());
    let token_program = accounts.token_program.address();
    let vault =
        Vault::find(&crate::ID, accounts.vault.account(), &mint, mint_account, decimals, token_program)?;
    vault.open(accounts.authority.account())?;

    let settings = &mut accounts.settings;
    settings.version = LAYOUT_VERSION;
    settings.bump = bump;
    settings.vault_bump = vault.bump;
    settings.decimals = vault.decimals;
    settings.mint = mint;
    settings.vault = *vault.account.address();
    settings.authority = authority;
    settings.slasher = authority;
    settings.set_slashing(slash_cap_bps, slash_epoch_seconds, *accounts.slash_destination.address())?;
    events::log!(SettingsOpened {
        mint,
        vault: settings.vault,
        authority,
        slash_destination: settings.slash_destination,
        slash_epoch_seconds: settings.slash_epoch_seconds,
        slash_cap_bps: settings.slash_cap_bps,
    });
    Ok(())
}
