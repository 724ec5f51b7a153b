//! Starting an op: its supervisor, and below it the op's first process in a session of its own.

use std::{io, os::fd::AsRawFd, os::unix::process::CommandExt, process::Child, process::Command};

use super::{
    run_folder::RunFolder,
    sandbox::Sandbox,
    supervisor::{self, Handles},
};

/// Starts `command` in `sandbox`, below a supervisor that writes to `folder`. The child that is returned is the
/// supervisor.
#[allow(unsafe_code)]
pub(super) fn spawn(mut command: Command, folder: &RunFolder, mut sandbox: Sandbox) -> io::Result<Child> {
    let opened = folder.create()?;
    let (stdout, stdout_end) = io::pipe()?;
    let (stderr, stderr_end) = io::pipe()?;
    command.stdout(stdout_end).stderr(stderr_end);
    let handles = Handles {
        output: [stdout.as_raw_fd(), stderr.as_raw_fd()],
        spool: [opened.spool[0].as_raw_fd(), opened.spool[1].as_raw_fd()],
        control: opened.control.as_raw_fd(),
        state: opened.state.as_raw_fd(),
    };
    // SAFETY: the closure runs in the child between fork and exec. It makes system calls only, on plain integers and
    // on what was made ready here; it neither allocates nor takes a lock. The process that does not return from
    // `split` drops nothing.
    unsafe {
        command.pre_exec(move || {
            supervisor::split(&handles)?;
            sandbox.enter()
        });
    }
    // Every handle that was opened here is closed in this process when this function returns; the state file's lock is
    // then the supervisor's alone.
    command.stdin(std::process::Stdio::null()).spawn()
}
