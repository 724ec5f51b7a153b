//! [`Machine`]: what this machine is made of, as Linux tells it.

use std::{collections::BTreeSet, fs, io, path::Path};

/// What a machine is made of. GPUs are not looked for: no executor runs jobs on them yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// The processor's model; the architecture where Linux knows no model.
    pub cpu_model: String,
    /// Processor cores, not threads.
    pub cpu_cores: usize,
    /// Main memory that Linux manages, in bytes.
    pub memory_bytes: u64,
    /// The whole file system that holds the jobs, free or not, in bytes.
    pub disk_bytes: u64,
}

impl Machine {
    /// Reads what this machine is made of; `folder` is where its jobs live, and must exist.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let (cpu_model, cpu_cores) = cpu(&fs::read_to_string("/proc/cpuinfo")?);
        let memory_bytes = memory_bytes(&fs::read_to_string("/proc/meminfo")?).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, "/proc/meminfo has no line `MemTotal: NUMBER kB`")
        })?;
        let disk = rustix::fs::statvfs(folder)?;
        let disk_bytes = disk.f_blocks.saturating_mul(disk.f_frsize);
        let cpu_model = cpu_model.unwrap_or_else(|| std::env::consts::ARCH.to_owned());
        Ok(Self { cpu_model, cpu_cores, memory_bytes, disk_bytes })
    }
}

/// Model and number of cores out of `/proc/cpuinfo`: a paragraph per thread, with `key : value` lines. Threads of one core
/// have the same `physical id` and `core id`; where these are missing, each thread counts as a core.
fn cpu(cpuinfo: &str) -> (Option<String>, usize) {
    let mut model = None;
    let (mut threads, mut cores) = (0, BTreeSet::new());
    for thread in cpuinfo.split("\n\n") {
        let value = |key: &str| thread.lines().find_map(|line| value_of(line, key));
        if value("processor").is_none() {
            continue;
        }
        threads += 1;
        model = model.or_else(|| value("model name").map(str::to_owned));
        cores.extend(value("physical id").zip(value("core id")));
    }
    let cores = if cores.is_empty() { threads } else { cores.len() };
    (model, cores.max(1))
}

/// Bytes of main memory out of `/proc/meminfo`.
fn memory_bytes(meminfo: &str) -> Option<u64> {
    let total = meminfo.lines().find_map(|line| value_of(line, "MemTotal"))?;
    total.strip_suffix("kB")?.trim_end().parse::<u64>().ok()?.checked_mul(1024)
}

/// The value of a line `key : value`; `None` when the key is another or the value is empty.
fn value_of<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let (found, value) = line.split_once(':')?;
    (found.trim_end() == key).then(|| value.trim()).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_CORES_WITH_TWO_THREADS: &str = "\
        processor\t: 0\nmodel name\t: AMD EPYC 7543 32-Core Processor \nphysical id\t: 0\ncore id\t\t: 0\npower:\n\n\
        processor\t: 1\nmodel name\t: AMD EPYC 7543 32-Core Processor \nphysical id\t: 0\ncore id\t\t: 1\npower:\n\n\
        processor\t: 2\nmodel name\t: AMD EPYC 7543 32-Core Processor \nphysical id\t: 0\ncore id\t\t: 0\npower:\n\n\
        processor\t: 3\nmodel name\t: AMD EPYC 7543 32-Core Processor \nphysical id\t: 0\ncore id\t\t: 1\npower:\n\n";

    #[test]
    fn cores_are_counted_and_not_threads() {
        let model = "AMD EPYC 7543 32-Core Processor".to_owned();
        assert_eq!(cpu(TWO_CORES_WITH_TWO_THREADS), (Some(model), 2));
    }

    #[test]
    fn a_core_has_a_number_in_each_processor() {
        let two = "processor: 0\nphysical id: 0\ncore id: 0\n\nprocessor: 1\nphysical id: 1\ncore id: 0\n";
        assert_eq!(cpu(two), (None, 2));
    }

    #[test]
    fn without_core_numbers_threads_are_counted() {
        let arm = "processor: 0\nBogoMIPS: 50.00\n\nprocessor: 1\nBogoMIPS: 50.00\n\nHardware: some board\n";
        assert_eq!(cpu(arm), (None, 2));
        assert_eq!(cpu(""), (None, 1));
    }

    #[test]
    fn memory_is_read_in_bytes() {
        assert_eq!(memory_bytes("MemTotal:       24684084 kB\nMemFree: 1 kB\n"), Some(24_684_084 * 1024));
        assert_eq!(memory_bytes("MemFree: 1 kB\n"), None);
        assert_eq!(memory_bytes("MemTotal: 1 MB\n"), None);
    }

    #[test]
    fn this_machine_can_be_read() {
        let machine = Machine::read(Path::new("/")).unwrap();
        assert!(!machine.cpu_model.is_empty() && machine.cpu_cores >= 1);
        // The smallest machine that compiles this has more.
        assert!(machine.memory_bytes > 256 << 20 && machine.disk_bytes > 256 << 20, "{machine:?}");
        assert!(Machine::read(Path::new("/no/such/folder")).is_err());
    }
}
