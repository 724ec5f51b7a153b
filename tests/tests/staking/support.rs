//! What several files need.

use grid_client::{address, staking, token};
use grid_staking::{Settings, SlashReason, Stake, StakingError};
use grid_tests::{
    Incentives, World,
    incentives::{DURATION, SLASH_CAP_BPS, SLASH_EPOCH},
    keypair_for,
    world::{DECIMALS, TOKENS},
};
use litesvm::types::TransactionMetadata;
use solana_account::Account;
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::collections::BTreeMap;

/// What the client stakes, atoms.
pub const AMOUNT: u64 = 1_000_000;
/// What [`AMOUNT`] weighs for [`DURATION`]: 1,000,000 × 407 / 365.
pub const WEIGHT: u64 = 1_115_068;
/// Anchor's ConstraintDuplicateMutableAccount.
pub const TWICE: InstructionError = InstructionError::Custom(2040);
/// Anchor's ConstraintAddress.
pub const OTHER_ADDRESS: InstructionError = InstructionError::Custom(2012);
/// The token program's InsufficientFunds.
pub const TOO_LITTLE: InstructionError = InstructionError::Custom(1);
/// The token program's MintMismatch.
pub const OTHER_MINT: InstructionError = InstructionError::Custom(3);
/// The token program's OwnerMismatch.
pub const OTHER_OWNER: InstructionError = InstructionError::Custom(4);

/// The number of an error of the program.
pub fn ours(error: StakingError) -> InstructionError {
    InstructionError::Custom(6_000 + error as u32)
}

/// The weight in wide integers: amount × (1 + 3 × duration / 365 days).
pub fn weight(amount: u64, duration: u32) -> u64 {
    let year = 365 * 86_400_u128;
    (u128::from(amount) * (year + 3 * u128::from(duration)) / year).try_into().unwrap()
}

/// Settings, and a stake of the client: id 0, [`AMOUNT`] for [`DURATION`].
pub fn staked() -> (Incentives, Address) {
    let mut i = Incentives::without_pool();
    let client = i.world.client.pubkey();
    let stake = i.stake(client, 0, AMOUNT);
    (i, stake)
}

/// The same, whose release has just begun.
pub fn unstaking() -> (Incentives, Address) {
    let (mut i, stake) = staked();
    let client = i.world.client.pubkey();
    i.world.land(&[staking::unstake(client, stake)]);
    (i, stake)
}

/// What [`staked`] writes.
pub fn fresh(i: &Incentives) -> Stake {
    let client = i.world.client.pubkey();
    Stake {
        version: 1,
        bump: staking::stake_address(&i.world.mint, &client, 0).1,
        vault_bump: staking::vault_address(&i.world.mint).1,
        decimals: DECIMALS,
        decreases: 0.into(),
        opened_slot: slot(i).into(),
        weight: WEIGHT.into(),
        low_weight: 0.into(),
        owner: client,
        mint: i.world.mint,
        vault: vault(i),
        id: 0.into(),
        total_atoms: AMOUNT.into(),
        withdrawn_atoms: 0.into(),
        duration_seconds: DURATION.into(),
        padding2: [0; 4],
        unstaked_at: 0.into(),
        slash_epoch_started_at: 0.into(),
        slash_allowance_atoms: 0.into(),
        reserved: [0; 32],
    }
}

/// Makes the mint `keypair_for("other mint")` stakeable; client, node and stranger have tokens of it.
pub fn other_mint(i: &mut Incentives) -> Address {
    let mint = i.world.create_mint("other mint");
    let authority = i.world.authority.pubkey();
    for actor in [i.world.client.pubkey(), i.world.node.pubkey(), i.world.stranger.pubkey(), authority] {
        i.world.give_tokens(&mint, &actor, TOKENS);
    }
    let destination = address::token_account(&authority, mint);
    i.world.land(&[staking::open_settings(authority, mint, destination, SLASH_CAP_BPS, SLASH_EPOCH)]);
    mint
}

