//! What `work_gated` and `start_gated` take and refuse as an access NFT.

use crate::support::*;
use grid_client::{address, instruction::Evidence, nodes, token};
use grid_jobs::{AccessRule, AdmissionTerms, Device, GridError};
use grid_token_metadata::ID as TOKEN_METADATA;
use solana_account::Account;
use solana_address::Address;
use solana_signer::Signer;
use std::slice::from_ref;

/// The account of the first node's NFT.
fn token_of(gate: &Gate) -> Address {
    address::token_account(&gate.first.node, gate.first.mint)
}

#[test]
fn whoever_has_all_that_is_asked_for_works_and_starts() {
    for source in SOURCES {
        let gate = Gate::new(source);
        gate.takes(|gate| gate.evidence(gate.first));
        let mut gate = gate;
        let job = gate.match_first(1);
        gate.run_and_pay(gate.first, job);
    }
}

#[test]
fn needs_metadata_and_token() {
    let gate = Gate::new(Source::Issued);
    let whole = gate.evidence(gate.first);
    for (evidence, error) in [
        (Evidence { access_metadata: None, ..whole }, GridError::WrongAccessMetadata),
        (Evidence { access_token: None, ..whole }, GridError::AccessNotHeld),
        (Evidence { access_metadata: None, access_token: None, ..whole }, GridError::WrongAccessMetadata),
    ] {
        gate.refuses(error, |_| evidence);
    }
}

#[test]
fn a_device_that_was_not_admitted_does_not_work() {
    let mut gate = Gate::before(Source::Issued);
    let work = gate.work(gate.first);
    gate.nodes.world.refuse(&[work], GridError::DeviceNotAdmitted);
}

#[test]
fn a_second_device_is_admitted_for_itself() {
    let mut gate = Gate::new(Source::Issued);
    let device = gate.nodes.world.open_device(1);
    let second = Party { device, ..gate.first };
    let work = gate.work(second);
    gate.nodes.world.refuse(&[work], GridError::DeviceNotAdmitted);
}

#[test]
fn the_metadata_is_that_of_the_nft_that_the_device_was_admitted_with() {
    for source in SOURCES {
        let mut gate = Gate::new(source);
        let other = gate.give_access("access 3", gate.first.node);
        let swapped = |mint: &Address, gate: &Gate| Evidence {
            access_metadata: Some(nodes::metadata_address(mint)),
            access_token: Some(address::token_account(&gate.first.node, *mint)),
            ..gate.evidence(gate.first)
        };
        gate.refuses(GridError::WrongAccessMetadata, |gate| swapped(&other, gate));
        gate.refuses(GridError::WrongAccessMetadata, |gate| swapped(&gate.second.mint, gate));
    }
}

#[test]
fn metadata_with_the_same_bytes_is_forged() {
    let gate = Gate::new(Source::Issued);
    let metadata = nodes::metadata_address(&gate.first.mint);
    for owner in [TOKEN_METADATA, grid_jobs::ID, grid_nodes::ID, token::PROGRAM_ID] {
        gate.refuses(GridError::WrongAccessMetadata, |gate| {
            let forged = forge(&mut gate.nodes.world, &metadata, owner);
            Evidence { access_metadata: Some(forged), ..gate.evidence(gate.first) }
        });
    }
}

#[test]
fn metadata_at_the_right_address_of_another_program_is_nothing() {
    let gate = Gate::new(Source::Issued);
    gate.refuses_after(GridError::WrongAccessMetadata, |gate| {
        let metadata = nodes::metadata_address(&gate.first.mint);
        disown(&mut gate.nodes.world, metadata, grid_nodes::ID);
    });
}

#[test]
fn the_collection_must_be_verified_and_the_markets() {
    let gate = Gate::new(Source::Issued);
    // The flag alone, and the collection alone: each byte of the address counts.
    let data = gate.nodes.world.raw(&nodes::metadata_address(&gate.first.mint)).data;
    let key = gate.nodes.collection.to_bytes();
    let at = data.windows(32).position(|window| window == key).expect("the collection's mint");
    assert_eq!(data[at - 2..at], [1, 1], "there is a collection, and it is verified");
    let write = |at: usize, value: u8| {
        move |gate: &mut Gate| {
            let metadata = nodes::metadata_address(&gate.first.mint);
            let mut account: Account = gate.nodes.world.raw(&metadata);
            account.data[at] = value;
            gate.nodes.world.network.set(metadata, account);
        }
    };
    gate.refuses_after(GridError::AccessNotVerified, write(at - 1, 0));
    gate.refuses_after(GridError::AccessNotVerified, write(at - 2, 0));
    gate.refuses_after(GridError::AccessNotVerified, write(at, !key[0]));
    gate.refuses_after(GridError::AccessNotVerified, write(at + 31, !key[31]));
    gate.refuses_after(GridError::WrongAccessMetadata, write(0, 6));
}

