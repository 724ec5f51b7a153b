//! Addresses and instructions of the pools program: emissions.

use crate::{rewards, token::Mint};
use grid_pools::{Emission, EmissionTerms, ID, VAULT_SEED, accounts, instruction as data};
use solana_address::Address;
use solana_instruction::Instruction;

const SYSTEM_PROGRAM: Address = solana_sdk_ids::system_program::ID;
const CLOCK: Address = solana_sdk_ids::sysvar::clock::ID;

/// An emission: `["emission", authority, id]`.
pub fn emission_address(authority: &Address, id: u64) -> (Address, u8) {
    Address::find_program_address(&[Emission::SEED, authority.as_ref(), &id.to_le_bytes()], &ID)
}

/// The vault of an emission: `["vault", emission]`.
pub fn vault_address(emission: &Address) -> (Address, u8) {
    Address::find_program_address(&[VAULT_SEED, emission.as_ref()], &ID)
}

/// Opens an emission to a token account or a reward pool. Signs: its authority.
pub fn open(
    authority: Address,
    mint: impl Into<Mint>,
    id: u64,
    beneficiary: Address,
    terms: EmissionTerms,
) -> Instruction {
    let mint = mint.into();
    let (emission, bump) = emission_address(&authority, id);
    data::Open { id, bump, terms }.to_instruction(accounts::Open {
        authority,
        mint: mint.address,
        emission,
        vault: vault_address(&emission).0,
        beneficiary,
        token_program: mint.program,
        system_program: SYSTEM_PROGRAM,
    })
}

/// Adds tokens to an emission. Signs: the payer, who may move the source's tokens.
pub fn top_up(
    payer: Address,
    source: Address,
    emission: Address,
    mint: impl Into<Mint>,
    amount_atoms: u64,
) -> Instruction {
    let mint = mint.into();
    data::TopUp { amount_atoms }.to_instruction(accounts::TopUp {
        payer,
        emission,
        mint: mint.address,
        source,
        vault: vault_address(&emission).0,
        token_program: mint.program,
    })
}

/// Pays what is due to a token account. Signs: nobody but the fee payer.
pub fn claim(emission: Address, mint: impl Into<Mint>, beneficiary: Address) -> Instruction {
    let mint = mint.into();
    data::Claim {}.to_instruction(accounts::Claim {
        emission,
        mint: mint.address,
        vault: vault_address(&emission).0,
        beneficiary,
        clock: CLOCK,
        token_program: mint.program,
    })
}

/// Pays what is due to a reward pool. Signs: nobody but the fee payer.
pub fn claim_to_rewards(emission: Address, mint: impl Into<Mint>, pool: Address) -> Instruction {
    let mint = mint.into();
    data::ClaimToRewards {}.to_instruction(accounts::ClaimToRewards {
        emission,
        mint: mint.address,
        vault: vault_address(&emission).0,
        beneficiary: pool,
        rewards_vault: rewards::vault_address(&pool).0,
        clock: CLOCK,
        rewards_program: grid_rewards::ID,
        token_program: mint.program,
    })
}

/// Names another beneficiary, and who may do so from then on. Signs: the beneficiary authority.
pub fn set_beneficiary(
    beneficiary_authority: Address,
    emission: Address,
    beneficiary: Address,
    new_authority: Address,
) -> Instruction {
    data::SetBeneficiary { new_authority }.to_instruction(accounts::SetBeneficiary {
        beneficiary_authority,
        emission,
        beneficiary,
    })
}

/// Ends an emission. Signs: its authority.
pub fn close(
    authority: Address,
    emission: Address,
    mint: impl Into<Mint>,
    destination: Address,
) -> Instruction {
    let mint = mint.into();
    data::Close {}.to_instruction(accounts::Close {
        authority,
        emission,
        mint: mint.address,
        vault: vault_address(&emission).0,
        destination,
        token_program: mint.program,
    })
}
