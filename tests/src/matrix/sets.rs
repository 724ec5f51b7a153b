//! Who belongs together on the stage.

use solana_address::Address;

/// A device and the job it is matched with.
#[derive(Debug, Clone, Copy)]
pub struct Pair {
    /// The device.
    pub device: Address,
    /// The job.
    pub job: Address,
}

/// A set of others, one in each of these states.
#[derive(Debug, Clone, Copy)]
pub struct Set {
    /// The node of its devices.
    pub node: Address,
    /// Its market.
    pub market: Address,
    /// The project of its jobs.
    pub project: Address,
    /// That project's owner.
    pub owner: Address,
    /// The mint of all of them.
    pub mint: Address,
    /// Matched: the job waited.
    pub took: Pair,
    /// Matched: the device waited.
    pub met: Pair,
    /// Running.
    pub running: Pair,
    /// Over; its device has earnings.
    pub done: Pair,
    /// Waits for a device.
    pub waiting_job: Address,
}

/// The sets besides the client's, the node's and the first market's.
#[derive(Debug, Clone)]
pub struct Others {
    /// Another client's jobs on another node's devices, in the same market.
    pub second_parties: Set,
    /// In the market of another authority.
    pub another_market: Set,
    /// In a market of the second mint.
    pub second_mint: Set,
    /// The same parties in the same market, once more.
    pub again: Set,
}

impl Others {
    /// All of them.
    pub fn all(&self) -> [Set; 4] {
        [self.second_parties, self.another_market, self.second_mint, self.again]
    }
}
