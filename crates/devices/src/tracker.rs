//! [`Tracker`]: from one look at the GPUs after the other to what changed.

use std::{collections::BTreeMap, fmt, mem};

use serde::Serialize;

use crate::{Gpu, ProbeError, Sighting, Snapshot, Vitals, xid};

/// How patient a [`Tracker`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Polls in a row that make something certain which may be a passing moment; 0 counts as 1.
    pub patience_polls: u32,
}

impl Default for Rules {
    fn default() -> Self {
        Self { patience_polls: 3 }
    }
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// A GPU is there, for the first time or again. It can work if nothing speaks against it.
    Appeared {
        /// What it is.
        gpu: Gpu,
        /// What speaks against work on it.
        causes: Vec<Cause>,
    },
    /// What a GPU is has changed: another index, slot, driver.
    Changed {
        /// What it is now.
        gpu: Gpu,
    },
    /// Something new speaks against work on a GPU.
    Unhealthy {
        /// The GPU.
        uuid: String,
        /// What.
        cause: Cause,
    },
    /// Nothing speaks against work on a GPU any more.
    Recovered {
        /// The GPU.
        uuid: String,
    },
    /// A GPU is gone.
    Lost {
        /// The GPU.
        uuid: String,
        /// How.
        reason: LostReason,
    },
}

/// What speaks against work on a GPU.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// A fatal Xid error.
    Xid {
        /// Its number.
        xid: u64,
    },
    /// There are more memory errors that ECC could not correct.
    EccUncorrected {
        /// So many before, since the driver was loaded.
        before: u64,
        /// So many now.
        now: u64,
    },
    /// It is too hot.
    TooHot {
        /// How hot, in degrees Celsius.
        celsius: u32,
        /// From where on the hardware slows itself down, in degrees Celsius.
        slowdown_celsius: u32,
    },
    /// Bad memory waits for a reset to be taken out of use, or could not be.
    RepairPending,
    /// It is cut into MIG instances.
    Mig,
    /// The driver counts it and cannot read it.
    Unreadable {
        /// What the driver says.
        reason: String,
    },
    /// Nothing is known of any GPU.
    Unknown {
        /// Why.
        reason: String,
    },
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Xid { xid } => {
                write!(
                    f,
                    "the driver reported Xid {xid}; look at `dmesg`, reset the GPU and start the worker anew"
                )
            }
            Self::EccUncorrected { before, now } => write!(
                f,
                "memory errors that ECC could not correct went from {before} to {now}; reset the GPU and start the worker anew"
            ),
            Self::TooHot { celsius, slowdown_celsius } => write!(
                f,
                "{celsius} °C, and the hardware slows itself down from {slowdown_celsius} °C; look after its cooling"
            ),
            Self::RepairPending => write!(
                f,
                "bad memory is not out of use yet; reset the GPU, and have it replaced if that does not help"
            ),
            Self::Mig => write!(
                f,
                "it is in MIG mode, which is not supported; `nvidia-smi -i INDEX -mig 0` and a reset make it whole"
            ),
            Self::Unreadable { reason } => write!(f, "the driver cannot read it: {reason}"),
            Self::Unknown { reason } => write!(f, "it is not known how it does: {reason}"),
        }
    }
}

/// How a GPU was lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LostReason {
    /// It fell off the bus.
    OffTheBus {
        /// What the driver says.
        reason: String,
    },
    /// The driver does not count it any more: it was taken out.
    Absent,
}

/// From one look at the GPUs after the other to what changed. It knows no clock and no driver.
///
/// The rules, with `n` for [`Rules::patience_polls`]:
///
/// | what is seen | what follows |
/// | --- | --- |
/// | a GPU that was not there | [`Event::Appeared`], at once, with what speaks against work |
/// | the driver says that a GPU fell off the bus | [`Event::Lost`], at once |
/// | a poll that worked does not count a GPU | lost, at the `n`th in a row |
/// | a GPU is counted and cannot be read | unhealthy, at the `n`th poll in a row |
/// | a poll that failed as a whole, or brought no answer | nothing is known of any GPU: nothing, until the `n`th in a row, then all are unhealthy; none is lost |
/// | a fatal Xid error, ECC errors that could not be corrected and became more | unhealthy, at once, until the GPU was lost and came back, or the program is started anew |
/// | warmer than the slowdown threshold | unhealthy, at the `n`th poll in a row; until the `n`th in a row that is not |
/// | memory that waits for repair, MIG mode | unhealthy, at once, as long as it lasts |
/// | another index, slot or driver | [`Event::Changed`] |
#[derive(Clone, Debug)]
pub struct Tracker {
    rules: Rules,
    gpus: BTreeMap<String, Tracked>,
    /// Polls in a row that failed as a whole.
    failed_polls: u32,
}

/// One GPU that is there.
#[derive(Clone, Debug)]
struct Tracked {
    gpu: Gpu,
    /// What speaks against work, oldest first.
    causes: Vec<Cause>,
    ecc_uncorrected: Option<u64>,
    absent_polls: u32,
    unreadable_polls: u32,
    hot_polls: u32,
    cool_polls: u32,
}

impl Tracker {
    /// A tracker that has seen nothing yet.
    pub fn new(rules: Rules) -> Self {
        let rules = Rules { patience_polls: rules.patience_polls.max(1) };
        Self { rules, gpus: BTreeMap::new(), failed_polls: 0 }
    }

