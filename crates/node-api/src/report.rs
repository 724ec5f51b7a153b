//! What a node tells about itself: the JSON of `/status`, `/jobs/ADDRESS` and `/health`.
//!
//! Times are Unix seconds, amounts are atoms or lamports, sizes are bytes. Whoever reads it must expect fields that are
//! not here yet.

use std::fmt;

use grid_executor::{Digest, JobStatus};
use serde::{Deserialize, Serialize};
use solana_address::Address;

use crate::text;

/// All that a worker knows of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NodeReport {
    /// The node's key.
    #[serde(with = "text")]
    pub node: Address,
    /// Version of the worker.
    pub version: String,
    /// When the worker started.
    pub started_at: u64,
    /// When this was told.
    pub now: u64,
    /// Whether it takes no more jobs because it is about to end.
    pub is_stopping: bool,
    /// When an endpoint last answered.
    pub chain_read_at: Option<u64>,
    /// What pays for transactions, lamports.
    pub fee_balance_lamports: Option<u64>,
    /// What is sold.
    pub devices: Vec<DeviceReport>,
    /// Jobs that are here: those that run, those that are not paid yet, and the last ones that are.
    pub jobs: Vec<JobReport>,
    /// What has not landed yet.
    pub intents: Vec<IntentReport>,
    /// Ways to the chain.
    pub endpoints: Vec<EndpointReport>,
    /// Room for jobs and content.
    pub disks: Vec<DiskReport>,
    /// What somebody should look at.
    pub problems: Vec<Problem>,
}

/// A device that is sold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeviceReport {
    /// Its account.
    #[serde(with = "text")]
    pub device: Address,
    /// Its market.
    #[serde(with = "text")]
    pub market: Address,
    /// The mint that the market pays in.
    #[serde(with = "text")]
    pub mint: Address,
    /// What the machine calls it.
    pub label: String,
    /// What it does.
    pub state: DeviceState,
    /// Why it does nothing, if it failed.
    pub failure: Option<String>,
    /// The job that it has.
    #[serde(with = "text::option", default)]
    pub job: Option<Address>,
    /// Its place in the market's queue, 1 for the next.
    pub queue_position: Option<u32>,
    /// What it has earned and not withdrawn, atoms.
    pub earnings_atoms: Option<u64>,
    /// Temperature, degrees Celsius.
    pub temperature_celsius: Option<u32>,
    /// Power drawn, watts.
    pub power_watts: Option<u32>,
    /// Share of time in which it computed, percent.
    pub utilisation_percent: Option<u32>,
    /// Video memory in use, bytes.
    pub memory_used_bytes: Option<u64>,
    /// Video memory, bytes.
    pub memory_total_bytes: Option<u64>,
}

/// What a device does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceState {
    /// Nothing, by choice or for a moment.
    Idle,
    /// Waits in the queue.
    Queued,
    /// Has a job that has not started.
    Matched,
    /// Runs a job.
    Running,
    /// Is broken or gone.
    Failed,
}

impl DeviceState {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Idle, Self::Queued, Self::Matched, Self::Running, Self::Failed];

    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Queued => "queued",
            Self::Matched => "matched",
            Self::Running => "running",
            Self::Failed => "failed",
        }
    }
}

/// A job, as the worker knows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobReport {
    /// Its account.
    #[serde(with = "text")]
    pub job: Address,
    /// Who pays for it.
    #[serde(with = "text")]
    pub project: Address,
    /// Where it runs.
    #[serde(with = "text")]
    pub device: Address,
    /// SHA-256 of its definition.
    pub definition: Digest,
    /// How far it is.
    pub state: JobPhase,
    /// Since when.
    pub since: u64,
    /// When the paid clock started.
    pub started_at: Option<u64>,
    /// Longest paid run, seconds.
    pub timeout_seconds: u32,
    /// When its last heartbeat landed.
    pub heartbeat_at: Option<u64>,
    /// Bytes of its log so far.
    pub log_bytes: Option<u64>,
    /// How it ended.
    pub status: Option<JobStatus>,
    /// SHA-256 of the result document.
    pub result: Option<Digest>,
}

/// How far a job is on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobPhase {
    /// What it needs is being fetched.
    Preparing,
    /// It runs.
    Running,
    /// It has run; its result has not reached the chain.
    Unpaid,
    /// Its result is on the chain.
    Paid,
    /// It was handed back, ended by its client, or taken back.
    Gone,
}

