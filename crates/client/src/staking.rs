//! Addresses and instructions of the staking program.

use crate::token::Mint;
use grid_staking::{ID, Role, Settings, SlashReason, Stake, VAULT_SEED, accounts, instruction as data};
use solana_address::Address;
use solana_instruction::Instruction;

const SYSTEM_PROGRAM: Address = solana_sdk_ids::system_program::ID;
const CLOCK: Address = solana_sdk_ids::sysvar::clock::ID;

/// The settings of a mint: `["settings", mint]`.
pub fn settings_address(mint: &Address) -> (Address, u8) {
    Address::find_program_address(&[Settings::SEED, mint.as_ref()], &ID)
}

/// The vault of a mint's stakes: `["vault", mint]`.
pub fn vault_address(mint: &Address) -> (Address, u8) {
    Address::find_program_address(&[VAULT_SEED, mint.as_ref()], &ID)
}

/// A stake: `["stake", mint, owner, id]`.
pub fn stake_address(mint: &Address, owner: &Address, id: u64) -> (Address, u8) {
    Address::find_program_address(&[Stake::SEED, mint.as_ref(), owner.as_ref(), &id.to_le_bytes()], &ID)
}

/// Makes a mint stakeable. Signs: the staking program's upgrade authority.
pub fn open_settings(
    authority: Address,
    mint: impl Into<Mint>,
    slash_destination: Address,
    slash_cap_bps: u16,
    slash_epoch_seconds: u32,
) -> Instruction {
    let mint = mint.into();
    data::OpenSettings { slash_cap_bps, slash_epoch_seconds }.to_instruction(accounts::OpenSettings {
        authority,
        mint: mint.address,
        settings: settings_address(&mint.address).0,
        vault: vault_address(&mint.address).0,
        slash_destination,
        program_data: crate::address::program_data_of(&ID),
        token_program: mint.program,
        system_program: SYSTEM_PROGRAM,
    })
}

/// Sets what may be slashed, and where it goes. Signs: the authority.
pub fn update_settings(
    authority: Address,
    mint: &Address,
    slash_destination: Address,
    slash_cap_bps: u16,
    slash_epoch_seconds: u32,
) -> Instruction {
    let settings = settings_address(mint).0;
    data::UpdateSettings { slash_cap_bps, slash_epoch_seconds }.to_instruction(accounts::UpdateSettings {
        authority,
        settings,
        slash_destination,
    })
}

/// Offers a role. Signs: the authority.
pub fn propose_role(authority: Address, mint: &Address, role: Role, to: Address) -> Instruction {
    let settings = settings_address(mint).0;
    data::ProposeRole { role, to }.to_instruction(accounts::ProposeRole { authority, settings })
}

/// Takes over a role. Signs: whom it was offered to.
pub fn accept_role(new_holder: Address, mint: &Address, role: Role) -> Instruction {
    let settings = settings_address(mint).0;
    data::AcceptRole { role }.to_instruction(accounts::AcceptRole { new_holder, settings })
}

/// Locks tokens for a duration. Signs: the owner.
pub fn stake(
    owner: Address,
    source: Address,
    mint: impl Into<Mint>,
    id: u64,
    amount_atoms: u64,
    duration_seconds: u32,
) -> Instruction {
    let mint = mint.into();
    let (stake, bump) = stake_address(&mint.address, &owner, id);
    data::Stake { id, bump, amount_atoms, duration_seconds }.to_instruction(accounts::OpenStake {
        owner,
        settings: settings_address(&mint.address).0,
        stake,
        mint: mint.address,
        source,
        vault: vault_address(&mint.address).0,
        clock: CLOCK,
        token_program: mint.program,
        system_program: SYSTEM_PROGRAM,
    })
}

/// Adds tokens to a stake. Signs: the owner.
pub fn top_up(
    owner: Address,
    source: Address,
    stake: Address,
    mint: impl Into<Mint>,
    amount_atoms: u64,
) -> Instruction {
    let mint = mint.into();
    data::TopUp { amount_atoms }.to_instruction(accounts::TopUp {
        owner,
        stake,
        mint: mint.address,
        source,
        vault: vault_address(&mint.address).0,
        token_program: mint.program,
    })
}

/// Gives a stake a longer duration. Signs: the owner.
pub fn extend(owner: Address, stake: Address, duration_seconds: u32) -> Instruction {
    data::Extend { duration_seconds }.to_instruction(accounts::Extend { owner, stake })
}

/// Begins the release of a stake. Signs: the owner.
pub fn unstake(owner: Address, stake: Address) -> Instruction {
    data::Unstake {}.to_instruction(accounts::Unstake { owner, stake, clock: CLOCK })
}

/// Ends the release of a stake. Signs: the owner.
pub fn restake(owner: Address, stake: Address) -> Instruction {
    data::Restake {}.to_instruction(accounts::Restake { owner, stake })
}

/// Pays out what has been released of a stake. Signs: the owner.
pub fn withdraw(owner: Address, stake: Address, mint: impl Into<Mint>, destination: Address) -> Instruction {
    let mint = mint.into();
    data::Withdraw {}.to_instruction(accounts::Withdraw {
        owner,
        stake,
        mint: mint.address,
        vault: vault_address(&mint.address).0,
        destination,
        clock: CLOCK,
        token_program: mint.program,
    })
}

/// Closes a stake that holds nothing. Signs: the owner.
pub fn close(owner: Address, stake: Address) -> Instruction {
    data::Close {}.to_instruction(accounts::Close { owner, stake })
}

/// Takes tokens from a stake; `destination` is the one in the settings. Signs: the slasher.
pub fn slash(
    slasher: Address,
    stake: Address,
    mint: impl Into<Mint>,
    destination: Address,
    amount_atoms: u64,
    reason: SlashReason,
    evidence: [u8; 32],
) -> Instruction {
    let mint = mint.into();
    data::Slash { amount_atoms, reason, evidence: &evidence }.to_instruction(accounts::Slash {
        slasher,
        settings: settings_address(&mint.address).0,
        stake,
        mint: mint.address,
        vault: vault_address(&mint.address).0,
        destination,
        clock: CLOCK,
        token_program: mint.program,
    })
}
