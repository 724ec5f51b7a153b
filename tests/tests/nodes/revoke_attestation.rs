//! `revoke_attestation`

use crate::support::*;
use grid_client::nodes;
use grid_nodes::{CollectionRole, NodesError};
use grid_tests::{Nodes, assert_event, keypair_for, nodes::CLASS};
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

/// A node that the authority attested.
fn attested() -> (Nodes, Address) {
    let mut n = Nodes::new();
    let attestation = n.attest(n.world.node.pubkey());
    (n, attestation)
}

/// The authority revokes what it paid.
fn revoke(n: &Nodes, attestation: Address) -> Instruction {
    let authority = n.world.authority.pubkey();
    nodes::revoke_attestation(authority, &n.collection, attestation, authority)
}

#[test]
fn closes_the_attestation_and_gives_the_rent_to_who_paid_it() {
    let (mut n, attestation) = attested();
    let authority = n.world.authority.pubkey();
    let (lamports, revoke) = (n.world.lamports(&authority), revoke(&n, attestation));

    let landed = land_changing(&mut n, &[revoke], &[authority, attestation]);

    assert!(!n.world.exists(&attestation));
    assert_eq!(n.world.lamports(&authority), lamports + n.world.rent(240));
    let (collection, node) = (n.collection, n.world.node.pubkey());
    assert_event!(
        landed,
        AttestationClosed { collection: collection, node: node, class: CLASS, is_revoked: 1 }
    );
}

#[test]
fn a_new_attestor_revokes_it_and_the_rent_goes_to_the_old_one() {
    let (mut n, attestation) = attested();
    let [authority, client, _, _] = keys(&n);
    hand_over(&mut n, CollectionRole::Attestor, client);
    let collection = n.collection;
    let lamports = [n.world.lamports(&authority), n.world.lamports(&client)];
    let own = nodes::revoke_attestation(client, &collection, attestation, client);
    n.world.refuse(&[own], NodesError::WrongRentPayer);
    let revoke = nodes::revoke_attestation(client, &collection, attestation, authority);
    land_changing(&mut n, &[revoke], &[authority, attestation]);
    assert_eq!(n.world.lamports(&authority), lamports[0] + n.world.rent(240));
    assert_eq!(n.world.lamports(&client), lamports[1]);
}

#[test]
fn a_new_attestor_that_wrote_it_over_does_not_get_the_rent() {
    let (mut n, attestation) = attested();
    let [authority, client, node, _] = keys(&n);
    hand_over(&mut n, CollectionRole::Attestor, client);
    let collection = n.collection;
    n.world.land(&[nodes::attest(client, &collection, &node, &measured(&n))]);
    let own = nodes::revoke_attestation(client, &collection, attestation, client);
    n.world.refuse(&[own], NodesError::WrongRentPayer);
    n.world.land(&[nodes::revoke_attestation(client, &collection, attestation, authority)]);
}

#[test]
fn works_before_and_after_it_expires() {
    for seconds in [0, 30 * DAY - 1, 30 * DAY, 400 * DAY] {
        let (mut n, attestation) = attested();
        n.world.network.advance(seconds);
        n.world.land(&[revoke(&n, attestation)]);
        assert!(!n.world.exists(&attestation));
    }
}

#[test]
fn gives_lamports_that_were_sent_to_it_as_well() {
    let (mut n, attestation) = attested();
    donate(&mut n, &attestation, 777);
    let authority = n.world.authority.pubkey();
    let lamports = n.world.lamports(&authority);
    n.world.land(&[revoke(&n, attestation)]);
    assert_eq!(n.world.lamports(&authority), lamports + n.world.rent(240) + 777);
}

#[test]
fn refuses_anybody_but_the_attestor() {
    let (mut n, attestation) = attested();
    let [authority, client, node, stranger] = keys(&n);
    hand_over(&mut n, CollectionRole::Attestor, client);
    let revoke = nodes::revoke_attestation(client, &n.collection, attestation, authority);
    let not = ours(NodesError::NotAttestor);
    // Authority, node and stranger; the authority made it.
    refuse_swaps(&n, &revoke, &[authority, node, stranger].map(|key| (0, key, not.clone())));
    needs_the_signature(&mut n, &revoke);
}

#[test]
fn refuses_the_attestation_of_another_collection() {
    let (mut n, attestation) = attested();
    let (authority, client) = (n.world.authority.pubkey(), n.world.client.pubkey());
    let outside = outside_collection(&mut n, &client, "outside");
    n.world.land(&[nodes::adopt_collection(client, outside)]);
    let revoke = nodes::revoke_attestation(client, &outside, attestation, authority);
    n.world.refuse(&[revoke], NodesError::WrongCollection);
    // Neither does the authority through its other collection.
    let other = other_collection(&mut n);
    let revoke = nodes::revoke_attestation(authority, &other, attestation, authority);
    n.world.refuse(&[revoke], NodesError::WrongCollection);
}

#[test]
fn refuses_every_other_rent_payer() {
    let (n, attestation) = attested();
    let wrong = ours(NodesError::WrongRentPayer);
    let [_, client, node, stranger] = keys(&n);
    let revoke = revoke(&n, attestation);
    refuse_swaps(&n, &revoke, &[client, node, stranger].map(|key| (3, key, wrong.clone())));
    refuse_swaps(&n, &revoke, &[(3, attestation, TWICE)]);
}

#[test]
fn happens_once() {
    let (mut n, attestation) = attested();
    let revoke = revoke(&n, attestation);
    n.world.refuse_with(&[revoke.clone(), revoke.clone()], MISSING);
    n.world.land(from_ref(&revoke));
    n.world.refuse_with(&[revoke], MISSING);
}

#[test]
fn the_node_is_attested_again_after_it() {
    let (mut n, attestation) = attested();
    let client = n.world.client.pubkey();
    hand_over(&mut n, CollectionRole::Attestor, client);
    let collection = n.collection;
    let (authority, node) = (n.world.authority.pubkey(), n.world.node.pubkey());
    n.world.land(&[
        nodes::revoke_attestation(client, &collection, attestation, authority),
        nodes::attest(client, &collection, &node, &measured(&n)),
    ]);
    let attestation = n.attestation(&attestation);
    assert_eq!((attestation.attestor, attestation.payer), (client, client));
}

#[test]
fn refuses_records_that_are_none() {
    let (mut n, attestation) = attested();
    let forged_attestation = forge(&mut n, &attestation, "forged", grid_jobs::ID);
    let record = record(&n);
    let forged_collection = forge(&mut n, &record, "forged 2", grid_jobs::ID);
    let node = nodes::node_address(&n.world.node.pubkey()).0;
    let nobody = keypair_for("nobody").pubkey();
    refuse_swaps(
        &n,
        &revoke(&n, attestation),
        &[
            (1, forged_collection, FOREIGN),
            (1, node, InstructionError::InvalidAccountData),
            (1, nobody, UNREAD),
            (2, forged_attestation, FOREIGN),
            (2, node, InstructionError::InvalidAccountData),
            (2, nobody, MISSING),
        ],
    );
}
