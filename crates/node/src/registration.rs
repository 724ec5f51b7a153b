//! What a node tells the registry about itself, and its benchmark.
//!
//! The benchmark runs as a job of the node's own: its result is a document like that of any job, in the node's store, and
//! its SHA-256 is what an attestation holds. The document says what the node's machine said. An attestor who does not trust
//! the node has to see to it that the benchmark runs on the machine that it attests.

use grid_devices::{Gpu, model_text};
use grid_executor::{
    BenchClass, CancellationToken, DefinitionError, Device, Executor, JobError, JobOutcome, JobRequest,
    Machine, Workplace, run_job,
};
use grid_nodes::{Hardware, Software, constants::MODEL_BYTES};
use solana_address::Address;

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// GPUs that the registry can't hold as those of one node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GpusError {
    /// The registry holds one model of a node.
    #[error(
        "this machine has GPUs of several models, and the registry takes one of a node: choose among {0}"
    )]
    SeveralModels(String),
    /// There is none of the wanted model.
    #[error("this machine has no GPU {wanted}; it has {found}")]
    NoSuchModel {
        /// What was wanted.
        wanted: String,
        /// What there is.
        found: String,
    },
}

/// The GPUs that a node tells the registry: those of the wanted model, else all, which then have to be of one model.
pub fn of_one_model(gpus: Vec<Gpu>, wanted: Option<&str>) -> Result<Vec<Gpu>, GpusError> {
    let mut models: Vec<String> = gpus.iter().map(Gpu::model).collect();
    models.sort();
    models.dedup();
    let found = || if models.is_empty() { "none".to_owned() } else { models.join(", ") };
    let model = match (wanted, models.as_slice()) {
        (Some(wanted), _) if !models.iter().any(|model| model == wanted) => {
            return Err(GpusError::NoSuchModel { wanted: wanted.to_owned(), found: found() });
        }
        (Some(wanted), _) => wanted.to_owned(),
        (None, []) => return Ok(gpus),
        (None, [model]) => model.clone(),
        (None, _) => return Err(GpusError::SeveralModels(found())),
    };
    Ok(gpus.into_iter().filter(|gpu| gpu.model() == model).collect())
}

/// What a machine with GPUs of one model is, in the registry's units, rounded down; of memory and compute capability, what each
/// GPU has at least. A value that does not fit becomes the largest one, which the registry refuses by its name.
pub fn hardware(machine: &Machine, gpus: &[Gpu]) -> Hardware {
    let vram_bytes = gpus.iter().map(|gpu| gpu.vram_bytes).min().unwrap_or_default();
    let compute = gpus.iter().map(|gpu| gpu.compute_capability).min();
    Hardware {
        gpu_model: gpus.first().map(Gpu::model).unwrap_or_default(),
        gpu_count: gpus.len().try_into().unwrap_or(u16::MAX),
        vram_mib: (vram_bytes / MIB).try_into().unwrap_or(u32::MAX),
        compute_major: compute.map_or(0, |version| version.major.try_into().unwrap_or(u8::MAX)),
        compute_minor: compute.map_or(0, |version| version.minor.try_into().unwrap_or(u8::MAX)),
        cpu_model: model_text(&machine.cpu_model),
        cpu_cores: machine.cpu_cores.try_into().unwrap_or(u16::MAX),
        ram_mib: (machine.memory_bytes / MIB).try_into().unwrap_or(u32::MAX),
        disk_gib: (machine.disk_bytes / GIB).try_into().unwrap_or(u32::MAX),
    }
}

/// What a node with these GPUs runs: this crate and the GPUs' driver, in `country` (ISO 3166-1 numeric), reached at `endpoint`.
pub fn software(country: u16, endpoint: String, gpus: &[Gpu]) -> Software {
    let cuda = gpus.iter().map(|gpu| gpu.cuda).min();
    let part = |number: u32| number.try_into().unwrap_or(u16::MAX);
    Software {
        driver: gpus.first().map(|gpu| version(&gpu.driver)).unwrap_or_default(),
        cuda: cuda.map_or([0; 2], |cuda| [part(cuda.major), part(cuda.minor)]),
        version: version(env!("CARGO_PKG_VERSION")),
        country,
        endpoint,
    }
}

