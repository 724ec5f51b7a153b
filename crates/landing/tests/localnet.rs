//! The engine over real JSON-RPC, against the embedded network.

use grid_client::{Chain, ChainError, Expectation, Intent, Patience};
use grid_landing::{
    Landing, LandingConfig, LandingError, Timing,
    endpoint::{Commitment, Endpoint, ReadAt},
    health::Standing,
    rpc::RpcEndpoint,
    transaction::TransactionVersion,
};
use grid_localnet::{Airdrop, Localnet, LocalnetConfig};
use solana_address::Address;
use solana_hash::Hash;
use solana_instruction::{AccountMeta, Instruction};
use solana_keypair::Keypair;
use solana_sdk_ids::system_program;
use solana_signer::Signer;
use std::{path::Path, sync::Arc, time::Duration};

const LAMPORTS: u64 = 100_000_000_000;

async fn localnet(wallet: &Keypair) -> Localnet {
    let airdrops = vec![Airdrop { address: wallet.pubkey(), lamports: LAMPORTS }];
    let config =
        LocalnetConfig { airdrops, slot_time: Duration::from_millis(10), ..LocalnetConfig::default() };
    Localnet::start(config).await.unwrap()
}

fn config(urls: &[&str], journal: &Path) -> LandingConfig {
    let mut config = LandingConfig::new(urls.iter().map(|url| (*url).to_owned()).collect(), journal);
    config.timing = Timing { poll_interval: Duration::from_millis(20), ..Timing::default() };
    config.timing.read_patience = Duration::from_millis(200);
    config
}

fn transfer(from: &Keypair, to: Address, lamports: u64) -> Intent {
    // System program: Transfer is variant 2 (u32), then lamports.
    let data = [&2_u32.to_le_bytes()[..], &lamports.to_le_bytes()].concat();
    let accounts = vec![AccountMeta::new(from.pubkey(), true), AccountMeta::new(to, false)];
    Intent {
        subject: to,
        kind: "transfer".into(),
        instructions: vec![Instruction::new_with_bytes(system_program::ID, &data, accounts)],
        wanted_while: Vec::new(),
        patience: Patience::Forever,
    }
}

