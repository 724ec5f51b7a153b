//! `grid earnings`: what a node's devices earned, were paid, and cost.

use crate::{
    earnings::{Seen, Tally, tally},
    exit::Exit,
    facts::{Fact, Facts},
    session::Session,
    time::{now, parse_duration},
};
use anyhow::{Context, Result};
use clap::Args;
use grid_client::{Filter, account::Device, event::events_in, query::find_all};
use serde_json::{Value, json};
use solana_address::Address;
use solana_rpc_client::{
    nonblocking::rpc_client::RpcClient, rpc_client::GetConfirmedSignaturesForAddress2Config,
};
use solana_rpc_client_api::config::RpcTransactionConfig;
use solana_signature::Signature;
use solana_transaction_status_client_types::{
    EncodedTransaction, UiTransactionEncoding, option_serializer::OptionSerializer,
};
use std::mem::offset_of;

/// Transactions that an endpoint lists at a time.
const PAGE: usize = 1_000;
/// Highest transaction version that is read back.
const MAX_TRANSACTION_VERSION: u8 = 1;

#[derive(Args)]
pub struct EarningsOptions {
    /// The node's key [default: this key]
    #[arg(long, value_name = "ADDRESS")]
    node: Option<Address>,
    /// How far back
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, default_value = "30d")]
    since: u32,
}

pub async fn run(options: &EarningsOptions, session: &Session) -> Result<Exit> {
    let chain = session.chain.as_ref();
    let node = match options.node {
        Some(node) => node,
        None => session.me()?,
    };
    let of_node = Filter::field(offset_of!(Device, node), node);
    let mut devices: Vec<(Address, Device)> = find_all(chain, [of_node]).await?;
    devices.sort_by_key(|(address, device)| (device.market, device.index.get(), *address));
    let since = now().saturating_sub(options.since.into());
    let url = session.settings.urls.value.first().context("no endpoint is configured")?;
    let client = RpcClient::new(url.clone());
    let (mut rows, mut json, mut missing) = (Vec::new(), Vec::new(), None);
    for (address, device) in &devices {
        let mint = session.mint(&device.mint).await?;
        // An endpoint without a history still gives the accounts.
        let history = match history(&client, address, &node, since).await {
            Ok(seen) => Some(tally(&seen, address)),
            Err(error) => {
                missing = Some(format!("{error:#}"));
                None
            }
        };
        let atoms = |value: fn(&Tally) -> u64| match &history {
            Some(found) => Fact::Atoms(value(found), mint.clone()),
            None => Fact::None,
        };
        let row = Facts::new()
            .address("device", *address)
            .address("market", device.market)
            .with("jobs", history.as_ref().map_or(Fact::None, |found| Fact::Number(found.jobs)))
            .with("paid_for", history.as_ref().map_or(Fact::None, |found| Fact::Seconds(found.seconds)))
            .with("earned", atoms(|found| found.earned_atoms))
            .with("withdrawn", atoms(|found| found.withdrawn_atoms))
            .with("lost_of_bond", atoms(|found| found.forfeited_atoms))
            .with("fees", history.as_ref().map_or(Fact::None, |found| Fact::Lamports(found.fee_lamports)))
            .atoms("to_withdraw", device.earnings_atoms.get(), &mint)
            .number("jobs_ever", device.jobs_finished.get());
        json.push(Value::from(row.to_json()));
        rows.push(row);
    }
    let text = if rows.is_empty() {
        "The node has no device: `grid device open` opens one.\n".to_owned()
    } else {
        crate::facts::table(&rows)
    };
    let value = json!({
        "node": node.to_string(),
        "since": since,
        "history_error": missing,
        "devices": json,
    });
    session.out.print(&value, &text);
    if let Some(error) = missing {
        session
            .out
            .note(&format!("the endpoint gives no history, so only what the accounts say is shown: {error}"));
    }
    Ok(Exit::Success)
}

/// The transactions of a device since a moment, newest first.
async fn history(client: &RpcClient, device: &Address, node: &Address, since: i64) -> Result<Vec<Seen>> {
    let (mut seen, mut before): (Vec<Seen>, Option<Signature>) = (Vec::new(), None);
    loop {
        let config =
            GetConfirmedSignaturesForAddress2Config { before, limit: Some(PAGE), ..Default::default() };
        let page = client.get_signatures_for_address_with_config(device, config).await?;
        for entry in &page {
            if entry.block_time.is_some_and(|time| time < since) {
                return Ok(seen);
            }
            // Some endpoints list a transaction without a signature for one that never landed.
            let Ok(signature) = entry.signature.parse::<Signature>() else { continue };
            before = Some(signature);
            if entry.err.is_none() {
                seen.push(read(client, &signature, node).await?);
            }
        }
        if page.len() < PAGE {
            return Ok(seen);
        }
    }
}

async fn read(client: &RpcClient, signature: &Signature, node: &Address) -> Result<Seen> {
    let config = RpcTransactionConfig {
        encoding: Some(UiTransactionEncoding::Base64),
        max_supported_transaction_version: Some(MAX_TRANSACTION_VERSION),
        ..RpcTransactionConfig::default()
    };
    let found = client.get_transaction_with_config(signature, config).await?;
    let meta = found.transaction.meta.with_context(|| format!("transaction {signature} has no metadata"))?;
    let logs = match meta.log_messages {
        OptionSerializer::Some(logs) => logs,
        _ => Vec::new(),
    };
    let is_ours = payer(&found.transaction.transaction).is_some_and(|payer| payer == *node);
    Ok(Seen { events: events_in(&logs), fee_lamports: if is_ours { meta.fee } else { 0 } })
}

/// Who paid a transaction's fee: its first account.
fn payer(transaction: &EncodedTransaction) -> Option<Address> {
    transaction.decode()?.message.static_account_keys().first().copied()
}
