//! `grid node`: the node of this machine, and its record in the registry.

use crate::{
    commands::{device::node_record, doctor, node_start},
    exit::{Exit, usage},
    facts::{Fact, Facts},
    session::{Session, still_there},
    status,
};
use anchor_lang::Discriminator;
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use grid_client::{
    Filter,
    account::{Attestation, Node},
    nodes,
    query::find_all,
};
use grid_devices::{Event, Gpu, NvmlProbe, Probe, ProbeError, Rules, Sighting, Snapshot, Tracker};
use grid_executor::{
    BenchClass, Device as Hardware, FolderStore, Machine, ProcessExecutor, Sources, Workplace,
};
use grid_node::{manager::hardware_of, registration};
use grid_nodes::text;
use serde_json::json;
use solana_address::Address;
use std::mem::offset_of;

#[derive(Subcommand)]
pub enum Command {
    /// Show a node's record
    #[command(after_help = "Example: grid node show")]
    Show {
        /// The node's key [default: this key]
        node: Option<Address>,
    },
    /// List the nodes of the registry
    #[command(after_help = "Example: grid node list")]
    List,
    /// Enter this machine into the registry
    #[command(after_help = "Example: grid node register --country 756 --endpoint https://node.example.org")]
    Register(Details),
    /// Tell this machine's details anew; what is not given stays
    #[command(after_help = "Example: grid node update --endpoint https://node.example.org")]
    Update(Details),
    /// Take the node off the registry; its rent comes back
    #[command(after_help = "Example: grid node close")]
    Close,
    /// Measure this machine; an attestor can attest the result
    #[command(after_help = "Example: grid node bench --class 1")]
    Bench {
        /// Benchmark class; see docs/nodes.md
        #[arg(long, default_value_t = BenchClass::CpuFp32.number())]
        class: u16,
        /// The model of the GPUs to measure, where the machine has several
        #[arg(long, value_name = "MODEL")]
        gpu: Option<String>,
    },
    /// Look for what keeps this machine from working as a node
    #[command(after_help = "Example: grid node doctor")]
    Doctor,
    /// Watch the node: devices, jobs, earnings
    #[command(after_help = "Example: grid node status --once")]
    Status(status::Options),
    /// Offer the configured devices and run what they are matched with, until Ctrl-C or SIGTERM
    ///
    /// What the node offers stands in the configuration file, section `[node]`; see docs/node.md.
    ///
    /// SIGTERM or Ctrl-C: no new job, running ones finish and are paid. Once more: the node ends at once, running jobs go on
    /// without it, and the next `grid node start` finds them again. SIGHUP: the devices of the file hold from now on.
    #[command(after_help = "Example: grid node start --cpu --executor process")]
    Start(node_start::Options),
    /// List what this machine could offer: its GPUs, and why one can't work
    #[command(after_help = "Example: grid node devices")]
    Devices,
    /// Print a systemd unit for the node
    #[command(after_help = "Example: grid node unit")]
    Unit,
}

/// What a node tells of itself beyond its hardware.
#[derive(Debug, Clone, Args)]
pub struct Details {
    /// Where the node stands, ISO 3166-1 numeric
    #[arg(long, value_name = "NUMBER", env = "GRID_COUNTRY")]
    country: Option<u16>,
    /// Where clients reach it, http:// or https://; empty when they can't
    #[arg(long, value_name = "URL", env = "GRID_ENDPOINT")]
    endpoint: Option<String>,
    /// The model of the GPUs to enter, where the machine has several
    #[arg(long, value_name = "MODEL")]
    gpu: Option<String>,
    /// Enter no GPUs
    #[arg(long, conflicts_with = "gpu")]
    cpu: bool,
}

/// The unit that `grid node unit` prints.
const UNIT: &str = include_str!("../../assets/grid-node.service");

