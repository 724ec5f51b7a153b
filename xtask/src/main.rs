//! Grid's tasks: `cargo xtask help` lists them.

mod bench;
mod book;
mod build;
mod cache;
mod cli;
mod clients;
mod context;
mod demo;
mod doctor;
mod drill;
mod e2e;
mod guards;
mod host;
mod idl;
mod lint;
mod migrate;
mod mutants;
mod process;
mod program_ids;
mod release;
mod self_test;
mod setup;
mod stamp;
mod test;
mod toolchain;
mod version;
mod way;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

use crate::{
    cli::{Cli, Command},
    context::Context,
};

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    let context = Context::locate()?;
    match cli.command {
        Command::Setup(args) => setup::command(&context, &args),
        Command::Build(args) => build::command(&context, &args),
        Command::Idl(args) => idl::command(&context, &args),
        Command::Book(args) => book::command(&context, &args),
        Command::Clients(args) => clients::command(&context, &args),
        Command::Lint => lint::command(&context),
        Command::Test(args) => test::command(&context, &args),
        Command::Bench(args) => bench::command(&context, &args),
        Command::BenchWorker(args) => bench::worker(&context, &args),
        Command::Guards(args) => guards::command(&context, &args),
        Command::Demo(args) => demo::command(&context, &args),
        Command::E2e(args) => e2e::command(&context, &args),
        Command::Release(args) => release::command(&context, &args),
        Command::Migrate(args) => migrate::migrate(&context, &args),
        Command::Verify(args) => migrate::verify(&context, &args),
        Command::Drill(args) => drill::command(&context, &args),
        Command::Doctor(args) => doctor::command(&context, &args),
    }
}
