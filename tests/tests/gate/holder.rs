//! Markets that admit whoever holds an NFT: it may be passed on, and what it backed gives way to the new holder.

use crate::support::*;
use grid_client::{address, instruction, nodes, token};
use grid_jobs::{DeviceState, GridError};
use grid_tests::{assert_event, assert_ledger, assert_solvent, metaplex};
use solana_instruction::{AccountMeta, Instruction};
use solana_signer::Signer;
use std::slice::from_ref;

/// The sources whose markets admit the holder.
const HELD: [Source; 3] = [Source::Held, Source::Sized, Source::Unsized];

/// A gate whose first node has passed its NFT on to the second, whose own is dismissed; and the second with that NFT.
fn passed_on(source: Source) -> (Gate, Party) {
    let mut gate = Gate::new(source);
    let dismiss = gate.dismiss(gate.second);
    gate.nodes.world.land(&[dismiss]);
    gate.move_access(gate.first.mint, gate.first.node, gate.second.node);
    let holder = Party { mint: gate.first.mint, ..gate.second };
    (gate, holder)
}

/// The new holder dismisses the first device.
fn take_over(gate: &Gate, holder: Party) -> Instruction {
    let (first, market) = (gate.first, gate.nodes.world.market);
    let held = address::token_account(&holder.node, holder.mint);
    instruction::dismiss_moved_device(holder.node, first.node, first.device, market, &first.mint, held)
}

#[test]
fn the_new_holder_takes_the_place_of_the_old_one() {
    for source in HELD {
        let (mut gate, holder) = passed_on(source);
        let (first, admit) = (gate.first, gate.admit(holder));
        let work = gate.work(first);
        gate.nodes.world.refuse(&[work], GridError::AccessNotHeld);
        gate.nodes.world.refuse(from_ref(&admit), GridError::AccessInUse);

        let lamports = gate.nodes.world.lamports(&first.node);
        let take_over = take_over(&gate, holder);
        let landed = gate.nodes.world.land(&[take_over]);

        assert_event!(landed, DeviceDismissed { device: first.device, mint: first.mint, devices_after: 0 });
        let rent = gate.nodes.world.rent(208);
        assert_eq!(gate.nodes.world.lamports(&first.node), lamports + rent, "who paid it gets it back");
        let steps = [admit, gate.work(holder)];
        gate.nodes.world.land(&steps);
        let admission = gate.nodes.admission(&holder.mint);
        assert_eq!((admission.node, admission.payer), (holder.node, holder.node));
        let job = gate.nodes.world.list(1);
        gate.run_and_pay(holder, job);
        let work = gate.work(first);
        gate.nodes.world.refuse(&[work], GridError::DeviceNotAdmitted);
        let admit = gate.admit(first);
        gate.nodes.world.refuse(&[admit], GridError::AccessNotHeld);
        assert_ledger(&gate.nodes.world, 0);
    }
}

#[test]
fn a_device_that_waits_leaves_the_queue_when_the_new_holder_comes() {
    for source in HELD {
        let mut gate = Gate::new(source);
        let (first, dismiss, work) = (gate.first, gate.dismiss(gate.second), gate.work(gate.first));
        gate.nodes.world.land(&[dismiss, work]);
        gate.move_access(first.mint, first.node, gate.second.node);
        let holder = Party { mint: first.mint, ..gate.second };
        let steps = [take_over(&gate, holder), gate.admit(holder), gate.work(holder)];
        gate.nodes.world.land(&steps);
        assert_eq!(gate.nodes.world.market().waiting(), Some(vec![holder.device]));
        assert!(gate.nodes.world.device(&first.device).is(DeviceState::Idle));
        let job = gate.nodes.world.list(1);
        gate.run_and_pay(holder, job);
        assert_ledger(&gate.nodes.world, 0);
    }
}

#[test]
fn a_running_job_keeps_the_new_holder_waiting_and_no_longer() {
    for source in HELD {
        let mut gate = Gate::new(source);
        let first = gate.first;
        let job = gate.match_first(1);
        let (start, dismiss) = (gate.start(first, job), gate.dismiss(gate.second));
        gate.nodes.world.land(&[start, dismiss]);
        gate.move_access(first.mint, first.node, gate.second.node);
        let holder = Party { mint: first.mint, ..gate.second };
        let (take_over, admit) = (take_over(&gate, holder), gate.admit(holder));
        gate.nodes.world.refuse(from_ref(&take_over), GridError::DeviceNotIdle);
        gate.nodes.world.refuse(from_ref(&admit), GridError::AccessInUse);
        finish_and_pay(&mut gate.nodes.world, first, job);
        let work = gate.work(first);
        gate.nodes.world.refuse(&[work], GridError::AccessNotHeld);
        gate.nodes.world.land(&[take_over, admit]);
        assert_ledger(&gate.nodes.world, 0);
    }
}

