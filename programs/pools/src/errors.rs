//! Every way an instruction of this program fails, one variant per cause. Append only: clients know the numbers.

use anchor_lang::prelude::*;

/// Errors of this program; the first is 6000.
#[error_code]
#[derive(Debug, PartialEq, Eq)]
pub enum PoolsError {
    /// 6000
    #[msg("The mint has an extension by which tokens can be taken, frozen or re-routed")]
    MintRefused,
    /// 6001
    #[msg("The rate is zero")]
    ZeroRate,
    /// 6002
    #[msg("An emission ends after it starts, and neither is before 1970")]
    TimesOutOfRange,
    /// 6003
    #[msg("The beneficiary is neither a token account of the mint nor a reward pool of it")]
    WrongBeneficiary,
    /// 6004
    #[msg("The beneficiary is a token account: use claim")]
    BeneficiaryIsTokenAccount,
    /// 6005
    #[msg("The beneficiary is a reward pool: use claim_to_rewards")]
    BeneficiaryIsRewardPool,
    /// 6006
    #[msg("The account belongs to another mint")]
    WrongMint,
    /// 6007
    #[msg("The account is not the vault of this emission")]
    WrongVault,
    /// 6008
    #[msg("The signer is not the authority of this emission")]
    NotAuthority,
    /// 6009
    #[msg("The signer may not hand over this emission's beneficiary")]
    NotBeneficiaryAuthority,
    /// 6010
    #[msg("The amount is zero")]
    ZeroAmount,
    /// 6011
    #[msg("Nothing is due yet")]
    NothingDue,
    /// 6012
    #[msg("The emission is over")]
    EmissionOver,
    /// 6013
    #[msg("The emission was opened so that it can't be closed before it has paid everything")]
    NotCloseable,
    /// 6014
    #[msg("An amount does not fit 64 bits")]
    Overflow,
}
