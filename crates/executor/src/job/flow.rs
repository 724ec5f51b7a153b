//! The order of ops: groups one after the other, the ops of a group side by side, dependencies first.

use std::{
    collections::BTreeMap,
    future::pending,
    sync::{Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde_json::Value;
use tokio::{sync::watch, time};
use tokio_util::sync::CancellationToken;

use super::{JobEvent, JobRequest, OnEvent, sink::OpSink, unix_ms};
use crate::{
    bench::{self, BenchError},
    definition::{Action, Literals, Op, RestartPolicy, RunArgs, Stream},
    exec::{Executor, Exit, LineSink, RunContext, RunEnd, Scratch, Stop, UNEXPANDED},
    log::JobLog,
    result::{Diagnostics, ErrorCode, ErrorRecord, OpRecord, OpStatus, StopReason},
};

/// The first pause before an op is started again; it doubles each time.
const FIRST_RESTART_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause before an op is started again.
const MAX_RESTART_PAUSE: Duration = Duration::from_secs(10);

/// One run of a job's ops.
pub(super) struct Flow<'a> {
    request: &'a JobRequest,
    scratch: &'a Scratch,
    executor: &'a dyn Executor,
    log: &'a JobLog,
    on_event: OnEvent<'a>,
    /// What literals resolve to so far.
    literals: Mutex<Literals>,
    /// Whether each op has ended, and ended well.
    ended: Vec<watch::Sender<Option<bool>>>,
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
    pub(super) fn new(
        request: &'a JobRequest,
        scratch: &'a Scratch,
        executor: &'a dyn Executor,
        log: &'a JobLog,
        on_event: OnEvent<'a>,
    ) -> Self {
        let literals = Literals {
            job: request.job_id.clone(),
            host: request.host.clone(),
            project: request.project.clone(),
            variables: request.definition.variables.clone(),
            ..Literals::default()
        };
        Self {
            request,
            scratch,
            executor,
            log,
            on_event,
            literals: Mutex::new(literals),
            ended: request.definition.ops.iter().map(|_| watch::channel(None).0).collect(),
            stop: CancellationToken::new(),
            stop_reason: OnceLock::new(),
        }
    }

    /// Runs every op. Gives their records in the definition's order, and why the job was ended early, if it was.
    pub(super) async fn run(self, cancel: CancellationToken) -> (Vec<OpRecord>, Option<StopReason>) {
        let watch = async {
            let reason = tokio::select! {
                () = cancel.cancelled() => StopReason::Cancelled,
                () = sleep_or_never(self.request.timeout) => StopReason::JobTimedOut,
            };
            let _ = self.stop_reason.set(reason);
            self.stop.cancel();
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
        let ops = &self.request.definition.ops;
        let mut records: Vec<Option<OpRecord>> = vec![None; ops.len()];
        let mut all_well = true;
        for (_, members) in self.request.definition.groups() {
            if !all_well {
                for index in members {
                    let error = match self.stop_reason.get() {
                        Some(reason) => super::job_stop_error(*reason),
                        None => ErrorRecord::new(
                            ErrorCode::EarlierGroupFailed,
                            "an earlier group did not end well",
                        ),
                    };
                    records[index] = Some(self.finish(index, skipped(&ops[index], error)));
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
        let op = &self.request.definition.ops[index];
        let record = match self.wait_for_dependencies(op).await {
            Err(error) => skipped(op, error),
            Ok(()) => self.start_op(index).await,
        };
        self.finish(index, record)
    }

    /// Waits until every op that `op` depends on has ended well.
    async fn wait_for_dependencies(&self, op: &Op) -> Result<(), ErrorRecord> {
        let mut missing = None;
        for id in &op.execution.depends_on {
            let position = self.request.definition.ops.iter().position(|other| other.id == *id);
            let Some(ended) = position.and_then(|other| self.ended.get(other)) else {
                continue;
            };
            if self.has_ended(ended).await != Some(true) {
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

    async fn has_ended(&self, ended: &watch::Sender<Option<bool>>) -> Option<bool> {
        let mut ended = ended.subscribe();
        // An error means that the sender is gone, which it is not: `self` holds it.
        ended.wait_for(Option::is_some).await.map_or(None, |ended| *ended)
    }

    /// Completes when the op wants to be stopped because every op that depends on it has ended.
    async fn dependents_ended(&self, op: &Op) {
        let dependents: Vec<_> = std::iter::zip(&self.request.definition.ops, &self.ended)
            .filter(|(other, _)| other.execution.depends_on.contains(&op.id))
            .collect();
        if !op.execution.stop_if_dependent_stops || dependents.is_empty() {
            return pending().await;
        }
        for (_, ended) in dependents {
            self.has_ended(ended).await;
        }
    }

    async fn start_op(&self, index: usize) -> OpRecord {
        let op = &self.request.definition.ops[index];
        let sink = OpSink::new(op, self.log, self.on_event);
        let cancel = self.stop.child_token();
        (self.on_event)(JobEvent::OpStarted { op: &op.id });
        let mut record = OpRecord { started_ms: Some(unix_ms()), ..record_of(op) };
        let dependents_ended = OnceLock::new();
        let work = async {
            match &op.action {
                Action::CreateVolume { name } => {
                    if let Err(error) = self.scratch.create_volume(name) {
                        fail(
                            &mut record,
                            ErrorCode::NotStarted,
                            format!("the volume \"{name}\" cannot be made: {error}"),
                        );
                    }
                }
                Action::BenchCpu { duration } => self.run_bench(*duration, &sink, &cancel, &mut record).await,
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
        let args = match self.request.definition.hydrate(index, &literals) {
            Ok(Some(args)) => args,
            Ok(None) => return,
            Err(error) => {
                sink.line(Stream::Node, error.to_string().as_bytes(), true);
                return fail(record, ErrorCode::LiteralUnresolved, error);
            }
        };
        record.image = Some(args.image.clone());
        let end = self.run_with_restarts(&args, index, sink, cancel, record).await;
        match end.exit {
            Some(Exit::Code(code)) => record.exit_code = Some(code),
            Some(Exit::Signal(signal)) => record.signal = Some(signal),
            None => {}
        }
        match end.stop {
            Some(Stop::TimedOut) => {
                record.diagnostics.stop_reason = Some(StopReason::OpTimedOut);
                let limit = self.request.definition.limits.wall_seconds.unwrap_or_default();
                fail(
                    record,
                    ErrorCode::OpTimedOut,
                    format!("ran for longer than limits.wall_seconds, {limit} s"),
                );
            }
            Some(Stop::DiskLimit) => {
                record.diagnostics.stop_reason = Some(StopReason::DiskLimit);
                let limit = self.request.definition.limits.disk_bytes.unwrap_or_default();
                fail(
                    record,
                    ErrorCode::DiskLimit,
                    format!("the job took more than limits.disk_bytes, {limit} bytes"),
                );
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
        let Some(check) = self.request.checks.get(&op.id).filter(|_| record.status == OpStatus::Succeeded)
        else {
            return;
        };
        let (check, work) = (check.clone(), self.scratch.work());
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
        let limits = &self.request.definition.limits;
        let deadline =
            limits.wall_seconds.and_then(|limit| Instant::now().checked_add(Duration::from_secs(limit)));
        let tries = match args.restart_policy {
            RestartPolicy::OnFailure { tries } => tries.unwrap_or(u32::MAX),
            RestartPolicy::No | RestartPolicy::Always | RestartPolicy::UnlessStopped => 0,
        };
        let mut pause = FIRST_RESTART_PAUSE;
        loop {
            let context = RunContext {
                job_id: &self.request.job_id,
                op_id: &self.request.definition.ops[index].id,
                scratch: self.scratch,
                device: &self.request.device,
                limits,
                timeout: deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())),
                cancel: cancel.clone(),
                log: sink,
            };
            let end = self.executor.run(args, context).await;
            let failed = end.stop.is_none() && end.not_started.is_none() && !end.succeeded();
            if !failed || record.diagnostics.restarts >= tries {
                return end;
            }
            tokio::select! {
                () = time::sleep(pause) => {}
                () = cancel.cancelled() => return RunEnd { stop: Some(Stop::Cancelled), ..end },
            }
            pause = (pause * 2).min(MAX_RESTART_PAUSE);
            record.diagnostics.restarts += 1;
            sink.take_results();
            (self.on_event)(JobEvent::OpStarted { op: &self.request.definition.ops[index].id });
        }
    }

    async fn run_bench(
        &self,
        duration: Duration,
        sink: &OpSink<'_>,
        cancel: &CancellationToken,
        record: &mut OpRecord,
    ) {
        let inner = cancel.clone();
        let measured = tokio::task::spawn_blocking(move || bench::cpu(duration, &inner)).await;
        match measured {
            Ok(Ok(figures)) => {
                let mut results = BTreeMap::new();
                for (name, figure) in figures.named() {
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
            Ok(Err(error @ BenchError::Wrong(_))) => fail(record, ErrorCode::BenchmarkWrong, error),
            Err(error) => fail(record, ErrorCode::NotStarted, error),
        }
    }

    /// Tells everybody who waits.
    fn finish(&self, index: usize, record: OpRecord) -> OpRecord {
        if record.status == OpStatus::Succeeded {
            let mut literals = self.literals.lock().unwrap_or_else(PoisonError::into_inner);
            literals.results.insert(record.id.clone(), record.results.clone());
        }
        (self.on_event)(JobEvent::OpEnded { op: &record.id, status: record.status });
        self.ended[index].send_replace(Some(record.is_well()));
        record
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

fn skipped(op: &Op, error: ErrorRecord) -> OpRecord {
    OpRecord { status: OpStatus::Skipped, errors: vec![error], ..record_of(op) }
}

fn fail(record: &mut OpRecord, code: ErrorCode, message: impl ToString) {
    record.status = OpStatus::Failed;
    record.errors.push(ErrorRecord::new(code, message));
}
