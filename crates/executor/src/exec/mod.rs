//! Executors: what turns the hydrated args of an op into running programs.
//!
//! An [`Executor`] runs single ops. The order of ops, literals, results, restarts and artifacts is the same for all
//! and lives in [`job`](crate::job).

mod container;
mod output;
mod process;
mod scratch;

use std::{
    collections::BTreeMap,
    fmt, io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

pub use self::{
    container::{
        ContainerConfig, ContainerExecutor, EngineError, GpuAccess, GuardError, HostGuard, PullPolicy,
        host_guard_rules,
    },
    process::{ProcessConfig, ProcessExecutor},
    scratch::{Scratch, ScratchError},
};
use crate::{
    Device,
    definition::{Definition, Limits, Output, RunArgs, Stream},
    result::ErrorRecord,
};

/// The most output that one start of an op may write where nothing else is set, both streams together, in bytes. What
/// is written has to be kept until the worker has read it, be it after a restart.
pub const DEFAULT_MAX_OUTPUT_BYTES: u64 = 2 << 30;

/// What runs ops.
#[async_trait]
pub trait Executor: Send + Sync {
    /// Its name in result documents.
    fn name(&self) -> &'static str;

    /// Whether everything that the definition asks for can be honoured on `device`. What cannot is listed.
    fn supports(&self, definition: &Definition, device: &Device) -> Result<(), Unsupported>;

    /// Where the ops of a job reach each other. The same for the same definition.
    fn addresses(&self, _definition: &Definition) -> Addresses {
        Addresses::default()
    }

    /// Brings what the ops need onto this machine, besides their inputs, which lie in the scratch folder already.
    /// Nothing is metered yet.
    async fn prepare(&self, _job: &JobContext<'_>) -> Result<(), String> {
        Ok(())
    }

    /// Sets up what the ops run in, or finds it set up.
    async fn set_up(&self, _job: &JobContext<'_>) -> Result<(), String> {
        Ok(())
    }

    /// Makes the volume `name` of a job, or finds it made.
    async fn create_volume(&self, job: &JobContext<'_>, name: &str) -> io::Result<()> {
        job.scratch.create_volume(name)
    }

    /// Runs one op to its end. `args` are hydrated.
    ///
    /// Whatever this job, op and attempt started before, in this process or in one that is gone, is gone on with:
    /// the op is started only where it was not, and its output is handed on from its beginning. Dropping the future
    /// ends the op at once; a process that is killed drops nothing, so its ops go on.
    async fn run(&self, args: &RunArgs, context: RunContext<'_>) -> RunEnd;

    /// Brings the files and folders of `outputs` into the work folder of the scratch folder, each of up to `max_bytes`.
    /// What is not there is left out; what is there and cannot be brought is told.
    async fn bring_home(
        &self,
        _job: &JobContext<'_>,
        _outputs: &[Output],
        _max_bytes: u64,
    ) -> Vec<ErrorRecord> {
        Vec::new()
    }

    /// Ends and removes whatever of the job in `scratch` is still there, from this run or from one that a crash cut
    /// short. Called before the first op and after the last.
    async fn clean_up(&self, scratch: &Scratch);
}

/// The job that something is done for.
#[derive(Clone, Copy, Debug)]
pub struct JobContext<'a> {
    /// Its id.
    pub job_id: &'a str,
    /// What it runs.
    pub definition: &'a Definition,
    /// The device it was matched with.
    pub device: &'a Device,
    /// Its folder.
    pub scratch: &'a Scratch,
}

/// Where the ops of a job reach each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// What `%%ops.ID.host%%` becomes, by op.
    pub hosts: BTreeMap<String, String>,
    /// What `%%ops.ID.endpoint.PORT%%` becomes, by op and port.
    pub endpoints: BTreeMap<(String, String), String>,
}

/// What an op runs with.
pub struct RunContext<'a> {
    /// The job.
    pub job: JobContext<'a>,
    /// The op, by its place in the definition.
    pub op_index: usize,
    /// How often the op was started before.
    pub attempt: u32,
    /// How long the op may still run.
    pub timeout: Option<Duration>,
    /// Ends the op early.
    pub cancel: CancellationToken,
    /// Takes its output and what becomes of it.
    pub observer: &'a dyn OpObserver,
}

