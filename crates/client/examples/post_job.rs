//! Lists a job in a market and waits for its end. The project of the key and the market's mint pays.
//!
//! ```text
//! cargo run --package grid-client --example post_job -- http://127.0.0.1:8899 <key file> <market> <definition file> <id>
//! ```

use grid_client::{
    Chain, RpcChain,
    account::{Job, JobPhase, job_phase},
    address,
    chain::{fetch, fetch_market},
    instruction::{self, Listing},
};
use grid_jobs::JobKind;
use sha2::{Digest, Sha256};
use solana_address::Address;
use solana_keypair::{Keypair, read_keypair_file};
use solana_signer::Signer;
use std::{error::Error, time::Duration};

/// What the job may cost at most: its longest paid run, and the price per second.
const TIMEOUT_SECONDS: u32 = 600;
const MAX_PRICE_PER_SECOND_ATOMS: u64 = 10_000;
/// Time between two looks.
const LOOK: Duration = Duration::from_millis(500);

/// Lists a job and waits until it is over.
pub async fn run(
    chain: &dyn Chain,
    owner: &Keypair,
    market: &Address,
    definition: &[u8],
    id: u64,
) -> Result<Job, Box<dyn Error>> {
    let mint = fetch_market(chain, market).await?.header.mint;
    let project = address::project(&mint, &owner.pubkey()).0;
    let job = address::job(&project, id).0;

    // The chain holds the definition's hash; the node gets the document itself from the client, and hashes it again.
    let listing = Listing {
        id,
        kind: JobKind::Batch,
        definition: Sha256::digest(definition).into(),
        timeout_seconds: TIMEOUT_SECONDS,
        max_price_per_second_atoms: MAX_PRICE_PER_SECOND_ATOMS,
    };
    let list = instruction::list(owner.pubkey(), project, *market, &listing);
    let landed = chain.submit(&[list], &[owner]).await?;
    println!("job {job} is listed, {} compute units", landed.compute_units);

    let mut told = None;
    loop {
        let account: Job = fetch(chain, "job", &job).await?;
        let phase = job_phase(&job, &account, &fetch_market(chain, market).await?);
        if told.replace(phase) != Some(phase) {
            println!("{phase:?}");
        }
        match phase {
            JobPhase::Done => {
                let seconds = account.ended_at.get() - account.started_at.get();
                println!("paid for {seconds} seconds at {} atoms", account.price_per_second_atoms.get());
                return Ok(account);
            }
            JobPhase::Stopped => return Err("no node could run it; its escrow is back in the project".into()),
            _ => tokio::time::sleep(LOOK).await,
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [rpc, key, market, definition, id] = arguments.as_slice() else {
        return Err("arguments: <RPC endpoint> <key file> <market> <definition file> <id>".into());
    };
    let chain = RpcChain::new(rpc.as_str(), LOOK);
    let (owner, definition) = (read_keypair_file(key)?, std::fs::read(definition)?);
    run(&chain, &owner, &market.parse()?, &definition, id.parse()?).await.map(drop)
}
