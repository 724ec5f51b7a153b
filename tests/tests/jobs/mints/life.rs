//! Whole lives of jobs with the mints that a market may have.

use super::*;
use grid_jobs::GridError;
use grid_tests::{assert_ledger, world::RESULT};
use solana_instruction::error::InstructionError;

/// Runs a job for 90 seconds; then everybody takes what is theirs and leaves. To the atom.
#[track_caller]
fn assert_serves_a_whole_life(mut world: World, mint: Mint) {
    let (authority, client, node) = (world.authority.pubkey(), world.client.pubkey(), world.node.pubkey());
    let (market, project, device) = (world.market, world.project, world.device);
    assert_eq!(tokens(&world, mint, &client), TOKENS - DEPOSIT);
    assert_eq!(tokens(&world, mint, &node), TOKENS - BOND);
    assert_eq!(world.vault_tokens(), DEPOSIT + BOND);
    assert_ledger(&world, 0);

    let job = world.run_job(1);
    world.network.advance(90);
    world.land(&[instruction::finish(node, world.run_of(device, job), RESULT)]);
    assert_eq!(world.vault_tokens(), DEPOSIT + BOND, "no token moves");
    assert_ledger(&world, 0);

    let wallet = address::token_account(&client, mint);
    world.land(&[instruction::withdraw(client, project, mint, wallet, DEPOSIT - 9_225)]);
    assert_eq!(tokens(&world, mint, &client), TOKENS - 9_225);
    assert_ledger(&world, 0);
    world.land(&[instruction::withdraw_earnings(device, mint, node)]);
    assert_eq!(tokens(&world, mint, &node), TOKENS - BOND + 9_000);
    assert_ledger(&world, 0);
    world.land(&[instruction::withdraw_bond(node, device, mint, node, BOND)]);
    assert_eq!(tokens(&world, mint, &node), TOKENS + 9_000);
    assert_ledger(&world, 0);
    world.land(&[instruction::collect_fees(market, mint, authority, Default::default())]);
    assert_eq!(tokens(&world, mint, &authority), 225);
    assert_eq!(world.vault_tokens(), 0);
    world.land(&[
        instruction::close_job(client, project, job, client),
        instruction::close_project(client, project),
        instruction::close_device(node, node, device),
        instruction::close_market(authority, market),
    ]);
    assert_ledger(&world, 0);
}

#[test]
fn a_plain_mint_serves_a_whole_life() {
    let (world, mint) = world_of(&[]);
    assert_eq!(world.raw(&mint.address).data.len(), 82);
    assert_serves_a_whole_life(world, mint);
}

/// The mint of wrapped SOL, of SPL Token: what an account holds are its lamports.
const WRAPPED_SOL: Address = Address::from_str_const("So11111111111111111111111111111111111111112");

#[test]
fn wrapped_sol_serves_a_whole_life() {
    let (mut world, mint) = (World::bare(), Mint::from(WRAPPED_SOL));
    world.initialize_config();
    let mut account = world.raw(&world.mint);
    account.data[..36].fill(0); // mint authority: none
    account.data[44] = 9; // decimals
    world.network.set(WRAPPED_SOL, account);
    take_up(&mut world, mint);
    for wallet in [world.client.pubkey(), world.node.pubkey()] {
        world.network.fund(&wallet);
        let account = address::token_account(&wallet, mint);
        // Transfer of the system program is 2.
        let wrap = Instruction::new_with_bytes(
            solana_sdk_ids::system_program::ID,
            &[&2_u32.to_le_bytes()[..], &TOKENS.to_le_bytes()].concat(),
            vec![AccountMeta::new(wallet, true), AccountMeta::new(account, false)],
        );
        let mut sync = token_2022::sync_native(&PROGRAM_2022_ID, &account).unwrap();
        sync.program_id = mint.program;
        let create = token::create_account(world.authority.pubkey(), wallet, mint);
        world.land(&[create, wrap, sync]);
    }
    furnish(&mut world, mint);
    let vault = world.lamports(&address::vault(&mint.address).0);
    assert_eq!(vault, world.rent(165) + DEPOSIT + BOND);
    assert_serves_a_whole_life(world, mint);
}

#[test]
fn mints_that_only_describe_themselves_serve_a_whole_life() {
    let harmless =
        [METADATA_POINTER, GROUP_POINTER, GROUP_MEMBER_POINTER, INTEREST_BEARING, SCALED_UI_AMOUNT];
    for extension in harmless {
        let (world, mint) = world_of(&[extension]);
        assert_serves_a_whole_life(world, mint);
    }
    // Interest and scale exclude each other.
    let (world, mint) = world_of(&harmless[..4]);
    assert_serves_a_whole_life(world, mint);
}

