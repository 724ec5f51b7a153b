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
use reqwest::{Client, Url};
use serde::Deserialize;
use solana_address::Address;
use std::{mem::offset_of, time::Duration};

/// How long the worker may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Largest answer that is read, bytes.
const MAX_ANSWER_BYTES: usize = 8 << 20;

/// Where a status is read.
pub struct Reader<'a> {
    session: &'a Session,
    node: Address,
    url: Url,
    token: Option<String>,
    http: Client,
}

/// The part of a worker's `GET /status` that is shown; it may tell more.
#[derive(Debug, Deserialize)]
struct Report {
    node: String,
    version: String,
    started_at: u64,
    now: u64,
    is_stopping: bool,
    devices: Vec<DeviceReport>,
    intents: Vec<IntentReport>,
    endpoints: Vec<EndpointReport>,
    problems: Vec<ProblemReport>,
}

#[derive(Debug, Deserialize)]
struct DeviceReport {
    device: String,
    label: String,
    state: String,
    failure: Option<String>,
    temperature_celsius: Option<u32>,
    power_watts: Option<u32>,
    utilisation_percent: Option<u32>,
}

#[derive(Debug, Deserialize)]
struct IntentReport {
    subject: String,
    kind: String,
    since: u64,
}

#[derive(Debug, Deserialize)]
struct EndpointReport {
    name: String,
    is_answering: bool,
    lag_slots: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct ProblemReport {
    kind: String,
    message: String,
}

impl DeviceReport {
    fn in_words(&self) -> String {
        let parts = [
            Some(self.label.clone()),
            self.failure.clone(),
            self.temperature_celsius.map(|value| format!("{value} °C")),
            self.power_watts.map(|value| format!("{value} W")),
            self.utilisation_percent.map(|value| format!("{value} %")),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

impl<'a> Reader<'a> {
    /// Reads `node`, whose worker tells its operator how it is at `api`.
    pub fn new(session: &'a Session, node: Address, api: &str, token: Option<String>) -> Result<Self> {
        let url = Url::parse(api).and_then(|url| url.join("/status"));
        let url = url.with_context(|| format!("--api {api}"))?;
        let http = Client::builder().timeout(PATIENCE).build()?;
        Ok(Self { session, node, url, token, http })
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
        report: Option<&Report>,
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
        let told =
            report.and_then(|report| report.devices.iter().find(|told| told.device == address.to_string()));
        let has_failed = told.is_some_and(|told| told.state == "failed");
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
            hardware: told.map(DeviceReport::in_words).unwrap_or_default(),
        })
    }

    async fn report(&self) -> Result<Report> {
        let mut request = self.http.get(self.url.clone());
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let mut answer = request.send().await?.error_for_status()?;
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            bytes.extend_from_slice(&chunk);
            anyhow::ensure!(bytes.len() <= MAX_ANSWER_BYTES, "{} sends too much for a status", self.url);
        }
        let report: Report = serde_json::from_slice(&bytes)
            .with_context(|| format!("{} sends no status of a node", self.url))?;
        anyhow::ensure!(
            report.node == self.node.to_string(),
            "{} is the worker of node {}, not of {}",
            self.url,
            crate::facts::printable(&report.node),
            self.node
        );
        Ok(report)
    }
}

impl From<Report> for Worker {
    fn from(report: Report) -> Self {
        let age = |since: u64| report.now.saturating_sub(since);
        Self {
            version: report.version,
            uptime_seconds: age(report.started_at),
            is_stopping: report.is_stopping,
            open_intents: report
                .intents
                .into_iter()
                .map(|intent| (intent.kind, intent.subject, report.now.saturating_sub(intent.since)))
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
