//! From what the devices' watcher tells to the [`Inventory`].

use super::inventory::{Found, Health, Inventory};
use grid_devices::{Cause, CpuDevice, Event, Gpu, LostReason};
use grid_executor::{Device as Hardware, Machine};
use std::collections::BTreeMap;

/// CPU devices that a node can offer, `cpu:0` and on.
pub const CPU_DEVICES: u32 = 64;

/// The inventory as it follows from the watcher's events.
#[derive(Debug)]
pub struct Watcher {
    machine: Machine,
    inventory: BTreeMap<String, Found>,
}

impl Watcher {
    /// Begins with the CPU devices, `cpu:0` and on, for development.
    pub fn new(machine: Machine) -> Self {
        let cpu = |device: CpuDevice| {
            let hardware =
                Hardware { memory_bytes: Some(machine.memory_bytes), ..Hardware::cpu(&device.label) };
            (device.label, Found { hardware, health: Health::Well })
        };
        let inventory = CpuDevice::several(CPU_DEVICES).into_iter().map(cpu).collect();
        Self { machine, inventory }
    }

    /// The devices there are.
    pub fn inventory(&self) -> Inventory {
        Inventory::of(self.inventory.clone())
    }

    /// Takes in what the watcher told; returns whether the inventory changed.
    pub fn take(&mut self, event: Event) -> bool {
        match event {
            Event::Appeared { gpu, causes } => {
                let health = match causes.is_empty() {
                    true => Health::Well,
                    false => Health::Failed(in_words(&causes)),
                };
                self.insert(gpu, health)
            }
            Event::Changed { gpu } => match self.inventory.get(&gpu.uuid).map(|found| found.health.clone()) {
                Some(health) => self.insert(gpu, health),
                None => false,
            },
            Event::Unhealthy { uuid, cause } => self.set(&uuid, Health::Failed(cause.to_string())),
            Event::Recovered { uuid } => self.set(&uuid, Health::Well),
            Event::Lost { uuid, reason } => self.set(&uuid, Health::Failed(how(reason))),
        }
    }

    fn insert(&mut self, gpu: Gpu, health: Health) -> bool {
        let found = Found { hardware: hardware(&gpu, &self.machine), health };
        let changed = self.inventory.get(&gpu.uuid) != Some(&found);
        self.inventory.insert(gpu.uuid, found);
        changed
    }

    fn set(&mut self, uuid: &str, health: Health) -> bool {
        let Some(found) = self.inventory.get_mut(uuid).filter(|found| found.health != health) else {
            return false;
        };
        found.health = health;
        true
    }
}

fn how(reason: LostReason) -> String {
    match reason {
        LostReason::OffTheBus { reason } => format!("it fell off the bus: {reason}"),
        LostReason::Absent => "it was taken out".to_owned(),
    }
}

fn in_words(causes: &[Cause]) -> String {
    causes.iter().map(Cause::to_string).collect::<Vec<_>>().join("; ")
}

/// A GPU as executors know it.
fn hardware(gpu: &Gpu, machine: &Machine) -> Hardware {
    hardware_of(&gpu.uuid, std::slice::from_ref(gpu), machine)
}

/// GPUs as executors know them, as one device of this name: what each of them has at least.
pub fn hardware_of(name: &str, gpus: &[Gpu], machine: &Machine) -> Hardware {
    Hardware {
        gpu_uuids: gpus.iter().map(|gpu| gpu.uuid.clone()).collect(),
        vram_bytes: gpus.iter().map(|gpu| gpu.vram_bytes).min(),
        compute_capability: gpus.iter().map(|gpu| gpu.compute_capability).min(),
        cuda: gpus.iter().map(|gpu| gpu.cuda).min(),
        memory_bytes: Some(machine.memory_bytes),
        ..Hardware::cpu(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use grid_devices::Version;

    fn machine() -> Machine {
        Machine { cpu_model: "CPU".into(), cpu_cores: 4, memory_bytes: 8 << 30, disk_bytes: 1 << 40 }
    }

    fn gpu(uuid: &str) -> Gpu {
        Gpu {
            uuid: uuid.into(),
            name: "NVIDIA GeForce RTX 4090".into(),
            index: 0,
            pci_bus_id: "00000000:01:00.0".into(),
            vram_bytes: 24 << 30,
            compute_capability: Version { major: 8, minor: 9 },
            driver: "570.86.10".into(),
            cuda: Version { major: 12, minor: 8 },
        }
    }

    #[test]
    fn cpu_devices_are_there_for_development() {
        let inventory = Watcher::new(machine()).inventory();
        assert_eq!(inventory.iter().count(), CPU_DEVICES as usize);
        assert!(inventory.is_well("cpu:0") && inventory.is_well("cpu:63") && !inventory.is_well("cpu:64"));
    }

    #[test]
    fn a_gpu_comes_fails_and_comes_back() {
        let mut watcher = Watcher::new(machine());
        assert!(watcher.take(Event::Appeared { gpu: gpu("GPU-1"), causes: vec![] }));
        assert!(watcher.take(Event::Appeared { gpu: gpu("GPU-2"), causes: vec![Cause::Xid { xid: 79 }] }));
        let inventory = watcher.inventory();
        assert!(inventory.is_well("GPU-1") && !inventory.is_well("GPU-2"));
        let found = inventory.get("GPU-1").unwrap();
        assert_eq!(found.hardware.vram_bytes, Some(24 << 30));
        assert_eq!(found.hardware.gpu_uuids, ["GPU-1"]);

        assert!(watcher.take(Event::Lost { uuid: "GPU-1".into(), reason: LostReason::Absent }));
        assert!(!watcher.take(Event::Lost { uuid: "GPU-1".into(), reason: LostReason::Absent }));
        assert!(watcher.inventory().problem_of("GPU-1").is_some());
        assert!(watcher.take(Event::Recovered { uuid: "GPU-2".into() }));
        assert!(watcher.inventory().is_well("GPU-2") && !watcher.inventory().is_well("GPU-1"));
        assert!(!watcher.take(Event::Recovered { uuid: "GPU-9".into() }));
    }
}
