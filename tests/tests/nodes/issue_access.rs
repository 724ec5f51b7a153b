//! `issue_access`

use crate::support::*;
use grid_client::{
    address::token_account,
    nodes::{
        self, Label, access_address, access_mint_address, collection_address, edition_address,
        metadata_address, node_address,
    },
    token,
};
use grid_nodes::{Access, CollectionRole, NodesError};
use grid_tests::{
    Nodes, assert_event, keypair_for, metaplex,
    nodes::{hardware, label, software},
};
use mpl_token_metadata::types::TokenStandard;
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

/// Bytes of an NFT's record.
const SPACE: usize = 184;

/// The authority issues NFT `index` to the node.
fn issue(n: &Nodes, index: u64, label: Label) -> Instruction {
    nodes::issue_access(n.world.authority.pubkey(), &n.collection, n.world.node.pubkey(), index, label)
}

fn plain(n: &Nodes, index: u64) -> Instruction {
    issue(n, index, label("Grid access"))
}

fn mint(n: &Nodes, index: u64) -> Address {
    access_mint_address(&n.collection, index).0
}

/// The five accounts that come into being.
fn made(n: &Nodes, index: u64) -> [Address; 5] {
    let mint = mint(n, index);
    accounts_of(&mint, &access_address(&mint).0, &n.world.node.pubkey())
}

#[test]
fn the_nft_is_in_the_wallet_and_verified_into_the_collection() {
    let mut n = Nodes::new();
    let node = n.world.node.pubkey();
    let mint = n.issue(node);
    assert_is_nft_of(&n, &mint, &node);
    assert_eq!(membership(&n, &mint), Some((n.collection, true)));
    let metadata = metaplex::metadata(&n.world.network, &mint);
    assert_eq!((metadata.update_authority, metadata.mint), (record(&n), mint));
    let trimmed = |text: &str| text.trim_end_matches('\0').to_owned();
    assert_eq!(
        (trimmed(&metadata.name), trimmed(&metadata.symbol), trimmed(&metadata.uri)),
        ("Grid access".to_owned(), "GRID".to_owned(), "https://grid.example/access.json".to_owned())
    );
    assert_eq!(metadata.token_standard, Some(TokenStandard::NonFungible));
    assert_eq!((metadata.collection_details, metadata.creators), (None, None));
}

#[test]
fn writes_the_record_and_the_authority_pays() {
    let mut n = Nodes::new();
    let (authority, node, made) = (n.world.authority.pubkey(), n.world.node.pubkey(), made(&n, 0));
    let (mint, issue) = (mint(&n, 0), plain(&n, 0));
    n.world.network.advance(123);
    let lamports = n.world.lamports(&authority);
    let collection_metadata = metadata_address(&n.collection);

    let landed = land_changing(&mut n, &[issue], &[&made[..], &[authority, collection_metadata]].concat());

    let (address, bump) = access_address(&mint);
    let now = n.world.network.time();
    assert_eq!(
        n.access(&mint),
        Access {
            version: 1,
            bump,
            padding: [0; 6],
            issued_at: now.into(),
            mint,
            collection: n.collection,
            node,
            payer: authority,
            reserved: [0; 32],
        }
    );
    let account = n.world.raw(&address);
    let bytes = [
        &[1, bump, 0, 0, 0, 0, 0, 0][..],
        &now.to_le_bytes(),
        mint.as_ref(),
        n.collection.as_ref(),
        node.as_ref(),
        authority.as_ref(),
        &[0; 32],
    ]
    .concat();
    assert_eq!((&account.data[8..], account.owner), (&bytes[..], grid_nodes::ID));
    assert_eq!(account.data.len(), SPACE);
    assert_event!(landed, AccessIssued { collection: n.collection, mint: mint, node: node });
    assert_eq!(lamports - n.world.lamports(&authority), lamports_in(&n, &made));
    for address in made {
        let account = n.world.raw(&address);
        assert_eq!(account.lamports, n.world.rent(account.data.len()), "{address}");
    }
}

