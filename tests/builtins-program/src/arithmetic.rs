//! Arithmetic that LLVM turns into calls of helper functions, or into long instruction sequences.
//!
//! Division of two `i64` is not here: upstream LLVM refuses to compile it for this target, in so many words.

/// Every operation; its code is its position.
pub const OPERATIONS: [&str; 22] = [
    "u128 wrapping_mul",
    "u128 checked_mul",
    "u128 checked_div",
    "u128 checked_rem",
    "u128 checked_add",
    "u128 checked_sub",
    "u128 shl",
    "u128 shr",
    "u128 leading_zeros",
    "i128 wrapping_mul",
    "i128 checked_mul",
    "i128 checked_div",
    "i128 checked_rem",
    "i128 shr",
    "i128 less than",
    "u64 overflowing_mul",
    "u64 checked_mul",
    "u64 checked_div",
    "u64 checked_rem",
    "i64 overflowing_mul",
    "u64 * u64 / u64",
    "u64 rotate and swap",
];

/// A result, and whether there is one (or, for `overflowing`, whether it wrapped).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Value, sign-extended.
    pub value: u128,
    /// Flag.
    pub flag: bool,
}

/// Computes one operation.
#[inline(never)]
pub fn compute(code: usize, a: u128, b: u128) -> Outcome {
    let (signed_a, signed_b) = (a as i128, b as i128);
    let (a64, b64) = (a as u64, b as u64);
    let amount = b as u32 % 128;
    match code {
        0 => plain(a.wrapping_mul(b)),
        1 => checked(a.checked_mul(b)),
        2 => checked(a.checked_div(b)),
        3 => checked(a.checked_rem(b)),
        4 => checked(a.checked_add(b)),
        5 => checked(a.checked_sub(b)),
        6 => plain(a << amount),
        7 => plain(a >> amount),
        8 => plain(u128::from(a.leading_zeros())),
        9 => plain(signed_a.wrapping_mul(signed_b) as u128),
        10 => checked(signed_a.checked_mul(signed_b).map(|value| value as u128)),
        11 => checked(signed_a.checked_div(signed_b).map(|value| value as u128)),
        12 => checked(signed_a.checked_rem(signed_b).map(|value| value as u128)),
        13 => plain((signed_a >> amount) as u128),
        14 => plain(u128::from(signed_a < signed_b)),
        15 => overflowing(a64.overflowing_mul(b64), u128::from),
        16 => checked(a64.checked_mul(b64).map(u128::from)),
        17 => checked(a64.checked_div(b64).map(u128::from)),
        18 => checked(a64.checked_rem(b64).map(u128::from)),
        19 => overflowing((a64 as i64).overflowing_mul(b64 as i64), extended),
        20 => checked((u128::from(a64) * u128::from(b64)).checked_div(a >> 64)),
        _ => plain(u128::from(a64.rotate_left(amount) ^ b64.swap_bytes())),
    }
}

fn plain(value: u128) -> Outcome {
    Outcome { value, flag: true }
}

fn checked(value: Option<u128>) -> Outcome {
    Outcome { value: value.unwrap_or(0), flag: value.is_some() }
}

fn overflowing<T>((value, flag): (T, bool), widen: impl Fn(T) -> u128) -> Outcome {
    Outcome { value: widen(value), flag }
}

fn extended(value: i64) -> u128 {
    i128::from(value) as u128
}
