//! Memory copy: two buffers larger than any cache, copied to and fro.

use super::Kernel;

/// Bytes of each buffer.
const BUFFER_BYTES: usize = 32 << 20;

pub(super) struct Copy {
    from: Vec<u64>,
    to: Vec<u64>,
    rounds: u64,
}

impl Copy {
    pub(super) fn new(thread: usize) -> Self {
        let words = BUFFER_BYTES / size_of::<u64>();
        let from =
            (0..words as u64).map(|word| word.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ thread as u64).collect();
        Self { from, to: vec![0; words], rounds: 0 }
    }
}

impl Kernel for Copy {
    const NAME: &'static str = "memory copy";

    fn round(&mut self) -> u64 {
        self.to.copy_from_slice(std::hint::black_box(&self.from));
        std::mem::swap(&mut self.from, &mut self.to);
        // Mark each round, so that a copy left out shows.
        self.rounds += 1;
        self.from[0] = self.rounds;
        2 * BUFFER_BYTES as u64
    }

    fn is_right(&mut self) -> bool {
        let marked = self.from[0] == self.rounds && self.to[0] == self.rounds - 1;
        (self.rounds < 2 || marked) && self.from[1..] == self.to[1..]
    }
}
