//! Collections and their access NFTs. What the handlers do not check themselves, Token Metadata, SPL Token and the
//! associated token program do, to which they hand the accounts on.

use super::{case, look_away, only, system_program, token_program};
use crate::{
    matrix::{
        Case, Kind, Sample, Slot, Stage,
        gates::{Issuer, Outside},
    },
    nodes::label,
};
use grid_client::{
    nodes::{self, METADATA_PROGRAM},
    token,
};
use grid_nodes::CollectionRole;
use solana_address::Address;
use solana_instruction::Instruction;

/// Of a collection that does not exist.
const ID: u64 = 0x0102_0304_0506_0708;
/// Of an NFT that does not exist.
const INDEX: u64 = 0x0102_0304_0506_0708;

pub(super) const CASES: &[Case] = &[
    only("create_collection", create_collection),
    case("adopt_collection", "for the first time", adopt_a_fresh_one),
    case("adopt_collection", "by the next update authority", adopt_again),
    case("propose_collection_role", "authority", propose_authority),
    case("propose_collection_role", "attestor", propose_attestor),
    case("accept_collection_role", "authority", accept_authority),
    case("accept_collection_role", "attestor", accept_attestor),
    only("issue_access", issue_access),
    case("revoke_access", "by who issued it", revoke_ones_own),
    case("revoke_access", "by a later authority", revoke_anothers),
    case("revoke_access", "of an NFT that was burned", revoke_a_burned_one),
];

/// The address of a mint's account of Token Metadata.
fn of_metadata(slot: Slot, mint: &Address, tail: &[&[u8]]) -> Slot {
    let head = [&b"metadata"[..], METADATA_PROGRAM.as_ref(), mint.as_ref()];
    slot.with_seeds_of(METADATA_PROGRAM, &[&head, tail].concat())
}

/// What of an NFT is created.
fn new_nft(holder: &Address, mint: &Address) -> [Slot; 3] {
    let token = [holder.as_ref(), token::PROGRAM_ID.as_ref(), mint.as_ref()];
    [
        Slot::new("token", Kind::New).with_seeds_of(token::ASSOCIATED_PROGRAM_ID, &token),
        of_metadata(Slot::new("metadata", Kind::New), mint, &[]),
        of_metadata(Slot::new("edition", Kind::New), mint, &[b"edition"]),
    ]
}

fn programs() -> [Slot; 4] {
    [
        token_program(),
        Slot::new("associated_token_program", Kind::Program),
        Slot::new("metadata_program", Kind::Program),
        system_program(),
    ]
}

fn create_collection(stage: &Stage) -> Sample {
    let authority = stage.cast.authority;
    let create = |authority, id| nodes::create_collection(authority, id, label("Grid access"));
    let mint = nodes::collection_mint_address(&authority, ID).0;
    let collection = nodes::collection_address(&mint).0;
    let seeds = [&b"collection_mint"[..], authority.as_ref(), &ID.to_le_bytes()];
    let mut slots = vec![
        Slot::new("authority", Kind::Wallet),
        Slot::new("mint", Kind::New).with_seeds(&seeds),
        Slot::new("collection", Kind::New).with_seeds(&[b"collection", mint.as_ref()]),
    ];
    slots.extend(new_nft(&collection, &mint));
    slots.extend(programs());
    Sample::new(stage, create(authority, ID), slots)
        .or_as_well(create(authority, ID + 1))
        .or_as_well(create(stage.cast.stranger, ID))
}

fn adopt_a_fresh_one(stage: &Stage) -> Sample {
    let adopt = |outside: &Outside| nodes::adopt_collection(outside.authority, outside.fresh);
    adopt_collection(stage, adopt, Kind::New).repeatable()
}

/// Who takes both roles from those who have them.
fn adopt_again(stage: &Stage) -> Sample {
    let adopt = |outside: &Outside| nodes::adopt_collection(outside.next_authority, outside.adopted);
    adopt_collection(stage, adopt, Kind::Collection)
}

/// The mint is told by its address, which the metadata names.
fn adopt_collection(stage: &Stage, adopt: fn(&Outside) -> Instruction, kind: Kind) -> Sample {
    let [own, other] = &stage.gates.outside;
    let adopted = adopt(own);
    let mint = adopted.accounts[1].pubkey;
    let slots = [
        Slot::new("authority", Kind::Wallet),
        Slot::new("mint", Kind::Mint).or_anything_at_its_address(),
        of_metadata(Slot::new("metadata", Kind::Metadata), &mint, &[]),
        Slot::new("collection", kind).with_seeds(&[b"collection", mint.as_ref()]),
        system_program(),
    ];
    Sample::new(stage, adopted, slots).or_as_well(adopt(other))
}

fn propose_authority(stage: &Stage) -> Sample {
    propose_role(stage, CollectionRole::Authority)
}

fn propose_attestor(stage: &Stage) -> Sample {
    propose_role(stage, CollectionRole::Attestor)
}

fn propose_role(stage: &Stage, role: CollectionRole) -> Sample {
    let [own, other] = stage.gates.issuers;
    let propose = |issuer: Issuer| {
        nodes::propose_collection_role(issuer.authority, &issuer.collection, role, stage.cast.stranger)
    };
    let others = stage.collections(|collection| collection.authority == own.authority);
    let slots = [Slot::new("authority", Kind::Wallet), Slot::new("collection", Kind::Collection).or(others)];
    Sample::new(stage, propose(own), slots).or_as_well(propose(other))
}

fn accept_authority(stage: &Stage) -> Sample {
    let heir = stage.gates.issuers[0].next_authority;
    let others = stage.collections(|collection| collection.pending_authority == heir);
    accept_role(stage, CollectionRole::Authority, others, |issuer| issuer.next_authority)
}

