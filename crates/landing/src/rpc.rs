//! An endpoint over JSON-RPC.

use crate::endpoint::{
    Commitment, Endpoint, EndpointError, Lifetime, Outcome, ReadAt, Simulation, Status, Tip,
};
use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use grid_client::Filter;
use serde_json::json;
use solana_account::Account;
use solana_account_decoder_client_types::{UiAccount, UiAccountEncoding, UiDataSliceConfig};
use solana_address::Address;
use solana_commitment_config::CommitmentConfig;
use solana_hash::Hash;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_rpc_client_api::{
    client_error::Error as ClientError,
    config::{RpcAccountInfoConfig, RpcProgramAccountsConfig, RpcTransactionConfig},
    filter::{Memcmp, RpcFilterType},
    request::RpcRequest,
    response::{Response, RpcBlockhash, RpcSimulateTransactionResult},
};
use solana_signature::Signature;
use solana_transaction_status_client_types::{
    TransactionConfirmationStatus, TransactionStatus, UiTransactionEncoding,
    option_serializer::OptionSerializer,
};
use std::time::Duration;

/// Highest transaction version that is read back.
const MAX_TRANSACTION_VERSION: u8 = 1;

/// One JSON-RPC endpoint. It must keep a history of transactions: what it does not know is taken as evidence.
pub struct RpcEndpoint {
    client: RpcClient,
    name: String,
}

impl RpcEndpoint {
    /// Asks the endpoint at `url`, and waits for an answer as long as `timeout`.
    pub fn new(url: impl Into<String>, timeout: Duration) -> Self {
        let url = url.into();
        let name = public_name(&url);
        let commitment = CommitmentConfig::confirmed();
        Self { client: RpcClient::new_with_timeout_and_commitment(url, timeout, commitment), name }
    }
}

/// A URL without its path, query and credentials, which often hold an API key.
fn public_name(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = authority.rsplit('@').next().unwrap_or(authority);
    format!("{scheme}://{host}")
}

fn failed(error: ClientError) -> EndpointError {
    EndpointError(error.to_string())
}

fn odd(what: impl std::fmt::Display) -> EndpointError {
    EndpointError(format!("an answer that is none: {what}"))
}

fn config_of(commitment: Commitment) -> CommitmentConfig {
    match commitment {
        Commitment::Processed => CommitmentConfig::processed(),
        Commitment::Confirmed => CommitmentConfig::confirmed(),
        Commitment::Finalized => CommitmentConfig::finalized(),
    }
}

fn status_of(status: TransactionStatus) -> Status {
    let commitment = match status.confirmation_status {
        Some(TransactionConfirmationStatus::Finalized) => Commitment::Finalized,
        Some(TransactionConfirmationStatus::Confirmed) => Commitment::Confirmed,
        Some(TransactionConfirmationStatus::Processed) => Commitment::Processed,
        None if status.confirmations.is_none() => Commitment::Finalized,
        None => Commitment::Processed,
    };
    Status { slot: status.slot, commitment, error: status.err }
}

fn account_of(account: UiAccount) -> Result<Account, EndpointError> {
    account.to_account().ok_or_else(|| odd("an account in an encoding that was not asked for"))
}

fn account_config(at: ReadAt) -> RpcAccountInfoConfig {
    RpcAccountInfoConfig {
        encoding: Some(UiAccountEncoding::Base64),
        commitment: Some(config_of(at.commitment)),
        min_context_slot: Some(at.min_slot),
        ..RpcAccountInfoConfig::default()
    }
}

#[async_trait]
impl Endpoint for RpcEndpoint {
    fn name(&self) -> &str {
        &self.name
    }

    async fn genesis(&self) -> Result<Hash, EndpointError> {
        self.client.get_genesis_hash().await.map_err(failed)
    }

    async fn blockhash(&self) -> Result<Lifetime, EndpointError> {
        let params = json!([{ "commitment": "confirmed" }]);
        let answer: Response<RpcBlockhash> =
            self.client.send(RpcRequest::GetLatestBlockhash, params).await.map_err(failed)?;
        Ok(Lifetime {
            blockhash: answer.value.blockhash.parse().map_err(odd)?,
            last_valid_height: answer.value.last_valid_block_height,
            slot: answer.context.slot,
        })
    }

    async fn finalized(&self) -> Result<Tip, EndpointError> {
        let info = self.client.get_epoch_info_with_commitment(CommitmentConfig::finalized()).await;
        let info = info.map_err(failed)?;
        Ok(Tip { slot: info.absolute_slot, height: info.block_height })
    }

    async fn first_slot(&self) -> Result<u64, EndpointError> {
        self.client.send(RpcRequest::GetFirstAvailableBlock, json!([])).await.map_err(failed)
    }

    async fn send(&self, transaction: &[u8]) -> Result<(), EndpointError> {
        // Sent again by the engine, which knows when to stop: the node shall not retry by itself.
        let config = json!({ "encoding": "base64", "skipPreflight": true, "maxRetries": 0 });
        let params = json!([STANDARD.encode(transaction), config]);
        let _: String = self.client.send(RpcRequest::SendTransaction, params).await.map_err(failed)?;
        Ok(())
    }

    async fn statuses(
        &self,
        signatures: &[Signature],
        history: bool,
    ) -> Result<Vec<Option<Status>>, EndpointError> {
        let answer = match history {
            true => self.client.get_signature_statuses_with_history(signatures).await,
            false => self.client.get_signature_statuses(signatures).await,
        };
        let statuses = answer.map_err(failed)?.value;
        if statuses.len() != signatures.len() {
            return Err(odd(format_args!("{} statuses of {} signatures", statuses.len(), signatures.len())));
        }
        Ok(statuses.into_iter().map(|status| status.map(status_of)).collect())
    }

