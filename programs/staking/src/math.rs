//! The arithmetic of stakes, as pure functions.

use crate::constants::{BPS_DENOMINATOR, MAX_DURATION_SECONDS, MAX_STAKE_ATOMS, MAX_WEIGHT_FACTOR};

/// Weight of a stake: `amount × (1 + 3 × duration / 365 days)`, rounded down.
///
/// `None` for amounts above [`MAX_STAKE_ATOMS`] or durations above [`MAX_DURATION_SECONDS`].
pub fn weight_of(amount_atoms: u64, duration_seconds: u32) -> Option<u64> {
    let factor = u64::from(MAX_DURATION_SECONDS) + (MAX_WEIGHT_FACTOR - 1) * u64::from(duration_seconds);
    part(amount_atoms, factor, MAX_DURATION_SECONDS)
}

/// What of an amount that is released evenly over `duration_seconds` has been released, rounded down.
pub fn released(amount_atoms: u64, elapsed_seconds: i64, duration_seconds: u32) -> u64 {
    let Ok(elapsed) = u64::try_from(elapsed_seconds) else {
        return 0;
    };
    if elapsed >= u64::from(duration_seconds) {
        return amount_atoms;
    }
    part(amount_atoms, elapsed, duration_seconds).unwrap_or(0)
}

/// `bps` of an amount, rounded up: of the smallest stake a part can be taken too. At most the amount.
pub fn slash_allowance(amount_atoms: u64, bps: u16) -> u64 {
    let bps = u32::from(bps).min(BPS_DENOMINATOR);
    let kept = part(amount_atoms, u64::from(BPS_DENOMINATOR - bps), BPS_DENOMINATOR).unwrap_or(0);
    amount_atoms - kept
}

/// `amount × numerator / denominator`, rounded down: as quotient and remainder, so that 64 bits are enough.
///
/// `None` for amounts above [`MAX_STAKE_ATOMS`], a zero denominator, and a numerator above [`MAX_WEIGHT_FACTOR`]
/// denominators. Within these bounds the result is at most `MAX_WEIGHT_FACTOR × amount`, and for the denominators in use
/// the remainder times the numerator fits 64 bits: nothing wraps. A checked multiplication would need 128 bits to find that out,
/// which the VM does not have.
fn part(amount_atoms: u64, numerator: u64, denominator: u32) -> Option<u64> {
    let denominator = u64::from(denominator);
    if amount_atoms > MAX_STAKE_ATOMS || denominator == 0 || numerator > MAX_WEIGHT_FACTOR * denominator {
        return None;
    }
    let (quotient, remainder) = (amount_atoms / denominator, amount_atoms % denominator);
    Some(quotient.wrapping_mul(numerator).wrapping_add(remainder.wrapping_mul(numerator) / denominator))
}

const _: () = {
    // The largest remainder times the largest numerator fits 64 bits for every denominator that is used.
    assert!((MAX_DURATION_SECONDS as u128).pow(2) * MAX_WEIGHT_FACTOR as u128 <= u64::MAX as u128);
    assert!((BPS_DENOMINATOR as u128).pow(2) * MAX_WEIGHT_FACTOR as u128 <= u64::MAX as u128);
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constants::{DAY_SECONDS, MIN_DURATION_SECONDS};

    const AMOUNTS: [u64; 9] =
        [0, 1, 2, 999, 31_535_999, 31_536_000, 31_536_001, MAX_STAKE_ATOMS - 1, MAX_STAKE_ATOMS];

    #[test]
    fn weight_is_the_formula_in_wide_integers() {
        for amount in AMOUNTS {
            for duration in
                [MIN_DURATION_SECONDS, MIN_DURATION_SECONDS + 1, 100 * DAY_SECONDS, MAX_DURATION_SECONDS]
            {
                let (longest, wide) = (u128::from(MAX_DURATION_SECONDS), u128::from(amount));
                let exact = wide * (longest + 3 * u128::from(duration)) / longest;
                assert_eq!(weight_of(amount, duration).map(u128::from), Some(exact), "{amount}, {duration}");
            }
        }
    }

    #[test]
    fn weight_is_one_to_four_times_the_amount() {
        assert_eq!(weight_of(1_000, 0), Some(1_000));
        assert_eq!(weight_of(1_000, MAX_DURATION_SECONDS), Some(4_000));
        assert_eq!(weight_of(MAX_STAKE_ATOMS, MAX_DURATION_SECONDS), Some(u64::MAX - 3));
        assert_eq!(weight_of(u64::MAX, MAX_DURATION_SECONDS), None);
    }

    #[test]
    fn release_is_linear_and_ends_with_everything() {
        for amount in AMOUNTS {
            for elapsed in [0, 1, 604_799, 604_800, 1_209_599, 1_209_600, 1_209_601, i64::MAX] {
                let wide = u128::from(amount) * elapsed.clamp(0, 1_209_600) as u128 / 1_209_600;
                assert_eq!(u128::from(released(amount, elapsed, MIN_DURATION_SECONDS)), wide);
            }
        }
    }

    #[test]
    fn nothing_is_released_when_the_clock_went_backwards() {
        assert_eq!(released(1_000, -1, MIN_DURATION_SECONDS), 0);
        assert_eq!(released(1_000, i64::MIN, MIN_DURATION_SECONDS), 0);
    }

    #[test]
    fn an_allowance_is_rounded_up_and_at_most_everything() {
        for amount in AMOUNTS {
            for bps in [0, 1, 2_500, 9_999, 10_000, u16::MAX] {
                let exact = (u128::from(amount) * u128::from(bps.min(10_000))).div_ceil(10_000);
                assert_eq!(u128::from(slash_allowance(amount, bps)), exact, "{amount}, {bps}");
            }
        }
    }
}
