//! The job's log: one append-only file, one line of output per line.
//!
//! `TIME OP STREAM BYTES`, separated by single spaces: Unix time in milliseconds, the op's id, the stream
//! (`stdout`, `stderr`, `node`), then the output as it came, any bytes but a newline. A stream with a `+` behind its
//! name marks a piece that no newline followed, so that the output can be put together again byte for byte.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{definition::Stream, job::unix_ms};

/// A log that is being written. A line costs the same however long the log is.
#[derive(Debug)]
pub struct JobLog {
    state: Mutex<State>,
    limit_bytes: u64,
}

#[derive(Debug)]
struct State {
    file: File,
    size_bytes: u64,
    full: bool,
    error: Option<io::Error>,
}

impl JobLog {
    /// Starts an empty log that keeps `limit_bytes` bytes, then says so and keeps no more.
    pub fn create(path: &Path, limit_bytes: u64) -> io::Result<Self> {
        let file = File::options().append(true).create_new(true).open(path)?;
        Ok(Self { state: Mutex::new(State { file, size_bytes: 0, full: false, error: None }), limit_bytes })
    }

    /// Appends one line of an op. A write error is kept for [`finish`](Self::finish), so that a full disk stops no
    /// reader in the middle of a job.
    pub fn write(&self, op: &str, stream: Stream, line: &[u8], complete: bool) {
        let mut state = self.lock();
        if state.full || state.error.is_some() {
            return;
        }
        let mut entry = header(op, stream, complete).into_bytes();
        entry.extend_from_slice(line);
        entry.push(b'\n');
        if state.size_bytes + entry.len() as u64 > self.limit_bytes {
            state.full = true;
            let marker =
                format!("the log has reached its limit of {} bytes; the rest is not kept", self.limit_bytes);
            entry = (header(op, Stream::Node, true) + &marker + "\n").into_bytes();
        }
        state.size_bytes += entry.len() as u64;
        // One write per line: a reader of the file, or a crash, sees whole lines.
        state.error = state.file.write_all(&entry).err();
    }

    /// Whether the limit was reached.
    pub fn is_full(&self) -> bool {
        self.lock().full
    }

    /// Ends the log; fails where a line could not be written.
    pub fn finish(self) -> io::Result<()> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.error.map_or(Ok(()), Err)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn header(op: &str, stream: Stream, complete: bool) -> String {
    format!("{} {op} {}{} ", unix_ms(), stream.name(), if complete { "" } else { "+" })
}

/// One line of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLine<'a> {
    /// When it came, in milliseconds of Unix time.
    pub time_ms: u64,
    /// The op.
    pub op: &'a str,
    /// The stream.
    pub stream: Stream,
    /// Whether a newline followed.
    pub complete: bool,
    /// The output.
    pub bytes: &'a [u8],
}

/// The lines of a stored log; what is no line of a log is left out.
pub fn lines(log: &[u8]) -> impl Iterator<Item = LogLine<'_>> {
    log.split(|byte| *byte == b'\n').filter_map(parse_line)
}

fn parse_line(line: &[u8]) -> Option<LogLine<'_>> {
    let mut parts = line.splitn(4, |byte| *byte == b' ');
    let mut text = || std::str::from_utf8(parts.next()?).ok();
    let (time, op, stream) = (text()?, text()?, text()?);
    let name = stream.strip_suffix('+').unwrap_or(stream);
    Some(LogLine {
        time_ms: time.parse().ok()?,
        op,
        stream: [Stream::Stdout, Stream::Stderr, Stream::Node]
            .into_iter()
            .find(|stream| stream.name() == name)?,
        complete: !stream.ends_with('+'),
        bytes: parts.next()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log_of(limit_bytes: u64, write: impl FnOnce(&JobLog)) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let log = JobLog::create(&path, limit_bytes).unwrap();
        write(&log);
        log.finish().unwrap();
        std::fs::read(path).unwrap()
    }

    #[test]
    fn keeps_any_bytes() {
        let bytes = log_of(1 << 20, |log| {
            log.write("op-1", Stream::Stdout, b"plain text  with spaces ", true);
            log.write("op-1", Stream::Stderr, &[0, 255, 13, 128], false);
            log.write("op-1", Stream::Stderr, b"", true);
        });
        let read: Vec<_> =
            lines(&bytes).map(|line| (line.op, line.stream, line.bytes, line.complete)).collect();
        assert_eq!(
            read,
            [
                ("op-1", Stream::Stdout, &b"plain text  with spaces "[..], true),
                ("op-1", Stream::Stderr, &[0, 255, 13, 128][..], false),
                ("op-1", Stream::Stderr, &b""[..], true),
            ]
        );
    }

    #[test]
    fn stops_at_its_limit_and_says_so_once() {
        let bytes = log_of(200, |log| {
            for _ in 0..1000 {
                log.write("op", Stream::Stdout, b"0123456789", true);
            }
            assert!(log.is_full());
        });
        let read: Vec<_> = lines(&bytes).collect();
        let (marker, kept) = read.split_last().unwrap();
        assert!(kept.iter().all(|line| line.bytes == b"0123456789") && kept.len() >= 4);
        assert_eq!(marker.stream, Stream::Node);
        assert_eq!(marker.bytes, b"the log has reached its limit of 200 bytes; the rest is not kept");
        assert!(bytes.len() < 300);
    }
}
