//! The instructions, one file each.

pub mod claim;
pub mod claim_to_rewards;
pub mod close;
pub mod open;
pub mod set_beneficiary;
pub mod top_up;

pub use {claim::*, claim_to_rewards::*, close::*, open::*, set_beneficiary::*, top_up::*};
