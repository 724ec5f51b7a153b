//! How far an endpoint is trusted, and how well it does. Pure.

use solana_hash::Hash;

/// Slots of lag that one failed question counts for.
const SLOTS_PER_FAILURE: u64 = 20;

/// Failed questions in a row that are counted at most.
const MAX_FAILURES: u32 = 50;

/// Whether an endpoint is on the right chain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Standing {
    /// It has not said yet, or not since it last failed.
    #[default]
    Unknown,
    /// It is.
    Right,
    /// It is on this other chain, and is not asked anything else.
    Wrong(Hash),
}

/// What is known of an endpoint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Health {
    /// Whether it is on the right chain.
    pub standing: Standing,
    /// The newest finalized slot that it told.
    pub slot: u64,
    /// Failed questions since the last answer.
    pub failures: u32,
    /// Questions altogether.
    pub asked: u64,
    /// Failed questions altogether.
    pub failed: u64,
}

impl Health {
    /// It answered.
    pub fn answered(&mut self) {
        self.asked += 1;
        self.failures = 0;
    }

    /// It did not. What comes back after a long silence may be another machine: its chain is asked for again.
    pub fn did_not(&mut self) {
        self.failures = (self.failures + 1).min(MAX_FAILURES);
        self.asked += 1;
        self.failed += 1;
        if self.failures >= 3 && self.standing == Standing::Right {
            self.standing = Standing::Unknown;
        }
    }

    /// How bad it is, in slots behind an endpoint that knows `newest` and never fails; the smallest is asked first.
    pub fn score(&self, newest: u64) -> u64 {
        newest.saturating_sub(self.slot) + u64::from(self.failures) * SLOTS_PER_FAILURE
    }
}

/// The endpoints that may be asked, best first; among equals in the order of the configuration.
pub fn ranking(members: &[Health]) -> Vec<usize> {
    let newest = members.iter().map(|health| health.slot).max().unwrap_or(0);
    let trusted = |index: &usize| members[*index].standing == Standing::Right;
    let mut order: Vec<usize> = (0..members.len()).filter(trusted).collect();
    order.sort_by_key(|index| members[*index].score(newest));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Health = Health { standing: Standing::Right, slot: 1_000, failures: 0, asked: 0, failed: 0 };

    #[test]
    fn the_newest_and_most_reliable_is_asked_first() {
        let stale = Health { slot: 900, ..GOOD };
        let a_little_behind = Health { slot: 998, ..GOOD };
        let failing = Health { failures: 3, ..GOOD };
        assert_eq!(ranking(&[stale, failing, a_little_behind, GOOD]), [3, 2, 1, 0]);
        assert_eq!(ranking(&[GOOD, GOOD]), [0, 1], "equals keep their order");
    }

    #[test]
    fn who_is_not_on_the_right_chain_is_never_asked() {
        let unknown = Health { standing: Standing::Unknown, ..GOOD };
        let wrong = Health { standing: Standing::Wrong(Hash::default()), slot: 9_999, ..GOOD };
        assert_eq!(ranking(&[unknown, wrong, GOOD]), [2]);
        assert_eq!(ranking(&[]), [0; 0]);
    }

    #[test]
    fn an_answer_makes_good_what_failed_and_a_silence_asks_for_the_chain_again() {
        let mut health = GOOD;
        health.did_not();
        health.did_not();
        assert_eq!((health.failures, health.standing), (2, Standing::Right));
        health.answered();
        assert_eq!((health.failures, health.failed), (0, 2));
        assert_eq!(health.asked, health.failed + 1);
        for _ in 0..100 {
            health.did_not();
        }
        assert_eq!(health.standing, Standing::Unknown);
        assert_eq!(health.score(1_000), u64::from(MAX_FAILURES) * SLOTS_PER_FAILURE);
        let mut wrong = Health { standing: Standing::Wrong(Hash::default()), ..GOOD };
        for _ in 0..5 {
            wrong.did_not();
        }
        assert_eq!(wrong.standing, Standing::Wrong(Hash::default()));
    }
}