/// The slot that the clock says.
pub fn slot(i: &Incentives) -> u64 {
    i.world.network.svm.get_sysvar::<solana_clock::Clock>().slot
}

/// Goes to the next slot.
pub fn next_slot(i: &mut Incentives) {
    let next = slot(i) + 1;
    i.world.network.svm.warp_to_slot(next);
}

/// The vault of the world's mint.
pub fn vault(i: &Incentives) -> Address {
    staking::vault_address(&i.world.mint).0
}

/// The client stakes.
pub fn stake(i: &Incentives, id: u64, amount: u64, duration: u32) -> Instruction {
    let client = i.world.client.pubkey();
    staking::stake(client, i.tokens_of(&client), i.world.mint, id, amount, duration)
}

/// The client adds to a stake.
pub fn top_up(i: &Incentives, stake: Address, amount: u64) -> Instruction {
    let client = i.world.client.pubkey();
    staking::top_up(client, i.tokens_of(&client), stake, i.world.mint, amount)
}

/// The client unstakes.
pub fn unstake(i: &Incentives, stake: Address) -> Instruction {
    staking::unstake(i.world.client.pubkey(), stake)
}

/// The client restakes.
pub fn restake(i: &Incentives, stake: Address) -> Instruction {
    staking::restake(i.world.client.pubkey(), stake)
}

/// The client withdraws to its own token account.
pub fn withdraw(i: &Incentives, stake: Address) -> Instruction {
    let client = i.world.client.pubkey();
    staking::withdraw(client, stake, i.world.mint, i.tokens_of(&client))
}

/// The client closes a stake.
pub fn close(i: &Incentives, stake: Address) -> Instruction {
    staking::close(i.world.client.pubkey(), stake)
}

/// The slasher takes.
pub fn slash(i: &Incentives, stake: Address, amount: u64) -> Instruction {
    let slasher = i.world.authority.pubkey();
    let (mint, destination) = (i.world.mint, i.slash_destination);
    staking::slash(slasher, stake, mint, destination, amount, SlashReason::WrongResult, [7; 32])
}

/// The authority sets cap and epoch.
pub fn update(i: &Incentives, cap_bps: u16, epoch: u32) -> Instruction {
    staking::update_settings(i.world.authority.pubkey(), &i.world.mint, i.slash_destination, cap_bps, epoch)
}

/// What the client withdraws; the balances must agree.
#[track_caller]
pub fn take_out(i: &mut Incentives, stake: Address) -> u64 {
    let client = i.world.client.pubkey();
    let (tokens, vault, withdrawn) =
        (i.world.tokens(&client), i.staking_vault(), i.stake_of(&stake).withdrawn_atoms.get());
    i.world.land(&[withdraw(i, stake)]);
    let amount = i.world.tokens(&client) - tokens;
    assert_eq!(i.staking_vault(), vault - amount);
    assert_eq!(i.stake_of(&stake).withdrawn_atoms, withdrawn + amount);
    amount
}

/// All accounts that instructions of the program may change.
pub fn state(world: &World) -> BTreeMap<Address, Account> {
    world.state()
}

/// Sends instructions that must succeed and change exactly these accounts.
#[track_caller]
pub fn land_changing(
    i: &mut Incentives,
    instructions: &[Instruction],
    expected: &[Address],
) -> TransactionMetadata {
    let before = state(&i.world);
    let landed = i.world.land(instructions);
    let after = state(&i.world);
    let mut changed: Vec<Address> = before.keys().chain(after.keys()).copied().collect();
    changed.retain(|address| before.get(address) != after.get(address));
    changed.sort();
    changed.dedup();
    let mut expected = expected.to_vec();
    expected.sort();
    assert_eq!(changed, expected, "the accounts that changed");
    landed
}

/// The last of these instructions must fail with this error of the program, and everything must stay as it was.
#[track_caller]
pub fn refuse(i: &mut Incentives, instructions: &[Instruction], error: StakingError) {
    refuse_with(i, instructions, ours(error));
}

