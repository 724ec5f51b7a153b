//! One initialisation of the library: it counts the same GPUs from its beginning to its end.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
    sync::mpsc::Receiver,
};

use nvml_wrapper::{Device, Nvml, error::NvmlError};

use super::{Request, answer, error::explain, read};
use crate::{ProbeError, Sighting, Snapshot, Version};

/// The kernel's list of GPUs that the driver has taken: a folder each, named by the slot.
const LISTED: &str = "/proc/driver/nvidia/gpus";

struct Session<'n> {
    nvml: &'n Nvml,
    /// Which GPU each index is, once it could be read.
    uuids: BTreeMap<u32, String>,
    /// What each index reports by itself.
    errors: BTreeMap<u32, XidErrors<'n>>,
}

/// Answers requests until a look fails or other GPUs are listed. Gives the request that is left unanswered by that.
pub(super) fn serve(nvml: &Nvml, first: Request, requests: &Receiver<Request>) -> Option<Request> {
    let listed = listed(Path::new(LISTED));
    let mut session = Session { nvml, uuids: BTreeMap::new(), errors: BTreeMap::new() };
    let mut request = first;
    loop {
        let snapshot = session.look();
        let is_over = snapshot.is_err();
        answer(request, snapshot);
        request = requests.recv().ok()?;
        if is_over || self::listed(Path::new(LISTED)) != listed {
            return Some(request);
        }
    }
}

/// The slots of the GPUs that the kernel lists; `None` where it has no such list.
fn listed(folder: &Path) -> Option<BTreeSet<String>> {
    let names = fs::read_dir(folder).ok()?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    names.collect::<io::Result<_>>().ok()
}

impl<'n> Session<'n> {
    fn look(&mut self) -> Result<Snapshot, ProbeError> {
        let count = self.nvml.device_count().map_err(explain)?;
        let driver = self.nvml.sys_driver_version().map_err(explain)?;
        let cuda = cuda_version(self.nvml.sys_cuda_driver_version().map_err(explain)?);
        let sightings = (0..count).map(|index| self.look_at(index, &driver, cuda)).collect();
        Ok(Snapshot { sightings })
    }

    fn look_at(&mut self, index: u32, driver: &str, cuda: Version) -> Sighting {
        let looked = self.nvml.device_by_index(index).and_then(|device| {
            let gpu = read::gpu(&device, index, driver, cuda)?;
            // Listened to before it is read for the first time, so that nothing falls between the two.
            let errors = self.errors.entry(index).or_insert_with(|| XidErrors::listen(self.nvml, &device));
            let xids = errors.take();
            Ok((gpu, read::vitals(&device, xids)?))
        });
        match looked {
            Ok((gpu, vitals)) => {
                self.uuids.insert(index, gpu.uuid.clone());
                Sighting::Read { gpu, vitals }
            }
            Err(error) => Sighting::Unreadable {
                index,
                uuid: self.uuids.get(&index).cloned(),
                lost: matches!(error, NvmlError::GpuLost),
                reason: error.to_string(),
            },
        }
    }
}

/// A version as the library writes it: 12,080 is 12.8.
fn cuda_version(number: i32) -> Version {
    let number = number.max(0).cast_unsigned();
    Version { major: number / 1000, minor: number % 1000 / 10 }
}

/// The Xid errors of one GPU. A set for each: one that fails must not take the others' along.
struct XidErrors<'n> {
    /// `None` where the model or the system reports none.
    #[cfg(target_os = "linux")]
    set: Option<nvml_wrapper::EventSet<'n>>,
    #[cfg(not(target_os = "linux"))]
    nvml: std::marker::PhantomData<&'n Nvml>,
}

#[cfg(target_os = "linux")]
impl<'n> XidErrors<'n> {
    /// The most events taken at a time.
    const MAX_EVENTS: usize = 64;
    /// What an error without a number counts as.
    const NO_NUMBER: u64 = 999;

    fn listen(nvml: &'n Nvml, device: &Device<'n>) -> Self {
        use nvml_wrapper::bitmasks::event::EventTypes;
        let set = nvml.create_event_set().map_err(|error| error.to_string()).and_then(|set| {
            device.register_events(EventTypes::CRITICAL_XID_ERROR, set).map_err(|error| error.to_string())
        });
        let set = set.inspect_err(|error| tracing::warn!(%error, "a GPU does not report its Xid errors"));
        Self { set: set.ok() }
    }

    /// The numbers since the last call.
    fn take(&mut self) -> Vec<u64> {
        use nvml_wrapper::enums::event::XidError;
        let mut xids = Vec::new();
        while let Some(event) = self.set.as_ref().and_then(|set| set.wait(0).ok())
            && xids.len() < Self::MAX_EVENTS
        {
            match event.event_data {
                Some(XidError::Value(xid)) => xids.push(xid),
                Some(XidError::Unknown) => xids.push(Self::NO_NUMBER),
                None => {}
            }
        }
        xids
    }
}

#[cfg(not(target_os = "linux"))]
impl<'n> XidErrors<'n> {
    fn listen(_: &'n Nvml, _: &Device<'n>) -> Self {
        Self { nvml: std::marker::PhantomData }
    }

    fn take(&mut self) -> Vec<u64> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!(cuda_version(12_080), Version { major: 12, minor: 8 });
        assert_eq!(cuda_version(11_040), Version { major: 11, minor: 4 });
        assert_eq!(cuda_version(-1), Version { major: 0, minor: 0 });
    }

    #[test]
    fn slots_are_listed() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(listed(&folder.path().join("none")), None);
        assert_eq!(listed(folder.path()), Some(BTreeSet::new()));
        fs::create_dir(folder.path().join("0000:01:00.0")).unwrap();
        assert_eq!(listed(folder.path()), Some(BTreeSet::from(["0000:01:00.0".to_owned()])));
    }
}
