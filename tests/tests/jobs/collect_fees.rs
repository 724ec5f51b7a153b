//! `collect_fees`

use grid_client::{address, instruction, token};
use grid_jobs::{GridError, Market};
use grid_tests::{
    TERMS, World, assert_event, assert_ledger, keypair_for,
    world::{BOND, DEPOSIT},
};
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

fn treasury() -> Address {
    keypair_for("treasury").pubkey()
}

/// A world whose market is owed 150 atoms, and whose treasury has no token account yet.
fn without_account() -> World {
    let mut world = World::new();
    let admin = world.authority.pubkey();
    world.land(&[instruction::update_config(admin, admin, treasury())]);
    let job = world.run_job(1);
    world.network.advance(60);
    world.finish(world.device, job);
    world
}

/// A world whose market is owed 150 atoms.
fn earned() -> World {
    let mut world = without_account();
    let mint = world.mint;
    world.give_tokens(&mint, &treasury(), 0);
    world
}

/// Nobody but the fee payer signs.
fn collect(world: &World) -> Instruction {
    instruction::collect_fees(world.market, world.mint, treasury(), Default::default())
}

#[test]
fn pays_all_of_it_to_the_treasury_whoever_asks() {
    let mut world = earned();
    let (market, config, vault) = (world.market(), world.config(), world.vault_tokens());
    let (project, device) = (world.raw(&world.project), world.raw(&world.device));
    let lamports = world.lamports(&world.market);

    let landed = world.land(&[collect(&world)]);

    assert_eq!(world.market().header, Market { fees_owed_atoms: 0.into(), ..market.header });
    assert_eq!((world.market().slots, world.lamports(&world.market)), (market.slots, lamports));
    assert_eq!(world.config(), config);
    assert_eq!(world.vault_tokens(), vault - 150);
    assert_eq!(world.tokens(&treasury()), 150);
    assert_eq!((world.raw(&world.project), world.raw(&world.device)), (project, device));
    assert_event!(
        landed,
        FeesCollected {
            market: world.market,
            destination: address::token_account(&treasury(), world.mint),
            stakers_atoms: 0,
            burnt_atoms: 0,
            treasury_atoms: 150,
            treasury_owed_after_atoms: 0,
        }
    );
    assert_ledger(&world, 0);
}

#[test]
fn pays_a_single_atom() {
    let mut world = earned();
    world.land(&[collect(&world)]);
    world.edit::<Market>(world.market, |m| m.fees_owed_atoms = 1.into());
    world.donate(1);
    world.land(&[collect(&world)]);
    assert_eq!(world.tokens(&treasury()), 151);
    assert_ledger(&world, 0);
}

#[test]
fn pays_while_jobs_and_devices_wait_and_run() {
    let mut world = earned();
    world.run_job(2);
    world.list(3);
    world.land(&[collect(&world)]);
    assert_eq!(world.market().header.active_jobs, 2);
    assert_ledger(&world, 0);
}

#[test]
fn pays_the_fees_of_one_market() {
    let mut world = earned();
    let other = world.open_market(1, TERMS);
    world.refuse(
        &[instruction::collect_fees(other, world.mint, treasury(), Default::default())],
        GridError::NoFees,
    );
    world.edit::<Market>(other, |m| m.fees_owed_atoms = 7.into());
    world.donate(7);
    world.land(&[collect(&world)]);
    assert_eq!(world.market_at(&other).header.fees_owed_atoms, 7);
    assert_ledger(&world, 0);
}

#[test]
fn refuses_when_nothing_is_owed() {
    let mut world = World::new();
    world.refuse(&[collect(&world)], GridError::NoFees);
}

#[test]
fn happens_once() {
    let mut world = earned();
    let collect = collect(&world);
    world.refuse(&[collect.clone(), collect.clone()], GridError::NoFees);
    world.land(from_ref(&collect));
    world.refuse(&[collect], GridError::NoFees);
}

#[test]
fn refuses_more_than_the_vault_holds() {
    let mut world = earned();
    world.edit::<Market>(world.market, |m| m.fees_owed_atoms = u64::MAX.into());
    // InsufficientFunds of the token program.
    world.refuse_with(&[collect(&world)], InstructionError::Custom(1));
}

#[test]
fn refuses_another_mint() {
    let mut world = earned();
    let other = world.open_mint("other mint");
    let collect = instruction::collect_fees(world.market, other, treasury(), Default::default());
    world.refuse(&[collect], GridError::WrongMint);
}

#[test]
fn refuses_the_vault_of_another_mint_and_no_vault_at_all() {
    let mut world = earned();
    let other = world.open_mint("other mint");
    for fake in [
        address::vault(&other).0,
        address::token_account(&world.client.pubkey(), world.mint),
        keypair_for("nobody").pubkey(),
    ] {
        let mut collect = collect(&world);
        collect.accounts[3].pubkey = fake;
        world.refuse_with(&[collect], InstructionError::InvalidSeeds);
    }
}

