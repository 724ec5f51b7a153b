//! What `work_gated` and `start_gated` take and refuse as an attestation and as the node's record.

use crate::support::*;
use grid_client::{instruction::Evidence, nodes};
use grid_jobs::{AdmissionTerms, GridError};
use grid_nodes::{Attestation, Measured, Node};
use grid_tests::{
    keypair_for,
    nodes::{CLASS, SCORE, label},
};
use solana_address::Address;
use solana_signer::Signer;

fn attestation_of(gate: &Gate, party: Party) -> Address {
    nodes::attestation_address(&gate.nodes.collection, &party.node, CLASS).0
}

fn shows(attestation: Address) -> impl Fn(&mut Gate) -> Evidence {
    move |gate| Evidence { attestation: Some(attestation), ..gate.evidence(gate.first) }
}

fn shows_record(record: Address) -> impl Fn(&mut Gate) -> Evidence {
    move |gate| Evidence { node_record: Some(record), ..gate.evidence(gate.first) }
}

#[test]
fn both_are_needed() {
    let gate = Gate::new(Source::Issued);
    gate.refuses(GridError::WrongAttestation, |gate| Evidence {
        attestation: None,
        ..gate.evidence(gate.first)
    });
    gate.refuses(GridError::WrongNodeRecord, |gate| Evidence {
        node_record: None,
        ..gate.evidence(gate.first)
    });
    gate.refuses(GridError::WrongAttestation, |gate| Evidence {
        attestation: None,
        node_record: None,
        ..gate.evidence(gate.first)
    });
}

#[test]
fn an_attestation_of_another_node_is_the_wrong_one() {
    let gate = Gate::new(Source::Issued);
    let other = attestation_of(&gate, gate.second);
    gate.refuses(GridError::WrongAttestation, shows(other));
    let record = nodes::node_address(&gate.second.node).0;
    gate.refuses(GridError::WrongAttestation, |gate| Evidence {
        attestation: Some(other),
        node_record: Some(record),
        ..gate.evidence(gate.first)
    });
}

#[test]
fn an_attestation_of_another_collection_is_the_wrong_one() {
    let mut gate = Gate::new(Source::Issued);
    let (authority, node) = (gate.nodes.world.authority.pubkey(), gate.first.node);
    gate.nodes.world.land(&[nodes::create_collection(authority, 1, label("Grid H100"))]);
    let collection = nodes::collection_mint_address(&authority, 1).0;
    let ours = std::mem::replace(&mut gate.nodes.collection, collection);
    let other = gate.nodes.attest(node);
    gate.nodes.collection = ours;
    gate.refuses(GridError::WrongAttestation, shows(other));
}

#[test]
fn an_attestation_of_a_collection_that_the_node_made_itself_is_the_wrong_one() {
    let mut gate = Gate::new(Source::Issued);
    let node = gate.first.node;
    gate.nodes.world.land(&[nodes::create_collection(node, 0, label("Grid RTX 4090"))]);
    let collection = nodes::collection_mint_address(&node, 0).0;
    let measured = Measured {
        class: CLASS,
        score: u64::MAX,
        result: [5; 32],
        expires_at: gate.nodes.world.network.time() + 1_000,
        hardware_slot: gate.nodes.node(&node).hardware_slot.get(),
    };
    gate.nodes.world.land(&[nodes::attest(node, &collection, &node, &measured)]);
    gate.refuses(GridError::WrongAttestation, shows(nodes::attestation_address(&collection, &node, CLASS).0));
}

#[test]
fn an_attestation_of_another_class_is_the_wrong_one() {
    let mut gate = Gate::new(Source::Issued);
    let (attestor, collection, node) =
        (gate.nodes.world.authority.pubkey(), gate.nodes.collection, gate.first.node);
    for class in [CLASS - 1, CLASS + 1, CLASS + 256] {
        let measured = Measured {
            class,
            score: u64::MAX,
            result: [5; 32],
            expires_at: gate.nodes.world.network.time() + 1_000,
            hardware_slot: gate.nodes.node(&node).hardware_slot.get(),
        };
        gate.nodes.world.land(&[nodes::attest(attestor, &collection, &node, &measured)]);
        let other = nodes::attestation_address(&collection, &node, class).0;
        gate.refuses(GridError::WrongAttestation, shows(other));
    }
}

#[test]
fn a_score_that_is_one_too_low_is_refused() {
    let gate = Gate::new(Source::Issued);
    gate.refuses_after(GridError::ScoreTooLow, |gate| {
        let attest = gate.nodes.attest_instruction(gate.first.node, SCORE - 1, 1_000);
        gate.nodes.world.land(&[attest]);
    });
}

#[test]
fn scores_are_compared_as_numbers() {
    let gate = Gate::new(Source::Issued);
    for (score, least, is_fine) in [
        (0, 0, true),
        (0, 1, false),
        (255, 256, false),
        (256, 255, true),
        (65_536, 65_535, true),
        (65_535, 65_536, false),
        (u64::MAX - 1, u64::MAX, false),
        (u64::MAX, u64::MAX, true),
        (1 << 56, 255, true),
        (255, 1 << 56, false),
    ] {
        let set = |gate: &mut Gate| {
            let terms = AdmissionTerms { min_score: least, ..gate.terms() };
            gate.nodes.set_admission(terms);
            let attestation = attestation_of(gate, gate.first);
            gate.nodes.world.edit::<Attestation>(attestation, |found| found.score = score.into());
            gate.evidence(gate.first)
        };
        match is_fine {
            true => gate.takes(set),
            false => gate.refuses(GridError::ScoreTooLow, set),
        }
    }
}