    async fn accounts(
        &self,
        addresses: &[Address],
        at: ReadAt,
    ) -> Result<(u64, Vec<Option<Account>>), EndpointError> {
        let answer = self.client.get_multiple_ui_accounts_with_config(addresses, account_config(at)).await;
        let answer = answer.map_err(failed)?;
        if answer.value.len() != addresses.len() || answer.context.slot < at.min_slot {
            return Err(odd(format_args!(
                "{} of {} accounts as of slot {}, {} or later was asked for",
                answer.value.len(),
                addresses.len(),
                answer.context.slot,
                at.min_slot
            )));
        }
        let accounts = answer.value.into_iter().map(|account| account.map(account_of).transpose());
        Ok((answer.context.slot, accounts.collect::<Result<_, _>>()?))
    }

    async fn data_slice(
        &self,
        address: &Address,
        offset: usize,
        length: usize,
        at: ReadAt,
    ) -> Result<Option<Vec<u8>>, EndpointError> {
        let data_slice = Some(UiDataSliceConfig { offset, length });
        let config = RpcAccountInfoConfig { data_slice, ..account_config(at) };
        let answer = self.client.get_ui_account_with_config(address, config).await.map_err(failed)?;
        if answer.context.slot < at.min_slot {
            return Err(odd(format_args!(
                "an account as of slot {}, {} or later was asked for",
                answer.context.slot, at.min_slot
            )));
        }
        Ok(answer.value.map(account_of).transpose()?.map(|account| account.data))
    }

    async fn program_accounts(
        &self,
        program: &Address,
        filters: &[Filter],
        min_slot: u64,
    ) -> Result<Vec<(Address, Account)>, EndpointError> {
        let compare = |f: &Filter| RpcFilterType::Memcmp(Memcmp::new_base58_encoded(f.offset, &f.bytes));
        let config = RpcProgramAccountsConfig {
            filters: Some(filters.iter().map(compare).collect()),
            account_config: account_config(ReadAt { commitment: Commitment::Confirmed, min_slot }),
            ..RpcProgramAccountsConfig::default()
        };
        let found = self.client.get_program_ui_accounts_with_config(program, config).await;
        let found = found.map_err(failed)?.into_iter();
        found.map(|(address, account)| Ok((address, account_of(account)?))).collect()
    }

    async fn simulate(&self, transaction: &[u8], min_slot: u64) -> Result<Simulation, EndpointError> {
        let config = json!({
            "encoding": "base64",
            "sigVerify": false,
            "replaceRecentBlockhash": true,
            "commitment": "confirmed",
            "minContextSlot": min_slot,
        });
        let params = json!([STANDARD.encode(transaction), config]);
        let answer: Response<RpcSimulateTransactionResult> =
            self.client.send(RpcRequest::SimulateTransaction, params).await.map_err(failed)?;
        let RpcSimulateTransactionResult { err, logs, units_consumed, .. } = answer.value;
        let (error, logs) = (err.map(Into::into), logs.unwrap_or_default());
        Ok(Simulation { compute_units: units_consumed, error, logs })
    }

    async fn recent_fees(&self, accounts: &[Address]) -> Result<Vec<u64>, EndpointError> {
        let fees = self.client.get_recent_prioritization_fees(accounts).await.map_err(failed)?;
        Ok(fees.into_iter().map(|fee| fee.prioritization_fee).collect())
    }

    async fn outcome(&self, signature: &Signature) -> Result<Option<Outcome>, EndpointError> {
        let config = RpcTransactionConfig {
            encoding: Some(UiTransactionEncoding::Base64),
            commitment: Some(CommitmentConfig::confirmed()),
            max_supported_transaction_version: Some(MAX_TRANSACTION_VERSION),
        };
        let read = self.client.get_transaction_with_config(signature, config).await.map_err(failed)?;
        let Some(meta) = read.transaction.meta else { return Ok(None) };
        let logs = match meta.log_messages {
            OptionSerializer::Some(logs) => logs,
            _ => Vec::new(),
        };
        let compute_units = match meta.compute_units_consumed {
            OptionSerializer::Some(units) => units,
            _ => 0,
        };
        Ok(Some(Outcome { slot: read.slot, compute_units, fee_lamports: meta.fee, logs }))
    }

    async fn minimum_balance(&self, space: usize) -> Result<u64, EndpointError> {
        self.client.get_minimum_balance_for_rent_exemption(space).await.map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_shows_no_secret() {
        for (url, name) in [
            ("https://user:word@rpc.example.org:8899/key?api-key=secret", "https://rpc.example.org:8899"),
            ("http://127.0.0.1:8899", "http://127.0.0.1:8899"),
            ("rpc.example.org/secret", "http://rpc.example.org"),
            ("https://rpc.example.org?api-key=secret", "https://rpc.example.org"),
        ] {
            assert_eq!(public_name(url), name);
        }
    }

    #[test]
    fn a_status_without_a_word_on_its_commitment_is_taken_as_the_less_sure() {
        let status = |confirmations, confirmation_status| {
            let status =
                TransactionStatus { slot: 1, confirmations, status: Ok(()), err: None, confirmation_status };
            status_of(status).commitment
        };
        assert_eq!(status(Some(3), None), Commitment::Processed);
        assert_eq!(status(None, None), Commitment::Finalized);
        assert_eq!(status(None, Some(TransactionConfirmationStatus::Confirmed)), Commitment::Confirmed);
    }
}
