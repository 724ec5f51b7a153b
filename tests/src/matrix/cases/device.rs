//! Devices.

use super::{case, clock, config, mint_slot, only, system_program, token_program, vault};
use crate::{
    matrix::{Case, Kind, Sample, Slot, Stage, sets::Set},
    world::BOND,
};
use grid_client::{address, instruction};
use grid_jobs::{DeviceState, constants::NOTICE_SECONDS};
use solana_address::Address;

const INDEX: u32 = 0x0102_0304;

pub(super) const CASES: &[Case] = &[
    only("open_device", open_device),
    case("close_device", "by the node", close_device_by_the_node),
    case("close_device", "by anyone after the notice", close_device_by_anyone),
    only("set_payee", set_payee),
    only("notify_device", notify_device),
    only("fund_bond", fund_bond),
    case("withdraw_bond", "by the node", withdraw_bond_by_the_node),
    case("withdraw_bond", "by anyone after the notice", withdraw_bond_by_anyone),
    case("withdraw_earnings", "of SPL Token", withdraw_earnings_of_spl_token),
    case("withdraw_earnings", "of Token-2022", withdraw_earnings_of_token_2022),
    case("work", "takes a job", work_takes_a_job),
    case("work", "queues", work_queues),
    case("leave", "by the node", leave_by_the_node),
    case("leave", "by anyone after the notice", leave_by_anyone),
];

/// When a notice of the stage has passed.
pub(super) const AFTER_THE_NOTICE: u32 = NOTICE_SECONDS + 1;

/// By the node, in a market in which it has others.
fn open_device(stage: &Stage) -> Sample {
    let (node, market) = (stage.cast.node, stage.world.market);
    let seeds = [&b"device"[..], market.as_ref(), node.as_ref(), &INDEX.to_le_bytes()];
    let slots = [
        Slot::new("node", Kind::Wallet),
        Slot::new("market", Kind::Market),
        Slot::new("device", Kind::New).with_seeds(&seeds),
        system_program(),
    ];
    let open = |node, market| instruction::open_device(node, market, INDEX, node);
    let sample = Sample::new(stage, open(node, market), slots);
    let device = sample.address(2);
    sample
        .undone_by([instruction::close_device(node, node, device)])
        .or_as_well(open(node, stage.others.another_market.market))
        .or_as_well(open(node, stage.others.second_mint.market))
        .or_as_well_by(open(stage.cast.second_node, market), &[&[0, 2], &[4]])
}

/// An idle one without bond and earnings.
fn close_device_by_the_node(stage: &Stage) -> Sample {
    let own = stage.own;
    let empty = stage.devices(|device| {
        device.node == own.node
            && device.is(DeviceState::Idle)
            && device.bond_atoms == 0
            && device.earnings_atoms == 0
            && device.access == 0
    });
    let slots = [
        Slot::new("signer", Kind::Wallet),
        Slot::new("node", Kind::Wallet),
        Slot::new("device", Kind::Device).or(empty),
    ];
    let close = |node, device| instruction::close_device(node, node, device);
    let mut sample = Sample::new(stage, close(own.node, stage.empty), slots).closing(2, 1);
    for set in stage.others.all() {
        sample = sample.or_as_well(close(set.node, set.noticed_empty));
    }
    sample
}

/// An idle one without bond and earnings, of a node that is gone.
fn close_device_by_anyone(stage: &Stage) -> Sample {
    let own = stage.own;
    let empty = stage.devices(|device| {
        device.node == own.node
            && device.is(DeviceState::Idle)
            && device.bond_atoms == 0
            && device.earnings_atoms == 0
            && device.access == 0
            && device.noticed_at != 0
    });
    let slots = [
        Slot::new("signer", Kind::Wallet).or_any_signer(),
        Slot::new("node", Kind::Wallet),
        Slot::new("device", Kind::Device).or(empty),
    ];
    let close = instruction::close_device(stage.cast.stranger, own.node, own.noticed_empty);
    let mut sample = Sample::new(stage, close, slots).closing(2, 1).later(AFTER_THE_NOTICE);
    for set in stage.others.all() {
        let twin = instruction::close_device(set.owner, set.node, set.noticed_empty);
        sample = sample.or_as_well_by(twin, &[&[0]]);
    }
    sample
}