#[test]
fn holds_until_the_second_in_which_it_expires() {
    let gate = Gate::new(Source::Issued);
    for (offset, is_fine) in [(-1, true), (0, false), (1, false)] {
        let wait = |gate: &mut Gate| {
            let attest = gate.nodes.attest_instruction(gate.first.node, SCORE, 100);
            gate.nodes.world.land(&[attest]);
            gate.nodes.world.network.advance(100 + offset);
            gate.evidence(gate.first)
        };
        match is_fine {
            true => gate.takes(wait),
            false => gate.refuses(GridError::AttestationExpired, wait),
        }
    }
}

#[test]
fn a_matched_device_starts_until_the_second_in_which_its_attestation_expires() {
    let gate = Gate::new(Source::Issued);
    for (offset, is_fine) in [(-1, true), (0, false), (1, false)] {
        let mut gate = gate.clone();
        let attest = gate.nodes.attest_instruction(gate.first.node, SCORE, 100);
        gate.nodes.world.land(&[attest]);
        let job = gate.match_first(1);
        gate.nodes.world.network.advance(100 + offset);
        let start = gate.start(gate.first, job);
        match is_fine {
            true => drop(gate.nodes.world.land(&[start])),
            false => gate.nodes.world.refuse(&[start], GridError::AttestationExpired),
        }
    }
}

#[test]
fn a_forged_attestation_is_the_wrong_one() {
    let gate = Gate::new(Source::Issued);
    for owner in [grid_jobs::ID, grid_staking::ID, solana_sdk_ids::system_program::ID] {
        gate.refuses(GridError::WrongAttestation, |gate| {
            let attestation = attestation_of(gate, gate.first);
            let forged = forge(&mut gate.nodes.world, &attestation, owner);
            Evidence { attestation: Some(forged), ..gate.evidence(gate.first) }
        });
        gate.refuses_after(GridError::WrongAttestation, |gate| {
            let attestation = attestation_of(gate, gate.first);
            disown(&mut gate.nodes.world, attestation, owner);
        });
    }
}

#[test]
fn other_accounts_are_no_attestations() {
    let gate = Gate::new(Source::Issued);
    let record = nodes::node_address(&gate.first.node).0;
    let collection = nodes::collection_address(&gate.nodes.collection).0;
    let access = nodes::access_address(&gate.first.mint).0;
    let (device, nobody) = (gate.second.device, keypair_for("nobody").pubkey());
    for account in [record, collection, access, device, gate.first.node, nobody] {
        gate.refuses(GridError::WrongAttestation, shows(account));
    }
}

#[test]
fn the_record_of_another_node_is_the_wrong_one() {
    let gate = Gate::new(Source::Issued);
    let other = nodes::node_address(&gate.second.node).0;
    assert_eq!(
        gate.nodes.node(&gate.first.node).hardware_slot,
        gate.nodes.node(&gate.second.node).hardware_slot,
        "the very hardware slot that would fit"
    );
    gate.refuses(GridError::WrongNodeRecord, shows_record(other));
}

#[test]
fn a_forged_record_is_the_wrong_one() {
    let gate = Gate::new(Source::Issued);
    for owner in [grid_jobs::ID, grid_staking::ID, solana_sdk_ids::system_program::ID] {
        gate.refuses(GridError::WrongNodeRecord, |gate| {
            let record = nodes::node_address(&gate.first.node).0;
            let forged = forge(&mut gate.nodes.world, &record, owner);
            Evidence { node_record: Some(forged), ..gate.evidence(gate.first) }
        });
    }
}

#[test]
fn other_accounts_are_no_records() {
    let gate = Gate::new(Source::Issued);
    let attestation = attestation_of(&gate, gate.first);
    let collection = nodes::collection_address(&gate.nodes.collection).0;
    let nobody = keypair_for("nobody").pubkey();
    for account in [attestation, collection, gate.second.device, gate.first.node, nobody] {
        gate.refuses(GridError::WrongNodeRecord, shows_record(account));
    }
}

#[test]
fn an_attestation_holds_for_the_hardware_of_its_slot_and_no_other() {
    let gate = Gate::new(Source::Issued);
    let slot = gate.nodes.node(&gate.first.node).hardware_slot.get();
    for other in [slot + 1, slot.wrapping_sub(1), slot ^ (1 << 63)] {
        gate.refuses_after(GridError::HardwareChanged, |gate| {
            let record = nodes::node_address(&gate.first.node).0;
            gate.nodes.world.edit::<Node>(record, |node| node.hardware_slot = other.into());
        });
    }
}

#[test]
fn other_software_does_not_end_an_attestation() {
    let gate = Gate::new(Source::Issued);
    gate.takes(|gate| {
        next_slot(&mut gate.nodes.world);
        let update = nodes::update_node(gate.first.node, grid_tests::nodes::hardware(), other_software());
        gate.nodes.world.land(&[update]);
        gate.evidence(gate.first)
    });
}

#[test]
fn an_attestation_outlives_its_attestors_role() {
    let gate = Gate::new(Source::Issued);
    gate.takes(|gate| {
        let (authority, client) = (gate.nodes.world.authority.pubkey(), gate.nodes.world.client.pubkey());
        let (collection, role) = (gate.nodes.collection, grid_nodes::CollectionRole::Attestor);
        gate.nodes.world.land(&[
            nodes::propose_collection_role(authority, &collection, role, client),
            nodes::accept_collection_role(client, &collection, role),
        ]);
        gate.evidence(gate.first)
    });
}
