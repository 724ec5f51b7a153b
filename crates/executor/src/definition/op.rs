//! One step of a job.

use std::{collections::BTreeMap, fmt, time::Duration};

use regex::bytes::{Regex, RegexBuilder};
use serde_json::Value;

use super::{DefinitionError, RunArgs, decode::At, grid::is_artifact_name};
use crate::result::ConnectorRecord;

type Result<T> = std::result::Result<T, DefinitionError>;

/// The longest id of an op, in bytes.
pub const MAX_ID_BYTES: usize = 128;
/// Memory that one compiled `results` expression may take, in bytes.
const MAX_REGEX_BYTES: usize = 1 << 20;
/// The longest id of a typed op, in bytes: its artifacts are named after it.
pub const MAX_TYPED_ID_BYTES: usize = 58;

/// One step of a job.
#[derive(Clone, PartialEq)]
pub struct Op {
    /// Unique in the definition, without whitespace.
    pub id: String,
    /// Ops of one group run side by side; without one named, an op is a group of its own.
    pub group: String,
    /// When it starts and stops.
    pub execution: Execution,
    /// What is picked out of its log lines, by key.
    pub results: BTreeMap<String, ResultRule>,
    /// What it does.
    pub action: Action,
    /// What it was before a connector turned it into a command.
    pub typed: Option<Typed>,
    /// The args as published, `global` merged in, literals and markers in place.
    pub(super) args: Value,
}

impl fmt::Debug for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the args as written: they may hold credentials, which the action's own `Debug` leaves out.
        f.debug_struct("Op")
            .field("id", &self.id)
            .field("group", &self.group)
            .field("execution", &self.execution)
            .field("results", &self.results)
            .field("action", &self.action)
            .field("typed", &self.typed)
            .finish_non_exhaustive()
    }
}

/// When an op starts and stops.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Execution {
    /// The group as written.
    pub group: Option<String>,
    /// Ops that must be healthy, or have ended well where they have no health check, before this one starts.
    pub depends_on: Vec<String>,
    /// Whether the op is stopped when every op that depends on it has ended.
    pub stop_if_dependent_stops: bool,
}

/// What an op does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// `container/run`: a command in an image.
    Run(Box<RunArgs>),
    /// `container/create-volume`: an empty folder that lives as long as the job.
    CreateVolume {
        /// Its name.
        name: String,
    },
    /// `bench/cpu`: the built-in CPU benchmark.
    BenchCpu {
        /// How long it measures.
        duration: Duration,
    },
    /// `bench/gpu`: the built-in benchmark of the device's GPUs.
    BenchGpu {
        /// How long it measures, all GPUs together.
        duration: Duration,
    },
    /// `inference/…`: a typed job. No executor runs it as it is; a connector turns it into a command first, by
    /// [`Definition::expand_inference`](super::Definition::expand_inference).
    Inference(InferenceTask),
}

/// What a typed job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum InferenceTask {
    /// `inference/embed`: vectors out of texts.
    Embed,
    /// `inference/image`: images out of a text.
    Image,
    /// `inference/transcribe`: text out of speech.
    Transcribe,
}

impl InferenceTask {
    /// Every task.
    pub const ALL: [Self; 3] = [Self::Embed, Self::Image, Self::Transcribe];

    /// The type of an op of this task, such as `inference/embed`.
    pub fn op_type(self) -> &'static str {
        match self {
            Self::Embed => "inference/embed",
            Self::Image => "inference/image",
            Self::Transcribe => "inference/transcribe",
        }
    }
}

/// The typed op that a command came out of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    /// What the op does.
    pub task: InferenceTask,
    /// The connector that made the command.
    pub connector: ConnectorRecord,
}

/// Where a log line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stream {
    /// The command's standard output.
    Stdout,
    /// The command's standard error.
    Stderr,
    /// The worker: why an op could not start or was stopped.
    Node,
}

impl Stream {
    /// Its name in a log: `stdout`, `stderr`, `node`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
            Self::Node => "node",
        }
    }
}

/// An expression over an op's log lines.
#[derive(Clone, Debug)]
pub struct ResultRule {
    /// The expression, matched in linear time.
    pub regex: Regex,
    /// The streams it looks at.
    pub streams: Vec<Stream>,
}

impl PartialEq for ResultRule {
    fn eq(&self, other: &Self) -> bool {
        self.regex.as_str() == other.regex.as_str() && self.streams == other.streams
    }
}

impl ResultRule {
    /// What the rule finds in one line: the first capture group if the expression has one, else the whole match.
    pub fn find(&self, stream: Stream, line: &[u8]) -> Option<String> {
        if !self.streams.contains(&stream) {
            return None;
        }
        let captures = self.regex.captures(line)?;
        let found = captures.get(1).or_else(|| captures.get(0))?;
        Some(String::from_utf8_lossy(found.as_bytes()).into_owned())
    }
}

