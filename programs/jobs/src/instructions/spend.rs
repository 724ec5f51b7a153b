//! Who may spend a project's balance on jobs.

use crate::{
    errors::GridError,
    state::{Member, Project},
};
use anchor_lang::prelude::*;

/// Lets the project's owner spend without limit, and a member within its own. Atoms.
///
/// Errors: [`GridError::NotMember`], [`GridError::MemberLimitExceeded`].
pub fn spend(
    signer: &Address,
    project: &Account<Project>,
    member: Option<&mut Account<Member>>,
    amount_atoms: u64,
) -> Result<()> {
    if anchor_lang::address_eq(signer, &project.owner) {
        return Ok(());
    }
    let member = member.ok_or(GridError::NotMember)?;
    let is_member = anchor_lang::address_eq(&member.project, project.address())
        && anchor_lang::address_eq(&member.key, signer);
    require!(is_member, GridError::NotMember);
    member.spend(amount_atoms, Clock::get()?.unix_timestamp)
}
