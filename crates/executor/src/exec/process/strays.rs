//! Processes that left their op's group, by starting a session of their own.
//!
//! They are found by the `TMPDIR` in their environment, which names the job's folder. One that has wiped its
//! environment as well is not found: holding on to such a process takes a container engine.

use std::path::Path;

/// Ends every process of this machine whose environment says that it belongs to the job of this `TMPDIR`.
#[cfg(target_os = "linux")]
pub(super) fn kill(tmpdir: &Path) {
    use std::os::unix::ffi::OsStrExt;

    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

    let marker = [b"TMPDIR=", tmpdir.as_os_str().as_bytes()].concat();
    // A process that starts others while it is being looked for is met in a later pass.
    for _ in 0..10 {
        let mut found = false;
        for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| Pid::from_raw(name.parse().ok()?))
            else {
                continue;
            };
            // The handle is taken first, so that what is read and what is ended are one process.
            let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else {
                continue;
            };
            let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
            if environment.split(|byte| *byte == 0).any(|variable| variable == marker) {
                found |= pidfd_send_signal(&process, Signal::KILL).is_ok();
            }
        }
        if !found {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// Other systems show no environments.
#[cfg(not(target_os = "linux"))]
pub(super) fn kill(_tmpdir: &Path) {}
