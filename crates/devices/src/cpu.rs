//! [`CpuDevice`]: what a machine without a GPU can develop with.

use std::{fmt, thread};

use serde::Serialize;

/// A device that is a share of the machine's processor. For development: no market pays for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CpuDevice {
    /// `cpu:` and its number, from 0.
    pub label: String,
    /// CPU threads of the whole machine; all CPU devices share them.
    pub threads: u64,
    /// Always true; stands in what is shown and written of it.
    pub development_only: bool,
}

impl CpuDevice {
    /// So many CPU devices.
    pub fn several(count: u32) -> Vec<Self> {
        let threads = thread::available_parallelism().map_or(1, |count| count.get() as u64);
        let device = |number| Self { label: format!("cpu:{number}"), threads, development_only: true };
        (0..count).map(device).collect()
    }
}

impl fmt::Display for CpuDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} ({} threads of this machine's processor, for development only)",
            self.label, self.threads
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_numbered_and_flagged() {
        let devices = CpuDevice::several(2);
        assert_eq!(
            devices.iter().map(|device| device.label.as_str()).collect::<Vec<_>>(),
            ["cpu:0", "cpu:1"]
        );
        for device in devices {
            assert!(device.development_only && device.threads >= 1);
            assert!(device.to_string().ends_with("for development only)"), "{device}");
        }
    }
}