/// By the payee, who is not the node.
fn set_payee(stage: &Stage) -> Sample {
    let own = stage.own;
    let slots = [
        Slot::new("payee", Kind::Wallet),
        Slot::new("device", Kind::Device).or(stage.devices(|device| device.payee == own.payee)),
    ];
    let stranger = stage.cast.stranger;
    let mut sample = Sample::new(stage, instruction::set_payee(own.payee, stage.idle, stranger), slots);
    for set in stage.others.all() {
        sample = sample.or_as_well(instruction::set_payee(set.payee, set.done.device, stranger));
    }
    sample
}

fn notify_device(stage: &Stage) -> Sample {
    let others = stage.devices(|device| {
        device.noticed_at == 0 && (device.is(DeviceState::Idle) || device.is(DeviceState::Queued))
    });
    let slots = [Slot::new("device", Kind::Device).or(others)];
    Sample::new(stage, instruction::notify_device(stage.waiters.device), slots)
}

/// By the node; whoever pays, any device of the mint may get it.
fn fund_bond(stage: &Stage) -> Sample {
    let (funder, mint) = (stage.cast.node, stage.mint);
    let slots = [
        Slot::new("funder", Kind::Wallet),
        config(),
        Slot::new("device", Kind::Device).or(stage.devices(|device| device.mint == mint.address)),
        mint_slot(&mint),
        Slot::new("source", Kind::TokenAccount).or(stage.token_accounts(&mint, &funder)),
        vault(&mint),
        token_program(),
    ];
    let source = address::token_account(&funder, mint);
    let fund = instruction::fund_bond(funder, source, stage.idle, mint, BOND);
    let mut sample = Sample::new(stage, fund, slots);
    for set in stage.others.all() {
        let source = address::token_account(&set.node, set.mint);
        let twin = instruction::fund_bond(set.node, source, set.done.device, set.mint, BOND);
        let groups: &[&[usize]] = if set.mint == mint { &[&[0, 4], &[2]] } else { &[] };
        sample = sample.or_as_well_by(twin, groups);
    }
    sample
}

fn withdraw_bond_slots(signer: Slot, device: Slot, stage: &Stage) -> [Slot; 6] {
    [
        signer,
        device,
        mint_slot(&stage.mint),
        vault(&stage.mint),
        Slot::new("destination", Kind::TokenAccount),
        token_program(),
    ]
}

/// Of an idle device, to its payee.
fn withdraw_bond_by_the_node(stage: &Stage) -> Sample {
    let (own, mint) = (stage.own, stage.mint);
    let others = stage.devices(|device| {
        device.node == own.node
            && device.payee == own.payee
            && device.mint == mint.address
            && device.is(DeviceState::Idle)
            && device.bond_atoms >= BOND
    });
    let device = Slot::new("device", Kind::Device).or(others);
    let slots = withdraw_bond_slots(Slot::new("signer", Kind::Wallet), device, stage);
    let withdraw = instruction::withdraw_bond(own.node, stage.idle, mint, own.payee, BOND);
    let mut sample = Sample::new(stage, withdraw, slots);
    for set in stage.others.all() {
        let twin = instruction::withdraw_bond(set.node, set.done.device, set.mint, set.payee, BOND);
        sample = sample.or_as_well(twin);
    }
    sample
}