#[test]
fn the_collection_counts_each() {
    let mut n = Nodes::new();
    let (node, client) = (n.world.node.pubkey(), n.world.client.pubkey());
    n.world.land(&[nodes::register_node(client, hardware(), software())]);
    for (count, wallet) in (0..).zip([node, client, node]) {
        assert_eq!(n.size(), count);
        let mint = n.issue(wallet);
        assert_is_nft_of(&n, &mint, &wallet);
    }
    assert_eq!(n.size(), 3);
}

#[test]
fn any_index_that_is_free_will_do() {
    let mut n = Nodes::new();
    for (count, index) in (1..).zip([u64::MAX, 0, 1 << 32, 256, 1]) {
        n.world.land(&[plain(&n, index)]);
        assert_eq!(n.access(&mint(&n, index)).mint, mint(&n, index));
        assert_eq!(n.size(), count);
    }
}

#[test]
fn refuses_an_index_that_was_used() {
    let mut n = Nodes::new();
    let client = n.world.client.pubkey();
    n.world.land(&[nodes::register_node(client, hardware(), software())]);
    n.world.land(&[plain(&n, 3)]);
    n.world.refuse_with(&[plain(&n, 3)], InstructionError::Custom(0));
    let authority = n.world.authority.pubkey();
    let to_another = nodes::issue_access(authority, &n.collection, client, 3, label("Grid access"));
    n.world.refuse_with(&[to_another], InstructionError::Custom(0));
}

#[test]
fn refuses_a_mint_of_another_index() {
    let mut n = Nodes::new();
    let mut issue = plain(&n, 0);
    issue.data[8] = 1;
    n.world.refuse_with(&[issue], InstructionError::InvalidSeeds);
}

#[test]
fn takes_texts_up_to_their_bounds_and_refuses_longer_ones() {
    let n = Nodes::new();
    for (name, symbol, uri) in [(1, 0, 0), (31, 9, 199), (32, 10, 200)] {
        let mut n = n.clone();
        let label = Label { name: "n".repeat(name), symbol: "s".repeat(symbol), uri: "u".repeat(uri) };
        n.world.land(&[issue(&n, 0, label.clone())]);
        let metadata = metaplex::metadata(&n.world.network, &mint(&n, 0));
        assert_eq!(metadata.name.trim_end_matches('\0'), label.name);
        assert_eq!(metadata.symbol.trim_end_matches('\0'), label.symbol);
        assert_eq!(metadata.uri.trim_end_matches('\0'), label.uri);
    }
    let mut n = n;
    for (name, symbol, uri, error) in [
        (0, 1, 1, NodesError::NameOutOfRange),
        (33, 1, 1, NodesError::NameOutOfRange),
        (1, 11, 1, NodesError::SymbolOutOfRange),
        (1, 1, 201, NodesError::UriOutOfRange),
    ] {
        let label = Label { name: "n".repeat(name), symbol: "s".repeat(symbol), uri: "u".repeat(uri) };
        n.world.refuse(&[issue(&n, 0, label)], error);
    }
}

#[test]
fn refuses_anybody_but_the_authority() {
    let mut n = Nodes::new();
    let [_, client, _, stranger] = keys(&n);
    hand_over(&mut n, CollectionRole::Attestor, client);
    let issue = plain(&n, 0);
    let not = ours(NodesError::NotCollectionAuthority);
    // The attestor, the stranger.
    refuse_swaps(&n, &issue, &[client, stranger].map(|key| (0, key, not.clone())));
    needs_the_signature(&mut n, &issue);
}

