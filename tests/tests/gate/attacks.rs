//! What two nodes with one NFT, one stake or one attestation try, and what a stranger tries against a node.

use crate::support::*;
use grid_client::{
    address,
    instruction::{self, Evidence},
    nodes, token,
};
use grid_jobs::{AccessRule, AdmissionTerms, DeviceState, GridError, JobState};
use grid_tests::{TERMS, assert_ledger, keypair_for, metaplex::PLAIN, world::BOND};
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

/// `dismiss_device` of the first device by the client, who shows `holder`.
fn dismiss(gate: &Gate, holder: Address) -> Instruction {
    let (client, first) = (gate.nodes.world.client.pubkey(), gate.first);
    let market = gate.nodes.world.market;
    instruction::dismiss_moved_device(client, first.node, first.device, market, &first.mint, holder)
}

/// A gate whose first device is idle, and one whose first device waits.
fn idle_and_queued(source: Source) -> [Gate; 2] {
    let idle = Gate::new(source);
    let mut queued = idle.clone();
    let work = queued.work(queued.first);
    queued.nodes.world.land(&[work]);
    [idle, queued]
}

#[test]
fn two_nodes_pass_one_nft_back_and_forth_and_only_the_admitted_one_works() {
    for source in [Source::Held, Source::Sized, Source::Unsized] {
        let mut gate = Gate::new(source);
        let (first, shared) = (gate.first, gate.first.mint);
        let second = Party { mint: shared, ..gate.second };
        let (dismiss, work) = (gate.dismiss(gate.second), gate.work(first));
        gate.nodes.world.land(&[dismiss, work]);
        let job = gate.nodes.world.list(1);
        let start = gate.start(first, job);
        gate.nodes.world.land(&[start]);
        gate.move_access(shared, first.node, second.node);
        let (admit, work) = (gate.admit(second), gate.work(second));
        gate.nodes.world.refuse(&[admit], GridError::AccessInUse);
        gate.nodes.world.refuse(&[work], GridError::DeviceNotAdmitted);
        assert_ledger(&gate.nodes.world, 0);
    }
}

#[test]
fn a_device_that_is_admitted_with_its_own_nft_does_not_show_anothers() {
    let mut gate = Gate::new(Source::Sized);
    let shared = gate.first.mint;
    gate.move_access(shared, gate.first.node, gate.second.node);
    let work = gate.work(Party { mint: shared, ..gate.second });
    gate.nodes.world.refuse(&[work], GridError::WrongAccessMetadata);
}

#[test]
fn one_transaction_that_lends_the_nft_admits_nobody_for_longer() {
    // The lender dismisses, the borrower is admitted, works and gives the NFT back: its start is refused.
    let mut gate = Gate::new(Source::Sized);
    let (lender, shared) = (gate.first, gate.first.mint);
    let borrower = Party { mint: shared, ..gate.second };
    let [of_lender, of_borrower] =
        [lender.node, borrower.node].map(|node| address::token_account(&node, shared));
    let create = token::create_account(lender.node, borrower.node, shared);
    gate.nodes.world.land(&[create]);
    let steps = [
        gate.dismiss(gate.second),
        gate.dismiss(lender),
        token::transfer(of_lender, of_borrower, lender.node, 1),
        gate.admit(borrower),
        gate.work(borrower),
        token::transfer(of_borrower, of_lender, borrower.node, 1),
    ];
    gate.nodes.world.land(&steps);
    let job = gate.nodes.world.list(1);
    let start = gate.start(borrower, job);
    gate.nodes.world.refuse(&[start], GridError::AccessNotHeld);
    // And the lender gets its place back when the match is over.
    gate.nodes.world.network.advance(61);
    let expire = instruction::expire_assignment(gate.nodes.world.run_of(borrower.device, job), None);
    let market = gate.nodes.world.market;
    let back = instruction::dismiss_moved_device(
        lender.node,
        borrower.node,
        borrower.device,
        market,
        &shared,
        of_lender,
    );
    let steps = [expire, back, gate.admit(lender), gate.work(lender)];
    gate.nodes.world.land(&steps);
    gate.run_and_pay(lender, job);
    assert_ledger(&gate.nodes.world, 0);
}

