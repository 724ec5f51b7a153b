//! `adopt_collection`

use crate::support::*;
use grid_client::nodes::{
    self, collection_address, collection_mint_address, edition_address, metadata_address,
};
use grid_nodes::{Collection, CollectionRole, NodesError};
use grid_tests::{
    Nodes, assert_event, keypair_for,
    metaplex::{self, Make, PLAIN},
    nodes::label,
};
use solana_account::Account;
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

/// Bytes of a collection's record.
const SPACE: usize = 216;

/// A collection that the client made outside Grid: its mint.
fn outside() -> (Nodes, Address) {
    let mut n = Nodes::new();
    let client = n.world.client.pubkey();
    let mint = outside_collection(&mut n, &client, "outside");
    (n, mint)
}

/// The same, adopted.
fn adopted() -> (Nodes, Address) {
    let (mut n, mint) = outside();
    n.world.land(&[adopt(&n, &mint)]);
    (n, mint)
}

/// The client adopts a collection.
fn adopt(n: &Nodes, mint: &Address) -> Instruction {
    nodes::adopt_collection(n.world.client.pubkey(), *mint)
}

/// What the client's adoption writes.
fn fresh(n: &Nodes, mint: &Address) -> Collection {
    let client = n.world.client.pubkey();
    Collection {
        version: 1,
        bump: collection_address(mint).1,
        is_ours: 0,
        padding: [0; 5],
        mint: *mint,
        authority: client,
        pending_authority: Address::default(),
        attestor: client,
        pending_attestor: Address::default(),
        reserved: [0; 40],
    }
}

#[test]
fn the_update_authority_enters_its_collection() {
    let (mut n, mint) = outside();
    let (client, record) = (n.world.client.pubkey(), collection_address(&mint).0);
    let (lamports, adopt) = (n.world.lamports(&client), adopt(&n, &mint));

    let landed = land_changing(&mut n, &[adopt], &[client, record]);

    assert_eq!(collection_of(&n, &mint), fresh(&n, &mint));
    let account = n.world.raw(&record);
    assert_eq!((account.owner, account.data.len()), (grid_nodes::ID, SPACE));
    assert_eq!(account.lamports, n.world.rent(SPACE));
    assert_eq!(lamports - n.world.lamports(&client), n.world.rent(SPACE));
    assert_event!(landed, CollectionOpened { collection: mint, authority: client, is_ours: 0 });
}

#[test]
fn takes_any_mint_with_metadata() {
    let mut n = Nodes::new();
    let client = n.world.client.insecure_clone();
    let key = client.pubkey();
    let kinds = [
        ("unsized", PLAIN),
        ("no edition", Make { prints: None, ..PLAIN }),
        ("prints", Make { prints: Some(5), ..PLAIN }),
        ("member of another", Make { collection: Some(n.collection), ..PLAIN }),
    ];
    for (name, how) in kinds {
        let mint = metaplex::make(&mut n.world.network, &client, name, &key, how);
        n.world.land(&[adopt(&n, &mint)]);
        assert_eq!(collection_of(&n, &mint), fresh(&n, &mint), "{name}");
    }
}

#[test]
fn refuses_whoever_is_not_the_update_authority() {
    let (mut n, mint) = outside();
    let adopt = adopt(&n, &mint);
    let not = ours(NodesError::NotUpdateAuthority);
    let [authority, _, node, stranger] = keys(&n);
    refuse_swaps(&n, &adopt, &[authority, node, stranger].map(|key| (0, key, not.clone())));
    needs_the_signature(&mut n, &adopt);
}

