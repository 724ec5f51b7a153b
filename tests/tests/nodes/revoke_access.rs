//! `revoke_access`

use crate::support::*;
use grid_client::{
    address::token_account,
    nodes::{self, access_address, edition_address, metadata_address},
    token,
};
use grid_nodes::{CollectionRole, NodesError};
use grid_tests::{Nodes, assert_event, keypair_for, metaplex, nodes::label};
use solana_account::Account;
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

/// Bytes of an NFT's record.
const SPACE: usize = 184;

/// A node that has an NFT: its mint.
fn issued() -> (Nodes, Address) {
    let mut n = Nodes::new();
    let mint = n.issue(n.world.node.pubkey());
    (n, mint)
}

/// The authority revokes what it paid.
fn revoke(n: &Nodes, mint: &Address) -> Instruction {
    let authority = n.world.authority.pubkey();
    nodes::revoke_access(authority, &n.collection, mint, authority)
}

#[test]
fn takes_the_nft_out_of_the_collection_and_closes_its_record() {
    let (mut n, mint) = issued();
    let (authority, node, record) =
        (n.world.authority.pubkey(), n.world.node.pubkey(), access_address(&mint).0);
    let (lamports, revoke) = (n.world.lamports(&authority), revoke(&n, &mint));
    assert_eq!(n.size(), 1);

    let changed = [authority, record, metadata_address(&mint), metadata_address(&n.collection)];
    let landed = land_changing(&mut n, &[revoke], &changed);

    assert!(!n.world.exists(&record));
    assert_eq!(n.world.lamports(&authority), lamports + n.world.rent(SPACE));
    assert_eq!(n.size(), 0);
    assert_eq!(membership(&n, &mint), Some((n.collection, false)));
    // The holder keeps it.
    assert_is_nft_of(&n, &mint, &node);
    assert_event!(landed, AccessRevoked { collection: n.collection, mint: mint, node: node });
}

#[test]
fn leaves_the_other_nfts() {
    let (mut n, mint) = issued();
    let node = n.world.node.pubkey();
    let other = n.issue(node);
    n.world.land(&[revoke(&n, &mint)]);
    assert_eq!((n.size(), membership(&n, &other)), (1, Some((n.collection, true))));
    assert_eq!(n.access(&other).node, node);
}

#[test]
fn gives_lamports_that_were_sent_to_the_record_as_well() {
    let (mut n, mint) = issued();
    donate(&mut n, &access_address(&mint).0, 777);
    let authority = n.world.authority.pubkey();
    let lamports = n.world.lamports(&authority);
    n.world.land(&[revoke(&n, &mint)]);
    assert_eq!(n.world.lamports(&authority), lamports + n.world.rent(SPACE) + 777);
}

#[test]
fn works_after_the_holder_moved_the_nft() {
    let (mut n, mint) = issued();
    let [_, _, node, stranger] = keys(&n);
    n.world.land(&[
        token::create_account(node, stranger, mint),
        token::transfer(token_account(&node, mint), token_account(&stranger, mint), node, 1),
    ]);
    let landed = n.world.land(&[revoke(&n, &mint)]);
    assert_eq!((n.size(), membership(&n, &mint)), (0, Some((n.collection, false))));
    assert_is_nft_of(&n, &mint, &stranger);
    // It names the node that it was issued to.
    assert_event!(landed, AccessRevoked { collection: n.collection, mint: mint, node: node });
}

#[test]
fn works_after_the_holder_burned_the_nft() {
    let (mut n, mint) = issued();
    let (authority, node) = (n.world.authority.pubkey(), n.world.node.pubkey());
    let record = access_address(&mint).0;
    n.world.land(&[metaplex::burn(&node, &mint, Some(&n.collection))]);
    assert_eq!(n.size(), 0, "burning counts down");
    let (lamports, revoke) = (n.world.lamports(&authority), revoke(&n, &mint));
    let landed = land_changing(&mut n, &[revoke], &[authority, record]);
    assert_eq!(n.world.lamports(&authority), lamports + n.world.rent(SPACE));
    assert_eq!(n.size(), 0);
    assert_event!(landed, AccessRevoked { collection: n.collection, mint: mint, node: node });
}

#[test]
fn works_when_nothing_of_the_metadata_is_left() {
    let (mut n, mint) = issued();
    let node = n.world.node.pubkey();
    n.world.land(&[metaplex::burn(&node, &mint, Some(&n.collection))]);
    assert!(!n.world.exists(&metadata_address(&mint)));
    n.world.land(&[revoke(&n, &mint)]);
    assert!(!n.world.exists(&access_address(&mint).0));
}

