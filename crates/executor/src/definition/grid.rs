//! What Grid adds to the published format: `requirements`, `limits`, `inputs`, `outputs`.

use std::path::{Component, Path};

pub use grid_devices::Version;

use super::{DefinitionError, decode::At};
use crate::{Device, Digest, exec::UnsupportedItem};

type Result<T> = std::result::Result<T, DefinitionError>;

/// Bytes of log that a job keeps where it sets no limit.
pub const DEFAULT_LOG_BYTES: u64 = 16 << 20;
/// Bytes of log that a job may ask for at most.
pub const MAX_LOG_BYTES: u64 = 1 << 30;

/// The most inputs, and the most outputs, of a definition.
pub const MAX_INPUTS: usize = 256;

/// What the machine must have. Checked before `start`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requirements {
    /// GPUs.
    pub gpus: Option<u64>,
    /// Video memory of each GPU, in bytes.
    pub vram_bytes: Option<u64>,
    /// CUDA compute capability of each GPU.
    pub compute_capability: Option<Version>,
    /// CUDA version of the driver.
    pub cuda: Option<Version>,
    /// CPU threads.
    pub cpus: Option<u64>,
    /// Main memory, in bytes.
    pub memory_bytes: Option<u64>,
    /// Free disk, in bytes.
    pub disk_bytes: Option<u64>,
}

/// What a job may use at most.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Main memory of each op, in bytes.
    pub memory_bytes: Option<u64>,
    /// Processes and threads of each op.
    pub pids: Option<u64>,
    /// Disk of the whole job, in bytes.
    pub disk_bytes: Option<u64>,
    /// Log of the whole job, in bytes.
    pub log_bytes: Option<u64>,
    /// Run time of each op, its restarts included, in seconds.
    pub wall_seconds: Option<u64>,
}

/// Content-addressed bytes that lie in the job's folder before it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Unique among the inputs.
    pub name: String,
    /// What the bytes are.
    pub sha256: Digest,
    /// The file they become; the name where it is left out.
    pub dest: String,
}

/// A file or folder that becomes an artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Unique among the outputs.
    pub name: String,
    /// Relative to the job's folder.
    pub path: String,
}

impl Requirements {
    pub(super) fn decode(at: At<'_>) -> Result<Self> {
        let fields = at.fields(&[
            "gpus",
            "vram_bytes",
            "compute_capability",
            "cuda",
            "cpus",
            "memory_bytes",
            "disk_bytes",
        ])?;
        Ok(Self {
            gpus: fields.optional("gpus", At::integer)?,
            vram_bytes: fields.optional("vram_bytes", At::integer)?,
            compute_capability: fields.optional("compute_capability", version)?,
            cuda: fields.optional("cuda", version)?,
            cpus: fields.optional("cpus", At::integer)?,
            memory_bytes: fields.optional("memory_bytes", At::integer)?,
            disk_bytes: fields.optional("disk_bytes", At::integer)?,
        })
    }

    /// What `device` lacks; what it does not know of itself counts as lacking.
    pub fn unmet(&self, device: &Device) -> Vec<UnsupportedItem> {
        let mut unmet = Vec::new();
        let mut check = |name: &str, needed: Option<String>, found: Option<String>, met: bool| {
            if let (Some(needed), false) = (needed, met) {
                let found = found.unwrap_or_else(|| "unknown".to_owned());
                unmet.push(UnsupportedItem::new(
                    format!("requirements.{name}"),
                    format!("needs {needed}, this device has {found}"),
                ));
            }
        };
        let numbers = [
            ("gpus", self.gpus, Some(device.gpu_uuids.len() as u64)),
            ("vram_bytes", self.vram_bytes, device.vram_bytes),
            ("cpus", self.cpus, device.cpus),
            ("memory_bytes", self.memory_bytes, device.memory_bytes),
            ("disk_bytes", self.disk_bytes, device.disk_bytes),
        ];
        for (name, needed, found) in numbers {
            let met = needed.unwrap_or(0) <= found.unwrap_or(0);
            check(name, needed.map(|n| n.to_string()), found.map(|n| n.to_string()), met);
        }
        let versions = [
            ("compute_capability", self.compute_capability, device.compute_capability),
            ("cuda", self.cuda, device.cuda),
        ];
        for (name, needed, found) in versions {
            check(name, needed.map(|v| v.to_string()), found.map(|v| v.to_string()), needed <= found);
        }
        unmet
    }
}

impl Limits {
    pub(super) fn decode(at: At<'_>) -> Result<Self> {
        let fields = at.fields(&["memory_bytes", "pids", "disk_bytes", "log_bytes", "wall_seconds"])?;
        Ok(Self {
            memory_bytes: fields.optional("memory_bytes", At::positive)?,
            pids: fields.optional("pids", At::positive)?,
            disk_bytes: fields.optional("disk_bytes", At::positive)?,
            log_bytes: fields.optional("log_bytes", |at| match at.clone().positive()? {
                bytes if bytes <= MAX_LOG_BYTES => Ok(bytes),
                _ => Err(at.error(format_args!("must be at most {MAX_LOG_BYTES}"))),
            })?,
            wall_seconds: fields.optional("wall_seconds", At::positive)?,
        })
    }
}

