//! What the engine asks of an RPC endpoint, one question each.

use async_trait::async_trait;
use grid_client::Filter;
use solana_account::Account;
use solana_address::Address;
use solana_hash::Hash;
use solana_signature::Signature;
use solana_transaction_error::TransactionError;

/// How sure the cluster is of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Commitment {
    /// One node has executed it.
    Processed,
    /// Two thirds of the stake have voted for it.
    Confirmed,
    /// It can't be undone.
    Finalized,
}

/// The newest block of a commitment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tip {
    /// Its slot.
    pub slot: u64,
    /// Its height: slots without a block do not count.
    pub height: u64,
}

/// A blockhash and for how long a transaction that names it can land.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// The blockhash.
    pub blockhash: Hash,
    /// Height of the last block that takes such a transaction.
    pub last_valid_height: u64,
    /// Slot in which the endpoint gave it: no such transaction lands in an earlier block than the blockhash's.
    pub slot: u64,
}

/// What an endpoint knows of a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The slot it landed in.
    pub slot: u64,
    /// How sure the endpoint is.
    pub commitment: Commitment,
    /// Why it failed, if it did.
    pub error: Option<TransactionError>,
}

/// What a transaction would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Simulation {
    /// Compute units it would use, where the endpoint tells.
    pub compute_units: Option<u64>,
    /// Why it would fail, if it would.
    pub error: Option<TransactionError>,
    /// Its log lines.
    pub logs: Vec<String>,
}

/// What a landed transaction did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The slot it landed in.
    pub slot: u64,
    /// Compute units it used.
    pub compute_units: u64,
    /// Fee it paid, lamports.
    pub fee_lamports: u64,
    /// Its log lines.
    pub logs: Vec<String>,
}

/// As of when accounts are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadAt {
    /// The commitment.
    pub commitment: Commitment,
    /// Lowest acceptable slot: an endpoint that is behind it answers with an error.
    pub min_slot: u64,
}

/// Why an endpoint gave no answer. Never a statement about the chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EndpointError(pub String);

/// One RPC endpoint.
#[async_trait]
pub trait Endpoint: Send + Sync {
    /// How it is called in messages.
    fn name(&self) -> &str;

    /// Hash of its chain's first block: which chain it is on.
    async fn genesis(&self) -> Result<Hash, EndpointError>;

    /// The newest confirmed blockhash.
    async fn blockhash(&self) -> Result<Lifetime, EndpointError>;

    /// The newest finalized block.
    async fn finalized(&self) -> Result<Tip, EndpointError>;

    /// The first slot that its history of transactions reaches back to.
    async fn first_slot(&self) -> Result<u64, EndpointError>;

    /// Hands a signed transaction to the cluster, without looking at it first.
    async fn send(&self, transaction: &[u8]) -> Result<(), EndpointError>;

    /// What it knows of up to 256 signatures; with `history` it looks beyond the last few minutes.
    async fn statuses(
        &self,
        signatures: &[Signature],
        history: bool,
    ) -> Result<Vec<Option<Status>>, EndpointError>;

    /// Up to 100 accounts, and the slot as of which they were read.
    async fn accounts(
        &self,
        addresses: &[Address],
        at: ReadAt,
    ) -> Result<(u64, Vec<Option<Account>>), EndpointError>;

    /// A part of an account's bytes, as much of it as there is; `None` when the account does not exist.
    async fn data_slice(
        &self,
        address: &Address,
        offset: usize,
        length: usize,
        at: ReadAt,
    ) -> Result<Option<Vec<u8>>, EndpointError> {
        let (_, mut found) = self.accounts(&[*address], at).await?;
        let slice = |account: Account| account.data.into_iter().skip(offset).take(length).collect();
        Ok(found.pop().flatten().map(slice))
    }

    /// The confirmed accounts of a program that pass all filters.
    async fn program_accounts(
        &self,
        program: &Address,
        filters: &[Filter],
        min_slot: u64,
    ) -> Result<Vec<(Address, Account)>, EndpointError>;

    /// Executes a transaction on the confirmed state, without its signatures and with a blockhash of the endpoint's own.
    async fn simulate(&self, transaction: &[u8], min_slot: u64) -> Result<Simulation, EndpointError>;

    /// Priority fees that recent transactions paid to write these accounts, micro-lamports per compute unit.
    async fn recent_fees(&self, accounts: &[Address]) -> Result<Vec<u64>, EndpointError>;

    /// What a confirmed transaction did; `None` when it does not know it.
    async fn outcome(&self, signature: &Signature) -> Result<Option<Outcome>, EndpointError>;

    /// Rent-exempt minimum of an account of `space` bytes, lamports.
    async fn minimum_balance(&self, space: usize) -> Result<u64, EndpointError>;
}
