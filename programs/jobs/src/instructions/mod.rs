//! The instructions, one file each, and what several of them have in common.

pub mod accept_admin;
pub mod accept_market_authority;
pub mod admit_device;
pub mod close_device;
pub mod close_job;
pub mod close_market;
pub mod close_member;
pub mod close_project;
pub mod collect_fees;
pub mod decline;
pub mod delist;
pub mod deposit;
pub mod dismiss_device;
pub mod end;
pub mod expire_assignment;
pub mod expire_run;
pub mod extend;
pub mod finish;
pub mod fund_bond;
pub mod gate;
pub mod grow_market;
pub mod heartbeat;
pub mod initialize_config;
pub mod leave;
pub mod list;
pub mod list_direct;
pub mod list_many;
mod mint;
pub mod new_job;
mod notice;
pub mod notify_device;
pub mod notify_job;
pub mod open_device;
pub mod open_market;
pub mod open_project;
pub mod open_vault;
pub mod pause_deposits;
pub mod pause_market;
pub mod post_result;
pub mod propose_admin;
pub mod propose_market_authority;
pub mod quit;
pub mod set_admission;
pub mod set_member;
pub mod set_payee;
pub mod set_stake_mint;
mod spend;
pub mod start;
pub mod start_gated;
mod take_back;
mod tokens;
pub mod update_config;
pub mod update_market;
pub mod withdraw;
pub mod withdraw_bond;
pub mod withdraw_earnings;
pub mod work;
pub mod work_gated;

pub use {
    accept_admin::*, accept_market_authority::*, admit_device::*, close_device::*, close_job::*,
    close_market::*, close_member::*, close_project::*, collect_fees::*, decline::*, delist::*, deposit::*,
    dismiss_device::*, end::*, expire_assignment::*, expire_run::*, extend::*, finish::*, fund_bond::*,
    gate::*, grow_market::*, heartbeat::*, initialize_config::*, leave::*, list::*, list_direct::*,
    list_many::*, notify_device::*, notify_job::*, open_device::*, open_market::*, open_project::*,
    open_vault::*, pause_deposits::*, pause_market::*, post_result::*, propose_admin::*,
    propose_market_authority::*, quit::*, set_admission::*, set_member::*, set_payee::*, set_stake_mint::*,
    start::*, start_gated::*, update_config::*, update_market::*, withdraw::*, withdraw_bond::*,
    withdraw_earnings::*, work::*, work_gated::*,
};
