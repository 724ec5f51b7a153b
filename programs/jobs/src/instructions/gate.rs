//! The gate: whether a node may take jobs of a market that asks for a stake, an access NFT or a benchmark.
//!
//! Each account that a node shows is held to its owner, its type and whom it names, and nothing of it is believed beyond
//! that. What is not asked for need not be shown, and is not looked at.

use crate::{
    errors::GridError,
    state::{AdmissionRule, Device},
};
use anchor_lang::prelude::*;
use anchor_spl::token::TokenAccount;
use grid_nodes::{Attestation, Node};
use grid_onchain::metadata::{self, TOKEN_METADATA};
use grid_staking::Stake;

/// The addresses of [`Evidence`], for those who build instructions.
#[cfg(not(target_os = "solana"))]
pub use __client_accounts_evidence::Evidence as EvidenceAddresses;

/// What a node shows, as far as the market asks for it.
#[derive(Accounts)]
pub struct Evidence {
    /// A stake of the node, of grid-staking.
    pub stake: Option<UncheckedAccount>,
    /// A token account of the node that holds the access NFT, of SPL Token.
    pub access_token: Option<UncheckedAccount>,
    /// The metadata of the access NFT that the device was admitted with, of Metaplex Token Metadata.
    pub access_metadata: Option<UncheckedAccount>,
    /// The attestation of the node's benchmark, of grid-nodes.
    pub attestation: Option<UncheckedAccount>,
    /// The node's record, of grid-nodes; with an attestation.
    pub node_record: Option<UncheckedAccount>,
}

impl Evidence {
    /// Checks that it shows, at `now` (Unix seconds), all that `rule` asks of the device's node.
    ///
    /// Errors: [`GridError::WrongStake`], [`GridError::StakeTooLight`]; [`GridError::DeviceNotAdmitted`],
    /// [`GridError::WrongAccessMetadata`], [`GridError::AccessNotVerified`], [`GridError::AccessNotHeld`];
    /// [`GridError::WrongAttestation`], [`GridError::ScoreTooLow`], [`GridError::AttestationExpired`],
    /// [`GridError::WrongNodeRecord`], [`GridError::HardwareChanged`].
    #[inline(never)]
    pub fn require(&self, rule: &AdmissionRule, device: &Device, now: i64) -> Result<()> {
        if !rule.min_stake_weight.is_zero() {
            require_stake(&self.stake, rule, &device.node)?;
        }
        if rule.access != 0 {
            require!(device.access != 0 && device.access <= rule.access, GridError::DeviceNotAdmitted);
            require_access(&self.access_metadata, &self.access_token, rule, device)?;
        }
        if !rule.benchmark_class.is_zero() {
            require_attestation(&self.attestation, &self.node_record, rule, &device.node, now)?;
        }
        Ok(())
    }
}

#[inline(always)]
fn require_stake(shown: &Option<UncheckedAccount>, rule: &AdmissionRule, node: &Address) -> Result<()> {
    let stake = load::<Account<Stake>>(shown).ok_or(GridError::WrongStake)?;
    let is_right =
        anchor_lang::address_eq(&stake.owner, node) && anchor_lang::address_eq(&stake.mint, &rule.stake_mint);
    require!(is_right, GridError::WrongStake);
    require!(stake.weight >= rule.min_stake_weight, GridError::StakeTooLight);
    Ok(())
}

/// That the token is the only one of its mint was checked when the device was admitted, and stays so.
#[inline(always)]
fn require_access(
    metadata: &Option<UncheckedAccount>,
    token: &Option<UncheckedAccount>,
    rule: &AdmissionRule,
    device: &Device,
) -> Result<()> {
    let account = metadata.as_ref().ok_or(GridError::WrongAccessMetadata)?.account();
    let is_devices = anchor_lang::address_eq(account.address(), &device.access_metadata);
    require!(is_devices && account.owned_by(&TOKEN_METADATA), GridError::WrongAccessMetadata);
    let data = account.try_borrow()?;
    let metadata = metadata::read(&data).ok_or(GridError::WrongAccessMetadata)?;
    require!(metadata.is_in(&rule.collection), GridError::AccessNotVerified);
    let token = load::<Account<TokenAccount>>(token).ok_or(GridError::AccessNotHeld)?;
    require!(holds(&token, metadata.mint, &device.node), GridError::AccessNotHeld);
    Ok(())
}

#[inline(always)]
fn require_attestation(
    attestation: &Option<UncheckedAccount>,
    record: &Option<UncheckedAccount>,
    rule: &AdmissionRule,
    node: &Address,
    now: i64,
) -> Result<()> {
    let attestation = load::<Account<Attestation>>(attestation).ok_or(GridError::WrongAttestation)?;
    let is_right = anchor_lang::address_eq(&attestation.node, node)
        && anchor_lang::address_eq(&attestation.collection, &rule.collection)
        && attestation.class == rule.benchmark_class;
    require!(is_right, GridError::WrongAttestation);
    require!(attestation.score >= rule.min_score, GridError::ScoreTooLow);
    require!(!attestation.is_expired(now), GridError::AttestationExpired);
    let record = load::<Account<Node>>(record).ok_or(GridError::WrongNodeRecord)?;
    require!(anchor_lang::address_eq(&record.node, node), GridError::WrongNodeRecord);
    require!(record.hardware_slot == attestation.hardware_slot, GridError::HardwareChanged);
    Ok(())
}

/// Whether `token` is an account of `node` that holds the one token of `mint`.
pub fn holds(token: &TokenAccount, mint: &Address, node: &Address) -> bool {
    anchor_lang::address_eq(token.mint(), mint)
        && anchor_lang::address_eq(token.owner(), node)
        && token.amount() == 1
}

/// The account that was shown, if it is one of that type: by owner, discriminator and length.
#[inline(always)]
pub fn load<A: AnchorAccount>(shown: &Option<UncheckedAccount>) -> Option<A> {
    A::load(*shown.as_ref()?.account()).ok()
}
