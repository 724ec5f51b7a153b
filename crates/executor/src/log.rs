//! The job's log: one append-only file, one line of output per line.
//!
//! `TIME OP STREAM BYTES`, separated by single spaces: Unix time in milliseconds, the op's id, the stream
//! (`stdout`, `stderr`, `node`), then the output as it came, any bytes but a newline. A stream with a `+` behind its
//! name marks a piece that no newline followed, so that the output can be put together again byte for byte.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    os::unix::fs::MetadataExt,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{definition::Stream, job::unix_ms};

/// How often a log is looked at while somebody waits for it to grow.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(50);

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

    /// Goes on with a log, or starts it where there is none. A last line that was cut short by a crash is removed.
    pub fn reopen(path: &Path, limit_bytes: u64) -> io::Result<Self> {
        let mut log = BufReader::new(match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Self::create(path, limit_bytes),
            opened => opened?,
        });
        let marker = limit_marker(limit_bytes);
        let (mut size_bytes, mut full, mut line) = (0, false, Vec::new());
        while log.read_until(b'\n', &mut line)? > 0 && line.pop() == Some(b'\n') {
            size_bytes += line.len() as u64 + 1;
            full |= parse_line(&line)
                .is_some_and(|line| line.stream == Stream::Node && line.bytes == marker.as_bytes());
            line.clear();
        }
        let file = File::options().append(true).open(path)?;
        file.set_len(size_bytes)?;
        Ok(Self { state: Mutex::new(State { file, size_bytes, full, error: None }), limit_bytes })
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
            entry = (header(op, Stream::Node, true) + &limit_marker(self.limit_bytes) + "\n").into_bytes();
        }
        state.size_bytes += entry.len() as u64;
        // One write per line: a reader of the file, or a crash, sees whole lines.
        state.error = state.file.write_all(&entry).err();
    }

    /// Whether the limit was reached.
    pub fn is_full(&self) -> bool {
        self.lock().full
    }

    /// Its length, in bytes.
    pub fn size_bytes(&self) -> u64 {
        self.lock().size_bytes
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

fn limit_marker(limit_bytes: u64) -> String {
    format!("the log has reached its limit of {limit_bytes} bytes; the rest is not kept")
}

fn header(op: &str, stream: Stream, complete: bool) -> String {
    format!("{} {op} {}{} ", unix_ms(), stream.name(), if complete { "" } else { "+" })
}

/// How many bytes of the output of `op`, standard output and standard error, a log holds behind its first `from` bytes.
pub(crate) fn logged_bytes(path: &Path, op: &str, from: u64) -> io::Result<[u64; 2]> {
    let mut log = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok([0; 2]),
        opened => opened?,
    };
    log.seek(SeekFrom::Start(from))?;
    let (mut log, mut line, mut logged) = (BufReader::new(log), Vec::new(), [0; 2]);
    while log.read_until(b'\n', &mut line)? > 0 && line.pop() == Some(b'\n') {
        if let Some(line) = parse_line(&line).filter(|line| line.op == op) {
            let index = match line.stream {
                Stream::Stdout => Some(0),
                Stream::Stderr => Some(1),
                Stream::Node => None,
            };
            if let Some(index) = index {
                logged[index] += line.output_bytes();
            }
        }
        line.clear();
    }
    Ok(logged)
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

impl LogLine<'_> {
    /// How many bytes the op wrote to get this line.
    fn output_bytes(&self) -> u64 {
        self.bytes.len() as u64 + u64::from(self.complete)
    }
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

/// Reads a log while it is being written, from any byte of it on.
#[derive(Debug)]
pub struct LogReader {
    file: File,
    offset: u64,
}

impl LogReader {
    /// A reader that starts at byte `offset`, for instance where an earlier one stopped.
    pub fn open(path: &Path, offset: u64) -> io::Result<Self> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(Self { file, offset })
    }

    /// The byte that is read next.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The whole lines that are there now, in about `max_bytes` bytes; nothing where there is no more so far. One line
    /// at least, however long it is.
    pub fn read(&mut self, max_bytes: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        loop {
            let count = Read::by_ref(&mut self.file).take(max_bytes.max(1) as u64).read_to_end(&mut bytes)?;
            let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            if whole > 0 || count == 0 {
                bytes.truncate(whole);
                self.offset += whole as u64;
                self.file.seek(SeekFrom::Start(self.offset))?;
                return Ok(bytes);
            }
        }
    }

    /// Waits for whole lines, in about `max_bytes` bytes. `None` where the log is at its end: its job's folder was
    /// removed, and with it the log.
    pub async fn follow(&mut self, max_bytes: usize) -> io::Result<Option<Vec<u8>>> {
        loop {
            // Looked at before reading: what was written before the removal is read then.
            let removed = self.file.metadata()?.nlink() == 0;
            let bytes = self.read(max_bytes)?;
            if !bytes.is_empty() {
                return Ok(Some(bytes));
            }
            if removed {
                return Ok(None);
            }
            tokio::time::sleep(FOLLOW_INTERVAL).await;
        }
    }
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

    #[test]
    fn a_log_that_was_cut_short_goes_on_behind_its_last_whole_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let log = JobLog::create(&path, 1 << 20).unwrap();
        log.write("a", Stream::Stdout, b"one", true);
        log.write("b", Stream::Stderr, b"other", true);
        let middle = log.size_bytes();
        log.write("a", Stream::Stdout, b"two", false);
        log.write("a", Stream::Stderr, b"", true);
        log.write("a", Stream::Node, b"not the op's own", true);
        log.finish().unwrap();
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, [&whole[..], b"1700000000000 a stdout to"].concat()).unwrap();
        let log = JobLog::reopen(&path, 1 << 20).unwrap();
        assert_eq!((log.size_bytes(), log.is_full()), (whole.len() as u64, false));
        assert_eq!(logged_bytes(&path, "a", 0).unwrap(), [4 + 3, 1]);
        assert_eq!(logged_bytes(&path, "a", middle).unwrap(), [3, 1]);
        assert_eq!(logged_bytes(&path, "a", 1 << 30).unwrap(), [0, 0]);
        log.write("a", Stream::Stdout, b"three", true);
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(lines(&bytes).last().unwrap().bytes, b"three");
        assert_eq!(lines(&bytes).count(), 6);
    }

    #[test]
    fn a_full_log_stays_full() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let log = JobLog::create(&path, 100).unwrap();
        for _ in 0..10 {
            log.write("op", Stream::Stdout, b"0123456789", true);
        }
        log.finish().unwrap();
        let whole = std::fs::read(&path).unwrap();
        let log = JobLog::reopen(&path, 100).unwrap();
        assert!(log.is_full());
        log.write("op", Stream::Stdout, b"x", true);
        assert_eq!(std::fs::read(&path).unwrap(), whole);
    }

    #[tokio::test]
    async fn a_reader_follows_a_log_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let log = JobLog::create(&path, 1 << 20).unwrap();
        let mut reader = LogReader::open(&path, 0).unwrap();
        assert!(reader.read(1000).unwrap().is_empty());
        log.write("op", Stream::Stdout, &[b'x'; 500], true);
        log.write("op", Stream::Stdout, b"short", true);
        let first = reader.read(10).unwrap();
        assert!(first.len() > 500 && first.ends_with(b"x\n"), "one line at least");
        let mut later = LogReader::open(&path, reader.offset()).unwrap();
        assert_eq!(lines(&later.read(1000).unwrap()).next().unwrap().bytes, b"short");

        // Half a line is no line yet.
        let mut file = File::options().append(true).open(&path).unwrap();
        file.write_all(b"1 op stdout ha").unwrap();
        assert!(later.read(1000).unwrap().is_empty());
        let (line, ()) = tokio::join!(later.follow(1000), async { file.write_all(b"lf\n").unwrap() });
        assert_eq!(line.unwrap().unwrap(), b"1 op stdout half\n");
        std::fs::remove_file(&path).unwrap();
        assert_eq!(later.follow(1000).await.unwrap(), None);
    }
}
