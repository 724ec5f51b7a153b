//! The command line.

use crate::cluster::Cluster;
use clap::{Args, Parser, Subcommand};
use solana_address::Address;
use std::path::PathBuf;

/// Brings a cluster to what a plan says, and holds a cluster against it.
///
/// Exit codes: 0 all is as planned, 1 something is not or failed, 2 the command line is wrong.
#[derive(Debug, Parser)]
#[command(name = "grid-deploy", max_term_width = 100)]
pub struct Options {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Take every step of the plan that the chain does not show yet; a second run sends nothing
    #[command(after_help = "Example: grid-deploy migrate --cluster devnet --dry-run")]
    Migrate(Migrate),
    /// Compare programs, authorities, IDLs, config and markets on the chain with the repository and the plan
    #[command(after_help = "Example: grid-deploy verify --cluster devnet")]
    Verify(Verify),
    /// Say what the programs' accounts cost at their size, in SOL, by the rent of the cluster
    #[command(after_help = "Example: grid-deploy cost --cluster devnet")]
    Cost(Cost),
}

/// Which cluster, and its plan.
#[derive(Debug, Args)]
pub struct Target {
    /// localnet, devnet, mainnet, or an address with http:// or https://
    #[arg(long, value_name = "CLUSTER", env = "GRID_CLUSTER")]
    pub cluster: Cluster,
    /// The plan [default: migrations/CLUSTER.toml]
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `migrate`.
#[derive(Debug, Args)]
pub struct Migrate {
    #[command(flatten)]
    pub target: Target,
    /// Key file of the deployer, which signs and pays [default: ~/.config/solana/id.json]
    #[arg(short, long, value_name = "FILE", env = "GRID_KEYPAIR")]
    pub keypair: Option<PathBuf>,
    /// Say what would be sent, and send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Check the plan by itself, without a network
    #[arg(long, conflicts_with = "dry_run")]
    pub check: bool,
    /// Folder of the journal of what is on its way [default: ~/.local/share/grid/deploy]
    #[arg(long, value_name = "FOLDER")]
    pub journal: Option<PathBuf>,
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub struct Verify {
    #[command(flatten)]
    pub target: Target,
    /// Who deployed, where the plan does not say: markets and collections are found by it
    #[arg(long, value_name = "ADDRESS")]
    pub deployer: Option<Address>,
    /// Folder of the programs' binaries
    #[arg(long, value_name = "FOLDER", env = "GRID_SBF_DIR", default_value = "target/deploy")]
    pub programs: PathBuf,
    /// Hashes to expect in place of those of the binaries: lines of `HASH  PROGRAM.so`, as `sha256sum` writes them
    #[arg(long, value_name = "FILE")]
    pub hashes: Option<PathBuf>,
    /// Folder of the IDLs
    #[arg(long, value_name = "FOLDER", default_value = "idl")]
    pub idl: PathBuf,
    /// Leave out the IDLs on the chain
    #[arg(long)]
    pub skip_idl: bool,
}

/// Arguments of `cost`.
#[derive(Debug, Args)]
pub struct Cost {
    /// localnet, devnet, mainnet, or an address with http:// or https://
    #[arg(long, value_name = "CLUSTER", env = "GRID_CLUSTER")]
    pub cluster: Cluster,
    /// Folder of the programs' binaries
    #[arg(long, value_name = "FOLDER", env = "GRID_SBF_DIR", default_value = "target/deploy")]
    pub programs: PathBuf,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        Options::command().debug_assert();
    }
}
