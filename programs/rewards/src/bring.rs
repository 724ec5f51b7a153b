//! `add` by CPI, for programs whose own vault pays.

use anchor_lang::{
    cpi::CpiSigner,
    pinocchio::{
        cpi::invoke_signed,
        instruction::{InstructionAccount, InstructionView},
    },
    prelude::*,
};

/// First bytes of `add`'s data: those of the SHA-256 of `global:add`.
const ADD: [u8; 8] = [41, 249, 249, 146, 197, 111, 56, 181];

/// A token account that is its own authority brings rewards to a pool.
pub struct Bring<'a> {
    /// The paying token account; signs for itself.
    pub source: &'a AccountView,
    /// The pool.
    pub pool: &'a AccountView,
    /// The pool's reward mint.
    pub mint: &'a AccountView,
    /// The pool's vault.
    pub vault: &'a AccountView,
    /// The mint's token program.
    pub token_program: &'a AccountView,
}

impl Bring<'_> {
    /// Calls `add` for `amount_atoms`. The rewards program's account must be among those of the transaction.
    pub fn invoke_signed(&self, amount_atoms: u64, signers: &[CpiSigner]) -> ProgramResult {
        let accounts = [
            InstructionAccount::readonly_signer(self.source.address()),
            InstructionAccount::writable(self.pool.address()),
            InstructionAccount::readonly(self.mint.address()),
            InstructionAccount::writable(self.source.address()),
            InstructionAccount::writable(self.vault.address()),
            InstructionAccount::readonly(self.token_program.address()),
        ];
        let mut data = [0; 16];
        let (discriminator, amount) = data.split_at_mut(8);
        discriminator.copy_from_slice(&ADD);
        amount.copy_from_slice(&amount_atoms.to_le_bytes());
        let instruction = InstructionView { program_id: &crate::ID, accounts: &accounts, data: &data };
        let views = [self.source, self.pool, self.mint, self.source, self.vault, self.token_program];
        invoke_signed(&instruction, &views, signers)
    }
}

#[cfg(all(test, feature = "program"))]
mod tests {
    use super::*;
    use anchor_lang::Discriminator;

    #[test]
    fn calls_add() {
        assert_eq!(ADD, crate::instruction::Add::DISCRIMINATOR);
    }
}
