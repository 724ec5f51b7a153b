//! What a manager changes when configuration or hardware changed: a pure comparison.

use super::inventory::Inventory;
use crate::{config::DeviceConfig, orders::Order};
use solana_address::Address;
use std::collections::BTreeSet;

/// A device's place in a market: at most one worker has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The market.
    pub market: Address,
    /// Tells the devices of the node in the market apart.
    pub index: u32,
}

/// A worker that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// What it was started with.
    pub config: DeviceConfig,
    /// The order that holds.
    pub order: Order,
}

/// A change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Start a worker.
    Start(DeviceConfig),
    /// Give the worker of a place an order.
    Tell(Place, Order),
}

/// The changes that lead from the workers that run to those that are wanted.
///
/// A worker ends when its entry is gone or was changed, and is abandoned when its hardware failed. A worker starts when its
/// hardware is well and no other worker, one that is about to end included, has its hardware or its place: a device that
/// moves to another market starts there when it has left the old one. `accepts` says whether the node takes new jobs.
pub fn plan(
    wanted: &[DeviceConfig],
    inventory: &Inventory,
    running: &[Running],
    accepts: bool,
) -> Vec<Change> {
    let tell = running.iter().filter_map(|worker| {
        let order = order_for(worker, wanted, inventory, accepts);
        (order != worker.order).then_some(Change::Tell(worker.config.place(), order))
    });
    let mut changes: Vec<Change> = tell.collect();
    let mut taken: BTreeSet<&str> = running.iter().map(|worker| worker.config.hardware.as_str()).collect();
    let mut places: BTreeSet<Place> = running.iter().map(|worker| worker.config.place()).collect();
    for config in wanted {
        if inventory.is_well(&config.hardware)
            && !taken.contains(config.hardware.as_str())
            && places.insert(config.place())
        {
            taken.insert(&config.hardware);
            changes.push(Change::Start(config.clone()));
        }
    }
    changes
}

fn order_for(worker: &Running, wanted: &[DeviceConfig], inventory: &Inventory, accepts: bool) -> Order {
    if worker.order == Order::Abandon || !inventory.is_well(&worker.config.hardware) {
        Order::Abandon
    } else if worker.order == Order::Stop || !wanted.contains(&worker.config) {
        Order::Stop
    } else if accepts {
        Order::Work
    } else {
        Order::Pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manager::inventory::{Found, Health};
    use grid_executor::Device as Hardware;
    use std::slice::from_ref;

    fn config(hardware: &str, market: u8, index: u32) -> DeviceConfig {
        DeviceConfig::new(hardware, Address::from([market; 32]), index)
    }

    fn inventory(found: &[(&str, bool)]) -> Inventory {
        let found = found.iter().map(|(name, well)| {
            let health = if *well { Health::Well } else { Health::Failed("Xid 79".to_owned()) };
            ((*name).to_owned(), Found { hardware: Hardware::cpu(*name), health })
        });
        Inventory::of(found)
    }

    fn running(config: &DeviceConfig, order: Order) -> Running {
        Running { config: config.clone(), order }
    }

    #[test]
    fn what_is_there_and_wanted_starts_once() {
        let (a, b, gone) = (config("gpu-a", 1, 0), config("gpu-b", 1, 1), config("gpu-c", 1, 2));
        let there = inventory(&[("gpu-a", true), ("gpu-b", true)]);
        let wanted = [a.clone(), b.clone(), gone];
        let changes = plan(&wanted, &there, &[], true);
        assert_eq!(changes, [Change::Start(a.clone()), Change::Start(b.clone())]);
        let both = [running(&a, Order::Work), running(&b, Order::Work)];
        assert_eq!(plan(&wanted, &there, &both, true), []);
    }

    #[test]
    fn a_device_that_moves_starts_elsewhere_when_it_has_left() {
        let (old, new) = (config("gpu-a", 1, 0), config("gpu-a", 2, 0));
        let there = inventory(&[("gpu-a", true)]);
        let stop = Change::Tell(old.place(), Order::Stop);
        assert_eq!(plan(from_ref(&new), &there, &[running(&old, Order::Work)], true), [stop]);
        assert_eq!(plan(from_ref(&new), &there, &[running(&old, Order::Stop)], true), []);
        assert_eq!(plan(from_ref(&new), &there, &[], true), [Change::Start(new)]);
    }

    #[test]
    fn two_entries_for_one_device_or_one_place_are_one_worker() {
        let (a, again) = (config("gpu-a", 1, 0), config("gpu-a", 2, 0));
        let same_place = config("gpu-b", 1, 0);
        let there = inventory(&[("gpu-a", true), ("gpu-b", true)]);
        assert_eq!(plan(&[a.clone(), again, same_place], &there, &[], true), [Change::Start(a)]);
    }

    #[test]
    fn a_failed_device_is_abandoned_and_the_others_go_on() {
        let (a, b) = (config("gpu-a", 1, 0), config("gpu-b", 1, 1));
        let there = inventory(&[("gpu-a", false), ("gpu-b", true)]);
        let both = [running(&a, Order::Work), running(&b, Order::Work)];
        let wanted = [a.clone(), b];
        assert_eq!(plan(&wanted, &there, &both, true), [Change::Tell(a.place(), Order::Abandon)]);
        // It does not come back before its worker has ended, even when it is well again.
        let well = inventory(&[("gpu-a", true), ("gpu-b", true)]);
        assert_eq!(plan(&wanted[..1], &well, &[running(&a, Order::Abandon)], true), []);
        assert_eq!(plan(&wanted[..1], &well, &[], true), [Change::Start(a)]);
    }

    #[test]
    fn a_node_that_takes_no_jobs_pauses_and_goes_on() {
        let a = config("gpu-a", 1, 0);
        let there = inventory(&[("gpu-a", true)]);
        let (pause, work) = (Change::Tell(a.place(), Order::Pause), Change::Tell(a.place(), Order::Work));
        assert_eq!(plan(from_ref(&a), &there, &[running(&a, Order::Work)], false), [pause]);
        assert_eq!(plan(from_ref(&a), &there, &[running(&a, Order::Pause)], true), [work]);
        // One that is to end is not called back.
        assert_eq!(plan(&[], &there, &[running(&a, Order::Stop)], false), []);
    }

    #[test]
    fn a_changed_entry_restarts_its_worker() {
        let old = config("gpu-a", 1, 0);
        let new = DeviceConfig { min_price_per_second_atoms: 7, ..old.clone() };
        let there = inventory(&[("gpu-a", true)]);
        let stop = Change::Tell(old.place(), Order::Stop);
        assert_eq!(plan(&[new], &there, &[running(&old, Order::Work)], true), [stop]);
    }
}
