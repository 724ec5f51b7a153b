//! `grid-deploy migrate`: takes the steps.

use crate::{
    cluster::Network,
    finding::{Change, Verdict},
    options::{Migrate, Target},
    plan::Plan,
    report::Report,
    steps::{Scene, Step},
};
use anyhow::{Context as _, Result, bail, ensure};
use grid_client::{Chain, Intent, Patience, RpcChain};
use grid_landing::{Landing, LandingConfig, Timing};
use solana_keypair::{Keypair, read_keypair_file};
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_signer::Signer as _;
use std::{
    env,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// How often a transaction is looked after.
const POLL_INTERVAL: Duration = Duration::from_millis(250);
/// After what was sent the chain has to show it at once; a second round only finds what the first one made possible.
const MAX_ROUNDS: usize = 3;

/// Brings the cluster to what the plan says. Whether nothing is left that only somebody else can do by correcting something.
pub async fn run(args: &Migrate) -> Result<bool> {
    let report = Report { json: args.target.json };
    let plan = load(&args.target)?;
    if args.check {
        report.summary(&format!(
            "the plan is sound: {} mints, {} markets",
            plan.mints.len(),
            plan.markets.len()
        ));
        return Ok(true);
    }
    let genesis = genesis(&args.target, &plan).await?;
    let path = match &args.keypair {
        Some(path) => path.clone(),
        None => home()?.join(".config/solana/id.json"),
    };
    let key = read_keypair_file(&path).map_err(|error| {
        anyhow::anyhow!("the deployer's key {}: {error}; name its file with --keypair", path.display())
    })?;
    let key = Arc::new(key);
    let deployer = plan.deployer(Some(key.pubkey()))?;
    if args.dry_run {
        let chain = RpcChain::new(args.target.cluster.url.clone(), POLL_INTERVAL);
        return show(&Scene { chain: &chain, plan: &plan, deployer }, report).await;
    }
    let folder = match &args.journal {
        Some(folder) => folder.clone(),
        None => home()?.join(".local/share/grid/deploy"),
    };
    let config = LandingConfig {
        timing: Timing { poll_interval: POLL_INTERVAL, ..Timing::default() },
        observer: Arc::new(|alert| eprintln!("warning: {alert}")),
        ..LandingConfig::new(vec![args.target.cluster.url.clone()], folder.join(genesis))
    };
    let landing = Landing::open(config, vec![key.clone()]).await?;
    // What a run that broke off had sent is on the chain, or can't come any more, before anything is looked at.
    landing.settled().await;
    let done = take(&Scene { chain: &landing, plan: &plan, deployer }, &landing, &key, report).await;
    landing.close().await;
    done
}

/// Reads the plan that goes with the cluster.
pub fn load(target: &Target) -> Result<Plan> {
    let file = target.file.clone().or_else(|| target.cluster.plan());
    let file =
        file.context("which plan? A cluster that is given by its address needs --file migrations/….toml")?;
    Plan::load(&file)
}

/// The chain's first block, which has to be that of the plan's network.
pub async fn genesis(target: &Target, plan: &Plan) -> Result<String> {
    let url = &target.cluster.url;
    let found = RpcClient::new(url.clone()).get_genesis_hash().await;
    let genesis =
        found.with_context(|| format!("{url} does not answer: is the cluster up, and the address right?"))?;
    let network = Network::of_genesis(&genesis.to_string());
    ensure!(
        network == plan.network,
        "{url} is {}, the plan is for {}: nothing is done",
        network.name(),
        plan.network.name()
    );
    Ok(genesis.to_string())
}

fn home() -> Result<PathBuf> {
    let home = env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
    home.context("HOME is not set: give --keypair and --journal")
}

/// Says what would be sent.
async fn show(scene: &Scene<'_>, report: Report) -> Result<bool> {
    let (mut changes, mut blocked) = (0, 0);
    for step in Step::ALL {
        for finding in step.look(scene).await? {
            match &finding.verdict {
                Verdict::Change(change) => {
                    changes += 1;
                    report.line(&step.title(), &finding.subject, "would", &change.what);
                }
                verdict => {
                    blocked += usize::from(matches!(verdict, Verdict::Blocked(_)));
                    report.finding(&step.title(), &finding.subject, verdict);
                }
            }
        }
    }
    report.summary(&format!("would send {changes} transactions; {blocked} things only others can change"));
    Ok(blocked == 0)
}

/// Takes each step, until the chain shows it.
async fn take(scene: &Scene<'_>, landing: &Landing, key: &Keypair, report: Report) -> Result<bool> {
    let (mut sent, mut blocked, mut waits) = (0, 0, 0);
    for step in Step::ALL {
        let title = step.title();
        for round in 1.. {
            let findings = step.look(scene).await?;
            let is_changed = findings.iter().any(|finding| matches!(finding.verdict, Verdict::Change(_)));
            for finding in findings {
                match finding.verdict {
                    Verdict::Change(change) => {
                        ensure!(
                            round < MAX_ROUNDS,
                            "{title}, {}: it was sent and has landed, and the chain still does not show it: {}",
                            finding.subject,
                            change.what
                        );
                        send(landing, &change, key)
                            .await
                            .with_context(|| format!("{title}, {}: {}", finding.subject, change.what))?;
                        sent += 1;
                        report.line(&title, &finding.subject, "done", &change.what);
                    }
                    // The last look says the rest.
                    _ if is_changed => {}
                    verdict => {
                        blocked += usize::from(matches!(verdict, Verdict::Blocked(_)));
                        waits += usize::from(matches!(verdict, Verdict::Waits(_)));
                        report.finding(&title, &finding.subject, &verdict);
                    }
                }
            }
            if !is_changed {
                break;
            }
        }
        if step == Step::Programs && blocked > 0 {
            bail!("the programs are not as planned: nothing was sent");
        }
    }
    report.summary(&match (sent, blocked, waits) {
        (0, 0, 0) => "ok, nothing to do".to_owned(),
        _ => format!(
            "sent {sent} transactions; {waits} things wait for others, {blocked} only others can change"
        ),
    });
    Ok(blocked == 0)
}

async fn send(landing: &Landing, change: &Change, key: &Keypair) -> Result<()> {
    let intent = Intent {
        subject: change.account,
        kind: change.kind.to_owned(),
        instructions: change.instructions.clone(),
        wanted_while: Vec::new(),
        patience: Patience::OneSignature,
    };
    landing.land(&intent, &[key]).await?;
    // The next one may be the same again, as when a queue grows twice.
    landing.acknowledge();
    Ok(())
}

/// The file of a program in a folder.
pub fn file_of(folder: &Path, name: &str, extension: &str) -> PathBuf {
    folder.join(format!("{name}.{extension}"))
}
