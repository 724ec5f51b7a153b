//! `grid job`: jobs, from the definition to the downloaded result.

use crate::{
    exit::{Exit, usage},
    facts::{Fact, Facts, printable},
    mint::MintInfo,
    post::{self, PostOptions},
    session::{Session, still, still_there},
    time::parse_duration,
    transfer,
    watch::{self, Ended, Place, Wishes, device_of, exit_of, fetch_result},
};
use anchor_lang::Discriminator;
use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Subcommand};
use grid_client::{
    Filter,
    account::{Job, Project},
    chain::fetch,
    instruction::{self, Run, Spender},
    query::find_all,
};
use grid_executor::{Digest, FolderStore, JobStatus, ServedFolder, serve_folder};
use grid_jobs::{JobState, Market, math::is_zero};
use indicatif::{HumanBytes, ProgressBar};
use serde_json::json;
use solana_address::Address;
use std::{
    collections::BTreeMap,
    mem::offset_of,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

#[derive(Subcommand)]
pub enum Command {
    /// Post a job: a definition, or a command in an image
    #[command(
        after_help = "Example: grid job post --market 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU --timeout 10m --wait \
                            --download out word-count.json --input words=words.txt"
    )]
    Post {
        #[command(flatten)]
        post: Box<PostOptions>,
        /// Wait until the job is over
        #[arg(long)]
        wait: bool,
        #[command(flatten)]
        options: WaitOptions,
    },
    /// List the jobs of this key's projects, and those it listed for others
    #[command(after_help = "Example: grid job list")]
    List {
        /// Only those that are not over
        #[arg(long)]
        active: bool,
    },
    /// Show a job
    #[command(after_help = "Example: grid job show 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU")]
    Show {
        /// The job
        job: Address,
    },
    /// Wait until a job is over; hands its files to the node that gets it
    #[command(
        after_help = "Example: grid job wait 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU --follow --download out"
    )]
    Wait {
        /// The job
        job: Address,
        #[command(flatten)]
        options: WaitOptions,
    },
    /// Download result, log and artifacts of a job that is over; every byte is hashed
    #[command(after_help = "Example: grid job download 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU out")]
    Download {
        /// The job
        job: Address,
        /// The folder
        folder: PathBuf,
    },
    /// Show what a job wrote, or writes
    #[command(after_help = "Example: grid job logs 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU --follow")]
    Logs {
        /// The job
        job: Address,
        /// Go on until the job is over
        #[arg(short, long)]
        follow: bool,
    },
    /// Hash a downloaded folder again, against what the chain holds
    #[command(after_help = "Example: grid job verify 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU out")]
    Verify {
        /// The job
        job: Address,
        /// The folder
        folder: PathBuf,
    },
    /// Give a job a longer timeout
    #[command(after_help = "Example: grid job extend 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU 2h")]
    Extend {
        /// The job
        job: Address,
        /// The whole timeout
        #[arg(value_parser = parse_duration)]
        timeout: u32,
    },
    /// End a run before its node finishes it: the seconds so far are paid
    #[command(after_help = "Example: grid job end 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU")]
    End {
        /// The job
        job: Address,
    },
    /// Take a job that waits off its market; it is refunded
    #[command(after_help = "Example: grid job delist 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU")]
    Delist {
        /// The job
        job: Address,
    },
    /// Close jobs that are over; their rent comes back
    #[command(after_help = "Example: grid job close 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU")]
    Close {
        /// The jobs
        #[arg(required = true)]
        jobs: Vec<Address>,
    },
    /// Give notice to a job that waits: after 30 days anyone may delist it
    #[command(after_help = "Example: grid job notify 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU")]
    Notify {
        /// The job
        job: Address,
    },
    /// Take a job back from a device that missed its deadline; anyone may, and gets the market's reward
    #[command(after_help = "Example: grid job take-back 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU")]
    TakeBack {
        /// The job
        job: Address,
        /// Project that gets the reward [default: the job's own]
        #[arg(long, value_name = "ADDRESS")]
        reward_project: Option<Address>,
    },
}

/// What to do while a job is not over, and then.
#[derive(Debug, Clone, Default, Args)]
pub struct WaitOptions {
    /// Show what the job writes; waits
    #[arg(short, long)]
    follow: bool,
    /// Download result, log and artifacts into this folder; waits
    #[arg(long, value_name = "FOLDER")]
    download: Option<PathBuf>,
    /// Wait for this long at most; waits
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    at_most: Option<u32>,
    /// Serve the store at this address meanwhile, for nodes that fetch from it; waits
    #[arg(long, value_name = "IP:PORT")]
    serve: Option<SocketAddr>,
}

impl WaitOptions {
    /// Whether any of them makes sense only while somebody waits.
    fn asks_to_wait(&self) -> bool {
        self.follow || self.download.is_some() || self.at_most.is_some() || self.serve.is_some()
    }
}

