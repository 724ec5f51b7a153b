//! `open_device`

use grid_client::{address, instruction};
use grid_jobs::{Device, DeviceState, GridError, Penalties};
use grid_tests::{TERMS, World, assert_event, assert_ledger, keypair_for};
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

/// The node opens its device 1, with a payee of its own.
fn open(world: &World, payee: Address) -> Instruction {
    instruction::open_device(world.node.pubkey(), world.market, 1, payee)
}

#[test]
fn opens_an_idle_device_of_the_signer() {
    let mut world = World::new();
    let (node, payee) = (world.node.pubkey(), keypair_for("payee").pubkey());
    let (device, bump) = address::device(&world.market, &node, 1);
    let (lamports, vault, market) = (world.lamports(&node), world.vault_tokens(), world.raw(&world.market));

    let landed = world.land(&[open(&world, payee)]);

    let account = world.raw(&device);
    assert_eq!((account.owner, account.data.len()), (grid_jobs::ID, 288));
    assert_eq!(account.lamports, world.rent(288));
    assert_eq!(world.lamports(&node), lamports - world.rent(288));
    assert_eq!(
        world.device(&device),
        Device {
            version: 1,
            bump,
            state: DeviceState::Idle as u8,
            is_gated: 0,
            slot: 0.into(),
            padding2: [0; 2],
            index: 1.into(),
            strikes: 0.into(),
            market: world.market,
            node,
            payee,
            mint: world.mint,
            job: Address::default(),
            min_price_per_second_atoms: 0.into(),
            bond_atoms: 0.into(),
            earnings_atoms: 0.into(),
            matched_at: 0.into(),
            jobs_finished: 0.into(),
            penalties: Penalties::default(),
            noticed_at: 0.into(),
            access_metadata: Address::default(),
            access: 0,
            reserved: [0; 7],
        }
    );
    assert_eq!(world.raw(&world.market), market);
    assert_eq!(world.vault_tokens(), vault);
    assert_event!(landed, DeviceOpened { device: device, market: world.market, node: node, payee: payee });
    assert_ledger(&world, 0);
}

#[test]
fn takes_any_index() {
    let mut world = World::new();
    let node = world.node.pubkey();
    for index in [1, 255, 256, u32::MAX] {
        world.land(&[instruction::open_device(node, world.market, index, node)]);
        let device = world.device(&address::device(&world.market, &node, index).0);
        assert_eq!(device.index, index);
    }
    assert_ledger(&world, 0);
}

#[test]
fn takes_the_mint_of_the_market() {
    let mut world = World::new();
    let other = world.open_mint("other mint");
    let (authority, node) = (world.authority.pubkey(), world.node.pubkey());
    let market = address::market(&authority, 1).0;
    world.land(&[
        instruction::open_market(authority, other, 1, TERMS),
        instruction::open_device(node, market, 0, node),
    ]);
    let device = world.device(&address::device(&market, &node, 0).0);
    assert_eq!((device.mint, device.market), (other, market));
}

#[test]
fn refuses_a_payee_of_nobody() {
    let mut world = World::new();
    world.refuse(&[open(&world, Address::default())], GridError::ZeroPayee);
}

#[test]
fn happens_once() {
    let mut world = World::new();
    // AccountAlreadyInUse of the system program.
    let in_use = InstructionError::Custom(0);
    let open = open(&world, world.node.pubkey());
    world.refuse_with(&[open.clone(), open.clone()], in_use.clone());
    world.land(from_ref(&open));
    world.refuse_with(&[open], in_use);
}

#[test]
fn refuses_an_address_that_is_not_the_devices() {
    let mut world = World::new();
    let (node, stranger) = (world.node.pubkey(), world.stranger.pubkey());
    for address in [
        address::device(&world.market, &node, 2).0,
        address::device(&world.market, &stranger, 1).0,
        address::device(&world.project, &node, 1).0,
        world.device,
        keypair_for("nobody").pubkey(),
    ] {
        let mut open = open(&world, node);
        open.accounts[2].pubkey = address;
        world.refuse_with(&[open], InstructionError::InvalidSeeds);
    }
}

#[test]
fn refuses_a_market_that_is_none() {
    let mut world = World::new();
    let node = world.node.pubkey();
    for (fake, error) in [
        (keypair_for("nobody").pubkey(), InstructionError::UninitializedAccount),
        (world.project, InstructionError::AccountDataTooSmall),
        (world.mint, InstructionError::IllegalOwner),
    ] {
        world.refuse_with(&[instruction::open_device(node, fake, 1, node)], error);
    }
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let world = World::new();
    world.assert_ignores_donations(&[open(&world, world.node.pubkey())]);
}