#[test]
fn works_when_a_burn_left_an_account_without_metadata() {
    let (mut n, mint) = issued();
    let (authority, node, record) =
        (n.world.authority.pubkey(), n.world.node.pubkey(), access_address(&mint).0);
    n.world.land(&[metaplex::burn(&node, &mint, Some(&n.collection))]);
    // Later releases of Token Metadata leave their fee in the account: one byte, Key::Uninitialized.
    let (owner, data) = (nodes::METADATA_PROGRAM, vec![0]);
    let left = Account { lamports: 10_000_000, data, owner, rent_epoch: u64::MAX, executable: false };
    n.world.network.set(metadata_address(&mint), left);
    let revoke = revoke(&n, &mint);
    land_changing(&mut n, &[revoke], &[authority, record]);
}

#[test]
fn works_after_the_holder_burned_the_token_alone() {
    let (mut n, mint) = issued();
    let node = n.world.node.pubkey();
    let account = token_account(&node, mint);
    let metas = vec![
        AccountMeta::new(account, false),
        AccountMeta::new(mint, false),
        AccountMeta::new_readonly(node, true),
    ];
    // Burn is 8: the token program's own, of which Token Metadata hears nothing.
    let burn = [&[8][..], &1_u64.to_le_bytes()].concat();
    n.world.land(&[Instruction::new_with_bytes(token::PROGRAM_ID, &burn, metas)]);
    assert_eq!((n.size(), membership(&n, &mint)), (1, Some((n.collection, true))));
    n.world.land(&[revoke(&n, &mint)]);
    assert_eq!((n.size(), membership(&n, &mint)), (0, Some((n.collection, false))));
}

#[test]
fn a_burn_counts_down_only_once() {
    let (mut n, mint) = issued();
    let node = n.world.node.pubkey();
    let second = n.issue(node);
    n.world.land(&[metaplex::burn(&node, &mint, Some(&n.collection)), revoke(&n, &mint)]);
    assert_eq!((n.size(), membership(&n, &second)), (1, Some((n.collection, true))));
}

#[test]
fn works_after_the_nft_was_taken_out() {
    let (mut n, mint) = issued();
    let (authority, record) = (n.world.authority.pubkey(), access_address(&mint).0);
    let account = n.world.raw(&record);
    n.world.land(&[revoke(&n, &mint)]);
    // As if the NFT had left the collection past the program: it is out, and the record is there.
    n.world.network.set(record, account);
    let revoke = revoke(&n, &mint);
    land_changing(&mut n, &[revoke], &[authority, record]);
    assert_eq!((n.size(), membership(&n, &mint)), (0, Some((n.collection, false))));
}

#[test]
fn a_new_authority_revokes_and_the_rent_goes_to_the_old_one() {
    let (mut n, mint) = issued();
    let [authority, client, _, _] = keys(&n);
    hand_over(&mut n, CollectionRole::Authority, client);
    let collection = n.collection;
    let own = nodes::revoke_access(client, &collection, &mint, client);
    n.world.refuse(&[own], NodesError::WrongRentPayer);
    let lamports = [n.world.lamports(&authority), n.world.lamports(&client)];
    n.world.land(&[nodes::revoke_access(client, &collection, &mint, authority)]);
    assert_eq!(n.world.lamports(&authority), lamports[0] + n.world.rent(SPACE));
    assert_eq!(n.world.lamports(&client), lamports[1]);
    assert_eq!((n.size(), membership(&n, &mint)), (0, Some((collection, false))));
}

#[test]
fn another_index_issues_to_the_node_again_and_the_old_one_does_not() {
    let (mut n, mint) = issued();
    let (authority, node, collection) = (n.world.authority.pubkey(), n.world.node.pubkey(), n.collection);
    n.world.land(&[revoke(&n, &mint)]);
    let again = nodes::issue_access(authority, &collection, node, 0, label("Grid access"));
    n.world.refuse_with(&[again], InstructionError::Custom(0));
    let second = n.issue(node);
    assert_eq!((n.size(), n.access(&second).node), (1, node));
    assert_eq!(membership(&n, &second), Some((collection, true)));
    assert_eq!(membership(&n, &mint), Some((collection, false)));
}

#[test]
fn an_index_is_used_for_ever_even_when_its_nft_was_burned() {
    let (mut n, mint) = issued();
    let (authority, node, collection) = (n.world.authority.pubkey(), n.world.node.pubkey(), n.collection);
    n.world.land(&[metaplex::burn(&node, &mint, Some(&collection)), revoke(&n, &mint)]);
    let again = nodes::issue_access(authority, &collection, node, 0, label("Grid access"));
    n.world.refuse_with(&[again], InstructionError::Custom(0));
}

#[test]
fn happens_once() {
    let (mut n, mint) = issued();
    let revoke = revoke(&n, &mint);
    n.world.refuse_with(&[revoke.clone(), revoke.clone()], MISSING);
    n.world.land(from_ref(&revoke));
    n.world.refuse_with(&[revoke], MISSING);
}

