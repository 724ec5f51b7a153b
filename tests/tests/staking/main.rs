//! The instructions of the staking program, one file each, and what several of them do together.

mod accept_role;
mod close;
mod extend;
mod lives;
mod open_settings;
mod orders;
mod propose_role;
mod restake;
mod slash;
mod stake;
mod support;
mod top_up;
mod unstake;
mod update_settings;
mod vault;
mod withdraw;
