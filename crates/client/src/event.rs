//! Decoders of the programs' events, from the log lines of a transaction.

use anchor_lang::Discriminator;
use base64::{Engine, engine::general_purpose::STANDARD};

pub use grid_jobs::events::*;
pub use grid_nodes::events::*;
pub use grid_pools::events::*;
pub use grid_rewards::events::*;
pub use grid_staking::events::*;

/// Defines the enum of all events and its decoder from the list of their types.
macro_rules! events {
    ($($name:ident),* $(,)?) => {
        /// An event of one of the programs.
        #[derive(Clone, Copy)]
        pub enum Event {
            $(#[doc = concat!("See [`", stringify!($name), "`].")] $name($name),)*
        }

        impl Event {
            /// Decodes the bytes that a program logged; `None` when they are no event of Grid's.
            pub fn decode(bytes: &[u8]) -> Option<Self> {
                let (discriminator, body) = bytes.split_at_checked(8)?;
                $(if discriminator == $name::DISCRIMINATOR {
                    return (body.len() == size_of::<$name>())
                        .then(|| Self::$name(bytemuck::pod_read_unaligned(body)));
                })*
                None
            }

            /// The event's name, as in the IDL.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => stringify!($name),)*
                }
            }
        }
    };
}

events!(
    ConfigInitialized,
    VaultOpened,
    MarketOpened,
    MarketGrown,
    ProjectOpened,
    ProjectClosed,
    Deposited,
    Withdrawn,
    DeviceOpened,
    DeviceClosed,
    BondFunded,
    BondWithdrawn,
    JobQueued,
    JobMatched,
    JobDelisted,
    DeviceMatched,
    DeviceQueued,
    DeviceLeft,
    JobStarted,
    JobTakenBack,
    JobFinished,
    JobEnded,
    ResultPosted,
    JobExtended,
    JobNotified,
    DeviceNotified,
    JobClosed,
    EarningsWithdrawn,
    FeesCollected,
    StakeMintChanged,
    PayeeChanged,
    MemberSet,
    MemberClosed,
    MarketUpdated,
    MarketAuthorityProposed,
    MarketAuthorityChanged,
    MarketPaused,
    MarketClosed,
    DepositsPaused,
    AdmissionChanged,
    DeviceAdmitted,
    DeviceDismissed,
    NodeRegistered,
    NodeUpdated,
    NodeClosed,
    CollectionOpened,
    CollectionRoleProposed,
    CollectionRoleChanged,
    Attested,
    AttestationClosed,
    AccessIssued,
    AccessRevoked,
    ConfigUpdated,
    AdminProposed,
    AdminChanged,
    SettingsOpened,
    SettingsUpdated,
    RoleProposed,
    RoleChanged,
    Staked,
    StakeToppedUp,
    StakeExtended,
    Unstaked,
    Restaked,
    StakeWithdrawn,
    Slashed,
    StakeClosed,
    PoolOpened,
    RewardsAdded,
    PositionOpened,
    PositionSynced,
    RewardsClaimed,
    PositionClosed,
    EmissionOpened,
    EmissionFunded,
    EmissionClaimed,
    BeneficiaryChanged,
    EmissionStopped,
    EmissionClosed,
);

/// The events among a transaction's log lines, in order.
pub fn events_in<'a>(logs: impl IntoIterator<Item = &'a String>) -> Vec<Event> {
    logs.into_iter()
        .filter_map(|line| line.strip_prefix("Program data: "))
        .filter_map(|data| STANDARD.decode(data).ok())
        .filter_map(|bytes| Event::decode(&bytes))
        .collect()
}
