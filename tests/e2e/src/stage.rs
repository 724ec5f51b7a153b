//! What is on the chain before the nodes come.

use anyhow::{Context, Result};
use grid_client::{Chain, RpcChain, address, chain, instruction, token};
use grid_executor::{FolderStore, ServedFolder, serve_folder};
use grid_jobs::MarketTerms;
use solana_address::Address;
use solana_commitment_config::CommitmentConfig;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_signer::Signer;
use std::{path::Path, time::Duration};

/// Terms of both markets.
pub const TERMS: MarketTerms = MarketTerms {
    price_per_second_atoms: 1_500,
    bond_atoms: 2_000_000,
    expiry_reward_atoms: 100_000,
    compensation_atoms: 900_000,
    fee_bps: 250,
    stakers_bps: 0,
    burn_bps: 0,
    max_attempts: 5,
    max_strikes: 10,
    min_timeout_seconds: 10,
    max_timeout_seconds: 3_600,
    start_window_seconds: 120,
    heartbeat_limit_seconds: 120,
    finish_grace_seconds: 3_600,
    retention_seconds: 86_400,
};
/// Tokens that the client deposits and each node has for bonds, atoms.
pub const TOKENS: u64 = 1_000_000_000;
const LAMPORTS: u64 = 10_000_000_000;

/// Markets, a funded project, and nodes with their devices.
pub struct Stage {
    /// Access to the network without a proxy.
    pub chain: RpcChain,
    /// The same, for what a client of Grid does not ask.
    pub rpc: RpcClient,
    /// Owns the project.
    pub client: Keypair,
    /// The nodes' keys.
    pub nodes: Vec<Keypair>,
    /// Devices of each node.
    pub devices_per_node: u32,
    /// The mint.
    pub mint: Address,
    /// The market of all devices.
    pub market: Address,
    /// A market that no node comes to.
    pub empty_market: Address,
    /// The client's project.
    pub project: Address,
    /// The client's definitions and inputs, served to the nodes.
    pub store: FolderStore,
    /// Serves [`Self::store`].
    pub served: ServedFolder,
}

impl Stage {
    /// Builds it on the network at `url`, whose programs `admin` may upgrade, for so many nodes with so many devices each.
    pub async fn build(
        url: &str,
        admin: &Keypair,
        nodes: usize,
        devices: u32,
        folder: &Path,
    ) -> Result<Self> {
        let chain = RpcChain::new(url, Duration::from_millis(100));
        let rpc = RpcClient::new_with_commitment(url.to_owned(), CommitmentConfig::confirmed());
        let (client, mint_key) = (Keypair::new(), Keypair::new());
        let nodes: Vec<Keypair> = (0..nodes).map(|_| Keypair::new()).collect();
        let mint = mint_key.pubkey();
        let owner = admin.pubkey();
        // Anything that no other stage of the same network has.
        let first_market = u64::from_le_bytes(mint.to_bytes()[..8].try_into()?) / 2;
        let store = FolderStore::open(folder.join("client"))?;
        let served = serve_folder(store.clone(), "127.0.0.1:0".parse()?).await?;
        let stage = Self {
            market: address::market(&owner, first_market).0,
            empty_market: address::market(&owner, first_market + 1).0,
            project: address::project(&mint, &client.pubkey()).0,
            chain,
            rpc,
            client,
            nodes,
            devices_per_node: devices,
            mint,
            store,
            served,
        };
        for actor in stage.nodes.iter().chain([&stage.client]) {
            stage.fund(&actor.pubkey()).await?;
        }
        let rent = stage.chain.minimum_balance(token::MINT_SPACE as usize).await?;
        stage.send(&token::create_mint(owner, mint, owner, 6, rent), &[admin, &mint_key]).await?;
        for actor in stage.nodes.iter().chain([&stage.client]) {
            let wallet = actor.pubkey();
            let account = address::token_account(&wallet, mint);
            let fill =
                [token::create_account(owner, wallet, mint), token::mint_to(mint, account, owner, TOKENS)];
            stage.send(&fill, &[admin]).await?;
        }
        if chain::account(&stage.chain, &address::config().0).await?.is_none() {
            stage.send(&[instruction::initialize_config(owner, owner)], &[admin]).await?;
        }
        stage.send(&[instruction::open_vault(owner, mint)], &[admin]).await?;
        for id in [first_market, first_market + 1] {
            stage.send(&[instruction::open_market(owner, mint, id, TERMS)], &[admin]).await?;
        }
        stage.send(&[instruction::grow_market(owner, stage.market)], &[admin]).await?;
        let client = stage.client.pubkey();
        let source = address::token_account(&client, mint);
        let fund = [
            instruction::open_project(client, mint),
            instruction::deposit(client, source, stage.project, mint, TOKENS),
        ];
        stage.send(&fund, &[&stage.client]).await?;
        for node in &stage.nodes {
            let key = node.pubkey();
            for index in 0..stage.devices_per_node {
                let device = stage.device(&key, index);
                let source = address::token_account(&key, mint);
                let open = [
                    instruction::open_device(key, stage.market, index, key),
                    instruction::fund_bond(key, source, device, mint, TERMS.bond_atoms),
                ];
                stage.send(&open, &[node]).await?;
            }
        }
        Ok(stage)
    }

    /// Sends a transaction and waits until it has landed.
    pub async fn send(&self, instructions: &[Instruction], signers: &[&Keypair]) -> Result<()> {
        self.chain.submit(instructions, signers).await?;
        Ok(())
    }

    /// A device of a node.
    pub fn device(&self, node: &Address, index: u32) -> Address {
        address::device(&self.market, node, index).0
    }

    /// All devices of all nodes.
    pub fn devices(&self) -> Vec<Address> {
        let of = |node: &Keypair| {
            (0..self.devices_per_node).map(|index| self.device(&node.pubkey(), index)).collect::<Vec<_>>()
        };
        self.nodes.iter().flat_map(of).collect()
    }

    async fn fund(&self, address: &Address) -> Result<()> {
        let signature = self.rpc.request_airdrop(address, LAMPORTS).await.context("the faucet")?;
        while !self.rpc.confirm_transaction(&signature).await? {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }
}
