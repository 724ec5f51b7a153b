//! Devices, apart from the jobs they run.

use super::{
    Atoms, Deposit, JobKey, Model, Party, Refusal,
    pause::{give_notice, require_owner_or_notice},
    require,
};
use grid_jobs::{GridError, MarketTerms};
use std::sync::Arc;

/// Where a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DevicePhase {
    /// Nowhere.
    Idle,
    /// In the queue.
    Queued,
    /// With a job that it did not start yet.
    Matched(JobKey),
    /// Running a job.
    Running(JobKey),
}

/// A device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Where it is.
    pub phase: DevicePhase,
    /// Who gets its earnings and its bond.
    pub payee: Party,
    /// Its bond, atoms.
    pub bond: Atoms,
    /// Its earnings, atoms.
    pub earnings: Atoms,
    /// The lowest price it wants, atoms per second.
    pub min_price: u64,
    /// The market's terms when it last offered itself, of which the penalties bind it.
    pub agreed: Option<MarketTerms>,
    /// Matches that were given up.
    pub strikes: u32,
    /// Jobs it finished.
    pub finished: u64,
    /// When notice was given, Unix seconds.
    pub noticed: Option<i64>,
}

impl Device {
    /// What it loses for a missed deadline, atoms.
    pub fn expiry_reward(&self) -> Atoms {
        self.agreed.map_or(0, |terms| terms.expiry_reward_atoms.into())
    }

    /// What it loses besides for a run that died, atoms.
    pub fn compensation(&self) -> Atoms {
        self.agreed.map_or(0, |terms| terms.compensation_atoms.into())
    }

    pub(super) fn release(&mut self) {
        (self.phase, self.noticed) = (DevicePhase::Idle, None);
    }

    pub(super) fn forfeit(&mut self, penalty: Atoms) -> Atoms {
        let taken = penalty.min(self.bond);
        self.bond -= taken;
        taken
    }
}

impl Model {
    pub(super) fn device(&self, device: usize) -> Result<&Device, Refusal> {
        self.devices[device].as_deref().ok_or(Refusal::Other)
    }

    /// A device that is open.
    pub(super) fn device_mut(&mut self, device: usize) -> &mut Device {
        Arc::make_mut(self.devices[device].as_mut().expect("the device is open"))
    }

    /// The node of a device.
    pub fn node_of(&self, device: usize) -> Party {
        Party::Node(self.places[device].node)
    }

    /// `open_device`; the node is its first payee
    pub fn open_device(&mut self, device: usize) -> Result<(), Refusal> {
        self.market(self.places[device].market)?;
        if self.devices[device].is_some() {
            return Err(Refusal::Other);
        }
        self.require_entries_open(self.places[device].market)?;
        let opened = Device {
            phase: DevicePhase::Idle,
            payee: self.node_of(device),
            bond: 0,
            earnings: 0,
            min_price: 0,
            agreed: None,
            strikes: 0,
            finished: 0,
            noticed: None,
        };
        self.devices[device] = Some(opened.into());
        self.pay_rent(self.node_of(device), Deposit::Device);
        Ok(())
    }

    /// `set_payee`
    pub fn set_payee(&mut self, by: Party, device: usize, to: Party) -> Result<(), Refusal> {
        require(by == self.device(device)?.payee, GridError::NotPayee)?;
        self.device_mut(device).payee = to;
        Ok(())
    }

    /// `close_device`
    pub fn close_device(&mut self, by: Party, device: usize) -> Result<(), Refusal> {
        let (now, node) = (self.now, self.node_of(device));
        let found = self.device(device)?;
        require_owner_or_notice(by == node, found.noticed, now)?;
        require(found.phase == DevicePhase::Idle, GridError::DeviceNotIdle)?;
        require(found.bond == 0 && found.earnings == 0, GridError::DeviceNotEmpty)?;
        self.devices[device] = None;
        self.return_rent(node, Deposit::Device);
        Ok(())
    }

    /// `fund_bond`, by the node
    pub fn fund_bond(&mut self, device: usize, amount: Atoms) -> Result<(), Refusal> {
        let after = self.device(device)?.bond + amount;
        require(amount > 0, GridError::ZeroAmount)?;
        self.require_deposits_open()?;
        require(after <= Atoms::from(u64::MAX), GridError::Overflow)?;
        self.pay_in(self.node_of(device), amount)?;
        self.device_mut(device).bond = after;
        Ok(())
    }

    /// `withdraw_bond`
    pub fn withdraw_bond(&mut self, by: Party, device: usize, amount: Atoms) -> Result<(), Refusal> {
        let (now, node) = (self.now, self.node_of(device));
        let found = self.device(device)?;
        require_owner_or_notice(by == node, found.noticed, now)?;
        require(found.phase == DevicePhase::Idle, GridError::DeviceNotIdle)?;
        require(amount > 0, GridError::ZeroAmount)?;
        let left = found.bond.checked_sub(amount).ok_or(GridError::InsufficientBond)?;
        let payee = found.payee;
        self.device_mut(device).bond = left;
        self.pay_out(payee, amount);
        Ok(())
    }

    /// `withdraw_earnings`, by anyone
    pub fn withdraw_earnings(&mut self, device: usize) -> Result<(), Refusal> {
        let found = self.device(device)?;
        require(found.earnings > 0, GridError::NoEarnings)?;
        let payee = found.payee;
        let earnings = std::mem::take(&mut self.device_mut(device).earnings);
        self.pay_out(payee, earnings);
        Ok(())
    }

    /// `leave`
    pub fn leave(&mut self, by: Party, device: usize) -> Result<(), Refusal> {
        let (now, node, market) = (self.now, self.node_of(device), self.places[device].market);
        self.market(market)?;
        let noticed = self.device(device)?.noticed;
        require_owner_or_notice(by == node, noticed, now)?;
        require(self.market(market)?.devices.contains(&device), GridError::DeviceNotQueued)?;
        self.market_mut(market).devices.retain(|waiting| *waiting != device);
        self.device_mut(device).release();
        Ok(())
    }

    /// `notify_device`, by anyone: to one whose own account reads idle or queued
    pub fn notify_device(&mut self, device: usize) -> Result<(), Refusal> {
        let found = self.device(device)?;
        let is_waiting = match found.phase {
            DevicePhase::Idle | DevicePhase::Queued => true,
            DevicePhase::Matched(job) => self.is_recorded_in_job(job),
            DevicePhase::Running(_) => false,
        };
        let noticed = give_notice(found.noticed, self.now, is_waiting)?;
        self.device_mut(device).noticed = noticed;
        Ok(())
    }
}
