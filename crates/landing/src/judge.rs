//! What became of a transaction, from what the endpoints say. Pure.
//!
//! The rules, in order:
//! - An endpoint that gives no answer says nothing: silence and errors never let a transaction die.
//! - It landed when a quorum has seen that, or all who answer and are not too far behind; it is over when a quorum says so of a
//!   finalized block.
//! - It is dead when, on a quorum, the finalized height is above the last height at which it can land, and a status asked for
//!   *after* that is unknown, in the history too; nobody has seen it; and the accounts, read past that block, still ask for it.
//! - Heights decide, never seconds.

use crate::endpoint::{Commitment, Status, Tip};
use solana_transaction_error::TransactionError;
use std::time::Duration;

/// Slots that a finalized block is behind the newest at most, as a rule; who is further behind is no witness.
const SLOTS_TO_FINALITY: u64 = 40;

/// What one endpoint says of a transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    /// Its finalized tip, read before the status.
    pub finalized: Option<Tip>,
    /// What it knows of the signature: the outer `None` when it gave no answer.
    pub status: Option<Option<Status>>,
    /// Whether the status was searched in its history.
    pub searched: bool,
    /// The first slot that its history reaches back to, where that was asked.
    pub first_slot: Option<u64>,
    /// What its finalized accounts say, where that was asked.
    pub reading: Option<Reading>,
}

/// Whether finalized accounts still ask for an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The slot as of which they were read.
    pub slot: u64,
    /// Whether they do.
    pub wanted: bool,
}

/// All that is known of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// How many endpoints must agree before anything is over.
    pub quorum: usize,
    /// Height of the last block that takes it.
    pub last_valid_height: u64,
    /// Slot in which its blockhash was read.
    pub signed_slot: u64,
    /// The newest slot that mattered when the intent was taken: older readings may not know yet that it is wanted.
    pub since_slot: u64,
    /// Whether accounts tell if it is wanted; if not, only the signature does.
    pub by_accounts: bool,
    /// What each endpoint says.
    pub views: Vec<View>,
    /// Time since it was signed. For showing, never for deciding.
    pub age: Duration,
    /// Whether every endpoint answered the first send with an error. Never a reason to give it up.
    pub refused: bool,
}

/// What to do with a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may still land.
    Alive,
    /// It landed and succeeded.
    Landed {
        /// In this slot.
        slot: u64,
        /// Whether that can't be undone any more.
        finalized: bool,
    },
    /// It landed and failed.
    Failed {
        /// In this slot.
        slot: u64,
        /// Why.
        error: TransactionError,
        /// Whether that can't be undone any more.
        finalized: bool,
    },
    /// It can't land any more, and the chain does not ask for it any more.
    Unwanted,
    /// It can't land any more, and has not.
    Dead,
}

/// The rule by which the engine decides.
pub type Judge = std::sync::Arc<dyn Fn(&Evidence) -> Verdict + Send + Sync>;

/// The rule of this module.
pub fn judge(evidence: &Evidence) -> Verdict {
    let gone: Vec<&View> = evidence.views.iter().filter(|view| is_gone(view, evidence)).collect();
    let still_wanted = still_wanted(&gone, evidence);
    let seen = || evidence.views.iter().filter_map(|view| view.status.as_ref()?.as_ref());
    let sure = || seen().filter(|status| status.commitment >= Commitment::Confirmed);
    if let Some(Status { slot, error, .. }) = sure().max_by_key(|status| (status.commitment, status.slot)) {
        // Who saw it land may be alone with that for ever; that nobody wants it any more says the same.
        let settled = error.is_none() && still_wanted == Some(false);
        let could_know = evidence.views.iter().filter(|view| could_know(view, *slot)).count();
        if sure().count() < evidence.quorum.min(could_know) && !settled {
            return Verdict::Alive; // others, who should know, do not
        }
        let agree = |status: &&Status| status.commitment == Commitment::Finalized && status.error == *error;
        let finalized = settled || seen().filter(agree).count() >= evidence.quorum;
        return match error.clone() {
            None => Verdict::Landed { slot: *slot, finalized },
            Some(error) => Verdict::Failed { slot: *slot, error, finalized },
        };
    }
    if seen().next().is_some() || gone.len() < evidence.quorum {
        return Verdict::Alive;
    }
    match still_wanted {
        _ if !evidence.by_accounts => Verdict::Dead,
        Some(true) => Verdict::Dead,
        Some(false) => Verdict::Unwanted,
        None => Verdict::Alive,
    }
}

