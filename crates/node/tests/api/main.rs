//! The worker's HTTP side, asked by clients, by strangers and by attackers: a real server and real connections; the chain
//! is a table of accounts.

mod alerts;
mod content;
mod jobs;
mod operator;
mod uploads;
mod world;
