//! `dismiss_device` and what it holds up: `close_device`, `withdraw_bond`.

use crate::support::*;
use grid_client::{address, event::Event, event::events_in, instruction, nodes};
use grid_jobs::{AdmissionTerms, Device, DeviceState, GridError};
use grid_tests::{TERMS, assert_event, assert_ledger, assert_solvent, world::BOND};
use solana_instruction::Instruction;
use solana_signer::Signer;
use std::slice::from_ref;

/// Thirty days, seconds.
const NOTICE: i64 = 30 * 86_400;

/// Places of the accounts.
const SIGNER: usize = 0;
const ADMISSION: usize = 2;
const PAYER: usize = 3;
const MARKET: usize = 4;
const METADATA: usize = 6;

#[test]
fn ends_the_admission_and_returns_the_rent() {
    for source in SOURCES {
        let mut gate = Gate::new(source);
        let Party { node, device, mint } = gate.first;
        let (before, lamports) = (gate.nodes.world.device(&device), gate.nodes.world.lamports(&node));
        let (dismiss, rent) = (gate.dismiss(gate.first), gate.nodes.world.rent(208));

        let landed = gate.nodes.world.land(&[dismiss]);

        let access_metadata = Default::default();
        assert_eq!(gate.nodes.world.device(&device), Device { access: 0, access_metadata, ..before });
        assert!(!gate.nodes.world.exists(&address::admission(&gate.nodes.world.market, &mint).0));
        assert_eq!(gate.nodes.world.lamports(&node), lamports + rent);
        assert_event!(landed, DeviceDismissed { device: device, mint: mint, devices_after: 0 });
        let work = gate.work(gate.first);
        gate.nodes.world.refuse(&[work], GridError::DeviceNotAdmitted);
        let admit = gate.admit(gate.first);
        gate.nodes.world.land(&[admit]);
        gate.takes(|gate| gate.evidence(gate.first));
    }
}

#[test]
fn the_record_stays_as_long_as_it_backs_a_device() {
    let mut gate = Gate::new(Source::Issued);
    let (first, market) = (gate.first, gate.nodes.world.market);
    let record = address::admission(&market, &first.mint).0;
    let more = [1, 2].map(|index| Party { device: gate.nodes.world.open_device(index), ..first });
    for party in more {
        let admit = gate.admit(party);
        gate.nodes.world.land(&[admit]);
    }
    let lamports = gate.nodes.world.lamports(&first.node);
    for (party, left) in [(more[1], 2), (first, 1)] {
        let dismiss = gate.dismiss(party);
        let landed = gate.nodes.world.land(&[dismiss]);
        assert_eq!(gate.nodes.admission(&first.mint).devices, left);
        assert_event!(
            landed,
            DeviceDismissed { device: party.device, mint: first.mint, devices_after: left }
        );
        assert_eq!(gate.nodes.world.lamports(&first.node), lamports);
    }
    let work = gate.work(more[0]);
    gate.nodes.world.land(&[work]);
    let dismiss = gate.dismiss(more[0]);
    gate.nodes.world.land(&[dismiss]);
    assert!(!gate.nodes.world.exists(&record));
    assert_eq!(gate.nodes.world.lamports(&first.node), lamports + gate.nodes.world.rent(208));
}

#[test]
fn a_device_that_waits_leaves_the_queue_by_it() {
    let mut gate = Gate::new(Source::Issued);
    let (first, second) = (gate.first, gate.second);
    let works = [gate.work(second), gate.work(first)];
    gate.nodes.world.land(&works);
    let (before, dismiss) = (gate.nodes.world.device(&first.device), gate.dismiss(first));

    gate.nodes.world.land(&[dismiss]);

    assert_eq!(gate.nodes.world.market().waiting(), Some(vec![second.device]));
    assert_eq!(
        gate.nodes.world.device(&first.device),
        Device { state: DeviceState::Idle as u8, access: 0, access_metadata: Default::default(), ..before }
    );
    assert_ledger(&gate.nodes.world, 0);
    let job = gate.nodes.world.list(1);
    gate.run_and_pay(second, job);
}

