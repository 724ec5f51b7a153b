//! How fast one GPU is, measured through CUDA's driver library, which is loaded at run time.
//!
//! Three measurements, with kernels of our own that the driver compiles for the GPU at hand (`*.ptx`), each checked against what the
//! host knows to be right, on every multiprocessor and in every round:
//!
//! | figure | what runs | how it is checked |
//! | --- | --- | --- |
//! | memory | two buffers larger than any cache, copied to and fro; bytes read and bytes written both count | each copy adds one to each word; all words are counted on the GPU in the end, and a part is looked at on the host |
//! | fp32 | chains of fused multiply-adds out of registers; each counts as two operations | IEEE 754 fixes each to the bit: the ends of all chains are compared with the host's |
//! | bf16 | `mma.sync` on tensor cores, brain float in, single precision out, out of registers | small whole numbers: every sum is exact, and all are compared with the host's |
//!
//! bf16 needs compute capability 8.0. On 9.0 and later, tensor cores have instructions of their own that reach more than `mma.sync`
//! does: the figure is comparable within a model, and lower than what such a model's data sheet says.

mod bf16;
mod fp32;
mod library;
mod memory;

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use cudarc::{
    driver::{CudaContext, CudaFunction, CudaStream, DriverError, LaunchConfig, sys::CUdevice_attribute},
    nvrtc::Ptx,
};
use tokio_util::sync::CancellationToken;

/// How long one round takes at least: long enough to make the cost of starting it vanish, short enough to be ended in time, and to
/// leave a screen on the same GPU alive.
const ROUND: Duration = Duration::from_millis(10);
/// The most repeats of a round.
const MAX_REPEATS: u32 = 1 << 16;
/// Threads of a block in every kernel.
const BLOCK_THREADS: u32 = 256;
/// Blocks for each multiprocessor: 1,024 threads, which every model runs at a time.
const BLOCKS_EACH: u32 = 4;

/// What the benchmark measured on one GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GpuFigures {
    /// Memory copied within the GPU, bytes read and bytes written both counted, in 10^6 bytes per second.
    pub memory_megabytes_per_second: u64,
    /// Single-precision fused multiply-adds, in 10^6 floating-point operations per second.
    pub fp32_megaflops: u64,
    /// Brain-float matrix products on tensor cores, in 10^6 floating-point operations per second; `None` without such cores.
    pub bf16_megaflops: Option<u64>,
}

impl GpuFigures {
    /// The figures by the names they have in a result document.
    pub fn named(&self) -> BTreeMap<&'static str, u64> {
        let mut named = BTreeMap::from([
            ("memory_megabytes_per_second", self.memory_megabytes_per_second),
            ("fp32_megaflops", self.fp32_megaflops),
        ]);
        named.extend(self.bf16_megaflops.map(|figure| ("bf16_megaflops", figure)));
        named
    }

    /// The lower of each figure: what a group of GPUs is good for, one for one.
    pub fn lower(self, other: Self) -> Self {
        Self {
            memory_megabytes_per_second: self
                .memory_megabytes_per_second
                .min(other.memory_megabytes_per_second),
            fp32_megaflops: self.fp32_megaflops.min(other.fp32_megaflops),
            bf16_megaflops: self.bf16_megaflops.zip(other.bf16_megaflops).map(|(one, two)| one.min(two)),
        }
    }
}

/// Why there are no figures.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GpuBenchError {
    /// Somebody ended it.
    #[error("the benchmark was stopped")]
    Cancelled,
    /// The GPU computed something wrong.
    #[error("the {0} came out wrong: this GPU cannot be trusted")]
    Wrong(&'static str),
    /// CUDA cannot be used on this machine.
    #[error("{0}")]
    NoCuda(String),
    /// CUDA does not show the GPU.
    #[error(
        "CUDA shows no GPU {uuid}, it shows {shown}; is CUDA_VISIBLE_DEVICES set for the worker, or is the GPU in MIG mode?"
    )]
    NoSuchGpu {
        /// The GPU that was asked for.
        uuid: String,
        /// Those that are there.
        shown: String,
    },
    /// Too little of its memory is free.
    #[error(
        "only {free_bytes} bytes of the GPU's memory are free, the benchmark needs {needed_bytes}; end what else runs on it"
    )]
    NoMemory {
        /// Free, in bytes.
        free_bytes: u64,
        /// Needed, in bytes.
        needed_bytes: u64,
    },
    /// A call failed.
    #[error("{step}: CUDA says {error}")]
    Driver {
        /// What was done.
        step: &'static str,
        /// What the driver says.
        error: String,
    },
}

