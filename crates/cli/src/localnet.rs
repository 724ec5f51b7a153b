//! `grid localnet`: the embedded network in the foreground.

use crate::facts::LAMPORTS_PER_SOL;
use anyhow::{Context, Result};
use clap::Args;
use grid_localnet::{Airdrop, Localnet, LocalnetConfig, ProgramBinary, program_folder};
use serde_json::{Map, Value, json};
use solana_address::Address;
use std::time::Duration;

#[derive(Args)]
pub struct Options {
    /// Port of the JSON-RPC endpoint, 0 for a free one; the websocket listens on the next one
    #[arg(long, default_value_t = 8899, env = "GRID_RPC_PORT")]
    rpc_port: u16,
    /// Who may upgrade the programs and initialise their config; without it nobody may
    #[arg(long, value_name = "ADDRESS", env = "GRID_UPGRADE_AUTHORITY")]
    upgrade_authority: Option<Address>,
    /// Address to give 1,000 SOL; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    airdrop: Vec<Address>,
    /// Milliseconds from one slot to the next
    #[arg(long, default_value_t = 400, value_name = "MS")]
    slot_time_ms: u64,
}

/// The programs and where they are.
pub const PROGRAMS: [(&str, Address); 5] = [
    ("grid_jobs", grid_jobs::ID),
    ("grid_nodes", grid_nodes::ID),
    ("grid_staking", grid_staking::ID),
    ("grid_rewards", grid_rewards::ID),
    ("grid_pools", grid_pools::ID),
];

/// The programs of the network.
pub fn programs(upgrade_authority: Option<Address>) -> Result<Vec<ProgramBinary>> {
    let read = |(name, id): (&str, Address)| {
        let path = program_folder().join(format!("{name}.so"));
        Ok(ProgramBinary::from_file(name, id, path, upgrade_authority)?)
    };
    PROGRAMS.into_iter().map(read).collect()
}

pub async fn run(options: Options, json: bool) -> Result<()> {
    let airdrops = options.airdrop.iter().chain(&options.upgrade_authority);
    let airdrops = airdrops.map(|address| Airdrop { address: *address, lamports: 1_000 * LAMPORTS_PER_SOL });
    let config = LocalnetConfig {
        rpc_port: Some(options.rpc_port).filter(|port| *port != 0),
        slot_time: Duration::from_millis(options.slot_time_ms),
        airdrops: airdrops.collect(),
        programs: programs(options.upgrade_authority)?,
        ..LocalnetConfig::default()
    };
    let localnet = Localnet::start(config).await?;
    let (rpc, websocket) = (localnet.rpc_url(), localnet.ws_url());
    if json {
        let programs: Map<String, Value> =
            PROGRAMS.iter().map(|(name, id)| ((*name).to_owned(), id.to_string().into())).collect();
        println!("{}", json!({ "rpc": rpc, "websocket": websocket, "programs": programs }));
    } else {
        println!("RPC          {rpc}");
        println!("websocket    {websocket}");
        for (name, id) in PROGRAMS {
            println!("{name:<12} {id}");
        }
        println!("The network keeps nothing on disk. Ctrl-C ends it.");
    }
    tokio::signal::ctrl_c().await.context("waiting for Ctrl-C")?;
    Ok(localnet.stop().await?)
}
