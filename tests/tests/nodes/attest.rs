//! `attest`

use crate::support::*;
use grid_client::nodes::{self, attestation_address, collection_address, node_address};
use grid_nodes::{Attestation, CollectionRole, Measured, NodesError, Software};
use grid_tests::{
    Nodes, assert_event, keypair_for,
    nodes::{CLASS, SCORE, hardware, software},
};
use solana_address::Address;
use solana_instruction::error::InstructionError;
use solana_signer::Signer;
use std::slice::from_ref;

/// Bytes of an attestation.
const SPACE: usize = 240;

/// The address of the node's attestation.
fn attestation(n: &Nodes) -> Address {
    attestation_address(&n.collection, &n.world.node.pubkey(), CLASS).0
}

/// What [`attest`] with [`measured`] writes now.
fn fresh(n: &Nodes) -> Attestation {
    let (authority, node) = (n.world.authority.pubkey(), n.world.node.pubkey());
    let now = n.world.network.time();
    Attestation {
        version: 1,
        bump: attestation_address(&n.collection, &node, CLASS).1,
        class: CLASS.into(),
        padding: [0; 4],
        score: SCORE.into(),
        hardware_slot: n.node(&node).hardware_slot,
        attested_at: now.into(),
        expires_at: (now + 30 * DAY).into(),
        collection: n.collection,
        node,
        attestor: authority,
        payer: authority,
        result: RESULT,
        reserved: [0; 32],
    }
}

#[test]
fn records_what_was_measured_and_the_attestor_pays_the_rent() {
    let mut n = Nodes::new();
    let (authority, address) = (n.world.authority.pubkey(), attestation(&n));
    let (lamports, attest) = (n.world.lamports(&authority), attest(&n, &measured(&n)));

    let landed = land_changing(&mut n, &[attest], &[authority, address]);

    let expected = fresh(&n);
    assert_eq!(n.attestation(&address), expected);
    assert_eq!(n.world.lamports(&address), n.world.rent(SPACE));
    assert_eq!(lamports - n.world.lamports(&authority), n.world.rent(SPACE));
    assert_event!(
        landed,
        Attested {
            collection: n.collection,
            node: n.world.node.pubkey(),
            attestor: authority,
            result: RESULT,
            score: SCORE,
            expires_at: n.world.network.time() + 30 * DAY,
            class: CLASS,
        }
    );
    let account = n.world.raw(&address);
    let bytes = [
        &[1, expected.bump, 7, 0][..],
        &[0; 4],
        &SCORE.to_le_bytes(),
        &expected.hardware_slot.get().to_le_bytes(),
        &n.world.network.time().to_le_bytes(),
        &(n.world.network.time() + 30 * DAY).to_le_bytes(),
        n.collection.as_ref(),
        n.world.node.pubkey().as_ref(),
        authority.as_ref(),
        authority.as_ref(),
        &RESULT,
        &[0; 32],
    ]
    .concat();
    assert_eq!((&account.data[8..], account.owner), (&bytes[..], grid_nodes::ID));
}

#[test]
fn expires_after_now_and_within_366_days() {
    let n = Nodes::new();
    let now = n.world.network.time();
    for seconds in [1, 2, 366 * DAY - 1, 366 * DAY] {
        let mut n = n.clone();
        let expires_at = now + seconds;
        n.world.land(&[attest(&n, &Measured { expires_at, ..measured(&n) })]);
        assert_eq!(n.attestation(&attestation(&n)).expires_at, expires_at);
    }
    let mut n = n;
    for expires_at in [now, now - 1, 0, -1, i64::MIN, now + 366 * DAY + 1, i64::MAX] {
        let attest = attest(&n, &Measured { expires_at, ..measured(&n) });
        n.world.refuse(&[attest], NodesError::ExpiryOutOfRange);
    }
}

#[test]
fn takes_any_score_and_any_class_but_zero() {
    let mut n = Nodes::new();
    let node = n.world.node.pubkey();
    for (class, score) in [(1, 0), (2, 1), (255, u64::MAX), (256, 5), (u16::MAX, 6)] {
        n.world.land(&[attest(&n, &Measured { class, score, ..measured(&n) })]);
        let attestation = n.attestation(&attestation_address(&n.collection, &node, class).0);
        assert_eq!((attestation.class.get(), attestation.score.get()), (class, score));
    }
    n.world.refuse(&[attest(&n, &Measured { class: 0, ..measured(&n) })], NodesError::ZeroClass);
}

