//! Mints of Token-2022, on the real program: which ones a market may have, and that every path works with them.

mod bytes;
mod life;
mod payees;
mod refused;

use grid_client::{
    address, instruction,
    token::{self, Mint, PROGRAM_2022_ID},
};
use grid_tests::{
    TERMS, World, keypair_for,
    world::{BOND, DECIMALS, DEPOSIT, TOKENS},
};
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction};
use solana_signer::Signer;
use spl_token_2022_interface::{
    extension::{
        ExtensionType, confidential_transfer, default_account_state, group_member_pointer, group_pointer,
        interest_bearing_mint, metadata_pointer, pausable, scaled_ui_amount, transfer_fee, transfer_hook,
    },
    instruction as token_2022,
    state::{self, AccountState},
};

/// Room for metadata and group, which Token-2022 adds to a mint that exists: lamports for so many bytes.
const ADDED_BYTES: usize = 1_000;

/// The instruction that gives a mint an extension, before the mint itself is initialised: of the mint, and of the
/// authority over mint and extension.
type Initialize = fn(&Address, Address) -> Instruction;
/// An extension of a mint.
type Extension = (ExtensionType, Initialize);

const METADATA_POINTER: Extension = (ExtensionType::MetadataPointer, |mint, authority| {
    metadata_pointer::instruction::initialize(&PROGRAM_2022_ID, mint, Some(authority), Some(*mint)).unwrap()
});
const GROUP_POINTER: Extension = (ExtensionType::GroupPointer, |mint, authority| {
    group_pointer::instruction::initialize(&PROGRAM_2022_ID, mint, Some(authority), Some(*mint)).unwrap()
});
const GROUP_MEMBER_POINTER: Extension = (ExtensionType::GroupMemberPointer, |mint, authority| {
    group_member_pointer::instruction::initialize(&PROGRAM_2022_ID, mint, Some(authority), Some(*mint))
        .unwrap()
});
const INTEREST_BEARING: Extension = (ExtensionType::InterestBearingConfig, |mint, authority| {
    interest_bearing_mint::instruction::initialize(&PROGRAM_2022_ID, mint, Some(authority), 500).unwrap()
});
const SCALED_UI_AMOUNT: Extension = (ExtensionType::ScaledUiAmount, |mint, authority| {
    scaled_ui_amount::instruction::initialize(&PROGRAM_2022_ID, mint, Some(authority), 2.5).unwrap()
});
const TRANSFER_FEE: Extension = (ExtensionType::TransferFeeConfig, |mint, authority| {
    let authority = Some(&authority);
    transfer_fee::instruction::initialize_transfer_fee_config(
        &PROGRAM_2022_ID,
        mint,
        authority,
        authority,
        0,
        0,
    )
    .unwrap()
});
const TRANSFER_HOOK: Extension = (ExtensionType::TransferHook, |mint, authority| {
    transfer_hook::instruction::initialize(&PROGRAM_2022_ID, mint, Some(authority), None).unwrap()
});
const PERMANENT_DELEGATE: Extension = (ExtensionType::PermanentDelegate, |mint, authority| {
    token_2022::initialize_permanent_delegate(&PROGRAM_2022_ID, mint, &authority).unwrap()
});
const DEFAULT_ACCOUNT_STATE: Extension = (ExtensionType::DefaultAccountState, |mint, _| {
    let state = &AccountState::Initialized;
    default_account_state::instruction::initialize_default_account_state(&PROGRAM_2022_ID, mint, state)
        .unwrap()
});
const PAUSABLE: Extension = (ExtensionType::Pausable, |mint, authority| {
    pausable::instruction::initialize(&PROGRAM_2022_ID, mint, &authority).unwrap()
});
const MINT_CLOSE_AUTHORITY: Extension = (ExtensionType::MintCloseAuthority, |mint, authority| {
    token_2022::initialize_mint_close_authority(&PROGRAM_2022_ID, mint, Some(&authority)).unwrap()
});
const NON_TRANSFERABLE: Extension = (ExtensionType::NonTransferable, |mint, _| {
    token_2022::initialize_non_transferable_mint(&PROGRAM_2022_ID, mint).unwrap()
});
const CONFIDENTIAL_TRANSFER: Extension = (ExtensionType::ConfidentialTransferMint, |mint, authority| {
    let authority = Some(authority);
    confidential_transfer::instruction::initialize_mint(&PROGRAM_2022_ID, mint, authority, true, None)
        .unwrap()
});

