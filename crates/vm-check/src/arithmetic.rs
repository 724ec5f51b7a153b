//! Arithmetic on edge values, crossed with each other, and on random pairs.

use anyhow::{Context as _, Result, bail, ensure};
use grid_builtins::{
    RECORD, RECORDS,
    arithmetic::{OPERATIONS, Outcome, compute},
};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::{Passed, vm::Vm};

/// Random pairs for each operation.
pub const RANDOM: usize = 10_000;
const SEED: u64 = 0x6772_6964;
const BATCH: usize = 2_000;

/// Runs every operation on every pair.
pub fn check(vm: &Vm, report: &mut impl FnMut(&Passed)) -> Result<()> {
    let mut pairs = edge_pairs();
    pairs.extend(random_pairs());
    for (code, operation) in OPERATIONS.iter().enumerate() {
        for batch in pairs.chunks(BATCH) {
            check_batch(vm, code, batch)?;
        }
        report(&Passed { operation, cases: pairs.len() });
    }
    Ok(())
}

/// Runs one operation on some pairs, in one call of the program.
fn check_batch(vm: &Vm, code: usize, pairs: &[(u128, u128)]) -> Result<()> {
    let mut input = encode(code, pairs);
    if let Err(error) = vm.run(&mut input) {
        // Which pair it was is only seen one by one.
        if let [(a, b)] = pairs {
            return Err(error).with_context(|| format!("{} of {a:#x} and {b:#x}", OPERATIONS[code]));
        }
        for pair in pairs {
            check_batch(vm, code, std::slice::from_ref(pair))?;
        }
        return Err(error)
            .with_context(|| format!("{} of {} pairs in one call", OPERATIONS[code], pairs.len()));
    }
    for ((a, b), record) in pairs.iter().zip(input[RECORDS..].chunks_exact(RECORD)) {
        let (found, expected) = (decode(record)?, compute(code, *a, *b));
        if found != expected {
            bail!(
                "{} of {a:#x} and {b:#x}: the VM gives {:#x} ({}), the host {:#x} ({})",
                OPERATIONS[code],
                found.value,
                found.flag,
                expected.value,
                expected.flag
            );
        }
    }
    Ok(())
}

fn encode(code: usize, pairs: &[(u128, u128)]) -> Vec<u8> {
    let mut input = Vec::with_capacity(RECORDS + pairs.len() * RECORD);
    input.extend((code as u64).to_le_bytes());
    input.extend((pairs.len() as u64).to_le_bytes());
    for (a, b) in pairs {
        input.extend(a.to_le_bytes());
        input.extend(b.to_le_bytes());
        // What the program leaves untouched must not look like a result.
        input.extend([0xAA; 32]);
    }
    input
}

fn decode(record: &[u8]) -> Result<Outcome> {
    let value = u128::from_le_bytes(record[32..48].try_into()?);
    let flag = u64::from_le_bytes(record[48..56].try_into()?);
    ensure!(flag <= 1, "the VM left no flag: {flag:#x}");
    Ok(Outcome { value, flag: flag == 1 })
}

/// Zero, the limits of every width, powers of two and their neighbours, decimal scales, repeated patterns.
fn edges() -> Vec<u128> {
    let mut edges = vec![0, u128::MAX, i128::MAX as u128, 10_000, 1_000_000, 1_000_000_007, 10u128.pow(18)];
    edges.extend([u128::MAX / 3, u128::MAX / 7 * 5, u128::MAX / 255]);
    for bit in [0, 1, 7, 8, 15, 16, 31, 32, 33, 47, 48, 62, 63, 64, 65, 79, 80, 95, 96, 97, 111, 126, 127] {
        let power = 1u128 << bit;
        for value in [power - 1, power, power + 1] {
            edges.extend([value, value.wrapping_neg()]);
        }
    }
    edges.sort_unstable();
    edges.dedup();
    edges
}

/// Every edge value with every other, itself included.
fn edge_pairs() -> Vec<(u128, u128)> {
    let edges = edges();
    edges.iter().flat_map(|a| edges.iter().map(|b| (*a, *b))).collect()
}

/// Pairs of every bit length, alike on every run.
fn random_pairs() -> Vec<(u128, u128)> {
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let mut number = move || random.random::<u128>() >> random.random_range(0..128);
    (0..RANDOM).map(|_| (number(), number())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_hold_the_limits_of_each_width() {
        let edges = edges();
        for value in [0, 1, u128::from(u64::MAX), 1 << 64, i128::MIN as u128, i128::MAX as u128, u128::MAX] {
            assert!(edges.contains(&value), "{value:#x}");
        }
    }

    #[test]
    fn random_pairs_are_the_same_on_every_run() {
        assert_eq!(random_pairs(), random_pairs());
        assert_eq!(random_pairs().len(), RANDOM);
    }

    #[test]
    fn an_untouched_record_is_not_a_result() {
        let input = encode(0, &[(1, 2)]);
        assert!(decode(&input[RECORDS..]).is_err());
    }
}
