//! A pause of entries, which ends by itself.

use crate::{constants::MAX_PAUSE_SECONDS, errors::GridError};
use anchor_lang::prelude::*;

/// Whether a pause that ends at `until` (Unix seconds, zero for none) still lasts. Reads the clock only if there was one.
pub fn is_paused(until: PodI64) -> Result<bool> {
    Ok(!until.is_zero() && Clock::get()?.unix_timestamp < until.get())
}

/// When a pause of `seconds` from `now` ends, if the last one ended or ends at `last_until` (Unix seconds, zero for
/// none). Zero seconds end a running pause.
///
/// Between two pauses entries are open for as long as a pause may last, so that renewing can't keep them closed.
/// Errors: [`GridError::PauseOutOfRange`], [`GridError::PauseTooSoon`].
pub fn pause_until(last_until: i64, now: i64, seconds: u32) -> Result<i64> {
    require!(seconds <= MAX_PAUSE_SECONDS, GridError::PauseOutOfRange);
    if seconds == 0 {
        return Ok(last_until.min(now));
    }
    let open_until = last_until.saturating_add(i64::from(MAX_PAUSE_SECONDS));
    require!(last_until == 0 || now >= open_until, GridError::PauseTooSoon);
    Ok(now.saturating_add(i64::from(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: i64 = MAX_PAUSE_SECONDS as i64;

    #[test]
    fn the_first_pause_may_begin_at_once() {
        assert_eq!(pause_until(0, 1_000, 60), Ok(1_060));
        assert_eq!(pause_until(0, 1_000, MAX_PAUSE_SECONDS), Ok(1_000 + MAX));
    }

    #[test]
    fn a_longer_pause_is_refused() {
        assert_eq!(pause_until(0, 1_000, MAX_PAUSE_SECONDS + 1), Err(GridError::PauseOutOfRange.into()));
    }

    #[test]
    fn entries_stay_open_between_two_pauses() {
        for now in [1_000, 1_059, 1_060, 1_060 + MAX - 1] {
            assert_eq!(pause_until(1_060, now, 1), Err(GridError::PauseTooSoon.into()), "{now}");
        }
        assert_eq!(pause_until(1_060, 1_060 + MAX, 1), Ok(1_061 + MAX));
    }

    #[test]
    fn zero_ends_a_pause_and_never_lengthens_one() {
        assert_eq!(pause_until(1_060, 1_010, 0), Ok(1_010));
        assert_eq!(pause_until(1_060, 2_000, 0), Ok(1_060));
        assert_eq!(pause_until(0, 2_000, 0), Ok(0));
    }
}
