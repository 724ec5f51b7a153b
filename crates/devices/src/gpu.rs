//! [`Gpu`]: what a GPU is. [`Vitals`]: how it does.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The most bytes of a model's name in the nodes program's registry.
pub const MODEL_BYTES: usize = 48;

/// What a GPU is: it changes when the hardware, its place or the driver does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gpu {
    /// Stands for the GPU, in whatever slot it is: `GPU-` and a UUID.
    pub uuid: String,
    /// The model, as the driver names it.
    pub name: String,
    /// Its number among the driver's GPUs. It may be another one after a restart.
    pub index: u32,
    /// Where it is plugged in: domain, bus, device, function.
    pub pci_bus_id: String,
    /// Its memory, in bytes.
    pub vram_bytes: u64,
    /// CUDA compute capability.
    pub compute_capability: Version,
    /// The version of the driver.
    pub driver: String,
    /// The newest CUDA version that the driver supports.
    pub cuda: Version,
}

impl Gpu {
    /// The model as the registry takes it, see [`model_text`].
    pub fn model(&self) -> String {
        model_text(&self.name)
    }
}

/// The name of a GPU's or processor's model as the registry takes it: printable ASCII, single spaces, cut after
/// [`MODEL_BYTES`].
pub fn model_text(name: &str) -> String {
    let printable: String =
        name.chars().map(|char| if char.is_ascii_graphic() { char } else { ' ' }).collect();
    let mut model = printable.split_whitespace().collect::<Vec<_>>().join(" ");
    model.truncate(MODEL_BYTES);
    model.truncate(model.trim_end().len());
    model
}

/// A version of two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// Before the point.
    pub major: u32,
    /// After the point.
    pub minor: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// How a GPU does. What a model does not tell is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Vitals {
    /// Memory that nobody uses, in bytes.
    pub vram_free_bytes: u64,
    /// Temperature of the chip, in degrees Celsius.
    pub temperature_celsius: Option<u32>,
    /// From here on the hardware slows itself down, in degrees Celsius.
    pub slowdown_celsius: Option<u32>,
    /// Power drawn, in milliwatts.
    pub power_milliwatts: Option<u32>,
    /// Percent of the last sample's time in which a kernel ran.
    pub utilisation_percent: Option<u32>,
    /// Memory errors that ECC could not correct, since the driver was loaded.
    pub ecc_uncorrected: Option<u64>,
    /// Whether bad memory waits for a reset to be taken out of use, or could not be.
    pub repair_pending: Option<bool>,
    /// Whether it is cut into MIG instances.
    pub mig: bool,
    /// Xid errors since the last look, by number. See [`crate::xid`].
    pub xids: Vec<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_takes_every_model() {
        for (name, expected) in [
            ("NVIDIA GeForce RTX 4090", "NVIDIA GeForce RTX 4090".to_owned()),
            ("NVIDIA  A100-SXM4-80GB \0", "NVIDIA A100-SXM4-80GB".to_owned()),
            ("Gr\u{e4}fik 1\n", "Gr fik 1".to_owned()),
            (&"x".repeat(60), "x".repeat(48)),
            (&format!("{} y", "x".repeat(47)), "x".repeat(47)),
        ] {
            let gpu = Gpu {
                uuid: String::new(),
                name: name.to_owned(),
                index: 0,
                pci_bus_id: String::new(),
                vram_bytes: 0,
                compute_capability: Version { major: 8, minor: 9 },
                driver: String::new(),
                cuda: Version { major: 12, minor: 8 },
            };
            assert_eq!(gpu.model(), expected);
            // The registry's rule: printable ASCII, no space at either end, at most 48 bytes.
            assert!(gpu.model().bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{name}");
            assert!(gpu.model().len() <= 48 && gpu.model().trim() == gpu.model(), "{name}");
        }
    }
}
