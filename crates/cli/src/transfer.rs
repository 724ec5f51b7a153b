//! Bytes between a client and a node: definitions and inputs to it, logs, results and artifacts from it.
//!
//! A node's endpoint is the one in its record. What a client sends or asks for about its own job is signed
//! ([`grid_node_api::NodeClient`]); what is named by its SHA-256 needs no signature to be fetched, and is hashed here.

use crate::session::Session;
use anyhow::{Context, Result, bail, ensure};
use grid_client::{account::Node, chain::find, nodes};
use grid_executor::{
    ContentSource, Digest, FolderStore, HttpConfig, HttpStore, ResultDocument, Sources, log,
    result::{ArtifactKind, ArtifactRecord, MAX_RESULT_BYTES},
};
use grid_node_api::{NodeClient, NodeClientError, Pushed};
use grid_nodes::text;
use solana_address::Address;
use solana_keypair::Keypair;
use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};
use tempfile::NamedTempFile;

/// Largest log that is fetched, bytes: a definition can't ask for more.
const MAX_LOG_BYTES: u64 = 1 << 30;
/// Largest artifact that is fetched, bytes.
const MAX_ARTIFACT_BYTES: u64 = 1 << 40;
/// Most of a running log that is taken at a time, bytes; the rest comes with the next look.
const LOG_PIECE_BYTES: usize = 8 << 20;

/// A node as a client talks to it.
pub struct Peer {
    client: NodeClient,
    key: Arc<Keypair>,
    content: Sources,
}

/// Finds where a node can be reached; `None` when its record names no endpoint.
pub async fn peer_of(session: &Session, node: &Address) -> Result<Option<Peer>> {
    let record: Option<Node> = find(session.chain.as_ref(), &nodes::node_address(node).0).await?;
    let Some(record) = record else { return Ok(None) };
    match text::read(&record.endpoint) {
        "" => Ok(None),
        endpoint => Ok(Some(Peer::new(endpoint, *node, session.key()?.clone())?)),
    }
}

impl Peer {
    /// A node that is reached at `endpoint`.
    pub fn new(endpoint: &str, node: Address, key: Arc<Keypair>) -> Result<Self> {
        let client = NodeClient::new(endpoint, node)?;
        // Behind `content/` where the endpoint is a node's, at the endpoint itself where it is a plain store.
        let plain = HttpStore::new(endpoint, HttpConfig::default())?;
        let content = Sources::new(vec![Arc::new(client.content()?), Arc::new(plain)]);
        Ok(Self { client, key, content })
    }

    /// Where content is fetched from.
    pub fn content(&self) -> &Sources {
        &self.content
    }

    /// Gives the node what it lacks of the bytes that `job` needs, out of `store`; returns how many files that were.
    pub async fn push(&self, job: &Address, store: &FolderStore, digests: &[Digest]) -> Result<usize> {
        let mut sent = 0;
        for digest in digests {
            if self.content.has(*digest).await.unwrap_or(false) {
                continue;
            }
            let path = store.path_of(*digest);
            let pushed = self.client.push_file(&self.key, job, *digest, &path).await;
            if pushed.with_context(|| format!("giving it {digest}"))? == Pushed::Sent {
                sent += 1;
            }
        }
        Ok(sent)
    }

    /// What a job's log has from a byte on, or the first piece of it; `None` where the node does not have it.
    pub async fn log_from(&self, job: &Address, from_byte: u64) -> Result<Option<Vec<u8>>> {
        let mut log = self.client.log(self.key.insecure_clone(), *job, from_byte, false);
        let mut bytes = Vec::new();
        while bytes.len() < LOG_PIECE_BYTES {
            match log.next().await {
                Ok(Some(piece)) => bytes.extend_from_slice(&piece),
                Ok(None) => break,
                // 404: not there (any more); 400: a plain store.
                Err(NodeClientError::Refused { status: 400 | 404, .. }) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Some(bytes))
    }
}

/// The result document that a job's account names, checked against it.
pub async fn result_document(
    from: &dyn ContentSource,
    result: Digest,
    definition: Digest,
    job: &Address,
) -> Result<(Vec<u8>, ResultDocument)> {
    let bytes = from.get(result, MAX_RESULT_BYTES as u64).await.context("the result document")?;
    let document = ResultDocument::parse_expecting(&bytes, result).context("the result document")?;
    ensure!(
        document.definition == definition,
        "the result is of definition {}, the job of {definition}",
        document.definition
    );
    ensure!(document.job == job.to_string(), "the result is of job {}, not of {job}", document.job);
    Ok((bytes, document))
}

/// What lies in a folder of a downloaded job.
pub const RESULT_FILE: &str = "result.json";
/// Its log.
pub const LOG_FILE: &str = "log";
/// The folder of its artifacts.
pub const ARTIFACTS_FOLDER: &str = "artifacts";

/// The file that an artifact becomes: the last part of its name, so that nothing outside the folder is reached.
fn artifact_path(folder: &Path, artifact: &ArtifactRecord) -> Result<PathBuf> {
    let name = Path::new(&artifact.name).file_name().and_then(|name| name.to_str());
    let name = name.with_context(|| format!("the artifact `{}` has no name for a file", artifact.name))?;
    let name = match artifact.kind {
        ArtifactKind::FolderTar if !name.ends_with(".tar") => format!("{name}.tar"),
        _ => name.to_owned(),
    };
    Ok(folder.join(ARTIFACTS_FOLDER).join(name))
}

/// Where each artifact belongs. Two can't be one file.
fn artifact_paths<'a>(
    folder: &Path,
    document: &'a ResultDocument,
) -> Result<Vec<(PathBuf, &'a ArtifactRecord)>> {
    let mut paths: Vec<(PathBuf, &ArtifactRecord)> = Vec::new();
    for artifact in &document.artifacts {
        let path = artifact_path(folder, artifact)?;
        if let Some((_, other)) = paths.iter().find(|(taken, _)| *taken == path) {
            bail!(
                "the artifacts `{}` and `{}` would be one file, {}",
                other.name,
                artifact.name,
                path.display()
            );
        }
        paths.push((path, artifact));
    }
    Ok(paths)
}

