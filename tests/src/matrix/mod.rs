//! The account-mutation matrix: negative tests of every instruction × every account slot, generated from one
//! description per instruction.
//!
//! A [`Case`] builds a [`Sample`]: a world in which its instruction is valid, and of each slot what [`Kind`] of account
//! stands there and which other accounts may stand there just as well. [`check()`] does the rest: it breaks one thing at a time,
//! by the rows of `docs/security.md`, and returns what was accepted and should not have been, refused and should not
//! have been, or failed for another reason than the instruction's own refusal. For a sound program and a true
//! description there are no such [`Finding`]s; a description that is weaker or stronger than the program is one.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`case`] | what a case says: slots, kinds, legitimate substitutes |
//! | [`cases`] | the cases: every instruction, in each situation that takes another way through it |
//! | [`stage`] | a world with two of everything, in every state |
//! | [`build`] | how it is built |
//! | [`sets`] | who is on it, and who belongs together |
//! | [`stakes`] | stakes, rewards and emissions on it |
//! | [`gates`] | nodes, collections, access NFTs and gated markets on it |
//! | [`mints`] | mints and token accounts of both token programs |
//! | [`kind`] | kinds of accounts, told from their bytes |
//! | [`chain`] | unsigned sending, comparison of whole worlds |
//! | [`check`](mod@check) | the generator: one module of [`rows`] per group of rows |
//! | [`idl`] | the IDLs' instructions and slots, so that none is forgotten |
//! | [`report`] | findings and counts |

pub mod build;
pub mod case;
pub mod cases;
pub mod chain;
pub mod check;
pub mod gates;
pub mod idl;
pub mod kind;
pub mod mints;
pub mod report;
pub mod rows;
pub mod sets;
pub mod stage;
pub mod stakes;

pub use {
    case::{Case, Free, Presence, Sample, Slot},
    check::check,
    kind::Kind,
    report::{Finding, Report},
    stage::{Entry, Stage},
};
