//! [`ProcessExecutor`]: ops as plain processes of the host, for machines without a container engine and for tests.
//!
//! An op is a session and process group of its own below a supervisor, in the job's folder, with an empty
//! environment, no capabilities, resource limits, and what of the file system [`ProcessConfig`] says. It is **no
//! container**: it runs as the worker's user, on the worker's network. Offer it to clients you trust.

mod run_folder;
mod sandbox;
mod spawn;
mod strays;
mod supervisor;
mod supports;

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    process::{Child, Command},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use tokio::time;

use self::{
    run_folder::{Condition, RunFolder},
    sandbox::{Allowed, Sandbox},
};
use super::{
    DEFAULT_MAX_OUTPUT_BYTES, Executor, OpObserver, RunContext, RunEnd, Scratch, Stop, Unsupported,
    output::Lines, scratch::folder_bytes, volume_variable,
};
use crate::{
    Device,
    definition::{Definition, RunArgs, Stream},
};

/// How often a job's folder is measured where `limits.disk_bytes` is set.
const DISK_CHECK_INTERVAL: Duration = Duration::from_millis(500);
/// How often output is looked for while an op runs.
const OUTPUT_INTERVAL: Duration = Duration::from_millis(25);
/// The most output of one stream that is read at a time while an op runs, in bytes.
const MAX_BYTES_AT_ONCE: u64 = 4 << 20;

/// Settings of a [`ProcessExecutor`].
#[derive(Clone, Debug)]
pub struct ProcessConfig {
    /// The `PATH` of every op.
    pub path: String,
    /// Time between asking an op to end and killing it.
    pub stop_grace: Duration,
    /// The most output that one start of an op may write, in bytes.
    pub max_output_bytes: u64,
    /// Files and folders that ops may read, besides the system's programs and libraries.
    pub readable: Vec<PathBuf>,
    /// Files and folders that ops may change, besides those of their own job.
    pub writable: Vec<PathBuf>,
    /// Whether jobs are refused where the kernel cannot hide the rest of the file system from them.
    pub require_landlock: bool,
}

impl Default for ProcessConfig {
    fn default() -> Self {
        Self {
            path: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned(),
            stop_grace: Duration::from_secs(10),
            max_output_bytes: DEFAULT_MAX_OUTPUT_BYTES,
            readable: Vec::new(),
            writable: Vec::new(),
            require_landlock: false,
        }
    }
}

/// Runs ops as plain processes of the host.
#[derive(Clone, Debug, Default)]
pub struct ProcessExecutor {
    config: ProcessConfig,
}

impl ProcessExecutor {
    /// An executor with these settings.
    pub fn new(config: ProcessConfig) -> Self {
        Self { config }
    }

    /// Whether this machine's kernel can hide what an op has no business with from it.
    pub fn has_landlock() -> bool {
        sandbox::landlock_is_there()
    }
}

#[async_trait]
impl Executor for ProcessExecutor {
    fn name(&self) -> &'static str {
        supports::NAME
    }

    fn supports(&self, definition: &Definition, device: &Device) -> Result<(), Unsupported> {
        supports::definition(definition, device, self.config.require_landlock && !Self::has_landlock())
    }

    async fn run(&self, args: &RunArgs, context: RunContext<'_>) -> RunEnd {
        // Once more, now that every literal is filled in.
        if let Err(unsupported) = supports::hydrated(args, context.job.device) {
            return RunEnd::not_started(unsupported);
        }
        match self.start_or_find(args, &context).await {
            Ok(Start::Op { folder, child }) => match self.follow(&folder, child, &context).await {
                Ok(end) => end,
                Err(error) => RunEnd::lost(format!("what became of the op cannot be read: {error}")),
            },
            Ok(Start::Nothing(end)) => end,
            Err(error) => RunEnd::not_started(error),
        }
    }

    async fn clean_up(&self, scratch: &Scratch) {
        let (runs, tmpdir) = (scratch.runs(), scratch.tmp());
        let killing = move || {
            let runs = run_folder::all(&runs);
            for run in &runs {
                if let Err(error) = run.kill() {
                    tracing::warn!(?run, %error, "an op could not be ended through its supervisor");
                }
            }
            for run in runs {
                // An error means that there is no state file: nobody can be waited for.
                let _ = run.wait();
            }
            strays::kill(&tmpdir);
        };
        if let Err(error) = tokio::task::spawn_blocking(killing).await {
            tracing::warn!(%error, "processes that a job left behind were not looked for");
        }
    }
}

