//! The markets of a plan: a file with terms that all have in common, and what each has of its own.

use grid_jobs::{AccessRule, MarketTerms};
use serde::Deserialize;

use super::Who;

/// The file with the markets.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarketFile {
    /// Terms of every market that does not say otherwise.
    common: CommonTerms,
    /// The markets.
    markets: Vec<MarketEntry>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct CommonTerms {
    mint: String,
    authority: Who,
    min_queue_slots: u32,
    bond_atoms: u64,
    expiry_reward_atoms: u64,
    compensation_atoms: u64,
    fee_bps: u16,
    stakers_bps: u16,
    burn_bps: u16,
    max_attempts: u8,
    max_strikes: u16,
    min_timeout_seconds: u32,
    max_timeout_seconds: u32,
    start_window_seconds: u32,
    heartbeat_limit_seconds: u32,
    finish_grace_seconds: u32,
    retention_seconds: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct MarketEntry {
    name: String,
    id: u64,
    price_per_second_atoms: u64,
    #[serde(default)]
    mint: Option<String>,
    #[serde(default)]
    authority: Option<Who>,
    #[serde(default)]
    min_queue_slots: Option<u32>,
    #[serde(default)]
    bond_atoms: Option<u64>,
    #[serde(default)]
    expiry_reward_atoms: Option<u64>,
    #[serde(default)]
    compensation_atoms: Option<u64>,
    #[serde(default)]
    fee_bps: Option<u16>,
    #[serde(default)]
    max_timeout_seconds: Option<u32>,
    #[serde(default)]
    admission: Option<AdmissionPlan>,
}

/// A market.
#[derive(Debug, Clone)]
pub struct MarketPlan {
    /// What the plan calls it: a GPU class.
    pub name: String,
    /// Number among the deployer's.
    pub id: u64,
    /// Name of the mint of all amounts.
    pub mint: String,
    /// Who decides its terms.
    pub authority: Who,
    /// Room that its queue has at least.
    pub min_queue_slots: u32,
    /// Its terms.
    pub terms: MarketTerms,
    /// Whom it admits; without it everybody.
    pub admission: Option<AdmissionPlan>,
}

/// Whom a market admits.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdmissionPlan {
    /// Whom an access NFT admits.
    #[serde(default)]
    pub access: Access,
    /// Number of the collection in the plan, of access NFTs and attestations.
    #[serde(default)]
    pub collection_id: Option<u64>,
    /// Benchmark class that must be attested; zero for none.
    #[serde(default)]
    pub benchmark_class: u16,
    /// Least score in the class, in its unit.
    #[serde(default)]
    pub min_score: u64,
    /// Name of the mint that a node must have staked.
    #[serde(default)]
    pub stake_mint: Option<String>,
    /// Least weight of one stake of the node, atoms.
    #[serde(default)]
    pub min_stake_weight: u64,
}

/// Whom an access NFT admits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// No access NFT is asked for.
    #[default]
    NotAsked,
    /// The node that it was issued to, as long as it holds it.
    Issued,
    /// Whichever node holds it.
    Holder,
}

impl From<Access> for AccessRule {
    fn from(access: Access) -> Self {
        match access {
            Access::NotAsked => Self::NotAsked,
            Access::Issued => Self::Issued,
            Access::Holder => Self::Holder,
        }
    }
}

impl MarketFile {
    /// Each market with all its terms.
    pub fn into_plans(self) -> Vec<MarketPlan> {
        let common = self.common;
        self.markets.into_iter().map(|entry| entry.over(&common)).collect()
    }
}

impl MarketEntry {
    fn over(self, common: &CommonTerms) -> MarketPlan {
        let terms = MarketTerms {
            price_per_second_atoms: self.price_per_second_atoms,
            bond_atoms: self.bond_atoms.unwrap_or(common.bond_atoms),
            expiry_reward_atoms: self.expiry_reward_atoms.unwrap_or(common.expiry_reward_atoms),
            compensation_atoms: self.compensation_atoms.unwrap_or(common.compensation_atoms),
            fee_bps: self.fee_bps.unwrap_or(common.fee_bps),
            stakers_bps: common.stakers_bps,
            burn_bps: common.burn_bps,
            max_attempts: common.max_attempts,
            max_strikes: common.max_strikes,
            min_timeout_seconds: common.min_timeout_seconds,
            max_timeout_seconds: self.max_timeout_seconds.unwrap_or(common.max_timeout_seconds),
            start_window_seconds: common.start_window_seconds,
            heartbeat_limit_seconds: common.heartbeat_limit_seconds,
            finish_grace_seconds: common.finish_grace_seconds,
            retention_seconds: common.retention_seconds,
        };
        MarketPlan {
            name: self.name,
            id: self.id,
            mint: self.mint.unwrap_or_else(|| common.mint.clone()),
            authority: self.authority.unwrap_or(common.authority),
            min_queue_slots: self.min_queue_slots.unwrap_or(common.min_queue_slots),
            terms,
            admission: self.admission,
        }
    }
}
