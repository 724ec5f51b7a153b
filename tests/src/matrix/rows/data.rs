//! Row 19: instruction data that is none.

use crate::matrix::{
    check::{Change, Checker},
    idl::Idl,
};

/// Row 19: every shorter prefix of the data, unknown discriminators; bytes behind the data.
pub fn wrong_data(checker: &mut Checker) {
    let instruction = checker.sample.instruction.clone();
    let idl = Idl::of(&checker.sample.program());
    let known: Vec<Vec<u8>> =
        idl.instructions.into_iter().map(|instruction| instruction.discriminator).collect();
    for length in 0..instruction.data.len() {
        let mut shorter = instruction.clone();
        shorter.data.truncate(length);
        let what = format!("only the first {length} bytes of the data");
        checker.refused(Change::of_all(19, what), &[shorter]);
    }
    let mut unknown: Vec<[u8; 8]> = vec![[0; 8], [u8::MAX; 8]];
    for bit in 0..64 {
        let mut flipped: [u8; 8] = instruction.data[..8].try_into().expect("a discriminator");
        flipped[bit / 8] ^= 1 << (bit % 8);
        unknown.push(flipped);
    }
    for discriminator in unknown {
        if known.iter().any(|known| *known == discriminator) {
            continue;
        }
        let mut other = instruction.clone();
        other.data[..8].copy_from_slice(&discriminator);
        let what = format!("unknown discriminator {discriminator:?}");
        checker.refused(Change::of_all(19, what), &[other]);
    }
    for tail in [&[0][..], &[0; 8], &[0xff; 32]] {
        let mut longer = instruction.clone();
        longer.data.extend_from_slice(tail);
        let what = format!("{} bytes {} behind the data", tail.len(), tail[0]);
        checker.same(Change::of_all(19, what), &[longer]);
    }
}