/// What a quorum of accounts, read past the last block that takes the transaction, says; `None` where too few were read, or
/// they contradict each other.
fn still_wanted(gone: &[&View], evidence: &Evidence) -> Option<bool> {
    let readings = gone.iter().filter_map(|view| reading_past_the_end(view, evidence));
    let (wanted, unwanted): (Vec<bool>, Vec<bool>) = readings.partition(|wanted| *wanted);
    match (wanted.len(), unwanted.len()) {
        (wanted, 0) if wanted >= evidence.quorum => Some(true),
        (0, unwanted) if unwanted >= evidence.quorum => Some(false),
        _ => None,
    }
}

/// Whether this endpoint has seen it or, by its slots, should have.
fn could_know(view: &View, slot: u64) -> bool {
    match &view.status {
        None => false,
        Some(Some(status)) => status.commitment >= Commitment::Confirmed,
        Some(None) => view.finalized.is_some_and(|tip| tip.slot.saturating_add(SLOTS_TO_FINALITY) >= slot),
    }
}

/// Whether it can land, by height alone, nowhere that this endpoint knows of.
pub fn is_expired(finalized: Option<Tip>, last_valid_height: u64) -> bool {
    finalized.is_some_and(|tip| tip.height > last_valid_height)
}

/// Whether this endpoint says that it can't land any more and has not.
fn is_gone(view: &View, evidence: &Evidence) -> bool {
    // Where only the signature tells, a history that does not reach back to it tells nothing.
    let reaches_back =
        evidence.by_accounts || view.first_slot.is_some_and(|slot| slot <= evidence.signed_slot);
    is_expired(view.finalized, evidence.last_valid_height)
        && view.status == Some(None)
        && view.searched
        && reaches_back
}

