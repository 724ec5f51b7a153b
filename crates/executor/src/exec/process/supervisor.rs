//! The supervisor of an op: a process between the worker and the op, so that a worker that is killed takes neither
//! the op nor its output nor its exit code with it.
//!
//! It is no program of its own: the child that is to become the op forks once more before it does, and the process in
//! between stays as it is. It belongs to a program that had threads when it was forked, so it must neither allocate
//! nor take a lock: all it does is make system calls on file handles that were opened for it. It
//!
//! - copies what the op writes into two files, so that nobody has to be there to read it;
//! - takes orders from a named pipe, so that whoever knows the folder can end the op;
//! - adopts what the op leaves behind, and kills all of it when the op's first process has ended;
//! - holds the lock on the state file for as long as it lives, and writes how the op ended there.
//!
//! The files are those of a [`RunFolder`](super::run_folder::RunFolder).
#![allow(unsafe_code)]

use std::{
    ffi::{c_int, c_long},
    fmt::{self, Write as _},
    io,
    mem::MaybeUninit,
    os::fd::RawFd,
    ptr,
    time::Duration,
};

/// How long output is still read after the op's first process has ended, and what it left is looked for.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);
/// How often what is left is looked for in that time.
const DRAIN_INTERVAL: Duration = Duration::from_millis(10);

/// An order: kill every process of the op's group.
pub(super) const ORDER_KILL: u8 = b'k';

/// What a supervisor works on. All of these are open in the process that forks, and stay its own to close.
#[derive(Clone, Copy)]
pub(super) struct Handles {
    /// The reading ends of the op's standard output and standard error.
    pub(super) output: [RawFd; 2],
    /// The files these are copied to.
    pub(super) spool: [RawFd; 2],
    /// Where orders come from; open for reading and writing, so that it never ends.
    pub(super) control: RawFd,
    /// The state file, locked.
    pub(super) state: RawFd,
}

/// Forks: the process that calls this becomes the supervisor and never returns; its child returns and goes on to
/// become the op.
///
/// # Safety
///
/// To be called in a child between fork and exec, with one thread, where nothing has to be dropped.
pub(super) unsafe fn split(handles: &Handles) -> io::Result<()> {
    // SAFETY: system calls on plain integers. `fork` is called with one thread; its child goes on as this process
    // would have, and this process makes nothing but system calls from here on.
    unsafe {
        // Whatever outlives its parent below this process becomes its child.
        libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
        // Out of the worker's session: a hang-up or an interrupt from its terminal is not meant for jobs.
        if libc::setsid() < 0 {
            return Err(io::Error::last_os_error());
        }
        write_all(handles.state, b"started\n")?;
        match libc::fork() {
            -1 => Err(io::Error::last_os_error()),
            0 => Ok(()),
            op => supervise(op, handles),
        }
    }
}

fn supervise(op: libc::pid_t, handles: &Handles) -> ! {
    shed(handles);
    let mut output = Output { handles, open: [true; 2], lost: false };
    // SAFETY: a system call on plain integers.
    let pidfd = unsafe { libc::syscall(libc::SYS_pidfd_open, op as c_long, 0 as c_long) } as RawFd;
    let mut ordered = false;
    loop {
        let mut polled = [output.source(0), output.source(1), source(handles.control), source(pidfd)];
        // Where there is no pidfd, the op is looked at now and then.
        poll(&mut polled, if pidfd < 0 { Some(DRAIN_INTERVAL) } else { None });
        output.copy(&polled[..2]);
        if polled[2].revents != 0 {
            obey(op, handles, &mut ordered);
        }
        if has_ended(op) {
            break;
        }
    }
    // The op's first process is not reaped yet, so its id, which is the group's, is nobody else's.
    signal_group(op, libc::SIGKILL);
    let end = reap(op);
    let deadline = now() + DRAIN_TIMEOUT;
    loop {
        let alone = !kill_children();
        let done = alone && output.open == [false; 2];
        if done || now() >= deadline {
            break;
        }
        let mut polled = [output.source(0), output.source(1)];
        poll(&mut polled, Some(DRAIN_INTERVAL));
        output.copy(&polled);
    }
    let mut report = Text::default();
    let _ = writeln!(
        report,
        "{}{}{end}",
        if output.open == [false; 2] { "" } else { "output-open\n" },
        if output.lost { "output-lost\n" } else { "" },
    );
    let _ = write_all(handles.state, report.as_bytes());
    // SAFETY: system calls on plain integers; nothing is left that has to be dropped.
    unsafe {
        libc::fsync(handles.state);
        libc::_exit(0)
    }
}

