//! Memory bandwidth: two buffers, copied to and fro.

use std::{mem, sync::Arc};

use cudarc::driver::{CudaFunction, CudaSlice, CudaStream, DriverError, LaunchConfig, PushKernelArg};

use super::{Bench, During, GpuBenchError, Work};

/// The kernels.
pub(super) const PTX: &str = include_str!("memory.ptx");

/// The largest buffer, in bytes: several times the largest cache of any model.
const MAX_BUFFER_BYTES: u64 = 512 << 20;
/// The smallest buffer, in bytes.
const MIN_BUFFER_BYTES: u64 = 64 << 20;
/// Bytes of a vector, which a thread moves at a time.
const VECTOR_BYTES: u64 = 16;
/// Vectors that a thread of `copy` has under way.
const VECTORS_EACH: u64 = 4;
/// Word `i` of a buffer is `i` times this, plus the number of copies it went through.
const FACTOR: u32 = 0x9e37_79b1;
/// Words that the host looks at itself, at either end of the buffer.
const SAMPLE_WORDS: usize = 1 << 16;

pub(super) struct Copies {
    stream: Arc<CudaStream>,
    grid: LaunchConfig,
    copy: CudaFunction,
    check: CudaFunction,
    from: CudaSlice<u32>,
    to: CudaSlice<u32>,
    /// How many words are right, counted on the GPU.
    right: CudaSlice<u64>,
    vectors: u64,
    copies: u32,
}

impl Copies {
    #[allow(unsafe_code)]
    pub(super) fn new(bench: &Bench) -> Result<Self, GpuBenchError> {
        let step = "making room for the memory copy";
        let (free, _) = bench.context.mem_get_info().during(step)?;
        let vectors = vectors(free as u64, bench.threads())?;
        let [fill, copy, check] = bench.kernels(PTX, ["fill", "copy", "check"])?;
        let words = (vectors * VECTOR_BYTES) as usize / size_of::<u32>();
        let stream = &bench.stream;
        let mut from = stream.alloc_zeros::<u32>(words).during(step)?;
        let to = stream.alloc_zeros::<u32>(words).during(step)?;
        let right = stream.alloc_zeros::<u64>(1).during(step)?;
        let mut launch = stream.launch_builder(&fill);
        launch.arg(&mut from).arg(&vectors);
        // SAFETY: `fill` takes a buffer and its number of vectors, and writes those and nothing else.
        unsafe { launch.launch(bench.grid()) }.during(step)?;
        Ok(Self {
            stream: stream.clone(),
            grid: bench.grid(),
            copy,
            check,
            from,
            to,
            right,
            vectors,
            copies: 0,
        })
    }
}

/// Vectors of a buffer: what a grid of `threads` moves without a rest, in at most a quarter of the free memory.
fn vectors(free_bytes: u64, threads: u64) -> Result<u64, GpuBenchError> {
    let bytes = (free_bytes / 4).min(MAX_BUFFER_BYTES);
    if bytes < MIN_BUFFER_BYTES {
        return Err(GpuBenchError::NoMemory { free_bytes, needed_bytes: 4 * MIN_BUFFER_BYTES });
    }
    let at_a_time = threads * VECTORS_EACH;
    // A grid is far smaller than the smallest buffer; one round of it, if not.
    Ok((bytes / VECTOR_BYTES / at_a_time).max(1) * at_a_time)
}

/// A word of a buffer.
fn word(index: usize, copies: u32) -> u32 {
    (index as u32).wrapping_mul(FACTOR).wrapping_add(copies)
}

impl Work for Copies {
    const NAME: &'static str = "memory copy";

    fn units(&self) -> u64 {
        2 * self.vectors * VECTOR_BYTES
    }

    #[allow(unsafe_code)]
    fn start(&mut self, repeats: u32) -> Result<(), DriverError> {
        for _ in 0..repeats {
            let mut launch = self.stream.launch_builder(&self.copy);
            launch.arg(&self.from).arg(&mut self.to).arg(&self.vectors);
            // SAFETY: `copy` takes two buffers and the number of vectors of each, a multiple of four times the grid's threads; it
            // reads the first and writes the second.
            unsafe { launch.launch(self.grid) }?;
            mem::swap(&mut self.from, &mut self.to);
            self.copies = self.copies.wrapping_add(1);
        }
        Ok(())
    }

    #[allow(unsafe_code)]
    fn is_right(&mut self) -> Result<bool, DriverError> {
        let mut launch = self.stream.launch_builder(&self.check);
        launch.arg(&self.from).arg(&self.vectors).arg(&self.copies).arg(&mut self.right);
        // SAFETY: `check` takes a buffer, its number of vectors, a number and a counter; it reads the first and adds to the last.
        unsafe { launch.launch(self.grid) }?;
        let words = self.from.len();
        let mut sample = [vec![0; SAMPLE_WORDS], vec![0; SAMPLE_WORDS]];
        for (start, part) in [0, words - SAMPLE_WORDS].into_iter().zip(&mut sample) {
            self.stream.memcpy_dtoh(&self.from.slice(start..start + SAMPLE_WORDS), part)?;
        }
        let right = self.stream.clone_dtoh(&self.right)?;
        self.stream.synchronize()?;
        let [first, last] = &sample;
        let first = first.iter().enumerate();
        let last = last.iter().enumerate().map(|(index, found)| (words - SAMPLE_WORDS + index, found));
        let is_sample_right = first.chain(last).all(|(index, found)| *found == word(index, self.copies));
        Ok(is_sample_right && right == [words as u64])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_fit_the_grid_and_the_memory() {
        // Multiprocessors, free bytes: a small model, a large one, one with an odd count.
        for (processors, free_bytes) in [(3, 300 << 20), (132, 80 << 30), (82, 1 << 30), (1_000, 4 << 30)] {
            let threads = processors * 1_024;
            let vectors = vectors(free_bytes, threads).unwrap();
            assert_eq!(vectors % (VECTORS_EACH * threads), 0);
            let bytes = vectors * VECTOR_BYTES;
            assert!(bytes <= MAX_BUFFER_BYTES && bytes <= free_bytes / 4, "{bytes} of {free_bytes}");
            assert!(bytes > MIN_BUFFER_BYTES / 4 * 3, "{bytes}");
            assert!(bytes as usize / 4 >= 2 * SAMPLE_WORDS);
        }
        assert!(matches!(
            vectors(255 << 20, 1_024),
            Err(GpuBenchError::NoMemory { needed_bytes: 268_435_456, .. })
        ));
    }

    #[test]
    fn kernel_and_host_mean_the_same_words() {
        for (text, times) in [(format!("{FACTOR:#x}"), 6), (format!("{:#x}", FACTOR.wrapping_mul(4)), 2)] {
            let code = PTX.lines().map(|line| line.split("//").next().unwrap_or_default());
            assert_eq!(code.filter(|line| line.contains(&text)).count(), times, "{text}");
        }
        assert_eq!((word(0, 3), word(1, 0), word(2, 1)), (3, 0x9e37_79b1, 0x3c6e_f363));
    }
}
