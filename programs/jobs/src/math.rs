//! The arithmetic of money, as pure functions. All amounts are atoms of the market's mint.
//!
//! Within the bounds of [`crate::constants`] no product here overflows a `u64`; outside them the functions return
//! `None`, never a wrapped number.

use crate::{
    constants::{BPS_DENOMINATOR, MAX_PRICE_PER_SECOND_ATOMS, MAX_TIMEOUT_SECONDS},
    errors::GridError,
};
use anchor_lang::prelude::*;

/// What a job costs at most, and so what `list` takes from the project into escrow.
///
/// `price_per_second × timeout`, plus the fee on it.
pub fn escrow_for(price_per_second_atoms: u64, timeout_seconds: u32, fee_bps: u16) -> Option<u64> {
    let reserved = price_for(price_per_second_atoms, timeout_seconds)?;
    reserved.checked_add(fee_on(reserved, fee_bps)?)
}

/// The price of a number of seconds.
fn price_for(price_per_second_atoms: u64, seconds: u32) -> Option<u64> {
    multiply::<PRICE_BITS>(price_per_second_atoms, u64::from(seconds))
}

/// The fee on an amount paid to a device, rounded up: the market's share never loses a fraction of an atom to a
/// caller who splits a job into many.
///
/// Equals `ceil(amount × bps / 10,000)`, computed as quotient and remainder so that no intermediate exceeds 64 bits.
pub fn fee_on(amount_atoms: u64, fee_bps: u16) -> Option<u64> {
    let bps = u64::from(fee_bps);
    let whole = multiply::<QUOTIENT_BITS>(amount_atoms / BPS_DENOMINATOR, bps)?;
    let part = multiply::<QUOTIENT_BITS>(amount_atoms % BPS_DENOMINATOR, bps)?.div_ceil(BPS_DENOMINATOR);
    whole.checked_add(part)
}

/// Bits of a price per second; the other 24 hold a timeout.
const PRICE_BITS: u32 = 40;
/// Bits of an amount in ten thousands; the other 16 hold basis points.
const QUOTIENT_BITS: u32 = 48;

const _: () = {
    assert!(MAX_PRICE_PER_SECOND_ATOMS >> PRICE_BITS == 0);
    assert!(MAX_TIMEOUT_SECONDS >> (u64::BITS - PRICE_BITS) == 0);
    assert!(
        (MAX_PRICE_PER_SECOND_ATOMS * MAX_TIMEOUT_SECONDS as u64 / BPS_DENOMINATOR) >> QUOTIENT_BITS == 0
    );
};

/// `a × b`, if `a` has at most `A_BITS` bits and `b` the rest of 64: then the product fits, and needs no 128-bit
/// multiplication to find out, which the VM does not have.
fn multiply<const A_BITS: u32>(a: u64, b: u64) -> Option<u64> {
    let fits = a >> A_BITS == 0 && b >> (u64::BITS - A_BITS) == 0;
    fits.then(|| a.wrapping_mul(b))
}

/// `a + b`. Error: [`GridError::Overflow`].
///
/// Written without `checked_add`, whose flag costs twice as much on the VM.
#[inline(always)]
pub fn add(a: PodU64, b: u64) -> Result<PodU64> {
    let sum = a.get().wrapping_add(b);
    require!(sum >= b, GridError::Overflow);
    Ok(sum.into())
}

/// Where a market's fees go. The three parts always add up to the fees.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FeeShares {
    /// To the reward pool.
    pub stakers_atoms: u64,
    /// Burnt.
    pub burnt_atoms: u64,
    /// To the treasury.
    pub treasury_atoms: u64,
}

/// Splits fees into the shares of stakers and of what is burnt, both rounded down, and the treasury's rest.
///
/// `None` when the shares are more than 10,000 basis points together.
pub fn share_fees(fees_atoms: u64, stakers_bps: u16, burn_bps: u16) -> Option<FeeShares> {
    let (stakers_atoms, burnt_atoms) = (share(fees_atoms, stakers_bps)?, share(fees_atoms, burn_bps)?);
    let treasury_atoms = fees_atoms.checked_sub(stakers_atoms)?.checked_sub(burnt_atoms)?;
    Some(FeeShares { stakers_atoms, burnt_atoms, treasury_atoms })
}

