//! The instructions of the jobs program, one file each.

mod close_device;
mod close_job;
mod close_project;
mod decline;
mod delist;
mod deposit;
mod finish;
mod flows;
mod fund_bond;
mod grow_market;
mod initialize_config;
mod leave;
mod list;
mod open_device;
mod open_market;
mod open_project;
mod open_vault;
mod queue;
mod start;
mod withdraw;
mod withdraw_bond;
mod withdraw_earnings;
mod work;
