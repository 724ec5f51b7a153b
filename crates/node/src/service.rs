//! A node, put together from its configuration.

use crate::{
    alerts::{AlertError, Alerts},
    api::{Api, ApiError, ApiParts},
    config::{ConfigError, ExecutorChoice, GuardChoice, NodeConfig},
    event::{NodeEvent, Observer},
    lookout::Lookout,
    manager::{Limits, Manager, Signal, Watcher},
    metrics::Metrics,
    state::{NodeState, unix_now},
    view::Overview,
    worker::WorkerConfig,
};
use grid_client::Chain;
use grid_connectors::{Connectors, LoadError};
use grid_devices::{NvmlProbe, Rules};
use grid_executor::{
    CancellationToken, ContainerConfig, ContainerExecutor, ContentSource, Executor, FolderStore, HostGuard,
    HttpConfig, HttpStore, Machine, ProcessConfig, ProcessExecutor, Sources, StoreError, Workplace,
};
use grid_landing::{Alert, Landing, LandingConfig, LandingError};
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::{
    fs, io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};

/// Time between two looks at the GPUs.
const DEVICE_INTERVAL: Duration = Duration::from_secs(5);
/// Time between two looks at money and disk.
const READINESS_INTERVAL: Duration = Duration::from_secs(15);
/// Time that closing may take when all workers have ended.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(20);

/// What a node is made of.
pub struct Setup {
    /// RPC endpoints.
    pub urls: Vec<String>,
    /// The node's key.
    pub key: Arc<Keypair>,
    /// Folder of journal, results and running jobs; for one process at a time.
    pub folder: PathBuf,
    /// Devices and everything else.
    pub config: NodeConfig,
}

/// Why a node can't start.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The configuration contradicts itself.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A folder can't be made.
    #[error("the folder {folder}: {source}; `node.folder` names another one")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process works with the folder, or the endpoints are not those of its chain.
    #[error(transparent)]
    Landing(#[from] LandingError),
    /// A store can't be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A connector can't be used.
    #[error(transparent)]
    Connectors(#[from] LoadError),
    /// The container engine can't be used.
    #[error(
        "{0}; without a container engine, `executor = \"process\"` runs the jobs of clients that you trust"
    )]
    Engine(String),
    /// The API can't start.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// Alerts can't be sent.
    #[error(transparent)]
    Alerts(#[from] AlertError),
}

/// A node that runs.
pub struct Service {
    signals: mpsc::Sender<Signal>,
    manager: JoinHandle<()>,
    background: Vec<JoinHandle<()>>,
    stop: CancellationToken,
    landing: Arc<Landing>,
    api: Api,
    state: Arc<NodeState>,
}

impl Service {
    /// Starts everything: journal, devices, workers, API, alerts.
    pub async fn start(setup: Setup, observer: Observer) -> Result<Self, ServiceError> {
        let Setup { urls, key, folder, config } = setup;
        config.check()?;
        let scratch = folder.join("scratch");
        private_folder(&folder)?;
        private_folder(&scratch)?;
        let landing = open_landing(urls, &folder, &key).await?;
        let chain: Arc<dyn Chain> = landing.clone();

        let results = FolderStore::open(folder.join("store"))?;
        let uploads = FolderStore::open(folder.join("uploads"))?;
        let sources = sources(&results, &uploads, &config.content)?;
        let workplace = Workplace::new(&scratch, results.clone(), sources);
        let connectors = Arc::new(connectors(&config, &folder)?);
        let executor = executor(&config, &connectors).await?;

        let stop = CancellationToken::new();
        let (view, workers) = watch::channel(Vec::new());
        let state = Arc::new(NodeState::new(key.pubkey(), landing.clone(), workers, workplace.clone()));
        let overview = Overview::new(state.clone(), config.thresholds);
        let metrics = Arc::new(Metrics::new(overview.clone()));
        let (inventory, watcher) = watch_devices(&folder, stop.clone())?;

        let api = Api::start(
            config.api.clone(),
            ApiParts {
                node: key.pubkey(),
                chain: chain.clone(),
                results,
                uploads,
                overview: overview.clone(),
                metrics: metrics.clone(),
                clock: Arc::new(unix_now),
            },
        )
        .await?;
        let mut background = vec![
            watcher,
            tokio::spawn({
                let state = state.clone();
                async move { state.look_for_ever().await }
            }),
        ];
        if let Some(alerts) = config.alerts.clone() {
            let alerts = Alerts::new(alerts, overview, metrics.clone())?;
            background.push(tokio::spawn(alerts.run(stop.clone())));
        }

        let (signals, receiver) = mpsc::channel(8);
        let tells = state.clone();
        let manager = Manager {
            lookout: Arc::new(Lookout::start(chain.clone(), config.poll_interval())),
            chain,
            key,
            executor,
            connectors,
            workplace,
            worker: WorkerConfig { poll_interval: config.poll_interval(), ..WorkerConfig::default() },
            limits: Limits {
                min_balance_lamports: config.min_balance_lamports,
                min_free_bytes: config.min_free_bytes,
            },
            look_interval: READINESS_INTERVAL,
            inventory,
            observer: Arc::new(move |event: NodeEvent<'_>| {
                metrics.tell(&event);
                tells.tell(&event);
                observer(event);
            }),
            view,
            shortages: watch::channel(Vec::new()).0,
        };
        let manager = tokio::spawn(manager.run(config.device, receiver));
        Ok(Self { signals, manager, background, stop, landing, api, state })
    }

    /// Where clients are answered.
    pub fn address(&self) -> std::net::SocketAddr {
        self.api.address()
    }

    /// Where the operator is answered.
    pub fn private_address(&self) -> std::net::SocketAddr {
        self.api.private_address()
    }

    /// Offers other devices from now on.
    pub async fn reload(&self, config: &NodeConfig) -> Result<(), ConfigError> {
        config.check()?;
        // A manager that has ended takes nothing; its end is seen elsewhere.
        let _ = self.signals.send(Signal::Devices(config.device.clone())).await;
        Ok(())
    }

    /// Takes no new job, lets what runs finish and be paid, and ends.
    pub async fn stop(mut self) {
        self.state.is_stopping();
        let _ = self.signals.send(Signal::Stop).await;
        if let Err(error) = (&mut self.manager).await {
            tracing::error!(%error, "the manager broke off");
        }
        self.stop.cancel();
        self.background.iter().for_each(JoinHandle::abort);
        let Self { api, landing, state, .. } = self;
        // What has landed is not final yet: the journal stays, and the next start looks after it.
        let closing = async {
            api.shutdown().await;
            drop(state);
            if let Some(landing) = Arc::into_inner(landing) {
                landing.close().await;
            }
        };
        if tokio::time::timeout(CLOSE_TIMEOUT, closing).await.is_err() {
            tracing::warn!("closing took longer than {CLOSE_TIMEOUT:?}");
        }
    }
}

