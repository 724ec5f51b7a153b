//! The instructions, one file each.

pub mod accept_role;
pub mod close;
pub mod extend;
pub mod open_settings;
pub mod propose_role;
pub mod restake;
pub mod slash;
pub mod stake;
pub mod top_up;
pub mod unstake;
pub mod update_settings;
pub mod withdraw;

pub use {
    accept_role::*, close::*, extend::*, open_settings::*, propose_role::*, restake::*, slash::*, stake::*,
    top_up::*, unstake::*, update_settings::*, withdraw::*,
};
