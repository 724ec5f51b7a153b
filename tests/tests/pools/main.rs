//! The pools program: one file per instruction, mints of Token-2022, and random lives.

mod claim;
mod claim_to_rewards;
mod close;
mod lives;
mod mints;
mod open;
mod set_beneficiary;
mod support;
mod top_up;