#[test]
fn markets_count_their_own_devices_only_so_an_nft_serves_one_node_in_each() {
    // The record of an NFT is the market's: two nodes run jobs at the same time, each of which began while it held the NFT.
    let mut gate = Gate::new(Source::Sized);
    let (authority, shared, mint) =
        (gate.nodes.world.authority.pubkey(), gate.first.mint, gate.nodes.world.mint);
    let (other, second) = (gate.nodes.world.open_market(1, TERMS), gate.second);
    let job = gate.match_first(1);
    let start = gate.start(gate.first, job);
    gate.nodes.world.land(&[start]);
    gate.move_access(shared, gate.first.node, second.node);

    let device = address::device(&other, &second.node, 0).0;
    let source = address::token_account(&second.node, mint);
    gate.nodes.world.land(&[
        instruction::set_admission(authority, other, gate.terms()),
        instruction::open_device(second.node, other, 0, second.node),
        instruction::fund_bond(second.node, source, device, mint, BOND),
        instruction::admit_device(second.node, device, other, &shared, AccessRule::Holder),
    ]);
    let borrower = Party { mint: shared, device, ..second };
    let evidence = gate.evidence(borrower);
    gate.nodes.world.land(&[instruction::work_gated(second.node, device, other, 0, evidence)]);
    let home = std::mem::replace(&mut gate.nodes.world.market, other);
    let elsewhere = gate.nodes.world.list(2);
    let start = gate.start_with(borrower, elsewhere, evidence);
    gate.nodes.world.land(&[start]);
    gate.nodes.world.market = home;

    for (device, job) in [(gate.first.device, job), (device, elsewhere)] {
        assert!(gate.nodes.world.device(&device).is(DeviceState::Running));
        assert!(gate.nodes.world.job(&job).is(JobState::Running));
    }
    finish_and_pay(&mut gate.nodes.world, gate.first, job);
    let work = gate.work(gate.first);
    gate.nodes.world.refuse(&[work], GridError::AccessNotHeld);
    assert_ledger(&gate.nodes.world, 0);
}

#[test]
fn the_evidence_of_another_node_is_no_evidence() {
    let gate = Gate::new(Source::Issued);
    let theirs = gate.evidence(gate.second);
    gate.refuses(GridError::WrongStake, |_| theirs);
    let right = gate.evidence(gate.first);
    gate.refuses(GridError::WrongAccessMetadata, |_| Evidence { stake: right.stake, ..theirs });
    gate.refuses(GridError::AccessNotHeld, |_| Evidence { access_token: theirs.access_token, ..right });
    gate.refuses(GridError::WrongAttestation, |_| Evidence { attestation: theirs.attestation, ..right });
    gate.refuses(GridError::WrongNodeRecord, |_| Evidence { node_record: theirs.node_record, ..right });
}

#[test]
fn two_nodes_do_not_share_a_stake() {
    let mut gate = Gate::new(Source::Issued);
    let rich = gate.stake_address(gate.second);
    let (node, mint) = (gate.second.node, gate.nodes.world.mint);
    let source = address::token_account(&node, mint);
    gate.nodes.world.land(&[grid_client::staking::top_up(node, source, rich, mint, 100 * STAKE)]);
    gate.refuses(GridError::WrongStake, |gate| Evidence { stake: Some(rich), ..gate.evidence(gate.first) });
    gate.takes(|gate| gate.evidence(gate.first));
}

#[test]
fn the_signature_of_another_does_not_lend_its_evidence() {
    let mut gate = Gate::new(Source::Issued);
    let mut work = gate.work_with(gate.first, gate.evidence(gate.second));
    work.accounts[0].pubkey = gate.second.node;
    gate.nodes.world.refuse(&[work], GridError::NotDeviceNode);
}