#[test]
fn a_device_that_waits_needs_its_market() {
    let mut gate = Gate::new(Source::Issued);
    let other = gate.nodes.world.open_market(1, TERMS);
    let work = gate.work(gate.first);
    gate.nodes.world.land(&[work]);
    for market in [grid_jobs::ID, other] {
        let mut dismiss = gate.dismiss(gate.first);
        dismiss.accounts[MARKET].pubkey = market;
        gate.nodes.world.refuse(&[dismiss], GridError::WrongMarket);
    }
}

#[test]
fn an_idle_device_needs_no_market() {
    let mut gate = Gate::new(Source::Issued);
    let mut dismiss = gate.dismiss(gate.first);
    dismiss.accounts[MARKET].pubkey = grid_jobs::ID; // none
    gate.nodes.world.land(&[dismiss]);
}

#[test]
fn a_device_of_a_closed_market_is_dismissed_and_closed() {
    let mut gate = Gate::new(Source::Issued);
    let (first, market) = (gate.first, gate.nodes.world.market);
    let (authority, mint) = (gate.nodes.world.authority.pubkey(), gate.nodes.world.mint);
    gate.nodes.world.land(&[instruction::close_market(authority, market)]);
    gate.nodes.world.land(&[
        instruction::dismiss_left_device(first.node, first.device, market, &first.mint),
        instruction::withdraw_bond(first.node, first.device, mint, first.node, BOND),
        instruction::close_device(first.node, first.node, first.device),
    ]);
    assert!(!gate.nodes.world.exists(&first.device));
    assert!(!gate.nodes.world.exists(&address::admission(&market, &first.mint).0));
}

#[test]
fn a_market_that_is_opened_anew_knows_the_admission_again() {
    let mut gate = Gate::new(Source::Issued);
    let (market, terms) = (gate.nodes.world.market, gate.terms());
    let (authority, mint) = (gate.nodes.world.authority.pubkey(), gate.nodes.world.mint);
    gate.nodes.world.land(&[
        instruction::close_market(authority, market),
        instruction::open_market(authority, mint, 0, TERMS),
        instruction::set_admission(authority, market, terms),
    ]);
    gate.takes(|gate| gate.evidence(gate.first));
}

#[test]
fn refuses_a_device_that_is_matched_or_runs() {
    let mut gate = Gate::new(Source::Held);
    let (first, job) = (gate.first, gate.match_first(1));
    let client = gate.nodes.world.client.pubkey();
    let dismiss = gate.dismiss(first);
    let holder = address::token_account(&client, first.mint);
    let moved = instruction::dismiss_moved_device(
        client,
        first.node,
        first.device,
        gate.nodes.world.market,
        &first.mint,
        holder,
    );
    gate.nodes.world.refuse(from_ref(&dismiss), GridError::DeviceNotQueued);
    let start = gate.start(first, job);
    gate.nodes.world.land(&[start]);
    gate.move_access(first.mint, first.node, client);
    for dismiss in [&dismiss, &moved] {
        gate.nodes.world.refuse(from_ref(dismiss), GridError::DeviceNotIdle);
    }
    finish_and_pay(&mut gate.nodes.world, first, job);
    gate.nodes.world.land(&[moved]);
    assert_ledger(&gate.nodes.world, 0);
}

#[test]
fn refuses_a_device_that_took_a_job() {
    let mut gate = Gate::new(Source::Issued);
    let job = gate.nodes.world.list(1);
    let (work, dismiss) = (gate.work(gate.first), gate.dismiss(gate.first));
    gate.nodes.world.land(&[work]);
    gate.nodes.world.refuse(&[dismiss], GridError::DeviceNotIdle);
    gate.run_and_pay(gate.first, job);
}

#[test]
fn refuses_a_device_that_is_not_admitted() {
    let mut gate = Gate::before(Source::Issued);
    let (admit, dismiss) = (gate.admit(gate.second), gate.dismiss(gate.first));
    gate.nodes.world.land(&[admit]);
    let mut others = dismiss;
    others.accounts[ADMISSION].pubkey = address::admission(&gate.nodes.world.market, &gate.second.mint).0;
    others.accounts[PAYER].pubkey = gate.second.node;
    gate.nodes.world.refuse(&[others], GridError::DeviceNotAdmitted);
}

