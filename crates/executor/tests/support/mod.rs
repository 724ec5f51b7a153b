//! What the suites of this crate share.
#![allow(dead_code, reason = "each suite needs a part of it")]

pub mod engine;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use grid_executor::{
    CancellationToken, ContainerConfig, ContentSource, Device, Executor, FolderStore, JobError, JobEvent,
    JobOutcome, JobRequest, OpStatus, ProcessConfig, ProcessExecutor, Sources, Workplace, log,
    result::OpRecord, run_job,
};
use serde_json::{Value, json};

/// A folder with a store and room for jobs, gone with the test.
pub struct Bench {
    pub folder: Option<tempfile::TempDir>,
    pub root: PathBuf,
    pub workplace: Workplace,
    pub executor: Arc<dyn Executor>,
    pub cancel: CancellationToken,
    pub timeout: Option<Duration>,
}

impl Bench {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        Self { folder: Some(folder), ..Self::in_folder(&path) }
    }

    /// One in a folder that somebody else removes.
    pub fn in_folder(path: &Path) -> Self {
        // Where ops may leave notes for their test.
        let notes = path.join("notes");
        std::fs::create_dir_all(&notes).unwrap();
        let store = FolderStore::open(path.join("store")).unwrap();
        let executor = Arc::new(ProcessExecutor::new(ProcessConfig {
            stop_grace: Duration::from_millis(300),
            writable: vec![notes],
            ..ProcessConfig::default()
        }));
        Self {
            folder: None,
            root: path.to_owned(),
            workplace: Workplace::new(path.join("jobs"), store, Sources::default()),
            executor,
            cancel: CancellationToken::new(),
            timeout: None,
        }
    }

    /// One whose jobs run in containers; `None` where there is no engine.
    pub async fn with_containers() -> Option<Self> {
        Self::with_containers_as(ContainerConfig::default()).await
    }

    /// The same with other settings.
    pub async fn with_containers_as(config: ContainerConfig) -> Option<Self> {
        let executor = engine::executor(config).await?;
        Some(Self { executor: Arc::new(executor), ..Self::new() })
    }

    pub fn executor(&self) -> &dyn Executor {
        self.executor.as_ref()
    }

    /// A file that ops may write, outside the folders of their jobs.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join("notes").join(name)
    }

    pub fn request(&self, definition: &Value) -> JobRequest {
        let bytes = definition.to_string().into_bytes();
        JobRequest {
            project: "project-1".into(),
            host: "node-1".into(),
            timeout: self.timeout,
            ..JobRequest::new("job-1", &bytes, Device::cpu("test device")).unwrap()
        }
    }

    pub async fn try_run(&self, definition: &Value) -> Result<JobOutcome, JobError> {
        let request = self.request(definition);
        run_job(request, self.executor(), &self.workplace, self.cancel.clone(), &|_| {}).await
    }

    /// Runs a job and checks what holds for every job.
    pub async fn run(&self, definition: &Value) -> Done {
        let outcome = self.try_run(definition).await.unwrap();
        let document = self.get(outcome.digest).await;
        assert_eq!(
            grid_executor::ResultDocument::parse_expecting(&document, outcome.digest).unwrap(),
            outcome.document
        );
        assert!(!self.workplace.scratch.join("job-1").exists(), "the job's folder is gone");
        let log = self.get(outcome.document.log.sha256).await;
        assert_eq!(log.len() as u64, outcome.document.log.size_bytes);
        Done { outcome, log }
    }

    pub async fn get(&self, digest: grid_executor::Digest) -> Vec<u8> {
        self.workplace.store.get(digest, 1 << 30).await.unwrap()
    }

    pub async fn artifact(&self, done: &Done, name: &str) -> Vec<u8> {
        let artifact = done.outcome.document.artifacts.iter().find(|artifact| artifact.name == name).unwrap();
        let bytes = self.get(artifact.sha256).await;
        assert_eq!(bytes.len() as u64, artifact.size_bytes);
        bytes
    }
}

/// A job that has ended.
#[derive(Debug)]
pub struct Done {
    pub outcome: JobOutcome,
    pub log: Vec<u8>,
}

impl Done {
    pub fn op(&self, id: &str) -> &OpRecord {
        self.outcome.document.ops.iter().find(|op| op.id == id).unwrap()
    }

    pub fn statuses(&self) -> Vec<(&str, OpStatus)> {
        self.outcome.document.ops.iter().map(|op| (op.id.as_str(), op.status)).collect()
    }

    /// What the ops wrote, as `op stream text`.
    pub fn lines(&self) -> Vec<String> {
        log::lines(&self.log)
            .map(|line| format!("{} {} {}", line.op, line.stream.name(), String::from_utf8_lossy(line.bytes)))
            .collect()
    }
}

pub fn job(ops: Value) -> Value {
    json!({"version": "0.1", "type": "container", "ops": ops})
}

pub fn op(id: &str, cmd: impl Into<Value>) -> Value {
    json!({"type": "container/run", "id": id, "args": {"image": "any", "cmd": cmd.into()}})
}

/// `op` with more args.
pub fn op_with(id: &str, cmd: impl Into<Value>, args: Value) -> Value {
    let mut op = op(id, cmd);
    op["args"].as_object_mut().unwrap().extend(args.as_object().unwrap().clone());
    op
}

/// `op` in a group.
pub fn in_group(mut op: Value, group: &str, depends_on: &[&str]) -> Value {
    op["execution"] = json!({"group": group, "depends_on": depends_on});
    op
}

/// Collects events as text.
#[derive(Default)]
pub struct Events(Mutex<Vec<String>>);

impl Events {
    pub fn take(&self, event: JobEvent<'_>) {
        self.0.lock().unwrap().extend(event_text(event));
    }

    pub fn all(self) -> Vec<String> {
        self.0.into_inner().unwrap()
    }
}

/// An event as text.
pub fn event_text(event: JobEvent<'_>) -> Option<String> {
    Some(match event {
        JobEvent::OpStarted { op } => format!("{op} started"),
        JobEvent::OpHealthy { op } => format!("{op} healthy"),
        JobEvent::Line { op, bytes, .. } => format!("{op}: {}", String::from_utf8_lossy(bytes)),
        JobEvent::OpEnded { op, status } => format!("{op} {status:?}"),
        JobEvent::ArtifactStored { artifact } => format!("stored {}", artifact.name),
        _ => return None,
    })
}

/// Waits for what must come soon.
pub async fn wait_until(mut is_so: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not come");
}

/// Whether a process exists and is no zombie.
pub fn is_alive(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()))
        .is_ok_and(|stat| !stat.rsplit(") ").next().unwrap_or("Z").starts_with('Z'))
}
