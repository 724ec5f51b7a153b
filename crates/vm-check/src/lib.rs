//! Checks a program toolchain: the arithmetic and memory functions it links, executed on the Solana VM, must
//! give what the host gives. A wrong one is a program that computes wrong balances.

pub mod arithmetic;
pub mod memory;
pub mod vm;

use anyhow::Result;

/// What one operation went through.
#[derive(Debug)]
pub struct Passed {
    /// The operation.
    pub operation: &'static str,
    /// How many operand pairs, or how many calls.
    pub cases: usize,
}

/// Runs every operation; the first mismatch is the error, with the operation and its operands.
pub fn check(program: &[u8], mut report: impl FnMut(&Passed)) -> Result<()> {
    let vm = vm::Vm::load(program)?;
    arithmetic::check(&vm, &mut report)?;
    memory::check(&vm, &mut report)
}