/// Downloads log and artifacts of a job into `folder`, beside its result document; every byte is hashed. A file that is there
/// with the right bytes stays.
pub async fn download(
    from: &dyn ContentSource,
    bytes: &[u8],
    document: &ResultDocument,
    folder: &Path,
    on_file: impl Fn(&Path, u64),
) -> Result<Vec<PathBuf>> {
    let artifacts = artifact_paths(folder, document)?;
    std::fs::create_dir_all(folder.join(ARTIFACTS_FOLDER))
        .with_context(|| format!("the folder {}", folder.display()))?;
    let result = folder.join(RESULT_FILE);
    if !holds(&result, Digest::of(bytes))? {
        write(folder, &result, bytes).with_context(|| format!("writing {}", result.display()))?;
    }
    let log = (folder.join(LOG_FILE), document.log.sha256, MAX_LOG_BYTES);
    let artifacts = artifacts.into_iter().map(|(path, a)| (path, a.sha256, MAX_ARTIFACT_BYTES));
    let mut files = vec![result];
    for (path, digest, max_bytes) in std::iter::once(log).chain(artifacts) {
        if !holds(&path, digest)? {
            let size_bytes = from.get_file(digest, max_bytes, &path).await?;
            on_file(&path, size_bytes);
        }
        files.push(path);
    }
    Ok(files)
}

/// Writes a file whole or not at all.
fn write(folder: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path)?;
    Ok(())
}

/// Whether a file is there with the bytes that `digest` names. One with other bytes is an error: it is not ours to replace.
fn holds(path: &Path, digest: Digest) -> Result<bool> {
    match std::fs::File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
        Ok(file) => {
            let found = Digest::of_reader(file).with_context(|| format!("reading {}", path.display()))?.0;
            ensure!(
                found == digest,
                "{} is there and is {found}, not {digest}: move it away, or name another folder",
                path.display()
            );
            Ok(true)
        }
    }
}

/// Hashes a downloaded folder again; says what is wrong with it, an entry a file. Empty: nothing.
pub fn verify(folder: &Path, result: Digest) -> Result<(ResultDocument, Vec<String>)> {
    let path = folder.join(RESULT_FILE);
    let bytes = std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    let document = ResultDocument::parse_expecting(&bytes, result)
        .with_context(|| format!("{} is not what the chain holds", path.display()))?;
    let log = (folder.join(LOG_FILE), document.log.sha256);
    let artifacts = artifact_paths(folder, &document)?.into_iter().map(|(path, a)| (path, a.sha256));
    let mut wrong = Vec::new();
    for (path, digest) in std::iter::once(log).chain(artifacts) {
        match holds(&path, digest) {
            Ok(true) => {}
            Ok(false) => wrong.push(format!("{} is missing", path.display())),
            Err(error) => wrong.push(format!("{error:#}")),
        }
    }
    Ok((document, wrong))
}

/// The lines of a log, as a terminal may show them.
pub fn log_lines(bytes: &[u8]) -> Vec<String> {
    let line = |line: log::LogLine<'_>| {
        let text = String::from_utf8_lossy(line.bytes).replace('\t', "    ");
        crate::facts::printable(&format!("{} | {text}", line.op))
    };
    log::lines(bytes).map(line).collect()
}

/// The log that a result document names.
pub async fn log_of(from: &dyn ContentSource, document: &ResultDocument) -> Result<Vec<u8>> {
    from.get(document.log.sha256, MAX_LOG_BYTES).await.context("the log")
}

#[cfg(test)]
mod tests {
    use super::*;
    use grid_executor::{
        ContentStore, JobStatus, OpStatus,
        result::{DeviceRecord, Diagnostics, LogRecord, OpRecord, RESULT_VERSION},
    };

