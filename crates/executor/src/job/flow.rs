//! The order of ops: groups one after the other, the ops of a group side by side, dependencies first.

use std::{
    collections::BTreeMap,
    future::pending,
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

use futures_util::future::join_all;
use serde_json::Value;
use tokio::{sync::watch, time};
use tokio_util::sync::CancellationToken;

use super::{
    JobEvent, JobRequest, OnEvent,
    journal::{Journal, OpProgress, Step},
    sink::OpSink,
    unix_ms,
};
use crate::{
    bench::{self, BenchError},
    definition::{Action, Literals, Op, RestartPolicy, RunArgs, Stream},
    exec::{Executor, Exit, JobContext, OpObserver, RunContext, RunEnd, Stop, UNEXPANDED},
    log::JobLog,
    result::{Diagnostics, ErrorCode, ErrorRecord, OpRecord, OpStatus, StopReason},
};

/// The first pause before an op is started again; it doubles each time.
const FIRST_RESTART_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause before an op is started again.
const MAX_RESTART_PAUSE: Duration = Duration::from_secs(10);

/// What a job's ops run with.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    pub(super) request: &'a JobRequest,
    pub(super) job: JobContext<'a>,
    pub(super) executor: &'a dyn Executor,
    pub(super) journal: &'a Journal,
    pub(super) log: &'a JobLog,
    pub(super) on_event: OnEvent<'a>,
}

/// How far an op has come, and what of its output is in the log already, where an earlier worker ran it.
#[derive(Clone, Debug, Default)]
pub(super) struct Earlier {
    pub(super) progress: OpProgress,
    pub(super) logged_bytes: [u64; 2],
}

/// What others wait for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OpState {
    /// Whether it has passed its health checks.
    pub(super) healthy: bool,
    /// Whether it has ended, and ended well.
    pub(super) ended: Option<bool>,
}

/// One run of a job's ops.
pub(super) struct Flow<'a> {
    with: Surroundings<'a>,
    /// What an earlier worker did, by op.
    earlier: Vec<Earlier>,
    /// When the job started, in milliseconds of Unix time.
    started_ms: u64,
    /// What literals resolve to so far.
    literals: Mutex<Literals>,
    states: Vec<watch::Sender<OpState>>,
    /// Ends every op.
    stop: CancellationToken,
    /// Why every op was ended.
    stop_reason: OnceLock<StopReason>,
}

impl OpRecord {
    /// Whether later ops may build on it.
    pub(super) fn is_well(&self) -> bool {
        self.status == OpStatus::Succeeded
            || self.diagnostics.stop_reason == Some(StopReason::DependentsEnded)
    }
}

impl<'a> Flow<'a> {
    /// A run that began at `started_ms`. `earlier` has an entry for each op; `stopped` is why an earlier worker was
    /// about to end all of them, if it was.
    pub(super) fn new(
        with: Surroundings<'a>,
        earlier: Vec<Earlier>,
        started_ms: u64,
        stopped: Option<StopReason>,
    ) -> Self {
        let stop = CancellationToken::new();
        if stopped.is_some() {
            stop.cancel();
        }
        let (request, definition) = (with.request, &with.request.definition);
        let addresses = with.executor.addresses(definition);
        let literals = Literals {
            job: request.job_id.clone(),
            host: request.host.clone(),
            project: request.project.clone(),
            variables: definition.variables.clone(),
            results: BTreeMap::new(),
            hosts: addresses.hosts,
            endpoints: addresses.endpoints,
        };
        Self {
            with,
            earlier,
            started_ms,
            literals: Mutex::new(literals),
            states: definition.ops.iter().map(|_| watch::channel(OpState::default()).0).collect(),
            stop,
            stop_reason: stopped.map_or_else(OnceLock::new, OnceLock::from),
        }
    }

