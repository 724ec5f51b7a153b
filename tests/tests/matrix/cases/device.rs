//! Devices.

use super::{clock, keys, system_program, token_program, vault};
use grid_client::{address, instruction};
use grid_jobs::DeviceState;
use grid_tests::{
    matrix::{Case, Kind, Sample, Slot, Stage},
    world::BOND,
};

const INDEX: u32 = 0x0102_0304;

/// By the node, in a market in which it has others.
pub struct OpenDevice;

impl Case for OpenDevice {
    fn instruction(&self) -> &'static str {
        "open_device"
    }

    fn build_valid(&self, stage: &Stage) -> Sample {
        let (node, market) = (keys(stage).node, stage.world.market);
        let seeds = [&b"device"[..], market.as_ref(), node.as_ref(), &INDEX.to_le_bytes()];
        let slots = [
            Slot::new("node", Kind::Wallet),
            Slot::new("market", Kind::Market),
            Slot::new("device", Kind::New).with_seeds(&seeds),
            system_program(),
        ];
        let open = instruction::open_device(node, market, INDEX, node);
        let device = address::device(&market, &node, INDEX).0;
        let second_node = stage.second_node;
        Sample::new(stage, open, slots)
            .undone_by(instruction::close_device(node, device, market))
            .or_as_well(instruction::open_device(node, stage.market_of_another, INDEX, node))
            .or_as_well(instruction::open_device(node, stage.market_of_second_mint, INDEX, node))
            .or_as_well_by(
                instruction::open_device(second_node, market, INDEX, second_node),
                &[&[0, 2], &[4]],
            )
    }
}

/// An idle one without bond and earnings.
pub struct CloseDevice;

impl Case for CloseDevice {
    fn instruction(&self) -> &'static str {
        "close_device"
    }

    fn build_valid(&self, stage: &Stage) -> Sample {
        let (node, market) = (keys(stage).node, stage.world.market);
        let empty = stage.devices(|device| {
            device.node == node
                && device.market == market
                && device.is(DeviceState::Idle)
                && device.bond_atoms == 0
                && device.earnings_atoms == 0
        });
        let slots = [
            Slot::new("node", Kind::Wallet),
            Slot::new("device", Kind::Device).or(empty),
            Slot::new("market", Kind::Market),
        ];
        let close = instruction::close_device(node, stage.empty, market);
        Sample::new(stage, close, slots).closing(1, 0)
    }
}

/// By the node; whoever pays, any device of the mint may get it.
pub struct FundBond;

impl Case for FundBond {
    fn instruction(&self) -> &'static str {
        "fund_bond"
    }

    fn build_valid(&self, stage: &Stage) -> Sample {
        let (funder, mint) = (keys(stage).node, stage.world.mint);
        let slots = [
            Slot::new("funder", Kind::Wallet),
            Slot::new("device", Kind::Device).or(stage.devices(|device| device.mint == mint)),
            Slot::new("mint", Kind::Mint),
            Slot::new("source", Kind::TokenAccount).or(stage.token_accounts(&mint, Some(&funder))),
            vault(&mint),
            token_program(),
        ];
        let source = address::token_account(&funder, &mint);
        let fund = instruction::fund_bond(funder, source, stage.idle, mint, BOND);
        let mut sample = Sample::new(stage, fund, slots);
        for set in stage.others.all() {
            let source = address::token_account(&set.node, &set.mint);
            let twin = instruction::fund_bond(set.node, source, set.done.device, set.mint, BOND);
            let groups: &[&[usize]] = if set.mint == mint { &[&[0, 3], &[1]] } else { &[] };
            sample = sample.or_as_well_by(twin, groups);
        }
        sample
    }
}

/// Of an idle device, to its payee.
pub struct WithdrawBond;

