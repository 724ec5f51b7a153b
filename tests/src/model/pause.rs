//! Pauses and notices: what lasts for a time.

use super::{Refusal, require};
use grid_jobs::GridError;

/// A day, seconds.
const DAY: i64 = 86_400;
/// Longest pause, and shortest time from the end of one to the next, seconds.
const PAUSE: i64 = 3 * DAY;
/// From a notice until anyone may act, seconds.
pub const NOTICE: i64 = 30 * DAY;

/// When a pause ends that begins now; `last` is when the one before ends or ended.
pub(super) fn pause_until(last: i64, now: i64, seconds: u32) -> Result<i64, Refusal> {
    let seconds = i64::from(seconds);
    require(seconds <= PAUSE, GridError::PauseOutOfRange)?;
    if seconds == 0 {
        return Ok(last.min(now));
    }
    require(last == 0 || now >= last + PAUSE, GridError::PauseTooSoon)?;
    Ok(now + seconds)
}

/// Notice given now to who waits and has none yet.
pub(super) fn give_notice(noticed: Option<i64>, now: i64, is_waiting: bool) -> Result<Option<i64>, Refusal> {
    require(is_waiting, GridError::NotWaiting)?;
    require(noticed.is_none(), GridError::NoticeAlreadyGiven)?;
    Ok(Some(now))
}

/// The owner may at any time, anyone when the notice has passed.
pub(super) fn require_owner_or_notice(is_owner: bool, noticed: Option<i64>, now: i64) -> Result<(), Refusal> {
    let has_passed = noticed.is_some_and(|since| now > since + NOTICE);
    require(is_owner || has_passed, GridError::NoticeNotGiven)
}
