//! Single precision: chains of fused multiply-adds.

use std::sync::Arc;

use cudarc::driver::{CudaFunction, CudaSlice, CudaStream, DriverError, LaunchConfig, PushKernelArg};

use super::{BLOCK_THREADS, Bench, During, GpuBenchError, Work};

/// The kernel.
pub(super) const PTX: &str = include_str!("fp32.ptx");

/// Chains of a thread.
const CHAINS: usize = 8;
/// Steps of a chain.
const STEPS: u32 = 2048;
/// Fused multiply-adds of a step.
const EACH: u64 = 2;
/// The map is `x * (4 * x - 12) + K`: chaotic, and between 1 and 2 for what starts there.
const K: f32 = 10.03;

pub(super) struct Chains {
    stream: Arc<CudaStream>,
    grid: LaunchConfig,
    kernel: CudaFunction,
    seeds: CudaSlice<f32>,
    expected: CudaSlice<f32>,
    /// How many chains ended right, counted on the GPU.
    right: CudaSlice<u64>,
    /// Chains of one repeat.
    chains: u64,
    repeats: u64,
}

impl Chains {
    pub(super) fn new(bench: &Bench) -> Result<Self, GpuBenchError> {
        let step = "making room for the multiply-adds";
        let [kernel] = bench.kernels(PTX, ["chains"])?;
        let seeds = seeds();
        let expected: Vec<f32> = seeds.iter().map(|seed| end(*seed)).collect();
        let stream = &bench.stream;
        Ok(Self {
            grid: bench.grid(),
            kernel,
            seeds: stream.clone_htod(&seeds).during(step)?,
            expected: stream.clone_htod(&expected).during(step)?,
            right: stream.alloc_zeros(1).during(step)?,
            chains: bench.threads() * CHAINS as u64,
            repeats: 0,
            stream: stream.clone(),
        })
    }
}

/// Where the chains of a block start: from 1.05 to 1.9.
fn seeds() -> Vec<f32> {
    let count = CHAINS * BLOCK_THREADS as usize;
    (0..count).map(|index| 1.05 + index as f32 / count as f32 * 0.85).collect()
}

/// One step, to the bit: a fused multiply-add rounds once, here as there.
fn step(x: f32) -> f32 {
    x.mul_add(x.mul_add(4.0, -12.0), K)
}

/// Where a chain ends.
fn end(seed: f32) -> f32 {
    (0..STEPS).fold(seed, |x, _| step(x))
}

impl Work for Chains {
    const NAME: &'static str = "chain of multiply-adds";

    fn units(&self) -> u64 {
        2 * EACH * self.chains * u64::from(STEPS)
    }

    #[allow(unsafe_code)]
    fn start(&mut self, repeats: u32) -> Result<(), DriverError> {
        let mut launch = self.stream.launch_builder(&self.kernel);
        launch.arg(&self.seeds).arg(&self.expected).arg(&K).arg(&repeats).arg(&mut self.right);
        // SAFETY: `chains` takes two tables of 8 entries for each thread of a block, two numbers and a counter; it reads the tables
        // and adds to the counter.
        unsafe { launch.launch(self.grid) }?;
        self.repeats += u64::from(repeats);
        Ok(())
    }

    fn is_right(&mut self) -> Result<bool, DriverError> {
        let right = self.stream.clone_dtoh(&self.right)?;
        self.stream.synchronize()?;
        Ok(right == [self.chains * self.repeats])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_stay_between_one_and_two() {
        for seed in seeds() {
            let mut x = seed;
            for _ in 0..STEPS {
                x = step(x);
                assert!((1.0..2.0).contains(&x), "{seed} leads to {x}");
            }
        }
    }

    #[test]
    fn a_wrong_bit_shows() {
        let seeds = seeds();
        let shown = |bit: u32| {
            let differs = |seed: &&f32| end(**seed) != end(f32::from_bits(seed.to_bits() ^ 1 << bit));
            seeds.iter().filter(differs).count() as f64 / seeds.len() as f64
        };
        // Where the map is flat it swallows the lowest bits; larger errors hardly ever.
        for (bit, share) in [(0, 0.75), (2, 0.94), (8, 0.99), (16, 0.99)] {
            assert!(shown(bit) > share, "bit {bit}: {}", shown(bit));
        }
    }

    #[test]
    fn kernel_and_host_do_the_same_steps() {
        let multiply_adds = PTX.matches("fma.rn.f32").count();
        let each = CHAINS * EACH as usize;
        assert_eq!(multiply_adds % each, 0);
        assert!(PTX.contains(&format!("add.u32 %step, %step, {};", multiply_adds / each)));
        assert!(PTX.contains(&format!("setp.lt.u32 %more, %step, {STEPS};")));
    }
}
