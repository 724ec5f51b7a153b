//! `register_node`

use crate::support::*;
use grid_client::nodes::{self, node_address};
use grid_nodes::{Hardware, Node, Software};
use grid_tests::{
    Nodes, assert_event,
    network::GENESIS,
    nodes::{hardware, software},
};
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

/// Bytes of a node's record.
const SPACE: usize = 392;

/// The client registers.
fn register(n: &Nodes, hardware: Hardware, software: Software) -> Instruction {
    nodes::register_node(n.world.client.pubkey(), hardware, software)
}

fn plain(n: &Nodes) -> Instruction {
    register(n, hardware(), software())
}

fn record(n: &Nodes) -> Address {
    node_address(&n.world.client.pubkey()).0
}

#[test]
fn stores_every_value_and_the_node_pays_the_rent() {
    let mut n = Nodes::new();
    let client = n.world.client.pubkey();
    let (lamports, register, record) = (n.world.lamports(&client), plain(&n), record(&n));

    let landed = land_changing(&mut n, &[register], &[client, record]);

    assert_eq!(
        n.node(&client),
        Node {
            version: 1,
            bump: node_address(&client).1,
            country: 276.into(),
            gpu_count: 2.into(),
            cpu_cores: 32.into(),
            hardware_slot: slot(&n).into(),
            node: client,
            registered_at: GENESIS.into(),
            updated_at: GENESIS.into(),
            vram_mib: 24_564.into(),
            ram_mib: 262_144.into(),
            disk_gib: 2_000.into(),
            compute_major: 8,
            compute_minor: 9,
            cuda: [12, 8].map(Into::into),
            driver: [570, 86, 15].map(Into::into),
            software: [0, 1, 0].map(Into::into),
            padding: [0; 2],
            gpu_model: field("NVIDIA GeForce RTX 4090"),
            cpu_model: field("AMD EPYC 7543 32-Core Processor"),
            endpoint: field("https://node.example:8443"),
            reserved: [0; 64],
        }
    );
    assert_eq!(n.world.lamports(&record), n.world.rent(SPACE));
    assert_eq!(lamports - n.world.lamports(&client), n.world.rent(SPACE));
    assert_event!(landed, NodeRegistered { node: client, hardware_slot: slot(&n) });
}

#[test]
fn the_account_has_these_bytes() {
    let mut n = Nodes::new();
    let (client, record) = (n.world.client.pubkey(), record(&n));
    n.world.land(&[plain(&n)]);
    let account = n.world.raw(&record);
    assert_eq!(account.owner, grid_nodes::ID);
    let u16s = |values: &[u16]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let u32s = |values: &[u32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let expected = [
        &[1, node_address(&client).1][..],
        &u16s(&[276, 2, 32]),
        &slot(&n).to_le_bytes(),
        client.as_ref(),
        &GENESIS.to_le_bytes(),
        &GENESIS.to_le_bytes(),
        &u32s(&[24_564, 262_144, 2_000]),
        &[8, 9],
        &u16s(&[12, 8, 570, 86, 15, 0, 1, 0]),
        &[0; 2],
        &field::<48>("NVIDIA GeForce RTX 4090"),
        &field::<48>("AMD EPYC 7543 32-Core Processor"),
        &field::<128>("https://node.example:8443"),
        &[0; 64],
    ]
    .concat();
    assert_eq!(account.data[8..], expected);
    assert_eq!(account.data.len(), SPACE);
}

#[test]
fn takes_a_node_without_gpus_and_without_an_endpoint() {
    let mut n = Nodes::new();
    let software = Software { endpoint: String::new(), ..cpu_software() };
    n.world.land(&[register(&n, cpu_hardware(), software)]);
    let node = n.node(&n.world.client.pubkey());
    assert_eq!((node.gpu_count.get(), node.vram_mib.get(), node.compute_major), (0, 0, 0));
    assert_eq!((node.gpu_model, node.endpoint), ([0; 48], [0; 128]));
    assert_eq!((node.driver, node.cuda), ([0; 3].map(Into::into), [0; 2].map(Into::into)));
}

#[test]
fn takes_values_up_to_their_bounds() {
    let n = Nodes::new();
    for (hardware, software) in at_the_bounds() {
        let mut n = n.clone();
        n.world.land(&[register(&n, hardware.clone(), software.clone())]);
        let node = n.node(&n.world.client.pubkey());
        assert_eq!(
            (node.gpu_model, node.cpu_model, node.endpoint),
            (field(&hardware.gpu_model), field(&hardware.cpu_model), field(&software.endpoint))
        );
        assert_eq!(
            (node.gpu_count.get(), node.vram_mib.get(), node.compute_major, node.compute_minor),
            (hardware.gpu_count, hardware.vram_mib, hardware.compute_major, hardware.compute_minor)
        );
        assert_eq!(
            (node.cpu_cores.get(), node.ram_mib.get(), node.disk_gib.get(), node.country.get()),
            (hardware.cpu_cores, hardware.ram_mib, hardware.disk_gib, software.country)
        );
        assert_eq!(
            (node.driver.map(|part| part.get()), node.cuda.map(|part| part.get())),
            (software.driver, software.cuda)
        );
        assert_eq!(node.software.map(|part| part.get()), software.version);
    }
}

#[test]
fn refuses_each_wrong_value_by_its_name() {
    let mut n = Nodes::new();
    for (hardware, software, error) in beyond_the_bounds() {
        n.world.refuse(&[register(&n, hardware, software)], error);
    }
}

#[test]
fn happens_once() {
    let mut n = Nodes::new();
    n.world.land(&[plain(&n)]);
    let again = register(&n, cpu_hardware(), cpu_software());
    n.world.refuse_with(from_ref(&again), InstructionError::Custom(0));
    next_slot(&mut n);
    n.world.refuse_with(&[again], InstructionError::Custom(0));
}

#[test]
fn works_at_an_address_that_has_lamports_already() {
    let rent = Nodes::new().world.rent(SPACE);
    for sent in [1, rent - 1, rent, rent + 1, 3 * rent] {
        let mut n = Nodes::new();
        let (client, record) = (n.world.client.pubkey(), record(&n));
        prefund(&mut n, record, sent);
        let lamports = n.world.lamports(&client);
        n.world.land(&[plain(&n)]);
        assert_eq!(n.node(&client).node, client);
        assert_eq!(lamports - n.world.lamports(&client), rent.saturating_sub(sent), "{sent}");
        assert_eq!(n.world.lamports(&record), rent.max(sent));
    }
}

#[test]
fn refuses_every_other_address() {
    let n = Nodes::new();
    let [_, client, node, stranger] = keys(&n);
    let seeds = InstructionError::InvalidSeeds;
    refuse_swaps(
        &n,
        &plain(&n),
        &[
            (1, node_address(&stranger).0, seeds.clone()),
            (1, node_address(&node).0, seeds.clone()),
            (1, nodes::collection_address(&client).0, seeds.clone()),
            (0, stranger, seeds),
            (2, grid_jobs::ID, InstructionError::IncorrectProgramId),
        ],
    );
}

#[test]
fn needs_the_nodes_signature() {
    let mut n = Nodes::new();
    let register = plain(&n);
    needs_the_signature(&mut n, &register);
}
