//! `work`: offers an idle device, which takes the first waiting job or queues.
//!
//! Signs: the node.
//! The match is written into the device's account: the job's account is not needed, so two nodes never race.
//! What the device loses for a missed deadline is what the market's terms say now; a later change does not touch it.
//! It shall fail when: the signer is not the node; the market is not the device's, or was opened anew with another mint; the
//! market asks for something that a node must show (`work_gated`);
//! entries to the market are paused; the device is not idle, has too many strikes or too small a bond; the market's
//! price is below the minimum; the queue is full.

use crate::{
    errors::GridError,
    events::{self, DeviceMatched, DeviceQueued},
    state::{is_paused, with_queue, Device, DeviceState, MarketAccount, QueueKind},
};
use anchor_lang::prelude::*;
use grid_onchain::clock::{unix_timestamp, CLOCK};

/// Accounts of `work`.
#[derive(Accounts)]
pub struct Work {
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
}

/// Handles `work`.
pub fn handle_work(ctx: &mut Context<Work>, min_price_per_second_atoms: u64) -> Result<()> {
    let accounts = &mut ctx.accounts;
    require!(!accounts.market.admission.is_asked(), GridError::AdmissionAsked);
    let (device, market) = (&mut accounts.device, &mut accounts.market);
    Offer { device, market, clock: &accounts.clock, min_price_per_second_atoms, is_gated: false }.make()
}

/// A device that offers itself to a market, by whose admission rule nothing is left to be checked.
pub struct Offer<'a> {
    /// The device.
    pub device: &'a mut Account<Device>,
    /// Its market.
    pub market: &'a mut MarketAccount,
    /// The clock sysvar.
    pub clock: &'a UncheckedAccount,
    /// Lowest price at which a match can't be declined without a strike, atoms per second.
    pub min_price_per_second_atoms: u64,
    /// Whether it has passed the gate.
    pub is_gated: bool,
}

impl Offer<'_> {
    /// Matches the device with the first waiting job, or queues it.
    ///
    /// Errors: [`GridError::DeviceNotIdle`], [`GridError::MarketPaused`], [`GridError::WrongMint`],
    /// [`GridError::TooManyStrikes`], [`GridError::InsufficientBond`], [`GridError::PriceBelowMinimum`], those of the queue.
    #[inline(always)]
    pub fn make(self) -> Result<()> {
        let Self { device, market, clock, min_price_per_second_atoms, is_gated } = self;
        require!(device.is(DeviceState::Idle), GridError::DeviceNotIdle);
        require!(!is_paused(market.entries_paused_until)?, GridError::MarketPaused);
        require!(anchor_lang::address_eq(&device.mint, &market.mint), GridError::WrongMint);
        require!(device.strikes.get() < u32::from(market.max_strikes.get()), GridError::TooManyStrikes);
        require!(device.bond_atoms >= market.bond_atoms, GridError::InsufficientBond);
        require!(
            market.price_per_second_atoms.get() >= min_price_per_second_atoms,
            GridError::PriceBelowMinimum
        );

        device.min_price_per_second_atoms = min_price_per_second_atoms.into();
        device.penalties = market.penalties;
        device.noticed_at = 0.into();
        if market.queue.kind() == QueueKind::Jobs {
            with_queue(market, |queue| queue.pop_front(&mut device.job))?;
            device.assign(unix_timestamp(clock)?, is_gated);
            events::log!(DeviceMatched { device: *device.address(), job: device.job });
        } else {
            let address = *device.address();
            let slot = with_queue(market, |queue| queue.push_back(QueueKind::Devices, address))?;
            device.queue(slot, is_gated);
            events::log!(DeviceQueued { device: address });
        }
        Ok(())
    }
}
