//! Grid devices: what this machine can sell, whether it is well, and how fast it is.
//!
//! - [`Probe`] answers which GPUs there are and how they do; [`NvmlProbe`] is NVIDIA's. A machine without an NVIDIA driver runs
//!   all of this and is told why no GPU was found. [`CpuDevice`]s are for development only.
//! - [`watch()`] polls a probe and tells what changed, as [`Event`]s; the rules are the [`Tracker`]'s, which knows no clock and no
//!   driver.
//! - [`cuda::bench`] measures one GPU: memory bandwidth, single precision, brain float on tensor cores.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use std::time::Duration;
//! use grid_devices::{CancellationToken, Event, NvmlProbe, Rules, watch};
//!
//! let stop = CancellationToken::new();
//! let mut events = watch(NvmlProbe::start()?, Rules::default(), Duration::from_secs(5), stop);
//! while let Some(event) = events.recv().await {
//!     match event {
//!         Event::Appeared { gpu, causes } if causes.is_empty() => println!("{} can work", gpu.name),
//!         Event::Unhealthy { uuid, cause } => println!("{uuid} gets no work: {cause}"),
//!         event => println!("{event:?}"),
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod cpu;
pub mod cuda;
mod gpu;
mod nvml;
mod probe;
mod tracker;
mod watch;
pub mod xid;

pub use tokio_util::sync::CancellationToken;

pub use crate::{
    cpu::CpuDevice,
    gpu::{Gpu, MODEL_BYTES, Version, Vitals, model_text},
    nvml::NvmlProbe,
    probe::{Probe, ProbeError, Sighting, Snapshot},
    tracker::{Cause, Event, LostReason, Rules, Tracker},
    watch::watch,
};
