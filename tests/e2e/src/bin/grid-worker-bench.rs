//! What the worker costs: time per job beside the job's own, an idle node's processor, memory and requests, and the price of
//! a line of output.
//!
//! Times depend on the machine: this prints them, and `docs/performance.md` says on which machine they were read.

use anyhow::{Context, Result, ensure};
use clap::Parser;
use grid_client::{
    Chain, address,
    instruction::{self, Listing},
};
use grid_connectors::Connectors;
use grid_e2e::{
    nodes::Node,
    proxy::Proxy,
    stage::{Stage, TERMS},
};
use grid_executor::{
    CancellationToken, ContentStore, Device as Hardware, FolderStore, JobEvent, JobRequest, JobStatus,
    ProcessExecutor, Sources, Workplace, run_job,
};
use grid_jobs::JobKind;
use grid_localnet::{Airdrop, Localnet, LocalnetConfig, ProgramBinary};
use grid_node::{DeviceWorker, Lookout, NodeEvent, Order, Orders, Step, WorkerConfig};
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// Devices of the idle node.
const IDLE_DEVICES: u32 = 8;
/// Jobs that are timed.
const JOBS: u64 = 40;
/// Lines of output whose price is measured.
const LINES: u64 = 1_000_000;
/// Ticks of a process's clock in a second, as Linux counts them for everybody.
const TICKS_PER_SECOND: f64 = 100.0;

/// What to measure with.
#[derive(Debug, Parser)]
struct Options {
    /// The `grid` binary
    #[arg(long, env = "GRID_BINARY")]
    grid: PathBuf,
    /// The folder with the programs' binaries
    #[arg(long, env = "GRID_SBF_DIR")]
    programs: PathBuf,
    /// How long the idle node is watched, seconds
    #[arg(long, default_value_t = 60)]
    idle_seconds: u64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let folder = tempfile::tempdir()?;
    lines(folder.path()).await?;
    let (localnet, admin) = network(&options.programs).await?;
    idle(&options, &localnet, &admin, &folder.path().join("idle")).await?;
    jobs(&localnet, &admin, &folder.path().join("jobs")).await?;
    localnet.stop().await?;
    Ok(())
}

/// Runs a job that prints [`LINES`] lines.
async fn lines(folder: &Path) -> Result<()> {
    let definition = format!(
        r#"{{"version":"0.1","type":"container","limits":{{"log_bytes":1073741824}},"ops":[{{"type":"container/run","id":"a","args":{{"image":"host","cmd":"seq -f 'line %.0f of the output' {LINES}"}}}}]}}"#
    );
    let store = FolderStore::open(folder.join("lines"))?;
    let sources = Sources::new(vec![Arc::new(store.clone())]);
    let workplace = Workplace::new(folder.join("lines-scratch"), store, sources);
    let request = JobRequest::new("lines", definition.as_bytes(), Hardware::cpu("cpu-0"))?;
    let began = Instant::now();
    let seen: Mutex<Vec<f64>> = Mutex::default();
    let count = |event: JobEvent<'_>| {
        if matches!(event, JobEvent::Line { .. }) {
            seen.lock().unwrap_or_else(|error| error.into_inner()).push(began.elapsed().as_secs_f64());
        }
    };
    let before = processor_seconds(std::process::id())?;
    let outcome =
        run_job(request, &ProcessExecutor::default(), &workplace, CancellationToken::new(), &count).await?;
    ensure!(outcome.document.status == JobStatus::Succeeded, "{:?}", outcome.document);
    let processor = processor_seconds(std::process::id())? - before;
    let seen = seen.into_inner().unwrap_or_else(|error| error.into_inner());
    ensure!(seen.len() as u64 == LINES, "{} lines were seen", seen.len());
    let tenth = seen.len() / 10;
    let (first, last) = (seen[tenth - 1] - seen[0], seen[seen.len() - 1] - seen[seen.len() - tenth]);
    println!("log lines                          {LINES}");
    println!("processor time a line              {:.2} µs", processor * 1e6 / LINES as f64);
    println!("first tenth, a line                {:.2} µs", first * 1e6 / tenth as f64);
    println!("last tenth, a line                 {:.2} µs", last * 1e6 / tenth as f64);
    Ok(())
}

