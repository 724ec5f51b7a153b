//! Who may push to a node and read its logs, by the accounts of a real chain.

mod support;

use bytes::Bytes;
use grid_client::instruction;
use grid_executor::{CancellationToken, Digest, FolderStore};
use grid_node::{
    api::{Api, ApiConfig, ApiParts, UploadLimits},
    health::Thresholds,
    metrics::Metrics,
    view::{LogFile, Overview, View},
};
use grid_node_api::{
    NodeClient, NodeClientError, Pushed,
    report::{DeviceReport, DeviceState, JobPhase, JobReport, NodeReport},
};
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::{
    path::PathBuf,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};
use support::World;

/// A node that runs one job of the world's project.
struct Node {
    node: Address,
    market: Address,
    mint: Address,
    device: Address,
    project: Address,
    job: Address,
    log: PathBuf,
}

impl View for Node {
    fn report(&self) -> NodeReport {
        let now = now();
        NodeReport {
            node: self.node,
            version: "0.1.0".into(),
            started_at: now,
            now,
            is_stopping: false,
            chain_read_at: Some(now),
            fee_balance_lamports: None,
            devices: vec![DeviceReport {
                device: self.device,
                market: self.market,
                mint: self.mint,
                label: "cpu-0".into(),
                state: DeviceState::Running,
                failure: None,
                job: Some(self.job),
                queue_position: None,
                earnings_atoms: None,
                temperature_celsius: None,
                power_watts: None,
                utilisation_percent: None,
                memory_used_bytes: None,
                memory_total_bytes: None,
            }],
            jobs: vec![JobReport {
                job: self.job,
                project: self.project,
                device: self.device,
                definition: Digest::of(b"definition"),
                state: JobPhase::Running,
                since: now,
                started_at: None,
                timeout_seconds: 60,
                heartbeat_at: None,
                log_bytes: None,
                status: None,
                result: None,
            }],
            intents: vec![],
            endpoints: vec![],
            disks: vec![],
            problems: vec![],
        }
    }

    fn log(&self, job: &Address) -> Option<LogFile> {
        (*job == self.job).then(|| LogFile { path: self.log.clone(), ended: CancellationToken::new() })
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[tokio::test]
async fn the_chain_says_who_may_push_and_read() {
    let world = World::new().await;
    let (owner, node) = (&world.key, world.other.pubkey());
    let job = world.list(1, Digest::of(b"definition")).await;
    let log = world.folder.path().join("log");
    std::fs::write(&log, "a line\n").unwrap();
    let (market, mint, device, project) = (world.market, world.mint, world.device, world.project);
    let overview = Overview::new(
        Arc::new(Node { node, market, mint, device, project, job, log }),
        Thresholds::default(),
    );
    let local = "127.0.0.1:0".parse().unwrap();
    let uploads = UploadLimits { min_disk_free_bytes: 0, ..UploadLimits::default() };
    let config = ApiConfig { listen: local, private_listen: local, private_token: None, uploads };
    let store = |name| FolderStore::open(world.folder.path().join(name)).unwrap();
    let parts = ApiParts {
        node,
        chain: world.chain.clone(),
        results: store("results"),
        uploads: store("uploads"),
        metrics: Arc::new(Metrics::new(overview.clone())),
        overview,
        clock: Arc::new(now),
    };
    let api = Api::start(config, parts).await.unwrap();
    let client = NodeClient::new(&format!("http://{}", api.address()), node).unwrap();
    let push = async |key: &Keypair, bytes: &'static str| client.push(key, &job, Bytes::from(bytes)).await;
    let refused = |result: Result<Pushed, NodeClientError>, words: &str| {
        let error = result.expect_err("refused");
        assert!(
            matches!(&error, NodeClientError::Refused { status: 403, message, .. } if message.contains(words)),
            "{error}"
        );
    };

    let (member, dismissed, stranger) = (Keypair::new(), Keypair::new(), Keypair::new());
    for key in [&member, &dismissed] {
        let appoint = instruction::set_member(owner.pubkey(), project, key.pubkey(), 1_000, 3_600);
        world.land(&[appoint]).await;
    }
    let close = instruction::close_member(owner.pubkey(), owner.pubkey(), project, dismissed.pubkey());
    world.land(&[close]).await;

    assert_eq!(push(owner, "definition").await.unwrap(), Pushed::Sent);
    assert_eq!(push(&member, "input").await.unwrap(), Pushed::Sent);
    refused(push(&dismissed, "other").await, "neither the owner nor a member");
    refused(push(&stranger, "other").await, "neither the owner nor a member");
    let mut lines = client.log(member.insecure_clone(), job, 0, false);
    assert_eq!(lines.next().await.unwrap().unwrap(), "a line\n");
    assert!(client.log(stranger.insecure_clone(), job, 0, false).next().await.is_err());
    assert_eq!(client.job(owner, &job).await.unwrap().job, job);

    // Another job, delisted: nothing is taken for it.
    let other = world.list(2, Digest::of(b"definition")).await;
    let delist = instruction::delist(owner.pubkey(), project, market, other, owner.pubkey());
    world.land(&[delist]).await;
    refused(client.push(owner, &other, Bytes::from("late")).await, "does not exist");
    api.shutdown().await;
    world.localnet.stop().await.unwrap();
}