/// Of an idle device whose node is gone, to its payee.
fn withdraw_bond_by_anyone(stage: &Stage) -> Sample {
    let (own, mint) = (stage.own, stage.mint);
    let others = stage.devices(|device| {
        device.payee == own.payee
            && device.mint == mint.address
            && device.is(DeviceState::Idle)
            && device.bond_atoms >= BOND
            && device.noticed_at != 0
    });
    let device = Slot::new("device", Kind::Device).or(others);
    let slots = withdraw_bond_slots(Slot::new("signer", Kind::Wallet).or_any_signer(), device, stage);
    let stranger = stage.cast.stranger;
    let withdraw = instruction::withdraw_bond(stranger, own.noticed_idle, mint, own.payee, BOND);
    let mut sample = Sample::new(stage, withdraw, slots).later(AFTER_THE_NOTICE);
    for set in stage.others.all() {
        let twin = instruction::withdraw_bond(set.owner, set.noticed_idle, set.mint, set.payee, BOND);
        sample = sample.or_as_well_by(twin, &[&[0]]);
    }
    sample
}

fn withdraw_earnings_of_spl_token(stage: &Stage) -> Sample {
    withdraw_earnings(stage, stage.own)
}

fn withdraw_earnings_of_token_2022(stage: &Stage) -> Sample {
    withdraw_earnings(stage, stage.others.token_2022)
}

/// Of a device that finished a job.
fn withdraw_earnings(stage: &Stage, own: Set) -> Sample {
    let mint = own.mint;
    let others = stage.devices(|device| {
        device.payee == own.payee && device.mint == mint.address && device.earnings_atoms > 0
    });
    let slots = [
        Slot::new("device", Kind::Device).or(others),
        mint_slot(&mint),
        vault(&mint),
        Slot::new("destination", Kind::TokenAccount),
        token_program(),
    ];
    let withdraw = instruction::withdraw_earnings(own.done.device, mint, own.payee);
    let mut sample = Sample::new(stage, withdraw, slots);
    for set in stage.others.all() {
        let twin = instruction::withdraw_earnings(set.done.device, set.mint, set.payee);
        sample = sample.or_as_well(twin);
    }
    sample
}

/// Jobs wait.
fn work_takes_a_job(stage: &Stage) -> Sample {
    let mut sample = work(stage, stage.idle, stage.world.market);
    for set in stage.others.all() {
        sample = sample.or_as_well(instruction::work(set.node, set.done.device, set.market, 0));
    }
    sample
}

/// Devices wait.
fn work_queues(stage: &Stage) -> Sample {
    let (own, other) = (stage.waiters, stage.other_waiters);
    work(stage, own.idle, own.market)
        .or_as_well(instruction::work(other.node, other.idle, other.market, 0))
        .or_as_well(instruction::work(stage.cast.node, stage.idle, stage.world.market, 0))
}

/// An idle device of the node offers itself.
fn work(stage: &Stage, device: Address, market: Address) -> Sample {
    let node = stage.cast.node;
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
    Sample::new(stage, instruction::work(node, device, market, 0), slots)
}

fn leave_by_the_node(stage: &Stage) -> Sample {
    let (own, other) = (stage.waiters, stage.other_waiters);
    let slots = [
        Slot::new("signer", Kind::Wallet),
        Slot::new("device", Kind::Device)
            .or(stage.waiting_devices(&own.market, |device| device.node == own.node)),
        Slot::new("market", Kind::Market),
    ];
    Sample::new(stage, instruction::leave(own.node, own.device, own.market), slots)
        .or_as_well(instruction::leave(other.node, other.device, other.market))
}

/// Of a node that is gone.
fn leave_by_anyone(stage: &Stage) -> Sample {
    let (own, other) = (stage.waiters, stage.other_waiters);
    let slots = [
        Slot::new("signer", Kind::Wallet).or_any_signer(),
        Slot::new("device", Kind::Device)
            .or(stage.waiting_devices(&own.market, |device| device.noticed_at != 0)),
        Slot::new("market", Kind::Market),
    ];
    let (stranger, client) = (stage.cast.stranger, stage.cast.client);
    Sample::new(stage, instruction::leave(stranger, own.noticed, own.market), slots)
        .later(AFTER_THE_NOTICE)
        .or_as_well_by(instruction::leave(client, other.noticed, other.market), &[&[0]])
}
