//! Addresses and instructions of the nodes program, and the addresses of Token Metadata that they lead to.

use crate::{
    address::token_account,
    token::{ASSOCIATED_PROGRAM_ID, PROGRAM_ID as TOKEN_PROGRAM},
};
use grid_nodes::{
    Access, Attestation, Collection, CollectionRole, Hardware, ID, Measured, Node, Software, accounts,
    instruction as data,
};
use solana_address::Address;
use solana_instruction::Instruction;

const SYSTEM_PROGRAM: Address = solana_sdk_ids::system_program::ID;

/// Metaplex Token Metadata.
pub const METADATA_PROGRAM: Address = Address::from_str_const("metaqbxxUerdq28cj1RbAWkYQm3ybzjb6a8bt518x1s");

/// The compute budget program.
const COMPUTE_BUDGET: Address = solana_sdk_ids::compute_budget::ID;

/// Compute units that a transaction with [`create_collection`] or [`issue_access`] is to be allowed, see [`compute_limit`].
/// What they use depends on how often the programs have to try for an address: 137,290 to 176,773 for `issue_access` among 10,000
/// NFTs (`tests/tests/nodes/costs.rs`). That there is always an address within 200,000 units, nobody promises.
pub const NFT_COMPUTE_UNITS: u32 = 400_000;

/// Allows the transaction that it stands in this many compute units.
pub fn compute_limit(units: u32) -> Instruction {
    // SetComputeUnitLimit is variant 2.
    let data = [&[2][..], &units.to_le_bytes()].concat();
    Instruction::new_with_bytes(COMPUTE_BUDGET, &data, Vec::new())
}

/// A node's record: `["node", node]`.
pub fn node_address(node: &Address) -> (Address, u8) {
    find(&[Node::SEED, node.as_ref()])
}

/// The mint of a collection that the nodes program made: `["collection_mint", authority, id]`.
pub fn collection_mint_address(authority: &Address, id: u64) -> (Address, u8) {
    find(&[Collection::MINT_SEED, authority.as_ref(), &id.to_le_bytes()])
}

/// A collection's record: `["collection", mint]`.
pub fn collection_address(mint: &Address) -> (Address, u8) {
    find(&[Collection::SEED, mint.as_ref()])
}

/// The mint of an access NFT: `["access_mint", collection, index]`.
pub fn access_mint_address(collection: &Address, index: u64) -> (Address, u8) {
    find(&[Access::MINT_SEED, collection.as_ref(), &index.to_le_bytes()])
}

/// The record of an access NFT: `["access", mint]`.
pub fn access_address(mint: &Address) -> (Address, u8) {
    find(&[Access::SEED, mint.as_ref()])
}

/// An attestation: `["attestation", collection, node, class]`.
pub fn attestation_address(collection: &Address, node: &Address, class: u16) -> (Address, u8) {
    find(&[Attestation::SEED, collection.as_ref(), node.as_ref(), &class.to_le_bytes()])
}

/// The metadata of a mint.
pub fn metadata_address(mint: &Address) -> Address {
    let seeds: [&[u8]; 3] = [b"metadata", METADATA_PROGRAM.as_ref(), mint.as_ref()];
    Address::find_program_address(&seeds, &METADATA_PROGRAM).0
}

/// The master edition, or the print's edition, of a mint.
pub fn edition_address(mint: &Address) -> Address {
    let seeds: [&[u8]; 4] = [b"metadata", METADATA_PROGRAM.as_ref(), mint.as_ref(), b"edition"];
    Address::find_program_address(&seeds, &METADATA_PROGRAM).0
}

fn find(seeds: &[&[u8]]) -> (Address, u8) {
    Address::find_program_address(seeds, &ID)
}

/// What an NFT shows of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Name, 1 to 32 bytes.
    pub name: String,
    /// Symbol, at most 10 bytes.
    pub symbol: String,
    /// URI of its description, at most 200 bytes.
    pub uri: String,
}

/// Enters a node into the registry. Signs: the node.
pub fn register_node(node: Address, hardware: Hardware, software: Software) -> Instruction {
    data::RegisterNode { hardware, software }.to_instruction(accounts::RegisterNode {
        node,
        record: node_address(&node).0,
        system_program: SYSTEM_PROGRAM,
    })
}

/// Tells a node's details anew. Signs: the node.
pub fn update_node(node: Address, hardware: Hardware, software: Software) -> Instruction {
    let record = node_address(&node).0;
    data::UpdateNode { hardware, software }.to_instruction(accounts::UpdateNode { node, record })
}

/// Takes a node off the registry. Signs: the node.
pub fn close_node(node: Address) -> Instruction {
    data::CloseNode {}.to_instruction(accounts::CloseNode { node, record: node_address(&node).0 })
}

