//! The chain over JSON-RPC, through one endpoint.

use crate::{
    chain::{Chain, Filter, Landed},
    error::ChainError,
};
use async_trait::async_trait;
use solana_account::Account;
use solana_account_decoder_client_types::{UiAccountEncoding, UiDataSliceConfig};
use solana_address::Address;
use solana_commitment_config::CommitmentConfig;
use solana_instruction::Instruction;
use solana_keypair::{Keypair, Signature};
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_rpc_client_api::{
    client_error::{Error as ClientError, ErrorKind},
    config::{RpcAccountInfoConfig, RpcProgramAccountsConfig, RpcTransactionConfig},
    filter::{Memcmp, RpcFilterType},
    request::{RpcError, RpcResponseErrorData},
};
use solana_signer::Signer;
use solana_transaction::Transaction;
use solana_transaction_status_client_types::{UiTransactionEncoding, option_serializer::OptionSerializer};
use std::time::Duration;

/// Highest transaction version that is read back.
const MAX_TRANSACTION_VERSION: u8 = 1;

/// A chain behind one JSON-RPC endpoint, read and written at commitment `confirmed`.
pub struct RpcChain {
    client: RpcClient,
    poll_interval: Duration,
}

impl RpcChain {
    /// Asks the endpoint at `url`; looks every `poll_interval` whether a sent transaction has landed.
    pub fn new(url: impl Into<String>, poll_interval: Duration) -> Self {
        let client = RpcClient::new_with_commitment(url.into(), CommitmentConfig::confirmed());
        Self { client, poll_interval }
    }

    /// The endpoint's address.
    pub fn url(&self) -> String {
        self.client.url()
    }

    fn rpc_error(&self, error: ClientError) -> ChainError {
        ChainError::Rpc { endpoint: self.url(), reason: error.to_string() }
    }

    /// Waits until `signature` has landed or can't land any more.
    async fn wait(&self, signature: &Signature, last_valid_height: u64) -> Result<u64, ChainError> {
        loop {
            // The height first: a status that is unknown after it was passed stays unknown.
            let height = self.client.get_block_height().await.map_err(|e| self.rpc_error(e))?;
            let statuses = self.client.get_signature_statuses(&[*signature]).await;
            let status = statuses.map_err(|e| self.rpc_error(e))?.value.pop().flatten();
            match status {
                Some(status) if status.satisfies_commitment(CommitmentConfig::confirmed()) => {
                    return Ok(status.slot);
                }
                None if height > last_valid_height => {
                    return Err(ChainError::Expired { signature: signature.to_string() });
                }
                _ => tokio::time::sleep(self.poll_interval).await,
            }
        }
    }

    /// Reads back what a landed transaction did.
    async fn outcome(
        &self,
        signature: Signature,
        slot: u64,
        programs: &[Address],
    ) -> Result<Landed, ChainError> {
        let config = RpcTransactionConfig {
            encoding: Some(UiTransactionEncoding::Base64),
            commitment: Some(CommitmentConfig::confirmed()),
            max_supported_transaction_version: Some(MAX_TRANSACTION_VERSION),
        };
        let read = self.client.get_transaction_with_config(&signature, config).await;
        let meta = read.map_err(|e| self.rpc_error(e))?.transaction.meta.ok_or_else(|| ChainError::Rpc {
            endpoint: self.url(),
            reason: format!("transaction {signature} has no metadata"),
        })?;
        let logs = match meta.log_messages {
            OptionSerializer::Some(logs) => logs,
            _ => Vec::new(),
        };
        if let Some(error) = meta.err {
            return Err(ChainError::from_transaction(error.into(), programs, logs));
        }
        let compute_units = match meta.compute_units_consumed {
            OptionSerializer::Some(units) => units,
            _ => 0,
        };
        Ok(Landed { signature, slot, compute_units, fee_lamports: meta.fee, logs })
    }
}