#[test]
fn a_stranger_with_another_nfts_token_dismisses_nobody() {
    for source in SOURCES {
        for mut gate in idle_and_queued(source) {
            let client = gate.nodes.world.client.pubkey();
            let other = make(&mut gate.nodes.world, "strangers own", &client, PLAIN);
            let held = address::token_account(&client, other);
            let dismiss = dismiss(&gate, held);
            gate.nodes.world.refuse(&[dismiss], GridError::NoticeNotGiven);
        }
    }
}

#[test]
fn a_stranger_with_an_empty_account_dismisses_nobody() {
    for mut gate in idle_and_queued(Source::Held) {
        let (client, mint) = (gate.nodes.world.client.pubkey(), gate.first.mint);
        gate.nodes.world.land(&[token::create_account(client, client, mint)]);
        let dismiss = dismiss(&gate, address::token_account(&client, mint));
        gate.nodes.world.refuse(&[dismiss], GridError::NoticeNotGiven);
    }
}

#[test]
fn a_stranger_with_the_nodes_own_account_dismisses_nobody() {
    for mut gate in idle_and_queued(Source::Held) {
        let dismiss = dismiss(&gate, address::token_account(&gate.first.node, gate.first.mint));
        gate.nodes.world.refuse(&[dismiss], GridError::NoticeNotGiven);
    }
}

#[test]
fn a_stranger_with_nothing_dismisses_nobody() {
    for mut gate in idle_and_queued(Source::Held) {
        let dismiss = dismiss(&gate, grid_jobs::ID); // none
        gate.nodes.world.refuse(&[dismiss], GridError::NoticeNotGiven);
    }
}

#[test]
fn a_stranger_with_a_forged_account_dismisses_nobody() {
    for mut gate in idle_and_queued(Source::Held) {
        let client = gate.nodes.world.client.pubkey();
        let token = address::token_account(&gate.first.node, gate.first.mint);
        let mut account = gate.nodes.world.raw(&token);
        account.data[32..64].copy_from_slice(client.as_ref());
        for owner in [token::PROGRAM_2022_ID, grid_jobs::ID, solana_sdk_ids::system_program::ID] {
            let forged = keypair_for("forged holder").pubkey();
            let account = solana_account::Account { owner, ..account.clone() };
            gate.nodes.world.network.set(forged, account);
            let dismiss = dismiss(&gate, forged);
            gate.nodes.world.refuse_with(&[dismiss], InstructionError::IllegalOwner);
        }
    }
}

#[test]
fn a_stranger_dismisses_nobody_by_another_markets_record() {
    for mut gate in idle_and_queued(Source::Held) {
        let (first, authority) = (gate.first, gate.nodes.world.authority.pubkey());
        let other = gate.nodes.world.open_market(1, TERMS);
        let device = address::device(&other, &first.node, 0).0;
        let mint = gate.give_access("access 3", first.node);
        let terms = gate.terms();
        gate.nodes.world.land(&[
            instruction::set_admission(authority, other, terms),
            instruction::open_device(first.node, other, 0, first.node),
            instruction::admit_device(first.node, device, other, &mint, AccessRule::Holder),
        ]);
        let client = gate.nodes.world.client.pubkey();
        gate.move_access(mint, first.node, client);
        let mut dismiss = dismiss(&gate, address::token_account(&client, mint));
        dismiss.accounts[2].pubkey = address::admission(&other, &mint).0;
        gate.nodes.world.refuse(&[dismiss], GridError::DeviceNotAdmitted);
    }
}

#[test]
fn a_stranger_does_not_redirect_the_rent() {
    for mut gate in idle_and_queued(Source::Held) {
        let client = gate.nodes.world.client.pubkey();
        gate.move_access(gate.first.mint, gate.first.node, client);
        let right = dismiss(&gate, address::token_account(&client, gate.first.mint));
        for other in [client, gate.second.node, gate.nodes.world.market] {
            let mut wrong = right.clone();
            wrong.accounts[3].pubkey = other;
            let signers = [gate.nodes.world.client.insecure_clone()];
            let before = gate.nodes.world.state();
            let attempt = gate.nodes.world.attempt(&[wrong], &signers.iter().collect::<Vec<_>>());
            grid_tests::expect_failure(attempt);
            assert_eq!(gate.nodes.world.state(), before);
        }
        gate.nodes.world.land(&[right]);
    }
}

