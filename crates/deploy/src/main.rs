//! `grid-deploy`: brings a cluster to what a plan says, and holds a cluster against it.

mod cluster;
mod deployed;
mod finding;
mod idl;
mod migrate;
mod options;
mod plan;
mod report;
mod steps;
mod verify;

use clap::Parser;
use std::process::ExitCode;

use crate::options::{Command, Options};

/// Exit code where something failed or is not as planned.
const FAILED: u8 = 1;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let result = match &options.command {
        Command::Migrate(args) => migrate::run(args).await,
        Command::Verify(args) => verify::run(args).await,
        Command::Cost(args) => verify::cost(args).await,
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => FAILED.into(),
        Err(error) => {
            eprintln!("error: {error:#}");
            FAILED.into()
        }
    }
}
