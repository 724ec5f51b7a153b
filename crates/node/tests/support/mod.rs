//! A market, a funded project and a device on the embedded network, and workers that write down what they tell.

#![allow(dead_code, reason = "each suite needs a part of it")]

use grid_client::{
    Chain, RpcChain, address,
    instruction::{self, Listing},
    token,
};
use grid_connectors::Connectors;
use grid_executor::{
    ContentStore, Device as Hardware, Digest, FolderStore, ProcessExecutor, Sources, Workplace,
};
use grid_jobs::{JobKind, MarketTerms};
use grid_localnet::{Airdrop, Localnet, LocalnetConfig, ProgramBinary};
use grid_node::{DeviceWorker, Lookout, NodeEvent, WorkerConfig};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

/// What workers told, in order.
pub type Told = Arc<Mutex<Vec<String>>>;

pub const TERMS: MarketTerms = MarketTerms {
    price_per_second_atoms: 100,
    bond_atoms: 0,
    expiry_reward_atoms: 0,
    compensation_atoms: 0,
    fee_bps: 250,
    stakers_bps: 0,
    burn_bps: 0,
    max_attempts: 16,
    max_strikes: 10,
    min_timeout_seconds: 10,
    max_timeout_seconds: 3_600,
    start_window_seconds: 60,
    heartbeat_limit_seconds: 120,
    finish_grace_seconds: 3_600,
    retention_seconds: 86_400,
};
pub const DEPOSIT: u64 = 1_000_000;

/// A network with a market, a funded project and a device; one key plays all parts.
pub struct World {
    pub localnet: Localnet,
    pub chain: Arc<RpcChain>,
    pub key: Arc<Keypair>,
    /// Another node, without a device.
    pub other: Arc<Keypair>,
    pub mint: Address,
    pub market: Address,
    pub project: Address,
    pub device: Address,
    pub folder: tempfile::TempDir,
}

impl World {
    pub async fn new() -> Self {
        let (key, other) = (Keypair::new(), Keypair::new());
        let owner = key.pubkey();
        let folder = std::env::var_os("GRID_SBF_DIR").map_or_else(
            || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/deploy")),
            PathBuf::from,
        );
        let programs = [
            ("grid_jobs", grid_jobs::ID),
            ("grid_nodes", grid_nodes::ID),
            ("grid_staking", grid_staking::ID),
        ];
        let read = |(name, id)| {
            ProgramBinary::from_file(name, id, folder.join(format!("{name}.so")), Some(owner)).unwrap()
        };
        let airdrop = |address| Airdrop { address, lamports: 100_000_000_000 };
        let config = LocalnetConfig {
            programs: programs.into_iter().map(read).collect(),
            airdrops: vec![airdrop(owner), airdrop(other.pubkey())],
            ..LocalnetConfig::default()
        };
        let localnet = Localnet::start(config).await.unwrap();
        let chain = Arc::new(RpcChain::new(localnet.rpc_url(), Duration::from_millis(10)));

        let mint_key = Keypair::new();
        let mint = mint_key.pubkey();
        let (market, project) = (address::market(&owner, 0).0, address::project(&mint, &owner).0);
        let tokens = address::token_account(&owner, mint);
        let rent = chain.minimum_balance(token::MINT_SPACE as usize).await.unwrap();
        let create = token::create_mint(owner, mint, owner, 6, rent);
        chain.submit(&create, &[&key, &mint_key]).await.unwrap();
        for step in [
            vec![token::create_account(owner, owner, mint), token::mint_to(mint, tokens, owner, DEPOSIT)],
            vec![instruction::initialize_config(owner, owner), instruction::open_vault(owner, mint)],
            vec![instruction::open_market(owner, mint, 0, TERMS)],
            vec![
                instruction::open_project(owner, mint),
                instruction::deposit(owner, tokens, project, mint, DEPOSIT),
            ],
            vec![instruction::open_device(owner, market, 0, owner)],
        ] {
            chain.submit(&step, &[&key]).await.unwrap();
        }
        let device = address::device(&market, &owner, 0).0;
        let folder = tempfile::tempdir().unwrap();
        let (key, other) = (Arc::new(key), Arc::new(other));
        Self { localnet, chain, key, other, mint, market, project, device, folder }
    }

    /// Sends instructions that the world's key signs.
    pub async fn land(&self, instructions: &[Instruction]) {
        self.chain.submit(instructions, &[&self.key]).await.unwrap();
    }

    pub fn lookout(&self) -> Arc<Lookout> {
        Arc::new(Lookout::start(self.chain.clone(), Duration::from_millis(20)))
    }

    pub async fn list(&self, id: u64, definition: Digest) -> Address {
        let listing = Listing {
            id,
            kind: JobKind::Batch,
            definition: definition.0,
            timeout_seconds: 60,
            max_price_per_second_atoms: 100,
        };
        let list = instruction::list(self.key.pubkey(), self.project, self.market, &listing);
        self.land(&[list]).await;
        address::job(&self.project, id).0
    }

    /// A worker of the world's device that writes down its steps, refusals and retries.
    pub fn worker(&self, store: &FolderStore, key: Arc<Keypair>, told: Told) -> DeviceWorker {
        let observer = move |event: NodeEvent<'_>| {
            let text = match event {
                NodeEvent::Landed { step, .. } => step.name().to_owned(),
                NodeEvent::Refused { reason, .. } => format!("refused: {reason}"),
                NodeEvent::Retrying { error, .. } => format!("retrying: {error}"),
                _ => return,
            };
            told.lock().unwrap().push(text);
        };
        DeviceWorker {
            chain: self.chain.clone(),
            lookout: self.lookout(),
            key,
            device: self.device,
            hardware: Hardware::cpu("cpu-0"),
            executor: Arc::new(ProcessExecutor::default()),
            connectors: Arc::new(Connectors::default()),
            workplace: Workplace::new(
                self.folder.path().join(format!("scratch-{}", self.device)),
                store.clone(),
                Sources::new(vec![Arc::new(store.clone())]),
            ),
            config: WorkerConfig {
                poll_interval: Duration::from_millis(20),
                upload_patience: Duration::ZERO,
                watch_interval: Duration::from_millis(50),
                heartbeats_per_limit: 600, // every 0.2 s
                ..WorkerConfig::default()
            },
            observer: Arc::new(observer),
        }
    }
}

pub fn store(folder: &Path) -> FolderStore {
    FolderStore::open(folder.join("store")).unwrap()
}

pub async fn until(mut reached: impl AsyncFnMut() -> bool) {
    for _ in 0..1_000 {
        if reached().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("waited 20 s in vain");
}

/// A definition of one command, in the store.
pub async fn publish(store: &FolderStore, command: &str) -> Digest {
    let definition = format!(
        r#"{{"version":"0.1","type":"container","ops":[{{"type":"container/run","id":"a","args":{{"image":"x","cmd":"{command}"}}}}]}}"#
    );
    store.put(definition.as_bytes()).await.unwrap()
}

/// How often a text was told.
pub fn count(told: &Told, text: &str) -> usize {
    told.lock().unwrap().iter().filter(|told| *told == text).count()
}
