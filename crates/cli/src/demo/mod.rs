//! `grid demo`: everything in one process.

mod batch;
mod onboarding;
mod report;
mod stage;
mod staking;

use crate::amount;
use anyhow::{Context, Result, bail, ensure};
use batch::Planned;
use clap::Args;
use grid_client::{
    account::{Job, MarketView},
    chain::{fetch, fetch_market},
};
use grid_connectors::Connectors;
use grid_executor::{
    Device as Hardware, FolderStore, HttpConfig, HttpStore, JobEvent, ProcessExecutor, Sources, Workplace,
    serve_folder,
};
use grid_jobs::{JobState, math};
use grid_node::{DeviceWorker, Lookout, NodeEvent, Observer, Order, Orders, WorkerConfig};
use report::{DECIMALS, Report};
use solana_address::Address;
use stage::{DEVICES, Stage, TERMS, TIMEOUT_SECONDS};
use std::{
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{task::JoinSet, time::Instant};

#[derive(Args)]
pub struct Options {
    /// Text file whose words a job counts [default: an example]
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Definition of a job of your own to run as well
    #[arg(long, value_name = "FILE")]
    job: Option<PathBuf>,
    /// Tokens that the client deposits
    #[arg(long, value_name = "TOKENS", default_value = "10", value_parser = parse_deposit)]
    deposit: u64,
    /// Folder to keep downloaded artifacts in [default: a temporary one, removed at the end]
    #[arg(long, value_name = "FOLDER")]
    output: Option<PathBuf>,
}

/// Longest wait for a state that jobs or devices must reach.
const PATIENCE: Duration = Duration::from_secs(TIMEOUT_SECONDS as u64 + 60);
/// Time between two looks at the chain.
const LOOK: Duration = Duration::from_millis(50);

fn parse_deposit(text: &str) -> Result<u64> {
    let atoms = amount::parse(text, DECIMALS)?;
    ensure!(atoms > 0, "a deposit must be more than nothing");
    Ok(atoms)
}

pub async fn run(options: Options, json: bool) -> Result<()> {
    // Everything the user gave is read before anything is started.
    let folder = tempfile::tempdir().context("a temporary folder")?;
    let output = match &options.output {
        Some(output) => output.clone(),
        None => folder.path().join("output"),
    };
    std::fs::create_dir_all(&output).with_context(|| format!("--output {}", output.display()))?;
    let published = FolderStore::open(folder.path().join("client"))?;
    let waiting_jobs =
        [batch::bench(&published).await?, batch::word_count(&published, options.input.as_deref()).await?];
    let unwanted = batch::hello(&published).await?;
    let mut late_jobs = vec![batch::failing(&published).await?, batch::hello(&published).await?];
    if let Some(file) = &options.job {
        late_jobs.push(batch::own(&published, file).await?);
    }

    let report = Arc::new(Report::new(json));
    report.phase("An embedded network, a mint, a market, a reward pool");
    let stage = Stage::start(report.clone()).await?;
    let at_start = stage.balances().await?;
    stage.open_market().await?;
    stage.open_staking().await?;
    report.phase("A staker locks tokens; their weight earns from the next day on");
    stage.stake().await?;
    report.phase("The market's authority makes a collection of access NFTs, and says whom the market admits");
    stage.open_collection().await?;
    report.phase("A node joins: it registers, stakes, runs the benchmark, is attested, gets its access NFT");
    // The client serves definitions and inputs, the node results; each fetches from the other and re-hashes.
    let local = (Ipv4Addr::LOCALHOST, 0).into();
    let from_client = serve_folder(published, local).await?;
    let results = FolderStore::open(folder.path().join("node"))?;
    let from_node = serve_folder(results.clone(), local).await?;
    let workplace = Workplace::new(folder.path().join("scratch"), results.clone(), Sources::new(Vec::new()));
    stage.onboard(&workplace, from_node.url()).await?;
    report.phase("A client funds a project, the node its devices; the access NFT opens the market to them");
    stage.open_project(options.deposit).await?;
    stage.open_devices().await?;
    stage.admit_devices().await?;
    let when_funded = stage.balances().await?;

    report.phase("Jobs wait: they are listed before any device is offered; one is delisted");
    let mut ids = 1..;
    let mut jobs: Vec<(Planned, Address)> = Vec::new();
    for planned in waiting_jobs {
        jobs.push(list(&stage, &mut ids, planned).await?);
    }
    let (_, unwanted) = list(&stage, &mut ids, Planned { name: "unwanted job".into(), ..unwanted }).await?;
    stage.delist(unwanted).await?;

    let node = Node::start(&stage, folder.path(), &results, &from_client.url())?;
    wait_for(&stage, "the jobs to be done", |_, active| active == 0).await?;

    report.phase("Devices wait: they are in the queue when jobs are listed");
    wait_for(&stage, "the devices to be queued", |market, _| market.header.queue.waiting == DEVICES as u16)
        .await?;
    for planned in late_jobs {
        jobs.push(list(&stage, &mut ids, planned).await?);
    }
    wait_for(&stage, "the jobs to be done", |_, active| active == 0).await?;
    node.stop().await?;

    report.phase("The client downloads results, logs and artifacts, and hashes each byte again");
    let store = HttpStore::new(&from_node.url(), HttpConfig::default())?;
    for (planned, address) in &jobs {
        let context = || format!("job `{}`", planned.name);
        check_job(&stage, planned, address, &store, &output).await.with_context(context)?;
    }
    from_client.shutdown().await;
    from_node.shutdown().await;

    report.phase("Everybody takes home what is due");
    stage.close_devices().await?;
    stage.offboard().await?;
    let addresses: Vec<Address> = jobs.iter().map(|(_, address)| *address).collect();
    stage.close_project(&addresses).await?;
    report.phase(
        "The market's fees reach stakers, are burnt, and reach the treasury; the staker claims, the stakes end",
    );
    stage.share_fees().await?;
    let when_shared = stage.balances().await?;
    stage.unstake().await?;
    let at_end = stage.balances().await?;
    ensure!(at_end.vault == 0, "the vault of jobs still holds {} atoms", at_end.vault);
    ensure!(at_end.stakes == 0, "the vault of the stakes still holds {} atoms", at_end.stakes);

    report.table(&[
        ("at the start", at_start),
        ("when funded", when_funded),
        ("fees shared", when_shared),
        ("at the end", at_end),
    ]);
    report.note("ledger", "each vault held what the accounts owe, to the atom, at each of these moments");
    stage.localnet.stop().await?;
    Ok(())
}

async fn list(
    stage: &Stage,
    ids: &mut impl Iterator<Item = u64>,
    planned: Planned,
) -> Result<(Planned, Address)> {
    let id = ids.next().context("a job id")?;
    let address = stage.list(id, &planned.name, planned.definition.0).await?;
    Ok((planned, address))
}

/// Waits until the market and its number of active jobs are as they should be.
async fn wait_for(stage: &Stage, what: &str, reached: impl Fn(&MarketView, u32) -> bool) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let market = fetch_market(stage.chain.as_ref(), &stage.market).await?;
        if reached(&market, market.header.active_jobs.get()) {
            return Ok(());
        }
        if Instant::now() > deadline {
            bail!("waited {} s for {what}; see the lines above for what happened last", PATIENCE.as_secs());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Checks a finished job: what the chain paid for it, and what the node says came out.
async fn check_job(
    stage: &Stage,
    planned: &Planned,
    address: &Address,
    store: &HttpStore,
    output: &Path,
) -> Result<()> {
    let job: Job = fetch(stage.chain.as_ref(), "job", address).await?;
    ensure!(job.is(JobState::Done), "its account says state {}, not done", job.state);
    ensure!(job.escrow_atoms.is_zero(), "its escrow was not emptied");
    let escrow =
        math::escrow_for(TERMS.price_per_second_atoms, TIMEOUT_SECONDS, TERMS.fee_bps).context("escrow")?;
    let (from, to) = (job.started_at.get(), job.ended_at.get());
    let settled =
        math::settle(escrow, TERMS.price_per_second_atoms, TIMEOUT_SECONDS, TERMS.fee_bps, from, to);
    let settled = settled.context("the settlement does not fit the escrow")?;

    let downloaded = batch::collect(planned, &job, store, output).await?;
    let report = &stage.report;
    report.note(
        &planned.name,
        &format!(
            "{:?}, {} s paid, result {} is what the chain holds",
            downloaded.document.status,
            settled.seconds,
            grid_executor::Digest(job.result)
        ),
    );
    for op in &downloaded.document.ops {
        if let Some(code) = op.exit_code.filter(|code| *code != 0) {
            report.note(&planned.name, &format!("op `{}` ended with exit code {code}; its log:", op.id));
            downloaded.log.iter().for_each(|line| report.output(&planned.name, "log", line));
        }
        for (key, value) in &op.results {
            report.note(&planned.name, &format!("{key} = {value}"));
        }
    }
    for file in &downloaded.files {
        report.note(&planned.name, &format!("artifact {} hashed again", file.display()));
    }
    Ok(())
}

/// The node's workers.
struct Node {
    workers: JoinSet<Result<(), grid_node::NodeError>>,
    orders: Orders,
}

impl Node {
    /// Starts one worker a device.
    fn start(stage: &Stage, folder: &Path, results: &FolderStore, client_url: &str) -> Result<Self> {
        let (orders, mut workers) = (Orders::new(), JoinSet::new());
        let observer = observer(stage.report.clone());
        let lookout = Arc::new(Lookout::start(stage.chain.clone(), LOOK));
        for (index, device) in stage.devices.iter().enumerate() {
            let from_client = HttpStore::new(client_url, HttpConfig::default())?;
            let sources = Sources::new(vec![Arc::new(results.clone()), Arc::new(from_client)]);
            let worker = DeviceWorker {
                chain: stage.chain.clone(),
                lookout: lookout.clone(),
                key: stage.node.clone(),
                device: *device,
                hardware: Hardware::cpu(format!("cpu-{index}")),
                executor: Arc::new(ProcessExecutor::default()),
                connectors: Arc::new(Connectors::default()),
                workplace: Workplace::new(folder.join(format!("scratch-{index}")), results.clone(), sources),
                config: WorkerConfig {
                    poll_interval: LOOK,
                    stake_id: onboarding::STAKE_ID,
                    ..WorkerConfig::default()
                },
                observer: observer.clone(),
            };
            workers.spawn(worker.run(orders.listen()));
        }
        Ok(Self { workers, orders })
    }

    /// Lets the workers leave the queue and waits for them.
    async fn stop(mut self) -> Result<()> {
        self.orders.give(Order::Stop);
        while let Some(ended) = self.workers.join_next().await {
            ended.context("a worker panicked")??;
        }
        Ok(())
    }
}

/// Prints what the workers tell.
fn observer(report: Arc<Report>) -> Observer {
    Arc::new(move |event| match event {
        NodeEvent::Landed { step, landed, .. } => report.landed(step.name(), landed),
        NodeEvent::Refused { device, job, reason } => {
            report.note(&report.name_of(&device), &format!("refuses {}: {reason}", report.name_of(&job)));
        }
        NodeEvent::Job { job, event: JobEvent::Line { stream, bytes, .. }, .. } => {
            let stream = format!("{stream:?}").to_lowercase();
            report.output(&report.name_of(&job), &stream, &String::from_utf8_lossy(bytes));
        }
        NodeEvent::Job { .. }
        | NodeEvent::Matched { .. }
        | NodeEvent::Resumed { .. }
        | NodeEvent::Sending { .. } => {}
        NodeEvent::Ran { device, job, status, result, .. } => {
            let text = format!("{status:?} on {}, result {result}", report.name_of(&device));
            report.note(&report.name_of(&job), &text);
        }
        NodeEvent::GaveUp { hardware, error, .. } => report.note(hardware, &format!("gives up: {error}")),
        NodeEvent::Retrying { device, error } => {
            report.note(&report.name_of(&device), &format!("tries again: {error}"));
        }
    })
}