#[async_trait]
impl Chain for RpcChain {
    async fn accounts(&self, addresses: &[Address]) -> Result<Vec<Option<Account>>, ChainError> {
        self.client.get_multiple_accounts(addresses).await.map_err(|e| self.rpc_error(e))
    }

    async fn data_slice(
        &self,
        address: &Address,
        offset: usize,
        length: usize,
    ) -> Result<Option<Vec<u8>>, ChainError> {
        let config = RpcAccountInfoConfig {
            encoding: Some(UiAccountEncoding::Base64),
            data_slice: Some(UiDataSliceConfig { offset, length }),
            commitment: Some(CommitmentConfig::confirmed()),
            ..RpcAccountInfoConfig::default()
        };
        let found = self.client.get_ui_account_with_config(address, config).await;
        let found = found.map_err(|e| self.rpc_error(e))?.value;
        Ok(found.and_then(|account| account.data.decode()))
    }

    async fn program_accounts(
        &self,
        program: &Address,
        filters: &[Filter],
    ) -> Result<Vec<(Address, Account)>, ChainError> {
        let compare = |f: &Filter| RpcFilterType::Memcmp(Memcmp::new_base58_encoded(f.offset, &f.bytes));
        let config = RpcProgramAccountsConfig {
            filters: Some(filters.iter().map(compare).collect()),
            account_config: RpcAccountInfoConfig {
                encoding: Some(UiAccountEncoding::Base64),
                ..RpcAccountInfoConfig::default()
            },
            ..RpcProgramAccountsConfig::default()
        };
        let found = self.client.get_program_ui_accounts_with_config(program, config).await;
        found
            .map_err(|e| self.rpc_error(e))?
            .into_iter()
            .map(|(address, account)| {
                let account = account.to_account().ok_or_else(|| ChainError::Rpc {
                    endpoint: self.url(),
                    reason: format!("account {address} came in an encoding that was not asked for"),
                })?;
                Ok((address, account))
            })
            .collect()
    }

    async fn submit(&self, instructions: &[Instruction], signers: &[&Keypair]) -> Result<Landed, ChainError> {
        let payer = signers.first().ok_or_else(|| ChainError::Signing("no signer was given".into()))?;
        let programs: Vec<Address> = instructions.iter().map(|instruction| instruction.program_id).collect();
        let (blockhash, last_valid_height) = self
            .client
            .get_latest_blockhash_with_commitment(CommitmentConfig::confirmed())
            .await
            .map_err(|e| self.rpc_error(e))?;
        let mut transaction = Transaction::new_with_payer(instructions, Some(&payer.pubkey()));
        transaction.try_sign(signers, blockhash).map_err(|e| ChainError::Signing(e.to_string()))?;

        let sent = self.client.send_transaction(&transaction).await;
        let signature = sent.map_err(|error| match refused_by_simulation(&error) {
            Some((reason, logs)) => ChainError::from_transaction(reason, &programs, logs),
            None => self.rpc_error(error),
        })?;
        let slot = self.wait(&signature, last_valid_height).await?;
        self.outcome(signature, slot, &programs).await
    }

    async fn minimum_balance(&self, space: usize) -> Result<u64, ChainError> {
        self.client.get_minimum_balance_for_rent_exemption(space).await.map_err(|e| self.rpc_error(e))
    }
}

/// Why the endpoint's simulation refused a transaction, if that is what happened.
fn refused_by_simulation(
    error: &ClientError,
) -> Option<(solana_transaction_error::TransactionError, Vec<String>)> {
    let reason = error.get_transaction_error()?;
    let logs = match error.kind() {
        ErrorKind::RpcError(RpcError::RpcResponseError {
            data: RpcResponseErrorData::SendTransactionPreflightFailure(simulation),
            ..
        }) => simulation.logs.clone().unwrap_or_default(),
        _ => Vec::new(),
    };
    Some((reason, logs))
}
