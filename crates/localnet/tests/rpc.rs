//! The localnet over its RPC and websocket, through the clients that Solana programs use.

mod support;

use std::time::{Duration, Instant};

use futures_util::{Stream, StreamExt as _};
use grid_localnet::{Airdrop, Localnet, LocalnetConfig, LocalnetError, ProgramBinary, ids};
use serde_json::json;
use solana_address::Address;
use solana_clock::Clock;
use solana_commitment_config::CommitmentConfig;
use solana_instruction::Instruction;
use solana_keypair::{Keypair, Signer as _};
use solana_pubsub_client::nonblocking::pubsub_client::PubsubClient;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_rpc_client_api::{
    config::{
        RpcAccountInfoConfig, RpcBlockConfig, RpcProgramAccountsConfig, RpcSendTransactionConfig,
        RpcSignatureSubscribeConfig, RpcTransactionConfig, RpcTransactionLogsConfig,
        RpcTransactionLogsFilter,
    },
    filter::{Memcmp, RpcFilterType},
    request::RpcRequest,
};
use solana_sdk_ids::{bpf_loader_upgradeable, sysvar};
use support::*;

/// The fee of a transaction with one signature.
const FEE: u64 = 5_000;

/// How long a test waits for what should come within a slot or two.
const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn starts_with_every_program_and_airdrop() {
    let wallet = Address::new_unique();
    let program = memo_program(Address::new_unique(), None).await;
    let config = LocalnetConfig {
        programs: vec![program.clone()],
        airdrops: vec![Airdrop { address: wallet, lamports: 3 * SOL }],
        ..Default::default()
    };

    let start = Instant::now();
    let localnet = Localnet::start(config).await.expect("the localnet starts");
    let elapsed = start.elapsed();
    println!("started in {elapsed:?}");
    assert!(elapsed < Duration::from_secs(5), "{elapsed:?}");

    let rpc = client(&localnet);
    rpc.get_health().await.expect("healthy");
    assert_eq!(rpc.get_balance(&wallet).await.expect("a balance"), 3 * SOL);
    let programs =
        [ids::TOKEN, ids::TOKEN_2022, ids::ASSOCIATED_TOKEN, ids::MEMO, ids::TOKEN_METADATA, program.id];
    for account in rpc.get_multiple_accounts(&programs).await.expect("accounts") {
        assert!(account.expect("the program is there").executable);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_lands_with_its_meta() {
    let (_localnet, rpc, wallet) = localnet().await;
    let to = Address::new_unique();
    let instructions = [transfer(&wallet.pubkey(), &to, SOL), memo("for the GPU")];
    let transaction = sign(&rpc, &instructions, &[&wallet]).await;

    assert_eq!(rpc.get_fee_for_message(&transaction.message).await.expect("a fee"), FEE);
    let simulated = rpc.simulate_transaction(&transaction).await.expect("a simulation").value;
    assert_eq!(simulated.err, None);
    let units = simulated.units_consumed.expect("units");
    assert!(units > 150, "{units}");
    assert!(simulated.logs.expect("logs").iter().any(|line| line.contains("for the GPU")));
    assert_eq!(rpc.get_balance(&to).await.expect("a balance"), 0, "a simulation changes nothing");

    let signature = rpc.send_transaction(&transaction).await.expect("accepted");
    assert_eq!(signature, transaction.signatures[0]);
    confirmed(&rpc, &transaction).await;
    assert_eq!(rpc.get_balance(&to).await.expect("a balance"), SOL);
    assert_eq!(rpc.get_balance(&wallet.pubkey()).await.expect("a balance"), 99 * SOL - FEE);

    let statuses =
        rpc.get_signature_statuses(&[signature, Default::default()]).await.expect("statuses").value;
    let status = statuses[0].as_ref().expect("a status");
    assert_eq!(status.err, None);
    assert_eq!(statuses[1], None, "an unknown signature has no status");

    let config = RpcTransactionConfig {
        commitment: Some(CommitmentConfig::confirmed()),
        max_supported_transaction_version: Some(0),
        ..Default::default()
    };
    let landed = rpc.get_transaction_with_config(&signature, config).await.expect("the transaction");
    assert_eq!(landed.slot, status.slot);
    assert!(landed.block_time.is_some());
    let meta = landed.transaction.meta.expect("meta");
    assert_eq!((meta.err, meta.fee), (None, FEE));
    assert_eq!(Option::from(meta.compute_units_consumed), Some(units));
    let logs: Option<Vec<String>> = meta.log_messages.into();
    assert!(logs.expect("logs").iter().any(|line| line.contains("for the GPU")));
    assert_eq!(meta.post_balances[0], 99 * SOL - FEE);

    let history = rpc.get_signatures_for_address(&to).await.expect("a history");
    assert_eq!(
        history.iter().map(|entry| entry.signature.clone()).collect::<Vec<_>>(),
        [signature.to_string()]
    );
    let config = RpcBlockConfig {
        commitment: Some(CommitmentConfig::confirmed()),
        max_supported_transaction_version: Some(0),
        ..Default::default()
    };
    let block = rpc.get_block_with_config(landed.slot, config).await.expect("the block");
    assert_eq!(block.transactions.map(|transactions| transactions.len()), Some(1));
    assert_eq!(block.block_time, landed.block_time);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_does_not_wait_for_the_slot() {
    let config = LocalnetConfig { slot_time: Duration::from_secs(5), ..Default::default() };
    let slot_time = config.slot_time;
    let (_localnet, rpc, wallet) = with_config(config).await;
    let mut latencies = Vec::new();
    for lamports in 1..=20 {
        let to = Address::new_unique();
        let transaction = sign(&rpc, &[transfer(&wallet.pubkey(), &to, SOL + lamports)], &[&wallet]).await;
        let start = Instant::now();
        rpc.send_transaction(&transaction).await.expect("accepted");
        confirmed(&rpc, &transaction).await;
        latencies.push(start.elapsed());
    }
    latencies.sort();
    println!("send to confirmed: median {:?}, slowest {:?}", latencies[10], latencies[19]);
    assert!(latencies[19] < slot_time / 2, "{latencies:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn slots_blocks_and_commitments_advance() {
    let config = LocalnetConfig { slot_time: Duration::from_millis(20), ..Default::default() };
    let (_localnet, rpc, wallet) = with_config(config).await;
    let (blockhash, last_valid) =
        rpc.get_latest_blockhash_with_commitment(CommitmentConfig::confirmed()).await.expect("a blockhash");
    let (slot, height) =
        (rpc.get_slot().await.expect("a slot"), rpc.get_block_height().await.expect("a height"));
    assert!(last_valid > height && last_valid <= height + 151, "{last_valid} {height}");

    let transaction =
        send(&rpc, &[transfer(&wallet.pubkey(), &Address::new_unique(), SOL)], &[&wallet]).await;
    wait_for(&rpc, |rpc| async move { rpc.get_slot().await.expect("a slot") > slot + 5 }).await;
    assert!(rpc.get_block_height().await.expect("a height") > height);
    assert_ne!(rpc.get_latest_blockhash().await.expect("a blockhash"), blockhash);
    assert!(rpc.is_blockhash_valid(&blockhash, CommitmentConfig::processed()).await.expect("an answer"));

    let finalized = CommitmentConfig::finalized();
    let before = rpc.get_slot().await.expect("a slot");
    let final_slot = rpc.get_slot_with_commitment(finalized).await.expect("a finalized slot");
    let after = rpc.get_slot().await.expect("a slot");
    assert!((before..=after).contains(&(final_slot + 30)), "{before} {final_slot} {after}");
    let signature = transaction.signatures[0];
    wait_for(&rpc, |rpc| async move {
        rpc.confirm_transaction_with_commitment(&signature, finalized).await.expect("a status").value
    })
    .await;
    wait_for(&rpc, |rpc| async move {
        !rpc.is_blockhash_valid(&blockhash, CommitmentConfig::processed()).await.expect("an answer")
    })
    .await;
    assert!(rpc.get_block_height().await.expect("a height") + 1 >= last_valid);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_made_moved_and_found() {
    let (_localnet, rpc, wallet) = localnet().await;
    let (payer, mint, account) = (wallet.pubkey(), Keypair::new(), Keypair::new());
    let other = Address::new_unique();
    let rent = async |bytes| rpc.get_minimum_balance_for_rent_exemption(bytes as usize).await.expect("rent");
    let instructions = [
        create_account(&payer, &mint.pubkey(), rent(MINT_BYTES).await, MINT_BYTES, &ids::TOKEN),
        initialize_mint(&mint.pubkey(), &payer, 6),
        create_account(
            &payer,
            &account.pubkey(),
            rent(TOKEN_ACCOUNT_BYTES).await,
            TOKEN_ACCOUNT_BYTES,
            &ids::TOKEN,
        ),
        initialize_token_account(&account.pubkey(), &mint.pubkey(), &payer),
        mint_to(&mint.pubkey(), &account.pubkey(), &payer, 1_000_000),
    ];
    send(&rpc, &instructions, &[&wallet, &mint, &account]).await;
    let instructions = [
        create_associated_account(&payer, &other, &mint.pubkey()),
        transfer_tokens(&account.pubkey(), &associated_account(&other, &mint.pubkey()), &payer, 250_000),
    ];
    send(&rpc, &instructions, &[&wallet]).await;

    let balance = async |account: &Address| {
        rpc.get_token_account_balance(account).await.expect("a token balance").amount
    };
    assert_eq!(balance(&account.pubkey()).await, "750000");
    assert_eq!(balance(&associated_account(&other, &mint.pubkey())).await, "250000");
    assert_eq!(rpc.get_token_supply(&mint.pubkey()).await.expect("a supply").ui_amount_string, "1");

    let of_mint = RpcFilterType::Memcmp(Memcmp::new_raw_bytes(0, mint.pubkey().to_bytes().to_vec()));
    let of_owner = RpcFilterType::Memcmp(Memcmp::new_base58_encoded(32, other.as_ref()));
    let token_account = RpcFilterType::DataSize(TOKEN_ACCOUNT_BYTES);
    for (filters, found) in [
        (vec![token_account.clone(), of_mint.clone()], 2),
        (vec![token_account.clone(), of_mint.clone(), of_owner], 1),
        (vec![RpcFilterType::DataSize(TOKEN_ACCOUNT_BYTES + 1), of_mint], 0),
        (vec![RpcFilterType::DataSize(MINT_BYTES)], 2), // ours and wrapped SOL
    ] {
        for encoding in ["base64", "base64+zstd"] {
            let config = RpcProgramAccountsConfig {
                filters: Some(filters.clone()),
                account_config: RpcAccountInfoConfig {
                    encoding: serde_json::from_value(json!(encoding)).expect("an encoding"),
                    ..Default::default()
                },
                ..Default::default()
            };
            let accounts =
                rpc.get_program_ui_accounts_with_config(&ids::TOKEN, config).await.expect("accounts");
            assert_eq!(accounts.len(), found, "{filters:?}");
            for (address, account) in accounts {
                assert_eq!(
                    account.to_account().map(|account| account.data),
                    Some(rpc.get_account_data(&address).await.expect("data"))
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn token_metadata_is_the_real_program() {
    let (_localnet, rpc, wallet) = localnet().await;
    let (payer, mint) = (wallet.pubkey(), Keypair::new());
    let rent = rpc.get_minimum_balance_for_rent_exemption(MINT_BYTES as usize).await.expect("rent");
    let instructions = [
        create_account(&payer, &mint.pubkey(), rent, MINT_BYTES, &ids::TOKEN),
        initialize_mint(&mint.pubkey(), &payer, 0),
        create_metadata(&mint.pubkey(), &payer, "Grid node", "NODE"),
    ];
    send(&rpc, &instructions, &[&wallet, &mint]).await;

    let metadata = rpc.get_account(&metadata_account(&mint.pubkey())).await.expect("metadata");
    assert_eq!(metadata.owner, ids::TOKEN_METADATA);
    // Key 4 is MetadataV1; update authority, mint and the name follow.
    assert_eq!(metadata.data[0], 4);
    assert_eq!(metadata.data[33..65], mint.pubkey().to_bytes());
    assert_eq!(&metadata.data[69..78], b"Grid node");
}

#[tokio::test(flavor = "multi_thread")]
async fn deployed_programs_have_the_loaders_accounts() {
    let (localnet, rpc, wallet) = localnet().await;
    let authority = Address::new_unique();
    let program = memo_program(Address::new_unique(), Some(authority)).await;
    localnet.deploy(&program).await.expect("deployed");

    let account = rpc.get_account(&program.id).await.expect("the program");
    assert_eq!((account.owner, account.executable), (bpf_loader_upgradeable::ID, true));
    assert_eq!(account.data, [&[2, 0, 0, 0], program.program_data_address().as_ref()].concat());
    let data = rpc.get_account(&program.program_data_address()).await.expect("the program data");
    assert_eq!((data.owner, data.executable), (bpf_loader_upgradeable::ID, false));
    assert_eq!(data.data[..4], [3, 0, 0, 0]);
    assert_eq!(data.data[12..45], [&[1], authority.as_ref()].concat());
    assert_eq!(data.data[45..], program.elf);
    let rent = rpc.get_minimum_balance_for_rent_exemption(data.data.len()).await.expect("rent");
    assert_eq!(data.lamports, rent);
    let mut call = memo("from a program of our own");
    call.program_id = program.id;
    send(&rpc, &[call.clone()], &[&wallet]).await;

    // Another program under the same address, and immutable: the metadata program does not take a memo.
    let program = ProgramBinary { elf: metadata_elf(), upgrade_authority: None, ..program };
    localnet.deploy(&program).await.expect("replaced");
    let data = rpc.get_account_data(&program.program_data_address()).await.expect("the program data");
    assert_eq!(data[12..45], [0; 33]);
    assert_eq!(data[45..], program.elf);
    let transaction = sign(&rpc, &[call], &[&wallet]).await;
    rpc.send_transaction(&transaction).await.expect_err("the memo program is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_moves_and_programs_see_it() {
    const DAY: u64 = 86_400;
    let (localnet, rpc, wallet) = localnet().await;
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    let before = localnet.clock().await;
    assert!(before.unix_timestamp.abs_diff(now as i64) <= 2, "{before:?} {now}");
    let height = rpc.get_block_height().await.expect("a height");
    // Signed before the jump, still good after it: time passes, blocks do not.
    let waiting = sign(&rpc, &[transfer(&wallet.pubkey(), &Address::new_unique(), SOL)], &[&wallet]).await;

    let after = localnet.advance_clock(DAY).await.expect("the clock moves");
    let moved = after.unix_timestamp - before.unix_timestamp;
    assert!((DAY as i64..DAY as i64 + 5).contains(&moved), "{moved}");
    assert!(after.slot >= before.slot + DAY * 10, "{before:?} {after:?}");
    assert!(rpc.get_block_height().await.expect("a height") < height + 50);

    let seen = clock_account(&rpc).await;
    assert!(seen.slot >= after.slot && seen.unix_timestamp >= after.unix_timestamp);
    assert!(seen.unix_timestamp < after.unix_timestamp + 5);
    rpc.send_transaction(&waiting).await.expect("accepted");
    confirmed(&rpc, &waiting).await;
    let landed = rpc
        .get_transaction_with_config(&waiting.signatures[0], transaction_config())
        .await
        .expect("the transaction");
    assert!(landed.slot >= after.slot);
    assert!(landed.block_time.expect("a time") >= after.unix_timestamp);

    // The same over the wire, for a process that only has the URL.
    let target = (localnet.clock().await.unix_timestamp as u64 + DAY) * 1_000;
    let method = RpcRequest::Custom { method: "surfnet_timeTravel" };
    let _: serde_json::Value =
        rpc.send(method, json!([{ "absoluteTimestamp": target }])).await.expect("time travel");
    assert!(localnet.clock().await.unix_timestamp as u64 >= target / 1_000);

    for seconds in [u64::MAX, u64::MAX / 1_000] {
        localnet.advance_clock(seconds).await.expect_err("beyond the end of time");
    }
    localnet.advance_clock(0).await.expect("nothing to do");
    localnet.clock().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_networks_are_apart() {
    let ((one, rpc_one, wallet), (two, rpc_two, _)) = tokio::join!(localnet(), localnet());
    assert_ne!(one.rpc_url(), two.rpc_url());
    assert_ne!(one.ws_url(), two.ws_url());
    let hashes = [rpc_one.get_genesis_hash().await, rpc_two.get_genesis_hash().await]
        .map(|hash| hash.expect("a hash"));
    assert_ne!(hashes[0], hashes[1]);

    let to = Address::new_unique();
    send(&rpc_one, &[transfer(&wallet.pubkey(), &to, SOL)], &[&wallet]).await;
    assert_eq!(rpc_one.get_balance(&to).await.expect("a balance"), SOL);
    assert_eq!(rpc_two.get_balance(&to).await.expect("a balance"), 0);
    one.stop().await.expect("stopped");
    rpc_two.get_health().await.expect("the other one goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_notify() {
    let (localnet, rpc, wallet) = localnet().await;
    let to = Address::new_unique();
    let commitment = Some(CommitmentConfig::confirmed());
    let account_config = RpcAccountInfoConfig {
        commitment,
        encoding: serde_json::from_value(json!("base64")).expect("an encoding"),
        ..Default::default()
    };
    let program_config =
        RpcProgramAccountsConfig { account_config: account_config.clone(), ..Default::default() };
    let logs_filter = RpcTransactionLogsFilter::Mentions(vec![to.to_string()]);
    let logs_config = RpcTransactionLogsConfig { commitment };
    let client = PubsubClient::new(localnet.ws_url()).await.expect("connected");
    let (mut slots, _) = client.slot_subscribe().await.expect("slotSubscribe");
    let (mut accounts, _) =
        client.account_subscribe(&to, Some(account_config)).await.expect("accountSubscribe");
    let (mut logs, _) = client.logs_subscribe(logs_filter, logs_config).await.expect("logsSubscribe");
    let (mut programs, _) =
        client.program_subscribe(&SYSTEM, Some(program_config)).await.expect("programSubscribe");

    // A subscription takes effect a moment after its answer.
    let trigger = transfer(&wallet.pubkey(), &to, SOL);
    until_live(&rpc, &trigger, &wallet, &mut accounts).await;
    until_live(&rpc, &trigger, &wallet, &mut logs).await;
    until_live(&rpc, &trigger, &wallet, &mut programs).await;

    let instructions = [transfer(&wallet.pubkey(), &to, SOL / 2), memo("hello")];
    let transaction = sign(&rpc, &instructions, &[&wallet]).await;
    let signature = transaction.signatures[0];
    let signature_config = RpcSignatureSubscribeConfig { commitment, ..Default::default() };
    let (mut signatures, _) =
        client.signature_subscribe(&signature, Some(signature_config)).await.expect("signatureSubscribe");
    rpc.send_transaction(&transaction).await.expect("accepted");
    let account = find(&mut accounts, |account| account.value.lamports % SOL == SOL / 2).await;
    find(&mut programs, |program| {
        program.value.pubkey == to.to_string() && program.value.account.lamports == account.value.lamports
    })
    .await;
    let log = find(&mut logs, |log| log.value.signature == signature.to_string()).await.value;
    assert_eq!(log.err, None);
    assert!(log.logs.iter().any(|line| line.contains("hello")));
    find(&mut signatures, |_| true).await;
    let slot = find(&mut slots, |_| true).await.slot;
    find(&mut slots, |next| next.slot > slot).await;
}

/// Sends `trigger` until a subscription notifies.
async fn until_live<T>(
    rpc: &RpcClient,
    trigger: &Instruction,
    wallet: &Keypair,
    notifications: &mut (impl Stream<Item = T> + Unpin),
) {
    let start = Instant::now();
    loop {
        send(rpc, &[trigger.clone(), memo(&format!("{:?}", start.elapsed()))], &[wallet]).await;
        if tokio::time::timeout(Duration::from_millis(500), notifications.next()).await.is_ok() {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "no notification");
    }
}

/// The first notification that is the one looked for.
async fn find<T>(notifications: &mut (impl Stream<Item = T> + Unpin), wanted: impl Fn(&T) -> bool) -> T {
    let found = async {
        loop {
            let notification = notifications.next().await.expect("still subscribed");
            if wanted(&notification) {
                return notification;
            }
        }
    };
    tokio::time::timeout(PATIENCE, found).await.expect("a notification")
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_transactions() {
    let config = LocalnetConfig { slot_time: Duration::from_millis(20), ..Default::default() };
    let (_localnet, rpc, wallet) = with_config(config).await;
    let to = Address::new_unique();
    let no_preflight = RpcSendTransactionConfig { skip_preflight: true, ..Default::default() };

    // A program error: refused by preflight; without preflight it lands, fails and pays the fee.
    let overdraft = [transfer(&wallet.pubkey(), &to, 1_000 * SOL)];
    let transaction = sign(&rpc, &overdraft, &[&wallet]).await;
    let refused = rpc.send_transaction(&transaction).await.expect_err("no such funds");
    assert!(refused.to_string().contains("custom program error: 0x1"), "{refused}");
    let balance = rpc.get_balance(&wallet.pubkey()).await.expect("a balance");
    rpc.send_transaction_with_config(&transaction, no_preflight).await.expect("accepted");
    let failed = status(&rpc, &transaction).await;
    assert!(failed.expect("it lands").is_some());
    assert_eq!(rpc.get_balance(&wallet.pubkey()).await.expect("a balance"), balance - FEE);

    // The same bytes again, which have landed.
    let transaction = send(&rpc, &[transfer(&wallet.pubkey(), &to, SOL)], &[&wallet]).await;
    for config in [RpcSendTransactionConfig::default(), no_preflight] {
        let refused = rpc.send_transaction_with_config(&transaction, config).await.expect_err("has landed");
        assert!(refused.to_string().contains("already been processed"), "{refused}");
    }
    assert_eq!(status(&rpc, &transaction).await, Some(None));
    assert_eq!(rpc.get_balance(&to).await.expect("a balance"), SOL);

    // Nobody to pay the fee, and an expired blockhash: without preflight accepted, and never heard of again.
    let refused = async |transaction: solana_transaction::Transaction, reason: &str| {
        let refused = rpc.send_transaction(&transaction).await.expect_err("refused");
        assert!(refused.to_string().contains(reason), "{refused}");
        rpc.send_transaction_with_config(&transaction, no_preflight).await.expect("accepted");
        assert_eq!(status(&rpc, &transaction).await, None);
    };
    let unfunded = sign(&rpc, &[memo("for free")], &[&Keypair::new()]).await;
    refused(unfunded, "no record of a prior credit").await;
    let expired = sign(&rpc, &[transfer(&wallet.pubkey(), &to, SOL)], &[&wallet]).await;
    let blockhash = expired.message.recent_blockhash;
    wait_for(&rpc, |rpc| async move {
        !rpc.is_blockhash_valid(&blockhash, CommitmentConfig::processed()).await.expect("an answer")
    })
    .await;
    refused(expired, "Blockhash not found").await;
    assert_eq!(rpc.get_balance(&to).await.expect("a balance"), SOL);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blockhash_outlives_a_burst() {
    let config = LocalnetConfig { slot_time: Duration::from_secs(1), ..Default::default() };
    let (_localnet, rpc, wallet) = with_config(config).await;
    let early = sign(&rpc, &[memo("signed early")], &[&wallet]).await;
    for count in 0..200 {
        let other = sign(&rpc, &[memo(&count.to_string())], &[&wallet]).await;
        rpc.send_transaction(&other).await.expect("accepted");
    }
    rpc.send_transaction(&early).await.expect("still valid");
}

#[tokio::test(flavor = "multi_thread")]
async fn slots_can_be_waited_for_as_on_a_cluster() {
    let config =
        LocalnetConfig { slot_time: Duration::from_millis(400), eager_blocks: false, ..Default::default() };
    let (_localnet, rpc, wallet) = with_config(config).await;
    let mut slots = Vec::new();
    for _ in 0..3 {
        let transaction =
            send(&rpc, &[transfer(&wallet.pubkey(), &Address::new_unique(), SOL)], &[&wallet]).await;
        let landed = rpc.get_transaction_with_config(&transaction.signatures[0], transaction_config()).await;
        slots.push(landed.expect("the transaction").slot);
    }
    assert!(slots.is_sorted_by(|a, b| a < b), "{slots:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_frees_the_ports() {
    let (localnet, rpc, wallet) = localnet().await;
    let port = |url: &str| url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let (rpc_port, ws_port): (u16, u16) = (port(localnet.rpc_url()), port(localnet.ws_url()));
    assert_eq!(ws_port, rpc_port + 1);
    let config = LocalnetConfig { rpc_port: Some(rpc_port), ..Default::default() };
    let refused = Localnet::start(config.clone()).await.expect_err("the port is in use");
    assert!(matches!(refused, LocalnetError::Port { port, .. } if port == rpc_port));

    // A client that stays connected delays the end, it does not prevent it.
    let client = PubsubClient::new(localnet.ws_url()).await.expect("connected");
    let (_slots, _) = client.slot_subscribe().await.expect("slotSubscribe");
    send(&rpc, &[memo("last words")], &[&wallet]).await;
    localnet.stop().await.expect("stopped");

    for _ in 0..2 {
        let again = Localnet::start(config.clone()).await.expect("the ports are free");
        assert_eq!(port(again.rpc_url()), rpc_port);
        again.stop().await.expect("stopped");
    }

    drop(Localnet::start(config.clone()).await.expect("the ports are free"));
    let start = Instant::now();
    while std::net::TcpListener::bind(("127.0.0.1", rpc_port)).is_err()
        || std::net::TcpListener::bind(("127.0.0.1", ws_port)).is_err()
    {
        assert!(start.elapsed() < PATIENCE, "a dropped network keeps its ports");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_work_is_refused_with_a_reason() {
    let not_elf = ProgramBinary {
        id: Address::new_unique(),
        name: "nonsense".to_owned(),
        elf: b"nonsense".to_vec(),
        upgrade_authority: None,
    };
    let mut broken = not_elf.clone();
    broken.elf = metadata_elf()[..10_000].to_vec();
    for program in [not_elf, broken] {
        let config = LocalnetConfig { programs: vec![program], ..Default::default() };
        let refused = Localnet::start(config).await.expect_err("no program").to_string();
        assert!(refused.contains("nonsense") && refused.contains("cargo xtask build"), "{refused}");
    }

    let (localnet, ..) = localnet().await;
    for lamports in [0, 1, u64::MAX] {
        let refused = localnet.airdrop(&Address::new_unique(), lamports).await.expect_err("no airdrop");
        assert!(matches!(refused, LocalnetError::Airdrop { .. }));
    }
    let wallet = Address::new_unique();
    for _ in 0..3 {
        localnet.airdrop(&wallet, SOL).await.expect("the same airdrop again");
    }
    assert_eq!(client(&localnet).get_balance(&wallet).await.expect("a balance"), 3 * SOL);
    let airdrop = client(&localnet).request_airdrop(&wallet, SOL).await.expect("an airdrop over RPC");
    wait_for(
        &client(&localnet),
        |rpc| async move { rpc.confirm_transaction(&airdrop).await.expect("a status") },
    )
    .await;
}

#[tokio::test]
async fn runs_beside_a_single_threaded_runtime() {
    let (localnet, rpc, wallet) = localnet().await;
    send(&rpc, &[memo("one thread")], &[&wallet]).await;
    localnet.advance_clock(60).await.expect("the clock moves");
    localnet.stop().await.expect("stopped");
}

/// The memo program, from the chain, under another address.
async fn memo_program(id: Address, upgrade_authority: Option<Address>) -> ProgramBinary {
    let localnet = Localnet::start(LocalnetConfig { token_metadata: false, ..Default::default() })
        .await
        .expect("the localnet starts");
    let rpc = client(&localnet);
    let elf = rpc.get_account_data(&ids::MEMO).await.expect("the memo program");
    assert_eq!(rpc.get_account(&ids::TOKEN_METADATA).await.ok(), None, "it is not loaded when not wanted");
    ProgramBinary { id, name: "memo copy".to_owned(), elf, upgrade_authority }
}

fn metadata_elf() -> Vec<u8> {
    ProgramBinary::token_metadata().expect("it is built in").elf
}

fn transaction_config() -> RpcTransactionConfig {
    RpcTransactionConfig {
        commitment: Some(CommitmentConfig::confirmed()),
        max_supported_transaction_version: Some(0),
        ..Default::default()
    }
}

/// The Clock sysvar's account, as the RPC shows it.
async fn clock_account(rpc: &RpcClient) -> Clock {
    let data = rpc.get_account_data(&sysvar::clock::ID).await.expect("the Clock sysvar");
    let field = |index: usize| data[index * 8..][..8].try_into().expect("eight bytes");
    Clock {
        slot: u64::from_le_bytes(field(0)),
        epoch_start_timestamp: i64::from_le_bytes(field(1)),
        epoch: u64::from_le_bytes(field(2)),
        leader_schedule_epoch: u64::from_le_bytes(field(3)),
        unix_timestamp: i64::from_le_bytes(field(4)),
    }
}

/// A confirmed transaction's error, if it has a status.
async fn status(rpc: &RpcClient, transaction: &solana_transaction::Transaction) -> Option<Option<String>> {
    tokio::time::sleep(Duration::from_millis(100)).await;
    let statuses = rpc.get_signature_statuses(&transaction.signatures).await.expect("statuses");
    statuses.value[0].as_ref().map(|status| status.err.as_ref().map(ToString::to_string))
}

/// Asks again and again until the answer is yes.
async fn wait_for<Answer: Future<Output = bool>>(rpc: &RpcClient, mut ask: impl FnMut(RpcClient) -> Answer) {
    let start = Instant::now();
    while !ask(RpcClient::new_with_commitment(rpc.url(), CommitmentConfig::confirmed())).await {
        assert!(start.elapsed() < PATIENCE, "waited in vain");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
