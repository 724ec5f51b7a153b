//! `grid localnet`: the embedded network in the foreground.

use anyhow::{Context, Result};
use clap::Args;
use grid_localnet::{Airdrop, Localnet, LocalnetConfig, ProgramBinary, program_folder};
use serde_json::json;
use solana_address::Address;
use std::time::Duration;

/// Lamports of one SOL.
const LAMPORTS_PER_SOL: u64 = 1_000_000_000;

#[derive(Args)]
pub struct Options {
    /// Port of the JSON-RPC endpoint; the websocket listens on the next one
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
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
}

/// The programs of the network.
pub fn programs(upgrade_authority: Option<Address>) -> Result<Vec<ProgramBinary>> {
    let path = program_folder().join("grid_jobs.so");
    Ok(vec![ProgramBinary::from_file("grid_jobs", grid_jobs::ID, path, upgrade_authority)?])
}

pub async fn run(options: Options) -> Result<()> {
    let airdrops = options.airdrop.iter().chain(&options.upgrade_authority);
    let airdrops = airdrops.map(|address| Airdrop { address: *address, lamports: 1_000 * LAMPORTS_PER_SOL });
    let config = LocalnetConfig {
        rpc_port: Some(options.rpc_port),
        slot_time: Duration::from_millis(options.slot_time_ms),
        airdrops: airdrops.collect(),
        programs: programs(options.upgrade_authority)?,
        ..LocalnetConfig::default()
    };
    let localnet = Localnet::start(config).await?;
    let (rpc, websocket, program) = (localnet.rpc_url(), localnet.ws_url(), grid_jobs::ID);
    if options.json {
        println!("{}", json!({ "rpc": rpc, "websocket": websocket, "jobs_program": program.to_string() }));
    } else {
        println!("RPC          {rpc}");
        println!("websocket    {websocket}");
        println!("grid_jobs    {program}");
        println!("The network keeps nothing on disk. Ctrl-C ends it.");
    }
    tokio::signal::ctrl_c().await.context("waiting for Ctrl-C")?;
    Ok(localnet.stop().await?)
}
