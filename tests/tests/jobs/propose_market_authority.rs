//! `propose_market_authority`

use grid_client::instruction;
use grid_jobs::{GridError, Market};
use grid_tests::{TERMS, World, assert_event, assert_ledger};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;

fn propose(world: &World, new_authority: Address) -> Instruction {
    instruction::propose_market_authority(world.authority.pubkey(), world.market, new_authority)
}

#[test]
fn offers_the_market_and_changes_nothing_else() {
    let mut world = World::new();
    let (market, stranger, vault) = (world.market(), world.stranger.pubkey(), world.vault_tokens());

    let landed = world.land(&[propose(&world, stranger)]);

    assert_eq!(world.market().header, Market { pending_authority: stranger, ..market.header });
    assert_eq!(world.market().slots, market.slots);
    assert_eq!(world.vault_tokens(), vault);
    assert_event!(landed, MarketAuthorityProposed { market: world.market, new_authority: stranger });
    assert_ledger(&world, 0);
}

#[test]
fn the_authority_stays_until_the_offer_is_accepted() {
    let mut world = World::new();
    let (authority, stranger, market) = (world.authority.pubkey(), world.stranger.pubkey(), world.market);
    world.land(&[propose(&world, stranger), instruction::update_market(authority, market, TERMS)]);
    let update = instruction::update_market(stranger, market, TERMS);
    world.refuse(&[update], GridError::NotMarketAuthority);
}

#[test]
fn the_last_offer_counts() {
    let mut world = World::new();
    let (client, stranger, market) = (world.client.pubkey(), world.stranger.pubkey(), world.market);
    world.land(&[propose(&world, client), propose(&world, stranger)]);
    let accept = instruction::accept_market_authority(client, market);
    world.refuse(&[accept], GridError::NotPendingAuthority);
    world.land(&[instruction::accept_market_authority(stranger, market)]);
}

#[test]
fn the_zero_address_takes_an_offer_back() {
    let mut world = World::new();
    let (before, stranger) = (world.market(), world.stranger.pubkey());
    let landed = world.land(&[propose(&world, stranger)]);
    assert_event!(landed, MarketAuthorityProposed { market: world.market, new_authority: stranger });
    let landed = world.land(&[propose(&world, Address::default())]);
    assert_event!(
        landed,
        MarketAuthorityProposed { market: world.market, new_authority: Address::default() }
    );
    assert_eq!(world.market(), before);
    let accept = instruction::accept_market_authority(stranger, world.market);
    world.refuse(&[accept], GridError::NotPendingAuthority);
}

#[test]
fn refuses_who_is_not_the_markets_authority() {
    let mut world = World::new();
    let (client, stranger) = (world.client.pubkey(), world.stranger.pubkey());
    world.land(&[propose(&world, stranger), instruction::open_market(client, world.mint, 0, TERMS)]);
    for other in [stranger, client] {
        let propose = instruction::propose_market_authority(other, world.market, other);
        world.refuse(&[propose], GridError::NotMarketAuthority);
    }
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let world = World::new();
    world.assert_ignores_donations(&[propose(&world, world.stranger.pubkey())]);
}
