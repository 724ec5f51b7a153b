//! `propose_admin`: offers the admin role to another key, which takes it with `accept_admin`.
//!
//! Signs: the config's admin. The zero address takes an offer back.
//! It shall fail when: the signer is not the admin.

use crate::{
    errors::GridError,
    events::{self, AdminProposed},
    state::Config,
};
use anchor_lang::prelude::*;

/// Accounts of `propose_admin`.
#[derive(Accounts)]
pub struct ProposeAdmin {
    /// The config's admin.
    #[account(address = config.admin @ GridError::NotAdmin)]
    pub admin: Signer,
    /// The config.
    #[account(mut)]
    pub config: Account<Config>,
}

/// Handles `propose_admin`.
pub fn handle_propose_admin(ctx: &mut Context<ProposeAdmin>, new_admin: Address) -> Result<()> {
    ctx.accounts.config.pending_admin = new_admin;
    events::log!(AdminProposed { new_admin });
    Ok(())
}
