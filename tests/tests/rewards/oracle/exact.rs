//! What everybody is due, in exact arithmetic.
//!
//! Numbers are integers in units of 2⁻¹⁹² atoms. What is shared out is divided among the weight, each share rounded down by
//! less than such a unit; the error is carried along. Whole atoms make two differences to exact shares, each of which has
//! an account of its own:
//! - `spare`: what rounding left over may come to others, at most: an atom with each forfeit, and everything that is left
//!   over when no weight earns.
//! - `lack`: what rounding may take, at least: 2⁻⁶⁴ atoms per unit of weight with each sharing out, and an atom with each
//!   forfeit. The atom that each look at a position may cost is counted apart.
//!
//! So always `fair − lack − looks ≤ credited ≤ fair + spare`.

use num_bigint::BigUint;
use std::array;

const FRACTION_BITS: usize = 192;
const DAY: i64 = 86_400;
const YEAR: u128 = 365 * 86_400;

/// Atoms as an exact number.
pub fn atoms(amount: u64) -> BigUint {
    BigUint::from(amount) << FRACTION_BITS
}

/// Exact shares, what may come on top, what may be missing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Due {
    pub fair: BigUint,
    pub spare: BigUint,
    pub lack: BigUint,
}

impl Due {
    fn parts(&self) -> [&BigUint; 3] {
        [&self.fair, &self.spare, &self.lack]
    }

    fn of(parts: [BigUint; 3]) -> Self {
        let [fair, spare, lack] = parts;
        Self { fair, spare, lack }
    }

    fn plus(&self, other: &Self) -> Self {
        let (a, b) = (self.parts(), other.parts());
        Self::of(array::from_fn(|n| a[n] + b[n]))
    }

    fn since(&self, mark: &Self) -> Self {
        let (a, b) = (self.parts(), mark.parts());
        Self::of(array::from_fn(|n| a[n] - b[n]))
    }

    fn times(&self, weight: u64) -> Self {
        Self::of(self.parts().map(|part| part * weight))
    }
}

/// A stake, as its weight shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Holding {
    /// Tells stakes at the same address apart.
    pub birth: u64,
    /// Tokens.
    pub total: u64,
    /// Of them, withdrawn.
    pub withdrawn: u64,
    /// Seconds.
    pub duration: u32,
    /// When its release began.
    pub released_since: Option<i64>,
}

impl Holding {
    /// What it counts for.
    pub fn weight(&self) -> u64 {
        if self.released_since.is_some() {
            return 0;
        }
        let factor = YEAR + 3 * u128::from(self.duration);
        u64::try_from(u128::from(self.total) * factor / YEAR).expect("a weight fits")
    }

    /// What it still holds.
    pub fn left(&self) -> u64 {
        self.total - self.withdrawn
    }

    /// What a withdrawal would bring in all.
    pub fn released(&self, now: i64) -> u64 {
        let elapsed = self.released_since.map_or(0, |since| now - since);
        let elapsed = (elapsed as u128).min(u128::from(self.duration));
        (u128::from(self.total) * elapsed / u128::from(self.duration)) as u64
    }
}

/// A stake's part in the pool.
#[derive(Debug, Clone)]
pub struct Place {
    /// Weight that earns.
    pub active: u64,
    /// Weight that does not earn yet, and since when all of it has been seen.
    pub pending: u64,
    pub since: i64,
    /// Birth of the stake that was seen at the last look, if there was one.
    pub seen: Option<u64>,
    /// The weights right after each decrease since then.
    pub decreases: Vec<u64>,
    /// All that it was due until the last look.
    pub due: Due,
    /// Looks so far.
    pub looks: u64,
    /// Paid so far, atoms.
    pub paid: u128,
    mark: Due,
}

impl Place {
    /// The weight that was active without a break since the last look.
    fn held(&self, stake: Option<&Holding>) -> u64 {
        match (self.seen == stake.map(|stake| stake.birth), &self.decreases[..]) {
            (true, []) => self.active,
            (true, [weight]) => self.active.min(*weight),
            _ => 0,
        }
    }

