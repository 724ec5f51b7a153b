//! What a localnet is started with.

use std::{net::Ipv4Addr, ops::RangeInclusive, time::Duration};

use solana_address::Address;

use crate::{LocalnetError, ProgramBinary};

/// Shorter slots starve the process of CPU; longer ones are slower than any cluster.
const SLOT_TIMES: RangeInclusive<Duration> = Duration::from_millis(5)..=Duration::from_secs(10);

/// How a [`Localnet`](crate::Localnet) is set up.
#[derive(Clone, Debug)]
pub struct LocalnetConfig {
    /// The address to serve on. Keep it at the loopback address: the RPC has methods that set any account.
    pub host: Ipv4Addr,
    /// The JSON-RPC port; `None` takes a free one.
    pub rpc_port: Option<u16>,
    /// The websocket port; `None` takes the one after the JSON-RPC port, where Solana clients look for it.
    pub ws_port: Option<u16>,
    /// The time from one slot to the next, 5 ms to 10 s in whole milliseconds. A blockhash lives for 150 slots and
    /// a block is final after 31, so shorter slots make both shorter.
    pub slot_time: Duration,
    /// Whether a transaction closes the open slot at once. Switch it off to wait for each slot, as on a cluster.
    pub eager_blocks: bool,
    /// Whether the Metaplex Token Metadata program is loaded.
    pub token_metadata: bool,
    /// The programs to load before the first slot.
    pub programs: Vec<ProgramBinary>,
    /// The accounts to fund before the first slot.
    pub airdrops: Vec<Airdrop>,
}

impl Default for LocalnetConfig {
    fn default() -> Self {
        Self {
            host: Ipv4Addr::LOCALHOST,
            rpc_port: None,
            ws_port: None,
            slot_time: Duration::from_millis(100),
            eager_blocks: true,
            token_metadata: true,
            programs: Vec::new(),
            airdrops: Vec::new(),
        }
    }
}

impl LocalnetConfig {
    /// The slot time in milliseconds, if it is one that the localnet can keep.
    pub(crate) fn slot_time_ms(&self) -> Result<u64, LocalnetError> {
        let refused = LocalnetError::SlotTime { slot_time: self.slot_time };
        if !SLOT_TIMES.contains(&self.slot_time) {
            return Err(refused);
        }
        u64::try_from(self.slot_time.as_millis()).map_err(|_| refused)
    }
}

/// Lamports for an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Airdrop {
    /// The account that receives them.
    pub address: Address,
    /// How many.
    pub lamports: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slot_times_out_of_range_are_refused() {
        for (slot_time, accepted) in [
            (Duration::ZERO, false),
            (Duration::from_millis(4), false),
            (Duration::from_millis(5), true),
            (Duration::from_secs(10), true),
            (Duration::from_secs(11), false),
        ] {
            let config = LocalnetConfig { slot_time, ..Default::default() };
            assert_eq!(config.slot_time_ms().is_ok(), accepted, "{slot_time:?}");
        }
    }
}