    /// Runs every op. Gives their records in the definition's order, and why the job was ended early, if it was.
    pub(super) async fn run(self, cancel: CancellationToken) -> (Vec<OpRecord>, Option<StopReason>) {
        let watch = async {
            let left = self.with.request.timeout.map(|timeout| left_of(timeout, self.started_ms));
            let reason = tokio::select! {
                () = cancel.cancelled() => StopReason::Cancelled,
                () = sleep_or_never(left) => StopReason::JobTimedOut,
            };
            if self.stop_reason.set(reason).is_ok() {
                self.with.journal.append(&Step::Stopping { reason });
                self.stop.cancel();
            }
            pending().await
        };
        let records = tokio::select! {
            biased;
            never = watch => never,
            records = self.run_groups() => records,
        };
        // Set off in the very last moment, it ended nothing: then it is not why the job ended.
        let stopped_any = records.iter().any(|op| !op.is_well());
        let reason = self.stop_reason.get().copied().filter(|_| stopped_any);
        (records, reason)
    }

    async fn run_groups(&self) -> Vec<OpRecord> {
        let ops = &self.with.request.definition.ops;
        let mut records: Vec<Option<OpRecord>> = vec![None; ops.len()];
        let mut all_well = true;
        for (_, members) in self.with.request.definition.groups() {
            if !all_well {
                for index in members {
                    let error = match self.stop_reason.get() {
                        Some(reason) => super::job_stop_error(*reason),
                        None => ErrorRecord::new(
                            ErrorCode::EarlierGroupFailed,
                            "an earlier group did not end well",
                        ),
                    };
                    records[index] = Some(self.skip(index, error));
                }
                continue;
            }
            // Volumes first, so that every command of the group finds them.
            let (volumes, others): (Vec<usize>, Vec<usize>) = members
                .into_iter()
                .partition(|index| matches!(ops[*index].action, Action::CreateVolume { .. }));
            let mut ended = Vec::new();
            for index in volumes {
                ended.push((index, self.run_op(index).await));
            }
            ended.extend(
                join_all(others.into_iter().map(async |index| (index, self.run_op(index).await))).await,
            );
            for (index, record) in ended {
                all_well &= record.is_well();
                records[index] = Some(record);
            }
        }
        records.into_iter().flatten().collect()
    }

    async fn run_op(&self, index: usize) -> OpRecord {
        if let Some(record) = &self.earlier[index].progress.record {
            return self.tell(index, record.clone());
        }
        match self.wait_for_dependencies(self.op(index)).await {
            Err(error) => self.skip(index, error),
            Ok(()) => {
                let record = self.start_op(index).await;
                self.finish(index, record)
            }
        }
    }

