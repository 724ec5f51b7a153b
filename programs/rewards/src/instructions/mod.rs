//! The instructions, one file each.

pub mod add;
pub mod claim;
pub mod enter;
pub mod exit;
pub mod open_pool;
pub mod sync;

pub use {add::*, claim::*, enter::*, exit::*, open_pool::*, sync::*};
