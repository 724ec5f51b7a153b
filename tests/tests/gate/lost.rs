//! A node loses what it showed, while its device waits or is matched: it can't start, and the job goes to the next device.

use crate::support::*;
use grid_client::{address, event::Event, instruction, nodes, staking};
use grid_jobs::{AdmissionTerms, DeviceState, GridError, JobState};
use grid_tests::{
    Nodes, assert_ledger, assert_solvent,
    event::only_event,
    incentives::DURATION,
    nodes::{CLASS, SCORE, label},
    world::{BOND, RESULT},
};
use solana_address::Address;
use solana_signer::Signer;

/// When the node loses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    /// Its device waits; another one waits behind it.
    Waiting,
    /// A job took its device; another one waits.
    Taken,
    /// Its device took a job; no other device waits.
    Took,
}

/// How the job is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    /// By the node.
    Declined,
    /// By anyone, when the start window has passed.
    Expired,
}

const WHENS: [When; 3] = [When::Waiting, When::Taken, When::Took];
const EXITS: [Exit; 2] = [Exit::Declined, Exit::Expired];

/// Brings the first device to a match that is its own loss's; the job.
#[track_caller]
fn lose(gate: &mut Gate, when: When, loss: &impl Fn(&mut Gate)) -> Address {
    let works = [gate.work(gate.first), gate.work(gate.second)];
    let [first, second] = works;
    match when {
        When::Waiting => {
            gate.nodes.world.land(&[first, second]);
            loss(gate);
            gate.nodes.world.list(1)
        }
        When::Taken => {
            gate.nodes.world.land(&[first, second]);
            let job = gate.nodes.world.list(1);
            loss(gate);
            job
        }
        When::Took => {
            let job = gate.nodes.world.list(1);
            gate.nodes.world.land(&[first]);
            loss(gate);
            job
        }
    }
}

/// Takes the job back from the first device.
#[track_caller]
fn take_back(gate: &mut Gate, job: Address, exit: Exit) {
    let (node, run) = (gate.first.node, gate.nodes.world.run_of(gate.first.device, job));
    let landed = match exit {
        Exit::Declined => gate.nodes.world.land(&[instruction::decline(node, run)]),
        Exit::Expired => {
            gate.nodes.world.network.advance(61);
            gate.nodes.world.run(&[instruction::expire_assignment(run, None)], &[])
        }
    };
    let Event::JobTakenBack(event) = only_event(&landed) else { panic!("the job was not taken back") };
    let reward = if exit == Exit::Expired { 1_000 } else { 0 };
    assert_eq!((event.device, event.reward_atoms), (gate.first.device, reward.into()));
    let device = gate.nodes.world.device(&gate.first.device);
    assert!(device.is(DeviceState::Idle));
    assert_eq!((device.strikes, device.bond_atoms), (1.into(), (BOND - reward).into()));
    let found = gate.nodes.world.job(&job);
    assert_eq!((found.attempts, found.escrow_atoms), (1, 61_500.into()));
}

/// Asserts for NFTs of these sources: after `loss` the first device can't start, whenever it happens; the job comes back
/// both ways, the second device takes it, finishes it and is paid; and the first one can't offer itself again.
#[track_caller]
fn assert_passed_on(sources: &[Source], error: GridError, loss: impl Fn(&mut Gate)) {
    for source in sources {
        let whole = Gate::new(*source);
        for (when, exit) in WHENS.iter().flat_map(|when| EXITS.map(|exit| (*when, exit))) {
            let mut gate = whole.clone();
            let (first, second) = (gate.first, gate.second);
            let job = lose(&mut gate, when, &loss);
            let start = gate.start(first, job);
            gate.nodes.world.refuse(&[start], error);

            take_back(&mut gate, job, exit);
            if when == When::Took {
                assert_eq!(gate.nodes.world.market().waiting(), Some(vec![job]), "{source:?}");
                let work = gate.work(second);
                gate.nodes.world.land(&[work]);
            } else {
                let found = gate.nodes.world.job(&job);
                assert!(found.is(JobState::Assigned));
                assert_eq!(found.device, second.device, "{source:?} {when:?} {exit:?}");
            }
            assert_ledger(&gate.nodes.world, 0);
            gate.run_and_pay(second, job);
            let found = gate.nodes.world.job(&job);
            assert!(found.is(JobState::Done));
            assert_eq!((found.result, found.escrow_atoms), (RESULT, 0.into()));

            let work = gate.work(first);
            gate.nodes.world.refuse(&[work], error);
            assert_eq!(gate.nodes.world.market().waiting(), Some(vec![]));
            assert_eq!(gate.nodes.world.market().header.active_jobs, 0);
            assert_ledger(&gate.nodes.world, 0);
            assert_solvent(&gate.nodes.world);
        }
    }
}

