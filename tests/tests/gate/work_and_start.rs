//! `work_gated` and `start_gated` beyond the evidence, and `work` and `start` where something is asked for.

use crate::support::*;
use grid_client::instruction::{self, Evidence, Listing, Spender};
use grid_jobs::{AdmissionTerms, Device, DeviceState, GridError, Job, JobKind, JobState};
use grid_tests::{
    TERMS, assert_event, assert_ledger,
    world::{DEFINITION, TIMEOUT},
};
use solana_instruction::error::InstructionError;
use solana_signer::Signer;

#[test]
fn a_device_queues_as_one_that_showed_what_was_asked_for() {
    let mut gate = Gate::new(Source::Issued);
    let (device, work) = (gate.nodes.world.device(&gate.first.device), gate.work(gate.first));

    let landed = gate.nodes.world.land(&[work]);

    assert_eq!(
        gate.nodes.world.device(&gate.first.device),
        Device {
            state: DeviceState::Queued as u8,
            is_gated: 1,
            penalties: gate.nodes.world.market().header.penalties,
            ..device
        }
    );
    assert_eq!(gate.nodes.world.market().waiting(), Some(vec![gate.first.device]));
    assert_event!(landed, DeviceQueued { device: gate.first.device });
    assert_ledger(&gate.nodes.world, 0);
}

#[test]
fn a_device_takes_the_job_that_waits() {
    let mut gate = Gate::new(Source::Issued);
    let job = gate.nodes.world.list(1);
    let work = gate.work(gate.first);

    let landed = gate.nodes.world.land(&[work]);

    let device = gate.nodes.world.device(&gate.first.device);
    assert_eq!((device.state, device.job, device.is_gated), (DeviceState::Assigned as u8, job, 1));
    assert_event!(landed, DeviceMatched { device: gate.first.device, job: job });
    assert_ledger(&gate.nodes.world, 0);
}

#[test]
fn a_job_starts_and_changes_nothing_but_itself_and_the_device() {
    let mut gate = Gate::new(Source::Issued);
    let job = gate.match_first(1);
    let (device, listed) = (gate.nodes.world.device(&gate.first.device), gate.nodes.world.job(&job));
    let (mut before, start) = (gate.nodes.world.state(), gate.start(gate.first, job));

    let landed = gate.nodes.world.land(&[start]);

    let now = gate.nodes.world.network.time();
    assert_eq!(
        gate.nodes.world.device(&gate.first.device),
        Device { state: DeviceState::Running as u8, job, ..device }
    );
    assert_eq!(
        gate.nodes.world.job(&job),
        Job {
            state: JobState::Running as u8,
            matched_at: 0.into(),
            started_at: now.into(),
            last_heartbeat_at: now.into(),
            ..listed
        }
    );
    assert_event!(landed, JobStarted { job: job, started_at: now });
    let mut after = gate.nodes.world.state();
    for changed in [job, gate.first.device] {
        before.remove(&changed);
        after.remove(&changed);
    }
    assert_eq!(before, after);
}

#[test]
fn plain_work_is_refused_where_anything_is_asked_for() {
    let mut gate = Gate::new(Source::Issued);
    let (first, market, all) = (gate.first, gate.nodes.world.market, gate.terms());
    let asks = [
        all,
        gate.access_terms(),
        gate.nodes.attestation_terms(),
        AdmissionTerms { min_score: 0, ..gate.nodes.attestation_terms() },
        gate.nodes.stake_terms(1),
    ];
    for terms in asks {
        gate.nodes.set_admission(terms);
        let work = instruction::work(first.node, first.device, market, 0);
        gate.nodes.world.refuse(&[work], GridError::AdmissionAsked);
    }
}

#[test]
fn plain_start_is_refused_for_a_device_that_came_through_the_gate() {
    let gate = Gate::new(Source::Issued);
    let first = gate.first;
    let mut taken = gate.clone();
    let job = taken.match_first(1);
    taken.nodes.world.refuse(&[instruction::start(first.node, first.device, job)], GridError::AdmissionAsked);
    let mut took = gate;
    let job = took.nodes.world.list(1);
    let work = took.work(first);
    took.nodes.world.land(&[work]);
    took.nodes.world.refuse(&[instruction::start(first.node, first.device, job)], GridError::AdmissionAsked);
}

#[test]
fn plain_start_is_refused_even_after_the_market_opened() {
    let mut gate = Gate::new(Source::Issued);
    let (first, job) = (gate.first, gate.match_first(1));
    gate.nodes.set_admission(AdmissionTerms::OPEN);
    let start = instruction::start(first.node, first.device, job);
    gate.nodes.world.refuse(&[start], GridError::AdmissionAsked);
    let start = gate.start_with(first, job, Evidence::default());
    gate.nodes.world.land(&[start]);
    finish_and_pay(&mut gate.nodes.world, first, job);
}

