//! `create_collection`

use crate::support::*;
use grid_client::{
    address::token_account,
    nodes::{self, Label, collection_address, collection_mint_address, edition_address, metadata_address},
    token,
};
use grid_nodes::{Collection, NodesError};
use grid_tests::{
    Nodes, assert_event, keypair_for,
    metaplex::{self, Make, PLAIN},
    nodes::label,
};
use mpl_token_metadata::types::{CollectionDetails, TokenStandard};
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;

/// Bytes of a collection's record.
const SPACE: usize = 216;
const ID: u64 = 0x0102_0304_0506_0708;

/// The client makes collection [`ID`].
fn create(n: &Nodes, label: Label) -> Instruction {
    nodes::create_collection(n.world.client.pubkey(), ID, label)
}

fn plain(n: &Nodes) -> Instruction {
    create(n, label("Grid H100"))
}

fn mint(n: &Nodes) -> Address {
    collection_mint_address(&n.world.client.pubkey(), ID).0
}

/// The five accounts that come into being.
fn made(n: &Nodes) -> [Address; 5] {
    let mint = mint(n);
    let record = collection_address(&mint).0;
    accounts_of(&mint, &record, &record)
}

/// A world in which the client made the collection: its mint and its record.
fn created() -> (Nodes, Address, Address) {
    let mut n = Nodes::new();
    n.world.land(&[plain(&n)]);
    let mint = mint(&n);
    (n, mint, collection_address(&mint).0)
}

#[test]
fn writes_the_record_and_nobody_else_pays() {
    let mut n = Nodes::new();
    let (client, mint, made) = (n.world.client.pubkey(), mint(&n), made(&n));
    let (lamports, create) = (n.world.lamports(&client), plain(&n));

    let landed = land_changing(&mut n, &[create], &[&made[..], &[client]].concat());

    let (record, bump) = collection_address(&mint);
    let expected = Collection {
        version: 1,
        bump,
        is_ours: 1,
        padding: [0; 5],
        mint,
        authority: client,
        pending_authority: Address::default(),
        attestor: client,
        pending_attestor: Address::default(),
        reserved: [0; 40],
    };
    assert_eq!(collection_of(&n, &mint), expected);
    let account = n.world.raw(&record);
    let nobody = Address::default();
    let bytes = [
        &[1, bump, 1][..],
        &[0; 5],
        mint.as_ref(),
        client.as_ref(),
        nobody.as_ref(),
        client.as_ref(),
        nobody.as_ref(),
        &[0; 40],
    ]
    .concat();
    assert_eq!((&account.data[8..], account.owner), (&bytes[..], grid_nodes::ID));
    assert_eq!(account.data.len(), SPACE);
    assert_event!(landed, CollectionOpened { collection: mint, authority: client, is_ours: 1 });
    // Every lamport is in one of the five accounts, and each has its rent and no more.
    assert_eq!(lamports - n.world.lamports(&client), lamports_in(&n, &made));
    for address in made {
        let account = n.world.raw(&address);
        assert_eq!(account.lamports, n.world.rent(account.data.len()), "{address}");
    }
}

#[test]
fn makes_a_real_sized_collection_of_which_the_record_is_the_update_authority() {
    let (n, mint, record) = created();
    let metadata = metaplex::metadata(&n.world.network, &mint);
    assert_eq!((metadata.update_authority, metadata.mint), (record, mint));
    let trimmed = |text: &str| text.trim_end_matches('\0').to_owned();
    assert_eq!(
        (trimmed(&metadata.name), trimmed(&metadata.symbol), trimmed(&metadata.uri)),
        ("Grid H100".to_owned(), "GRID".to_owned(), "https://grid.example/access.json".to_owned())
    );
    assert_eq!(metadata.collection_details, Some(CollectionDetails::V1 { size: 0 }));
    assert_eq!(metadata.token_standard, Some(TokenStandard::NonFungible));
    assert_eq!((metadata.seller_fee_basis_points, metadata.creators), (0, None));
    assert_eq!((metadata.collection, metadata.uses, metadata.programmable_config), (None, None, None));
    assert_is_nft_of(&n, &mint, &record);
}