#[test]
fn takes_any_result_but_zero() {
    let mut n = Nodes::new();
    n.world.refuse(&[attest(&n, &Measured { result: [0; 32], ..measured(&n) })], NodesError::ZeroResult);
    for place in [0, 31] {
        let mut result = [0; 32];
        result[place] = 1;
        n.world.land(&[attest(&n, &Measured { result, ..measured(&n) })]);
        assert_eq!(n.attestation(&attestation(&n)).result, result);
    }
}

#[test]
fn refuses_hardware_that_was_not_measured() {
    let mut n = Nodes::new();
    let right = measured(&n);
    let slot = right.hardware_slot;
    for hardware_slot in [0, slot.wrapping_sub(1), slot + 1, u64::MAX] {
        if hardware_slot != slot {
            let attest = attest(&n, &Measured { hardware_slot, ..right });
            n.world.refuse(&[attest], NodesError::HardwareChanged);
        }
    }
}

#[test]
fn refuses_a_node_that_changed_its_hardware_meanwhile() {
    let mut n = Nodes::new();
    let (before, node) = (measured(&n), n.world.node.pubkey());
    next_slot(&mut n);
    n.world.land(&[nodes::update_node(node, hardware(), Software { version: [9, 0, 0], ..software() })]);
    n.world.land(&[attest(&n, &before)]);
    n.world.land(&[nodes::update_node(node, cpu_hardware(), cpu_software())]);
    n.world.refuse(&[attest(&n, &before)], NodesError::HardwareChanged);
    n.world.land(&[attest(&n, &measured(&n))]);
    assert_eq!(n.attestation(&attestation(&n)).hardware_slot, slot(&n));
}

#[test]
fn refuses_anybody_but_the_attestor() {
    let mut n = Nodes::new();
    let [authority, client, node, stranger] = keys(&n);
    hand_over(&mut n, CollectionRole::Attestor, client);
    let measured = measured(&n);
    let attest = nodes::attest(client, &n.collection, &node, &measured);
    let not = ours(NodesError::NotAttestor);
    // The authority is none any more; neither is the node itself.
    refuse_swaps(&n, &attest, &[authority, node, stranger].map(|key| (0, key, not.clone())));
    needs_the_signature(&mut n, &attest);
    n.world.land(&[attest]);
}

#[test]
fn the_attestor_of_one_collection_is_none_of_another() {
    let mut n = Nodes::new();
    let (client, node) = (n.world.client.pubkey(), n.world.node.pubkey());
    let outside = outside_collection(&mut n, &client, "outside");
    n.world.land(&[nodes::adopt_collection(client, outside)]);
    let measured = measured(&n);
    let attest = nodes::attest(client, &outside, &node, &measured);
    let mut wrong = nodes::attest(client, &n.collection, &node, &measured);
    n.world.refuse(from_ref(&wrong), NodesError::NotAttestor);
    // Its own collection does not open the other's attestation.
    wrong.accounts[1].pubkey = collection_address(&outside).0;
    n.world.refuse_with(&[wrong], InstructionError::InvalidSeeds);
    n.world.land(&[attest]);
    let address = attestation_address(&outside, &node, CLASS).0;
    assert_eq!(n.attestation(&address).collection, outside);
    assert!(!n.world.exists(&attestation(&n)));
}

#[test]
fn writing_over_keeps_the_first_payer_and_costs_nothing() {
    let mut n = Nodes::new();
    let [authority, client, node, _] = keys(&n);
    n.world.land(&[attest(&n, &measured(&n))]);
    hand_over(&mut n, CollectionRole::Attestor, client);
    n.world.network.advance(100);
    let before = n.attestation(&attestation(&n));
    let now = n.world.network.time();
    let measured = Measured { score: 2_000, result: [6; 32], expires_at: now + DAY, ..measured(&n) };
    let (attest, address) = (nodes::attest(client, &n.collection, &node, &measured), attestation(&n));

    let landed = land_changing(&mut n, &[attest], &[address]);

    assert_eq!(
        n.attestation(&address),
        Attestation {
            score: 2_000.into(),
            attested_at: now.into(),
            expires_at: (now + DAY).into(),
            attestor: client,
            payer: authority,
            result: [6; 32],
            ..before
        }
    );
    assert_event!(
        landed,
        Attested {
            collection: n.collection,
            node: node,
            attestor: client,
            result: [6; 32],
            score: 2_000_u64,
            expires_at: now + DAY,
            class: CLASS,
        }
    );
}