    fn op(&self, index: usize) -> &'a Op {
        &self.with.request.definition.ops[index]
    }

    /// Waits until every op that `op` depends on is healthy or has ended well.
    async fn wait_for_dependencies(&self, op: &Op) -> Result<(), ErrorRecord> {
        let mut missing = None;
        for id in &op.execution.depends_on {
            let position = self.with.request.definition.ops.iter().position(|other| other.id == *id);
            let Some(state) = position.and_then(|other| self.states.get(other)) else {
                continue;
            };
            let mut state = state.subscribe();
            let ready = state.wait_for(|state| state.healthy || state.ended.is_some()).await;
            // An error means that the sender is gone, which it is not: `self` holds it.
            if !ready.is_ok_and(|state| state.healthy || state.ended == Some(true)) {
                missing = Some(id);
                break;
            }
        }
        // When the job was ended, that is the reason, and not the op that it took along first.
        match (self.stop_reason.get(), missing) {
            (Some(reason), _) => Err(super::job_stop_error(*reason)),
            (None, Some(id)) => {
                let message = format!("\"{id}\", which it depends on, did not end well");
                Err(ErrorRecord::new(ErrorCode::DependencyFailed, message))
            }
            (None, None) => Ok(()),
        }
    }

    /// Completes when the op wants to be stopped because every op that depends on it has ended.
    async fn dependents_ended(&self, op: &Op) {
        let dependents: Vec<_> = std::iter::zip(&self.with.request.definition.ops, &self.states)
            .filter(|(other, _)| other.execution.depends_on.contains(&op.id))
            .collect();
        if !op.execution.stop_if_dependent_stops || dependents.is_empty() {
            return pending().await;
        }
        for (_, state) in dependents {
            let _ = state.subscribe().wait_for(|state| state.ended.is_some()).await;
        }
    }

    async fn start_op(&self, index: usize) -> OpRecord {
        let (op, earlier) = (self.op(index), &self.earlier[index]);
        let sink =
            OpSink::new(op, self.with.log, self.with.on_event, &self.states[index], earlier.logged_bytes);
        let cancel = self.stop.child_token();
        (self.with.on_event)(JobEvent::OpStarted { op: &op.id });
        let started_ms = earlier.progress.first_ms.unwrap_or_else(unix_ms);
        let mut record = OpRecord { started_ms: Some(started_ms), ..record_of(op) };
        let dependents_ended = OnceLock::new();
        let work = async {
            match &op.action {
                Action::CreateVolume { name } => {
                    let made = self.with.executor.create_volume(&self.with.job, name).await;
                    if let Err(error) = made {
                        fail(
                            &mut record,
                            ErrorCode::NotStarted,
                            format!("the volume \"{name}\" cannot be made: {error}"),
                        );
                    }
                }
                Action::BenchCpu { duration } => {
                    let duration = *duration;
                    let measure = move |cancel: &_| Ok(bench::cpu(duration, cancel)?.named());
                    self.run_bench(measure, &sink, &cancel, &mut record).await
                }
                Action::BenchGpu { duration } => {
                    let (duration, uuids) = (*duration, self.with.request.device.gpu_uuids.clone());
                    let measure = move |cancel: &_| bench::gpu(&uuids, duration, cancel);
                    self.run_bench(measure, &sink, &cancel, &mut record).await
                }
                Action::Run(_) => {
                    self.run_command(index, &sink, &cancel, &dependents_ended, &mut record).await;
                    self.check_output(op, &sink, &mut record).await;
                }
                Action::Inference(_) => fail(&mut record, ErrorCode::NotStarted, UNEXPANDED),
            }
        };
        let watch = async {
            self.dependents_ended(op).await;
            let _ = dependents_ended.set(());
            cancel.cancel();
            pending::<()>().await
        };
        tokio::select! {
            () = watch => {}
            () = work => {}
        }
        let (matched, truncated) = sink.take_results();
        record.results.extend(matched);
        record.diagnostics.results_truncated = truncated;
        // A clock set back while the op ran must not make it end before it started.
        record.ended_ms = Some(unix_ms().max(record.started_ms.unwrap_or(0)));
        record
    }

    async fn run_command(
        &self,
        index: usize,
        sink: &OpSink<'_>,
        cancel: &CancellationToken,
        dependents_ended: &OnceLock<()>,
        record: &mut OpRecord,
    ) {
        let literals = self.literals.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let args = match self.with.request.definition.hydrate(index, &literals) {
            Ok(Some(args)) => args,
            Ok(None) => return,
            Err(error) => {
                sink.line(Stream::Node, error.to_string().as_bytes(), true);
                return fail(record, ErrorCode::LiteralUnresolved, error);
            }
        };
        record.image = Some(args.image.clone());
        let end = self.run_with_restarts(&args, index, sink, cancel, record).await;
        record.diagnostics.out_of_memory = end.out_of_memory;
        match end.exit {
            Some(Exit::Code(code)) => record.exit_code = Some(code),
            Some(Exit::Signal(signal)) => record.signal = Some(signal),
            None => {}
        }
        match end.stop {
            Some(Stop::TimedOut) => {
                record.diagnostics.stop_reason = Some(StopReason::OpTimedOut);
                let limit = self.with.request.definition.limits.wall_seconds.unwrap_or_default();
                fail(
                    record,
                    ErrorCode::OpTimedOut,
                    format!("ran for longer than limits.wall_seconds, {limit} s"),
                );
            }
            Some(Stop::DiskLimit) => {
                record.diagnostics.stop_reason = Some(StopReason::DiskLimit);
                let limit = self.with.request.definition.limits.disk_bytes.unwrap_or_default();
                fail(
                    record,
                    ErrorCode::DiskLimit,
                    format!("the job took more than limits.disk_bytes, {limit} bytes"),
                );
            }
            Some(Stop::OutputLimit) => {
                record.diagnostics.stop_reason = Some(StopReason::OutputLimit);
                fail(record, ErrorCode::OutputLimit, "wrote more output than this worker keeps of one op");
            }
            Some(Stop::Cancelled) => {
                record.status = OpStatus::Stopped;
                record.diagnostics.stop_reason =
                    Some(match (self.stop_reason.get(), dependents_ended.get()) {
                        (Some(reason), _) => *reason,
                        (None, Some(())) => StopReason::DependentsEnded,
                        (None, None) => StopReason::Cancelled,
                    });
            }
            None => match (end.not_started, end.exit) {
                _ if end.lost.is_some() => {
                    let reason = end.lost.unwrap_or_default();
                    sink.line(Stream::Node, reason.as_bytes(), true);
                    fail(record, ErrorCode::Lost, reason);
                }
                (Some(reason), _) => {
                    sink.line(Stream::Node, reason.as_bytes(), true);
                    fail(record, ErrorCode::NotStarted, reason);
                }
                (None, Some(Exit::Signal(signal))) => {
                    fail(record, ErrorCode::Signal, format!("signal {signal} ended the command"));
                }
                (None, Some(Exit::Code(code))) if code != 0 => {
                    fail(record, ErrorCode::ExitCode, format!("the command ended with exit code {code}"));
                }
                (None, _) => {}
            },
        }
    }

    /// A command that ended well has done its work only if what it left is as promised.
    async fn check_output(&self, op: &Op, sink: &OpSink<'_>, record: &mut OpRecord) {
        let Some(check) =
            self.with.request.checks.get(&op.id).filter(|_| record.status == OpStatus::Succeeded)
        else {
            return;
        };
        let (check, work) = (check.clone(), self.with.job.scratch.work());
        let checked = tokio::task::spawn_blocking(move || check.check(&work)).await;
        if let Err(problem) = checked.unwrap_or_else(|error| Err(error.to_string())) {
            sink.line(Stream::Node, problem.as_bytes(), true);
            fail(record, ErrorCode::OutputInvalid, problem);
        }
    }

    /// Runs the command, again as often as its policy says. What an earlier try matched does not count.
    async fn run_with_restarts(
        &self,
        args: &RunArgs,
        index: usize,
        sink: &OpSink<'_>,
        cancel: &CancellationToken,
        record: &mut OpRecord,
    ) -> RunEnd {
        let earlier = &self.earlier[index].progress;
        let first_ms = record.started_ms.unwrap_or_else(unix_ms);
        let limit = self.with.request.definition.limits.wall_seconds.map(Duration::from_secs);
        let mut pause = FIRST_RESTART_PAUSE;
        let mut attempt = earlier.attempt;
        let mut is_noted = earlier.is_running();
        loop {
            record.diagnostics.restarts = attempt;
            if !is_noted {
                let log_bytes = self.with.log.size_bytes();
                let at_ms = if attempt == 0 { first_ms } else { unix_ms() };
                self.with.journal.append(&Step::OpStarted { op: index, attempt, at_ms, log_bytes });
            }
            is_noted = false;
            let context = RunContext {
                job: self.with.job,
                op_index: index,
                attempt,
                timeout: limit.map(|limit| left_of(limit, first_ms)),
                cancel: cancel.clone(),
                observer: sink,
            };
            let end = self.with.executor.run(args, context).await;
            if !end.ended_by_itself() || !restarts(args.restart_policy, attempt, end.succeeded()) {
                return end;
            }
            tokio::select! {
                () = time::sleep(pause) => {}
                () = cancel.cancelled() => return RunEnd { stop: Some(Stop::Cancelled), ..end },
            }
            pause = (pause * 2).min(MAX_RESTART_PAUSE);
            attempt = attempt.saturating_add(1);
            sink.take_results();
            (self.with.on_event)(JobEvent::OpStarted { op: &self.op(index).id });
        }
    }

    /// Runs a benchmark, which gives its figures by name.
    async fn run_bench(
        &self,
        measure: impl FnOnce(&CancellationToken) -> Result<BTreeMap<&'static str, u64>, BenchError>
        + Send
        + 'static,
        sink: &OpSink<'_>,
        cancel: &CancellationToken,
        record: &mut OpRecord,
    ) {
        let inner = cancel.clone();
        let measured = tokio::task::spawn_blocking(move || measure(&inner)).await;
        match measured {
            Ok(Ok(figures)) => {
                let mut results = BTreeMap::new();
                for (name, figure) in figures {
                    sink.line(Stream::Stdout, format!("{name} {figure}").as_bytes(), true);
                    results.insert(name.to_owned(), Value::from(figure));
                }
                record.results = results;
            }
            Ok(Err(BenchError::Cancelled)) => {
                record.status = OpStatus::Stopped;
                record.diagnostics.stop_reason =
                    Some(self.stop_reason.get().copied().unwrap_or(StopReason::DependentsEnded));
            }
            Ok(Err(error)) if error.is_wrong() => fail(record, ErrorCode::BenchmarkWrong, error),
            Ok(Err(error)) => {
                sink.line(Stream::Node, error.to_string().as_bytes(), true);
                fail(record, ErrorCode::NotStarted, error);
            }
            Err(error) => fail(record, ErrorCode::NotStarted, error),
        }
    }

    /// Ends an op that was never started.
    fn skip(&self, index: usize, error: ErrorRecord) -> OpRecord {
        // Where an earlier worker had skipped it, it was for the same reason.
        let earlier = self.earlier[index].progress.record.clone();
        let op = self.op(index);
        match earlier {
            Some(record) => self.tell(index, record),
            None => self
                .finish(index, OpRecord { status: OpStatus::Skipped, errors: vec![error], ..record_of(op) }),
        }
    }

    /// Notes what an op did, and tells everybody.
    fn finish(&self, index: usize, record: OpRecord) -> OpRecord {
        self.with.journal.append(&Step::OpEnded { op: index, record: Box::new(record.clone()) });
        (self.with.on_event)(JobEvent::OpEnded { op: &record.id, status: record.status });
        self.tell(index, record)
    }

    /// Tells every op that waits.
    fn tell(&self, index: usize, record: OpRecord) -> OpRecord {
        if record.status == OpStatus::Succeeded {
            let mut literals = self.literals.lock().unwrap_or_else(PoisonError::into_inner);
            literals.results.insert(record.id.clone(), record.results.clone());
        }
        self.states[index].send_modify(|state| state.ended = Some(record.is_well()));
        record
    }
}

