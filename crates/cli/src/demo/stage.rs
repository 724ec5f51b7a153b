//! The demo's network, actors and accounts.

use crate::{
    demo::report::{Balances, DECIMALS, Report},
    localnet,
};
use anyhow::{Context, Result, ensure};
use grid_client::{
    Chain, Landed, RpcChain, address, chain,
    instruction::{self, Listing},
    ledger::fetch_ledger,
    rewards, staking, token,
};
use grid_jobs::{JobKind, MarketTerms};
use grid_localnet::{Airdrop, Localnet, LocalnetConfig};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::{sync::Arc, time::Duration};

/// Terms of the demo's market.
pub const TERMS: MarketTerms = MarketTerms {
    price_per_second_atoms: 1_500,
    bond_atoms: 2_000_000,
    expiry_reward_atoms: 100_000,
    compensation_atoms: 900_000,
    fee_bps: 250,
    stakers_bps: 6_000,
    burn_bps: 1_000,
    max_attempts: 3,
    max_strikes: 10,
    min_timeout_seconds: 10,
    max_timeout_seconds: 3_600,
    start_window_seconds: 60,
    heartbeat_limit_seconds: 120,
    finish_grace_seconds: 3_600,
    retention_seconds: 86_400,
};
/// Timeout of the demo's jobs, seconds.
pub const TIMEOUT_SECONDS: u32 = 120;
/// Devices of the demo's node.
pub const DEVICES: u32 = 2;
/// Tokens that client and node begin with, atoms.
const TOKENS: u64 = 1_000_000_000;
/// Lamports that each actor begins with.
const LAMPORTS: u64 = 100_000_000_000;
/// How often the chain is asked whether a transaction has landed.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// The embedded network and who acts on it.
pub struct Stage {
    /// The network.
    pub localnet: Localnet,
    /// Access to it.
    pub chain: Arc<RpcChain>,
    /// What is printed.
    pub report: Arc<Report>,
    /// Upgrade authority and admin of the programs, authority of the market, the mint and the access collection.
    pub admin: Keypair,
    /// Owns the project.
    pub client: Keypair,
    /// Owns the devices and a stake, is the devices' payee.
    pub node: Arc<Keypair>,
    /// Owns a stake.
    pub staker: Keypair,
    /// Attests benchmarks.
    pub attestor: Keypair,
    /// The mint.
    pub mint: Address,
    /// The market.
    pub market: Address,
    /// The client's project.
    pub project: Address,
    /// The node's devices.
    pub devices: Vec<Address>,
}

impl Stage {
    /// Starts the network and names everything.
    pub async fn start(report: Arc<Report>) -> Result<Self> {
        let (admin, client, node) = (Keypair::new(), Keypair::new(), Arc::new(Keypair::new()));
        let (staker, attestor) = (Keypair::new(), Keypair::new());
        let actors = [&admin, &client, &node, &staker, &attestor].map(|actor| actor.pubkey());
        let config = LocalnetConfig {
            programs: localnet::programs(Some(admin.pubkey()))?,
            airdrops: actors.map(|address| Airdrop { address, lamports: LAMPORTS }).to_vec(),
            ..LocalnetConfig::default()
        };
        let localnet = Localnet::start(config).await.context("the embedded network did not start")?;
        let chain = Arc::new(RpcChain::new(localnet.rpc_url(), POLL_INTERVAL));
        report.note("network", &format!("RPC {} websocket {}", localnet.rpc_url(), localnet.ws_url()));

        let mint = Keypair::new();
        let (market, project) =
            (address::market(&admin.pubkey(), 0).0, address::project(&mint.pubkey(), &client.pubkey()).0);
        let devices: Vec<Address> =
            (0..DEVICES).map(|index| address::device(&market, &node.pubkey(), index).0).collect();
        for (address, name) in [
            (admin.pubkey(), "admin"),
            (client.pubkey(), "client"),
            (node.pubkey(), "node"),
            (staker.pubkey(), "staker"),
            (attestor.pubkey(), "attestor"),
            (mint.pubkey(), "mint"),
            (address::vault(&mint.pubkey()).0, "vault"),
            (market, "market"),
            (project, "project"),
            (address::token_account(&admin.pubkey(), mint.pubkey()), "treasury"),
            (staking::stake_address(&mint.pubkey(), &staker.pubkey(), 0).0, "stake"),
            (rewards::pool_address(&mint.pubkey(), &mint.pubkey()).0, "pool"),
        ] {
            report.call(address, name);
        }
        for (index, device) in devices.iter().enumerate() {
            report.call(*device, format!("device {index}"));
        }
        let stage = Self {
            localnet,
            chain,
            report,
            admin,
            client,
            node,
            staker,
            attestor,
            mint: mint.pubkey(),
            market,
            project,
            devices,
        };
        stage.report.call(stage.collection(), "access collection");
        stage.report.call(stage.access_mint(), "access NFT");
        stage.report.call(stage.node_stake(), "node's stake");
        stage.create_mint(&mint).await?;
        Ok(stage)
    }