impl Case for WithdrawBond {
    fn instruction(&self) -> &'static str {
        "withdraw_bond"
    }

    fn build_valid(&self, stage: &Stage) -> Sample {
        let (node, mint) = (keys(stage).node, stage.world.mint);
        let others = stage.devices(|device| {
            device.node == node
                && device.mint == mint
                && device.is(DeviceState::Idle)
                && device.bond_atoms >= BOND
        });
        let slots = [
            Slot::new("node", Kind::Wallet),
            Slot::new("device", Kind::Device).or(others),
            Slot::new("mint", Kind::Mint),
            vault(&mint),
            Slot::new("destination", Kind::TokenAccount),
            token_program(),
        ];
        let withdraw = instruction::withdraw_bond(node, stage.idle, mint, node, BOND);
        let mut sample = Sample::new(stage, withdraw, slots);
        for set in stage.others.all() {
            let twin = instruction::withdraw_bond(set.node, set.done.device, set.mint, set.node, BOND);
            sample = sample.or_as_well(twin);
        }
        sample
    }
}

/// Of a device that finished a job.
pub struct WithdrawEarnings;

impl Case for WithdrawEarnings {
    fn instruction(&self) -> &'static str {
        "withdraw_earnings"
    }

    fn build_valid(&self, stage: &Stage) -> Sample {
        let (payee, mint) = (keys(stage).node, stage.world.mint);
        let others = stage.devices(|device| {
            device.payee == payee && device.mint == mint && device.earnings_atoms.get() > 0
        });
        let slots = [
            Slot::new("device", Kind::Device).or(others),
            Slot::new("mint", Kind::Mint),
            vault(&mint),
            Slot::new("destination", Kind::TokenAccount),
            token_program(),
        ];
        let withdraw = instruction::withdraw_earnings(stage.earned, mint, payee);
        let mut sample = Sample::new(stage, withdraw, slots);
        for set in stage.others.all() {
            let twin = instruction::withdraw_earnings(set.done.device, set.mint, set.node);
            sample = sample.or_as_well(twin);
        }
        sample
    }
}

/// An idle device offers itself.
#[derive(Clone, Copy, PartialEq)]
pub enum Work {
    /// Jobs wait.
    TakesAJob,
    /// Devices wait.
    Queues,
}

impl Case for Work {
    fn instruction(&self) -> &'static str {
        "work"
    }

    fn situation(&self) -> &'static str {
        match self {
            Self::TakesAJob => "takes a job",
            Self::Queues => "queues",
        }
    }

    fn build_valid(&self, stage: &Stage) -> Sample {
        let node = keys(stage).node;
        let (device, market) = match self {
            Self::TakesAJob => (stage.idle, stage.world.market),
            Self::Queues => (stage.idle_where_devices_wait, stage.market_of_devices),
        };
        let others = stage.devices(|device| {
            device.node == node
                && device.market == market
                && device.is(DeviceState::Idle)
                && device.bond_atoms >= BOND
        });
        let slots = [
            Slot::new("node", Kind::Wallet),
            Slot::new("device", Kind::Device).or(others),
            Slot::new("market", Kind::Market),
            clock(),
        ];
        let mut sample = Sample::new(stage, instruction::work(node, device, market, 0), slots);
        for set in stage.others.all() {
            let twin = instruction::work(set.node, set.done.device, set.market, 0);
            sample = sample.or_as_well(twin);
        }
        sample
    }
}

/// A device that waits.
pub struct Leave;

impl Case for Leave {
    fn instruction(&self) -> &'static str {
        "leave"
    }

    fn build_valid(&self, stage: &Stage) -> Sample {
        let (node, market) = (keys(stage).node, stage.market_of_devices);
        let mut others = stage.devices(|device| device.node == node);
        others.retain(|device| stage.waiting(&market).contains(device));
        let slots = [
            Slot::new("node", Kind::Wallet),
            Slot::new("device", Kind::Device).or(others),
            Slot::new("market", Kind::Market),
        ];
        let leave = instruction::leave(node, stage.waiting_device, market);
        Sample::new(stage, leave, slots)
    }
}
