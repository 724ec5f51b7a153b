//! What must hold at the end.

use crate::{NODES, jobs::Listed};
use anyhow::{Context, Result, ensure};
use grid_client::{
    account::{Device, Job, Project},
    address,
    chain::{self, fetch},
    event::{Event, events_in},
    instruction,
    ledger::fetch_ledger,
    token,
};
use grid_e2e::stage::{Stage, TERMS, TOKENS};
use grid_executor::{ContentSource, Digest, FolderStore, JobStatus, ResultDocument};
use grid_jobs::JobState;
use solana_address::Address;
use solana_commitment_config::CommitmentConfig;
use solana_rpc_client::rpc_client::GetConfirmedSignaturesForAddress2Config;
use solana_rpc_client_api::config::RpcTransactionConfig;
use solana_signer::Signer;
use solana_transaction_status_client_types::{UiTransactionEncoding, option_serializer::OptionSerializer};
use std::{collections::BTreeMap, path::Path};

/// Checks all of it; says in sentences what held.
pub async fn all(stage: &Stage, listed: &Listed, survivor: &Address, folder: &Path) -> Result<Vec<String>> {
    let mut said = Vec::new();
    let mut earned: BTreeMap<Address, u64> = BTreeMap::new();
    let (mut seconds_sold, mut fees, mut paid_jobs) = (0_i64, 0_u64, 0);
    let mut documents = BTreeMap::new();
    for address in &listed.all {
        if listed.delisted.contains(address) {
            ensure!(
                chain::account(&stage.chain, address).await?.is_none(),
                "{address} was delisted and is there"
            );
            continue;
        }
        let job: Job = fetch(&stage.chain, "job", address).await?;
        ensure!(job.is(JobState::Done) && job.escrow_atoms.get() == 0, "{address}: {job:?}");
        let seconds = job.ended_at.get() - job.started_at.get();
        ensure!((0..=300).contains(&seconds), "{address} ran for {seconds} s");
        let pay = seconds as u64 * TERMS.price_per_second_atoms;
        *earned.entry(job.device).or_default() += pay;
        fees += (pay * u64::from(TERMS.fee_bps)).div_ceil(10_000);
        seconds_sold += seconds;
        paid_jobs += 1;
        let payments = payments_of(stage, address).await?;
        ensure!(payments == 1, "{address} was paid {payments} times");
        documents.insert(*address, document(folder, Digest(job.result)).await?);
    }
    for device in stage.devices() {
        let account: Device = fetch(&stage.chain, "device", &device).await?;
        let expected = earned.get(&device).copied().unwrap_or_default();
        ensure!(
            account.earnings_atoms.get() == expected,
            "{device} has {}, not {expected}",
            account.earnings_atoms
        );
        ensure!(account.bond_atoms.get() == TERMS.bond_atoms, "{device} lost of its bond");
        ensure!(account.is(grid_jobs::DeviceState::Idle), "{device} is not idle");
    }
    said.push(format!(
        "{paid_jobs} jobs were paid exactly once, {seconds_sold} s in all; no bond lost an atom"
    ));

    for (address, (document, log)) in &documents {
        let expected = match () {
            () if listed.failing.contains(address) => JobStatus::Failed,
            () if listed.services.contains(address) => JobStatus::Cancelled,
            () => JobStatus::Succeeded,
        };
        ensure!(document.status == expected, "{address} is {:?}: {document:?}", document.status);
        ensure!(
            document.artifacts.len() == usize::from(listed.with_artifacts.contains(address)),
            "{address}"
        );
        let begun = log.matches("begun").count();
        ensure!(begun == usize::from(listed.long.contains(address)), "{address} began {begun} times: {log}");
    }
    said.push(format!("{} result documents and logs have the hashes that the chain holds", documents.len()));
    let (_, log) = &documents[survivor];
    ensure!(log.matches("done").count() == 1, "the log of the job that outlived its worker: {log}");
    said.push(format!(
        "job {survivor} ran through the death of its worker: begun once, done once, paid once"
    ));

    let (ledger, held) = fetch_ledger(&stage.chain, &stage.mint).await?;
    ensure!(ledger.total() == u128::from(held), "the vault holds {held}, the accounts say {ledger:?}");
    ensure!(ledger.escrows == 0 && ledger.fees == u128::from(fees), "{ledger:?}, fees {fees}");
    said.push(format!("the vault holds {held} atoms and the accounts owe {}: {ledger:?}", ledger.total()));
    take_everything_home(stage, listed, fees).await?;
    said.push(
        "every deposit, bond and earning was withdrawn; only the fees are left in the vault".to_owned(),
    );
    Ok(said)
}

