//! Numbers for Prometheus: what the worker counts, and what its report says at the time of asking.
//!
//! `docs/node-api.md` lists them; a test compares the list with what is told.

use crate::{
    event::{NodeEvent, Step},
    view::Overview,
};
use grid_client::event::{Event, events_in};
use grid_executor::JobStatus;
use grid_node_api::report::{DeviceReport, DeviceState, EndpointReport, JobPhase, ProblemKind};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, text},
    metrics::{
        counter::{ConstCounter, Counter},
        family::Family,
        gauge::{ConstGauge, Gauge},
        histogram::Histogram,
    },
    registry::{Registry, Unit},
};
use solana_address::Address;
use std::{fmt, time::Duration};

/// One label.
type Label = [(&'static str, String); 1];
/// Two labels.
type Labels = [(&'static str, String); 2];

/// What is counted since the worker started.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    overview: Overview,
    jobs: Family<Label, Counter>,
    sold_seconds: Family<Label, Counter>,
    earned_atoms: Family<Label, Counter>,
    transactions: Family<Label, Counter>,
    fees_lamports: Counter,
    retries: Counter,
    requests: Family<Labels, Counter>,
    request_seconds: Family<Label, Histogram>,
    uploaded_bytes: Counter,
    log_readers: Gauge,
    alert_posts: Family<Label, Counter>,
}

impl Metrics {
    /// Counts from zero, and tells what `overview` says.
    pub fn new(overview: Overview) -> Self {
        let seconds: fn() -> Histogram = || Histogram::new([0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0]);
        let mut metrics = Self {
            registry: Registry::with_prefix("grid"),
            overview: overview.clone(),
            jobs: Family::default(),
            sold_seconds: Family::default(),
            earned_atoms: Family::default(),
            transactions: Family::default(),
            fees_lamports: Counter::default(),
            retries: Counter::default(),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(seconds),
            uploaded_bytes: Counter::default(),
            log_readers: Gauge::default(),
            alert_posts: Family::default(),
        };
        let registry = &mut metrics.registry;
        let unit = |name: &str| Unit::Other(name.to_owned());
        registry.register("jobs", "Jobs by how they ended here", metrics.jobs.clone());
        let help = "Seconds paid for, of jobs that this node finished";
        registry.register_with_unit("sold", help, Unit::Seconds, metrics.sold_seconds.clone());
        let help = "Earned by jobs that this node finished";
        registry.register_with_unit("earned", help, unit("atoms"), metrics.earned_atoms.clone());
        registry.register("transactions", "Transactions that landed", metrics.transactions.clone());
        let help = "Fees of transactions that landed";
        registry.register_with_unit("fees", help, unit("lamports"), metrics.fees_lamports.clone());
        registry.register("retries", "Failures after which the worker tried again", metrics.retries.clone());
        registry.register("http_requests", "Requests answered", metrics.requests.clone());
        let help = "Time until an answer began";
        let answers = metrics.request_seconds.clone();
        registry.register_with_unit("http_request", help, Unit::Seconds, answers);
        let help = "Content that clients gave this node";
        registry.register_with_unit("uploaded", help, Unit::Bytes, metrics.uploaded_bytes.clone());
        registry.register("log_readers", "Logs that are being followed", metrics.log_readers.clone());
        registry.register("alert_posts", "Posts to the webhook", metrics.alert_posts.clone());
        registry.register_collector(Box::new(Reported(overview)));
        metrics
    }

    /// Counts what a worker tells.
    pub fn tell(&self, event: &NodeEvent<'_>) {
        match event {
            NodeEvent::Landed { device, step, landed, .. } => {
                self.transactions.get_or_create(&[("step", step.name().to_owned())]).inc();
                self.fees_lamports.inc_by(landed.fee_lamports);
                if *step == Step::Finish {
                    self.finished(device, &landed.logs);
                }
            }
            NodeEvent::Ran { status, .. } => self.job(outcome(*status)),
            NodeEvent::Refused { .. } => self.job("refused"),
            NodeEvent::Retrying { .. } => {
                self.retries.inc();
            }
            NodeEvent::GaveUp { .. } => {
                self.retries.inc();
            }
            NodeEvent::Job { .. }
            | NodeEvent::Matched { .. }
            | NodeEvent::Resumed { .. }
            | NodeEvent::Sending { .. } => {}
        }
    }

    /// All of it, in the text format that Prometheus reads.
    pub(crate) fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        text::encode(&mut text, &self.registry)?;
        Ok(text)
    }

    pub(crate) fn answered(&self, route: &'static str, status: u16, time: Duration) {
        let labels = [("route", route.to_owned()), ("status", status.to_string())];
        self.requests.get_or_create(&labels).inc();
        self.request_seconds.get_or_create(&[("route", route.to_owned())]).observe(time.as_secs_f64());
    }

    pub(crate) fn uploaded(&self, size_bytes: u64) {
        self.uploaded_bytes.inc_by(size_bytes);
    }

    pub(crate) fn log_readers(&self) -> &Gauge {
        &self.log_readers
    }

    pub(crate) fn alert_post(&self, outcome: &'static str) {
        self.alert_posts.get_or_create(&[("outcome", outcome.to_owned())]).inc();
    }

    fn job(&self, outcome: &str) {
        self.jobs.get_or_create(&[("outcome", outcome.to_owned())]).inc();
    }

    fn finished(&self, device: &Address, logs: &[String]) {
        let devices = self.overview.report().devices;
        let mint = devices.iter().find(|known| known.device == *device).map(|known| known.mint);
        let mint = [("mint", mint.map_or_else(|| "unknown".to_owned(), |mint| mint.to_string()))];
        for event in events_in(logs) {
            if let Event::JobFinished(finished) = event {
                self.sold_seconds.get_or_create(&mint).inc_by(finished.seconds.get().into());
                self.earned_atoms.get_or_create(&mint).inc_by(finished.paid_atoms.get());
            }
        }
    }
}

fn outcome(status: JobStatus) -> &'static str {
    match status {
        JobStatus::Succeeded => "succeeded",
        JobStatus::Failed => "failed",
        JobStatus::Cancelled => "cancelled",
        JobStatus::TimedOut => "timed-out",
    }
}

/// What the report says, read anew each time that somebody asks.
#[derive(Debug)]
struct Reported(Overview);

impl Collector for Reported {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let report = self.0.report();
        let mut tell = Teller(encoder);
        let text = str::to_owned;
        let own = |value: u64| [([], value as f64)];

        let version = [([("version", report.version.clone()), ("node", report.node.to_string())], 1.0)];
        tell.gauge("build", "info", "The worker's version and key.", version)?;
        tell.gauge("start_time", "seconds", "When the worker started, Unix time.", own(report.started_at))?;
        let count = |kind| report.problems.iter().filter(|problem| problem.kind == kind).count() as f64;
        let problems = ProblemKind::ALL.map(|kind| ([("kind", text(kind.name()))], count(kind)));
        tell.gauge("problems", "", "Problems by kind.", problems)?;
        let balance = report.fee_balance_lamports.map(|balance| ([], balance as f64));
        tell.gauge("fee_balance", "lamports", "What is left for transactions.", balance)?;

        let device = |device: &DeviceReport| ("device", device.device.to_string());
        let states = report.devices.iter().flat_map(|it| {
            DeviceState::ALL.map(|state| {
                ([device(it), ("state", text(state.name()))], f64::from(u8::from(state == it.state)))
            })
        });
        tell.gauge("device_state", "", "1 for the state that a device is in.", states)?;
        let of_device = |value: fn(&DeviceReport) -> Option<f64>| {
            let values = report.devices.iter().filter_map(move |it| Some(([device(it)], value(it)?)));
            values.collect::<Vec<_>>()
        };
        let values = of_device(|it| it.queue_position.map(f64::from));
        tell.gauge("device_queue_position", "", "Place in the market's queue, 1 for the next.", values)?;
        let values = of_device(|it| it.temperature_celsius.map(f64::from));
        tell.gauge("device_temperature", "celsius", "Temperature.", values)?;
        let values = of_device(|it| it.power_watts.map(f64::from));
        tell.gauge("device_power", "watts", "Power drawn.", values)?;
        let values = of_device(|it| it.utilisation_percent.map(|percent| f64::from(percent) / 100.0));
        tell.gauge("device_utilisation", "ratio", "Share of time in which it computed.", values)?;
        let values = of_device(|it| it.memory_used_bytes.map(|bytes| bytes as f64));
        tell.gauge("device_memory_used", "bytes", "Video memory in use.", values)?;
        let values = of_device(|it| it.memory_total_bytes.map(|bytes| bytes as f64));
        tell.gauge("device_memory", "bytes", "Video memory.", values)?;
        let earnings = report
            .devices
            .iter()
            .filter_map(|it| Some(([device(it), ("mint", it.mint.to_string())], it.earnings_atoms? as f64)));
        tell.gauge("device_earnings", "atoms", "Earned and not withdrawn.", earnings)?;

        let count = |state| report.jobs.iter().filter(|job| job.state == state).count() as f64;
        let jobs = JobPhase::ALL.map(|state| ([("state", text(state.name()))], count(state)));
        tell.gauge("jobs_held", "", "Jobs that the worker knows of, by how far they are.", jobs)?;
        let open = own(report.intents.len() as u64);
        tell.gauge("intents_open", "", "Transactions that must land and have not yet.", open)?;
        let oldest = report.intents.iter().map(|intent| report.now.saturating_sub(intent.since)).max();
        let oldest = own(oldest.unwrap_or_default());
        tell.gauge("intents_oldest", "seconds", "How long the oldest of them is open.", oldest)?;

        let endpoint = |endpoint: &EndpointReport| [("endpoint", endpoint.name.clone())];
        let up = report.endpoints.iter().map(|it| (endpoint(it), f64::from(u8::from(it.is_answering))));
        tell.gauge("rpc_up", "", "1 while an endpoint answers.", up)?;
        let lag = report.endpoints.iter().filter_map(|it| Some((endpoint(it), it.lag_slots? as f64)));
        tell.gauge("rpc_lag", "slots", "Slots behind the newest endpoint.", lag)?;
        let counts = |value: fn(&EndpointReport) -> u64| {
            report.endpoints.iter().map(move |it| (endpoint(it), value(it))).collect::<Vec<_>>()
        };
        tell.counter("rpc_requests", "", "Requests to an endpoint.", counts(|it| it.requests))?;
        tell.counter("rpc_errors", "", "Requests that failed.", counts(|it| it.errors))?;

        let free = report.disks.iter().map(|disk| ([("disk", disk.name.clone())], disk.free_bytes as f64));
        tell.gauge("disk_free", "bytes", "Room left on a disk.", free)
    }
}