#[test]
fn takes_texts_up_to_their_bounds() {
    let n = Nodes::new();
    for (name, symbol, uri) in [(1, 0, 0), (2, 1, 1), (31, 9, 199), (32, 10, 200)] {
        let mut n = n.clone();
        let (name, symbol, uri) = ("n".repeat(name), "s".repeat(symbol), "u".repeat(uri));
        let label = Label { name: name.clone(), symbol: symbol.clone(), uri: uri.clone() };
        n.world.land(&[create(&n, label)]);
        let metadata = metaplex::metadata(&n.world.network, &mint(&n));
        assert_eq!(metadata.name.trim_end_matches('\0'), name);
        assert_eq!(metadata.symbol.trim_end_matches('\0'), symbol);
        assert_eq!(metadata.uri.trim_end_matches('\0'), uri);
    }
}

#[test]
fn refuses_longer_texts_and_an_empty_name() {
    let mut n = Nodes::new();
    let with = |name: &str| Label { name: name.to_owned(), ..label("") };
    n.world.refuse(&[create(&n, with(""))], NodesError::NameOutOfRange);
    n.world.refuse(&[create(&n, with(&"n".repeat(33)))], NodesError::NameOutOfRange);
    // Bytes, not characters: 11 of 3 bytes each.
    n.world.refuse(&[create(&n, with(&"€".repeat(11)))], NodesError::NameOutOfRange);
    let symbol = Label { symbol: "s".repeat(11), ..label("a") };
    n.world.refuse(&[create(&n, symbol)], NodesError::SymbolOutOfRange);
    let uri = Label { uri: "u".repeat(201), ..label("a") };
    n.world.refuse(&[create(&n, uri)], NodesError::UriOutOfRange);
}

#[test]
fn happens_once_for_an_authority_and_an_id() {
    let (mut n, _, _) = created();
    let again = create(&n, label("Another name"));
    n.world.refuse_with(&[again], InstructionError::Custom(0));
}

#[test]
fn other_ids_and_other_authorities_make_other_collections() {
    let (mut n, mint, _) = created();
    let (client, stranger) = (n.world.client.pubkey(), n.world.stranger.pubkey());
    n.world.land(&[nodes::create_collection(client, ID + 1, label("Second"))]);
    n.world.land(&[nodes::create_collection(stranger, ID, label("Third"))]);
    let others = [collection_mint_address(&client, ID + 1).0, collection_mint_address(&stranger, ID).0];
    assert!(!others.contains(&mint));
    let authorities = others.map(|mint| collection_of(&n, &mint).authority);
    assert_eq!(authorities, [client, stranger]);
}

#[test]
fn refuses_a_mint_of_another_id_or_another_authority() {
    let mut n = Nodes::new();
    let mut other_id = plain(&n);
    other_id.data[8] ^= 1;
    n.world.refuse_with(&[other_id], InstructionError::InvalidSeeds);
    let mut other_authority = plain(&n);
    other_authority.accounts[0].pubkey = n.world.stranger.pubkey();
    n.world.refuse_with(&[other_authority], InstructionError::InvalidSeeds);
}

#[test]
fn refuses_every_other_program() {
    let n = Nodes::new();
    let create = plain(&n);
    let programs = [(6, token::PROGRAM_2022_ID), (6, grid_jobs::ID), (7, grid_jobs::ID), (8, grid_jobs::ID)];
    let wrong = InstructionError::IncorrectProgramId;
    let swaps = programs.map(|(place, program)| (place, program, wrong.clone()));
    refuse_swaps(&n, &create, &swaps);
    refuse_swaps(&n, &create, &[(9, grid_jobs::ID, wrong)]);
}

