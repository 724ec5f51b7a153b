//! What happened, one event per change of state. Amounts are atoms of the market's mint; the fields that end in
//! `_after` are the totals that result. An event's bytes are its discriminator and its fields, little-endian, unpadded.

use crate::state::{AdmissionRule, Penalties};
use anchor_lang::prelude::*;

pub(crate) use grid_onchain::log;

/// The config was initialised.
#[event(bytemuck)]
pub struct ConfigInitialized {
    /// Administers the program.
    pub admin: Address,
}

/// The vault of a mint was opened.
#[event(bytemuck)]
pub struct VaultOpened {
    /// The mint.
    pub mint: Address,
    /// Its vault.
    pub vault: Address,
}

/// A market was opened.
#[event(bytemuck)]
pub struct MarketOpened {
    /// The market.
    pub market: Address,
    /// Its authority.
    pub authority: Address,
    /// Its mint.
    pub mint: Address,
    /// Its price, atoms per second.
    pub price_per_second_atoms: PodU64,
    /// Entries its queue has room for.
    pub capacity: PodU64,
}

/// A market's queue got larger.
#[event(bytemuck)]
pub struct MarketGrown {
    /// The market.
    pub market: Address,
    /// Entries its queue now has room for.
    pub capacity_after: PodU64,
}

/// A project was opened.
#[event(bytemuck)]
pub struct ProjectOpened {
    /// The project.
    pub project: Address,
    /// Its owner.
    pub owner: Address,
    /// Its mint.
    pub mint: Address,
}

/// A project was closed.
#[event(bytemuck)]
pub struct ProjectClosed {
    /// The project.
    pub project: Address,
}

/// Tokens came into a project's balance.
#[event(bytemuck)]
pub struct Deposited {
    /// The project.
    pub project: Address,
    /// Who paid.
    pub depositor: Address,
    /// How much.
    pub amount_atoms: PodU64,
    /// The project's balance.
    pub balance_after_atoms: PodU64,
}

/// Tokens went out of a project's balance.
#[event(bytemuck)]
pub struct Withdrawn {
    /// The project.
    pub project: Address,
    /// Token account that was paid.
    pub destination: Address,
    /// How much.
    pub amount_atoms: PodU64,
    /// The project's balance.
    pub balance_after_atoms: PodU64,
}

/// A device was opened.
#[event(bytemuck)]
pub struct DeviceOpened {
    /// The device.
    pub device: Address,
    /// Its market.
    pub market: Address,
    /// Its node.
    pub node: Address,
    /// Owner of the token account it is paid to.
    pub payee: Address,
}

/// A device was closed.
#[event(bytemuck)]
pub struct DeviceClosed {
    /// The device.
    pub device: Address,
}

/// Tokens came into a device's bond.
#[event(bytemuck)]
pub struct BondFunded {
    /// The device.
    pub device: Address,
    /// Who paid.
    pub funder: Address,
    /// How much.
    pub amount_atoms: PodU64,
    /// The device's bond.
    pub bond_after_atoms: PodU64,
}

/// Tokens went out of a device's bond.
#[event(bytemuck)]
pub struct BondWithdrawn {
    /// The device.
    pub device: Address,
    /// How much.
    pub amount_atoms: PodU64,
    /// The device's bond.
    pub bond_after_atoms: PodU64,
}

/// A job was listed and joined its market's queue.
#[event(bytemuck)]
pub struct JobQueued {
    /// The job.
    pub job: Address,
    /// Its project.
    pub project: Address,
    /// Its market.
    pub market: Address,
    /// Taken from the project's balance into escrow.
    pub escrow_atoms: PodU64,
    /// The project's balance.
    pub balance_after_atoms: PodU64,
}

/// A job was listed and met a device that waited.
#[event(bytemuck)]
pub struct JobMatched {
    /// The job.
    pub job: Address,
    /// Its project.
    pub project: Address,
    /// Its market.
    pub market: Address,
    /// The device.
    pub device: Address,
    /// Taken from the project's balance into escrow.
    pub escrow_atoms: PodU64,
    /// The project's balance.
    pub balance_after_atoms: PodU64,
}

/// A job was taken off its queue and closed.
#[event(bytemuck)]
pub struct JobDelisted {
    /// The job.
    pub job: Address,
    /// Its project.
    pub project: Address,
    /// Its market.
    pub market: Address,
    /// Returned from escrow.
    pub refund_atoms: PodU64,
    /// The project's balance.
    pub balance_after_atoms: PodU64,
}

/// A device offered itself and took the first waiting job.
#[event(bytemuck)]
pub struct DeviceMatched {
    /// The device.
    pub device: Address,
    /// The job.
    pub job: Address,
}

/// A device offered itself and joined its market's queue.
#[event(bytemuck)]
pub struct DeviceQueued {
    /// The device.
    pub device: Address,
}

/// A device left its queue.
#[event(bytemuck)]
pub struct DeviceLeft {
    /// The device.
    pub device: Address,
}

