//! A node whose HTTP side runs, with its owner, a member, a stranger, and a chain that is a table.

use anchor_lang::Discriminator;
use async_trait::async_trait;
use bytemuck::{Pod, Zeroable};
use grid_client::{
    Chain, ChainError, Filter, Landed,
    account::{Job, Member, Project},
    address,
    signed_request::{Nonce, Request},
};
use grid_executor::{CancellationToken, Digest, FolderStore};
use grid_jobs::JobState;
use grid_node::{
    api::{Api, ApiConfig, ApiError, ApiParts, UploadLimits},
    health::Thresholds,
    metrics::Metrics,
    view::{LogFile, Overview, View},
};
use grid_node_api::{
    NodeClient,
    report::{DeviceReport, DeviceState, JobPhase, JobReport, NodeReport},
};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use solana_account::Account;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::{
    collections::HashMap,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

pub const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// A chain that can only be read.
#[derive(Default)]
pub struct Table {
    accounts: Mutex<HashMap<Address, Account>>,
    pub questions: AtomicUsize,
    pub is_down: AtomicBool,
}

impl Table {
    pub fn put<T: Pod + Discriminator>(&self, address: Address, value: &T) {
        let data = [T::DISCRIMINATOR, bytemuck::bytes_of(value)].concat();
        let account = Account { lamports: 1, data, owner: grid_jobs::ID, ..Account::default() };
        self.accounts.lock().unwrap().insert(address, account);
    }

    pub fn remove(&self, address: &Address) {
        self.accounts.lock().unwrap().remove(address);
    }
}

#[async_trait]
impl Chain for Table {
    async fn accounts(&self, addresses: &[Address]) -> Result<Vec<Option<Account>>, ChainError> {
        self.questions.fetch_add(1, Ordering::SeqCst);
        if self.is_down.load(Ordering::SeqCst) {
            return Err(ChainError::Rpc { endpoint: "http://secret".into(), reason: "down".into() });
        }
        let accounts = self.accounts.lock().unwrap();
        Ok(addresses.iter().map(|address| accounts.get(address).cloned()).collect())
    }

    async fn program_accounts(
        &self,
        _: &Address,
        _: &[Filter],
    ) -> Result<Vec<(Address, Account)>, ChainError> {
        unreachable!("the API asks for single accounts only")
    }

    async fn submit(&self, _: &[Instruction], _: &[&Keypair]) -> Result<Landed, ChainError> {
        unreachable!("the API sends nothing")
    }

    async fn minimum_balance(&self, _: usize) -> Result<u64, ChainError> {
        unreachable!("the API pays nothing")
    }
}

/// What the worker would tell.
pub struct Worker {
    pub report: Mutex<NodeReport>,
    pub logs: Mutex<HashMap<Address, LogFile>>,
}

impl View for Worker {
    fn report(&self) -> NodeReport {
        self.report.lock().unwrap().clone()
    }

    fn log(&self, job: &Address) -> Option<LogFile> {
        self.logs.lock().unwrap().get(job).cloned()
    }
}

pub struct World {
    pub api: Api,
    pub chain: Arc<Table>,
    pub worker: Arc<Worker>,
    pub metrics: Arc<Metrics>,
    pub node: Address,
    pub owner: Keypair,
    pub member: Keypair,
    pub stranger: Keypair,
    pub project: Address,
    pub market: Address,
    pub device: Address,
    /// Runs here.
    pub job: Address,
    pub http: reqwest::Client,
    pub uploads: FolderStore,
    pub results: FolderStore,
    pub overview: Overview,
    /// How far the node's clock is ahead, seconds.
    pub ahead: Arc<AtomicI64>,
    pub folder: tempfile::TempDir,
}

pub fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

pub fn config() -> ApiConfig {
    let uploads = UploadLimits {
        max_bytes: 4 << 20,
        key_bytes_per_day: 8 << 20,
        total_bytes: 64 << 20,
        min_disk_free_bytes: 0,
        ..UploadLimits::default()
    };
    ApiConfig { listen: ANY, private_listen: ANY, private_token: None, uploads }
}

impl World {
    pub async fn new() -> Self {
        Self::with(config()).await.unwrap()
    }

    pub async fn with(config: ApiConfig) -> Result<Self, ApiError> {
        let [owner, member, stranger] = [1, 2, 3].map(|byte| Keypair::new_from_array([byte; 32]));
        let [node, market, mint, device] = [10, 11, 12, 13].map(|byte| Address::new_from_array([byte; 32]));
        let project = address::project(&mint, &owner.pubkey()).0;
        let job = address::job(&project, 1).0;
        let chain = Arc::new(Table::default());
        let mut account = Project::zeroed();
        (account.version, account.owner, account.mint) = (1, owner.pubkey(), mint);
        chain.put(project, &account);
        let mut account = Member::zeroed();
        (account.version, account.project, account.key) = (1, project, member.pubkey());
        chain.put(address::member(&project, &member.pubkey()).0, &account);

        let now = unix_seconds();
        let report = NodeReport {
            node,
            version: "0.1.0".into(),
            started_at: now,
            now,
            is_stopping: false,
            chain_read_at: Some(now),
            fee_balance_lamports: Some(1_000_000_000),
            devices: vec![DeviceReport {
                device,
                market,
                mint,
                label: "cpu-0".into(),
                state: DeviceState::Running,
                failure: None,
                job: Some(job),
                queue_position: None,
                earnings_atoms: Some(7),
                temperature_celsius: None,
                power_watts: None,
                utilisation_percent: None,
                memory_used_bytes: None,
                memory_total_bytes: None,
            }],
            jobs: vec![JobReport {
                job,
                project,
                device,
                definition: Digest::of(b"definition"),
                state: JobPhase::Running,
                since: now,
                started_at: Some(now),
                timeout_seconds: 600,
                heartbeat_at: None,
                log_bytes: None,
                status: None,
                result: None,
            }],
            intents: vec![],
            endpoints: vec![],
            disks: vec![],
            problems: vec![],
        };
        let worker = Arc::new(Worker { report: Mutex::new(report), logs: Mutex::default() });
        let overview = Overview::new(worker.clone(), Thresholds::default());
        let metrics = Arc::new(Metrics::new(overview.clone()));
        let folder = tempfile::tempdir().unwrap();
        let [uploads, results] =
            ["uploads", "results"].map(|name| FolderStore::open(folder.path().join(name)).unwrap());
        let ahead = Arc::new(AtomicI64::new(0));
        let mut world = Self {
            api: start(config, node, &chain, &uploads, &results, &overview, &metrics, &ahead).await?,
            chain,
            worker,
            metrics,
            node,
            owner,
            member,
            stranger,
            project,
            market,
            device,
            job,
            http: reqwest::Client::new(),
            uploads,
            results,
            overview,
            ahead,
            folder,
        };
        world.job = world.list(1, |job| {
            job.state = JobState::Running as u8;
            job.device = device;
        });
        Ok(world)
    }

    /// Stops the API and starts it again at the same addresses.
    pub async fn restart(self) -> Self {
        self.restart_with(config()).await
    }

    /// The same with other limits.
    pub async fn restart_with(mut self, config: ApiConfig) -> Self {
        let config =
            ApiConfig { listen: self.api.address(), private_listen: self.api.private_address(), ..config };
        self.api.shutdown().await;
        let (node, ahead) = (self.node, &self.ahead);
        let (uploads, results, overview) = (&self.uploads, &self.results, &self.overview);
        let started =
            start(config, node, &self.chain, uploads, results, overview, &self.metrics, ahead).await;
        self.api = started.unwrap();
        self
    }

    /// A job of the project in the node's market that waits, but for what `change` makes of it.
    pub fn list(&self, id: u64, change: impl FnOnce(&mut Job)) -> Address {
        let mut job = Job::zeroed();
        (job.version, job.state, job.id) = (1, JobState::Queued as u8, id.into());
        (job.project, job.market, job.rent_payer) = (self.project, self.market, self.owner.pubkey());
        change(&mut job);
        let address = address::job(&self.project, id).0;
        self.chain.put(address, &job);
        address
    }

    pub fn client(&self) -> NodeClient {
        NodeClient::new(&format!("http://{}", self.api.address()), self.node).unwrap()
    }

    pub fn private_client(&self) -> NodeClient {
        NodeClient::new(&format!("http://{}", self.api.private_address()), self.node).unwrap()
    }

    pub fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.api.address())
    }

    pub fn private_url(&self, target: &str) -> String {
        format!("http://{}{target}", self.api.private_address())
    }

    /// The target of a push for the world's job.
    pub fn target(&self, digest: Digest) -> String {
        format!("/content/{digest}?job={}", self.job)
    }

    /// A request as `key` signs it now, for this node.
    pub fn signed(
        &self,
        key: &Keypair,
        method: Method,
        target: &str,
        body: Option<Digest>,
    ) -> RequestBuilder {
        let request =
            Request { method: method.as_str(), target, node: self.node, body: body.map(|digest| digest.0) };
        self.sealed(&request, key, unix_seconds(), method.clone(), target)
    }

    /// A request with the seal of another one, maybe.
    pub fn sealed(
        &self,
        signed: &Request<'_>,
        key: &Keypair,
        at: u64,
        method: Method,
        target: &str,
    ) -> RequestBuilder {
        let seal = signed.sign(key, at, Nonce::random());
        let unsigned = self.http.request(method, self.url(target));
        seal.headers().into_iter().fold(unsigned, |request, (name, value)| request.header(name, value))
    }

    /// Pushes as `key` for the world's job; gives status and sentence.
    pub async fn push(&self, key: &Keypair, bytes: &[u8]) -> (u16, String) {
        let digest = Digest::of(bytes);
        let request = self.signed(key, Method::PUT, &self.target(digest), Some(digest));
        answer(request.body(bytes.to_vec()).send().await.unwrap()).await
    }

    pub fn holds(&self, bytes: &[u8]) -> bool {
        self.uploads.path_of(Digest::of(bytes)).exists()
    }

    /// Files in the folder of uploads, finished or not.
    pub fn files(&self) -> Vec<PathBuf> {
        let folders = std::fs::read_dir(self.uploads.root()).unwrap().map(|folder| folder.unwrap().path());
        let files = folders.flat_map(|folder| std::fs::read_dir(folder).unwrap());
        files.map(|file| file.unwrap().path()).collect()
    }

    /// Gives the world's job a log, and what ends it.
    pub fn log(&self, text: &str) -> (PathBuf, CancellationToken) {
        let (path, ended) = (self.folder.path().join("log"), CancellationToken::new());
        std::fs::write(&path, text).unwrap();
        let log = LogFile { path: path.clone(), ended: ended.clone() };
        self.worker.logs.lock().unwrap().insert(self.job, log);
        (path, ended)
    }
}

#[allow(clippy::too_many_arguments, reason = "a world's parts, twice")]
async fn start(
    config: ApiConfig,
    node: Address,
    chain: &Arc<Table>,
    uploads: &FolderStore,
    results: &FolderStore,
    overview: &Overview,
    metrics: &Arc<Metrics>,
    ahead: &Arc<AtomicI64>,
) -> Result<Api, ApiError> {
    let ahead = ahead.clone();
    let parts = ApiParts {
        node,
        chain: chain.clone(),
        results: results.clone(),
        uploads: uploads.clone(),
        overview: overview.clone(),
        metrics: metrics.clone(),
        clock: Arc::new(move || unix_seconds().saturating_add_signed(ahead.load(Ordering::SeqCst))),
    };
    Api::start(config, parts).await
}

/// Status and sentence.
pub async fn answer(response: Response) -> (u16, String) {
    (response.status().as_u16(), response.text().await.unwrap())
}

#[track_caller]
pub fn refused((status, sentence): (u16, String), expected: StatusCode, words: &str) {
    assert_eq!(status, expected.as_u16(), "{sentence}");
    assert!(sentence.contains(words), "{sentence}");
}