/// The last of these instructions must fail with this error, and everything must stay as it was.
#[track_caller]
pub fn refuse_with(i: &mut Incentives, instructions: &[Instruction], error: InstructionError) {
    let before = state(&i.world);
    i.world.refuse_with(instructions, error);
    assert_eq!(state(&i.world), before);
}

/// An instruction must fail with each of these accounts at its place, each with its error.
#[track_caller]
pub fn refuse_swaps(i: &Incentives, instruction: &Instruction, swaps: &[(usize, Address, InstructionError)]) {
    let mut found = Vec::new();
    for (place, account, error) in swaps {
        let mut swapped = instruction.clone();
        swapped.accounts[*place].pubkey = *account;
        let mut world = i.world.clone();
        let failure = attempt(&mut world, &swapped);
        if failure != *error {
            found.push(format!("account {account} at {place}: {failure:?} instead of {error:?}"));
        }
        assert_eq!(state(&world), state(&i.world));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[track_caller]
fn attempt(world: &mut World, instruction: &Instruction) -> InstructionError {
    let actors = [&world.authority, &world.client, &world.node, &world.stranger];
    let signers: Vec<_> = actors
        .into_iter()
        .filter(|actor| {
            instruction.accounts.iter().any(|meta| meta.is_signer && meta.pubkey == actor.pubkey())
        })
        .map(|actor| actor.insecure_clone())
        .collect();
    let result = world.attempt(std::slice::from_ref(instruction), &signers.iter().collect::<Vec<_>>());
    match result.map_err(|failure| failure.error) {
        Err(solana_transaction_error::TransactionError::InstructionError(0, error)) => error,
        other => panic!("an instruction's failure was expected, not {other:?}"),
    }
}

/// An instruction must fail without the signature of its first account.
#[track_caller]
pub fn needs_the_signature(i: &mut Incentives, instruction: &Instruction) {
    let mut unsigned = instruction.clone();
    assert!(unsigned.accounts[0].is_signer);
    unsigned.accounts[0].is_signer = false;
    refuse_with(i, &[unsigned], InstructionError::MissingRequiredSignature);
}

/// Copies an account to the address of a name, with another program as its owner.
pub fn forge(i: &mut Incentives, original: &Address, name: &str, owner: Address) -> Address {
    let address = keypair_for(name).pubkey();
    let account = Account { owner, ..i.world.raw(original) };
    i.world.network.set(address, account);
    address
}

/// Opens the accounts of mint settings by hand: for values that no test could reach otherwise.
#[track_caller]
pub fn edit_settings(i: &mut Incentives, change: impl FnOnce(&mut Settings)) {
    let settings = i.settings;
    i.world.edit(settings, change);
}

/// The stranger sends tokens straight to the vault.
#[track_caller]
pub fn donate(i: &mut Incentives, amount: u64) {
    let stranger = i.world.stranger.pubkey();
    let transfer = token::transfer(i.tokens_of(&stranger), vault(i), stranger, amount);
    i.world.land(&[transfer]);
}

/// An instruction must do the same, and log the same, when an atom is sent to the vault before and after it.
#[track_caller]
pub fn ignores_donations(i: &Incentives, instruction: Instruction) {
    let (mut plain, mut donated) = (i.clone(), i.clone());
    let landed = plain.world.land(std::slice::from_ref(&instruction));
    donate(&mut donated, 1);
    assert_eq!(donated.world.land(&[instruction]).logs, landed.logs);
    donate(&mut donated, 1);
    assert_eq!(donated.staking_vault(), plain.staking_vault() + 2);
    let moved = [vault(i), i.tokens_of(&i.world.stranger.pubkey())];
    let (mut plain, mut donated) = (state(&plain.world), state(&donated.world));
    for address in moved {
        plain.remove(&address);
        donated.remove(&address);
    }
    assert_eq!(donated, plain);
}