#[test]
fn an_nft_that_moved_to_another_wallet_starts_nothing() {
    assert_passed_on(&SOURCES, GridError::AccessNotHeld, |gate| {
        let client = gate.nodes.world.client.pubkey();
        gate.move_access(gate.first.mint, gate.first.node, client);
    });
}

#[test]
fn a_burned_nft_starts_nothing() {
    assert_passed_on(&SOURCES, GridError::WrongAccessMetadata, |gate| {
        gate.burn(gate.first);
        assert!(!gate.nodes.world.exists(&nodes::metadata_address(&gate.first.mint)));
    });
}

#[test]
fn an_nft_that_was_taken_out_of_the_collection_starts_nothing() {
    assert_passed_on(&SOURCES, GridError::AccessNotVerified, |gate| gate.unverify(gate.first));
}

#[test]
fn a_stake_that_is_released_starts_nothing() {
    assert_passed_on(&[Source::Issued], GridError::StakeTooLight, |gate| {
        let unstake = staking::unstake(gate.first.node, gate.stake_address(gate.first));
        gate.nodes.world.land(&[unstake]);
    });
}

/// Releases the first node's stake and pays all of it out.
fn withdraw(gate: &mut Gate) {
    let (node, stake, mint) = (gate.first.node, gate.stake_address(gate.first), gate.nodes.world.mint);
    gate.nodes.world.land(&[staking::unstake(node, stake)]);
    gate.nodes.world.network.advance(i64::from(DURATION));
    let destination = address::token_account(&node, mint);
    gate.nodes.world.land(&[staking::withdraw(node, stake, mint, destination)]);
    assert_eq!(gate.stake(gate.first).left(), 0);
}

#[test]
fn a_stake_that_was_paid_out_starts_nothing() {
    assert_passed_on(&[Source::Issued], GridError::StakeTooLight, withdraw);
}

#[test]
fn a_closed_stake_starts_nothing() {
    assert_passed_on(&[Source::Issued], GridError::WrongStake, |gate| {
        withdraw(gate);
        next_slot(&mut gate.nodes.world);
        let close = staking::close(gate.first.node, gate.stake_address(gate.first));
        gate.nodes.world.land(&[close]);
    });
}

#[test]
fn a_stake_that_was_slashed_below_the_minimum_starts_nothing() {
    assert_passed_on(&[Source::Issued], GridError::StakeTooLight, |gate| gate.slash(gate.first, 1));
}

#[test]
fn an_attestation_that_expired_starts_nothing() {
    assert_passed_on(&[Source::Issued, Source::Unsized], GridError::AttestationExpired, |gate| {
        let attest = gate.nodes.attest_instruction(gate.first.node, SCORE, 100);
        gate.nodes.world.land(&[attest]);
        gate.nodes.world.network.advance(100);
    });
}

#[test]
fn an_attestation_that_expired_and_was_closed_by_anyone_starts_nothing() {
    assert_passed_on(&[Source::Issued], GridError::WrongAttestation, |gate| {
        let attest = gate.nodes.attest_instruction(gate.first.node, SCORE, 100);
        gate.nodes.world.land(&[attest]);
        gate.nodes.world.network.advance(100);
        let attestation = nodes::attestation_address(&gate.nodes.collection, &gate.first.node, CLASS).0;
        let payer = gate.nodes.world.authority.pubkey();
        gate.nodes.world.run(&[nodes::close_attestation(attestation, payer)], &[]);
    });
}

#[test]
fn a_revoked_attestation_starts_nothing() {
    assert_passed_on(&[Source::Issued, Source::Sized], GridError::WrongAttestation, |gate| {
        let (attestor, collection) = (gate.nodes.world.authority.pubkey(), gate.nodes.collection);
        let attestation = nodes::attestation_address(&collection, &gate.first.node, CLASS).0;
        let revoke = nodes::revoke_attestation(attestor, &collection, attestation, attestor);
        gate.nodes.world.land(&[revoke]);
    });
}

#[test]
fn a_lower_score_that_was_attested_since_starts_nothing() {
    assert_passed_on(&[Source::Issued], GridError::ScoreTooLow, |gate| {
        let attest = gate.nodes.attest_instruction(gate.first.node, SCORE - 1, 1_000_000);
        gate.nodes.world.land(&[attest]);
    });
}

#[test]
fn other_hardware_starts_nothing() {
    assert_passed_on(&[Source::Issued], GridError::HardwareChanged, |gate| {
        change_hardware(&mut gate.nodes.world, gate.first.node);
    });
}

#[test]
fn hardware_that_is_told_back_starts_nothing_until_it_is_attested_again() {
    assert_passed_on(&[Source::Issued], GridError::HardwareChanged, |gate| {
        let node = gate.first.node;
        change_hardware(&mut gate.nodes.world, node);
        next_slot(&mut gate.nodes.world);
        let back = nodes::update_node(node, grid_tests::nodes::hardware(), other_software());
        gate.nodes.world.land(&[back]);
    });
}

