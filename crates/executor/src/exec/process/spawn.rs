//! Starting an op's first process in a session of its own, and ending all of that session's first group.

use std::{
    io,
    os::fd::{BorrowedFd, RawFd},
};

use rustix::{
    io::FdFlags,
    process::{Pid, Resource, Rlimit, Signal, WaitId, WaitIdOptions},
};
use tokio::process::{Child, Command};

/// Open files that a process of an op may have at most.
const MAX_OPEN_FILES: u64 = 65_536;

/// Resource limits of every process of an op. Each holds for a single process, not for their sum.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ProcessLimits {
    /// Address space, in bytes.
    pub(super) memory_bytes: Option<u64>,
    /// The largest file, in bytes.
    pub(super) file_bytes: Option<u64>,
}

/// A process group that is killed when this is dropped.
pub(super) struct ProcessGroup {
    leader: Pid,
    reaped: bool,
}

/// Starts `command` as the leader of a new session, and with it of a new process group, under `limits`.
pub(super) fn spawn(mut command: Command, limits: ProcessLimits) -> io::Result<(Child, ProcessGroup)> {
    enter_session_before_exec(&mut command, limits);
    let child = command.spawn()?;
    let leader = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
    let leader = leader.ok_or_else(|| io::Error::other("the process has no id"))?;
    Ok((child, ProcessGroup { leader, reaped: false }))
}

// The standard library starts a process group, but neither a session nor limits before `exec`; setting them from
// outside afterwards would leave the command a moment without them.
#[allow(unsafe_code)]
fn enter_session_before_exec(command: &mut Command, limits: ProcessLimits) {
    let limits = [
        (Resource::Core, Some(0)),
        (Resource::Nofile, Some(MAX_OPEN_FILES)),
        (Resource::As, limits.memory_bytes),
        (Resource::Fsize, limits.file_bytes),
    ]
    // No more than this process may have itself: only root could raise that.
    .map(|(resource, limit)| {
        let hard = rustix::process::getrlimit(resource).maximum;
        (resource, limit.map(|limit| hard.map_or(limit, |hard| limit.min(hard))))
    });
    let inherited = open_file_numbers();
    // SAFETY: the closure runs in the child between fork and exec. It makes system calls only (`setsid`, `fcntl`,
    // `setrlimit`, all async-signal-safe), owns its plain-integer data, and neither allocates nor takes a lock. A
    // file number is borrowed for one `fcntl` that fails cleanly where nothing is open under it any more.
    unsafe {
        command.pre_exec(move || {
            rustix::process::setsid()?;
            for number in &inherited {
                let _ = rustix::io::fcntl_setfd(BorrowedFd::borrow_raw(*number), FdFlags::CLOEXEC);
            }
            for (resource, limit) in limits {
                if limit.is_some() {
                    rustix::process::setrlimit(resource, Rlimit { current: limit, maximum: limit })?;
                }
            }
            Ok(())
        });
    }
}

/// The numbers of all files open in this process but the three standard ones. What this program opens closes itself
/// on exec; what it was started with may not.
fn open_file_numbers() -> Vec<RawFd> {
    let listed = std::fs::read_dir("/dev/fd").into_iter().flatten().flatten();
    listed.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(|number| *number > 2).collect()
}

impl ProcessGroup {
    /// Waits for the leader to end, and leaves it unreaped: while it is, its id, which is the group's, cannot be
    /// given to anybody else, so a signal to the group hits nothing foreign.
    pub(super) async fn leader_ended(&self) -> io::Result<()> {
        let leader = self.leader;
        let wait = move || {
            loop {
                match rustix::process::waitid(
                    WaitId::Pid(leader),
                    WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
                ) {
                    Err(rustix::io::Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                    Ok(_) => return Ok(()),
                }
            }
        };
        tokio::task::spawn_blocking(wait).await.map_err(io::Error::other)?
    }

    /// Asks every process of the group to end.
    pub(super) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Ends every process of the group.
    pub(super) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// The leader was reaped: from here on the id may belong to somebody else.
    pub(super) fn reaped(mut self) {
        self.reaped = true;
    }

    fn signal(&self, signal: Signal) {
        if let Err(error) = rustix::process::kill_process_group(self.leader, signal) {
            // The group is gone: what was wanted.
            tracing::debug!(group = self.leader.as_raw_nonzero(), ?signal, %error, "no process took the signal");
        }
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if !self.reaped {
            self.kill();
        }
    }
}