fn accept_attestor(stage: &Stage) -> Sample {
    let heir = stage.gates.issuers[0].next_attestor;
    let others = stage.collections(|collection| collection.pending_attestor == heir);
    accept_role(stage, CollectionRole::Attestor, others, |issuer| issuer.next_attestor)
}

fn accept_role(
    stage: &Stage,
    role: CollectionRole,
    others: Vec<Address>,
    heir: fn(&Issuer) -> Address,
) -> Sample {
    let [own, other] = &stage.gates.issuers;
    let accept = |issuer| nodes::accept_collection_role(heir(issuer), &issuer.collection, role);
    let slots = [Slot::new("new_holder", Kind::Wallet), Slot::new("collection", Kind::Collection).or(others)];
    Sample::new(stage, accept(own), slots).or_as_well(accept(other))
}

/// The collection's own accounts: its record, which signs, its mint, its metadata and its edition.
///
/// Token Metadata looks at the mint's owner and not at its bytes, which no mint's owner changes; and takes as metadata what
/// belongs to it and names the mint.
fn of_collection(collection: &Address) -> [Slot; 4] {
    [
        Slot::new("collection", Kind::Collection).with_seeds(&[b"collection", collection.as_ref()]),
        Slot::new("collection_mint", Kind::Mint).or_any_bytes(),
        Slot::new("collection_metadata", Kind::Metadata),
        of_metadata(Slot::new("collection_edition", Kind::Edition), collection, &[b"edition"]),
    ]
}

/// To a node that has one already.
fn issue_access(stage: &Stage) -> Sample {
    let ([own, other], node) = (stage.gates.issuers, stage.cast.node);
    let issue = |issuer: Issuer, node, index| {
        nodes::issue_access(issuer.authority, &issuer.collection, node, index, label("Grid access"))
    };
    let mint = nodes::access_mint_address(&own.collection, INDEX).0;
    let seeds = [&b"access_mint"[..], own.collection.as_ref(), &INDEX.to_le_bytes()];
    let [token, metadata, edition] = new_nft(&node, &mint);
    let mut slots = vec![Slot::new("authority", Kind::Wallet)];
    slots.extend(of_collection(&own.collection));
    slots.extend([
        Slot::new("node", Kind::Node),
        Slot::new("wallet", Kind::Wallet),
        Slot::new("mint", Kind::New).with_seeds(&seeds),
        token,
        metadata,
        edition,
        Slot::new("access", Kind::New).with_seeds(&[b"access", mint.as_ref()]),
    ]);
    slots.extend(programs());
    Sample::new(stage, issue(own, node, INDEX), slots)
        .or_as_well(issue(own, stage.cast.second_node, INDEX))
        .or_as_well(issue(own, node, INDEX + 1))
        .or_as_well(issue(other, node, INDEX))
}

/// The rent goes to the signer.
fn revoke_ones_own(stage: &Stage) -> Sample {
    let [own, _] = stage.gates.issuers;
    revoke_held(stage, own.authority)
}

/// The rent goes to the one who paid it.
fn revoke_anothers(stage: &Stage) -> Sample {
    let [own, other] = stage.gates.issuers;
    [own, other].into_iter().fold(revoke_held(stage, own.next_authority), |sample, issuer| {
        sample.after(nodes::accept_collection_role(
            issuer.next_authority,
            &issuer.collection,
            CollectionRole::Authority,
        ))
    })
}

/// One that its node holds. What stands at the metadata's address and is none is passed over.
fn revoke_held(stage: &Stage, authority: Address) -> Sample {
    let [own, other] = stage.gates.issuers;
    let is_issuer = authority == own.authority;
    let revoke = |issuer: Issuer, mint| {
        let authority = if is_issuer { issuer.authority } else { issuer.next_authority };
        nodes::revoke_access(authority, &issuer.collection, &mint, issuer.authority)
    };
    let metadata = Slot::new("metadata", Kind::Metadata).or_anything_at_its_address();
    revoke_access(stage, revoke(own, own.first()), metadata)
        .or_as_well(revoke(own, own.second()))
        .or_as_well(revoke(other, other.first()))
}

/// Nothing is left of its metadata, and Token Metadata is not called: nothing of the collection but its record is looked
/// at.
fn revoke_a_burned_one(stage: &Stage) -> Sample {
    let [own, other] = stage.gates.issuers;
    let revoke = |issuer: Issuer| {
        nodes::revoke_access(issuer.authority, &issuer.collection, &issuer.burned(), issuer.authority)
    };
    let mut sample =
        revoke_access(stage, revoke(own), Slot::new("metadata", Kind::Gone)).or_as_well(revoke(other));
    sample.slots[1].seeds = None;
    sample.slots[2].may_be_anything = true;
    [3, 4].into_iter().fold(sample, |sample, place| look_away(stage, sample, place))
}

fn revoke_access(stage: &Stage, revoke: Instruction, metadata: Slot) -> Sample {
    let [own, _] = stage.gates.issuers;
    let nft = [own.first(), own.burned()]
        .into_iter()
        .find(|nft| nodes::metadata_address(nft) == revoke.accounts[6].pubkey)
        .expect("one of the collection's");
    let mut slots = vec![Slot::new("authority", Kind::Wallet).or_repeated()];
    slots.extend(of_collection(&own.collection));
    slots.extend([
        Slot::new("access", Kind::Access),
        of_metadata(metadata, &nft, &[]),
        Slot::new("payer", Kind::Wallet).or_repeated(),
        Slot::new("metadata_program", Kind::Program),
    ]);
    Sample::new(stage, revoke, slots).closing(5, 7)
}
