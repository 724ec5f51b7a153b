//! `open`: opens an emission and its vault, both empty.
//!
//! Signs: the authority, who pays the rent.
//! It shall fail when: the emission's address is not the one of authority, id and bump; the emission exists already; the rate is zero; the times are out of range; the mint is refused; the
//! beneficiary is neither a token account nor a reward pool of the mint.

use crate::{
    errors::PoolsError,
    events::{self, EmissionOpened},
    state::{Emission, EmissionTerms},
};
use anchor_lang::{prelude::*, AccountInitialize};
use grid_onchain::{
    mint::{objection_to, Mint, TokenInterface},
    vault::Vault,
};

/// Accounts of `open`.
#[derive(Accounts)]
pub struct Open {
    /// May close the emission; pays the rent.
    #[account(mut)]
    pub authority: Signer,
    /// The mint.
    pub mint: InterfaceAccount<Mint>,
    /// The emission: PDA `["emission", authority, id]`, created here. The system program checks the address by the bump.
    #[account(mut)]
    pub emission: UncheckedAccount,
    /// The vault, PDA `["vault", emission]`; created here, so that nothing but its address is to be checked, in the handler.
    #[account(mut)]
    pub vault: UncheckedAccount,
    /// Token account or reward pool that is paid; checked in the handler.
    pub beneficiary: UncheckedAccount,
    /// The mint's token program: SPL Token or Token-2022.
    pub token_program: Interface<'static, TokenInterface>,
    /// The system program.
    pub system_program: Program<System>,
}

/// Handles `open`.
pub fn handle_open(ctx: &mut Context<Open>, id: u64, bump: u8, terms: &EmissionTerms) -> Result<()> {
    let accounts = &mut ctx.accounts;
    require!(objection_to(accounts.mint.account())?.is_none(), PoolsError::MintRefused);
    let authority = *accounts.authority.address();
    let address = *accounts.emission.address();
    let mut emission = Account::<Emission>::create_and_initialize(
        accounts.authority.account(),
        accounts.emission.account(),
        Emission::SPACE,
        &crate::ID,
        &(),
        Some(&[Emission::SEED, authority.as_ref(), &id.to_le_bytes(), &[bump]]),
        None,
    )?;
    let (mint_account, decimals) = (accounts.mint.account(), accounts.mint.decimals());
    let token_program = accounts.token_program.address();
    let vault =
        Vault::find(&crate::ID, accounts.vault.account(), &address, mint_account, decimals, token_program)?;
    vault.open(accounts.authority.account())?;

    emission.open(bump, id, authority, terms)?;
    emission.mint = *accounts.mint.address();
    emission.vault = *vault.account.address();
    emission.vault_bump = vault.bump;
    emission.set_beneficiary(accounts.beneficiary.account())?;
    events::log!(EmissionOpened {
        emission: address,
        authority: emission.authority,
        mint: emission.mint,
        beneficiary: emission.beneficiary,
        beneficiary_authority: emission.beneficiary_authority,
        rate_per_second_atoms: emission.rate_per_second_atoms,
        starts_at: emission.starts_at,
        ends_at: emission.ends_at,
        is_closeable: emission.is_closeable,
    });
    Ok(())
}
