//! Mints of Token-2022, on the real program: which ones an emission may have, and that every path works with one.

use crate::support::{END, FUNDS, INSUFFICIENT_FUNDS, RATE, SPACE, START, terms};
use grid_client::{
    address, pools, rewards,
    token::{self, Mint, PROGRAM_2022_ID},
};
use grid_pools::PoolsError;
use grid_tests::{
    Incentives, World, keypair_for,
    world::{DECIMALS, TOKENS},
};
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction};
use solana_signer::Signer;
use spl_token_2022_interface::{
    extension::{ExtensionType, metadata_pointer, pausable, transfer_fee, transfer_hook},
    instruction as token_2022, state,
};

/// An extension, and the instruction that gives it to a mint before the mint itself is initialised: of the mint, and of
/// the authority over mint and extension.
type Extension = (ExtensionType, fn(&Address, Address) -> Instruction);

const METADATA_POINTER: Extension = (ExtensionType::MetadataPointer, |mint, authority| {
    metadata_pointer::instruction::initialize(&PROGRAM_2022_ID, mint, Some(authority), Some(*mint)).unwrap()
});
const TRANSFER_FEE: Extension = (ExtensionType::TransferFeeConfig, |mint, authority| {
    let by = Some(&authority);
    transfer_fee::instruction::initialize_transfer_fee_config(&PROGRAM_2022_ID, mint, by, by, 0, 0).unwrap()
});
const TRANSFER_HOOK: Extension = (ExtensionType::TransferHook, |mint, authority| {
    transfer_hook::instruction::initialize(&PROGRAM_2022_ID, mint, Some(authority), None).unwrap()
});
const PERMANENT_DELEGATE: Extension = (ExtensionType::PermanentDelegate, |mint, authority| {
    token_2022::initialize_permanent_delegate(&PROGRAM_2022_ID, mint, &authority).unwrap()
});
const PAUSABLE: Extension = (ExtensionType::Pausable, |mint, authority| {
    pausable::instruction::initialize(&PROGRAM_2022_ID, mint, &authority).unwrap()
});

/// Creates a mint with these extensions; client and stranger get tokens of it.
fn create_mint(world: &mut World, extensions: &[Extension]) -> Mint {
    let (key, authority) = (keypair_for("token-2022 mint"), world.authority.insecure_clone());
    let (mint, owner) = (key.pubkey(), authority.pubkey());
    let types: Vec<ExtensionType> = extensions.iter().map(|(extension, _)| *extension).collect();
    let space = ExtensionType::try_calculate_account_len::<state::Mint>(&types).unwrap();
    // CreateAccount of the system program is 0: lamports, space, owner.
    let data = [
        &0_u32.to_le_bytes()[..],
        &world.rent(space).to_le_bytes(),
        &(space as u64).to_le_bytes(),
        PROGRAM_2022_ID.as_ref(),
    ];
    let accounts = vec![AccountMeta::new(owner, true), AccountMeta::new(mint, true)];
    let mut create =
        vec![Instruction::new_with_bytes(solana_sdk_ids::system_program::ID, &data.concat(), accounts)];
    create.extend(extensions.iter().map(|(_, initialize)| initialize(&mint, owner)));
    create.push(token_2022::initialize_mint2(&PROGRAM_2022_ID, &mint, &owner, None, DECIMALS).unwrap());
    world.run(&create, &[&authority, &key]);
    let mint = Mint::token_2022(mint);
    for wallet in [world.authority.pubkey(), world.client.pubkey(), world.stranger.pubkey()] {
        let account = address::token_account(&wallet, mint);
        let fill = token_2022::mint_to(&mint.program, &mint.address, &account, &owner, &[], TOKENS).unwrap();
        world.land(&[token::create_account(owner, wallet, mint), fill]);
    }
    mint
}

#[test]
fn refuses_extensions_by_which_tokens_can_be_taken_frozen_or_rerouted() {
    for extension in [TRANSFER_FEE, TRANSFER_HOOK, PERMANENT_DELEGATE, PAUSABLE] {
        let mut world = World::bare();
        let authority = world.authority.pubkey();
        let mint = create_mint(&mut world, &[METADATA_POINTER, extension]);
        let beneficiary = address::token_account(&world.client.pubkey(), mint);
        let open = pools::open(authority, mint, 0, beneficiary, terms());
        world.refuse(&[open], PoolsError::MintRefused);
    }
}

#[test]
fn an_emission_of_a_token_2022_mint_lives_as_any_other() {
    for extensions in [&[][..], &[METADATA_POINTER]] {
        let mut i = Incentives::new();
        let (authority, client, stranger) =
            (i.world.authority.pubkey(), i.world.client.pubkey(), i.world.stranger.pubkey());
        let staked = i.world.mint;
        let mint = create_mint(&mut i.world, extensions);
        let tokens_of = |wallet| address::token_account(wallet, mint);
        let (source, beneficiary, home) = (tokens_of(&stranger), tokens_of(&client), tokens_of(&authority));
        let lamports = i.world.lamports(&authority);

        i.world.land(&[pools::open(authority, mint, 0, beneficiary, terms())]);
        let emission = pools::emission_address(&authority, 0).0;
        let vault = pools::vault_address(&emission).0;
        let account = i.world.raw(&vault);
        assert_eq!((account.owner, account.data.len()), (PROGRAM_2022_ID, 165));
        i.world
            .refuse_with(&[pools::top_up(stranger, source, emission, mint, TOKENS + 1)], INSUFFICIENT_FUNDS);
        i.world.land(&[pools::top_up(stranger, source, emission, mint, FUNDS)]);
        assert_eq!((i.world.tokens_in(&vault), i.world.tokens_in(&source)), (FUNDS, TOKENS - FUNDS));

        i.world.network.set_time(START + 1);
        i.world.land(&[pools::claim(emission, mint, beneficiary)]);
        assert_eq!(i.world.tokens_in(&beneficiary), TOKENS + RATE);
        i.world.land(&[pools::close(authority, emission, mint, home)]);
        assert!(!i.world.exists(&emission) && !i.world.exists(&vault));
        assert_eq!(i.world.tokens_in(&home), TOKENS + FUNDS - RATE);
        assert_eq!(i.world.lamports(&authority), lamports);

        // To the reward pool in which stakes of an SPL Token mint earn it.
        i.world.land(&[rewards::open_pool(stranger, &staked, mint)]);
        let pool = rewards::pool_address(&staked, &mint.address).0;
        i.world.land(&[
            pools::open(authority, mint, 0, pool, terms()),
            pools::top_up(stranger, source, emission, mint, FUNDS),
        ]);
        i.world.network.set_time(END);
        i.world.land(&[pools::claim_to_rewards(emission, mint, pool)]);
        assert_eq!(i.world.tokens_in(&rewards::vault_address(&pool).0), FUNDS);
        assert_eq!(i.world.tokens_in(&vault), 0);
        let rents = i.world.rent(SPACE) + i.world.rent(165);
        assert_eq!(i.world.lamports(&authority), lamports - rents);
        i.world.land(&[pools::close(authority, emission, mint, home)]);
        assert_eq!(i.world.lamports(&authority), lamports);
        assert_eq!(i.world.tokens_in(&source), TOKENS - 2 * FUNDS);
    }
}
