//! What the worker shows of itself to those who watch it.

use crate::health::Thresholds;
use grid_executor::CancellationToken;
use grid_node_api::report::NodeReport;
use solana_address::Address;
use std::{collections::HashMap, fmt, path::PathBuf, sync::Arc};

/// A worker, as its HTTP side, its metrics and its alerts see it. Called often, from several tasks; must not block.
pub trait View: Send + Sync + 'static {
    /// All that it knows of itself; its problems are left to [`Overview`].
    fn report(&self) -> NodeReport;

    /// The log of a job that is on this machine.
    fn log(&self, job: &Address) -> Option<LogFile>;
}

/// The log of a job: a file to which lines are added, and nothing else happens.
#[derive(Debug, Clone)]
pub struct LogFile {
    /// The file.
    pub path: PathBuf,
    /// Cancelled when nothing will be added any more.
    pub ended: CancellationToken,
}

/// What a worker reports, with what is wrong in it, fit to be shown.
#[derive(Clone)]
pub struct Overview {
    view: Arc<dyn View>,
    thresholds: Thresholds,
}

impl Overview {
    /// Looks at a worker and judges it by `thresholds`.
    pub fn new(view: Arc<dyn View>, thresholds: Thresholds) -> Self {
        Self { view, thresholds }
    }

    /// The report, with its problems and without the secrets that addresses of endpoints hold.
    pub fn report(&self) -> NodeReport {
        let mut report = self.view.report();
        let mut names = HashMap::<String, u32>::new();
        for endpoint in &mut report.endpoints {
            let name = without_secrets(&endpoint.name);
            let count = names.entry(name.clone()).or_default();
            *count += 1;
            // Two of one host, with two keys: told apart by their order.
            endpoint.name = if *count == 1 { name } else { format!("{name} ({count})") };
        }
        report.problems = self.thresholds.problems(&report);
        report
    }

    pub(crate) fn log(&self, job: &Address) -> Option<LogFile> {
        self.view.log(job)
    }
}

impl fmt::Debug for Overview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Overview").field("thresholds", &self.thresholds).finish_non_exhaustive()
    }
}

/// Scheme, host and port of an address: path, query and user may be a key.
fn without_secrets(address: &str) -> String {
    let Ok(url) = reqwest::Url::parse(address) else { return "an endpoint".to_owned() };
    match url.origin() {
        origin if origin.is_tuple() => origin.ascii_serialization(),
        _ => "an endpoint".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    struct TwoOfOneHost;

    impl View for TwoOfOneHost {
        fn report(&self) -> NodeReport {
            let mut report = sample::report();
            report.endpoints = [&report.endpoints[..], &report.endpoints].concat();
            report
        }

        fn log(&self, _: &Address) -> Option<LogFile> {
            None
        }
    }

    #[test]
    fn two_endpoints_of_one_host_have_two_names() {
        let report = Overview::new(Arc::new(TwoOfOneHost), Thresholds::default()).report();
        let names: Vec<&str> = report.endpoints.iter().map(|endpoint| endpoint.name.as_str()).collect();
        assert_eq!(names, ["https://rpc.example", "https://rpc.example (2)"]);
    }

    #[test]
    fn an_endpoint_is_named_without_its_key() {
        for (address, shown) in [
            ("https://rpc.example/v1/secret", "https://rpc.example"),
            ("https://user:secret@rpc.example:8899/?api-key=secret#secret", "https://rpc.example:8899"),
            ("http://127.0.0.1:8899", "http://127.0.0.1:8899"),
            ("secret", "an endpoint"),
            ("data:secret", "an endpoint"),
        ] {
            assert_eq!(without_secrets(address), shown);
        }
    }
}