/// How many transactions that touched the job paid for it.
async fn payments_of(stage: &Stage, job: &Address) -> Result<usize> {
    let config = RpcTransactionConfig {
        encoding: Some(UiTransactionEncoding::Base64),
        commitment: Some(CommitmentConfig::confirmed()),
        max_supported_transaction_version: Some(1),
    };
    let mut payments = 0;
    let confirmed = GetConfirmedSignaturesForAddress2Config {
        commitment: Some(CommitmentConfig::confirmed()),
        ..GetConfirmedSignaturesForAddress2Config::default()
    };
    for status in stage.rpc.get_signatures_for_address_with_config(job, confirmed).await? {
        if status.err.is_some() {
            continue;
        }
        let signature = status.signature.parse()?;
        let transaction = stage.rpc.get_transaction_with_config(&signature, config).await?;
        let meta = transaction.transaction.meta.context("a transaction without metadata")?;
        let OptionSerializer::Some(logs) = meta.log_messages else { continue };
        let pays = |event: &Event| matches!(event, Event::JobFinished(_) | Event::JobEnded(_));
        payments += events_in(&logs).iter().filter(|event| pays(event)).count();
    }
    Ok(payments)
}

/// A result document and its log, from the store of the node that has them.
async fn document(folder: &Path, digest: Digest) -> Result<(ResultDocument, String)> {
    for index in 0..NODES {
        let store = FolderStore::open(folder.join(format!("node-{index}/state/store")))?;
        let Ok(bytes) = store.get(digest, 1 << 20).await else { continue };
        let document = ResultDocument::parse_expecting(&bytes, digest)?;
        let log = store.get(document.log.sha256, 1 << 24).await?;
        for artifact in &document.artifacts {
            store.get(artifact.sha256, 1 << 24).await?;
        }
        return Ok((document, String::from_utf8_lossy(&log).into_owned()));
    }
    anyhow::bail!("no node has the result {digest}")
}

async fn take_everything_home(stage: &Stage, listed: &Listed, fees: u64) -> Result<()> {
    let mut earned = 0;
    for node in &stage.nodes {
        let key = node.pubkey();
        for index in 0..stage.devices_per_node {
            let device = stage.device(&key, index);
            let account: Device = fetch(&stage.chain, "device", &device).await?;
            earned += account.earnings_atoms.get();
            if account.earnings_atoms.get() > 0 {
                stage.send(&[instruction::withdraw_earnings(device, stage.mint, key)], &[node]).await?;
            }
            let bond = instruction::withdraw_bond(key, device, stage.mint, key, account.bond_atoms.get());
            stage.send(&[bond, instruction::close_device(key, key, device)], &[node]).await?;
        }
    }
    let client = stage.client.pubkey();
    for job in listed.all.iter().filter(|job| !listed.delisted.contains(job)) {
        stage.send(&[instruction::close_job(client, stage.project, *job, client)], &[&stage.client]).await?;
    }
    let project: Project = fetch(&stage.chain, "project", &stage.project).await?;
    let to = address::token_account(&client, stage.mint);
    let home = [
        instruction::withdraw(client, stage.project, stage.mint, to, project.balance.get()),
        instruction::close_project(client, stage.project),
    ];
    stage.send(&home, &[&stage.client]).await?;
    let tokens = async |wallet: Address| -> Result<u64> {
        let account = address::token_account(&wallet, stage.mint);
        let found = chain::account(&stage.chain, &account).await?;
        found.and_then(|account| token::amount(&account.data)).context("a token account")
    };
    let mut nodes = 0;
    for node in &stage.nodes {
        nodes += tokens(node.pubkey()).await?;
    }
    let client = tokens(client).await?;
    ensure!(nodes == TOKENS * NODES as u64 + earned, "the nodes have {nodes} and earned {earned}");
    ensure!(client == TOKENS - earned - fees, "the client has {client}");
    let (ledger, held) = fetch_ledger(&stage.chain, &stage.mint).await?;
    ensure!(held == fees && ledger.total() == u128::from(fees), "{held} are left in the vault: {ledger:?}");
    Ok(())
}
