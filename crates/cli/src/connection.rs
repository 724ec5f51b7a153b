//! Access to the chain, opened when a command first needs it.

use async_trait::async_trait;
use grid_client::{Chain, ChainError, Filter, Intent, Landed};
use grid_landing::{FolderError, Landing, LandingConfig, LandingError, Timing};
use solana_account::Account;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::sync::OnceCell;

/// How often a command looks whether its transaction has landed.
const POLL_INTERVAL: Duration = Duration::from_millis(250);
/// Commands that can send transactions at the same time; each has a journal of its own while it runs.
const JOURNALS: usize = 16;

/// Access to a chain through all its endpoints, with a journal below `folder`: what a command that broke off had sent is
/// looked after by the next one.
pub struct Connection {
    urls: Vec<String>,
    folder: PathBuf,
    keypair: PathBuf,
    landing: OnceCell<Landing>,
}

impl Connection {
    /// Touches nothing yet.
    pub fn new(urls: Vec<String>, folder: PathBuf, keypair: PathBuf) -> Self {
        Self { urls, folder, keypair, landing: OnceCell::new() }
    }

    /// The command knows what has landed: the next one that asks for the same wants it again.
    pub fn acknowledge(&self) {
        if let Some(landing) = self.landing.get() {
            landing.acknowledge();
        }
    }

    async fn landing(&self) -> Result<&Landing, ChainError> {
        self.landing.get_or_try_init(|| self.open()).await
    }

    /// Opens the first journal of this chain that no other command has.
    async fn open(&self) -> Result<Landing, ChainError> {
        let genesis = self.genesis().await?;
        // Open intents are signed again with this key; a command that only reads needs none.
        let keys: Vec<Arc<Keypair>> = crate::keys::read(&self.keypair).map(Arc::new).into_iter().collect();
        for number in 0..JOURNALS {
            let journal = self.folder.join(&genesis).join(number.to_string());
            let config = LandingConfig {
                timing: Timing { poll_interval: POLL_INTERVAL, ..Timing::default() },
                observer: Arc::new(|alert| eprintln!("warning: {alert}")),
                ..LandingConfig::new(self.urls.clone(), journal)
            };
            match Landing::open(config, keys.clone()).await {
                Err(LandingError::Folder(FolderError::Locked { .. })) => {}
                opened => return opened.map_err(|error| ChainError::Journal(error.to_string())),
            }
        }
        let busy = format!("{JOURNALS} other `grid` commands use {}: wait for one", self.folder.display());
        Err(ChainError::Journal(busy))
    }

    /// Which chain it is, as the first endpoint that answers says.
    async fn genesis(&self) -> Result<String, ChainError> {
        let mut failed = None;
        for url in &self.urls {
            match RpcClient::new(url.clone()).get_genesis_hash().await {
                Ok(genesis) => return Ok(genesis.to_string()),
                Err(error) => {
                    failed = Some(ChainError::Rpc { endpoint: url.clone(), reason: error.to_string() });
                }
            }
        }
        Err(failed.unwrap_or_else(|| ChainError::Journal("no endpoint is configured".to_owned())))
    }
}

#[async_trait]
impl Chain for Connection {
    async fn accounts(&self, addresses: &[Address]) -> Result<Vec<Option<Account>>, ChainError> {
        self.landing().await?.accounts(addresses).await
    }

    async fn data_slice(
        &self,
        address: &Address,
        offset: usize,
        length: usize,
    ) -> Result<Option<Vec<u8>>, ChainError> {
        self.landing().await?.data_slice(address, offset, length).await
    }

    async fn program_accounts(
        &self,
        program: &Address,
        filters: &[Filter],
    ) -> Result<Vec<(Address, Account)>, ChainError> {
        self.landing().await?.program_accounts(program, filters).await
    }

    async fn submit(&self, instructions: &[Instruction], signers: &[&Keypair]) -> Result<Landed, ChainError> {
        self.landing().await?.submit(instructions, signers).await
    }

    async fn land(&self, intent: &Intent, signers: &[&Keypair]) -> Result<Landed, ChainError> {
        self.landing().await?.land(intent, signers).await
    }

    async fn minimum_balance(&self, space: usize) -> Result<u64, ChainError> {
        self.landing().await?.minimum_balance(space).await
    }
}
