//! What a device shows in a market that asks for something, and what it is refused for.
//!
//! A worker keeps nothing of it: each `work` and each `start` goes by the rule that the market has then.

use crate::{
    event::Step,
    steps,
    worker::{DeviceWorker, WorkerConfig},
};
use grid_client::{
    Chain, ChainError, ProgramError,
    account::Device,
    chain,
    instruction::{self, Evidence},
    staking,
};
use grid_jobs::{AccessRule, AdmissionRule, GridError, Market};
use grid_onchain::metadata;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;

/// What came of a start.
pub(crate) enum Start {
    /// The job runs.
    Begun,
    /// The node does not show what the market asks for; in words.
    Refused(String),
}

impl DeviceWorker {
    /// What offers the device in its market.
    pub(crate) async fn offer(
        &self,
        device: &Device,
        rule: &AdmissionRule,
    ) -> Result<(Step, Instruction), ChainError> {
        let (node, minimum) = (self.key.pubkey(), self.config.min_price_per_second_atoms);
        if !rule.is_asked() {
            return Ok((Step::Work, instruction::work(node, self.device, device.market, minimum)));
        }
        let evidence = self.evidence(device, rule).await?;
        let work = instruction::work_gated(node, self.device, device.market, minimum, evidence);
        Ok((Step::WorkGated, work))
    }

    /// Starts a job that the device was matched with.
    pub(crate) async fn start(&self, device: &Device, job: Address) -> Result<Start, ChainError> {
        let node = self.key.pubkey();
        if device.is_gated == 0 {
            let start = instruction::start(node, self.device, job);
            self.land(Step::Start, Some(job), steps::once(job, Step::Start, start)).await?;
            return Ok(Start::Begun);
        }
        // Read now: fetching the job may have taken long.
        let rule = self.rule(&device.market).await?;
        let evidence = self.evidence(device, &rule).await?;
        let start = instruction::start_gated(node, self.device, job, device.market, evidence);
        let intent = steps::once(job, Step::StartGated, start);
        let Err(error) = self.land(Step::StartGated, Some(job), intent).await else {
            return Ok(Start::Begun);
        };
        match refusal(&error) {
            // Evidence for a rule that is gone: the next round goes by the new one.
            Some(_) if self.rule(&device.market).await? != rule => Err(error),
            Some(refusal) => Ok(Start::Refused(in_words(refusal, &evidence, &self.config))),
            None => Err(error),
        }
    }

    async fn rule(&self, market: &Address) -> Result<AdmissionRule, ChainError> {
        let market: Market = chain::fetch(self.chain.as_ref(), "market", market).await?;
        Ok(market.admission)
    }

    /// What the device shows for `rule`.
    async fn evidence(&self, device: &Device, rule: &AdmissionRule) -> Result<Evidence, ChainError> {
        let mint = match needs_access(rule, device) {
            true => minted_by(self.chain.as_ref(), &device.access_metadata).await?,
            false => None,
        };
        let stake = staking::stake_address(&rule.stake_mint, &device.node, self.config.stake_id).0;
        Ok(Evidence::of(rule, &device.node, mint.as_ref(), Some(stake)))
    }
}

/// Whether the device has to show an access NFT, and has been admitted with one.
fn needs_access(rule: &AdmissionRule, device: &Device) -> bool {
    rule.access != AccessRule::NotAsked as u8 && device.access != 0
}

/// The mint whose metadata this is; `None` when there is no such metadata any more.
async fn minted_by(chain: &dyn Chain, access_metadata: &Address) -> Result<Option<Address>, ChainError> {
    let account = chain::account(chain, access_metadata).await?;
    Ok(account.and_then(|account| Some(*metadata::read(&account.data)?.mint)))
}

/// The program's error, if it says that the node does not show what the market asks for.
fn refusal(error: &ChainError) -> Option<&'static ProgramError> {
    const REFUSALS: [GridError; 11] = [
        GridError::WrongStake,
        GridError::StakeTooLight,
        GridError::DeviceNotAdmitted,
        GridError::WrongAccessMetadata,
        GridError::AccessNotVerified,
        GridError::AccessNotHeld,
        GridError::WrongAttestation,
        GridError::ScoreTooLow,
        GridError::AttestationExpired,
        GridError::WrongNodeRecord,
        GridError::HardwareChanged,
    ];
    let ChainError::Program { error, .. } = error else { return None };
    REFUSALS.into_iter().any(|refusal| number(refusal) == error.code).then_some(*error)
}

/// The number of an error, as a transaction gives it.
fn number(error: GridError) -> u32 {
    error as u32 + 6000
}

/// What is missing, and where the worker looked for it.
fn in_words(error: &ProgramError, evidence: &Evidence, config: &WorkerConfig) -> String {
    let Evidence { stake, access_token, attestation, .. } = evidence;
    let shown: Vec<String> = [
        stake.map(|address| format!("stake number {} at {address}", config.stake_id)),
        access_token.map(|address| format!("access NFT in {address}")),
        attestation.map(|address| format!("attestation {address}")),
    ]
    .into_iter()
    .flatten()
    .collect();
    match shown.is_empty() {
        true => format!("{error}; nothing was shown"),
        false => format!("{error}; shown: {}", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use grid_jobs::AdmissionTerms;

    fn program(code: u32) -> ChainError {
        let error = ProgramError::from_code(code).unwrap();
        ChainError::Program { instruction: 0, error, logs: Vec::new() }
    }

    #[test]
    fn each_error_of_the_gate_is_a_refusal() {
        for code in number(GridError::WrongStake)..=number(GridError::HardwareChanged) {
            assert_eq!(refusal(&program(code)).map(|error| error.code), Some(code));
        }
    }

    #[test]
    fn what_another_round_may_mend_is_no_refusal() {
        for error in [GridError::NotMatched, GridError::AdmissionAsked, GridError::AccessNotAsked] {
            assert!(refusal(&program(number(error))).is_none(), "{error:?}");
        }
        assert!(refusal(&ChainError::Signing("no".into())).is_none());
    }

    #[test]
    fn an_access_nft_is_looked_for_where_it_is_asked_for_and_there() {
        let asks = |access| AdmissionRule::from(&AdmissionTerms { access, ..AdmissionTerms::OPEN });
        let device = |access| {
            let mut device: Device = bytemuck::Zeroable::zeroed();
            device.access = access;
            device
        };
        assert!(needs_access(&asks(AccessRule::Issued), &device(1)));
        assert!(needs_access(&asks(AccessRule::Holder), &device(1)));
        assert!(!needs_access(&asks(AccessRule::Issued), &device(0)));
        assert!(!needs_access(&asks(AccessRule::NotAsked), &device(1)));
    }

    #[test]
    fn a_refusal_says_what_was_shown() {
        let error = ProgramError::from_code(number(GridError::StakeTooLight)).unwrap();
        let config = WorkerConfig { stake_id: 3, ..WorkerConfig::default() };
        let (stake, attestation) = (Some(Address::new_unique()), Some(Address::new_unique()));
        let evidence = Evidence { stake, attestation, ..Evidence::default() };
        let words = in_words(error, &evidence, &config);
        assert!(words.starts_with("StakeTooLight (6092): The stake weighs less"), "{words}");
        assert!(words.contains(&format!("stake number 3 at {}", stake.unwrap())), "{words}");
        assert!(words.ends_with(&format!("attestation {}", attestation.unwrap())), "{words}");
        assert!(in_words(error, &Evidence::default(), &config).ends_with("; nothing was shown"));
    }
}
