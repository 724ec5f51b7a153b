//! While a job runs: signs of life, and an eye on whether the chain still wants it.

use crate::{
    event::{NodeEvent, Step},
    worker::DeviceWorker,
};
use grid_client::{ChainError, account::Job, chain::find, instruction};
use grid_jobs::JobState;
use solana_address::Address;
use solana_signer::Signer;
use std::time::{Duration, Instant};

impl DeviceWorker {
    /// Sends heartbeats while a job runs on this device; returns when the chain says that it does not any more, because
    /// its client ended it or somebody took it back.
    pub(crate) async fn watch(&self, address: Address) {
        let mut last_heartbeat = Instant::now();
        loop {
            tokio::time::sleep(self.config.watch_interval).await;
            match self.look_after(address, &mut last_heartbeat).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    self.tell(NodeEvent::Retrying { device: self.device, error: error.to_string() });
                }
            }
        }
    }

    /// Sends a heartbeat if one is due; returns whether the job still runs here.
    async fn look_after(&self, address: Address, last_heartbeat: &mut Instant) -> Result<bool, ChainError> {
        let found: Option<Job> = find(self.chain.as_ref(), &address).await?;
        let Some(job) = found.filter(|job| job.is(JobState::Running) && job.device == self.device) else {
            return Ok(false);
        };
        let limit = Duration::from_secs(job.heartbeat_limit_seconds.get().into());
        let interval = limit / self.config.heartbeats_per_limit.max(1);
        if last_heartbeat.elapsed() >= interval {
            let heartbeat = instruction::heartbeat(self.key.pubkey(), self.device, address);
            // One that is lost is made up for by the next: not worth a line in the journal.
            let landed = self.chain.submit(&[heartbeat], &[&self.key]).await?;
            self.tell(NodeEvent::Landed {
                device: self.device,
                step: Step::Heartbeat,
                job: Some(address),
                landed: &landed,
            });
            *last_heartbeat = Instant::now();
        }
        Ok(true)
    }
}