    /// A poll brought a snapshot.
    pub fn saw(&mut self, snapshot: Snapshot) -> Vec<Event> {
        let mut events = Vec::new();
        self.failed_polls = 0;
        for tracked in self.gpus.values_mut() {
            tracked.absent_polls += 1;
        }
        for sighting in snapshot.sightings {
            match sighting {
                Sighting::Read { gpu, vitals } => self.read(gpu, &vitals, &mut events),
                Sighting::Unreadable { uuid: Some(uuid), lost: true, reason, .. } => {
                    if self.gpus.remove(&uuid).is_some() {
                        events.push(Event::Lost { uuid, reason: LostReason::OffTheBus { reason } });
                    }
                }
                Sighting::Unreadable { uuid: Some(uuid), lost: false, reason, .. } => {
                    if let Some(tracked) = self.gpus.get_mut(&uuid) {
                        tracked.unreadable(reason, self.rules, &mut events);
                    }
                }
                // Which one it is was never known: a GPU that is there is missed by its own count.
                Sighting::Unreadable { uuid: None, .. } => {}
            }
        }
        let patience_polls = self.rules.patience_polls;
        self.gpus.retain(|uuid, tracked| {
            let is_lost = tracked.absent_polls >= patience_polls;
            if is_lost {
                events.push(Event::Lost { uuid: uuid.clone(), reason: LostReason::Absent });
            }
            !is_lost
        });
        events
    }

    /// A poll failed as a whole, or brought no answer in time.
    pub fn failed(&mut self, error: &ProbeError) -> Vec<Event> {
        let mut events = Vec::new();
        self.failed_polls = self.failed_polls.saturating_add(1);
        if self.failed_polls == self.rules.patience_polls {
            for tracked in self.gpus.values_mut() {
                tracked.against(Cause::Unknown { reason: error.to_string() }, &mut events);
            }
        }
        events
    }

    fn read(&mut self, gpu: Gpu, vitals: &Vitals, events: &mut Vec<Event>) {
        let Some(tracked) = self.gpus.get_mut(&gpu.uuid) else {
            let mut tracked = Tracked {
                gpu,
                causes: Vec::new(),
                ecc_uncorrected: None,
                absent_polls: 0,
                unreadable_polls: 0,
                hot_polls: 0,
                cool_polls: 0,
            };
            tracked.judge(vitals, self.rules, &mut Vec::new());
            events.push(Event::Appeared { gpu: tracked.gpu.clone(), causes: tracked.causes.clone() });
            self.gpus.insert(tracked.gpu.uuid.clone(), tracked);
            return;
        };
        tracked.absent_polls = 0;
        tracked.unreadable_polls = 0;
        if tracked.gpu != gpu {
            tracked.gpu = gpu.clone();
            events.push(Event::Changed { gpu });
        }
        let was_well = tracked.causes.is_empty();
        tracked.causes.retain(|cause| !matches!(cause, Cause::Unreadable { .. } | Cause::Unknown { .. }));
        tracked.judge(vitals, self.rules, events);
        if !was_well && tracked.causes.is_empty() {
            events.push(Event::Recovered { uuid: tracked.gpu.uuid.clone() });
        }
    }
}

impl Tracked {
    /// Adds what speaks against work and takes away what does not any more.
    fn judge(&mut self, vitals: &Vitals, rules: Rules, events: &mut Vec<Event>) {
        for &xid in vitals.xids.iter().filter(|xid| xid::is_fatal(**xid)) {
            self.against(Cause::Xid { xid }, events);
        }
        let before = mem::replace(&mut self.ecc_uncorrected, vitals.ecc_uncorrected);
        if let (Some(before), Some(now)) = (before, vitals.ecc_uncorrected)
            && now > before
        {
            self.against(Cause::EccUncorrected { before, now }, events);
        }
        self.feel(vitals, rules, events);
        for (cause, holds) in
            [(Cause::RepairPending, vitals.repair_pending == Some(true)), (Cause::Mig, vitals.mig)]
        {
            if holds {
                self.against(cause, events);
            } else {
                self.causes.retain(|other| *other != cause);
            }
        }
    }

    /// Judges the temperature.
    fn feel(&mut self, vitals: &Vitals, rules: Rules, events: &mut Vec<Event>) {
        let hot = match (vitals.temperature_celsius, vitals.slowdown_celsius) {
            (Some(celsius), Some(slowdown_celsius)) if celsius > slowdown_celsius => {
                Some(Cause::TooHot { celsius, slowdown_celsius })
            }
            _ => None,
        };
        match hot {
            Some(cause) => {
                self.cool_polls = 0;
                self.hot_polls = self.hot_polls.saturating_add(1);
                if self.hot_polls >= rules.patience_polls {
                    self.against(cause, events);
                }
            }
            None => {
                self.hot_polls = 0;
                self.cool_polls = self.cool_polls.saturating_add(1);
                if self.cool_polls >= rules.patience_polls {
                    self.causes.retain(|cause| !matches!(cause, Cause::TooHot { .. }));
                }
            }
        }
    }

    fn unreadable(&mut self, reason: String, rules: Rules, events: &mut Vec<Event>) {
        self.absent_polls = 0;
        self.unreadable_polls = self.unreadable_polls.saturating_add(1);
        if self.unreadable_polls >= rules.patience_polls {
            self.against(Cause::Unreadable { reason }, events);
        }
    }

    /// Adds a cause, and tells of it unless the like is there already.
    fn against(&mut self, cause: Cause, events: &mut Vec<Event>) {
        let is_like = |other: &Cause| match (other, &cause) {
            (Cause::Xid { xid: other }, Cause::Xid { xid }) => other == xid,
            (other, cause) => mem::discriminant(other) == mem::discriminant(cause),
        };
        if !self.causes.iter().any(is_like) {
            events.push(Event::Unhealthy { uuid: self.gpu.uuid.clone(), cause: cause.clone() });
            self.causes.push(cause);
        }
    }
}