pub(super) fn inputs(at: At<'_>) -> Result<Vec<Input>> {
    let inputs = at.clone().list(|at| {
        let fields = at.fields(&["name", "sha256", "dest"])?;
        let name = fields.required("name", artifact_name)?;
        Ok(Input {
            sha256: match fields.get("sha256") {
                Some(at) => at.str()?.parse().map_err(|error| at.error(error))?,
                None => {
                    let problem =
                        format!("is missing: bind the input \"{name}\" to a file before publishing");
                    return Err(fields.missing("sha256", &problem));
                }
            },
            dest: fields.optional("dest", |at| safe_path(at, true))?.unwrap_or_else(|| name.clone()),
            name,
        })
    })?;
    check_count(&at, inputs.len())?;
    unique(&at, "name", inputs.iter().map(|input| input.name.as_str()))?;
    for (index, input) in inputs.iter().enumerate() {
        // `Path` compares whole components, so `a/b` lies below `a` and `ab` does not.
        let below = |other: &&Input| Path::new(&input.dest).starts_with(&other.dest);
        if let Some(other) =
            inputs.iter().enumerate().filter(|(i, _)| *i != index).map(|(_, o)| o).find(below)
        {
            return Err(DefinitionError::at(
                &format!("{}[{index}].dest", at.path()),
                format_args!("\"{}\" and \"{}\" cannot both be files", other.dest, input.dest),
            ));
        }
    }
    Ok(inputs)
}

pub(super) fn outputs(at: At<'_>) -> Result<Vec<Output>> {
    let outputs = at.clone().list(|at| {
        let fields = at.fields(&["name", "path"])?;
        Ok(Output {
            name: fields.required("name", artifact_name)?,
            path: fields.required("path", |at| safe_path(at, false))?,
        })
    })?;
    check_count(&at, outputs.len())?;
    unique(&at, "name", outputs.iter().map(|output| output.name.as_str()))?;
    Ok(outputs)
}

fn check_count(at: &At<'_>, count: usize) -> Result<()> {
    if count > MAX_INPUTS {
        return Err(
            at.error(format_args!("has {count} items, the limit is {MAX_INPUTS}: put them into one archive"))
        );
    }
    Ok(())
}

/// The first name that stands twice is an error at its second place.
fn unique<'n>(at: &At<'_>, field: &str, names: impl Iterator<Item = &'n str>) -> Result<()> {
    let mut seen = std::collections::HashSet::new();
    for (index, name) in names.enumerate() {
        if !seen.insert(name) {
            let path = format!("{}[{index}].{field}", at.path());
            return Err(DefinitionError::at(&path, format_args!("\"{name}\" is given twice")));
        }
    }
    Ok(())
}

/// A name that can stand as a file name on the client's machine.
fn artifact_name(at: At<'_>) -> Result<String> {
    let name = at.str()?;
    if !is_artifact_name(name) {
        return Err(at.error(
            "a name has 1 to 64 letters, digits, \"_\", \"-\" or \".\", and does not start with \".\"",
        ));
    }
    Ok(name.to_owned())
}

pub(super) fn is_artifact_name(name: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    (1..=64).contains(&name.len()) && name.chars().all(good) && !name.starts_with('.')
}

/// A path that does not leave the folder it is relative to.
fn safe_path(at: At<'_>, may_be_absolute: bool) -> Result<String> {
    let text = at.str()?;
    if text.is_empty() || text.len() > 1024 || text.contains('\0') {
        return Err(at.error("a path has 1 to 1024 bytes and no NUL character"));
    }
    let path = Path::new(text);
    let mut names = 0;
    for component in path.components() {
        match component {
            Component::Normal(_) => names += 1,
            Component::CurDir => {}
            Component::RootDir if may_be_absolute => {}
            Component::RootDir | Component::Prefix(_) => {
                return Err(at.error(format_args!("\"{text}\" must be relative to the job's folder")));
            }
            Component::ParentDir => {
                return Err(at.error(format_args!("\"{text}\" must not climb with \"..\"")));
            }
        }
    }
    if names == 0 {
        return Err(at.error(format_args!("\"{text}\" names no file or folder")));
    }
    Ok(text.to_owned())
}

fn version(at: At<'_>) -> Result<Version> {
    let wrong = || at.error("expected a version of two numbers in a string, such as \"8.6\"");
    let (major, minor) = at.str()?.split_once('.').ok_or_else(wrong)?;
    match (major.parse(), minor.parse()) {
        (Ok(major), Ok(minor)) => Ok(Version { major, minor }),
        _ => Err(wrong()),
    }
}
