//! Before a start: definition, inputs and whatever else a job needs are brought onto the machine. Nothing is metered yet.

use crate::worker::DeviceWorker;
use grid_client::account::Job;
use grid_connectors::{ExecutorKind, ExpandError};
use grid_executor::{
    DefinitionError, Digest, JobRequest, PrepareError, PreparedJob, StoreError, fetch_definition,
    job::FetchDefinitionError, prepare,
};
use solana_address::Address;
use solana_signer::Signer;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Why a job can't be started here.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unprepared {
    /// Its definition can't be had, or is none.
    #[error(transparent)]
    Definition(#[from] FetchDefinitionError),
    /// Its definition is none.
    #[error(transparent)]
    Parse(#[from] DefinitionError),
    /// A typed op can't be expanded here.
    #[error(transparent)]
    Expand(#[from] ExpandError),
    /// It can't be run here, or an input can't be had.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
}

impl Unprepared {
    /// Whether something is missing that its client may still push.
    fn may_come(&self) -> bool {
        let nobody_has_it =
            |error: &StoreError| matches!(error, StoreError::NotFound { .. } | StoreError::NoSource { .. });
        match self {
            Self::Definition(FetchDefinitionError::Store(error)) => nobody_has_it(error),
            Self::Prepare(PrepareError::Input { error, .. }) => nobody_has_it(error),
            _ => false,
        }
    }
}

impl DeviceWorker {
    /// Prepares a job; what nobody has yet is waited for, `patience` at most. Says why if it can't be run here.
    pub(crate) async fn prepare_patiently(
        &self,
        address: Address,
        job: &Job,
        patience: Duration,
    ) -> Result<PreparedJob, String> {
        let deadline = Instant::now() + patience;
        loop {
            match self.prepare(address, job).await {
                Err(missing) if missing.may_come() && Instant::now() < deadline => {
                    tracing::debug!(job = %address, %missing, "waiting for the client");
                    sleep(self.config.poll_interval).await;
                }
                prepared => return prepared.map_err(|error| error.to_string()),
            }
        }
    }

    /// Fetches a job's definition and inputs, by their hashes.
    pub(crate) async fn prepare(&self, address: Address, job: &Job) -> Result<PreparedJob, Unprepared> {
        let digest = Digest(job.definition);
        let (_, bytes) = fetch_definition(&self.workplace.sources, digest).await?;
        let request = JobRequest {
            project: job.project.to_string(),
            host: self.key.pubkey().to_string(),
            timeout: Some(Duration::from_secs(job.timeout_seconds.get().into())),
            ..JobRequest::new(address.to_string(), &bytes, self.hardware.clone())?
        };
        let request = self.expand(request).await?;
        Ok(prepare(request, self.executor.as_ref(), &self.workplace).await?)
    }

    /// Turns the typed ops of a job into commands.
    pub(crate) async fn expand(&self, request: JobRequest) -> Result<JobRequest, ExpandError> {
        match ExecutorKind::named(self.executor.name()) {
            Some(kind) => self.connectors.expand_request(request, kind, &self.workplace.store).await,
            // Typed ops stay, and such an executor refuses them.
            None => Ok(request),
        }
    }
}