pub async fn run(command: Command, session: &Session) -> Result<Exit> {
    match command {
        Command::Post { post, wait, options } => {
            let job = post::post(session, &post).await?;
            if wait || options.asks_to_wait() {
                return wait_for(session, job, &options).await;
            }
            session.out.note(&format!(
                "its files reach the node while `grid job wait {job}` runs; that also says how it ends"
            ));
        }
        Command::List { active } => list(session, active).await?,
        Command::Show { job } => show(session, &job).await?,
        Command::Wait { job, options } => return wait_for(session, job, &options).await,
        Command::Download { job, folder } => return download(session, job, &folder).await,
        Command::Logs { job, follow } => return logs(session, job, follow).await,
        Command::Verify { job, folder } => return verify(session, job, &folder).await,
        Command::Extend { job, timeout } => {
            let (found, mint) = read(session, &job).await?;
            let spender = spender(session, &found.project).await?;
            let extend = instruction::extend(spender, found.project, job, timeout);
            let landed = session.send(job, "extend", vec![extend]).await?;
            session.out.landed(&Facts::new().address("job", job), &[landed], Some(&mint));
        }
        Command::End { job } => {
            let (found, mint) = read(session, &job).await?;
            ensure!(found.is(JobState::Running), "job {job} does not run: see `grid job show {job}`");
            let run = Run { device: found.device, job, market: found.market, project: found.project };
            let wanted = vec![still(job, offset_of!(Job, state), [JobState::Running as u8])];
            let end = instruction::end(session.me()?, run);
            let landed = session.send_while(job, "end", vec![end], wanted).await?;
            let facts = Facts::new().address("job", job).address("device", found.device);
            session.out.landed(&facts, &[landed], Some(&mint));
        }
        Command::Delist { job } => {
            let (found, mint) = read(session, &job).await?;
            let me = session.me()?;
            let delist = instruction::delist(me, found.project, found.market, job, found.rent_payer);
            let wanted = vec![still_there(job, Job::DISCRIMINATOR)];
            let landed = session.send_while(job, "delist", vec![delist], wanted).await?;
            session.out.landed(&Facts::new().address("job", job), &[landed], Some(&mint));
        }
        Command::Close { jobs } => {
            let mut landed = Vec::new();
            for job in jobs {
                let (found, _) = read(session, &job).await?;
                let close = instruction::close_job(session.me()?, found.project, job, found.rent_payer);
                let wanted = vec![still_there(job, Job::DISCRIMINATOR)];
                landed.push(session.send_while(job, "close_job", vec![close], wanted).await?);
            }
            session.out.landed(&Facts::new(), &landed, None);
        }
        Command::Notify { job } => {
            let landed = session.send(job, "notify_job", vec![instruction::notify_job(job)]).await?;
            session.out.landed(&Facts::new().address("job", job), &[landed], None);
        }
        Command::TakeBack { job, reward_project } => take_back(session, job, reward_project).await?,
    }
    Ok(Exit::Success)
}

async fn read(session: &Session, job: &Address) -> Result<(Job, Arc<MintInfo>)> {
    let found: Job = fetch(session.chain.as_ref(), "job", job).await?;
    let project: Project = fetch(session.chain.as_ref(), "project", &found.project).await?;
    let mint = session.mint(&project.mint).await?;
    Ok((found, mint))
}

/// How this key spends a project's balance.
pub async fn spender(session: &Session, project: &Address) -> Result<Spender> {
    let me = session.me()?;
    let found: Project = fetch(session.chain.as_ref(), "project", project).await?;
    Ok(if found.owner == me { Spender::Owner(me) } else { Spender::Member(me) })
}

async fn list(session: &Session, active: bool) -> Result<()> {
    let (chain, me) = (session.chain.as_ref(), session.me()?);
    let mut jobs: BTreeMap<Address, Job> = BTreeMap::new();
    let mine = Filter::field(offset_of!(Project, owner), me);
    for (project, _) in find_all::<Project>(chain, [mine]).await? {
        jobs.extend(find_all::<Job>(chain, [Filter::field(offset_of!(Job, project), project)]).await?);
    }
    jobs.extend(find_all::<Job>(chain, [Filter::field(offset_of!(Job, rent_payer), me)]).await?);
    let mut jobs: Vec<(Address, Job)> =
        jobs.into_iter().filter(|(_, job)| !active || !job.is_over()).collect();
    jobs.sort_by_key(|(address, job)| (job.id.get(), *address));
    let mut rows = Vec::new();
    for (address, job) in &jobs {
        let place = watch::look(session, address).await?.0;
        let (_, mint) = read(session, address).await?;
        let row = Facts::new()
            .address("job", *address)
            .text("state", place.name())
            .address("market", job.market)
            .seconds("timeout", job.timeout_seconds.get())
            .atoms("escrow", job.escrow_atoms.get(), &mint)
            .with("started_at", Fact::Time(job.started_at.get()))
            .with("ended_at", Fact::Time(job.ended_at.get()));
        rows.push(row);
    }
    session.out.list("jobs", &rows, "No job: `grid job post` posts one.");
    Ok(())
}

