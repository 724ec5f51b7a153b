//! Notice: how the deposits of an absent owner find their way home without it.
//!
//! Anyone gives notice to a job or a device that waits. It lapses with the next thing that happens to it; if nothing
//! does for [`NOTICE_SECONDS`], anyone may do what else only the owner may, with the same outcome for the owner.

use crate::{constants::NOTICE_SECONDS, errors::GridError, math::passed};
use anchor_lang::prelude::*;

/// The time of a new notice: now.
///
/// Errors: [`GridError::NotWaiting`], [`GridError::NoticeAlreadyGiven`].
#[inline(never)]
pub fn notice(is_waiting: bool, noticed_at: PodI64) -> Result<PodI64> {
    require!(is_waiting, GridError::NotWaiting);
    require!(noticed_at.is_zero(), GridError::NoticeAlreadyGiven);
    Ok(Clock::get()?.unix_timestamp.into())
}

/// Lets the owner act at any time, and anyone when the notice has passed. Error: [`GridError::NoticeNotGiven`].
#[inline(never)]
pub fn require_owner_or_notice(is_owner: bool, noticed_at: PodI64) -> Result<()> {
    if is_owner {
        return Ok(());
    }
    let has_passed =
        !noticed_at.is_zero() && passed(noticed_at, NOTICE_SECONDS, Clock::get()?.unix_timestamp);
    require!(has_passed, GridError::NoticeNotGiven);
    Ok(())
}
