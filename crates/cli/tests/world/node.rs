//! A node in the test's own process: the real HTTP side, and a worker that begins when it is told to.

use super::{User, World};
use grid_client::{Chain, RpcChain, instruction};
use grid_connectors::Connectors;
use grid_executor::{
    CancellationToken, Device as Hardware, Digest, FolderStore, ProcessExecutor, Sources, Workplace,
};
use grid_node::{
    DeviceWorker, Lookout, NodeError, Order, Orders, WorkerConfig,
    api::{Api, ApiConfig, ApiParts, UploadLimits},
    health::Thresholds,
    metrics::Metrics,
    view::{LogFile, Overview, View},
};
use grid_node_api::report::{DeviceReport, DeviceState, NodeReport};
use solana_address::Address;
use solana_keypair::{Keypair, read_keypair_file};
use solana_signer::Signer;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// Time between two looks at the chain.
const LOOK: Duration = Duration::from_millis(20);
/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// A node's HTTP side.
pub struct NodeHttp {
    /// Where clients reach it.
    pub endpoint: String,
    /// Where its operator does.
    pub private: String,
    device: Address,
    folder: TempDir,
    uploads: FolderStore,
    results: FolderStore,
    _api: Api,
}

/// A worker that runs.
pub struct Worker {
    orders: Orders,
    task: JoinHandle<Result<(), NodeError>>,
}

/// What the node tells: one device, and the log of whatever runs.
struct OneDevice {
    report: DeviceReport,
    node: Address,
    scratch: PathBuf,
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

impl View for OneDevice {
    fn report(&self) -> NodeReport {
        NodeReport {
            node: self.node,
            version: "0.1.0".into(),
            started_at: now(),
            now: now(),
            is_stopping: false,
            chain_read_at: Some(now()),
            fee_balance_lamports: None,
            devices: vec![self.report.clone()],
            jobs: vec![],
            intents: vec![],
            endpoints: vec![],
            disks: vec![],
            problems: vec![],
        }
    }

    fn log(&self, _: &Address) -> Option<LogFile> {
        let job = std::fs::read_dir(&self.scratch)
            .ok()?
            .flatten()
            .find(|entry| entry.path().join("log").is_file())?;
        Some(LogFile { path: job.path().join("log"), ended: CancellationToken::new() })
    }
}

impl World {
    fn chain(&self) -> Arc<RpcChain> {
        Arc::new(RpcChain::new(self.localnet.rpc_url(), LOOK))
    }

    /// Serves the HTTP side of a node with one device.
    pub fn serve_node(&self, node: &User, device: &str, market: &str, mint: &str) -> NodeHttp {
        let address = |text: &str| text.parse::<Address>().expect("an address");
        let folder = tempfile::tempdir().expect("a folder");
        let store = |name| FolderStore::open(folder.path().join(name)).expect("a store");
        let (uploads, results) = (store("uploads"), store("results"));
        let report = DeviceReport {
            device: address(device),
            market: address(market),
            mint: address(mint),
            label: "cpu-0".into(),
            state: DeviceState::Queued,
            failure: None,
            job: None,
            queue_position: None,
            earnings_atoms: None,
            temperature_celsius: None,
            power_watts: None,
            utilisation_percent: None,
            memory_used_bytes: None,
            memory_total_bytes: None,
        };
        let scratch = folder.path().join("scratch");
        let view = OneDevice { report, node: address(node.key()), scratch };
        let overview = Overview::new(Arc::new(view), Thresholds::default());
        let local = "127.0.0.1:0".parse().expect("an address");
        let limits = UploadLimits { min_disk_free_bytes: 0, ..UploadLimits::default() };
        let config = ApiConfig { listen: local, private_listen: local, private_token: None, uploads: limits };
        let parts = ApiParts {
            node: address(node.key()),
            chain: self.chain(),
            results: results.clone(),
            uploads: uploads.clone(),
            metrics: Arc::new(Metrics::new(overview.clone())),
            overview,
            clock: Arc::new(now),
        };
        let api = self.runtime.block_on(Api::start(config, parts)).expect("the API starts");
        NodeHttp {
            endpoint: format!("http://{}", api.address()),
            private: format!("http://{}", api.private_address()),
            device: address(device),
            folder,
            uploads,
            results,
            _api: api,
        }
    }

    /// Offers a device, which takes the job that waits.
    pub fn match_device(&self, node: &User, device: &str, market: &str) {
        let address = |text: &str| text.parse::<Address>().expect("an address");
        let key = key_of(node);
        let work = instruction::work(key.pubkey(), address(device), address(market), 0);
        let chain = self.chain();
        self.runtime.block_on(chain.submit(&[work], &[&key])).expect("the device is offered");
    }

    /// Waits until something is so.
    #[track_caller]
    pub fn wait_for(&self, what: &str, is_so: impl Fn() -> bool) {
        let began = Instant::now();
        while !is_so() {
            assert!(began.elapsed() < PATIENCE, "waited {} s for {what}", PATIENCE.as_secs());
            std::thread::sleep(LOOK);
        }
    }
}

fn key_of(user: &User) -> Keypair {
    read_keypair_file(Path::new(&user.path(".config/grid/id.json"))).expect("the user's key")
}

impl NodeHttp {
    /// Whether a client has handed over these bytes.
    pub fn has_upload(&self, digest: &str) -> bool {
        let digest: Digest = digest.parse().expect("a digest");
        self.uploads.path_of(digest).exists()
    }

    /// Lets the worker begin.
    pub fn work(&self, world: &World, node: &User) -> Worker {
        let orders = Orders::new();
        let sources = Sources::new(vec![Arc::new(self.uploads.clone())]);
        let worker = DeviceWorker {
            chain: world.chain(),
            lookout: {
                let _inside = world.runtime.enter();
                Arc::new(Lookout::start(world.chain(), LOOK))
            },
            connectors: Arc::new(Connectors::default()),
            key: Arc::new(key_of(node)),
            device: self.device,
            hardware: Hardware::cpu("cpu-0"),
            executor: Arc::new(ProcessExecutor::default()),
            workplace: Workplace::new(self.folder.path().join("scratch"), self.results.clone(), sources),
            config: WorkerConfig { poll_interval: LOOK, ..WorkerConfig::default() },
            observer: Arc::new(|_| {}),
        };
        Worker { task: world.runtime.spawn(worker.run(orders.listen())), orders }
    }
}

impl Worker {
    /// Lets it end.
    pub fn stop(self, world: &World) {
        self.orders.give(Order::Stop);
        world.runtime.block_on(self.task).expect("no panic").expect("it ends well");
    }
}
