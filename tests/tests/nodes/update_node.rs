//! `update_node`

use crate::support::*;
use grid_client::nodes::{self, node_address};
use grid_nodes::{Hardware, Node, NodesError, Software};
use grid_tests::{
    Nodes, assert_event, keypair_for,
    nodes::{hardware, software},
};
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

/// The node tells its details anew.
fn update(n: &Nodes, hardware: Hardware, software: Software) -> Instruction {
    nodes::update_node(n.world.node.pubkey(), hardware, software)
}

fn node(n: &Nodes) -> Node {
    n.node(&n.world.node.pubkey())
}

fn record(n: &Nodes) -> Address {
    node_address(&n.world.node.pubkey()).0
}

/// Other software, of which every value is another.
fn other_software() -> Software {
    Software {
        driver: [571, 87, 16],
        cuda: [13, 9],
        version: [1, 2, 3],
        country: 756,
        endpoint: "http://b".to_owned(),
    }
}

/// The hardware with one value changed, once for each value.
fn other_hardware() -> [Hardware; 9] {
    [
        Hardware { gpu_model: "NVIDIA GeForce RTX 4091".to_owned(), ..hardware() },
        Hardware { gpu_count: 3, ..hardware() },
        Hardware { vram_mib: 24_563, ..hardware() },
        Hardware { compute_major: 9, ..hardware() },
        Hardware { compute_minor: 8, ..hardware() },
        Hardware { cpu_model: "AMD EPYC 7543 32-Core".to_owned(), ..hardware() },
        Hardware { cpu_cores: 33, ..hardware() },
        Hardware { ram_mib: 262_145, ..hardware() },
        Hardware { disk_gib: 2_001, ..hardware() },
    ]
}

#[test]
fn stores_every_value_anew_and_nothing_else() {
    let mut n = Nodes::new();
    let (before, record) = (node(&n), record(&n));
    next_slot(&mut n);
    n.world.network.advance(100);
    let update = update(&n, cpu_hardware(), Software { country: 4, ..cpu_software() });

    let landed = land_changing(&mut n, &[update], &[record]);

    assert_eq!(
        node(&n),
        Node {
            country: 4.into(),
            gpu_count: 0.into(),
            hardware_slot: slot(&n).into(),
            updated_at: n.world.network.time().into(),
            vram_mib: 0.into(),
            compute_major: 0,
            compute_minor: 0,
            cuda: [0; 2].map(Into::into),
            driver: [0; 3].map(Into::into),
            gpu_model: [0; 48],
            ..before
        }
    );
    assert_event!(landed, NodeUpdated { node: n.world.node.pubkey(), hardware_slot: slot(&n) });
}

#[test]
fn other_software_leaves_the_hardwares_slot() {
    let mut n = Nodes::new();
    let before = node(&n);
    n.world.network.advance(7);
    next_slot(&mut n);
    let landed = n.world.land(&[update(&n, hardware(), other_software())]);
    assert_eq!(
        node(&n),
        Node {
            country: 756.into(),
            updated_at: n.world.network.time().into(),
            cuda: [13, 9].map(Into::into),
            driver: [571, 87, 16].map(Into::into),
            software: [1, 2, 3].map(Into::into),
            endpoint: field("http://b"),
            ..before
        }
    );
    let hardware_slot = before.hardware_slot;
    assert_event!(landed, NodeUpdated { node: n.world.node.pubkey(), hardware_slot: hardware_slot });
    assert_ne!(hardware_slot, slot(&n));
}

#[test]
fn other_software_is_taken_in_the_slot_of_the_registration() {
    let mut n = Nodes::new();
    assert_eq!(node(&n).hardware_slot, slot(&n));
    n.world.land(&[update(&n, hardware(), other_software()), update(&n, hardware(), software())]);
}

#[test]
fn every_value_of_the_hardware_moves_its_slot() {
    let mut n = Nodes::new();
    for other in other_hardware() {
        next_slot(&mut n);
        n.world.land(&[update(&n, other.clone(), software())]);
        assert_eq!(node(&n).hardware_slot, slot(&n), "{other:?}");
        next_slot(&mut n);
        n.world.land(&[update(&n, hardware(), software())]);
        assert_eq!(node(&n).hardware_slot, slot(&n), "back from {other:?}");
    }
}

