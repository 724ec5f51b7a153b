//! `close_attestation`

use crate::support::*;
use grid_client::nodes;
use grid_nodes::NodesError;
use grid_tests::{Nodes, assert_event, keypair_for, nodes::CLASS};
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

/// An attestation that expires now.
fn expired() -> (Nodes, Address) {
    let mut n = Nodes::new();
    let attestation = n.attest(n.world.node.pubkey());
    n.world.network.advance(30 * DAY);
    (n, attestation)
}

fn close(n: &Nodes, attestation: Address) -> Instruction {
    nodes::close_attestation(attestation, n.world.authority.pubkey())
}

#[test]
fn anybody_sends_the_rent_home() {
    let (mut n, attestation) = expired();
    let (authority, close) = (n.world.authority.pubkey(), close(&n, attestation));
    // Nobody but the fee payer signs.
    assert!(close.accounts.iter().all(|meta| !meta.is_signer));
    let lamports = n.world.lamports(&authority);

    let landed = land_changing(&mut n, &[close], &[authority, attestation]);

    assert!(!n.world.exists(&attestation));
    assert_eq!(n.world.lamports(&authority), lamports + n.world.rent(240));
    let (collection, node) = (n.collection, n.world.node.pubkey());
    assert_event!(
        landed,
        AttestationClosed { collection: collection, node: node, class: CLASS, is_revoked: 0 }
    );
}

#[test]
fn works_from_the_second_on_in_which_it_expires() {
    let mut n = Nodes::new();
    let attestation = n.attest(n.world.node.pubkey());
    let close = close(&n, attestation);
    let expires_at = n.attestation(&attestation).expires_at.get();
    for now in [expires_at - 30 * DAY, expires_at - 2, expires_at - 1] {
        n.world.network.set_time(now);
        n.world.refuse(from_ref(&close), NodesError::NotExpired);
    }
    for now in [expires_at, expires_at + 1, i64::MAX] {
        let mut n = n.clone();
        n.world.network.set_time(now);
        n.world.land(from_ref(&close));
        assert!(!n.world.exists(&attestation), "{now}");
    }
}

#[test]
fn refuses_one_of_other_hardware_that_has_not_expired() {
    let mut n = Nodes::new();
    let node = n.world.node.pubkey();
    let attestation = n.attest(node);
    next_slot(&mut n);
    n.world.land(&[nodes::close_node(node)]);
    n.world.refuse(&[close(&n, attestation)], NodesError::NotExpired);
}

#[test]
fn an_attestation_that_was_written_over_expires_anew() {
    let (mut n, attestation) = expired();
    let node = n.world.node.pubkey();
    n.attest(node);
    n.world.refuse(&[close(&n, attestation)], NodesError::NotExpired);
    n.world.network.advance(30 * DAY - 1);
    n.world.refuse(&[close(&n, attestation)], NodesError::NotExpired);
    n.world.network.advance(1);
    n.world.land(&[close(&n, attestation)]);
}

#[test]
fn refuses_every_other_rent_payer() {
    let (n, attestation) = expired();
    let wrong = ours(NodesError::WrongRentPayer);
    let [_, client, node, stranger] = keys(&n);
    let close = close(&n, attestation);
    refuse_swaps(&n, &close, &[client, node, stranger].map(|key| (1, key, wrong.clone())));
    refuse_swaps(&n, &close, &[(1, keypair_for("fee payer").pubkey(), wrong)]);
}

#[test]
fn happens_once() {
    let (mut n, attestation) = expired();
    let close = close(&n, attestation);
    n.world.refuse_with(&[close.clone(), close.clone()], MISSING);
    n.world.land(from_ref(&close));
    n.world.refuse_with(&[close], MISSING);
}

#[test]
fn refuses_an_attestation_that_is_none() {
    let (mut n, attestation) = expired();
    let forged = forge(&mut n, &attestation, "forged", grid_jobs::ID);
    let node = nodes::node_address(&n.world.node.pubkey()).0;
    refuse_swaps(
        &n,
        &close(&n, attestation),
        &[
            (0, forged, FOREIGN),
            (0, node, InstructionError::InvalidAccountData),
            (0, record(&n), MISSING),
            (0, keypair_for("nobody").pubkey(), MISSING),
        ],
    );
}
