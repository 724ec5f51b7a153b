//! Program-derived addresses that accounts' constraints do not check.

use anchor_lang::{find_and_verify_program_address, prelude::*};

/// Checks that `address` is the canonical address of `seeds` under `program`, and finds its bump.
///
/// One function, not inlined: the search for the bump is long, and none of its callers is on the hot path.
/// Error: `InvalidSeeds`.
#[inline(never)]
pub fn require_pda(seeds: &[&[u8]], program: &Address, address: &Address) -> Result<u8> {
    find_and_verify_program_address(seeds, program, address)
}
