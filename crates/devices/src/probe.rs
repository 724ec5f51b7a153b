//! [`Probe`]: what knows the GPUs of this machine.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Gpu, Vitals};

/// What knows the GPUs of this machine: one implementation for each maker's driver.
#[async_trait]
pub trait Probe: Send {
    /// Looks at all GPUs once.
    ///
    /// A GPU that cannot be read is a [`Sighting::Unreadable`] beside the others. An error says that nothing is known of any.
    async fn snapshot(&mut self) -> Result<Snapshot, ProbeError>;
}

/// All GPUs at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Snapshot {
    /// One for each GPU that the driver counts.
    pub sightings: Vec<Sighting>,
}

/// One GPU at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Sighting {
    /// It answers.
    Read {
        /// What it is.
        gpu: Gpu,
        /// How it does.
        vitals: Vitals,
    },
    /// The driver counts it, and cannot read it.
    Unreadable {
        /// Its number among the driver's GPUs.
        index: u32,
        /// Which one it is, where that is known from before.
        uuid: Option<String>,
        /// Whether the driver has given it up: it fell off the bus.
        lost: bool,
        /// What the driver says.
        reason: String,
    },
}

/// Why nothing is known of any GPU. Each is one sentence that says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// There is no driver library.
    #[error(
        "no GPU found: libnvidia-ml.so.1 of the NVIDIA driver is not on this machine; install the driver, or start the \
         container with the NVIDIA container runtime"
    )]
    NoLibrary,
    /// There is a driver library that cannot be used.
    #[error(
        "no GPU found: the NVIDIA driver's library cannot be used ({0}); install driver 510 or newer anew"
    )]
    BadLibrary(String),
    /// The library is there, the kernel's part of the driver is not.
    #[error(
        "no GPU found: the NVIDIA driver is installed and not loaded; load it with `modprobe nvidia` and look at `dmesg` if that \
         fails"
    )]
    NoDriver,
    /// Library and kernel module are of different versions.
    #[error(
        "no GPU found: the NVIDIA driver's library and its kernel module are of different versions, as after an upgrade; restart \
         the machine"
    )]
    VersionMismatch,
    /// This user may not open the devices.
    #[error(
        "no GPU found: this user may not open /dev/nvidiactl; give it the right to, or run as a user that has it"
    )]
    NoPermission,
    /// Anything else that the driver says.
    #[error("the NVIDIA driver does not answer as it should ({0}); look at `nvidia-smi` and `dmesg`")]
    Driver(String),
    /// The driver does not come back from a call.
    #[error("the NVIDIA driver has not answered for {polls} polls; look at `nvidia-smi` and `dmesg`")]
    Silent {
        /// Polls in a row.
        polls: u32,
    },
}
