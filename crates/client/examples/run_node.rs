//! The chain's side of a node: offers a device, runs one job, is paid. The job is a command of the caller's choice, which
//! finds the definition's hash in `DEFINITION`; its standard output is the result.
//!
//! ```text
//! cargo run --package grid-client --example run_node -- http://127.0.0.1:8899 <key file> <market> <command> <arguments>
//! ```
//!
//! A node that sells a machine is more: it fetches and checks definitions, isolates jobs, keeps logs, sends heartbeats, and
//! survives its own death. That is `grid node start`.

use grid_client::{
    Chain, RpcChain,
    account::{DevicePhase, Job, device_phase},
    address,
    chain::{account, fetch, fetch_device_and_market, job_assigned_to},
    instruction::{self, Run},
};
use sha2::{Digest, Sha256};
use solana_address::Address;
use solana_keypair::{Keypair, read_keypair_file};
use solana_signer::Signer;
use std::{error::Error, process::Command, time::Duration};

/// The node's first device.
const INDEX: u32 = 0;
/// Time between two looks.
const LOOK: Duration = Duration::from_millis(500);

/// Runs one job on the node's first device in a market; the hash of its result.
pub async fn run(
    chain: &dyn Chain,
    node: &Keypair,
    market: &Address,
    command: &[String],
) -> Result<[u8; 32], Box<dyn Error>> {
    let key = node.pubkey();
    let device = address::device(market, &key, INDEX).0;
    if account(chain, &device).await?.is_none() {
        // The node is its own payee here; a key on a machine better names another.
        chain.submit(&[instruction::open_device(key, *market, INDEX, key)], &[node]).await?;
    }
    chain.submit(&[instruction::work(key, device, *market, 0)], &[node]).await?;

    let (address, job) = matched(chain, &device, market).await?;
    chain.submit(&[instruction::start(key, device, address)], &[node]).await?;
    println!("job {address} has started");

    let [program, arguments @ ..] = command else { return Err("no command".into()) };
    let ran = Command::new(program).args(arguments).env("DEFINITION", hex(&job.definition)).output()?;
    let result = Sha256::digest(&ran.stdout).into();

    let run = Run { device, job: address, market: *market, project: job.project };
    chain.submit(&[instruction::finish(key, run, result)], &[node]).await?;
    let mint = fetch_device_and_market(chain, &device, market).await?.1.header.mint;
    chain.submit(&[instruction::withdraw_earnings(device, mint, key)], &[node]).await?;
    println!("job {address} is done, and paid to the token account of {key}");
    Ok(result)
}

/// Waits for a match. It stands in the account of whoever came second: the device, or the job.
async fn matched(
    chain: &dyn Chain,
    device: &Address,
    market: &Address,
) -> Result<(Address, Job), Box<dyn Error>> {
    loop {
        let (account, view) = fetch_device_and_market(chain, device, market).await?;
        match device_phase(device, &account, &view) {
            DevicePhase::Assigned => return Ok((account.job, fetch(chain, "job", &account.job).await?)),
            DevicePhase::TakenByJob => {
                if let Some(found) = job_assigned_to(chain, device).await? {
                    return Ok(found);
                }
            }
            DevicePhase::Queued => {}
            phase => return Err(format!("device {device} does not wait for a job: {phase:?}").into()),
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [rpc, key, market, command @ ..] = arguments.as_slice() else {
        return Err("arguments: <RPC endpoint> <key file> <market> <command> <arguments>".into());
    };
    let chain = RpcChain::new(rpc.as_str(), LOOK);
    run(&chain, &read_keypair_file(key)?, &market.parse()?, command).await.map(drop)
}