#[test]
fn a_matched_device_keeps_the_new_holder_waiting_for_the_start_window() {
    let mut gate = Gate::new(Source::Held);
    let (first, job) = (gate.first, gate.match_first(1));
    let dismiss = gate.dismiss(gate.second);
    gate.nodes.world.land(&[dismiss]);
    gate.move_access(first.mint, first.node, gate.second.node);
    let holder = Party { mint: first.mint, ..gate.second };
    let (take_over, admit) = (take_over(&gate, holder), gate.admit(holder));
    gate.nodes.world.refuse(from_ref(&take_over), GridError::DeviceNotQueued);
    gate.nodes.world.network.advance(61);
    let expire = instruction::expire_assignment(gate.nodes.world.run_of(first.device, job), None);
    let work = gate.work(holder);
    gate.nodes.world.land(&[expire, take_over, admit, work]);
    gate.run_and_pay(holder, job);
    assert_ledger(&gate.nodes.world, 0);
}

#[test]
fn an_nft_that_came_back_backs_the_same_device_again() {
    for source in HELD {
        let mut gate = Gate::new(source);
        let (first, other) = (gate.first, gate.second.node);
        gate.move_access(first.mint, first.node, other);
        let work = gate.work(first);
        gate.nodes.world.refuse(from_ref(&work), GridError::AccessNotHeld);
        gate.move_access(first.mint, other, first.node);
        gate.nodes.world.land(&[work]);
        let job = gate.nodes.world.list(1);
        gate.run_and_pay(first, job);
    }
}

#[test]
fn an_nft_that_came_back_after_it_served_another_is_admitted_anew() {
    let (mut gate, holder) = passed_on(Source::Sized);
    let first = gate.first;
    let steps = [take_over(&gate, holder), gate.admit(holder)];
    gate.nodes.world.land(&steps);
    gate.move_access(first.mint, holder.node, first.node);
    let held = address::token_account(&first.node, first.mint);
    let market = gate.nodes.world.market;
    let back =
        instruction::dismiss_moved_device(first.node, holder.node, holder.device, market, &first.mint, held);
    let steps = [back, gate.admit(first), gate.work(first)];
    gate.nodes.world.land(&steps);
    let job = gate.nodes.world.list(1);
    gate.run_and_pay(first, job);
}

#[test]
fn one_nft_backs_all_devices_of_its_holder() {
    for source in SOURCES {
        let mut gate = Gate::new(source);
        let mut parties = vec![gate.first];
        for index in 1..5 {
            let party = Party { device: gate.nodes.world.open_device(index), ..gate.first };
            let steps = [gate.admit(party)];
            gate.nodes.world.land(&steps);
            parties.push(party);
        }
        assert_eq!(gate.nodes.admission(&gate.first.mint).devices, 5);
        let mut jobs = Vec::new();
        for (id, party) in parties.iter().enumerate() {
            let work = gate.work(*party);
            gate.nodes.world.land(&[work]);
            let job = gate.nodes.world.list(id as u64);
            let start = gate.start(*party, job);
            gate.nodes.world.land(&[start]);
            jobs.push(job);
        }
        gate.nodes.world.network.advance(RUN_SECONDS);
        for (party, job) in parties.iter().zip(&jobs) {
            gate.nodes.world.finish(party.device, *job);
            assert_eq!(gate.nodes.world.device(&party.device).earnings_atoms, RUN_PAYS);
        }
        assert_ledger(&gate.nodes.world, 0);
    }
}

