//! What this machine can sell at present.

use grid_executor::Device as Hardware;
use std::collections::BTreeMap;

/// The devices of this machine, by name: a GPU's uuid, or `cpu:NUMBER`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory(BTreeMap<String, Found>);

/// A device that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What it is, as far as an executor has to know.
    pub hardware: Hardware,
    /// Whether jobs can run on it.
    pub health: Health,
}

/// Whether jobs can run on a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// They can.
    Well,
    /// They can't; why.
    Failed(String),
}

impl Inventory {
    /// An inventory of these.
    pub fn of(found: impl IntoIterator<Item = (String, Found)>) -> Self {
        Self(found.into_iter().collect())
    }

    /// Whether a device is there and jobs can run on it.
    pub fn is_well(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|found| found.health == Health::Well)
    }

    /// Why no job can run on a device.
    pub fn problem_of(&self, name: &str) -> Option<String> {
        match self.0.get(name) {
            None => Some("this machine does not have it at present".to_owned()),
            Some(Found { health: Health::Failed(reason), .. }) => Some(reason.clone()),
            Some(Found { health: Health::Well, .. }) => None,
        }
    }

    /// A device, if it is there.
    pub fn get(&self, name: &str) -> Option<&Found> {
        self.0.get(name)
    }

    /// All devices, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Found)> {
        self.0.iter()
    }
}
