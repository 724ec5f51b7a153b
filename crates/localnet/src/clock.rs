//! The chain's clock.

use std::time::Duration;

use solana_clock::Clock;
use surfpool_core::{helpers::time_travel::calculate_absolute_timestamp_clock, surfnet::svm::SurfnetSvm};
use surfpool_types::SimnetCommand;

use crate::{Localnet, LocalnetError};

/// The network answers within a slot or two; it is silent only when something is wrong.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

impl Localnet {
    /// The chain's clock, as programs read it.
    pub async fn clock(&self) -> Clock {
        self.chain().read().await.inner.get_sysvar::<Clock>()
    }

    /// Moves the clock forward and returns it.
    ///
    /// The time moves by `seconds`, the slot by as many slots as they take. The slots in between are skipped: they
    /// hold no block, the block height grows by one, and blockhashes stay valid.
    pub async fn advance_clock(&self, seconds: u64) -> Result<Clock, LocalnetError> {
        let refused = |reason: String| LocalnetError::Clock { seconds, reason };
        let clock = later(&*self.chain().read().await, seconds).map_err(refused)?;
        let (answer, answered) = crossbeam_channel::bounded(1);
        self.send(SimnetCommand::UpdateInternalClockWithConfirmation(None, clock, answer))?;
        tokio::task::spawn_blocking(move || answered.recv_timeout(ANSWER_TIMEOUT))
            .await
            .map_err(|error| refused(error.to_string()))?
            .map_err(|error| refused(error.to_string()))?
            .map_err(refused)?;
        Ok(self.clock().await)
    }
}

/// The clock of the chain, `seconds` later.
fn later(svm: &SurfnetSvm, seconds: u64) -> Result<Clock, String> {
    let target_ms = seconds
        .checked_mul(1_000)
        .and_then(|ms| svm.updated_at.checked_add(ms))
        .filter(|&ms| ms <= i64::MAX as u64)
        .ok_or("it is too far in the future")?;
    calculate_absolute_timestamp_clock(
        target_ms,
        svm.updated_at,
        svm.slot_time,
        &svm.latest_epoch_info,
        &svm.inner.get_sysvar(),
    )
    .map_err(|error| error.to_string())
}
