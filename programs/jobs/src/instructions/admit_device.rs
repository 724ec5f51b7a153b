//! `admit_device`: backs an idle device with an access NFT. What never changes is checked here, once: that there is one token
//! of the mint, and whom it was issued to. What may change, `work_gated` and `start_gated` check each time.
//!
//! Signs: the node, who pays the rent of the NFT's record if the device is the first that it backs.
//! It shall fail when: the signer is not the node; the market is not the device's, or asks for no access NFT; the device is
//! not idle, or is admitted already; the node does not hold the NFT; the metadata is not the NFT's, or not verified into the
//! market's collection; the NFT has no master edition (it is a print, or one of many); the market asks for the node that it was issued
//! to, and that is another; the NFT backs another node's devices in the market.

use crate::{
    constants::LAYOUT_VERSION,
    errors::GridError,
    events::{self, DeviceAdmitted},
    instructions::gate::{holds, load},
    state::{AccessRule, Admission, Device, DeviceState, MarketAccount},
};
use anchor_lang::prelude::*;
use anchor_spl::token::TokenAccount;
use grid_nodes::Access;
use grid_onchain::metadata;

/// Accounts of `admit_device`.
#[derive(Accounts)]
pub struct AdmitDevice {
    /// Signs for the device; pays the rent.
    #[account(mut, address = device.node @ GridError::NotDeviceNode)]
    pub node: Signer,
    /// The device.
    #[account(mut)]
    pub device: Account<Device>,
    /// The device's market.
    #[account(address = device.market @ GridError::WrongMarket)]
    pub market: MarketAccount,
    /// The node's token account that holds the NFT.
    pub access_token: Account<TokenAccount>,
    /// The NFT's metadata; checked in the handler.
    pub access_metadata: UncheckedAccount,
    /// The NFT's master edition; checked in the handler.
    pub access_edition: UncheckedAccount,
    /// The record of grid-nodes of whom the NFT was issued to, where the market asks for that node.
    pub access: Option<UncheckedAccount>,
    /// The record of the NFT in this market.
    #[account(
        init_if_needed,
        payer = node,
        space = Admission::SPACE,
        seeds = [b"admission", market.address().as_ref(), access_token.mint().as_ref()],
        bump
    )]
    pub admission: Account<Admission>,
    /// The system program.
    pub system_program: Program<System>,
}

/// Handles `admit_device`.
pub fn handle_admit_device(ctx: &mut Context<AdmitDevice>) -> Result<()> {
    let bump = ctx.bumps.admission;
    let accounts = &mut ctx.accounts;
    let (device, rule) = (&mut accounts.device, &accounts.market.admission);
    let (mint, node) = (*accounts.access_token.mint(), device.node);
    require!(rule.access != AccessRule::NotAsked as u8, GridError::AccessNotAsked);
    require!(device.is(DeviceState::Idle), GridError::DeviceNotIdle);
    require!(device.access == 0, GridError::DeviceAdmitted);
    require!(holds(&accounts.access_token, &mint, &node), GridError::AccessNotHeld);
    let metadata = accounts.access_metadata.account();
    let is_member = metadata::with(metadata, &mint, |metadata| metadata.is_in(&rule.collection));
    require!(is_member.ok_or(GridError::WrongAccessMetadata)?, GridError::AccessNotVerified);
    let edition = accounts.access_edition.account();
    require!(metadata::is_master_edition(edition, &mint), GridError::NotMasterEdition);
    if rule.access == AccessRule::Issued as u8 {
        let access: Account<Access> = load(&accounts.access).ok_or(GridError::NotIssuedToNode)?;
        let is_nodes =
            anchor_lang::address_eq(&access.mint, &mint) && anchor_lang::address_eq(&access.node, &node);
        require!(is_nodes, GridError::NotIssuedToNode);
    }

    let admission = &mut accounts.admission;
    if admission.version == 0 {
        admission.version = LAYOUT_VERSION;
        admission.bump = bump;
        admission.market = *accounts.market.address();
        admission.mint = mint;
        admission.metadata = *metadata.address();
        admission.node = node;
        admission.payer = node;
    }
    require!(anchor_lang::address_eq(&admission.node, &node), GridError::AccessInUse);
    admission.add_device()?;
    device.access = rule.access;
    device.access_metadata = admission.metadata;
    events::log!(DeviceAdmitted { device: *device.address(), mint, devices_after: admission.devices });
    Ok(())
}