/// What is left of `limit` for what started at `started_ms`, in milliseconds of Unix time.
fn left_of(limit: Duration, started_ms: u64) -> Duration {
    limit.saturating_sub(Duration::from_millis(unix_ms().saturating_sub(started_ms)))
}

/// Whether an op that ended by itself is started again, after `attempt` earlier starts.
fn restarts(policy: RestartPolicy, attempt: u32, succeeded: bool) -> bool {
    match policy {
        RestartPolicy::No => false,
        RestartPolicy::Always | RestartPolicy::UnlessStopped => true,
        RestartPolicy::OnFailure { tries } => !succeeded && tries.is_none_or(|tries| attempt < tries),
    }
}

async fn sleep_or_never(duration: Option<Duration>) {
    match duration {
        Some(duration) => time::sleep(duration).await,
        None => pending().await,
    }
}

fn record_of(op: &Op) -> OpRecord {
    let (kind, image) = match &op.action {
        Action::Run(args) => ("container/run", Some(args.image.clone())),
        Action::CreateVolume { .. } => ("container/create-volume", None),
        Action::BenchCpu { .. } => ("bench/cpu", None),
        Action::BenchGpu { .. } => ("bench/gpu", None),
        Action::Inference(task) => (task.op_type(), None),
    };
    let kind = op.typed.as_ref().map_or(kind, |typed| typed.task.op_type());
    OpRecord {
        id: op.id.clone(),
        group: op.group.clone(),
        kind: kind.to_owned(),
        image,
        connector: op.typed.as_ref().map(|typed| typed.connector.clone()),
        status: OpStatus::Succeeded,
        exit_code: None,
        signal: None,
        started_ms: None,
        ended_ms: None,
        results: BTreeMap::new(),
        errors: Vec::new(),
        diagnostics: Diagnostics::default(),
    }
}

fn fail(record: &mut OpRecord, code: ErrorCode, message: impl ToString) {
    record.status = OpStatus::Failed;
    record.errors.push(ErrorRecord::new(code, message));
}
