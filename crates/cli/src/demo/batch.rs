//! The jobs of the demo: made from templates, published, and their results checked.

use anyhow::{Context, Result, bail, ensure};
use grid_client::account::Job;
use grid_executor::{
    ContentSource, ContentStore, Digest, FolderStore, HttpStore, JobStatus, ResultDocument, Template, log,
};
use std::path::{Path, PathBuf};

const BENCH: &[u8] = include_bytes!("../../../../examples/bench-cpu.json");
const WORD_COUNT: &[u8] = include_bytes!("../../../../examples/word-count.json");
const FAILING: &[u8] = include_bytes!("../../../../examples/failing.json");
const HELLO: &[u8] = include_bytes!("../../../../examples/hello.json");
const WORDS: &[u8] = include_bytes!("../../../../examples/words.txt");

/// Largest result, log or artifact that the client downloads, bytes.
const MAX_DOWNLOAD_BYTES: u64 = 1 << 30;

/// How a job must end for the demo to have worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// It succeeds.
    Success,
    /// An op ends with this exit code, and the log says why.
    ExitCode(i32),
    /// Whatever it does.
    Anything,
}

/// A published job.
#[derive(Debug)]
pub struct Planned {
    /// What it is called.
    pub name: String,
    /// SHA-256 of its definition.
    pub definition: Digest,
    /// How it must end.
    pub expected: Expected,
}

/// The built-in CPU benchmark.
pub async fn bench(store: &FolderStore) -> Result<Planned> {
    publish(store, "benchmark", BENCH, None, Expected::Success).await
}

/// The words of a file, counted; the input is `file`, or the example.
pub async fn word_count(store: &FolderStore, file: Option<&Path>) -> Result<Planned> {
    let words = match file {
        Some(path) => std::fs::read(path).with_context(|| {
            format!("--input {}: give a text file that can be read, or leave the option out", path.display())
        })?,
        None => WORDS.to_vec(),
    };
    ensure!(!words.is_empty(), "--input: the file is empty, there is nothing to count");
    publish(store, "word count", WORD_COUNT, Some(("words", &words)), Expected::Success).await
}

/// A job that exits with 3.
pub async fn failing(store: &FolderStore) -> Result<Planned> {
    publish(store, "failing job", FAILING, None, Expected::ExitCode(3)).await
}

/// A job that says hello.
pub async fn hello(store: &FolderStore) -> Result<Planned> {
    publish(store, "hello", HELLO, None, Expected::Success).await
}

/// A job whose definition the user wrote.
pub async fn own(store: &FolderStore, file: &Path) -> Result<Planned> {
    let bytes = std::fs::read(file)
        .with_context(|| format!("--job {}: give a job definition that can be read", file.display()))?;
    let context = || format!("--job {}", file.display());
    publish(store, "your job", &bytes, None, Expected::Anything).await.with_context(context)
}

async fn publish(
    store: &FolderStore,
    name: &str,
    template: &[u8],
    input: Option<(&str, &[u8])>,
    expected: Expected,
) -> Result<Planned> {
    let mut template = Template::parse(template)?;
    if let Some((input, bytes)) = input {
        template.bind_input(input, store.put(bytes).await?)?;
    }
    let (_, bytes) = template.publish()?;
    let definition = store.put(&bytes).await?;
    Ok(Planned { name: name.to_owned(), definition, expected })
}

/// What the client downloaded of a finished job, each byte of it re-hashed.
pub struct Downloaded {
    /// The result document.
    pub document: ResultDocument,
    /// The log's lines.
    pub log: Vec<String>,
    /// Where the artifacts were saved.
    pub files: Vec<PathBuf>,
}

/// Downloads result, log and artifacts of a finished job into `folder`, and checks that it ended as it should.
pub async fn collect(planned: &Planned, job: &Job, from: &HttpStore, folder: &Path) -> Result<Downloaded> {
    let digest = Digest(job.result);
    let bytes = from.get(digest, MAX_DOWNLOAD_BYTES).await.context("the result document")?;
    let document = ResultDocument::parse_expecting(&bytes, digest).context("the result document")?;
    ensure!(document.definition == planned.definition, "the result is of another definition");

    let log_bytes = from.get(document.log.sha256, MAX_DOWNLOAD_BYTES).await.context("the log")?;
    let log: Vec<String> =
        log::lines(&log_bytes).map(|line| String::from_utf8_lossy(line.bytes).into_owned()).collect();

    let mut files = Vec::new();
    for artifact in &document.artifacts {
        // The name is the definition's; only its last part is used, and no folder above `folder` is reached.
        let name = Path::new(&artifact.name).file_name().context("an artifact without a name")?;
        let path = folder.join(name);
        let size = from.get_file(artifact.sha256, MAX_DOWNLOAD_BYTES, &path).await?;
        ensure!(
            size == artifact.size_bytes,
            "artifact {} has {size} bytes, not {}",
            artifact.name,
            artifact.size_bytes
        );
        let saved = Digest::of(&std::fs::read(&path)?);
        ensure!(
            saved == artifact.sha256,
            "artifact {} was saved as {saved}, not as {}",
            artifact.name,
            artifact.sha256
        );
        files.push(path);
    }
    check_end(planned, &document, &log)?;
    Ok(Downloaded { document, log, files })
}

fn check_end(planned: &Planned, document: &ResultDocument, log: &[String]) -> Result<()> {
    let ended = |status: JobStatus| document.status == status;
    match planned.expected {
        Expected::Anything => {}
        Expected::Success => {
            ensure!(ended(JobStatus::Succeeded), "ended as {:?}:\n{}", document.status, log.join("\n"))
        }
        Expected::ExitCode(code) => {
            ensure!(ended(JobStatus::Failed), "ended as {:?}, but should have failed", document.status);
            let codes: Vec<Option<i32>> = document.ops.iter().map(|op| op.exit_code).collect();
            ensure!(codes == [Some(code)], "ended with exit codes {codes:?}, but should have with {code}");
            if log.is_empty() {
                bail!("the log of the failed job is empty");
            }
        }
    }
    Ok(())
}