#[test]
fn refuses_a_collection_that_this_program_did_not_make() {
    let mut n = Nodes::new();
    let (client, node) = (n.world.client.pubkey(), n.world.node.pubkey());
    let outside = outside_collection(&mut n, &client, "outside");
    n.world.land(&[nodes::adopt_collection(client, outside)]);
    let issue = nodes::issue_access(client, &outside, node, 0, label("Grid access"));
    n.world.refuse(&[issue], NodesError::CollectionNotOurs);
}

#[test]
fn an_adopted_collection_of_which_the_record_became_the_update_authority_stays_foreign() {
    let mut n = Nodes::new();
    let (client, node) = (n.world.client.pubkey(), n.world.node.pubkey());
    let outside = outside_collection(&mut n, &client, "outside");
    n.world.land(&[nodes::adopt_collection(client, outside)]);
    n.world.land(&[metaplex::set_update_authority(&client, &outside, &collection_address(&outside).0)]);
    let issue = nodes::issue_access(client, &outside, node, 0, label("Grid access"));
    n.world.refuse(&[issue], NodesError::CollectionNotOurs);
}

#[test]
fn refuses_the_wallet_of_another_node() {
    let mut n = Nodes::new();
    let (node, client) = (n.world.node.pubkey(), n.world.client.pubkey());
    n.world.land(&[nodes::register_node(client, hardware(), software())]);
    let mut issue = plain(&n, 0);
    // The client's record, and the node's wallet; then the other way round.
    issue.accounts[5].pubkey = node_address(&client).0;
    n.world.refuse(from_ref(&issue), NodesError::WrongNode);
    issue.accounts[5].pubkey = node_address(&node).0;
    issue.accounts[6].pubkey = client;
    issue.accounts[8].pubkey = token_account(&client, mint(&n, 0));
    n.world.refuse(&[issue], NodesError::WrongNode);
}

#[test]
fn refuses_a_node_that_is_not_registered() {
    let mut n = Nodes::new();
    let client = n.world.client.pubkey();
    n.world.refuse_with(&[n.issue_instruction(client)], UNREAD);
}

#[test]
fn refuses_every_other_address() {
    let mut n = Nodes::new();
    let (authority, other) = (n.world.authority.pubkey(), other_collection(&mut n));
    let nft = mint(&n, 0);
    let nobody = keypair_for("nobody").pubkey();
    let (node, record) = (node_address(&n.world.node.pubkey()).0, record(&n));
    let forged_node = forge(&mut n, &node, "forged", grid_jobs::ID);
    let forged_record = forge(&mut n, &record, "forged 2", grid_jobs::ID);
    let seeds = InstructionError::InvalidSeeds;
    refuse_swaps(
        &n,
        &plain(&n, 0),
        &[
            (1, forged_record, FOREIGN),
            (1, nobody, UNREAD),
            (1, collection_address(&other).0, ours(NodesError::WrongMint)),
            (2, other, ours(NodesError::WrongMint)),
            (2, nobody, ours(NodesError::WrongMint)),
            (5, forged_node, FOREIGN),
            (5, collection_address(&other).0, MISSING),
            (5, nobody, UNREAD),
            (6, nobody, ours(NodesError::WrongNode)),
            (7, nobody, seeds.clone()),
            (7, access_mint_address(&other, 0).0, seeds.clone()),
            (8, token_account(&authority, nft), seeds.clone()),
            (8, nobody, seeds.clone()),
            // Token Metadata's InvalidMetadataKey and DerivedKeyInvalid.
            (9, nobody, InstructionError::Custom(5)),
            (10, nobody, InstructionError::Custom(27)),
            (11, nobody, seeds.clone()),
            (11, access_address(&n.collection).0, seeds),
        ],
    );
}

