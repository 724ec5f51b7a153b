//! `close_project`: closes an empty project; its rent goes to the owner.
//!
//! Signs: the owner.
//! It shall fail when: the signer is not the owner; the project has a balance; it has open jobs or members.

use crate::{
    errors::GridError,
    events::{self, ProjectClosed},
    state::Project,
};
use anchor_lang::{prelude::*, AccountClose};

/// Accounts of `close_project`.
#[derive(Accounts)]
pub struct CloseProject {
    /// Owns the project; gets the rent.
    #[account(mut, address = project.owner @ GridError::NotProjectOwner)]
    pub owner: Signer,
    /// The project.
    #[account(mut)]
    pub project: Account<Project>,
}

/// Handles `close_project`.
pub fn handle_close_project(ctx: &mut Context<CloseProject>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    require!(accounts.project.balance.is_zero(), GridError::ProjectNotEmpty);
    require!(accounts.project.open_jobs.is_zero(), GridError::ProjectHasJobs);
    require!(accounts.project.members.is_zero(), GridError::ProjectHasMembers);
    let project = *accounts.project.address();
    accounts.project.close(*accounts.owner.account())?;
    events::log!(ProjectClosed { project });
    Ok(())
}
