//! Bounds.

/// Time after which weight that a position has reported begins to earn, with the next look at it, seconds: a day.
pub const ACTIVATION_SECONDS: i64 = 24 * 60 * 60;

/// Layout version that accounts of this release are written with.
pub const LAYOUT_VERSION: u8 = 1;