/// What the fields of an op say before `global` is merged in.
pub(super) fn decode(at: At<'_>, merge: impl FnOnce(&Value) -> Value) -> Result<Op> {
    let args_path = format!("{}.args", at.path());
    let fields = at.fields(&["type", "id", "args", "results", "execution"])?;
    let id = fields.required("id", |at| {
        let id = at.str()?;
        if id.is_empty() || id.len() > MAX_ID_BYTES || id.chars().any(|c| c.is_whitespace() || c.is_control())
        {
            return Err(at.error(format_args!("an id has 1 to {MAX_ID_BYTES} bytes and no spaces")));
        }
        Ok(id.to_owned())
    })?;
    let kind = fields.required("type", At::string)?;
    let args = fields.required("args", |at| at.object().map(|_| at.value()))?;
    let (action, args) = match kind.as_str() {
        "container/run" => {
            let merged = merge(args);
            let run = RunArgs::decode(At::published(args_path, &merged))?;
            (Action::Run(Box::new(run)), merged)
        }
        "container/create-volume" => {
            let fields = At::published(args_path, args).fields(&["name"])?;
            (Action::CreateVolume { name: fields.required("name", volume_name)? }, args.clone())
        }
        "bench/cpu" => {
            (Action::BenchCpu { duration: bench_duration(At::published(args_path, args))? }, args.clone())
        }
        "bench/gpu" => {
            (Action::BenchGpu { duration: bench_duration(At::published(args_path, args))? }, args.clone())
        }
        kind if kind.starts_with("inference/") => {
            let task =
                InferenceTask::ALL.into_iter().find(|task| task.op_type() == kind).ok_or_else(|| {
                    let known = InferenceTask::ALL.map(InferenceTask::op_type).join(", ");
                    fields.missing("type", &format!("\"{kind}\" is none of {known}"))
                })?;
            if !is_artifact_name(&id) || id.len() > MAX_TYPED_ID_BYTES {
                return Err(fields.missing("id", &format!("a typed op's artifacts are named after it: 1 to {MAX_TYPED_ID_BYTES} letters, digits, \"_\", \"-\" or \".\", not starting with \".\"")));
            }
            (Action::Inference(task), args.clone())
        }
        kind => {
            let problem = format!(
                "\"{kind}\" is none of container/run, container/create-volume, bench/cpu, bench/gpu, inference/embed, inference/image, inference/transcribe"
            );
            return Err(fields.missing("type", &problem));
        }
    };
    let execution = fields.or_default("execution", execution)?;
    Ok(Op {
        group: execution.group.clone().unwrap_or_else(|| id.clone()),
        id,
        results: fields.or_default("results", |at| at.map(result_rule))?,
        execution,
        action,
        typed: None,
        args,
    })
}

fn execution(at: At<'_>) -> Result<Execution> {
    let fields = at.fields(&["group", "depends_on", "stop_if_dependent_stops"])?;
    Ok(Execution {
        group: fields.optional("group", At::text)?,
        depends_on: fields.or_default("depends_on", At::strings)?,
        stop_if_dependent_stops: fields.or_default("stop_if_dependent_stops", At::boolean)?,
    })
}

/// A volume's name becomes a folder and, in capitals, part of an environment variable.
fn volume_name(at: At<'_>) -> Result<String> {
    let name = at.str()?;
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || name.len() > 64 || !name.chars().all(good) || name.starts_with('.') {
        return Err(at.error("a volume's name has 1 to 64 letters, digits, \"_\", \"-\" or \".\", and does not start with \".\""));
    }
    Ok(name.to_owned())
}

/// What both benchmarks take.
fn bench_duration(args: At<'_>) -> Result<Duration> {
    let seconds = args.fields(&["seconds"])?.optional("seconds", bench_seconds)?;
    Ok(seconds.unwrap_or(Duration::from_secs(1)))
}

fn bench_seconds(at: At<'_>) -> Result<Duration> {
    match at.clone().number()? {
        seconds if (0.1..=60.0).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err(at.error("must be from 0.1 to 60")),
    }
}

fn result_rule(at: At<'_>) -> Result<ResultRule> {
    const STREAMS: &[(&str, Option<Stream>)] = &[
        // An op has no standard input here, so nothing ever matches there.
        ("stdin", None),
        ("stdout", Some(Stream::Stdout)),
        ("stderr", Some(Stream::Stderr)),
        ("nodeerr", Some(Stream::Node)),
    ];
    if at.value().is_string() {
        return Ok(ResultRule { regex: regex(at)?, streams: vec![Stream::Stdout, Stream::Stderr] });
    }
    let fields = at.fields(&["regex", "logType"])?;
    let streams = fields.required("logType", |at| {
        let streams = at.clone().list(|at| at.one_of(STREAMS))?;
        match streams.len() {
            1..=4 => Ok(streams.into_iter().flatten().collect()),
            _ => Err(at.error("names 1 to 4 of stdin, stdout, stderr, nodeerr")),
        }
    })?;
    Ok(ResultRule { regex: fields.required("regex", regex)?, streams })
}

fn regex(at: At<'_>) -> Result<Regex> {
    RegexBuilder::new(at.str()?).size_limit(MAX_REGEX_BYTES).build().map_err(|error| {
        let reason = error.to_string();
        // The last line says what is wrong; the lines before it draw a picture.
        let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
        at.error(format_args!("is no regular expression this format knows: {reason}"))
    })
}
