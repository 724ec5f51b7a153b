//! What a worker does before its first round: what no retry can mend ends it, and what an earlier worker left behind is kept
//! or cleaned away, as the chain says.

use crate::{
    error::NodeError,
    worker::{DeviceWorker, Unposted},
};
use grid_client::{
    ChainError,
    account::{Device, Job},
    chain::find,
};
use grid_executor::{CancellationToken, JobOutcome, Reattached, clean_up_abandoned, left_behind, reattach};
use grid_jobs::{JobState, math::is_zero};
use solana_address::Address;
use solana_signer::Signer;

impl DeviceWorker {
    /// Checks what would fail in every round and cleans up; returns the device's market, and a job that its client ended while
    /// no worker was there.
    pub(crate) async fn check(&self) -> Result<(Address, Option<Address>), NodeError> {
        let found = find(self.chain.as_ref(), &self.device).await?;
        let device: Device = found.ok_or(NodeError::NoDevice { device: self.device })?;
        if device.node != self.key.pubkey() {
            return Err(NodeError::OtherNode {
                device: self.device,
                node: device.node,
                key: self.key.pubkey(),
            });
        }
        let scratch =
            |source| NodeError::Scratch { folder: self.workplace.scratch.display().to_string(), source };
        let mut keep = Vec::new();
        let mut ended = None;
        for id in left_behind(&self.workplace).map_err(scratch)? {
            match self.is_open(&id).await? {
                Some(JobState::Running) => keep.push(id),
                Some(_) => {
                    ended = id.parse().ok();
                    keep.push(id);
                }
                None => {}
            }
        }
        let cleaned = clean_up_abandoned(self.executor.as_ref(), &self.workplace, &keep).await;
        let count = cleaned.map_err(scratch)?;
        if count > 0 || !keep.is_empty() {
            tracing::info!(device = %self.device, kept = ?keep, removed = count, "jobs that an earlier worker left");
        }
        Ok((device.market, ended))
    }

    /// What the chain still wants of a job that was left behind: to go on with it, or the result of one that was ended.
    async fn is_open(&self, id: &str) -> Result<Option<JobState>, ChainError> {
        let Ok(address) = id.parse() else { return Ok(None) };
        let job: Option<Job> = find(self.chain.as_ref(), &address).await?;
        Ok(job.filter(|job| job.device == self.device).and_then(|job| match () {
            () if job.is(JobState::Running) => Some(JobState::Running),
            () if job.is(JobState::Done) && is_zero(&job.result) => Some(JobState::Done),
            () => None,
        }))
    }

    /// Ends a job that its client ended while no worker was there; what it left is its result.
    pub(crate) async fn end_left_behind(&self, job: Address) -> Option<Unposted> {
        let cancelled = CancellationToken::new();
        cancelled.cancel();
        let (executor, workplace) = (self.executor.as_ref(), &self.workplace);
        let outcome = match reattach(&job.to_string(), executor, workplace).await {
            Ok(Reattached::Job(prepared)) => prepared
                .run_and_keep(executor, workplace, cancelled, &|_| {})
                .await
                .map_err(|error| error.to_string()),
            Ok(Reattached::Done(outcome)) => Ok(*outcome),
            Ok(Reattached::Nothing(reason)) => Err(reason),
            Err(error) => Err(error.to_string()),
        };
        match outcome {
            Ok(JobOutcome { digest, .. }) => Some(Unposted { job, result: digest }),
            Err(reason) => {
                tracing::warn!(%job, reason, "a job that its client ended has no result");
                None
            }
        }
    }
}
