//! The sixty jobs.

use anyhow::{Context, Result, bail, ensure};
use grid_client::{
    account::Job,
    address,
    chain::{self, fetch},
    instruction::{self, Listing},
};
use grid_e2e::stage::{Stage, TERMS};
use grid_executor::{ContentStore, Digest};
use grid_jobs::{JobKind, JobState};
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::time::{Duration, Instant};

/// Jobs in all.
const JOBS: u64 = 60;
/// Time of a long job, seconds.
const LONG_SECONDS: u32 = 25;
/// How long a long job may be waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// The jobs that were listed.
#[derive(Default)]
pub struct Listed {
    pub all: Vec<Address>,
    /// Jobs that run for [`LONG_SECONDS`].
    pub long: Vec<Address>,
    /// Jobs that run until their client ends them.
    pub services: Vec<Address>,
    /// Jobs whose command fails.
    pub failing: Vec<Address>,
    /// Jobs that leave an artifact.
    pub with_artifacts: Vec<Address>,
    /// Jobs in the market that no node comes to.
    pub delisted: Vec<Address>,
}

/// One op that runs a shell command.
fn shell(command: &str, more: &str) -> String {
    let command = serde_json::Value::from(command);
    format!(
        r#"{{"version":"0.1","type":"container","ops":[{{"type":"container/run","id":"main","args":{{"image":"host","cmd":{command}}}}}]{more}}}"#
    )
}

pub async fn list_all(stage: &Stage) -> Result<Listed> {
    let mut listed = Listed::default();
    let text: String = (0..200).map(|line| format!("line {line} of the input\n")).collect();
    let input = stage.store.put(text.as_bytes()).await?;
    for id in 0..JOBS {
        let job = address::job(&stage.project, id).0;
        let seconds = 1 + id % 4;
        let (definition, kind) = match id % 10 {
            0 => {
                listed.long.push(job);
                (shell(&format!("echo begun; sleep {LONG_SECONDS}; echo done"), ""), JobKind::Batch)
            }
            1 | 2 => (shell(&format!("echo {id}; sleep {seconds}"), ""), JobKind::Batch),
            3 => {
                let bench = r#"{"version":"0.1","type":"container","ops":[{"type":"bench/cpu","id":"bench","args":{"seconds":0.5}}]}"#;
                (bench.to_owned(), JobKind::Batch)
            }
            4 | 5 => {
                listed.with_artifacts.push(job);
                let more = format!(
                    r#","inputs":[{{"name":"text","sha256":"{input}","dest":"text"}}],"outputs":[{{"name":"words","path":"words"}}]"#
                );
                (shell(&format!("wc -w <text >words; cat words; sleep {seconds}"), &more), JobKind::Batch)
            }
            6 => {
                listed.failing.push(job);
                (shell(&format!("sleep {seconds}; echo this one fails >&2; exit 3"), ""), JobKind::Batch)
            }
            7 => {
                let op = |op: &str, after: &str, command: &str| {
                    format!(
                        r#"{{"type":"container/run","id":"{op}","execution":{{"group":"g"{after}}},"results":{{"value":"value=(\\d+)"}},"args":{{"image":"host","cmd":"{command}"}}}}"#
                    )
                };
                let ops = [
                    op("first", "", "sleep 1; echo value=42"),
                    op("second", r#","depends_on":["first"]"#, "echo it was %%ops.first.results.value%%"),
                ];
                (
                    format!(r#"{{"version":"0.1","type":"container","ops":[{}]}}"#, ops.join(",")),
                    JobKind::Batch,
                )
            }
            8 => {
                listed.services.push(job);
                (shell("echo serving; sleep 600", ""), JobKind::Service)
            }
            _ => (
                shell(&format!("head -c 100000 /dev/zero | tr '\\0' 'x' | fold -w 100; sleep {seconds}"), ""),
                JobKind::Batch,
            ),
        };
        let is_delisted = id % 20 == 9;
        let market = if is_delisted { stage.empty_market } else { stage.market };
        let digest: Digest = stage.store.put(definition.as_bytes()).await?;
        let listing = Listing {
            id,
            kind,
            definition: digest.0,
            timeout_seconds: 300,
            max_price_per_second_atoms: TERMS.price_per_second_atoms,
        };
        let list = instruction::list(stage.client.pubkey(), stage.project, market, &listing);
        stage.send(&[list], &[&stage.client]).await.with_context(|| format!("job {id}"))?;
        listed.all.push(job);
        if is_delisted {
            let client = stage.client.pubkey();
            let delist = instruction::delist(client, stage.project, market, job, client);
            stage.send(&[delist], &[&stage.client]).await?;
            listed.delisted.push(job);
        }
    }
    ensure!(listed.long.len() == 6 && listed.services.len() == 6 && listed.delisted.len() == 3);
    Ok(listed)
}

/// Waits until one of `jobs` runs; which, and the number of its node.
pub async fn running(stage: &Stage, jobs: &[Address]) -> Result<(Address, usize)> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        for address in jobs {
            let job: Job = fetch(&stage.chain, "job", address).await?;
            let has_it = |node: &Keypair| {
                (0..stage.devices_per_node).any(|index| stage.device(&node.pubkey(), index) == job.device)
            };
            if let Some(node) = stage.nodes.iter().position(has_it).filter(|_| job.is(JobState::Running)) {
                return Ok((*address, node));
            }
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    bail!("none of the long jobs ran within {PATIENCE:?}")
}

/// Ends each service when it has run for some seconds.
pub async fn end_services(stage: &Stage, listed: &Listed) -> Result<()> {
    let mut open = listed.services.clone();
    let began = Instant::now();
    while !open.is_empty() {
        ensure!(began.elapsed() < 3 * PATIENCE, "{} services did not start", open.len());
        let now = chain::clock(&stage.chain).await?.unix_timestamp;
        let mut still = Vec::new();
        for address in open {
            let job: Job = fetch(&stage.chain, "job", &address).await?;
            if !job.is(JobState::Running) || job.started_at.get() + 3 > now {
                still.push(address);
                continue;
            }
            let run = instruction::Run {
                device: job.device,
                job: address,
                market: stage.market,
                project: stage.project,
            };
            stage.send(&[instruction::end(stage.client.pubkey(), run)], &[&stage.client]).await?;
        }
        open = still;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Ok(())
}

/// Waits until every job that was not delisted is done and has a result.
pub async fn wait_for_all(stage: &Stage, listed: &Listed, deadline: Instant) -> Result<()> {
    loop {
        let mut open = Vec::new();
        for address in listed.all.iter().filter(|job| !listed.delisted.contains(job)) {
            let job: Job = fetch(&stage.chain, "job", address).await?;
            if !job.is(JobState::Done) || job.result == [0; 32] {
                open.push(*address);
            }
        }
        if open.is_empty() {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "{} jobs are not done in time, {} first", open.len(), open[0]);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
