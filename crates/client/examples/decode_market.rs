//! Reads a market: its terms, and who waits in its queue.
//!
//! ```text
//! cargo run --package grid-client --example decode_market -- http://127.0.0.1:8899 <market>
//! ```

use grid_client::{
    Chain, RpcChain,
    account::{MarketView, job_phase},
    chain::{fetch_market, find},
};
use solana_address::Address;
use std::{error::Error, time::Duration};

/// Prints a market.
pub async fn run(chain: &dyn Chain, market: &Address) -> Result<MarketView, Box<dyn Error>> {
    let view = fetch_market(chain, market).await?;
    println!("price   {} atoms of {} a second", view.header.price_per_second_atoms.get(), view.header.mint);
    println!("room    {} of {} slots are free", free(&view), view.slots.len());

    // The header says how many wait and where the first of them is; each slot leads to the next.
    let waiting = view.waiting().ok_or("the queue's links contradict each other")?;
    for (place, address) in waiting.iter().enumerate() {
        match find::<grid_client::account::Job>(chain, address).await? {
            Some(job) => println!("{place:>5}   job {address} {:?}", job_phase(address, &job, &view)),
            None => println!("{place:>5}   {address} is gone meanwhile"),
        }
    }
    Ok(view)
}

fn free(view: &MarketView) -> usize {
    view.slots.len() - usize::from(view.header.queue.waiting.get())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [rpc, market] = arguments.as_slice() else {
        return Err("arguments: <RPC endpoint> <market>".into());
    };
    let chain = RpcChain::new(rpc.as_str(), Duration::from_millis(500));
    run(&chain, &market.parse()?).await.map(drop)
}
