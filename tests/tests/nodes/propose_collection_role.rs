//! `propose_collection_role`

use crate::support::*;
use grid_client::nodes::{self, metadata_address};
use grid_nodes::{Collection, CollectionRole, NodesError};
use grid_tests::{Nodes, assert_event, keypair_for};
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;

const ROLES: [CollectionRole; 2] = [CollectionRole::Authority, CollectionRole::Attestor];

fn propose(n: &Nodes, role: CollectionRole, to: Address) -> Instruction {
    nodes::propose_collection_role(n.world.authority.pubkey(), &n.collection, role, to)
}

/// The record with an offer of the role.
fn with_offer(collection: Collection, role: CollectionRole, to: Address) -> Collection {
    match role {
        CollectionRole::Authority => Collection { pending_authority: to, ..collection },
        CollectionRole::Attestor => Collection { pending_attestor: to, ..collection },
    }
}

#[test]
fn offers_the_role_and_changes_nothing_else() {
    for (role, number) in ROLES.into_iter().zip([0, 1]) {
        let mut n = Nodes::new();
        let (before, node, record) = (n.collection(), n.world.node.pubkey(), record(&n));
        let propose = propose(&n, role, node);
        let landed = land_changing(&mut n, &[propose], &[record]);
        assert_eq!(n.collection(), with_offer(before, role, node));
        let collection = n.collection;
        assert_event!(landed, CollectionRoleProposed { collection: collection, to: node, role: number });
    }
}

#[test]
fn the_last_offer_counts() {
    for role in ROLES {
        let mut n = Nodes::new();
        let (node, client, mint) = (n.world.node.pubkey(), n.world.client.pubkey(), n.collection);
        n.world.land(&[propose(&n, role, node), propose(&n, role, client)]);
        n.world.refuse(&[nodes::accept_collection_role(node, &mint, role)], NodesError::NotOffered);
        n.world.land(&[nodes::accept_collection_role(client, &mint, role)]);
    }
}

#[test]
fn the_zero_address_takes_an_offer_back() {
    for (role, number) in ROLES.into_iter().zip([0, 1]) {
        let mut n = Nodes::new();
        let (before, node, nobody) = (n.collection(), n.world.node.pubkey(), Address::default());
        n.world.land(&[propose(&n, role, node)]);
        let landed = n.world.land(&[propose(&n, role, nobody)]);
        assert_eq!(n.collection(), before);
        let mint = n.collection;
        assert_event!(landed, CollectionRoleProposed { collection: mint, to: nobody, role: number });
        n.world.refuse(&[nodes::accept_collection_role(node, &mint, role)], NodesError::NotOffered);
    }
}

#[test]
fn the_offers_do_not_touch_each_other() {
    let mut n = Nodes::new();
    let (node, client) = (n.world.node.pubkey(), n.world.client.pubkey());
    let before = n.collection();
    n.world
        .land(&[propose(&n, CollectionRole::Authority, node), propose(&n, CollectionRole::Attestor, client)]);
    assert_eq!(n.collection(), Collection { pending_authority: node, pending_attestor: client, ..before });
}

#[test]
fn refuses_anybody_but_the_authority() {
    let mut n = Nodes::new();
    let [_, client, node, stranger] = keys(&n);
    hand_over(&mut n, CollectionRole::Attestor, node);
    n.world.land(&[propose(&n, CollectionRole::Authority, client)]);
    let not = ours(NodesError::NotCollectionAuthority);
    for role in ROLES {
        let propose = propose(&n, role, stranger);
        // The attestor, the one whom the role is on offer to, the stranger.
        refuse_swaps(&n, &propose, &[node, client, stranger].map(|key| (0, key, not.clone())));
        needs_the_signature(&mut n, &propose);
    }
}

#[test]
fn the_authority_of_one_collection_is_none_of_another() {
    let mut n = Nodes::new();
    let client = n.world.client.pubkey();
    let other = outside_collection(&mut n, &client, "outside");
    n.world.land(&[nodes::adopt_collection(client, other)]);
    let mut propose = propose(&n, CollectionRole::Attestor, client);
    propose.accounts[0].pubkey = client;
    n.world.refuse(&[propose], NodesError::NotCollectionAuthority);
}

#[test]
fn refuses_a_role_that_there_is_not_and_a_record_that_is_none() {
    let mut n = Nodes::new();
    let propose = propose(&n, CollectionRole::Attestor, n.world.node.pubkey());
    for byte in [2, 255] {
        let mut propose = propose.clone();
        propose.data[8] = byte;
        n.world.refuse_with(&[propose], InstructionError::InvalidInstructionData);
    }
    let record = record(&n);
    let forged = forge(&mut n, &record, "forged", grid_jobs::ID);
    let node = nodes::node_address(&n.world.node.pubkey()).0;
    let swaps = [
        (1, forged, FOREIGN),
        (1, metadata_address(&n.collection), FOREIGN),
        (1, keypair_for("nobody").pubkey(), MISSING),
    ];
    refuse_swaps(&n, &propose, &swaps);
    refuse_swaps(&n, &propose, &[(1, node, InstructionError::InvalidAccountData)]);
}