#[test]
fn interest_changes_what_is_shown_and_not_what_is_owed() {
    let (mut world, mint) = world_of(&[INTEREST_BEARING]);
    world.network.advance(365 * 86_400);
    assert_serves_a_whole_life(world, mint);
}

/// An instruction of Token-2022 that other programs may implement too: 8 bytes of the hash of its name, then its data.
fn by_name(name: &str, data: &[&[u8]], accounts: Vec<AccountMeta>) -> Instruction {
    use sha2::{Digest, Sha256};
    let hash = Sha256::digest(format!("spl_token_{name}"));
    Instruction::new_with_bytes(PROGRAM_2022_ID, &[&hash[..8], &data.concat()].concat(), accounts)
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat()
}

/// Writes metadata into the mint itself.
fn initialize_metadata(mint: &Address, authority: Address) -> Instruction {
    by_name(
        "metadata_interface:initialize_account",
        &[&text("Grid test"), &text("GT"), &text("https://example.org/gt.json")],
        vec![
            AccountMeta::new(*mint, false),
            AccountMeta::new_readonly(authority, false),
            AccountMeta::new_readonly(*mint, false),
            AccountMeta::new_readonly(authority, true),
        ],
    )
}

/// Gives the token another name, which moves what stands behind it.
fn rename(mint: &Address, authority: Address, name: &str) -> Instruction {
    by_name(
        "metadata_interface:updating_field",
        &[&[0], &text(name)],
        vec![AccountMeta::new(*mint, false), AccountMeta::new_readonly(authority, true)],
    )
}

/// Makes the mint a group of tokens.
fn initialize_group(mint: &Address, authority: Address) -> Instruction {
    by_name(
        "group_interface:initialize_token_group",
        &[authority.as_ref(), &7_u64.to_le_bytes()],
        vec![
            AccountMeta::new(*mint, false),
            AccountMeta::new_readonly(*mint, false),
            AccountMeta::new_readonly(authority, true),
        ],
    )
}

#[test]
fn metadata_and_group_written_before_and_changed_later_do_no_harm() {
    let (mut world, mint) = bare_world(&[METADATA_POINTER, GROUP_POINTER]);
    let authority = world.authority.pubkey();
    world.land(&[initialize_metadata(&mint.address, authority)]);
    world.land(&[
        instruction::open_vault(authority, mint),
        instruction::open_market(authority, mint, 0, TERMS),
    ]);

    let (mut world, mint) = world_of(&[METADATA_POINTER, GROUP_POINTER]);
    let (before, job) = (world.raw(&mint.address).data.len(), world.run_job(1));
    world.land(&[initialize_metadata(&mint.address, authority)]);
    world.land(&[initialize_group(&mint.address, authority)]);
    world.land(&[rename(&mint.address, authority, "A name that is longer than the first one")]);
    assert!(world.raw(&mint.address).data.len() > before);
    world.finish(world.device, job);
    let close = instruction::close_job(world.client.pubkey(), world.project, job, world.client.pubkey());
    world.land(&[close]);
    assert_serves_a_whole_life(world, mint);
}

#[test]
fn a_vault_is_a_token_account_of_the_mints_own_program() {
    let (mut world, mint) = bare_world(&[]);
    let stranger = world.stranger.pubkey();
    let lamports = world.lamports(&stranger);

    let landed = world.land(&[instruction::open_vault(stranger, mint)]);

    let vault = address::vault(&mint.address).0;
    let account = world.raw(&vault);
    assert_eq!((account.owner, account.data.len()), (PROGRAM_2022_ID, 165));
    assert_eq!(world.lamports(&stranger), lamports - world.rent(165));
    let mut expected = vec![0; 165];
    expected[..32].copy_from_slice(mint.address.as_ref());
    expected[32..64].copy_from_slice(vault.as_ref());
    expected[108] = 1; // Initialized
    assert_eq!(account.data, expected);
    grid_tests::assert_event!(landed, VaultOpened { mint: mint.address, vault: vault });
    // AccountAlreadyInUse of the system program.
    world.refuse_with(&[instruction::open_vault(stranger, mint)], InstructionError::Custom(0));
}

