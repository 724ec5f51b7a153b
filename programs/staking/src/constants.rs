//! Bounds. They make every product of [`crate::math`] fit a `u64`.

/// A day, seconds.
pub const DAY_SECONDS: u32 = 24 * 60 * 60;
/// Shortest duration of a stake, seconds: 14 days.
pub const MIN_DURATION_SECONDS: u32 = 14 * DAY_SECONDS;
/// Longest duration of a stake, seconds: 365 days.
pub const MAX_DURATION_SECONDS: u32 = 365 * DAY_SECONDS;
/// What a stake of the longest duration weighs, in multiples of its amount.
pub const MAX_WEIGHT_FACTOR: u64 = 4;
/// Largest stake, atoms: its weight fits a `u64`.
pub const MAX_STAKE_ATOMS: u64 = u64::MAX / MAX_WEIGHT_FACTOR;

/// Shortest slashing epoch, seconds: an hour.
pub const MIN_SLASH_EPOCH_SECONDS: u32 = 60 * 60;
/// Longest slashing epoch, seconds: 30 days.
pub const MAX_SLASH_EPOCH_SECONDS: u32 = 30 * DAY_SECONDS;
/// One, in basis points.
pub const BPS_DENOMINATOR: u32 = 10_000;

/// Layout version that accounts of this release are written with.
pub const LAYOUT_VERSION: u8 = 1;
