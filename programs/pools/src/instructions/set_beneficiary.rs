//! `set_beneficiary`: hands an emission over to another beneficiary, for everything that is not claimed yet.
//!
//! Signs: the beneficiary authority, which names its successor; the zero address makes the beneficiary final.
//! It shall fail when: the signer is not the beneficiary authority; the beneficiary is neither a token account nor a
//! reward pool of the mint.

use crate::{
    errors::PoolsError,
    events::{self, BeneficiaryChanged},
    state::Emission,
};
use anchor_lang::prelude::*;

/// Accounts of `set_beneficiary`.
#[derive(Accounts)]
pub struct SetBeneficiary {
    /// The emission's beneficiary authority.
    #[account(address = emission.beneficiary_authority @ PoolsError::NotBeneficiaryAuthority)]
    pub beneficiary_authority: Signer,
    /// The emission.
    #[account(mut)]
    pub emission: Account<Emission>,
    /// Token account or reward pool that is paid from now on; checked in the handler.
    pub beneficiary: UncheckedAccount,
}

/// Handles `set_beneficiary`.
pub fn handle_set_beneficiary(ctx: &mut Context<SetBeneficiary>, new_authority: Address) -> Result<()> {
    let accounts = &mut ctx.accounts;
    accounts.emission.set_beneficiary(accounts.beneficiary.account())?;
    accounts.emission.beneficiary_authority = new_authority;
    events::log!(BeneficiaryChanged {
        emission: *accounts.emission.address(),
        beneficiary: accounts.emission.beneficiary,
        beneficiary_authority: new_authority,
    });
    Ok(())
}
