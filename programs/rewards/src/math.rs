//! The arithmetic of the index, as pure functions.
//!
//! The index says what one unit of weight has earned since the pool was opened, in 2⁻⁶⁴ atoms, modulo 2¹²⁸. Only
//! differences of two readings count. **No difference is ever wrong:** while a position of weight `w` is in the pool, the
//! index grows by at most `a × 2⁶⁴ / W` for `a` atoms shared among a total weight `W ≥ w`; what the position has not been
//! credited lies in the vault, so that `w × difference ≤ 2⁶⁴ × (atoms in the vault) < 2¹²⁸`. So neither the product nor,
//! as `w ≥ 1`, the difference reaches 2¹²⁸, for whatever supply, weight and time.
//!
//! **Rounding.** Both functions round down. Sharing out loses less than one index unit per unit of weight, which is less
//! than an atom in all; crediting loses less than one atom. Both stay in the pool.

/// By how much the index grows when `amount_atoms` are shared among a total weight, which must not be zero.
pub fn growth(amount_atoms: u64, total_weight: u64) -> Option<u128> {
    (u128::from(amount_atoms) << u64::BITS).checked_div(u128::from(total_weight))
}

/// What a weight earns while the index grows by `growth`, atoms. `None` when it does not fit, which it always does for a
/// weight that is in the pool.
pub fn share(weight: u64, growth: u128) -> Option<u64> {
    let weight = u128::from(weight);
    let (whole, fraction) = (growth >> u64::BITS, growth & u128::from(u64::MAX));
    // Two factors of 64 bits each: neither product wraps.
    let from_whole = weight.wrapping_mul(whole);
    let from_fraction = weight.wrapping_mul(fraction) >> u64::BITS;
    u64::try_from(from_whole.checked_add(from_fraction)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_weight_gets_everything_but_less_than_an_atom() {
        for amount in [1, 2, 999, u64::MAX - 1, u64::MAX] {
            for weight in [1, 2, 3, 7, 1 << 32, (1 << 63) + 1, u64::MAX - 3, u64::MAX] {
                let got = share(weight, growth(amount, weight).unwrap()).unwrap();
                assert!(got == amount || got == amount - 1, "{amount} to {weight}: {got}");
            }
        }
    }

    #[test]
    fn parts_never_add_up_to_more() {
        for amount in [1, 10, 1_000_003, u64::MAX] {
            for parts in [[1, 1, 1], [1, u64::MAX / 2, 7], [u64::MAX / 3; 3], [5, 0, 1 << 60]] {
                let growth = growth(amount, parts.iter().sum()).unwrap();
                let sum: u128 = parts.iter().map(|part| u128::from(share(*part, growth).unwrap())).sum();
                assert!(
                    sum <= u128::from(amount) && sum + 4 > u128::from(amount),
                    "{amount} {parts:?} {sum}"
                );
            }
        }
    }

    #[test]
    fn no_weight_shares_nothing_out() {
        assert_eq!(growth(1, 0), None);
        assert_eq!(share(0, u128::MAX), Some(0));
        assert_eq!(share(2, u128::MAX), None);
    }
}