/// What `run` found or made.
enum Start {
    /// The op was started, now or before; `child` is its supervisor where it was now.
    Op { folder: RunFolder, child: Option<Child> },
    /// It was not, and is not going to be.
    Nothing(RunEnd),
}

/// Ends the op at once when this is dropped before it was told that the op has ended.
struct KillOnDrop<'a>(Option<&'a RunFolder>);

impl Drop for KillOnDrop<'_> {
    fn drop(&mut self) {
        if let Some(folder) = self.0
            && let Err(error) = folder.kill()
        {
            tracing::warn!(?folder, %error, "an op could not be ended");
        }
    }
}

impl ProcessExecutor {
    async fn start_or_find(&self, args: &RunArgs, context: &RunContext<'_>) -> io::Result<Start> {
        let folder = RunFolder::new(context.job.scratch.run(context.op_index, context.attempt));
        match folder.condition()? {
            Condition::Running | Condition::Ended => Ok(Start::Op { folder, child: None }),
            Condition::Lost => Ok(Start::Nothing(RunEnd::lost(
                "the op's supervisor was killed, or the machine was restarted, while the op ran",
            ))),
            Condition::Fresh if context.cancel.is_cancelled() => {
                Ok(Start::Nothing(RunEnd::stopped(Stop::Cancelled)))
            }
            Condition::Fresh => {
                if let Some(previous) = context.attempt.checked_sub(1) {
                    RunFolder::new(context.job.scratch.run(context.op_index, previous)).remove()?;
                }
                let argv = args.argv();
                let command = self.command(args, &argv, context)?;
                let allowed = Allowed {
                    readable: &self.config.readable,
                    writable: &self.config.writable,
                    gpu: args.gpu,
                };
                let sandbox = Sandbox::new(context, &allowed)?;
                let child = spawn::spawn(command, &folder, sandbox).map_err(|error| {
                    let program = argv.first().map_or("", String::as_str);
                    io::Error::new(error.kind(), format!("\"{program}\" cannot be started: {error}; this executor has no images, the program must be on this machine"))
                })?;
                Ok(Start::Op { folder, child: Some(child) })
            }
        }
    }

    /// Hands on what the op writes until it has ended.
    async fn follow(
        &self,
        folder: &RunFolder,
        child: Option<Child>,
        context: &RunContext<'_>,
    ) -> io::Result<RunEnd> {
        let mut kill_on_drop = KillOnDrop(Some(folder));
        let waited_for = folder.clone();
        let mut ended = tokio::task::spawn_blocking(move || {
            let waited = waited_for.wait();
            // The supervisor has ended; where it is this process's child, it is not left as a zombie.
            if let Some(mut child) = child {
                child.wait()?;
            }
            waited
        });
        let mut output = [
            Spool::open(folder, 0, Stream::Stdout, context.observer)?,
            Spool::open(folder, 1, Stream::Stderr, context.observer)?,
        ];
        let deadline = context.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut must_stop = std::pin::pin!(must_stop(context, deadline));
        let mut stop = None;
        let mut kill_at = None;
        loop {
            let mut written_bytes = 0;
            for spool in &mut output {
                spool.hand_on(MAX_BYTES_AT_ONCE)?;
                written_bytes += spool.file.metadata()?.len();
            }
            let order = tokio::select! {
                biased;
                waited = &mut ended => {
                    waited.map_err(io::Error::other)??;
                    break;
                }
                order = &mut must_stop, if stop.is_none() => Some(order),
                () = sleep_until(kill_at) => {
                    kill_at = None;
                    folder.kill()?;
                    None
                }
                () = time::sleep(OUTPUT_INTERVAL) => {
                    (written_bytes > self.config.max_output_bytes && stop.is_none()).then_some(Stop::OutputLimit)
                }
            };
            if let Some(order) = order {
                stop = Some(order);
                folder.stop(order)?;
                kill_at = Some(Instant::now() + self.config.stop_grace);
            }
        }
        kill_on_drop.0 = None;
        let report = folder.report()?;
        for spool in &mut output {
            // Of a flood that was stopped for it nobody wants the rest.
            if report.stop != Some(Stop::OutputLimit) {
                spool.hand_on(u64::MAX)?;
            }
            spool.lines.finish(context.observer);
        }
        let note = |text: &str| context.observer.line(Stream::Node, text.as_bytes(), true);
        if report.output_open {
            note("a process has left the op and still holds its output; the rest is not read");
        }
        if report.output_lost {
            note("the disk was full; some of the output is not kept");
        }
        let Some(exit) = report.exit else {
            return Ok(RunEnd::lost("the op's supervisor was ended before the op was"));
        };
        // An order that the op did not live to see ended nothing; one that an earlier worker gave did.
        Ok(RunEnd { exit: Some(exit), stop: report.stop, ..RunEnd::default() })
    }

