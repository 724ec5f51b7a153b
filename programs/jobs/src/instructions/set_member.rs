//! `set_member`: appoints a member of a project, or changes its limit.
//!
//! Signs: the project's owner, who pays the rent of a new member's account.
//! It shall fail when: the signer is not the owner; the key is the zero address; the period is out of range.

#![expect(
    unused_variables,
    reason = "the derive reads the arguments once more on exit, where nothing needs them"
)]

use crate::{
    errors::GridError,
    events::{self, MemberSet},
    state::{Member, Project},
};
use anchor_lang::prelude::*;

/// Accounts of `set_member`.
#[derive(Accounts)]
#[instruction(key: Address)]
pub struct SetMember {
    /// Owns the project; pays the rent.
    #[account(mut, address = project.owner @ GridError::NotProjectOwner)]
    pub owner: Signer,
    /// The project.
    #[account(mut)]
    pub project: Account<Project>,
    /// The member; opened here unless it is one already.
    #[account(
        init_if_needed,
        payer = owner,
        space = Member::SPACE,
        seeds = [b"member", project.address().as_ref(), key.as_ref()],
        bump
    )]
    pub member: Account<Member>,
    /// The system program.
    pub system_program: Program<System>,
}

/// Handles `set_member`.
pub fn handle_set_member(
    ctx: &mut Context<SetMember>,
    key: Address,
    limit_atoms: u64,
    period_seconds: u32,
) -> Result<()> {
    require!(key != Address::default(), GridError::ZeroAddress);
    let accounts = &mut ctx.accounts;
    let project = *accounts.project.address();
    if !accounts.member.is_open() {
        accounts.member.open(ctx.bumps.member, project, key);
        accounts.project.add_member()?;
    }
    accounts.member.set_limit(limit_atoms, period_seconds)?;
    events::log!(MemberSet {
        project,
        key,
        limit_atoms: limit_atoms.into(),
        period_seconds: u64::from(period_seconds).into(),
    });
    Ok(())
}
