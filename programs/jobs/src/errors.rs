//! Every way an instruction of this program fails, one variant per cause. Append only: clients know the numbers.

use anchor_lang::prelude::*;

/// Errors of this program; the first is 6000.
#[error_code]
#[derive(Debug, PartialEq, Eq)]
pub enum GridError {
    /// 6000
    #[msg("Only the program's upgrade authority may initialise the config")]
    NotUpgradeAuthority,
    /// 6001
    #[msg("The program data account is not the one of this program")]
    WrongProgramData,
    /// 6002
    #[msg("The signer does not own this project")]
    NotProjectOwner,
    /// 6003
    #[msg("The signer is not the node of this device")]
    NotDeviceNode,
    /// 6004
    #[msg("The account belongs to another market")]
    WrongMarket,
    /// 6005
    #[msg("The account belongs to another project")]
    WrongProject,
    /// 6006
    #[msg("The account belongs to another mint")]
    WrongMint,
    /// 6007
    #[msg("The job and the device are not matched with each other")]
    NotMatched,
    /// 6008
    #[msg("The job's rent goes back to the account that paid it, and this is another one")]
    WrongRentPayer,
    /// 6009
    #[msg("The token account is not the payee's associated token account")]
    WrongPayeeAccount,
    /// 6010
    #[msg("The job is not in the market's queue: it is matched, running or over")]
    JobNotQueued,
    /// 6011
    #[msg("The device is not in the market's queue: it is idle, matched or running")]
    DeviceNotQueued,
    /// 6012
    #[msg("The device is not idle: it is queued, matched or running")]
    DeviceNotIdle,
    /// 6013
    #[msg("The job is not running on this device")]
    JobNotRunning,
    /// 6014
    #[msg("The job is not over")]
    JobNotOver,
    /// 6015
    #[msg("Until the job's retention has passed, only the project's owner may close it")]
    RetentionNotOver,
    /// 6016
    #[msg("The market's queue is full: grow the market, or try again later")]
    QueueFull,
    /// 6017
    #[msg("The market's queue already has its largest capacity")]
    QueueAtLimit,
    /// 6018
    #[msg("The market's queue links are inconsistent")]
    QueueCorrupted,
    /// 6019
    #[msg("The market's price is above the highest price that the client accepts")]
    PriceAboveMaximum,
    /// 6020
    #[msg("The market's price is below the lowest price that the node accepts")]
    PriceBelowMinimum,
    /// 6021
    #[msg("The project's balance is too small")]
    InsufficientBalance,
    /// 6022
    #[msg("The device's bond is too small")]
    InsufficientBond,
    /// 6023
    #[msg("There are no earnings to withdraw")]
    NoEarnings,
    /// 6024
    #[msg("The amount must not be zero")]
    ZeroAmount,
    /// 6025
    #[msg("The result's hash must not be zero")]
    ZeroResult,
    /// 6026
    #[msg("The definition's hash must not be zero")]
    ZeroDefinition,
    /// 6027
    #[msg("The payee must not be the zero address")]
    ZeroPayee,
    /// 6028
    #[msg("The admin must not be the zero address")]
    ZeroAdmin,
    /// 6029
    #[msg("The timeout is below the market's minimum or above its maximum")]
    TimeoutOutOfRange,
    /// 6030
    #[msg("The price per second must be between 1 and 1,000,000,000,000 atoms")]
    PriceOutOfRange,
    /// 6031
    #[msg("The fee must be at most 3,000 basis points")]
    FeeOutOfRange,
    /// 6032
    #[msg("The market's timeouts must be between 1 second and 30 days, the minimum not above the maximum")]
    TimeoutBoundsOutOfRange,
    /// 6033
    #[msg("The start window must be between 30 seconds and a day")]
    StartWindowOutOfRange,
    /// 6034
    #[msg("The heartbeat limit must be between 30 seconds and a day")]
    HeartbeatLimitOutOfRange,
    /// 6035
    #[msg("The finish grace must be between an hour and a week")]
    FinishGraceOutOfRange,
    /// 6036
    #[msg("The retention must be at most 90 days")]
    RetentionOutOfRange,
    /// 6037
    #[msg("The number of attempts must be between 1 and 16")]
    AttemptsOutOfRange,
    /// 6038
    #[msg("The project still has a balance: withdraw it first")]
    ProjectNotEmpty,
    /// 6039
    #[msg("The project still has jobs: close them first")]
    ProjectHasJobs,
    /// 6040
    #[msg("The device still has a bond or earnings: withdraw them first")]
    DeviceNotEmpty,
    /// 6041
    #[msg("The number does not fit its field")]
    Overflow,
    /// 6042
    #[msg("The account is not the clock sysvar")]
    WrongClock,
    /// 6043
    #[msg("Entries to this market are paused; the pause ends by itself")]
    MarketPaused,
    /// 6044
    #[msg("Deposits, bonds and new markets are paused; the pause ends by itself")]
    DepositsPaused,
    /// 6045
    #[msg("The signer neither owns the job's project nor listed the job")]
    NotJobClient,
    /// 6046
    #[msg("The signer neither owns the project nor is the member of this member account")]
    NotMember,
    /// 6047
    #[msg("The member's spending limit for this period is exceeded")]
    MemberLimitExceeded,
    /// 6048
    #[msg("A member's period must be between 1 second and 366 days")]
    MemberPeriodOutOfRange,
    /// 6049
    #[msg("The project still has members: close them first")]
    ProjectHasMembers,
    /// 6050
    #[msg("The device has too many strikes for this market: finished jobs take them off, one each")]
    TooManyStrikes,
    /// 6051
    #[msg("The device is not the one that ran the job")]
    NotJobDevice,
    /// 6052
    #[msg("The job has a result already")]
    AlreadyHasResult,
    /// 6053
    #[msg("The new timeout must be longer than the job's timeout")]
    TimeoutNotLonger,
    /// 6054
    #[msg("The time to start the job has not passed")]
    StartWindowNotOver,
    /// 6055
    #[msg("The run shows life and is within its timeout and grace")]
    RunNotOverdue,
    /// 6056
    #[msg("Nobody gave notice, or the notice has not passed: until then only the owner may do this")]
    NoticeNotGiven,
    /// 6057
    #[msg("Notice was given already")]
    NoticeAlreadyGiven,
    /// 6058
    #[msg("Notice can be given to a job in the queue and to a device that is idle or in the queue")]
    NotWaiting,
    /// 6059
    #[msg("The expiry reward and the compensation together must not exceed the bond")]
    PenaltiesAboveBond,
    /// 6060
    #[msg("The number of strikes that shuts a device out must be at least 1")]
    StrikesOutOfRange,
    /// 6061
    #[msg("The signer is not the market's authority")]
    NotMarketAuthority,
    /// 6062
    #[msg("The signer is not the authority that the market was offered to")]
    NotPendingAuthority,
    /// 6063
    #[msg("The market still has jobs that wait or run, devices that wait, or fees to collect")]
    MarketNotEmpty,
    /// 6064
    #[msg("The signer is not the config's admin")]
    NotAdmin,
    /// 6065
    #[msg("The signer is not the admin that the config was offered to")]
    NotPendingAdmin,
    /// 6066
    #[msg("The signer is not the config's pauser")]
    NotPauser,
    /// 6067
    #[msg("A pause lasts at most 3 days")]
    PauseOutOfRange,
    /// 6068
    #[msg("After a pause, entries stay open for 3 days before the next one")]
    PauseTooSoon,
    /// 6069
    #[msg("There are no fees to collect")]
    NoFees,
    /// 6070
    #[msg("The signer is not the device's payee")]
    NotPayee,
    /// 6071
    #[msg(
        "A job listed here needs one account each, writable, in order, and at least one job is to be listed"
    )]
    WrongJobAccounts,
    /// 6072
    #[msg("The address must not be zero")]
    ZeroAddress,
    /// 6073
    #[msg("Mints with the transfer fee extension are refused: it takes from every transfer")]
    MintTransferFee,
    /// 6074
    #[msg("Mints with the transfer hook extension are refused: its program can block every transfer")]
    MintTransferHook,
    /// 6075
    #[msg("Mints with the permanent delegate extension are refused: it can take from every account")]
    MintPermanentDelegate,
    /// 6076
    #[msg("Mints with the default account state extension are refused: new accounts can be frozen")]
    MintDefaultAccountState,
    /// 6077
    #[msg("Mints with the pausable extension are refused: all transfers can be stopped")]
    MintPausable,
    /// 6078
    #[msg("Mints with the mint close authority extension are refused: the mint can be replaced")]
    MintCloseAuthority,
    /// 6079
    #[msg("Mints with the non-transferable extension are refused: nothing can be paid out")]
    MintNonTransferable,
    /// 6080
    #[msg("Mints with a confidential transfer extension are refused: amounts can be hidden")]
    MintConfidentialTransfer,
    /// 6081
    #[msg("The mint has an extension that is not known to be harmless")]
    MintExtensionUnknown,
    /// 6082
    #[msg("The account is not an initialised mint of SPL Token or Token-2022")]
    MintMalformed,
    /// 6083
    #[msg("The job is over")]
    JobOver,
    /// 6084
    #[msg("The shares of fees for stakers and for burning are more than 10,000 basis points together")]
    FeeSharesOutOfRange,
    /// 6085
    #[msg("The account is not the address of the reward pool in which the configured stakes earn the market's mint")]
    WrongRewardPool,
    /// 6086
    #[msg("Only the treasury is owed fees, and its token account does not exist, is frozen or has another owner")]
    TreasuryNotPayable,
    /// 6087
    #[msg("The market asks for something that the node must show: use work_gated and start_gated")]
    AdmissionAsked,
    /// 6088
    #[msg("A collection is needed for access NFTs and attestations, and for nothing else")]
    AdmissionCollectionInvalid,
    /// 6089
    #[msg("A stake mint and a minimum weight of stakes go together")]
    AdmissionStakeInvalid,
    /// 6090
    #[msg("A minimum score needs a benchmark class")]
    AdmissionScoreInvalid,
    /// 6091
    #[msg("The market asks for a stake of the node, and the account shown is not one in the mint that it asks for")]
    WrongStake,
    /// 6092
    #[msg("The stake weighs less than the market asks for")]
    StakeTooLight,
    /// 6093
    #[msg("The device was not admitted as the market asks: dismiss it if it was otherwise, then call admit_device")]
    DeviceNotAdmitted,
    /// 6094
    #[msg("The account is not the metadata of the access NFT")]
    WrongAccessMetadata,
    /// 6095
    #[msg("The access NFT is not, or not any more, verified into the market's collection")]
    AccessNotVerified,
    /// 6096
    #[msg("The account shown is not a token account of the node that holds the access NFT")]
    AccessNotHeld,
    /// 6097
    #[msg("The market asks for an attestation, and the account shown is not one of the node in its collection and class")]
    WrongAttestation,
    /// 6098
    #[msg("The attested score is less than the market asks for")]
    ScoreTooLow,
    /// 6099
    #[msg("The attestation has expired")]
    AttestationExpired,
    /// 6100
    #[msg("The account is not the node's record")]
    WrongNodeRecord,
    /// 6101
    #[msg("The node's hardware is not the one that was attested")]
    HardwareChanged,
    /// 6102
    #[msg("The market asks for no access NFT")]
    AccessNotAsked,
    /// 6103
    #[msg("The device is admitted with an access NFT: dismiss it first")]
    DeviceAdmitted,
    /// 6104
    #[msg("The access NFT has no master edition: it is a print, or there may be more than one of it")]
    NotMasterEdition,
    /// 6105
    #[msg("The market asks for the node that the access NFT was issued to")]
    NotIssuedToNode,
    /// 6106
    #[msg("The access NFT backs another node's devices in this market")]
    AccessInUse,
}