/// Gives a driver's error its place.
trait During<T> {
    fn during(self, step: &'static str) -> Result<T, GpuBenchError>;
}

impl<T> During<T> for Result<T, DriverError> {
    fn during(self, step: &'static str) -> Result<T, GpuBenchError> {
        self.map_err(|error| GpuBenchError::Driver { step, error: error.to_string() })
    }
}

/// Measures the GPU `uuid` for about `duration`. Blocks; ends early when `cancel` is set off.
///
/// # Errors
/// See [`GpuBenchError`]. After an error of the driver, CUDA may be of no use to this process any more.
pub fn bench(
    uuid: &str,
    duration: Duration,
    cancel: &CancellationToken,
) -> Result<GpuFigures, GpuBenchError> {
    let bench = Bench::open(uuid)?;
    let has_bf16 = bench.compute_capability >= (8, 0);
    let share = duration / if has_bf16 { 3 } else { 2 };
    // Each has its buffers back before the next one starts.
    let memory = bench.rate(&mut memory::Copies::new(&bench)?, share, cancel)?;
    let fp32 = bench.rate(&mut fp32::Chains::new(&bench)?, share, cancel)?;
    let bf16 =
        if has_bf16 { Some(bench.rate(&mut bf16::Products::new(&bench)?, share, cancel)?) } else { None };
    Ok(GpuFigures { memory_megabytes_per_second: memory, fp32_megaflops: fp32, bf16_megaflops: bf16 })
}

/// One measurement on a GPU.
trait Work {
    /// What it is called when it goes wrong.
    const NAME: &'static str;

    /// What one repeat does, in the measurement's own unit.
    fn units(&self) -> u64;

    /// Starts `repeats` repeats, and does not wait for them.
    fn start(&mut self, repeats: u32) -> Result<(), DriverError>;

    /// Whether everything so far came out right.
    fn is_right(&mut self) -> Result<bool, DriverError>;
}

/// One GPU, opened.
struct Bench {
    context: Arc<CudaContext>,
    stream: Arc<CudaStream>,
    compute_capability: (i32, i32),
    /// Blocks of a grid that fills the GPU.
    blocks: u32,
}

impl Bench {
    fn open(uuid: &str) -> Result<Self, GpuBenchError> {
        library::load()?;
        let context = library::context_of(uuid)?;
        let step = "asking for the GPU's properties";
        let processors =
            context.attribute(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT).during(step)?;
        Ok(Self {
            stream: context.default_stream(),
            compute_capability: context.compute_capability().during(step)?,
            blocks: processors.max(1).cast_unsigned() * BLOCKS_EACH,
            context,
        })
    }

    fn threads(&self) -> u64 {
        u64::from(self.blocks) * u64::from(BLOCK_THREADS)
    }

    fn grid(&self) -> LaunchConfig {
        LaunchConfig { grid_dim: (self.blocks, 1, 1), block_dim: (BLOCK_THREADS, 1, 1), shared_mem_bytes: 0 }
    }

    /// Kernels out of PTX, by name.
    fn kernels<const N: usize>(
        &self,
        ptx: &str,
        names: [&str; N],
    ) -> Result<[CudaFunction; N], GpuBenchError> {
        let step = "compiling a kernel for this GPU";
        let module = self.context.load_module(Ptx::from_src(ptx)).during(step)?;
        let kernels: Result<Vec<_>, _> = names.iter().map(|name| module.load_function(name)).collect();
        // As many as names: the conversion does not fail.
        kernels.during(step)?.try_into().map_err(|_| GpuBenchError::NoCuda(step.to_owned()))
    }

