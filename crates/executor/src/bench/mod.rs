//! `bench/cpu`: the built-in benchmark of a machine's processor; `bench/gpu`: that of a device's GPUs.
//!
//! [`cpu`] takes three measurements on every CPU thread at once: memory copy, single-precision matrix multiplication,
//! SHA-256. [`gpu()`] takes those of [`grid_devices::cuda`]. Each is checked: a wrong result is an error, never a figure.

pub mod class;
mod copy;
mod gpu;
mod hash;
mod matrix;
pub mod signed;

use std::{
    collections::BTreeMap,
    thread,
    time::{Duration, Instant},
};

use grid_devices::cuda::GpuBenchError;
use tokio_util::sync::CancellationToken;

pub use self::gpu::gpu;
pub(crate) use self::gpu::unsupported;

/// What the benchmark measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpuFigures {
    /// Threads that worked at once.
    pub threads: u64,
    /// Memory copied, bytes read and bytes written both counted, in 10^6 bytes per second.
    pub copy_megabytes_per_second: u64,
    /// Single-precision matrix multiplication, in 10^6 floating-point operations per second.
    pub fp32_megaflops: u64,
    /// SHA-256, in 10^6 bytes per second.
    pub sha256_megabytes_per_second: u64,
}

impl CpuFigures {
    /// The figures by the names they have in a result document.
    pub fn named(&self) -> BTreeMap<&'static str, u64> {
        [
            ("threads", self.threads),
            ("copy_megabytes_per_second", self.copy_megabytes_per_second),
            ("fp32_megaflops", self.fp32_megaflops),
            ("sha256_megabytes_per_second", self.sha256_megabytes_per_second),
        ]
        .into()
    }
}

/// Why there are no figures.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BenchError {
    /// Somebody ended it.
    #[error("the benchmark was stopped")]
    Cancelled,
    /// The machine computed something wrong.
    #[error("the {0} came out wrong: this machine's memory or processor cannot be trusted")]
    Wrong(&'static str),
    /// There is no GPU to measure.
    #[error("this device has no GPU")]
    NoGpu,
    /// A GPU could not be measured, or computed something wrong.
    #[error("{uuid}: {error}")]
    Gpu {
        /// The GPU.
        uuid: String,
        /// Why.
        error: GpuBenchError,
    },
}

impl BenchError {
    /// Whether something was computed wrong.
    pub fn is_wrong(&self) -> bool {
        matches!(self, Self::Wrong(_) | Self::Gpu { error: GpuBenchError::Wrong(_), .. })
    }
}

/// Measures for about `duration`. Blocks; ends early when `cancel` is set off.
pub fn cpu(duration: Duration, cancel: &CancellationToken) -> Result<CpuFigures, BenchError> {
    let threads = thread::available_parallelism().map_or(1, |count| count.get());
    let share = duration / 3;
    Ok(CpuFigures {
        threads: threads as u64,
        copy_megabytes_per_second: rate(threads, share, cancel, copy::Copy::new)?,
        fp32_megaflops: rate(threads, share, cancel, matrix::Product::new)?,
        sha256_megabytes_per_second: rate(threads, share, cancel, hash::Chain::new)?,
    })
}

/// One measurement on one thread.
trait Kernel {
    /// What it is called when it goes wrong.
    const NAME: &'static str;

    /// Does one round of work and gives its amount, in the measurement's own unit; a round takes milliseconds.
    fn round(&mut self) -> u64;

    /// Whether everything so far came out right.
    fn is_right(&mut self) -> bool;
}

/// Millions of units per second, all threads together.
fn rate<K: Kernel>(
    threads: usize,
    duration: Duration,
    cancel: &CancellationToken,
    make: impl Fn(usize) -> K + Sync,
) -> Result<u64, BenchError> {
    let measure = |thread| {
        let mut kernel = make(thread);
        // One round to warm up caches and page tables, not counted.
        kernel.round();
        let start = Instant::now();
        let mut units = 0;
        loop {
            units += kernel.round();
            let elapsed = start.elapsed();
            if elapsed >= duration || cancel.is_cancelled() {
                let right = kernel.is_right();
                return (units as f64 / elapsed.as_secs_f64().max(1e-9), right);
            }
        }
    };
    let measured = thread::scope(|scope| {
        let measure = &measure;
        let workers: Vec<_> = (0..threads).map(|thread| scope.spawn(move || measure(thread))).collect();
        workers.into_iter().map(|worker| worker.join().unwrap_or((0.0, false))).collect::<Vec<_>>()
    });
    if cancel.is_cancelled() {
        return Err(BenchError::Cancelled);
    }
    if measured.iter().any(|(_, right)| !right) {
        return Err(BenchError::Wrong(K::NAME));
    }
    let units_per_second: f64 = measured.iter().map(|(rate, _)| rate).sum();
    Ok((units_per_second / 1e6).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_real() {
        let start = Instant::now();
        let figures = cpu(Duration::from_millis(300), &CancellationToken::new()).unwrap();
        assert!(start.elapsed() >= Duration::from_millis(300));
        // Any machine of this century does more than this.
        assert!(figures.threads >= 1);
        assert!(figures.copy_megabytes_per_second > 100, "{figures:?}");
        assert!(figures.fp32_megaflops > 10, "{figures:?}");
        assert!(figures.sha256_megabytes_per_second > 1, "{figures:?}");
    }

    #[test]
    fn it_can_be_stopped() {
        let cancel = CancellationToken::new();
        cancel.cancel();
        let start = Instant::now();
        assert_eq!(cpu(Duration::from_secs(60), &cancel), Err(BenchError::Cancelled));
        assert!(start.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn a_kernel_that_is_wrong_gives_no_figure() {
        struct Broken;
        impl Kernel for Broken {
            const NAME: &'static str = "sum";
            fn round(&mut self) -> u64 {
                1
            }
            fn is_right(&mut self) -> bool {
                false
            }
        }
        let outcome = rate(2, Duration::from_millis(1), &CancellationToken::new(), |_| Broken);
        assert_eq!(outcome, Err(BenchError::Wrong("sum")));
    }
}
