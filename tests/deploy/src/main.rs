//! A deployment, for real: the five programs by the Anchor CLI through the upgradeable loader of a `solana-test-validator`, the
//! migrations by `anchor migrate`, jobs in every phase, one upgrade of the jobs program under them, and every job paid to the
//! atom afterwards. `cargo xtask drill` builds what it needs, in a checkout with program keys of its own, and starts it there.

mod idls;
mod jobs;
mod tools;

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use grid_client::{Chain as _, ChainError, RpcChain, address, chain, instruction};
use grid_jobs::{GridError, MarketTerms, constants::MAX_RETENTION_SECONDS};
use grid_validator::Validator;
use solana_keypair::{Keypair, write_keypair_file};
use solana_signer::Signer;
use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use tools::Tools;

/// What to run it with.
#[derive(Debug, Parser)]
struct Options {
    /// The `solana-test-validator` binary
    #[arg(long, env = "GRID_TEST_VALIDATOR")]
    validator: PathBuf,
    /// The `grid-deploy` binary
    #[arg(long, env = "GRID_DEPLOY")]
    grid_deploy: PathBuf,
    /// The next release of the programs: one of them is another, with a shorter longest retention
    #[arg(long, env = "GRID_NEXT_RELEASE")]
    next: PathBuf,
    /// Keep the folder with ledger and logs, and say where it is
    #[arg(long)]
    keep: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let folder = tempfile::Builder::new().prefix("grid-drill-").tempdir()?;
    let result = run(&options, folder.path()).await;
    if options.keep || result.is_err() {
        println!("ledger and logs: {}", folder.keep().display());
    }
    result
}

async fn run(options: &Options, folder: &Path) -> Result<()> {
    let began = Instant::now();
    let say = |text: &str| println!("{:7.1}s  {text}", began.elapsed().as_secs_f64());
    let checkout = std::env::current_dir()?;
    let this = checkout.join("target/deploy");
    let deployer = Keypair::new();
    let wallet = folder.join("deployer.json");
    key_file(&deployer, &wallet)?;

    let validator = Validator::start(
        &options.validator,
        folder,
        &deployer.pubkey(),
        genesis(folder, &checkout.join("target/idl"))?,
    )
    .await?;
    let url = validator.url();
    say(&format!("solana-test-validator {}, no program of ours on it", validator.version));
    let tools = Tools {
        url: url.clone(),
        wallet,
        deployer: deployer.pubkey(),
        grid_deploy: options.grid_deploy.clone(),
        checkout: checkout.clone(),
        journal: folder.join("journal"),
        plan: folder.join("localnet.toml"),
    };
    for name in ["localnet.toml", "markets.toml"] {
        fs::copy(checkout.join("migrations").join(name), folder.join(name))?;
    }
    println!("{}", tools.cost(&this).await?);

    tools.anchor("deploy", &["deploy"]).await?;
    say("anchor deploy: five programs, through the upgradeable loader");
    let before = tools.verify(&this, &checkout.join("target/idl")).await?;
    ensure!(!before.passed && before.differs("config"), "verify passed before the migrations: {before:?}");
    tools.anchor("migrate", &["migrate"]).await?;
    say("anchor migrate: config, mint, vault, stakes, reward pool, collection, 13 markets, emission");
    let again = tools.migrate().await?;
    ensure!(
        again.passed && again.text.contains("ok, nothing to do"),
        "a second run did something: {again:?}"
    );
    say("a second run: ok, nothing to do");

    idls::fetched(&tools).await?;
    say("anchor idl fetch: the five IDLs, as anchor build made them");
    tools.passes(&this).await?;
    say("verify: programs, authorities, IDLs and every step are as planned");
    let other = folder.join("other-idl");
    idls::with_a_change(&checkout.join("target/idl"), &other)?;
    let told = tools.verify(&this, &other).await?;
    ensure!(!told.passed && told.text.contains("differs at instructions[0].name"), "{told:?}");
    let told = tools.verify(&options.next, &checkout.join("target/idl")).await?;
    ensure!(!told.passed && told.differs("grid_jobs") && !told.differs("grid_nodes"), "{told:?}");
    say("verify refuses another IDL, and the binaries of the next release");

    let chain = RpcChain::new(url.clone(), Duration::from_millis(100));
    let stage = jobs::Stage::build(&chain, &deployer).await?;
    let open = stage.list_in_every_phase().await?;
    say("jobs: one runs, one is assigned, one was taken by a device, one waits");
    long_market(&chain, &deployer, stage.terms(), 100)
        .await
        .context("this release allows the longest retention")?;

    // Another key stands in for a multisig: it has the upgrade authority, and signs only for a buffer that is written already.
    let multisig = Keypair::new();
    let signer = key_file(&multisig, &folder.join("multisig.json"))?;
    tools.hand_over(&multisig.pubkey()).await?;
    tools.passes(&this).await?;
    say("anchor program set-upgrade-authority: another key may upgrade, nobody else");
    let next = options.next.join("grid_jobs.so").display().to_string();
    let (id, by) = (grid_jobs::ID.to_string(), multisig.pubkey().to_string());
    // Anchor ignores `--buffer` here: the address is what it prints.
    let written = tools.anchor("program write-buffer", &["program", "write-buffer", &next]).await?;
    let to = written.lines().rev().find_map(|line| line.strip_prefix("Buffer: "));
    let to = to.with_context(|| format!("anchor program write-buffer named no buffer:\n{written}"))?.trim();
    tools.anchor("program set-buffer-authority", &["program", "set-buffer-authority", to, &by]).await?;
    let upgrade = ["program", "upgrade", &id, "--buffer", to, "--upgrade-authority", &signer];
    tools.anchor("program upgrade", &upgrade).await?;
    say("anchor program write-buffer, set-buffer-authority, upgrade: the jobs program is the next release's");
    let told = tools.verify(&this, &checkout.join("target/idl")).await?;
    ensure!(!told.passed && told.differs("grid_jobs"), "the old binary passed: {told:?}");
    tools.passes(&options.next).await?;
    let refused = next_release_runs(&chain, &deployer, stage.terms()).await?;
    say(&format!("verify passes with the next release's binaries only; its code runs: {refused}"));

    stage.phases_are_kept(&open).await?;
    for line in stage.finish_all(&open).await? {
        say(&line);
    }
    tools.anchor_test().await?;
    say("anchor test starts `cargo xtask test`");
    validator.stop().await?;
    say("all of it held");
    Ok(())
}