/// Creates the mint `keypair_for(name)` with these extensions; the world's authority mints and freezes.
fn create_mint(world: &mut World, name: &str, extensions: &[Extension]) -> Mint {
    let (key, authority) = (keypair_for(name), world.authority.insecure_clone());
    let (mint, owner) = (key.pubkey(), authority.pubkey());
    let types: Vec<ExtensionType> = extensions.iter().map(|(extension, _)| *extension).collect();
    let space = ExtensionType::try_calculate_account_len::<state::Mint>(&types).unwrap();
    let rent = world.rent(space + ADDED_BYTES);
    // CreateAccount of the system program is 0: lamports, space, owner.
    let data = [
        &0_u32.to_le_bytes()[..],
        &rent.to_le_bytes(),
        &(space as u64).to_le_bytes(),
        PROGRAM_2022_ID.as_ref(),
    ];
    let mut create = vec![Instruction::new_with_bytes(
        solana_sdk_ids::system_program::ID,
        &data.concat(),
        vec![AccountMeta::new(owner, true), AccountMeta::new(mint, true)],
    )];
    create.extend(extensions.iter().map(|(_, initialize)| initialize(&mint, owner)));
    create
        .push(token_2022::initialize_mint2(&PROGRAM_2022_ID, &mint, &owner, Some(&owner), DECIMALS).unwrap());
    world.run(&create, &[&authority, &key]);
    Mint::token_2022(mint)
}

/// Mints tokens into the associated token account of a wallet, which it creates.
fn give_tokens(world: &mut World, mint: Mint, wallet: &Address, amount_atoms: u64) {
    let authority = world.authority.pubkey();
    let account = address::token_account(wallet, mint);
    let fill =
        token_2022::mint_to(&mint.program, &mint.address, &account, &authority, &[], amount_atoms).unwrap();
    world.land(&[token::create_account(authority, *wallet, mint), fill]);
}

/// Makes a mint the world's.
fn take_up(world: &mut World, mint: Mint) {
    world.mint = mint.address;
    world.project = address::project(&mint.address, &world.client.pubkey()).0;
}

/// Config and actors; the world's mint is one of Token-2022 with these extensions.
fn bare_world(extensions: &[Extension]) -> (World, Mint) {
    let mut world = World::bare();
    world.initialize_config();
    let mint = create_mint(&mut world, "token-2022 mint", extensions);
    take_up(&mut world, mint);
    for wallet in [world.client.pubkey(), world.node.pubkey(), world.stranger.pubkey()] {
        give_tokens(&mut world, mint, &wallet, TOKENS);
    }
    (world, mint)
}

/// Opens what [`World::new`] does for a mint of which client and node have tokens; the treasury gets a token account.
fn furnish(world: &mut World, mint: Mint) {
    let (authority, client, node) = (world.authority.pubkey(), world.client.pubkey(), world.node.pubkey());
    let (market, project, device) = (world.market, world.project, world.device);
    world.land(&[
        token::create_account(authority, authority, mint),
        instruction::open_vault(authority, mint),
        instruction::open_market(authority, mint, 0, TERMS),
    ]);
    let tokens_of = |wallet| address::token_account(wallet, mint);
    world.land(&[
        instruction::open_project(client, mint),
        instruction::deposit(client, tokens_of(&client), project, mint, DEPOSIT),
        instruction::open_device(node, market, 0, node),
        instruction::fund_bond(node, tokens_of(&node), device, mint, BOND),
    ]);
}

/// What [`World::new`] makes, with a mint of Token-2022 with these extensions.
fn world_of(extensions: &[Extension]) -> (World, Mint) {
    let (mut world, mint) = bare_world(extensions);
    furnish(&mut world, mint);
    (world, mint)
}

/// Tokens in the associated token account of a wallet, which Token-2022 makes longer than SPL Token does.
fn tokens(world: &World, mint: Mint, wallet: &Address) -> u64 {
    let account = world.raw(&address::token_account(wallet, mint));
    assert_eq!(account.owner, mint.program);
    u64::from_le_bytes(account.data[64..72].try_into().unwrap())
}
