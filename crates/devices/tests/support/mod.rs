//! The machine of `fixtures/machine.json`, and what can happen to it.

// Each test binary uses its part of it.
#![allow(dead_code, reason = "each suite needs a part of it")]

use grid_devices::{Cause, Event, Gpu, LostReason, Sighting, Snapshot, Vitals};

/// The fixture's GPUs, by index.
pub const GEFORCE: usize = 0;
/// The same model.
pub const TWIN: usize = 1;
/// With ECC.
pub const A100: usize = 2;

/// What is plugged into a machine.
#[derive(Clone, Debug)]
pub struct Machine(pub Vec<Sighting>);

impl Machine {
    /// All three GPUs, well.
    pub fn new() -> Self {
        let text = include_str!("../fixtures/machine.json");
        Self(serde_json::from_str::<Snapshot>(text).expect("the fixture").sightings)
    }

    /// What a probe says of it.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { sightings: self.0.clone() }
    }

    /// A GPU that can be read.
    pub fn gpu(&mut self, at: usize) -> &mut Gpu {
        match &mut self.0[at] {
            Sighting::Read { gpu, .. } => gpu,
            other => panic!("it cannot be read: {other:?}"),
        }
    }

    /// How it does.
    pub fn vitals(&mut self, at: usize) -> &mut Vitals {
        match &mut self.0[at] {
            Sighting::Read { vitals, .. } => vitals,
            other => panic!("it cannot be read: {other:?}"),
        }
    }

    /// Its UUID.
    pub fn uuid(&self, at: usize) -> String {
        match &self.0[at] {
            Sighting::Read { gpu, .. } => gpu.uuid.clone(),
            Sighting::Unreadable { uuid, .. } => uuid.clone().expect("a UUID"),
        }
    }

    /// From now on it cannot be read.
    pub fn breaks(&mut self, at: usize, lost: bool, reason: &str) {
        let uuid = Some(self.uuid(at));
        self.0[at] = Sighting::Unreadable { index: at as u32, uuid, lost, reason: reason.to_owned() };
    }
}

/// A GPU appeared and is well.
pub fn appeared(gpu: &Gpu) -> Event {
    Event::Appeared { gpu: gpu.clone(), causes: Vec::new() }
}

/// Something speaks against work.
pub fn unhealthy(uuid: &str, cause: Cause) -> Event {
    Event::Unhealthy { uuid: uuid.to_owned(), cause }
}

/// Nothing does any more.
pub fn recovered(uuid: &str) -> Event {
    Event::Recovered { uuid: uuid.to_owned() }
}

/// It was taken out.
pub fn absent(uuid: &str) -> Event {
    Event::Lost { uuid: uuid.to_owned(), reason: LostReason::Absent }
}