/// Every instruction that moves tokens, in a world where it would do so.
fn payments(world: &World, mint: Mint) -> [Instruction; 6] {
    let (authority, client, node) = (world.authority.pubkey(), world.client.pubkey(), world.node.pubkey());
    let (market, project, device) = (world.market, world.project, world.device);
    let (clients, nodes) = (address::token_account(&client, mint), address::token_account(&node, mint));
    [
        instruction::deposit(client, clients, project, mint, 1),
        instruction::withdraw(client, project, mint, clients, 1),
        instruction::fund_bond(node, nodes, device, mint, 1),
        instruction::withdraw_bond(node, device, mint, node, 1),
        instruction::withdraw_earnings(device, mint, node),
        instruction::collect_fees(market, mint, authority, Default::default()),
    ]
}

/// Lets the device earn something, and the market too.
fn earn(world: &mut World) {
    let job = world.run_job(1);
    world.network.advance(60);
    world.finish(world.device, job);
}

/// Asserts that no payment is made by `program`, which is not the mint's.
#[track_caller]
fn assert_refuses_program(mut world: World, mint: Mint, program: Address, error: &InstructionError) {
    earn(&mut world);
    for (place, mut payment) in payments(&world, mint).into_iter().enumerate() {
        payment.accounts.last_mut().unwrap().pubkey = program;
        match place {
            // The token program says so itself.
            ..3 => world.refuse_with(&[payment], error.clone()),
            // The destination is not the one that the payee has by this program.
            _ => world.refuse(&[payment], GridError::WrongPayeeAccount),
        }
    }
}

#[test]
fn refuses_the_other_token_program() {
    let (mut world, mint) = world_of(&[]);
    let other = create_mint(&mut world, "other mint", &[]);
    let mut open = instruction::open_vault(world.stranger.pubkey(), other);
    open.accounts[3].pubkey = token::PROGRAM_ID;
    world.refuse_with(&[open], InstructionError::IncorrectProgramId);
    assert_refuses_program(world, mint, token::PROGRAM_ID, &InstructionError::InvalidAccountData);

    let mut world = World::new();
    let (authority, mint) = (world.authority.pubkey(), world.mint);
    world.give_tokens(&mint, &authority, 0);
    assert_refuses_program(world, mint.into(), PROGRAM_2022_ID, &InstructionError::IncorrectProgramId);
}

#[test]
fn a_deposit_by_the_other_token_program_credits_nothing() {
    let (mut world, mint) = world_of(&[]);
    let client = world.client.pubkey();
    let source = address::token_account(&client, mint);
    // As long as an account of SPL Token, so that its length gives nothing away.
    let mut account = world.raw(&source);
    account.data.truncate(165);
    world.network.set(source, account);
    let mut deposit = instruction::deposit(client, source, world.project, mint, 1);
    deposit.accounts.last_mut().unwrap().pubkey = token::PROGRAM_ID;
    world.refuse_with(&[deposit], InstructionError::ExternalAccountDataModified);
    world.land(&[instruction::deposit(client, source, world.project, mint, 1)]);
    assert_eq!(world.project().balance, DEPOSIT + 1);
}

#[test]
fn markets_of_both_programs_stand_side_by_side() {
    let (mut world, mint) = world_of(&[]);
    let other = world.open_mint("spl mint");
    let (authority, node) = (world.authority.pubkey(), world.node.pubkey());
    let market = address::market(&authority, 1).0;
    let device = address::device(&market, &node, 0).0;
    world.land(&[
        instruction::open_market(authority, other, 1, TERMS),
        instruction::open_device(node, market, 0, node),
        instruction::fund_bond(node, address::token_account(&node, other), device, other, BOND),
    ]);
    let wrong = instruction::fund_bond(node, address::token_account(&node, mint), device, mint, BOND);
    world.refuse(&[wrong], GridError::WrongMint);
    assert_eq!(world.tokens_in(&address::vault(&other).0), BOND);
    assert_serves_a_whole_life(world, mint);
}

#[test]
fn a_frozen_vault_stops_payments_and_no_job() {
    let (mut world, mint) = world_of(&[]);
    earn(&mut world);
    let (authority, vault) = (world.authority.pubkey(), address::vault(&mint.address).0);
    let freeze =
        token_2022::freeze_account(&PROGRAM_2022_ID, &vault, &mint.address, &authority, &[]).unwrap();
    let thaw = token_2022::thaw_account(&PROGRAM_2022_ID, &vault, &mint.address, &authority, &[]).unwrap();
    world.land(&[freeze]);
    for payment in payments(&world, mint) {
        // AccountFrozen of the token program.
        world.refuse_with(&[payment], InstructionError::Custom(17));
    }
    payees::assert_jobs_end(&world, world.device);
    world.land(&[thaw]);
    world.land(&payments(&world, mint));
    assert_ledger(&world, 0);
}