#[test]
fn refuses_anybody_but_the_authority() {
    let (mut n, mint) = issued();
    let [_, client, node, stranger] = keys(&n);
    hand_over(&mut n, CollectionRole::Attestor, client);
    let revoke = revoke(&n, &mint);
    let not = ours(NodesError::NotCollectionAuthority);
    // The attestor, the holder, the stranger.
    refuse_swaps(&n, &revoke, &[client, node, stranger].map(|key| (0, key, not.clone())));
    needs_the_signature(&mut n, &revoke);
}

#[test]
fn refuses_the_record_of_another_collection() {
    let (mut n, mint) = issued();
    let [authority, client, _, _] = keys(&n);
    // One of the same authority, one of another, one that was adopted.
    let other = other_collection(&mut n);
    let revoke = nodes::revoke_access(authority, &other, &mint, authority);
    n.world.refuse(&[revoke], NodesError::WrongCollection);
    n.world.land(&[nodes::create_collection(client, 0, label("Clients"))]);
    let clients = nodes::collection_mint_address(&client, 0).0;
    let adopted = outside_collection(&mut n, &client, "outside");
    n.world.land(&[nodes::adopt_collection(client, adopted)]);
    for collection in [clients, adopted] {
        let revoke = nodes::revoke_access(client, &collection, &mint, authority);
        n.world.refuse(&[revoke], NodesError::WrongCollection);
    }
}

#[test]
fn refuses_every_other_rent_payer() {
    let (n, mint) = issued();
    let wrong = ours(NodesError::WrongRentPayer);
    let [_, client, node, stranger] = keys(&n);
    refuse_swaps(&n, &revoke(&n, &mint), &[client, node, stranger].map(|key| (7, key, wrong.clone())));
}

#[test]
fn no_other_metadata_keeps_the_nft_in_the_collection() {
    let (mut n, mint) = issued();
    let node = n.world.node.pubkey();
    let second = n.issue(node);
    let forged = forge(&mut n, &metadata_address(&mint), "forged", nodes::METADATA_PROGRAM);
    let wrong = ours(NodesError::WrongMetadata);
    refuse_swaps(
        &n,
        &revoke(&n, &mint),
        &[
            (6, metadata_address(&second), wrong.clone()),
            (6, edition_address(&mint), wrong.clone()),
            (6, forged, wrong.clone()),
            (6, mint, wrong.clone()),
            (6, keypair_for("nobody").pubkey(), wrong),
        ],
    );
}

#[test]
fn refuses_metadata_and_edition_of_another_collection() {
    let (mut n, mint) = issued();
    let other = other_collection(&mut n);
    let nobody = keypair_for("nobody").pubkey();
    for (place, account) in [
        (3, metadata_address(&other)),
        (3, edition_address(&n.collection)),
        (3, nobody),
        (4, edition_address(&other)),
        (4, nobody),
    ] {
        let mut revoke = revoke(&n, &mint);
        revoke.accounts[place].pubkey = account;
        let (authority, before) = (n.world.authority.insecure_clone(), n.world.state());
        n.world.attempt(&[revoke], &[&authority]).expect_err("it must fail");
        assert_eq!(n.world.state(), before, "{place}");
    }
}

#[test]
fn refuses_every_other_account() {
    let (mut n, mint) = issued();
    let other = other_collection(&mut n);
    let nobody = keypair_for("nobody").pubkey();
    let record = record(&n);
    let forged_access = forge(&mut n, &access_address(&mint).0, "forged", grid_jobs::ID);
    let forged_record = forge(&mut n, &record, "forged 2", grid_jobs::ID);
    refuse_swaps(
        &n,
        &revoke(&n, &mint),
        &[
            (1, forged_record, FOREIGN),
            (1, nobody, UNREAD),
            (2, other, ours(NodesError::WrongMint)),
            (2, mint, ours(NodesError::WrongMint)),
            (5, forged_access, FOREIGN),
            (5, nobody, MISSING),
            (5, nodes::node_address(&n.world.node.pubkey()).0, InstructionError::InvalidAccountData),
            (8, grid_jobs::ID, InstructionError::IncorrectProgramId),
        ],
    );
}

#[test]
fn the_holder_does_not_bring_the_nft_back() {
    let (mut n, mint) = issued();
    let (node, authority, collection) = (n.world.node.pubkey(), n.world.authority.pubkey(), n.collection);
    n.world.land(&[revoke(&n, &mint)]);
    for actor in [node, authority] {
        let verify = metaplex::verify_sized(&actor, &mint, &collection);
        // Token Metadata's InvalidCollectionUpdateAuthority.
        n.world.refuse_with(&[verify], InstructionError::Custom(81));
    }
}