/// `amount × bps / 10,000`, rounded down, as quotient and remainder: at most the amount, so that nothing wraps.
fn share(amount_atoms: u64, bps: u16) -> Option<u64> {
    let bps = u64::from(bps);
    let (quotient, remainder) = (amount_atoms / BPS_DENOMINATOR, amount_atoms % BPS_DENOMINATOR);
    let share = || quotient.wrapping_mul(bps).wrapping_add(remainder.wrapping_mul(bps) / BPS_DENOMINATOR);
    (bps <= BPS_DENOMINATOR).then(share)
}

/// Where a job's escrow goes when its run ends. The three parts always add up to the escrow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settlement {
    /// Seconds paid for.
    pub seconds: u32,
    /// To the device's earnings.
    pub paid_atoms: u64,
    /// To the market's fees.
    pub fee_atoms: u64,
    /// Back to the project's balance.
    pub refund_atoms: u64,
}

/// Splits the escrow of a run that began at `started_at` and ended at `now` (both Unix seconds).
///
/// Seconds are whole seconds passed, rounded down (the caller is the node that is paid), capped by the timeout; a
/// clock that went backwards counts as no time passed. `None` when the escrow can't cover the run, which the escrow
/// that [`escrow_for`] computed always can.
pub fn settle(
    escrow_atoms: u64,
    price_per_second_atoms: u64,
    timeout_seconds: u32,
    fee_bps: u16,
    started_at: i64,
    now: i64,
) -> Option<Settlement> {
    let seconds = seconds_between(started_at, now, timeout_seconds);
    let paid_atoms = price_for(price_per_second_atoms, seconds)?;
    let fee_atoms = fee_on(paid_atoms, fee_bps)?;
    let refund_atoms = escrow_atoms.checked_sub(paid_atoms)?.checked_sub(fee_atoms)?;
    Some(Settlement { seconds, paid_atoms, fee_atoms, refund_atoms })
}

/// Splits off the price of the seconds from `started_at` to `covered_until` (both Unix seconds); the second number is
/// the escrow that is left: what the rest of the timeout costs, with the fee on it.
///
/// The fee is the difference of the fees reserved before and after, so parts never add up to more than the whole.
/// `None` when the escrow cannot cover both, which the one of [`escrow_for`] always can.
pub fn settle_part(
    escrow_atoms: u64,
    price_per_second_atoms: u64,
    timeout_seconds: u32,
    fee_bps: u16,
    started_at: i64,
    covered_until: i64,
) -> Option<(Settlement, u64)> {
    let seconds = seconds_between(started_at, covered_until, timeout_seconds);
    let paid_atoms = price_for(price_per_second_atoms, seconds)?;
    let left = escrow_for(price_per_second_atoms, timeout_seconds.checked_sub(seconds)?, fee_bps)?;
    let fee_atoms = escrow_atoms.checked_sub(left)?.checked_sub(paid_atoms)?;
    Some((Settlement { seconds, paid_atoms, fee_atoms, refund_atoms: 0 }, left))
}

/// Whole seconds from `begin` to `end`, at most `limit`; none when the clock went backwards.
fn seconds_between(begin: i64, end: i64, limit: u32) -> u32 {
    if end <= begin {
        return 0;
    }
    // The difference of two `i64` in this order always fits a `u64`.
    let elapsed = end.wrapping_sub(begin) as u64;
    elapsed.min(u64::from(limit)) as u32
}

/// Whether more than `seconds` have passed since `since`, at `now` (both Unix seconds).
pub fn passed(since: PodI64, seconds: impl Into<u32>, now: i64) -> bool {
    now > since.get().saturating_add(i64::from(seconds.into()))
}

