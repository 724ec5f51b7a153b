//! What the instructions with Token Metadata take of the compute budget. It depends on the addresses: a program that searches
//! for a bump pays for each that it tries, 1,500 units by the system call, about 330 by Anchor's own way.

use grid_client::{
    address::token_account,
    nodes::{self, Label, METADATA_PROGRAM},
    token,
};
use grid_tests::Nodes;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;

/// Units that an instruction has by default.
const DEFAULT: u64 = 200_000;
/// Units that are enough for `issue_access`, whatever the addresses.
const ISSUE: u32 = 300_000;

/// The longest texts.
fn label() -> Label {
    Label { name: "n".repeat(32), symbol: "s".repeat(10), uri: "u".repeat(200) }
}

/// Issues NFT `index`.
fn issue(n: &Nodes, index: u64) -> Instruction {
    let (authority, node) = (n.world.authority.pubkey(), n.world.node.pubkey());
    nodes::issue_access(authority, &n.collection, node, index, label())
}

/// Units that all programs together spend on bumps in vain when NFT `index` is issued, roughly.
fn spent_on_bumps(n: &Nodes, index: u64) -> u32 {
    let (mint, mint_bump) = nodes::access_mint_address(&n.collection, index);
    let node = n.world.node.pubkey();
    let metadata: [&[u8]; 4] = [b"metadata", METADATA_PROGRAM.as_ref(), mint.as_ref(), b"edition"];
    let token: [&[u8]; 3] = [node.as_ref(), token::PROGRAM_ID.as_ref(), mint.as_ref()];
    let (found, token_bump) = Address::find_program_address(&token, &token::ASSOCIATED_PROGRAM_ID);
    assert_eq!(found, token_account(&node, mint));
    let bumps = [
        (330, mint_bump),
        (330, nodes::access_address(&mint).1),
        (1_500, token_bump),
        (1_500, Address::find_program_address(&metadata[..3], &METADATA_PROGRAM).1),
        (3_000, Address::find_program_address(&metadata, &METADATA_PROGRAM).1),
    ];
    bumps.into_iter().map(|(units, bump)| units * u32::from(255 - bump)).sum()
}

#[test]
fn making_a_collection_fits_into_the_default_budget() {
    let mut n = Nodes::new();
    let authority = n.world.authority.pubkey();
    for id in 100..150 {
        let landed = n.world.land(&[nodes::create_collection(authority, id, label())]);
        assert!(landed.compute_units_consumed < DEFAULT * 3 / 4, "{}", landed.compute_units_consumed);
    }
}

#[test]
fn revoking_an_nft_fits_into_the_default_budget() {
    let mut n = Nodes::new();
    let (authority, collection) = (n.world.authority.pubkey(), n.collection);
    for index in 0..50 {
        n.world.land(&[nodes::compute_limit(ISSUE), issue(&n, index)]);
        let mint = nodes::access_mint_address(&collection, index).0;
        let landed = n.world.land(&[nodes::revoke_access(authority, &collection, &mint, authority)]);
        assert!(landed.compute_units_consumed < DEFAULT / 2, "{}", landed.compute_units_consumed);
    }
}

#[test]
fn issuing_an_nft_takes_more_when_its_addresses_are_unlucky() {
    let mut n = Nodes::new();
    let spent: Vec<(u32, u64)> = (0..10_000).map(|index| (spent_on_bumps(&n, index), index)).collect();
    let (_, lucky) = *spent.iter().min().expect("an index");
    let least = n.world.land(&[issue(&n, lucky)]).compute_units_consumed;
    assert!(least < DEFAULT * 9 / 10, "{least}");

    let (_, unlucky) = *spent.iter().max().expect("an index");
    let limited = [nodes::compute_limit(ISSUE), issue(&n, unlucky)];
    let most = n.world.land(&limited).compute_units_consumed;
    eprintln!("issue_access: {least} to {most} compute units");
    assert!(most > least + 30_000 && most < u64::from(ISSUE) * 4 / 5, "{most}");
}
