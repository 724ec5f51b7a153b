//! A connector's own test, run for real.

use grid_executor::{
    CancellationToken, ContentSource, ContentStore, Device, Digest, Executor, JobError, JobOutcome,
    JobRequest, JobStatus, StoreError, Workplace, log, run_job,
};
use serde_json::{Value, json};

use crate::{
    connector::Connector, expand::ExpandError, output::MAX_OUTPUT_BYTES, set::Connectors,
    template::ExecutorKind,
};

/// The id of the test's op and of its job.
const TEST: &str = "test";
/// The last lines of a failed command's output that are shown.
const SHOWN_LINES: usize = 10;

/// A test that passed.
#[derive(Clone, Debug)]
pub struct Tested {
    /// How the job went.
    pub outcome: JobOutcome,
    /// What the connector left.
    pub output: Value,
}

/// Why a connector's test did not pass.
#[derive(Debug, thiserror::Error)]
pub enum SelfTestError {
    /// The executor is of a kind that connectors do not know.
    #[error("connectors have no commands for the executor \"{0}\"")]
    Executor(String),
    /// It cannot run here.
    #[error(transparent)]
    Expand(#[from] ExpandError),
    /// This machine failed.
    #[error(transparent)]
    Job(#[from] JobError),
    /// What came out cannot be read back.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It ran and did not do what it should.
    #[error("the test of the connector {connector} failed:\n  {}", problems.join("\n  "))]
    Failed {
        /// The connector.
        connector: String,
        /// What went wrong.
        problems: Vec<String>,
    },
}

impl Connectors {
    /// Posts `test/input.json` to the connector on `executor`, as a job of its own in `workplace`, and holds what comes
    /// out against `test/expect.json`. No other job of `workplace` may be called `test`.
    pub async fn self_test(
        &self,
        connector: &Connector,
        executor: &dyn Executor,
        device: Device,
        workplace: &Workplace,
    ) -> Result<Tested, SelfTestError> {
        let kind = ExecutorKind::named(executor.name())
            .ok_or_else(|| SelfTestError::Executor(executor.name().to_owned()))?;
        let definition = test_definition(connector, &workplace.store).await?;
        let request = JobRequest::new(TEST, &definition, device).map_err(ExpandError::from)?;
        let request = self.expand_request(request, kind, &workplace.store).await?;
        let outcome = run_job(request, executor, workplace, CancellationToken::new(), &|_| {}).await?;
        let failed =
            |problems| SelfTestError::Failed { connector: connector.manifest().name.clone(), problems };
        if outcome.document.status != JobStatus::Succeeded {
            return Err(failed(what_went_wrong(&outcome, workplace).await?));
        }
        let name = format!("{TEST}.json");
        let Some(artifact) = outcome.document.artifacts.iter().find(|artifact| artifact.name == name) else {
            return Err(failed(vec![format!("the artifact {name} is missing")]));
        };
        let bytes = workplace.store.get(artifact.sha256, MAX_OUTPUT_BYTES).await?;
        let output: Value =
            serde_json::from_slice(&bytes).map_err(|error| failed(vec![error.to_string()]))?;
        let problems = connector.test_expect.broken_by(&output);
        if problems.is_empty() { Ok(Tested { outcome, output }) } else { Err(failed(problems)) }
    }
}

/// The published bytes of the test's job.
async fn test_definition(connector: &Connector, store: &dyn ContentStore) -> Result<Vec<u8>, StoreError> {
    let mut inputs = Vec::new();
    for (index, (path, bytes)) in connector.test_files().enumerate() {
        let sha256: Digest = store.put(bytes).await?;
        inputs.push(json!({"name": format!("file-{index}"), "sha256": sha256, "dest": path}));
    }
    let manifest = connector.manifest();
    let mut args = connector.test_input.clone();
    args.insert("connector".to_owned(), format!("{}@{}", manifest.name, manifest.version).into());
    let definition = json!({
        "version": "0.1", "type": "container", "inputs": inputs,
        "ops": [{"type": manifest.task.op_type(), "id": TEST, "args": args}],
    });
    Ok(definition.to_string().into_bytes())
}

/// The errors of a job and the last lines of its log.
async fn what_went_wrong(outcome: &JobOutcome, workplace: &Workplace) -> Result<Vec<String>, StoreError> {
    let document = &outcome.document;
    let errors = document.ops.iter().flat_map(|op| &op.errors).chain(&document.errors);
    let mut problems: Vec<String> = errors.map(|error| error.message.clone()).collect();
    let bytes = workplace.store.get(document.log.sha256, document.log.size_bytes).await?;
    let lines: Vec<String> = log::lines(&bytes)
        .map(|line| format!("{}: {}", line.stream.name(), String::from_utf8_lossy(line.bytes)))
        .collect();
    problems.extend(lines[lines.len().saturating_sub(SHOWN_LINES)..].iter().cloned());
    Ok(problems)
}