/// Writes a key; its file as an argument.
fn key_file(key: &Keypair, path: &Path) -> Result<String> {
    write_keypair_file(key, path).map_err(|error| anyhow::anyhow!("the key {}: {error}", path.display()))?;
    Ok(path.display().to_string())
}

/// What the ledger begins with besides the usual programs: Token Metadata, and the accounts that hold the IDLs.
fn genesis(folder: &Path, idls: &Path) -> Result<Vec<OsString>> {
    let metadata = folder.join("token_metadata.so");
    fs::write(&metadata, grid_token_metadata::elf()?)?;
    let mut arguments: Vec<OsString> =
        vec!["--bpf-program".into(), grid_token_metadata::ID.to_string().into(), metadata.into()];
    for (address, file) in idls::accounts(idls, folder)? {
        arguments.extend(["--account".into(), address.to_string().into(), file.into()]);
    }
    Ok(arguments)
}

/// Opens a market with the plan's terms but for the longest retention of this release.
async fn long_market(
    chain: &RpcChain,
    deployer: &Keypair,
    terms: MarketTerms,
    id: u64,
) -> Result<(), ChainError> {
    let terms = MarketTerms { retention_seconds: MAX_RETENTION_SECONDS, ..terms };
    let open = instruction::open_market(deployer.pubkey(), jobs::mint(&deployer.pubkey()), id, terms);
    chain.submit(&[open], &[deployer]).await.map(drop)
}

/// Waits until the upgrade counts, which is from the slot after it on; shows that what the old release allowed is refused.
async fn next_release_runs(chain: &RpcChain, deployer: &Keypair, terms: MarketTerms) -> Result<String> {
    let data = chain.data_slice(&address::program_data(), 4, 8).await?.context("the jobs program is gone")?;
    let upgraded =
        u64::from_le_bytes(data.try_into().map_err(|_| anyhow::anyhow!("its program data is too short"))?);
    while chain::clock(chain).await?.slot <= upgraded {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let Err(error) = long_market(chain, deployer, terms, 101).await else {
        bail!("the jobs program still does what the old release did");
    };
    let code = GridError::RetentionOutOfRange as u32 + 6000;
    ensure!(error.program_code() == Some(code), "another error than expected: {error}");
    let market = address::market(&deployer.pubkey(), 101).0;
    ensure!(chain::account(chain, &market).await?.is_none(), "the market was opened all the same");
    Ok(error.to_string())
}
