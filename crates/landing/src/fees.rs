//! What a transaction offers for its place in a block. Pure.

/// How priority fees are chosen, micro-lamports per compute unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeePolicy {
    /// Offered even where nobody else offers anything.
    pub floor: u64,
    /// Never offered more.
    pub cap: u64,
    /// What is offered of what others recently paid for the same accounts, per cent.
    pub multiplier_percent: u32,
    /// Added with each transaction of the same intent that could not land, per cent of the one before.
    pub step_percent: u32,
}

impl Default for FeePolicy {
    /// At the cap, a transaction of 20,000 compute units pays 0.0002 SOL.
    fn default() -> Self {
        Self { floor: 1_000, cap: 10_000_000, multiplier_percent: 120, step_percent: 100 }
    }
}

/// Compute units that a transaction may use at most.
pub const MAX_COMPUTE_UNITS: u32 = 1_400_000;

/// Compute units that an instruction is given where nobody says how many it needs.
const DEFAULT_INSTRUCTION_UNITS: u32 = 200_000;

/// Units that are added to what a simulation used, beside the percentage.
const MARGIN_UNITS: u64 = 5_000;

/// Part of the recent fees, per cent, that the offer is not below.
const PERCENTILE: usize = 75;

impl FeePolicy {
    /// The price of the `attempt`-th transaction of an intent, from zero, given the fees that others `recently` paid for the
    /// accounts that it writes; micro-lamports per compute unit.
    pub fn price(&self, recently: &[u64], attempt: u32) -> u64 {
        let mut paid: Vec<u64> = recently.iter().copied().filter(|fee| *fee > 0).collect();
        paid.sort_unstable();
        let usual = paid.get(paid.len() * PERCENTILE / 100).copied().unwrap_or(0);
        let mut price = percent(usual, self.multiplier_percent).max(self.floor);
        for _ in 0..attempt {
            if price >= self.cap {
                break;
            }
            let raised = price.saturating_add(percent(price, self.step_percent));
            if raised == price {
                break;
            }
            price = raised;
        }
        price.min(self.cap)
    }
}

fn percent(amount: u64, percent: u32) -> u64 {
    u64::try_from(u128::from(amount) * u128::from(percent) / 100).unwrap_or(u64::MAX)
}

/// The compute-unit limit of the `attempt`-th transaction: what the simulation used and a margin that grows with the attempts;
/// without a simulation, what the runtime gives `instructions` by default.
pub fn unit_limit(simulated: Option<u64>, instructions: usize, attempt: u32) -> u32 {
    let margin_percent = 120 + 50 * u64::from(attempt.min(20));
    let units = match simulated {
        Some(used) => used.saturating_mul(margin_percent) / 100 + MARGIN_UNITS,
        None => (instructions as u64).saturating_mul(DEFAULT_INSTRUCTION_UNITS.into()),
    };
    u32::try_from(units).unwrap_or(MAX_COMPUTE_UNITS).min(MAX_COMPUTE_UNITS)
}

/// What a price and a limit come to, lamports, rounded up as the runtime does.
pub fn priority_lamports(price: u64, compute_units: u32) -> u64 {
    let micro = u128::from(price) * u128::from(compute_units);
    u64::try_from(micro.div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: FeePolicy =
        FeePolicy { floor: 100, cap: 10_000, multiplier_percent: 150, step_percent: 100 };

    #[test]
    fn the_price_follows_what_others_paid_within_floor_and_cap() {
        assert_eq!(POLICY.price(&[], 0), 100, "nobody paid: the floor");
        assert_eq!(POLICY.price(&[0; 150], 0), 100);
        assert_eq!(POLICY.price(&[10, 20, 30, 40], 0), 100, "below the floor");
        assert_eq!(
            POLICY.price(&[0, 1_000, 2_000, 3_000, 4_000], 0),
            6_000,
            "half more than the 75th percentile"
        );
        assert_eq!(POLICY.price(&[u64::MAX], 0), 10_000);
    }

    #[test]
    fn each_attempt_offers_more_until_the_cap() {
        let prices: Vec<u64> = (0..9).map(|attempt| POLICY.price(&[], attempt)).collect();
        assert_eq!(prices, [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
        assert_eq!(POLICY.price(&[], u32::MAX), 10_000);
        let still = FeePolicy { step_percent: 0, ..POLICY };
        assert_eq!(still.price(&[], u32::MAX), 100, "no step, and no long loop");
        let free = FeePolicy { floor: 0, ..POLICY };
        assert_eq!(free.price(&[], u32::MAX), 0);
    }

    #[test]
    fn the_limit_is_what_was_used_and_a_margin() {
        assert_eq!(unit_limit(Some(10_000), 1, 0), 17_000);
        assert_eq!(unit_limit(Some(10_000), 1, 1), 22_000);
        assert_eq!(unit_limit(None, 2, 3), 400_000);
        assert_eq!(unit_limit(Some(u64::MAX), 1, u32::MAX), MAX_COMPUTE_UNITS);
        assert_eq!(unit_limit(None, usize::MAX, 0), MAX_COMPUTE_UNITS);
    }

    #[test]
    fn lamports_are_rounded_up() {
        assert_eq!(priority_lamports(1_000, 17_000), 17);
        assert_eq!(priority_lamports(1, 1), 1);
        assert_eq!(priority_lamports(0, MAX_COMPUTE_UNITS), 0);
        assert_eq!(priority_lamports(u64::MAX, u32::MAX), u64::MAX);
    }
}
