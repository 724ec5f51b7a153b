//! `grid`, the command line: reads the command, wires it, maps its end to an exit code.

mod amount;
mod checkup;
mod commands;
mod config;
mod connection;
mod demo;
mod describe;
mod earnings;
mod exit;
mod facts;
mod hints;
mod keys;
mod localnet;
mod mint;
mod output;
mod paths;
mod post;
mod posts;
mod reclaim;
mod session;
mod settings;
mod status;
mod terms;
mod time;
mod transfer;
mod watch;

use clap::{Parser, Subcommand};
use exit::Exit;
use session::Session;
use std::{io::IsTerminal, process::ExitCode};

/// A market for GPU time on Solana
#[derive(Parser)]
#[command(name = "grid", version, about, after_help = exit::HELP)]
struct Cli {
    #[command(flatten)]
    options: settings::Options,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a key and a configuration file, and look whether all is well; again changes nothing
    #[command(after_help = "Example: grid init --url localhost")]
    Init(commands::init::InitOptions),
    /// Find the usual faults, and say what to do
    #[command(after_help = "Example: grid doctor")]
    Doctor,
    /// Jobs, from the definition to the downloaded result
    #[command(subcommand)]
    Job(commands::job::Command),
    /// Projects: a client's prepaid balance
    #[command(subcommand)]
    Project(commands::project::Command),
    /// Markets: terms, queue, admission, fees
    #[command(subcommand)]
    Market(commands::market::Command),
    /// The node of this machine, and its record in the registry
    #[command(subcommand)]
    Node(commands::node::Command),
    /// Devices of a node in markets
    #[command(subcommand)]
    Device(commands::device::Command),
    /// What a node's devices earned, were paid, and cost
    #[command(after_help = "Example: grid earnings --since 7d")]
    Earnings(commands::earnings::EarningsOptions),
    /// Get back every deposit of this key that is due
    #[command(after_help = "Example: grid reclaim --dry-run")]
    Reclaim(commands::reclaim::ReclaimOptions),
    /// Stakes: locked tokens, and who may slash them
    #[command(subcommand)]
    Stake(commands::stake::Command),
    /// Reward pools, and what stakes earn in them
    #[command(subcommand)]
    Rewards(commands::rewards::Command),
    /// Emissions: tokens that are paid out at a rate
    #[command(subcommand)]
    Pool(commands::pool::Command),
    /// Collections of access NFTs, and who gets one
    #[command(subcommand)]
    Access(commands::access::Command),
    /// Who vouches for a node's benchmark
    #[command(subcommand)]
    Attest(commands::attest::Command),
    /// The one config of the programs
    #[command(subcommand)]
    Protocol(commands::protocol::Command),
    /// Tokens of this key, and mints to try things with
    #[command(subcommand)]
    Token(commands::token::Command),
    /// The configuration file
    #[command(subcommand)]
    Config(commands::config::Command),
    /// Print what a shell needs to complete commands
    #[command(after_help = "Example: grid completions bash")]
    Completions(commands::completions::Options),
    /// Run everything on an embedded network: a market, a node that joins it with two devices, real jobs, payouts; check
    /// each atom
    #[command(after_help = "Example: grid demo")]
    Demo(demo::Options),
    /// Run an embedded Solana network with the Grid programs until Ctrl-C
    #[command(after_help = "Example: grid localnet --airdrop 9aE476sH92Vz7DMPyq5WLPkrKWivxeuTKEFKd2sZZcde")]
    Localnet(localnet::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    // Who runs a node wants to read what it warns of.
    let default = match cli.command {
        Command::Node(commands::node::Command::Start(_)) => "warn",
        _ => "error",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| default.into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let json = cli.options.json;
    match run(cli).await {
        Ok(exit) => exit.into(),
        Err(error) => {
            let code = exit::code_of(&error);
            match json {
                true => {
                    eprintln!("{}", serde_json::json!({ "error": format!("{error:#}"), "exit_code": code }))
                }
                false => eprintln!("error: {}", facts::printable_lines(&format!("{error:#}"))),
            }
            code.into()
        }
    }
}

async fn run(cli: Cli) -> anyhow::Result<Exit> {
    let options = cli.options;
    let session = || Session::open(&options);
    match cli.command {
        Command::Init(init) => commands::init::run(&init, &options).await,
        Command::Config(command) => commands::config::run(&command, &options),
        Command::Completions(shell) => Ok(commands::completions::run(&shell)),
        Command::Demo(demo) => demo::run(demo, options.json).await.map(|()| Exit::Success),
        Command::Localnet(localnet) => localnet::run(localnet, options.json).await.map(|()| Exit::Success),
        Command::Doctor => commands::doctor::run(&session()?, commands::doctor::Scope::All).await,
        Command::Job(command) => commands::job::run(command, &session()?).await,
        Command::Project(command) => commands::project::run(command, &session()?).await,
        Command::Market(command) => commands::market::run(command, &session()?).await,
        Command::Node(command) => commands::node::run(command, &session()?).await,
        Command::Device(command) => commands::device::run(command, &session()?).await,
        Command::Earnings(earnings) => commands::earnings::run(&earnings, &session()?).await,
        Command::Reclaim(reclaim) => commands::reclaim::run(&reclaim, &session()?).await,
        Command::Stake(command) => commands::stake::run(command, &session()?).await,
        Command::Rewards(command) => commands::rewards::run(command, &session()?).await,
        Command::Pool(command) => commands::pool::run(command, &session()?).await,
        Command::Access(command) => commands::access::run(command, &session()?).await,
        Command::Attest(command) => commands::attest::run(command, &session()?).await,
        Command::Protocol(command) => commands::protocol::run(command, &session()?).await,
        Command::Token(command) => commands::token::run(command, &session()?).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    /// What stands in the documentation, `tests/docs.rs` holds against this command line; here it is the other way round.
    #[test]
    fn each_command_is_in_the_table_of_the_documentation() {
        let docs = include_str!("../../../docs/cli.md");
        let table = docs.split("## Commands").nth(1).and_then(|rest| rest.split("## ").next()).unwrap();
        for command in Cli::command().get_subcommands() {
            let name = format!("grid {}", command.get_name());
            assert!(table.contains(&name), "{name}");
        }
        for command in ["job", "project", "market", "node", "device", "config"] {
            let command = Cli::command().find_subcommand(command).unwrap().clone();
            let row = table.lines().filter(|line| line.contains(&format!("grid {} ", command.get_name())));
            let rows: String = row.collect();
            for sub in command.get_subcommands() {
                let name = sub.get_name();
                let is_there = rows.contains(&format!("`{name}`")) || rows.contains(&format!(" {name}`"));
                assert!(is_there, "grid {} {name}", command.get_name());
            }
        }
    }

    /// The exit codes of the documentation are those of the program.
    #[test]
    fn the_documentation_has_each_exit_code() {
        let docs = include_str!("../../../docs/cli.md");
        for code in [0, exit::FAILED, exit::USAGE, Exit::JobFailed as u8, Exit::JobEnded as u8]
            .into_iter()
            .chain([Exit::StillWaiting as u8, Exit::Interrupted as u8])
        {
            assert!(docs.contains(&format!("\n| {code} | ")), "{code}");
        }
    }

    /// Every command without commands of its own shows an example, and the example is a command line that is understood.
    #[test]
    fn each_command_has_an_example_that_parses() {
        fn check(command: &clap::Command, path: &str) {
            if command.has_subcommands() {
                command.get_subcommands().for_each(|sub| check(sub, &format!("{path} {}", sub.get_name())));
                return;
            }
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let example = help.strip_prefix("Example: ").unwrap_or_else(|| panic!("{path} has no example"));
            assert!(example.starts_with(path), "{path}: {example}");
            if let Err(error) = Cli::try_parse_from(example.split_whitespace()) {
                panic!("{path}: {example}: {error}");
            }
        }
        check(&Cli::command(), "grid");
    }
}
