//! Nodes in the registry, and attestations of their benchmarks.

use super::{case, only, system_program};
use crate::{
    matrix::{Case, Kind, Sample, Slot, Stage, gates::measured},
    nodes::{ATTESTED_SECONDS, CLASS, hardware, software},
};
use grid_client::nodes;
use grid_nodes::{Hardware, Software};
use solana_address::Address;

/// A class in which nobody is attested.
const NEW_CLASS: u16 = 0x0102;

pub(super) const CASES: &[Case] = &[
    only("register_node", register_node),
    case("update_node", "other hardware", update_hardware),
    case("update_node", "other software", update_software),
    only("close_node", close_node),
    case("attest", "a class for the first time", attest_a_new_class),
    case("attest", "over another's attestation", attest_again),
    case("attest", "for a collection that was made outside", attest_for_an_adopted_one),
    case("revoke_attestation", "by who made it", revoke_ones_own),
    case("revoke_attestation", "by a later attestor", revoke_anothers),
    only("close_attestation", close_attestation),
];

fn register_node(stage: &Stage) -> Sample {
    let register = |node| nodes::register_node(node, hardware(), software());
    let node = stage.cast.stranger;
    let slots = [
        Slot::new("node", Kind::Wallet),
        Slot::new("record", Kind::New).with_seeds(&[b"node", node.as_ref()]),
        system_program(),
    ];
    Sample::new(stage, register(node), slots).or_as_well(register(stage.cast.client))
}

/// Which ends its attestations.
fn update_hardware(stage: &Stage) -> Sample {
    update_node(stage, Hardware { gpu_count: 4, ..hardware() }, software())
}

fn update_software(stage: &Stage) -> Sample {
    update_node(stage, hardware(), Software { version: [0, 2, 0], ..software() })
}

fn update_node(stage: &Stage, hardware: Hardware, software: Software) -> Sample {
    let update = |node| nodes::update_node(node, hardware.clone(), software.clone());
    let slots = [Slot::new("node", Kind::Wallet), Slot::new("record", Kind::Node)];
    Sample::new(stage, update(stage.cast.node), slots).or_as_well(update(stage.cast.second_node))
}

/// In a later slot than its hardware was told in.
fn close_node(stage: &Stage) -> Sample {
    let slots = [Slot::new("node", Kind::Wallet), Slot::new("record", Kind::Node)];
    Sample::new(stage, nodes::close_node(stage.cast.node), slots)
        .closing(1, 0)
        .or_as_well(nodes::close_node(stage.cast.second_node))
}

fn attest_a_new_class(stage: &Stage) -> Sample {
    let [own, _] = stage.gates.issuers;
    let attestation = Slot::new("attestation", Kind::New);
    let sample = attest(stage, (own.attestor, own.collection), NEW_CLASS, attestation);
    let made = sample.address(3);
    sample.repeatable().undone_by([nodes::revoke_attestation(
        own.attestor,
        &own.collection,
        made,
        own.attestor,
    )])
}

/// The one that the first attestor made; the rent stays that one's.
fn attest_again(stage: &Stage) -> Sample {
    let [own, _] = stage.gates.issuers;
    attest(stage, (own.attestor, own.collection), CLASS, Slot::new("attestation", Kind::Attestation))
}

fn attest_for_an_adopted_one(stage: &Stage) -> Sample {
    let [own, _] = stage.gates.outside;
    attest(stage, (own.attestor, own.adopted), NEW_CLASS, Slot::new("attestation", Kind::New)).repeatable()
}

/// The node's hardware of now.
fn attest(
    stage: &Stage,
    (attestor, collection): (Address, Address),
    class: u16,
    attestation: Slot,
) -> Sample {
    let (node, second) = (stage.cast.node, stage.cast.second_node);
    let expires_at = stage.world.network.time() + ATTESTED_SECONDS;
    let attest = |attestor, collection: &Address, node: &Address, class| {
        let measured = measured(class, expires_at, stage.hardware_slot(node));
        nodes::attest(attestor, collection, node, &measured)
    };
    let seeds = [&b"attestation"[..], collection.as_ref(), node.as_ref(), &class.to_le_bytes()];
    let slots = [
        Slot::new("attestor", Kind::Wallet),
        Slot::new("collection", Kind::Collection),
        Slot::new("node", Kind::Node),
        attestation.with_seeds(&seeds),
        system_program(),
    ];
    let [_, other] = stage.gates.issuers;
    let [_, outside] = stage.gates.outside;
    Sample::new(stage, attest(attestor, &collection, &node, class), slots)
        .or_as_well(attest(attestor, &collection, &second, class))
        .or_as_well(attest(attestor, &collection, &node, class + 3))
        .or_as_well(attest(other.attestor, &other.collection, &node, class))
        .or_as_well(attest(outside.attestor, &outside.adopted, &node, class))
}

fn revoke_ones_own(stage: &Stage) -> Sample {
    let [own, other] = stage.gates.issuers;
    let [node, second] = [stage.cast.node, stage.cast.second_node];
    revoke_attestation(stage, own.attested_lately(&node), own.attestor)
        .or_as_well(nodes::revoke_attestation(
            other.attestor,
            &other.collection,
            other.attested_lately(&second),
            other.attestor,
        ))
        .or_as_well(nodes::revoke_attestation(
            own.attestor,
            &own.collection,
            own.attested(&second),
            own.authority,
        ))
}

/// The rent goes to the one who made it.
fn revoke_anothers(stage: &Stage) -> Sample {
    let [own, other] = stage.gates.issuers;
    let [node, second] = [stage.cast.node, stage.cast.second_node];
    revoke_attestation(stage, own.attested(&node), own.authority).or_as_well(nodes::revoke_attestation(
        other.attestor,
        &other.collection,
        other.attested(&second),
        other.authority,
    ))
}

fn revoke_attestation(stage: &Stage, attestation: Address, payer: Address) -> Sample {
    let [own, _] = stage.gates.issuers;
    let others = stage.attestations(|other| other.collection == own.collection && other.payer == payer);
    let slots = [
        Slot::new("attestor", Kind::Wallet),
        Slot::new("collection", Kind::Collection),
        Slot::new("attestation", Kind::Attestation).or(others),
        Slot::new("payer", Kind::Wallet),
    ];
    let revoke = nodes::revoke_attestation(own.attestor, &own.collection, attestation, payer);
    Sample::new(stage, revoke, slots).closing(2, 3)
}

/// One that has expired.
fn close_attestation(stage: &Stage) -> Sample {
    let [own, other] = stage.gates.issuers;
    let now = stage.world.network.time();
    let others = stage.attestations(|other| other.payer == own.attestor && other.is_expired(now));
    let slots = [Slot::new("attestation", Kind::Attestation).or(others), Slot::new("payer", Kind::Wallet)];
    let node = stage.cast.node;
    Sample::new(stage, nodes::close_attestation(own.expired(&node), own.attestor), slots)
        .closing(0, 1)
        .or_as_well(nodes::close_attestation(other.expired(&node), other.attestor))
}