    fn command(&self, args: &RunArgs, argv: &[String], context: &RunContext<'_>) -> io::Result<Command> {
        let Some((program, arguments)) = argv.split_first() else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the op has no command"));
        };
        let scratch = context.job.scratch;
        let folder = scratch.make_work_folder(Path::new(args.work_dir.as_deref().unwrap_or("")))?;
        for mount in &args.volumes {
            scratch.link_volume(&mount.name, Path::new(&mount.dest))?;
        }
        let mut command = Command::new(program);
        command.args(arguments).current_dir(folder).env_clear().envs(self.environment(args, context)?);
        Ok(command)
    }

    /// The whole environment of an op. Nothing of the worker's own gets in.
    fn environment(&self, args: &RunArgs, context: &RunContext<'_>) -> io::Result<BTreeMap<String, String>> {
        let path_text = |path: &Path| {
            path.to_str()
                .map(str::to_owned)
                .ok_or_else(|| io::Error::other("the job's folder is not valid UTF-8"))
        };
        let scratch = context.job.scratch;
        let work = path_text(&scratch.work())?;
        let mut env: BTreeMap<String, String> = [
            ("PATH", self.config.path.clone()),
            ("HOME", work.clone()),
            ("LANG", "C.UTF-8".to_owned()),
            ("TMPDIR", path_text(&scratch.tmp())?),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        env.extend(args.env.clone());
        // These come last: an op cannot choose its GPU.
        let gpus = if args.gpu { context.job.device.gpu_uuids.join(",") } else { String::new() };
        let given = [
            ("CUDA_VISIBLE_DEVICES", gpus),
            ("GRID_JOB", context.job.job_id.to_owned()),
            ("GRID_OP", context.op_id().to_owned()),
            ("GRID_INPUTS", work.clone()),
            ("GRID_OUTPUTS", work),
        ];
        env.extend(given.map(|(name, value)| (name.to_owned(), value)));
        for name in scratch.volumes()? {
            env.insert(volume_variable(&name), path_text(&scratch.volume(&name))?);
        }
        Ok(env)
    }
}

/// One of the two files that hold what an op writes, as it is read.
struct Spool<'a> {
    file: File,
    buffer: Vec<u8>,
    lines: Lines,
    observer: &'a dyn OpObserver,
}

impl<'a> Spool<'a> {
    fn open(
        folder: &RunFolder,
        index: usize,
        stream: Stream,
        observer: &'a dyn OpObserver,
    ) -> io::Result<Self> {
        let file = File::open(folder.spool(index))?;
        Ok(Self { file, buffer: vec![0; 64 * 1024], lines: Lines::new(stream), observer })
    }

    /// Hands on what has come since the last time, up to `at_most` bytes of it.
    fn hand_on(&mut self, at_most: u64) -> io::Result<()> {
        let mut left = at_most;
        while left > 0 {
            match self.file.read(&mut self.buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(0) => break,
                Ok(count) => {
                    self.lines.push(&self.buffer[..count], self.observer);
                    left = left.saturating_sub(count as u64);
                }
            }
        }
        Ok(())
    }
}

async fn sleep_until(instant: Option<Instant>) {
    match instant {
        Some(instant) => time::sleep_until(instant.into()).await,
        None => std::future::pending().await,
    }
}

/// Waits until there is a reason to stop the op.
async fn must_stop(context: &RunContext<'_>, deadline: Option<Instant>) -> Stop {
    tokio::select! {
        stop = context.must_stop(deadline) => stop,
        () = disk_limit_reached(context) => Stop::DiskLimit,
    }
}

async fn disk_limit_reached(context: &RunContext<'_>) {
    let Some(limit_bytes) = context.limits().disk_bytes else {
        return std::future::pending().await;
    };
    loop {
        time::sleep(DISK_CHECK_INTERVAL).await;
        let root = context.job.scratch.root().to_owned();
        let measured = tokio::task::spawn_blocking(move || folder_bytes(&root)).await;
        if measured.is_ok_and(|size_bytes| size_bytes > limit_bytes) {
            return;
        }
    }
}