/// Writes metrics of which the values are known now.
struct Teller<'a>(DescriptorEncoder<'a>);

impl Teller<'_> {
    fn gauge<const N: usize>(
        &mut self,
        name: &str,
        unit: &str,
        help: &str,
        samples: impl IntoIterator<Item = ([(&'static str, String); N], f64)>,
    ) -> Result<(), fmt::Error> {
        let samples = samples.into_iter().map(|(labels, value)| (labels, ConstGauge::new(value)));
        self.family(name, unit, help, samples)
    }

    fn counter<const N: usize>(
        &mut self,
        name: &str,
        unit: &str,
        help: &str,
        samples: impl IntoIterator<Item = ([(&'static str, String); N], u64)>,
    ) -> Result<(), fmt::Error> {
        let samples = samples.into_iter().map(|(labels, value)| (labels, ConstCounter::new(value)));
        self.family(name, unit, help, samples)
    }

    fn family<const N: usize, M: EncodeMetric>(
        &mut self,
        name: &str,
        unit: &str,
        help: &str,
        samples: impl Iterator<Item = ([(&'static str, String); N], M)>,
    ) -> Result<(), fmt::Error> {
        let mut samples = samples.peekable();
        let Some((_, first)) = samples.peek() else { return Ok(()) };
        let unit = (!unit.is_empty()).then(|| Unit::Other(unit.to_owned()));
        let mut family = self.0.encode_descriptor(name, help, unit.as_ref(), first.metric_type())?;
        if N == 0 {
            return samples.next().map_or(Ok(()), |(_, sample)| sample.encode(family));
        }
        for (labels, sample) in samples {
            sample.encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        health::Thresholds,
        sample,
        view::{LogFile, View},
    };
    use grid_client::Landed;
    use grid_executor::Digest;
    use grid_node_api::report::NodeReport;
    use std::{collections::BTreeMap, sync::Arc};

    struct Sample;

    impl View for Sample {
        fn report(&self) -> NodeReport {
            sample::report()
        }

        fn log(&self, _: &Address) -> Option<LogFile> {
            None
        }
    }

    fn metrics() -> Metrics {
        Metrics::new(Overview::new(Arc::new(Sample), Thresholds::default()))
    }

    /// Metrics in which everything has been counted.
    fn full() -> Metrics {
        let metrics = metrics();
        let device = sample::report().devices[0].device;
        let (job, result) = (device, Digest::of(b"result"));
        metrics.tell(&NodeEvent::Ran { device, job, status: JobStatus::Succeeded, result, log: result });
        metrics.tell(&NodeEvent::Refused { device, job, reason: "x".into() });
        metrics.tell(&NodeEvent::Retrying { device, error: "x".into() });
        let landed = landed(vec![log_of_finish(31, 3_100)]);
        metrics.tell(&NodeEvent::Landed { device, step: Step::Finish, job: Some(job), landed: &landed });
        metrics.answered("content", 200, Duration::from_millis(3));
        metrics.uploaded(77);
        metrics.alert_post("accepted");
        metrics
    }

    fn landed(logs: Vec<String>) -> Landed {
        Landed { signature: Default::default(), slot: 1, compute_units: 700, fee_lamports: 5_000, logs }
    }

    fn log_of_finish(seconds: u32, paid_atoms: u64) -> String {
        use anchor_lang::{Discriminator, bytemuck::Zeroable};
        use base64::{Engine, engine::general_purpose::STANDARD};
        let mut event = grid_client::event::JobFinished::zeroed();
        (event.seconds, event.paid_atoms) = (seconds.into(), paid_atoms.into());
        let mut bytes = grid_client::event::JobFinished::DISCRIMINATOR.to_vec();
        bytes.extend_from_slice(bytemuck::bytes_of(&event));
        format!("Program data: {}", STANDARD.encode(bytes))
    }

    #[test]
    fn what_happened_is_counted() {
        let text = full().text().unwrap();
        let mint = sample::report().devices[0].mint;
        for line in [
            "grid_jobs_total{outcome=\"succeeded\"} 1".to_owned(),
            "grid_jobs_total{outcome=\"refused\"} 1".to_owned(),
            format!("grid_sold_seconds_total{{mint=\"{mint}\"}} 31"),
            format!("grid_earned_atoms_total{{mint=\"{mint}\"}} 3100"),
            "grid_fees_lamports_total 5000".to_owned(),
            "grid_transactions_total{step=\"finish\"} 1".to_owned(),
            "grid_retries_total 1".to_owned(),
            "grid_intents_oldest_seconds 30.0".to_owned(),
            "grid_device_utilisation_ratio{device=".to_owned(),
            "grid_rpc_requests_total{endpoint=\"https://rpc.example\"} 1000".to_owned(),
        ] {
            assert!(text.contains(&line), "{line} is missing in\n{text}");
        }
        assert!(!text.contains("secret"), "the key in an endpoint's address is not told");
        assert!(text.ends_with("# EOF\n"));
    }

    /// Name, type and labels of each metric, as told.
    fn told(text: &str) -> BTreeMap<String, (String, String)> {
        let mut told = BTreeMap::new();
        for line in text.lines() {
            if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
                let name = if kind == "counter" { format!("{name}_total") } else { name.to_owned() };
                told.insert(name, (kind.to_owned(), String::new()));
            } else if let Some((name, labels)) = line.split_once('{') {
                let labels = labels.split('}').next().unwrap();
                let labels: Vec<&str> = labels
                    .split("\",")
                    .filter_map(|label| label.split('=').next())
                    .filter(|label| !matches!(*label, "le" | ""))
                    .collect();
                let name = name.trim_end_matches("_bucket");
                if let Some(entry) = told.get_mut(name) {
                    entry.1 = labels.join(", ");
                }
            }
        }
        told
    }

    #[test]
    fn the_documented_list_is_what_is_told() {
        let docs = include_str!("../../../docs/node-api.md");
        let rows = docs.lines().filter_map(|line| line.strip_prefix("| `grid_"));
        let documented: BTreeMap<String, (String, String)> = rows
            .map(|row| {
                let mut cells = row.split('|').map(str::trim);
                let mut cell = || cells.next().expect("name, type, labels, meaning").replace('`', "");
                (format!("grid_{}", cell()), (cell(), cell()))
            })
            .collect();
        assert_eq!(documented, told(&full().text().unwrap()));
    }

    #[test]
    fn nothing_counted_is_a_valid_answer() {
        let text = metrics().text().unwrap();
        assert!(text.contains("grid_retries_total 0") && text.ends_with("# EOF\n"));
    }
}
