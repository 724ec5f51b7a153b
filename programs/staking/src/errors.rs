//! Every way an instruction of this program fails, one variant per cause. Append only: clients know the numbers.

use anchor_lang::prelude::*;

/// Errors of this program; the first is 6000.
#[error_code]
#[derive(Debug, PartialEq, Eq)]
pub enum StakingError {
    /// 6000
    #[msg("Only the program's upgrade authority may open the settings of a mint")]
    NotUpgradeAuthority,
    /// 6001
    #[msg("The program data account is not the one of this program")]
    WrongProgramData,
    /// 6002
    #[msg("The mint has an extension by which tokens can be taken, frozen or re-routed")]
    MintRefused,
    /// 6003
    #[msg("The signer is not the authority of these settings")]
    NotAuthority,
    /// 6004
    #[msg("The role was not offered to the signer")]
    NotOffered,
    /// 6005
    #[msg("The signer is not the slasher of these settings")]
    NotSlasher,
    /// 6006
    #[msg("The share that may be slashed in an epoch is above 10,000 basis points")]
    SlashCapOutOfRange,
    /// 6007
    #[msg("The slashing epoch must last an hour to 30 days")]
    SlashEpochOutOfRange,
    /// 6008
    #[msg("Slashed tokens can only go to a token account of the mint that is not the vault")]
    WrongSlashDestination,
    /// 6009
    #[msg("The account belongs to another mint")]
    WrongMint,
    /// 6010
    #[msg("The account is not the vault of these settings")]
    WrongVault,
    /// 6011
    #[msg("The signer does not own this stake")]
    NotStakeOwner,
    /// 6012
    #[msg("The amount is zero")]
    ZeroAmount,
    /// 6013
    #[msg("A stake lasts 14 to 365 days")]
    DurationOutOfRange,
    /// 6014
    #[msg("The new duration is not longer than the old one")]
    DurationNotLonger,
    /// 6015
    #[msg("A stake has at most 4,611,686,018,427,387,903 atoms")]
    StakeTooLarge,
    /// 6016
    #[msg("The stake is being released: restake it first")]
    Unstaking,
    /// 6017
    #[msg("The stake is not being released: unstake it first")]
    NotUnstaking,
    /// 6018
    #[msg("Nothing more has been released yet")]
    NothingReleased,
    /// 6019
    #[msg("The stake has nothing left")]
    NothingLeft,
    /// 6020
    #[msg("The stake still holds tokens: unstake and withdraw them first")]
    StakeNotEmpty,
    /// 6021
    #[msg("A stake can't be closed in the slot in which it was opened: try again")]
    ClosedTooSoon,
    /// 6022
    #[msg("More would be slashed than the cap allows in this epoch")]
    SlashCapExceeded,
}
