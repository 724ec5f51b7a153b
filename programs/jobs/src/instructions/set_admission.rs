//! `set_admission`: sets whom a market admits, from the next `work` and `start_gated` on.
//!
//! Signs: the market's authority. A device that offered itself while the market asked for nothing may start the job that it
//! gets.
//! It shall fail when: the signer is not the authority; the terms do not fit together.

use crate::{
    errors::GridError,
    events::{self, AdmissionChanged},
    state::{AdmissionTerms, MarketAccount},
};
use anchor_lang::prelude::*;

/// Accounts of `set_admission`.
#[derive(Accounts)]
pub struct SetAdmission {
    /// The market's authority.
    #[account(address = market.authority @ GridError::NotMarketAuthority)]
    pub authority: Signer,
    /// The market.
    #[account(mut)]
    pub market: MarketAccount,
}

/// Handles `set_admission`.
pub fn handle_set_admission(ctx: &mut Context<SetAdmission>, terms: &AdmissionTerms) -> Result<()> {
    terms.validate()?;
    let market = &mut ctx.accounts.market;
    market.admission = terms.into();
    events::log!(AdmissionChanged { market: *market.address(), admission: market.admission });
    Ok(())
}