/// Whether a hash is missing: all its bytes are zero.
pub fn is_zero(hash: &[u8; 32]) -> bool {
    bytemuck::cast::<_, [u64; 4]>(*hash).iter().all(|word| *word == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_fees_add_up_and_are_rounded_down() {
        for fees in [0, 1, 3, 9_999, 10_001, u64::MAX] {
            for (stakers, burn) in [(0, 0), (10_000, 0), (0, 10_000), (1, 1), (3_333, 6_667), (5_000, 2_500)]
            {
                let shares = share_fees(fees, stakers, burn).unwrap();
                let exact = |bps: u16| (u128::from(fees) * u128::from(bps) / 10_000) as u64;
                assert_eq!((shares.stakers_atoms, shares.burnt_atoms), (exact(stakers), exact(burn)));
                let sum = u128::from(shares.stakers_atoms) + u128::from(shares.burnt_atoms);
                assert_eq!(sum + u128::from(shares.treasury_atoms), u128::from(fees));
            }
        }
        assert_eq!(share_fees(10_000, 10_000, 1), None);
        assert_eq!(share_fees(1, u16::MAX, 0), None);
    }
    use crate::constants::MAX_FEE_BPS;

    fn exact_fee(amount: u64, bps: u16) -> u128 {
        (u128::from(amount) * u128::from(bps)).div_ceil(10_000)
    }

    #[test]
    fn fee_equals_the_exact_quotient_rounded_up() {
        let dearest = MAX_PRICE_PER_SECOND_ATOMS * u64::from(MAX_TIMEOUT_SECONDS);
        for amount in [0, 1, 2, 9_999, 10_000, 10_001, 123_456_789, dearest - 1, dearest] {
            for bps in [0, 1, 3, 99, 2_500, MAX_FEE_BPS, 9_999, 10_000] {
                assert_eq!(
                    fee_on(amount, bps).map(u128::from),
                    Some(exact_fee(amount, bps)),
                    "{amount} × {bps}"
                );
            }
        }
    }

    #[test]
    fn a_product_is_exact_or_none() {
        for a in [0, 1, 7, (1 << 40) - 1, 1 << 40, u64::MAX] {
            for b in [0, 1, 9, (1 << 24) - 1, 1 << 24, u64::MAX] {
                let exact = u128::from(a) * u128::from(b);
                let fits = a < 1 << 40 && b < 1 << 24;
                assert_eq!(multiply::<40>(a, b).map(u128::from), fits.then_some(exact), "{a} × {b}");
            }
        }
    }

    #[test]
    fn a_fee_that_does_not_fit_is_none() {
        assert_eq!(fee_on(u64::MAX, 1), None);
    }

    #[test]
    fn the_dearest_job_of_all_fits() {
        let escrow = escrow_for(MAX_PRICE_PER_SECOND_ATOMS, MAX_TIMEOUT_SECONDS, MAX_FEE_BPS);
        assert_eq!(escrow, Some(3_369_600_000_000_000_000));
    }

    #[test]
    fn an_escrow_that_does_not_fit_is_none() {
        assert_eq!(escrow_for(u64::MAX, 2, 0), None);
        assert_eq!(escrow_for(u64::MAX, 1, 1), None);
    }

    #[test]
    fn the_parts_of_a_settlement_add_up_to_the_escrow() {
        for (price, timeout, bps) in [(1, 1, 0), (1, 60, 500), (7, 3_600, 333), (1_000_003, 86_400, 3_000)] {
            let escrow = escrow_for(price, timeout, bps).unwrap();
            for elapsed in [-5_i64, 0, 1, 59, 60, 61, 86_399, 86_400, i64::MAX] {
                let s = settle(escrow, price, timeout, bps, 0, elapsed).unwrap();
                assert_eq!(s.paid_atoms + s.fee_atoms + s.refund_atoms, escrow);
                assert!(s.seconds <= timeout);
                if elapsed <= 0 {
                    assert_eq!(
                        s,
                        Settlement { seconds: 0, paid_atoms: 0, fee_atoms: 0, refund_atoms: escrow }
                    );
                }
            }
        }
    }

    #[test]
    fn a_run_up_to_the_timeout_leaves_no_refund() {
        let escrow = escrow_for(7, 100, 250).unwrap();
        assert_eq!(
            settle(escrow, 7, 100, 250, 1_000, 1_100),
            Some(Settlement { seconds: 100, paid_atoms: 700, fee_atoms: 18, refund_atoms: 0 })
        );
    }

    #[test]
    fn an_escrow_too_small_for_the_run_is_none() {
        assert_eq!(settle(699, 7, 100, 0, 0, 100), None);
        assert_eq!(settle(700, 7, 100, 1, 0, 100), None);
    }

    #[test]
    fn timestamps_at_the_ends_of_their_range_do_not_overflow() {
        let s = settle(100, 1, 100, 0, i64::MIN, i64::MAX).unwrap();
        assert_eq!(s.seconds, 100);
    }

    #[test]
    fn parts_leave_what_the_rest_of_the_timeout_costs_and_add_up_to_the_whole() {
        for (price, timeout, bps) in [(1, 1_000, 1), (7, 3_600, 333), (1_000_003, 86_400, 3_000)] {
            let whole = escrow_for(price, timeout, bps).unwrap();
            let (mut escrow, mut left, mut out) = (whole, timeout, 0);
            for covered in (1..).take_while(|n| n * (n + 1) / 2 <= timeout) {
                let (part, rest) =
                    settle_part(escrow, price, left, bps, 1_000, 1_000 + i64::from(covered)).unwrap();
                assert_eq!(part.seconds, covered);
                assert_eq!(part.paid_atoms, price * u64::from(covered));
                assert_eq!(part.paid_atoms + part.fee_atoms + rest, escrow, "nothing gets lost");
                let fee = exact_fee(part.paid_atoms, bps);
                assert!((fee.saturating_sub(1)..=fee).contains(&u128::from(part.fee_atoms)));
                (escrow, left) = (rest, left - covered);
                assert_eq!(Some(escrow), escrow_for(price, left, bps));
                out += part.paid_atoms + part.fee_atoms;
            }
            let last = settle(escrow, price, left, bps, 0, i64::from(left)).unwrap();
            assert_eq!(out + last.paid_atoms + last.fee_atoms, whole);
            assert_eq!(last.refund_atoms, 0);
        }
    }

    #[test]
    fn a_part_of_no_time_or_of_more_than_the_timeout() {
        let escrow = escrow_for(7, 100, 250).unwrap();
        let (nothing, left) = settle_part(escrow, 7, 100, 250, 50, 50).unwrap();
        assert_eq!((nothing, left), (Settlement::default(), escrow));
        let (all, left) = settle_part(escrow, 7, 100, 250, 50, 1_000).unwrap();
        assert_eq!((all.seconds, all.paid_atoms, all.fee_atoms, left), (100, 700, 18, 0));
        assert_eq!(settle_part(699, 7, 100, 250, 50, 1_000), None, "an escrow that is too small");
    }

    #[test]
    fn a_deadline_has_passed_one_second_after_it() {
        for (now, has_passed) in [(159, false), (160, false), (161, true)] {
            assert_eq!(passed(100.into(), 60_u32, now), has_passed);
        }
        assert!(!passed(i64::MAX.into(), 60_u32, i64::MAX));
    }

    #[test]
    fn a_sum_is_exact_or_refused() {
        assert_eq!(add(u64::MAX.into(), 0), Ok(u64::MAX.into()));
        assert_eq!(add((u64::MAX - 1).into(), 1), Ok(u64::MAX.into()));
        assert_eq!(add(u64::MAX.into(), 1), Err(GridError::Overflow.into()));
        assert_eq!(add(1.into(), u64::MAX), Err(GridError::Overflow.into()));
    }

    #[test]
    fn only_zeros_are_zero() {
        assert!(is_zero(&[0; 32]));
        for place in 0..32 {
            let mut hash = [0; 32];
            hash[place] = 1;
            assert!(!is_zero(&hash));
        }
    }

    #[test]
    fn splitting_a_job_never_lowers_the_fee() {
        for parts in 1..200_u64 {
            let whole = fee_on(parts * 37, 123).unwrap();
            let split: u64 = (0..parts).map(|_| fee_on(37, 123).unwrap()).sum();
            assert!(split >= whole);
        }
    }
}
