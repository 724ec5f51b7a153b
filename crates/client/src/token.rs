//! The SPL Token instructions that a client of Grid needs: a mint, token accounts, minting.
//!
//! Layouts: the SPL Token program's `TokenInstruction` and the associated token account program's
//! `AssociatedTokenAccountInstruction`.

use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction};

/// The SPL Token program.
pub const PROGRAM_ID: Address = Address::from_str_const("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
/// The Token-2022 program.
pub const PROGRAM_2022_ID: Address = Address::from_str_const("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");
/// The associated token account program.
pub const ASSOCIATED_PROGRAM_ID: Address =
    Address::from_str_const("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");
/// Bytes of a mint.
pub const MINT_SPACE: u64 = 82;
/// Bytes of a token account.
pub const ACCOUNT_SPACE: u64 = 165;

/// A mint and the token program that owns it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mint {
    /// The mint.
    pub address: Address,
    /// SPL Token or Token-2022.
    pub program: Address,
}

impl Mint {
    /// A mint of Token-2022.
    pub fn token_2022(address: Address) -> Self {
        Self { address, program: PROGRAM_2022_ID }
    }
}

impl From<Address> for Mint {
    /// A mint of SPL Token.
    fn from(address: Address) -> Self {
        Self { address, program: PROGRAM_ID }
    }
}

impl From<&Address> for Mint {
    /// A mint of SPL Token.
    fn from(address: &Address) -> Self {
        Self::from(*address)
    }
}

/// Creates the account of a mint and initialises it, without a freeze authority. Signs: payer and mint.
pub fn create_mint(
    payer: Address,
    mint: Address,
    authority: Address,
    decimals: u8,
    rent_lamports: u64,
) -> [Instruction; 2] {
    // System program: CreateAccount is variant 0 (u32), then lamports, space, owner.
    let create = [
        &0_u32.to_le_bytes()[..],
        &rent_lamports.to_le_bytes(),
        &MINT_SPACE.to_le_bytes(),
        PROGRAM_ID.as_ref(),
    ]
    .concat();
    // InitializeMint2 is 20: decimals, mint authority, no freeze authority.
    let initialize = [&[20, decimals][..], authority.as_ref(), &[0]].concat();
    [
        Instruction::new_with_bytes(
            solana_sdk_ids::system_program::ID,
            &create,
            vec![AccountMeta::new(payer, true), AccountMeta::new(mint, true)],
        ),
        Instruction::new_with_bytes(PROGRAM_ID, &initialize, vec![AccountMeta::new(mint, false)]),
    ]
}

/// Creates the associated token account of a wallet, if it does not exist. Signs: the payer.
pub fn create_account(payer: Address, wallet: Address, mint: impl Into<Mint>) -> Instruction {
    let mint = mint.into();
    Instruction::new_with_bytes(
        ASSOCIATED_PROGRAM_ID,
        &[1], // CreateIdempotent
        vec![
            AccountMeta::new(payer, true),
            AccountMeta::new(crate::address::token_account(&wallet, mint), false),
            AccountMeta::new_readonly(wallet, false),
            AccountMeta::new_readonly(mint.address, false),
            AccountMeta::new_readonly(solana_sdk_ids::system_program::ID, false),
            AccountMeta::new_readonly(mint.program, false),
        ],
    )
}

/// Mints tokens into an account. Signs: the mint's authority.
pub fn mint_to(mint: Address, account: Address, authority: Address, amount_atoms: u64) -> Instruction {
    Instruction::new_with_bytes(
        PROGRAM_ID,
        &[&[7][..], &amount_atoms.to_le_bytes()].concat(), // MintTo
        vec![
            AccountMeta::new(mint, false),
            AccountMeta::new(account, false),
            AccountMeta::new_readonly(authority, true),
        ],
    )
}

/// Moves tokens between accounts. Signs: the source's authority.
pub fn transfer(source: Address, destination: Address, authority: Address, amount_atoms: u64) -> Instruction {
    Instruction::new_with_bytes(
        PROGRAM_ID,
        &[&[3][..], &amount_atoms.to_le_bytes()].concat(), // Transfer
        vec![
            AccountMeta::new(source, false),
            AccountMeta::new(destination, false),
            AccountMeta::new_readonly(authority, true),
        ],
    )
}

/// The amount in a token account's bytes, atoms; `None` when they are no token account.
///
/// One of Token-2022 may be longer: then byte 165 is 2, `AccountType::Account`, and extensions follow.
pub fn amount(data: &[u8]) -> Option<u64> {
    let bytes = data.get(64..72)?;
    let is_account = match data.get(ACCOUNT_SPACE as usize) {
        None => data.len() == ACCOUNT_SPACE as usize,
        Some(account_type) => *account_type == 2,
    };
    is_account.then(|| u64::from_le_bytes(bytes.try_into().expect("8 bytes")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(length: usize) -> Vec<u8> {
        let mut data = vec![0; length];
        data[64..72].copy_from_slice(&7_u64.to_le_bytes());
        data
    }

    #[test]
    fn reads_the_amount_of_both_token_programs() {
        assert_eq!(amount(&account(165)), Some(7));
        let mut extended = account(170);
        extended[165] = 2;
        assert_eq!(amount(&extended), Some(7));
    }

    #[test]
    fn other_bytes_have_no_amount() {
        assert_eq!(amount(&account(82)), None);
        assert_eq!(amount(&account(164)), None);
        let mut mint = account(170);
        mint[165] = 1;
        assert_eq!(amount(&mint), None);
        assert_eq!(amount(&[]), None);
    }
}