/// A job began to run on the device that it was matched with.
#[event(bytemuck)]
pub struct JobStarted {
    /// The job.
    pub job: Address,
    /// When, Unix seconds.
    pub started_at: PodI64,
}

/// A job lost its device without a result, before or after the start; the device is idle now.
#[event(bytemuck)]
pub struct JobTakenBack {
    /// The job.
    pub job: Address,
    /// The device that lost it.
    pub device: Address,
    /// The device that the job met at once; zero when there was none.
    pub next_device: Address,
    /// The project that got the expiry reward.
    pub reward_project: Address,
    /// Why: 1 declined, 2 quit, 3 not started in time, 4 no life shown or not finished in time.
    pub cause: u8,
    /// What became of the job: 1 queued at the head, 2 assigned, 5 stopped.
    pub job_state: u8,
    /// Matches that the job has lost.
    pub attempts_after: u8,
    /// Padding, zero.
    pub padding: u8,
    /// The device's strikes.
    pub strikes_after: PodU32,
    /// To the device's earnings, for seconds of a service job that heartbeats cover.
    pub paid_atoms: PodU64,
    /// To the market's fees.
    pub fee_atoms: PodU64,
    /// Back to the project's balance from escrow, if the job was stopped.
    pub refund_atoms: PodU64,
    /// From the bond to the reward project's balance.
    pub reward_atoms: PodU64,
    /// From the bond to the project's balance.
    pub compensation_atoms: PodU64,
    /// The device's bond.
    pub bond_after_atoms: PodU64,
    /// The device's earnings.
    pub earnings_after_atoms: PodU64,
    /// The market's fees.
    pub fees_owed_after_atoms: PodU64,
    /// The project's balance.
    pub balance_after_atoms: PodU64,
}

/// A job ended with a result.
#[event(bytemuck)]
pub struct JobFinished {
    /// The job; the device that ran it is idle now.
    pub job: Address,
    /// Seconds paid for.
    pub seconds: PodU32,
    /// To the device's earnings.
    pub paid_atoms: PodU64,
    /// To the market's fees.
    pub fee_atoms: PodU64,
    /// Back to the project's balance.
    pub refund_atoms: PodU64,
    /// The device's earnings.
    pub earnings_after_atoms: PodU64,
    /// The market's fees.
    pub fees_owed_after_atoms: PodU64,
    /// The project's balance.
    pub balance_after_atoms: PodU64,
}

/// A client ended a run.
#[event(bytemuck)]
pub struct JobEnded {
    /// The job; the device that ran it is idle now.
    pub job: Address,
    /// Seconds paid for.
    pub seconds: PodU64,
    /// To the device's earnings.
    pub paid_atoms: PodU64,
    /// To the market's fees.
    pub fee_atoms: PodU64,
    /// Back to the project's balance.
    pub refund_atoms: PodU64,
    /// The device's earnings.
    pub earnings_after_atoms: PodU64,
    /// The market's fees.
    pub fees_owed_after_atoms: PodU64,
    /// The project's balance.
    pub balance_after_atoms: PodU64,
}

/// A node added the result of a job that its client ended.
#[event(bytemuck)]
pub struct ResultPosted {
    /// The job.
    pub job: Address,
    /// The device that ran it.
    pub device: Address,
    /// SHA-256 of the result document.
    pub result: [u8; 32],
}

/// A job got a longer timeout.
#[event(bytemuck)]
pub struct JobExtended {
    /// The job.
    pub job: Address,
    /// Its timeout.
    pub timeout_after_seconds: PodU64,
    /// Taken from the project's balance into escrow.
    pub added_atoms: PodU64,
    /// The job's escrow.
    pub escrow_after_atoms: PodU64,
    /// The project's balance.
    pub balance_after_atoms: PodU64,
}

/// Notice was given to a job that waits.
#[event(bytemuck)]
pub struct JobNotified {
    /// The job.
    pub job: Address,
    /// When, Unix seconds.
    pub noticed_at: PodI64,
}

/// Notice was given to a device that waits or is idle.
#[event(bytemuck)]
pub struct DeviceNotified {
    /// The device.
    pub device: Address,
    /// When, Unix seconds.
    pub noticed_at: PodI64,
}

/// The account of a job that is over was closed.
#[event(bytemuck)]
pub struct JobClosed {
    /// The job.
    pub job: Address,
    /// Its project.
    pub project: Address,
}

/// A device's earnings were paid out.
#[event(bytemuck)]
pub struct EarningsWithdrawn {
    /// The device.
    pub device: Address,
    /// Token account that was paid.
    pub destination: Address,
    /// How much.
    pub amount_atoms: PodU64,
}

