//! Bounds and sizes. The bounds make every product of [`crate::math`] fit a `u64`.

/// Bytes a market account is created with, and grows by at a time: what one instruction may allocate.
pub const MARKET_GROWTH_BYTES: usize = 10_240;
/// Most entries a market's queue can have; `u16::MAX` marks the end of a list.
pub const MAX_QUEUE_CAPACITY: usize = u16::MAX as usize;

/// Highest price of a market, atoms per second.
pub const MAX_PRICE_PER_SECOND_ATOMS: u64 = 1_000_000_000_000;
/// Longest timeout of a job, seconds: 30 days.
pub const MAX_TIMEOUT_SECONDS: u32 = 30 * 24 * 60 * 60;
/// Highest fee of a market, basis points of what is paid to devices: 30 %.
pub const MAX_FEE_BPS: u16 = 3_000;
/// One, in basis points.
pub const BPS_DENOMINATOR: u64 = 10_000;

/// Shortest time between match and start that a market may ask for, seconds.
pub const MIN_START_WINDOW_SECONDS: u32 = 30;
/// Longest time between match and start that a market may allow, seconds: a day.
pub const MAX_START_WINDOW_SECONDS: u32 = 24 * 60 * 60;
/// Shortest time between two heartbeats that a market may ask for, seconds.
pub const MIN_HEARTBEAT_LIMIT_SECONDS: u32 = 30;
/// Longest time between two heartbeats that a market may allow, seconds: a day.
pub const MAX_HEARTBEAT_LIMIT_SECONDS: u32 = 24 * 60 * 60;
/// Shortest time after a job's timeout in which a late result is still paid for sure, seconds: an hour.
pub const MIN_FINISH_GRACE_SECONDS: u32 = 60 * 60;
/// Longest time after a job's timeout in which a late result is still paid for sure, seconds: a week.
pub const MAX_FINISH_GRACE_SECONDS: u32 = 7 * 24 * 60 * 60;
/// Longest time for which only the client may close a job that is over, seconds: 90 days.
pub const MAX_RETENTION_SECONDS: u32 = 90 * 24 * 60 * 60;
/// Most attempts a market may allow a job.
pub const MAX_ATTEMPTS: u8 = 16;
/// Longest period of a member's spending limit, seconds: 366 days.
pub const MAX_MEMBER_PERIOD_SECONDS: u32 = 366 * 24 * 60 * 60;
/// Longest pause of entries, and the shortest time from the end of one to the next, seconds: 3 days.
pub const MAX_PAUSE_SECONDS: u32 = 3 * 24 * 60 * 60;
/// Time after a notice to a waiting job or device from which anyone may act for its absent owner, seconds: 30 days.
pub const NOTICE_SECONDS: u32 = 30 * 24 * 60 * 60;

/// Layout version that accounts of this release are written with.
pub const LAYOUT_VERSION: u8 = 1;

const _: () = {
    let used = MAX_PRICE_PER_SECOND_ATOMS as u128 * MAX_TIMEOUT_SECONDS as u128;
    let escrow = used + used * MAX_FEE_BPS as u128 / BPS_DENOMINATOR as u128 + 1;
    assert!(escrow <= u64::MAX as u128, "the dearest job must fit a u64");
};