pub async fn run(command: Command, session: &Session) -> Result<Exit> {
    match command {
        Command::Show { node } => show(session, node).await?,
        Command::List => list(session).await?,
        Command::Register(details) => tell(session, &details, None).await?,
        Command::Update(details) => {
            let me = session.me()?;
            let record = node_record(session, &me).await?;
            let record = record.with_context(|| format!("{me} is not registered: `grid node register`"))?;
            tell(session, &details, Some(&record)).await?;
        }
        Command::Close => {
            let me = session.me()?;
            let record = nodes::node_address(&me).0;
            let wanted = vec![still_there(record, Node::DISCRIMINATOR)];
            let landed =
                session.send_while(record, "close_node", vec![nodes::close_node(me)], wanted).await?;
            session.out.landed(&Facts::new().address("node", me), &[landed], None);
        }
        Command::Bench { class, gpu } => bench(session, class, gpu.as_deref()).await?,
        Command::Doctor => return doctor::run(session, doctor::Scope::Node).await,
        Command::Status(options) => return status::run(session, &options).await,
        Command::Start(options) => node_start::run(session, &options).await?,
        Command::Devices => devices(session).await?,
        Command::Unit => session.out.print(&json!({ "unit": UNIT }), UNIT),
    }
    Ok(Exit::Success)
}

fn machine(session: &Session) -> Result<Machine> {
    let store = FolderStore::open(session.settings.store())?;
    Machine::read(store.root()).context("what this machine is made of")
}

/// The GPUs that the registry gets to know: none where there is no driver, all of one model else.
async fn gpus(session: &Session, model: Option<&str>) -> Result<Vec<Gpu>> {
    let snapshot = match probe().await {
        Ok(snapshot) => snapshot,
        Err(ProbeError::NoLibrary) => Snapshot::default(),
        Err(error) => return Err(error).context("which GPUs does this machine have? --cpu enters none"),
    };
    let mut gpus = Vec::new();
    for sighting in snapshot.sightings {
        match sighting {
            Sighting::Read { gpu, .. } => gpus.push(gpu),
            Sighting::Unreadable { index, reason, .. } => {
                session.out.note(&format!("GPU {index} can't be read and is left out: {reason}"));
            }
        }
    }
    registration::of_one_model(gpus, model).map_err(|error| usage(format!("{error} (--gpu MODEL)")))
}

async fn probe() -> Result<Snapshot, ProbeError> {
    let mut probe = NvmlProbe::start().map_err(|error| ProbeError::Driver(error.to_string()))?;
    probe.snapshot().await
}

async fn tell(session: &Session, details: &Details, record: Option<&Node>) -> Result<()> {
    let me = session.me()?;
    let gpus = if details.cpu { Vec::new() } else { gpus(session, details.gpu.as_deref()).await? };
    let hardware = registration::hardware(&machine(session)?, &gpus);
    let country = details.country.or_else(|| record.map(|record| record.country.get())).ok_or_else(|| {
        usage("where does the machine stand? Give --country, the ISO 3166-1 number, for example 756 for Switzerland")
    })?;
    let endpoint = details.endpoint.clone();
    let endpoint = endpoint.or_else(|| record.map(|record| text::read(&record.endpoint).to_owned()));
    let software = registration::software(country, endpoint.unwrap_or_default(), &gpus);
    let (kind, instruction) = match record {
        None => ("register_node", nodes::register_node(me, hardware, software)),
        Some(_) => ("update_node", nodes::update_node(me, hardware, software)),
    };
    let address = nodes::node_address(&me).0;
    let landed = session.send(address, kind, vec![instruction]).await?;
    let record = node_record(session, &me).await?.context("the record is not visible yet")?;
    session.out.landed(&facts(address, &record), &[landed], None);
    Ok(())
}

fn facts(address: Address, record: &Node) -> Facts {
    let version = |parts: &[u16]| parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(".");
    let gpu = text::read(&record.gpu_model);
    Facts::new()
        .address("node", record.node)
        .address("record", address)
        .with("endpoint", some_text(text::read(&record.endpoint)))
        .number("country", record.country.get())
        .with("gpu", some_text(gpu))
        .number("gpus", record.gpu_count.get())
        .number("vram_mib", record.vram_mib.get())
        .text("cpu", text::read(&record.cpu_model))
        .number("cores", record.cpu_cores.get())
        .number("ram_mib", record.ram_mib.get())
        .number("disk_gib", record.disk_gib.get())
        .text("software", version(&record.software.map(|part| part.get())))
        .number("hardware_slot", record.hardware_slot.get())
        .with("registered_at", Fact::Time(record.registered_at.get()))
        .with("updated_at", Fact::Time(record.updated_at.get()))
}

fn some_text(text: &str) -> Fact {
    if text.is_empty() { Fact::None } else { Fact::Text(text.to_owned()) }
}

