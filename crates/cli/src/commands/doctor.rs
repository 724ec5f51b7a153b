//! `grid doctor`: finds the usual faults, and says what to do.
//!
//! What is read is read here; what it means is decided in [`crate::checkup`].

use crate::{
    checkup::{self, Check, Endpoint},
    commands::device::node_record,
    exit::Exit,
    keys,
    localnet::PROGRAMS,
    session::Session,
    time::now,
};
use anyhow::Result;
use grid_client::{address, chain};
use grid_executor::{FolderStore, Machine};
use grid_nodes::text;
use solana_address::Address;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use std::{path::Path, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    time::{Instant, timeout},
};

/// Longest wait for any answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Where container engines listen: Docker, then Podman.
const ENGINES: [&str; 3] = ["/var/run/docker.sock", "/run/docker.sock", "/run/podman/podman.sock"];

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// What every user needs, and what is there of a node.
    All,
    /// What a node needs.
    Node,
}

pub async fn run(session: &Session, scope: Scope) -> Result<Exit> {
    let checks = checks(session, scope).await;
    let json: Vec<_> = checks.iter().map(Check::to_json).collect();
    let exit = if checkup::is_fit(&checks) { Exit::Success } else { Exit::Faulty };
    session.out.print(
        &serde_json::json!({ "ok": exit == Exit::Success, "checks": json }),
        &checkup::to_text(&checks),
    );
    Ok(exit)
}

/// All checks, in order.
pub async fn checks(session: &Session, scope: Scope) -> Vec<Check> {
    let settings = &session.settings;
    let mut checks = vec![
        checkup::config(&settings.config.value, settings.has_config),
        checkup::key(
            &settings.keypair.value,
            &session.key().map(|_| ()),
            keys::open_to_others(&settings.keypair.value),
        ),
    ];
    let mut endpoints = Vec::new();
    for url in &settings.urls.value {
        endpoints.push(ask(url).await);
    }
    checks.extend(checkup::endpoints(&endpoints));
    if endpoints.iter().any(|endpoint| endpoint.answer.is_ok()) {
        checks.extend(on_chain(session).await);
    }
    checks.extend(machine(session));
    checks.push(checkup::time_sync(time_sync().await));
    checks.push(checkup::gpu(nvidia_driver()));
    checks.push(checkup::engine(engine().await, scope == Scope::Node));
    checks
}

async fn ask(url: &str) -> Endpoint {
    let client = RpcClient::new_with_timeout(url.to_owned(), PATIENCE);
    let began = Instant::now();
    let answer = async {
        let genesis = client.get_genesis_hash().await?.to_string();
        let version = client.get_version().await?.solana_core;
        let slot = client.get_slot().await?;
        Ok::<_, solana_rpc_client_api::client_error::Error>((genesis, version, slot))
    };
    let answer = answer.await.map_err(|error| error.to_string());
    Endpoint { url: url.to_owned(), answer, took: began.elapsed() }
}

async fn on_chain(session: &Session) -> Vec<Check> {
    let chain = session.chain.as_ref();
    let mut checks = Vec::new();
    for (name, id) in PROGRAMS {
        let accounts = chain.accounts(&[id, address::program_data_of(&id)]).await;
        checks.push(checkup::program(name, &id, accounts.map_err(|error| error.to_string())));
    }
    let config = chain::find::<grid_client::account::Config>(chain, &address::config().0).await;
    checks.push(checkup::protocol(config.map(|found| found.is_some()).map_err(|error| error.to_string())));
    if let Ok(clock) = chain::clock(chain).await {
        checks.push(checkup::clock(clock.unix_timestamp, now()));
    }
    if let Ok(me) = session.me() {
        let account = chain::account(chain, &me).await;
        let lamports = account.map(|account| account.map_or(0, |account| account.lamports));
        checks.push(checkup::balance(&me, lamports.map_err(|error| error.to_string())));
        checks.push(endpoint_of(session, &me).await);
    }
    checks
}

/// Whether the endpoint in the node's record can be reached, from here at least.
async fn endpoint_of(session: &Session, me: &Address) -> Check {
    let record = match node_record(session, me).await {
        Ok(record) => record,
        Err(error) => return checkup::reachable(None, Err(error.to_string())),
    };
    let Some(record) = record else { return checkup::not_registered() };
    let endpoint = text::read(&record.endpoint).to_owned();
    if endpoint.is_empty() {
        return checkup::reachable(None, Ok(()));
    }
    let url = format!("{}/health", endpoint.trim_end_matches('/'));
    let answer = match reqwest::Client::builder().timeout(PATIENCE).build() {
        Ok(client) => client.get(&url).send().await.map(|_| ()).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    checkup::reachable(Some(&endpoint), answer)
}

fn machine(session: &Session) -> Vec<Check> {
    let store = session.settings.store();
    let free = FolderStore::open(store).map_err(|error| error.to_string()).and_then(|_| free_bytes(store));
    let memory = Machine::read(Path::new("/")).map(|machine| machine.memory_bytes);
    vec![checkup::disk(store, free), checkup::memory(memory.map_err(|error| error.to_string()))]
}

fn free_bytes(folder: &Path) -> Result<u64, String> {
    let found = rustix::fs::statvfs(folder).map_err(|error| error.to_string())?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

/// What systemd says of the clock; `None` without it.
async fn time_sync() -> Option<bool> {
    let asked = tokio::process::Command::new("timedatectl")
        .args(["show", "--property=NTPSynchronized", "--value"])
        .stdin(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .kill_on_drop(true)
        .output();
    let answer = timeout(PATIENCE, asked).await.ok()?.ok()?;
    match String::from_utf8_lossy(&answer.stdout).trim() {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

/// The version of the NVIDIA driver, as the kernel's module tells it.
fn nvidia_driver() -> Result<String, String> {
    let path = "/proc/driver/nvidia/version";
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}

/// Asks the container engine that `DOCKER_HOST` or the usual places name whether it lives: `GET /_ping`.
async fn engine() -> Result<String, String> {
    let named = std::env::var("DOCKER_HOST").ok();
    let paths: Vec<String> = match &named {
        Some(host) => match host.strip_prefix("unix://") {
            Some(path) => vec![path.to_owned()],
            None => return Err(format!("DOCKER_HOST is {host}; only unix:// is looked at")),
        },
        None => ENGINES.map(str::to_owned).to_vec(),
    };
    let mut last = "no socket".to_owned();
    for path in paths.iter().filter(|path| Path::new(path).exists()) {
        match timeout(PATIENCE, ping(path)).await {
            Ok(Ok(())) => return Ok(path.clone()),
            Ok(Err(error)) => last = format!("{path}: {error}"),
            Err(_) => last = format!("{path}: no answer within {} s", PATIENCE.as_secs()),
        }
    }
    Err(last)
}

async fn ping(path: &str) -> std::io::Result<()> {
    let mut stream = UnixStream::connect(path).await?;
    stream.write_all(b"GET /_ping HTTP/1.0\r\nHost: localhost\r\n\r\n").await?;
    let mut answer = [0; 64];
    let mut length = 0;
    while length < answer.len() {
        match stream.read(&mut answer[length..]).await? {
            0 => break,
            read => length += read,
        }
    }
    let head = String::from_utf8_lossy(&answer[..length]);
    match head.split_whitespace().nth(1) {
        Some("200") => Ok(()),
        _ => Err(std::io::Error::other("it answers, but not as a container engine")),
    }
}