#[test]
fn refuses_every_other_address() {
    let n = Nodes::new();
    let (create, client) = (plain(&n), n.world.client.pubkey());
    let (mint, other) = (mint(&n), n.collection);
    let nobody = keypair_for("nobody").pubkey();
    let seeds = InstructionError::InvalidSeeds;
    refuse_swaps(
        &n,
        &create,
        &[
            (1, nobody, seeds.clone()),
            (1, other, seeds.clone()),
            (2, nobody, seeds.clone()),
            (2, collection_address(&other).0, seeds.clone()),
            (3, token_account(&client, mint), seeds.clone()),
            (3, nobody, seeds),
            // Token Metadata's InvalidMetadataKey and DerivedKeyInvalid.
            (4, nobody, InstructionError::Custom(5)),
            (4, metadata_address(&other), InstructionError::Custom(5)),
            (5, nobody, InstructionError::Custom(27)),
            (5, edition_address(&other), InstructionError::Custom(27)),
        ],
    );
}

#[test]
fn refuses_an_account_that_stands_for_two() {
    let n = Nodes::new();
    let create = plain(&n);
    let key = |place: usize| create.accounts[place].pubkey;
    refuse_swaps(&n, &create, &[(3, key(1), TWICE), (4, key(2), TWICE), (5, key(4), TWICE)]);
}

#[test]
fn needs_the_authoritys_signature() {
    let mut n = Nodes::new();
    let create = plain(&n);
    needs_the_signature(&mut n, &create);
}

#[test]
fn works_at_addresses_that_have_lamports_already() {
    for sent in [1, 890_880, 50_000_000] {
        let mut n = Nodes::new();
        let (mint, made, client) = (mint(&n), made(&n), n.world.client.pubkey());
        for address in made {
            prefund(&mut n, address, sent);
        }
        let lamports = n.world.lamports(&client);
        n.world.land(&[plain(&n)]);
        assert_eq!(lamports + 5 * sent - n.world.lamports(&client), lamports_in(&n, &made));
        let record = collection_address(&mint).0;
        assert_is_nft_of(&n, &mint, &record);
        assert_eq!(collection_of(&n, &mint).is_ours, 1);
        assert_eq!(metaplex::size(&n.world.network, &mint), 0);
    }
}

#[test]
fn nobody_moves_the_collections_own_nft() {
    let (mut n, mint, record) = created();
    let token = token_account(&record, mint);
    let client = n.world.client.pubkey();
    n.world.land(&[token::create_account(client, client, mint)]);
    let own = token_account(&client, mint);
    for actor in keys(&n) {
        let transfer = token::transfer(token, own, actor, 1);
        // The token program's OwnerMismatch.
        n.world.refuse_with(&[transfer], InstructionError::Custom(4));
    }
    let mut burn = metaplex::burn(&client, &mint, None);
    burn.accounts[3].pubkey = token;
    // Token Metadata's InvalidOwner.
    n.world.refuse_with(&[burn], InstructionError::Custom(68));
    assert_is_nft_of(&n, &mint, &record);
}

#[test]
fn the_authority_has_no_power_over_the_metadata() {
    let (mut n, mint, _) = created();
    let client = n.world.client.pubkey();
    let take = metaplex::set_update_authority(&client, &mint, &client);
    // Token Metadata's UpdateAuthorityIncorrect.
    n.world.refuse_with(&[take], InstructionError::Custom(7));
}

#[test]
fn nobody_verifies_an_outside_nft_into_it() {
    let (mut n, mint, _) = created();
    let client = n.world.client.pubkey();
    let how = Make { collection: Some(mint), ..PLAIN };
    let authority = n.world.client.insecure_clone();
    let nft = metaplex::make(&mut n.world.network, &authority, "outside", &client, how);
    // Token Metadata's InvalidCollectionUpdateAuthority.
    n.world.refuse_with(&[metaplex::verify_sized(&client, &nft, &mint)], InstructionError::Custom(81));
    assert_eq!(membership(&n, &nft), Some((mint, false)));
}
