//! `notify_device`: gives notice to a device that waits or is idle. After 30 days in which it takes no job, anyone may
//! take it off its queue, pay its bond to its payee and close it.
//!
//! Signs: nobody but the fee payer; anyone may call it.
//! It shall fail when: the device's account reads neither idle nor queued; notice was given already.

use crate::{
    events::{self, DeviceNotified},
    instructions::notice::notice,
    state::{Device, DeviceState},
};
use anchor_lang::prelude::*;

/// Accounts of `notify_device`.
#[derive(Accounts)]
pub struct NotifyDevice {
    /// The device.
    #[account(mut)]
    pub device: Account<Device>,
}

/// Handles `notify_device`.
pub fn handle_notify_device(ctx: &mut Context<NotifyDevice>) -> Result<()> {
    let device = &mut ctx.accounts.device;
    let is_waiting = device.is(DeviceState::Idle) || device.is(DeviceState::Queued);
    device.noticed_at = notice(is_waiting, device.noticed_at)?;
    events::log!(DeviceNotified { device: *device.address(), noticed_at: device.noticed_at });
    Ok(())
}
