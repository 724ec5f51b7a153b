//! Several devices of one machine, and what keeps them working: [`Manager`] starts, moves and ends workers as
//! configuration and hardware ask for it, and lets them take no job while money or disk run out.

mod inventory;
mod plan;
mod readiness;
mod run;
mod watcher;

pub use {
    inventory::{Found, Health, Inventory},
    plan::{Change, Place, Running, plan},
    readiness::{Limits, Room, Shortage, shortages},
    run::{Manager, Signal, WorkerView},
    watcher::{Watcher, hardware_of},
};
