//! Brain float on tensor cores: matrix products, summed up in single precision.

use std::sync::Arc;

use cudarc::driver::{CudaFunction, CudaSlice, CudaStream, DriverError, LaunchConfig, PushKernelArg};

use super::{BLOCK_THREADS, Bench, During, GpuBenchError, Work};

/// The kernel.
pub(super) const PTX: &str = include_str!("bf16.ptx");

/// Warps of a block: each has a matrix A of its own.
const WARPS: usize = BLOCK_THREADS as usize / 32;
/// Rows of A.
const ROWS: usize = 16;
/// Columns of A, rows of B.
const INNER: usize = 16;
/// Columns of B.
const COLUMNS: usize = 32;
/// How often the product is added up.
const STEPS: u32 = 1024;

pub(super) struct Products {
    stream: Arc<CudaStream>,
    grid: LaunchConfig,
    kernel: CudaFunction,
    a: CudaSlice<u32>,
    b: CudaSlice<u32>,
    expected: CudaSlice<f32>,
    /// How many entries came out right, counted on the GPU.
    right: CudaSlice<u64>,
    /// Warps of the grid.
    warps: u64,
    repeats: u64,
}

impl Products {
    pub(super) fn new(bench: &Bench) -> Result<Self, GpuBenchError> {
        let step = "making room for the matrix products";
        let [kernel] = bench.kernels(PTX, ["products"])?;
        let stream = &bench.stream;
        Ok(Self {
            grid: bench.grid(),
            kernel,
            a: stream.clone_htod(&pairs(&a())).during(step)?,
            b: stream.clone_htod(&pairs(&b())).during(step)?,
            expected: stream.clone_htod(&expected()).during(step)?,
            right: stream.alloc_zeros(1).during(step)?,
            warps: bench.threads() / 32,
            repeats: 0,
            stream: stream.clone(),
        })
    }

    /// Entries of the results of one repeat.
    fn entries(&self) -> u64 {
        self.warps * (ROWS * COLUMNS) as u64
    }
}

/// The matrices A, one for each warp of a block, by rows. Entries are whole numbers from -2 to 2.
fn a() -> Vec<i8> {
    (0..WARPS * ROWS * INNER).map(|index| entry(index as u32)).collect()
}

/// The matrix B, by columns.
fn b() -> Vec<i8> {
    (0..COLUMNS * INNER).map(|index| entry(u32::MAX - index as u32)).collect()
}

/// The numbers mixed well, so that no two rows or columns are alike.
fn entry(index: u32) -> i8 {
    let mixed = index.wrapping_mul(0x9e37_79b1);
    ((mixed ^ mixed >> 15).wrapping_mul(0x85eb_ca6b) >> 16) as i8 % 3
}

/// Entries in brain float, two to a word, the first one in its lower half.
fn pairs(entries: &[i8]) -> Vec<u32> {
    // Brain float is the upper half of single precision; whole numbers this small lose nothing.
    let bf16 = |entry: i8| f32::from(entry).to_bits() >> 16;
    entries.chunks_exact(2).map(|pair| bf16(pair[0]) | bf16(pair[1]) << 16).collect()
}

/// What each warp's result must be, by rows: [`STEPS`] times A * B.
fn expected() -> Vec<f32> {
    let (a, b) = (a(), b());
    let rows = a.chunks_exact(INNER);
    let entries = rows.flat_map(|row| {
        b.chunks_exact(INNER).map(move |column| {
            row.iter().zip(column).map(|(x, y)| i32::from(*x) * i32::from(*y)).sum::<i32>()
        })
    });
    entries.map(|entry| (entry * STEPS.cast_signed()) as f32).collect()
}

impl Work for Products {
    const NAME: &'static str = "matrix product on tensor cores";

    fn units(&self) -> u64 {
        2 * self.entries() * INNER as u64 * u64::from(STEPS)
    }

    #[allow(unsafe_code)]
    fn start(&mut self, repeats: u32) -> Result<(), DriverError> {
        let mut launch = self.stream.launch_builder(&self.kernel);
        launch.arg(&self.a).arg(&self.b).arg(&self.expected).arg(&repeats).arg(&mut self.right);
        // SAFETY: `products` takes three tables for the eight warps of a block, a number and a counter; it reads the tables and adds
        // to the counter.
        unsafe { launch.launch(self.grid) }?;
        self.repeats += u64::from(repeats);
        Ok(())
    }

    fn is_right(&mut self) -> Result<bool, DriverError> {
        let right = self.stream.clone_dtoh(&self.right)?;
        self.stream.synchronize()?;
        Ok(right == [self.entries() * self.repeats])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn entries_are_exact_in_brain_float() {
        assert_eq!(pairs(&[1, -2, 0, 2]), [0xc000_3f80, 0x4000_0000]);
        for entry in a().into_iter().chain(b()) {
            assert!((-2..=2).contains(&entry));
            assert_eq!(f32::from(entry).to_bits() & 0xffff, 0);
        }
    }

    #[test]
    fn sums_are_exact_in_single_precision() {
        // All sums on the way are at most these, far below 2^24.
        let largest = INNER as f32 * 4.0 * STEPS as f32;
        assert!(expected().iter().all(|entry| entry.abs() <= largest) && largest <= 65_536.0);
        let (a, b) = (a(), b());
        // Warp 3, row 5, column 9, by hand.
        let sum: i32 =
            (0..INNER).map(|k| i32::from(a[(3 * ROWS + 5) * INNER + k]) * i32::from(b[9 * INNER + k])).sum();
        assert_eq!(expected()[(3 * ROWS + 5) * COLUMNS + 9], (sum * 1024) as f32);
    }

    #[test]
    fn rows_columns_and_warps_taken_for_each_other_would_show() {
        let expected = expected();
        let rows: BTreeSet<Vec<u32>> =
            expected.chunks(COLUMNS).map(|row| row.iter().map(|entry| entry.to_bits()).collect()).collect();
        assert_eq!(rows.len(), WARPS * ROWS, "no two rows are alike");
        let columns: BTreeSet<Vec<i8>> = b().chunks(INNER).map(<[i8]>::to_vec).collect();
        assert_eq!(columns.len(), COLUMNS, "no two columns are alike");
    }

    #[test]
    fn kernel_and_host_do_the_same_steps() {
        let products = PTX.lines().filter(|line| line.trim_start().starts_with("mma.sync")).count();
        let each = COLUMNS / 8;
        assert_eq!((products % each, PTX.contains(&format!("%step, {STEPS};"))), (0, true));
        assert!(PTX.contains(&format!("add.u32 %step, %step, {};", products / each)));
    }
}