/// A market's fees were paid out.
#[event(bytemuck)]
pub struct FeesCollected {
    /// The market.
    pub market: Address,
    /// The treasury's token account.
    pub destination: Address,
    /// To the reward pool.
    pub stakers_atoms: PodU64,
    /// Burnt.
    pub burnt_atoms: PodU64,
    /// To the treasury, with what it was owed from before.
    pub treasury_atoms: PodU64,
    /// What the treasury is owed, because its account could not be paid.
    pub treasury_owed_after_atoms: PodU64,
}

/// The stakes of another mint earn shares of the fees.
#[event(bytemuck)]
pub struct StakeMintChanged {
    /// The mint; zero when no stakes do.
    pub stake_mint: Address,
}

/// A device's payee named another one.
#[event(bytemuck)]
pub struct PayeeChanged {
    /// The device.
    pub device: Address,
    /// Its payee.
    pub payee: Address,
}

/// A member was appointed, or its limit changed.
#[event(bytemuck)]
pub struct MemberSet {
    /// The project.
    pub project: Address,
    /// The member's key.
    pub key: Address,
    /// Most that its jobs may reserve within a period.
    pub limit_atoms: PodU64,
    /// Length of a period.
    pub period_seconds: PodU64,
}

/// A membership ended.
#[event(bytemuck)]
pub struct MemberClosed {
    /// The project.
    pub project: Address,
    /// The member's key.
    pub key: Address,
}

/// A market got new terms; see [`MarketTerms`](crate::state::MarketTerms).
#[event(bytemuck)]
pub struct MarketUpdated {
    /// The market.
    pub market: Address,
    /// Price, atoms per second.
    pub price_per_second_atoms: PodU64,
    /// Bond that a device needs.
    pub bond_atoms: PodU64,
    /// What a device loses for a missed deadline.
    pub penalties: Penalties,
    /// Fee, basis points.
    pub fee_bps: PodU16,
    /// Share of the fees that goes to stakers, basis points.
    pub stakers_bps: PodU16,
    /// Share of the fees that is burnt, basis points.
    pub burn_bps: PodU16,
    /// Strikes at which a device gets no more jobs.
    pub max_strikes: PodU16,
    /// Matches of a job that may be given up before it is stopped.
    pub max_attempts: u8,
    /// Padding, zero.
    pub padding: [u8; 3],
    /// Shortest timeout of a job.
    pub min_timeout_seconds: PodU32,
    /// Longest timeout of a job.
    pub max_timeout_seconds: PodU32,
    /// Time between match and start.
    pub start_window_seconds: PodU32,
    /// Time between two heartbeats.
    pub heartbeat_limit_seconds: PodU32,
    /// Time after the timeout.
    pub finish_grace_seconds: PodU32,
    /// Time for which only the client may close a job.
    pub retention_seconds: PodU32,
}

/// A market was offered to another authority.
#[event(bytemuck)]
pub struct MarketAuthorityProposed {
    /// The market.
    pub market: Address,
    /// Whom it was offered to; zero when an offer was taken back.
    pub new_authority: Address,
}

/// A market has another authority.
#[event(bytemuck)]
pub struct MarketAuthorityChanged {
    /// The market.
    pub market: Address,
    /// Its authority.
    pub authority: Address,
}

/// Entries to a market are refused for a time.
#[event(bytemuck)]
pub struct MarketPaused {
    /// The market.
    pub market: Address,
    /// When the pause ends, Unix seconds; a time that has passed ends it now.
    pub until: PodI64,
}

/// A market was closed.
#[event(bytemuck)]
pub struct MarketClosed {
    /// The market.
    pub market: Address,
}

/// Deposits, bonds and new markets are refused for a time.
#[event(bytemuck)]
pub struct DepositsPaused {
    /// When the pause ends, Unix seconds; a time that has passed ends it now.
    pub until: PodI64,
}

/// The admin named pauser and treasury.
#[event(bytemuck)]
pub struct ConfigUpdated {
    /// May pause entries.
    pub pauser: Address,
    /// Owner of the token accounts that fees are paid to.
    pub treasury: Address,
}

/// The admin role was offered to another key.
#[event(bytemuck)]
pub struct AdminProposed {
    /// Whom it was offered to; zero when an offer was taken back.
    pub new_admin: Address,
}

/// The program has another admin.
#[event(bytemuck)]
pub struct AdminChanged {
    /// The admin.
    pub admin: Address,
}

/// A market changed whom it admits.
#[event(bytemuck)]
pub struct AdmissionChanged {
    /// The market.
    pub market: Address,
    /// What it asks for.
    pub admission: AdmissionRule,
}

/// A device was admitted with an access NFT.
#[event(bytemuck)]
pub struct DeviceAdmitted {
    /// The device.
    pub device: Address,
    /// The NFT's mint.
    pub mint: Address,
    /// How many devices the NFT backs in the market.
    pub devices_after: PodU32,
}

/// A device is not admitted any more.
#[event(bytemuck)]
pub struct DeviceDismissed {
    /// The device.
    pub device: Address,
    /// The NFT's mint.
    pub mint: Address,
    /// How many devices the NFT backs in the market.
    pub devices_after: PodU32,
}
