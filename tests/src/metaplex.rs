//! NFTs that were made outside Grid: by the instructions of Token Metadata itself, encoded by its own crate.

use crate::{Network, keypair_for};
use grid_client::{
    address::token_account,
    nodes::{METADATA_PROGRAM, edition_address, metadata_address},
    token,
};
use mpl_token_metadata::{
    accounts::{MasterEdition, Metadata},
    instructions as metaplex,
    types::{
        Collection, CollectionDetails, DataV2, MintNewEditionFromMasterEditionViaTokenArgs, PrintSupply,
        TokenStandard,
    },
};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_sdk_ids::{system_program, sysvar::instructions::ID as INSTRUCTIONS};
use solana_signer::Signer;

/// How an NFT is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Make {
    /// The collection that its metadata names; not verified.
    pub collection: Option<Address>,
    /// Whether it is a sized collection itself.
    pub is_sized_collection: bool,
    /// How many prints its master edition allows; without a master edition, `None`.
    pub prints: Option<u64>,
    /// Tokens of the mint that the holder gets.
    pub supply: u64,
}

/// One token with a master edition that allows no prints, in no collection.
pub const PLAIN: Make = Make { collection: None, is_sized_collection: false, prints: Some(0), supply: 1 };

/// Makes an NFT whose mint is `keypair_for(name)`, for the associated token account of `holder`. `authority` pays and is
/// mint and update authority.
pub fn make(network: &mut Network, authority: &Keypair, name: &str, holder: &Address, how: Make) -> Address {
    let (mint, key) = (keypair_for(name), authority.pubkey());
    let mut instructions = create_mint(network, &key, &mint.pubkey());
    instructions.push(token::create_account(key, *holder, mint.pubkey()));
    let account = token_account(holder, mint.pubkey());
    instructions.push(token::mint_to(mint.pubkey(), account, key, how.supply));
    instructions.push(create_metadata(&key, &mint.pubkey(), name, how));
    if let Some(prints) = how.prints {
        instructions.push(create_edition(&key, &mint.pubkey(), prints));
    }
    network
        .send(&instructions, &[authority, &mint])
        .unwrap_or_else(|failure| panic!("{}\n{}", failure.error, failure.logs.join("\n")));
    mint.pubkey()
}

/// A mint without decimals, with a freeze authority: Token Metadata makes no edition without one.
fn create_mint(network: &Network, authority: &Address, mint: &Address) -> Vec<Instruction> {
    let rent = network.svm.minimum_balance_for_rent_exemption(token::MINT_SPACE as usize);
    let [create, mut initialize] = token::create_mint(*authority, *mint, *authority, 0, rent);
    // InitializeMint2: variant, decimals, mint authority, freeze authority behind a tag.
    initialize.data = [&[20, 0][..], authority.as_ref(), &[1], authority.as_ref()].concat();
    vec![create, initialize]
}

fn create_metadata(authority: &Address, mint: &Address, name: &str, how: Make) -> Instruction {
    let collection = how.collection.map(|key| Collection { verified: false, key });
    metaplex::CreateMetadataAccountV3 {
        metadata: metadata_address(mint),
        mint: *mint,
        mint_authority: *authority,
        payer: *authority,
        update_authority: (*authority, true),
        system_program: system_program::ID,
        rent: None,
    }
    .instruction(metaplex::CreateMetadataAccountV3InstructionArgs {
        data: DataV2 {
            name: name.chars().take(32).collect(),
            symbol: "NFT".to_owned(),
            uri: String::new(),
            seller_fee_basis_points: 0,
            creators: None,
            collection,
            uses: None,
        },
        is_mutable: true,
        collection_details: how.is_sized_collection.then_some(CollectionDetails::V1 { size: 0 }),
    })
}

fn create_edition(authority: &Address, mint: &Address, prints: u64) -> Instruction {
    metaplex::CreateMasterEditionV3 {
        edition: edition_address(mint),
        mint: *mint,
        update_authority: *authority,
        mint_authority: *authority,
        payer: *authority,
        metadata: metadata_address(mint),
        token_program: token::PROGRAM_ID,
        system_program: system_program::ID,
        rent: None,
    }
    .instruction(metaplex::CreateMasterEditionV3InstructionArgs { max_supply: Some(prints) })
}

/// Verifies an NFT into a sized collection. Signs: the collection's update authority.
pub fn verify_sized(authority: &Address, mint: &Address, collection: &Address) -> Instruction {
    metaplex::VerifySizedCollectionItem {
        metadata: metadata_address(mint),
        collection_authority: *authority,
        payer: *authority,
        collection_mint: *collection,
        collection: metadata_address(collection),
        collection_master_edition_account: edition_address(collection),
        collection_authority_record: None,
    }
    .instruction()
}