/// The first three numbers of a version, `535.154.05` or `0.1.0-rc.1`.
fn version(text: &str) -> [u16; 3] {
    let mut version = [0; 3];
    for (number, part) in version.iter_mut().zip(text.split(['.', '-', '+'])) {
        *number = part.parse().unwrap_or_default();
    }
    version
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
    use grid_devices::Version;

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
        let hardware = hardware(&machine(), &[]);
        assert_eq!(hardware.cpu_model, "AMD EPYC 7543 32-Core Processor");
        assert_eq!((hardware.cpu_cores, hardware.ram_mib, hardware.disk_gib), (32, 65_536, 1));
        assert!(hardware.validate().is_ok() && !hardware.has_gpus());
        assert!(hardware.cpu_model_field().is_ok() && hardware.gpu_model_field().is_ok());
        let software = software(276, "http://127.0.0.1:8080".into(), &[]);
        assert!(software.validate(false).is_ok() && software.endpoint_field().is_ok());
    }

    fn gpu(name: &str, vram_mib: u64, driver: &str) -> Gpu {
        Gpu {
            uuid: format!("GPU-{name}-{vram_mib}"),
            name: name.into(),
            index: 0,
            pci_bus_id: "00000000:01:00.0".into(),
            vram_bytes: vram_mib * MIB + 1,
            compute_capability: Version { major: 8, minor: 6 },
            driver: driver.into(),
            cuda: Version { major: 12, minor: 2 },
        }
    }

    #[test]
    fn the_registry_takes_gpus_of_one_model() {
        let gpus = [
            gpu("NVIDIA GeForce  RTX 3080", 12_288, "535.154.05"),
            gpu("NVIDIA GeForce RTX 3080", 10_240, "535.154.05"),
        ];
        let gpus = of_one_model(gpus.into(), None).unwrap();
        let (hardware, software) = (hardware(&machine(), &gpus), software(276, String::new(), &gpus));
        assert_eq!((hardware.gpu_model.as_str(), hardware.gpu_count), ("NVIDIA GeForce RTX 3080", 2));
        assert_eq!(hardware.vram_mib, 10_240, "what each has at least");
        assert_eq!((hardware.compute_major, hardware.compute_minor), (8, 6));
        assert_eq!((software.driver, software.cuda), ([535, 154, 5], [12, 2]));
        assert!(hardware.validate().is_ok() && software.validate(true).is_ok());
        assert!(hardware.gpu_model_field().is_ok());
    }

    #[test]
    fn one_of_several_models_has_to_be_chosen() {
        let mixed = || vec![gpu("B", 2, "1.2"), gpu("A", 1, "1.2"), gpu("B", 3, "1.2")];
        assert_eq!(of_one_model(mixed(), None), Err(GpusError::SeveralModels("A, B".into())));
        let chosen = of_one_model(mixed(), Some("B")).unwrap();
        assert_eq!(chosen.iter().map(|gpu| gpu.vram_bytes / MIB).collect::<Vec<_>>(), [2, 3]);
        let missing = GpusError::NoSuchModel { wanted: "C".into(), found: "A, B".into() };
        assert_eq!(of_one_model(mixed(), Some("C")), Err(missing));
        assert_eq!(of_one_model(Vec::new(), None), Ok(Vec::new()));
        assert!(of_one_model(Vec::new(), Some("C")).unwrap_err().to_string().ends_with("it has none"));
    }

    #[test]
    fn what_does_not_fit_is_refused_and_does_not_wrap() {
        let large = Machine { cpu_cores: 1 << 20, memory_bytes: u64::MAX, disk_bytes: u64::MAX, ..machine() };
        let hardware = hardware(&large, &[]);
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
