//! The worker on a real validator.
//!
//! Three nodes with two devices each run sixty jobs of mixed kinds, as processes of the `grid` binary. In mid-run one node
//! is killed with SIGKILL and started again, and one of the two RPC endpoints is cut for a minute. At the end every
//! finished job was paid exactly once, every deposit is accounted for, and everything can be taken home.

mod jobs;
mod network;
mod verify;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use grid_e2e::{nodes::Node, proxy::Proxy, stage::Stage};
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

/// What to run, and for how long one endpoint is cut.
#[derive(Debug, Parser)]
pub struct Options {
    /// The `solana-test-validator` binary [default: the embedded network, for a quick look]
    #[arg(long, env = "GRID_TEST_VALIDATOR")]
    validator: Option<PathBuf>,
    /// The `grid` binary
    #[arg(long, env = "GRID_BINARY")]
    grid: PathBuf,
    /// The folder with the programs' binaries
    #[arg(long, env = "GRID_SBF_DIR")]
    programs: PathBuf,
    /// For how long the first RPC endpoint is cut, seconds
    #[arg(long, default_value_t = 60)]
    cut_seconds: u64,
    /// Keep the folder with ledger, logs and stores, and say where it is
    #[arg(long)]
    keep: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let folder = tempfile::Builder::new().prefix("grid-e2e-").tempdir()?;
    let result = run(&options, folder.path()).await;
    if options.keep || result.is_err() {
        println!("logs and stores: {}", folder.keep().display());
    }
    result
}

/// Nodes, and devices of each.
const NODES: usize = 3;
const DEVICES: u32 = 2;
/// How long the whole thing may take.
const DEADLINE: Duration = Duration::from_secs(600);

async fn run(options: &Options, folder: &std::path::Path) -> Result<()> {
    let began = Instant::now();
    let say = |text: &str| println!("{:7.1}s  {text}", began.elapsed().as_secs_f64());
    let network = network::Network::start(options, folder).await?;
    say(&network.name);
    let stage = Stage::build(&network.url(), &network.admin, NODES, DEVICES, folder).await?;
    say("programs, mint, market, project and devices are there");

    let (first, second) = (Proxy::to(network.port).await?, Proxy::to(network.port).await?);
    let urls = [first.url(), second.url()];
    let mut nodes = Vec::new();
    for index in 0..NODES {
        nodes.push(Node::start(&options.grid, &stage, index, &urls, folder)?);
    }
    let listed = jobs::list_all(&stage).await?;
    say(&format!("{} jobs are listed", listed.all.len()));

    let drill = async {
        // A long job: it must outlive its worker.
        let (survivor, number) = jobs::running(&stage, &listed.long).await?;
        nodes[number].kill()?;
        say(&format!("node {number} was killed with SIGKILL while job {survivor} ran on it"));
        first.cut();
        say(&format!("the first RPC endpoint is cut for {} s", options.cut_seconds));
        let cut = Instant::now();
        tokio::time::sleep(Duration::from_secs(3)).await;
        nodes[number].start_again()?;
        say(&format!("node {number} was started again"));
        tokio::time::sleep(Duration::from_secs(options.cut_seconds).saturating_sub(cut.elapsed())).await;
        first.mend();
        say("the first RPC endpoint is back");
        Ok(survivor)
    };
    let (survivor, ()) = tokio::try_join!(drill, jobs::end_services(&stage, &listed))?;
    say("the services were ended by their client");

    jobs::wait_for_all(&stage, &listed, began + DEADLINE).await?;
    say("all jobs have ended");
    for node in &mut nodes {
        node.stop().await?;
    }
    say("the nodes were stopped with SIGTERM");
    let summary = verify::all(&stage, &listed, &survivor, folder).await?;
    for line in summary {
        say(&line);
    }
    ensure!(began.elapsed() < DEADLINE, "it took longer than {DEADLINE:?}");
    network.stop().await.context("the network did not stop")?;
    say("all of it held");
    Ok(())
}
