//! What is wrong with a node: rules over what it reports.

use grid_node_api::report::{DeviceState, Health, HealthProblem, JobPhase, NodeReport, Problem, ProblemKind};
use serde::Deserialize;

/// When something counts as a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Thresholds {
    /// Time without an answer of any endpoint, seconds.
    pub offline_after_seconds: u64,
    /// Time for which a job may be prepared, a job may run past its timeout or without a heartbeat, and a transaction may be
    /// on its way, seconds.
    pub stuck_after_seconds: u64,
    /// Time between the end of a job and its result on the chain, seconds.
    pub unpaid_after_seconds: u64,
    /// Least to have for transactions, lamports.
    pub min_fee_balance_lamports: u64,
    /// Least room to have on each disk, bytes.
    pub min_disk_free_bytes: u64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            offline_after_seconds: 60,
            stuck_after_seconds: 600,
            unpaid_after_seconds: 300,
            min_fee_balance_lamports: 20_000_000,
            min_disk_free_bytes: 5 << 30,
        }
    }
}

impl Thresholds {
    /// What is wrong, in the order of the report. The report's own list is not looked at.
    pub fn problems(&self, report: &NodeReport) -> Vec<Problem> {
        let mut found = Vec::new();
        self.chain(report, &mut found);
        self.jobs(report, &mut found);
        for device in report.devices.iter().filter(|device| device.state == DeviceState::Failed) {
            let reason = device.failure.as_deref().unwrap_or("no reason was told");
            let message = format!("{} takes no jobs: {reason}", device.label);
            found.push(problem(ProblemKind::DeviceFailed, device.device, message));
        }
        for disk in report.disks.iter().filter(|disk| disk.free_bytes < self.min_disk_free_bytes) {
            let (free, least) = (disk.free_bytes, self.min_disk_free_bytes);
            let message = format!("{free} bytes are free, {least} should be: make room");
            found.push(problem(ProblemKind::LowDisk, &disk.name, message));
        }
        found
    }

    fn chain(&self, report: &NodeReport, found: &mut Vec<Problem>) {
        let silent = report.now.saturating_sub(report.chain_read_at.unwrap_or(report.started_at));
        if silent > self.offline_after_seconds {
            let message =
                format!("no RPC endpoint has answered for {silent} s: check the network and the endpoints");
            found.push(problem(ProblemKind::Offline, report.node, message));
        }
        if let Some(balance) = report.fee_balance_lamports.filter(|it| *it < self.min_fee_balance_lamports) {
            let least = self.min_fee_balance_lamports;
            let message = format!(
                "{balance} lamports are left for transactions, {least} should be: send SOL to {}",
                report.node
            );
            found.push(problem(ProblemKind::LowFeeBalance, report.node, message));
        }
        for intent in &report.intents {
            let waited = report.now.saturating_sub(intent.since);
            if waited > self.stuck_after_seconds {
                let obstacle = intent.obstacle.as_deref().unwrap_or("it is sent again and again");
                let (kind, signatures) = (&intent.kind, intent.signatures);
                let message =
                    format!("{kind} has not landed for {waited} s after {signatures} signatures: {obstacle}");
                found.push(problem(ProblemKind::Stuck, intent.subject, message));
            }
        }
    }

    fn jobs(&self, report: &NodeReport, found: &mut Vec<Problem>) {
        for job in &report.jobs {
            let since = |time: u64| report.now.saturating_sub(time);
            let stuck = |time: u64| since(time) > self.stuck_after_seconds;
            let (kind, message) = match job.state {
                JobPhase::Preparing if stuck(job.since) => {
                    let message =
                        format!("the job has been prepared for {} s: look at its inputs", since(job.since));
                    (ProblemKind::Stuck, message)
                }
                JobPhase::Running => {
                    let started = job.started_at.unwrap_or(job.since);
                    let due = started.saturating_add(job.timeout_seconds.into());
                    let beat = job.heartbeat_at.unwrap_or(started);
                    let message = match () {
                        () if stuck(due) => format!("the job should have ended {} s ago", since(due)),
                        () if stuck(beat) => format!("no heartbeat has landed for {} s", since(beat)),
                        () => continue,
                    };
                    (ProblemKind::Stuck, message + ": look at the worker's log")
                }
                JobPhase::Unpaid if since(job.since) > self.unpaid_after_seconds => {
                    let waited = since(job.since);
                    let message = format!(
                        "the job ended {waited} s ago and is not paid; the worker goes on trying: check fee balance and endpoints"
                    );
                    (ProblemKind::UnpaidResult, message)
                }
                _ => continue,
            };
            found.push(problem(kind, job.job, message));
        }
    }
}

/// What `/health` says: everything, or to strangers the kinds only.
pub(crate) fn health(problems: &[Problem], to_strangers: bool) -> Health {
    let tell = |text: &str| (!to_strangers).then(|| text.to_owned());
    let mut told: Vec<HealthProblem> = problems
        .iter()
        .map(|problem| HealthProblem {
            kind: problem.kind,
            subject: tell(&problem.subject),
            message: tell(&problem.message),
        })
        .collect();
    told.dedup();
    Health { is_healthy: told.is_empty(), problems: told }
}