/// Gives up everything of the worker that was inherited: signal handlers, the working folder, open files.
fn shed(handles: &Handles) {
    // SAFETY: system calls on plain integers and constants. Nothing in this process uses what is closed.
    unsafe {
        for signal in 1..32 {
            libc::signal(signal, libc::SIG_DFL);
        }
        for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGPIPE] {
            libc::signal(signal, libc::SIG_IGN);
        }
        libc::chdir(c"/".as_ptr());
        libc::prctl(libc::PR_SET_NAME, c"grid-supervisor".as_ptr());
        // It has the worker's memory: no other process of this user may look into it.
        libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0);
        let mut kept = [
            handles.output[0],
            handles.output[1],
            handles.spool[0],
            handles.spool[1],
            handles.control,
            handles.state,
        ];
        kept.sort_unstable();
        let mut first = 0;
        for number in kept {
            if first < number {
                libc::syscall(
                    libc::SYS_close_range,
                    c_long::from(first),
                    c_long::from(number - 1),
                    0 as c_long,
                );
            }
            first = number + 1;
        }
        libc::syscall(libc::SYS_close_range, c_long::from(first), c_long::from(u32::MAX), 0 as c_long);
    }
}

/// What the op writes, on its way into the files.
struct Output<'a> {
    handles: &'a Handles,
    open: [bool; 2],
    /// Whether something could not be written.
    lost: bool,
}

impl Output<'_> {
    fn source(&self, index: usize) -> libc::pollfd {
        // A negative number is stepped over.
        source(if self.open[index] { self.handles.output[index] } else { -1 })
    }

    /// Copies what there is, once from each stream that has something.
    fn copy(&mut self, polled: &[libc::pollfd]) {
        let mut buffer = [MaybeUninit::<u8>::uninit(); 64 * 1024];
        for (index, source) in polled.iter().enumerate() {
            if !self.open[index] || source.revents == 0 {
                continue;
            }
            // SAFETY: the buffer is this function's own, and what was read of it is initialised.
            let read = unsafe {
                let count = libc::read(source.fd, buffer.as_mut_ptr().cast(), buffer.len());
                usize::try_from(count).map(|count| std::slice::from_raw_parts(buffer.as_ptr().cast(), count))
            };
            match read {
                Ok([]) => self.open[index] = false,
                // On a full disk the op goes on, and what it writes is not kept.
                Ok(bytes) => self.lost |= write_all(self.handles.spool[index], bytes).is_err(),
                Err(_) => self.open[index] = errno() == libc::EINTR || errno() == libc::EAGAIN,
            }
        }
    }
}

/// Carries out what was ordered. The first order other than a kill asks the op to end, and is noted as the reason.
fn obey(op: libc::pid_t, handles: &Handles, ordered: &mut bool) {
    let mut orders = [0_u8; 16];
    // SAFETY: the buffer is this function's own.
    let count = unsafe { libc::read(handles.control, orders.as_mut_ptr().cast(), orders.len()) };
    for order in &orders[..usize::try_from(count).unwrap_or(0)] {
        if *order == ORDER_KILL {
            signal_group(op, libc::SIGKILL);
        } else if !*ordered {
            *ordered = true;
            let _ = write_all(handles.state, &[b's', b't', b'o', b'p', b' ', *order, b'\n']);
            signal_group(op, libc::SIGTERM);
        }
    }
}