    /// Asserts that what was credited so far, paid or not, is within the bounds.
    #[track_caller]
    pub fn assert_credited(&self, credited: u128) {
        let exact = BigUint::from(credited) << FRACTION_BITS;
        assert!(exact <= &self.due.fair + &self.due.spare, "{credited} is too much: {self:?}");
        let looks = atoms(self.looks);
        assert!(exact + looks + &self.due.lack >= self.due.fair, "{credited} is too little: {self:?}");
    }
}

/// The pool.
#[derive(Debug, Clone, Default)]
pub struct Exact {
    /// Weight that earns.
    pub weight: u128,
    /// Atoms that arrived.
    pub received: u128,
    /// Forfeits so far.
    pub forfeits: u64,
    waiting: Due,
    index: Due,
}

impl Exact {
    /// Takes in what arrived.
    pub fn add(&mut self, amount: u64) {
        self.received += u128::from(amount);
        self.waiting.fair += atoms(amount);
        self.share();
    }

    /// A new place of a stake.
    pub fn enter(&self, stake: &Holding, now: i64) -> Place {
        Place {
            active: 0,
            pending: stake.weight(),
            since: now,
            seen: Some(stake.birth),
            decreases: Vec::new(),
            due: Due::default(),
            looks: 0,
            paid: 0,
            mark: self.index.clone(),
        }
    }

    /// What a place would be due after a look.
    pub fn outlook(&self, place: &Place, stake: Option<&Holding>) -> Place {
        let due = place.due.plus(&self.index.since(&place.mark).times(place.held(stake)));
        Place { due, looks: place.looks + 1, mark: self.index.clone(), ..place.clone() }
    }

    /// Looks at a stake.
    pub fn look(&mut self, place: &mut Place, stake: Option<&Holding>, now: i64) {
        let (before, held) = (place.active, place.held(stake));
        let forfeited = self.index.since(&place.mark).times(before - held);
        if held < before {
            self.forfeits += 1;
            let rounding = Due { spare: atoms(1), lack: atoms(1), ..Due::default() };
            self.waiting = self.waiting.plus(&forfeited).plus(&rounding);
        }
        let is_unbroken = place.seen == stake.map(|stake| stake.birth) && place.decreases.is_empty();
        let outlook = self.outlook(place, stake);
        *place = Place { active: held, seen: stake.map(|stake| stake.birth), ..outlook };
        place.decreases.clear();
        if is_unbroken && now - place.since >= DAY {
            place.active += std::mem::take(&mut place.pending);
        }
        let beyond = stake.map_or(0, Holding::weight) - place.active;
        if !is_unbroken || place.pending != beyond {
            (place.pending, place.since) = (beyond, now);
        }
        self.weight = self.weight - u128::from(before) + u128::from(place.active);
        self.share();
    }

    /// A place that has been looked at goes. What that look shared out for it is less than an atom, or returns to what
    /// waits as nobody is left.
    pub fn exit(&mut self, place: &Place) {
        self.weight -= u128::from(place.active);
        let left = self.index.since(&place.mark).times(place.active);
        if self.weight == 0 {
            self.waiting.fair += left.fair;
        } else {
            assert!(left.fair <= atoms(1), "an exit leaves atoms behind");
        }
    }

    fn share(&mut self) {
        if self.weight == 0 || self.waiting == Due::default() {
            return;
        }
        let waiting = std::mem::take(&mut self.waiting);
        let [fair, spare, lack] = waiting.parts().map(|part| part / self.weight);
        let up = |part: BigUint| part + 2_u32;
        let index_unit = BigUint::from(1_u32) << (FRACTION_BITS - 64);
        let growth = Due { fair, spare: up(spare), lack: up(lack) + index_unit };
        self.index = self.index.plus(&growth);
    }

    /// No weight earns, and the pool says that so much waits: nothing is missing any more, and all that rounding left over
    /// is there.
    pub fn assert_waiting(&mut self, waiting: u64) {
        assert_eq!(self.weight, 0);
        let waiting = atoms(waiting);
        assert!(waiting >= self.waiting.fair, "what waits has become less");
        self.waiting.spare = waiting - &self.waiting.fair;
        self.waiting.lack = BigUint::default();
    }
}