#[test]
fn the_gate_is_asked_again_at_every_job() {
    let mut gate = Gate::new(Source::Issued);
    for id in 1..4 {
        let job = gate.match_first(id);
        gate.run_and_pay(gate.first, job);
    }
    let device = gate.nodes.world.device(&gate.first.device);
    assert_eq!((device.jobs_finished, device.is_gated), (3.into(), 1));
    gate.slash(gate.first, 1);
    let work = gate.work(gate.first);
    gate.nodes.world.refuse(&[work], GridError::StakeTooLight);
    assert_ledger(&gate.nodes.world, 0);
}

#[test]
fn work_gated_serves_an_open_market_with_empty_slots() {
    let mut gate = Gate::new(Source::Issued);
    gate.nodes.set_admission(AdmissionTerms::OPEN);
    gate.takes(|_| Evidence::default());
    let work = instruction::work(gate.first.node, gate.first.device, gate.nodes.world.market, 0);
    gate.nodes.world.land(&[work]);
    assert_eq!(gate.nodes.world.device(&gate.first.device).is_gated, 0);
    // A device that came by plain `work` may show what nobody asks for.
    let job = gate.nodes.world.list(1);
    gate.run_and_pay(gate.first, job);
}

#[test]
fn what_is_not_asked_for_is_not_looked_at() {
    let gate = Gate::new(Source::Issued);
    let mint = gate.nodes.world.mint;
    gate.takes(|gate| {
        gate.nodes.set_admission(AdmissionTerms::OPEN);
        Evidence {
            stake: Some(gate.second.device),
            access_token: Some(mint),
            access_metadata: Some(mint),
            attestation: Some(gate.first.node),
            node_record: Some(solana_sdk_ids::sysvar::clock::ID),
        }
    });
}

#[test]
fn every_slot_may_hold_any_account_and_nothing_breaks() {
    let gate = Gate::new(Source::Issued);
    let right = gate.evidence(gate.first);
    let (clock, device) = (solana_sdk_ids::sysvar::clock::ID, gate.second.device);
    for wrong in [clock, device, gate.first.node, grid_jobs::ID, gate.nodes.world.project] {
        let wrong = Some(wrong);
        for (evidence, error) in [
            (Evidence { stake: wrong, ..right }, GridError::WrongStake),
            (Evidence { access_metadata: wrong, ..right }, GridError::WrongAccessMetadata),
            (Evidence { access_token: wrong, ..right }, GridError::AccessNotHeld),
            (Evidence { attestation: wrong, ..right }, GridError::WrongAttestation),
            (Evidence { node_record: wrong, ..right }, GridError::WrongNodeRecord),
        ] {
            gate.refuses(error, |_| evidence);
        }
    }
}

#[test]
fn what_the_instruction_writes_is_no_evidence() {
    // Anchor names it: an account that is written may stand in one place only.
    let twice = InstructionError::Custom(2_040);
    let gate = Gate::new(Source::Issued);
    let right = gate.evidence(gate.first);
    for written in [gate.nodes.world.market, gate.first.device] {
        let written = Some(written);
        for evidence in [
            Evidence { stake: written, ..right },
            Evidence { access_metadata: written, ..right },
            Evidence { access_token: written, ..right },
            Evidence { attestation: written, ..right },
            Evidence { node_record: written, ..right },
        ] {
            let mut gate = gate.clone();
            let work = gate.work_with(gate.first, evidence);
            gate.nodes.world.refuse_with(&[work], twice.clone());
        }
    }
}

#[test]
fn work_gated_refuses_what_work_refuses() {
    let gate = Gate::new(Source::Issued);
    let (authority, work) = (gate.nodes.world.authority.pubkey(), gate.work(gate.first));
    type Case<'a> = (GridError, &'a dyn Fn(&mut Gate));
    let cases: [Case; 5] = [
        (GridError::InsufficientBond, &|gate| {
            gate.nodes.world.edit::<Device>(gate.first.device, |device| device.bond_atoms = 4_999.into());
        }),
        (GridError::TooManyStrikes, &|gate| {
            gate.nodes.world.edit::<Device>(gate.first.device, |device| device.strikes = 10.into());
        }),
        (GridError::DeviceNotIdle, &|gate| {
            let work = gate.work(gate.first);
            gate.nodes.world.land(&[work]);
        }),
        (GridError::DeviceNotIdle, &|gate| {
            gate.match_first(1);
        }),
        (GridError::MarketPaused, &|gate| {
            let market = gate.nodes.world.market;
            gate.nodes.world.land(&[instruction::pause_market(authority, market, 60)]);
        }),
    ];
    for (error, change) in cases {
        let mut gate = gate.clone();
        change(&mut gate);
        gate.nodes.world.refuse(std::slice::from_ref(&work), error);
    }
    let mut gate = gate;
    let evidence = gate.evidence(gate.first);
    let (node, device, market) = (gate.first.node, gate.first.device, gate.nodes.world.market);
    let dear = instruction::work_gated(node, device, market, 101, evidence);
    gate.nodes.world.refuse(&[dear], GridError::PriceBelowMinimum);
}