#[test]
fn refuses_metadata_of_another_mint() {
    let (mut n, mint) = outside();
    let stranger = n.world.stranger.pubkey();
    let own = outside_collection(&mut n, &stranger, "strangers");
    // The stranger would take the client's collection with the metadata of its own.
    let adopt = nodes::adopt_collection(stranger, mint);
    let wrong = ours(NodesError::WrongMetadata);
    refuse_swaps(
        &n,
        &adopt,
        &[
            (2, metadata_address(&own), wrong.clone()),
            (2, edition_address(&mint), wrong.clone()),
            (2, edition_address(&own), wrong.clone()),
            (2, mint, wrong.clone()),
            (2, n.world.node.pubkey(), wrong.clone()),
            (2, keypair_for("nobody").pubkey(), wrong),
        ],
    );
}

#[test]
fn refuses_forged_metadata() {
    let (mut n, mint) = outside();
    let stranger = n.world.stranger.pubkey();
    let own = outside_collection(&mut n, &stranger, "strangers");
    let (real, strangers) = (n.world.raw(&metadata_address(&mint)), n.world.raw(&metadata_address(&own)));
    let mut says_stranger = real.clone();
    says_stranger.data[1..33].copy_from_slice(stranger.as_ref());
    let adopt = nodes::adopt_collection(stranger, mint);
    let wrong = ours(NodesError::WrongMetadata);

    // The bytes that the stranger needs: at another address, whoever owns them.
    for owner in [grid_client::nodes::METADATA_PROGRAM, grid_jobs::ID, solana_sdk_ids::system_program::ID] {
        let forged = keypair_for("forged").pubkey();
        n.world.network.set(forged, Account { owner, ..says_stranger.clone() });
        refuse_swaps(&n, &adopt, &[(2, forged, wrong.clone())]);
    }
    // At the right address, but of another program; or of Token Metadata, but of another mint or kind, or cut off.
    let address = metadata_address(&mint);
    let mut edition = says_stranger.clone();
    edition.data[0] = 6;
    let cut = Account { data: says_stranger.data[..64].to_vec(), ..says_stranger.clone() };
    let empty = Account { data: vec![], ..says_stranger.clone() };
    for forged in [Account { owner: grid_jobs::ID, ..says_stranger.clone() }, strangers, edition, cut, empty]
    {
        n.world.network.set(address, forged);
        n.world.refuse(from_ref(&adopt), NodesError::WrongMetadata);
    }
    // The bytes themselves would do it.
    n.world.network.set(address, says_stranger);
    n.world.land(&[adopt]);
}

#[test]
fn refuses_a_mint_without_metadata() {
    let mut n = Nodes::new();
    for mint in [n.world.mint, keypair_for("nobody").pubkey()] {
        n.world.refuse(&[adopt(&n, &mint)], NodesError::WrongMetadata);
    }
}

#[test]
fn refuses_a_collection_that_this_program_made_and_its_nfts() {
    let mut n = Nodes::new();
    let nft = n.issue(n.world.node.pubkey());
    for mint in [n.collection, nft] {
        for actor in keys(&n) {
            let adopt = nodes::adopt_collection(actor, mint);
            n.world.refuse(&[adopt], NodesError::NotUpdateAuthority);
        }
    }
    assert_eq!(n.collection().is_ours, 1);
}

#[test]
fn refuses_every_other_record() {
    let (n, mint) = outside();
    let seeds = InstructionError::InvalidSeeds;
    refuse_swaps(
        &n,
        &adopt(&n, &mint),
        &[
            (3, record(&n), seeds.clone()),
            (3, keypair_for("nobody").pubkey(), seeds.clone()),
            (1, n.collection, seeds),
            (4, grid_jobs::ID, InstructionError::IncorrectProgramId),
        ],
    );
}