/// Takes an NFT out of a sized collection. Signs: the collection's update authority.
pub fn unverify_sized(authority: &Address, mint: &Address, collection: &Address) -> Instruction {
    metaplex::UnverifySizedCollectionItem {
        metadata: metadata_address(mint),
        collection_authority: *authority,
        payer: *authority,
        collection_mint: *collection,
        collection: metadata_address(collection),
        collection_master_edition_account: edition_address(collection),
        collection_authority_record: None,
    }
    .instruction()
}

/// Verifies an NFT into a collection that does not count. Signs: the collection's update authority.
pub fn verify(authority: &Address, mint: &Address, collection: &Address) -> Instruction {
    metaplex::VerifyCollection {
        metadata: metadata_address(mint),
        collection_authority: *authority,
        payer: *authority,
        collection_mint: *collection,
        collection: metadata_address(collection),
        collection_master_edition_account: edition_address(collection),
        collection_authority_record: None,
    }
    .instruction()
}

/// Takes an NFT out of a collection that does not count. Signs: the collection's update authority.
pub fn unverify(authority: &Address, mint: &Address, collection: &Address) -> Instruction {
    metaplex::UnverifyCollection {
        metadata: metadata_address(mint),
        collection_authority: *authority,
        collection_mint: *collection,
        collection: metadata_address(collection),
        collection_master_edition_account: edition_address(collection),
        collection_authority_record: None,
    }
    .instruction()
}

/// Hands the metadata of a mint to another update authority. Signs: the update authority.
pub fn set_update_authority(authority: &Address, mint: &Address, to: &Address) -> Instruction {
    let accounts =
        metaplex::UpdateMetadataAccountV2 { metadata: metadata_address(mint), update_authority: *authority };
    accounts.instruction(metaplex::UpdateMetadataAccountV2InstructionArgs {
        data: None,
        new_update_authority: Some(*to),
        primary_sale_happened: None,
        is_mutable: None,
    })
}

/// Burns an NFT and closes its accounts. Signs: its owner.
pub fn burn(owner: &Address, mint: &Address, collection: Option<&Address>) -> Instruction {
    metaplex::BurnNft {
        metadata: metadata_address(mint),
        owner: *owner,
        mint: *mint,
        token_account: token_account(owner, *mint),
        master_edition_account: edition_address(mint),
        spl_token_program: token::PROGRAM_ID,
        collection_metadata: collection.map(metadata_address),
    }
    .instruction()
}

/// Prints edition `number` of a master edition that `authority` holds and may update: the mint `keypair_for(name)`, in the
/// associated token account of `holder`.
pub fn print(
    network: &mut Network,
    authority: &Keypair,
    master: &Address,
    number: u64,
    name: &str,
    holder: &Address,
) -> Address {
    let (mint, key) = (keypair_for(name), authority.pubkey());
    let mut instructions = create_mint(network, &key, &mint.pubkey());
    instructions.push(token::create_account(key, *holder, mint.pubkey()));
    instructions.push(token::mint_to(mint.pubkey(), token_account(holder, mint.pubkey()), key, 1));
    let marker = (number / 248).to_string();
    let seeds: [&[u8]; 5] =
        [b"metadata", METADATA_PROGRAM.as_ref(), master.as_ref(), b"edition", marker.as_bytes()];
    let print = metaplex::MintNewEditionFromMasterEditionViaToken {
        new_metadata: metadata_address(&mint.pubkey()),
        new_edition: edition_address(&mint.pubkey()),
        master_edition: edition_address(master),
        new_mint: mint.pubkey(),
        edition_mark_pda: Address::find_program_address(&seeds, &METADATA_PROGRAM).0,
        new_mint_authority: key,
        payer: key,
        token_account_owner: key,
        token_account: token_account(&key, *master),
        new_metadata_update_authority: key,
        metadata: metadata_address(master),
        token_program: token::PROGRAM_ID,
        system_program: system_program::ID,
        rent: None,
    };
    let arguments = MintNewEditionFromMasterEditionViaTokenArgs { edition: number };
    instructions.push(print.instruction(metaplex::MintNewEditionFromMasterEditionViaTokenInstructionArgs {
        mint_new_edition_from_master_edition_via_token_args: arguments,
    }));
    network
        .send(&instructions, &[authority, &mint])
        .unwrap_or_else(|failure| panic!("{}\n{}", failure.error, failure.logs.join("\n")));
    mint.pubkey()
}

