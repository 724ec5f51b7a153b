//! The commands, a module a noun.
//!
//! They cover every instruction that somebody signs for himself. Not here are those that only a running worker sends, because
//! by hand they would lose its job or its pay: `work`, `work_gated`, `start`, `start_gated`, `heartbeat`, `finish`,
//! `post_result`. Of the others `list` and `list_many` are both behind `grid job post`: an owner lists by the one, a member by
//! the other, one job at a time.

pub mod access;
pub mod attest;
pub mod completions;
pub mod config;
pub mod device;
pub mod doctor;
pub mod earnings;
pub mod init;
pub mod job;
pub mod market;
pub mod node;
pub mod node_start;
pub mod pool;
pub mod project;
pub mod protocol;
pub mod reclaim;
pub mod rewards;
pub mod stake;
pub mod token;
