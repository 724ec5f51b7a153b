//! [`Device`]: what a job runs on, as far as an executor has to know it.

use std::thread;

use serde::{Deserialize, Serialize};

use crate::definition::Version;

/// One device of the worker: a GPU, a group of GPUs, or the machine's CPU.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// What the result document calls it.
    pub label: String,
    /// Its GPUs; empty for a CPU device.
    pub gpu_uuids: Vec<String>,
    /// Video memory of its smallest GPU, in bytes.
    pub vram_bytes: Option<u64>,
    /// CUDA compute capability of its oldest GPU.
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

impl Device {
    /// A device without a GPU, with this machine's CPU threads.
    pub fn cpu(label: impl Into<String>) -> Self {
        let cpus = thread::available_parallelism().ok().map(|count| count.get() as u64);
        Self { label: label.into(), cpus, ..Self::default() }
    }
}