async fn show(session: &Session, address: &Address) -> Result<()> {
    let (job, mint) = read(session, address).await?;
    let (place, _) = watch::look(session, address).await?;
    let device = device_of(session, address, &job).await?;
    let result = (!is_zero(&job.result)).then(|| Digest(job.result).to_string());
    let facts = Facts::new()
        .address("job", *address)
        .text("state", place.name())
        .text("in_words", place.text())
        .number("id", job.id.get())
        .text("kind", if job.is_service() { "service" } else { "batch" })
        .address("project", job.project)
        .address("market", job.market)
        .address("device", device.unwrap_or_default())
        .text("definition", Digest(job.definition))
        .with("result", result.map_or(Fact::None, Fact::Text))
        .atoms("price_per_second", job.price_per_second_atoms.get(), &mint)
        .with("fee", Fact::Bps(job.fee_bps.get()))
        .atoms("escrow", job.escrow_atoms.get(), &mint)
        .seconds("timeout", job.timeout_seconds.get())
        .seconds("max_timeout", job.max_timeout_seconds.get())
        .number("lost_matches", job.attempts)
        .number("max_lost_matches", job.max_attempts)
        .with("started_at", Fact::Time(job.started_at.get()))
        .with("last_heartbeat_at", Fact::Time(job.last_heartbeat_at.get()))
        .with("ended_at", Fact::Time(job.ended_at.get()))
        .address("rent_payer", job.rent_payer);
    session.out.facts(&facts);
    Ok(())
}

async fn wait_for(session: &Session, job: Address, options: &WaitOptions) -> Result<Exit> {
    let served = serve(session, options.serve).await?;
    let wishes = Wishes {
        follow: options.follow,
        at_most: options.at_most.map(|seconds| Duration::from_secs(seconds.into())),
    };
    let ended = watch::watch(session, job, &wishes).await;
    if let Some(served) = served {
        served.shutdown().await;
    }
    match ended? {
        Ended::Before(exit) => Ok(exit),
        Ended::Over(place, Some(found)) => {
            tell_end(session, job, &place, &found, options.download.as_deref()).await
        }
        Ended::Over(place, None) => {
            session.out.facts(&Facts::new().address("job", job).text("state", place.name()));
            Ok(Exit::JobEnded)
        }
    }
}

async fn serve(session: &Session, address: Option<SocketAddr>) -> Result<Option<ServedFolder>> {
    let Some(address) = address else { return Ok(None) };
    let store = FolderStore::open(session.settings.store())?;
    let served = serve_folder(store, address).await.with_context(|| format!("--serve {address}"))?;
    session.out.note(&format!("serving the store at {}", served.url()));
    Ok(Some(served))
}

/// Says how a job ended, and downloads what it left.
async fn tell_end(
    session: &Session,
    address: Address,
    place: &Place,
    job: &Job,
    folder: Option<&Path>,
) -> Result<Exit> {
    let facts = Facts::new().address("job", address).text("state", place.name());
    if is_zero(&job.result) {
        session.out.facts(&facts.with("result", Fact::None));
        return Ok(Exit::JobEnded);
    }
    let facts = facts.address("device", job.device).text("result", Digest(job.result));
    let (peer, bytes, document) = match fetch_result(session, &address, job).await {
        Ok(fetched) => fetched,
        // How it ended is only in the document: without it there is nothing to say but that.
        Err(error) => {
            session.out.facts(&facts);
            return Err(error
                .context(format!("the job is over; try again with `grid job download {address} FOLDER`")));
        }
    };
    let mut facts = facts.text("status", status_name(document.status));
    let mut files = Vec::new();
    if let Some(folder) = folder {
        let bar = if session.out.json { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
        bar.enable_steady_tick(Duration::from_millis(120));
        bar.set_message("downloading");
        let on_file =
            |path: &Path, bytes| bar.set_message(format!("{} {}", path.display(), HumanBytes(bytes)));
        let downloaded = transfer::download(peer.content(), &bytes, &document, folder, on_file).await;
        bar.finish_and_clear();
        files = downloaded?;
        facts = facts.text("folder", folder.display());
    }
    let mut json = facts.to_json();
    json.insert("ops".into(), serde_json::to_value(&document.ops)?);
    json.insert("files".into(), json!(files));
    let mut text = facts.to_text();
    for op in &document.ops {
        for error in &op.errors {
            text.push_str(&format!("{}\n", printable(&format!("op {}: {}", op.id, error.message))));
        }
        for (key, value) in &op.results {
            text.push_str(&format!(
                "op {}: {key} = {}\n",
                op.id,
                crate::facts::printable(&value.to_string())
            ));
        }
    }
    for file in &files {
        text.push_str(&format!("hashed {}\n", file.display()));
    }
    session.out.print(&json.into(), &text);
    Ok(exit_of(document.status))
}

fn status_name(status: JobStatus) -> &'static str {
    match status {
        JobStatus::Succeeded => "succeeded",
        JobStatus::Failed => "failed",
        JobStatus::Cancelled => "cancelled",
        JobStatus::TimedOut => "timed-out",
    }
}

