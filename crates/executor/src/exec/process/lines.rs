//! Splitting a pipe into lines.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::{definition::Stream, exec::LineSink};

/// The longest piece handed on; a longer line comes in several.
pub(super) const MAX_PIECE_BYTES: usize = 64 * 1024;

/// Hands every line of `pipe` to `sink` until the pipe is closed.
pub(super) async fn pump(pipe: impl AsyncRead + Unpin, stream: Stream, sink: &dyn LineSink) {
    if let Err(error) = pump_all(pipe, stream, sink).await {
        sink.line(
            Stream::Node,
            format!("{} cannot be read any more: {error}", stream.name()).as_bytes(),
            true,
        );
    }
}

async fn pump_all(mut pipe: impl AsyncRead + Unpin, stream: Stream, sink: &dyn LineSink) -> io::Result<()> {
    let mut buffer = vec![0; MAX_PIECE_BYTES];
    // Bytes at the start of the buffer that no newline has followed yet.
    let mut held = 0;
    loop {
        let count = pipe.read(&mut buffer[held..]).await?;
        let filled = held + count;
        let mut start = 0;
        // The held bytes hold no newline, so each byte is looked at once.
        while let Some(length) = buffer[start.max(held)..filled].iter().position(|byte| *byte == b'\n') {
            let end = start.max(held) + length;
            sink.line(stream, &buffer[start..end], true);
            start = end + 1;
        }
        held = filled - start;
        buffer.copy_within(start..filled, 0);
        if held > 0 && (count == 0 || held == buffer.len()) {
            sink.line(stream, &buffer[..held], false);
            held = 0;
        }
        if count == 0 {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Default)]
    struct Collected(Mutex<Vec<(Vec<u8>, bool)>>);

    impl LineSink for Collected {
        fn line(&self, _stream: Stream, line: &[u8], complete: bool) {
            self.0.lock().unwrap().push((line.to_vec(), complete));
        }
    }

    async fn lines_of(bytes: &[u8]) -> Vec<(Vec<u8>, bool)> {
        let sink = Collected::default();
        pump(bytes, Stream::Stdout, &sink).await;
        sink.0.into_inner().unwrap()
    }

    #[tokio::test]
    async fn lines_are_cut_at_newlines_only() {
        let lines = lines_of(b"a\n\n\r\x00\xff\nend").await;
        let expected = [(&b"a"[..], true), (b"", true), (b"\r\x00\xff", true), (b"end", false)];
        assert_eq!(lines, expected.map(|(line, complete)| (line.to_vec(), complete)));
        assert!(lines_of(b"").await.is_empty());
    }

    #[tokio::test]
    async fn the_pieces_of_any_output_make_it_whole_again() {
        use rand::{Rng, SeedableRng};
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        for _ in 0..20 {
            let length = random.random_range(0..4 * MAX_PIECE_BYTES);
            let newline_odds = random.random_range(2..200_000);
            let output: Vec<u8> = (0..length)
                .map(|_| if random.random_range(0..newline_odds) == 0 { b'\n' } else { random.random() })
                .collect();
            let mut whole = Vec::new();
            for (piece, complete) in lines_of(&output).await {
                assert!(piece.len() <= MAX_PIECE_BYTES && !piece.contains(&b'\n'));
                whole.extend(piece);
                whole.extend(complete.then_some(b'\n'));
            }
            assert!(whole == output, "{length} bytes came out changed");
        }
    }
}
