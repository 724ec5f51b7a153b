//! `close_member`: ends a membership; the rent of its account goes to the project's owner.
//!
//! Signs: the project's owner or the member.
//! Jobs that the member listed go on; it may still take back and end those.
//! It shall fail when: the signer is neither; the member is not the project's; the rent would go to another.

use crate::{
    errors::GridError,
    events::{self, MemberClosed},
    state::{Member, Project},
};
use anchor_lang::{prelude::*, AccountClose};

/// Accounts of `close_member`.
#[derive(Accounts)]
pub struct CloseMember {
    /// The project's owner or the member.
    pub signer: Signer,
    /// The project's owner, who gets the rent.
    #[account(mut, unsafe(dup), address = project.owner @ GridError::NotProjectOwner)]
    pub owner: UncheckedAccount,
    /// The project.
    #[account(mut, address = member.project @ GridError::WrongProject)]
    pub project: Account<Project>,
    /// The member.
    #[account(mut)]
    pub member: Account<Member>,
}

/// Handles `close_member`.
pub fn handle_close_member(ctx: &mut Context<CloseMember>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let (signer, key) = (accounts.signer.address(), accounts.member.key);
    let may_close =
        anchor_lang::address_eq(signer, accounts.owner.address()) || anchor_lang::address_eq(signer, &key);
    require!(may_close, GridError::NotMember);
    accounts.project.remove_member()?;
    accounts.member.close(*accounts.owner.account())?;
    events::log!(MemberClosed { project: *accounts.project.address(), key });
    Ok(())
}