/// Makes a collection, whose mint is [`collection_mint_address`]; with [`NFT_COMPUTE_UNITS`]. Signs: its authority.
pub fn create_collection(authority: Address, id: u64, label: Label) -> Instruction {
    let mint = collection_mint_address(&authority, id).0;
    let collection = collection_address(&mint).0;
    let Label { name, symbol, uri } = label;
    data::CreateCollection { id, name, symbol, uri }.to_instruction(accounts::CreateCollection {
        authority,
        mint,
        collection,
        token: token_account(&collection, mint),
        metadata: metadata_address(&mint),
        edition: edition_address(&mint),
        token_program: TOKEN_PROGRAM,
        associated_token_program: ASSOCIATED_PROGRAM_ID,
        metadata_program: METADATA_PROGRAM,
        system_program: SYSTEM_PROGRAM,
    })
}

/// Enters a collection that was made elsewhere. Signs: the update authority of its metadata.
pub fn adopt_collection(authority: Address, mint: Address) -> Instruction {
    data::AdoptCollection {}.to_instruction(accounts::AdoptCollection {
        authority,
        mint,
        metadata: metadata_address(&mint),
        collection: collection_address(&mint).0,
        system_program: SYSTEM_PROGRAM,
    })
}

/// Offers a role of a collection. Signs: its authority.
pub fn propose_collection_role(
    authority: Address,
    mint: &Address,
    role: CollectionRole,
    to: Address,
) -> Instruction {
    let collection = collection_address(mint).0;
    data::ProposeCollectionRole { role, to }
        .to_instruction(accounts::ProposeCollectionRole { authority, collection })
}

/// Takes over a role of a collection. Signs: whom it was offered to.
pub fn accept_collection_role(new_holder: Address, mint: &Address, role: CollectionRole) -> Instruction {
    let collection = collection_address(mint).0;
    data::AcceptCollectionRole { role }
        .to_instruction(accounts::AcceptCollectionRole { new_holder, collection })
}

/// Records what a node's benchmark measured. Signs: the collection's attestor.
pub fn attest(attestor: Address, collection: &Address, node: &Address, measured: &Measured) -> Instruction {
    let Measured { class, score, result, expires_at, hardware_slot } = *measured;
    data::Attest { class, score, result, expires_at, hardware_slot }.to_instruction(accounts::Attest {
        attestor,
        collection: collection_address(collection).0,
        node: node_address(node).0,
        attestation: attestation_address(collection, node, class).0,
        system_program: SYSTEM_PROGRAM,
    })
}

/// Takes an attestation back; the rent goes to `payer`, who paid it. Signs: the collection's attestor.
pub fn revoke_attestation(
    attestor: Address,
    collection: &Address,
    attestation: Address,
    payer: Address,
) -> Instruction {
    data::RevokeAttestation {}.to_instruction(accounts::RevokeAttestation {
        attestor,
        collection: collection_address(collection).0,
        attestation,
        payer,
    })
}

/// Closes an attestation that has expired; the rent goes to `payer`, who paid it. Signs: nobody but the fee payer.
pub fn close_attestation(attestation: Address, payer: Address) -> Instruction {
    data::CloseAttestation {}.to_instruction(accounts::CloseAttestation { attestation, payer })
}

/// Mints an access NFT, whose mint is [`access_mint_address`], to a node's wallet; with [`NFT_COMPUTE_UNITS`]. Signs: the
/// collection's authority.
pub fn issue_access(
    authority: Address,
    collection: &Address,
    node: Address,
    index: u64,
    label: Label,
) -> Instruction {
    let mint = access_mint_address(collection, index).0;
    let Label { name, symbol, uri } = label;
    data::IssueAccess { index, name, symbol, uri }.to_instruction(accounts::IssueAccess {
        authority,
        collection: collection_address(collection).0,
        collection_mint: *collection,
        collection_metadata: metadata_address(collection),
        collection_edition: edition_address(collection),
        node: node_address(&node).0,
        wallet: node,
        mint,
        token: token_account(&node, mint),
        metadata: metadata_address(&mint),
        edition: edition_address(&mint),
        access: access_address(&mint).0,
        token_program: TOKEN_PROGRAM,
        associated_token_program: ASSOCIATED_PROGRAM_ID,
        metadata_program: METADATA_PROGRAM,
        system_program: SYSTEM_PROGRAM,
    })
}

/// Takes an access NFT out of its collection; the record's rent goes to `payer`, who paid it. Signs: the collection's
/// authority.
pub fn revoke_access(
    authority: Address,
    collection: &Address,
    mint: &Address,
    payer: Address,
) -> Instruction {
    data::RevokeAccess {}.to_instruction(accounts::RevokeAccess {
        authority,
        collection: collection_address(collection).0,
        collection_mint: *collection,
        collection_metadata: metadata_address(collection),
        collection_edition: edition_address(collection),
        access: access_address(mint).0,
        metadata: metadata_address(mint),
        payer,
        metadata_program: METADATA_PROGRAM,
    })
}
