//! Executors: what turns the hydrated args of an op into processes.
//!
//! An [`Executor`] runs single ops. The order of ops, literals, results, restarts and artifacts is the same for all
//! and lives in [`job`](crate::job).

mod process;
mod scratch;

use std::{fmt, time::Duration};

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

pub use self::{
    process::{ProcessConfig, ProcessExecutor},
    scratch::{Scratch, ScratchError},
};
use crate::{
    Device,
    definition::{Definition, Limits, RunArgs, Stream},
};

/// What runs ops.
#[async_trait]
pub trait Executor: Send + Sync {
    /// Its name in result documents.
    fn name(&self) -> &'static str;

    /// Whether everything that the definition asks for can be honoured on `device`. What cannot is listed.
    fn supports(&self, definition: &Definition, device: &Device) -> Result<(), Unsupported>;

    /// Runs one op to its end. `args` are hydrated. Dropping the future ends the op's processes at once.
    async fn run(&self, args: &RunArgs, context: RunContext<'_>) -> RunEnd;

    /// Ends and removes whatever of the job in `scratch` is still there, from this run or from one that a crash cut
    /// short. Called before the first op and after the last.
    async fn clean_up(&self, scratch: &Scratch);
}

/// What an op runs with.
pub struct RunContext<'a> {
    /// The job.
    pub job_id: &'a str,
    /// The op.
    pub op_id: &'a str,
    /// The job's folder, inputs in place.
    pub scratch: &'a Scratch,
    /// The device the job was matched with.
    pub device: &'a Device,
    /// What the op may use.
    pub limits: &'a Limits,
    /// How long the op may run.
    pub timeout: Option<Duration>,
    /// Ends the op early.
    pub cancel: CancellationToken,
    /// Takes its output.
    pub log: &'a dyn LineSink,
}

/// Takes an op's output, one line at a time.
pub trait LineSink: Send + Sync {
    /// One line without its newline, or one piece of a very long one: `complete` is false where no newline
    /// followed. Any bytes may come.
    fn line(&self, stream: Stream, line: &[u8], complete: bool);
}

/// How an op's processes ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunEnd {
    /// How its first process ended; `None` where none was started.
    pub exit: Option<Exit>,
    /// Why it was stopped, if it was.
    pub stop: Option<Stop>,
    /// Why it could not be started, if it could not.
    pub not_started: Option<String>,
}

impl RunEnd {
    /// An op that could not be started.
    pub fn not_started(reason: impl fmt::Display) -> Self {
        Self { not_started: Some(reason.to_string()), ..Self::default() }
    }

    /// Whether it ended by itself, with exit code zero.
    pub fn succeeded(&self) -> bool {
        self.exit == Some(Exit::Code(0)) && self.stop.is_none()
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
    /// The job's folder grew beyond `limits.disk_bytes`.
    DiskLimit,
}

/// What of a definition an executor cannot honour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported {
    /// The executor.
    pub executor: &'static str,
    /// Each thing with its path. Never empty.
    pub items: Vec<UnsupportedItem>,
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
