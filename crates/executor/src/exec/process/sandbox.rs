//! What an op may touch of this machine, as far as an unprivileged process can be held: Landlock where the kernel has
//! it, no new privileges, no capabilities, resource limits.

use std::{
    fs, io,
    os::fd::{BorrowedFd, RawFd},
    path::{Path, PathBuf},
};

use landlock::{
    ABI, Access, AccessFs, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreated, RulesetCreatedAttr, Scope,
};
use rustix::{
    io::FdFlags,
    process::{Resource, Rlimit},
};

use crate::exec::{RunContext, Scratch};

/// The newest set of rules this program knows; an older kernel keeps those it has.
const RULES: ABI = ABI::V9;
/// Open files that a process of an op may have at most.
const MAX_OPEN_FILES: u64 = 65_536;
/// Processes and threads of the worker's user, beyond which an op can start no more.
const MAX_PROCESSES: u64 = 16_384;
/// How much sooner than others an op is ended when the machine runs out of memory, of 1,000.
const OOM_SCORE: &[u8] = b"500";

/// What every program needs to run at all, and nobody's secrets: read and run, not write.
const READABLE: &[&str] = &[
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/proc",
    "/sys",
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/group",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/protocols",
    "/etc/resolv.conf",
    "/etc/services",
    "/etc/ssl",
    "/etc/timezone",
];
/// Devices that every program may use.
const DEVICES: &[&str] = &["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// Whether this kernel has Landlock.
pub(super) fn landlock_is_there() -> bool {
    Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V1))
        .and_then(Ruleset::create)
        .is_ok()
}

/// What is laid upon an op's first process before it becomes the op's program.
pub(super) struct Sandbox {
    rules: Option<RulesetCreated>,
    limits: [(Resource, Option<u64>); 5],
    inherited: Vec<RawFd>,
}

/// What an op may touch besides what every program needs and its own folders.
pub(super) struct Allowed<'a> {
    pub(super) readable: &'a [PathBuf],
    pub(super) writable: &'a [PathBuf],
    /// Whether it may use the machine's GPUs.
    pub(super) gpu: bool,
}

impl Sandbox {
    pub(super) fn new(context: &RunContext<'_>, allowed: &Allowed<'_>) -> io::Result<Self> {
        let limits = [
            (Resource::Core, Some(0)),
            (Resource::Nofile, Some(MAX_OPEN_FILES)),
            (Resource::Nproc, Some(MAX_PROCESSES)),
            (Resource::As, context.limits().memory_bytes),
            (Resource::Fsize, context.limits().disk_bytes),
        ]
        // No more than this process may have itself: only root could raise that.
        .map(|(resource, limit)| {
            let hard = rustix::process::getrlimit(resource).maximum;
            (resource, limit.map(|limit| hard.map_or(limit, |hard| limit.min(hard))))
        });
        let rules = rules(context.job.scratch, allowed).map_err(io::Error::other)?;
        Ok(Self { rules: Some(rules), limits, inherited: open_file_numbers() })
    }

    /// Lays it all upon this process.
    ///
    /// # Safety
    ///
    /// To be called in a child between fork and exec. It makes system calls, and neither allocates nor takes a lock.
    #[allow(unsafe_code)]
    pub(super) unsafe fn enter(&mut self) -> io::Result<()> {
        rustix::process::setsid()?;
        for number in &self.inherited {
            // SAFETY: the number is used for one call, which fails cleanly where nothing is open under it any more.
            let _ = rustix::io::fcntl_setfd(unsafe { BorrowedFd::borrow_raw(*number) }, FdFlags::CLOEXEC);
        }
        // SAFETY: constant strings, and a file handle of this function's own.
        unsafe {
            let file = libc::open(c"/proc/self/oom_score_adj".as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC);
            libc::write(file, OOM_SCORE.as_ptr().cast(), OOM_SCORE.len());
            libc::close(file);
        }
        for (resource, limit) in self.limits {
            if limit.is_some() {
                rustix::process::setrlimit(resource, Rlimit { current: limit, maximum: limit })?;
            }
        }
        drop_capabilities();
        // Sets `no_new_privs` too, on every kernel.
        match self.rules.take().map(RulesetCreated::restrict_self) {
            Some(Err(_)) => Err(io::ErrorKind::PermissionDenied.into()),
            _ => Ok(()),
        }
    }
}

fn rules(scratch: &Scratch, allowed: &Allowed<'_>) -> Result<RulesetCreated, landlock::RulesetError> {
    let all = AccessFs::from_all(RULES);
    let read = AccessFs::from_read(RULES);
    let device = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::IoctlDev;
    let mut rules = Ruleset::default().handle_access(all)?.scope(Scope::from_all(RULES))?.create()?;
    let own = [scratch.work(), scratch.tmp(), scratch.volumes_folder()];
    let gpus = if allowed.gpu { gpu_files() } else { Vec::new() };
    let paths = READABLE
        .iter()
        .map(|path| (Path::new(path), read))
        .chain(DEVICES.iter().map(|path| (Path::new(path), device)))
        .chain(gpus.iter().map(|path| (path.as_path(), device | AccessFs::ReadDir)))
        .chain(own.iter().chain(allowed.writable).map(|path| (path.as_path(), all)))
        .chain(allowed.readable.iter().map(|path| (path.as_path(), read)));
    for (path, access) in paths {
        if let Some(rule) = rule(path, access) {
            rules = rules.add_rule(rule)?;
        }
    }
    Ok(rules)
}

/// What is allowed at `path` and below; nothing where there is no such path.
fn rule(path: &Path, access: BitFlags<AccessFs>) -> Option<PathBeneath<PathFd>> {
    let handle = PathFd::new(path).ok()?;
    // A rule for a file may only name what can be done with files.
    let access = match fs::metadata(path).is_ok_and(|metadata| metadata.is_dir()) {
        true => access,
        false => access & AccessFs::from_file(RULES),
    };
    Some(PathBeneath::new(handle, access))
}

/// The device files of every GPU of this machine. Which of them an op uses is up to `CUDA_VISIBLE_DEVICES`: the
/// driver's control files are shared by all.
fn gpu_files() -> Vec<PathBuf> {
    let devices = fs::read_dir("/dev").into_iter().flatten().flatten();
    let is_gpu = |name: &str| name.starts_with("nvidia") || matches!(name, "dri" | "kfd");
    devices.filter(|entry| entry.file_name().to_str().is_some_and(is_gpu)).map(|entry| entry.path()).collect()
}

/// The numbers of all files open in this process but the three standard ones. What this program opens closes itself
/// on exec; what it was started with may not.
fn open_file_numbers() -> Vec<RawFd> {
    let listed = fs::read_dir("/dev/fd").into_iter().flatten().flatten();
    listed.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(|number| *number > 2).collect()
}

/// Gives up every capability for good. A process that has none to give up has none.
#[allow(unsafe_code)]
fn drop_capabilities() {
    /// `_LINUX_CAPABILITY_VERSION_3`.
    const VERSION: u32 = 0x2008_0522;
    /// There are 41 so far; a number that is none is an error that changes nothing.
    const MAX_CAPABILITY: libc::c_ulong = 63;
    let header = [VERSION, 0];
    let none = [0_u32; 6];
    // SAFETY: system calls on plain integers and on two arrays of the size and shape that `capset` reads.
    unsafe {
        for capability in 0..=MAX_CAPABILITY {
            libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0);
        }
        libc::prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
        libc::syscall(libc::SYS_capset, header.as_ptr(), none.as_ptr());
    }
}
