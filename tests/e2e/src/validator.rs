//! A real validator with the programs.

use crate::Options;
use anyhow::{Context, Result, bail, ensure};
use solana_address::Address;
use solana_keypair::Keypair;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_signer::Signer;
use std::{
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

const PROGRAMS: [(&str, Address); 5] = [
    ("grid_jobs", grid_jobs::ID),
    ("grid_nodes", grid_nodes::ID),
    ("grid_staking", grid_staking::ID),
    ("grid_rewards", grid_rewards::ID),
    ("grid_pools", grid_pools::ID),
];

pub struct Validator {
    process: Child,
    /// Holds all SOL there is, and may upgrade the programs.
    pub admin: Keypair,
    pub port: u16,
    pub version: String,
}

impl Validator {
    pub async fn start(options: &Options, folder: &Path) -> Result<Self> {
        let admin = Keypair::new();
        let (port, faucet) = (free_ports(2)?, free_ports(1)?);
        let first = free_ports(DYNAMIC_PORTS)?;
        let mut command = Command::new(&options.validator);
        command.args(["--reset", "--quiet", "--bind-address", "127.0.0.1"]);
        command.args(["--ledger", &folder.join("ledger").display().to_string()]);
        command.args(["--mint", &admin.pubkey().to_string()]);
        command.args(["--rpc-port", &port.to_string(), "--faucet-port", &faucet.to_string()]);
        command.args(["--dynamic-port-range", &format!("{first}-{}", first + DYNAMIC_PORTS)]);
        for (name, id) in PROGRAMS {
            let binary = options.programs.join(format!("{name}.so"));
            ensure!(binary.is_file(), "{} is missing: run `cargo xtask build`", binary.display());
            command.args(["--upgradeable-program", &id.to_string()]);
            command.args([&binary.display().to_string(), &admin.pubkey().to_string()]);
        }
        let log = File::create(folder.join("validator.log"))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).kill_on_drop(true);
        let process = command
            .spawn()
            .with_context(|| format!("{} can't be started", options.validator.display()))?;
        let mut validator = Self { process, admin, port, version: String::new() };
        validator.version = validator.wait(folder).await?;
        Ok(validator)
    }

    /// Waits for the first blocks; returns the version.
    async fn wait(&mut self, folder: &Path) -> Result<String> {
        let client = RpcClient::new(self.url());
        for _ in 0..START_SECONDS * 4 {
            if let Some(status) = self.process.try_wait()? {
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

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub async fn stop(mut self) -> Result<()> {
        self.process.kill().await?;
        Ok(())
    }
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