#[test]
fn writes_over_one_that_has_expired_or_was_of_other_hardware() {
    let mut n = Nodes::new();
    let node = n.world.node.pubkey();
    n.world.land(&[attest(&n, &measured(&n))]);
    n.world.network.advance(31 * DAY);
    n.world.land(&[attest(&n, &measured(&n))]);
    assert_eq!(n.attestation(&attestation(&n)), fresh(&n));
    next_slot(&mut n);
    n.world.land(&[nodes::update_node(node, cpu_hardware(), cpu_software())]);
    n.world.land(&[attest(&n, &measured(&n))]);
    assert_eq!(n.attestation(&attestation(&n)), fresh(&n));
}

#[test]
fn a_refused_one_leaves_the_one_before() {
    let mut n = Nodes::new();
    n.world.land(&[attest(&n, &measured(&n))]);
    let before = n.attestation(&attestation(&n));
    n.world.refuse(&[attest(&n, &Measured { result: [0; 32], ..measured(&n) })], NodesError::ZeroResult);
    let now = n.world.network.time();
    let attest = attest(&n, &Measured { expires_at: now, ..measured(&n) });
    n.world.refuse(&[attest], NodesError::ExpiryOutOfRange);
    assert_eq!(n.attestation(&attestation(&n)), before);
}

#[test]
fn classes_collections_and_nodes_do_not_touch_each_other() {
    let mut n = Nodes::new();
    let (authority, node, client) =
        (n.world.authority.pubkey(), n.world.node.pubkey(), n.world.client.pubkey());
    let other = other_collection(&mut n);
    n.world.land(&[nodes::register_node(client, hardware(), software())]);
    let measured = measured(&n);
    let mut addresses = Vec::new();
    for (collection, node) in [(n.collection, node), (n.collection, client), (other, node), (other, client)] {
        for class in [1, 2] {
            let score = 100 + addresses.len() as u64;
            let measured = Measured { class, score, ..measured };
            n.world.land(&[nodes::attest(authority, &collection, &node, &measured)]);
            addresses.push((attestation_address(&collection, &node, class).0, collection, node, class));
        }
    }
    for (score, (address, collection, node, class)) in (100..).zip(addresses) {
        let attestation = n.attestation(&address);
        assert_eq!((attestation.collection, attestation.node), (collection, node));
        assert_eq!((attestation.class.get(), attestation.score.get()), (class, score));
    }
}

#[test]
fn refuses_every_other_account() {
    let mut n = Nodes::new();
    let (client, node) = (n.world.client.pubkey(), n.world.node.pubkey());
    n.world.land(&[nodes::register_node(client, hardware(), software())]);
    let other = other_collection(&mut n);
    let records = [record(&n), node_address(&node).0];
    let forged = [0, 1].map(|at| forge(&mut n, &records[at], ["forged 0", "forged 1"][at], grid_jobs::ID));
    let seeds = InstructionError::InvalidSeeds;
    let attest = attest(&n, &measured(&n));
    refuse_swaps(
        &n,
        &attest,
        &[
            (1, forged[0], FOREIGN),
            (1, node_address(&node).0, InstructionError::InvalidAccountData),
            (1, keypair_for("nobody").pubkey(), UNREAD),
            (1, collection_address(&other).0, seeds.clone()),
            (2, forged[1], FOREIGN),
            (2, record(&n), MISSING),
            (2, keypair_for("nobody").pubkey(), UNREAD),
            (2, node_address(&client).0, seeds.clone()),
            (3, attestation_address(&n.collection, &node, CLASS + 1).0, seeds.clone()),
            (3, attestation_address(&n.collection, &client, CLASS).0, seeds.clone()),
            (3, attestation_address(&other, &node, CLASS).0, seeds.clone()),
            (3, keypair_for("nobody").pubkey(), seeds),
            (4, grid_jobs::ID, InstructionError::IncorrectProgramId),
        ],
    );
}

#[test]
fn works_at_an_address_that_has_lamports_already() {
    let rent = Nodes::new().world.rent(SPACE);
    for sent in [1, rent - 1, rent, 3 * rent] {
        let mut n = Nodes::new();
        let (authority, address) = (n.world.authority.pubkey(), attestation(&n));
        prefund(&mut n, address, sent);
        let lamports = n.world.lamports(&authority);
        n.world.land(&[attest(&n, &measured(&n))]);
        assert_eq!(n.attestation(&address), fresh(&n));
        assert_eq!(lamports - n.world.lamports(&authority), rent.saturating_sub(sent), "{sent}");
    }
}