#[test]
fn the_token_is_in_an_account_of_the_node() {
    for source in SOURCES {
        let gate = Gate::new(source);
        let client = gate.nodes.world.client.pubkey();
        gate.refuses(GridError::AccessNotHeld, |gate| {
            gate.move_access(gate.first.mint, gate.first.node, client);
            let held = address::token_account(&client, gate.first.mint);
            Evidence { access_token: Some(held), ..gate.evidence(gate.first) }
        });
    }
}

#[test]
fn an_account_without_the_token_holds_nothing() {
    let gate = Gate::new(Source::Issued);
    let client = gate.nodes.world.client.pubkey();
    gate.refuses_after(GridError::AccessNotHeld, |gate| {
        gate.move_access(gate.first.mint, gate.first.node, client);
        assert_eq!(gate.nodes.world.tokens_in(&token_of(gate)), 0, "it is there, and empty");
    });
}

#[test]
fn any_account_of_the_node_may_hold_the_token() {
    let gate = Gate::new(Source::Issued);
    gate.takes(|gate| {
        let held = token_of(gate);
        let account = forge(&mut gate.nodes.world, &held, token::PROGRAM_ID);
        Evidence { access_token: Some(account), ..gate.evidence(gate.first) }
    });
}

#[test]
fn a_token_of_another_mint_is_not_the_nft() {
    let mut gate = Gate::new(Source::Issued);
    let other = gate.give_access("access 3", gate.first.node);
    let plain = gate.nodes.world.create_mint("coin");
    gate.nodes.world.give_tokens(&plain, &gate.first.node, 1);
    for mint in [other, plain, gate.nodes.world.mint] {
        gate.refuses(GridError::AccessNotHeld, |gate| {
            let token = address::token_account(&gate.first.node, mint);
            Evidence { access_token: Some(token), ..gate.evidence(gate.first) }
        });
    }
}

#[test]
fn token_accounts_of_other_programs_hold_nothing() {
    let gate = Gate::new(Source::Issued);
    for owner in [token::PROGRAM_2022_ID, grid_jobs::ID, solana_sdk_ids::system_program::ID] {
        gate.refuses(GridError::AccessNotHeld, |gate| {
            let token = token_of(gate);
            let forged = forge(&mut gate.nodes.world, &token, owner);
            Evidence { access_token: Some(forged), ..gate.evidence(gate.first) }
        });
    }
}

#[test]
fn other_accounts_are_no_token_accounts() {
    let gate = Gate::new(Source::Issued);
    let nobody = grid_tests::keypair_for("nobody").pubkey();
    for account in [gate.first.mint, gate.second.device, gate.first.node, nobody] {
        gate.refuses(GridError::AccessNotHeld, |gate| Evidence {
            access_token: Some(account),
            ..gate.evidence(gate.first)
        });
    }
}

#[test]
fn two_tokens_are_not_one() {
    let gate = Gate::new(Source::Issued);
    for amount in [0_u64, 2, 257, u64::MAX] {
        gate.refuses_after(GridError::AccessNotHeld, |gate| {
            let token = token_of(gate);
            let mut account = gate.nodes.world.raw(&token);
            account.data[64..72].copy_from_slice(&amount.to_le_bytes());
            gate.nodes.world.network.set(token, account);
        });
    }
}

#[test]
fn who_was_admitted_as_the_node_it_was_issued_to_fits_where_any_holder_does() {
    let mut gate = Gate::new(Source::Issued);
    let terms = AdmissionTerms { access: AccessRule::Holder, ..gate.terms() };
    gate.nodes.set_admission(terms);
    gate.takes(|gate| gate.evidence(gate.first));
}

#[test]
fn who_was_admitted_as_a_holder_does_not_fit_where_the_node_counts_that_it_was_issued_to() {
    let gate = Gate::new(Source::Held);
    gate.refuses_after(GridError::DeviceNotAdmitted, |gate| {
        let terms = AdmissionTerms { access: AccessRule::Issued, ..gate.terms() };
        gate.nodes.set_admission(terms);
    });
}

#[test]
fn a_holder_that_the_nft_was_issued_to_fits_after_it_is_admitted_anew() {
    let mut gate = Gate::new(Source::Held);
    let terms = AdmissionTerms { access: AccessRule::Issued, ..gate.terms() };
    gate.nodes.set_admission(terms);
    gate.source = Source::Issued;
    let (admit, dismiss) = (gate.admit(gate.first), gate.dismiss(gate.first));
    gate.nodes.world.refuse(from_ref(&admit), GridError::DeviceAdmitted);
    gate.nodes.world.land(&[dismiss, admit]);
    gate.takes(|gate| gate.evidence(gate.first));
}

#[test]
fn a_zero_address_admits_no_device() {
    // Not admitted: its metadata is the zero address, which is the system program's and can be shown.
    let mut gate = Gate::before(Source::Issued);
    let evidence = Evidence { access_metadata: Some(Default::default()), ..gate.evidence(gate.first) };
    let work = gate.work_with(gate.first, evidence);
    gate.nodes.world.refuse(from_ref(&work), GridError::DeviceNotAdmitted);
    gate.nodes.world.edit::<Device>(gate.first.device, |device| device.access = 1);
    gate.nodes.world.refuse(&[work], GridError::WrongAccessMetadata);
}
