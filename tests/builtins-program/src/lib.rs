//! Computes what its input tells it to: the operations whose compiled form a toolchain can get wrong.
//!
//! The same source is compiled for the host. `grid-vm-check` runs the program on the Solana VM and compares.
//!
//! Input, all numbers little-endian: the operation's code (8 bytes), then
//! - arithmetic: a count (8 bytes), then records of 64 bytes: `a` (16), `b` (16), room for the value (16),
//!   room for the flag (8), unused (8);
//! - memory: destination offset, source offset, length (8 bytes each), room for a result (8), then the bytes.

#[cfg(target_arch = "bpf")]
use solana_compiler_builtins as _;

pub mod arithmetic;
pub mod memory;
#[cfg(any(target_os = "solana", doc))]
pub mod program;

/// Size of an arithmetic record.
pub const RECORD: usize = 64;
/// Offset of the first arithmetic record.
pub const RECORDS: usize = 16;
/// Offset of the bytes that memory operations work on.
pub const BYTES: usize = 40;