#[test]
fn refuses_the_record_of_another_nft() {
    let mut gate = Gate::new(Source::Issued);
    let mut dismiss = gate.dismiss(gate.first);
    dismiss.accounts[ADMISSION].pubkey = address::admission(&gate.nodes.world.market, &gate.second.mint).0;
    dismiss.accounts[PAYER].pubkey = gate.second.node;
    gate.nodes.world.refuse(&[dismiss], GridError::DeviceNotAdmitted);
}

#[test]
fn refuses_the_record_of_another_market() {
    let mut gate = Gate::new(Source::Issued);
    let (first, authority) = (gate.first, gate.nodes.world.authority.pubkey());
    let other = gate.nodes.world.open_market(1, TERMS);
    let device = address::device(&other, &first.node, 0).0;
    gate.nodes.world.land(&[
        instruction::set_admission(authority, other, gate.terms()),
        instruction::open_device(first.node, other, 0, first.node),
        instruction::admit_device(first.node, device, other, &first.mint, gate.source.rule()),
    ]);
    let mut dismiss = gate.dismiss(first);
    dismiss.accounts[ADMISSION].pubkey = address::admission(&other, &first.mint).0;
    gate.nodes.world.refuse(&[dismiss], GridError::DeviceNotAdmitted);
}

#[test]
fn refuses_another_payer() {
    let mut gate = Gate::new(Source::Issued);
    let mut dismiss = gate.dismiss(gate.first);
    dismiss.accounts[PAYER].pubkey = gate.second.node;
    gate.nodes.world.refuse(&[dismiss], GridError::WrongRentPayer);
}

#[test]
fn happens_once() {
    let mut gate = Gate::new(Source::Issued);
    let device = gate.nodes.world.open_device(1);
    let again = Party { device, ..gate.first };
    let (admit, dismiss) = (gate.admit(again), gate.dismiss(gate.first));
    gate.nodes.world.land(&[admit]);
    gate.nodes.world.refuse(&[dismiss.clone(), dismiss.clone()], GridError::DeviceNotAdmitted);
    gate.nodes.world.land(from_ref(&dismiss));
    gate.nodes.world.refuse(&[dismiss], GridError::DeviceNotAdmitted);
    assert_eq!(gate.nodes.admission(&gate.first.mint).devices, 1);
}

#[test]
fn an_admitted_device_is_not_closed() {
    let mut gate = Gate::new(Source::Issued);
    let (first, mint) = (gate.first, gate.nodes.world.mint);
    let bond = instruction::withdraw_bond(first.node, first.device, mint, first.node, BOND);
    let close = instruction::close_device(first.node, first.node, first.device);
    gate.nodes.world.land(&[bond]);
    gate.nodes.world.refuse(from_ref(&close), GridError::DeviceAdmitted);
    let (dismiss, lamports) = (gate.dismiss(first), gate.nodes.world.lamports(&first.node));
    gate.nodes.world.land(&[dismiss, close]);
    let rent = gate.nodes.world.rent(208) + gate.nodes.world.rent(288);
    assert_eq!(gate.nodes.world.lamports(&first.node), lamports + rent);
}

/// The client's `dismiss_device` of the first device, with nothing to show.
fn by_client(gate: &Gate) -> Instruction {
    let mut dismiss = gate.dismiss(gate.first);
    dismiss.accounts[SIGNER].pubkey = gate.nodes.world.client.pubkey();
    dismiss
}