#[test]
fn a_node_that_left_the_registry_starts_nothing() {
    assert_passed_on(&[Source::Issued], GridError::WrongNodeRecord, |gate| {
        next_slot(&mut gate.nodes.world);
        gate.nodes.world.land(&[nodes::close_node(gate.first.node)]);
    });
}

#[test]
fn a_node_that_left_the_registry_and_came_back_starts_nothing() {
    assert_passed_on(&[Source::Issued], GridError::HardwareChanged, |gate| {
        let node = gate.first.node;
        next_slot(&mut gate.nodes.world);
        let again = nodes::register_node(node, grid_tests::nodes::hardware(), other_software());
        gate.nodes.world.land(&[nodes::close_node(node), again]);
    });
}

#[test]
fn a_market_that_asks_for_more_since_gets_more_or_nothing() {
    let more = |change: fn(&mut AdmissionTerms)| {
        move |gate: &mut Gate| {
            let mut terms = gate.terms();
            change(&mut terms);
            gate.nodes.set_admission(terms);
        }
    };
    // The second device has more: a larger stake, a better score.
    let richer = |gate: &mut Gate| {
        let (node, stake, world) = (gate.second.node, gate.stake_address(gate.second), &mut gate.nodes.world);
        let source = address::token_account(&node, world.mint);
        world.land(&[staking::top_up(node, source, stake, world.mint, 1)]);
        let attest = gate.nodes.attest_instruction(node, SCORE + 1, 1_000_000);
        gate.nodes.world.land(&[attest]);
    };
    for (error, ask) in [
        (GridError::StakeTooLight, more(|terms| terms.min_stake_weight += 1)),
        (GridError::ScoreTooLow, more(|terms| terms.min_score += 1)),
    ] {
        assert_passed_on(&[Source::Issued], error, |gate| {
            richer(gate);
            ask(gate);
        });
    }
}

/// Makes another collection of the authority, which attests both nodes in it; its mint.
fn other_collection(nodes: &mut Nodes, of: [Address; 2]) -> Address {
    let authority = nodes.world.authority.pubkey();
    nodes.world.land(&[nodes::create_collection(authority, 1, label("Grid H100"))]);
    let collection = nodes::collection_mint_address(&authority, 1).0;
    let ours = std::mem::replace(&mut nodes.collection, collection);
    for node in of {
        nodes.attest(node);
    }
    std::mem::replace(&mut nodes.collection, ours)
}

#[test]
fn a_market_of_another_collection_starts_what_is_in_that_one() {
    let whole = Gate::new(Source::Issued);
    for (when, exit) in WHENS.iter().flat_map(|when| EXITS.map(|exit| (*when, exit))) {
        let mut gate = whole.clone();
        let (first, second) = (gate.first, gate.second);
        let collection = other_collection(&mut gate.nodes, [first.node, second.node]);
        let switched = AdmissionTerms { collection, ..gate.terms() };
        let job = lose(&mut gate, when, &|gate| gate.nodes.set_admission(switched));
        let start = gate.start(first, job);
        gate.nodes.world.refuse(&[start], GridError::AccessNotVerified);
        take_back(&mut gate, job, exit);

        // The second device has no NFT of that collection either: the job waits until it has.
        if when != When::Took {
            let start = gate.start(second, job);
            gate.nodes.world.refuse(&[start], GridError::AccessNotVerified);
            let run = gate.nodes.world.run_of(second.device, job);
            gate.nodes.world.land(&[instruction::decline(second.node, run)]);
        }
        assert_eq!(gate.nodes.world.market().waiting(), Some(vec![job]));
        let authority = gate.nodes.world.authority.pubkey();
        let mint = nodes::access_mint_address(&collection, 0).0;
        let issue = nodes::issue_access(authority, &collection, second.node, 0, label("Grid access"));
        let dismiss = gate.dismiss(second);
        let second = Party { mint, ..second };
        gate.nodes.world.land(&[issue]);
        let steps = [dismiss, gate.admit(second), gate.work(second)];
        gate.nodes.world.land(&steps);
        gate.run_and_pay(second, job);
        assert_ledger(&gate.nodes.world, 0);
        assert_solvent(&gate.nodes.world);
    }
}

#[test]
fn a_market_that_switches_and_switches_back_loses_nobody() {
    let mut gate = Gate::new(Source::Issued);
    let (first, terms) = (gate.first, gate.terms());
    let other = AdmissionTerms { collection: gate.nodes.world.mint, ..terms };
    let job = gate.match_first(1);
    gate.nodes.set_admission(other);
    let start = gate.start(first, job);
    gate.nodes.world.refuse(&[start], GridError::AccessNotVerified);
    gate.nodes.set_admission(terms);
    gate.run_and_pay(first, job);
    assert_ledger(&gate.nodes.world, 0);
}