#[test]
fn a_new_update_authority_takes_both_roles_and_clears_the_offers() {
    let (mut n, mint) = adopted();
    let [authority, client, node, stranger] = keys(&n);
    n.world.land(&[
        nodes::propose_collection_role(client, &mint, CollectionRole::Attestor, node),
        nodes::accept_collection_role(node, &mint, CollectionRole::Attestor),
        nodes::propose_collection_role(client, &mint, CollectionRole::Attestor, authority),
        nodes::propose_collection_role(client, &mint, CollectionRole::Authority, authority),
    ]);
    n.world.land(&[metaplex::set_update_authority(&client, &mint, &stranger)]);
    let (record, lamports) = (collection_address(&mint).0, n.world.lamports(&stranger));

    let landed = land_changing(&mut n, &[nodes::adopt_collection(stranger, mint)], &[record]);

    let expected = Collection { authority: stranger, attestor: stranger, ..fresh(&n, &mint) };
    assert_eq!(collection_of(&n, &mint), expected);
    assert_eq!(n.world.lamports(&stranger), lamports);
    assert_event!(landed, CollectionOpened { collection: mint, authority: stranger, is_ours: 0 });

    // Those before it have lost everything.
    n.world.refuse(&[adopt(&n, &mint)], NodesError::NotUpdateAuthority);
    let propose = nodes::propose_collection_role(client, &mint, CollectionRole::Attestor, client);
    n.world.refuse(&[propose], NodesError::NotCollectionAuthority);
    for role in [CollectionRole::Authority, CollectionRole::Attestor] {
        n.world.refuse(&[nodes::accept_collection_role(authority, &mint, role)], NodesError::NotOffered);
    }
    let attest = nodes::attest(node, &mint, &node, &measured(&n));
    n.world.refuse(&[attest], NodesError::NotAttestor);
    n.world.land(&[nodes::attest(stranger, &mint, &node, &measured(&n))]);
}

#[test]
fn the_roles_are_the_update_authoritys_to_take_back() {
    let (mut n, mint) = adopted();
    let (client, node) = (n.world.client.pubkey(), n.world.node.pubkey());
    for role in [CollectionRole::Attestor, CollectionRole::Authority] {
        n.world.land(&[
            nodes::propose_collection_role(client, &mint, role, node),
            nodes::accept_collection_role(node, &mint, role),
        ]);
    }
    assert_eq!(collection_of(&n, &mint).authority, node);
    n.world.land(&[adopt(&n, &mint)]);
    assert_eq!(collection_of(&n, &mint), fresh(&n, &mint));
}

#[test]
fn the_role_alone_does_not_adopt() {
    let (mut n, mint) = adopted();
    let (client, node) = (n.world.client.pubkey(), n.world.node.pubkey());
    n.world.land(&[
        nodes::propose_collection_role(client, &mint, CollectionRole::Authority, node),
        nodes::accept_collection_role(node, &mint, CollectionRole::Authority),
    ]);
    n.world.refuse(&[nodes::adopt_collection(node, mint)], NodesError::NotUpdateAuthority);
}

#[test]
fn adopting_twice_changes_nothing() {
    let (mut n, mint) = adopted();
    let adopt = adopt(&n, &mint);
    land_changing(&mut n, &[adopt], &[]);
}

#[test]
fn works_at_an_address_that_has_lamports_already() {
    let rent = Nodes::new().world.rent(SPACE);
    for sent in [1, rent - 1, rent, 3 * rent] {
        let (mut n, mint) = outside();
        let (client, record) = (n.world.client.pubkey(), collection_address(&mint).0);
        prefund(&mut n, record, sent);
        let lamports = n.world.lamports(&client);
        n.world.land(&[adopt(&n, &mint)]);
        assert_eq!(collection_of(&n, &mint), fresh(&n, &mint));
        assert_eq!(lamports - n.world.lamports(&client), rent.saturating_sub(sent), "{sent}");
    }
}

#[test]
fn nothing_is_adopted_before_this_program_makes_it() {
    let mut n = Nodes::new();
    let client = n.world.client.pubkey();
    let mint = collection_mint_address(&client, 5).0;
    n.world.refuse(&[adopt(&n, &mint)], NodesError::WrongMetadata);
    n.world.land(&[nodes::create_collection(client, 5, label("Five"))]);
    assert_eq!(collection_of(&n, &mint).is_ours, 1);
}