#[test]
fn anyone_dismisses_to_the_second_thirty_days_after_a_notice() {
    for is_queued in [false, true] {
        let mut gate = Gate::new(Source::Issued);
        let (first, dismiss) = (gate.first, by_client(&gate));
        if is_queued {
            let work = gate.work(first);
            gate.nodes.world.land(&[work]);
        }
        gate.nodes.world.refuse(from_ref(&dismiss), GridError::NoticeNotGiven);
        gate.nodes.world.run(&[instruction::notify_device(first.device)], &[]);
        gate.nodes.world.network.advance(NOTICE);
        gate.nodes.world.refuse(from_ref(&dismiss), GridError::NoticeNotGiven);
        gate.nodes.world.network.advance(1);
        let lamports = gate.nodes.world.lamports(&first.node);
        gate.nodes.world.land(&[dismiss]);
        assert_eq!(gate.nodes.world.lamports(&first.node), lamports + gate.nodes.world.rent(208));
        let device = gate.nodes.world.device(&first.device);
        assert!(device.is(DeviceState::Idle));
        assert_eq!(device.access, 0);
        assert_eq!(gate.nodes.world.market().waiting(), Some(vec![]));
        assert_ledger(&gate.nodes.world, 0);
    }
}

#[test]
fn with_a_notice_all_that_an_idle_device_holds_goes_home_by_anybodys_hand() {
    let mut gate = Gate::new(Source::Issued);
    let (first, mint) = (gate.first, gate.nodes.world.mint);
    let client = gate.nodes.world.client.pubkey();
    let job = gate.match_first(1);
    let start = gate.start(first, job);
    gate.nodes.world.land(&[start]);
    gate.nodes.world.network.advance(RUN_SECONDS);
    gate.nodes.world.finish(first.device, job);
    let (lamports, tokens) = (gate.nodes.world.lamports(&first.node), gate.nodes.world.tokens(&first.node));

    gate.nodes.world.run(&[instruction::notify_device(first.device)], &[]);
    gate.nodes.world.network.advance(NOTICE + 1);
    let steps = [
        by_client(&gate),
        instruction::withdraw_bond(client, first.device, mint, first.node, BOND),
        instruction::withdraw_earnings(first.device, mint, first.node),
        instruction::close_device(client, first.node, first.device),
    ];
    gate.nodes.world.land(&steps);

    assert!(!gate.nodes.world.exists(&first.device));
    assert!(!gate.nodes.world.exists(&address::admission(&gate.nodes.world.market, &first.mint).0));
    let rent = gate.nodes.world.rent(208) + gate.nodes.world.rent(288);
    assert_eq!(gate.nodes.world.lamports(&first.node), lamports + rent);
    assert_eq!(gate.nodes.world.tokens(&first.node), tokens + BOND + RUN_PAYS);
    assert_ledger(&gate.nodes.world, 0);
    assert_solvent(&gate.nodes.world);
}

#[test]
fn with_a_notice_for_each_place_a_queued_device_goes_home_too() {
    let mut gate = Gate::new(Source::Issued);
    let (first, mint) = (gate.first, gate.nodes.world.mint);
    let client = gate.nodes.world.client.pubkey();
    let (lamports, tokens) = (gate.nodes.world.lamports(&first.node), gate.nodes.world.tokens(&first.node));
    let work = gate.work(first);
    gate.nodes.world.land(&[work]);
    let notify = instruction::notify_device(first.device);
    gate.nodes.world.run(from_ref(&notify), &[]);
    gate.nodes.world.network.advance(NOTICE + 1);
    let dismiss = by_client(&gate);
    gate.nodes.world.land(&[dismiss]);
    let home = [
        instruction::withdraw_bond(client, first.device, mint, first.node, BOND),
        instruction::close_device(client, first.node, first.device),
    ];
    gate.nodes.world.refuse(&home[..1], GridError::NoticeNotGiven);
    gate.nodes.world.run(&[notify], &[]);
    gate.nodes.world.network.advance(NOTICE + 1);
    gate.nodes.world.land(&home);
    let rent = gate.nodes.world.rent(208) + gate.nodes.world.rent(288);
    assert_eq!(gate.nodes.world.lamports(&first.node), lamports + rent);
    assert_eq!(gate.nodes.world.tokens(&first.node), tokens + BOND);
    assert_ledger(&gate.nodes.world, 0);
}

