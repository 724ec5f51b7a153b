//! Whether the node can afford new jobs. What runs is finished and paid in any case.

use grid_client::{Chain, ChainError, chain};
use solana_address::Address;
use std::{fmt, io, path::Path};

/// What a node must have to take new jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Of the node's key, lamports.
    pub min_balance_lamports: u64,
    /// Of the disk that holds the jobs, bytes.
    pub min_free_bytes: u64,
}

/// What is short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortage {
    /// The key can't pay fees for long.
    Money {
        /// What it holds, lamports.
        lamports: u64,
        /// What it should hold, lamports.
        needed_lamports: u64,
    },
    /// The disk is nearly full.
    Disk {
        /// What is free, bytes.
        free_bytes: u64,
        /// What should be, bytes.
        needed_bytes: u64,
    },
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Money { lamports, needed_lamports } => write!(
                f,
                "the node's key holds {lamports} lamports and needs {needed_lamports} to take jobs (node.min_balance_lamports): send SOL to it"
            ),
            Self::Disk { free_bytes, needed_bytes } => write!(
                f,
                "{free_bytes} bytes are free on the jobs' disk and {needed_bytes} are needed to take jobs (node.min_free_bytes): make room"
            ),
        }
    }
}

/// What is short. `was_short` of the same says that it is so already: then twice the limit is needed to take jobs again, so
/// that a node at the limit does not come and go.
pub fn shortages(limits: Limits, lamports: u64, free_bytes: u64, was_short: &[Shortage]) -> Vec<Shortage> {
    let needed = |limit: u64, was: bool| if was { limit.saturating_mul(2) } else { limit };
    let money_was = was_short.iter().any(|short| matches!(short, Shortage::Money { .. }));
    let disk_was = was_short.iter().any(|short| matches!(short, Shortage::Disk { .. }));
    let needed_lamports = needed(limits.min_balance_lamports, money_was);
    let needed_bytes = needed(limits.min_free_bytes, disk_was);
    let money = (lamports < needed_lamports).then_some(Shortage::Money { lamports, needed_lamports });
    let disk = (free_bytes < needed_bytes).then_some(Shortage::Disk { free_bytes, needed_bytes });
    money.into_iter().chain(disk).collect()
}

/// What the key holds, lamports.
pub(super) async fn balance(chain: &dyn Chain, key: &Address) -> Result<u64, ChainError> {
    Ok(chain::account(chain, key).await?.map_or(0, |account| account.lamports))
}

/// The room on a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// What is free for this user, bytes.
    pub free_bytes: u64,
    /// The whole disk, bytes.
    pub total_bytes: u64,
}

impl Room {
    /// The room on the disk that holds `folder`, or will when it is made.
    pub fn on_the_disk_of(folder: &Path) -> io::Result<Self> {
        let there = folder.ancestors().find(|folder| folder.is_dir());
        let disk = rustix::fs::statvfs(there.ok_or(io::ErrorKind::NotFound)?)?;
        Ok(Self {
            free_bytes: disk.f_bavail.saturating_mul(disk.f_frsize),
            total_bytes: disk.f_blocks.saturating_mul(disk.f_frsize),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { min_balance_lamports: 100, min_free_bytes: 1_000 };

    #[test]
    fn what_is_below_its_limit_is_short_until_it_is_twice_that() {
        assert_eq!(shortages(LIMITS, 100, 1_000, &[]), []);
        let both = shortages(LIMITS, 99, 999, &[]);
        let money = Shortage::Money { lamports: 99, needed_lamports: 100 };
        assert_eq!(both, [money, Shortage::Disk { free_bytes: 999, needed_bytes: 1_000 }]);
        let money = Shortage::Money { lamports: 199, needed_lamports: 200 };
        assert_eq!(shortages(LIMITS, 199, 2_000, &both), [money]);
        assert_eq!(shortages(LIMITS, 200, 1_000, &[money]), [], "the disk was not short");
    }

    #[test]
    fn a_disk_can_be_asked() {
        let root = Room::on_the_disk_of(Path::new("/")).unwrap();
        assert!(root.free_bytes <= root.total_bytes && root.total_bytes > 0);
        let unmade = Room::on_the_disk_of(Path::new("/no/such/folder"));
        assert_eq!(unmade.unwrap().total_bytes, root.total_bytes, "the disk that it would be made on");
        assert!(Room::on_the_disk_of(Path::new("")).is_err());
    }
}
