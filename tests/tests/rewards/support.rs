//! What the suites of this program share.

use anchor_lang::{AccountDeserialize, Discriminator};
use grid_client::{address, rewards, staking, token};
use grid_rewards::{Pool, Position};
use grid_tests::{
    Incentives,
    world::{DECIMALS, TOKENS},
};
use litesvm::types::TransactionMetadata;
use solana_account::Account;
use solana_address::Address;
use solana_signer::Signer;

pub use grid_tests::incentives::DAY;

/// The longest duration, seconds: the weight is four times the amount.
pub const YEAR: u32 = 365 * 86_400;

/// Settings and a pool, in a slot of their own.
pub fn incentives() -> Incentives {
    let mut i = Incentives::new();
    i.world.network.svm.warp_to_slot(1_000);
    i
}

/// Goes to the next slot.
pub fn next_slot(i: &mut Incentives) {
    let slot = i.world.network.svm.get_sysvar::<solana_clock::Clock>().slot;
    i.world.network.svm.warp_to_slot(slot + 1);
}

/// Moves the clock forward, seconds.
pub fn wait(i: &mut Incentives, seconds: i64) {
    i.world.network.advance(seconds);
}

/// Stakes for a year and enters the pool; the address of the stake.
#[track_caller]
pub fn enter(i: &mut Incentives, owner: Address, id: u64, amount: u64) -> Address {
    let stake = i.stake_for(owner, id, amount, YEAR);
    i.world.land(&[rewards::enter(owner, stake, i.pool)]);
    stake
}

/// Stakes for a year, and lets the weight, four times the amount, become active; the address of the stake.
#[track_caller]
pub fn active(i: &mut Incentives, owner: Address, id: u64, amount: u64) -> Address {
    let stake = enter(i, owner, id, amount);
    wait(i, DAY);
    sync(i, &stake);
    assert_eq!(weights(i, &stake), (4 * amount, 0));
    stake
}

/// Anyone looks at a stake.
#[track_caller]
pub fn sync(i: &mut Incentives, stake: &Address) -> TransactionMetadata {
    i.world.land(&[rewards::sync(*stake, i.pool)])
}

/// Active and pending weight of a position.
#[track_caller]
pub fn weights(i: &Incentives, stake: &Address) -> (u64, u64) {
    let position = i.position(stake);
    (position.active_weight.get(), position.pending_weight.get())
}

/// What a position has been credited and not been paid, atoms.
#[track_caller]
pub fn earned(i: &Incentives, stake: &Address) -> u64 {
    i.position(stake).earned_atoms.get()
}

/// What the pool has waiting, shared out and credited, atoms.
#[track_caller]
pub fn books(i: &Incentives) -> (u64, u64, u64) {
    let pool = i.pool();
    (pool.waiting_atoms.get(), pool.shared_atoms.get(), pool.earned_atoms.get())
}

/// Asserts that the pool's vault holds what the pool says, that the positions add up to the pool, and that all of them
/// together have no claim to more than the pool has.
#[track_caller]
pub fn assert_books(i: &Incentives, donated: u64) {
    let (pool, positions) = (i.pool(), positions(i, &i.pool));
    let (waiting, shared, credited) = books(i);
    assert_eq!(waiting + shared + credited + donated, i.rewards_vault(), "the vault");
    let sum = |part: fn(&Position) -> u64| positions.iter().map(|p| u128::from(part(p))).sum::<u128>();
    assert_eq!(sum(|p| p.earned_atoms.get()), u128::from(credited), "credited");
    assert_eq!(sum(|p| p.active_weight.get()), u128::from(pool.total_weight.get()), "weight");
    let growth = |p: &Position| pool.index.get().wrapping_sub(p.index.get());
    let due = |p: &Position| grid_rewards::math::share(p.active_weight.get(), growth(p)).expect("it fits");
    let due: u128 = positions.iter().map(|p| u128::from(due(p))).sum();
    assert!(due <= u128::from(shared), "{due} due, {shared} shared out");
}

/// All positions of a pool.
pub fn positions(i: &Incentives, pool: &Address) -> Vec<Position> {
    let accounts = i.world.network.svm.get_program_accounts(&grid_rewards::ID);
    let positions = accounts.iter().filter(|(_, account)| account.data.starts_with(Position::DISCRIMINATOR));
    positions.map(|(_, account)| decode(account)).filter(|p: &Position| p.pool == *pool).collect()
}

fn decode<T: AccountDeserialize>(account: &Account) -> T {
    T::try_deserialize(&mut &account.data[..]).expect("of this type")
}

/// The address of a stake's position.
pub fn position_of(i: &Incentives, stake: &Address) -> Address {
    rewards::position_address(&i.pool, stake).0
}

