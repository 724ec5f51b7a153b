//! The rewards program: each instruction by itself, the rules of weight, the ends of the number ranges, and an oracle.

mod support;

mod add;
mod claim;
mod enter;
mod exit;
mod open_pool;
mod sync;

mod extremes;
mod oracle;
mod weight;