#[test]
fn refuses_metadata_and_edition_of_another_collection() {
    let mut n = Nodes::new();
    let other = other_collection(&mut n);
    let nobody = keypair_for("nobody").pubkey();
    let mut found = Vec::new();
    for (place, account) in [
        (3, metadata_address(&other)),
        (3, edition_address(&n.collection)),
        (3, nobody),
        (4, edition_address(&other)),
        (4, metadata_address(&other)),
        (4, nobody),
    ] {
        let mut issue = plain(&n, 0);
        issue.accounts[place].pubkey = account;
        let authority = n.world.authority.insecure_clone();
        let before = n.world.state();
        let failure = n.world.attempt(&[issue], &[&authority]).expect_err("it must fail");
        assert_eq!(n.world.state(), before);
        found.push(failure.code());
    }
    // Token Metadata's own errors.
    assert!(found.iter().all(Option::is_some), "{found:?}");
}

#[test]
fn refuses_every_other_program() {
    let n = Nodes::new();
    let wrong = InstructionError::IncorrectProgramId;
    let programs =
        [(12, token::PROGRAM_2022_ID), (12, grid_jobs::ID), (13, grid_jobs::ID), (14, grid_jobs::ID)];
    let swaps = programs.map(|(place, program)| (place, program, wrong.clone()));
    refuse_swaps(&n, &plain(&n, 0), &swaps);
    refuse_swaps(&n, &plain(&n, 0), &[(15, grid_jobs::ID, wrong)]);
}

#[test]
fn refuses_an_account_that_stands_for_two() {
    let n = Nodes::new();
    let issue = plain(&n, 0);
    let key = |place: usize| issue.accounts[place].pubkey;
    refuse_swaps(
        &n,
        &issue,
        &[(11, key(7), TWICE), (9, key(3), TWICE), (8, key(7), TWICE), (10, key(9), TWICE)],
    );
}

#[test]
fn works_at_addresses_that_have_lamports_already() {
    for sent in [1, 890_880, 50_000_000] {
        let mut n = Nodes::new();
        let (authority, node, made) = (n.world.authority.pubkey(), n.world.node.pubkey(), made(&n, 0));
        for address in made {
            prefund(&mut n, address, sent);
        }
        let lamports = n.world.lamports(&authority);
        n.world.land(&[plain(&n, 0)]);
        assert_eq!(lamports + 5 * sent - n.world.lamports(&authority), lamports_in(&n, &made));
        assert_is_nft_of(&n, &mint(&n, 0), &node);
        assert_eq!((n.access(&mint(&n, 0)).node, n.size()), (node, 1));
    }
}

#[test]
fn a_new_authority_issues() {
    let mut n = Nodes::new();
    let (client, node) = (n.world.client.pubkey(), n.world.node.pubkey());
    hand_over(&mut n, CollectionRole::Authority, client);
    n.world.land(&[nodes::issue_access(client, &n.collection, node, 0, label("Grid access"))]);
    let nft = mint(&n, 0);
    assert_eq!(n.access(&nft).payer, client);
    assert_is_nft_of(&n, &nft, &node);
}

#[test]
fn the_authority_may_be_the_node() {
    let mut n = Nodes::new();
    let authority = n.world.authority.pubkey();
    n.world.land(&[nodes::register_node(authority, hardware(), software())]);
    let nft = n.issue(authority);
    assert_is_nft_of(&n, &nft, &authority);
}

#[test]
fn neither_holder_nor_authority_has_power_over_the_metadata() {
    let mut n = Nodes::new();
    let (node, authority, mint) = (n.world.node.pubkey(), n.world.authority.pubkey(), n.collection);
    let nft = n.issue(node);
    for actor in [node, authority] {
        let take = metaplex::set_update_authority(&actor, &nft, &actor);
        // Token Metadata's UpdateAuthorityIncorrect and InvalidCollectionUpdateAuthority.
        n.world.refuse_with(&[take], InstructionError::Custom(7));
        n.world.refuse_with(&[metaplex::unverify_sized(&actor, &nft, &mint)], InstructionError::Custom(81));
        // The token program's OwnerMismatch.
        let more = token::mint_to(nft, token_account(&node, nft), actor, 1);
        n.world.refuse_with(&[more], InstructionError::Custom(4));
    }
}