async fn network(programs: &Path) -> Result<(Localnet, Keypair)> {
    let admin = Keypair::new();
    let binary = |name: &str, id| {
        ProgramBinary::from_file(name, id, programs.join(format!("{name}.so")), Some(admin.pubkey()))
    };
    let config = LocalnetConfig {
        programs: vec![
            binary("grid_jobs", grid_jobs::ID)?,
            binary("grid_nodes", grid_nodes::ID)?,
            binary("grid_staking", grid_staking::ID)?,
        ],
        airdrops: vec![Airdrop { address: admin.pubkey(), lamports: 1_000_000_000_000 }],
        ..LocalnetConfig::default()
    };
    Ok((Localnet::start(config).await?, admin))
}

/// Watches a node whose devices all wait.
async fn idle(options: &Options, localnet: &Localnet, admin: &Keypair, folder: &Path) -> Result<()> {
    let stage = Stage::build(localnet.rpc_url(), admin, 1, IDLE_DEVICES, folder).await?;
    let port = localnet.rpc_url().rsplit(':').next().context("a port")?.parse()?;
    let proxy = Proxy::to(port).await?;
    let mut node = Node::start(&options.grid, &stage, 0, &[proxy.url()], folder)?;
    let began = Instant::now();
    for device in stage.devices() {
        let market = stage.market;
        loop {
            let (device_account, view) =
                grid_client::chain::fetch_device_and_market(&stage.chain, &device, &market).await?;
            let phase = grid_client::account::device_phase(&device, &device_account, &view);
            if phase == grid_client::account::DevicePhase::Queued {
                break;
            }
            ensure!(began.elapsed() < Duration::from_secs(60), "the devices do not wait after a minute");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    let (processor, bytes, methods) =
        (processor_seconds(node.id())?, proxy.traffic().bytes(), proxy.traffic().methods());
    let watched = Duration::from_secs(options.idle_seconds);
    tokio::time::sleep(watched).await;
    let processor = processor_seconds(node.id())? - processor;
    let bytes = proxy.traffic().bytes() - bytes;
    let per_hour = 3_600.0 / watched.as_secs_f64();
    println!("idle node, devices                 {IDLE_DEVICES}");
    println!(
        "processor                          {:.2} % of a core",
        100.0 * processor / watched.as_secs_f64()
    );
    println!(
        "memory                             {:.0} MiB",
        memory_bytes(node.id())? as f64 / f64::from(1 << 20)
    );
    let mut requests = 0;
    for (method, count) in proxy.traffic().methods() {
        let count = count - methods.get(&method).copied().unwrap_or_default();
        requests += count;
        if count > 0 {
            println!("  {method:32} {:.0} an hour", count as f64 * per_hour);
        }
    }
    println!("requests                           {:.0} an hour", requests as f64 * per_hour);
    println!("traffic                            {:.2} MB an hour", bytes as f64 * per_hour / 1e6);
    node.stop().await
}

/// Times between what the worker saw and did, for each job.
#[derive(Default)]
struct Times {
    matched: Option<Instant>,
    sending: Option<Instant>,
    started: Option<Instant>,
    ended: Option<Instant>,
    to_process: Vec<Duration>,
    to_process_without_chain: Vec<Duration>,
    to_finish: Vec<Duration>,
}

impl Times {
    fn tell(&mut self, event: &NodeEvent<'_>) {
        let now = Instant::now();
        match event {
            NodeEvent::Matched { .. } => self.matched = Some(now),
            NodeEvent::Sending { step: Step::Start, .. } => self.sending = Some(now),
            NodeEvent::Landed { step: Step::Start, .. } => self.started = Some(now),
            NodeEvent::Job { event: JobEvent::OpStarted { .. }, .. } => {
                if let (Some(matched), Some(sending), Some(started)) =
                    (self.matched, self.sending, self.started)
                {
                    self.to_process.push(now - matched);
                    self.to_process_without_chain.push((sending - matched) + (now - started));
                }
            }
            NodeEvent::Job { event: JobEvent::OpEnded { .. }, .. } => self.ended = Some(now),
            NodeEvent::Sending { step: Step::Finish, .. } => {
                self.to_finish.extend(self.ended.map(|ended| now - ended));
            }
            _ => {}
        }
    }
}

/// Runs jobs one after the other on one device.
async fn jobs(localnet: &Localnet, admin: &Keypair, folder: &Path) -> Result<()> {
    let stage = Stage::build(localnet.rpc_url(), admin, 1, 1, folder).await?;
    let store = FolderStore::open(folder.join("node"))?;
    let chain: Arc<dyn Chain> =
        Arc::new(grid_client::RpcChain::new(localnet.rpc_url(), Duration::from_millis(10)));
    let times = Arc::new(Mutex::new(Times::default()));
    let told = times.clone();
    let poll = Duration::from_millis(20);
    let worker = DeviceWorker {
        chain: chain.clone(),
        lookout: Arc::new(Lookout::start(chain, poll)),
        key: Arc::new(stage.nodes[0].insecure_clone()),
        device: stage.devices()[0],
        hardware: Hardware::cpu("cpu-0"),
        executor: Arc::new(ProcessExecutor::default()),
        connectors: Arc::new(Connectors::default()),
        workplace: Workplace::new(
            folder.join("scratch"),
            store,
            Sources::new(vec![Arc::new(stage.store.clone())]),
        ),
        config: WorkerConfig { poll_interval: poll, ..WorkerConfig::default() },
        observer: Arc::new(move |event: NodeEvent<'_>| {
            told.lock().unwrap_or_else(|error| error.into_inner()).tell(&event);
        }),
    };
    let orders = Orders::new();
    let running = tokio::spawn(worker.run(orders.listen()));
    let definition = br#"{"version":"0.1","type":"container","ops":[{"type":"container/run","id":"a","args":{"image":"host","cmd":"true"}}]}"#;
    let digest = stage.store.put(definition).await?;
    for id in 0..JOBS {
        let listing = Listing {
            id,
            kind: JobKind::Batch,
            definition: digest.0,
            timeout_seconds: 60,
            max_price_per_second_atoms: TERMS.price_per_second_atoms,
        };
        let list = instruction::list(stage.client.pubkey(), stage.project, stage.market, &listing);
        stage.send(&[list], &[&stage.client]).await?;
        let job = address::job(&stage.project, id).0;
        loop {
            let job: grid_client::account::Job = grid_client::chain::fetch(&stage.chain, "job", &job).await?;
            if job.is(grid_jobs::JobState::Done) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    orders.give(Order::Stop);
    running.await??;
    let times = times.lock().unwrap_or_else(|error| error.into_inner());
    ensure!(times.to_process.len() as u64 == JOBS && times.to_finish.len() as u64 == JOBS);
    println!("jobs, one after the other          {JOBS}");
    print("match seen to process started", &times.to_process);
    print("  of it not waiting for the chain", &times.to_process_without_chain);
    print("last process ended to finish sent", &times.to_finish);
    Ok(())
}

fn print(name: &str, times: &[Duration]) {
    let mut times = times.to_vec();
    times.sort_unstable();
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3;
    println!("{name:34} median {:.1} ms, 95 % {:.1} ms", at(0.5), at(0.95));
}

/// Time that a process has had a processor, seconds.
fn processor_seconds(process: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name, which may hold spaces, ends with the last parenthesis; user and system time are the 12th and 13th behind it.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| -> Result<f64> { Ok(fields.get(index).context("/proc/PID/stat")?.parse()?) };
    Ok((ticks(11)? + ticks(12)?) / TICKS_PER_SECOND)
}

/// Memory of a process that is in use, bytes.
fn memory_bytes(process: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let fields: BTreeMap<&str, &str> = status.lines().filter_map(|line| line.split_once(':')).collect();
    let resident = fields.get("VmRSS").context("VmRSS in /proc/PID/status")?;
    Ok(resident.trim().trim_end_matches(" kB").parse::<u64>()? * 1_024)
}
