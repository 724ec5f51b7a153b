//! `grid node start`: the node of this machine, until it is stopped.

use crate::{mint::short, output::Output, session::Session};
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use grid_client::{Filter, account::Device, query::find_all};
use grid_executor::JobStatus;
use grid_node::{
    NodeEvent, Observer,
    config::{DeviceConfig, ExecutorChoice, NodeConfig},
    service::{Service, Setup},
};
use serde_json::json;
use solana_address::Address;
use std::{mem::offset_of, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What wins over the configuration file.
#[derive(Debug, Args)]
pub struct Options {
    /// Offer each of this key's device accounts as a share of this machine's processor, for development
    #[arg(long)]
    cpu: bool,
    /// What runs jobs: container, or process for clients that are trusted
    #[arg(long, value_enum, env = "GRID_EXECUTOR")]
    executor: Option<Runs>,
    /// Where clients are answered
    #[arg(long, value_name = "IP:PORT", env = "GRID_LISTEN")]
    listen: Option<SocketAddr>,
    /// Where the operator is answered: status and metrics
    #[arg(long, value_name = "IP:PORT", env = "GRID_PRIVATE_LISTEN")]
    private_listen: Option<SocketAddr>,
    /// Store to fetch definitions and inputs from; may be repeated
    #[arg(long, value_name = "URL", env = "GRID_SOURCE", value_delimiter = ',')]
    source: Vec<String>,
}

/// What runs jobs, as on the command line.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Runs {
    /// A container engine.
    Container,
    /// Processes of this user.
    Process,
}

/// Runs the node until it is stopped.
pub async fn run(session: &Session, options: &Options) -> Result<()> {
    let config = configuration(session, options).await?;
    ensure!(
        !config.device.is_empty(),
        "no device is configured: list them as [[node.device]] in {}, or give --cpu for a first try",
        session.settings.config.value.display()
    );
    let (me, devices) = (session.me()?, config.device.len());
    let grace = Duration::from_secs(config.stop_seconds);
    let setup = Setup {
        urls: session.settings.urls.value.clone(),
        key: session.key()?.clone(),
        folder: folder(session),
        config,
    };
    // Before anybody is told that it runs: who then stops it is heard.
    let (mut terminate, mut hang_up) = (listen(SignalKind::terminate())?, listen(SignalKind::hangup())?);
    let mut interrupt = listen(SignalKind::interrupt())?;
    let service = Service::start(setup, observer(session.out)).await?;
    let started = json!({
        "type": "started",
        "node": me.to_string(),
        "listening": format!("http://{}", service.address()),
        "private": format!("http://{}", service.private_address()),
        "devices": devices,
    });
    let text = format!(
        "node {me} offers {devices} devices; clients at {}, operator at {}\n",
        service.address(),
        service.private_address()
    );
    session.out.print(&started, &text);

    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hang_up.recv() => match reread(session, options).await {
                Ok(config) => match service.reload(&config).await {
                    Ok(()) => session.out.note(&format!("devices from now on: {}", config.device.len())),
                    Err(error) => session.out.note(&format!("the old devices stay: {error}")),
                },
                Err(error) => session.out.note(&format!("the old devices stay: {error:#}")),
            }
        }
    }
    session.out.note("stopping: running jobs are finished first; once more leaves them running");
    tokio::select! {
        () = service.stop() => Ok(()),
        _ = terminate.recv() => leave(),
        _ = interrupt.recv() => leave(),
        () = tokio::time::sleep(grace) => leave(),
    }
}

/// The node's folder, as the configuration file or the default has it.
pub fn folder(session: &Session) -> PathBuf {
    let configured = session.settings.node.as_ref().and_then(|node| node.folder.clone());
    configured.unwrap_or_else(|| session.settings.paths.data.join("node"))
}

/// Ends at once. What runs has a process or a container of its own, and the journal is on the disk: nothing is lost.
fn leave() -> ! {
    std::process::exit(0)
}

fn listen(kind: SignalKind) -> Result<Signal> {
    signal(kind).context("waiting for signals")
}

/// The configuration file's node, changed by the options.
async fn configuration(session: &Session, options: &Options) -> Result<NodeConfig> {
    apply(session, options, session.settings.node.clone().unwrap_or_default()).await
}

/// The same of the file as it is now.
async fn reread(session: &Session, options: &Options) -> Result<NodeConfig> {
    let path = &session.settings.config.value;
    let file = crate::config::ConfigFile::find(path)?;
    let Some(file) = file else { bail!("there is no configuration file {}", path.display()) };
    apply(session, options, file.node.unwrap_or_default()).await
}

async fn apply(session: &Session, options: &Options, mut config: NodeConfig) -> Result<NodeConfig> {
    if options.cpu {
        config.device = cpu_devices(session).await?;
    }
    if let Some(executor) = options.executor {
        config.executor = match executor {
            Runs::Container => ExecutorChoice::Container,
            Runs::Process => ExecutorChoice::Process,
        };
    }
    config.api.listen = options.listen.unwrap_or(config.api.listen);
    config.api.private_listen = options.private_listen.unwrap_or(config.api.private_listen);
    config.content.extend(options.source.iter().cloned());
    Ok(config)
}

/// A CPU device for each device account of this key.
async fn cpu_devices(session: &Session) -> Result<Vec<DeviceConfig>> {
    let me = session.me()?;
    let of_node = Filter::field(offset_of!(Device, node), me);
    let mut mine: Vec<(Address, Device)> = find_all(session.chain.as_ref(), [of_node]).await?;
    ensure!(!mine.is_empty(), "{me} has no device account: `grid device open` opens one");
    mine.sort_by_key(|(address, _)| *address);
    let numbered = mine.iter().enumerate();
    let config = |(number, (_, device)): (usize, &(Address, Device))| {
        DeviceConfig::new(format!("cpu:{number}"), device.market, device.index.get())
    };
    Ok(numbered.map(config).collect())
}

/// Prints what the workers tell.
fn observer(out: Output) -> Observer {
    let say = move |kind: &str, device: Address, text: String| {
        let json = json!({ "type": kind, "device": device.to_string(), "text": text });
        out.print(&json, &format!("{}  {text}\n", short(&device)));
    };
    Arc::new(move |event| match event {
        NodeEvent::Matched { device, job, .. } => say("matched", device, format!("with job {job}")),
        NodeEvent::Resumed { device, job, .. } => say("resumed", device, format!("goes on with job {job}")),
        NodeEvent::Landed { device, step, landed, .. } => {
            say("landed", device, format!("{} {}", step.name(), landed.signature));
        }
        NodeEvent::Refused { device, job, reason } => say("refused", device, format!("{job}: {reason}")),
        NodeEvent::Ran { device, job, status, result, .. } => {
            let how = if status == JobStatus::Succeeded { "succeeded" } else { "did not succeed" };
            say("ran", device, format!("{job} {how}, result {result}"));
        }
        NodeEvent::Retrying { device, error } => say("retrying", device, error),
        NodeEvent::GaveUp { hardware, market, error } => {
            let json = json!({ "type": "gave-up", "hardware": hardware, "market": market.to_string(), "text": error });
            out.print(&json, &format!("{hardware}  gives up in market {}: {error}\n", short(&market)));
        }
        NodeEvent::Sending { .. } | NodeEvent::Job { .. } => {}
    })
}
