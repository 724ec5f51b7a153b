//! The instructions, one file each.

mod clock;
pub mod close_device;
pub mod close_job;
pub mod close_project;
pub mod decline;
pub mod delist;
pub mod deposit;
pub mod finish;
pub mod fund_bond;
pub mod grow_market;
pub mod initialize_config;
pub mod leave;
pub mod list;
pub mod open_device;
pub mod open_market;
pub mod open_project;
pub mod open_vault;
mod pda;
pub mod start;
mod tokens;
pub mod withdraw;
pub mod withdraw_bond;
pub mod withdraw_earnings;
pub mod work;

pub use {
    close_device::*, close_job::*, close_project::*, decline::*, delist::*, deposit::*, finish::*,
    fund_bond::*, grow_market::*, initialize_config::*, leave::*, list::*, open_device::*, open_market::*,
    open_project::*, open_vault::*, start::*, withdraw::*, withdraw_bond::*, withdraw_earnings::*, work::*,
};