#[test]
fn refuses_a_destination_that_is_not_the_treasurys() {
    let mut world = earned();
    let other = world.open_mint("other mint");
    for destination in [
        address::token_account(&world.authority.pubkey(), world.mint),
        address::token_account(&world.stranger.pubkey(), world.mint),
        address::token_account(&treasury(), other),
        keypair_for("nobody").pubkey(),
        treasury(),
    ] {
        let mut collect = collect(&world);
        collect.accounts[6].pubkey = destination;
        world.refuse(&[collect], GridError::WrongPayeeAccount);
    }
}

#[test]
fn refuses_the_vault_as_the_destination() {
    let mut world = earned();
    let mut collect = collect(&world);
    collect.accounts[6].pubkey = address::vault(&world.mint).0;
    // ConstraintDuplicateMutableAccount of Anchor.
    world.refuse_with(&[collect], InstructionError::Custom(2040));
}

/// Asserts that everybody goes on and leaves as if nothing were, while nobody can collect the fees of 150 atoms.
#[track_caller]
fn assert_others_go_on(world: &World) {
    let mut world = world.clone();
    let (client, node, mint) = (world.client.pubkey(), world.node.pubkey(), world.mint);
    let job = world.run_job(2);
    world.network.advance(60);
    world.finish(world.device, job);
    let first = address::job(&world.project, 1).0;
    let balance = DEPOSIT - 2 * 6_150;
    let destination = address::token_account(&client, mint);
    world.land(&[
        instruction::withdraw_earnings(world.device, mint, node),
        instruction::withdraw_bond(node, world.device, mint, node, BOND),
        instruction::close_device(node, node, world.device),
        instruction::close_job(client, world.project, first, client),
        instruction::close_job(client, world.project, job, client),
        instruction::withdraw(client, world.project, mint, destination, balance),
        instruction::close_project(client, world.project),
    ]);
    let market = world.market().header;
    let owed = market.fees_owed_atoms.get() + market.treasury_owed_atoms.get();
    assert_eq!((world.vault_tokens(), owed), (300, 300));
    assert_ledger(&world, 0);
}

#[test]
fn a_treasurys_account_that_does_not_exist_blocks_nobody_else() {
    let mut world = without_account();
    let landed = world.land(&[collect(&world)]);
    assert_event!(
        landed,
        FeesCollected {
            market: world.market,
            destination: address::token_account(&treasury(), world.mint),
            stakers_atoms: 0,
            burnt_atoms: 0,
            treasury_atoms: 0,
            treasury_owed_after_atoms: 150,
        }
    );
    let header = world.market().header;
    assert_eq!((header.fees_owed_atoms, header.treasury_owed_atoms), (0.into(), 150.into()));
    world.refuse(&[collect(&world)], GridError::TreasuryNotPayable);
    assert_others_go_on(&world);
    let create = token::create_account(world.stranger.pubkey(), treasury(), world.mint);
    world.land(&[create, collect(&world)]);
    assert_eq!(world.tokens(&treasury()), 150);
    assert_eq!(world.market().header.treasury_owed_atoms, 0);
    assert_ledger(&world, 0);
}

#[test]
fn a_treasurys_account_that_is_frozen_blocks_nobody_else() {
    let mut world = earned();
    let account = address::token_account(&treasury(), world.mint);
    let mut frozen = world.raw(&account);
    frozen.data[108] = 2; // Frozen
    world.network.set(account, frozen);
    world.land(&[collect(&world)]);
    assert_eq!(world.market().header.treasury_owed_atoms, 150);
    assert_others_go_on(&world);
    let admin = world.authority.pubkey();
    world.land(&[
        instruction::update_config(admin, admin, world.client.pubkey()),
        instruction::collect_fees(world.market, world.mint, world.client.pubkey(), Default::default()),
    ]);
    assert_ledger(&world, 0);
}

#[test]
fn a_treasurys_account_that_was_given_away_blocks_nobody_else() {
    let mut world = earned();
    let (stranger, account) = (world.stranger.pubkey(), address::token_account(&treasury(), world.mint));
    let give_away = Instruction::new_with_bytes(
        token::PROGRAM_ID,
        &[&[6, 2, 1][..], stranger.as_ref()].concat(), // SetAuthority, AccountOwner, Some
        vec![AccountMeta::new(account, false), AccountMeta::new_readonly(treasury(), true)],
    );
    world.run(&[give_away], &[&keypair_for("treasury")]);
    let vault = world.vault_tokens();
    world.land(&[collect(&world)]);
    assert_eq!((world.market().header.treasury_owed_atoms, world.vault_tokens()), (150.into(), vault));
    assert_others_go_on(&world);
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let world = earned();
    world.assert_ignores_donations(&[collect(&world)]);
}