#[test]
fn what_came_back_in_time_starts_the_job() {
    let whole = Gate::new(Source::Issued);
    let client = whole.nodes.world.client.pubkey();
    let ways: [fn(&mut Gate, Address); 3] = [
        |gate, client| {
            gate.move_access(gate.first.mint, gate.first.node, client);
            let start = gate.start(gate.first, address::job(&gate.nodes.world.project, 1).0);
            gate.nodes.world.refuse(&[start], GridError::AccessNotHeld);
            gate.move_access(gate.first.mint, client, gate.first.node);
        },
        |gate, _| {
            let (node, stake) = (gate.first.node, gate.stake_address(gate.first));
            gate.nodes.world.land(&[staking::unstake(node, stake)]);
            let start = gate.start(gate.first, address::job(&gate.nodes.world.project, 1).0);
            gate.nodes.world.refuse(&[start], GridError::StakeTooLight);
            gate.nodes.world.land(&[staking::restake(node, stake)]);
        },
        |gate, _| {
            let node = gate.first.node;
            change_hardware(&mut gate.nodes.world, node);
            let start = gate.start(gate.first, address::job(&gate.nodes.world.project, 1).0);
            gate.nodes.world.refuse(&[start], GridError::HardwareChanged);
            gate.nodes.attest(node);
        },
    ];
    for way in ways {
        let mut gate = whole.clone();
        let job = gate.match_first(1);
        way(&mut gate, client);
        gate.run_and_pay(gate.first, job);
        assert_ledger(&gate.nodes.world, 0);
    }
}

#[test]
fn a_running_job_is_finished_and_paid_whatever_the_node_loses() {
    let mut gate = Gate::new(Source::Issued);
    let first = gate.first;
    let job = gate.match_first(1);
    let start = gate.start(first, job);
    gate.nodes.world.land(&[start]);
    gate.unverify(first);
    gate.burn(first);
    gate.slash(first, STAKE / 10);
    next_slot(&mut gate.nodes.world);
    gate.nodes.world.land(&[nodes::close_node(first.node)]);
    finish_and_pay(&mut gate.nodes.world, first, job);
    assert_ledger(&gate.nodes.world, 0);
    assert_solvent(&gate.nodes.world);
}

#[test]
fn a_run_that_is_given_up_goes_to_the_next_device_as_well() {
    let mut gate = Gate::new(Source::Issued);
    let (first, second) = (gate.first, gate.second);
    let works = [gate.work(first), gate.work(second)];
    gate.nodes.world.land(&works);
    let job = gate.nodes.world.list(1);
    let start = gate.start(first, job);
    gate.nodes.world.land(&[start]);
    gate.unverify(first);
    gate.nodes.world.land(&[instruction::quit(first.node, gate.nodes.world.run_of(first.device, job))]);
    gate.run_and_pay(second, job);
    assert_ledger(&gate.nodes.world, 0);
}

#[test]
fn a_job_that_meets_only_devices_that_lost_something_is_stopped_and_refunded() {
    // Each of them costs the job an attempt, and leaves the queue by it: the next job meets others.
    let mut gate = Gate::new(Source::Issued);
    let first = gate.first;
    let mut parties = vec![first];
    for index in 1..3 {
        let party = Party { device: gate.nodes.world.open_device(index), ..first };
        let admit = gate.admit(party);
        gate.nodes.world.land(&[admit]);
        parties.push(party);
    }
    for party in parties.iter().chain([&gate.second]) {
        let work = gate.work(*party);
        gate.nodes.world.land(&[work]);
    }
    gate.unverify(first);
    let (job, balance) = (gate.nodes.world.list(1), gate.nodes.world.project().balance.get());
    for party in &parties {
        let start = gate.start(*party, job);
        gate.nodes.world.refuse(&[start], GridError::AccessNotVerified);
        gate.nodes.world.network.advance(61);
        let run = gate.nodes.world.run_of(party.device, job);
        gate.nodes.world.run(&[instruction::expire_assignment(run, None)], &[]);
    }
    let found = gate.nodes.world.job(&job);
    assert!(found.is(JobState::Stopped));
    assert_eq!((found.attempts, found.escrow_atoms), (3, 0.into()));
    assert_eq!(gate.nodes.world.project().balance, balance + 61_500 + 3 * 1_000);
    assert_eq!(gate.nodes.world.market().waiting(), Some(vec![gate.second.device]));
    let job = gate.nodes.world.list(2);
    gate.run_and_pay(gate.second, job);
    assert_ledger(&gate.nodes.world, 0);
}