#[test]
fn a_burned_nft_holds_nothing_up_for_its_node() {
    for source in SOURCES {
        let mut gate = Gate::new(source);
        gate.burn(gate.first);
        let dismiss = gate.dismiss(gate.first);
        let landed = gate.nodes.world.land(&[dismiss]);
        assert!(matches!(events_in(&landed.logs)[..], [Event::DeviceDismissed(_)]));
        assert!(!gate.nodes.world.exists(&nodes::metadata_address(&gate.first.mint)));
    }
}

#[test]
fn a_revoked_nft_holds_nothing_up_for_its_node() {
    let mut gate = Gate::new(Source::Issued);
    gate.unverify(gate.first);
    let dismiss = gate.dismiss(gate.first);
    gate.nodes.world.land(&[dismiss]);
}

/// Anyone says that the first party's NFT is not in the market's collection.
fn by_stranger(gate: &Gate) -> Instruction {
    let Party { node, device, mint } = gate.first;
    let world = &gate.nodes.world;
    instruction::dismiss_lapsed_device(world.stranger.pubkey(), node, device, world.market, &mint)
}

#[test]
fn anyone_dismisses_a_device_whose_nft_is_not_in_the_collection_any_more() {
    let losses: [fn(&mut Gate); 3] = [
        |gate| gate.unverify(gate.first),
        |gate| gate.burn(gate.first),
        |gate| {
            let other = make_collection(&mut gate.nodes.world, "another collection", true);
            let terms = AdmissionTerms { collection: other, ..gate.terms() };
            gate.nodes.set_admission(terms);
        },
    ];
    for (source, loss) in SOURCES.iter().flat_map(|source| losses.map(|loss| (*source, loss))) {
        let mut gate = Gate::new(source);
        let first = gate.first;
        let works = [gate.work(first), gate.work(gate.second)];
        gate.nodes.world.land(&works);
        let dismiss = by_stranger(&gate);
        gate.nodes.world.refuse(from_ref(&dismiss), GridError::NoticeNotGiven);

        loss(&mut gate);
        let lamports = gate.nodes.world.lamports(&first.node);
        gate.nodes.world.land(&[dismiss]);

        let device = gate.nodes.world.device(&first.device);
        assert!(device.is(DeviceState::Idle));
        assert_eq!((device.access, device.strikes, device.bond_atoms), (0, 0.into(), BOND.into()));
        assert_eq!(gate.nodes.world.market().waiting(), Some(vec![gate.second.device]));
        assert_eq!(gate.nodes.world.lamports(&first.node), lamports + gate.nodes.world.rent(208));
        assert_ledger(&gate.nodes.world, 0);
    }
}

#[test]
fn nobody_is_dismissed_by_what_says_nothing_about_its_nft() {
    let mut gate = Gate::new(Source::Issued);
    gate.unverify(gate.first);
    let dismiss = by_stranger(&gate);
    let (metadata, market) = (METADATA, MARKET);
    let others = [
        (metadata, nodes::metadata_address(&gate.second.mint)),
        (metadata, nodes::edition_address(&gate.first.mint)),
        (metadata, gate.nodes.world.stranger.pubkey()),
        (metadata, grid_jobs::ID), // none
        (market, grid_jobs::ID),   // none
    ];
    for (place, other) in others {
        let mut dismiss = dismiss.clone();
        dismiss.accounts[place].pubkey = other;
        gate.nodes.world.refuse(&[dismiss], GridError::NoticeNotGiven);
    }
    let other = gate.nodes.world.open_market(1, TERMS);
    let mut elsewhere = dismiss.clone();
    elsewhere.accounts[MARKET].pubkey = other;
    gate.nodes.world.refuse(&[elsewhere], GridError::WrongMarket);
    gate.nodes.world.land(&[dismiss]);
}

#[test]
fn a_market_that_asks_for_no_nft_dismisses_nobody() {
    let mut gate = Gate::new(Source::Issued);
    gate.nodes.set_admission(AdmissionTerms::OPEN);
    let dismiss = by_stranger(&gate);
    gate.nodes.world.refuse(from_ref(&dismiss), GridError::NoticeNotGiven);
    gate.unverify(gate.first);
    gate.nodes.world.refuse(&[dismiss], GridError::NoticeNotGiven);
}
