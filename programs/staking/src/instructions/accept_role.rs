//! `accept_role`: takes over a role that was offered.
//!
//! Signs: the new holder.
//! It shall fail when: the role was not offered to the signer.

use crate::{
    events::{self, RoleChanged},
    state::{Role, Settings},
};
use anchor_lang::prelude::*;

/// Accounts of `accept_role`.
#[derive(Accounts)]
pub struct AcceptRole {
    /// Whom the role was offered to; checked in the handler.
    pub new_holder: Signer,
    /// The settings.
    #[account(mut)]
    pub settings: Account<Settings>,
}

/// Handles `accept_role`.
pub fn handle_accept_role(ctx: &mut Context<AcceptRole>, role: Role) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let holder = *accounts.new_holder.address();
    accounts.settings.accept(role, &holder)?;
    events::log!(RoleChanged { mint: accounts.settings.mint, holder, role: role as u8 });
    Ok(())
}