async fn lamports(chain: &Landing, address: Address) -> u64 {
    let account = chain.accounts(&[address]).await.unwrap().pop().unwrap();
    account.map_or(0, |account| account.lamports)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_intent_lands_once_and_its_journal_is_closed() {
    let (wallet, to) = (Arc::new(Keypair::new()), Address::new_from_array([7; 32]));
    let localnet = localnet(&wallet).await;
    let folder = tempfile::tempdir().unwrap();
    let urls = [localnet.rpc_url(), localnet.rpc_url()];
    let landing = Landing::open(config(&urls, folder.path()), vec![wallet.clone()]).await.unwrap();
    assert!(landing.endpoints().iter().all(|endpoint| endpoint.standing == Standing::Right));

    let refused = Landing::open(config(&urls, folder.path()), Vec::new()).await.err().unwrap();
    assert!(matches!(refused, LandingError::Folder(_)), "two engines with one journal: {refused}");

    let intent = transfer(&wallet, to, 5_000_000);
    // Who asks twice at the same time waits for the same one.
    let keys = [wallet.as_ref()];
    let (one, other) = tokio::join!(landing.land(&intent, &keys), landing.land(&intent, &keys));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(one.signature, other.signature);
    assert!(one.compute_units > 0 && one.fee_lamports >= 5_000 && !one.logs.is_empty(), "{one:?}");
    assert_eq!(lamports(&landing, to).await, 5_000_000);

    landing.settled().await;
    assert!(landing.open_intents().is_empty());
    let closed = landing.closed_intents();
    assert_eq!(closed.len(), 1);
    assert_eq!((closed[0].signature, closed[0].slot), (Some(one.signature), Some(one.slot)));
    landing.close().await;

    let again = Landing::open(config(&urls, folder.path()), vec![wallet]).await.unwrap();
    assert_eq!(again.closed_intents(), closed, "the journal remembers");
    again.close().await;
    localnet.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_says_why_and_what_is_unwanted_is_not_sent() {
    let (wallet, poor) = (Arc::new(Keypair::new()), Keypair::new());
    let localnet = localnet(&wallet).await;
    let folder = tempfile::tempdir().unwrap();
    let landing =
        Landing::open(config(&[localnet.rpc_url()], folder.path()), vec![wallet.clone()]).await.unwrap();
    let to = Address::new_from_array([7; 32]);

    let mut too_much = transfer(&wallet, to, 2 * LAMPORTS);
    too_much.patience = Patience::OneSignature;
    let error = landing.land(&too_much, &[&wallet]).await.unwrap_err();
    let ChainError::Transaction { logs, .. } = &error else { panic!("{error}") };
    assert!(logs.iter().any(|line| line.contains("insufficient lamports")), "{logs:?}");
    assert!(landing.open_intents().is_empty(), "nothing was sent, so nothing is open");

    let mut no_money = transfer(&poor, to, 1);
    no_money.patience = Patience::OneSignature;
    let error = landing.land(&no_money, &[&poor]).await.unwrap_err();
    assert!(matches!(error, ChainError::NoFeeMoney { payer } if payer == poor.pubkey()), "{error}");

    // Fails on each try, and the account says that nobody wants it: the second try finds that out.
    let bytes = vec![1];
    let mut unwanted = transfer(&wallet, to, 2 * LAMPORTS);
    unwanted.wanted_while = vec![Expectation { account: wallet.pubkey(), offset: 0, bytes }];
    let error = landing.land(&unwanted, &[&wallet]).await.unwrap_err();
    assert!(matches!(error, ChainError::Transaction { .. }), "{error}");
    let error = landing.land(&unwanted, &[&wallet]).await.unwrap_err();
    assert!(matches!(error, ChainError::Unwanted { .. }), "{error}");
    landing.settled().await;

    let submitted = landing.submit(&transfer(&wallet, to, 1_000_000).instructions, &[&wallet]).await.unwrap();
    assert!(submitted.fee_lamports >= 5_000);
    let short = landing.submit(&transfer(&wallet, to, 1).instructions, &[&poor]).await.unwrap_err();
    assert!(matches!(short, ChainError::Signing(_)), "{short}");
    landing.close().await;
    localnet.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_chain_is_refused() {
    let wallet = Arc::new(Keypair::new());
    let (one, other) = (localnet(&wallet).await, localnet(&wallet).await);
    let folder = tempfile::tempdir().unwrap();
    let open = |urls: &[&str], genesis| {
        let mut config = config(urls, folder.path());
        config.genesis = genesis;
        Landing::open(config, Vec::new())
    };
    let refused = open(&[one.rpc_url(), other.rpc_url()], None).await.err().unwrap();
    assert!(matches!(refused, LandingError::WrongChain { .. }), "two chains at once: {refused}");
    let wrong = Hash::new_from_array([1; 32]);
    let refused = open(&[one.rpc_url()], Some(wrong)).await.err().unwrap();
    assert!(matches!(refused, LandingError::WrongChain { expected, .. } if expected == wrong), "{refused}");

    let landing = open(&[one.rpc_url()], None).await.unwrap();
    landing.submit(&transfer(&wallet, wallet.pubkey(), 1).instructions, &[&wallet]).await.unwrap();
    landing.close().await;
    let refused = open(&[other.rpc_url()], None).await.err().unwrap();
    assert!(matches!(refused, LandingError::WrongChain { .. }), "the journal knows its chain: {refused}");
    let refused = open(&[one.rpc_url()], Some(wrong)).await.err().unwrap();
    assert!(matches!(refused, LandingError::OtherJournal { .. }), "{refused}");
    open(&[one.rpc_url()], None).await.unwrap().close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_endpoint_answers_each_question() {
    let wallet = Arc::new(Keypair::new());
    let localnet = localnet(&wallet).await;
    let endpoint = RpcEndpoint::new(localnet.rpc_url(), Duration::from_secs(5));
    let lifetime = endpoint.blockhash().await.unwrap();
    let finalized = endpoint.finalized().await.unwrap();
    assert!(lifetime.last_valid_height > finalized.height && lifetime.slot >= finalized.slot);
    assert!(endpoint.first_slot().await.unwrap() <= lifetime.slot);
    let (small, large) =
        (endpoint.minimum_balance(0).await.unwrap(), endpoint.minimum_balance(1_000).await.unwrap());
    assert!(0 < small && small < large);
    let read = |min_slot| {
        let at = ReadAt { commitment: Commitment::Confirmed, min_slot };
        let (endpoint, wallet) = (&endpoint, wallet.pubkey());
        async move { endpoint.accounts(&[wallet, Address::new_from_array([9; 32])], at).await }
    };
    let (slot, accounts) = read(0).await.unwrap();
    assert!(slot >= lifetime.slot);
    assert_eq!(accounts[0].as_ref().map(|account| account.lamports), Some(LAMPORTS));
    assert_eq!(accounts[1], None);
    read(slot + 1_000_000).await.expect_err("it is behind");
    let nothing = RpcEndpoint::new("http://127.0.0.1:1", Duration::from_secs(1));
    nothing.genesis().await.expect_err("nobody is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_opens_without_an_endpoint_and_goes_on_when_one_comes() {
    let (wallet, to) = (Arc::new(Keypair::new()), Address::new_from_array([7; 32]));
    let folder = tempfile::tempdir().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}");
    let landing = Landing::open(config(&[&url], folder.path()), vec![wallet.clone()]).await.unwrap();
    let landing = Arc::new(landing);
    let intent = transfer(&wallet, to, 5_000_000);
    let waiting = tokio::spawn({
        let (landing, wallet, intent) = (landing.clone(), wallet.clone(), intent.clone());
        async move { landing.land(&intent, &[&wallet]).await }
    });
    while landing.open_intents().is_empty() {
        tokio::task::yield_now().await;
    }
    // The process ends while nothing can be signed, and the intent is not forgotten.
    waiting.abort();
    drop(waiting.await);
    Arc::into_inner(landing).unwrap().close().await;
    let landing = Landing::open(config(&[&url], folder.path()), vec![wallet.clone()]).await.unwrap();
    assert_eq!(landing.open_intents().len(), 1);
    let airdrops = vec![Airdrop { address: wallet.pubkey(), lamports: LAMPORTS }];
    let slot_time = Duration::from_millis(10);
    let config = LocalnetConfig { airdrops, slot_time, rpc_port: Some(port), ..LocalnetConfig::default() };
    let localnet = Localnet::start(config).await.unwrap();
    landing.settled().await;
    assert_eq!(lamports(&landing, to).await, 5_000_000);
    landing.close().await;
    localnet.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn version_1_is_sent_where_it_is_wanted() {
    let (wallet, to) = (Arc::new(Keypair::new()), Address::new_from_array([7; 32]));
    let localnet = localnet(&wallet).await;
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(&[localnet.rpc_url()], folder.path());
    config.version = TransactionVersion::V1;
    let landing = Landing::open(config, vec![wallet.clone()]).await.unwrap();
    landing.land(&transfer(&wallet, to, 5_000_000), &[&wallet]).await.unwrap();
    assert_eq!(lamports(&landing, to).await, 5_000_000);
    landing.close().await;
    localnet.stop().await.unwrap();
}
