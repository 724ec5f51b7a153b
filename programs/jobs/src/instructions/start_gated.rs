//! `start_gated`: `start` of a device that offered itself with `work_gated`. It shows again what the market asks for now.
//!
//! A node that can't show it any more declines the match, or anyone takes the job back when the start window has passed;
//! the job goes to the next device either way.
//!
//! Signs: the node.
//! It shall fail when: `start` would; the market is not the device's; what it asks for is not shown: the error names what.

use crate::{
    errors::GridError,
    instructions::{gate::*, start::begin},
    state::{Device, Job, MarketAccount},
};
use anchor_lang::prelude::*;
use grid_onchain::clock::{unix_timestamp, CLOCK};

/// Accounts of `start_gated`.
#[derive(Accounts)]
pub struct StartGated {
    /// Signs for the device.
    #[account(address = device.node @ GridError::NotDeviceNode)]
    pub node: Signer,
    /// The device.
    #[account(mut)]
    pub device: Account<Device>,
    /// The job.
    #[account(mut)]
    pub job: Account<Job>,
    /// The device's market.
    #[account(address = device.market @ GridError::WrongMarket)]
    pub market: MarketAccount,
    /// The clock sysvar.
    #[account(address = CLOCK @ GridError::WrongClock)]
    pub clock: UncheckedAccount,
    /// What the market asks for.
    pub evidence: Nested<Evidence>,
}

/// Handles `start_gated`.
pub fn handle_start_gated(ctx: &mut Context<StartGated>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let now = unix_timestamp(&accounts.clock)?;
    accounts.evidence.require(&accounts.market.admission, &accounts.device, now)?;
    begin(&mut accounts.device, &mut accounts.job, now)
}
