//! What a node is made of, as it tells it, and the bounds of each value.

use crate::{constants::*, country::is_country, errors::NodesError, text};
use alloc::string::String;
use anchor_lang::prelude::*;

/// A node's hardware: what a benchmark measures. A change of it ends the node's attestations.
#[derive(Debug, Clone, PartialEq, Eq, AnchorSerialize, AnchorDeserialize, IdlType)]
pub struct Hardware {
    /// The GPUs' model, as the driver names it; empty without GPUs.
    pub gpu_model: String,
    /// How many GPUs.
    pub gpu_count: u16,
    /// Memory of each GPU, MiB; zero without GPUs.
    pub vram_mib: u32,
    /// CUDA compute capability before the point; zero without GPUs.
    pub compute_major: u8,
    /// CUDA compute capability behind the point.
    pub compute_minor: u8,
    /// The processor's model.
    pub cpu_model: String,
    /// Processor cores.
    pub cpu_cores: u16,
    /// Main memory, MiB.
    pub ram_mib: u32,
    /// Disk for jobs, GiB.
    pub disk_gib: u32,
}

/// What a node runs, and where.
#[derive(Debug, Clone, PartialEq, Eq, AnchorSerialize, AnchorDeserialize, IdlType)]
pub struct Software {
    /// Version of the GPU driver: major, minor, patch; zeros without GPUs.
    pub driver: [u16; 3],
    /// Newest CUDA version that the driver supports: major, minor; zeros without GPUs.
    pub cuda: [u16; 2],
    /// Version of the node's own software: major, minor, patch.
    pub version: [u16; 3],
    /// Where the node stands, ISO 3166-1 numeric.
    pub country: u16,
    /// Where clients reach it, `http://` or `https://`; empty when they can't.
    pub endpoint: String,
}

impl Hardware {
    /// Checks the values that stand for themselves. Texts are checked where they are laid out.
    ///
    /// Errors: [`NodesError::GpuCountOutOfRange`], [`NodesError::VramOutOfRange`],
    /// [`NodesError::ComputeCapabilityOutOfRange`], [`NodesError::CpuCoresOutOfRange`], [`NodesError::RamOutOfRange`],
    /// [`NodesError::DiskOutOfRange`].
    pub fn validate(&self) -> Result<()> {
        require!(self.gpu_count <= MAX_GPUS, NodesError::GpuCountOutOfRange);
        if self.has_gpus() {
            require!((1..=MAX_VRAM_MIB).contains(&self.vram_mib), NodesError::VramOutOfRange);
            require!(
                (1..=99).contains(&self.compute_major) && self.compute_minor <= 9,
                NodesError::ComputeCapabilityOutOfRange
            );
        } else {
            require!(self.vram_mib == 0, NodesError::VramOutOfRange);
            require!(
                self.compute_major == 0 && self.compute_minor == 0,
                NodesError::ComputeCapabilityOutOfRange
            );
        }
        require!((1..=MAX_CPU_CORES).contains(&self.cpu_cores), NodesError::CpuCoresOutOfRange);
        require!((1..=MAX_RAM_MIB).contains(&self.ram_mib), NodesError::RamOutOfRange);
        require!((1..=MAX_DISK_GIB).contains(&self.disk_gib), NodesError::DiskOutOfRange);
        Ok(())
    }

    /// Whether the node has GPUs.
    pub fn has_gpus(&self) -> bool {
        self.gpu_count > 0
    }

    /// The GPUs' model as it is stored. Error: [`NodesError::GpuModelInvalid`].
    pub fn gpu_model_field(&self) -> Result<[u8; MODEL_BYTES]> {
        require!(self.gpu_model.is_empty() != self.has_gpus(), NodesError::GpuModelInvalid);
        Ok(text::field(&self.gpu_model).ok_or(NodesError::GpuModelInvalid)?)
    }

    /// The processor's model as it is stored. Error: [`NodesError::CpuModelInvalid`].
    pub fn cpu_model_field(&self) -> Result<[u8; MODEL_BYTES]> {
        require!(!self.cpu_model.is_empty(), NodesError::CpuModelInvalid);
        Ok(text::field(&self.cpu_model).ok_or(NodesError::CpuModelInvalid)?)
    }
}

impl Software {
    /// Checks the values that stand for themselves, for a node with or without GPUs.
    ///
    /// Errors: [`NodesError::DriverVersionInvalid`], [`NodesError::CudaVersionInvalid`],
    /// [`NodesError::SoftwareVersionInvalid`], [`NodesError::CountryUnknown`].
    pub fn validate(&self, has_gpus: bool) -> Result<()> {
        require!((self.driver != [0; 3]) == has_gpus, NodesError::DriverVersionInvalid);
        require!((self.cuda != [0; 2]) == has_gpus, NodesError::CudaVersionInvalid);
        require!(self.version != [0; 3], NodesError::SoftwareVersionInvalid);
        require!(is_country(self.country), NodesError::CountryUnknown);
        Ok(())
    }

