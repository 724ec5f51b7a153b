//! `grid`, the command line: reads the command, wires it, maps its end to an exit code.

mod amount;
mod commands;
mod config;
mod demo;
mod describe;
mod exit;
mod facts;
mod hints;
mod keys;
mod localnet;
mod mint;
mod output;
mod paths;
mod session;
mod settings;
mod terms;
mod time;

use clap::{Parser, Subcommand};
use exit::Exit;
use session::Session;
use std::process::ExitCode;

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
    /// Markets: terms, queue, admission, fees
    #[command(subcommand)]
    Market(commands::market::Command),
    /// Projects: a client's prepaid balance
    #[command(subcommand)]
    Project(commands::project::Command),
    /// Devices of a node in markets
    #[command(subcommand)]
    Device(commands::device::Command),
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
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "error".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let json = cli.options.json;
    match run(cli).await {
        Ok(exit) => exit.into(),
        Err(error) => {
            let code = exit::code_of(&error);
            match json {
                true => eprintln!("{}", serde_json::json!({ "error": format!("{error:#}"), "exit_code": code })),
                false => eprintln!("error: {error:#}"),
            }
            code.into()
        }
    }
}

async fn run(cli: Cli) -> anyhow::Result<Exit> {
    let options = cli.options;
    match cli.command {
        Command::Demo(demo) => demo::run(demo, options.json).await.map(|()| Exit::Success),
        Command::Localnet(localnet) => localnet::run(localnet, options.json).await.map(|()| Exit::Success),
        Command::Completions(shell) => commands::completions::run(&shell),
        Command::Config(command) => commands::config::run(&command, &options),
        Command::Market(command) => commands::market::run(command, &Session::open(&options)?).await,
        Command::Project(command) => commands::project::run(command, &Session::open(&options)?).await,
        Command::Device(command) => commands::device::run(command, &Session::open(&options)?).await,
        Command::Protocol(command) => commands::protocol::run(command, &Session::open(&options)?).await,
        Command::Token(command) => commands::token::run(command, &Session::open(&options)?).await,
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
