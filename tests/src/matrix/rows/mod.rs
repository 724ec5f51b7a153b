//! The rows of `docs/security.md` that are generated.

mod addresses;
mod bytes;
mod closing;
mod creation;
mod data;
mod donation;
mod flags;
mod more;
mod substitution;
mod sysvars;
mod twins;

use crate::matrix::check::Checker;

/// Every group of rows.
pub const ALL: [fn(&mut Checker); 15] = [
    flags::signer_missing,
    flags::read_only,
    substitution::other_accounts,
    substitution::one_key_in_two_slots,
    twins::mixed_with_twins,
    bytes::foreign_owner_and_type,
    sysvars::forged,
    addresses::other_seeds,
    addresses::other_bumps,
    creation::created_before,
    creation::lamports_sent_before,
    closing::used_after_close,
    more::remaining_and_reordered,
    data::wrong_data,
    donation::one_atom_donated,
];
