//! Reads a node's status: from the chain, and from the worker itself where it answers.

use super::view::{DeviceLine, Status, Worker};
use crate::{commands::device::phase_name, session::Session};
use anyhow::{Context, Result};
use grid_client::{
    Filter,
    account::{Device, DevicePhase, MarketView, device_phase},
    chain::{account, job_assigned_to},
    query::find_all,
};
use grid_node_api::{
    NodeClient,
    report::{DeviceReport, DeviceState, NodeReport},
};
use solana_address::Address;
use std::{mem::offset_of, time::Duration};
use tokio::time::timeout;

/// How long the worker may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where a status is read.
pub struct Reader<'a> {
    session: &'a Session,
    node: Address,
    worker: NodeClient,
    token: Option<String>,
}

/// What the worker says of a device's hardware.
fn in_words(told: &DeviceReport) -> String {
    let parts = [
        Some(told.label.clone()),
        told.failure.clone(),
        told.temperature_celsius.map(|value| format!("{value} °C")),
        told.power_watts.map(|value| format!("{value} W")),
        told.utilisation_percent.map(|value| format!("{value} %")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

impl<'a> Reader<'a> {
    /// Reads `node`, whose worker tells its operator how it is at `api`.
    pub fn new(session: &'a Session, node: Address, api: &str, token: Option<String>) -> Result<Self> {
        let worker = NodeClient::new(api, node).context("--api")?;
        Ok(Self { session, node, worker, token })
    }

    /// Reads once. The worker may be silent, the chain must answer.
    pub async fn read(&self) -> Result<Status> {
        let chain = self.session.chain.as_ref();
        let balance_lamports = account(chain, &self.node).await?.map_or(0, |account| account.lamports);
        let (report, trouble) = match self.report().await {
            Ok(report) => (Some(report), None),
            Err(error) => (None, Some(format!("{error:#}"))),
        };
        let of_node = Filter::field(offset_of!(Device, node), self.node);
        let mut found: Vec<(Address, Device)> = find_all(chain, [of_node]).await?;
        found.sort_by_key(|(address, device)| (device.market, device.index.get(), *address));
        let mut devices = Vec::new();
        for (address, device) in &found {
            devices.push(self.device(address, device, report.as_ref()).await?);
        }
        Ok(Status { node: self.node, balance_lamports, worker: report.map(Worker::from), devices, trouble })
    }

    async fn device(
        &self,
        address: &Address,
        device: &Device,
        report: Option<&NodeReport>,
    ) -> Result<DeviceLine> {
        let chain = self.session.chain.as_ref();
        let market = account(chain, &device.market).await?;
        let market = market.map(|account| MarketView::decode(&device.market, &account)).transpose()?;
        let phase = market.as_ref().map_or(DevicePhase::Idle, |market| device_phase(address, device, market));
        let place = market.and_then(|market| market.waiting()?.iter().position(|found| found == address));
        let job = match phase {
            DevicePhase::TakenByJob => job_assigned_to(chain, address).await?.map(|(job, _)| job),
            DevicePhase::Assigned | DevicePhase::Running => Some(device.job),
            DevicePhase::Idle | DevicePhase::Queued => None,
        };
        let told = report.and_then(|report| report.devices.iter().find(|told| told.device == *address));
        let has_failed = told.is_some_and(|told| told.state == DeviceState::Failed);
        Ok(DeviceLine {
            device: *address,
            market: device.market,
            state: if has_failed { "failed" } else { phase_name(phase) }.to_owned(),
            job,
            place: place.map(|place| place as u64 + 1),
            earnings_atoms: device.earnings_atoms.get(),
            bond_atoms: device.bond_atoms.get(),
            jobs: device.jobs_finished.get(),
            strikes: device.strikes.get().into(),
            mint: self.session.mint(&device.mint).await?,
            hardware: told.map(in_words).unwrap_or_default(),
        })
    }

    async fn report(&self) -> Result<NodeReport> {
        let answer = timeout(PATIENCE, self.worker.report(self.token.as_deref())).await;
        let report = answer.with_context(|| format!("no answer within {} s", PATIENCE.as_secs()))??;
        anyhow::ensure!(
            report.node == self.node,
            "that is the worker of node {}, not of {}",
            report.node,
            self.node
        );
        Ok(report)
    }
}

impl From<NodeReport> for Worker {
    fn from(report: NodeReport) -> Self {
        let age = |since: u64| report.now.saturating_sub(since);
        Self {
            version: report.version,
            uptime_seconds: age(report.started_at),
            is_stopping: report.is_stopping,
            open_intents: report
                .intents
                .into_iter()
                .map(|intent| {
                    (intent.kind, intent.subject.to_string(), report.now.saturating_sub(intent.since))
                })
                .collect(),
            endpoints: report
                .endpoints
                .into_iter()
                .map(|endpoint| (endpoint.name, endpoint.is_answering, endpoint.lag_slots))
                .collect(),
            problems: report
                .problems
                .into_iter()
                .map(|problem| format!("{}: {}", problem.kind, problem.message))
                .collect(),
        }
    }
}
