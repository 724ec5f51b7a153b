//! Mints and token accounts of both token programs.

use grid_client::{
    address,
    token::{self, Mint},
};
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction};
use solana_sdk_ids::system_program;

/// Creates a mint without extensions. Signs: the authority, who pays the rent, and the mint.
pub fn create_mint(authority: Address, mint: Mint, decimals: u8, rent_lamports: u64) -> Vec<Instruction> {
    let [mut create, mut initialize] =
        token::create_mint(authority, mint.address, authority, decimals, rent_lamports);
    // CreateAccount ends with the new account's owner.
    let owner_at = create.data.len() - 32;
    create.data[owner_at..].copy_from_slice(mint.program.as_ref());
    initialize.program_id = mint.program;
    vec![create, initialize]
}

/// Creates the associated token account of a wallet and mints tokens into it. Signs: the mint's authority.
pub fn give(authority: Address, mint: Mint, wallet: Address, amount_atoms: u64) -> Vec<Instruction> {
    let account = address::token_account(&wallet, mint);
    vec![token::create_account(authority, wallet, mint), mint_to(authority, mint, account, amount_atoms)]
}

/// Creates a token account of a wallet at an address of its own, and mints tokens into it. Signs: the mint's authority,
/// who pays the rent, and the account.
pub fn give_apart(
    authority: Address,
    mint: Mint,
    wallet: Address,
    account: Address,
    rent_lamports: u64,
    amount_atoms: u64,
) -> Vec<Instruction> {
    // System program: CreateAccount is variant 0 (u32), then lamports, space, owner.
    let create = [
        &0_u32.to_le_bytes()[..],
        &rent_lamports.to_le_bytes(),
        &token::ACCOUNT_SPACE.to_le_bytes(),
        mint.program.as_ref(),
    ]
    .concat();
    // InitializeAccount3 is 18, then the owner.
    let initialize = [&[18][..], wallet.as_ref()].concat();
    vec![
        Instruction::new_with_bytes(
            system_program::ID,
            &create,
            vec![AccountMeta::new(authority, true), AccountMeta::new(account, true)],
        ),
        Instruction::new_with_bytes(
            mint.program,
            &initialize,
            vec![AccountMeta::new(account, false), AccountMeta::new_readonly(mint.address, false)],
        ),
        mint_to(authority, mint, account, amount_atoms),
    ]
}

fn mint_to(authority: Address, mint: Mint, account: Address, amount_atoms: u64) -> Instruction {
    let mint_to = token::mint_to(mint.address, account, authority, amount_atoms);
    Instruction { program_id: mint.program, ..mint_to }
}
