//! `dismiss_device`: ends what `admit_device` began, for an idle device or one that waits, which leaves the queue by it.
//! The NFT's record is closed with the last device; its rent goes to who paid it.
//!
//! Signs: the node at any time; anyone who shows that another wallet holds the NFT, or that it is not in the market's
//! collection any more; anyone 30 days after a notice.
//! It shall fail when: the device is not admitted, or not with this NFT; the signer is a stranger, no notice has passed and
//! neither is shown; the device is matched or running; the market is not the device's, or is missing for a device that waits;
//! the rent would go to another.

use crate::{
    errors::GridError,
    events::{self, DeviceDismissed},
    instructions::notice::require_owner_or_notice,
    state::{with_queue, AccessRule, Admission, AdmissionRule, Device, DeviceState, MarketAccount},
};
use anchor_lang::{prelude::*, AccountClose};
use anchor_spl::token::TokenAccount;
use grid_onchain::metadata;

/// Accounts of `dismiss_device`.
#[derive(Accounts)]
pub struct DismissDevice {
    /// The device's node, or anyone.
    pub signer: Signer,
    /// The device.
    #[account(mut)]
    pub device: Account<Device>,
    /// The record of the NFT in the device's market.
    #[account(
        mut,
        constraint = anchor_lang::address_eq(&admission.market, &device.market)
            && anchor_lang::address_eq(&admission.metadata, &device.access_metadata)
            @ GridError::DeviceNotAdmitted
    )]
    pub admission: Account<Admission>,
    /// Paid the rent of the record, and gets it back.
    #[account(mut, unsafe(dup), address = admission.payer @ GridError::WrongRentPayer)]
    pub payer: UncheckedAccount,
    /// The device's market: for a device that waits, and with the NFT's metadata.
    #[account(mut)]
    pub market: Option<MarketAccount>,
    /// Of a signer who is not the node: a token account that holds the NFT.
    pub holder: Option<Account<TokenAccount>>,
    /// Or the NFT's metadata.
    pub access_metadata: Option<UncheckedAccount>,
}

/// Handles `dismiss_device`.
pub fn handle_dismiss_device(ctx: &mut Context<DismissDevice>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let (device, admission) = (&mut accounts.device, &mut accounts.admission);
    if let Some(market) = &accounts.market {
        require!(anchor_lang::address_eq(market.address(), &device.market), GridError::WrongMarket);
    }
    let is_node = anchor_lang::address_eq(accounts.signer.address(), &device.node);
    let has_moved = accounts.holder.as_ref().is_some_and(|holder| is_held_by_another(holder, admission));
    let has_lapsed = match (&accounts.market, &accounts.access_metadata) {
        (Some(market), Some(metadata)) => has_lapsed(&market.admission, metadata.account(), admission),
        _ => false,
    };
    require_owner_or_notice(is_node || has_moved || has_lapsed, device.noticed_at)?;
    if device.is(DeviceState::Queued) {
        let market = accounts.market.as_mut().ok_or(GridError::WrongMarket)?;
        let (slot, address) = (device.slot.get(), *device.address());
        let was_waiting = with_queue(market, |queue| queue.remove(slot, &address))?;
        require!(was_waiting, GridError::DeviceNotQueued);
        device.release();
    }
    require!(device.is(DeviceState::Idle), GridError::DeviceNotIdle);

    device.access = 0;
    device.access_metadata = Address::default();
    admission.remove_device()?;
    let (mint, devices_after) = (admission.mint, admission.devices);
    if devices_after.is_zero() {
        admission.close(*accounts.payer.account())?;
    }
    events::log!(DeviceDismissed { device: *device.address(), mint, devices_after });
    Ok(())
}

/// There is one token of the mint: if it is here, it is nowhere else.
fn is_held_by_another(holder: &TokenAccount, admission: &Admission) -> bool {
    anchor_lang::address_eq(holder.mint(), &admission.mint)
        && holder.amount() == 1
        && !anchor_lang::address_eq(holder.owner(), &admission.node)
}

/// Whether the NFT, whose metadata lies at one address for ever, is not in the collection that the market asks for: taken
/// out of it, burned, or of another one.
fn has_lapsed(rule: &AdmissionRule, metadata: &AccountView, admission: &Admission) -> bool {
    let is_asked = rule.access != AccessRule::NotAsked as u8;
    let is_right = anchor_lang::address_eq(metadata.address(), &admission.metadata);
    is_asked && is_right && !metadata::is_member(metadata, &rule.collection)
}
