//! Cutting an op's output into lines.

use super::OpObserver;
use crate::definition::Stream;

/// The longest piece handed on; a longer line comes in several.
pub(super) const MAX_PIECE_BYTES: usize = 64 * 1024;

/// Output of one stream on its way to an observer. The pieces depend on the bytes alone, not on how they come in: who
/// reads the same output twice hands on the same pieces.
pub(super) struct Lines {
    stream: Stream,
    /// What no newline has followed yet.
    held: Vec<u8>,
    total_bytes: u64,
}

impl Lines {
    /// Output of `stream`, none so far.
    pub(super) fn new(stream: Stream) -> Self {
        Self { stream, held: Vec::new(), total_bytes: 0 }
    }

    /// All bytes so far.
    pub(super) fn total_bytes(&self) -> u64 {
        self.total_bytes
    }

    /// Takes what comes next, and hands on the lines that end in it.
    pub(super) fn push(&mut self, mut bytes: &[u8], observer: &dyn OpObserver) {
        self.total_bytes += bytes.len() as u64;
        while !bytes.is_empty() {
            let window = &bytes[..bytes.len().min(MAX_PIECE_BYTES - self.held.len())];
            if let Some(length) = window.iter().position(|byte| *byte == b'\n') {
                if self.held.is_empty() {
                    observer.line(self.stream, &window[..length], true);
                } else {
                    self.held.extend_from_slice(&window[..length]);
                    observer.line(self.stream, &self.held, true);
                    self.held.clear();
                }
                bytes = &bytes[length + 1..];
                continue;
            }
            self.held.extend_from_slice(window);
            bytes = &bytes[window.len()..];
            if self.held.len() == MAX_PIECE_BYTES {
                observer.line(self.stream, &self.held, false);
                self.held.clear();
            }
        }
    }

    /// Hands on what no newline has followed.
    pub(super) fn finish(&mut self, observer: &dyn OpObserver) {
        if !self.held.is_empty() {
            observer.line(self.stream, &self.held, false);
            self.held.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use rand::{Rng, SeedableRng};

    use super::*;

    type Pieces = Vec<(Vec<u8>, bool)>;

    #[derive(Default)]
    struct Collected(Mutex<Pieces>);

    impl OpObserver for Collected {
        fn line(&self, _stream: Stream, line: &[u8], complete: bool) {
            self.0.lock().unwrap().push((line.to_vec(), complete));
        }
    }

    /// The lines of output that comes in chunks of `chunk_bytes`.
    fn lines_of(bytes: &[u8], chunk_bytes: usize) -> Pieces {
        let (collected, mut lines) = (Collected::default(), Lines::new(Stream::Stdout));
        for chunk in bytes.chunks(chunk_bytes) {
            lines.push(chunk, &collected);
        }
        lines.finish(&collected);
        assert_eq!(lines.total_bytes(), bytes.len() as u64);
        collected.0.into_inner().unwrap()
    }

    #[test]
    fn lines_are_cut_at_newlines_only() {
        let expected = [(&b"a"[..], true), (b"", true), (b"\r\x00\xff", true), (b"end", false)];
        for chunk_bytes in 1..12 {
            let lines = lines_of(b"a\n\n\r\x00\xff\nend", chunk_bytes);
            assert_eq!(lines, expected.map(|(line, complete)| (line.to_vec(), complete)));
        }
        assert!(lines_of(b"", 1).is_empty());
    }

    #[test]
    fn the_pieces_of_any_output_make_it_whole_again_however_it_comes_in() {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        for _ in 0..20 {
            let length = random.random_range(0..4 * MAX_PIECE_BYTES);
            let newline_odds = random.random_range(2..200_000);
            let output: Vec<u8> = (0..length)
                .map(|_| if random.random_range(0..newline_odds) == 0 { b'\n' } else { random.random() })
                .collect();
            let pieces = lines_of(&output, random.random_range(1..100_000));
            assert!(pieces == lines_of(&output, random.random_range(1..100_000)), "the chunks show");
            let mut whole = Vec::new();
            for (piece, complete) in pieces {
                assert!(piece.len() <= MAX_PIECE_BYTES && !piece.contains(&b'\n'));
                whole.extend(piece);
                whole.extend(complete.then_some(b'\n'));
            }
            assert!(whole == output, "{length} bytes came out changed");
        }
    }
}
