//! What happened, one event per change of state. Amounts are atoms of the market's mint; the fields that end in
//! `_after` are the totals that result. An event's bytes are its discriminator and its fields, little-endian, unpadded.

use anchor_lang::prelude::*;
use bytemuck::{bytes_of, Pod, Zeroable};

/// An event as it is logged: its discriminator before its fields.
#[repr(C, packed)]
#[derive(Clone, Copy, Pod, Zeroable)]
pub(crate) struct Logged<E> {
    discriminator: [u8; 8],
    pub event: E,
}

impl<E: Event + Pod> Logged<E> {
    /// The discriminator, before zeros.
    #[inline(always)]
    pub fn zeroed_event() -> Self {
        let mut discriminator = [0; 8];
        discriminator.copy_from_slice(E::DISCRIMINATOR);
        Self { discriminator, event: E::zeroed() }
    }

    /// Logs the bytes, which are those of Anchor's `emit!`.
    #[inline(always)]
    pub fn log(&self) {
        sol_log_data(&[bytes_of(self)]);
    }
}

/// Logs an event, written as a struct literal with all its fields.
///
/// Each field is written to its place on the stack at once. A function would get the event as an argument, which is
/// laid out elsewhere first and then copied behind the discriminator.
macro_rules! log {
    ($event:ident { $($field:ident $(: $value:expr)?),* $(,)? }) => {{
        let mut logged = $crate::events::Logged::<$event>::zeroed_event();
        // No field may be left out.
        let $event { $($field: _),* } = logged.event;
        $(logged.event.$field = $crate::events::log!(@value $field $(: $value)?);)*
        logged.log();
    }};
    (@value $field:ident: $value:expr) => { $value };
    (@value $field:ident) => { $field };
}
pub(crate) use log;

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

/// A job was listed: queued, or matched with a device that waited.
#[event(bytemuck)]
pub struct JobListed {
    /// The job.
    pub job: Address,
    /// Its project.
    pub project: Address,
    /// Its market.
    pub market: Address,
    /// The matched device; zero when the job was queued.
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

/// A job began to run.
#[event(bytemuck)]
pub struct JobStarted {
    /// The job.
    pub job: Address,
    /// The device it runs on.
    pub device: Address,
    /// When, Unix seconds.
    pub started_at: PodI64,
}

/// A device gave its match back before the start.
#[event(bytemuck)]
pub struct JobDeclined {
    /// The job.
    pub job: Address,
    /// The device that declined; it is idle now.
    pub device: Address,
    /// The device that the job met at once; zero when there was none.
    pub next_device: Address,
    /// The device's strikes.
    pub strikes_after: PodU32,
    /// What became of the job: 1 queued at the head, 2 assigned, 5 stopped.
    pub job_state: u8,
    /// Padding, zero.
    pub padding: [u8; 3],
    /// Returned to the project, if the job was stopped.
    pub refund_atoms: PodU64,
}

/// A job ended with a result.
#[event(bytemuck)]
pub struct JobFinished {
    /// The job.
    pub job: Address,
    /// The device it ran on; it is idle now.
    pub device: Address,
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
