//! [`ProcessExecutor`]: ops as plain processes of the host, for machines without a container engine and for tests.
//!
//! An op is a session and process group of its own, in the job's folder, with an empty environment and resource
//! limits. It is **no sandbox**: it runs as the worker's user and can read what that user can read. Offer it to
//! clients you trust.

mod lines;
mod spawn;
mod strays;
mod supports;

use std::{collections::BTreeMap, io, path::Path, pin::pin, process::Stdio, time::Duration};

use async_trait::async_trait;
use tokio::{process::Command, time};

use self::spawn::ProcessLimits;
use super::{Executor, Exit, RunContext, RunEnd, Scratch, Stop, Unsupported, scratch::folder_bytes};
use crate::{
    Device,
    definition::{Definition, RunArgs, Stream},
};

/// How often a job's folder is measured where `limits.disk_bytes` is set.
const DISK_CHECK_INTERVAL: Duration = Duration::from_millis(500);
/// How long output is still read after the last process of an op was ended.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// Settings of a [`ProcessExecutor`].
#[derive(Clone, Debug)]
pub struct ProcessConfig {
    /// The `PATH` of every op.
    pub path: String,
    /// Time between asking an op to end and killing it.
    pub stop_grace: Duration,
}

impl Default for ProcessConfig {
    fn default() -> Self {
        Self {
            path: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned(),
            stop_grace: Duration::from_secs(10),
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
}

#[async_trait]
impl Executor for ProcessExecutor {
    fn name(&self) -> &'static str {
        supports::NAME
    }

    fn supports(&self, definition: &Definition, device: &Device) -> Result<(), Unsupported> {
        supports::definition(definition, device)
    }

    async fn run(&self, args: &RunArgs, context: RunContext<'_>) -> RunEnd {
        // Once more, now that every literal is filled in.
        if let Err(unsupported) = supports::hydrated(args, context.device) {
            return RunEnd::not_started(unsupported);
        }
        match self.start_and_wait(args, &context).await {
            Ok(end) => end,
            Err(error) => RunEnd::not_started(error),
        }
    }

    async fn clean_up(&self, scratch: &Scratch) {
        let tmpdir = scratch.tmp();
        if let Err(error) = tokio::task::spawn_blocking(move || strays::kill(&tmpdir)).await {
            tracing::warn!(%error, "processes that a job left behind were not looked for");
        }
    }
}

impl ProcessExecutor {
    async fn start_and_wait(&self, args: &RunArgs, context: &RunContext<'_>) -> io::Result<RunEnd> {
        if context.cancel.is_cancelled() {
            return Ok(RunEnd { stop: Some(Stop::Cancelled), ..RunEnd::default() });
        }
        let argv = args.argv();
        let mut command = self.command(args, &argv, context)?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let limits = ProcessLimits {
            memory_bytes: context.limits.memory_bytes,
            file_bytes: context.limits.disk_bytes,
        };
        let (mut child, group) = spawn::spawn(command, limits).map_err(|error| {
            let program = argv.first().map_or("", String::as_str);
            io::Error::new(error.kind(), format!("\"{program}\" cannot be started: {error}; this executor has no images, the program must be on this machine"))
        })?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());

        let mut readers = pin!(async {
            let out = async {
                if let Some(pipe) = stdout {
                    lines::pump(pipe, Stream::Stdout, context.log).await;
                }
            };
            let err = async {
                if let Some(pipe) = stderr {
                    lines::pump(pipe, Stream::Stderr, context.log).await;
                }
            };
            tokio::join!(out, err);
        });
        let mut supervisor = pin!(async {
            let stop = tokio::select! {
                ended = group.leader_ended() => ended.map(|()| None)?,
                stop = stop_reason(context) => Some(stop),
            };
            if stop.is_some() {
                group.terminate();
                // Whether it ends by itself or the grace is over: what comes next is the same.
                let _ = time::timeout(self.config.stop_grace, group.leader_ended()).await;
            }
            // An op ends when its first process ends; what that left behind goes with it.
            group.kill();
            let status = child.wait().await?;
            group.reaped();
            Ok::<_, io::Error>((stop, status))
        });

        let mut reading = true;
        let (stop, status) = loop {
            tokio::select! {
                () = &mut readers, if reading => reading = false,
                ended = &mut supervisor => break ended?,
            }
        };
        if reading && time::timeout(DRAIN_TIMEOUT, readers).await.is_err() {
            let note = "a process has left the op's group and still holds its output; the rest is not read";
            context.log.line(Stream::Node, note.as_bytes(), true);
        }
        Ok(RunEnd { exit: Some(exit_of(status)), stop, not_started: None })
    }

    fn command(&self, args: &RunArgs, argv: &[String], context: &RunContext<'_>) -> io::Result<Command> {
        let Some((program, arguments)) = argv.split_first() else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the op has no command"));
        };
        let folder = context.scratch.make_work_folder(Path::new(args.work_dir.as_deref().unwrap_or("")))?;
        for mount in &args.volumes {
            context.scratch.link_volume(&mount.name, Path::new(&mount.dest))?;
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
        let work = path_text(&context.scratch.work())?;
        let mut env: BTreeMap<String, String> = [
            ("PATH", self.config.path.clone()),
            ("HOME", work.clone()),
            ("LANG", "C.UTF-8".to_owned()),
            ("TMPDIR", path_text(&context.scratch.tmp())?),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        env.extend(args.env.clone());
        // These come last: an op cannot choose its GPU.
        let gpus = if args.gpu { context.device.gpu_uuids.join(",") } else { String::new() };
        let given = [
            ("CUDA_VISIBLE_DEVICES", gpus),
            ("GRID_JOB", context.job_id.to_owned()),
            ("GRID_OP", context.op_id.to_owned()),
            ("GRID_INPUTS", work.clone()),
            ("GRID_OUTPUTS", work),
        ];
        env.extend(given.map(|(name, value)| (name.to_owned(), value)));
        for name in context.scratch.volumes()? {
            env.insert(supports::volume_variable(&name), path_text(&context.scratch.volume(&name))?);
        }
        Ok(env)
    }
}

/// Waits until there is a reason to stop the op.
async fn stop_reason(context: &RunContext<'_>) -> Stop {
    let timeout = async {
        match context.timeout {
            Some(timeout) => time::sleep(timeout).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = context.cancel.cancelled() => Stop::Cancelled,
        () = timeout => Stop::TimedOut,
        () = disk_limit_reached(context) => Stop::DiskLimit,
    }
}

async fn disk_limit_reached(context: &RunContext<'_>) {
    let Some(limit_bytes) = context.limits.disk_bytes else {
        return std::future::pending().await;
    };
    loop {
        time::sleep(DISK_CHECK_INTERVAL).await;
        let root = context.scratch.root().to_owned();
        let measured = tokio::task::spawn_blocking(move || folder_bytes(&root)).await;
        if measured.is_ok_and(|size_bytes| size_bytes > limit_bytes) {
            return;
        }
    }
}

fn exit_of(status: std::process::ExitStatus) -> Exit {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, signal) => Exit::Signal(signal.unwrap_or_default()),
    }
}