    const LOG: &[u8] = b"1 run stdout hello\n2 run\x1b stderr \x1b[2J\tend\n";

    fn artifact(name: &str, bytes: &[u8]) -> ArtifactRecord {
        let (sha256, size_bytes) = (Digest::of(bytes), bytes.len() as u64);
        ArtifactRecord { name: name.to_owned(), kind: ArtifactKind::File, sha256, size_bytes }
    }

    fn document(artifacts: Vec<ArtifactRecord>) -> ResultDocument {
        ResultDocument {
            version: RESULT_VERSION.to_owned(),
            job: Address::default().to_string(),
            definition: Digest::of(b"definition"),
            status: JobStatus::Succeeded,
            started_ms: 1,
            ended_ms: 2,
            metered_seconds: None,
            executor: "process".to_owned(),
            device: DeviceRecord { label: "cpu".to_owned(), gpu_uuids: Vec::new() },
            ops: vec![OpRecord {
                id: "run".to_owned(),
                group: "run".to_owned(),
                kind: "container/run".to_owned(),
                image: None,
                connector: None,
                status: OpStatus::Succeeded,
                exit_code: Some(0),
                signal: None,
                started_ms: Some(1),
                ended_ms: Some(2),
                results: Default::default(),
                errors: Vec::new(),
                diagnostics: Diagnostics::default(),
            }],
            errors: Vec::new(),
            log: LogRecord { sha256: Digest::of(LOG), size_bytes: LOG.len() as u64, truncated: false },
            artifacts,
        }
    }

    /// A store with a result, and a folder to download into.
    async fn stored(document: &ResultDocument) -> (tempfile::TempDir, FolderStore, Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        let store = FolderStore::open(folder.path().join("store")).unwrap();
        let bytes = document.to_bytes().unwrap();
        for content in [&bytes, LOG, b"artifact"] {
            store.put(content).await.unwrap();
        }
        (folder, store, bytes)
    }

    #[tokio::test]
    async fn what_is_downloaded_is_verified_and_again_changes_nothing() {
        let document = document(vec![artifact("deep/x.txt", b"artifact")]);
        let (folder, store, bytes) = stored(&document).await;
        let out = folder.path().join("out");
        let files = download(&store, &bytes, &document, &out, |_, _| {}).await.unwrap();
        assert_eq!(files, [out.join("result.json"), out.join("log"), out.join("artifacts/x.txt")]);
        let again = download(&store, &bytes, &document, &out, |_, _| panic!("nothing is fetched")).await;
        assert_eq!(again.unwrap(), files);
        let result = Digest::of(&bytes);
        assert_eq!(verify(&out, result).unwrap().1, Vec::<String>::new());

        std::fs::write(out.join("log"), "forged").unwrap();
        std::fs::remove_file(out.join("artifacts/x.txt")).unwrap();
        let wrong = verify(&out, result).unwrap().1;
        assert!(wrong.len() == 2 && wrong[0].contains("log") && wrong[1].contains("is missing"), "{wrong:?}");
        let error = download(&store, &bytes, &document, &out, |_, _| {}).await.unwrap_err().to_string();
        assert!(error.contains("move it away"), "{error}");
        assert_eq!(std::fs::read(out.join("log")).unwrap(), b"forged", "never replaced");
        assert!(verify(&out, Digest::of(b"other")).is_err(), "the chain holds another result");
    }

    #[tokio::test]
    async fn names_that_lead_elsewhere_or_meet_are_refused_before_anything_is_written() {
        let pairs = [vec![artifact("..", b"x")], vec![artifact("a/x", b"1"), artifact("b/x", b"2")]];
        for artifacts in pairs {
            let document = document(artifacts);
            let folder = tempfile::tempdir().unwrap();
            let store = FolderStore::open(folder.path().join("store")).unwrap();
            let out = folder.path().join("out");
            assert!(download(&store, b"{}", &document, &out, |_, _| {}).await.is_err());
            assert!(!out.exists());
        }
        let path = artifact_path(Path::new("/out"), &artifact("../../etc/passwd", b"x")).unwrap();
        assert_eq!(path, Path::new("/out/artifacts/passwd"));
    }

    #[tokio::test]
    async fn a_result_of_something_else_is_refused() {
        let document = document(Vec::new());
        let (_folder, store, bytes) = stored(&document).await;
        let (result, job) = (Digest::of(&bytes), Address::default());
        assert!(result_document(&store, result, document.definition, &job).await.is_ok());
        let other = result_document(&store, result, Digest::of(b"other"), &job).await.unwrap_err();
        assert!(other.to_string().contains("is of definition"), "{other}");
        let other = result_document(&store, result, document.definition, &Address::new_unique()).await;
        assert!(other.unwrap_err().to_string().contains("is of job"));
    }

    #[test]
    fn nothing_in_a_log_is_obeyed_by_a_terminal() {
        assert_eq!(log_lines(LOG), ["run | hello", "run\u{fffd} | \u{fffd}[2J    end"]);
    }
}