async fn show(session: &Session, node: Option<Address>) -> Result<()> {
    let node = match node {
        Some(node) => node,
        None => session.me()?,
    };
    let record = node_record(session, &node).await?;
    let record = record.with_context(|| format!("{node} is not registered: `grid node register`"))?;
    let of_node = Filter::field(offset_of!(Attestation, node), node);
    let attestations: Vec<(Address, Attestation)> = find_all(session.chain.as_ref(), [of_node]).await?;
    let mut facts = facts(nodes::node_address(&node).0, &record);
    let valid = attestations.iter().filter(|(_, a)| a.hardware_slot == record.hardware_slot);
    let scores: Vec<String> =
        valid.map(|(_, a)| crate::describe::score(a.class.get(), a.score.get())).collect();
    facts = facts.with("attested", some_text(&scores.join(", ")));
    session.out.facts(&facts);
    Ok(())
}

async fn list(session: &Session) -> Result<()> {
    let mut nodes: Vec<(Address, Node)> = find_all(session.chain.as_ref(), []).await?;
    nodes.sort_by_key(|(_, node)| node.node);
    let row = |(_, node): &(Address, Node)| {
        Facts::new()
            .address("node", node.node)
            .number("gpus", node.gpu_count.get())
            .with("gpu", some_text(text::read(&node.gpu_model)))
            .text("cpu", text::read(&node.cpu_model))
            .number("country", node.country.get())
            .with("endpoint", some_text(text::read(&node.endpoint)))
    };
    let rows: Vec<Facts> = nodes.iter().map(row).collect();
    session.out.list("nodes", &rows, "No node is registered yet: `grid node register` enters one.");
    Ok(())
}

/// Runs a benchmark and says what an attestor needs to attest it.
async fn bench(session: &Session, class: u16, gpu: Option<&str>) -> Result<()> {
    let class = BenchClass::from_number(class)
        .ok_or_else(|| usage(format!("--class {class}: there is no such benchmark class")))?;
    let me = session.me()?;
    let record = node_record(session, &me).await?;
    let record = record.with_context(|| {
        format!(
            "{me} is not registered, so the result would stand for no hardware: first `grid node register`"
        )
    })?;
    // Where the node itself keeps results: its endpoint serves them.
    let store = FolderStore::open(node_start::folder(session).join("store"))?;
    let scratch = tempfile::tempdir().context("a temporary folder")?;
    let workplace = Workplace::new(scratch.path(), store, Sources::new(Vec::new()));
    let job = registration::benchmark_job(&me, record.hardware_slot.get());
    let executor = ProcessExecutor::default();
    let device = if class.is_of_gpus() {
        let gpus = gpus(session, gpu).await?;
        if gpus.is_empty() {
            return Err(usage(format!(
                "--class {}: it measures GPUs, and this machine has none",
                class.number()
            )));
        }
        hardware_of("gpus", &gpus, &machine(session)?)
    } else {
        Hardware::cpu("cpu")
    };
    let ran = registration::run_benchmark(class, job.clone(), device, &executor, &workplace).await?;
    let score = class.score(&job, &ran.document).context("the benchmark")?;
    let facts = Facts::new()
        .address("node", me)
        .number("class", class.number())
        .number("score", score)
        .text("unit", class.unit())
        .text("result", ran.digest);
    let mut json = facts.to_json();
    json.insert("ops".into(), serde_json::to_value(&ran.document.ops)?);
    let text = format!(
        "{}It is in the store. An attestor attests it with `grid attest make {me} --class {} --result {} --collection MINT`, \
         while the node's endpoint serves the store.\n",
        facts.to_text(),
        class.number(),
        ran.digest
    );
    session.out.print(&json.into(), &text);
    Ok(())
}

/// Lists the GPUs of this machine.
async fn devices(session: &Session) -> Result<()> {
    let snapshot = probe().await.context("no GPU can be offered")?;
    let mut tracker = Tracker::new(Rules::default());
    let rows = tracker.saw(snapshot).into_iter().filter_map(|event| match event {
        Event::Appeared { gpu, causes } => {
            let causes: Vec<String> = causes.iter().map(ToString::to_string).collect();
            Some(
                Facts::new()
                    .text("hardware", gpu.uuid.clone())
                    .text("model", gpu.model())
                    .number("vram_bytes", gpu.vram_bytes)
                    .text("compute", gpu.compute_capability.to_string())
                    .text("driver", gpu.driver)
                    .with("problem", some_text(&causes.join("; "))),
            )
        }
        _ => None,
    });
    session.out.list("devices", &rows.collect::<Vec<_>>(), "The driver knows no GPU on this machine.");
    Ok(())
}
