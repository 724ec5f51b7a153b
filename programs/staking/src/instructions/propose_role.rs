//! `propose_role`: offers the authority's or the slasher's role to a key, which takes it with `accept_role`.
//!
//! Signs: the authority. The zero address takes an offer back.
//! It shall fail when: the signer is not the authority.

use crate::{
    errors::StakingError,
    events::{self, RoleProposed},
    state::{Role, Settings},
};
use anchor_lang::prelude::*;

/// Accounts of `propose_role`.
#[derive(Accounts)]
pub struct ProposeRole {
    /// The settings' authority.
    #[account(address = settings.authority @ StakingError::NotAuthority)]
    pub authority: Signer,
    /// The settings.
    #[account(mut)]
    pub settings: Account<Settings>,
}

/// Handles `propose_role`.
pub fn handle_propose_role(ctx: &mut Context<ProposeRole>, role: Role, to: Address) -> Result<()> {
    let settings = &mut ctx.accounts.settings;
    settings.propose(role, to);
    events::log!(RoleProposed { mint: settings.mint, to, role: role as u8 });
    Ok(())
}
