//! `accept_admin`: takes over the admin role that was offered.
//!
//! Signs: the new admin.
//! It shall fail when: the role was not offered to the signer.

use crate::{
    errors::GridError,
    events::{self, AdminChanged},
    state::Config,
};
use anchor_lang::prelude::*;

/// Accounts of `accept_admin`.
#[derive(Accounts)]
pub struct AcceptAdmin {
    /// Whom the role was offered to.
    #[account(address = config.pending_admin @ GridError::NotPendingAdmin)]
    pub new_admin: Signer,
    /// The config.
    #[account(mut)]
    pub config: Account<Config>,
}

/// Handles `accept_admin`.
pub fn handle_accept_admin(ctx: &mut Context<AcceptAdmin>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let admin = *accounts.new_admin.address();
    accounts.config.admin = admin;
    accounts.config.pending_admin = Address::default();
    events::log!(AdminChanged { admin });
    Ok(())
}
