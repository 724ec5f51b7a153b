//! `grid`, the command line.

mod amount;
mod demo;
mod localnet;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// A market for GPU time on Solana
#[derive(Parser)]
#[command(name = "grid", version, about, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run everything on an embedded network: a market, a node that joins it with two devices, real jobs, payouts; check
    /// each atom
    Demo(demo::Options),
    /// Run an embedded Solana network with the Grid programs until Ctrl-C
    Localnet(localnet::Options),
}

const EXIT_CODES: &str = "Exit codes: 0 all went well, 1 something failed, 2 the command line is wrong.\n\
                          RUST_LOG sets what is logged to standard error, for example RUST_LOG=grid_node=debug.";

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "error".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let result = match cli.command {
        Command::Demo(options) => demo::run(options).await,
        Command::Localnet(options) => localnet::run(options).await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
