//! Every way an instruction of this program fails, one variant per cause. Append only: clients know the numbers.

use anchor_lang::prelude::*;

/// Errors of this program; the first is 6000.
#[error_code]
#[derive(Debug, PartialEq, Eq)]
pub enum RewardsError {
    /// 6000
    #[msg("The mint has an extension by which tokens can be taken, frozen or re-routed")]
    MintRefused,
    /// 6001
    #[msg("The account belongs to another mint")]
    WrongMint,
    /// 6002
    #[msg("The account is not the vault of this pool")]
    WrongVault,
    /// 6003
    #[msg("The account belongs to another pool")]
    WrongPool,
    /// 6004
    #[msg("The account is not the stake of this position")]
    WrongStake,
    /// 6005
    #[msg("The signer does not own this stake")]
    NotStakeOwner,
    /// 6006
    #[msg("The signer does not own this position")]
    NotPositionOwner,
    /// 6007
    #[msg("The amount is zero")]
    ZeroAmount,
    /// 6008
    #[msg("The stake has no weight: it is being released")]
    NoWeight,
    /// 6009
    #[msg("The position has earned nothing that is not paid")]
    NothingEarned,
    /// 6010
    #[msg("The position has earnings that are not paid: claim them first")]
    EarningsLeft,
    /// 6011
    #[msg("An amount or a weight does not fit 64 bits")]
    Overflow,
}
