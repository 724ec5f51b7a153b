//! What a node tells the registry about itself, and its benchmark.
//!
//! The benchmark runs as a job of the node's own: its result is a document like that of any job, in the node's store, and
//! its SHA-256 is what an attestation holds. The document says what the node's machine said. An attestor who does not trust
//! the node has to see to it that the benchmark runs on the machine that it attests.

use grid_devices::model_text;
use grid_executor::{
    BenchClass, CancellationToken, DefinitionError, Device, Executor, JobError, JobOutcome, JobRequest,
    Machine, Workplace, run_job,
};
use grid_nodes::{Hardware, Software, constants::MODEL_BYTES};
use solana_address::Address;

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// What a machine is, in the registry's units, rounded down; without GPUs, which no executor runs jobs on yet. A value that
/// does not fit becomes the largest one, which the registry refuses by its name.
pub fn hardware(machine: &Machine) -> Hardware {
    Hardware {
        gpu_model: String::new(),
        gpu_count: 0,
        vram_mib: 0,
        compute_major: 0,
        compute_minor: 0,
        cpu_model: model_text(&machine.cpu_model),
        cpu_cores: machine.cpu_cores.try_into().unwrap_or(u16::MAX),
        ram_mib: (machine.memory_bytes / MIB).try_into().unwrap_or(u32::MAX),
        disk_gib: (machine.disk_bytes / GIB).try_into().unwrap_or(u32::MAX),
    }
}

/// What a node without GPUs runs: this crate, in `country` (ISO 3166-1 numeric), reached at `endpoint`.
pub fn software(country: u16, endpoint: String) -> Software {
    let mut version = [0; 3];
    for (number, part) in version.iter_mut().zip(env!("CARGO_PKG_VERSION").split(['.', '-', '+'])) {
        *number = part.parse().unwrap_or_default();
    }
    Software { driver: [0; 3], cuda: [0; 2], version, country, endpoint }
}

// What `grid-devices` cuts a model's name to is what the registry takes.
const _: () = assert!(grid_devices::MODEL_BYTES == MODEL_BYTES);

/// The job that a node's benchmark runs as: it names the node and the slot that stands for its hardware, so that a result
/// is no other node's and no other machine's.
pub fn benchmark_job(node: &Address, hardware_slot: u64) -> String {
    format!("{node}-{hardware_slot}")
}

/// Why a benchmark gave no result document.
#[derive(Debug, thiserror::Error)]
pub enum BenchmarkError {
    /// The class's definition is none.
    #[error(transparent)]
    Definition(#[from] DefinitionError),
    /// The machine failed.
    #[error(transparent)]
    Job(#[from] JobError),
}

/// Runs the benchmark of a class on this machine as `job`, see [`benchmark_job`]; the result document is in the workplace's
/// store then.
///
/// # Errors
/// See [`BenchmarkError`]. A benchmark that failed has a document that says so.
pub async fn run_benchmark(
    class: BenchClass,
    job: String,
    device: Device,
    executor: &dyn Executor,
    workplace: &Workplace,
) -> Result<JobOutcome, BenchmarkError> {
    let request = JobRequest::new(job, class.definition(), device)?;
    Ok(run_job(request, executor, workplace, CancellationToken::new(), &|_| {}).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> Machine {
        Machine {
            cpu_model: "AMD EPYC 7543 32-Core Processor   ".into(),
            cpu_cores: 32,
            memory_bytes: 64 * GIB + MIB - 1,
            disk_bytes: 2 * GIB - 1,
        }
    }

    #[test]
    fn the_registry_takes_what_a_machine_is() {
        let hardware = hardware(&machine());
        assert_eq!(hardware.cpu_model, "AMD EPYC 7543 32-Core Processor");
        assert_eq!((hardware.cpu_cores, hardware.ram_mib, hardware.disk_gib), (32, 65_536, 1));
        assert!(hardware.validate().is_ok() && !hardware.has_gpus());
        assert!(hardware.cpu_model_field().is_ok() && hardware.gpu_model_field().is_ok());
        let software = software(276, "http://127.0.0.1:8080".into());
        assert!(software.validate(false).is_ok() && software.endpoint_field().is_ok());
    }

    #[test]
    fn what_does_not_fit_is_refused_and_does_not_wrap() {
        let large = Machine { cpu_cores: 1 << 20, memory_bytes: u64::MAX, disk_bytes: u64::MAX, ..machine() };
        let hardware = hardware(&large);
        assert_eq!((hardware.cpu_cores, hardware.ram_mib, hardware.disk_gib), (u16::MAX, u32::MAX, u32::MAX));
        assert!(hardware.validate().is_err());
    }

    #[test]
    fn a_model_fits_its_field() {
        for (name, expected) in [
            ("Intel(R) Xeon(R)   CPU  @ 2.20GHz", "Intel(R) Xeon(R) CPU @ 2.20GHz".to_owned()),
            ("Zen\u{e9} 1\n", "Zen 1".to_owned()),
            (&"x".repeat(60), "x".repeat(48)),
            (&format!("{} y", "x".repeat(47)), "x".repeat(47)),
        ] {
            assert_eq!(model_text(name), expected);
            assert!(grid_nodes::text::field::<MODEL_BYTES>(&model_text(name)).is_some(), "{name}");
        }
    }
}
