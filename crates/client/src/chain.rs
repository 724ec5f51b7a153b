//! Access to a chain: what a client, a node and a test need of it, and nothing else.

use crate::{
    account::{self, MarketView},
    error::ChainError,
    intent::Intent,
};
use anchor_lang::{AccountDeserialize, Discriminator, Owner};
use async_trait::async_trait;
use grid_jobs::{Device, ID, Job, JobState};
use solana_account::Account;
use solana_address::Address;
use solana_clock::Clock;
use solana_instruction::Instruction;
use solana_keypair::{Keypair, Signature};

/// A transaction that landed and succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landed {
    /// Its signature.
    pub signature: Signature,
    /// The slot it landed in.
    pub slot: u64,
    /// Compute units it used.
    pub compute_units: u64,
    /// Fee it paid, lamports.
    pub fee_lamports: u64,
    /// Its log lines.
    pub logs: Vec<String>,
}

/// What an account must look like to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Where in the account's bytes.
    pub offset: usize,
    /// What stands there.
    pub bytes: Vec<u8>,
}

/// Access to a chain.
#[async_trait]
pub trait Chain: Send + Sync {
    /// Reads accounts; `None` for each that does not exist.
    async fn accounts(&self, addresses: &[Address]) -> Result<Vec<Option<Account>>, ChainError>;

    /// Reads a part of an account's bytes, as much of it as there is; `None` when the account does not exist.
    async fn data_slice(
        &self,
        address: &Address,
        offset: usize,
        length: usize,
    ) -> Result<Option<Vec<u8>>, ChainError> {
        let found = self.accounts(&[*address]).await?.pop().flatten();
        let slice = |account: Account| account.data.into_iter().skip(offset).take(length).collect();
        Ok(found.map(slice))
    }

    /// Finds accounts of a program that pass all filters.
    async fn program_accounts(
        &self,
        program: &Address,
        filters: &[Filter],
    ) -> Result<Vec<(Address, Account)>, ChainError>;

    /// Signs and sends a transaction and waits until it has landed. The first signer pays the fee.
    async fn submit(&self, instructions: &[Instruction], signers: &[&Keypair]) -> Result<Landed, ChainError>;

    /// The same for what must land and never twice; a chain that keeps a journal remembers it until it has.
    async fn land(&self, intent: &Intent, signers: &[&Keypair]) -> Result<Landed, ChainError> {
        self.submit(&intent.instructions, signers).await
    }

    /// Rent-exempt minimum of an account, lamports.
    async fn minimum_balance(&self, space: usize) -> Result<u64, ChainError>;
}

/// Reads one account; `None` when it does not exist.
pub async fn account(chain: &dyn Chain, address: &Address) -> Result<Option<Account>, ChainError> {
    Ok(chain.accounts(&[*address]).await?.pop().flatten())
}

/// Reads and decodes an account of one of the programs, if it exists.
pub async fn find<T: AccountDeserialize + Owner>(
    chain: &dyn Chain,
    address: &Address,
) -> Result<Option<T>, ChainError> {
    let account = account(chain, address).await?;
    Ok(account.map(|account| account::decode(address, &account)).transpose()?)
}

/// Reads and decodes an account of one of the programs that must exist.
pub async fn fetch<T: AccountDeserialize + Owner>(
    chain: &dyn Chain,
    what: &'static str,
    address: &Address,
) -> Result<T, ChainError> {
    find(chain, address).await?.ok_or(ChainError::Missing { what, address: *address })
}

/// Reads a market with its queue.
pub async fn fetch_market(chain: &dyn Chain, address: &Address) -> Result<MarketView, ChainError> {
    let found = account(chain, address).await?;
    let found = found.ok_or(ChainError::Missing { what: "market", address: *address })?;
    Ok(MarketView::decode(address, &found)?)
}

/// Reads a device, and its market with the queue, as of one slot.
pub async fn fetch_device_and_market(
    chain: &dyn Chain,
    device: &Address,
    market: &Address,
) -> Result<(Device, MarketView), ChainError> {
    let mut found = chain.accounts(&[*device, *market]).await?.into_iter();
    let mut next = |what, address: &Address| {
        found.next().flatten().ok_or(ChainError::Missing { what, address: *address })
    };
    let (device_account, market_account) = (next("device", device)?, next("market", market)?);
    Ok((account::decode(device, &device_account)?, MarketView::decode(market, &market_account)?))
}

/// Finds the job that took `device` out of the queue, if one did.
pub async fn job_assigned_to(
    chain: &dyn Chain,
    device: &Address,
) -> Result<Option<(Address, Job)>, ChainError> {
    let filters = [
        Filter { offset: 0, bytes: Job::DISCRIMINATOR.to_vec() },
        Filter { offset: 8 + std::mem::offset_of!(Job, device), bytes: device.as_ref().to_vec() },
        Filter { offset: 8 + std::mem::offset_of!(Job, state), bytes: vec![JobState::Assigned as u8] },
    ];
    let found = chain.program_accounts(&ID, &filters).await?;
    found
        .into_iter()
        .next()
        .map(|(address, account)| Ok((address, account::decode(&address, &account)?)))
        .transpose()
}

/// Reads the clock sysvar.
pub async fn clock(chain: &dyn Chain) -> Result<Clock, ChainError> {
    let address = solana_sdk_ids::sysvar::clock::ID;
    let found = account(chain, &address).await?.ok_or(ChainError::Missing { what: "clock", address })?;
    let word =
        |index: usize| -> Option<[u8; 8]> { found.data.get(index * 8..index * 8 + 8)?.try_into().ok() };
    // Layout: the `Clock` of the `solana-clock` crate, five 64-bit words in this order.
    let clock = || {
        Some(Clock {
            slot: u64::from_le_bytes(word(0)?),
            epoch_start_timestamp: i64::from_le_bytes(word(1)?),
            epoch: u64::from_le_bytes(word(2)?),
            leader_schedule_epoch: u64::from_le_bytes(word(3)?),
            unix_timestamp: i64::from_le_bytes(word(4)?),
        })
    };
    clock().ok_or(ChainError::Missing { what: "clock", address })
}