/// The owner unstakes, withdraws everything after a year and closes.
#[track_caller]
pub fn close(i: &mut Incentives, owner: Address, stake: Address) {
    i.world.land(&[staking::unstake(owner, stake)]);
    wait(i, YEAR.into());
    let (mint, tokens) = (i.world.mint, i.tokens_of(&owner));
    next_slot(i);
    i.world.land(&[staking::withdraw(owner, stake, mint, tokens), staking::close(owner, stake)]);
}

/// The owner claims into its own token account.
pub fn claim(i: &Incentives, stake: Address) -> solana_instruction::Instruction {
    let (owner, mint) = (i.position(&stake).owner, i.world.mint);
    rewards::claim(owner, stake, i.pool, mint, i.tokens_of(&owner))
}

/// The stranger brings rewards.
pub fn add(i: &Incentives, amount: u64) -> solana_instruction::Instruction {
    let stranger = i.world.stranger.pubkey();
    rewards::add(stranger, i.tokens_of(&stranger), i.pool, i.world.mint, amount)
}

/// Sends tokens of the stranger straight to the pool's vault, past the program.
#[track_caller]
pub fn donate(i: &mut Incentives, amount: u64) {
    let stranger = i.world.stranger.pubkey();
    let vault = rewards::vault_address(&i.pool).0;
    i.world.land(&[token::transfer(i.tokens_of(&stranger), vault, stranger, amount)]);
}

/// A pool in which the stakes of the world's mint earn another mint, of which client and stranger have tokens.
pub struct Side {
    /// The reward mint.
    pub mint: Address,
    /// The pool.
    pub pool: Address,
}

/// Opens a pool for another mint.
pub fn side(i: &mut Incentives) -> Side {
    let mint = i.world.create_mint("other mint");
    let (client, stranger, stake_mint) = (i.world.client.pubkey(), i.world.stranger.pubkey(), i.world.mint);
    for wallet in [client, stranger] {
        i.world.give_tokens(&mint, &wallet, TOKENS);
    }
    i.world.land(&[rewards::open_pool(stranger, &stake_mint, mint)]);
    Side { mint, pool: rewards::pool_address(&stake_mint, &mint).0 }
}

/// Makes a second mint stakeable, and stakes 100 atoms of it for the client; mint and stake.
pub fn foreign_stake(i: &mut Incentives) -> (Address, Address) {
    let mint = i.world.create_mint("foreign mint");
    let (authority, client) = (i.world.authority.pubkey(), i.world.client.pubkey());
    for wallet in [authority, client] {
        i.world.give_tokens(&mint, &wallet, TOKENS);
    }
    let destination = address::token_account(&authority, mint);
    let source = address::token_account(&client, mint);
    i.world.land(&[
        staking::open_settings(authority, mint, destination, 2_500, 86_400),
        staking::stake(client, source, mint, 0, 100, YEAR),
    ]);
    (mint, staking::stake_address(&mint, &client, 0).0)
}

/// An extension of a mint: its kind, and the instruction that initialises it.
pub type Extension = (
    spl_token_2022_interface::extension::ExtensionType,
    fn(&Address, &Address) -> solana_instruction::Instruction,
);

/// A mint of Token-2022 with 6 decimals.
pub fn create_mint_2022(i: &mut Incentives, name: &str, extension: Option<Extension>) -> token::Mint {
    use solana_instruction::{AccountMeta, Instruction};
    use spl_token_2022_interface::{extension::ExtensionType, instruction::initialize_mint2, state};
    let (key, authority) = (grid_tests::keypair_for(name), i.world.authority.insecure_clone());
    let (mint, owner) = (key.pubkey(), authority.pubkey());
    let types: Vec<ExtensionType> = extension.iter().map(|(kind, _)| *kind).collect();
    let space = ExtensionType::try_calculate_account_len::<state::Mint>(&types).unwrap();
    // CreateAccount of the system program is 0: lamports, space, owner.
    let data = [
        &0_u32.to_le_bytes()[..],
        &i.world.rent(space).to_le_bytes(),
        &(space as u64).to_le_bytes(),
        token::PROGRAM_2022_ID.as_ref(),
    ];
    let mut create = vec![Instruction::new_with_bytes(
        solana_sdk_ids::system_program::ID,
        &data.concat(),
        vec![AccountMeta::new(owner, true), AccountMeta::new(mint, true)],
    )];
    create.extend(extension.iter().map(|(_, initialize)| initialize(&mint, &owner)));
    create.push(initialize_mint2(&token::PROGRAM_2022_ID, &mint, &owner, None, DECIMALS).unwrap());
    i.world.run(&create, &[&authority, &key]);
    token::Mint::token_2022(mint)
}

/// Writes a pool by hand: for values that no test could reach otherwise.
pub fn edit_pool(i: &mut Incentives, change: impl FnOnce(&mut Pool)) {
    let pool = i.pool;
    i.world.edit::<Pool>(pool, change);
}