#[test]
fn anyone_may_show_that_the_nft_moved_but_only_where_it_is() {
    // The client holds it; a third one shows that.
    let mut gate = Gate::new(Source::Issued);
    let (client, second) = (gate.nodes.world.client.pubkey(), gate.second.node);
    gate.move_access(gate.first.mint, gate.first.node, client);
    let held = address::token_account(&client, gate.first.mint);
    let (first, market) = (gate.first, gate.nodes.world.market);
    let dismiss =
        instruction::dismiss_moved_device(second, first.node, first.device, market, &first.mint, held);
    gate.nodes.world.land(&[dismiss]);
}

#[test]
fn a_stranger_does_not_dismiss_a_device_whose_nft_came_back() {
    let mut gate = Gate::new(Source::Held);
    let client = gate.nodes.world.client.pubkey();
    let dismiss = dismiss(&gate, address::token_account(&client, gate.first.mint));
    gate.move_access(gate.first.mint, gate.first.node, client);
    gate.move_access(gate.first.mint, client, gate.first.node);
    gate.nodes.world.refuse(from_ref(&dismiss), GridError::NoticeNotGiven);
}

#[test]
fn a_stranger_does_not_dismiss_a_device_whose_nft_was_revoked_or_burned() {
    for burned in [false, true] {
        let mut gate = Gate::new(Source::Issued);
        let held = address::token_account(&gate.first.node, gate.first.mint);
        let plain = dismiss(&gate, grid_jobs::ID);
        match burned {
            true => gate.burn(gate.first),
            false => {
                gate.unverify(gate.first);
                let shown = dismiss(&gate, held);
                gate.nodes.world.refuse(&[shown], GridError::NoticeNotGiven);
            }
        }
        gate.nodes.world.refuse(&[plain], GridError::NoticeNotGiven);
    }
}

#[test]
fn a_stranger_admits_nobody() {
    let mut gate = Gate::before(Source::Held);
    let client = gate.nodes.world.client.pubkey();
    let mut admit = gate.admit(gate.first);
    admit.accounts[0].pubkey = client;
    gate.nodes.world.refuse(&[admit], GridError::NotDeviceNode);
}

#[test]
fn a_node_does_not_verify_itself_into_the_collection() {
    // A friend's collection of the same name.
    let mut gate = Gate::before(Source::Issued);
    let (node, device) = (gate.first.node, gate.first.device);
    let (label, friend) = (grid_tests::nodes::label, gate.nodes.world.client.pubkey());
    gate.nodes.world.land(&[nodes::create_collection(friend, 0, label("Grid RTX 4090"))]);
    let own = nodes::collection_mint_address(&friend, 0).0;
    gate.nodes.world.land(&[nodes::issue_access(friend, &own, node, 0, label("Grid access"))]);
    let mint = nodes::access_mint_address(&own, 0).0;
    let market = gate.nodes.world.market;
    let admit = instruction::admit_device(node, device, market, &mint, AccessRule::Issued);
    gate.nodes.world.refuse(&[admit], GridError::AccessNotVerified);
}

#[test]
fn the_same_nft_under_both_rules_backs_one_node() {
    // The market switches from holders to those it was issued to and back, while the NFT changes hands.
    let mut gate = Gate::new(Source::Held);
    let (first, second) = (gate.first, Party { mint: gate.first.mint, ..gate.second });
    let dismiss = gate.dismiss(gate.second);
    gate.nodes.world.land(&[dismiss]);
    gate.move_access(first.mint, first.node, second.node);
    for access in [AccessRule::Issued, AccessRule::Holder] {
        let terms = AdmissionTerms { access, ..gate.terms() };
        gate.nodes.set_admission(terms);
        let market = gate.nodes.world.market;
        let admit = instruction::admit_device(second.node, second.device, market, &second.mint, access);
        let error = match access {
            AccessRule::Issued => GridError::NotIssuedToNode,
            _ => GridError::AccessInUse,
        };
        gate.nodes.world.refuse(&[admit], error);
    }
}
