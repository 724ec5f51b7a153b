//! Memory functions on lengths around their inner thresholds, at every alignment, overlapping both ways.

use anyhow::{Context as _, Result, ensure};
use grid_builtins::{
    BYTES, arithmetic,
    memory::{OPERATIONS, run},
};

use crate::{Passed, vm::Vm};

/// One call.
#[derive(Clone, Copy, Debug)]
struct Case {
    operation: usize,
    to: usize,
    from: usize,
    length: usize,
}

/// Runs every operation on every case.
pub fn check(vm: &Vm, report: &mut impl FnMut(&Passed)) -> Result<()> {
    for (operation, name) in OPERATIONS.iter().enumerate() {
        let cases = cases(operation);
        for case in &cases {
            check_case(vm, *case).with_context(|| format!("{name}: {case:?}"))?;
        }
        report(&Passed { operation: name, cases: cases.len() });
    }
    Ok(())
}

fn check_case(vm: &Vm, case: Case) -> Result<()> {
    let Case { operation, to, from, length } = case;
    let bytes = arena(to.max(from) + length + 16);
    let mut expected = bytes.clone();
    let end = (to + length).max(if operation == 2 { 0 } else { from + length });
    let result = run(operation, &mut expected[..end], to, from, length);

    let mut input = Vec::with_capacity(BYTES + bytes.len());
    for number in [arithmetic::OPERATIONS.len() + operation, to, from, length, 0] {
        input.extend((number as u64).to_le_bytes());
    }
    input.extend(&bytes);
    vm.run(&mut input)?;
    let found = u64::from_le_bytes(input[32..40].try_into()?);
    ensure!(found == result, "the VM gives {found:#x}, the host {result:#x}");
    if let Some(at) = input[BYTES..].iter().zip(&expected).position(|(a, b)| a != b) {
        let (vm, host) = (input[BYTES + at], expected[at]);
        anyhow::bail!("byte {at} is {vm:#x} on the VM, {host:#x} on the host");
    }
    Ok(())
}

/// Lengths from nothing past every threshold; places of every alignment.
fn cases(operation: usize) -> Vec<Case> {
    let lengths = (0..=48).chain([63, 64, 65, 79, 80, 81, 88, 127, 128, 129, 255, 256, 257, 1000]);
    let mut cases = Vec::new();
    for length in lengths {
        for a in 0..8 {
            for b in 0..8 {
                let places = match OPERATIONS[operation] {
                    // The destination lies behind the source.
                    "memcpy" => vec![(length + 8 + a, b)],
                    // Both directions, far and overlapping.
                    "memmove" => {
                        let half = length / 2;
                        vec![(a, b), (half + a, b), (a, half + b), (length + 8 + a, b)]
                    }
                    // The second place is the byte.
                    "memset" => vec![(a, b * 37)],
                    // Equal bytes (the pattern repeats), then bytes that differ at some point.
                    _ => vec![(PERIOD + a, a), (a, 8 + b), (a, PERIOD * 2 + a + b)],
                };
                cases.extend(places.into_iter().map(|(to, from)| Case { operation, to, from, length }));
            }
        }
    }
    cases
}

/// After so many bytes the pattern repeats.
const PERIOD: usize = 251;

fn arena(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % PERIOD) as u8).collect()
}