async fn download(session: &Session, job: Address, folder: &Path) -> Result<Exit> {
    let (place, found) = watch::look(session, &job).await?;
    let found = found.with_context(|| format!("job {job} does not exist"))?;
    ensure!(found.is_over(), "job {job} is not over: `grid job wait {job} --download {}`", folder.display());
    ensure!(!is_zero(&found.result), "job {job} ended without a result: there is nothing to download");
    tell_end(session, job, &place, &found, Some(folder)).await
}

async fn logs(session: &Session, job: Address, follow: bool) -> Result<Exit> {
    let (found, _) = read(session, &job).await?;
    if !found.is_over() && follow {
        let wishes = Wishes { follow, at_most: None };
        return Ok(match watch::watch(session, job, &wishes).await? {
            Ended::Before(exit) => exit,
            Ended::Over(..) => Exit::Success,
        });
    }
    let bytes = if found.is_over() {
        ensure!(!is_zero(&found.result), "job {job} ended without a result, so there is no log");
        let (peer, _, document) = fetch_result(session, &job, &found).await?;
        transfer::log_of(peer.content(), &document).await?
    } else {
        running_log(session, job, &found).await?
    };
    let lines = transfer::log_lines(&bytes);
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    session.out.print(&json!({ "lines": lines }), &text);
    Ok(Exit::Success)
}

async fn running_log(session: &Session, address: Address, job: &Job) -> Result<Vec<u8>> {
    ensure!(job.is(JobState::Running), "job {address} has not begun: see `grid job show {address}`");
    let device: grid_client::account::Device = fetch(session.chain.as_ref(), "device", &job.device).await?;
    let peer = transfer::peer_of(session, &device.node).await?;
    let peer = peer.with_context(|| format!("node {} says no endpoint in its record", device.node))?;
    let log = peer.log_from(&address, 0).await?;
    log.with_context(|| format!("node {} does not serve the logs of running jobs", device.node))
}

async fn verify(session: &Session, job: Address, folder: &Path) -> Result<Exit> {
    let (found, _) = read(session, &job).await?;
    ensure!(!is_zero(&found.result), "job {job} has no result: there is nothing to compare with");
    let (document, wrong) = transfer::verify(folder, Digest(found.result))?;
    let facts = Facts::new()
        .address("job", job)
        .text("result", Digest(found.result))
        .text("status", status_name(document.status))
        .text(
            "verdict",
            if wrong.is_empty() { "every byte is what the chain holds" } else { "not the same" },
        );
    let mut json = facts.to_json();
    json.insert("wrong".into(), json!(wrong));
    let lines: String = wrong.iter().map(|line| format!("{line}\n")).collect();
    session.out.print(&json.into(), &format!("{lines}{}", facts.to_text()));
    Ok(if wrong.is_empty() { Exit::Success } else { Exit::Faulty })
}

async fn take_back(session: &Session, address: Address, reward_project: Option<Address>) -> Result<()> {
    let (job, mint) = read(session, &address).await?;
    if job.is_over() {
        return Err(usage(format!("job {address} is over")));
    }
    let Some(device) = device_of(session, &address, &job).await? else {
        bail!("job {address} has no device: it waits");
    };
    let run = Run { device, job: address, market: job.market, project: job.project };
    let (kind, instruction) = match job.is(JobState::Running) {
        true => ("expire_run", instruction::expire_run(run, reward_project)),
        false => ("expire_assignment", instruction::expire_assignment(run, reward_project)),
    };
    let landed = session.send(address, kind, vec![instruction]).await?;
    let facts = Facts::new().address("job", address).address("device", device);
    session.out.landed(&facts, &[landed], Some(&mint));
    Ok(())
}

/// A market's header and mint.
pub async fn market_of(session: &Session, market: &Address) -> Result<(Market, Arc<MintInfo>)> {
    let header: Market = fetch(session.chain.as_ref(), "market", market).await?;
    let mint = session.mint(&header.mint).await?;
    Ok((header, mint))
}