fn problem(kind: ProblemKind, subject: impl ToString, message: String) -> Problem {
    Problem { kind, subject: subject.to_string(), message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use grid_node_api::report::JobReport;

    const RULES: Thresholds = Thresholds {
        offline_after_seconds: 60,
        stuck_after_seconds: 600,
        unpaid_after_seconds: 300,
        min_fee_balance_lamports: 1_000,
        min_disk_free_bytes: 500,
    };

    /// The problem that a change of a healthy report brings, if it is one.
    fn after(change: impl FnOnce(&mut NodeReport)) -> Option<Problem> {
        let mut report = sample::report();
        assert_eq!(RULES.problems(&report), [], "the sample is healthy");
        change(&mut report);
        let mut problems = RULES.problems(&report);
        assert!(problems.len() <= 1, "{problems:?}");
        problems.pop()
    }

    #[track_caller]
    fn is(kind: ProblemKind, words: &str, found: Option<Problem>) {
        let found = found.expect("a problem");
        assert!(found.kind == kind && found.message.contains(words), "{found:?}");
    }

    #[test]
    fn silence_of_all_endpoints_is_offline() {
        assert_eq!(after(|report| report.chain_read_at = Some(report.now - 60)), None);
        is(ProblemKind::Offline, "61 s", after(|report| report.chain_read_at = Some(report.now - 61)));
        let never = |report: &mut NodeReport| {
            report.chain_read_at = None;
            report.started_at = report.now - 61;
        };
        is(ProblemKind::Offline, "61 s", after(never));
    }

    #[test]
    fn little_money_and_little_room_are_told() {
        assert_eq!(after(|report| report.fee_balance_lamports = Some(1_000)), None);
        assert_eq!(after(|report| report.fee_balance_lamports = None), None, "unknown is not low");
        is(
            ProblemKind::LowFeeBalance,
            "999 lamports",
            after(|report| report.fee_balance_lamports = Some(999)),
        );
        assert_eq!(after(|report| report.disks[0].free_bytes = 500), None);
        is(ProblemKind::LowDisk, "499 bytes", after(|report| report.disks[0].free_bytes = 499));
    }

    #[test]
    fn a_failed_device_is_told_with_its_reason() {
        let failed = |report: &mut NodeReport| {
            report.devices[0].state = DeviceState::Failed;
            report.devices[0].failure = Some("it fell off the bus".into());
        };
        is(ProblemKind::DeviceFailed, "it fell off the bus", after(failed));
    }

    #[test]
    fn a_transaction_that_does_not_land_is_stuck() {
        assert_eq!(after(|report| report.intents[0].since = report.now - 600), None);
        is(
            ProblemKind::Stuck,
            "finish has not landed",
            after(|report| report.intents[0].since = report.now - 601),
        );
    }

    fn job(change: impl FnOnce(&mut JobReport, u64)) -> Option<Problem> {
        after(|report| change(&mut report.jobs[0], report.now))
    }

    #[test]
    fn a_job_that_does_not_get_on_is_stuck() {
        let preparing = |ago| {
            job(|job, now| (job.state, job.since, job.started_at) = (JobPhase::Preparing, now - ago, None))
        };
        assert_eq!(preparing(600), None);
        is(ProblemKind::Stuck, "601 s", preparing(601));
        is(ProblemKind::Stuck, "no heartbeat", job(|job, now| job.heartbeat_at = Some(now - 601)));
        let overdue = |ago| job(|job, now| job.started_at = Some(now - u64::from(job.timeout_seconds) - ago));
        assert_eq!(overdue(600), None);
        is(ProblemKind::Stuck, "should have ended 601 s ago", overdue(601));
    }

    #[test]
    fn a_result_that_is_not_paid_is_told_and_one_that_is_is_not() {
        let ended = |state, ago| job(|job, now| (job.state, job.since) = (state, now - ago));
        assert_eq!(ended(JobPhase::Unpaid, 300), None);
        is(ProblemKind::UnpaidResult, "301 s ago", ended(JobPhase::Unpaid, 301));
        assert_eq!(ended(JobPhase::Paid, 100_000), None);
        assert_eq!(ended(JobPhase::Gone, 100_000), None);
    }

    #[test]
    fn strangers_are_told_the_kind_only() {
        let low = |name: &str| problem(ProblemKind::LowDisk, name, "make room".into());
        let problems = [low("store"), low("scratch")];
        let full = health(&problems, false);
        assert!(!full.is_healthy && full.problems.len() == 2);
        let told = serde_json::to_string(&health(&problems, true)).unwrap();
        assert_eq!(told, r#"{"is_healthy":false,"problems":[{"kind":"low-disk"}]}"#);
        assert!(health(&[], true).is_healthy);
    }
}
