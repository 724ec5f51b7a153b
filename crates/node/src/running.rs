//! A job that runs on the device, from its start to its payment.

use crate::{
    event::{NodeEvent, Step},
    orders::{Listener, Order},
    steps,
    worker::{DeviceWorker, Round, Unposted},
};
use grid_client::{
    ChainError,
    account::{Device, Job},
    chain::{fetch, find},
    instruction,
};
use grid_executor::{CancellationToken, JobOutcome, PreparedJob, Reattached, forget, reattach};
use grid_jobs::{JobState, math::is_zero};
use solana_address::Address;
use solana_signer::Signer;

/// How a job that the chain says is running is gone on with.
enum Found {
    /// From where it is.
    Job(Box<PreparedJob>),
    /// It has ended; only its result is missing on the chain.
    Done(Box<JobOutcome>),
}

impl DeviceWorker {
    /// Runs a started job; its result is posted in the next round.
    pub(crate) async fn execute(
        &self,
        address: Address,
        prepared: PreparedJob,
        orders: &Listener,
        unposted: &mut Option<Unposted>,
    ) -> Result<Round, ChainError> {
        let tell = |event: grid_executor::JobEvent<'_>| {
            self.tell(NodeEvent::Job { device: self.device, job: address, event });
        };
        // A stop lets the running job finish: it is paid, and the client has its result.
        let cancel = CancellationToken::new();
        let run = prepared.run_and_keep(self.executor.as_ref(), &self.workplace, cancel.clone(), &tell);
        tokio::pin!(run);
        let outcome = tokio::select! {
            outcome = &mut run => outcome,
            () = self.watch(address) => {
                cancel.cancel();
                run.await
            }
            () = orders.until(|order| *order == Order::Abandon) => {
                cancel.cancel();
                let _ = run.await; // of a device that failed
                self.forget(address);
                return Ok(Round::Again);
            }
        };
        match outcome {
            Ok(outcome) => self.has_run(address, outcome, unposted),
            // This machine failed, not the job: the next round runs it again.
            Err(error) => {
                self.tell(NodeEvent::Retrying { device: self.device, error: error.to_string() });
                tokio::time::sleep(self.config.poll_interval).await;
            }
        }
        Ok(Round::Again)
    }

    fn has_run(&self, address: Address, outcome: JobOutcome, unposted: &mut Option<Unposted>) {
        let (status, result, log) = (outcome.document.status, outcome.digest, outcome.document.log.sha256);
        self.tell(NodeEvent::Ran { device: self.device, job: address, status, result, log });
        *unposted = Some(Unposted { job: address, result });
    }

    /// Posts the result of the job that the chain says is running; goes on with it if it has none yet.
    pub(crate) async fn resume(
        &self,
        device: &Device,
        orders: &Listener,
        unposted: &mut Option<Unposted>,
    ) -> Result<Round, ChainError> {
        let job: Job = fetch(self.chain.as_ref(), "job", &device.job).await?;
        let (node, run) = (self.key.pubkey(), self.run_of(device.job, &job));
        match unposted.take_if(|unposted| unposted.job == device.job) {
            Some(ready) => {
                let finish = instruction::finish(node, run, ready.result.0);
                let intent = steps::pays(self.device, device.job, Step::Finish, finish);
                let posted = self.land(Step::Finish, Some(device.job), intent).await;
                match &posted {
                    Ok(()) => self.forget(device.job),
                    Err(_) => *unposted = Some(ready), // the next round sees whether it landed after all
                }
                posted.map(|()| Round::Posted)
            }
            None if orders.current() == Order::Abandon => {
                let quit = steps::pays(self.device, device.job, Step::Quit, instruction::quit(node, run));
                self.land(Step::Quit, Some(device.job), quit).await?;
                Ok(Round::Again)
            }
            None => match self.find_again(device.job, &job).await {
                Ok(Found::Job(prepared)) => self.execute(device.job, *prepared, orders, unposted).await,
                Ok(Found::Done(outcome)) => {
                    self.has_run(device.job, *outcome, unposted);
                    Ok(Round::Again)
                }
                Err(error) => {
                    self.tell(NodeEvent::Retrying { device: self.device, error });
                    Ok(Round::Nothing)
                }
            },
        }
    }

    /// Finds what an earlier worker left of a job that runs; prepares it anew where it left nothing.
    async fn find_again(&self, address: Address, job: &Job) -> Result<Found, String> {
        let left = reattach(&address.to_string(), self.executor.as_ref(), &self.workplace).await;
        match left.map_err(|error| error.to_string())? {
            Reattached::Job(prepared) => {
                let request = self.expand(prepared.request().clone()).await;
                let prepared = Box::new(prepared.with_request(request.map_err(|error| error.to_string())?));
                self.tell(NodeEvent::Resumed { device: self.device, job: address, account: job });
                Ok(Found::Job(prepared))
            }
            Reattached::Done(outcome) => Ok(Found::Done(outcome)),
            Reattached::Nothing(reason) => {
                tracing::warn!(job = %address, reason, "the job is run from its beginning");
                let prepared = self.prepare(address, job).await.map_err(|error| error.to_string())?;
                self.tell(NodeEvent::Resumed { device: self.device, job: address, account: job });
                Ok(Found::Job(Box::new(prepared)))
            }
        }
    }

    /// Posts what is there of a job that its client ended; forgets it when it was given to another device.
    pub(crate) async fn post_after_the_end(
        &self,
        unposted: &mut Option<Unposted>,
    ) -> Result<Round, ChainError> {
        let Some(Unposted { job: address, result }) = unposted.as_ref() else { return Ok(Round::Again) };
        let job: Option<Job> = find(self.chain.as_ref(), address).await?;
        if job.is_some_and(|job| job.is(JobState::Done) && job.device == self.device && is_zero(&job.result))
        {
            let post = instruction::post_result(self.key.pubkey(), self.device, *address, result.0);
            let intent = steps::adds_result(self.device, *address, post);
            self.land(Step::PostResult, Some(*address), intent).await?;
        }
        self.forget(*address);
        *unposted = None;
        Ok(Round::Again)
    }

    /// Removes what was kept of a job for the case that the worker is killed.
    fn forget(&self, job: Address) {
        if let Err(error) = forget(&self.workplace, &job.to_string()) {
            tracing::warn!(%job, %error, "a job's folder was not removed");
        }
    }
}
