//! A market's terms, from the command line.

use crate::{exit::usage, facts::Facts, mint::MintInfo, time::parse_duration};
use anyhow::Result;
use clap::Args;
use grid_jobs::MarketTerms;
use std::sync::Arc;

/// Terms that are given; the others keep what they are, or their default.
#[derive(Debug, Clone, Default, Args)]
pub struct TermsOptions {
    /// Price, tokens per second
    #[arg(long, value_name = "TOKENS")]
    price_per_second: Option<String>,
    /// Bond that a device needs, tokens [default: 0]
    #[arg(long, value_name = "TOKENS")]
    bond: Option<String>,
    /// Of the bond, for whoever takes a job back from a device that missed a deadline, tokens [default: 0]
    #[arg(long, value_name = "TOKENS")]
    expiry_reward: Option<String>,
    /// Of the bond, for the project whose run a device let die, tokens [default: 0]
    #[arg(long, value_name = "TOKENS")]
    compensation: Option<String>,
    /// Fee on what devices are paid, basis points [default: 0]
    #[arg(long, value_name = "BPS")]
    fee_bps: Option<u16>,
    /// Share of the fees that goes to stakers, basis points [default: 0]
    #[arg(long, value_name = "BPS")]
    stakers_bps: Option<u16>,
    /// Share of the fees that is burnt, basis points [default: 0]
    #[arg(long, value_name = "BPS")]
    burn_bps: Option<u16>,
    /// Matches of a job that may be lost before it is stopped [default: 3]
    #[arg(long, value_name = "COUNT")]
    max_attempts: Option<u8>,
    /// Strikes at which a device gets no more jobs [default: 10]
    #[arg(long, value_name = "COUNT")]
    max_strikes: Option<u16>,
    /// Shortest timeout of a job [default: 10s]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    min_timeout: Option<u32>,
    /// Longest timeout of a job [default: 7d]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    max_timeout: Option<u32>,
    /// Time between match and start after which a job may be taken back [default: 10m]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    start_window: Option<u32>,
    /// Time without a heartbeat after which a running job may be taken back [default: 2m]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    heartbeat_limit: Option<u32>,
    /// Time after the timeout in which a living run may not be taken back [default: 1h]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    finish_grace: Option<u32>,
    /// Time for which only the client may close a job that is over [default: 1d]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    retention: Option<u32>,
}

/// Terms of a market for which only the price was given.
const DEFAULT: MarketTerms = MarketTerms {
    price_per_second_atoms: 0,
    bond_atoms: 0,
    expiry_reward_atoms: 0,
    compensation_atoms: 0,
    fee_bps: 0,
    stakers_bps: 0,
    burn_bps: 0,
    max_attempts: 3,
    max_strikes: 10,
    min_timeout_seconds: 10,
    max_timeout_seconds: 7 * 86_400,
    start_window_seconds: 600,
    heartbeat_limit_seconds: 120,
    finish_grace_seconds: 3_600,
    retention_seconds: 86_400,
};

impl TermsOptions {
    /// The terms of a new market.
    pub fn open(&self, mint: &MintInfo) -> Result<MarketTerms> {
        if self.price_per_second.is_none() {
            return Err(usage("what does a second cost? Give --price-per-second TOKENS"));
        }
        self.over(DEFAULT, mint)
    }

    /// The terms that a market has then.
    pub fn over(&self, current: MarketTerms, mint: &MintInfo) -> Result<MarketTerms> {
        let tokens = |given: &Option<String>, current: u64| match given {
            Some(text) => mint.parse(text),
            None => Ok(current),
        };
        Ok(MarketTerms {
            price_per_second_atoms: tokens(&self.price_per_second, current.price_per_second_atoms)?,
            bond_atoms: tokens(&self.bond, current.bond_atoms)?,
            expiry_reward_atoms: tokens(&self.expiry_reward, current.expiry_reward_atoms)?,
            compensation_atoms: tokens(&self.compensation, current.compensation_atoms)?,
            fee_bps: self.fee_bps.unwrap_or(current.fee_bps),
            stakers_bps: self.stakers_bps.unwrap_or(current.stakers_bps),
            burn_bps: self.burn_bps.unwrap_or(current.burn_bps),
            max_attempts: self.max_attempts.unwrap_or(current.max_attempts),
            max_strikes: self.max_strikes.unwrap_or(current.max_strikes),
            min_timeout_seconds: self.min_timeout.unwrap_or(current.min_timeout_seconds),
            max_timeout_seconds: self.max_timeout.unwrap_or(current.max_timeout_seconds),
            start_window_seconds: self.start_window.unwrap_or(current.start_window_seconds),
            heartbeat_limit_seconds: self.heartbeat_limit.unwrap_or(current.heartbeat_limit_seconds),
            finish_grace_seconds: self.finish_grace.unwrap_or(current.finish_grace_seconds),
            retention_seconds: self.retention.unwrap_or(current.retention_seconds),
        })
    }
}

/// Terms as facts.
pub fn facts(facts: Facts, terms: &MarketTerms, mint: &Arc<MintInfo>) -> Facts {
    use crate::facts::Fact::Bps;
    facts
        .atoms("price_per_second", terms.price_per_second_atoms, mint)
        .atoms("price_per_hour", terms.price_per_second_atoms.saturating_mul(3_600), mint)
        .atoms("bond", terms.bond_atoms, mint)
        .atoms("expiry_reward", terms.expiry_reward_atoms, mint)
        .atoms("compensation", terms.compensation_atoms, mint)
        .with("fee", Bps(terms.fee_bps))
        .with("stakers_share", Bps(terms.stakers_bps))
        .with("burnt_share", Bps(terms.burn_bps))
        .number("max_attempts", terms.max_attempts)
        .number("max_strikes", terms.max_strikes)
        .seconds("min_timeout", terms.min_timeout_seconds)
        .seconds("max_timeout", terms.max_timeout_seconds)
        .seconds("start_window", terms.start_window_seconds)
        .seconds("heartbeat_limit", terms.heartbeat_limit_seconds)
        .seconds("finish_grace", terms.finish_grace_seconds)
        .seconds("retention", terms.retention_seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use solana_address::Address;

    fn mint() -> MintInfo {
        MintInfo::named(Address::default(), 6, "GRID")
    }

    #[test]
    fn a_price_is_enough_and_is_needed() {
        let given = TermsOptions { price_per_second: Some("0.0015".into()), ..TermsOptions::default() };
        assert_eq!(given.open(&mint()).unwrap(), MarketTerms { price_per_second_atoms: 1_500, ..DEFAULT });
        let error = TermsOptions::default().open(&mint()).unwrap_err();
        assert_eq!(crate::exit::code_of(&error), crate::exit::USAGE);
    }

    #[test]
    fn an_update_keeps_what_is_not_given() {
        let current = MarketTerms { bond_atoms: 5, fee_bps: 250, price_per_second_atoms: 7, ..DEFAULT };
        let given = TermsOptions { fee_bps: Some(0), retention: Some(60), ..TermsOptions::default() };
        let expected = MarketTerms { fee_bps: 0, retention_seconds: 60, ..current };
        assert_eq!(given.over(current, &mint()).unwrap(), expected);
    }
}
