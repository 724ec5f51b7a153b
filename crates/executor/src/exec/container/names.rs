//! What the parts of a job are called: at the engine, the same for the same job, so that they are found again; and in
//! the job's own network.

use std::collections::{BTreeMap, HashMap};

use crate::{
    Digest,
    definition::{Action, Definition, Literal, RunArgs, Service},
    exec::{Addresses, RunContext, Scratch},
};

/// Where the job's folder lies in every container.
pub(super) const JOB_FOLDER: &str = "/grid";
/// What the network interface of every job's network starts with.
pub(super) const BRIDGE_PREFIX: &str = "gridj";

/// The label that every part of a job has: the job's folder.
const FOLDER_LABEL: &str = "grid.folder";

/// The names of a job's parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Names {
    key: String,
    folder: String,
}

impl Names {
    /// The names of the job in this folder. Two jobs never share a folder, so they share no name.
    pub(super) fn of(scratch: &Scratch) -> Self {
        let folder = scratch.root().to_string_lossy().into_owned();
        let mut key = Digest::of(folder.as_bytes()).to_string();
        key.truncate(12);
        Self { key, folder }
    }

    /// The container of one start of an op.
    pub(super) fn op(&self, index: usize, attempt: u32) -> String {
        format!("grid-{}-{index}-{attempt}", self.key)
    }

    /// The volume that is the job's folder, and the container that is never started and holds it.
    pub(super) fn files(&self) -> String {
        format!("grid-{}-files", self.key)
    }

    /// A volume of the job.
    pub(super) fn volume(&self, name: &str) -> String {
        format!("grid-{}-volume-{name}", self.key)
    }

    /// The job's network.
    pub(super) fn network(&self) -> String {
        format!("grid-{}", self.key)
    }

    /// The interface of the job's network on this machine. Linux allows 15 characters.
    pub(super) fn bridge(&self) -> String {
        format!("{BRIDGE_PREFIX}{}", &self.key[..10])
    }

    /// The labels of everything that belongs to the job.
    pub(super) fn labels(&self, job_id: &str) -> HashMap<String, String> {
        let labels = [(FOLDER_LABEL, self.folder.as_str()), ("grid.job", job_id)];
        labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    /// The labels of a container that runs an op.
    pub(super) fn op_labels(&self, context: &RunContext<'_>) -> HashMap<String, String> {
        let mut labels = self.labels(context.job.job_id);
        labels.extend([
            ("grid.op".to_owned(), context.op_id().to_owned()),
            ("grid.attempt".to_owned(), context.attempt.to_string()),
            ("grid.device".to_owned(), context.job.device.label.clone()),
        ]);
        labels
    }

    /// What finds everything that belongs to the job.
    pub(super) fn filter(&self) -> HashMap<String, Vec<String>> {
        [("label".to_owned(), vec![self.label()])].into()
    }

    /// The label of everything that belongs to the job.
    pub(super) fn label(&self) -> String {
        format!("{FOLDER_LABEL}={}", self.folder)
    }
}

/// The name of an op in its job's network: its id where that can be a host name.
pub(super) fn host(definition: &Definition, index: usize) -> String {
    match definition.ops.get(index) {
        Some(op) if is_host_name(&op.id) => op.id.clone(),
        _ => format!("op-{index}"),
    }
}

/// Where the ops of a job reach each other.
pub(super) fn addresses(definition: &Definition) -> Addresses {
    let runs = definition.ops.iter().enumerate().filter_map(|(index, op)| match &op.action {
        Action::Run(args) => Some((op.id.clone(), host(definition, index), args)),
        _ => None,
    });
    let mut addresses = Addresses::default();
    let mut of_op = BTreeMap::new();
    for (id, host, args) in runs {
        addresses.hosts.insert(id.clone(), host.clone());
        of_op.insert(id, (host, args));
    }
    // Only those that are asked for: a range of ports may have many.
    for index in 0..definition.ops.len() {
        for (_, literal) in definition.literals(index) {
            if let Literal::OpEndpoint { op, port } = literal
                && let Some((host, args)) = of_op.get(&op)
                && let Some(endpoint) = endpoint(host, args, &port)
            {
                addresses.endpoints.insert((op, port), endpoint);
            }
        }
    }
    addresses
}

/// Where `port` of an op is reached: an address with its scheme where the definition says what is served there.
fn endpoint(host: &str, args: &RunArgs, port: &str) -> Option<String> {
    let number: u16 = port.parse().ok()?;
    let exposed = args.expose.iter().flatten().find(|e| (e.first..=e.last).contains(&number))?;
    Some(match exposed.service {
        Some(Service::Web | Service::Api | Service::WebApi) => format!("http://{host}:{number}"),
        Some(Service::WebSocket) => format!("ws://{host}:{number}"),
        Some(Service::None) | None => format!("{host}:{number}"),
    })
}

/// Whether `text` can be a name in a network: one label of a host name, in lower case.
pub(super) fn is_host_name(text: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&text.len()) && text.bytes().all(good) && !text.starts_with('-') && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_for_the_same_folder_only() {
        let parent = tempfile::tempdir().unwrap();
        let one = Scratch::create(parent.path(), "one").unwrap();
        let names = Names::of(&one);
        assert_eq!(names, Names::of(&Scratch::find(parent.path(), "one").unwrap().unwrap()));
        let other = Names::of(&Scratch::create(parent.path(), "other").unwrap());
        assert_ne!(names.op(0, 0), other.op(0, 0));
        assert_ne!(names.bridge(), other.bridge());
        assert_eq!(names.bridge().len(), 15);
        assert_ne!(names.op(1, 11), names.op(11, 1));
    }

    #[test]
    fn ops_are_reached_by_name() {
        let definition = serde_json::json!({"version": "0.1", "type": "container", "ops": [
            {"type": "container/run", "id": "web", "args": {"image": "i", "expose": [
                {"port": 80, "type": "web"}, {"port": "90-99", "type": "websocket"}, 7000]}},
            {"type": "container/run", "id": "The Op".replace(' ', "_"), "args": {"image": "i", "cmd": [
                "%%ops.web.host%%", "%%ops.web.endpoint.80%%", "%%ops.web.endpoint.95%%", "%%ops.web.endpoint.7000%%",
                "%%ops.web.endpoint.81%%", "%%ops.The_Op.host%%"]}},
        ]});
        let definition = Definition::parse(definition.to_string().as_bytes()).unwrap();
        let addresses = addresses(&definition);
        assert_eq!(addresses.hosts["web"], "web");
        assert_eq!(addresses.hosts["The_Op"], "op-1");
        let endpoints: Vec<&str> = addresses.endpoints.values().map(String::as_str).collect();
        assert_eq!(endpoints, ["web:7000", "http://web:80", "ws://web:95"]);
    }

    #[test]
    fn host_names_are_one_lower_case_label() {
        for good in ["a", "web-1", "0"] {
            assert!(is_host_name(good), "{good}");
        }
        for bad in ["", "A", "a.b", "a_b", "-a", "a-", &"a".repeat(64)] {
            assert!(!is_host_name(bad), "{bad}");
        }
    }
}