/// Whether the op's first process has ended; it stays unreaped.
fn has_ended(op: libc::pid_t) -> bool {
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: `info` is large enough and zeroed, which is a valid value of it.
    unsafe {
        libc::waitid(libc::P_PID, op as libc::id_t, info.as_mut_ptr(), options) != 0
            || info.assume_init().si_pid() != 0
    }
}

/// How the op's first process ended.
enum End {
    Code(c_int),
    Signal(c_int),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "code {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
        }
    }
}

fn reap(op: libc::pid_t) -> End {
    let mut status = 0;
    // SAFETY: `status` is this function's own.
    unsafe { libc::waitpid(op, &mut status, 0) };
    match libc::WIFSIGNALED(status) {
        true => End::Signal(libc::WTERMSIG(status)),
        false => End::Code(libc::WEXITSTATUS(status)),
    }
}

/// Reaps and kills what the op left behind, and says whether anything is left.
fn kill_children() -> bool {
    let mut status = 0;
    loop {
        // SAFETY: `status` is this function's own.
        match unsafe { libc::waitpid(-1, &mut status, libc::WNOHANG) } {
            0 => break,
            reaped if reaped > 0 => continue,
            _ => return false,
        }
    }
    let mut list = [0_u8; 4096];
    // SAFETY: a constant path and a buffer of this function's own.
    let count = unsafe {
        let file = libc::open(c"/proc/thread-self/children".as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
        let count = libc::read(file, list.as_mut_ptr().cast(), list.len());
        libc::close(file);
        count
    };
    let list = &list[..usize::try_from(count).unwrap_or(0)];
    for id in list.split(|byte| *byte == b' ') {
        let id = std::str::from_utf8(id).ok().and_then(|id| id.parse::<libc::pid_t>().ok());
        if let Some(id) = id.filter(|id| *id > 1) {
            // SAFETY: a system call on plain integers; an unreaped child's id is nobody else's.
            unsafe { libc::kill(id, libc::SIGKILL) };
        }
    }
    true
}

fn signal_group(leader: libc::pid_t, signal: c_int) {
    // SAFETY: a system call on plain integers. The leader is an unreaped child of this process.
    unsafe { libc::kill(-leader, signal) };
}

fn source(fd: RawFd) -> libc::pollfd {
    libc::pollfd { fd, events: libc::POLLIN, revents: 0 }
}

fn poll(polled: &mut [libc::pollfd], timeout: Option<Duration>) {
    let timeout = timeout.map_or(-1, |timeout| timeout.as_millis() as c_int);
    // SAFETY: the list is the caller's own, and its length is right.
    if unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, timeout) } < 0 {
        polled.iter_mut().for_each(|source| source.revents = 0);
    }
}

fn write_all(fd: RawFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        // SAFETY: the bytes are the caller's own.
        let count = unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) };
        match usize::try_from(count) {
            Ok(count) => bytes = &bytes[count..],
            Err(_) if errno() == libc::EINTR => {}
            Err(_) => return Err(io::Error::last_os_error()),
        }
    }
    Ok(())
}

/// Time since the machine was started.
fn now() -> Duration {
    let mut time = MaybeUninit::<libc::timespec>::zeroed();
    // SAFETY: `time` is large enough and zeroed, which is a valid value of it.
    let time = unsafe {
        libc::clock_gettime(libc::CLOCK_MONOTONIC, time.as_mut_ptr());
        time.assume_init()
    };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn errno() -> c_int {
    // SAFETY: the address is this thread's own, and always valid.
    unsafe { ptr::read(libc::__errno_location()) }
}

/// Short text on the stack.
struct Text {
    bytes: [u8; 64],
    length: usize,
}

impl Default for Text {
    fn default() -> Self {
        Self { bytes: [0; 64], length: 0 }
    }
}

impl Text {
    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let free = &mut self.bytes[self.length..];
        free.get_mut(..text.len()).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length += text.len();
        Ok(())
    }
}
