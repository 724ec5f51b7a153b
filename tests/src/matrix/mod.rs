//! The account-mutation matrix: negative tests of every instruction × every account slot, generated from one
//! description per instruction.
//!
//! A [`Case`] builds a world in which its instruction is valid and says of each slot what [`Kind`] of account stands
//! there and which other accounts may stand there just as well. [`check()`] does the rest: it breaks one thing at a time,
//! by the rows of `docs/security.md`, and returns what was accepted and should not have been, refused and should not
//! have been, or failed for another reason than the instruction's own refusal. For a sound program and a true
//! description there are no such [`Finding`]s; a description that is weaker or stronger than the program is one.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`case`] | what a case says: slots, kinds, legitimate substitutes |
//! | [`stage`] | a world with two of everything, in every state |
//! | [`sets`] | who belongs together in it |
//! | [`kind`] | kinds of accounts, told from their bytes |
//! | [`chain`] | unsigned sending, comparison of whole worlds |
//! | [`check`](mod@check) | the generator: one module of [`rows`] per group of rows |
//! | [`idl`] | the IDL's instructions and slots, so that none is forgotten |
//! | [`report`] | findings and counts |

pub mod case;
pub mod chain;
pub mod check;
pub mod idl;
pub mod kind;
pub mod report;
pub mod rows;
pub mod sets;
pub mod stage;

pub use {
    case::{Case, Free, Sample, Slot},
    check::check,
    kind::Kind,
    report::{Finding, Report},
    stage::{Entry, Stage},
};
