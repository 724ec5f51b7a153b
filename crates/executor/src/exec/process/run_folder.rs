//! The folder of one start of an op: what its supervisor keeps there, and what the worker reads out of it, be it the
//! worker that started the op or a later one.
//!
//! | file | what |
//! | --- | --- |
//! | `stdout`, `stderr` | what the op wrote, byte for byte |
//! | `control` | a named pipe that takes orders, one byte each |
//! | `state` | how far the op has come, one line per step; locked by the supervisor for as long as it lives |

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    os::{
        fd::{AsFd, OwnedFd},
        unix::fs::{DirBuilderExt, OpenOptionsExt},
    },
    path::{Path, PathBuf},
};

use rustix::fs::{CWD, FileType, FlockOperation, Mode, OFlags, flock, mknodat};

use super::supervisor::ORDER_KILL;
use crate::exec::{Exit, Stop};

/// Stop reasons and the orders they are given by.
const ORDERS: [(Stop, u8); 4] =
    [(Stop::Cancelled, b'c'), (Stop::TimedOut, b't'), (Stop::DiskLimit, b'd'), (Stop::OutputLimit, b'o')];

/// The folder of one start of an op.
#[derive(Clone, Debug)]
pub(super) struct RunFolder(PathBuf);

/// How far an op has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// It was never started.
    Fresh,
    /// Its supervisor lives.
    Running,
    /// It has ended.
    Ended,
    /// Its supervisor died before it could say how the op ended.
    Lost,
}

/// What a supervisor has noted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Report {
    /// Whether the op was started.
    pub(super) started: bool,
    /// Why it was asked to end.
    pub(super) stop: Option<Stop>,
    /// How it ended.
    pub(super) exit: Option<Exit>,
    /// Whether somebody outside the op still held its output when it had ended.
    pub(super) output_open: bool,
    /// Whether some of its output could not be written to the disk.
    pub(super) output_lost: bool,
}

/// What is open for a supervisor to come.
pub(super) struct Opened {
    pub(super) spool: [File; 2],
    pub(super) control: OwnedFd,
    pub(super) state: File,
}

impl RunFolder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The file that holds standard output (0) or standard error (1).
    pub(super) fn spool(&self, index: usize) -> PathBuf {
        self.0.join(["stdout", "stderr"][index])
    }

    /// Makes the folder afresh, and opens and locks its files.
    pub(super) fn create(&self) -> io::Result<Opened> {
        self.remove()?;
        fs::DirBuilder::new().mode(0o700).recursive(true).create(&self.0)?;
        let file = |path: PathBuf| File::options().append(true).create_new(true).mode(0o600).open(path);
        let control = self.control();
        mknodat(CWD, &control, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?;
        let opened = Opened {
            spool: [file(self.spool(0))?, file(self.spool(1))?],
            control: rustix::fs::open(&control, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?,
            state: file(self.state())?,
        };
        flock(opened.state.as_fd(), FlockOperation::NonBlockingLockExclusive)?;
        Ok(opened)
    }

    /// Removes the folder, if there is one.
    pub(super) fn remove(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    pub(super) fn condition(&self) -> io::Result<Condition> {
        let state = match File::open(self.state()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Condition::Fresh),
            opened => opened?,
        };
        match flock(state.as_fd(), FlockOperation::NonBlockingLockShared) {
            Err(rustix::io::Errno::WOULDBLOCK) => return Ok(Condition::Running),
            locked => locked?,
        }
        let report = self.report()?;
        Ok(match (report.started, report.exit) {
            (_, Some(_)) => Condition::Ended,
            (true, None) => Condition::Lost,
            (false, None) => Condition::Fresh,
        })
    }

    /// Waits until the supervisor has ended, however it does.
    pub(super) fn wait(&self) -> io::Result<()> {
        let state = File::open(self.state())?;
        loop {
            match flock(state.as_fd(), FlockOperation::LockShared) {
                Err(rustix::io::Errno::INTR) => {}
                locked => return Ok(locked?),
            }
        }
    }

    pub(super) fn report(&self) -> io::Result<Report> {
        let mut text = String::new();
        File::open(self.state())?.read_to_string(&mut text)?;
        Ok(Report::parse(&text))
    }

    /// Asks the op to end, for this reason.
    pub(super) fn stop(&self, stop: Stop) -> io::Result<()> {
        let order = ORDERS.iter().find(|(reason, _)| *reason == stop).map_or(ORDER_KILL, |(_, order)| *order);
        self.order(order)
    }

    /// Ends the op at once.
    pub(super) fn kill(&self) -> io::Result<()> {
        self.order(ORDER_KILL)
    }

    /// Gives an order. Where nobody takes orders any more the op has ended, which is no error.
    fn order(&self, order: u8) -> io::Result<()> {
        let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let control = match rustix::fs::open(self.control(), flags, Mode::empty()) {
            Err(rustix::io::Errno::NXIO | rustix::io::Errno::NOENT) => return Ok(()),
            opened => opened?,
        };
        match File::from(control).write_all(&[order]) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written,
        }
    }

    fn control(&self) -> PathBuf {
        self.0.join("control")
    }

    fn state(&self) -> PathBuf {
        self.0.join("state")
    }
}

