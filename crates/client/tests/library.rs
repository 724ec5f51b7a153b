//! The examples, on the embedded network: a node waits, a client posts a job, the node is paid, and the market is read.

#[path = "../examples/decode_market.rs"]
#[allow(dead_code, reason = "its main is for the command line")]
mod decode_market;
#[path = "../examples/post_job.rs"]
#[allow(dead_code, reason = "its main is for the command line")]
mod post_job;
#[path = "../examples/run_node.rs"]
#[allow(dead_code, reason = "its main is for the command line")]
mod run_node;

use grid_client::{Chain, RpcChain, account::Job, address, chain::fetch, instruction, token};
use grid_jobs::{JobState, MarketTerms};
use grid_localnet::{Airdrop, Localnet, LocalnetConfig, ProgramBinary};
use sha2::{Digest, Sha256};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::{path::PathBuf, time::Duration};

const TERMS: MarketTerms = MarketTerms {
    price_per_second_atoms: 100,
    bond_atoms: 0,
    expiry_reward_atoms: 0,
    compensation_atoms: 0,
    fee_bps: 250,
    stakers_bps: 0,
    burn_bps: 0,
    max_attempts: 3,
    max_strikes: 10,
    min_timeout_seconds: 10,
    max_timeout_seconds: 3_600,
    start_window_seconds: 60,
    heartbeat_limit_seconds: 120,
    finish_grace_seconds: 3_600,
    retention_seconds: 86_400,
};
const DEPOSIT: u64 = 1_000_000;

/// A network with a market and a client's funded project.
struct World {
    localnet: Localnet,
    chain: RpcChain,
    client: Keypair,
    node: Keypair,
    mint: Address,
    market: Address,
}

impl World {
    async fn new() -> Self {
        let (client, node, mint_key) = (Keypair::new(), Keypair::new(), Keypair::new());
        let folder = std::env::var_os("GRID_SBF_DIR").map_or_else(
            || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/deploy")),
            PathBuf::from,
        );
        let (owner, mint) = (client.pubkey(), mint_key.pubkey());
        let read = |(name, id)| {
            ProgramBinary::from_file(name, id, folder.join(format!("{name}.so")), Some(owner)).unwrap()
        };
        let airdrop = |address| Airdrop { address, lamports: 100_000_000_000 };
        let localnet = Localnet::start(LocalnetConfig {
            programs: [("grid_jobs", grid_jobs::ID), ("grid_staking", grid_staking::ID)].map(read).into(),
            airdrops: vec![airdrop(owner), airdrop(node.pubkey())],
            ..LocalnetConfig::default()
        })
        .await
        .unwrap();
        let chain = RpcChain::new(localnet.rpc_url(), Duration::from_millis(10));
        let rent = chain.minimum_balance(token::MINT_SPACE as usize).await.unwrap();
        let create = token::create_mint(owner, mint, owner, 6, rent);
        chain.submit(&create, &[&client, &mint_key]).await.unwrap();
        let market = address::market(&owner, 0).0;
        let world = Self { localnet, chain, client, node, mint, market };
        let project = address::project(&mint, &owner).0;
        let tokens = address::token_account(&owner, mint);
        world
            .land(&[
                token::create_account(owner, owner, mint),
                token::create_account(owner, world.node.pubkey(), mint),
                token::mint_to(mint, tokens, owner, DEPOSIT),
            ])
            .await;
        world
            .land(&[instruction::initialize_config(owner, owner), instruction::open_vault(owner, mint)])
            .await;
        world.land(&[instruction::open_market(owner, mint, 0, TERMS)]).await;
        world
            .land(&[
                instruction::open_project(owner, mint),
                instruction::deposit(owner, tokens, project, mint, DEPOSIT),
            ])
            .await;
        world
    }

    async fn land(&self, instructions: &[Instruction]) {
        self.chain.submit(instructions, &[&self.client]).await.unwrap();
    }

    async fn job(&self, id: u64) -> Job {
        let project = address::project(&self.mint, &self.client.pubkey()).0;
        fetch(&self.chain, "job", &address::job(&project, id).0).await.unwrap()
    }
}

/// Seconds are counted by the chain's clock; each sleeps for as long as it takes to be paid for some.
fn command() -> Vec<String> {
    ["sh", "-c", "sleep 3; echo $DEFINITION"].map(str::to_owned).into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_posted_run_and_paid() {
    let world = World::new().await;
    let definition = b"what is to be done";
    let (client, node, command) = (&world.client, &world.node, command());
    let (posted, answered) = tokio::join!(
        post_job::run(&world.chain, client, &world.market, definition, 1),
        run_node::run(&world.chain, node, &world.market, &command),
    );
    let (job, result) = (posted.unwrap(), answered.unwrap());
    assert!(job.is(JobState::Done));
    let hash: [u8; 32] = Sha256::digest(definition).into();
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let expected: [u8; 32] = Sha256::digest(format!("{hex}\n")).into();
    assert_eq!((job.definition, job.result, result), (hash, expected, expected));

    let seconds = u64::try_from(job.ended_at.get() - job.started_at.get()).unwrap();
    assert!((2..=30).contains(&seconds), "{seconds} s");
    let earned = address::token_account(&node.pubkey(), world.mint);
    let account = grid_client::chain::account(&world.chain, &earned).await.unwrap().unwrap();
    assert_eq!(token::amount(&account.data), Some(100 * seconds));
    world.localnet.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_market_shows_who_waits() {
    let world = World::new().await;
    let empty = decode_market::run(&world.chain, &world.market).await.unwrap();
    assert_eq!(empty.waiting(), Some(vec![]));

    let project = address::project(&world.mint, &world.client.pubkey()).0;
    for id in [1, 2] {
        let posting = post_job::run(&world.chain, &world.client, &world.market, b"later", id);
        // Nobody runs it: it waits.
        tokio::time::timeout(Duration::from_secs(2), posting).await.unwrap_err();
    }
    let view = decode_market::run(&world.chain, &world.market).await.unwrap();
    let jobs = [1, 2].map(|id| address::job(&project, id).0);
    assert_eq!(view.waiting(), Some(jobs.into()));
    assert!(world.job(1).await.is(JobState::Queued));
    world.localnet.stop().await.unwrap();
}