impl RunContext<'_> {
    /// The op's id.
    pub fn op_id(&self) -> &str {
        self.job.definition.ops.get(self.op_index).map_or("", |op| op.id.as_str())
    }

    /// What the op may use.
    pub fn limits(&self) -> &Limits {
        &self.job.definition.limits
    }

    /// Completes when the op must end, be it by its own time or from outside.
    async fn must_stop(&self, deadline: Option<Instant>) -> Stop {
        let timed_out = async {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Stop::Cancelled,
            () = timed_out => Stop::TimedOut,
        }
    }
}

/// Takes what becomes of an op while it runs.
pub trait OpObserver: Send + Sync {
    /// One line of output without its newline, or one piece of a very long one: `complete` is false where no newline
    /// followed. Any bytes may come.
    fn line(&self, stream: Stream, line: &[u8], complete: bool);

    /// Every health check of the op has been passed.
    fn healthy(&self) {}

    /// The op's `port` can be reached from this machine at `address`.
    fn listening(&self, _port: u16, _address: SocketAddr) {}
}

/// The environment variable that holds a volume's folder: `GRID_VOLUME_` and the name in capitals, `_` for what no
/// variable's name can hold.
fn volume_variable(name: &str) -> String {
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    format!("GRID_VOLUME_{name}")
}

/// How an op's run ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunEnd {
    /// How its first process ended; `None` where none was started.
    pub exit: Option<Exit>,
    /// Why it was stopped, if it was.
    pub stop: Option<Stop>,
    /// Why it could not be started, if it could not.
    pub not_started: Option<String>,
    /// Why nobody knows how it ended, if nobody does.
    pub lost: Option<String>,
    /// Whether it ran out of memory, where the executor can know.
    pub out_of_memory: Option<bool>,
}

impl RunEnd {
    /// An op that could not be started.
    pub fn not_started(reason: impl fmt::Display) -> Self {
        Self { not_started: Some(reason.to_string()), ..Self::default() }
    }

    /// An op that was stopped before it was started.
    pub fn stopped(stop: Stop) -> Self {
        Self { stop: Some(stop), ..Self::default() }
    }

    /// An op whose end nobody saw.
    pub fn lost(reason: impl fmt::Display) -> Self {
        Self { lost: Some(reason.to_string()), ..Self::default() }
    }

    /// Whether it ended by itself, well or not.
    pub fn ended_by_itself(&self) -> bool {
        self.exit.is_some() && self.stop.is_none() && self.lost.is_none()
    }

    /// Whether it ended by itself, with exit code zero.
    pub fn succeeded(&self) -> bool {
        self.exit == Some(Exit::Code(0)) && self.ended_by_itself()
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// With an exit code.
    Code(i32),
    /// By a signal.
    Signal(i32),
}

/// Why an op was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Its [`RunContext::cancel`] was set off.
    Cancelled,
    /// It ran for longer than [`RunContext::timeout`].
    TimedOut,
    /// The job took more disk than `limits.disk_bytes`.
    DiskLimit,
    /// It wrote more output than the executor keeps.
    OutputLimit,
}

/// What of a definition an executor cannot honour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported {
    /// The executor.
    pub executor: &'static str,
    /// Each thing with its path. Never empty.
    pub items: Vec<UnsupportedItem>,
}

impl Unsupported {
    /// All of `items` at once; nothing where there are none.
    fn check(executor: &'static str, items: Vec<UnsupportedItem>) -> Result<(), Self> {
        if items.is_empty() { Ok(()) } else { Err(Self { executor, items }) }
    }
}

/// One thing that an executor cannot honour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsupportedItem {
    /// Where it stands in the definition.
    pub path: String,
    /// Why it cannot be honoured.
    pub reason: String,
}

impl UnsupportedItem {
    /// An item out of its parts.
    pub fn new(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { path: path.into(), reason: reason.into() }
    }

    /// The typed op at `index`, which no connector has turned into a command.
    pub(crate) fn unexpanded(index: usize) -> Self {
        Self::new(format!("ops[{index}].type"), UNEXPANDED)
    }
}

/// Why a typed op does not run as it is.
pub(crate) const UNEXPANDED: &str = "is a typed op, and no connector has turned it into a command: expand the definition \
                                     with the worker's connectors first";

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} executor cannot run this definition:", self.executor)?;
        for (index, item) in self.items.iter().enumerate() {
            write!(f, "{} {}: {}", if index == 0 { "" } else { ";" }, item.path, item.reason)?;
        }
        Ok(())
    }
}

impl std::error::Error for Unsupported {}