/// The folders of every start of an op of a job.
pub(super) fn all(runs: &Path) -> Vec<RunFolder> {
    let entries = fs::read_dir(runs).into_iter().flatten().flatten();
    entries.map(|entry| RunFolder(entry.path())).collect()
}

impl Report {
    /// What stands in a state file. A last line without its newline was never finished, so it does not count.
    fn parse(text: &str) -> Self {
        let mut report = Self::default();
        for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            match line.split_once(' ').unwrap_or((line, "")) {
                ("started", _) => report.started = true,
                ("stop", order) => {
                    let known = ORDERS.iter().find(|(_, byte)| order.as_bytes() == [*byte]);
                    report.stop = known.map(|(stop, _)| *stop);
                }
                ("code", code) => report.exit = code.parse().ok().map(Exit::Code),
                ("signal", signal) => report.exit = signal.parse().ok().map(Exit::Signal),
                ("output-open", _) => report.output_open = true,
                ("output-lost", _) => report.output_lost = true,
                _ => {}
            }
        }
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_supervisor_notes_is_read() {
        assert_eq!(Report::parse(""), Report::default());
        let ended = Report { started: true, exit: Some(Exit::Code(3)), ..Report::default() };
        assert_eq!(Report::parse("started\ncode 3\n"), ended);
        let stopped = Report {
            started: true,
            stop: Some(Stop::TimedOut),
            exit: Some(Exit::Signal(9)),
            output_open: true,
            output_lost: true,
        };
        assert_eq!(Report::parse("started\nstop t\noutput-open\noutput-lost\nsignal 9\n"), stopped);
        // Cut short by a full disk: 12 of 127.
        assert_eq!(Report::parse("started\ncode 12").exit, None);
    }

    #[test]
    fn a_folder_tells_how_far_the_op_has_come() {
        let parent = tempfile::tempdir().unwrap();
        let folder = RunFolder::new(parent.path().join("runs/0-0"));
        assert_eq!(folder.condition().unwrap(), Condition::Fresh);
        folder.kill().unwrap();
        let mut opened = folder.create().unwrap();
        assert_eq!(folder.condition().unwrap(), Condition::Running, "its state is locked");
        drop(folder.create().unwrap());
        assert_eq!(folder.condition().unwrap(), Condition::Fresh, "nothing was started");
        opened.state = File::options().append(true).open(folder.state()).unwrap();
        opened.state.write_all(b"started\n").unwrap();
        assert_eq!(folder.condition().unwrap(), Condition::Lost);
        opened.state.write_all(b"code 0\n").unwrap();
        assert_eq!(folder.condition().unwrap(), Condition::Ended);
        folder.wait().unwrap();
        folder.remove().unwrap();
        folder.remove().unwrap();
    }
}