impl JobPhase {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Preparing, Self::Running, Self::Unpaid, Self::Paid, Self::Gone];

    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Preparing => "preparing",
            Self::Running => "running",
            Self::Unpaid => "unpaid",
            Self::Paid => "paid",
            Self::Gone => "gone",
        }
    }
}

/// A transaction that must land and has not yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IntentReport {
    /// The account that it is about.
    #[serde(with = "text")]
    pub subject: Address,
    /// The instruction's name.
    pub kind: String,
    /// Since when it is wanted.
    pub since: u64,
    /// How often it was signed.
    pub signatures: u32,
    /// What stands in its way, if that is known.
    pub obstacle: Option<String>,
}

/// An RPC endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EndpointReport {
    /// Its address. Only scheme, host and port of it are shown: the rest may hold a key.
    pub name: String,
    /// Whether it answered the last request.
    pub is_answering: bool,
    /// Slots behind the newest that any endpoint has.
    pub lag_slots: Option<u64>,
    /// Requests since the worker started.
    pub requests: u64,
    /// Those that failed.
    pub errors: u64,
}

/// A file system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DiskReport {
    /// What lies there, `store` or `scratch`.
    pub name: String,
    /// Room that is left, bytes.
    pub free_bytes: u64,
    /// Room in all, bytes.
    pub total_bytes: u64,
}

/// Something that somebody should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What kind.
    pub kind: ProblemKind,
    /// What it is about: an address, an endpoint, a disk.
    pub subject: String,
    /// What is wrong and what to do.
    pub message: String,
}

/// Kinds of problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// No endpoint answers.
    Offline,
    /// A job or a transaction does not get on.
    Stuck,
    /// There is little left to pay for transactions.
    LowFeeBalance,
    /// A job has run and is not paid.
    UnpaidResult,
    /// A device is broken or gone.
    DeviceFailed,
    /// There is little room left on a disk.
    LowDisk,
}

impl ProblemKind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Offline,
        Self::Stuck,
        Self::LowFeeBalance,
        Self::UnpaidResult,
        Self::DeviceFailed,
        Self::LowDisk,
    ];

    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Stuck => "stuck",
            Self::LowFeeBalance => "low-fee-balance",
            Self::UnpaidResult => "unpaid-result",
            Self::DeviceFailed => "device-failed",
            Self::LowDisk => "low-disk",
        }
    }
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether a node is well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Whether there is no problem.
    pub is_healthy: bool,
    /// The problems. Strangers are told the kinds only.
    pub problems: Vec<HealthProblem>,
}

/// A problem, as `/health` tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthProblem {
    /// What kind.
    pub kind: ProblemKind,
    /// What it is about; not told to strangers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What is wrong and what to do; not told to strangers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_json() {
        let json = |value: serde_json::Value| value.as_str().map(str::to_owned).unwrap();
        for state in DeviceState::ALL {
            assert_eq!(json(serde_json::to_value(state).unwrap()), state.name());
        }
        for phase in JobPhase::ALL {
            assert_eq!(json(serde_json::to_value(phase).unwrap()), phase.name());
        }
        for kind in ProblemKind::ALL {
            assert_eq!(json(serde_json::to_value(kind).unwrap()), kind.name());
        }
    }

    #[test]
    fn addresses_are_text() {
        let device = Address::new_from_array([3; 32]);
        let job = JobReport {
            job: device,
            project: device,
            device,
            definition: Digest::of(b"x"),
            state: JobPhase::Unpaid,
            since: 1,
            started_at: None,
            timeout_seconds: 60,
            heartbeat_at: None,
            log_bytes: Some(7),
            status: Some(JobStatus::TimedOut),
            result: None,
        };
        let json = serde_json::to_string(&job).unwrap();
        assert!(json.contains(&format!("\"job\":\"{device}\"")) && json.contains("\"unpaid\""), "{json}");
        assert_eq!(serde_json::from_str::<JobReport>(&json).unwrap(), job);
        let forged = json.replacen(&device.to_string(), "0OIl", 1);
        let error = serde_json::from_str::<JobReport>(&forged).unwrap_err().to_string();
        assert!(error.contains("\"0OIl\" is not an address"), "{error}");
    }
}
