//! Single-precision matrix multiplication, in blocks that stay in cache.
//!
//! The entries are small whole numbers, so every sum is exact in single precision and the product can be checked
//! exactly: `C·r` must equal `A·(B·r)` for a vector `r`, which costs far less than the product itself.

use super::Kernel;

/// Rows and columns.
const SIZE: usize = 192;
/// Rows and columns of a block.
const BLOCK: usize = 48;

pub(super) struct Product {
    a: Vec<f32>,
    b: Vec<f32>,
    c: Vec<f32>,
}

impl Product {
    pub(super) fn new(thread: usize) -> Self {
        let entries =
            |factor: usize| (0..SIZE * SIZE).map(|i| ((i * factor + thread) % 17) as f32 - 8.0).collect();
        Self { a: entries(7), b: entries(11), c: vec![0.0; SIZE * SIZE] }
    }
}

impl Kernel for Product {
    const NAME: &'static str = "matrix product";

    fn round(&mut self) -> u64 {
        self.c.fill(0.0);
        for block_k in (0..SIZE).step_by(BLOCK) {
            for block_j in (0..SIZE).step_by(BLOCK) {
                for i in 0..SIZE {
                    let row = &mut self.c[i * SIZE + block_j..][..BLOCK];
                    for k in block_k..block_k + BLOCK {
                        let factor = self.a[i * SIZE + k];
                        let other = &self.b[k * SIZE + block_j..][..BLOCK];
                        for (sum, entry) in row.iter_mut().zip(other) {
                            *sum += factor * entry;
                        }
                    }
                }
            }
        }
        std::hint::black_box(&self.c);
        2 * (SIZE * SIZE * SIZE) as u64
    }

    fn is_right(&mut self) -> bool {
        let vector: Vec<f64> = (0..SIZE).map(|i| (i % 13) as f64 - 6.0).collect();
        times(&self.c, &vector) == times(&self.a, &times(&self.b, &vector))
    }
}

fn times(matrix: &[f32], vector: &[f64]) -> Vec<f64> {
    matrix
        .chunks(SIZE)
        .map(|row| row.iter().zip(vector).map(|(entry, x)| f64::from(*entry) * x).sum())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_wrong_entry_shows() {
        let mut product = Product::new(3);
        product.round();
        assert!(product.is_right());
        product.c[5 * SIZE + 7] += 1.0;
        assert!(!product.is_right());
    }
}