    /// Sends a transaction and prints it.
    pub async fn send(
        &self,
        step: &str,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<Landed> {
        let landed = self.chain.submit(instructions, signers).await.with_context(|| step.to_owned())?;
        self.report.landed(step, &landed);
        Ok(landed)
    }

    async fn create_mint(&self, mint: &Keypair) -> Result<()> {
        let admin = self.admin.pubkey();
        let rent = self.chain.minimum_balance(token::MINT_SPACE as usize).await?;
        let create = token::create_mint(admin, self.mint, admin, DECIMALS, rent);
        self.send("create mint", &create, &[&self.admin, mint]).await?;
        for wallet in [self.client.pubkey(), self.node.pubkey(), self.staker.pubkey()] {
            let account = address::token_account(&wallet, self.mint);
            let fill = [
                token::create_account(admin, wallet, self.mint),
                token::mint_to(self.mint, account, admin, TOKENS),
            ];
            self.send("mint tokens", &fill, &[&self.admin]).await?;
        }
        Ok(())
    }

    /// Opens config, vault and market.
    pub async fn open_market(&self) -> Result<()> {
        let admin = self.admin.pubkey();
        self.send("initialize_config", &[instruction::initialize_config(admin, admin)], &[&self.admin])
            .await?;
        self.send("open_vault", &[instruction::open_vault(admin, self.mint)], &[&self.admin]).await?;
        let open = instruction::open_market(admin, self.mint, 0, TERMS);
        self.send("open_market", &[open], &[&self.admin]).await?;
        self.send("grow_market", &[instruction::grow_market(admin, self.market)], &[&self.admin]).await?;
        Ok(())
    }

    /// Opens the client's project and deposits into it.
    pub async fn open_project(&self, deposit_atoms: u64) -> Result<()> {
        let client = self.client.pubkey();
        let source = address::token_account(&client, self.mint);
        self.send("open_project", &[instruction::open_project(client, self.mint)], &[&self.client]).await?;
        let deposit = instruction::deposit(client, source, self.project, self.mint, deposit_atoms);
        self.send("deposit", &[deposit], &[&self.client]).await?;
        Ok(())
    }

    /// Opens the node's devices and funds their bonds.
    pub async fn open_devices(&self) -> Result<()> {
        let node = self.node.pubkey();
        let source = address::token_account(&node, self.mint);
        for (index, device) in (0..DEVICES).zip(&self.devices) {
            let open = instruction::open_device(node, self.market, index, node);
            self.send("open_device", &[open], &[&self.node]).await?;
            let fund = instruction::fund_bond(node, source, *device, self.mint, TERMS.bond_atoms);
            self.send("fund_bond", &[fund], &[&self.node]).await?;
        }
        Ok(())
    }

    /// Lists a job under the client's project; returns its address.
    pub async fn list(&self, id: u64, name: &str, definition: [u8; 32]) -> Result<Address> {
        let job = address::job(&self.project, id).0;
        self.report.call(job, name);
        let listing = Listing {
            id,
            kind: JobKind::Batch,
            definition,
            timeout_seconds: TIMEOUT_SECONDS,
            max_price_per_second_atoms: TERMS.price_per_second_atoms,
        };
        let list = instruction::list(self.client.pubkey(), self.project, self.market, &listing);
        self.send("list", &[list], &[&self.client]).await?;
        Ok(job)
    }

    /// Takes a queued job off the market.
    pub async fn delist(&self, job: Address) -> Result<()> {
        let client = self.client.pubkey();
        let delist = instruction::delist(client, self.project, self.market, job, client);
        self.send("delist", &[delist], &[&self.client]).await?;
        Ok(())
    }

    /// Pays out earnings and bonds, dismisses the devices and closes them.
    pub async fn close_devices(&self) -> Result<()> {
        let node = self.node.pubkey();
        for device in &self.devices {
            let earned =
                chain::fetch::<grid_client::account::Device>(self.chain.as_ref(), "device", device).await?;
            if !earned.earnings_atoms.is_zero() {
                let withdraw = instruction::withdraw_earnings(*device, self.mint, node);
                self.send("withdraw_earnings", &[withdraw], &[&self.node]).await?;
            }
            let withdraw =
                instruction::withdraw_bond(node, *device, self.mint, node, earned.bond_atoms.get());
            self.send("withdraw_bond", &[withdraw], &[&self.node]).await?;
            self.dismiss_device(*device).await?;
            let close = instruction::close_device(node, node, *device);
            self.send("close_device", &[close], &[&self.node]).await?;
        }
        Ok(())
    }

    /// Closes the jobs, takes the rest of the balance home and closes the project.
    pub async fn close_project(&self, jobs: &[Address]) -> Result<()> {
        let client = self.client.pubkey();
        for job in jobs {
            let close = instruction::close_job(client, self.project, *job, client);
            self.send("close_job", &[close], &[&self.client]).await?;
        }
        let project =
            chain::fetch::<grid_client::account::Project>(self.chain.as_ref(), "project", &self.project)
                .await?;
        let destination = address::token_account(&client, self.mint);
        let withdraw =
            instruction::withdraw(client, self.project, self.mint, destination, project.balance.get());
        self.send("withdraw", &[withdraw], &[&self.client]).await?;
        self.send("close_project", &[instruction::close_project(client, self.project)], &[&self.client])
            .await?;
        Ok(())
    }

    /// Where the tokens are, and the ledger equality, to the atom. Call it while nothing moves.
    pub async fn balances(&self) -> Result<Balances> {
        let vault = address::vault(&self.mint).0;
        let (ledger, held) = match chain::account(self.chain.as_ref(), &vault).await? {
            Some(_) => fetch_ledger(self.chain.as_ref(), &self.mint).await?,
            None => Default::default(),
        };
        ensure!(
            ledger.total() == u128::from(held),
            "the ledger equality is broken: the vault holds {held} atoms, the accounts say it owes {}: {ledger:?}",
            ledger.total()
        );
        let balances = Balances {
            client: self.tokens(&self.client.pubkey()).await?,
            node: self.tokens(&self.node.pubkey()).await?,
            staker: self.tokens(&self.staker.pubkey()).await?,
            treasury: self.tokens(&self.admin.pubkey()).await?,
            vault: held,
            stakes: self.stakes_held().await?,
            rewards: self.rewards_held().await?,
            ledger,
        };
        let supply = self.supply().await?;
        ensure!(balances.sum() == supply, "the supply is {supply} atoms, {} are there", balances.sum());
        Ok(balances)
    }

    /// What was minted and not burnt, atoms: bytes 36 to 44 of the mint.
    async fn supply(&self) -> Result<u128> {
        let mint = chain::account(self.chain.as_ref(), &self.mint).await?.context("the mint")?;
        let bytes = mint.data.get(36..44).context("the mint's supply")?;
        Ok(u64::from_le_bytes(bytes.try_into()?).into())
    }

    /// What a wallet has, atoms; nothing while it has no token account.
    async fn tokens(&self, wallet: &Address) -> Result<u64> {
        let account = address::token_account(wallet, self.mint);
        match chain::account(self.chain.as_ref(), &account).await? {
            Some(_) => self.tokens_in(&account).await,
            None => Ok(0),
        }
    }

    /// What a token account holds, atoms.
    pub async fn tokens_in(&self, account: &Address) -> Result<u64> {
        let found = chain::account(self.chain.as_ref(), account).await?;
        found
            .and_then(|account| token::amount(&account.data))
            .with_context(|| format!("{account} is no token account"))
    }
}
