//! `accept_collection_role`

use crate::support::*;
use grid_client::nodes;
use grid_nodes::{Collection, CollectionRole, NodesError};
use grid_tests::{
    Nodes, assert_event, keypair_for,
    nodes::{hardware, label, software},
};
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

const ROLES: [CollectionRole; 2] = [CollectionRole::Authority, CollectionRole::Attestor];

/// A collection whose role is on offer to the node.
fn offered(role: CollectionRole) -> Nodes {
    let mut n = Nodes::new();
    let (authority, node) = (n.world.authority.pubkey(), n.world.node.pubkey());
    n.world.land(&[nodes::propose_collection_role(authority, &n.collection, role, node)]);
    n
}

fn accept(n: &Nodes, role: CollectionRole) -> Instruction {
    nodes::accept_collection_role(n.world.node.pubkey(), &n.collection, role)
}

#[test]
fn hands_the_role_over_and_nothing_else() {
    for (role, number) in ROLES.into_iter().zip([0, 1]) {
        let mut n = offered(role);
        let (before, node, record, nobody) =
            (n.collection(), n.world.node.pubkey(), record(&n), Address::default());
        let accept = accept(&n, role);
        let landed = land_changing(&mut n, &[accept], &[record]);
        let expected = match role {
            CollectionRole::Authority => Collection { authority: node, pending_authority: nobody, ..before },
            CollectionRole::Attestor => Collection { attestor: node, pending_attestor: nobody, ..before },
        };
        assert_eq!(n.collection(), expected);
        let mint = n.collection;
        assert_event!(landed, CollectionRoleChanged { collection: mint, holder: node, role: number });
    }
}

#[test]
fn the_old_authority_keeps_its_power_until_then_and_loses_it_then() {
    let mut n = offered(CollectionRole::Authority);
    let (node, client, mint) = (n.world.node.pubkey(), n.world.client.pubkey(), n.collection);
    n.world.land(&[nodes::register_node(client, hardware(), software())]);
    n.issue(client);
    let as_node = nodes::issue_access(node, &mint, client, 1, label("Second"));
    n.world.refuse(from_ref(&as_node), NodesError::NotCollectionAuthority);
    n.world.land(&[accept(&n, CollectionRole::Authority)]);
    n.world.refuse(&[n.issue_instruction(client)], NodesError::NotCollectionAuthority);
    n.world.land(&[as_node]);
}

#[test]
fn the_old_authority_loses_the_revocation_and_the_offers() {
    let mut n = offered(CollectionRole::Authority);
    let (node, authority, mint) = (n.world.node.pubkey(), n.world.authority.pubkey(), n.collection);
    let nft = n.issue(node);
    n.world.land(&[accept(&n, CollectionRole::Authority)]);
    let revoke = nodes::revoke_access(authority, &mint, &nft, authority);
    n.world.refuse(&[revoke], NodesError::NotCollectionAuthority);
    for role in ROLES {
        let propose = nodes::propose_collection_role(authority, &mint, role, authority);
        n.world.refuse(&[propose], NodesError::NotCollectionAuthority);
        n.world.land(&[nodes::propose_collection_role(node, &mint, role, authority)]);
    }
}

#[test]
fn the_old_attestor_keeps_its_power_until_then_and_loses_it_then() {
    let mut n = offered(CollectionRole::Attestor);
    let (node, authority, mint) = (n.world.node.pubkey(), n.world.authority.pubkey(), n.collection);
    let attestation = n.attest(node);
    let attest_as_node = nodes::attest(node, &mint, &node, &measured(&n));
    n.world.refuse(from_ref(&attest_as_node), NodesError::NotAttestor);
    n.world.land(&[accept(&n, CollectionRole::Attestor)]);
    n.world.refuse(&[attest(&n, &measured(&n))], NodesError::NotAttestor);
    let revoke = nodes::revoke_attestation(authority, &mint, attestation, authority);
    n.world.refuse(&[revoke], NodesError::NotAttestor);
    n.world.land(&[attest_as_node]);
}

#[test]
fn the_authority_offers_it_to_itself() {
    let mut n = Nodes::new();
    let (before, authority, mint) = (n.collection(), n.world.authority.pubkey(), n.collection);
    for role in ROLES {
        n.world.land(&[
            nodes::propose_collection_role(authority, &mint, role, authority),
            nodes::accept_collection_role(authority, &mint, role),
        ]);
        assert_eq!(n.collection(), before);
    }
}

#[test]
fn refuses_everybody_else_and_the_other_role() {
    for (role, other) in [(ROLES[0], ROLES[1]), (ROLES[1], ROLES[0])] {
        let mut n = offered(role);
        let (accept, wrong) = (accept(&n, role), self::accept(&n, other));
        let not = ours(NodesError::NotOffered);
        let [authority, client, _, stranger] = keys(&n);
        refuse_swaps(&n, &accept, &[authority, client, stranger].map(|key| (0, key, not.clone())));
        n.world.refuse(&[wrong], NodesError::NotOffered);
        needs_the_signature(&mut n, &accept);
    }
}

#[test]
fn happens_once() {
    for role in ROLES {
        let mut n = offered(role);
        let accept = accept(&n, role);
        n.world.refuse(&[accept.clone(), accept.clone()], NodesError::NotOffered);
        n.world.land(from_ref(&accept));
        n.world.refuse(&[accept], NodesError::NotOffered);
    }
}

#[test]
fn refuses_the_record_of_another_collection_and_one_that_is_none() {
    let mut n = offered(CollectionRole::Attestor);
    let other = other_collection(&mut n);
    let record = record(&n);
    let forged = forge(&mut n, &record, "forged", grid_jobs::ID);
    let accept = accept(&n, CollectionRole::Attestor);
    refuse_swaps(
        &n,
        &accept,
        &[
            (1, nodes::collection_address(&other).0, ours(NodesError::NotOffered)),
            (1, forged, FOREIGN),
            (1, nodes::node_address(&n.world.node.pubkey()).0, InstructionError::InvalidAccountData),
            (1, keypair_for("nobody").pubkey(), MISSING),
        ],
    );
    let mut none = accept;
    none.data[8] = 2;
    n.world.refuse_with(&[none], InstructionError::InvalidInstructionData);
}