    /// Millions of units per second.
    fn rate<W: Work>(
        &self,
        work: &mut W,
        duration: Duration,
        cancel: &CancellationToken,
    ) -> Result<u64, GpuBenchError> {
        measure(work, duration, cancel, || self.stream.synchronize())
    }
}

/// Millions of units per second; `wait` waits for what was started.
fn measure<W: Work>(
    work: &mut W,
    duration: Duration,
    cancel: &CancellationToken,
    wait: impl Fn() -> Result<(), DriverError>,
) -> Result<u64, GpuBenchError> {
    let round = |work: &mut W, repeats| {
        if cancel.is_cancelled() {
            return Err(GpuBenchError::Cancelled);
        }
        let start = Instant::now();
        work.start(repeats).and_then(|()| wait()).during(W::NAME)?;
        Ok(start.elapsed())
    };
    // Longer and longer rounds, not counted: they find the length and wake the GPU up.
    let mut repeats = 1;
    while round(work, repeats)? < ROUND && repeats < MAX_REPEATS {
        repeats *= 2;
    }
    let (mut units, mut elapsed) = (0, Duration::ZERO);
    while elapsed < duration || units == 0 {
        elapsed += round(work, repeats)?;
        units += work.units() * u64::from(repeats);
    }
    if !work.is_right().during(W::NAME)? {
        return Err(GpuBenchError::Wrong(W::NAME));
    }
    Ok((units as f64 / elapsed.as_secs_f64().max(1e-9) / 1e6).round() as u64)
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, thread};

    use super::*;

    /// Work that takes a while and may be wrong.
    struct Nap {
        starts: Vec<u32>,
        right: bool,
        cancel_at: Option<(usize, CancellationToken)>,
    }

    impl Work for Nap {
        const NAME: &'static str = "nap";

        fn units(&self) -> u64 {
            1_000_000
        }

        fn start(&mut self, repeats: u32) -> Result<(), DriverError> {
            self.starts.push(repeats);
            if let Some((at, cancel)) = &self.cancel_at
                && *at == self.starts.len()
            {
                cancel.cancel();
            }
            Ok(())
        }

        fn is_right(&mut self) -> Result<bool, DriverError> {
            Ok(self.right)
        }
    }

    fn nap() -> Nap {
        Nap { starts: Vec::new(), right: true, cancel_at: None }
    }

    #[test]
    fn rounds_grow_until_they_are_long_enough() {
        let mut work = nap();
        let started = Cell::new(0);
        let wait = || {
            started.set(started.get() + 1);
            if started.get() >= 4 {
                thread::sleep(ROUND);
            }
            Ok(())
        };
        let rate = measure(&mut work, ROUND * 2, &CancellationToken::new(), wait).unwrap();
        assert_eq!(work.starts[..5], [1, 2, 4, 8, 8], "four rounds to find the length, then the same");
        // Two rounds of eight repeats, each of at least 10 ms: at most 800 millions of units in a second.
        assert!(rate > 0 && rate <= 800, "{rate}");
    }

    #[test]
    fn rounds_do_not_grow_for_ever() {
        let mut work = nap();
        measure(&mut work, Duration::ZERO, &CancellationToken::new(), || Ok(())).unwrap();
        assert_eq!(work.starts.last(), Some(&MAX_REPEATS));
    }

    #[test]
    fn what_is_wrong_gives_no_figure() {
        let mut work = Nap { right: false, ..nap() };
        let rate = measure(&mut work, Duration::ZERO, &CancellationToken::new(), || Ok(()));
        assert_eq!(rate, Err(GpuBenchError::Wrong("nap")));
    }

    #[test]
    fn it_can_be_stopped_between_two_rounds() {
        let cancel = CancellationToken::new();
        let mut work = Nap { cancel_at: Some((3, cancel.clone())), ..nap() };
        let rate = measure(&mut work, Duration::from_secs(3600), &cancel, || Ok(()));
        assert_eq!((rate, work.starts.len()), (Err(GpuBenchError::Cancelled), 3));
    }

    #[test]
    fn a_group_is_as_good_as_its_slowest() {
        let one = GpuFigures { memory_megabytes_per_second: 5, fp32_megaflops: 7, bf16_megaflops: Some(9) };
        let two = GpuFigures { memory_megabytes_per_second: 6, fp32_megaflops: 4, bf16_megaflops: Some(8) };
        let both = one.lower(two);
        let named = [("bf16_megaflops", 8), ("fp32_megaflops", 4), ("memory_megabytes_per_second", 5)];
        assert_eq!(both.named(), named.into());
        assert_eq!(one.lower(GpuFigures { bf16_megaflops: None, ..two }).bf16_megaflops, None);
    }

    /// Whatever the machine has: no panic, and a sentence.
    #[test]
    fn a_gpu_that_is_not_there_is_an_error() {
        let uuid = "GPU-00000000-0000-0000-0000-000000000000";
        let error = bench(uuid, Duration::from_millis(1), &CancellationToken::new()).unwrap_err();
        assert!(matches!(&error, GpuBenchError::NoCuda(_) | GpuBenchError::NoSuchGpu { .. }), "{error}");
    }
}
