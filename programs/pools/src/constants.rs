//! Bounds.

/// Layout version that accounts of this release are written with.
pub const LAYOUT_VERSION: u8 = 1;
