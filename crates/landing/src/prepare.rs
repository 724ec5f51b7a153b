//! Making an intent's next transaction: what it costs, what it may use, and whether it would succeed.

use crate::{
    cluster::Cluster,
    config::LandingConfig,
    endpoint::{Endpoint, Simulation},
    fees::{MAX_COMPUTE_UNITS, priority_lamports, unit_limit},
    record::{Attempt, OpenRecord},
    transaction::{Budget, compile, sign, unsigned},
};
use grid_client::ChainError;
use solana_address::Address;
use solana_hash::Hash;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_transaction_error::TransactionError;
use std::sync::Arc;

/// Fee of a signature, lamports.
const SIGNATURE_LAMPORTS: u64 = 5_000;

/// Why there is no transaction now.
#[derive(Debug)]
pub(crate) enum Obstacle {
    /// The endpoints don't answer, or contradict each other.
    Chain(ChainError),
    /// The chain does not ask for it any more.
    Unwanted,
    /// It would fail: so say as many endpoints as must agree, or all that answer.
    WouldFail { error: TransactionError, logs: Vec<String> },
    /// Its fee payer can't pay.
    NoFeeMoney(Address),
    /// It can't be built or signed.
    Signing(String),
}

/// Builds and signs the next transaction of an intent.
pub(crate) async fn prepare(
    cluster: &Cluster,
    config: &LandingConfig,
    record: &OpenRecord,
    signers: &[Arc<Keypair>],
    look_first: bool,
) -> Result<Attempt, Obstacle> {
    let intent = &record.intent;
    let payer = record.signers.first().ok_or_else(|| Obstacle::Signing("no signer was given".into()))?;
    if look_first && !intent.wanted_while.is_empty() {
        match cluster.wanted(&intent.wanted_while, record.since_slot).await {
            Some(true) => {}
            Some(false) => return Err(Obstacle::Unwanted),
            None => {
                let reason =
                    "too few endpoints say, or they contradict each other, whether it is still wanted";
                return Err(Obstacle::Chain(ChainError::Rpc {
                    endpoint: "all".into(),
                    reason: reason.into(),
                }));
            }
        }
    }
    let lifetime = cluster.lifetime().await.map_err(Obstacle::Chain)?;
    let units = simulate(cluster, config, payer, &intent.instructions, lifetime.blockhash).await?;
    let compute_units = unit_limit(units, intent.instructions.len(), record.attempts);
    let price = config.fees.price(&recent_fees(cluster, &intent.instructions).await, record.attempts);
    let budget = Budget { compute_units, price };
    let message = compile(config.version, payer, &intent.instructions, budget, lifetime.blockhash);
    let message = message.map_err(Obstacle::Signing)?;
    let signatures = u64::from(message.header().num_required_signatures);
    let signed = sign(message, signers).map_err(Obstacle::Signing)?;
    Ok(Attempt {
        bytes: signed.bytes,
        signature: signed.signature,
        last_valid_height: lifetime.last_valid_height,
        slot: lifetime.slot,
        price,
        fee_lamports: (signatures * SIGNATURE_LAMPORTS)
            .saturating_add(priority_lamports(price, compute_units)),
    })
}

/// Compute units that the instructions use, `None` where nobody can say.
///
/// One endpoint that says they succeed is believed. That they fail is believed when as many say so as must agree, or all that
/// answer: an endpoint that is behind must not keep a payment from being sent.
async fn simulate(
    cluster: &Cluster,
    config: &LandingConfig,
    payer: &Address,
    instructions: &[Instruction],
    blockhash: Hash,
) -> Result<Option<u64>, Obstacle> {
    let budget = Budget { compute_units: MAX_COMPUTE_UNITS, price: 0 };
    let message = compile(config.version, payer, instructions, budget, blockhash);
    let bytes = message.and_then(unsigned).map_err(Obstacle::Signing)?;
    let (bytes, min_slot) = (&bytes, cluster.min_slot());
    let question = |endpoint: Arc<dyn Endpoint>| async move { endpoint.simulate(bytes, min_slot).await };
    let fails = |simulation: &Simulation| simulation.error.is_some();
    let answers = cluster.ask_several(cluster.quorum(), question, fails).await;
    let Some(Simulation { compute_units, error, logs }) = answers.into_iter().next_back() else {
        return Ok(None);
    };
    match error {
        None => Ok(compute_units),
        Some(error) if is_transient(&error) => Ok(None),
        Some(TransactionError::InsufficientFundsForFee | TransactionError::AccountNotFound) => {
            Err(Obstacle::NoFeeMoney(*payer))
        }
        Some(error) => Err(Obstacle::WouldFail { error, logs }),
    }
}

/// Whether an error says something about the moment, and nothing about the transaction.
fn is_transient(error: &TransactionError) -> bool {
    matches!(
        error,
        TransactionError::AccountInUse
            | TransactionError::AlreadyProcessed
            | TransactionError::BlockhashNotFound
            | TransactionError::ClusterMaintenance
            | TransactionError::WouldExceedMaxBlockCostLimit
            | TransactionError::WouldExceedMaxAccountCostLimit
            | TransactionError::WouldExceedMaxVoteCostLimit
            | TransactionError::WouldExceedAccountDataBlockLimit
            | TransactionError::WouldExceedAccountDataTotalLimit
    )
}

/// What others paid for the accounts that the instructions write; nothing where nobody says.
async fn recent_fees(cluster: &Cluster, instructions: &[Instruction]) -> Vec<u64> {
    let mut written: Vec<Address> = instructions
        .iter()
        .flat_map(|instruction| &instruction.accounts)
        .filter_map(|meta| meta.is_writable.then_some(meta.pubkey))
        .collect();
    written.sort();
    written.dedup();
    let written = &written;
    let question = |endpoint: Arc<dyn Endpoint>| async move { endpoint.recent_fees(written).await };
    cluster.ask_several(1, question, |_| true).await.pop().unwrap_or_default()
}
