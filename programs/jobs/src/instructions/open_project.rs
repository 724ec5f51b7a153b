//! `open_project`: opens the signer's project in a mint.
//!
//! Signs: the owner, who pays the rent.
//! It shall fail when: the project exists already; the mint is not one of SPL Token or Token-2022.

use crate::{
    events::{self, ProjectOpened},
    state::Project,
};
use anchor_lang::prelude::*;
use grid_onchain::mint::Mint;

/// Accounts of `open_project`.
#[derive(Accounts)]
pub struct OpenProject {
    /// Owns the project; pays the rent.
    #[account(mut)]
    pub owner: Signer,
    /// The mint of the balance.
    pub mint: InterfaceAccount<Mint>,
    /// The project.
    #[account(
        init,
        payer = owner,
        space = Project::SPACE,
        seeds = [b"project", mint.address().as_ref(), owner.address().as_ref()],
        bump
    )]
    pub project: Account<Project>,
    /// The system program.
    pub system_program: Program<System>,
}

/// Handles `open_project`.
pub fn handle_open_project(ctx: &mut Context<OpenProject>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let (owner, mint) = (*accounts.owner.address(), *accounts.mint.address());
    accounts.project.open(ctx.bumps.project, owner, mint);
    events::log!(ProjectOpened { project: *accounts.project.address(), owner, mint });
    Ok(())
}
