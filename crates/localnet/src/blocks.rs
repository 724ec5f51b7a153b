//! Blocks out of turn: a transaction closes the open slot instead of waiting for the clock.

use std::time::{Duration, Instant};

use surfpool_core::surfnet::svm::SurfnetSvm;

/// How many extra blocks may follow each other at once. A blockhash is valid for 150 blocks, so the rest is what
/// it keeps when a burst begins.
const BURST: u32 = 50;

/// Allows a burst of extra blocks and, in the long run, one per slot.
///
/// A blockhash dies after 150 blocks. Without a bound, 150 transactions in a row would kill every blockhash that
/// a client holds; with it, one lives for at least (150 - 50) / 2 slots whatever the load.
#[derive(Debug)]
pub(crate) struct EagerBlocks {
    slot_time: Duration,
    /// When the allowance is whole again.
    restored_at: Instant,
}

impl EagerBlocks {
    pub(crate) fn new(slot_time: Duration, now: Instant) -> Self {
        Self { slot_time, restored_at: now }
    }

    /// Closes the open slot if a transaction waits in it and the allowance permits. If not, the clock's next slot
    /// confirms what is waiting.
    pub(crate) fn close_open_slot(&mut self, svm: &mut SurfnetSvm) {
        if transactions_wait(svm) && self.take(Instant::now()) {
            close_open_slot(svm);
        }
    }

    fn take(&mut self, now: Instant) -> bool {
        if self.restored_at.saturating_duration_since(now) > self.slot_time * (BURST - 1) {
            return false;
        }
        self.restored_at = self.restored_at.max(now) + self.slot_time;
        true
    }
}

fn transactions_wait(svm: &SurfnetSvm) -> bool {
    !svm.transactions_queued_for_confirmation.is_empty()
}

/// Closes the open slot. The chain's time stands still for this block: it moves with the regular slots only.
pub(crate) fn close_open_slot(svm: &mut SurfnetSvm) {
    let slot_time = std::mem::take(&mut svm.slot_time);
    let closed = svm.confirm_current_block();
    svm.slot_time = slot_time;
    if let Err(error) = closed {
        tracing::warn!(%error, "cannot close the open slot");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_followed_by_one_block_per_slot() {
        let slot_time = Duration::from_millis(100);
        let start = Instant::now();
        let mut blocks = EagerBlocks::new(slot_time, start);

        assert_eq!((0..1_000).filter(|_| blocks.take(start)).count(), BURST as usize);
        let ten_slots_later = start + slot_time * 10;
        assert_eq!((0..1_000).filter(|_| blocks.take(ten_slots_later)).count(), 10);
        let much_later = start + slot_time * 1_000;
        assert_eq!((0..1_000).filter(|_| blocks.take(much_later)).count(), BURST as usize);
    }
}
