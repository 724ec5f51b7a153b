//! A `solana-test-validator` of its own: ports that are free, a ledger that is new.

use anyhow::{Context, Result, bail};
use solana_address::Address;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use std::{
    ffi::OsString,
    fs::File,
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::Stdio,
    time::Duration,
};
use tokio::process::{Child, Command};

/// How long the validator may take to answer.
const START_SECONDS: u64 = 90;
/// Ports that a validator needs besides those of RPC and faucet.
const DYNAMIC_PORTS: u16 = 40;

/// A validator that runs; it ends when this is dropped.
pub struct Validator {
    process: Child,
    /// The port of its JSON-RPC; its websocket has the next one.
    pub port: u16,
    /// Its version.
    pub version: String,
}

impl Validator {
    /// Starts `binary` with its ledger and log in `folder` and all SOL with `mint`, and waits for its first blocks.
    pub async fn start(
        binary: &Path,
        folder: &Path,
        mint: &Address,
        more: impl IntoIterator<Item = OsString>,
    ) -> Result<Self> {
        let (port, faucet) = (free_ports(2)?, free_ports(1)?);
        let first = free_ports(DYNAMIC_PORTS)?;
        let mut command = Command::new(binary);
        command.args(["--reset", "--quiet", "--bind-address", "127.0.0.1", "--ledger"]);
        command.arg(folder.join("ledger")).args(["--mint", &mint.to_string()]);
        command.args(["--rpc-port", &port.to_string(), "--faucet-port", &faucet.to_string()]);
        command.args(["--dynamic-port-range", &format!("{first}-{}", first + DYNAMIC_PORTS)]);
        command.args(more);
        let log = File::create(folder.join("validator.log"))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).kill_on_drop(true);
        let mut process =
            command.spawn().with_context(|| format!("{} can't be started", binary.display()))?;
        let version = first_blocks(&mut process, port, folder).await?;
        Ok(Self { process, port, version })
    }

    /// Where its JSON-RPC answers.
    pub fn url(&self) -> String {
        url(self.port)
    }

    /// Ends it.
    pub async fn stop(mut self) -> Result<()> {
        Ok(self.process.kill().await?)
    }
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// Waits for the first blocks; returns the version.
async fn first_blocks(process: &mut Child, port: u16, folder: &Path) -> Result<String> {
    let client = RpcClient::new(url(port));
    for _ in 0..START_SECONDS * 4 {
        if let Some(status) = process.try_wait()? {
            let log = std::fs::read_to_string(folder.join("validator.log")).unwrap_or_default();
            bail!("the validator ended with {status}:\n{log}");
        }
        if let (Ok(version), Ok(1..)) = (client.get_version().await, client.get_block_height().await) {
            return Ok(version.solana_core);
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    bail!("the validator made no block within {START_SECONDS} s")
}

/// The first of `count` ports in a row that are free now.
fn free_ports(count: u16) -> Result<u16> {
    for _ in 0..100 {
        let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let Some(last) = first.checked_add(count) else { continue };
        if (first..last).all(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()) {
            return Ok(first);
        }
    }
    bail!("no {count} free ports in a row")
}
