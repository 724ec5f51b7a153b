//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Grid's tasks: set up, build, test, measure.
///
/// Everything that is downloaded or compiled is kept outside the checkout, under $GRID_CACHE
/// (by default ~/.cache/grid), except the programs themselves: those go to target/deploy.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The tasks.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Install what building and testing need; does nothing when all is there
    ///
    /// Way `llvm`: Debian packages (a compiler with its standard library's source, a C compiler for host
    /// crates), a private copy of LLVM 23, sbpf-linker, and an edited copy of std. Only the Debian packages
    /// are installed on the system; the rest goes to the cache folder. Way `solana` needs the C compiler only.
    Setup(BuildArgs),
    /// Build every program to target/deploy/PROGRAM.so, and check the arithmetic of a new toolchain
    ///
    /// Uses `cargo build-sbf` where it is on the PATH, else upstream LLVM (see `setup`), and says which.
    /// A change of any tool's version starts from scratch and runs the self-test: 128-bit arithmetic and
    /// memory functions, executed on the Solana VM, against the host's results.
    Build(OneBuildArgs),
    /// Write idl/PROGRAM.json for every program
    Idl(IdlArgs),
    /// Write docs/{instructions,errors,events}.md, check every page, and build the book to target/book
    ///
    /// A fault is a link that leads nowhere, a page that the summary does not list, the name of a test that is not there, or a
    /// command that does not say how it is run.
    Book(BookArgs),
    /// Generate and compile the TypeScript client, and run the tests of all clients in other languages
    ///
    /// TypeScript, JavaScript with nothing but an IDL, Python with nothing but an IDL and docs/accounts.md: each
    /// against the programs' binaries. Node (the system's, or one of its own) and Python packages go to the cache.
    Clients(ClientsArgs),
    /// Check formatting, clippy, rustdoc, program ids and that no key file is in git
    Lint,
    /// Set up, build, lint, compare the IDL, and run every test; with a filter or package, only those tests
    Test(TestArgs),
    /// Build, then measure compute units and binary sizes
    ///
    /// Flags after the name go to the measuring program: `--check` fails on a difference from the recorded
    /// figures, `--bless` records them anew.
    Bench(PassThrough),
    /// Build, then measure the worker: time per job, an idle node, the price of a line of output
    ///
    /// The figures depend on the machine: they are printed, not compared. `--idle-seconds N` after the name.
    BenchWorker(PassThrough),
    /// Test the tests: take each guard out of the programs, alone, and demand that a test fails
    ///
    /// One build and one run of the suites for each guard, up to its first failing test: about half an hour.
    Guards(GuardsArgs),
    /// Build all, then run `grid demo` with the given arguments
    Demo(PassThrough),
    /// Run three nodes and sixty jobs on a real `solana-test-validator`, with a killed node and a cut endpoint
    ///
    /// Flags after the name go to the test: `--cut-seconds N`, `--keep`.
    E2e(PassThrough),
    /// Build, check and pack a release in target/dist: programs, IDLs, bills of materials, hashes
    ///
    /// Builds the programs twice more from nothing, in other folders, and demands the same bytes; holds the dependencies
    /// against deny.toml.
    Release(BuildArgs),
    /// Bring a cluster to what its plan in migrations/ says; a second run sends nothing
    ///
    /// Flags after the name go to `grid-deploy migrate`: `--cluster localnet|devnet|mainnet|URL`, `--file PLAN`, `--dry-run`,
    /// `--check`, `--keypair FILE`.
    Migrate(PassThrough),
    /// Build, then compare programs, authorities, IDLs, config and markets on a cluster with this checkout and its plan
    ///
    /// Flags after the name go to `grid-deploy verify`: `--cluster`, `--file`, `--hashes FILE`, `--skip-idl`, `--json`.
    Verify(PassThrough),
    /// Deploy to a real `solana-test-validator` with the Anchor CLI, migrate, and upgrade with live jobs
    ///
    /// In a copy of the checkout, with program keys of its own. Flags after the name go to the drill: `--keep`.
    Drill(PassThrough),
    /// Print every tool that is needed, the version found, and the remedy where one is missing
    Doctor(BuildArgs),
}

/// How the programs are built.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct BuildArgs {
    /// Build with the Solana platform tools or with upstream LLVM, instead of choosing by what is installed
    #[arg(long, value_enum)]
    pub way: Option<Way>,
    /// Also show that the self-test is able to fail: link faulty 128-bit functions, expect it to refuse each
    #[arg(long, hide = true)]
    pub prove_self_test: bool,
    /// Leave out the self-test of the tool chain: whoever calls has run it
    #[arg(long, hide = true)]
    pub skip_self_test: bool,
}

/// Arguments of `build`.
#[derive(Clone, Debug, Default, Args)]
pub struct OneBuildArgs {
    /// How the programs are built.
    #[command(flatten)]
    pub build: BuildArgs,
    /// Build only this program, by its folder in programs/: as `anchor build` asks for them, one by one
    #[arg(long, hide = true, value_name = "FOLDER")]
    pub program: Option<String>,
}

/// The two ways to a program binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Way {
    /// `cargo build-sbf` and Agave's platform tools.
    Solana,
    /// rustc, LLVM and sbpf-linker from the package registries.
    Llvm,
}

/// Arguments of `idl`.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct IdlArgs {
    /// Fail when a file in the checkout differs from what the source gives, instead of writing it
    #[arg(long)]
    pub check: bool,
}

/// Arguments of `book`.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct BookArgs {
    /// Compare and check only: write nothing, build nothing
    #[arg(long)]
    pub check: bool,
}

/// Arguments of `clients`.
#[derive(Clone, Debug, Default, Args)]
pub struct ClientsArgs {
    /// How the programs are built.
    #[command(flatten)]
    pub build: BuildArgs,
    /// Folder of binaries to test against, instead of building the programs
    #[arg(long, value_name = "DIR", conflicts_with = "way")]
    pub programs: Option<PathBuf>,
}

/// Arguments of `test`.
#[derive(Clone, Debug, Default, Args)]
pub struct TestArgs {
    /// How the programs are built.
    #[command(flatten)]
    pub build: BuildArgs,
    /// Test only this package (repeatable); skips lint and IDL
    #[arg(short, long, value_name = "PACKAGE")]
    pub package: Vec<String>,
    /// Leave out formatting, clippy, rustdoc and the other checks of `lint`
    #[arg(long)]
    pub skip_lint: bool,
    /// Run only tests whose name contains this; skips lint and IDL
    pub filter: Option<String>,
    /// Arguments for the test programs
    #[arg(last = true, value_name = "ARGS")]
    pub rest: Vec<String>,
}

/// Arguments of `guards`.
#[derive(Clone, Debug, Default, Args)]
pub struct GuardsArgs {
    /// Only guards whose name or file contains one of these, for example `programs/staking`
    #[arg(value_name = "WORD")]
    pub words: Vec<String>,
}

/// Arguments handed on unchanged.
#[derive(Clone, Debug, Default, Args)]
pub struct PassThrough {
    /// Handed on unchanged
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    pub args: Vec<String>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_pass_through() {
        let cli = Cli::try_parse_from(["xtask", "bench", "--check"]).unwrap();
        assert!(matches!(cli.command, Command::Bench(PassThrough { args }) if args == ["--check"]));
    }
}