    /// The endpoint as it is stored. Error: [`NodesError::EndpointInvalid`].
    pub fn endpoint_field(&self) -> Result<[u8; ENDPOINT_BYTES]> {
        let endpoint = self.endpoint.as_str();
        let host = endpoint.strip_prefix("https://").or_else(|| endpoint.strip_prefix("http://"));
        // A name, an IPv4 address, or an IPv6 address in brackets.
        let has_host =
            host.is_some_and(|host| host.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '['));
        require!(endpoint.is_empty() || has_host, NodesError::EndpointInvalid);
        require!(!endpoint.contains(' '), NodesError::EndpointInvalid);
        Ok(text::field(endpoint).ok_or(NodesError::EndpointInvalid)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hardware() -> Hardware {
        Hardware {
            gpu_model: "NVIDIA GeForce RTX 4090".into(),
            gpu_count: 2,
            vram_mib: 24_564,
            compute_major: 8,
            compute_minor: 9,
            cpu_model: "AMD EPYC 7543".into(),
            cpu_cores: 32,
            ram_mib: 262_144,
            disk_gib: 2_000,
        }
    }

    fn cpu_only() -> Hardware {
        let none = Hardware { gpu_count: 0, vram_mib: 0, compute_major: 0, compute_minor: 0, ..hardware() };
        Hardware { gpu_model: String::new(), ..none }
    }

    fn software() -> Software {
        Software {
            driver: [570, 86, 15],
            cuda: [12, 8],
            version: [0, 1, 0],
            country: 276,
            endpoint: "https://node.example:8443".into(),
        }
    }

    fn check(hardware: &Hardware) -> Result<()> {
        hardware.validate()?;
        hardware.gpu_model_field()?;
        hardware.cpu_model_field().map(drop)
    }

    #[test]
    fn real_machines_pass() {
        assert_eq!(check(&hardware()), Ok(()));
        assert_eq!(check(&cpu_only()), Ok(()));
        assert_eq!(software().validate(true), Ok(()));
        assert!(software().endpoint_field().is_ok());
        let without = Software { driver: [0; 3], cuda: [0; 2], endpoint: String::new(), ..software() };
        assert_eq!(without.validate(false), Ok(()));
        assert!(without.endpoint_field().is_ok());
    }

    #[test]
    fn each_wrong_value_is_refused_by_its_name() {
        use NodesError as E;
        let gpu = hardware;
        for (wrong, error) in [
            (Hardware { gpu_count: MAX_GPUS + 1, ..gpu() }, E::GpuCountOutOfRange),
            (Hardware { vram_mib: 0, ..gpu() }, E::VramOutOfRange),
            (Hardware { vram_mib: MAX_VRAM_MIB + 1, ..gpu() }, E::VramOutOfRange),
            (Hardware { vram_mib: 1, ..cpu_only() }, E::VramOutOfRange),
            (Hardware { compute_major: 0, ..gpu() }, E::ComputeCapabilityOutOfRange),
            (Hardware { compute_major: 100, ..gpu() }, E::ComputeCapabilityOutOfRange),
            (Hardware { compute_minor: 10, ..gpu() }, E::ComputeCapabilityOutOfRange),
            (Hardware { compute_minor: 1, ..cpu_only() }, E::ComputeCapabilityOutOfRange),
            (Hardware { cpu_cores: 0, ..gpu() }, E::CpuCoresOutOfRange),
            (Hardware { cpu_cores: MAX_CPU_CORES + 1, ..gpu() }, E::CpuCoresOutOfRange),
            (Hardware { ram_mib: 0, ..gpu() }, E::RamOutOfRange),
            (Hardware { ram_mib: MAX_RAM_MIB + 1, ..gpu() }, E::RamOutOfRange),
            (Hardware { disk_gib: 0, ..gpu() }, E::DiskOutOfRange),
            (Hardware { disk_gib: MAX_DISK_GIB + 1, ..gpu() }, E::DiskOutOfRange),
            (Hardware { gpu_model: String::new(), ..gpu() }, E::GpuModelInvalid),
            (Hardware { gpu_model: "none".into(), ..cpu_only() }, E::GpuModelInvalid),
            (Hardware { gpu_model: "x".repeat(MODEL_BYTES + 1), ..gpu() }, E::GpuModelInvalid),
            (Hardware { cpu_model: String::new(), ..gpu() }, E::CpuModelInvalid),
            (Hardware { cpu_model: "Zen\n".into(), ..gpu() }, E::CpuModelInvalid),
        ] {
            assert_eq!(check(&wrong), Err(error.into()), "{wrong:?}");
        }
        for (wrong, error) in [
            (Software { driver: [0; 3], ..software() }, E::DriverVersionInvalid),
            (Software { cuda: [0; 2], ..software() }, E::CudaVersionInvalid),
            (Software { version: [0; 3], ..software() }, E::SoftwareVersionInvalid),
            (Software { country: 0, ..software() }, E::CountryUnknown),
        ] {
            assert_eq!(wrong.validate(true), Err(error.into()), "{wrong:?}");
        }
        assert_eq!(software().validate(false), Err(E::DriverVersionInvalid.into()));
    }

    #[test]
    fn an_endpoint_is_a_web_address() {
        for endpoint in ["http://1.2.3.4", "https://a", "https://a.example/grid", "http://[::1]:80"] {
            assert!(
                Software { endpoint: endpoint.into(), ..software() }.endpoint_field().is_ok(),
                "{endpoint}"
            );
        }
        let long = alloc::format!("https://{}", "a".repeat(ENDPOINT_BYTES));
        for endpoint in [
            "a",
            "https://",
            "http:///x",
            "https://:8443",
            "https://?",
            "https://#",
            "ftp://a",
            "https://a b",
            "https://ä",
            &long,
        ] {
            let software = Software { endpoint: endpoint.into(), ..software() };
            assert_eq!(software.endpoint_field(), Err(NodesError::EndpointInvalid.into()), "{endpoint}");
        }
    }
}