#[test]
fn work_gated_refuses_others_accounts() {
    let mut gate = Gate::new(Source::Issued);
    let open = gate.nodes.world.open_market(1, TERMS);
    let fake = solana_sdk_ids::sysvar::rent::ID;
    for (place, account, error) in [
        (0, gate.second.node, GridError::NotDeviceNode),
        (1, gate.second.device, GridError::NotDeviceNode),
        (2, open, GridError::WrongMarket),
        (3, fake, GridError::WrongClock),
    ] {
        let mut work = gate.work(gate.first);
        work.accounts[place].pubkey = account;
        gate.nodes.world.refuse(&[work], error);
    }
}

#[test]
fn start_gated_refuses_others_accounts() {
    let mut gate = Gate::new(Source::Issued);
    let job = gate.match_first(1);
    let another = gate.nodes.world.list(2);
    let open = gate.nodes.world.open_market(1, TERMS);
    let fake = solana_sdk_ids::sysvar::rent::ID;
    for (place, account, error) in [
        (0, gate.second.node, GridError::NotDeviceNode),
        (1, gate.second.device, GridError::NotDeviceNode),
        (2, another, GridError::NotMatched),
        (3, open, GridError::WrongMarket),
        (4, fake, GridError::WrongClock),
    ] {
        let mut start = gate.start(gate.first, job);
        start.accounts[place].pubkey = account;
        gate.nodes.world.refuse(&[start], error);
    }
}

#[test]
fn the_open_market_of_another_authority_opens_no_gate() {
    let mut gate = Gate::new(Source::Issued);
    let (stranger, mint) = (gate.nodes.world.stranger.pubkey(), gate.nodes.world.mint);
    gate.nodes.world.land(&[instruction::open_market(stranger, mint, 0, TERMS)]);
    let open = grid_client::address::market(&stranger, 0).0;
    let job = gate.match_first(1);
    let (node, device) = (gate.first.node, gate.first.device);
    let start = instruction::start_gated(node, device, job, open, Evidence::default());
    gate.nodes.world.refuse(&[start], GridError::WrongMarket);
}

#[test]
fn start_gated_refuses_what_is_not_matched() {
    let mut gate = Gate::new(Source::Issued);
    let job = gate.nodes.world.list(1);
    let start = gate.start(gate.first, job);
    gate.nodes.world.refuse(std::slice::from_ref(&start), GridError::NotMatched);
    let work = gate.work(gate.first);
    gate.nodes.world.land(&[work, start.clone()]);
    gate.nodes.world.refuse(&[start], GridError::NotMatched);
}

#[test]
fn donations_change_nothing() {
    let mut gate = Gate::new(Source::Issued);
    gate.nodes.world.assert_ignores_donations(&[gate.work(gate.first)]);
    let job = gate.match_first(1);
    gate.nodes.world.assert_ignores_donations(&[gate.start(gate.first, job)]);
}

#[test]
fn a_job_may_be_listed_for_a_device_that_waits_behind_the_gate() {
    let mut gate = Gate::new(Source::Issued);
    let (first, second) = (gate.first, gate.second);
    let works = [gate.work(first), gate.work(second)];
    gate.nodes.world.land(&works);
    let world = &mut gate.nodes.world;
    let listing = Listing {
        id: 1,
        kind: JobKind::Service,
        definition: DEFINITION,
        timeout_seconds: TIMEOUT,
        max_price_per_second_atoms: u64::MAX,
    };
    let client = Spender::Owner(world.client.pubkey());
    world.land(&[instruction::list_direct(client, world.project, world.market, second.device, &listing)]);
    let job = grid_client::address::job(&world.project, 1).0;
    gate.run_and_pay(second, job);
    assert_eq!(gate.nodes.world.market().waiting(), Some(vec![first.device]));
    assert_ledger(&gate.nodes.world, 0);
}
