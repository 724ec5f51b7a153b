//! The network: a real validator with the programs, or the embedded one for a quick look.

use crate::Options;
use anyhow::{Context, Result, ensure};
use grid_localnet::{Airdrop, Localnet, LocalnetConfig, ProgramBinary};
use grid_validator::Validator;
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::{ffi::OsString, path::Path};

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
    Validator(Validator),
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
        let mut arguments: Vec<OsString> = Vec::new();
        for (name, id) in PROGRAMS {
            let program = options.programs.join(format!("{name}.so")).into_os_string();
            arguments.extend(["--upgradeable-program".into(), id.to_string().into(), program]);
            arguments.push(admin.pubkey().to_string().into());
        }
        let validator = Validator::start(binary, folder, &admin.pubkey(), arguments).await?;
        let (port, name) = (validator.port, format!("solana-test-validator {}", validator.version));
        Ok(Self { runs: Runs::Validator(validator), admin, port, name })
    }

    pub fn url(&self) -> String {
        url(self.port)
    }

    pub async fn stop(self) -> Result<()> {
        match self.runs {
            Runs::Validator(validator) => validator.stop().await,
            Runs::Embedded(localnet) => Ok(localnet.stop().await?),
        }
    }
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}
