//! Addresses and instructions of the rewards program.

use crate::{staking::settings_address, token::Mint};
use grid_rewards::{ID, Pool, Position, VAULT_SEED, accounts, instruction as data};
use solana_address::Address;
use solana_instruction::Instruction;

const SYSTEM_PROGRAM: Address = solana_sdk_ids::system_program::ID;
const CLOCK: Address = solana_sdk_ids::sysvar::clock::ID;

/// The pool in which stakes of one mint earn another: `["pool", stake_mint, reward_mint]`.
pub fn pool_address(stake_mint: &Address, reward_mint: &Address) -> (Address, u8) {
    Address::find_program_address(&[Pool::SEED, stake_mint.as_ref(), reward_mint.as_ref()], &ID)
}

/// The vault of a pool: `["vault", pool]`.
pub fn vault_address(pool: &Address) -> (Address, u8) {
    Address::find_program_address(&[VAULT_SEED, pool.as_ref()], &ID)
}

/// A stake's position in a pool: `["position", pool, stake]`.
pub fn position_address(pool: &Address, stake: &Address) -> (Address, u8) {
    Address::find_program_address(&[Position::SEED, pool.as_ref(), stake.as_ref()], &ID)
}

/// Opens the pool of two mints. Signs: the payer.
pub fn open_pool(payer: Address, stake_mint: &Address, reward_mint: impl Into<Mint>) -> Instruction {
    let mint = reward_mint.into();
    let pool = pool_address(stake_mint, &mint.address).0;
    data::OpenPool {}.to_instruction(accounts::OpenPool {
        payer,
        settings: settings_address(stake_mint).0,
        mint: mint.address,
        pool,
        vault: vault_address(&pool).0,
        token_program: mint.program,
        system_program: SYSTEM_PROGRAM,
    })
}

/// Brings rewards. Signs: the payer, who may move the source's tokens.
pub fn add(
    payer: Address,
    source: Address,
    pool: Address,
    reward_mint: impl Into<Mint>,
    amount_atoms: u64,
) -> Instruction {
    let mint = reward_mint.into();
    data::Add { amount_atoms }.to_instruction(accounts::Add {
        payer,
        pool,
        mint: mint.address,
        source,
        vault: vault_address(&pool).0,
        token_program: mint.program,
    })
}

/// Opens a stake's position in a pool. Signs: the stake's owner.
pub fn enter(owner: Address, stake: Address, pool: Address) -> Instruction {
    let position = position_address(&pool, &stake).0;
    data::Enter {}.to_instruction(accounts::Enter {
        owner,
        stake,
        pool,
        position,
        system_program: SYSTEM_PROGRAM,
    })
}

/// Brings the position of a stake up to date. Signs: nobody but the fee payer.
pub fn sync(stake: Address, pool: Address) -> Instruction {
    let position = position_address(&pool, &stake).0;
    data::Sync {}.to_instruction(accounts::Sync { pool, position, stake, clock: CLOCK })
}

/// Pays what the position of a stake has earned. Signs: its owner.
pub fn claim(
    owner: Address,
    stake: Address,
    pool: Address,
    reward_mint: impl Into<Mint>,
    destination: Address,
) -> Instruction {
    let mint = reward_mint.into();
    data::Claim {}.to_instruction(accounts::Claim {
        owner,
        pool,
        position: position_address(&pool, &stake).0,
        stake,
        mint: mint.address,
        vault: vault_address(&pool).0,
        destination,
        clock: CLOCK,
        token_program: mint.program,
    })
}

/// Closes the position of a stake. Signs: its owner.
pub fn exit(owner: Address, stake: Address, pool: Address) -> Instruction {
    let position = position_address(&pool, &stake).0;
    data::Exit {}.to_instruction(accounts::Exit { owner, pool, position, stake, clock: CLOCK })
}
