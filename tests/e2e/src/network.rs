//! The network: a real validator with the programs, or the embedded one for a quick look.

use crate::Options;
use anyhow::{Context, Result, bail, ensure};
use grid_localnet::{Airdrop, Localnet, LocalnetConfig, ProgramBinary};
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

pub struct Network {
    runs: Runs,
    /// Has SOL, and may upgrade the programs.
    pub admin: Keypair,
    pub port: u16,
    /// What it is, in words.
    pub name: String,
}

enum Runs {
    Validator(Child),
    Embedded(Localnet),
}

impl Network {
    pub async fn start(options: &Options, folder: &Path) -> Result<Self> {
        for (name, _) in PROGRAMS {
            let binary = options.programs.join(format!("{name}.so"));
            ensure!(binary.is_file(), "{} is missing: run `cargo xtask build`", binary.display());
        }
        match &options.validator {
            Some(validator) => Self::validator(validator, options, folder).await,
            None => Self::embedded(options).await,
        }
    }

    async fn embedded(options: &Options) -> Result<Self> {
        let admin = Keypair::new();
        let binary = |(name, id): (&str, Address)| {
            let file = options.programs.join(format!("{name}.so"));
            ProgramBinary::from_file(name, id, file, Some(admin.pubkey()))
        };
        let config = LocalnetConfig {
            programs: PROGRAMS.into_iter().map(binary).collect::<Result<_, _>>()?,
            airdrops: vec![Airdrop { address: admin.pubkey(), lamports: 1_000_000_000_000 }],
            ..LocalnetConfig::default()
        };
        let localnet = Localnet::start(config).await?;
        let port = localnet.rpc_url().rsplit(':').next().context("a port")?.parse()?;
        let name = "the embedded network, NOT a validator".to_owned();
        Ok(Self { runs: Runs::Embedded(localnet), admin, port, name })
    }

    async fn validator(binary: &Path, options: &Options, folder: &Path) -> Result<Self> {
        let admin = Keypair::new();
        let (port, faucet) = (free_ports(2)?, free_ports(1)?);
        let first = free_ports(DYNAMIC_PORTS)?;
        let mut command = Command::new(binary);
        command.args(["--reset", "--quiet", "--bind-address", "127.0.0.1"]);
        command.args(["--ledger", &folder.join("ledger").display().to_string()]);
        command.args(["--mint", &admin.pubkey().to_string()]);
        command.args(["--rpc-port", &port.to_string(), "--faucet-port", &faucet.to_string()]);
        command.args(["--dynamic-port-range", &format!("{first}-{}", first + DYNAMIC_PORTS)]);
        for (name, id) in PROGRAMS {
            let program = options.programs.join(format!("{name}.so"));
            command.args(["--upgradeable-program", &id.to_string()]);
            command.args([&program.display().to_string(), &admin.pubkey().to_string()]);
        }
        let log = File::create(folder.join("validator.log"))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).kill_on_drop(true);
        let mut process =
            command.spawn().with_context(|| format!("{} can't be started", binary.display()))?;
        let version = first_blocks(&mut process, port, folder).await?;
        Ok(Self {
            runs: Runs::Validator(process),
            admin,
            port,
            name: format!("solana-test-validator {version}"),
        })
    }

    pub fn url(&self) -> String {
        url(self.port)
    }

    pub async fn stop(self) -> Result<()> {
        match self.runs {
            Runs::Validator(mut process) => Ok(process.kill().await?),
            Runs::Embedded(localnet) => Ok(localnet.stop().await?),
        }
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
