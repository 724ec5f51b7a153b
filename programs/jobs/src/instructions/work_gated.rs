//! `work_gated`: `work` in a market that asks for a stake, an access NFT or a benchmark.
//!
//! Signs: the node.
//! It shall fail when: `work` would, in a market that asks for nothing; what the market asks for is not shown: the error
//! names what.

use crate::{
    errors::GridError,
    instructions::{gate::*, work::Offer},
    state::{Device, MarketAccount},
};
use anchor_lang::prelude::*;
use grid_onchain::clock::{unix_timestamp, CLOCK};

/// Accounts of `work_gated`.
#[derive(Accounts)]
pub struct WorkGated {
    /// Signs for the device.
    #[account(address = device.node @ GridError::NotDeviceNode)]
    pub node: Signer,
    /// The device.
    #[account(mut)]
    pub device: Account<Device>,
    /// The device's market.
    #[account(mut, address = device.market @ GridError::WrongMarket)]
    pub market: MarketAccount,
    /// The clock sysvar.
    #[account(address = CLOCK @ GridError::WrongClock)]
    pub clock: UncheckedAccount,
    /// What the market asks for.
    pub evidence: Nested<Evidence>,
}

/// Handles `work_gated`.
pub fn handle_work_gated(ctx: &mut Context<WorkGated>, min_price_per_second_atoms: u64) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let now = unix_timestamp(&accounts.clock)?;
    accounts.evidence.require(&accounts.market.admission, &accounts.device, now)?;
    let (device, market) = (&mut accounts.device, &mut accounts.market);
    Offer { device, market, clock: &accounts.clock, min_price_per_second_atoms, is_gated: true }.make()
}