#[test]
fn other_hardware_is_refused_in_the_slot_in_which_it_was_told() {
    let mut n = Nodes::new();
    for other in other_hardware() {
        n.world.refuse(&[update(&n, other, software())], NodesError::HardwareTooNew);
    }
    // Time is no slot.
    n.world.network.advance(1_000);
    let other = update(&n, cpu_hardware(), cpu_software());
    n.world.refuse(from_ref(&other), NodesError::HardwareTooNew);
    next_slot(&mut n);
    n.world.land(&[other]);
    n.world.refuse(&[update(&n, hardware(), software())], NodesError::HardwareTooNew);
    next_slot(&mut n);
    n.world.land(&[update(&n, hardware(), software())]);
}

#[test]
fn hardware_that_comes_back_has_another_slot() {
    let mut n = Nodes::new();
    let first = node(&n).hardware_slot;
    next_slot(&mut n);
    n.world.land(&[update(&n, cpu_hardware(), cpu_software())]);
    next_slot(&mut n);
    n.world.land(&[update(&n, hardware(), software())]);
    assert_eq!(node(&n).hardware_slot.get(), first.get() + 2);
}

#[test]
fn a_shorter_text_leaves_nothing_of_the_longer_one() {
    let mut n = Nodes::new();
    next_slot(&mut n);
    let long = Hardware { gpu_model: "x".repeat(48), cpu_model: "y".repeat(48), ..hardware() };
    let endpoint = format!("https://{}", "z".repeat(120));
    n.world.land(&[update(&n, long, Software { endpoint, ..software() })]);
    next_slot(&mut n);
    let short = Hardware { gpu_model: "a".to_owned(), cpu_model: "b".to_owned(), ..hardware() };
    n.world.land(&[update(&n, short, Software { endpoint: "http://c".to_owned(), ..software() })]);
    let node = node(&n);
    assert_eq!((node.gpu_model, node.cpu_model, node.endpoint), (field("a"), field("b"), field("http://c")));
}

#[test]
fn the_same_again_changes_only_the_time() {
    let mut n = Nodes::new();
    let (before, same) = (node(&n), update(&n, hardware(), software()));
    land_changing(&mut n, from_ref(&same), &[]);
    n.world.network.advance(1);
    n.world.land(&[same]);
    assert_eq!(node(&n), Node { updated_at: (before.updated_at.get() + 1).into(), ..before });
}

#[test]
fn takes_values_up_to_their_bounds() {
    let mut n = Nodes::new();
    for (hardware, software) in at_the_bounds() {
        next_slot(&mut n);
        n.world.land(&[update(&n, hardware.clone(), software.clone())]);
        let node = node(&n);
        assert_eq!(
            (node.gpu_model, node.cpu_model, node.endpoint),
            (field(&hardware.gpu_model), field(&hardware.cpu_model), field(&software.endpoint))
        );
        assert_eq!((node.gpu_count.get(), node.vram_mib.get()), (hardware.gpu_count, hardware.vram_mib));
    }
}

#[test]
fn refuses_each_wrong_value_by_its_name() {
    let mut n = Nodes::new();
    next_slot(&mut n);
    for (hardware, software, error) in beyond_the_bounds() {
        n.world.refuse(&[update(&n, hardware, software)], error);
    }
}

#[test]
fn refuses_anybody_but_the_node() {
    let mut n = Nodes::new();
    let update = update(&n, hardware(), software());
    let not = ours(NodesError::NotNode);
    let [authority, client, _, stranger] = keys(&n);
    refuse_swaps(&n, &update, &[authority, client, stranger].map(|key| (0, key, not.clone())));
    needs_the_signature(&mut n, &update);
}

#[test]
fn refuses_the_record_of_another_node_and_one_that_is_none() {
    let mut n = Nodes::new();
    let client = n.world.client.pubkey();
    n.world.land(&[nodes::register_node(client, hardware(), software())]);
    let record = record(&n);
    let forged = forge(&mut n, &record, "forged", grid_jobs::ID);
    let nft = n.issue(client);
    refuse_swaps(
        &n,
        &update(&n, hardware(), software()),
        &[
            (1, node_address(&client).0, ours(NodesError::NotNode)),
            (1, forged, FOREIGN),
            (1, crate::support::record(&n), MISSING),
            (1, nodes::access_address(&nft).0, MISSING),
            (1, keypair_for("nobody").pubkey(), MISSING),
            (1, n.world.market, FOREIGN),
        ],
    );
}

#[test]
fn refuses_a_node_that_is_not_registered() {
    let mut n = Nodes::new();
    let update = nodes::update_node(n.world.client.pubkey(), hardware(), software());
    n.world.refuse_with(&[update], InstructionError::AccountDataTooSmall);
}