/// What this endpoint's accounts say, if they were read past the last block that could change them.
fn reading_past_the_end(view: &View, evidence: &Evidence) -> Option<bool> {
    let reading = view.reading?;
    (reading.slot >= view.finalized?.slot && reading.slot >= evidence.since_slot).then_some(reading.wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Past the end, nothing seen, still wanted.
    fn gone() -> View {
        View {
            finalized: Some(Tip { slot: 300, height: 251 }),
            status: Some(None),
            searched: true,
            first_slot: Some(0),
            reading: Some(Reading { slot: 300, wanted: true }),
        }
    }

    fn evidence(views: Vec<View>) -> Evidence {
        Evidence {
            quorum: views.len().min(2),
            last_valid_height: 250,
            signed_slot: 100,
            since_slot: 100,
            by_accounts: true,
            views,
            age: Duration::from_secs(3_600),
            refused: true,
        }
    }

    fn seen(commitment: Commitment, error: Option<TransactionError>) -> View {
        View { status: Some(Some(Status { slot: 120, commitment, error })), ..gone() }
    }

    fn verdict(views: [View; 2]) -> Verdict {
        judge(&evidence(views.into()))
    }

    #[test]
    fn dead_is_what_two_endpoints_call_dead() {
        assert_eq!(verdict([gone(), gone()]), Verdict::Dead);
        assert_eq!(judge(&evidence(vec![gone()])), Verdict::Dead, "the only one that is configured");
        let one_of_two = Evidence { quorum: 2, ..evidence(vec![gone()]) };
        assert_eq!(judge(&one_of_two), Verdict::Alive);
        assert_eq!(
            judge(&evidence(vec![gone(), View::default(), gone()])),
            Verdict::Dead,
            "a third is silent"
        );
    }

    #[test]
    fn each_missing_piece_of_evidence_keeps_it_alive() {
        let at_the_height = View { finalized: Some(Tip { slot: 300, height: 250 }), ..gone() };
        let no_tip = View { finalized: None, ..gone() };
        let no_answer = View { status: None, ..gone() };
        let not_searched = View { searched: false, ..gone() };
        let not_read = View { reading: None, ..gone() };
        let read_before = View { reading: Some(Reading { slot: 299, wanted: true }), ..gone() };
        let contradicts = View { reading: Some(Reading { slot: 300, wanted: false }), ..gone() };
        for missing in [at_the_height, no_tip, no_answer, not_searched, not_read, read_before, contradicts] {
            assert_eq!(verdict([gone(), missing.clone()]), Verdict::Alive, "{missing:?}");
        }
    }

    #[test]
    fn seconds_and_refused_sends_decide_nothing() {
        let young = View { finalized: Some(Tip { slot: 130, height: 120 }), ..gone() };
        let patient =
            Evidence { age: Duration::from_secs(1_000_000), ..evidence(vec![young.clone(), young]) };
        assert_eq!(judge(&patient), Verdict::Alive);
    }

    #[test]
    fn whoever_saw_it_keeps_it_alive() {
        for commitment in [Commitment::Processed, Commitment::Confirmed, Commitment::Finalized] {
            let views = vec![gone(), seen(commitment, None), gone()];
            assert_ne!(judge(&evidence(views)), Verdict::Dead, "{commitment:?}");
        }
    }

    #[test]
    fn landed_is_told_when_nobody_who_should_know_denies_it() {
        let landed = |finalized| Verdict::Landed { slot: 120, finalized };
        let confirmed = || seen(Commitment::Confirmed, None);
        assert_eq!(verdict([seen(Commitment::Processed, None), gone()]), Verdict::Alive);
        assert_eq!(verdict([confirmed(), gone()]), Verdict::Alive, "a contradiction");
        assert_eq!(verdict([confirmed(), confirmed()]), landed(false));
        assert_eq!(
            judge(&evidence(vec![gone(), confirmed(), confirmed()])),
            landed(false),
            "the third may be behind"
        );
        assert_eq!(verdict([confirmed(), View::default()]), landed(false), "the other one is silent");
        let behind = View { finalized: Some(Tip { slot: 79, height: 70 }), ..gone() };
        assert_eq!(verdict([confirmed(), behind]), landed(false));
    }

    #[test]
    fn landed_is_settled_by_two() {
        let landed = |finalized| Verdict::Landed { slot: 120, finalized };
        assert_eq!(verdict([seen(Commitment::Finalized, None), View::default()]), landed(false));
        assert_eq!(
            verdict([seen(Commitment::Finalized, None), seen(Commitment::Finalized, None)]),
            landed(true)
        );
        let failed = Some(TransactionError::AccountInUse);
        let contradiction = [seen(Commitment::Finalized, None), seen(Commitment::Finalized, failed.clone())];
        assert!(!matches!(verdict(contradiction), Verdict::Landed { finalized: true, .. }));
        let both = [seen(Commitment::Finalized, failed.clone()), seen(Commitment::Finalized, failed)];
        assert!(matches!(verdict(both), Verdict::Failed { finalized: true, .. }));
    }

    #[test]
    fn unwanted_is_what_nobody_wants_after_the_end() {
        let unwanted = View { reading: Some(Reading { slot: 300, wanted: false }), ..gone() };
        assert_eq!(verdict([unwanted.clone(), unwanted.clone()]), Verdict::Unwanted);
        let before = View { finalized: Some(Tip { slot: 300, height: 250 }), ..unwanted };
        assert_eq!(verdict([before.clone(), before]), Verdict::Alive, "it may be its own work");
    }

    #[test]
    fn landed_is_also_settled_when_one_saw_it_and_nobody_wants_it() {
        let unwanted = || View { reading: Some(Reading { slot: 300, wanted: false }), ..gone() };
        let views = |seen| evidence(vec![unwanted(), seen, unwanted()]);
        let landed = judge(&views(seen(Commitment::Confirmed, None)));
        assert_eq!(landed, Verdict::Landed { slot: 120, finalized: true });
        let failed = seen(Commitment::Confirmed, Some(TransactionError::AccountInUse));
        assert_eq!(judge(&views(failed)), Verdict::Alive);
        let one = evidence(vec![unwanted(), seen(Commitment::Confirmed, None), gone()]);
        assert_eq!(judge(&one), Verdict::Alive);
    }

    #[test]
    fn a_reading_from_before_the_intent_does_not_say_that_it_is_unwanted() {
        let unwanted = View { reading: Some(Reading { slot: 300, wanted: false }), ..gone() };
        let old = Evidence { since_slot: 301, ..evidence(vec![unwanted.clone(), unwanted]) };
        assert_eq!(judge(&old), Verdict::Alive);
    }

    #[test]
    fn where_only_the_signature_tells_the_history_must_reach_back() {
        let by_signature = |views| judge(&Evidence { by_accounts: false, ..evidence(views) });
        assert_eq!(by_signature(vec![gone(), gone()]), Verdict::Dead);
        let pruned = View { first_slot: Some(101), ..gone() };
        assert_eq!(by_signature(vec![gone(), pruned.clone()]), Verdict::Alive);
        let unasked = View { first_slot: None, ..gone() };
        assert_eq!(by_signature(vec![gone(), unasked]), Verdict::Alive);
        assert_eq!(verdict([pruned.clone(), pruned]), Verdict::Dead, "accounts need no history");
    }
}