#[test]
fn the_new_holder_dismisses_the_old_ones_devices_one_by_one() {
    let mut gate = Gate::new(Source::Sized);
    let device = gate.nodes.world.open_device(1);
    let also = Party { device, ..gate.first };
    let steps = [gate.admit(also), gate.work(also), gate.dismiss(gate.second)];
    gate.nodes.world.land(&steps);
    gate.move_access(gate.first.mint, gate.first.node, gate.second.node);
    let holder = Party { mint: gate.first.mint, ..gate.second };
    let admit = gate.admit(holder);
    let first = take_over(&gate, holder);
    let held = address::token_account(&holder.node, holder.mint);
    let market = gate.nodes.world.market;
    let second =
        instruction::dismiss_moved_device(holder.node, also.node, also.device, market, &also.mint, held);
    gate.nodes.world.land(&[first]);
    gate.nodes.world.refuse(from_ref(&admit), GridError::AccessInUse);
    gate.nodes.world.land(&[second, admit]);
    assert_eq!(gate.nodes.world.market().waiting(), Some(vec![]));
    assert_ledger(&gate.nodes.world, 0);
    assert_solvent(&gate.nodes.world);
}

#[test]
fn an_nft_of_a_collection_without_a_record_admits_too() {
    // Only attestations need the collection to be entered into grid-nodes.
    for is_sized in [true, false] {
        let mut gate = Gate::new(Source::Sized);
        let world = &mut gate.nodes.world;
        let collection = make_collection(world, "unknown", is_sized);
        let plain = grid_tests::metaplex::PLAIN;
        let mint = make_member(world, "unknown member", &gate.first.node, collection, is_sized, plain);
        gate.nodes.collection = collection;
        let terms = gate.access_terms();
        gate.nodes.set_admission(terms);
        let (old, new) = (gate.first, Party { mint, ..gate.first });
        let steps = [gate.dismiss(old), gate.admit(new), gate.work(new)];
        gate.nodes.world.land(&steps);
        let job = gate.nodes.world.list(1);
        gate.run_and_pay(new, job);
    }
}

#[test]
fn a_programmable_nft_admits_and_moves_like_any_other() {
    let mut gate = Gate::before(Source::Sized);
    let (first, collection, authority) =
        (gate.first, gate.nodes.collection, gate.nodes.world.authority.insecure_clone());
    let network = &mut gate.nodes.world.network;
    let mint = metaplex::make_programmable(network, &authority, "programmable", &first.node, collection);
    // This version of Token Metadata makes and moves programmable NFTs, and verifies none: the flag is written by hand.
    let metadata = nodes::metadata_address(&mint);
    let mut account = gate.nodes.world.raw(&metadata);
    let at = account.data.windows(32).position(|window| window == collection.as_ref()).expect("it is named");
    account.data[at - 1] = 1;
    gate.nodes.world.network.set(metadata, account);
    let token = gate.nodes.world.raw(&address::token_account(&first.node, mint));
    assert_eq!(token.data[108], 2, "it is frozen");
    let (old, new) = (Party { mint, ..first }, Party { mint, ..gate.second });
    let steps = [gate.admit(old), gate.work(old)];
    gate.nodes.world.land(&steps);
    let job = gate.nodes.world.list(1);

    gate.nodes.world.land(&[metaplex::transfer_programmable(&old.node, &mint, &new.node)]);

    let start = gate.start(old, job);
    gate.nodes.world.refuse(&[start], GridError::AccessNotHeld);
    gate.nodes.world.land(&[instruction::decline(old.node, gate.nodes.world.run_of(old.device, job))]);
    let steps = [take_over(&Gate { first: old, ..gate.clone() }, new), gate.admit(new), gate.work(new)];
    gate.nodes.world.land(&steps);
    gate.run_and_pay(new, job);
    assert_ledger(&gate.nodes.world, 0);
}

#[test]
fn a_token_account_that_was_handed_over_whole_takes_the_nft_with_it() {
    // SPL Token: SetAuthority is 6, AccountOwner is 2.
    let mut gate = Gate::new(Source::Held);
    let (first, client) = (gate.first, gate.nodes.world.client.pubkey());
    let job = gate.match_first(1);
    let account = address::token_account(&first.node, first.mint);
    let hand_over = Instruction::new_with_bytes(
        token::PROGRAM_ID,
        &[&[6, 2, 1][..], client.as_ref()].concat(),
        vec![AccountMeta::new(account, false), AccountMeta::new_readonly(first.node, true)],
    );
    gate.nodes.world.land(&[hand_over]);
    let start = gate.start(first, job);
    gate.nodes.world.refuse(&[start], GridError::AccessNotHeld);
    let run = gate.nodes.world.run_of(first.device, job);
    gate.nodes.world.land(&[instruction::decline(first.node, run)]);
    let market = gate.nodes.world.market;
    let dismiss =
        instruction::dismiss_moved_device(client, first.node, first.device, market, &first.mint, account);
    gate.nodes.world.land(&[dismiss]);
}