/// Makes a programmable NFT, whose token is frozen wherever it is, like [`make`].
pub fn make_programmable(
    network: &mut Network,
    authority: &Keypair,
    name: &str,
    holder: &Address,
    collection: Address,
) -> Address {
    let (keypair, key) = (keypair_for(name), authority.pubkey());
    let mint = keypair.pubkey();
    let create = metaplex::CreateV1 {
        metadata: metadata_address(&mint),
        master_edition: Some(edition_address(&mint)),
        mint: (mint, true),
        authority: key,
        payer: key,
        update_authority: (key, true),
        system_program: system_program::ID,
        sysvar_instructions: INSTRUCTIONS,
        spl_token_program: Some(token::PROGRAM_ID),
    }
    .instruction(metaplex::CreateV1InstructionArgs {
        name: name.to_owned(),
        symbol: "PNFT".to_owned(),
        uri: String::new(),
        seller_fee_basis_points: 0,
        creators: None,
        primary_sale_happened: false,
        is_mutable: true,
        token_standard: TokenStandard::ProgrammableNonFungible,
        collection: Some(Collection { verified: false, key: collection }),
        uses: None,
        collection_details: None,
        rule_set: None,
        decimals: None,
        print_supply: Some(PrintSupply::Zero),
    });
    let issue = metaplex::MintV1 {
        token: token_account(holder, mint),
        token_owner: Some(*holder),
        metadata: metadata_address(&mint),
        master_edition: Some(edition_address(&mint)),
        token_record: Some(token_record_address(&mint, &token_account(holder, mint))),
        mint,
        authority: key,
        delegate_record: None,
        payer: key,
        system_program: system_program::ID,
        sysvar_instructions: INSTRUCTIONS,
        spl_token_program: token::PROGRAM_ID,
        spl_ata_program: token::ASSOCIATED_PROGRAM_ID,
        authorization_rules_program: None,
        authorization_rules: None,
    }
    .instruction(metaplex::MintV1InstructionArgs { amount: 1, authorization_data: None });
    network
        .send(&[create, issue], &[authority, &keypair])
        .unwrap_or_else(|failure| panic!("{}\n{}", failure.error, failure.logs.join("\n")));
    mint
}

/// Moves a programmable NFT to another wallet. Signs: its owner.
pub fn transfer_programmable(owner: &Address, mint: &Address, to: &Address) -> Instruction {
    let [source, destination] = [owner, to].map(|wallet| token_account(wallet, *mint));
    metaplex::TransferV1 {
        token: source,
        token_owner: *owner,
        destination_token: destination,
        destination_owner: *to,
        mint: *mint,
        metadata: metadata_address(mint),
        edition: Some(edition_address(mint)),
        token_record: Some(token_record_address(mint, &source)),
        destination_token_record: Some(token_record_address(mint, &destination)),
        authority: *owner,
        payer: *owner,
        system_program: system_program::ID,
        sysvar_instructions: INSTRUCTIONS,
        spl_token_program: token::PROGRAM_ID,
        spl_ata_program: token::ASSOCIATED_PROGRAM_ID,
        authorization_rules_program: None,
        authorization_rules: None,
    }
    .instruction(metaplex::TransferV1InstructionArgs { amount: 1, authorization_data: None })
}

fn token_record_address(mint: &Address, token: &Address) -> Address {
    let seeds: [&[u8]; 5] =
        [b"metadata", METADATA_PROGRAM.as_ref(), mint.as_ref(), b"token_record", token.as_ref()];
    Address::find_program_address(&seeds, &METADATA_PROGRAM).0
}

/// What a metadata account says, read by Token Metadata's own crate.
#[track_caller]
pub fn metadata(network: &Network, mint: &Address) -> Metadata {
    Metadata::from_bytes(&network.account(&metadata_address(mint)).data).expect("a metadata account")
}

/// What a master edition says, read by Token Metadata's own crate.
#[track_caller]
pub fn master_edition(network: &Network, mint: &Address) -> MasterEdition {
    MasterEdition::from_bytes(&network.account(&edition_address(mint)).data).expect("a master edition")
}

/// How many NFTs a sized collection counts.
#[track_caller]
pub fn size(network: &Network, collection: &Address) -> u64 {
    match metadata(network, collection).collection_details {
        Some(CollectionDetails::V1 { size }) => size,
        other => panic!("{collection} counts nothing: {other:?}"),
    }
}