async fn open_landing(
    urls: Vec<String>,
    folder: &Path,
    key: &Arc<Keypair>,
) -> Result<Arc<Landing>, LandingError> {
    let config = LandingConfig {
        observer: Arc::new(|alert: &Alert| tracing::warn!("{alert}")),
        ..LandingConfig::new(urls, folder.join("journal"))
    };
    let landing = Arc::new(Landing::open(config, vec![key.clone()]).await?);
    for intent in landing.open_intents() {
        tracing::info!(kind = intent.kind, subject = %intent.subject, "an open intent is gone on with");
    }
    Ok(landing)
}

fn private_folder(folder: &Path) -> Result<(), ServiceError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|source| ServiceError::Folder { folder: folder.to_owned(), source })
}

/// The node's own stores first, then those that the configuration names.
fn sources(results: &FolderStore, uploads: &FolderStore, content: &[String]) -> Result<Sources, StoreError> {
    let mut sources: Vec<Arc<dyn ContentSource>> = vec![Arc::new(results.clone()), Arc::new(uploads.clone())];
    for url in content {
        sources.push(Arc::new(HttpStore::new(url, HttpConfig::default())?));
    }
    Ok(Sources::new(sources))
}

/// The built-in connectors and those of the configured folders.
fn connectors(config: &NodeConfig, folder: &Path) -> Result<Connectors, LoadError> {
    let cache = grid_connectors::default_cache().unwrap_or_else(|| folder.join("connectors"));
    let settings = config.connector.clone();
    Connectors::load(grid_connectors::Config { folders: config.connectors.clone(), cache, settings })
}

async fn executor(config: &NodeConfig, connectors: &Connectors) -> Result<Arc<dyn Executor>, ServiceError> {
    match config.executor {
        ExecutorChoice::Process => {
            let process = ProcessConfig { readable: connectors.readable(), ..ProcessConfig::default() };
            Ok(Arc::new(ProcessExecutor::new(process)))
        }
        ExecutorChoice::Container => {
            let host_guard = match config.host_guard {
                GuardChoice::Install => HostGuard::Install,
                GuardChoice::External => HostGuard::External,
            };
            let container =
                ContainerConfig { socket: config.engine.clone(), host_guard, ..ContainerConfig::default() };
            let executor = ContainerExecutor::connect(container).await;
            Ok(Arc::new(executor.map_err(|error| ServiceError::Engine(error.to_string()))?))
        }
    }
}

/// Watches the devices until `stop`.
fn watch_devices(
    folder: &Path,
    stop: CancellationToken,
) -> Result<(watch::Receiver<crate::manager::Inventory>, JoinHandle<()>), ServiceError> {
    let unreadable = |source| ServiceError::Folder { folder: folder.to_owned(), source };
    let machine = Machine::read(folder).map_err(unreadable)?;
    let mut watcher = Watcher::new(machine);
    let (sender, receiver) = watch::channel(watcher.inventory());
    let probe = NvmlProbe::start().map_err(unreadable)?;
    let mut events = grid_devices::watch(probe, Rules::default(), DEVICE_INTERVAL, stop);
    let task = tokio::spawn(async move {
        while let Some(event) = events.recv().await {
            if watcher.take(event) {
                sender.send_replace(watcher.inventory());
            }
        }
    });
    Ok((receiver, task))
}
