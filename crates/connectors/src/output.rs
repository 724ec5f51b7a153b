//! What a connector promises of its output, checked before anybody builds on it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use grid_executor::{OutputCheck, json};
use serde_json::Value;

use crate::{connector::Connector, schema::Schema};

/// The largest `output.json`, in bytes. What is larger belongs into files.
pub(crate) const MAX_OUTPUT_BYTES: u64 = 64 << 20;

/// What must hold of a typed op's folder once its command has ended well.
#[derive(Debug)]
pub(crate) struct Promise {
    connector: String,
    folder: PathBuf,
    schema: Arc<Schema>,
    files: bool,
}

impl Promise {
    pub fn new(connector: &Connector, folder: &str) -> Self {
        Self {
            connector: connector.manifest().name.clone(),
            folder: folder.into(),
            schema: connector.output.clone(),
            files: connector.manifest().output_files,
        }
    }

    fn look(&self, work: &Path) -> Result<(), String> {
        let real = |name: &str| {
            let path = self.folder.join(name);
            let real =
                work.join(&path).canonicalize().map_err(|error| format!("{}: {error}", path.display()))?;
            // A command could have left a link to anywhere.
            match work.canonicalize() {
                Ok(work) if real.starts_with(&work) => Ok(real),
                _ => Err(format!("{} leads out of the job's folder", path.display())),
            }
        };
        let output = real("output.json")?;
        let unreadable = |error: std::io::Error| format!("output.json cannot be read: {error}");
        let metadata = fs::metadata(&output).map_err(unreadable)?;
        if !metadata.is_file() || metadata.len() > MAX_OUTPUT_BYTES {
            return Err(format!("output.json is no file of at most {MAX_OUTPUT_BYTES} bytes"));
        }
        let bytes = fs::read(&output).map_err(unreadable)?;
        let value: Value =
            json::parse_strict(&bytes).map_err(|error| format!("output.json is not JSON: {error}"))?;
        if let Some(broken) = self.schema.broken_by("output", &value).first() {
            return Err(broken.to_string());
        }
        if self.files && !real("files")?.is_dir() {
            return Err("\"files\" is no folder".to_owned());
        }
        Ok(())
    }
}

impl OutputCheck for Promise {
    fn check(&self, work: &Path) -> Result<(), String> {
        self.look(work).map_err(|problem| {
            format!("the connector {} did not leave what it promises: {problem}", self.connector)
        })
    }
}
