//! `close_node`

use crate::support::*;
use grid_client::nodes::{self, node_address};
use grid_nodes::{Node, NodesError, Software};
use grid_tests::{
    Nodes, assert_event, keypair_for,
    nodes::{hardware, software},
};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;
use std::slice::from_ref;

/// A registered node, one slot later.
fn settled() -> Nodes {
    let mut n = Nodes::new();
    next_slot(&mut n);
    n
}

fn close(n: &Nodes) -> Instruction {
    nodes::close_node(n.world.node.pubkey())
}

fn register(n: &Nodes) -> Instruction {
    nodes::register_node(n.world.node.pubkey(), hardware(), software())
}

fn record(n: &Nodes) -> Address {
    node_address(&n.world.node.pubkey()).0
}

#[test]
fn gives_the_rent_to_the_node() {
    let mut n = settled();
    let (node, close, record) = (n.world.node.pubkey(), close(&n), record(&n));
    let lamports = n.world.lamports(&node);

    let landed = land_changing(&mut n, &[close], &[node, record]);

    assert!(!n.world.exists(&record));
    assert_eq!(n.world.lamports(&node), lamports + n.world.rent(392));
    assert_event!(landed, NodeClosed { node: node });
}

#[test]
fn gives_lamports_that_were_sent_to_it_as_well() {
    let mut n = settled();
    let (node, record) = (n.world.node.pubkey(), record(&n));
    donate(&mut n, &record, 12_345);
    let lamports = n.world.lamports(&node);
    n.world.land(&[close(&n)]);
    assert_eq!(n.world.lamports(&node), lamports + n.world.rent(392) + 12_345);
}

#[test]
fn is_refused_in_the_slot_in_which_the_hardware_was_told() {
    let mut n = Nodes::new();
    n.world.refuse(&[close(&n)], NodesError::HardwareTooNew);
    n.world.network.advance(1_000);
    n.world.refuse(&[close(&n)], NodesError::HardwareTooNew);
    next_slot(&mut n);
    let node = n.world.node.pubkey();
    n.world.land(&[nodes::update_node(node, cpu_hardware(), cpu_software())]);
    n.world.refuse(&[close(&n)], NodesError::HardwareTooNew);
    next_slot(&mut n);
    n.world.land(&[close(&n)]);
}

#[test]
fn other_software_does_not_hold_it_up() {
    let mut n = settled();
    let node = n.world.node.pubkey();
    let other = nodes::update_node(node, hardware(), Software { version: [9, 9, 9], ..software() });
    n.world.land(&[other, close(&n)]);
    assert!(!n.world.exists(&record(&n)));
}

#[test]
fn happens_once() {
    let mut n = settled();
    let close = close(&n);
    n.world.refuse_with(&[close.clone(), close.clone()], MISSING);
    n.world.land(from_ref(&close));
    n.world.refuse_with(&[close], MISSING);
}

#[test]
fn refuses_anybody_but_the_node() {
    let mut n = settled();
    let close = close(&n);
    let not = ours(NodesError::NotNode);
    let [authority, client, _, stranger] = keys(&n);
    refuse_swaps(&n, &close, &[authority, client, stranger].map(|key| (0, key, not.clone())));
    needs_the_signature(&mut n, &close);
}

#[test]
fn refuses_the_record_of_another_and_one_that_is_none() {
    let mut n = settled();
    let client = n.world.client.pubkey();
    n.world.land(&[nodes::register_node(client, hardware(), software())]);
    next_slot(&mut n);
    let record = record(&n);
    let forged = forge(&mut n, &record, "forged", grid_jobs::ID);
    refuse_swaps(
        &n,
        &close(&n),
        &[
            (1, node_address(&client).0, ours(NodesError::NotNode)),
            (1, forged, FOREIGN),
            (1, crate::support::record(&n), MISSING),
            (1, keypair_for("nobody").pubkey(), MISSING),
        ],
    );
}

#[test]
fn nothing_works_on_a_closed_node() {
    let mut n = settled();
    let node = n.world.node.pubkey();
    let attest = attest(&n, &measured(&n));
    n.world.land(&[close(&n)]);
    n.world.refuse_with(&[nodes::update_node(node, hardware(), software())], MISSING);
    n.world.refuse_with(&[attest], UNREAD);
    n.world.refuse_with(&[n.issue_instruction(node)], UNREAD);
}

#[test]
fn a_node_that_registers_again_is_a_fresh_one() {
    let mut n = settled();
    let node = n.world.node.pubkey();
    let before = n.node(&node);
    next_slot(&mut n);
    n.world.network.advance(50);
    n.world.land(&[close(&n), register(&n)]);
    let now = n.world.network.time();
    assert_eq!(
        n.node(&node),
        Node { hardware_slot: slot(&n).into(), registered_at: now.into(), updated_at: now.into(), ..before }
    );
}

#[test]
fn no_attestation_holds_of_a_node_that_registers_again() {
    let mut n = Nodes::new();
    let node = n.world.node.pubkey();
    let measured = measured(&n);
    let attestation = n.attest(node);
    // The earliest: the slot after the one in which the hardware was told.
    n.world.refuse(&[close(&n)], NodesError::HardwareTooNew);
    next_slot(&mut n);
    n.world.land(&[close(&n), register(&n)]);
    assert_ne!(n.node(&node).hardware_slot, n.attestation(&attestation).hardware_slot);
    n.world.refuse(&[attest(&n, &measured)], NodesError::HardwareChanged);
    // Neither does it later, with the same hardware.
    for _ in 0..3 {
        next_slot(&mut n);
        n.world.land(&[close(&n), register(&n)]);
        assert_ne!(n.node(&node).hardware_slot, n.attestation(&attestation).hardware_slot);
    }
}

#[test]
fn attestation_and_access_stay_and_can_still_be_taken_back() {
    let mut n = Nodes::new();
    let (node, authority) = (n.world.node.pubkey(), n.world.authority.pubkey());
    let (attestation, nft) = (n.attest(node), n.issue(node));
    next_slot(&mut n);
    n.world.land(&[close(&n)]);
    assert_eq!((n.attestation(&attestation).node, n.access(&nft).node), (node, node));
    n.world.land(&[
        nodes::revoke_attestation(authority, &n.collection, attestation, authority),
        nodes::revoke_access(authority, &n.collection, &nft, authority),
    ]);
}
